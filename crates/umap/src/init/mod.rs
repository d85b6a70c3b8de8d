//! Initial positions.

use crate::error::{Error, Result};
use crate::params::{Init, Umap};
use planisphere_core::{CancelToken, Context, CounterRng, Csr, Matrix, MatrixView};
use planisphere_spectral::{Eigenvectors, Kind, layout, random};
use rayon::prelude::*;

/// Half the width of the box that coordinates are scaled into before the noise.
const HALF_WIDTH: f32 = 10.0;
/// Standard deviation of the noise that separates coinciding points.
const NOISE: f32 = 1e-4;
/// Rows of one task.
const CHUNK: usize = 1024;
/// Side of the box in which the layout starts.
const BOX: f32 = 10.0;

/// Initial positions of the rows of `graph`, n × n_components, in the box from 0 to 10. `data` are the vectors if they are
/// known.
pub(crate) fn initial(umap: &Umap, graph: &Csr, data: Option<MatrixView<'_>>, cx: &mut Context<'_>) -> Result<Matrix> {
    let (n, dim) = (graph.rows(), umap.n_components);
    let mut y = match &umap.init {
        Init::Spectral => layout(graph, data, dim, Kind::Laplacian, umap.seed, cx)?,
        Init::Random => random(n, dim, umap.seed),
        Init::Pca => principal(data.ok_or(Error::InitNeedsData { init: umap.init.name() })?, dim, cx)?,
        Init::Given(y) => {
            if (y.rows(), y.cols()) != (n, dim) {
                return Err(Error::InitShape { rows: y.rows(), cols: y.cols(), expected_rows: n, expected_cols: dim });
            }
            y.view().check()?;
            y.clone()
        }
    };
    if !matches!(umap.init, Init::Random) {
        add_noise(&mut y, umap.seed);
    }
    into_box(&mut y);
    Ok(y)
}

/// The `count` smallest non-trivial eigenvalues and eigenvectors of the normalized Laplacian of a connected, symmetric
/// graph without negative weights: those of `planisphere-spectral`.
///
/// # Errors
/// [`Error::InvalidParam`] if `count` is 0, or the graph is not square, not connected, has no `count` + 1 rows, or has rows
/// without weight, or weights below 0 or above 1e30; [`Error::Cancelled`]; [`Error::Eigen`].
pub fn laplacian_eigenvectors(graph: &Csr, count: usize, seed: u64, token: &CancelToken) -> Result<Eigenvectors> {
    Ok(planisphere_spectral::laplacian_eigenvectors(graph, count, seed, token)?)
}

/// Calls `f` with the number and the values of each row.
fn for_rows(y: &mut Matrix, f: impl Fn(usize, &mut [f32]) + Sync) {
    let dim = y.cols();
    y.data_mut().par_chunks_mut(CHUNK * dim).enumerate().for_each(|(c, rows)| {
        rows.chunks_exact_mut(dim).enumerate().for_each(|(r, row)| f(c * CHUNK + r, row));
    });
}

#[cfg(feature = "pca")]
fn principal(x: MatrixView<'_>, dim: usize, cx: &mut Context<'_>) -> Result<Matrix> {
    use planisphere_core::Warning;
    let most = x.rows().min(x.cols());
    let used = dim.min(most);
    if used < dim {
        cx.warn(Warning::ClampedComponents { requested: dim, used });
    }
    let scores = planisphere_pca::Pca::new(used).fit_with(x, cx)?.into_embedding();
    let mut y = Matrix::zeros(x.rows(), dim);
    for i in 0..x.rows() {
        y.row_mut(i)[..used].copy_from_slice(scores.row(i));
    }
    Ok(y)
}

#[cfg(not(feature = "pca"))]
fn principal(_: MatrixView<'_>, _: usize, _: &mut Context<'_>) -> Result<Matrix> {
    Err(Error::param("init", "pca", "needs the feature `pca` of planisphere-umap"))
}

/// Scales to ±10 and adds a little noise.
fn add_noise(y: &mut Matrix, seed: u64) {
    let max = y.data().par_iter().with_min_len(CHUNK).map(|v| v.abs()).reduce(|| 0.0, f32::max);
    // In f64: given positions may be of any size.
    let scale = if max > 0.0 { f64::from(HALF_WIDTH) / f64::from(max) } else { 0.0 };
    let rng = CounterRng::new(seed, "init noise");
    for_rows(y, |i, row| {
        let draws = rng.at(0, i as u64);
        for (c, v) in row.iter_mut().enumerate() {
            *v = (f64::from(*v) * scale) as f32 + NOISE * draws.normal(c as u64);
        }
    });
}

/// Moves and scales each coordinate to run from 0 to 10, as umap-learn starts its layout.
fn into_box(y: &mut Matrix) {
    let dim = y.cols();
    let bounds = |rows: &[f32]| {
        let mut bounds = vec![(f32::INFINITY, f32::NEG_INFINITY); dim];
        for row in rows.chunks_exact(dim) {
            bounds.iter_mut().zip(row).for_each(|(b, &v)| *b = (b.0.min(v), b.1.max(v)));
        }
        bounds
    };
    let wider = |mut a: Vec<(f32, f32)>, b: Vec<(f32, f32)>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = (a.0.min(b.0), a.1.max(b.1)));
        a
    };
    let bounds = y.data().par_chunks(CHUNK * dim).map(bounds).reduce(|| bounds(&[]), wider);
    for_rows(y, |_, row| {
        for (v, (low, high)) in row.iter_mut().zip(&bounds) {
            let scale = if high > low { BOX / (high - low) } else { 0.0 };
            *v = (*v - low) * scale;
        }
    });
}
