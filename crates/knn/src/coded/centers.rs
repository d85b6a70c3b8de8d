//! Groups of rows that lie close together, by k-means on the coded rows.

use crate::coded::blocks::{NO_LIMITS, Panels, Queries};
use crate::coded::proxy::Proxy;
use crate::coded::sample::stretches;
use crate::error::{Error, Result};
use planisphere_core::{CancelToken, CounterRng};
use planisphere_kernels::{Simd, codes};
use rayon::prelude::*;

/// Rows that the centers are moved by, for each center.
const TRAIN: usize = 40;
/// Times that the centers are moved.
const PASSES: usize = 4;
/// Queries that one task compares with all centers.
const TASK: usize = 96;

/// Centers of groups of rows, coded as rows are.
#[derive(Clone, Debug)]
pub(crate) struct Centers {
    pub(crate) proxy: Proxy,
}

impl Centers {
    /// At most `count` centers (Lloyd 1982), from distinct random rows. No groups are empty at first, but some may be in
    /// the end.
    pub(crate) fn find(simd: Simd, proxy: &Proxy, count: usize, seed: u64, token: &CancelToken) -> Result<Self> {
        let n = proxy.len();
        let count = count.clamp(1, n);
        let train = stretches(n, TRAIN * count, seed, "centers");
        let mut first = train.clone();
        CounterRng::new(seed, "first centers").shuffle(&mut first);
        first.truncate(count);
        let train = proxy.reordered(&train);
        let mut centers = Self { proxy: proxy.reordered(&first) };
        centers.proxy.errors.clear();
        for _ in 0..PASSES {
            let group = centers.nearest(simd, &train, 1, token)?;
            let (order, bounds) = group_by(&group, count);
            let moved: Vec<Vec<f32>> = (0..count)
                .into_par_iter()
                .map(|c| {
                    let members = &order[bounds[c]..bounds[c + 1]];
                    let mut mean = vec![0f32; proxy.stride];
                    for &i in members {
                        let scale = train.scales[i as usize] / members.len() as f32;
                        for (m, &q) in mean.iter_mut().zip(train.row(i as usize)) {
                            *m += f32::from(q) * scale;
                        }
                    }
                    mean
                })
                .collect();
            for (c, mean) in moved.iter().enumerate() {
                // A center that no row is nearest to stays where it is.
                if bounds[c] < bounds[c + 1] {
                    centers.proxy.set(simd, c, mean);
                }
            }
        }
        Ok(centers)
    }

    pub(crate) fn len(&self) -> usize {
        self.proxy.len()
    }

    /// The `probes` centers (at most as many as there are) nearest to each row of `proxy`, nearest first.
    pub(crate) fn nearest(&self, simd: Simd, proxy: &Proxy, probes: usize, token: &CancelToken) -> Result<Vec<u16>> {
        let panels = Panels::new(&self.proxy, &[0, self.len()]);
        let mut out = vec![0u16; proxy.len() * probes];
        out.par_chunks_mut(TASK * probes).enumerate().try_for_each_init(
            || (Queries::default(), Vec::new()),
            |(queries, best), (task, out)| {
                token.check()?;
                let from = task * TASK;
                let n = out.len() / probes;
                queries.gather(proxy, from..from + n);
                best.clear();
                // Different ones, should nothing be near.
                best.extend((0..n).flat_map(|_| (0..probes as u32).map(|p| (f32::MAX, p))));
                for p in 0..panels.len() {
                    queries.screen(simd, panels.get(p, &NO_LIMITS), true);
                    for (q, best) in best.chunks_exact_mut(probes).enumerate() {
                        let mut mask = queries.masks[q];
                        while mask != 0 {
                            let j = mask.trailing_zeros() as usize;
                            mask &= mask - 1;
                            insert(best, queries.squared[q * codes::PANEL + j], (p * codes::PANEL + j) as u32);
                        }
                        queries.limits[q] = best[probes - 1].0;
                    }
                }
                for (o, b) in out.iter_mut().zip(best.iter()) {
                    *o = b.1 as u16;
                }
                Ok::<_, Error>(())
            },
        )?;
        Ok(out)
    }
}

/// Puts (d, id) into its place of an ascending list, if it is smaller than the last.
#[inline]
fn insert(best: &mut [(f32, u32)], d: f32, id: u32) {
    let mut at = best.len();
    while at > 0 && d < best[at - 1].0 {
        at -= 1;
    }
    if at < best.len() {
        best[at..].rotate_right(1);
        best[at] = (d, id);
    }
}

/// The rows of each group in ascending order, and where each group starts.
pub(crate) fn group_by(group: &[u16], count: usize) -> (Vec<u32>, Vec<usize>) {
    let mut bounds = vec![0usize; count + 1];
    for &g in group {
        bounds[g as usize + 1] += 1;
    }
    for c in 0..count {
        bounds[c + 1] += bounds[c];
    }
    let mut next = bounds.clone();
    let mut order = vec![0u32; group.len()];
    for (i, &g) in group.iter().enumerate() {
        order[next[g as usize]] = i as u32;
        next[g as usize] += 1;
    }
    (order, bounds)
}
