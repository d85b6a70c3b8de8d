//! Encoders whose vectors are kept.

use crate::error::BoxError;
use crate::stage::Embed;
use planisphere_core::{Context, Decision, Matrix, Stage};
use planisphere_vector_cache::{EncodeError, ModelKey, VectorCache};

/// An encoder whose vectors are kept in a file: texts that it met before, in this run or another one, cost a lookup.
///
/// ```
/// # #[cfg(feature = "embed")] {
/// use planisphere::embed::Encoder;
/// use planisphere::vector_cache::VectorCache;
/// use planisphere::{CachedEncoder, Pipeline};
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("vectors.cache");
/// let texts = ["sort a list", "sort an array", "boil an egg", "fry an egg", "a list of lists", "egg salad"];
/// let encoder = CachedEncoder::new(Encoder::builtin()?, VectorCache::open(&file)?);
/// let map = Pipeline::new().encoder(encoder).fit_texts(&texts)?;
/// // The second time nothing is embedded.
/// let encoder = CachedEncoder::new(Encoder::builtin()?, VectorCache::open(&file)?);
/// let again = Pipeline::new().encoder(encoder).fit_texts(&texts)?;
/// assert_eq!(map.embedding(), again.embedding());
/// assert!(again.report().decisions.iter().any(|d| d.what == "vectors" && d.choice == "0 of 6 computed"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CachedEncoder<E> {
    encoder: E,
    cache: VectorCache,
    key: ModelKey,
}

#[cfg(feature = "embed")]
impl CachedEncoder<planisphere_embed::Encoder> {
    /// Keeps the vectors of an encoder in `cache`, under its [fingerprint](planisphere_embed::Encoder::fingerprint): no other
    /// model, prompt or option is ever taken for it.
    pub fn new(encoder: planisphere_embed::Encoder, cache: VectorCache) -> Self {
        let key = ModelKey::new(encoder.fingerprint());
        Self { encoder, cache, key }
    }
}

#[cfg(feature = "embed-remote")]
impl CachedEncoder<planisphere_embed_remote::RemoteEncoder> {
    /// Keeps the vectors that a server gives in `cache`, under its URL, the model's name and the options. A server that puts
    /// another model behind a name is not noticed.
    pub fn remote(encoder: planisphere_embed_remote::RemoteEncoder, cache: VectorCache) -> Self {
        let key = ModelKey::new(encoder.fingerprint());
        Self { encoder, cache, key }
    }
}

impl<E: Embed> CachedEncoder<E> {
    /// Keeps the vectors of `encoder` in `cache` under `key`, which tells apart everything that gives other vectors. The encoder
    /// gives a text the same vector whatever the texts beside it.
    pub fn with_key(encoder: E, cache: VectorCache, key: ModelKey) -> Self {
        Self { encoder, cache, key }
    }
}

impl<E: Embed> Embed for CachedEncoder<E> {
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        cx.stage(Stage::Embed, 0.3, |cx| {
            let found = self.cache.encode_with(&self.key, texts, cx, |missing, cx| self.encoder.embed(missing, cx));
            let found = found.map_err(EncodeError::flatten::<BoxError>)?;
            let choice = format!("{} of {} computed", found.report.computed, texts.len());
            let others = format!("{} were in {}", found.report.hits, self.cache.path().display());
            cx.decide(Decision::new("vectors", choice, others));
            Ok(found.vectors)
        })
    }
}
