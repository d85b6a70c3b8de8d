//! The parameters.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Power iterations that are done at most.
const MOST_ITERATIONS: usize = 1000;

/// How many components are kept.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Components {
    /// All there are: min(rows, columns).
    All,
    /// So many, from 1 to min(rows, columns).
    Count(usize),
    /// As few as explain *more* than this share of the variance, in (0, 1]; all of them for 1.
    Variance(f64),
    /// As many as Minka's estimate of the dimension says (2000, *Automatic choice of dimensionality for PCA*). Needs as many
    /// rows as columns.
    Mle,
}

impl From<usize> for Components {
    fn from(n: usize) -> Self {
        Self::Count(n)
    }
}

/// How the components are found.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// By the shape alone: [`Solver::Full`] up to 500 rows and columns; [`Solver::CovarianceEigh`] if the smaller of rows and
    /// columns is at most 2048, or what is asked for is no [`Components::Count`] or a quarter of all components or more;
    /// [`Solver::Randomized`] otherwise.
    ///
    /// scikit-learn turns to its randomized solver from 1000 columns, or for fewer than ten rows a column. The covariance
    /// is the faster one here over many more shapes, and it is exact, so it is used for them.
    #[default]
    Auto,
    /// By the eigenvectors of the covariance matrix; if there are more columns than rows, by those of the inner products of
    /// rows. Exact, and the fastest for up to some thousand rows or columns.
    ///
    /// With [`Precision::Double`], variances below 1e-14 of the largest are noise. Products in f32 ([`Precision::Mixed`] beyond 2044
    /// rows) leave noise of up to about 1e-7 of the variances of the columns that a component is made of: components that
    /// combine columns of like scale and have less variance than that are noise, though neither [`Pca::whiten`] nor
    /// [`Error::Singular`] tells them from others.
    CovarianceEigh,
    /// By the singular values of the data, in f64, tall data by way of a QR decomposition. The most accurate for tiny variances;
    /// several times slower.
    Full,
    /// By power iterations from a random start (Halko, Martinsson & Tropp 2011): approximate, for data so large in both
    /// directions that a few components are wanted without the whole. The result depends on the seed. Variances below 1e-7 of the
    /// largest may be lost with [`Precision::Mixed`] beyond 2044 rows, below 1e-14 otherwise.
    Randomized {
        /// Directions that are followed beyond those asked for, at least 1. Default: 10.
        n_oversamples: usize,
        /// Iterations, each by X·Xᵀ, up to 1000. Default (`None`): 7 if fewer than a tenth of all components are asked for, 4
        /// otherwise.
        iterated_power: Option<usize>,
    },
}

impl Solver {
    /// [`Solver::Randomized`] with its defaults.
    pub fn randomized() -> Self {
        Self::Randomized { n_oversamples: 10, iterated_power: None }
    }
}

/// In what the products of [`Solver::CovarianceEigh`] and [`Solver::Randomized`] are computed. They are added up in f64 in any case.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// In f64 up to 2044 rows; of more, in f32, less the mean of the rows around them: errors of the order in which
    /// data given as f32 is rounded anyway (1e-7 of a variance), at half the time.
    #[default]
    Mixed,
    /// All in f64.
    Double,
}

/// Who decomposes matrices.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// faer, in Rust. The same bits for any number of threads.
    #[default]
    Faer,
    /// LAPACK, by one of the features `openblas-system`, `openblas-static`, `intel-mkl-static` and `netlib-static`. Without one of
    /// them, a fit fails with [`Error::NoLapack`].
    ///
    /// Libraries with threads of their own may give other last bits for other numbers of them; with OpenBLAS, set
    /// `OPENBLAS_NUM_THREADS=1` where that matters. Covariances and scores are computed as ever.
    Lapack,
}

