//! Space, seen from a camera.

use crate::spec::{AspectMode, Scene, Xyz};

/// From coordinates to a plane in front of the camera.
pub(super) struct View {
    middle: [f64; 3],
    /// Length of a unit along each axis.
    unit: [f64; 3],
    eye: [f64; 3],
    right: [f64; 3],
    up: [f64; 3],
    ahead: [f64; 3],
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn unit(a: [f64; 3]) -> Option<[f64; 3]> {
    let length = dot(a, a).sqrt();
    (length > 1e-9).then(|| a.map(|x| x / length))
}

fn xyz(place: Option<&Xyz>, usual: [f64; 3]) -> [f64; 3] {
    place.map_or(usual, |p| [p.x.unwrap_or(usual[0]), p.y.unwrap_or(usual[1]), p.z.unwrap_or(usual[2])])
}

impl View {
    /// Of a scene with these least and greatest coordinates.
    pub(super) fn new(scene: Option<&Scene>, bounds: &[(f64, f64); 3]) -> Self {
        let span = bounds.map(|(low, high)| if high > low { high - low } else { 1.0 });
        // As plotly.js does: the product of the sides is 1; a side that is much longer makes a cube of it.
        let mean = (span[0] * span[1] * span[2]).cbrt();
        let longest = span.iter().copied().fold(0.0, f64::max);
        let shortest = span.iter().copied().fold(f64::INFINITY, f64::min);
        let cube = match scene.and_then(|s| s.aspectmode) {
            Some(AspectMode::Cube) => true,
            Some(AspectMode::Data) => false,
            _ => longest > 4.0 * shortest,
        };
        let camera = scene.and_then(|s| s.camera.as_ref());
        let eye = xyz(camera.and_then(|c| c.eye.as_ref()), [1.25; 3]);
        let center = xyz(camera.and_then(|c| c.center.as_ref()), [0.0; 3]);
        let ahead = unit(minus(center, eye)).unwrap_or([-1.0, 0.0, 0.0]);
        let above = xyz(camera.and_then(|c| c.up.as_ref()), [0.0, 0.0, 1.0]);
        // Straight from above, any direction is up.
        let right =
            unit(cross(ahead, above)).or_else(|| unit(cross(ahead, [0.0, 1.0, 0.0]))).unwrap_or([1.0, 0.0, 0.0]);
        Self {
            middle: bounds.map(|(low, high)| (low + high) / 2.0),
            unit: span.map(|s| if cube { 1.0 / s } else { 1.0 / mean }),
            eye,
            right,
            up: cross(right, ahead),
            ahead,
        }
    }

    /// Right, up, and how far away.
    pub(super) fn project(&self, p: [f64; 3]) -> (f64, f64, f64) {
        let scaled: [f64; 3] = std::array::from_fn(|i| (p[i] - self.middle[i]) * self.unit[i]);
        let from_eye = minus(scaled, self.eye);
        // What is at the eye or behind it stands at its edge.
        let far = dot(from_eye, self.ahead).max(0.05);
        (dot(from_eye, self.right) / far, dot(from_eye, self.up) / far, far)
    }
}

/// The corners of a box, the first two bits of which are x and y.
pub(super) fn corners(bounds: &[(f64, f64); 3]) -> [[f64; 3]; 8] {
    std::array::from_fn(|i| {
        std::array::from_fn(|axis| if i >> axis & 1 == 0 { bounds[axis].0 } else { bounds[axis].1 })
    })
}

/// Pairs of corners that an edge joins.
pub(super) fn edges() -> impl Iterator<Item = (usize, usize)> {
    (0..8usize).flat_map(|a| (0..3).map(move |axis| (a, a | 1 << axis))).filter(|(a, b)| a != b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_large_and_up_is_up() {
        let bounds = [(-1.0, 1.0), (0.0, 2.0), (5.0, 7.0)];
        let view = View::new(None, &bounds);
        let (x, y, far) = view.project([0.0, 1.0, 6.0]);
        assert!(x.abs() < 1e-12 && y.abs() < 1e-12 && (far - 1.25 * 3f64.sqrt()).abs() < 1e-12);
        assert!(view.project([0.0, 1.0, 7.0]).1 > 0.0);
        assert!(view.project([1.0, 2.0, 7.0]).2 < far && view.project([-1.0, 0.0, 5.0]).2 > far);
        assert_eq!(edges().count(), 12);
        assert_eq!(corners(&bounds)[5], [1.0, 0.0, 7.0]);
        let all = [f64::MAX, -1e300, 0.0];
        assert!([view.project(all).0, view.project(all).1].iter().all(|v| !v.is_nan()));
    }
}
