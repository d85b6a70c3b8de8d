//! The proof: every pair of rows once, by coded distances that are never too long.
//!
//! Given lists of neighbors that are nearly right, the distance of a row's last one bounds what can still belong to the
//! list. A pair is looked at closely only if its coded distance, less the errors of both rows, is within the bound of one
//! of the two. What remains is computed exactly, so that the lists become those of the plain double loop, ties and all.

use crate::coded::blocks::{NO_LIMITS, Panels, Queries};
use crate::coded::groups::{Groups, Lists};
use crate::coded::measured::{Lengths, Measured};
use crate::error::Result;
use planisphere_core::CancelToken;
use planisphere_kernels::{Simd, codes};
use rayon::prelude::*;
use std::ops::Range;

/// Query rows of a task, in whole panels.
const BLOCK: usize = 3 * codes::PANEL;
/// Panels of a task: half a megabyte of bytes at 128 each.
const SPAN: usize = 64;
/// Tasks between two updates of the bounds. A constant, since nothing may depend on the number of threads.
const WAVE: usize = 64;
/// Finds of a task beyond which those that can not last are dropped.
const CROWD: usize = 1 << 15;

/// A neighbor that may belong to a list.
#[derive(Clone, Copy)]
struct Find {
    list: u32,
    id: u32,
    dist: f32,
}

/// The largest error and squared norm of a stretch of rows.
#[derive(Clone, Copy)]
struct Worst {
    error: f32,
    norm: f32,
}

pub(crate) struct Sweep<'a, 'm> {
    simd: Simd,
    groups: &'a Groups,
    measured: &'a Measured<'a, 'm>,
    lengths: Lengths,
    panels: Panels,
    worst: Vec<Worst>,
    /// For each row the length of the difference to its last neighbor, at most.
    reach: Vec<f32>,
}

#[derive(Default)]
struct Scratch {
    queries: Queries,
    near: Vec<Vec<u32>>,
    rows: Vec<u32>,
    dists: Vec<f32>,
}

impl<'a, 'm> Sweep<'a, 'm> {
    pub(crate) fn new(
        simd: Simd,
        groups: &'a Groups,
        measured: &'a Measured<'a, 'm>,
        lengths: Lengths,
        lists: &Lists,
    ) -> Self {
        let n = groups.proxy.len();
        let panels = Panels::new(&groups.proxy, &[0, n]);
        let worst = (0..panels.len())
            .map(|p| {
                let rows = p * codes::PANEL..((p + 1) * codes::PANEL).min(n);
                let max = |v: &[f32]| v.iter().fold(0f32, |m, &x| m.max(x));
                Worst { error: max(&groups.proxy.errors[rows.clone()]), norm: max(&groups.proxy.norms[rows]) }
            })
            .collect();
        let mut sweep = Self { simd, groups, measured, lengths, panels, worst, reach: vec![0.0; n] };
        (0..n).for_each(|i| sweep.bound(i, lists));
        sweep
    }

    fn bound(&mut self, i: usize, lists: &Lists) {
        let last = lists.last(i);
        self.reach[i] = if last.is_finite() { self.lengths.most(last) } else { f32::MAX.sqrt() / 4.0 };
    }

    /// The largest coded squared distance at which a row of `other` can be within the bound of row `i`.
    fn limit(&self, i: usize, other: Worst) -> f32 {
        let proxy = &self.groups.proxy;
        let length = self.reach[i] + proxy.errors[i] + other.error;
        // The second part is for the rounding of the coded distance.
        let tiny = (proxy.stride as f32 + 20.0) * f32::MIN_POSITIVE;
        (length * length).mul_add(1.0 + 1e-6, 1e-6 * (proxy.norms[i] + other.norm) + tiny)
    }

    /// How many pairs a row can expect to be looked at closely, from one row of each stretch.
    pub(crate) fn expected_pairs(&self) -> f64 {
        const ROWS: usize = 192;
        let n = self.groups.len();
        let rows: Vec<usize> = (0..ROWS.min(n)).map(|i| i * n / ROWS.min(n)).collect();
        let near: u64 = (0..self.panels.len())
            .into_par_iter()
            .map_init(
                || {
                    let mut queries = Queries::default();
                    queries.gather(&self.groups.proxy, rows.iter().copied());
                    queries
                },
                |queries, p| {
                    for (l, &i) in queries.limits.iter_mut().zip(&rows) {
                        *l = self.limit(i, self.worst[p]);
                    }
                    queries.screen(self.simd, self.panels.get(p, &NO_LIMITS), false);
                    queries.masks.iter().map(|m| u64::from(m.count_ones())).sum::<u64>()
                },
            )
            .sum();
        // A pair is looked at for either of its rows.
        2.0 * near as f64 / rows.len() as f64
    }

