//! Errors of files.

/// Why a file could not be written or read.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{file}: {reason}")]
    Io {
        /// The file.
        file: String,
        /// What kind of failure it is.
        kind: std::io::ErrorKind,
        /// The system's reason.
        reason: String,
    },
    /// A file holds something else.
    #[error("{file} is no {what}: {problem}")]
    Foreign {
        /// The file.
        file: String,
        /// What it should be.
        what: &'static str,
        /// What tells.
        problem: String,
    },
    /// A file was written by a later version, in a format that this one does not know.
    #[error("{file} is a {what} in format {version}; this version reads formats up to {newest}")]
    Newer {
        /// The file.
        file: String,
        /// What it is.
        what: &'static str,
        /// The version of its format.
        version: u64,
        /// The last version that can be read.
        newest: u64,
    },
    /// A file is truncated or damaged.
    #[error("{file} is a damaged {what}: {problem}")]
    Damaged {
        /// The file.
        file: String,
        /// What it was.
        what: &'static str,
        /// What is wrong.
        problem: String,
    },
}

impl Error {
    pub(crate) fn io(file: &str, error: &std::io::Error) -> Self {
        Self::Io { file: file.to_owned(), kind: error.kind(), reason: error.to_string() }
    }
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