/// Principal component analysis.
///
/// Sources: Pearson (1901), Hotelling (1933); the likelihood of Tipping & Bishop (1999); names, defaults and conventions of
/// scikit-learn's `PCA`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pca {
    pub(crate) n_components: Components,
    pub(crate) solver: Solver,
    pub(crate) whiten: bool,
    pub(crate) precision: Precision,
    pub(crate) backend: Backend,
    pub(crate) seed: u64,
}

impl Default for Pca {
    /// Two components, not whitened.
    fn default() -> Self {
        Self::new(2)
    }
}

impl Pca {
    /// Analysis into `n_components` components: a number from 1 to min(rows, columns), or a choice by the data.
    ///
    /// ```
    /// use planisphere_core::Matrix;
    /// use planisphere_pca::{Components, Pca};
    ///
    /// let x = Matrix::from_rows([[0.0, 0.0, 1.0], [4.0, 4.1, 1.0], [2.0, 2.0, 0.9], [6.0, 5.9, 1.1]])?;
    /// assert_eq!(Pca::new(2).fit(&x)?.n_components(), 2);
    /// assert_eq!(Pca::new(Components::Variance(0.95)).fit(&x)?.n_components(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(n_components: impl Into<Components>) -> Self {
        Self {
            n_components: n_components.into(),
            solver: Solver::Auto,
            whiten: false,
            precision: Precision::Mixed,
            backend: Backend::Faer,
            seed: 42,
        }
    }

    /// Sets how the components are found. Default: [`Solver::Auto`].
    #[must_use]
    pub fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }

    /// Whether scores are divided by the standard deviation of their component. Default: no. Where components may have next to no
    /// variance, ask for [`Precision::Double`] too, or what is divided may be noise.
    #[must_use]
    pub fn whiten(mut self, whiten: bool) -> Self {
        self.whiten = whiten;
        self
    }

    /// Sets in what products are computed. Default: [`Precision::Mixed`].
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Sets who decomposes matrices. Default: [`Backend::Faer`]. Results never change by a feature alone.
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Sets the seed of [`Solver::Randomized`]; nothing else is random. Default: 42.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Checks of the number of components what can be checked without the data.
    pub(crate) fn check_components(&self) -> Result<()> {
        match self.n_components {
            Components::Variance(share) if !(share > 0.0 && share <= 1.0) => {
                Err(Error::param("n_components", share, "a share of the variance must be in (0, 1]"))
            }
            _ => Ok(()),
        }
    }

    /// Checks what can be checked without the data.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_components()?;
        if let Solver::Randomized { n_oversamples, iterated_power } = self.solver {
            if n_oversamples == 0 {
                return Err(Error::param("n_oversamples", 0, "must be at least 1"));
            }
            if let Some(power) = iterated_power.filter(|&p| p > MOST_ITERATIONS) {
                return Err(Error::param("iterated_power", power, format!("must be from 0 to {MOST_ITERATIONS}")));
            }
            match self.n_components {
                Components::Variance(share) => {
                    return Err(Error::param("n_components", share, "the randomized solver needs a number"));
                }
                Components::Mle => {
                    return Err(Error::param("n_components", "mle", "the randomized solver needs a number"));
                }
                Components::All | Components::Count(_) => {}
            }
        }
        Ok(())
    }

    /// Checks the number of components against data of this shape.
    pub(crate) fn check_shape(&self, rows: usize, cols: usize) -> Result<()> {
        if rows == 0 || cols == 0 {
            return Err(Error::Empty { rows, cols });
        }
        let most = rows.min(cols);
        match self.n_components {
            Components::Count(k) if k == 0 || k > most => Err(Error::param(
                "n_components",
                k,
                format!("must be from 1 to {most}, the smaller of rows and columns"),
            )),
            Components::Mle if rows < cols => Err(Error::param(
                "n_components",
                "mle",
                format!("needs at least {cols} rows, as many as columns, not {rows}"),
            )),
            _ => Ok(()),
        }
    }
}
