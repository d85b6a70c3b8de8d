//! Where maps, legend and color bar stand.

use super::canvas::Area;
use super::scene::{Drawn, Place};
use crate::spec::{Axis, Domain, Figure, Scene};

/// The axes of a map in the plane.
pub(super) fn axes(figure: &Figure, number: u32) -> (Option<&Axis>, Option<&Axis>) {
    let layout = &figure.layout;
    match number {
        1 => (layout.xaxis.as_ref(), layout.yaxis.as_ref()),
        n => (layout.subplots.xaxis.get(&n), layout.subplots.yaxis.get(&n)),
    }
}

/// The scene of a map in space.
pub(super) fn scene(figure: &Figure, number: u32) -> Option<&Scene> {
    match number {
        1 => figure.layout.scene.as_ref(),
        n => figure.layout.subplots.scene.get(&n),
    }
}

/// The part of `plot` that a map takes.
pub(super) fn of_map(figure: &Figure, place: Place, plot: Area) -> Area {
    let whole = [0.0, 1.0];
    let (x, y) = if place.space {
        let domain = scene(figure, place.number).and_then(|s| s.domain.clone()).unwrap_or_default();
        let Domain { x, y } = domain;
        (x.unwrap_or(whole), y.unwrap_or(whole))
    } else {
        let (x, y) = axes(figure, place.number);
        let of = |axis: Option<&Axis>| axis.and_then(|a| a.domain).unwrap_or(whole);
        (of(x), of(y))
    };
    Area {
        left: plot.left + plot.width() * x[0],
        right: plot.left + plot.width() * x[1],
        // Plotly counts from the bottom.
        top: plot.bottom - plot.height() * y[1],
        bottom: plot.bottom - plot.height() * y[0],
    }
}

/// From coordinates to pixels, in the plane.
pub(super) struct Fit {
    /// Pixels of a unit, and the pixel of 0.
    x: (f64, f64),
    y: (f64, f64),
}

impl Fit {
    /// So that `bounds` fill the area, less a margin; with equal units in both directions if `equal`.
    pub(super) fn new(bounds: [(f64, f64); 2], area: Area, equal: bool) -> Self {
        let [w, h] = bounds.map(|(low, high)| if high > low { high - low } else { 1.0 });
        let (mut sx, mut sy) = (area.width() / w, area.height() / h);
        if equal {
            (sx, sy) = (sx.min(sy), sx.min(sy));
        }
        let (cx, cy) = area.middle();
        let middle = bounds.map(|(low, high)| low / 2.0 + high / 2.0);
        Self { x: (sx, cx - middle[0] * sx), y: (-sy, cy + middle[1] * sy) }
    }

    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (x * self.x.0 + self.x.1, y * self.y.0 + self.y.1)
    }
}

/// Least and greatest coordinate of some traces; (0, 1) where there is none.
pub(super) fn bounds<const N: usize>(traces: &[&Drawn<'_>]) -> [(f64, f64); N] {
    std::array::from_fn(|axis| {
        let all = traces.iter().filter_map(|d| d.at.get(axis)).flatten().copied().filter(|v| v.is_finite());
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low <= high { (low, high) } else { (0.0, 1.0) }
    })
}
