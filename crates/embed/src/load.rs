//! How models are loaded.

/// What of a model is loaded. `Default` takes it as its files describe it.
///
/// ```
/// use planisphere_embed::LoadOptions;
/// // stella_en_400M_v5 has a dense head for each of several lengths of vectors.
/// let options = LoadOptions::new().head("2_Dense_256");
/// assert_ne!(options, LoadOptions::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LoadOptions {
    pub(crate) head: Option<String>,
    pub(crate) precision: Precision,
}

/// What the layers of a transformer compute with.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floating point, whatever the files hold: the vectors of the reference.
    #[default]
    F32,
    /// Weights of 16 bits, 11 of them of precision: half the memory, the sums of [`Precision::F32`]. Nothing is lost where the
    /// files hold such weights.
    F16,
    /// Weights of 16 bits, 8 of them of precision: as [`Precision::F16`], for weights that were made so.
    Bf16,
    /// Bytes: weights rounded once for each output, what goes into a layer for each token; sums in whole numbers. A quarter of
    /// the memory for layers, and faster on machines with AVX-512 VNNI. Attention, norms and dense heads stay as they are.
    Int8,
}

impl LoadOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// What layers compute with. Default: [`Precision::F32`].
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// The folder of the dense head, in place of the one that `modules.json` names: models like stella have several, for
    /// vectors of different lengths.
    #[must_use]
    pub fn head(mut self, folder: impl Into<String>) -> Self {
        self.head = Some(folder.into());
        self
    }
}
