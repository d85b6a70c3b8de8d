//! Components by the singular values of the data.

use super::rows::{center, means};
use super::{Found, degrees, partial_sums};
use crate::backend::Decompose;
use crate::error::{Error, Result};
use crate::params::{Backend, Pca};
use planisphere_core::{CancelToken, MatrixView};
use planisphere_kernels::eigen;
use rayon::prelude::*;

/// Up to so many rows, or two a column, the data is decomposed as it is.
const DIRECT: usize = 1024;

pub(crate) fn solve(pca: &Pca, x: MatrixView<'_>, token: &CancelToken) -> Result<Found> {
    let (n, d) = (x.rows(), x.cols());
    let mean = means(x)?;
    let (sigma, right) = if n <= DIRECT.max(2 * d) || pca.backend == Backend::Lapack {
        let mut centered = vec![0.0; n.checked_mul(d).ok_or(Error::Overflow)?];
        center(x, &mean, &mut centered);
        pca.backend.right_singular(n, d, &centered)?
    } else {
        pca.backend.right_singular(d, d, &reduced(x, &mean, token)?)?
    };
    if sigma.iter().any(|s| !(s * s).is_finite()) {
        return Err(Error::Overflow);
    }
    let variances: Vec<f64> = sigma.iter().map(|s| s * s / degrees(n)).collect();
    let kept = pca.count(&variances, n)?;
    let most = n.min(d);
    Ok(Found { mean, components: right[..kept * d].to_vec(), total: variances.iter().sum(), variances, most })
}

/// A triangle (d × d) with the singular values and right singular vectors of the centered rows: chunks join one triangle
/// after the other, and triangles are joined in pairs.
fn reduced(x: MatrixView<'_>, mean: &[f64], token: &CancelToken) -> Result<Vec<f64>> {
    let (n, d) = (x.rows(), x.cols());
    let chunk = d.max(512);
    let chunks = n.div_ceil(chunk);
    // Runs of chunks that are reduced side by side.
    let parts = partial_sums(d * d).min(chunks);
    let mut triangles: Vec<Vec<f64>> = (0..parts)
        .into_par_iter()
        .map(|part| {
            let mut triangle = Vec::new();
            for c in (part..chunks).step_by(parts) {
                token.check()?;
                let rows = x.slice(c * chunk, ((c + 1) * chunk).min(n));
                let above = triangle.len();
                triangle.resize(above + rows.rows() * d, 0.0);
                center(rows, mean, &mut triangle[above..]);
                triangle = eigen::triangular(triangle.len() / d, d, &triangle);
            }
            Ok(triangle)
        })
        .collect::<Result<_>>()?;
    while triangles.len() > 1 {
        token.check()?;
        triangles = triangles
            .par_chunks(2)
            .map(|pair| match pair {
                [one] => one.clone(),
                both => {
                    let stacked = both.concat();
                    eigen::triangular(stacked.len() / d, d, &stacked)
                }
            })
            .collect();
    }
    let mut triangle = triangles.pop().unwrap_or_default();
    // Fewer rows than columns cannot be here, but would do no harm.
    triangle.resize(d * d, 0.0);
    Ok(triangle)
}
