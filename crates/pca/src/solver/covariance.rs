//! Components by the eigenvectors of the covariance matrix, or of the inner products of rows.

use super::moments::{Moments, blocks};
use super::rows::means;
use super::{Found, degrees, krylov};
use crate::backend::Decompose;
use crate::error::{Error, Result};
use crate::params::{Backend, Components, Pca};
use planisphere_core::{Context, MatrixView};
use planisphere_kernels::eigen;
use planisphere_kernels::panel::{Operand, product};
use rayon::prelude::*;

/// Columns of the data that are centered and multiplied at once.
const BLOCK: usize = 256;
/// Eigenvalues smaller than this share of the largest, for each row, are rounding errors.
const ROUNDING: f64 = 1e-15;

pub(crate) fn solve(pca: &Pca, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Found> {
    let (n, d) = (x.rows(), x.cols());
    if n < d {
        return by_rows(pca, x, cx);
    }
    let moments = Moments::of(pca.precision, x, |done| Ok(cx.progress(done as u64, n as u64)?))?;
    let (rows, mean, covariance) = moments.finish()?;
    cx.check()?;
    of_covariance(pca, rows, mean, &covariance)
}

/// Components from the lower triangle of a covariance matrix.
pub(crate) fn of_covariance(pca: &Pca, rows: usize, mean: Vec<f64>, covariance: &[f64]) -> Result<Found> {
    let d = mean.len();
    let most = rows.min(d);
    if let Components::Count(k) = pca.n_components
        && pca.backend == Backend::Faer
        && let Some((variances, components)) = krylov::leading(d, covariance, k)
    {
        let total = (0..d).map(|i| covariance[i * d + i]).sum();
        return Ok(Found { mean, components, variances, total, most });
    }
    let (values, mut components) = pca.backend.leading(d, covariance, pca.at_most(most))?;
    let variances: Vec<f64> = values.iter().take(most).map(|v| v.max(0.0)).collect();
    components.truncate(pca.count(&variances, rows)? * d);
    Ok(Found { mean, components, total: variances.iter().sum(), variances, most })
}

/// Fewer rows than columns: with K = X·Xᵀ = U·Λ·Uᵀ, the components are the rows of Uᵀ·X, at length 1.
fn by_rows(pca: &Pca, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Found> {
    let (n, d) = (x.rows(), x.cols());
    let mean = means(x)?;
    let mut sums = blocks(n, 0, 128)?;
    for from in (0..d).step_by(BLOCK) {
        cx.progress(from as u64, d as u64)?;
        let block = columns(x, &mean, from);
        sums.par_iter_mut().with_max_len(1).for_each_init(Vec::new, |products, sum| {
            sum.add(block.len() / n, n, &block, products);
        });
    }
    let mut gram = vec![0.0; n * n];
    sums.iter().for_each(|sum| sum.add_to(n, &mut gram));
    drop(sums);
    if gram.iter().any(|v| !v.is_finite()) {
        return Err(Error::Overflow);
    }
    // Vectors: one for each component, by descending variance.
    let (values, mut weights) = pca.backend.leading(n, &gram, pca.at_most(n))?;
    let variances: Vec<f64> = values.iter().map(|v| v.max(0.0) / degrees(n)).collect();
    let kept = pca.count(&variances, n)?;
    weights.truncate(kept * n);
    cx.check()?;
    let starts: Vec<usize> = (0..d).step_by(BLOCK).collect();
    let blocks: Vec<Vec<f64>> = starts
        .into_par_iter()
        .map(|from| {
            let block = columns(x, &mean, from);
            let width = block.len() / n;
            let mut out = vec![0.0; width * kept];
            product(Operand::new(width, n, &block), Operand::new(kept, n, &weights).transposed(), &mut out);
            out
        })
        .collect();
    let by_column = blocks.concat();
    let limit = variances[0] * n as f64 * ROUNDING;
    let components = normalized(d, kept, by_column, |j| variances[j] > limit);
    Ok(Found { mean, components, total: variances.iter().sum(), variances, most: n })
}

/// Columns from `from` on of the centered rows, one after the other: at most [`BLOCK`] × n.
fn columns(x: MatrixView<'_>, mean: &[f64], from: usize) -> Vec<f64> {
    let n = x.rows();
    let width = BLOCK.min(mean.len() - from);
    let mut out = vec![0.0; width * n];
    for i in 0..n {
        for (c, (&v, m)) in x.row(i)[from..].iter().zip(&mean[from..]).take(width).enumerate() {
            out[c * n + i] = f64::from(v) - m;
        }
    }
    out
}

/// The columns of `vectors` (d × k) at length 1, as rows (k × d). Those that are only noise give way to directions at right
/// angles to all others.
pub(super) fn normalized(d: usize, k: usize, mut vectors: Vec<f64>, is_sound: impl Fn(usize) -> bool) -> Vec<f64> {
    let mut lengths = vec![0.0; k];
    for row in vectors.chunks_exact(k) {
        lengths.iter_mut().zip(row).for_each(|(l, v)| *l += v * v);
    }
    let scales: Vec<f64> =
        lengths.iter().enumerate().map(|(j, l)| if is_sound(j) && *l > 0.0 { 1.0 / l.sqrt() } else { 0.0 }).collect();
    for row in vectors.chunks_exact_mut(k) {
        row.iter_mut().zip(&scales).for_each(|(v, s)| *v *= s);
    }
    if scales.contains(&0.0) {
        vectors = eigen::orthonormal(d, k, &vectors);
    }
    let mut out = vec![0.0; k * d];
    for (i, row) in vectors.chunks_exact(k).enumerate() {
        row.iter().enumerate().for_each(|(j, &v)| out[j * d + i] = v);
    }
    out
}
