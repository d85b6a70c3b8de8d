//! The forces.

use planisphere_kernels::math;

/// A step moves a coordinate by at most this, times the learning rate.
const CLIP: f32 = 4.0;
/// Keeps repulsion finite.
const SOFTEN: f32 = 1e-3;

/// The curve 1 / (1 + a d²ᵇ) whose slopes are the forces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve {
    a: f32,
    b: f32,
}

impl Curve {
    pub(super) fn new((a, b): (f64, f64)) -> Self {
        Self { a: a as f32, b: b as f32 }
    }

    /// What attraction or repulsion by a point `delta` away adds to the position, each coordinate clipped. Coinciding
    /// points have no direction, so they get nothing.
    #[inline(always)]
    pub(super) fn force(self, delta: [f32; 2], attract: bool) -> [f32; 2] {
        let d2 = delta[0].mul_add(delta[0], delta[1] * delta[1]).max(f32::MIN_POSITIVE);
        let p = math::pow(d2, self.b);
        let (over, under) = if attract { (-2.0 * self.a * self.b * p, d2) } else { (2.0 * self.b, SOFTEN + d2) };
        let c = over / (under * self.a.mul_add(p, 1.0));
        delta.map(|d| (c * d).clamp(-CLIP, CLIP))
    }
}
