//! Every point for a query: exact search, and what an approximate one falls back on.

use super::Index;
use crate::coded::pool::Pool;
use crate::error::{Error, Result};
use crate::space::Rows;
use planisphere_core::CancelToken;

/// Bytes of points that are measured against one query after the other: they stay in the second-level cache.
const BLOCK_BYTES: usize = 256 * 1024;

/// Which points may be found: all, or those of these ids for which this is true.
pub(super) type Filter<'a> = Option<&'a dyn Fn(u32) -> bool>;

/// Prepared rows that are asked.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a, 'm> {
    pub(super) rows: &'a Rows<'m>,
    /// What errors call the first of them.
    pub(super) first: usize,
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Scan {
    /// The nearest of each query, and their order.
    pub(super) pools: Vec<Pool>,
    dists: Vec<f32>,
    ids: Vec<u32>,
}

impl Scan {
    /// The `k` nearest points of each of the queries `from..to`, into the pools, but for the point `skip`.
    #[allow(clippy::too_many_arguments)] // the queries and what is wanted: each is used once, here
    pub(super) fn run(
        &mut self,
        index: &Index,
        asked: Asked<'_, '_>,
        (from, to): (usize, usize),
        k: usize,
        skip: Option<u32>,
        filter: Filter<'_>,
        token: &CancelToken,
    ) -> Result<()> {
        let n = index.len();
        self.pools.resize_with((to - from).max(self.pools.len()), Pool::default);
        self.pools[..to - from].iter_mut().for_each(|pool| pool.start(k, f32::MAX));
        let mut candidates = 0;
        let block = (BLOCK_BYTES / index.rows.row_bytes().max(1)).clamp(64, 4096);
        let mut first = 0;
        while first < n {
            let end = (first + block).min(n);
            let all = filter.is_none() && skip.is_none_or(|skip| (skip as usize) < first || skip as usize >= end);
            if !all {
                let passes = |&id: &u32| skip != Some(id) && filter.is_none_or(|filter| filter(id));
                self.ids.clear();
                self.ids.extend((first as u32..end as u32).filter(passes));
            }
            let count = if all { end - first } else { self.ids.len() };
            candidates += count;
            self.dists.resize(count, 0.0);
            for (i, pool) in (from..to).zip(&mut self.pools) {
                token.check()?;
                if all {
                    index.space.distances(asked.rows, i, &index.rows, first, &mut self.dists);
                    push_block(pool, &self.dists, |at| (first + at) as u32);
                } else {
                    index.space.distances_to(asked.rows, i, &index.rows, &self.ids, &mut self.dists);
                    push_block(pool, &self.dists, |at| self.ids[at]);
                }
            }
            first = end;
        }
        for (i, pool) in (from..to).zip(&mut self.pools) {
            pool.finish();
            pool.entries.sort_unstable_by(order);
            // Distances that are not finite are not taken, but for −∞.
            let wanted = k.min(candidates);
            if pool.entries.len() < wanted || pool.entries.first().is_some_and(|e| !e.0.is_finite()) {
                return Err(not_finite(index, asked, i, skip, filter));
            }
        }
        Ok(())
    }
}

/// By (distance, id).
pub(super) fn order(a: &(f32, u32), b: &(f32, u32)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

/// Rows of ascending ids.
fn push_block(pool: &mut Pool, dists: &[f32], id: impl Fn(usize) -> u32) {
    const STEP: usize = 32;
    for (step, dists) in dists.chunks(STEP).enumerate() {
        // Most steps hold nothing: one comparison of all lanes at once tells.
        if dists.iter().fold(false, |any, &d| any | (d <= pool.cut)) {
            for (l, &d) in dists.iter().enumerate() {
                pool.push(d, id(step * STEP + l));
            }
        }
    }
}

/// The first distance of query `i` that is not finite, as an error.
fn not_finite(index: &Index, asked: Asked<'_, '_>, i: usize, skip: Option<u32>, filter: Filter<'_>) -> Error {
    let mut d = [0f32];
    let counts = |id: &u32| skip != Some(*id) && filter.is_none_or(|filter| filter(*id));
    for id in (0..index.len() as u32).filter(counts) {
        index.space.distances(asked.rows, i, &index.rows, id as usize, &mut d);
        if !d[0].is_finite() {
            return index.space.not_finite(asked.first + i, id as usize, d[0]);
        }
    }
    // Only a distance that changes its mind comes here.
    Error::NotADistance { row: asked.first + i, other: 0, value: f32::NAN }
}
