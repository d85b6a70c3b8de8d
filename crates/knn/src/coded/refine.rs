//! The second look: neighbors of neighbors, and of those whose neighbor one is.
//!
//! This is NN-descent (Dong, Moses, Li 2011) turned around: a row gathers its own candidates instead of having its
//! neighbors introduced to each other, so that each list has one writer. Rows are done in waves of a fixed size, and a wave
//! sees what those before it found.

use crate::coded::groups::{Groups, Lists, NOBODY, insert, row_of};
use crate::coded::measured::{Lengths, Measured};
use crate::coded::pool::Pool;
use crate::error::Result;
use planisphere_core::CancelToken;
use planisphere_kernels::{Simd, codes};
use rayon::prelude::*;
use std::sync::Mutex;

/// Rows between two updates of the lists. A constant, since nothing may depend on the number of threads.
const WAVE: usize = 1 << 14;
/// Rows of a task.
const TASK: usize = 64;

/// Found in this round; in the round before.
const NEW: u8 = 2;
const FRESH: u8 = 1;

/// Rounds of refinement.
pub(crate) struct Refine<'a, 'm> {
    pub(crate) simd: Simd,
    pub(crate) groups: &'a Groups,
    pub(crate) measured: Measured<'a, 'm>,
    /// How lengths bound distances; without it, every candidate is measured.
    pub(crate) lengths: Option<Lengths>,
    /// Candidates that are measured, of those that coded distances let pass.
    pub(crate) keep: usize,
    /// When each entry of the lists was found.
    age: Vec<u8>,
}

/// Buffers of one thread.
#[derive(Default)]
struct Scratch {
    /// The last row that saw each place.
    seen: Vec<u32>,
    stamp: u32,
    candidates: Vec<u32>,
    coded: Vec<f32>,
    pool: Pool,
    rows: Vec<u32>,
    dists: Vec<f32>,
}

impl Scratch {
    fn new(n: usize) -> Self {
        Self { seen: vec![0; n], ..Self::default() }
    }
}

/// Who has a place in their list, a few for each place.
struct Back {
    cap: usize,
    count: Vec<u8>,
    ids: Vec<u32>,
    fresh: Vec<bool>,
}

impl<'a, 'm> Refine<'a, 'm> {
    pub(crate) fn new(
        simd: Simd,
        groups: &'a Groups,
        measured: Measured<'a, 'm>,
        lengths: Option<Lengths>,
        keep: usize,
        lists: &Lists,
    ) -> Self {
        Self { simd, groups, measured, lengths, keep, age: vec![FRESH; lists.ids.len()] }
    }

    /// One round: gives the number of entries that changed.
    pub(crate) fn round(&mut self, lists: &mut Lists, token: &CancelToken) -> Result<usize> {
        let (n, k) = (self.groups.len(), lists.k);
        let back = self.back(lists);
        let size = WAVE.min(n) * k;
        let (mut ids, mut dists, mut age) = (vec![0u32; size], vec![0f32; size], vec![0u8; size]);
        let spare = Mutex::new(Vec::new());
        let mut changes = 0;
        for from in (0..n).step_by(WAVE) {
            let entries = from * k..(from + WAVE).min(n) * k;
            let len = entries.len();
            ids[..len].copy_from_slice(&lists.ids[entries.clone()]);
            dists[..len].copy_from_slice(&lists.dists[entries.clone()]);
            age[..len].copy_from_slice(&self.age[entries.clone()]);
            let parts = ids[..len]
                .par_chunks_mut(TASK * k)
                .zip(dists[..len].par_chunks_mut(TASK * k))
                .zip(age[..len].par_chunks_mut(TASK * k));
            let (this, now): (&Self, &Lists) = (self, lists);
            changes += parts
                .enumerate()
                .map(|(task, ((ids, dists), age))| {
                    token.check()?;
                    // One for each thread, kept from wave to wave: it is as long as there are rows.
                    let mut s = spare.lock().ok().and_then(|mut s| s.pop()).unwrap_or_else(|| Scratch::new(n));
                    let rows = ids.chunks_exact_mut(k).zip(dists.chunks_exact_mut(k)).zip(age.chunks_exact_mut(k));
                    let changes = rows
                        .enumerate()
                        .map(|(i, ((ids, dists), age))| {
                            let u = from + task * TASK + i;
                            this.gather(u, now, &back, &mut s);
                            this.improve(u, &mut s, ids, dists, age)
                        })
                        .sum::<usize>();
                    if let Ok(mut spare) = spare.lock() {
                        spare.push(s);
                    }
                    Ok(changes)
                })
                .sum::<Result<usize>>()?;
            lists.ids[entries.clone()].copy_from_slice(&ids[..len]);
            lists.dists[entries.clone()].copy_from_slice(&dists[..len]);
            self.age[entries].copy_from_slice(&age[..len]);
        }
        self.age.iter_mut().for_each(|a| *a >>= 1);
        Ok(changes)
    }

