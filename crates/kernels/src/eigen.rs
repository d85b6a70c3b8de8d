//! Dense symmetric eigenproblems, singular values and QR in f64, on the calling thread, but for [`symmetric_leading`], which computes
//! vectors on the current threads.
//!
//! The work is done by [faer]; the wrappers fix what would otherwise depend on global settings: each piece of it is sequential, so
//! that the number of threads never changes a bit. (The instruction set may, in the last places.)

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::{evd, householder, qr, svd};
use faer::{Conj, Mat, MatRef, Par};
use rayon::prelude::*;

/// Eigenvectors that one task computes the last step of; a constant, so that results do not depend on the number of threads.
const GROUP: usize = 64;

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

/// All eigenvalues in ascending order and the eigenvectors of the `count` largest of the symmetric n × n matrix `a` (row-major; only
/// the lower triangle is read). The vector of the largest is row 0 of the second result (count × n, row-major), and so on; of
/// norm 1, with arbitrary signs. On the current threads, whose number does not change a bit.
///
/// # Errors
/// [`NotConverged`].
///
/// # Panics
/// If `a` does not have n² values, or `count > n`.
pub fn symmetric_leading(n: usize, a: &[f64], count: usize) -> Result<(Vec<f64>, Vec<f64>), NotConverged> {
    assert!(a.len() == n * n && count <= n, "a square matrix, and no more vectors than it has");
    if n < 2 {
        return symmetric(n, a).map(|(values, vectors)| (values, vectors[..count * n].to_vec()));
    }
    let failed = |_| NotConverged { rows: n, cols: n };
    // A = H·T·Hᵀ with T tridiagonal; its eigenvectors are H times those of T, a few of them.
    let mut reflections = Mat::<f64>::zeros(n, n);
    reflections.copy_from_triangular_lower(MatRef::from_row_major_slice(a, n, n));
    let block = qr::no_pivoting::factor::recommended_block_size::<f64>(n, n);
    let mut coefficients = Mat::<f64>::zeros(block, n - 1);
    let scratch = evd::tridiag::tridiag_in_place_scratch::<f64>(n, Par::Seq, Default::default());
    evd::tridiag::tridiag_in_place(
        reflections.as_mut(),
        coefficients.as_mut(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    );
    let (mut diagonal, mut beside) = (Diag::<f64>::zeros(n), Diag::<f64>::zeros(n));
    for i in 0..n {
        diagonal[i] = reflections[(i, i)];
        if i + 1 < n {
            beside[i] = reflections[(i + 1, i)];
        }
    }
    let mut values = Diag::<f64>::zeros(n);
    let mut vectors = Mat::<f64>::zeros(n, n);
    // More than the tridiagonal problem takes.
    let scratch = evd::self_adjoint_evd_scratch::<f64>(n, evd::ComputeEigenvectors::Yes, Par::Seq, Default::default());
    evd::tridiagonal_self_adjoint_evd(
        diagonal.as_ref(),
        beside.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .map_err(failed)?;
    // Vectors do not depend on each other, so each group of them is a task.
    let mut out = vec![0.0; count * n];
    out.par_chunks_mut(GROUP * n).enumerate().for_each(|(g, out)| {
        let width = out.len() / n;
        let first = n - g * GROUP - width;
        let mut some = vectors.subcols(first, width).to_owned();
        let scratch =
            householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(n - 1, block, width);
        householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
            reflections.submatrix(1, 0, n - 1, n - 1),
            coefficients.as_ref(),
            Conj::No,
            some.as_mut().subrows_mut(1, n - 1),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
        );
        for (j, out) in out.chunks_exact_mut(n).enumerate() {
            out.iter_mut().enumerate().for_each(|(i, o)| *o = some[(i, width - 1 - j)]);
        }
    });
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

/// The triangular factor R of the m × n matrix `a` (row-major) in a = Q·R: min(m, n) × n, row-major, zeros below the
/// diagonal. The signs of its rows are arbitrary.
///
/// # Panics
/// If `a` does not have m · n values.
pub fn triangular(m: usize, n: usize, a: &[f64]) -> Vec<f64> {
    assert_eq!(a.len(), m * n, "a matrix of m × n");
    let size = m.min(n);
    let mut out = vec![0.0; size * n];
    if size == 0 {
        return out;
    }
    let a = factor(m, n, a).0;
    for (i, row) in out.chunks_exact_mut(n).enumerate() {
        for (j, v) in row.iter_mut().enumerate().skip(i) {
            *v = a[(i, j)];
        }
    }
    out
}

/// An orthonormal basis of the columns of the m × n matrix `a` (row-major), m ≥ n: m × n, row-major. Columns that
/// depend on those before them are replaced by others, orthogonal to all.
///
/// # Panics
/// If `a` does not have m · n values, or m < n.
pub fn orthonormal(m: usize, n: usize, a: &[f64]) -> Vec<f64> {
    assert!(a.len() == m * n && m >= n, "a tall matrix of m × n");
    if n == 0 {
        return Vec::new();
    }
    let (a, coefficients) = factor(m, n, a);
    let mut q = Mat::<f64>::identity(m, n);
    let scratch =
        householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(m, coefficients.nrows(), n);
    householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
        a.as_ref(),
        coefficients.as_ref(),
        Conj::No,
        q.as_mut(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
    );
    let mut out = Vec::with_capacity(m * n);
    for i in 0..m {
        out.extend((0..n).map(|j| q[(i, j)]));
    }
    out
}

/// Householder reflections of `a`, and their coefficients.
fn factor(m: usize, n: usize, a: &[f64]) -> (Mat<f64>, Mat<f64>) {
    let mut a = MatRef::from_row_major_slice(a, m, n).to_owned();
    let params = Default::default();
    let block = qr::no_pivoting::factor::recommended_block_size::<f64>(m, n);
    let mut coefficients = Mat::<f64>::zeros(block, m.min(n));
    let scratch = qr::no_pivoting::factor::qr_in_place_scratch::<f64>(m, n, block, Par::Seq, params);
    qr::no_pivoting::factor::qr_in_place(
        a.as_mut(),
        coefficients.as_mut(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        params,
    );
    (a, coefficients)
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
        let expected = gram(m, n, &a);
        let mut gram = vec![0.0; n * n];
        add_gram(m, n, &a, &mut gram);
        for i in 0..n {
            for j in 0..=i {
                assert!((gram[i * n + j] - expected[i * n + j]).abs() < 1e-12);
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

    fn gram(m: usize, n: usize, a: &[f64]) -> Vec<f64> {
        let entry = |i: usize, j: usize| (0..m).map(|r| a[r * n + i] * a[r * n + j]).sum();
        (0..n * n).map(|at| entry(at / n, at % n)).collect()
    }

    #[test]
    fn triangular_factor_and_basis() {
        for (m, n) in [(40, 12), (5, 9), (7, 7), (1, 1), (0, 3), (3, 0)] {
            let a = random(m * n);
            let r = triangular(m, n, &a);
            for (got, want) in gram(m.min(n), n, &r).iter().zip(gram(m, n, &a)) {
                assert!((got - want).abs() < 1e-12);
            }
            assert!((0..m.min(n)).all(|i| r[i * n..i * n + i].iter().all(|&v| v == 0.0)));
        }
        // The last column repeats the first, the one before is 0.
        let mut a = random(30 * 5);
        for row in a.chunks_exact_mut(5) {
            row[3] = 0.0;
            row[4] = row[0];
        }
        let q = orthonormal(30, 5, &a);
        for (at, v) in gram(30, 5, &q).iter().enumerate() {
            assert!((v - f64::from(u8::from(at / 5 == at % 5))).abs() < 1e-12);
        }
        for j in 0..5 {
            // Nothing of the columns is outside of the basis.
            let shares: f64 = (0..5).map(|b| (0..30).map(|i| q[i * 5 + b] * a[i * 5 + j]).sum::<f64>().powi(2)).sum();
            let whole: f64 = (0..30).map(|i| a[i * 5 + j].powi(2)).sum();
            assert!((shares - whole).abs() < 1e-10);
        }
    }

    #[test]
    fn leading_vectors_are_those_of_all() {
        for (n, count) in [(1, 1), (1, 0), (2, 2), (30, 7), (200, 150), (150, 150)] {
            let a = gram(n + 5, n, &random((n + 5) * n));
            let (values, vectors) = symmetric(n, &a).unwrap();
            let (again, leading) = symmetric_leading(n, &a, count).unwrap();
            assert_eq!(leading.len(), count * n);
            for (u, v) in values.iter().zip(&again) {
                assert!((u - v).abs() < 1e-10 * values[n - 1]);
            }
            for (u, v) in leading.chunks_exact(n).zip(vectors.rchunks_exact(n)) {
                let dot: f64 = u.iter().zip(v).map(|(p, q)| p * q).sum();
                assert!((dot.abs() - 1.0).abs() < 1e-8, "{n} {count}: {dot}");
            }
            let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
            assert_eq!(two.install(|| symmetric_leading(n, &a, count)).unwrap(), (again, leading));
        }
    }

    #[test]
    fn degenerate_sizes() {
        assert_eq!(symmetric(0, &[]).unwrap().0.len(), 0);
        assert_eq!(symmetric(1, &[3.0]).unwrap(), (vec![3.0], vec![1.0]));
        assert_eq!(symmetric(2, &[0.0; 4]).unwrap().0, vec![0.0, 0.0]);
    }
}
