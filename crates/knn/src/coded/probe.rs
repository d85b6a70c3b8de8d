//! The first look: each row against the groups whose centers are nearest to it.

use crate::coded::blocks::{NO_LIMITS, Panels, Queries};
use crate::coded::groups::{Groups, Lists};
use crate::coded::measured::Measured;
use crate::coded::pool::Pool;
use crate::error::{Error, Result};
use planisphere_core::CancelToken;
use planisphere_kernels::{Simd, codes};
use rayon::prelude::*;
use std::ops::Range;

/// Queries of one task.
const TASK: usize = 256;

/// Panels of a group that a query looks at.
const MOST: usize = 128;

/// Buffers of one thread.
#[derive(Default)]
struct Scratch {
    /// All queries of the task, and those that probe the group at hand.
    all: Queries,
    some: Queries,
    picked: Vec<u32>,
    pools: Vec<Pool>,
    /// (group, query), and the stretch of each group.
    pairs: Vec<(u16, u16)>,
    runs: Vec<(usize, usize)>,
    rows: Vec<u32>,
    dists: Vec<f32>,
    best: Vec<(f32, u32)>,
}

/// What is looked at, and how closely.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Groups of each row.
    pub(crate) probes: usize,
    /// Candidates that are measured.
    pub(crate) keep: usize,
    pub(crate) k: usize,
}

/// For each place the `k` best of its `keep` best coded candidates, out of the groups `probed` (`probes` for each).
pub(crate) fn probe(
    simd: Simd,
    groups: &Groups,
    measured: &Measured<'_, '_>,
    probed: &[u16],
    look: Look,
    token: &CancelToken,
) -> Result<Lists> {
    let n = groups.len();
    let panels = Panels::new(&groups.proxy, &groups.bounds);
    let mut first = vec![0usize];
    for (c, w) in groups.bounds.windows(2).enumerate() {
        first.push(first[c] + (w[1] - w[0]).div_ceil(codes::PANEL));
    }
    let k = look.k;
    let mut lists = Lists::new(n, k);
    let parts = lists.ids.par_chunks_mut(TASK * k).zip(lists.dists.par_chunks_mut(TASK * k));
    parts.enumerate().try_for_each_init(Scratch::default, |s, (task, (ids, dists))| {
        token.check()?;
        let from = task * TASK;
        let count = ids.len() / k;
        s.all.gather(&groups.proxy, from..from + count);
        s.pools.resize_with(count, Pool::default);
        s.pools.iter_mut().for_each(|p| p.start(look.keep, f32::MAX));
        s.order_visits(&probed[from * look.probes..(from + count) * look.probes], look.probes);
        for at in 0..s.runs.len() {
            let (start, end) = s.runs[at];
            let c = usize::from(s.pairs[start].0);
            s.some.clear(groups.proxy.stride);
            s.picked.clear();
            for &(_, q) in &s.pairs[start..end] {
                s.some.push_from(&s.all, usize::from(q), s.pools[usize::from(q)].cut);
                s.picked.push(u32::from(q));
            }
            let own = groups.bounds[c] <= from && from < groups.bounds[c + 1];
            let start = if own { (from - groups.bounds[c]) / codes::PANEL } else { task };
            for p in window(first[c]..first[c + 1], start) {
                s.some.screen(simd, panels.get(p, &NO_LIMITS), true);
                s.take(groups.bounds[c] + (p - first[c]) * codes::PANEL, from);
            }
        }
        for (q, (ids, dists)) in ids.chunks_exact_mut(k).zip(dists.chunks_exact_mut(k)).enumerate() {
            let pool = &mut s.pools[q];
            pool.finish();
            s.rows.clear();
            s.rows.extend(pool.entries.iter().map(|e| groups.order[e.1 as usize]));
            measured.distances(groups.order[from + q] as usize, &s.rows, &mut s.dists);
            let row_of = |place: u32| groups.order[place as usize];
            s.best.clear();
            s.best.extend(s.dists.iter().zip(&pool.entries).map(|(&d, e)| (d, e.1)).filter(|e| e.0.is_finite()));
            s.best.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(row_of(a.1).cmp(&row_of(b.1))));
            for ((id, dist), &(d, place)) in ids.iter_mut().zip(dists).zip(&s.best) {
                (*id, *dist) = (place, d);
            }
        }
        Ok::<_, Error>(())
    })?;
    Ok(lists)
}

/// Of a group that is far too large, as rows that are all equal make it, the panels from some start on; all of others.
fn window(panels: Range<usize>, start: usize) -> Range<usize> {
    let count = panels.len();
    if count <= MOST {
        return panels;
    }
    let from = panels.start + start % (count - MOST + 1);
    from..from + MOST
}

impl Scratch {
    /// Which queries visit which group: groups that most of them visit come first, since what is found there lets most be
    /// passed over later.
    fn order_visits(&mut self, probed: &[u16], probes: usize) {
        self.pairs.clear();
        for (q, groups) in probed.chunks_exact(probes).enumerate() {
            self.pairs.extend(groups.iter().map(|&c| (c, q as u16)));
        }
        self.pairs.sort_unstable();
        self.runs.clear();
        let mut start = 0;
        for run in self.pairs.chunk_by(|a, b| a.0 == b.0) {
            self.runs.push((start, start + run.len()));
            start += run.len();
        }
        self.runs.sort_by_key(|r| std::cmp::Reverse(r.1 - r.0));
    }

    /// Puts what the last screening found into the pools. Its rows are those from place `base` on; query 0 is at `from`.
    fn take(&mut self, base: usize, from: usize) {
        for (i, &q) in self.picked.iter().enumerate() {
            let mut mask = self.some.masks[i];
            if mask == 0 {
                continue;
            }
            let pool = &mut self.pools[q as usize];
            while mask != 0 {
                let j = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                if base + j != from + q as usize {
                    pool.push(self.some.squared[i * codes::PANEL + j], (base + j) as u32);
                }
            }
            self.some.limits[i] = pool.cut;
        }
    }
}
