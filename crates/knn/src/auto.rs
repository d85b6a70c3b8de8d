//! Which search to use: a model of what each costs.

use crate::coded::search::few;
use crate::error::{Error, Result};
use crate::metric::Metric;
use crate::twins::Twins;
use crate::{Approx, Exact, Index};
use planisphere_core::{Context, Decision, KnnGraph, Matrix, MatrixView};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How neighbors are searched.
///
/// `FromStr` reads `auto`, `exact` and `approx`, the latter with a recall if wanted: `approx:0.99`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// By [`Auto`].
    #[default]
    Auto,
    /// By [`Exact`].
    Exact,
    /// By [`Approx`].
    Approx {
        /// The recall to aim at, as in [`Approx::recall`].
        recall: f64,
    },
}

impl Method {
    /// The neighbor graph of `x`, watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`Approx::fit_with`].
    pub fn fit_with<'m>(
        self,
        k: usize,
        metric: &Metric,
        seed: u64,
        x: impl Into<MatrixView<'m>>,
        cx: &mut Context<'_>,
    ) -> Result<KnnGraph> {
        let metric = metric.clone();
        match self {
            Self::Auto => Auto::new(k).metric(metric).seed(seed).fit_with(x, cx),
            Self::Exact => Exact::new(k).metric(metric).fit_with(x, cx),
            Self::Approx { recall } => Approx::new(k).metric(metric).seed(seed).recall(recall).fit_with(x, cx),
        }
    }
}

impl Method {
    /// An index of `points`, built for `k` neighbors, watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`Approx::index_with`].
    pub fn index_with(
        self,
        k: usize,
        metric: &Metric,
        seed: u64,
        points: impl Into<Arc<Matrix>>,
        cx: &mut Context<'_>,
    ) -> Result<Index> {
        let metric = metric.clone();
        match self {
            Self::Auto => Auto::new(k).metric(metric).seed(seed).index_with(points, cx),
            Self::Exact => {
                let points = points.into();
                cx.run(|_| Exact::new(k).metric(metric).index(points))?
            }
            Self::Approx { recall } => Approx::new(k).metric(metric).seed(seed).recall(recall).index_with(points, cx),
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Exact => f.write_str("exact"),
            Self::Approx { recall } => write!(f, "approx:{recall}"),
        }
    }
}

/// No method has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no method of search is called {name:?}; there are: auto, exact, approx, approx:RECALL")]
pub struct ParseMethodError {
    /// The name given.
    pub name: String,
}

impl std::str::FromStr for Method {
    type Err = ParseMethodError;

    fn from_str(s: &str) -> std::result::Result<Self, ParseMethodError> {
        let unknown = || ParseMethodError { name: s.to_owned() };
        match s.trim().to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "exact" => Ok(Self::Exact),
            "approx" => Ok(Self::Approx { recall: RECALL }),
            other => {
                let recall = other.strip_prefix("approx:").and_then(|r| r.parse().ok());
                recall.map(|recall| Self::Approx { recall }).ok_or_else(unknown)
            }
        }
    }
}

/// The recall that approximate search aims at by default.
pub(crate) const RECALL: f64 = 0.98;

/// Search by [`Exact`] or [`Approx`], whichever a model of their cost speaks for.
///
/// The model knows the number of rows and columns, `k`, the metric, and how fast matrices are multiplied. Exact search is
/// taken as long as it is expected to take no more than twice the time. The choice is told as a decision in the report.
///
/// The rate of matrix products is a constant unless you set it: a choice made by a clock would give different graphs from
/// run to run. All other times are taken in proportion to it, so that the choice stays the same on slower machines.
///
/// ```
/// use planisphere_knn::Auto;
/// assert!(Auto::new(15).choose(20_000, 384)?.exact);
/// assert!(!Auto::new(15).choose(1_000_000, 96)?.exact);
/// # Ok::<(), planisphere_knn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Auto {
    k: usize,
    metric: Metric,
    recall: f64,
    seed: u64,
    gemm_rate: f64,
}

