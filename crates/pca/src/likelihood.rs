//! The model as a probability density (Tipping & Bishop 1999): normal, with the components' variances along them and the
//! noise variance in all other directions.
//!
//! scikit-learn's `get_covariance` and `score` of a *whitened* model multiply the components by their standard deviations once
//! more; here the density is that of the data, whitened or not.

use crate::error::{Error, Result};
use crate::model::{PcaModel, UNSEEN};
use crate::solver::center;
use planisphere_core::MatrixView;
use planisphere_kernels::math::ln;
use planisphere_kernels::panel::{Operand, product};
use planisphere_kernels::sum;
use rayon::prelude::*;

/// Rows that are scored at once.
const ROWS: usize = 64;

impl PcaModel {
    /// Variances along the components: never below the noise.
    fn along(&self) -> impl Iterator<Item = f64> {
        self.explained_variance.iter().map(|v| v.max(self.noise_variance))
    }

    /// The covariance of the model, d × d, row-major: Vᵀ·diag(λ − σ²)·V + σ²·I, with components V, their variances λ and the noise
    /// variance σ².
    pub fn covariance(&self) -> Vec<f64> {
        self.spread(self.noise_variance, self.along().map(|v| v - self.noise_variance))
    }

    /// The inverse of the covariance, d × d, row-major.
    ///
    /// # Errors
    /// [`Error::Singular`] if it has none: a variance is below 1e-14 of the largest. Products in f32
    /// ([`Precision::Mixed`](crate::Precision::Mixed) beyond 2044 rows) leave more than that, up to about 1e-7, where there is
    /// none: for data that may lack rank, ask for [`Precision::Double`](crate::Precision::Double).
    pub fn precision(&self) -> Result<Vec<f64>> {
        let rest = self.inverse_noise()?;
        Ok(self.spread(rest, self.along().map(|v| 1.0 / v - rest)))
    }

    /// The log-likelihood of each of new rows (m × d) under the model: m values.
    ///
    /// # Errors
    /// [`Error::Singular`] as for [`PcaModel::precision`]; [`Error::Columns`]; [`Error::Core`] for values that are not finite.
    pub fn score_samples<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Vec<f64>> {
        let x = self.checked(x.into())?;
        let rest = self.inverse_noise()?;
        let (d, k) = (self.n_columns(), self.n_components());
        let logs: f64 = self.along().map(ln).sum();
        let others = if d > k { (d - k) as f64 * ln(self.noise_variance) } else { 0.0 };
        let constant = d as f64 * ln(2.0 * std::f64::consts::PI) + logs + others;
        let weights: Vec<f64> = self.along().map(|v| 1.0 / v - rest).collect();
        let mut out = vec![0.0; x.rows()];
        out.par_chunks_mut(ROWS).enumerate().for_each_init(
            || (vec![0.0; ROWS * d], vec![0.0; ROWS * k]),
            |(centered, scores), (b, out)| {
                // Always so many rows, zeros if need be, so that a row's score never depends on how many there are.
                centered.fill(0.0);
                center(x.slice(b * ROWS, b * ROWS + out.len()), &self.mean, centered);
                let components = Operand::new(k, d, &self.components);
                product(Operand::new(ROWS, d, centered), components.transposed(), scores);
                for ((o, row), y) in out.iter_mut().zip(centered.chunks_exact(d)).zip(scores.chunks_exact(k)) {
                    let length: f64 = row.iter().map(|v| v * v).sum();
                    let along: f64 = y.iter().zip(&weights).map(|(y, w)| y * y * w).sum();
                    *o = -0.5 * (length * rest + along + constant);
                }
            },
        );
        Ok(out)
    }

    /// The mean of [`PcaModel::score_samples`]; 0 for no rows.
    ///
    /// # Errors
    /// As [`PcaModel::score_samples`].
    pub fn score<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<f64> {
        let scores = self.score_samples(x)?;
        Ok(sum::sum_f64(scores.len(), |i| scores[i]) / scores.len().max(1) as f64)
    }

    /// 1/σ²; 0 if there is no direction beside the components.
    fn inverse_noise(&self) -> Result<f64> {
        let (d, k) = (self.n_columns(), self.n_components());
        let largest = self.along().fold(0.0, f64::max);
        let limit = largest * (d as f64 * f64::EPSILON).max(UNSEEN);
        let sound = self.along().filter(|&v| v > limit).count();
        if d > k && self.noise_variance <= limit || sound < k {
            let noise = if self.noise_variance > limit { d - k } else { 0 };
            return Err(Error::Singular { rank: sound + noise, cols: d });
        }
        Ok(if d > k { 1.0 / self.noise_variance } else { 0.0 })
    }

    /// Vᵀ·diag(weights)·V + all·I.
    fn spread(&self, all: f64, weights: impl Iterator<Item = f64>) -> Vec<f64> {
        let (d, k) = (self.n_columns(), self.n_components());
        let mut scaled = self.components.clone();
        for (row, w) in scaled.chunks_exact_mut(d).zip(weights) {
            row.iter_mut().for_each(|v| *v *= w);
        }
        let mut out = vec![0.0; d * d];
        product(Operand::new(k, d, &self.components).transposed(), Operand::new(k, d, &scaled), &mut out);
        for i in 0..d {
            out[i * d + i] += all;
            for j in 0..i {
                // A product is symmetric up to rounding.
                let mean = (out[i * d + j] + out[j * d + i]) / 2.0;
                (out[i * d + j], out[j * d + i]) = (mean, mean);
            }
        }
        out
    }
}
