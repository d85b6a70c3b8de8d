//! What is near: metrics by name, and the trait behind them.

mod check;
mod definition;
mod exponent;
mod names;

pub(crate) use check::factor;
pub(crate) use definition::Counts;
pub use names::ParseMetricError;

use serde::{Deserialize, Serialize};

/// How far apart two rows a and b of d columns are. Names, and values on every pair for which they are numbers, are those of
/// scipy 1.17; where scipy has none (0 / 0), they are those of umap-learn, as told for each.
///
/// Those that compare two-valued columns take every value but 0 for true; of d columns, tt are true in both rows, tf in a
/// alone, ft in b alone, ff in none.
///
/// ```
/// use planisphere_knn::Metric;
/// assert_eq!("Cityblock".parse(), Ok(Metric::Manhattan));
/// assert_eq!("minkowski:3".parse(), Ok(Metric::Minkowski { p: 3.0 }));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// √Σ(aᵢ − bᵢ)².
    #[default]
    Euclidean,
    /// Σ(aᵢ − bᵢ)².
    SqEuclidean,
    /// Σ|aᵢ − bᵢ|.
    Manhattan,
    /// max |aᵢ − bᵢ|.
    Chebyshev,
    /// (Σ|aᵢ − bᵢ|ᵖ)^(1/p).
    Minkowski {
        /// The exponent, at least 1; infinity gives [`Metric::Chebyshev`].
        #[serde(with = "exponent")]
        p: f64,
    },
    /// (Σ wᵢ |aᵢ − bᵢ|ᵖ)^(1/p): scipy's `minkowski` with weights, which are not raised to the power p.
    WMinkowski {
        /// The exponent, at least 1; at infinity columns count, or do not where their weight is 0.
        #[serde(with = "exponent")]
        p: f64,
        /// d weights of at least 0.
        w: Vec<f64>,
    },
    /// √Σ (aᵢ − bᵢ)² / vᵢ.
    SEuclidean {
        /// d variances above 0.
        v: Vec<f64>,
    },
    /// √((a − b)ᵀ · VI · (a − b)).
    Mahalanobis {
        /// The inverse of the covariance: d × d in row-major order, symmetric and positive semidefinite.
        vi: Vec<f64>,
    },
    /// Σ |aᵢ − bᵢ| / (|aᵢ| + |bᵢ|), where 0 / 0 counts as 0.
    Canberra,
    /// Σ |aᵢ − bᵢ| / Σ |aᵢ + bᵢ|; two zero rows are at distance 0. Meant for values of at least 0: others may give an
    /// infinite distance, which is an error if it comes among the nearest.
    BrayCurtis,
    /// 1 − a·b / (|a| |b|), in [0, 2]. Two zero rows are at distance 0, a zero row and any other at 1.
    Cosine,
    /// [`Metric::Cosine`] of the rows less their means. Two constant rows are at distance 0, a constant row and any other
    /// at 1.
    Correlation,
    /// 1 − a·b: cosine for rows of length 1. Negative for long rows, and a row need not be its own nearest.
    Dot,
    /// √(1 − Σ √(aᵢ bᵢ) / √(Σ aᵢ Σ bᵢ)) for values of at least 0, in [0, 1]. Two zero rows are at distance 0, a zero row and
    /// any other at 1.
    Hellinger,
    /// Angle between two points on a sphere, in [0, π]; the two columns are latitude and longitude in radians.
    Haversine,
    /// Share of columns with aᵢ ≠ bᵢ.
    Hamming,
    /// (tf + ft) / (tt + tf + ft), where 0 / 0 counts as 0.
    Jaccard,
    /// (tf + ft) / (2 tt + tf + ft), where 0 / 0 counts as 0.
    Dice,
    /// (d − tt) / d. Equal rows are not at distance 0 unless all is true.
    RussellRao,
    /// (tf + ft − tt + d) / (tf + ft + d), as scipy had it up to 1.10. Equal rows are not at distance 0 unless all is true.
    Kulsinski,
    /// 2 (tf + ft) / (tt + ff + 2 (tf + ft)).
    RogersTanimoto,
    /// The same as [`Metric::RogersTanimoto`], as in scipy.
    SokalMichener,
    /// 2 (tf + ft) / (tt + 2 (tf + ft)), where 0 / 0 counts as 0.
    SokalSneath,
    /// 2 tf ft / (tt ff + tf ft); 0 where tf or ft is 0.
    Yule,
}

/// A distance of one's own, for [`Exact::fit_custom`](crate::Exact::fit_custom). Closures are distances.
///
/// It must be symmetric and give the same number for the same rows each time; it need not keep the triangle inequality.
/// A result that is not finite is an error of the search if it comes among the nearest.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_knn::Exact;
/// let x = Matrix::from_rows([[1.0, 10.0], [2.0, 90.0], [1.0, 20.0]])?;
/// let tens = |a: &[f32], b: &[f32]| (a[1] - b[1]).abs() / 10.0;
/// assert_eq!(Exact::new(1).fit_custom(&x, tens)?.ids(), &[2, 2, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Distance: Send + Sync {
    /// The distance of two rows of the same length.
    fn distance(&self, a: &[f32], b: &[f32]) -> f32;

    /// The distances of `a` to the first `out.len()` of `rows`, of which there are no fewer, into `out`. What
    /// [`Distance::distance`] gives for each, unless overridden by something faster that gives the same.
    fn distances(&self, a: &[f32], rows: planisphere_core::MatrixView<'_>, out: &mut [f32]) {
        for (j, d) in out.iter_mut().enumerate() {
            *d = self.distance(a, rows.row(j));
        }
    }
}

impl<F: Fn(&[f32], &[f32]) -> f32 + Send + Sync> Distance for F {
    fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        self(a, b)
    }
}