/// What [`Auto`] expects, in seconds of one core.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Whether exact search is chosen.
    pub exact: bool,
    /// Seconds of exact search.
    pub exact_seconds: f64,
    /// Seconds of approximate search.
    pub approx_seconds: f64,
}

/// GFLOP/s of f32 matrix products on one core of the machine that the other constants were measured on.
const GEMM: f64 = 155.0;

/// Rows up to which there is nothing to choose.
const SMALL: usize = 4096;

impl Auto {
    /// Search for the `k` nearest other rows of each row, by the Euclidean distance.
    pub fn new(k: usize) -> Self {
        Self { k, metric: Metric::default(), recall: RECALL, seed: 42, gemm_rate: GEMM }
    }

    /// Sets the metric.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Sets the recall to aim at if the search is approximate; see [`Approx::recall`].
    #[must_use]
    pub fn recall(mut self, recall: f64) -> Self {
        self.recall = recall;
        self
    }

    /// Sets the seed (default 42), which only approximate search uses.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the rate of f32 matrix products on one core, in GFLOP/s (default 155), if exact search by products is to be
    /// weighed by what it takes on your machine.
    #[must_use]
    pub fn gemm_rate(mut self, gflops: f64) -> Self {
        self.gemm_rate = gflops;
        self
    }

    /// What would be chosen for `rows` of `cols` values.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a rate that is not a positive number.
    pub fn choose(&self, rows: usize, cols: usize) -> Result<Choice> {
        if !(self.gemm_rate.is_finite() && self.gemm_rate > 0.0) {
            let reason = "must be a positive number".to_owned();
            return Err(Error::InvalidParam { param: "gemm_rate", value: self.gemm_rate.to_string(), reason });
        }
        let (n, d, k) = (rows as f64, cols as f64, self.k as f64);
        // Nanoseconds: of a product of two numbers in a panel; of a byte in a screening; of a row fetched and measured.
        let product = 2.0 / self.gemm_rate;
        let byte = 0.0055;
        let pair = pair_cost(&self.metric, d);
        let bytes = if d <= 160.0 { d } else { d.min(192.0) };
        let fetch = 60.0 + 0.08 * d;
        let groups = n / 256f64.max(n.sqrt() / 2.0);
        let coded = n * d * if d > 160.0 { bytes * 0.02 } else { 1.0 };
        let look = n * bytes * byte * 1.5 * (groups + 10.0 * n / groups.max(1.0));
        let start = coded + look + 5e7;
        let (exact, approx) = match pair {
            None => {
                let approx = start + n * (2.0 * k * fetch + 2.0 * k * k * 10.0);
                let sweep = 0.8 * approx + n * n / 2.0 * bytes * byte + n * 60.0 * fetch;
                (sweep.min(n * n * d * product), approx)
            }
            Some(pair) => (n * n * pair, start + n * pair * (3.0 * k + 16.0 + 2.5 * k * k) + 128.0 * n * pair),
        };
        let exact_first = rows <= SMALL || !few(self.k, rows) || exact <= 2.0 * approx;
        Ok(Choice { exact: exact_first, exact_seconds: exact * 1e-9, approx_seconds: approx * 1e-9 })
    }

    /// The neighbor graph of `x`, on the current threads.
    ///
    /// # Errors
    /// As [`Auto::fit_with`].
    pub fn fit<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<KnnGraph> {
        self.fit_with(x, &mut Context::new())
    }

    /// The neighbor graph of `x`, watched and cancelled through `cx`, whose report tells what was chosen.
    ///
    /// # Errors
    /// As [`Approx::fit_with`], and those of [`Auto::choose`].
    pub fn fit_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        let x = x.into();
        cx.run(|cx| {
            x.check()?;
            match Twins::find(x, self.k) {
                Some(twins) => twins.fit(x, cx, |x, cx| self.fit_rows(x, cx)),
                None => self.fit_rows(x, cx),
            }
        })?
    }

    /// [`Auto::fit_with`] for finite rows, of which hardly any are equal.
    fn fit_rows(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        if self.decide(x.rows(), x.cols(), cx)? {
            Exact::new(self.k).metric(self.metric.clone()).fit_rows(x, cx)
        } else {
            self.approx().fit_rows(x, cx)
        }
    }
}

