//! The maps of one figure, side by side.

use crate::spec::Domain;
use planisphere_core::MatrixView;

/// The space between maps, and for their headings, as parts of the figure.
const GAP: f64 = 0.02;
const HEADING: f64 = 0.06;

/// One map of a figure.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    /// Its place, counted from 1, which is also the number of its axes or scene.
    pub(super) number: u32,
    pub(super) name: &'a str,
    pub(super) points: MatrixView<'a>,
}

impl Panel<'_> {
    pub(super) fn in_space(&self) -> bool {
        self.points.cols() == 3
    }

    /// Where a row is drawn: two or three coordinates.
    pub(super) fn place(&self, row: u32) -> Vec<f32> {
        let mut place = self.points.row(row as usize).to_vec();
        if place.len() == 1 {
            place.push(across(row));
        }
        place
    }

    /// What traces and axes call an axis (`x`, `y`) or scene of this map; nothing where it is that of the first map, which
    /// needs no name.
    pub(super) fn reference(&self, name: &str) -> Option<String> {
        (self.number > 1).then(|| format!("{name}{}", self.number))
    }
}

/// The place across the strip of a one-dimensional map: multiples of the golden ratio without their whole part lie evenly
/// for any number of points, and depend on the row alone.
pub(super) fn across(row: u32) -> f32 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    ((f64::from(row) * GOLDEN).fract() * 2.0 - 1.0) as f32
}

/// The place of map number `number` of `of`, counted from 1, less that of its heading: up to three in a row, four and
/// more in as many columns as rows, or one more. A page may arrange them otherwise.
pub(super) fn place(number: u32, of: u32) -> Domain {
    let columns = (1..).find(|c| of <= 3 && *c == of || of > 3 && c * c >= of).unwrap_or(1);
    let rows = of.div_ceil(columns);
    let (column, row) = ((number - 1) % columns, (number - 1) / columns);
    let side = |at: u32, all: u32| {
        let size = (1.0 - GAP * f64::from(all - 1)) / f64::from(all);
        let from = f64::from(at) * (size + GAP);
        (from, (from + size).min(1.0))
    };
    let (left, right) = side(column, columns);
    let (top, bottom) = side(row, rows);
    // Plotly counts from the bottom.
    Domain { x: Some([left, right]), y: Some([1.0 - bottom, 1.0 - top - HEADING]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_do_not_overlap_and_stay_in_the_figure() {
        for of in 1..=12 {
            let all: Vec<([f64; 2], [f64; 2])> =
                (1..=of).map(|i| place(i, of)).map(|d| (d.x.unwrap(), d.y.unwrap())).collect();
            for (i, (x, y)) in all.iter().enumerate() {
                assert!(0.0 <= x[0] && x[0] < x[1] && x[1] <= 1.0, "{x:?}");
                assert!(-1e-12 <= y[0] && y[0] < y[1] && y[1] + HEADING <= 1.0 + 1e-12, "{y:?}");
                for (other_x, other_y) in &all[..i] {
                    let beside = other_x[1] < x[0] || x[1] < other_x[0];
                    let above = y[1] + HEADING < other_y[0] || other_y[1] + HEADING < y[0];
                    assert!(beside || above, "{of}");
                }
            }
        }
        let rows = |of| (1..=of).filter(|&i| place(i, of).x.unwrap()[0] == 0.0).count();
        assert_eq!([1, 2, 3, 4, 5, 6, 7].map(rows), [1, 1, 1, 2, 2, 2, 3]);
    }
}
