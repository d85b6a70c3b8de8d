//! Data types that every planisphere crate shares.
//!
//! * [`Matrix`] and [`MatrixView`]: row-major `f32`, one row a sample; [`Vectors`], of which a model may keep a share.
//! * [`KnnGraph`]: n × k neighbors, self excluded, ascending by (distance, id).
//! * [`Csr`]: sparse weighted graphs; a `KnnGraph` becomes one as it is or made symmetric ([`Symmetry`]).
//! * [`Context`]: threads, progress ([`Observer`]), cancellation ([`CancelToken`]), and the [`Report`] of a run.
//! * [`Reducer`], [`Embedded`], [`Transform`]: what methods that make maps have in common, for generic code.
//! * [`CounterRng`]: random numbers that depend on *what* they are for, never on who draws them or when.
//!
//! # The guarantee
//! Same input, parameters and seed give the same bytes on any number of threads. Three rules make it so, and the types
//! here are made to keep them: random numbers are a pure function of (seed, stage, epoch, vertex, draw); block sizes
//! are constants, never derived from the thread count; partial sums are combined in index order.
//!
//! ```
//! use planisphere_core::{KnnGraph, Matrix};
//!
//! let x = Matrix::from_rows([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0]])?;
//! assert_eq!((x.rows(), x.cols()), (3, 2));
//! let g = KnnGraph::new(3, 1, vec![1, 2, 1], vec![5.0, 1.0, 1.0])?;
//! assert_eq!(g.row(0), (&[1u32][..], &[5.0f32][..]));
//! # Ok::<(), planisphere_core::Error>(())
//! ```

mod components;
mod context;
mod csr;
mod edges;
mod error;
mod graph;
mod matrix;
mod reduce;
mod report;
mod rng;
mod unit;
mod vectors;

pub use context::{Context, Event, Observer, Threads};
pub use csr::Csr;
pub use edges::Symmetry;
pub use error::{Error, Result};
pub use graph::{KnnGraph, neighbors_in_order};
pub use matrix::{Matrix, MatrixView};
pub use reduce::{Embedded, Reducer, Transform};
pub use report::{CancelToken, Cancelled, Decision, Report, Stage, StageTime, Warning};
pub use rng::{CounterRng, Draws};
pub use unit::{normalize, normalize_rows};
pub use vectors::Vectors;
