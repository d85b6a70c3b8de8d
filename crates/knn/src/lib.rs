//! Neighbor graphs: for each row of a matrix, the k rows nearest to it.
//!
//! [`Exact`] finds them all: as right as the plain double loop, and for many rows faster than a matrix product of all with
//! all. [`Approx`] finds the share of them that you ask for, in time that grows little faster than the number of rows.
//! [`Auto`] chooses. All give the same bytes on any number of threads and any SIMD level.
//!
//! ```
//! use planisphere_core::Matrix;
//! use planisphere_knn::{Exact, Metric};
//!
//! let x = Matrix::from_rows([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [9.0, 9.0]])?;
//! let graph = Exact::new(2).metric(Metric::Euclidean).fit(&x)?;
//! assert_eq!(graph.row(0), (&[1, 2][..], &[1.0, 3.0][..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Precomputed`] takes them from distances that are given, as a full matrix or a sparse one. A graph that was made
//! elsewhere needs no search: see [`KnnGraph::new`](planisphere_core::KnnGraph::new) and
//! [`KnnGraph::from_self_included`](planisphere_core::KnnGraph::from_self_included).
//!
//! All metrics of umap-learn and scipy for vectors are there ([`Metric`]), rows of bits ([`BitMatrix`]) and distances of
//! your own ([`Distance`]):
//!
//! ```
//! use planisphere_core::Matrix;
//! use planisphere_knn::{Exact, Metric};
//!
//! let cities = Matrix::from_rows([[52.52f32, 13.41], [48.86, 2.35], [35.68, 139.69]].map(|c| c.map(f32::to_radians)))?;
//! let graph = Exact::new(1).metric(Metric::Haversine).fit(&cities)?;
//! let km: Vec<u32> = graph.dists().iter().map(|radians| (radians * 6371.0).round() as u32).collect();
//! assert_eq!((graph.ids(), km), (&[1, 0, 0][..], vec![878, 878, 8917]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To ask for the neighbors of other rows, build an [`Index`] once. It answers many rows at once or one at a time, takes
//! more points later, and can be saved:
//!
//! ```
//! use planisphere_core::{CounterRng, Matrix};
//! use planisphere_knn::{Approx, Index, Metric};
//!
//! let r = CounterRng::new(1, "example").at(0, 0);
//! let points = Matrix::from_vec(5000, 16, (0..80_000).map(|i| r.normal(i)).collect())?;
//! let rows = Matrix::from_vec(3, 16, (80_000..80_048).map(|i| r.normal(i)).collect())?;
//!
//! let mut index = Approx::new(15).metric(Metric::Cosine).index(points)?;
//! let found = index.query(&rows, 10)?;
//! assert_eq!(index.searcher().nearest(rows.row(2), 10)?, found.row(2));
//!
//! index.add(&rows)?;
//! assert_eq!(index.query(&rows, 1)?.ids(), &[5000, 5001, 5002]);
//!
//! let folder = tempfile::tempdir()?;
//! index.save(folder.path().join("points.index"))?;
//! assert_eq!(Index::load(folder.path().join("points.index"))?.query(&rows, 10)?, index.query(&rows, 10)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`quality`] scores maps by their neighbors.
//!
//! # How
//! Rows are coded as a few bytes each, such that the distance of two codes is never longer than that of the rows, but for
//! an error that is known of each row. Approximate search ranks candidates by codes and measures the best. Exact search
//! starts from that, and then compares the codes of all pairs once: only pairs that could be nearer than what was found
//! are measured. Where codes do not pay (few rows, metrics that do not follow from lengths or angles), it goes through
//! matrix products with a proven margin, or measures all pairs.
//!
//! # Conventions
//! A row never is its own neighbor; k counts the others. Rows are ascending by (distance, id), so that ties are broken by
//! id. Distances are those of the [`Metric`], which are negative under [`Metric::Dot`] alone, or under a [`Distance`] of
//! your own.

mod approx;
mod auto;
mod bit_matrix;
mod coded;
mod error;
mod exact;
mod index;
mod known;
mod metric;
mod panels;
mod precomputed;
pub mod quality;
mod search;
mod space;
mod stand_in;
mod twins;

pub use approx::Approx;
pub use auto::{Auto, Choice, Method, ParseMethodError};
pub use bit_matrix::BitMatrix;
pub use error::{Error, Result};
pub use exact::Exact;
pub use index::{Index, Neighbors, Searcher};
pub use known::Known;
pub use metric::{Distance, Metric, ParseMetricError};
pub use precomputed::Precomputed;
