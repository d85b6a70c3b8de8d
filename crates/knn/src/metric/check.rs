//! Parameters of metrics against the data's columns.

use super::Metric;
use crate::error::{Error, Result};

/// How far VI may be from symmetric, relative to its largest entry: what computing an inverse leaves.
const ASYMMETRY: f64 = 1e-6;

impl Metric {
    /// Checks the parameters for rows of `cols` columns.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for an exponent below 1; for weights, variances or an inverse covariance of the wrong length,
    /// not finite or out of range; for an inverse covariance that is not symmetric and positive semidefinite; for
    /// [`Metric::Haversine`] unless there are two columns.
    pub fn check(&self, cols: usize) -> Result<()> {
        match self {
            Self::Minkowski { p } => exponent(*p),
            Self::WMinkowski { p, w } => {
                exponent(*p)?;
                each_column("w", w, cols, |w| w >= 0.0, "must be a finite number of at least 0")
            }
            Self::SEuclidean { v } => each_column("v", v, cols, |v| v > 0.0, "must be a finite number above 0"),
            Self::Mahalanobis { vi } => factor(vi, cols).map(drop),
            Self::Haversine if cols != 2 => {
                let reason = format!("needs rows of 2 columns, latitude and longitude in radians, not of {cols}");
                Err(Error::InvalidParam { param: "metric", value: self.to_string(), reason })
            }
            _ => Ok(()),
        }
    }
}

fn invalid(param: &'static str, value: impl ToString, reason: impl Into<String>) -> Error {
    Error::InvalidParam { param, value: value.to_string(), reason: reason.into() }
}

fn exponent(p: f64) -> Result<()> {
    if p >= 1.0 { Ok(()) } else { Err(invalid("p", p, "must be at least 1 (infinity is)")) }
}

fn each_column(
    param: &'static str,
    values: &[f64],
    cols: usize,
    allowed: impl Fn(f64) -> bool,
    reason: &str,
) -> Result<()> {
    if values.len() != cols {
        let reason = format!("there must be one for each of the {cols} columns");
        return Err(invalid(param, format!("{} values", values.len()), reason));
    }
    match values.iter().position(|&v| !(v.is_finite() && allowed(v))) {
        Some(c) => Err(invalid(param, values[c], format!("{reason}, but is not in column {c}"))),
        None => Ok(()),
    }
}

/// L, lower trapezoidal up to an order of its rows, with VI = L·Lᵀ: `cols` × `cols` in row-major order, columns beyond the
/// rank 0. By Cholesky's method with the largest pivot first, which finds the rank and what is not positive
/// semidefinite; in plain order, so that it gives the same bits everywhere.
pub(crate) fn factor(vi: &[f64], cols: usize) -> Result<Vec<f64>> {
    let d = cols;
    if d.checked_mul(d) != Some(vi.len()) {
        let reason = format!("must be a matrix of {d} × {d}, one row and column for each of the data's");
        return Err(invalid("vi", format!("{} values", vi.len()), reason));
    }
    if let Some(at) = vi.iter().position(|v| !v.is_finite()) {
        return Err(invalid("vi", vi[at], format!("must be finite, but is not in row {}, column {}", at / d, at % d)));
    }
    let largest = vi.iter().fold(0f64, |m, v| m.max(v.abs()));
    // What is left to be factored: the symmetric part, which is all that the distance sees.
    let mut rest = vec![0f64; d * d];
    for i in 0..d {
        for j in 0..d {
            let (a, b) = (vi[i * d + j], vi[j * d + i]);
            if (a - b).abs() > ASYMMETRY * largest {
                let reason = format!("must be symmetric, but is {b} in row {j}, column {i}");
                return Err(invalid("vi", format!("{a} in row {i}, column {j}"), reason));
            }
            rest[i * d + j] = 0.5 * a + 0.5 * b;
        }
    }
    // The symmetric part is known to no more than this, and elimination adds a rounding for each step.
    let noise = largest * (d as f64 * 4.0 * f64::EPSILON).max(asymmetry(vi, d, largest));
    let mut l = vec![0f64; d * d];
    for step in 0..d {
        let Some((pivot, top)) = (0..d).map(|i| (i, rest[i * d + i])).max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        if top <= noise {
            break;
        }
        let root = top.sqrt();
        let column: Vec<f64> = (0..d).map(|i| rest[i * d + pivot] / root).collect();
        for i in 0..d {
            l[i * d + step] = column[i];
            let f = column[i];
            if f != 0.0 {
                for (r, c) in rest[i * d..(i + 1) * d].iter_mut().zip(&column) {
                    *r -= f * c;
                }
            }
        }
        // Exactly nothing is left of this row and column.
        for i in 0..d {
            rest[i * d + pivot] = 0.0;
            rest[pivot * d + i] = 0.0;
        }
    }
    // Of a positive semidefinite matrix no pivots left means nothing left.
    if let Some(at) = rest.iter().position(|r| r.abs() > 16.0 * noise) {
        let reason = format!("must be positive semidefinite, but is not (row {}, column {})", at / d, at % d);
        return Err(invalid("vi", format!("a matrix of {d} × {d}"), reason));
    }
    Ok(l)
}

