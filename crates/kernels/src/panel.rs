//! Panels of dot products by matrix multiplication: fast, and right to within a bound, but not to the bit.
//!
//! The order in which a matrix product sums depends on the machine, so nothing that is *reported* may come from here:
//! use panels to rule pairs out, with [`error_bound`] as the margin, and compute what is left by [`crate::rows`].
//! [`product`] is for linear algebra, whose results are approximate in the same sense anyway.

use faer::{Accum, MatMut, MatRef, Par};
use gemm::Parallelism;
use planisphere_core::MatrixView;

/// Dot products of all rows of `a` with all rows of `b`, into `out`, row-major, on the calling thread.
///
/// # Panics
/// If the rows differ in length, or `out` does not have `a.rows() * b.rows()` places.
pub fn dot_panel(a: MatrixView<'_>, b: MatrixView<'_>, out: &mut [f32]) {
    let (m, n, k) = (a.rows(), b.rows(), a.cols());
    assert_eq!(k, b.cols(), "rows of different lengths");
    assert_eq!(Some(out.len()), m.checked_mul(n), "one place for each pair");
    if m == 0 || n == 0 || k == 0 {
        out.fill(0.0);
        return;
    }
    // Strides fit: a slice never has more than isize::MAX bytes.
    let (ks, ns) = (k as isize, n as isize);
    // SAFETY: `out`, `a` and `b` are valid for m × n, m × k and n × k elements in row-major order by the checks above and
    // by the invariant of `MatrixView`, and `out` does not overlap the others since it is borrowed mutably.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            ns,
            false,
            a.data().as_ptr(),
            1,
            ks,
            b.data().as_ptr(),
            ks,
            1,
            0.0f32,
            1.0f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// Numbers that [`product`] multiplies: `f32` and `f64`.
pub trait Real: faer::traits::ComplexField + Copy + 'static + sealed::Sealed {
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
}

/// A row-major matrix, or its transpose: what [`product`] takes.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a, T> {
    data: &'a [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a, T> Operand<'a, T> {
    /// `data` as `rows` × `cols` in row-major order.
    ///
    /// # Panics
    /// If the length is another.
    pub fn new(rows: usize, cols: usize, data: &'a [T]) -> Self {
        assert_eq!(Some(data.len()), rows.checked_mul(cols), "as many values as the shape says");
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// Columns `from..to`.
    ///
    /// # Panics
    /// If the range is out of bounds.
    #[must_use]
    pub fn columns(self, from: usize, to: usize) -> Self {
        assert!(from <= to && to <= self.cols, "columns of the matrix");
        let skip = (from * self.col_stride).min(self.data.len());
        Self { data: &self.data[skip..], cols: to - from, ..self }
    }

    /// The transpose, without a copy.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            data: self.data,
        }
    }

    /// Whether every place of the matrix is inside of the data.
    fn fits(&self) -> bool {
        self.rows == 0
            || self.cols == 0
            || (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride < self.data.len()
    }
}

/// a · b into `out`, row-major, on the calling thread.
///
/// For one machine and these shapes the sums have one order. What a row of the product is does not depend on the other
/// rows of `a` as long as their number is the same.
///
/// # Panics
/// If the shapes do not fit.
pub fn product<T: Real>(a: Operand<'_, T>, b: Operand<'_, T>, out: &mut [T]) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(k, b.rows, "as many rows as columns");
    assert_eq!(Some(out.len()), m.checked_mul(n), "one place for each entry of the product");
    if m == 0 || n == 0 || k == 0 {
        out.fill(T::ZERO);
        return;
    }
    assert!(a.fits() && b.fits(), "operands inside of their data");
    // SAFETY: by the checks above, `out` is valid for m × n elements in row-major order and every place of `a` (m × k) and
    // `b` (k × n) is inside of its slice; `out` does not overlap the others since it is borrowed mutably. Strides fit: a
    // slice never has more than isize::MAX bytes.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            T::ZERO,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// xᵀ·x of columns `from..to` of `x` (rows × cols, row-major) into the lower triangle of `out`, (to − from)², row-major, on the calling
/// thread. What `out` holds above the diagonal does not change.
///
/// # Panics
/// If the shapes do not fit.
pub fn gram<T: Real>(rows: usize, cols: usize, x: &[T], from: usize, to: usize, out: &mut [T]) {
    use faer::linalg::matmul::triangular::{BlockStructure, matmul};
    let width = to - from;
    assert!(x.len() == rows * cols && to <= cols && out.len() == width * width, "shapes");
    let x = MatRef::from_row_major_slice(x, rows, cols).subcols(from, width);
    matmul(
        MatMut::from_row_major_slice_mut(out, width, width),
        BlockStructure::TriangularLower,
        Accum::Replace,
        x.transpose(),
        BlockStructure::Rectangular,
        x,
        BlockStructure::Rectangular,
        T::ONE,
        Par::Seq,
    );
}

