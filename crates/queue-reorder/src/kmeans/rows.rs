//! Rows less their mean, in a size whose squares fit.

use crate::error::Result;
use crate::scale::power_of_two;
use planisphere_core::{Matrix, MatrixView};
use planisphere_kernels::panel;
use rayon::prelude::*;

/// Rows that one partial sum covers.
const BLOCK: usize = 1024;

/// Rows less their mean, which keeps products precise, times a power of two that brings all values into -1..1.
pub(super) struct Rows {
    pub(super) x: Matrix,
    /// The squared length of each row.
    pub(super) squares: Vec<f64>,
    /// What a squared distance computed from a product may be off by.
    pub(super) error: f64,
    mean: Vec<f64>,
    scale: f64,
}

impl Rows {
    pub(super) fn new(x: MatrixView<'_>) -> Result<Self> {
        let (n, d) = (x.rows(), x.cols());
        let step = BLOCK * d.max(1);
        let parts: Vec<Vec<f64>> = (x.data().par_chunks(step))
            .map(|rows| {
                let mut sum = vec![0.0; d];
                for row in rows.chunks_exact(d) {
                    sum.iter_mut().zip(row).for_each(|(s, &v)| *s += f64::from(v));
                }
                sum
            })
            .collect();
        let mut mean = vec![0.0; d];
        for part in parts {
            mean.iter_mut().zip(part).for_each(|(m, p)| *m += p);
        }
        mean.iter_mut().for_each(|m| *m /= n.max(1) as f64);

        let largest = |rows: &[f32]| {
            let of = |row: &[f32]| row.iter().zip(&mean).fold(0f64, |m, (&v, mean)| m.max((f64::from(v) - mean).abs()));
            rows.chunks_exact(d).map(of).fold(0.0, f64::max)
        };
        let scale = power_of_two(x.data().par_chunks(step).map(largest).reduce(|| 0.0, f64::max));
        let mut data = vec![0f32; n * d];
        let mut squares = vec![0f64; n];
        if d > 0 {
            (data.par_chunks_mut(d).zip(x.data().par_chunks(d)).zip(&mut squares)).with_min_len(64).for_each(
                |((to, from), square)| {
                    for ((to, &v), mean) in to.iter_mut().zip(from).zip(&mean) {
                        *to = ((f64::from(v) - mean) * scale) as f32;
                        *square += f64::from(*to) * f64::from(*to);
                    }
                },
            );
        }
        // Products err by ε |x| |c|, and no center is longer than the longest row, but for its rounding.
        let longest = squares.iter().copied().fold(0.0, f64::max);
        let error = 2.5 * f64::from(panel::error_bound(d)) * longest + d as f64 * f64::from(f32::MIN_POSITIVE);
        Ok(Self { x: Matrix::from_vec(n, d, data)?, squares, error, mean, scale })
    }

    pub(super) fn len(&self) -> usize {
        self.x.rows()
    }

    /// The mean of the columns' variances, in the size of these rows.
    pub(super) fn variance(&self) -> f64 {
        let count = (self.x.rows() * self.x.cols()).max(1);
        self.squares.iter().sum::<f64>() / count as f64
    }

    /// A squared length in the size of the data.
    pub(super) fn original_square(&self, squared: f64) -> f64 {
        squared / self.scale / self.scale
    }

    /// Rows as they would stand in the data.
    pub(super) fn original(&self, mut x: Matrix) -> Result<Matrix> {
        let d = self.mean.len();
        for row in x.data_mut().chunks_exact_mut(d.max(1)) {
            row.iter_mut().zip(&self.mean).for_each(|(v, mean)| *v = (f64::from(*v) / self.scale + mean) as f32);
        }
        Ok(x)
    }
}
