//! Errors of the container.

use planisphere_core::Cancelled;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a file could not be opened, read or written.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened, read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What kind of failure it is.
        kind: io::ErrorKind,
        /// The system's reason.
        reason: String,
    },
    /// The file is something else. It is left as it is.
    #[error("{} is another kind of file: {problem}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What tells.
        problem: &'static str,
    },
    /// The file was written by a later version, in a format that this one does not know.
    #[error("{} is in format {version}; this version knows format {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u32,
        /// The format that is known.
        known: u32,
    },
    /// The file is truncated or damaged.
    #[error("{} is damaged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another process, or another thread of this one, kept the file in use for as long as
    /// [`Container::wait`](crate::Container::wait) allows.
    #[error("{} was in use for {waited:?}", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A value is larger than the database can hold: 3 GiB.
    #[error("{}: a value of {bytes} bytes is too large for a database", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Size of the value.
        bytes: usize,
    },
    /// The token was cancelled while others had the file.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Error {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), kind: error.kind(), reason: error.to_string() }
    }

    pub(crate) fn damaged(path: &Path, problem: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), problem: problem.into() }
    }
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
