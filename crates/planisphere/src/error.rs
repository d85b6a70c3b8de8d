//! What can go wrong between layers.

use planisphere_core::Cancelled;

/// Any error that can be sent to another thread: what replaceable stages may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a pipeline failed: which stage, and its reason.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Texts could not be turned into vectors.
    #[error("embedding: {0}")]
    Embed(#[source] BoxError),
    /// Vectors could not be projected.
    #[error("{method}: {source}")]
    Project {
        /// The method.
        method: String,
        /// Its reason.
        source: BoxError,
    },
    /// The dimensions could not be reduced.
    #[error("reduction: {0}")]
    Reduce(#[source] planisphere_pca::Error),
    /// A stage gave a matrix with another number of rows than it was given.
    #[error("{stage} gave {got} rows for {expected}")]
    Rows {
        /// The stage.
        stage: String,
        /// Rows given to it.
        expected: usize,
        /// Rows it returned.
        got: usize,
    },
    /// There is no encoder, and texts were given.
    #[error("there is no encoder for texts; set one with Pipeline::encoder")]
    NoEncoder,
    /// The figure could not be made.
    #[error(transparent)]
    Figure(#[from] planisphere_viz_spec::Error),
    /// The run was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
