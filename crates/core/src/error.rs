//! Errors of the shared data types.

/// What can be wrong with a matrix, a graph or a sparse matrix when it is built.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The data does not fill the stated shape.
    #[error("{len} values do not fill a matrix of {rows} rows × {cols} columns")]
    Shape {
        /// Stated number of rows.
        rows: usize,
        /// Stated number of columns.
        cols: usize,
        /// Number of values given.
        len: usize,
    },
    /// A row has another length than the first one.
    #[error("row {row} has {got} values, the rows before it have {expected}")]
    Ragged {
        /// Row, counted from 0.
        row: usize,
        /// Length of the first row.
        expected: usize,
        /// Length of this row.
        got: usize,
    },
    /// An array is not in standard (C, contiguous) layout, so it cannot be viewed without a copy.
    #[error("the array is not contiguous in row-major order; convert it with `as_standard_layout` first")]
    Layout,
    /// A value is NaN or infinite.
    #[error("row {row}, column {col} holds {value}, not a finite number")]
    NonFinite {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        col: usize,
        /// The value.
        value: f32,
    },
    /// More rows than a `u32` id can name.
    #[error("{rows} rows are more than row ids can count (at most {})", u32::MAX)]
    TooManyRows {
        /// Number of rows.
        rows: usize,
    },
    /// A neighbor list breaks the rules of [`KnnGraph`](crate::KnnGraph).
    #[error("neighbor graph, row {row}, position {position}: {problem}")]
    Graph {
        /// Row, counted from 0.
        row: usize,
        /// Position in the row, counted from 0.
        position: usize,
        /// The rule that is broken.
        problem: &'static str,
    },
    /// Two graphs that should be compared have different numbers of rows.
    #[error("graphs of {left} and {right} rows cannot be compared")]
    GraphSizes {
        /// Rows of the one.
        left: usize,
        /// Rows of the other.
        right: usize,
    },
    /// A sparse matrix is malformed.
    #[error("sparse matrix: {problem} (at {at})")]
    Sparse {
        /// The rule that is broken.
        problem: &'static str,
        /// Row or entry, counted from 0.
        at: usize,
    },
    /// A thread pool could not be started.
    #[error("cannot start a pool of {threads} threads: {reason}")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// The system's reason.
        reason: String,
    },
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
