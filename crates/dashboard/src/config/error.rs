//! What can be wrong with a configuration, and what is merely odd about it.

use std::fmt;
use std::path::PathBuf;

/// Why a configuration cannot be used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key has a value that it cannot have.
    #[error("{key} must be {allowed}")]
    Invalid {
        /// The key with those around it, for example `embedding_visualization.umap.n_neighbors`.
        key: String,
        /// What is allowed, for example `an integer >= 2`.
        allowed: String,
    },
    /// A key that is not known, where such keys are refused: in changes of settings.
    #[error("{0}")]
    Unknown(Warning),
    /// The text is not YAML or TOML.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Line, counted from 1.
        line: u64,
        /// Column, counted from 1.
        column: u64,
        /// What the parser says.
        message: String,
    },
    /// A file cannot be used.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        source: Box<Error>,
    },
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The name of a file does not tell what it is.
    #[error("{}: must end in .yaml, .yml or .toml", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// The file is longer than configurations are.
    #[error("{}: {bytes} bytes; a configuration has at most {limit}", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// What is allowed.
        limit: u64,
    },
}

impl Error {
    pub(crate) fn invalid(key: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), allowed: allowed.into() }
    }
}

/// Result with the [`enum@Error`] of configurations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Something in a configuration that is odd, and does not keep it from being used.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// A key that is not known.
    Unknown {
        /// The key with those around it.
        key: String,
        /// The known key that may have been meant.
        suggestion: Option<String>,
    },
    /// A key that has no effect.
    NoEffect {
        /// The key with those around it.
        key: String,
        /// Why, and what to use instead.
        reason: String,
    },
    /// A key whose value is allowed, and unwise.
    Unwise {
        /// The key with those around it.
        key: String,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { key, suggestion: None } => write!(f, "Unrecognized config key {key:?} will be ignored"),
            Self::Unknown { key, suggestion: Some(known) } => {
                write!(f, "Unrecognized config key {key:?} will be ignored; did you mean {known:?}?")
            }
            Self::NoEffect { key, reason } => write!(f, "Config key {key:?} has no effect: {reason}"),
            Self::Unwise { key, reason } => write!(f, "Config key {key:?}: {reason}"),
        }
    }
}