/// ε such that any way of summing a dot product of `d` terms in f32, fused or not, errs by at most ε · |a| |b|, with room
/// for what else stands between a product and a decision.
///
/// In units of u = 2⁻²⁴ times the squared norms, that is: d for the product; d/32 + 6 for the norms and d/16 + 16 for the
/// distance in the order of [`crate::rows`] (32 partial sums); 6 for distances that become equal by the square root; 14 for
/// adding up and comparing; 8 for rows moved to their mean.
///
/// Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1: γ_d = d·u / (1 − d·u), u = 2⁻²⁴.
pub fn error_bound(d: usize) -> f32 {
    let u = f64::from(f32::EPSILON) / 2.0;
    let du = (d as f64 * (1.0 + 1.0 / 8.0) + 64.0) * u;
    // Beyond 2²² terms the bound says nothing any more, and every pair is computed exactly.
    if du < 0.25 { (du / (1.0 - du)) as f32 * 1.001 } else { f32::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::{CounterRng, Matrix};

    #[test]
    fn panel_is_within_its_bound() {
        for (m, n, d) in [(1, 1, 1), (5, 7, 3), (64, 130, 384), (3, 200, 785), (2, 2, 0)] {
            let x = CounterRng::new(5, "panel").at(0, 0);
            let a = Matrix::from_vec(m, d, (0..m * d).map(|i| 1.0 + x.normal(i as u64)).collect()).unwrap();
            let b = Matrix::from_vec(n, d, (0..n * d).map(|i| x.normal((1 << 40) + i as u64)).collect()).unwrap();
            let mut out = vec![f32::NAN; m * n];
            dot_panel(a.view(), b.view(), &mut out);
            for i in 0..m {
                for j in 0..n {
                    let pairs = || a.row(i).iter().zip(b.row(j)).map(|(p, q)| (f64::from(*p), f64::from(*q)));
                    let exact: f64 = pairs().map(|(p, q)| p * q).sum();
                    let norms = pairs().map(|(p, _)| p * p).sum::<f64>().sqrt()
                        * pairs().map(|(_, q)| q * q).sum::<f64>().sqrt();
                    let e = (f64::from(out[i * n + j]) - exact).abs();
                    assert!(e <= f64::from(error_bound(d)) * norms, "{m} {n} {d}: {e}");
                }
            }
        }
    }

    #[test]
    fn products_of_parts_and_transposes() {
        let x = CounterRng::new(6, "product").at(0, 0);
        let (m, k, n) = (37, 21, 30);
        let a: Vec<f64> = (0..m * k).map(|i| f64::from(x.normal(i as u64))).collect();
        let b: Vec<f64> = (0..m * n).map(|i| f64::from(x.normal((1 << 40) + i as u64))).collect();
        let mut out = vec![f64::NAN; 16 * 25];
        // Columns 5..21 of a, transposed, with columns 5..30 of b.
        product(Operand::new(m, k, &a).columns(5, 21).transposed(), Operand::new(m, n, &b).columns(5, 30), &mut out);
        for i in 0..16 {
            for j in 0..25 {
                let want: f64 = (0..m).map(|r| a[r * k + 5 + i] * b[r * n + 5 + j]).sum();
                assert!((out[i * 25 + j] - want).abs() < 1e-12);
            }
        }
        let mut out = vec![7.0; 16 * 16];
        gram(m, k, &a, 5, 21, &mut out);
        for i in 0..16 {
            for j in 0..16 {
                let want: f64 = (0..m).map(|r| a[r * k + 5 + i] * a[r * k + 5 + j]).sum();
                assert!((out[i * 16 + j] - if j <= i { want } else { 7.0 }).abs() < 1e-12);
            }
        }
        let none = Operand::<f32>::new(0, 3, &[]);
        let mut out = [1.0; 9];
        product(none.transposed(), none, &mut out);
        assert_eq!(out, [0.0; 9]);
        product(none, none.transposed(), &mut []);
    }

    #[test]
    fn bound_grows_and_gives_up() {
        assert!(error_bound(10) < error_bound(1000));
        assert!(error_bound(100_000_000).is_infinite());
    }
}
