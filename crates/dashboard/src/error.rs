//! What can go wrong.

use crate::{config, import, maps, server, store};

/// What can go wrong when a project is served.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// A file of items.
    #[error(transparent)]
    Import(#[from] import::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The maps.
    #[error(transparent)]
    Maps(#[from] maps::Error),
    /// The key.
    #[error(transparent)]
    Key(#[from] server::KeyError),
    /// Texts could not be embedded.
    #[error("texts cannot be embedded: {source}")]
    Embed {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The models of annotators.
    #[error(transparent)]
    Mace(#[from] planisphere::labels_mace::Error),
    /// Work that was handed to other threads did not come back.
    #[error("a task failed: {reason}")]
    Task {
        /// Why.
        reason: String,
    },
}

/// Result with [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
