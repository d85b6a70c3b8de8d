//! Which model vectors are of.

use std::fmt;

/// Key of a text under its model.
pub(crate) type Key = [u8; 32];

/// What tells the vectors of one model from those of another: a name that says everything that vectors depend on, the
/// text aside. That is the model, its revision, the prompt, the length at which texts are cut, and the options that
/// change values: dimensions, normalization, precision.
///
/// Two names that differ in one character are two models. So a name that is too exact costs time, and one that is not
/// exact enough gives vectors of another model.
///
/// ```
/// use planisphere_vector_cache::ModelKey;
///
/// let (revision, prompt) = ("c9745ed1d9f207416be6d2e6f8de32d1f16199bf", "query: ");
/// let model = ModelKey::new(format!("all-MiniLM-L6-v2@{revision} prompt={prompt:?} length=256"));
/// assert!(model.name().starts_with("all-MiniLM-L6-v2@c9745ed"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelKey {
    name: String,
    id: [u8; 32],
}

impl ModelKey {
    /// The key of the model that `name` describes.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        // The context string must stay as it is: it is part of the file format.
        let id = blake3::derive_key("planisphere-vector-cache 2026 key of the texts of a model", name.as_bytes());
        Self { name, id }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The key of a text under this model.
    pub(crate) fn text(&self, text: &str) -> Key {
        *blake3::keyed_hash(&self.id, text.as_bytes()).as_bytes()
    }
}

impl fmt::Display for ModelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What a cache holds of one model.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// The name in its key.
    pub name: String,
    /// Length of its vectors.
    pub dim: usize,
    /// Number of its vectors.
    pub vectors: u64,
}
