//! Dense symmetric matrices of the size of a block of vectors.

use crate::error::Result;
use planisphere_kernels::eigen;

/// Matrices up to this size are diagonalized here, larger ones by the general solver.
const MOST: usize = 16;
/// Sweeps at most; convergence is quadratic, and 6 to 8 are usual.
const SWEEPS: usize = 30;

/// Eigenvalues in ascending order and eigenvectors (vector `j` is row `j`) of the symmetric b × b matrix `a`.
///
/// Small ones by Jacobi's cyclic method in the scheme of Rutishauser (1966): plain sums and products in a fixed order,
/// which give the same bits on every machine.
pub(crate) fn symmetric(b: usize, a: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    if b > MOST {
        return Ok(eigen::symmetric(b, a)?);
    }
    let mut a = a.to_vec();
    let mut v = vec![0.0; b * b];
    (0..b).for_each(|i| v[i * b + i] = 1.0);
    let size: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..b).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * b + j] * a[i * b + j]).sum();
        if off <= 1e-32 * size {
            break;
        }
        for p in 0..b {
            for q in p + 1..b {
                rotate(b, &mut a, &mut v, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..b).collect();
    order.sort_by(|&i, &j| a[i * b + i].total_cmp(&a[j * b + j]));
    let values = order.iter().map(|&i| a[i * b + i]).collect();
    let vectors = order.iter().flat_map(|&i| v[i * b..(i + 1) * b].iter().copied()).collect();
    Ok((values, vectors))
}

/// Turns axes `p` and `q` so that a[p, q] becomes 0.
fn rotate(b: usize, a: &mut [f64], v: &mut [f64], p: usize, q: usize) {
    let off = a[p * b + q];
    if off == 0.0 {
        return;
    }
    let theta = (a[q * b + q] - a[p * b + p]) / (2.0 * off);
    let t = 1f64.copysign(theta) / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    let turn = |x: f64, y: f64| (c * x - s * y, s * x + c * y);
    for i in 0..b {
        (a[i * b + p], a[i * b + q]) = turn(a[i * b + p], a[i * b + q]);
    }
    for i in 0..b {
        (a[p * b + i], a[q * b + i]) = turn(a[p * b + i], a[q * b + i]);
        (v[p * b + i], v[q * b + i]) = turn(v[p * b + i], v[q * b + i]);
    }
    (a[p * b + q], a[q * b + p]) = (0.0, 0.0);
}

/// w · m · wᵀ of b × b matrices, `m` symmetric.
pub(crate) fn sandwich(b: usize, w: &[f64], m: &[f64]) -> Vec<f64> {
    let product = |x: &[f64], y: &[f64]| {
        let mut out = vec![0.0; b * b];
        for (out, x) in out.chunks_exact_mut(b).zip(x.chunks_exact(b)) {
            for (x, y) in x.iter().zip(y.chunks_exact(b)) {
                out.iter_mut().zip(y).for_each(|(o, y)| *o += x * y);
            }
        }
        out
    };
    let transposed: Vec<f64> = (0..b * b).map(|p| w[p % b * b + p / b]).collect();
    product(&product(w, m), &transposed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;

    #[test]
    fn diagonalizes() {
        for b in [1, 2, 8, 16, 24] {
            let draws = CounterRng::new(b as u64, "small").at(0, 0);
            let mut a = vec![0.0; b * b];
            for i in 0..b {
                for j in 0..=i {
                    let x = f64::from(draws.normal((i * b + j) as u64)) * 0.1f64.powi(i as i32 % 5);
                    (a[i * b + j], a[j * b + i]) = (x, x);
                }
            }
            let (values, vectors) = symmetric(b, &a).unwrap();
            assert!(values.windows(2).all(|w| w[0] <= w[1]));
            let diagonal = sandwich(b, &vectors, &a);
            let identity: Vec<f64> = (0..b * b).map(|p| f64::from(u8::from(p / b == p % b))).collect();
            for (p, (d, i)) in diagonal.iter().zip(sandwich(b, &vectors, &identity)).enumerate() {
                let want = if p / b == p % b { (values[p / b], 1.0) } else { (0.0, 0.0) };
                assert!((d - want.0).abs() < 1e-13 && (i - want.1).abs() < 1e-13, "{b}, {p}: {d} {i}");
            }
        }
        assert_eq!(symmetric(2, &[0.0; 4]).unwrap(), (vec![0.0; 2], vec![1.0, 0.0, 0.0, 1.0]));
    }
}
