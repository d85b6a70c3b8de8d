//! How texts are encoded.

use crate::error::{Error, Result};
use std::borrow::Cow;

/// How an [`Encoder`](crate::Encoder) treats texts. `Default` does what the model was made for.
///
/// ```
/// use planisphere_embed::EncoderOptions;
/// let options = EncoderOptions::new().max_seq_length(64).prefix("query: ");
/// assert_eq!(options, EncoderOptions::default().prefix("query: ").max_seq_length(64));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderOptions {
    pub(crate) batch_tokens: usize,
    pub(crate) max_seq_length: Option<usize>,
    pub(crate) normalize: Option<bool>,
    pub(crate) prefix: String,
}

impl Default for EncoderOptions {
    fn default() -> Self {
        Self { batch_tokens: 2048, max_seq_length: None, normalize: None, prefix: String::new() }
    }
}

impl EncoderOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Most tokens that go through a transformer together, in whole texts; default 2048. Larger batches use more
    /// memory (about `6 * intermediate_size * 4` bytes a token and thread) and help up to the size of the caches.
    /// Must be at least 1; a longer text is a batch of its own. Ignored by static models. Does not change which
    /// vector a text gets by more than rounding.
    #[must_use]
    pub fn batch_tokens(mut self, tokens: usize) -> Self {
        self.batch_tokens = tokens;
        self
    }

    /// Reads at most so many tokens of a text, special ones like `[CLS]` included; default: the model's own limit
    /// (none for static models). Longer texts are cut with a [`Truncated`](planisphere_core::Warning::Truncated)
    /// warning. Must not exceed the number of positions of a transformer.
    #[must_use]
    pub fn max_seq_length(mut self, tokens: usize) -> Self {
        self.max_seq_length = Some(tokens);
        self
    }

    /// Whether vectors are scaled to length 1; default: as the model's own pipeline says (static models do).
    #[must_use]
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = Some(normalize);
        self
    }

    /// A prompt put before every text, like the `query: ` of E5 models; default: nothing. Counts as part of the text.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    pub(crate) fn check(&self, limits: Limits) -> Result<()> {
        if self.batch_tokens == 0 {
            return Err(invalid("batch_tokens", 0, "must be at least 1".into()));
        }
        if let Some(n) = self.max_seq_length {
            if n <= limits.special_tokens {
                let need = limits.special_tokens + 1;
                return Err(invalid("max_seq_length", n, format!("must be at least {need} for this model")));
            }
            if let Some(most) = limits.positions.filter(|&most| n > most) {
                return Err(invalid("max_seq_length", n, format!("the model has {most} positions")));
            }
        }
        Ok(())
    }

    pub(crate) fn prefixed<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.prefix.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(format!("{}{text}", self.prefix)) }
    }
}

/// What a model can read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// Tokens that are added to every text.
    pub(crate) special_tokens: usize,
    /// Tokens that are read by default.
    pub(crate) default: Option<usize>,
    /// Tokens that can be read at all.
    pub(crate) positions: Option<usize>,
}

fn invalid(param: &'static str, value: usize, reason: String) -> Error {
    Error::InvalidParam { param, value: value.to_string(), reason }
}
