//! Lines of equal height.

use crate::spec::{Array, Contour};

/// A grid of heights and where its cells are.
pub(super) struct Grid {
    x: Vec<f64>,
    y: Vec<f64>,
    /// Row by row.
    z: Vec<f64>,
}

/// Levels, at most.
const LEVELS: usize = 200;

impl Grid {
    /// Nothing where the trace has no grid of two or more rows and columns.
    pub(super) fn of(trace: &Contour) -> Option<Self> {
        let (rows, z) = match trace.z.as_ref()? {
            Array::Typed(a) => {
                let [rows, _] = a.shape.as_deref()? else { return None };
                (*rows, Array::Typed(a.clone()).numbers()?)
            }
            Array::Any(lists) => {
                let rows: Option<Vec<&Vec<serde_json::Value>>> = lists.iter().map(|l| l.as_array()).collect();
                let cells = rows?.into_iter().flatten().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
                (lists.len(), cells)
            }
            _ => return None,
        };
        let cols = z.len().checked_div(rows)?;
        if rows < 2 || cols < 2 || rows * cols != z.len() {
            return None;
        }
        let axis = |given: Option<&Array>, from: Option<f64>, step: Option<f64>, len: usize| {
            given
                .and_then(Array::numbers)
                .filter(|v| v.len() == len)
                .unwrap_or_else(|| (0..len).map(|i| from.unwrap_or(0.0) + i as f64 * step.unwrap_or(1.0)).collect())
        };
        Some(Self {
            x: axis(trace.x.as_ref(), trace.x0, trace.dx, cols),
            y: axis(trace.y.as_ref(), trace.y0, trace.dy, rows),
            z,
        })
    }

    /// Least and greatest coordinates.
    pub(super) fn bounds(&self) -> [(f64, f64); 2] {
        [&self.x, &self.y].map(|axis| {
            let all = || axis.iter().copied().filter(|v| v.is_finite());
            (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max))
        })
    }

    /// The heights of the lines: those that the trace says, or ten between the lowest and the highest cell.
    pub(super) fn levels(&self, trace: &Contour) -> Vec<f64> {
        let given = trace.contours.as_ref().and_then(|c| Some((c.start?, c.end?, c.size?)));
        match given.filter(|(start, end, size)| start <= end && *size > 0.0) {
            Some((start, end, size)) => {
                let count = (((end - start) / size + 1e-9).floor() as usize + 1).min(LEVELS);
                (0..count).map(|i| start + i as f64 * size).collect()
            }
            None => {
                let cells = || self.z.iter().copied().filter(|z| z.is_finite());
                let (low, high) = (cells().fold(f64::INFINITY, f64::min), cells().fold(f64::NEG_INFINITY, f64::max));
                if low < high {
                    (1..=10).map(|i| low + (high - low) * f64::from(i) / 11.0).collect()
                } else {
                    Vec::new()
                }
            }
        }
    }

    /// Pieces of the line of one height, in coordinates: marching squares.
    pub(super) fn line(&self, level: f64) -> Vec<[(f64, f64); 2]> {
        let (cols, rows) = (self.x.len(), self.y.len());
        let mut pieces = Vec::new();
        for r in 0..rows - 1 {
            for c in 0..cols - 1 {
                // Around the square.
                let corners = [(r, c), (r, c + 1), (r + 1, c + 1), (r + 1, c)];
                let z = corners.map(|(r, c)| self.z[r * cols + c]);
                if z.iter().any(|z| !z.is_finite()) {
                    continue;
                }
                let mut crossings = Vec::with_capacity(4);
                for i in 0..4 {
                    let (a, b) = (i, (i + 1) % 4);
                    if (z[a] >= level) != (z[b] >= level) {
                        let t = (level - z[a]) / (z[b] - z[a]);
                        let at = |(r, c): (usize, usize)| (self.x[c], self.y[r]);
                        let ((ax, ay), (bx, by)) = (at(corners[a]), at(corners[b]));
                        crossings.push((ax + t * (bx - ax), ay + t * (by - ay)));
                    }
                }
                match crossings[..] {
                    [p, q] => pieces.push([p, q]),
                    // A saddle: which sides belong together is told by the middle.
                    [p, q, s, t] => {
                        let high = z.iter().sum::<f64>() / 4.0 >= level;
                        let first = z[0] >= level;
                        pieces.extend(if high == first { [[p, q], [s, t]] } else { [[t, p], [q, s]] });
                    }
                    _ => {}
                }
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found() {
        let json = (0..21)
            .map(|r| (0..21).map(|c| f64::from((r - 10) * (r - 10) + (c - 10) * (c - 10)).sqrt()).collect())
            .collect::<Vec<Vec<f64>>>();
        let trace: Contour = serde_json::from_value(serde_json::json!({
            "z": json, "x0": -10, "dx": 1, "y0": -10, "contours": { "start": 5, "end": 8, "size": 3 },
        }))
        .unwrap();
        let grid = Grid::of(&trace).unwrap();
        assert_eq!(grid.levels(&trace), [5.0, 8.0]);
        let line = grid.line(5.0);
        let length: f64 = line.iter().map(|[a, b]| (a.0 - b.0).hypot(a.1 - b.1)).sum();
        assert!((length - 10.0 * std::f64::consts::PI).abs() < 0.5, "{length}");
        assert!(line.iter().flatten().all(|p| (p.0.hypot(p.1) - 5.0).abs() < 0.1));
        assert!(grid.line(100.0).is_empty());
        for bad in [r#"{"z":[1,2]}"#, r#"{"z":[[1,2]]}"#, r#"{"z":[[1,2],[3]]}"#, "{}"] {
            assert!(Grid::of(&serde_json::from_str(bad).unwrap()).is_none(), "{bad}");
        }
    }

    #[test]
    fn saddles_join_what_is_on_one_side() {
        let trace: Contour = serde_json::from_str(r#"{"z":[[1,0],[0,1]]}"#).unwrap();
        let grid = Grid::of(&trace).unwrap();
        // The middle is 0.5: at 0.4 the high corners are joined, so the lines go around the low ones.
        for (level, low) in [(0.4, true), (0.6, false)] {
            for [a, b] in grid.line(level) {
                let mid = ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
                let near_low = (mid.0 - mid.1).abs() > 0.3;
                assert_eq!(near_low, low, "{level} {mid:?}");
            }
        }
    }
}
