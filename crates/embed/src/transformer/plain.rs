//! Tokenizers that are BERT's, which most of them are, in a fraction of the time.

use crate::words::{CONTINUES, Pieces, Rules, Words};
use tokenizers::models::ModelWrapper;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{Model, Tokenizer};

/// A tokenizer of BERT's normalizer, words and word pieces, with the same ids before and after every text.
pub(crate) struct Plain {
    words: Words,
    before: Vec<u32>,
    after: Vec<u32>,
    /// Texts that have one of these in them are not split as others are.
    added: Vec<String>,
}

impl Plain {
    /// The tokenizer, if it is one of these. It neither pads nor truncates.
    pub(crate) fn new(tokenizer: &Tokenizer) -> Option<Self> {
        let (
            Some(&NormalizerWrapper::BertNormalizer(normalizer)),
            Some(PreTokenizerWrapper::BertPreTokenizer(_)),
            ModelWrapper::WordPiece(model),
        ) = (tokenizer.get_normalizer(), tokenizer.get_pre_tokenizer(), tokenizer.get_model())
        else {
            return None;
        };
        let added: Vec<_> = tokenizer.get_added_tokens_decoder().into_values().collect();
        // Tokens that are looked for in the normalized text are not to be found in the text itself.
        if model.continuing_subword_prefix != CONTINUES || added.iter().any(|token| token.normalized) {
            return None;
        }
        let (before, after) = around(tokenizer)?;
        let rules = Rules { normalizer, longest_word: model.max_input_chars_per_word };
        let vocabulary = model.get_vocab();
        let pieces = Pieces::new(vocabulary.iter().map(|(piece, &id)| (piece.as_str(), id)));
        let words = Words::new(rules, model.token_to_id(&model.unk_token)?, &pieces)?;
        Some(Self { words, before, after, added: added.into_iter().map(|token| token.content).collect() })
    }

    /// The ids of a text, without those around it; `None` if only the tokenizer itself can tell.
    pub(crate) fn own(&self, text: &str) -> Option<Vec<u32>> {
        if self.added.iter().any(|token| text.contains(token.as_str())) {
            return None;
        }
        let mut ids = Vec::new();
        self.words.encode(text, &mut ids).then_some(ids)
    }

    /// Ids with those around them.
    pub(super) fn around(&self, own: impl Iterator<Item = u32>) -> Vec<u32> {
        self.before.iter().copied().chain(own).chain(self.after.iter().copied()).collect()
    }
}

/// What a tokenizer puts before and after every text.
fn around(tokenizer: &Tokenizer) -> Option<(Vec<u32>, Vec<u32>)> {
    // Others could depend on the text.
    if let Some(PostProcessorWrapper::ByteLevel(_) | PostProcessorWrapper::Sequence(_)) = tokenizer.get_post_processor()
    {
        return None;
    }
    let ids = |text, special| Some(tokenizer.encode_fast(text, special).ok()?.get_ids().to_vec());
    let empty = ids("", true)?;
    let (own, all) = (ids("a", false)?, ids("a", true)?);
    // Then where the text's own begin would be hard to tell.
    if own.iter().any(|id| empty.contains(id)) {
        return None;
    }
    let fits = |at: &usize| [&empty[..*at], &own, &empty[*at..]].concat() == all;
    let at = (0..=empty.len()).find(fits)?;
    // Whatever the template does with more tokens, it does with these.
    let (own, all) = (ids("a b, a", false)?, ids("a b, a", true)?);
    let (before, after) = empty.split_at(at);
    ([before, &own, after].concat() == all).then(|| (before.to_vec(), after.to_vec()))
}
