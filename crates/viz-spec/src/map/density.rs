//! Where many points lie: lines of equal density.

use super::panel::Panel;
use crate::error::{Error, Result};
use crate::spec::{Array, Contour, ContourColoring, Contours, Line, Trace, TypedArray, TypedData};
use planisphere_core::MatrixView;

/// Parameters of the lines that enclose the denser parts of a map in the plane.
///
/// The density is that of the points on a grid, smoothed by a normal distribution. A line encloses the densest part of
/// the map that holds a certain share of the points: with five lines 90, 70, 50, 30 and 10 in a hundred.
///
/// ```
/// use planisphere_viz_spec::{Density, ScatterMap};
/// let map = ScatterMap::new().density(Density::new().lines(3));
/// # let _ = map;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    lines: usize,
    bandwidth: Option<f64>,
}

impl Default for Density {
    fn default() -> Self {
        Self { lines: 5, bandwidth: None }
    }
}

impl Density {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many lines, at most 50. 5 by default.
    #[must_use]
    pub fn lines(mut self, lines: usize) -> Self {
        self.lines = lines;
        self
    }

    /// How far a point counts: the standard deviation of the smoothing, as a part of the map's longer side, from 0.002 to
    /// 0.2. By default it falls with the number of points: 0.042 for a hundred, 0.019 for 20,000, 0.014 for a million.
    #[must_use]
    pub fn bandwidth(mut self, part: f64) -> Self {
        self.bandwidth = Some(part);
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        let param = |param, value: String, allowed| Err(Error::Param { param, value, allowed });
        if !(1..=50).contains(&self.lines) {
            return param("lines", self.lines.to_string(), "from 1 to 50");
        }
        match self.bandwidth {
            Some(h) if !(0.002..=0.2).contains(&h) => param("bandwidth", h.to_string(), "from 0.002 to 0.2"),
            _ => Ok(()),
        }
    }

    /// The lines of one map; nothing where there are no points or no plane.
    pub(super) fn trace(&self, panel: &Panel<'_>, color: &str) -> Option<Trace> {
        let points = panel.points;
        if points.rows() == 0 || points.cols() != 2 {
            return None;
        }
        let n = points.rows() as f64;
        let part = self.bandwidth.unwrap_or_else(|| 1.0 / (12.0 * n.log10()).clamp(20.0, 80.0));
        let grid = Grid::new(points, part);
        let step = 1.0 / self.lines as f64;
        let z = TypedArray { data: TypedData::F32(grid.shares), shape: Some(vec![grid.rows, grid.cols]) };
        Some(Trace::Contour(Contour {
            name: Some("density".to_owned()),
            showlegend: Some(false),
            showscale: Some(false),
            z: Some(Array::Typed(z)),
            x0: Some(grid.x0),
            dx: Some(grid.cell),
            y0: Some(grid.y0),
            dy: Some(grid.cell),
            xaxis: panel.reference("x"),
            yaxis: panel.reference("y"),
            autocontour: Some(false),
            contours: Some(Contours {
                start: Some(step / 2.0),
                end: Some(1.0 - step / 2.0),
                size: Some(step),
                coloring: Some(ContourColoring::None),
                ..Contours::default()
            }),
            line: Some(Line { color: Some(color.to_owned()), width: Some(1.0), ..Line::default() }),
            opacity: Some(0.6),
            hoverinfo: Some("skip".to_owned()),
            ..Contour::default()
        }))
    }
}

/// For each cell, the share of the points that lie where it is less dense.
struct Grid {
    shares: Vec<f32>,
    rows: usize,
    cols: usize,
    /// Center of the first cell.
    x0: f64,
    y0: f64,
    /// Side of a cell.
    cell: f64,
}

