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
//! # Limits
//! Time grows with n · d² and d³, memory with 8 · d² bytes a few times over: meant for up to some thousands of columns.
//! Matrices with more columns than rows are decomposed directly instead.

mod error;
mod fit;
mod model;

pub use error::{Error, Result};
pub use fit::Pca;
pub use model::PcaModel;
