//! Centers, and how they move to the means of their rows.

use super::rows::Rows;
use planisphere_core::Matrix;
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;

/// Columns that one task adds up.
const COLUMNS: usize = 128;

/// Centers of clusters.
pub(super) struct Centers {
    pub(super) x: Matrix,
    /// The squared length of each.
    pub(super) squares: Vec<f64>,
    /// How far each moved the last time, at most.
    pub(super) drift: Vec<f32>,
}

impl Centers {
    pub(super) fn new(x: Matrix) -> Self {
        let squares = (0..x.rows()).map(|c| square(x.row(c))).collect();
        let drift = vec![f32::INFINITY; x.rows()];
        Self { x, squares, drift }
    }

    /// Moves the centers of clusters that `changed` to the means of their rows; clusters without rows stay where they
    /// are. Gives the sum of the squared moves.
    pub(super) fn move_to_means(&mut self, rows: &Rows, members: &Members, changed: &[bool]) -> f64 {
        let d = self.x.cols();
        let simd = Simd::detect();
        if d == 0 {
            self.drift.fill(0.0);
            return 0.0;
        }
        let moves: Vec<f64> = (self.x.data_mut().par_chunks_mut(d))
            .zip(&mut self.squares)
            .enumerate()
            .map(|(c, (center, squared))| {
                let ids = members.of(c);
                if !changed[c] || ids.is_empty() {
                    return 0.0;
                }
                // Parts of rows side by side, as each column is a sum of its own.
                let parts: Vec<f64> = (center.par_chunks_mut(COLUMNS).enumerate())
                    .map(|(part, center)| {
                        let mut sums = [0f64; COLUMNS];
                        let sums = &mut sums[..center.len()];
                        simd.run(Add { rows: &rows.x, ids, from: part * COLUMNS, sums: &mut *sums });
                        let mut moved = 0.0;
                        for (center, sum) in center.iter_mut().zip(sums) {
                            let mean = (*sum / ids.len() as f64) as f32;
                            moved += (f64::from(mean) - f64::from(*center)).powi(2);
                            *center = mean;
                        }
                        moved
                    })
                    .collect();
                *squared = square(center);
                parts.iter().sum()
            })
            .collect();
        // More than the roundings.
        self.drift = moves.iter().map(|m| (m.sqrt() * (1.0 + 1e-6)) as f32).collect();
        moves.iter().sum()
    }
}

fn square(row: &[f32]) -> f64 {
    row.iter().map(|&v| f64::from(v) * f64::from(v)).sum()
}

/// Adds up rows, in their order, from some column on.
struct Add<'a> {
    rows: &'a Matrix,
    ids: &'a [u32],
    from: usize,
    sums: &'a mut [f64],
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self { rows, ids, from, sums } = self;
        let (data, d) = (rows.data(), rows.cols());
        for &id in ids {
            let start = id as usize * d + from;
            let row = &data[start..start + sums.len()];
            for j in 0..sums.len() {
                sums[j] += f64::from(row[j]);
            }
        }
    }
}

/// The rows of each cluster, in ascending order.
pub(super) struct Members {
    order: Vec<u32>,
    bounds: Vec<usize>,
}

impl Members {
    pub(super) fn new(labels: &[u32], k: usize) -> Self {
        let mut bounds = vec![0usize; k + 1];
        for &c in labels {
            bounds[c as usize + 1] += 1;
        }
        for c in 0..k {
            bounds[c + 1] += bounds[c];
        }
        let mut next = bounds.clone();
        let mut order = vec![0u32; labels.len()];
        for (i, &c) in labels.iter().enumerate() {
            order[next[c as usize]] = i as u32;
            next[c as usize] += 1;
        }
        Self { order, bounds }
    }

    pub(super) fn of(&self, cluster: usize) -> &[u32] {
        &self.order[self.bounds[cluster]..self.bounds[cluster + 1]]
    }
}