impl Auto {
    /// An index of `points` by the search that is chosen, watched and cancelled through `cx`, whose report tells which.
    ///
    /// # Errors
    /// As [`Approx::index_with`], and those of [`Auto::choose`].
    pub fn index_with(&self, points: impl Into<Arc<Matrix>>, cx: &mut Context<'_>) -> Result<Index> {
        let points = points.into();
        if self.decide(points.rows(), points.cols(), cx)? {
            cx.run(|_| Exact::new(self.k).metric(self.metric.clone()).index(points))?
        } else {
            self.approx().index_with(points, cx)
        }
    }

    fn approx(&self) -> Approx {
        Approx::new(self.k).metric(self.metric.clone()).recall(self.recall).seed(self.seed)
    }

    /// Whether the search is exact; tells the report.
    fn decide(&self, rows: usize, cols: usize, cx: &mut Context<'_>) -> Result<bool> {
        if self.k == 0 {
            let reason = "must be at least 1".to_owned();
            return Err(Error::InvalidParam { param: "k", value: "0".to_owned(), reason });
        }
        self.approx().check()?;
        let Choice { exact, exact_seconds, approx_seconds } = self.choose(rows, cols)?;
        let reason = format!("{exact_seconds:.2} s of one core expected, {approx_seconds:.2} s if approximate");
        cx.decide(Decision::new("neighbors", if exact { "exact" } else { "approximate" }, reason));
        Ok(exact)
    }
}

/// Nanoseconds of a distance between two rows in the cache; nothing for metrics that follow from products.
fn pair_cost(metric: &Metric, d: f64) -> Option<f64> {
    let (each, column) = match metric {
        Metric::Manhattan | Metric::Hamming => (6.0, 0.065),
        Metric::Chebyshev => (6.0, 0.1),
        Metric::Canberra => (6.0, 0.13),
        Metric::BrayCurtis => (12.0, 0.12),
        Metric::Minkowski { p } | Metric::WMinkowski { p, .. } => match *p {
            2.0 => return None,
            p if p == 1.0 || p.is_infinite() => (6.0, 0.08),
            _ => (10.0, 0.85),
        },
        Metric::Haversine => (3.0, 0.0),
        Metric::Jaccard
        | Metric::Dice
        | Metric::RussellRao
        | Metric::Kulsinski
        | Metric::RogersTanimoto
        | Metric::SokalMichener
        | Metric::SokalSneath
        | Metric::Yule => (5.0, 0.01),
        _ => return None,
    };
    Some(each + column * d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_rows_are_never_a_reason_for_exact_search() {
        for metric in [Metric::Euclidean, Metric::Manhattan, Metric::Jaccard, Metric::Haversine] {
            for d in [2, 20, 100, 384, 1000, 4096] {
                let auto = Auto::new(15).metric(metric.clone());
                let choices: Vec<bool> =
                    (0..14).map(|e| auto.choose(1000 << e, d).map(|c| c.exact).unwrap_or_default()).collect();
                assert!(choices.windows(2).all(|w| w[0] >= w[1]), "{metric} {d}: {choices:?}");
                assert!(choices[0] && !choices[13], "{metric} {d}: {choices:?}");
            }
        }
    }

    #[test]
    fn a_faster_machine_for_products_searches_more_by_them() {
        let exact = |rate: f64| Auto::new(15).gemm_rate(rate).choose(30_000, 20).map(|c| c.exact_seconds);
        assert!(exact(1000.0).unwrap_or_default() < exact(10.0).unwrap_or_default());
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(exact(rate), Err(Error::InvalidParam { param: "gemm_rate", .. })));
        }
    }

    #[test]
    fn methods_go_round() {
        for m in [Method::Auto, Method::Exact, Method::Approx { recall: 0.9 }] {
            assert_eq!(m.to_string().parse(), Ok(m));
        }
        assert_eq!("approx".parse(), Ok(Method::Approx { recall: RECALL }));
        assert!("approx:".parse::<Method>().is_err_and(|e| e.to_string().contains("approx:RECALL")));
    }
}
