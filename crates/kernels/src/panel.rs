//! Panels of dot products by matrix multiplication: fast, and right to within a bound, but not to the bit.
//!
//! The order in which a matrix product sums depends on the machine, so nothing that is *reported* may come from here:
//! use panels to rule pairs out, with [`error_bound`] as the margin, and compute what is left by [`crate::rows`].

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
    fn bound_grows_and_gives_up() {
        assert!(error_bound(10) < error_bound(1000));
        assert!(error_bound(100_000_000).is_infinite());
    }
}
