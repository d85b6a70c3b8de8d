//! Errors of spectral positions.

/// Why there are no eigenvectors or positions.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A graph or vectors that cannot be worked with.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// What was given.
        param: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// A dense eigenvalue iteration failed.
    #[error(transparent)]
    Eigen(#[from] planisphere_kernels::eigen::NotConverged),
    /// A matrix of this size cannot be made.
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
