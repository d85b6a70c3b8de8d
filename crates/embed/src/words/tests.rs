//! Equality with the `tokenizers` crate.

use super::*;
use planisphere_core::CounterRng;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tokenizers::decoders::wordpiece::WordPiece as Decoder;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{TokenizerBuilder, TokenizerImpl};

type Reference = TokenizerImpl<WordPiece, BertNormalizer, BertPreTokenizer, TemplateProcessing, Decoder>;

const UNKNOWN: &str = "[UNK]";

/// Both tokenizers of a vocabulary that begins with [`UNKNOWN`].
fn both(rules: Rules, vocabulary: &[String]) -> (Words, Reference) {
    let pieces = || vocabulary.iter().map(String::as_str).zip(0..);
    let words = Words::new(rules, 0, &Pieces::new(pieces())).unwrap();
    let model = WordPiece::builder()
        .vocab(pieces().map(|(piece, id)| (piece.to_owned(), id)).collect::<ahash::AHashMap<_, _>>())
        .unk_token(UNKNOWN.into())
        .max_input_chars_per_word(rules.longest_word)
        .build()
        .unwrap();
    let reference = TokenizerBuilder::new()
        .with_model(model)
        .with_normalizer(Some(rules.normalizer))
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(None)
        .with_decoder(None)
        .build()
        .unwrap();
    (words, reference)
}

/// Whether a text is not left to the reference; then its ids are those of the reference.
fn is_clear(words: &Words, reference: &Reference, text: &str) -> bool {
    let mut ids = vec![7];
    let clear = words.encode(text, &mut ids);
    let want = reference.encode_fast(text, false).unwrap();
    let want = if clear { want.get_ids() } else { &[] };
    assert_eq!(&ids[1..], want, "{text:?} with {:?}", reference.get_normalizer());
    clear
}

/// All choices of flags that differ.
fn flags() -> impl Iterator<Item = BertNormalizer> {
    (0..16).map(|i| BertNormalizer::new(i & 1 == 0, i & 2 == 0, Some(i & 4 == 0), i & 8 == 0))
}

/// Every character of these planes as a piece, at the beginning and inside of words.
fn characters(planes: std::ops::Range<u32>) -> Vec<String> {
    let all = || (planes.start << 16..planes.end << 16).filter_map(char::from_u32);
    let first = all().map(|c| c.to_string());
    [UNKNOWN.to_owned()].into_iter().chain(first).chain(all().map(|c| format!("##{c}"))).collect()
}

/// A character alone, between letters, and among marks.
fn around(c: char) -> String {
    format!("{c} a{c}b E\u{301}{c}\u{316}{c}")
}

#[test]
fn every_character_equals_the_reference() {
    let rules = Rules { normalizer: BertNormalizer::default(), longest_word: 100 };
    let (words, reference) = both(rules, &characters(0..2));
    let mut unclear = Vec::new();
    for c in '\0'..=char::MAX {
        // What lies beyond the planes with characters is all alike.
        if (c < '\u{40000}' || (c as u32).is_multiple_of(61) || (0xe0000..0xe0200).contains(&(c as u32)))
            && !is_clear(&words, &reference, &around(c))
        {
            unclear.push(c);
        }
    }
    // Musical stems, tone marks of Hangul, marks that are newer than the tables.
    assert!(unclear.contains(&'\u{302e}') && unclear.contains(&'\u{1d165}'), "{unclear:?}");
    assert!(unclear.len() < 200 && unclear.iter().all(|&c| c > '\u{300}'), "{unclear:?}");
}

#[test]
fn every_choice_of_flags_equals_the_reference() {
    let vocabulary = characters(0..1);
    for normalizer in flags() {
        let (words, reference) = both(Rules { normalizer, longest_word: 100 }, &vocabulary);
        let mut dice = Dice::new();
        let common = ('\0'..'\u{600}').chain('\u{1e00}'..'\u{2200}').chain('\u{2fe0}'..'\u{3400}');
        let rare = (0..2000).filter_map(|_| char::from_u32(dice.below(0x30000)));
        let unclear = common.chain(rare).filter(|&c| !is_clear(&words, &reference, &around(c))).count();
        assert!(unclear < 40, "{normalizer:?}: {unclear}");
        let unclear = (0..500).filter(|_| !is_clear(&words, &reference, &text(&mut dice))).count();
        assert!(unclear < 50, "{normalizer:?}: {unclear}");
    }
}

/// Random numbers, one after the other.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        Self(0)
    }

    pub(crate) fn below(&mut self, n: u32) -> u32 {
        self.0 += 1;
        CounterRng::new(1, "texts").at(0, 0).below(self.0, n)
    }
}

/// A text of one to a dozen words, mostly of one script, with all the rest of Unicode between.
pub(crate) fn text(dice: &mut Dice) -> String {
    const SCRIPTS: [(u32, u32); 20] = [
        (0x20, 0x7f),
        (0x61, 0x7b),
        (0x61, 0x7b),
        (0x41, 0x5b),
        (0x00, 0x100),
        (0xc0, 0x250),
        (0x300, 0x370),
        (0x370, 0x530),
        (0x590, 0x780),
        (0x900, 0xe80),
        (0xf00, 0x1200),
        (0x1ab0, 0x1b00),
        (0x1e00, 0x2000),
        (0x2000, 0x2100),
        (0x3000, 0x3100),
        (0x4e00, 0xa000),
        (0xac00, 0xd7b0),
        (0xf900, 0xfb00),
        (0x1d100, 0x1d200),
        (0x1f300, 0x1f700),
    ];
    let main = SCRIPTS[dice.below(20) as usize];
    let mut text = String::new();
    for _ in 0..=dice.below(12) {
        for _ in 0..=dice.below(8) {
            let (from, to) = match dice.below(64) {
                0 => (0, 0x110000),
                1 | 2 => (0x300, 0x370),
                3..=8 => SCRIPTS[dice.below(20) as usize],
                _ => main,
            };
            text.extend(char::from_u32(from + dice.below(to - from)));
        }
        text.push_str([" ", "", ", ", "\u{a0}", "-", "\n", "\u{200d}", " \u{2014} "][dice.below(8) as usize]);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn any_vocabulary_equals_the_reference(
        pieces in prop::collection::btree_set(
            prop_oneof!["(##)?[abAéж中#.\\x01]{0,4}", "(##){0,2}[ab]{1,3}", "(##)?.{0,2}", "[ab]{5,9}"], 0..60,
        ),
        texts in prop::collection::vec(
            prop_oneof!["[abABéÉжЖ中# .\\x00\\x01\\t\\u{301}]{0,60}", "[ab]{0,12}( [ab]{0,12}){0,4}", "\\PC{0,12}"], 1..6,
        ),
        flags in 0..16u32,
        longest_word in prop_oneof![0..12usize, Just(usize::MAX)],
    ) {
        let normalizer = BertNormalizer::new(flags & 1 == 0, flags & 2 == 0, Some(flags & 4 == 0), flags & 8 == 0);
        let pieces: BTreeSet<String> = pieces;
        let vocabulary: Vec<String> = [UNKNOWN.to_owned()].into_iter().chain(pieces).collect();
        let (words, reference) = both(Rules { normalizer, longest_word }, &vocabulary);
        for text in &texts {
            is_clear(&words, &reference, text);
        }
    }
}
