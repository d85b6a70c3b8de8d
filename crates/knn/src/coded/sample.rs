//! A sample of rows with their exact neighbors, by which a search steers itself and knows how good it is.

use crate::coded::blocks::{Panels, Queries};
use crate::coded::centers::Centers;
use crate::coded::groups::Lists;
use crate::coded::measured::{Lengths, Measured};
use crate::coded::pool::Pool;
use crate::coded::proxy::Proxy;
use crate::error::Result;
use planisphere_core::{CancelToken, CounterRng};
use planisphere_kernels::{Simd, codes};
use rayon::prelude::*;

/// Rows of a sample where coded distances rule most others out, and where every distance has to be computed.
const CODED: usize = 8 * codes::PANEL;
const PLAIN: usize = 2 * codes::PANEL;
/// Parts of the rows that are looked through side by side.
const PARTS: usize = 4;
/// Rows that one screening compares with a panel of the sample; that are measured from each row of the sample at a time.
const BLOCK: usize = 96;
const SEEN: usize = 128;

/// Some rows and their `k` nearest others.
pub(crate) struct Sample {
    pub(crate) rows: Vec<u32>,
    pub(crate) k: usize,
    /// Neighbors of each, nearest first.
    ids: Vec<u32>,
    dists: Vec<f32>,
    /// Where the true neighbors stand among all rows by their coded distance: sorted, for all rows of the sample.
    ranks: Vec<u32>,
}

impl Sample {
    /// One row out of each stretch of n / size. With `lengths`, the true neighbors are looked for among the best by coded
    /// distance, if these are proven to hold them; else, on fewer rows, among all.
    pub(crate) fn draw(
        simd: Simd,
        proxy: &Proxy,
        measured: &Measured<'_, '_>,
        lengths: Option<Lengths>,
        k: usize,
        seed: u64,
        token: &CancelToken,
    ) -> Result<Self> {
        if let Some(lengths) = lengths {
            let rows = stretches(proxy.len(), CODED, seed, "sample");
            let (found, proven) = Self::by_codes(simd, proxy, measured, lengths, &rows, k, token)?;
            // The proof takes the worst of all errors, so that most of what is not proven is right all the same.
            if 2 * proven >= rows.len() {
                return Ok(Self::of(rows, k, found));
            }
        }
        let rows = stretches(proxy.len(), PLAIN, seed, "sample");
        let found = Self::by_all(proxy, measured, &rows, k, lengths.is_some(), token)?;
        Ok(Self::of(rows, k, found))
    }

    fn of(rows: Vec<u32>, k: usize, found: Vec<Vec<(f32, u32, u32)>>) -> Self {
        let mut ranks: Vec<u32> = found.iter().flatten().map(|f| f.2).collect();
        ranks.sort_unstable();
        let (ids, dists) = found.into_iter().flatten().map(|f| (f.1, f.0)).unzip();
        Self { rows, k, ids, dists, ranks }
    }

