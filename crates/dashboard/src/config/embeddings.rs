//! The block `embeddings`.

use super::block::Block;
use super::error::{Result, Warning};
use std::path::PathBuf;

/// What of an item is embedded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// What the items suggest.
    #[default]
    Auto,
    /// Texts.
    Text,
    /// Images, whose vectors come with them.
    Image,
    /// Recordings, whose vectors come with them.
    Audio,
    /// Videos, whose vectors come with them.
    Video,
    /// Something else, whose vectors come with them.
    Custom,
}

const BACKENDS: &[(&str, Backend)] = &[
    ("auto", Backend::Auto),
    ("text", Backend::Text),
    ("image", Backend::Image),
    ("audio", Backend::Audio),
    ("video", Backend::Video),
    ("custom", Backend::Custom),
];

impl Backend {
    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        BACKENDS.iter().find(|(_, b)| *b == self).map_or("", |(name, _)| *name)
    }
}

/// Where vectors come from.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// What of an item is embedded.
    pub backend: Backend,
    /// `builtin` (the default), a folder, a file, or a name.
    pub model: Option<String>,
    /// The column that is embedded.
    pub source_field: Option<String>,
    /// Where vectors of texts are kept, besides the database.
    pub cache_dir: Option<PathBuf>,
    /// The folder of images, recordings and videos.
    pub media_root: Option<PathBuf>,
}

impl Embeddings {
    pub(super) fn read(block: &Block<'_>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let embeddings = Self {
            backend: block.one_of("backend", BACKENDS, Backend::Auto)?,
            model: block.string("model")?,
            source_field: block.string("source_field")?,
            cache_dir: block.string("cache_dir")?.map(PathBuf::from),
            media_root: block.string("media_root")?.map(PathBuf::from),
        };
        warnings.extend(block.unknown());
        Ok(embeddings)
    }
}
