//! Memberships, and the fuzzy union of both directions.

use super::Smoothed;
use crate::error::Result;
use planisphere_core::{Csr, KnnGraph};
use planisphere_kernels::math;
use rayon::prelude::*;

/// Rows that one task merges.
const CHUNK: usize = 2048;

/// Membership of each neighbor in each row's neighborhood: exp(−max(0, d − ρ) / σ).
pub(crate) fn directed(graph: &KnnGraph, smoothed: &Smoothed) -> Result<Csr> {
    let (n, k) = (graph.n(), graph.k());
    let mut indices = vec![0u32; n * k];
    let mut data = vec![0f32; n * k];
    if k > 0 {
        indices.par_chunks_mut(k).zip(data.par_chunks_mut(k)).enumerate().for_each_init(
            Vec::new,
            |row, (i, (indices, data))| {
                let (ids, dists) = graph.row(i);
                let (rho, sigma) = (smoothed.rho[i], smoothed.sigma[i]);
                row.clear();
                row.extend(ids.iter().zip(dists).map(|(&id, &d)| {
                    let beyond = d - rho;
                    let inside = beyond <= 0.0 || sigma == 0.0;
                    (id, if inside { 1.0 } else { math::exp(f64::from(-(beyond / sigma))) as f32 })
                }));
                row.sort_unstable_by_key(|e| e.0);
                for (p, &(id, w)) in row.iter().enumerate() {
                    indices[p] = id;
                    data[p] = w;
                }
            },
        );
    }
    Ok(Csr::new(n, (0..=n).map(|i| i * k).collect(), indices, data)?)
}

/// mix · (a + b − ab) + (1 − mix) · ab of each pair's two directions; zeros are left out.
pub(crate) fn symmetrize(a: &Csr, mix: f32) -> Result<Csr> {
    let b = a.transpose()?;
    filtered_rows(a.rows(), |i, push| {
        let ((ai, av), (bi, bv)) = (a.row(i), b.row(i));
        let (mut p, mut q) = (0, 0);
        while p < ai.len() || q < bi.len() {
            let (x, y) = (ai.get(p).copied().unwrap_or(u32::MAX), bi.get(q).copied().unwrap_or(u32::MAX));
            let id = x.min(y);
            let (mut v, mut w) = (0.0, 0.0);
            if x == id {
                v = av[p];
                p += 1;
            }
            if y == id {
                w = bv[q];
                q += 1;
            }
            let product = v * w;
            push(id, mix * (v + w - product) + (1.0 - mix) * product);
        }
    })
}

/// The graph without the edges lighter than max / epochs, which would be sampled less than once.
pub(crate) fn prune(graph: &Csr, epochs: u32) -> Result<Csr> {
    let max = graph.data().iter().copied().fold(0f32, f32::max);
    let least = max / epochs as f32;
    filtered_rows(graph.rows(), |i, push| {
        let (ids, weights) = graph.row(i);
        for (&id, &w) in ids.iter().zip(weights) {
            if w >= least {
                push(id, w);
            }
        }
    })
}

/// A square matrix whose row `i` is what `fill(i, push)` pushes, zeros left out.
pub(super) fn filtered_rows(n: usize, fill: impl Fn(usize, &mut dyn FnMut(u32, f32)) + Sync) -> Result<Csr> {
    type Part = (Vec<usize>, Vec<u32>, Vec<f32>);
    let parts: Vec<Part> = (0..n.div_ceil(CHUNK))
        .into_par_iter()
        .map(|c| {
            let (mut ends, mut indices, mut data) = (Vec::with_capacity(CHUNK), Vec::new(), Vec::new());
            for i in c * CHUNK..((c + 1) * CHUNK).min(n) {
                fill(i, &mut |id, w| {
                    if w > 0.0 {
                        indices.push(id);
                        data.push(w);
                    }
                });
                ends.push(indices.len());
            }
            (ends, indices, data)
        })
        .collect();
    let entries = parts.iter().map(|p| p.1.len()).sum();
    let mut indptr = Vec::with_capacity(n + 1);
    let (mut indices, mut data) = (Vec::with_capacity(entries), Vec::with_capacity(entries));
    indptr.push(0);
    for (ends, i, d) in parts {
        let before = indices.len();
        indptr.extend(ends.into_iter().map(|e| before + e));
        indices.extend(i);
        data.extend(d);
    }
    Ok(Csr::new(n, indptr, indices, data)?)
}
