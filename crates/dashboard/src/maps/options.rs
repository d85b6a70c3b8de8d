//! What maps are told when the program starts, besides the configuration.

use super::modality::{EmbedderOptions, Modality};
use crate::config::{Backend, Config};
use std::path::PathBuf;

/// What maps are told when the program starts, besides the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapsOptions {
    pub(crate) models_folder: Option<PathBuf>,
    pub(crate) threads: Option<usize>,
    pub(crate) jobs_at_a_time: usize,
    pub(crate) kept_projections: usize,
}

impl Default for MapsOptions {
    fn default() -> Self {
        Self { models_folder: None, threads: None, jobs_at_a_time: 1, kept_projections: 16 }
    }
}

impl MapsOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where models are kept, so that new items can be placed by them after a restart, too. Default: nowhere; new items are
    /// then placed next to those that they are near to, until the map is made anew.
    #[must_use]
    pub fn models_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.models_folder = Some(folder.into());
        self
    }

    /// Threads that a map is computed on. Never affects it. Default: all.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Maps that are computed at the same time. Default 1.
    #[must_use]
    pub fn jobs_at_a_time(mut self, jobs: usize) -> Self {
        self.jobs_at_a_time = jobs;
        self
    }

    /// Maps that are kept in the store. Default 16.
    #[must_use]
    pub fn kept_projections(mut self, projections: usize) -> Self {
        self.kept_projections = projections;
        self
    }
}

/// What the configuration says of how vectors are made.
pub(crate) fn embedder_options(config: &Config) -> EmbedderOptions {
    let embeddings = &config.embeddings;
    let modality = match embeddings.backend {
        Backend::Text => Some(Modality::Text),
        Backend::Image => Some(Modality::Image),
        Backend::Audio => Some(Modality::Audio),
        Backend::Video => Some(Modality::Video),
        Backend::Auto | Backend::Custom => None,
    };
    let backend = match embeddings.backend {
        Backend::Auto => String::new(),
        other => other.name().to_owned(),
    };
    EmbedderOptions {
        backend,
        model: embeddings.model.clone(),
        modality,
        source_field: embeddings.source_field.clone(),
    }
}
