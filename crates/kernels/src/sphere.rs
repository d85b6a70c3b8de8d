//! Angles between points of a sphere.

use crate::math;
use crate::simd::{Kernel, Simd};

/// Points on the unit sphere, one slice a coordinate.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    /// First coordinates.
    pub x: &'a [f64],
    /// Second coordinates.
    pub y: &'a [f64],
    /// Third coordinates.
    pub z: &'a [f64],
}

/// The angle between two unit vectors, in [0, π]: from the chord, which is exact where points lie close.
#[inline(always)]
fn angle(a: [f64; 3], b: [f64; 3]) -> f32 {
    let (x, y, z) = (a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    let chord = z.mul_add(z, y.mul_add(y, x * x)).sqrt();
    (2.0 * math::asin((0.5 * chord).min(1.0))) as f32
}

struct Many<'a>([f64; 3], Points<'a>, &'a mut [f32]);

impl Kernel for Many<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self(q, p, out) = self;
        let n = out.len();
        // Of one length, so that the loop is straight vector code.
        let (x, y, z) = (&p.x[..n], &p.y[..n], &p.z[..n]);
        for j in 0..n {
            out[j] = angle(q, [x[j], y[j], z[j]]);
        }
    }
}

/// Angles in radians between the unit vector `q` and each of `points`, into `out`.
///
/// # Panics
/// If there are fewer points than places in `out`.
pub fn angles_to_points(simd: Simd, q: [f64; 3], points: Points<'_>, out: &mut [f32]) {
    simd.run(Many(q, points, out));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_right_on_all_levels() {
        // On a great circle, at known angles from the first point.
        let angles: Vec<f64> =
            (0..1000).map(|i| std::f64::consts::PI * f64::from(i) / 999.0).chain([1e-7, 3e-5]).collect();
        let (x, y): (Vec<f64>, Vec<f64>) = angles.iter().map(|a| (a.cos(), a.sin())).unzip();
        let z = vec![0.0; x.len()];
        let points = Points { x: &x, y: &y, z: &z };
        for simd in Simd::available() {
            let mut out = vec![0f32; x.len()];
            angles_to_points(simd, [1.0, 0.0, 0.0], points, &mut out);
            for (got, want) in out.iter().zip(&angles) {
                assert!((f64::from(*got) - want).abs() <= 1.2e-7 * want, "{got} {want}");
            }
            let mut scalar = vec![0f32; x.len()];
            angles_to_points(Simd::available()[0], [1.0, 0.0, 0.0], points, &mut scalar);
            assert_eq!(out, scalar);
            // One at a time, as a query of listed points does.
            for j in [0, 17, 999] {
                let one = Points { x: &x[j..], y: &y[j..], z: &z[j..] };
                let mut d = [0f32];
                angles_to_points(simd, [1.0, 0.0, 0.0], one, &mut d);
                assert_eq!(d[0], out[j]);
            }
        }
    }
}
