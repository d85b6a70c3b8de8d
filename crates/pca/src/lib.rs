//! Principal component analysis, exact and reproducible.
//!
//! Sums are in f64 and in an order that does not depend on the number of threads; the signs are those of scikit-learn
//! (the entry of largest size of each component is positive), so that the same data always gives the same picture.
//!
//! ```
//! use planisphere_core::Matrix;
//! use planisphere_pca::Pca;
//!
//! let x = Matrix::from_rows([[0.0, 0.0], [1.0, 1.1], [2.0, 1.9], [3.0, 3.0]])?;
//! let model = Pca::new(1).fit(&x)?;
//! assert!(model.explained_variance_ratio()[0] > 0.99);
//! let line = model.embedding();
//! assert_eq!((line.rows(), line.cols()), (4, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | what | how |
//! |---|---|
//! | components, scores, variances | [`Pca`], which gives a [`PcaModel`] |
//! | how many components | [`Components`]: a number, a share of the variance, or Minka's estimate |
//! | how they are found | [`Solver`]: covariance, singular values, or randomized; by itself according to the shape |
//! | likelihood of rows | [`PcaModel::score_samples`], [`PcaModel::covariance`], [`PcaModel::precision`] |
//! | data that does not fit into memory | [`Pca::fit_blocks`] and [`Moments`], exact; [`IncrementalPca`] for very many columns |
//! | fewer dimensions before a map | [`Reduction`] |
//!
//! # Accuracy
//! Input is f32. What is summed is summed in f64; products of more than 2044 rows are f32 unless [`Precision::Double`] is
//! asked for, after the mean was taken off in f64, so that a large mean costs nothing. Variances agree with a computation in f64 to
//! about 1e-7 of the largest of them. Scores are f32: of up to seven components computed in f64 and rounded once, whitened or not;
//! of more, products over 128 columns are f32.
//!
//! # Reproducibility
//! The same bytes for any number of threads, and any blocks that rows come in; for blocks of at least as many rows as columns in
//! all, the same as for all rows in one piece. Matrix products and decompositions may differ
//! in the last bits between instruction sets.
//!
//! # Features
//! * `file` (default): models as files, [`PcaModel::save`] and [`PcaModel::load`].
//! * `openblas-system`, `openblas-static`, `intel-mkl-static`, `netlib-static`: [`Backend::Lapack`], through ndarray-linalg. Enable one
//!   of them. What is computed changes only where that backend is asked for. `intel-mkl-static` brings a library under the Intel
//!   Simplified Software License.
//!
//! # Limits
//! Time grows with n · d · min(n, d) and min(n, d)³, memory with 8 · min(n, d)² bytes a few times over: meant for some thousands of
//! rows or columns, whichever are fewer. [`Pca::fit_blocks`] and [`Moments`] take 8 · d² bytes a few times over for d columns, however
//! few the rows. What does not fit is [`Error::TooLarge`]. [`Solver::Randomized`] and [`IncrementalPca`] go beyond.

mod backend;
mod dims;
mod error;
#[cfg(feature = "file")]
mod file;
mod fit;
mod incremental;
#[cfg(feature = "lapack")]
mod lapack;
mod likelihood;
mod model;
mod params;
mod select;
mod solver;

pub use dims::Reduction;
pub use error::{Error, Result};
pub use incremental::{IncrementalFit, IncrementalPca};
pub use model::PcaModel;
pub use params::{Backend, Components, Pca, Precision, Solver};
#[cfg(feature = "file")]
pub use planisphere_store::Error as FileError;
pub use solver::moments::Moments;