    /// Corrects `lists`.
    pub(crate) fn run(
        mut self,
        lists: &mut Lists,
        token: &CancelToken,
        mut progress: impl FnMut(f64) -> Result<()>,
    ) -> Result<()> {
        let n = self.groups.proxy.len();
        let mut tasks = Vec::new();
        for block in 0..n.div_ceil(BLOCK) {
            let first = block * (BLOCK / codes::PANEL);
            tasks.extend(
                (first..self.panels.len()).step_by(SPAN).map(|p| (block, p..(p + SPAN).min(self.panels.len()))),
            );
        }
        for (wave, some) in tasks.chunks(WAVE).enumerate() {
            progress((wave * WAVE) as f64 / tasks.len() as f64)?;
            let lists_now: &Lists = lists;
            let finds: Vec<Vec<Find>> = some
                .par_iter()
                .map_init(Scratch::default, |s, (block, panels)| {
                    token.check()?;
                    Ok(self.task(*block, panels.clone(), lists_now, s))
                })
                .collect::<Result<_>>()?;
            let mut finds: Vec<Find> = finds.into_iter().flatten().collect();
            finds.par_sort_unstable_by_key(|f| (f.list, self.groups.order[f.id as usize]));
            for group in finds.chunk_by(|a, b| a.list == b.list) {
                let i = group[0].list as usize;
                for f in group {
                    lists.insert(&self.groups.order, i, f.dist, f.id);
                }
                self.bound(i, lists);
            }
        }
        Ok(())
    }

    /// What rows of one block and some panels find in each other. Pairs within a block are seen once, from the smaller row.
    fn task(&self, block: usize, panels: Range<usize>, lists: &Lists, s: &mut Scratch) -> Vec<Find> {
        let n = self.groups.proxy.len();
        let rows = block * BLOCK..((block + 1) * BLOCK).min(n);
        s.queries.gather(&self.groups.proxy, rows.clone());
        s.near.resize_with(rows.len(), Vec::new);
        s.near.iter_mut().for_each(Vec::clear);
        let own = block * (BLOCK / codes::PANEL)..rows.end.div_ceil(codes::PANEL);
        let mine = self.worst[own].iter().fold(Worst { error: 0.0, norm: 0.0 }, |a, b| Worst {
            error: a.error.max(b.error),
            norm: a.norm.max(b.norm),
        });
        for p in panels {
            let first = p * codes::PANEL;
            let mut limits = [f32::MIN; codes::PANEL];
            for (l, j) in limits.iter_mut().zip(first..n) {
                *l = self.limit(j, mine);
            }
            for (l, i) in s.queries.limits.iter_mut().zip(rows.clone()) {
                *l = self.limit(i, self.worst[p]);
            }
            s.queries.screen(self.simd, self.panels.get(p, &limits), false);
            for ((&mask, near), i) in s.queries.masks.iter().zip(&mut s.near).zip(rows.clone()) {
                let mut mask = mask;
                while mask != 0 {
                    let j = first + mask.trailing_zeros() as usize;
                    mask &= mask - 1;
                    if j > i {
                        near.push(j as u32);
                    }
                }
            }
        }
        let order = &self.groups.order;
        let mut finds = Vec::new();
        let mut crowd = CROWD;
        for (near, i) in s.near.iter().zip(rows) {
            s.rows.clear();
            s.rows.extend(near.iter().map(|&j| order[j as usize]));
            self.measured.distances(order[i] as usize, &s.rows, &mut s.dists);
            for (&dist, &j) in s.dists.iter().zip(near) {
                for (list, id) in [(i as u32, j), (j, i as u32)] {
                    if lists.admits(order, list as usize, dist, id) {
                        finds.push(Find { list, id, dist });
                    }
                }
            }
            if finds.len() > crowd {
                thin(&mut finds, lists.k, order);
                crowd = CROWD.max(2 * finds.len());
            }
        }
        finds
    }
}

/// Keeps the k best of each list.
fn thin(finds: &mut Vec<Find>, k: usize, order: &[u32]) {
    finds.sort_unstable_by(|a, b| {
        a.list.cmp(&b.list).then(a.dist.total_cmp(&b.dist)).then(order[a.id as usize].cmp(&order[b.id as usize]))
    });
    let (mut list, mut count) = (u32::MAX, 0);
    finds.retain(|f| {
        count = if f.list == list { count + 1 } else { 1 };
        list = f.list;
        count <= k
    });
}