    /// (distance, row, rank) of the neighbors of each row of the sample; and of how many rows it is proven that there are no
    /// others.
    #[allow(clippy::type_complexity)] // used once, beside this
    fn by_codes(
        simd: Simd,
        proxy: &Proxy,
        measured: &Measured<'_, '_>,
        lengths: Lengths,
        rows: &[u32],
        k: usize,
        token: &CancelToken,
    ) -> Result<(Vec<Vec<(f32, u32, u32)>>, usize)> {
        let n = proxy.len();
        let keep = 4 * k + 32;
        let panels = Panels::new(&proxy.reordered(rows), &[0, rows.len()]);
        // Each part of the rows has pools of its own, which are put together in the end.
        let part = n.div_ceil(PARTS).next_multiple_of(BLOCK);
        let pools: Vec<Vec<Pool>> = (0..n.div_ceil(part))
            .into_par_iter()
            .map(|p| {
                let mut pools: Vec<Pool> = rows.iter().map(|_| Pool::default()).collect();
                pools.iter_mut().for_each(|p| p.start(keep, f32::MAX));
                let mut limits = vec![[f32::MAX; codes::PANEL]; panels.len()];
                let mut queries = Queries::default();
                for from in (p * part..((p + 1) * part).min(n)).step_by(BLOCK) {
                    token.check()?;
                    let to = (from + BLOCK).min(n);
                    queries.gather(proxy, from..to);
                    // Each pool says what is near enough for it.
                    queries.limits.fill(f32::MIN);
                    for (p, limits) in limits.iter_mut().enumerate() {
                        queries.screen(simd, panels.get(p, limits), true);
                        for i in from..to {
                            let mut mask = queries.masks[i - from];
                            while mask != 0 {
                                let j = mask.trailing_zeros() as usize;
                                mask &= mask - 1;
                                let s = p * codes::PANEL + j;
                                if i != rows[s] as usize {
                                    pools[s].push(queries.squared[(i - from) * codes::PANEL + j], i as u32);
                                    limits[j] = pools[s].cut;
                                }
                            }
                        }
                    }
                }
                Ok(pools)
            })
            .collect::<Result<_>>()?;
        let largest = |v: &[f32]| v.iter().fold(0f32, |m, &e| m.max(e));
        let (error, norm) = (largest(&proxy.errors), largest(&proxy.norms));
        let found: Vec<(Vec<(f32, u32, u32)>, bool)> = rows
            .par_iter()
            .enumerate()
            .map_init(
                || (Pool::default(), Vec::new(), Vec::new()),
                |(pool, ids, dists), (s, &row)| {
                    pool.start(keep, f32::MAX);
                    pools.iter().flat_map(|p| &p[s].entries).for_each(|&(d, id)| pool.push(d, id));
                    pool.finish();
                    pool.entries.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                    ids.clear();
                    ids.extend(pool.entries.iter().map(|e| e.1));
                    measured.distances(row as usize, ids, dists);
                    let all = dists.iter().zip(&*ids).zip(0..).map(|((&d, &id), rank)| (d, id, rank)).collect();
                    let found = best(all, k);
                    // The next one by coded distance is no nearer than that, less both errors.
                    let rounding = 1e-6 * (proxy.norms[row as usize] + norm);
                    let beyond = (pool.cut - rounding).max(0.0).sqrt() - proxy.errors[row as usize] - error;
                    let proven = found.last().is_some_and(|f| lengths.most(f.0) <= beyond);
                    (found, proven)
                },
            )
            .collect();
        let proven = found.iter().filter(|f| f.1).count();
        Ok((found.into_iter().map(|f| f.0).collect(), proven))
    }

    /// The same by measuring all rows. Ranks tell nothing, unless it is known that codes do not tell them apart.
    fn by_all(
        proxy: &Proxy,
        measured: &Measured<'_, '_>,
        rows: &[u32],
        k: usize,
        coarse: bool,
        token: &CancelToken,
    ) -> Result<Vec<Vec<(f32, u32, u32)>>> {
        let n = proxy.len();
        let rank = if coarse { u32::MAX - 1 } else { 0 };
        // Blocks of rows stay in the cache while the sample passes by; each part keeps its own best.
        let part = n.div_ceil(PARTS).next_multiple_of(SEEN);
        let parts: Vec<Vec<Vec<(f32, u32, u32)>>> = (0..n.div_ceil(part))
            .into_par_iter()
            .map(|p| {
                let mut found = vec![Vec::new(); rows.len()];
                let mut dists = [0f32; SEEN];
                for from in (p * part..((p + 1) * part).min(n)).step_by(SEEN) {
                    token.check()?;
                    let dists = &mut dists[..SEEN.min(n - from)];
                    for (&row, found) in rows.iter().zip(&mut found) {
                        measured.space.distances(measured.rows, row as usize, measured.rows, from, dists);
                        let others = dists.iter().zip(from as u32..).filter(|e| e.1 != row);
                        found.extend(others.map(|(&d, id)| (d, id, rank)));
                        if found.len() > k + 8 * SEEN {
                            *found = best(std::mem::take(found), k);
                        }
                    }
                }
                Ok(found)
            })
            .collect::<Result<_>>()?;
        Ok((0..rows.len()).map(|s| best(parts.iter().flat_map(|p| p[s].iter().copied()).collect(), k)).collect())
    }

