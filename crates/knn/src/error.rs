//! Errors of neighbor search.

/// Why a neighbor search, or a score made from one, could not be done.
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
    /// The rows have no columns, so that there is no distance between them.
    #[error("the matrix has {rows} rows but no columns")]
    NoColumns {
        /// Number of rows.
        rows: usize,
    },
    /// The distance of two rows does not fit `f32`.
    #[error("the distance between rows {row} and {other} is too large for a 32-bit number; scale the data down")]
    Overflow {
        /// The one row.
        row: usize,
        /// The other row.
        other: usize,
    },
    /// There is not one of these for each row.
    #[error("there are {got} {what} for {expected} rows")]
    Lengths {
        /// What there should be one of for each row.
        what: &'static str,
        /// Number of rows.
        expected: usize,
        /// Number of these.
        got: usize,
    },
    /// No row has a label.
    #[error("none of the {rows} rows has a label")]
    NoLabels {
        /// Number of rows.
        rows: usize,
    },
    /// A value is not finite, there are too many rows, or no thread pool can be started.
    #[error(transparent)]
    Core(#[from] planisphere_core::Error),
    /// The run was cancelled.
    #[error(transparent)]
    Cancelled(#[from] planisphere_core::Cancelled),
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
