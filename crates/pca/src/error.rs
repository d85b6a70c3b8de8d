//! Errors of principal component analysis.

/// Why an analysis could not be done.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A parameter has a value that means nothing here.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// The parameter.
        param: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// There are no rows, or no columns.
    #[error("a matrix of {rows} rows × {cols} columns has no components")]
    Empty {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        cols: usize,
    },
    /// New rows have another number of columns than the model.
    #[error("the model has {expected} columns, the rows given have {got}")]
    Columns {
        /// Columns that the model was made from.
        expected: usize,
        /// Columns given.
        got: usize,
    },
    /// Values so large that their squares cannot be summed, or results that do not fit `f32`.
    #[error("the values are too large: a result does not fit a 32-bit number; scale the data down")]
    Overflow,
    /// So many columns, or rows if these are fewer, that their inner products do not fit into memory.
    #[error(
        "a matrix of {size} × {size} does not fit into memory: Solver::Randomized and IncrementalPca do without it"
    )]
    TooLarge {
        /// Rows and columns of the matrix.
        size: usize,
    },
    /// The covariance of a model has no inverse: a component that it keeps has no variance, or all variance is in fewer
    /// components than there are columns. There is no precision and no likelihood then.
    #[error("the covariance of the model has rank {rank} in {cols} dimensions, so there is no likelihood")]
    Singular {
        /// Dimensions with variance.
        rank: usize,
        /// Number of columns.
        cols: usize,
    },
    /// A source of blocks failed.
    #[error("block {block}: {reason}")]
    Block {
        /// Block, counted from 0.
        block: usize,
        /// The source's reason.
        reason: String,
    },
    /// The program was built without a LAPACK library.
    #[error(
        "this program was built without LAPACK: enable `openblas-system` or another backend feature of planisphere-pca"
    )]
    NoLapack,
    /// LAPACK failed.
    #[error("LAPACK failed for a {rows} × {cols} matrix: {reason}")]
    Lapack {
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        cols: usize,
        /// Its reason.
        reason: String,
    },
    /// A model cannot be saved, or a file holds none.
    #[cfg(feature = "file")]
    #[error(transparent)]
    File(#[from] planisphere_store::Error),
    /// The eigenvalue iteration failed.
    #[error(transparent)]
    NotConverged(#[from] planisphere_kernels::eigen::NotConverged),
    /// A value is not finite, or no thread pool can be started.
    #[error(transparent)]
    Core(#[from] planisphere_core::Error),
    /// The run was cancelled.
    #[error(transparent)]
    Cancelled(#[from] planisphere_core::Cancelled),
}

impl Error {
    pub(crate) fn param(param: &'static str, value: impl ToString, reason: impl Into<String>) -> Self {
        Self::InvalidParam { param, value: value.to_string(), reason: reason.into() }
    }
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
