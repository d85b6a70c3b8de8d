//! Where the nodes of the grid are.

/// Nodes that a cubic spline touches along an axis.
pub(super) const ORDER: usize = 4;
/// Room along each axis in which what lies outside of the grid fades away.
const MARGIN: usize = 8;
/// Least number of nodes that the points extend over.
const MIN_NODES: f32 = 40.0;
/// Most nodes along an axis, of a line and of a plane. Where the map is larger, the nodes are farther apart than was asked for:
/// time and memory have a bound even if points run away.
const MAX_NODES: [usize; 2] = [1 << 18, 4096];
/// Spacings other than the widest one are this many to a factor of 2, so that a spectrum serves for many iterations.
const STEPS: f32 = 4.0;

/// Nodes at `origin + spacing · i`, along each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape<const D: usize> {
    pub(super) origin: [f32; D],
    pub(super) spacing: f32,
    pub(super) axes: [Axis; D],
}

/// Nodes along one axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) nodes: usize,
    /// Length of the transforms: at least twice the nodes, so that nothing wraps around.
    pub(super) padded: usize,
}

impl<const D: usize> Shape<D> {
    /// Nodes at most `widest` apart around the box from `low` to `high`, and `reach` around it. What depends on more than
    /// the origin changes rarely.
    pub(super) fn around(low: [f32; D], high: [f32; D], reach: f32, widest: f32) -> Self {
        let mut span = [0f32; D];
        let mut extent = 0f32;
        for c in 0..D {
            span[c] = high[c] - low[c] + 2.0 * reach;
            extent = extent.max(span[c]);
        }
        let fine = (extent / MIN_NODES).max(f32::MIN_POSITIVE * 1e6);
        let most = if D == 1 { MAX_NODES[0] } else { MAX_NODES[1] };
        let coarse = extent / (most - 2 * ORDER) as f32;
        // Other spacings are the widest one times powers of 2^(1/STEPS): at most `fine` below, at least `coarse` above.
        let steps = |to: f32| f64::from(to / widest).log2() * f64::from(STEPS);
        let steps = if coarse > widest {
            steps(coarse).ceil()
        } else if fine < widest {
            steps(fine).floor()
        } else {
            0.0
        };
        let spacing = (f64::from(widest) * (steps / f64::from(STEPS)).exp2()) as f32;
        let mut shape = Self { origin: low, spacing, axes: [Axis::default(); D] };
        for c in 0..D {
            let axis = Axis::with((span[c] / spacing).ceil() as usize + ORDER + 1);
            // The box in the middle of the nodes.
            let center = 0.5 * (low[c] + high[c]);
            shape.origin[c] = center - 0.5 * (axis.nodes - 1) as f32 * spacing;
            shape.axes[c] = axis;
        }
        shape
    }

    /// Rows of the grid: nodes along the first axis.
    pub(super) fn rows(&self) -> usize {
        self.axes[0].nodes
    }

    /// Columns of the grid: nodes along the second axis, if there is one.
    pub(super) fn cols(&self) -> usize {
        if D > 1 { self.axes[1].nodes } else { 1 }
    }
}

impl Axis {
    /// At least `nodes` nodes.
    fn with(nodes: usize) -> Self {
        let padded = fast_length(2 * nodes + MARGIN);
        Self { nodes: (padded - MARGIN) / 2, padded }
    }
}

