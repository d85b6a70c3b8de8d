//! t-SNE (van der Maaten & Hinton 2008): exact, by Barnes-Hut trees or by interpolation, parallel, and the same map bit for
//! bit on any number of threads.
//!
//! ```
//! use planisphere_core::{CounterRng, Matrix};
//! use planisphere_tsne::Tsne;
//!
//! // Two groups of 40 rows in 8 dimensions.
//! let r = CounterRng::new(1, "example").at(0, 0);
//! let x = (0..80 * 8).map(|i| r.normal(i) + if i < 40 * 8 { 0.0 } else { 20.0 }).collect();
//! let x = Matrix::from_vec(80, 8, x)?;
//!
//! let model = Tsne::new().perplexity(10.0).seed(42).fit(&x)?;
//! assert_eq!((model.embedding().rows(), model.embedding().cols()), (80, 2));
//! println!("KL(P ‖ Q) = {:.3}", model.divergence());
//!
//! // Rows that come later find their place, and the map stays as it is.
//! let placed = model.transform(&x.select(&[3, 50]))?;
//! assert_eq!(placed.rows(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A model can be saved ([`TsneModel::save`], feature `file`) and loaded; it then places rows as before, to the bit.
//!
//! # Steps
//! 1. neighbors (`planisphere-knn`, or any [`KnnGraph`](planisphere_core::KnnGraph) by [`Tsne::fit_graph`]),
//! 2. [`Affinity`]: from distances to probabilities of pairs, [`Affinities`], which can be laid out as they are
//!    ([`Tsne::fit_affinities`]),
//! 3. initial positions: principal components, or eigenvectors of the affinities,
//! 4. gradient descent: partners attract each other, all rows push each other away ([`Repulsion`]), first with
//!    exaggerated attraction.
//!
//! # What is the same as in openTSNE, and what is not
//! Parameters, defaults, affinities, gradient, divergence and iterations agree with openTSNE 1.0 (tests hold them to its
//! numbers), but that a perplexity of more than a third of the rows is lowered ([`Affinity`]). The interpolation is another one: cubic splines and one pair of transforms for the potential, whose slope is the
//! force, instead of 3 × 3 nodes a unit box and one pair of transforms for each of four sums; what a row feels of itself
//! through the grid is taken off, so that the normalization has no systematic error. The divergence that a model tells is not
//! exaggerated and is that of its own affinities: of maps made by different programs, compare it computed by one.
//!
//! A new row is placed by itself, whatever else is placed with it ([`TsneModel::transform_by`] tells how).
//!
//! A fit can be taken step by step ([`Tsne::start`]), watched iteration by iteration through the observer of a
//! [`Context`](planisphere_core::Context), and remembered at some of them ([`Tsne::snapshots`]).
//!
//! # Guarantee
//! The same vectors, parameters and seed give the same bytes on any number of threads. Affinities, descent, and repulsion by
//! all pairs and by trees do so on any SIMD level too; interpolation ([`Repulsion::Fft`]) and [`Init::Pca`] may differ in the
//! last place between instruction sets, since their transforms and eigenvectors are computed by libraries that choose other
//! operations for each.

mod affinity;
mod attraction;
mod descent;
mod error;
#[cfg(feature = "file")]
mod file;
mod init;
mod layout;
mod model;
mod params;
mod repulsion;
mod run;
mod transform;

pub use affinity::{Affinities, Affinity, Symmetrize};
pub use error::{Error, Result};
pub use model::TsneModel;
pub use params::{Init, Repulsion, Tsne};
#[cfg(feature = "file")]
pub use planisphere_store::Error as FileError;
pub use run::TsneRun;
pub use transform::{Placement, Start};
