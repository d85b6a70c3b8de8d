//! UMAP (McInnes, Healy & Melville 2018), parallel, and the same map bit for bit on any number of threads.
//!
//! ```
//! use planisphere_core::{CounterRng, Matrix};
//! use planisphere_umap::Umap;
//!
//! // Two groups of 30 rows in 8 dimensions.
//! let r = CounterRng::new(1, "example").at(0, 0);
//! let x = (0..60 * 8).map(|i| r.normal(i) + if i < 30 * 8 { 0.0 } else { 20.0 }).collect();
//! let x = Matrix::from_vec(60, 8, x)?;
//!
//! let model = Umap::new().n_neighbors(10).seed(42).fit(&x)?;
//! assert_eq!((model.embedding().rows(), model.embedding().cols()), (60, 2));
//! // The pieces share no edge, and the report says so.
//! assert!(model.report().warnings[0].to_string().contains("2 components"));
//!
//! // Rows that come later find their place, and the map stays as it is.
//! let placed = model.transform(&x.select(&[3, 40]))?;
//! assert_eq!(placed.rows(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A model can be saved ([`UmapModel::save`], feature `file`) and loaded; it then places rows as before, to the bit.
//!
//! # Steps
//! 1. neighbors (`planisphere-knn`, or any [`KnnGraph`](planisphere_core::KnnGraph) by [`Umap::fit_graph`]),
//! 2. [`graph`]: smooth distances, memberships, fuzzy union,
//! 3. initial positions: eigenvectors of the Laplacian of each connected component, as far as a start needs them
//!    ([`laplacian_eigenvectors`] finds them exactly),
//! 4. layout: sampled attraction along edges against repulsion by random rows.
//!
//! What is known about the rows, their classes or numbers, can take part: [`Umap::fit_supervised`]. The graph is to be had
//! without a map ([`Umap::graph`]), graphs can be combined ([`graph::intersect`]), and any fuzzy graph can be laid out
//! ([`Umap::fit_fuzzy_graph`]).
//!
//! # What is the same as in umap-learn, and what is not
//! Parameters, defaults, graphs (with a target, too), curve and how often each edge is sampled agree with umap-learn 0.5.12
//! (tests hold them to its numbers), but that no row is sampled more than 256 times an epoch. The layout has the same
//! forces, number of epochs and learning rate, but moves rows in parallel blocks, and an attraction moves one end, as in the
//! paper's Algorithm 5, where umap-learn moves both ([`Umap::both_ends`]), and goes no farther than to the middle. Maps are
//! of the same kind, not the same points: on text vectors and digits they keep more of each row's neighbors, and in
//! continuity and label accuracy are within 0.003 of umap-learn's (`BENCHMARKS.md`).
//!
//! The seed is 42 unless set, and does not cost parallelism. A new row is placed by itself, whatever else is placed with it
//! ([`UmapModel::transform_with`] tells how).
//!
//! A fit can be taken step by step ([`Umap::start`]), watched epoch by epoch through the observer of a
//! [`Context`](planisphere_core::Context), and remembered at some epochs ([`Umap::snapshots`]).
//!
//! # Guarantee
//! The same vectors, parameters and seed give the same bytes on any number of threads. Graph, initialization and layout do
//! so on any SIMD level too, but for [`Init::Pca`] and two cases of [`Init::Spectral`] that solve larger dense eigenproblems,
//! which may differ in the last place between instruction sets: more than 12 dimensions, and more components of the graph
//! than twice the dimensions, if the vectors are known.

mod curve;
mod error;
#[cfg(feature = "file")]
mod file;
mod fuzzy;
pub mod graph;
mod init;
mod layout;
mod model;
mod params;
mod run;
mod supervised;
mod target;
mod transform;

pub use curve::find_ab;
pub use error::{Error, Result};
pub use init::laplacian_eigenvectors;
pub use model::UmapModel;
pub use params::{Init, Umap};
pub use planisphere_spectral::Eigenvectors;
#[cfg(feature = "file")]
pub use planisphere_store::Error as FileError;
pub use run::UmapRun;
pub use target::{Labels, Target};
