//! The block `embedding_visualization`.

use super::block::Block;
use super::error::{Result, Warning};
use super::settings::Settings;

/// The map of the embeddings.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Visualization {
    /// Whether there is one.
    pub enabled: bool,
    /// As other tools have it; here the model is that of `embeddings.model`.
    pub embedding_model: String,
    /// As other tools have it; images come with their vectors here.
    pub image_embedding_model: String,
    /// What can be changed while the program runs.
    pub settings: Settings,
}

impl Default for Visualization {
    fn default() -> Self {
        Self {
            enabled: true,
            embedding_model: "all-MiniLM-L6-v2".into(),
            image_embedding_model: "clip-ViT-B-32".into(),
            settings: Settings::default(),
        }
    }
}

impl Visualization {
    pub(super) fn read(block: &Block<'_>, schemes: &[&str], warnings: &mut Vec<Warning>) -> Result<Self> {
        let default = Self::default();
        if !block.bool("enabled", default.enabled)? {
            // What is switched off is not looked at.
            return Ok(Self { enabled: false, ..default });
        }
        let (settings, unknown) = default.settings.read(block, schemes)?;
        let mut model = |key| -> Result<Option<String>> {
            let name = block.string(key)?;
            if name.is_some() {
                let reason = "texts are embedded by the model of embeddings.model";
                warnings.push(Warning::NoEffect { key: block.key(key), reason: reason.into() });
            }
            Ok(name)
        };
        let embedding_model = model("embedding_model")?.unwrap_or(default.embedding_model);
        let image_embedding_model = model("image_embedding_model")?.unwrap_or(default.image_embedding_model);
        warnings.extend(block.unknown().into_iter().chain(unknown));
        Ok(Self { enabled: true, embedding_model, image_embedding_model, settings })
    }
}
