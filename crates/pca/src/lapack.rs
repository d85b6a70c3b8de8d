//! The decompositions by LAPACK, through ndarray-linalg.

use crate::error::{Error, Result};
use crate::solver::mirror;
use ndarray::ArrayView2;
use ndarray_linalg::{Eigh, JobSvd, SVDDC, UPLO};

/// Eigenvalues in ascending order and eigenvectors as rows (`dsyev`).
pub(crate) fn symmetric(n: usize, a: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    if n == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    // Both triangles, so that it does not matter which of them is read in which order of storage.
    let mut whole = a.to_vec();
    mirror(n, &mut whole);
    let (values, vectors) = view(n, n, &whole)?.eigh(UPLO::Lower).map_err(|e| failed(n, n, &e))?;
    Ok((values.to_vec(), vectors.t().iter().copied().collect()))
}

/// Singular values in descending order and right singular vectors as rows (`dgesdd`).
pub(crate) fn right_singular(m: usize, n: usize, a: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    if m.min(n) == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    let (_, values, right) = view(m, n, a)?.svddc(JobSvd::Some).map_err(|e| failed(m, n, &e))?;
    let right = right.ok_or_else(|| failed(m, n, &"no vectors were returned"))?;
    Ok((values.to_vec(), right.iter().copied().collect()))
}

fn view(m: usize, n: usize, a: &[f64]) -> Result<ArrayView2<'_, f64>> {
    ArrayView2::from_shape((m, n), a).map_err(|e| failed(m, n, &e))
}

fn failed(rows: usize, cols: usize, reason: &dyn std::fmt::Display) -> Error {
    Error::Lapack { rows, cols, reason: reason.to_string() }
}