    /// Half as many as a list holds: the first places of the lists that a place is in.
    fn back(&self, lists: &Lists) -> Back {
        let (n, k) = (self.groups.len(), lists.k);
        let cap = (k / 2).clamp(4, 64);
        let mut back = Back { cap, count: vec![0; n], ids: vec![0; n * cap], fresh: vec![false; n * cap] };
        for p in 0..k {
            for u in 0..n {
                let v = lists.ids[u * k + p] as usize;
                if v < n && usize::from(back.count[v]) < cap {
                    let at = v * cap + usize::from(back.count[v]);
                    back.ids[at] = u as u32;
                    back.fresh[at] = self.age[u * k + p] != 0;
                    back.count[v] += 1;
                }
            }
        }
        back
    }

    /// Candidates of place `u`: who is reached by two steps, one of which was not there when `u` was looked at last.
    fn gather(&self, u: usize, lists: &Lists, back: &Back, s: &mut Scratch) {
        if s.stamp == u32::MAX {
            s.seen.fill(0);
            s.stamp = 0;
        }
        s.stamp += 1;
        let stamp = s.stamp;
        let k = lists.k;
        s.candidates.clear();
        s.seen[u] = stamp;
        for &v in lists.ids(u) {
            if v != NOBODY {
                s.seen[v as usize] = stamp;
            }
        }
        let mut add = |seen: &mut [u32], v: u32| {
            if v != NOBODY && seen[v as usize] != stamp {
                seen[v as usize] = stamp;
                s.candidates.push(v);
            }
        };
        let backs = u * back.cap..u * back.cap + usize::from(back.count[u]);
        for at in backs.clone() {
            if back.fresh[at] {
                add(&mut s.seen, back.ids[at]);
            }
        }
        let ahead = (u * k..(u + 1) * k).map(|at| (lists.ids[at], self.age[at] != 0));
        for (v, fresh) in ahead.chain(backs.map(|at| (back.ids[at], back.fresh[at]))) {
            if v == NOBODY {
                continue;
            }
            let v = v as usize;
            for at in v * k..(v + 1) * k {
                if fresh || self.age[at] != 0 {
                    add(&mut s.seen, lists.ids[at]);
                }
            }
        }
    }

    /// Puts those candidates into the list of place `u` that belong there.
    fn improve(&self, u: usize, s: &mut Scratch, ids: &mut [u32], dists: &mut [f32], age: &mut [u8]) -> usize {
        let proxy = &self.groups.proxy;
        let order = &self.groups.order;
        let last = dists.len() - 1;
        if let Some(lengths) = self.lengths {
            s.coded.resize(s.candidates.len(), 0.0);
            let (row, scale, norm) = (proxy.row(u), proxy.scales[u], proxy.norms[u]);
            codes::squared_to(self.simd, row, scale, norm, proxy.rows(), &s.candidates, &mut s.coded);
            let most = if dists[last].is_finite() { lengths.most(dists[last]) } else { f32::INFINITY };
            s.pool.start(self.keep, (most * most).min(f32::MAX));
            for (&d, &c) in s.coded.iter().zip(&s.candidates) {
                s.pool.push(d, c);
            }
            s.pool.finish();
            s.candidates.clear();
            s.candidates.extend(s.pool.entries.iter().map(|e| e.1));
        }
        s.rows.clear();
        s.rows.extend(s.candidates.iter().map(|&c| order[c as usize]));
        self.measured.distances(order[u] as usize, &s.rows, &mut s.dists);
        let mut changes = 0;
        for (&d, &c) in s.dists.iter().zip(&s.candidates) {
            if d < dists[last] || (d == dists[last] && order[c as usize] < row_of(order, ids[last])) {
                let at = insert(order, ids, dists, d, c);
                age.copy_within(at..last, at + 1);
                age[at] = NEW;
                changes += 1;
            }
        }
        changes
    }
}
