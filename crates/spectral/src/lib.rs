//! Positions of the rows of a weighted graph by its lowest eigenvectors, from which UMAP and t-SNE start.
//!
//! ```
//! use planisphere_core::{CancelToken, Context, Csr};
//! use planisphere_spectral::{Kind, laplacian_eigenvectors, layout};
//!
//! // A path of 50 rows.
//! let path = Csr::by_rows(50, 50, |i, ids, weights| {
//!     for j in [i.wrapping_sub(1), i + 1].into_iter().filter(|&j| j < 50) {
//!         ids.push(j as u32);
//!         weights.push(1.0);
//!     }
//! })?;
//! let found = laplacian_eigenvectors(&path, 1, 42, &CancelToken::new())?;
//! assert!((found.values[0] - (1.0 - (std::f64::consts::PI / 49.0).cos())).abs() < 1e-9);
//!
//! // The first coordinate follows the path: its ends lie on either side of its middle.
//! let y = layout(&path, None, 2, Kind::Walk, 42, &mut Context::new())?;
//! assert!((y.row(0)[0] - y.row(25)[0]) * (y.row(49)[0] - y.row(25)[0]) < 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`laplacian_eigenvectors`] finds eigenvectors exactly, [`layout`] as far as a start needs them, of each connected
//! component on its own. Both give the same bytes on any number of threads, and on any SIMD level but where larger dense
//! eigenproblems are solved: more than 12 dimensions, and more components than twice the dimensions, if the vectors are known.

mod block;
mod coarsen;
mod components;
mod error;
mod multilevel;
mod random;
mod small;
mod spectral;
mod walk;

pub use components::layout;
pub use error::{Error, Result};
pub use random::random;
pub use spectral::{Eigenvectors, Kind, laplacian_eigenvectors};