/// The least even number from `least` on without prime factors above 5, which transforms fast.
fn fast_length(least: usize) -> usize {
    let mut length = (least + least % 2).max(2);
    loop {
        let mut rest = length;
        for factor in [2, 3, 5] {
            while rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        if rest == 1 {
            return length;
        }
        length += 2;
    }
}

/// First node and weights of the cubic spline at a place `u`, in units of the spacing from the first node.
#[inline(always)]
pub(super) fn spline(u: f32, nodes: usize) -> (usize, [f32; ORDER]) {
    let (first, f) = place(u, nodes);
    let g = 1.0 - f;
    let (f2, g2) = (f * f, g * g);
    let sixth = 1.0 / 6.0;
    let w = [
        sixth * g2 * g,
        (0.5f32.mul_add(f, -1.0)).mul_add(f2, 2.0 / 3.0),
        (0.5f32.mul_add(g, -1.0)).mul_add(g2, 2.0 / 3.0),
        sixth * f2 * f,
    ];
    (first, w)
}

/// As [`spline`], and its derivative by `u`.
#[inline(always)]
pub(super) fn spline_slope(u: f32, nodes: usize) -> (usize, [f32; ORDER], [f32; ORDER]) {
    let (first, w) = spline(u, nodes);
    let (_, f) = place(u, nodes);
    let g = 1.0 - f;
    let slope = [-0.5 * g * g, f * 1.5f32.mul_add(f, -2.0), -g * 1.5f32.mul_add(g, -2.0), 0.5 * f * f];
    (first, w, slope)
}

/// First of the nodes that a spline at `u` touches, and how far beyond the second one `u` lies.
#[inline(always)]
fn place(u: f32, nodes: usize) -> (usize, f32) {
    // Points outside of the grid, which are not expected, are taken for points at its edge.
    let u = u.clamp(1.0, (nodes - 3) as f32);
    let cell = (u as i32).min(nodes as i32 - 4 + 1).max(1);
    (cell as usize - 1, u - cell as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splines_are_a_partition_of_one_and_smooth() {
        for i in 0..1000 {
            let u = 1.0 + i as f32 * 0.016;
            let (first, w, slope) = spline_slope(u, 20);
            assert!((w.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            assert!(slope.iter().sum::<f32>().abs() < 1e-6);
            // They reproduce straight lines, and the slope of these is 1.
            let line: f32 = w.iter().enumerate().map(|(j, w)| w * (first + j) as f32).sum();
            assert!((line - u).abs() < 1e-5, "{u}: {line}");
            let rise: f32 = slope.iter().enumerate().map(|(j, s)| s * (first + j) as f32).sum();
            assert!((rise - 1.0).abs() < 1e-5, "{u}: {rise}");
        }
    }

    #[test]
    fn the_box_lies_within_the_nodes() {
        for (low, high) in [([-3.0, 4.0], [90.0, 5.0]), ([0.0, 0.0], [0.0, 0.0]), ([1e-5, -1e-5], [2e-5, 1e-5])] {
            let shape = Shape::<2>::around(low, high, 0.0, 0.5);
            for c in 0..2 {
                let end = shape.origin[c] + shape.spacing * (shape.axes[c].nodes - 1) as f32;
                assert!(shape.origin[c] + 0.99 * shape.spacing <= low[c], "{shape:?}");
                assert!(end - 1.99 * shape.spacing >= high[c], "{shape:?}");
                assert!(shape.axes[c].padded >= 2 * shape.axes[c].nodes + MARGIN - 1);
            }
            assert!(shape.spacing <= 0.5);
        }
        let far = Shape::<2>::around([0.0; 2], [1e30, 1.0], 0.0, 0.5);
        assert!(far.axes[0].nodes <= MAX_NODES[1] + MAX_NODES[1] / 4 && far.axes[1].nodes < 20, "{far:?}");
        // However wide the map is, a spacing serves for many iterations.
        let spacing = |width: f32| Shape::<2>::around([0.0; 2], [width; 2], 0.0, 0.5).spacing;
        assert_eq!(spacing(2000.0), 0.5);
        assert_eq!(spacing(9000.0), spacing(9100.0));
        assert!(spacing(9000.0) >= 9000.0 / MAX_NODES[1] as f32);
        assert_eq!(spacing(9.0), spacing(9.1));
        assert!(spacing(9.0) <= 9.0 / MIN_NODES);
    }

    #[test]
    fn lengths_have_small_factors() {
        assert_eq!([1, 7, 14, 22, 98, 1001].map(fast_length), [2, 8, 16, 24, 100, 1024]);
    }
}
