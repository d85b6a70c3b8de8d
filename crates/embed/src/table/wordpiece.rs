//! The uncased BERT tokenizer of static models.

use crate::words::{Pieces, Rules, Words};
use std::sync::OnceLock;
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
    vocabulary: String,
    /// For nearly every text, unless there are too many pieces.
    words: Option<Words>,
    /// For every text, many times as slow. Built when it is needed.
    full: OnceLock<Result<Bert, String>>,
}

impl WordPieces {
    /// A tokenizer for a vocabulary of one word piece a line; a piece's id is its line.
    pub(crate) fn new(vocabulary: String) -> Result<Self, String> {
        if pieces(&vocabulary).next() != Some((UNKNOWN, 0)) {
            return Err(format!("its vocabulary does not begin with {UNKNOWN}"));
        }
        let sorted = Pieces::new(pieces(&vocabulary));
        if let Some(((word, id), other)) = sorted.repeated() {
            return Err(format!("word {id} of its vocabulary, {word:?}, is word {other}, too"));
        }
        let rules = Rules { normalizer: BertNormalizer::default(), longest_word: LONGEST_WORD };
        let words = Words::new(rules, 0, &sorted);
        Ok(Self { words, full: OnceLock::new(), vocabulary })
    }

    /// Puts the ids of a text into `ids`, or tells why there are none.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), String> {
        ids.clear();
        if !self.words.as_ref().is_some_and(|words| words.encode(text, ids)) {
            let full = self.full.get_or_init(|| full(&self.vocabulary)).as_ref()?;
            ids.extend_from_slice(full.encode_fast(text, false).map_err(|e| e.to_string())?.get_ids());
        }
        Ok(())
    }
}

/// The pieces of a vocabulary with their ids.
fn pieces(vocabulary: &str) -> impl Iterator<Item = (&str, u32)> + Clone {
    vocabulary.split('\n').zip(0..)
}

/// The reference.
fn full(vocabulary: &str) -> Result<Bert, String> {
    let model = WordPiece::builder()
        .vocab(pieces(vocabulary).map(|(word, id)| (word.to_owned(), id)).collect::<ahash::AHashMap<_, _>>())
        .unk_token(UNKNOWN.into())
        .max_input_chars_per_word(LONGEST_WORD)
        .build()
        .map_err(|e| e.to_string())?;
    TokenizerBuilder::new()
        .with_model(model)
        .with_normalizer(Some(BertNormalizer::default()))
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(None)
        .with_decoder(None)
        .build()
        .map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static WORDS: LazyLock<WordPieces> = LazyLock::new(|| {
        let pieces = "[UNK]\nplay\n##ing\n##in\n[\nmask\n]\ncafe\n中\na\nb\n##a\n##b\n##ab\naba\n#\n##\n1\n##1\n.";
        WordPieces::new(pieces.into()).unwrap()
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
        assert!(WordPieces::new("a\n[UNK]".into()).err().unwrap().contains("begin with"));
        assert!(WordPieces::new("[UNK]\na\na".into()).err().unwrap().contains("word 2"));
    }

    fn by_reference(words: &WordPieces, text: &str) -> Vec<u32> {
        let full = words.full.get_or_init(|| full(&words.vocabulary)).as_ref().unwrap();
        full.encode_fast(text, false).unwrap().get_ids().to_vec()
    }

    #[test]
    fn what_is_left_to_the_reference_has_its_ids() {
        let text = "play\u{302e}\u{1d165}ing a";
        assert!(!WORDS.words.as_ref().unwrap().encode(text, &mut vec![]));
        assert_eq!(ids(text), by_reference(&WORDS, text));
    }

    #[cfg(feature = "builtin")]
    #[test]
    fn the_vocabulary_of_the_builtin_model_equals_the_reference() {
        use crate::words::tests::{Dice, text};
        let model = std::borrow::Cow::Borrowed(planisphere_embed_builtin::MODEL);
        let (_, vocabulary) = crate::table::Table::parse(model).unwrap();
        let pieces: Vec<&str> = vocabulary.split('\n').collect();
        let words = WordPieces::new(vocabulary.clone()).unwrap();
        let fast = words.words.as_ref().unwrap();
        let is_clear = |text: &str| {
            let mut ids = vec![7];
            let clear = fast.encode(text, &mut ids);
            let want = if clear { by_reference(&words, text) } else { vec![] };
            assert_eq!(&ids[1..], want, "{text:?}");
            clear
        };
        let mut dice = Dice::new();
        let clear = (0..100_000).filter(|_| is_clear(&text(&mut dice))).count();
        assert!(clear > 90_000, "{clear}");
        // Words of many pieces, nearly pieces, and known ones.
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..dice.below(8) {
                text.push_str(pieces[dice.below(pieces.len() as u32) as usize].trim_start_matches("##"));
                text.push_str(["", " ", "", "S", "'"][dice.below(5) as usize]);
            }
            assert!(is_clear(&text), "{text:?}");
        }
        for length in [99, 100, 101, 1000] {
            for c in ["a", "é", "ж", "가", "\u{0}a", "क"] {
                assert!(is_clear(&format!("x {} y", c.repeat(length))), "{length} {c}");
            }
        }
    }

    proptest! {
        #[test]
        fn ascii_equals_the_reference(
            text in prop_oneof!["[\\x00-\\x7f]{0,60}", "[abAB1# .\\x01\\t\\x0b\\x7f]{0,60}", "((play|ing|in|a|B|aba)[ .]?){0,12}"]
        ) {
            prop_assert_eq!(ids(&text), by_reference(&WORDS, &text));
        }
    }
}
