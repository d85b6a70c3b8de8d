//! Fewer dimensions before neighbors are searched.

use crate::error::{Error, Result};
use crate::model::PcaModel;
use crate::params::Pca;
use planisphere_core::{Context, Decision, MatrixView};
use serde::{Deserialize, Serialize};

/// Takes data of many columns to as many principal components as a map needs: neighbors are found faster, with less of the
/// noise that columns without structure add to distances.
///
/// As few components as explain the share of the variance that is asked for, but at least and at most so many. Data that does
/// not have more columns than the most, or has no rows, is left as it is.
///
/// Scores are centered: Euclidean distances between rows stay what they were, up to what is left out. The *angle* between
/// rows becomes the one seen from their mean, which is another metric than the cosine of the data.
///
/// ```
/// use planisphere_core::{CounterRng, Matrix};
/// use planisphere_pca::Reduction;
///
/// // 300 rows along five directions of 200 dimensions, and a little noise.
/// let r = CounterRng::new(1, "example").at(0, 0);
/// let value = |i: u64| r.normal(i / 200 * 5 + i % 5) + 0.01 * r.normal(1_000_000 + i);
/// let x = Matrix::from_vec(300, 200, (0..60_000).map(value).collect())?;
///
/// let model = Reduction::new().between(2, 100).fit(&x)?.expect("there are more than 100 columns");
/// assert_eq!(model.n_components(), 5);
/// let rows = model.into_embedding();
/// assert_eq!((rows.rows(), rows.cols()), (300, 5));
///
/// let narrow = Matrix::zeros(300, 64);
/// assert!(Reduction::new().fit(&narrow)?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reduction {
    variance: f64,
    least: usize,
    most: usize,
    seed: u64,
}

impl Default for Reduction {
    fn default() -> Self {
        Self::new()
    }
}

impl Reduction {
    /// To 50 to 100 components, as few as explain 95 % of the variance.
    pub fn new() -> Self {
        Self { variance: 0.95, least: 50, most: 100, seed: 42 }
    }

    /// Sets the share of the variance to be explained, in (0, 1]. Default: 0.95.
    #[must_use]
    pub fn variance(mut self, share: f64) -> Self {
        self.variance = share;
        self
    }

    /// Sets the least and the most components, 1 ≤ least ≤ most. Default: 50 and 100.
    #[must_use]
    pub fn between(mut self, least: usize, most: usize) -> Self {
        (self.least, self.most) = (least, most);
        self
    }

    /// Sets the seed of [`Solver::Randomized`](crate::Solver::Randomized), which very large data is left to. Default: 42.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The number of components for a curve of the variance that the first 1, 2, … explain together
    /// ([`PcaModel::cumulative_variance_ratio`]); never more than the curve has.
    pub fn pick(&self, curve: &[f64]) -> usize {
        let enough = curve.iter().filter(|&&share| share < self.variance).count() + 1;
        enough.clamp(self.least.min(self.most), self.most).min(curve.len())
    }

    /// The components of `x` (n × d) and the scores of its rows; `None` if there are no more than the most columns, or no rows.
    ///
    /// # Errors
    /// As [`Reduction::fit_with`].
    pub fn fit<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Option<PcaModel>> {
        self.fit_with(x, &mut Context::new())
    }

    /// The components of `x` (n × d) and the scores of its rows, watched and cancelled through `cx`; `None` if there are no more
    /// than the most columns, or no rows.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a share outside of (0, 1] or bounds without a number between them; otherwise as
    /// [`Pca::fit_with`].
    pub fn fit_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<Option<PcaModel>> {
        let x = x.into();
        if !(self.variance > 0.0 && self.variance <= 1.0) {
            return Err(Error::param("variance", self.variance, "must be in (0, 1]"));
        }
        if self.least == 0 || self.least > self.most {
            let value = format!("{} to {}", self.least, self.most);
            return Err(Error::param("between", value, "must be from at least 1 to at least as many"));
        }
        if x.cols() <= self.most || x.rows() == 0 {
            return Ok(None);
        }
        let model = Pca::new(self.most.min(x.rows())).seed(self.seed).fit_with(x, cx)?;
        let curve = model.cumulative_variance_ratio();
        let picked = self.pick(&curve);
        cx.decide(Decision::new(
            "dimensions",
            format!("{picked} principal components of {} columns", x.cols()),
            format!("they explain {:.1} % of the variance", 100.0 * curve[picked - 1]),
        ));
        model.truncated(picked).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_the_first_that_explains_enough_within_bounds() {
        let curve: Vec<f64> = (1..=200).map(|i| f64::from(i) / 200.0).collect();
        let r = Reduction::new().between(10, 150);
        for (share, want) in [(0.5, 100), (0.01, 10), (0.9, 150), (1.0, 150)] {
            assert_eq!(r.clone().variance(share).pick(&curve), want);
        }
        assert_eq!(r.pick(&curve[..5]), 5);
        assert_eq!(r.fit(&planisphere_core::Matrix::zeros(0, 300)), Ok(None));
    }
}
