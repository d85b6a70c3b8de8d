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
    /// A value lies outside of what the metric is defined for.
    #[error("{metric} of row {row}, column {col}: {value} {reason}")]
    Domain {
        /// The metric.
        metric: &'static str,
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        col: usize,
        /// The value.
        value: f32,
        /// What is allowed.
        reason: &'static str,
    },
    /// The metric gives no finite number for two rows.
    #[error("the distance between rows {row} and {other} is {value}, not a finite number")]
    NotADistance {
        /// The one row.
        row: usize,
        /// The other row.
        other: usize,
        /// What the metric gives.
        value: f32,
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
    /// A matrix of distances is not square.
    #[error("a matrix of distances has a column for each row, not {rows} rows × {cols} columns")]
    NotSquare {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        cols: usize,
    },
    /// A given distance is negative.
    #[error("row {row}, column {col} holds {value}; a distance is not negative")]
    NegativeDistance {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        col: usize,
        /// The value.
        value: f32,
    },
    /// The given distance of a row to itself is not 0.
    #[error("row {row} is at distance {value} from itself, not 0; are these similarities?")]
    SelfDistance {
        /// Row and column, counted from 0.
        row: usize,
        /// The value on the diagonal.
        value: f32,
    },
    /// Two rows are given different distances in their two directions.
    #[error("row {row}, column {col} holds {value}, but row {col}, column {row} holds {mirrored}")]
    Asymmetric {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        col: usize,
        /// The value at (`row`, `col`).
        value: f32,
        /// The value at (`col`, `row`).
        mirrored: f32,
    },
    /// A row of sparse distances has fewer entries than neighbors are asked for.
    #[error("row {row} has {got} distances to other rows, fewer than k = {k}")]
    TooFewDistances {
        /// The first such row, counted from 0.
        row: usize,
        /// Its entries, without that on the diagonal.
        got: usize,
        /// Neighbors asked for.
        k: usize,
    },
    /// Rows have another number of columns than the points of an index.
    #[error("the rows have {got} columns, the points of the index {expected}")]
    Columns {
        /// Columns of the points.
        expected: usize,
        /// Columns of the rows.
        got: usize,
    },
    /// An index with a distance of one's own cannot be written down.
    #[error("an index with a distance of your own cannot be saved: only those of a named metric can")]
    Unnamed,
    /// A file cannot be read or written.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What kind of failure it is.
        kind: std::io::ErrorKind,
        /// The system's reason.
        reason: String,
    },
    /// A file holds something else than an index.
    #[error("{file} is no index of planisphere-knn: {problem}")]
    NotAnIndex {
        /// The file.
        file: String,
        /// What tells.
        problem: String,
    },
    /// A file was written by a later version, in a format that this one does not know.
    #[error("{file} is an index in format {version}; this version reads formats up to {newest}")]
    Newer {
        /// The file.
        file: String,
        /// The version of its format.
        version: u64,
        /// The last version that can be read.
        newest: u64,
    },
    /// An index is truncated or damaged.
    #[error("{file} is a damaged index: {problem}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A value is not finite, there are too many rows, or no thread pool can be started.
    #[error(transparent)]
    Core(#[from] planisphere_core::Error),
    /// The run was cancelled.
    #[error(transparent)]
    Cancelled(#[from] planisphere_core::Cancelled),
}

// The words of a file are the index's own here: nothing of another crate stands in these errors.
impl From<planisphere_store::Error> for Error {
    fn from(e: planisphere_store::Error) -> Self {
        use planisphere_store::Error as E;
        match e {
            E::Io { file, kind, reason } => Self::File { file, kind, reason },
            E::Foreign { file, problem, .. } => Self::NotAnIndex { file, problem },
            E::Newer { file, version, newest, .. } => Self::Newer { file, version, newest },
            E::Damaged { file, problem, .. } => Self::Damaged { file, problem },
            e => Self::File { file: String::new(), kind: std::io::ErrorKind::Other, reason: e.to_string() },
        }
    }
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
