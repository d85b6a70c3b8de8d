//! How models are loaded.

/// What of a model is loaded. `Default` takes it as its files describe it.
///
/// ```
/// use planisphere_embed::LoadOptions;
/// // stella_en_400M_v5 has a dense head for each of several lengths of vectors.
/// let options = LoadOptions::new().head("2_Dense_256");
/// assert_ne!(options, LoadOptions::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    pub(crate) head: Option<String>,
}

impl LoadOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The folder of the dense head, in place of the one that `modules.json` names: models like stella have several, for
    /// vectors of different lengths.
    #[must_use]
    pub fn head(mut self, folder: impl Into<String>) -> Self {
        self.head = Some(folder.into());
        self
    }
}
