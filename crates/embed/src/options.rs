//! How texts are encoded.

use crate::encoder::Model;
use crate::error::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How an [`Encoder`](crate::Encoder) treats texts. `Default` does what the model was made for.
///
/// ```
/// use planisphere_embed::EncoderOptions;
/// let options = EncoderOptions::new().max_seq_length(64).prefix("query: ");
/// assert_eq!(options, EncoderOptions::default().prefix("query: ").max_seq_length(64));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EncoderOptions {
    pub(crate) batch_tokens: usize,
    pub(crate) max_seq_length: Option<usize>,
    pub(crate) normalize: Option<bool>,
    pub(crate) prefix: Option<String>,
    pub(crate) prompt: Option<String>,
    pub(crate) dimensions: Option<usize>,
    pub(crate) long_texts: LongTexts,
}

/// What is done with texts that are longer than a model reads.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LongTexts {
    /// Their ends are ignored, with a [`Truncated`](planisphere_core::Warning::Truncated) warning: what sentence-transformers does.
    #[default]
    Truncate,
    /// They are read in parts, each with the prompt before it, and get the mean of the vectors of their parts, weighted by the
    /// number of tokens and scaled to length 1 where vectors are. Static models read the whole text at once, however long.
    Average {
        /// Tokens that each part has in common with the one before: at most half of those that it reads. Fewer where a prompt
        /// leaves less room.
        overlap: usize,
    },
}

impl Default for EncoderOptions {
    fn default() -> Self {
        Self {
            batch_tokens: 2048,
            max_seq_length: None,
            normalize: None,
            prefix: None,
            prompt: None,
            dimensions: None,
            long_texts: LongTexts::Truncate,
        }
    }
}

impl EncoderOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Most tokens that go through a transformer together, in whole texts; default 2048. Larger batches use more
    /// memory (about `6 * hidden_size * 4` bytes a token and thread) and help up to the size of the caches.
    /// Must be at least 1; a longer text is a batch of its own. Ignored by static models. Does not change vectors on `Device::Cpu`,
    /// and by no more than rounding on other devices.
    ///
    /// GPUs want more: 16,384 to 65,536 tokens, padding included. Besides weights, a batch then takes some
    /// `5 * intermediate_size * 4` bytes of the GPU's memory a token, half of it with 16 bits, and scores of attention up to
    /// 1 GB. A batch that does not fit is an [`Error::Compute`].
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

    /// A prompt put before every text, like the `query: ` of E5 models; an empty one switches off the prompt that a model has by
    /// default. Default: [`EncoderOptions::prompt`]. Counts as part of the text.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Puts the prompt of this name before every text, one of those that the model's `config_sentence_transformers.json`
    /// has ([`Encoder::prompts`](crate::Encoder::prompts)). Default: the model's default prompt, if it has one.
    /// [`EncoderOptions::prefix`] takes its place.
    #[must_use]
    pub fn prompt(mut self, name: impl Into<String>) -> Self {
        self.prompt = Some(name.into());
        self
    }

    /// Keeps the first so many values of each vector, for models that were trained for it (Matryoshka representations, Kusupati
    /// et al. 2022). Shortened vectors are scaled to length 1 again where the model's are. Default: all.
    #[must_use]
    pub fn dimensions(mut self, dimensions: usize) -> Self {
        self.dimensions = Some(dimensions);
        self
    }

    /// What is done with texts that are longer than [`EncoderOptions::max_seq_length`]. Default: [`LongTexts::Truncate`].
    #[must_use]
    pub fn long_texts(mut self, long_texts: LongTexts) -> Self {
        self.long_texts = long_texts;
        self
    }

    pub(crate) fn check(&self, model: &dyn Model) -> Result<()> {
        let limits = model.limits();
        if let Some(n) = self.dimensions.filter(|n| !(1..=model.dim()).contains(n)) {
            return Err(invalid("dimensions", n, format!("must be from 1 to {}", model.dim())));
        }
        if let Some(name) = self.prompt.as_ref().filter(|name| !model.prompts().texts.contains_key(*name)) {
            let names: Vec<&str> = model.prompts().texts.keys().map(String::as_str).collect();
            let reason = if names.is_empty() {
                "the model has no prompts".to_owned()
            } else {
                format!("the model has {}", names.join(", "))
            };
            return Err(invalid("prompt", name, reason));
        }
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
        if let LongTexts::Average { overlap } = self.long_texts
            && let (Some(most), Some(_)) = model.reads(self)
            && overlap > (most - limits.special_tokens) / 2
        {
            let reason = format!("must be at most half of the {} tokens of a part", most - limits.special_tokens);
            return Err(invalid("overlap", overlap, reason));
        }
        Ok(())
    }

    /// What stands before every text.
    pub(crate) fn before<'a>(&'a self, prompts: &'a Prompts) -> &'a str {
        let name = self.prompt.as_ref().or(prompts.default.as_ref());
        let text = self.prefix.as_ref().or_else(|| prompts.texts.get(name?));
        text.map_or("", String::as_str)
    }
}

/// The text behind what stands before it.
pub(crate) fn prefixed<'a>(before: &str, text: &'a str) -> Cow<'a, str> {
    if before.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(format!("{before}{text}")) }
}

/// The prompts that a model comes with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Prompts {
    /// By name.
    pub(crate) texts: BTreeMap<String, String>,
    /// The name of the one that is used unless told otherwise.
    pub(crate) default: Option<String>,
}

/// What a model can read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// Tokens that are added to every text.
    pub(crate) special_tokens: usize,
    /// Tokens that can be read at all.
    pub(crate) positions: Option<usize>,
}

fn invalid(param: &'static str, value: impl ToString, reason: String) -> Error {
    Error::InvalidParam { param, value: value.to_string(), reason }
}