impl Grid {
    /// With `part` of the longer side as bandwidth, which is two cells. All sums are in a fixed order.
    fn new(points: MatrixView<'_>, part: f64) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for row in 0..points.rows() {
            for (c, &x) in points.row(row).iter().enumerate() {
                (low[c], high[c]) = (low[c].min(f64::from(x)), high[c].max(f64::from(x)));
            }
        }
        let longer = (high[0] - low[0]).max(high[1] - low[1]);
        // All points at one place: any scale will do.
        let longer = if longer > 0.0 { longer } else { 1.0 };
        let cell = longer * part / 2.0;
        let margin = 3.0 * longer * part;
        let cells = |c: usize| ((high[c] - low[c] + 2.0 * margin) / cell).ceil() as usize + 1;
        let (cols, rows) = (cells(0), cells(1));
        let (left, lower) = (low[0] - margin, low[1] - margin);
        let at = |x: f32, from: f64, of: usize| (((f64::from(x) - from) / cell) as usize).min(of - 1);
        let mut counts = vec![0u32; rows * cols];
        for row in 0..points.rows() {
            let p = points.row(row);
            counts[at(p[1], lower, rows) * cols + at(p[0], left, cols)] += 1;
        }
        let kernel: Vec<f64> = (-8..=8i32).map(|i| (-f64::from(i * i) / 8.0).exp()).collect();
        let mut smooth: Vec<f64> = counts.iter().map(|&c| f64::from(c)).collect();
        blur(&mut smooth, cols, rows, 1, cols, &kernel);
        blur(&mut smooth, rows, cols, cols, 1, &kernel);
        let mut order: Vec<u32> = (0..smooth.len() as u32).collect();
        order.sort_by(|&a, &b| smooth[a as usize].total_cmp(&smooth[b as usize]).then(a.cmp(&b)));
        let (mut below, n) = (0u64, points.rows() as f64);
        let mut shares = vec![0f32; smooth.len()];
        for i in order {
            shares[i as usize] = (below as f64 / n) as f32;
            below += u64::from(counts[i as usize]);
        }
        Self { shares, rows, cols, x0: left + cell / 2.0, y0: lower + cell / 2.0, cell }
    }
}

/// Smooths `lines` lines of `len` cells, `step` apart within a line and `next` from line to line.
fn blur(cells: &mut [f64], len: usize, lines: usize, step: usize, next: usize, kernel: &[f64]) {
    let reach = kernel.len() / 2;
    let mut line = vec![0.0; len];
    for l in 0..lines {
        for (i, out) in line.iter_mut().enumerate() {
            let from = i.saturating_sub(reach);
            let to = (i + reach).min(len - 1);
            *out = (from..=to).map(|j| cells[l * next + j * step] * kernel[j + reach - i]).sum();
        }
        for (i, v) in line.iter().enumerate() {
            cells[l * next + i * step] = *v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::{CounterRng, Matrix};

    /// Two clouds, of which one has three quarters of the points.
    fn clouds(n: usize) -> Matrix {
        let rng = CounterRng::new(3, "clouds");
        let place = |i: usize| {
            let draw = rng.at(0, i as u64);
            let x = if i.is_multiple_of(4) { 10.0 } else { 0.0 };
            [x + draw.normal(0), draw.normal(1)]
        };
        Matrix::from_rows((0..n).map(place)).unwrap()
    }

    #[test]
    fn a_line_encloses_its_share_of_the_points() {
        let points = clouds(4000);
        let grid = Grid::new(points.view(), 0.02);
        assert_eq!(grid.shares.len(), grid.rows * grid.cols);
        for share in [0.1f32, 0.5, 0.9] {
            let inside = (0..4000).filter(|&i| {
                let p = points.row(i);
                let col = ((f64::from(p[0]) - grid.x0) / grid.cell).round() as usize;
                let row = ((f64::from(p[1]) - grid.y0) / grid.cell).round() as usize;
                grid.shares[row * grid.cols + col] >= share
            });
            let inside = inside.count() as f32 / 4000.0;
            assert!((inside - (1.0 - share)).abs() < 0.02, "{share} {inside}");
        }
        // The denser cloud is inside more lines.
        let at = |x: f64| {
            grid.shares[((0.0 - grid.y0) / grid.cell) as usize * grid.cols + ((x - grid.x0) / grid.cell) as usize]
        };
        assert!(at(0.0) > 0.9 && at(10.0) < 0.9 && at(10.0) > 0.05, "{} {}", at(0.0), at(10.0));
        // Far from all points is outside of all.
        assert_eq!((grid.shares[0], grid.shares[grid.shares.len() - 1]), (0.0, 0.0));
    }

    #[test]
    fn one_point_and_equal_points() {
        for rows in [vec![[5.0, 5.0]], vec![[5.0, 5.0]; 9], vec![[0.0, 0.0], [1e30, 0.0]]] {
            let grid = Grid::new(Matrix::from_rows(rows).unwrap().view(), 0.02);
            assert!(grid.shares.iter().all(|s| (0.0..1.0).contains(s)), "{}", grid.cell);
        }
    }
}
