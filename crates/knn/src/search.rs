//! Exact search of prepared rows: through matrix products where the metric has them, else through blocks of distances.

use crate::error::{Error, Result};
use crate::metric::Metric;
use crate::panels::{Panels, Pool};
use crate::space::{Rows, Space};
use planisphere_core::{CancelToken, MatrixView};
use planisphere_kernels::Simd;

/// Bytes of rows that are measured against one query after the other: they stay in the second-level cache.
const BLOCK_BYTES: usize = 256 * 1024;

/// The data as the search needs it.
pub(crate) struct Prepared<'a> {
    pub(crate) space: Space,
    pub(crate) rows: Rows<'a>,
    panels: Option<Panels>,
}

/// Buffers of one thread.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) dots: Vec<f32>,
    pub(crate) pools: Vec<Pool>,
    pub(crate) best: Best,
    queries: Vec<Best>,
}

impl<'a> Prepared<'a> {
    /// Finite rows with at least one column.
    pub(crate) fn new(x: MatrixView<'a>, metric: &Metric, simd: Simd) -> Result<Self> {
        let space = Space::new(metric, x, simd)?;
        let rows = space.rows(x)?;
        Ok(Self::of(space, rows, simd))
    }

    /// Rows that `space` prepared.
    pub(crate) fn of(space: Space, rows: Rows<'a>, simd: Simd) -> Self {
        let panels = space.dense().and_then(|dense| Panels::new(dense, &rows, simd));
        Self { space, rows, panels }
    }

    /// The neighbors of rows `from..to`, into their places of `ids` and `dists`.
    #[allow(clippy::too_many_arguments)] // the panel, its buffers and its output: each is used once, here
    pub(crate) fn panel(
        &self,
        from: usize,
        to: usize,
        k: usize,
        token: &CancelToken,
        scratch: &mut Scratch,
        ids: &mut [u32],
        dists: &mut [f32],
    ) -> Result<()> {
        match &self.panels {
            Some(panels) => panels.panel(self, from, to, k, token, scratch, ids, dists),
            None => self.scan(from, to, k, token, scratch, ids, dists),
        }
    }

    /// The distances of row `i` to all rows, itself too: to the bit those that a panel gives.
    pub(crate) fn distances(&self, i: usize, out: &mut [f32]) {
        self.space.distances(&self.rows, i, &self.rows, 0, out);
    }

    /// The first distance that is not finite, as an error; `dists` are k for each row from `from` on.
    pub(crate) fn check(&self, from: usize, k: usize, ids: &[u32], dists: &[f32]) -> Result<()> {
        match dists.iter().position(|d| !d.is_finite()) {
            Some(at) => Err(self.not_finite(from + at / k, ids[at] as usize, dists[at])),
            None => Ok(()),
        }
    }

    /// What to say of a distance that is not finite.
    pub(crate) fn not_finite(&self, row: usize, other: usize, value: f32) -> Error {
        self.space.not_finite(row, other, value)
    }

    #[allow(clippy::too_many_arguments)] // as `panel`
    fn scan(
        &self,
        from: usize,
        to: usize,
        k: usize,
        token: &CancelToken,
        scratch: &mut Scratch,
        ids: &mut [u32],
        dists: &mut [f32],
    ) -> Result<()> {
        let n = self.rows.len();
        let block = (BLOCK_BYTES / self.rows.row_bytes().max(1)).clamp(64, 4096);
        scratch.queries.resize_with(to - from, Best::default);
        scratch.queries.iter_mut().for_each(|best| best.start(k));
        let mut first = 0;
        while first < n {
            let end = (first + block).min(n);
            scratch.dots.resize(end - first, 0.0);
            for (i, best) in (from..to).zip(&mut scratch.queries) {
                token.check()?;
                self.space.distances(&self.rows, i, &self.rows, first, &mut scratch.dots);
                best.take_block(first, &scratch.dots, i);
            }
            first = end;
        }
        let places = ids.chunks_exact_mut(k).zip(dists.chunks_exact_mut(k));
        for (best, (ids, dists)) in scratch.queries.iter_mut().zip(places) {
            best.finish();
            best.write(ids, dists);
        }
        Ok(())
    }
}

/// The k nearest rows seen, by (distance, id).
#[derive(Default)]
pub(crate) struct Best {
    entries: Vec<(f32, u32)>,
    k: usize,
    /// Nothing as far as this, or farther, can come in: the k nearest have lower ids and are as near.
    cut: f32,
    ids: Vec<u32>,
    dists: Vec<f32>,
}

fn order(a: &(f32, u32), b: &(f32, u32)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

impl Best {
    pub(crate) fn start(&mut self, k: usize) {
        self.entries.clear();
        self.k = k;
        self.cut = f32::INFINITY;
    }

    /// Rows in any order, with the distances that `measure` gives.
    pub(crate) fn take(&mut self, ids: impl Iterator<Item = u32>, measure: impl FnOnce(&[u32], &mut [f32])) {
        self.ids.clear();
        self.ids.extend(ids);
        self.dists.resize(self.ids.len(), 0.0);
        measure(&self.ids, &mut self.dists);
        self.entries.extend(self.dists.iter().copied().zip(self.ids.iter().copied()));
    }

    /// Rows `first..`, all above the ones taken before, but for `skip`.
    #[allow(clippy::neg_cmp_op_on_partial_ord)] // NaN is to be taken, and sorts last
    fn take_block(&mut self, first: usize, dists: &[f32], skip: usize) {
        const STEP: usize = 32;
        for (step, dists) in dists.chunks(STEP).enumerate() {
            // Most steps hold nothing: one comparison of all lanes at once tells.
            if !dists.iter().fold(false, |any, &d| any | !(d >= self.cut)) && self.entries.len() >= self.k {
                continue;
            }
            for (l, &d) in dists.iter().enumerate() {
                let id = first + step * STEP + l;
                if id != skip && (!(d >= self.cut) || self.entries.len() < self.k) {
                    self.entries.push((d, id as u32));
                    if self.entries.len() >= 2 * self.k + 32 {
                        self.thin();
                    }
                }
            }
        }
    }

    fn thin(&mut self) {
        if self.entries.len() > self.k {
            self.entries.select_nth_unstable_by(self.k - 1, order);
            self.entries.truncate(self.k);
        }
        if let Some(last) = self.entries.iter().max_by(|a, b| order(a, b))
            && self.entries.len() == self.k
        {
            self.cut = last.0;
        }
    }

    /// Leaves the k nearest, in order.
    pub(crate) fn finish(&mut self) {
        self.thin();
        self.entries.sort_unstable_by(order);
    }

    pub(crate) fn entries(&mut self) -> &mut [(f32, u32)] {
        &mut self.entries
    }

    pub(crate) fn write(&self, ids: &mut [u32], dists: &mut [f32]) {
        for (&(d, id), (i, o)) in self.entries.iter().zip(ids.iter_mut().zip(dists)) {
            *i = id;
            *o = d;
        }
    }
}
