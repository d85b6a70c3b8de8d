//! Memberships, and the fuzzy union of both directions.

use super::Smoothed;
use crate::error::Result;
use planisphere_core::{Csr, KnnGraph};
use planisphere_kernels::{Kernel, Simd, math};
use rayon::prelude::*;

/// Rows that one task works on.
const CHUNK: usize = 512;

/// Membership of each neighbor in each row's neighborhood: exp(−max(0, d − ρ) / σ).
pub(crate) fn directed(graph: &KnnGraph, smoothed: &Smoothed) -> Result<Csr> {
    let (n, k) = (graph.n(), graph.k());
    let mut indices = vec![0u32; n * k];
    let mut data = vec![0f32; n * k];
    if k > 0 {
        let simd = Simd::detect();
        let chunks = indices.par_chunks_mut(CHUNK * k).zip(data.par_chunks_mut(CHUNK * k)).enumerate();
        chunks.for_each(|(c, (indices, data))| {
            simd.run(Memberships { graph, smoothed, first: c * CHUNK, indices, data });
        });
    }
    Ok(Csr::new(n, (0..=n).map(|i| i * k).collect(), indices, data)?)
}

/// The memberships of some rows.
struct Memberships<'a> {
    graph: &'a KnnGraph,
    smoothed: &'a Smoothed,
    first: usize,
    indices: &'a mut [u32],
    data: &'a mut [f32],
}

impl Kernel for Memberships<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let k = self.graph.k();
        // Id in the high half, so that whole numbers are sorted.
        let mut row = vec![0u64; k];
        for (r, (indices, data)) in self.indices.chunks_exact_mut(k).zip(self.data.chunks_exact_mut(k)).enumerate() {
            let i = self.first + r;
            let (ids, dists) = self.graph.row(i);
            let (rho, sigma) = (self.smoothed.rho[i], self.smoothed.sigma[i]);
            // A loop, not an iterator chain, whose parts might be compiled for another instruction set than this function.
            for (e, (&id, &d)) in row.iter_mut().zip(ids.iter().zip(dists)) {
                let beyond = d - rho;
                let inside = beyond <= 0.0 || sigma == 0.0;
                let w = if inside { 1.0 } else { math::exp(f64::from(-(beyond / sigma))) as f32 };
                *e = (u64::from(id) << 32) | u64::from(w.to_bits());
            }
            row.sort_unstable();
            for ((id, w), e) in indices.iter_mut().zip(data).zip(&row) {
                *id = (e >> 32) as u32;
                *w = f32::from_bits(*e as u32);
            }
        }
    }
}

/// mix · (a + b − ab) + (1 − mix) · ab of each pair's two directions; zeros are left out.
pub(crate) fn symmetrize(a: &Csr, mix: f32) -> Result<Csr> {
    let union = a.combine(&a.transpose()?, |v, w| {
        let (v, w) = (v.unwrap_or(0.0), w.unwrap_or(0.0));
        let product = v * w;
        Some(mix * (v + w - product) + (1.0 - mix) * product).filter(|&w| w > 0.0)
    });
    Ok(union?)
}

/// The graph without the edges lighter than max / epochs, which would be sampled less than once.
pub(crate) fn prune(graph: &Csr, epochs: u32) -> Result<Csr> {
    let max = graph.data().par_iter().with_min_len(CHUNK).copied().reduce(|| 0.0, f32::max);
    let least = max / epochs as f32;
    let kept = Csr::by_rows(graph.rows(), graph.cols(), |i, ids, weights| {
        let (from, w) = graph.row(i);
        for (&id, &w) in from.iter().zip(w) {
            if w >= least && w > 0.0 {
                ids.push(id);
                weights.push(w);
            }
        }
    });
    Ok(kept?)
}
