//! What can go wrong with maps.

use crate::store;
use planisphere::queue_reorder;

/// What can go wrong with maps.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Maps are switched off in the configuration.
    #[error("Embedding visualization disabled. Set embedding_visualization.enabled to true in the configuration.")]
    Disabled,
    /// The project has no maps.
    #[error("Embedding visualization not initialized. Ensure diversity_ordering is enabled in config.")]
    Absent,
    /// A parameter of a request makes no sense.
    #[error("{name} must be {allowed}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A request has no body, or one that says nothing.
    #[error("No JSON data provided")]
    NoJson,
    /// A body is no JSON, or not what it should be.
    #[error("the body must be {expected}: {reason}")]
    Body {
        /// What is expected.
        expected: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A request to reorder makes no sense.
    #[error(transparent)]
    Reorder(queue_reorder::Error),
    /// A request to reorder has no groups.
    #[error("No selections provided")]
    NoSelections,
    /// There is no item of that id.
    #[error("unknown item '{id}'")]
    UnknownItem {
        /// The id.
        id: String,
    },
    /// An item has no vector.
    #[error("item '{id}' has no vector")]
    NoVector {
        /// The id.
        id: String,
    },
    /// There is no column of that name.
    #[error("unknown column '{name}'")]
    UnknownColumn {
        /// The name.
        name: String,
    },
    /// The points that a request is about are not those that are shown now.
    #[error("cache_key '{asked}' is not current")]
    Stale {
        /// The key that was given.
        asked: String,
    },
    /// There is no job of that id (any more).
    #[error("unknown job '{id}'")]
    UnknownJob {
        /// The id.
        id: String,
    },
    /// Work that was handed to other threads did not come back.
    #[error("a task failed: {reason}")]
    Task {
        /// Why.
        reason: String,
    },
    /// The search for neighbors failed.
    #[error(transparent)]
    Neighbors(#[from] planisphere::knn::Error),
}

/// What maps give.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn parameter(name: &'static str, value: impl ToString, allowed: impl Into<String>) -> Self {
        Self::Parameter { name, value: value.to_string(), allowed: allowed.into() }
    }

    pub(crate) fn one_of(name: &'static str, value: &str, allowed: &[&str]) -> Self {
        let names: Vec<String> = allowed.iter().map(|a| format!("'{a}'")).collect();
        Self::parameter(name, value, format!("one of: [{}]", names.join(", ")))
    }
}

impl From<queue_reorder::Error> for Error {
    fn from(e: queue_reorder::Error) -> Self {
        match e {
            queue_reorder::Error::NoSelections => Self::NoSelections,
            e => Self::Reorder(e),
        }
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(e: tokio::task::JoinError) -> Self {
        Self::Task { reason: e.to_string() }
    }
}