/// The largest difference across the diagonal, relative to the largest entry.
fn asymmetry(vi: &[f64], d: usize, largest: f64) -> f64 {
    let mut most = 0f64;
    for i in 0..d {
        for j in 0..i {
            most = most.max((vi[i * d + j] - vi[j * d + i]).abs());
        }
    }
    if largest > 0.0 { most / largest } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;

    fn message(m: Metric, cols: usize) -> String {
        m.check(cols).unwrap_err().to_string()
    }

    #[test]
    fn parameters_are_named() {
        assert_eq!(message(Metric::Minkowski { p: 0.5 }, 3), "p = 0.5: must be at least 1 (infinity is)");
        assert!(message(Metric::Minkowski { p: f64::NAN }, 3).starts_with("p = NaN"));
        assert!(Metric::Minkowski { p: f64::INFINITY }.check(3).is_ok());
        let w = |w: &[f64]| Metric::WMinkowski { p: 1.0, w: w.to_vec() };
        assert_eq!(message(w(&[1.0]), 2), "w = 1 values: there must be one for each of the 2 columns");
        assert!(message(w(&[1.0, -1.0]), 2).contains("column 1"));
        assert!(message(w(&[f64::INFINITY, 1.0]), 2).contains("column 0"));
        assert!(w(&[0.0, 2.0]).check(2).is_ok());
        assert!(message(Metric::SEuclidean { v: vec![1.0, 0.0] }, 2).contains("above 0"));
        assert!(message(Metric::Haversine, 3).contains("not of 3"));
        assert!(Metric::Haversine.check(2).is_ok());
        let vi = |vi: &[f64]| Metric::Mahalanobis { vi: vi.to_vec() };
        assert!(message(vi(&[1.0; 3]), 2).contains("2 × 2"));
        assert!(message(vi(&[1.0, 0.5, 0.4, 1.0]), 2).contains("symmetric"));
        assert!(message(vi(&[1.0, 2.0, 2.0, 1.0]), 2).contains("semidefinite"));
        assert!(message(vi(&[-1.0]), 1).contains("semidefinite"));
        assert!(message(vi(&[0.0, 1.0, 1.0, 0.0]), 2).contains("semidefinite"));
        assert!(message(vi(&[1.0, f64::NAN, 0.0, 1.0]), 2).contains("row 0, column 1"));
        assert!(vi(&[0.0; 4]).check(2).is_ok());
        assert!(vi(&[1.0, 1.0, 1.0, 1.0]).check(2).is_ok());
    }

    #[test]
    fn factors_multiply_to_the_matrix_whatever_the_rank() {
        let draws = CounterRng::new(3, "factor").at(0, 0);
        for (d, rank) in [(1, 1), (5, 5), (20, 7), (33, 33), (40, 1)] {
            let b: Vec<f64> = (0..d * rank).map(|i| f64::from(draws.normal(i as u64))).collect();
            let mut vi = vec![0f64; d * d];
            for i in 0..d {
                for j in 0..d {
                    vi[i * d + j] = (0..rank).map(|r| b[i * rank + r] * b[j * rank + r]).sum();
                }
            }
            let l = factor(&vi, d).unwrap();
            for i in 0..d {
                for j in 0..d {
                    let got: f64 = (0..d).map(|s| l[i * d + s] * l[j * d + s]).sum();
                    assert!((got - vi[i * d + j]).abs() < 1e-10 * d as f64, "{d} {rank}");
                }
            }
            assert!(l.chunks(d).all(|row| row[rank..].iter().all(|v| v.abs() < 1e-6)));
        }
    }
}