    /// Candidates by coded distance that hold all but a share `missed` of the true neighbors.
    pub(crate) fn candidates(&self, missed: f64) -> usize {
        let at = ((1.0 - missed) * self.ranks.len() as f64).ceil() as usize;
        self.ranks.get(at.saturating_sub(1)).map_or(0, |&r| r as usize + 1)
    }

    /// How many of the nearest groups hold all but a share `missed` of the true neighbors; at most `most`.
    pub(crate) fn probes(
        &self,
        simd: Simd,
        proxy: &Proxy,
        centers: &Centers,
        missed: f64,
        most: usize,
        token: &CancelToken,
    ) -> Result<usize> {
        let most = most.min(centers.len());
        let near = centers.nearest(simd, &proxy.reordered(&self.rows), most, token)?;
        let home = centers.nearest(simd, &proxy.reordered(&self.ids), 1, token)?;
        let mut found = vec![0usize; most];
        for (near, home) in near.chunks_exact(most).zip(home.chunks_exact(self.k)) {
            for h in home {
                if let Some(p) = near.iter().position(|c| c == h) {
                    found[p] += 1;
                }
            }
        }
        let wanted = (1.0 - missed) * self.ids.len() as f64;
        let mut sum = 0;
        Ok(found
            .iter()
            .position(|&f| {
                sum += f;
                sum as f64 >= wanted
            })
            .map_or(most, |p| p + 1))
    }

    /// Distances of the neighbors of each row of the sample, `k` for each.
    pub(crate) fn dists(&self) -> &[f32] {
        &self.dists
    }

    /// Where the rows of the sample stand in `order`.
    pub(crate) fn places(&self, order: &[u32]) -> Vec<u32> {
        let mut places = vec![0; self.rows.len()];
        for (p, row) in order.iter().enumerate() {
            // The rows of a sample ascend.
            if let Ok(at) = self.rows.binary_search(row) {
                places[at] = p as u32;
            }
        }
        places
    }

    /// Share of the sample's true neighbors (or others as near) that `lists` have, where its rows stand at `places`; and the
    /// standard error with which it speaks for all rows.
    pub(crate) fn recall(&self, lists: &Lists, places: &[u32]) -> (f64, f64) {
        let (mut sum, mut squares) = (0f64, 0f64);
        for (&place, dists) in places.iter().zip(self.dists.chunks_exact(self.k)) {
            let last = dists[self.k - 1];
            let hits = lists.dists(place as usize).iter().filter(|&&d| d <= last).count();
            let share = hits.min(self.k) as f64 / self.k as f64;
            sum += share;
            squares += share * share;
        }
        let n = self.rows.len().max(1) as f64;
        let mean = sum / n;
        (mean, ((squares / n - mean * mean).max(0.0) / n).sqrt())
    }
}

/// One row out of each stretch of n / size, ascending; drawn by `seed` for `stage`.
pub(crate) fn stretches(n: usize, size: usize, seed: u64, stage: &str) -> Vec<u32> {
    let size = size.min(n);
    let draws = CounterRng::new(seed, stage).at(0, 0);
    (0..size)
        .map(|i| {
            let (from, to) = (i * n / size, (i + 1) * n / size);
            (from + draws.below(i as u64, (to - from) as u32) as usize) as u32
        })
        .collect()
}

fn best(mut found: Vec<(f32, u32, u32)>, k: usize) -> Vec<(f32, u32, u32)> {
    let order = |a: &(f32, u32, u32), b: &(f32, u32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if found.len() > k {
        found.select_nth_unstable_by(k - 1, order);
        found.truncate(k);
    }
    found.sort_unstable_by(order);
    found
}
