//! Memberships of new rows in the neighborhoods of the rows of a map.

use super::smooth::{MIN_SCALE, rho, scale, target};
use crate::error::{Error, Result};
use planisphere_core::Csr;
use planisphere_kernels::{Kernel, Simd, math};
use rayon::prelude::*;

/// New rows that one task works on.
const CHUNK: usize = 128;

/// The nearest rows of a map to each of some new rows, `k` for each, ascending by (distance, id).
#[derive(Clone, Copy)]
pub(crate) struct Queries<'a> {
    /// Rows of the map.
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) ids: &'a [u32],
    pub(crate) dists: &'a [f32],
}

/// What weights are measured by.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// As umap-learn gives them: from 0 to 1.
    #[cfg(feature = "knn")]
    Membership,
    /// Relative to the nearest row's, which is 1.
    Nearest,
}

impl<'a> Queries<'a> {
    /// Number of new rows.
    pub(crate) fn len(&self) -> usize {
        self.ids.len() / self.k
    }

    /// Ids and distances for new row `i`.
    pub(crate) fn row(&self, i: usize) -> (&'a [u32], &'a [f32]) {
        let at = i * self.k..(i + 1) * self.k;
        (&self.ids[at.clone()], &self.dists[at])
    }

    /// How strongly each new row belongs to the neighborhoods of its neighbors: exp(−max(0, d − ρ) / σ), m × n.
    ///
    /// ρ and σ are those of umap-learn's `transform`: a new row is no neighbor of itself, so one neighbor fewer counts as
    /// fully connected, and the nearest takes the place that the row itself has in the search for σ. Where umap-learn bounds
    /// σ by the mean over all new rows, the row's own mean bounds it here, so that no new row depends on another.
    pub(crate) fn memberships(&self, local_connectivity: f64, by: Scale) -> Result<Csr> {
        let (m, k) = (self.len(), self.k);
        if let Some(at) = self.dists.iter().position(|&d| d < 0.0) {
            return Err(Error::NegativeDistance { row: at / k, neighbor: self.ids[at], value: self.dists[at] });
        }
        let task = Task { queries: *self, connected: (local_connectivity - 1.0).max(0.0), target: target(k), by };
        let (mut indices, mut data) = (vec![0u32; m * k], vec![0f32; m * k]);
        let simd = Simd::detect();
        let chunks = indices.par_chunks_mut(CHUNK * k).zip(data.par_chunks_mut(CHUNK * k));
        chunks.enumerate().for_each(|(c, (indices, data))| {
            simd.run(Chunk { task: &task, first: c * CHUNK, indices, data });
        });
        Ok(Csr::new(self.n, (0..=m).map(|i| i * k).collect(), indices, data)?)
    }
}

struct Task<'a> {
    queries: Queries<'a>,
    connected: f64,
    target: f64,
    by: Scale,
}

struct Chunk<'a> {
    task: &'a Task<'a>,
    first: usize,
    indices: &'a mut [u32],
    data: &'a mut [f32],
}

impl Kernel for Chunk<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let task = self.task;
        let k = task.queries.k;
        let mut row = Vec::with_capacity(k);
        for (i, (indices, data)) in self.indices.chunks_exact_mut(k).zip(self.data.chunks_exact_mut(k)).enumerate() {
            let (ids, dists) = task.queries.row(self.first + i);
            let rho = rho(dists, task.connected);
            let mean = dists.iter().map(|&d| f64::from(d)).sum::<f64>() / k as f64;
            let sigma = scale(&dists[1..], rho, task.target).max(MIN_SCALE * mean) as f32;
            // Relative weights come from differences, so that they do not vanish together.
            let nearest = if task.by == Scale::Nearest { (dists[0] - rho).max(0.0) } else { 0.0 };
            row.clear();
            row.extend(ids.iter().zip(dists).map(|(&id, &d)| {
                let beyond = (d - rho).max(0.0) - nearest;
                let inside = beyond <= 0.0 || sigma == 0.0;
                (id, if inside { 1.0 } else { math::exp(f64::from(-(beyond / sigma))) as f32 })
            }));
            row.sort_unstable_by_key(|e: &(u32, f32)| e.0);
            for ((index, value), &(id, weight)) in indices.iter_mut().zip(data).zip(&row) {
                (*index, *value) = (id, weight);
            }
        }
    }
}
