//! Initial positions.

use crate::affinity::Affinities;
use crate::error::{Error, Result};
use crate::params::{Init, Tsne};
use planisphere_core::{Context, CounterRng, Matrix, MatrixView, Warning};
use rayon::prelude::*;

/// Standard deviation of the first coordinate.
const SPREAD: f64 = 1e-4;
/// Standard deviation of the noise that separates coinciding points, as a share of that.
const NOISE: f64 = 0.01;
/// Rows of one task.
const CHUNK: usize = 1024;

/// Initial positions of the rows of `p`, n × n_components. `data` are the vectors if they are known.
pub(crate) fn initial(
    tsne: &Tsne,
    p: &Affinities,
    data: Option<MatrixView<'_>>,
    cx: &mut Context<'_>,
) -> Result<Matrix> {
    let (n, dim) = (p.matrix().rows(), tsne.n_components);
    let fallback = |reason: &str, cx: &mut Context<'_>| {
        cx.warn(Warning::Fallback { what: "init = pca".into(), reason: reason.into(), instead: "spectral".into() });
        spectral(p, data, dim, tsne.seed, cx)
    };
    let mut y = match (&tsne.init, data) {
        (Init::Given(y), _) => {
            if (y.rows(), y.cols()) != (n, dim) {
                return Err(Error::InitShape { rows: y.rows(), cols: y.cols(), expected_rows: n, expected_cols: dim });
            }
            y.view().check()?;
            return Ok(y.clone());
        }
        _ if n == 1 => return Ok(Matrix::zeros(n, dim)),
        (Init::Random, _) => Matrix::zeros(n, dim),
        #[cfg(feature = "pca")]
        (Init::Pca, Some(x)) => principal(x, dim, cx)?,
        #[cfg(not(feature = "pca"))]
        (Init::Pca, Some(_)) => fallback("it needs the feature `pca` of planisphere-tsne", cx)?,
        (Init::Pca, None) => fallback("it needs the vectors, and there is a graph alone", cx)?,
        (Init::Spectral, _) => spectral(p, data, dim, tsne.seed, cx)?,
    };
    let noise = if matches!(tsne.init, Init::Random) { 1.0 } else { NOISE };
    shrink(&mut y, noise, tsne.seed);
    Ok(y)
}

/// Shrinks to the standard deviation of a start, by the first coordinate, and adds noise of `noise` times as much.
fn shrink(y: &mut Matrix, noise: f64, seed: u64) {
    let (n, dim) = (y.rows(), y.cols());
    let first = || (0..n).map(|i| f64::from(y.row(i)[0]));
    let mean = first().sum::<f64>() / n as f64;
    let deviation = (first().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n as f64).sqrt();
    let scale = if deviation > 0.0 { SPREAD / deviation } else { 0.0 };
    let rng = CounterRng::new(seed, "init noise");
    y.data_mut().par_chunks_mut(CHUNK * dim).enumerate().for_each(|(chunk, rows)| {
        for (r, row) in rows.chunks_exact_mut(dim).enumerate() {
            let draws = rng.at(0, (chunk * CHUNK + r) as u64);
            for (c, v) in row.iter_mut().enumerate() {
                *v = (f64::from(*v) * scale + SPREAD * noise * f64::from(draws.normal(c as u64))) as f32;
            }
        }
    });
}

#[cfg(feature = "pca")]
fn principal(x: MatrixView<'_>, dim: usize, cx: &mut Context<'_>) -> Result<Matrix> {
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

/// The diffusion map of the affinities, as in openTSNE; of each connected component, if there are several.
fn spectral(
    p: &Affinities,
    data: Option<MatrixView<'_>>,
    dim: usize,
    seed: u64,
    cx: &mut Context<'_>,
) -> Result<Matrix> {
    let both;
    let graph = if p.is_symmetric() {
        p.matrix()
    } else {
        let sum = |a: Option<f32>, b: Option<f32>| Some(a.unwrap_or(0.0) + b.unwrap_or(0.0));
        both = p.matrix().combine(&p.matrix().transpose()?, sum)?;
        &both
    };
    Ok(planisphere_spectral::layout(graph, data, dim, planisphere_spectral::Kind::Walk, seed, cx)?)
}
