//! Dense symmetric eigenproblems and singular values in f64, on the calling thread.
//!
//! The work is done by [faer]; the wrappers fix what would otherwise depend on global settings: always sequential, so
//! that the number of threads never changes a bit. (The instruction set may, in the last places.)

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::{evd, svd};
use faer::{Mat, MatRef, Par};

/// The iteration inside a decomposition did not converge, which finite input is not known to cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the decomposition of a {rows} × {cols} matrix did not converge")]
pub struct NotConverged {
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix.
    pub cols: usize,
}

/// Eigenvalues in ascending order and eigenvectors of the symmetric n × n matrix `a` (row-major; only the lower triangle is
/// read). Vector `j` is row `j` of the second result (n × n, row-major), of norm 1, with an arbitrary sign.
///
/// # Errors
/// [`NotConverged`].
///
/// # Panics
/// If `a` does not have n² values.
pub fn symmetric(n: usize, a: &[f64]) -> Result<(Vec<f64>, Vec<f64>), NotConverged> {
    assert_eq!(a.len(), n * n, "a square matrix");
    if n == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut values = Diag::<f64>::zeros(n);
    let mut vectors = Mat::<f64>::zeros(n, n);
    let params = Default::default();
    let scratch = evd::self_adjoint_evd_scratch::<f64>(n, evd::ComputeEigenvectors::Yes, Par::Seq, params);
    evd::self_adjoint_evd(
        MatRef::from_row_major_slice(a, n, n),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        params,
    )
    .map_err(|_| NotConverged { rows: n, cols: n })?;
    let mut out = Vec::with_capacity(n * n);
    for j in 0..n {
        out.extend((0..n).map(|i| vectors[(i, j)]));
    }
    Ok(((0..n).map(|i| values[i]).collect(), out))
}

/// Singular values in descending order and right singular vectors of the m × n matrix `a` (row-major). Vector `j` is row
/// `j` of the second result (min(m, n) × n, row-major), of norm 1, with an arbitrary sign.
///
/// # Errors
/// [`NotConverged`].
///
/// # Panics
/// If `a` does not have m · n values.
pub fn right_singular(m: usize, n: usize, a: &[f64]) -> Result<(Vec<f64>, Vec<f64>), NotConverged> {
    assert_eq!(a.len(), m * n, "a matrix of m × n");
    let size = m.min(n);
    if size == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut values = Diag::<f64>::zeros(size);
    let mut v = Mat::<f64>::zeros(n, size);
    let params = Default::default();
    let (no, thin) = (svd::ComputeSvdVectors::No, svd::ComputeSvdVectors::Thin);
    let scratch = svd::svd_scratch::<f64>(m, n, no, thin, Par::Seq, params);
    svd::svd(
        MatRef::from_row_major_slice(a, m, n),
        values.as_mut(),
        None,
        Some(v.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        params,
    )
    .map_err(|_| NotConverged { rows: m, cols: n })?;
    let mut out = Vec::with_capacity(size * n);
    for j in 0..size {
        out.extend((0..n).map(|i| v[(i, j)]));
    }
    Ok(((0..size).map(|i| values[i]).collect(), out))
}

/// Adds aᵀ·a to the lower triangle of `gram` (n × n, row-major), for `a` of m × n (row-major).
///
/// # Panics
/// If the lengths do not fit.
pub fn add_gram(m: usize, n: usize, a: &[f64], gram: &mut [f64]) {
    use faer::linalg::matmul::triangular::{BlockStructure, matmul};
    assert!(a.len() == m * n && gram.len() == n * n, "shapes");
    let a = MatRef::from_row_major_slice(a, m, n);
    matmul(
        faer::MatMut::from_row_major_slice_mut(gram, n, n),
        BlockStructure::TriangularLower,
        faer::Accum::Add,
        a.transpose(),
        BlockStructure::Rectangular,
        a,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;

    fn random(len: usize) -> Vec<f64> {
        let d = CounterRng::new(1, "eigen").at(0, 0);
        (0..len).map(|i| f64::from(d.normal(i as u64))).collect()
    }

    #[test]
    fn gram_eigen_and_singular_values_agree() {
        let (m, n) = (40, 12);
        let a = random(m * n);
        let mut gram = vec![0.0; n * n];
        add_gram(m, n, &a, &mut gram);
        for i in 0..n {
            for j in 0..=i {
                let want: f64 = (0..m).map(|r| a[r * n + i] * a[r * n + j]).sum();
                assert!((gram[i * n + j] - want).abs() < 1e-12);
            }
        }
        let (values, vectors) = symmetric(n, &gram).unwrap();
        let (sigma, right) = right_singular(m, n, &a).unwrap();
        for j in 0..n {
            assert!((values[n - 1 - j].sqrt() - sigma[j]).abs() < 1e-10);
            let (u, v) = (&vectors[(n - 1 - j) * n..(n - j) * n], &right[j * n..(j + 1) * n]);
            let dot: f64 = u.iter().zip(v).map(|(p, q)| p * q).sum();
            assert!((dot.abs() - 1.0).abs() < 1e-9);
        }
        let (sigma, right) = right_singular(n, m, &a).unwrap();
        assert_eq!((sigma.len(), right.len()), (n, n * m));
    }

    #[test]
    fn degenerate_sizes() {
        assert_eq!(symmetric(0, &[]).unwrap().0.len(), 0);
        assert_eq!(symmetric(1, &[3.0]).unwrap(), (vec![3.0], vec![1.0]));
        assert_eq!(symmetric(2, &[0.0; 4]).unwrap().0, vec![0.0, 0.0]);
    }
}
