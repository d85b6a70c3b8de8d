//! k-means: parameters, and what comes of them.

mod assign;
mod centers;
mod rows;
mod run;
mod start;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use planisphere_core::{Context, CounterRng, Matrix, MatrixView, Warning};
use rows::Rows;
use run::Run;
use serde::{Deserialize, Serialize};

/// How many clusters.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NClusters {
    /// So many, at most one for each row.
    Count(usize),
    /// As many as have about so many items each: n / items_per_cluster, at most half as many as there are rows and at
    /// least 2, but not more than rows.
    Auto {
        /// Items of a cluster, on average.
        items_per_cluster: usize,
    },
}

impl NClusters {
    /// The number of clusters of `n` rows.
    ///
    /// ```
    /// use planisphere_queue_reorder::NClusters;
    /// let auto = NClusters::Auto { items_per_cluster: 20 };
    /// let of = [100, 39, 3, 2, 1, 0].map(|n| auto.of(n).unwrap());
    /// assert_eq!(of, [5, 2, 2, 2, 1, 0]);
    /// assert_eq!(NClusters::Count(10).of(3), Ok(3));
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParam`] if the number given is 0.
    pub fn of(self, n: usize) -> Result<usize> {
        let (param, given) = match self {
            Self::Count(k) => ("n_clusters", k),
            Self::Auto { items_per_cluster } => ("items_per_cluster", items_per_cluster),
        };
        if given == 0 {
            return Err(Error::InvalidParam { param, value: "0".to_owned(), reason: "must be at least 1" });
        }
        Ok(match self {
            Self::Count(k) => k,
            Self::Auto { items_per_cluster } => (n / items_per_cluster).min(n / 2).max(2),
        }
        .min(n))
    }
}

impl From<usize> for NClusters {
    fn from(k: usize) -> Self {
        Self::Count(k)
    }
}

impl Default for NClusters {
    /// Of 20 items each.
    fn default() -> Self {
        Self::Auto { items_per_cluster: 20 }
    }
}

/// k-means (Lloyd 1982) with the starts of k-means++ (Arthur & Vassilvitskii 2007), as scikit-learn's `KMeans` has it:
/// the squared distances of rows to the centers of their clusters become small. The best of some starts is kept.
///
/// Each start draws centers far apart, the best of 2 + ln k candidates each. Then rows go to their nearest centers (of
/// equally near ones, the first) and centers to the means of their rows, until no row changes its cluster, or the centers
/// move by less than the tolerance. A cluster that loses all its rows takes the row farthest from its center. The result is
/// the same for any number of threads, to the bit.
///
/// Rows whose bounds on distances show that they stay (Elkan 2003; Hamerly 2010; of groups of centers, Ding et al. 2015)
/// are not measured, which changes nothing but the time. Memory: a copy of the rows, and up to 64 bounds for each.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_queue_reorder::KMeans;
///
/// let x = Matrix::from_rows([[0.0f32, 0.0], [9.0, 9.0], [0.0, 2.0], [9.0, 7.0]])?;
/// let model = KMeans::new(2).fit(&x)?;
/// assert_eq!(model.labels(), [0, 1, 0, 1]);
/// assert_eq!(model.centers().row(0), [0.0, 1.0]);
/// assert_eq!(model.inertia(), 4.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KMeans {
    n_clusters: NClusters,
    n_init: usize,
    max_iter: usize,
    tol: f64,
    seed: u64,
}

impl Default for KMeans {
    fn default() -> Self {
        Self { n_clusters: NClusters::default(), n_init: 10, max_iter: 300, tol: 1e-4, seed: 42 }
    }
}

impl KMeans {
    /// So many clusters: a number, or [`NClusters`].
    pub fn new(n_clusters: impl Into<NClusters>) -> Self {
        Self { n_clusters: n_clusters.into(), ..Self::default() }
    }

    /// Starts, of which the best is kept; at least 1. Default: 10.
    #[must_use]
    pub fn n_init(mut self, n_init: usize) -> Self {
        self.n_init = n_init;
        self
    }

    /// Times that centers are moved at most, for each start; at least 1. Default: 300.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// Centers that move by less than this stand still: the sum of their squared moves, relative to the mean of the
    /// columns' variances. At least 0. Default: 1e-4.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// The seed. Default: 42.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Finds the clusters of the rows of `x`. Fewer different rows than clusters give as many clusters as there are
    /// different rows; no rows give none.
    ///
    /// # Errors
    /// [`Error::InvalidParam`], [`Error::Core`] for values that are not finite.
    pub fn fit<'a>(&self, x: impl Into<MatrixView<'a>>) -> Result<KMeansModel> {
        self.fit_with(x, &mut Context::new())
    }

    /// [`KMeans::fit`] with threads, progress (in starts) and cancellation. A best start that did not converge is a
    /// [`Warning`].
    ///
    /// # Errors
    /// As [`KMeans::fit`], and [`Error::Cancelled`].
    pub fn fit_with<'a>(&self, x: impl Into<MatrixView<'a>>, cx: &mut Context<'_>) -> Result<KMeansModel> {
        let x = x.into();
        let k = self.check(x.rows())?;
        x.check()?;
        cx.run(|cx| self.run(x, k, cx))?
    }

    fn check(&self, n: usize) -> Result<usize> {
        let least = |param, value: usize| match value {
            0 => Err(Error::InvalidParam { param, value: "0".to_owned(), reason: "must be at least 1" }),
            _ => Ok(()),
        };
        least("n_init", self.n_init)?;
        least("max_iter", self.max_iter)?;
        if !(self.tol.is_finite() && self.tol >= 0.0) {
            let (value, reason) = (self.tol.to_string(), "must be a finite number, not negative");
            return Err(Error::InvalidParam { param: "tol", value, reason });
        }
        self.n_clusters.of(n)
    }

    fn run(&self, x: MatrixView<'_>, k: usize, cx: &mut Context<'_>) -> Result<KMeansModel> {
        let rows = Rows::new(x)?;
        let token = cx.token();
        let tolerance = self.tol * rows.variance();
        let rng = CounterRng::new(self.seed, "k-means starts");
        let mut best: Option<Run> = None;
        let starts = if k == 0 { 0 } else { self.n_init };
        for start in 0..starts {
            cx.progress(start as u64, starts as u64)?;
            let centers = start::plus_plus(&rows, k, rng, start as u64, &token)?;
            let run = run::lloyd(&rows, centers, self.max_iter, tolerance, &token)?;
            if best.as_ref().is_none_or(|best| run.inertia < best.inertia) {
                best = Some(run);
            }
        }
        cx.progress(starts as u64, starts as u64)?;
        let Some(run) = best else {
            let centers = Matrix::zeros(0, x.cols());
            return Ok(KMeansModel { labels: Vec::new(), centers, inertia: 0.0, n_iter: 0, converged: true });
        };
        if !run.converged {
            cx.warn(Warning::NotConverged { what: "k-means".to_owned(), iterations: run.iterations });
        }
        let (labels, centers) = run::by_first_row(run.labels, &run.centers);
        let inertia = rows.original_square(run.inertia);
        Ok(KMeansModel {
            labels,
            centers: rows.original(centers)?,
            inertia,
            n_iter: run.iterations,
            converged: run.converged,
        })
    }
}

/// The clusters that [`KMeans`] found. They are numbered by their first rows, so that row 0 is in cluster 0.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeansModel {
    labels: Vec<u32>,
    centers: Matrix,
    inertia: f64,
    n_iter: usize,
    converged: bool,
}

impl KMeansModel {
    /// The cluster of each row: that of the nearest center.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The centers, one row for each cluster.
    pub fn centers(&self) -> &Matrix {
        &self.centers
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        self.centers.rows()
    }

    /// The sum of the squared distances of the rows to the centers of their clusters.
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// How many times the centers were moved, in the best start.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the best start came to rest within [`KMeans::max_iter`].
    pub fn converged(&self) -> bool {
        self.converged
    }
}
