//! The uncased BERT tokenizer of static models.

use crate::table::ascii::AsciiPieces;
use tokenizers::decoders::wordpiece::WordPiece as Decoder;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{TokenizerBuilder, TokenizerImpl};

/// What stands first in a vocabulary: the piece for words that it cannot spell.
pub(crate) const UNKNOWN: &str = "[UNK]";
/// Longer words are unknown.
pub(crate) const LONGEST_WORD: usize = 100;

type Bert = TokenizerImpl<WordPiece, BertNormalizer, BertPreTokenizer, TemplateProcessing, Decoder>;

/// BERT's cleaning, lowercasing and accent stripping, then greedy longest-match word pieces. No special tokens: a text
/// that spells `[MASK]` is a text with brackets.
pub(crate) struct WordPieces {
    /// For every text; the reference.
    full: Bert,
    /// For texts in ASCII, several times as fast: most of the time of a static model is spent here.
    ascii: AsciiPieces,
}

impl WordPieces {
    /// A tokenizer for a vocabulary of one word piece a line; a piece's id is its line.
    pub(crate) fn new(vocabulary: &str) -> Result<Self, String> {
        let mut ids = ahash::AHashMap::new();
        for (id, word) in (0u32..).zip(vocabulary.split('\n')) {
            if let Some(other) = ids.insert(word.to_owned(), id) {
                return Err(format!("word {id} of its vocabulary, {word:?}, is word {other}, too"));
            }
        }
        if ids.get(UNKNOWN) != Some(&0) {
            return Err(format!("its vocabulary does not begin with {UNKNOWN}"));
        }
        let ascii = AsciiPieces::new(&ids);
        let model = WordPiece::builder()
            .vocab(ids)
            .unk_token(UNKNOWN.into())
            .max_input_chars_per_word(LONGEST_WORD)
            .build()
            .map_err(|e| e.to_string())?;
        let full = TokenizerBuilder::new()
            .with_model(model)
            .with_normalizer(Some(BertNormalizer::default()))
            .with_pre_tokenizer(Some(BertPreTokenizer))
            .with_post_processor(None)
            .with_decoder(None)
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self { full, ascii })
    }

    /// Puts the ids of a text into `ids`, or tells why there are none.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), String> {
        ids.clear();
        if text.is_ascii() {
            self.ascii.encode(text, ids);
        } else {
            ids.extend_from_slice(self.full.encode_fast(text, false).map_err(|e| e.to_string())?.get_ids());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static WORDS: LazyLock<WordPieces> = LazyLock::new(|| {
        let pieces = "[UNK]\nplay\n##ing\n##in\n[\nmask\n]\ncafe\n中\na\nb\n##a\n##b\n##ab\naba\n#\n##\n1\n##1\n.";
        WordPieces::new(pieces).unwrap()
    });

    fn ids(text: &str) -> Vec<u32> {
        let mut ids = vec![99];
        WORDS.encode(text, &mut ids).unwrap();
        ids
    }

    #[test]
    fn cleans_lowers_strips_and_splits() {
        assert_eq!(ids("Playing\tCAFÉ"), [1, 2, 7]);
        assert_eq!(ids("PLAYING cafe"), [1, 2, 7]);
        assert_eq!(ids("中中x"), [8, 8, 0]);
        assert_eq!(ids("[MASK]"), [4, 5, 6]);
        assert_eq!(ids(" \u{200b}\n"), [] as [u32; 0]);
        assert_eq!(ids("abab"), [14, 12]);
        assert_eq!(ids(&"a".repeat(LONGEST_WORD)).len(), LONGEST_WORD);
        assert_eq!(ids(&"a".repeat(LONGEST_WORD + 1)), [0]);
    }

    #[test]
    fn vocabularies_are_checked() {
        assert!(WordPieces::new("a\n[UNK]").err().unwrap().contains("begin with"));
        assert!(WordPieces::new("[UNK]\na\na").err().unwrap().contains("word 2"));
    }

    proptest! {
        #[test]
        fn ascii_equals_the_reference(
            text in prop_oneof!["[\\x00-\\x7f]{0,60}", "[abAB1# .\\x01\\t\\x0b\\x7f]{0,60}", "((play|ing|in|a|B|aba)[ .]?){0,12}"]
        ) {
            let reference = WORDS.full.encode_fast(text.as_str(), false).unwrap();
            prop_assert_eq!(ids(&text), reference.get_ids());
        }
    }
}
