//! Errors of the cache.

use planisphere_core::Cancelled;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a cache could not be opened, read or written.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A parameter has a value that cannot be used.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// Name of the parameter.
        param: &'static str,
        /// The value given.
        value: String,
        /// What is allowed.
        reason: &'static str,
    },
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
    #[error("{} is no cache of vectors: {problem}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What tells.
        problem: &'static str,
    },
    /// The file was written by a later version, in a format that this one does not know.
    #[error("{} is a cache of vectors in format {version}; this version knows format {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u32,
        /// The format that is known.
        known: u32,
    },
    /// The file is truncated or damaged. What it held can be computed again: remove the file.
    #[error("{} is a damaged cache of vectors: {problem}; remove it to start a new one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another process, or another thread of this one, kept the file in use for as long as
    /// [`CacheOptions::wait`](crate::CacheOptions::wait) allows.
    #[error("{} was in use for {waited:?}", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// What embeds gave another number of vectors than it was given texts.
    #[error("{got} vectors were computed for {expected} texts")]
    Rows {
        /// Texts given to it.
        expected: usize,
        /// Vectors returned.
        got: usize,
    },
    /// What embeds gave vectors of another length than those that are stored for this model: it is another model, or
    /// has other options, than the one that the key was made for.
    #[error("the vectors computed have {got} values, those stored for the model `{model}` have {expected}")]
    Width {
        /// The name in the model's key.
        model: String,
        /// Length of the stored vectors.
        expected: usize,
        /// Length of the computed vectors.
        got: usize,
    },
    /// What embeds gave a vector that holds NaN or an infinite value. Nothing of its chunk is stored.
    #[error("the vector computed for text {text} holds {value} in column {col}, not a finite number")]
    NonFinite {
        /// The text, counted from 0 in the texts asked for.
        text: usize,
        /// Column, counted from 0.
        col: usize,
        /// The value.
        value: f32,
    },
    /// The data types of the core crate: more texts than row ids can count, or threads that cannot be started.
    #[error(transparent)]
    Core(#[from] planisphere_core::Error),
    /// The run was cancelled. Only of calls that are given a context.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<planisphere_database::Error> for Error {
    fn from(error: planisphere_database::Error) -> Self {
        use planisphere_database::Error as Of;
        match error {
            Of::Io { path, kind, reason } => Self::Io { path, kind, reason },
            Of::Foreign { path, problem } => Self::Foreign { path, problem },
            Of::Newer { path, version, known } => Self::Newer { path, version, known },
            Of::Damaged { path, problem } => Self::Damaged { path, problem },
            Of::Busy { path, waited } => Self::Busy { path, waited },
            Of::Cancelled(cancelled) => Self::Cancelled(cancelled),
            Of::TooLarge { bytes, .. } => Self::InvalidParam {
                param: "vectors",
                value: format!("{bytes} bytes a vector"),
                reason: "at most 3 GiB can be stored",
            },
            // There is none that this version does not know.
            other => Self::Io { path: PathBuf::new(), kind: io::ErrorKind::Other, reason: other.to_string() },
        }
    }
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why texts could not be embedded through a cache; `E` is the error of what embeds.
///
/// Where `E` is a [`std::error::Error`], so is this, and `?` turns it into a boxed error. For all other cases there is
/// [`EncodeError::flatten`].
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum EncodeError<E> {
    /// The cache failed, or cannot store what was computed.
    #[error(transparent)]
    Cache(Error),
    /// What embeds failed.
    #[error(transparent)]
    Encode(E),
    /// The run was cancelled. So are errors of what embeds told once it was.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl<E> EncodeError<E> {
    /// The error inside, as an error type `F` that all three kinds can become. Made for `map_err`:
    ///
    /// ```
    /// use planisphere_core::{Context, Matrix};
    /// use planisphere_vector_cache::{EncodeError, ModelKey, VectorCache};
    /// type BoxError = Box<dyn std::error::Error + Send + Sync>;
    ///
    /// fn vectors(cache: &VectorCache, texts: &[&str]) -> Result<Matrix, BoxError> {
    ///     let offline = |_: &[&str], _: &mut Context<'_>| Err::<Matrix, BoxError>("no network".into());
    ///     let cached = cache.encode(&ModelKey::new("remote"), texts, offline);
    ///     Ok(cached.map_err(EncodeError::flatten::<BoxError>)?.vectors)
    /// }
    /// # let folder = tempfile::tempdir()?;
    /// # let cache = VectorCache::open(folder.path().join("v.cache"))?;
    /// assert_eq!(vectors(&cache, &["a"]).unwrap_err().to_string(), "no network");
    /// # Ok::<(), BoxError>(())
    /// ```
    pub fn flatten<F: From<Error> + From<E> + From<Cancelled>>(self) -> F {
        match self {
            Self::Cache(error) => error.into(),
            Self::Encode(error) => error.into(),
            Self::Cancelled(cancelled) => cancelled.into(),
        }
    }
}

impl<E> From<Error> for EncodeError<E> {
    fn from(error: Error) -> Self {
        match error {
            Error::Cancelled(cancelled) => Self::Cancelled(cancelled),
            other => Self::Cache(other),
        }
    }
}
