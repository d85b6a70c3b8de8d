//! Initial positions.

mod components;
mod spectral;

pub use spectral::{Eigenvectors, laplacian_eigenvectors};

use crate::error::{Error, Result};
use crate::params::{Init, Umap};
use planisphere_core::{Context, CounterRng, Csr, Matrix, MatrixView};

/// Half the width of the box that coordinates are scaled into before the noise.
const HALF_WIDTH: f32 = 10.0;
/// Standard deviation of the noise that separates coinciding points.
const NOISE: f32 = 1e-4;
/// Side of the box in which the layout starts.
const BOX: f32 = 10.0;

/// Initial positions of the rows of `graph`, n × n_components, in the box from 0 to 10. `data` are the vectors if they are
/// known.
pub(crate) fn initial(umap: &Umap, graph: &Csr, data: Option<MatrixView<'_>>, cx: &mut Context<'_>) -> Result<Matrix> {
    let (n, dim) = (graph.rows(), umap.n_components);
    let mut y = match &umap.init {
        Init::Spectral => components::layout(graph, data, dim, umap.seed, cx)?,
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

/// Uniformly random places in the box.
fn random(n: usize, dim: usize, seed: u64) -> Matrix {
    let rng = CounterRng::new(seed, "random init");
    let mut y = Matrix::zeros(n, dim);
    for i in 0..n {
        let draws = rng.at(0, i as u64);
        for (c, v) in y.row_mut(i).iter_mut().enumerate() {
            *v = HALF_WIDTH * (2.0 * draws.unit(c as u64) - 1.0);
        }
    }
    y
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
    let max = y.data().iter().fold(0f32, |m, v| m.max(v.abs()));
    // In f64: given positions may be of any size.
    let scale = if max > 0.0 { f64::from(HALF_WIDTH) / f64::from(max) } else { 0.0 };
    let rng = CounterRng::new(seed, "init noise");
    for i in 0..y.rows() {
        let draws = rng.at(0, i as u64);
        for (c, v) in y.row_mut(i).iter_mut().enumerate() {
            *v = (f64::from(*v) * scale) as f32 + NOISE * draws.normal(c as u64);
        }
    }
}

/// Moves and scales each coordinate to run from 0 to 10, as umap-learn starts its layout.
fn into_box(y: &mut Matrix) {
    for c in 0..y.cols() {
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for i in 0..y.rows() {
            low = low.min(y.row(i)[c]);
            high = high.max(y.row(i)[c]);
        }
        let scale = if high > low { BOX / (high - low) } else { 0.0 };
        for i in 0..y.rows() {
            let v = &mut y.row_mut(i)[c];
            *v = (*v - low) * scale;
        }
    }
}
