//! The curve 1 / (1 + a d²ᵇ) that turns distances on the map into closeness.

use crate::error::{Error, Result};
use planisphere_kernels::math::{exp, ln};

/// Points of the curve that are fitted, from 0 to 3 · spread: those of umap-learn.
const POINTS: usize = 300;

/// a and b of the curve that fits, by least squares, closeness 1 up to `min_dist` and exp(−(d − min_dist) / spread) beyond.
///
/// ```
/// let (a, b) = planisphere_umap::find_ab(1.0, 0.1)?;
/// assert!((a - 1.577).abs() < 1e-3 && (b - 0.895).abs() < 1e-3);
/// # Ok::<(), planisphere_umap::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoCurve`] unless `spread` is a number above 0 and `min_dist` one of at least 0, and if the fit does not converge
/// to positive numbers.
pub fn find_ab(spread: f64, min_dist: f64) -> Result<(f64, f64)> {
    let fail = Error::NoCurve { min_dist, spread };
    if !(spread.is_normal() && spread > 0.0 && min_dist.is_finite() && min_dist >= 0.0) {
        return Err(fail);
    }
    // Distances are measured in units of `spread`, and the curve is brought back to size at the end.
    let flat = min_dist / spread;
    let points: Vec<(f64, f64)> = (0..POINTS)
        .map(|i| {
            let x = 3.0 * i as f64 / (POINTS - 1) as f64;
            let y = if x < flat { 1.0 } else { exp(flat - x) };
            (if x > 0.0 { ln(x) } else { f64::NEG_INFINITY }, y)
        })
        .collect();
    // Levenberg and Marquardt's method in (ln a, b): a stays positive by construction.
    let (mut la, mut b) = (0.0f64, 1.0f64);
    let mut damping = 1e-3;
    let mut better = false;
    let mut cost = normal_equations(&points, la, b).cost;
    for _ in 0..500 {
        let e = normal_equations(&points, la, b);
        let mut moved = false;
        while damping < 1e12 {
            let (h11, h22) = (e.h11 * (1.0 + damping), e.h22 * (1.0 + damping));
            let det = h11 * h22 - e.h12 * e.h12;
            let (da, db) = ((h22 * e.g1 - e.h12 * e.g2) / det, (h11 * e.g2 - e.h12 * e.g1) / det);
            let (la2, b2) = (la + da, b + db);
            let trial = normal_equations(&points, la2, b2).cost;
            if trial.is_finite() && trial <= cost && b2 > 0.0 {
                moved = da.abs() > 1e-12 * (1.0 + la.abs()) || db.abs() > 1e-12 * b;
                (la, b, cost) = (la2, b2, trial);
                better = true;
                damping = (damping * 0.3).max(1e-12);
                break;
            }
            damping *= 4.0;
        }
        if !moved {
            let a = exp((-2.0 * b).mul_add(ln(spread), la));
            let sound = better && a.is_normal() && a < f64::from(f32::MAX) && a > 0.0 && b > 0.0;
            return if sound { Ok((a, b)) } else { Err(fail) };
        }
    }
    Err(fail)
}

/// Half the sum of squares, and JᵀJ and −Jᵀr of the residuals in (ln a, b).
struct Normal {
    cost: f64,
    h11: f64,
    h12: f64,
    h22: f64,
    g1: f64,
    g2: f64,
}

fn normal_equations(points: &[(f64, f64)], la: f64, b: f64) -> Normal {
    let mut n = Normal { cost: 0.0, h11: 0.0, h12: 0.0, h22: 0.0, g1: 0.0, g2: 0.0 };
    for &(lx, y) in points {
        // u = a x²ᵇ; the curve is 1 / (1 + u).
        let u = if lx.is_finite() { exp(2.0f64.mul_add(b * lx, la)) } else { 0.0 };
        let f = 1.0 / (1.0 + u);
        let r = f - y;
        let slope = -f * f * u;
        let (j1, j2) = (slope, if u > 0.0 { slope * 2.0 * lx } else { 0.0 });
        n.cost += 0.5 * r * r;
        n.h11 += j1 * j1;
        n.h12 += j1 * j2;
        n.h22 += j2 * j2;
        n.g1 -= j1 * r;
        n.g2 -= j2 * r;
    }
    n
}
