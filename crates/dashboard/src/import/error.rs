//! What can be wrong with a file of items.

use std::path::PathBuf;

/// Why a file of items cannot be used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no table.
    #[error("{}: is no table: .csv .tsv .jsonl are", path.display())]
    NoTable {
        /// The file.
        path: PathBuf,
    },
    /// A line is not as it should be.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A row has no id.
    #[error("{}, line {line}: the column {column} holds no id: a text or a number", path.display())]
    NoId {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The column of ids.
        column: String,
    },
    /// Two rows have the same id.
    #[error("{}, line {second}: the id {id:?} is that of line {first}", path.display())]
    DuplicateId {
        /// The file.
        path: PathBuf,
        /// The id.
        id: String,
        /// The line of the one, counted from 1.
        first: u64,
        /// The line of the other.
        second: u64,
    },
    /// There is not one vector for each item.
    #[error("there are {vectors} vectors for {items} items")]
    Rows {
        /// Number of items.
        items: usize,
        /// Number of vectors.
        vectors: usize,
    },
    /// The format, or the vectors.
    #[error(transparent)]
    Dataset(#[from] planisphere::dataset::Error),
}

/// Result with the [`enum@Error`] of files of items.
pub type Result<T, E = Error> = std::result::Result<T, E>;
