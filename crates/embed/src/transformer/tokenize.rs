//! `tokenizer.json`: texts to ids, cut to length.

use super::json::JsonFile;
use super::opened::Opened;
use super::plain::Plain;
use crate::error::{Error, Result};
use blake3::{Hash, Hasher};
use serde_json::Value;
use std::path::Path;
use tokenizers::{Encoding, Token, Tokenizer, TruncationDirection};

/// A tokenizer without padding, with its special tokens.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    /// The same for most texts, if the tokenizer is BERT's.
    plain: Option<Plain>,
    direction: TruncationDirection,
    /// Texts are lowercased first (`do_lower_case` of `sentence_bert_config.json`).
    lowercase: bool,
    special: usize,
    hash: Hash,
}

/// The ids of one text.
#[derive(Debug, PartialEq)]
pub(crate) struct Ids {
    /// At least one part; several where a long text is read in parts.
    pub(crate) parts: Vec<Part>,
    pub(crate) truncated: bool,
}

/// Tokens that are read together.
#[derive(Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) ids: Vec<u32>,
    /// How many of them are the text's own: neither special nor a prompt's.
    pub(crate) own: usize,
    /// How many are the prompt's.
    pub(crate) prompt: usize,
}

/// How texts are read.
#[derive(Clone, Copy)]
pub(crate) struct Cut<'a> {
    /// Tokens of a part, special ones included: more than [`Tokens::special`].
    pub(crate) most: usize,
    /// The ids of the prompt that texts begin with, as far as they are the same alone.
    pub(crate) prompt: &'a [u32],
    /// How many tokens each part of a long text has in common with the one before; without it a text has one part.
    pub(crate) overlap: Option<usize>,
}

impl Tokens {
    /// Reads `tokenizer.json` for a model with `rows` token vectors.
    pub(crate) fn load(dir: &Path, rows: usize, lowercase: bool) -> Result<Self> {
        let needed = "the fast tokenizer of the model; vocab.txt alone does not do";
        let Opened { path, tokenizer, truncation, hash, max_id } = Opened::read(dir, needed)?;
        let bad = |e: tokenizers::Error| Error::Tokenizer { path: path.clone(), reason: e.to_string() };
        let direction = truncation.map_or(TruncationDirection::Right, |t| t.direction);
        if max_id >= rows {
            return Err(Error::VocabularyTooLarge { path, max_id, rows });
        }
        let empty = tokenizer.encode_fast("", true).map_err(bad)?;
        if let Some(&id) = empty.get_ids().iter().find(|&&id| id as usize >= rows) {
            return Err(Error::VocabularyTooLarge { path, max_id: id as usize, rows });
        }
        let plain = Plain::new(&tokenizer);
        Ok(Self { plain, direction, lowercase, special: empty.len(), tokenizer, hash })
    }

    /// A hash of everything that ids depend on.
    pub(crate) fn hash(&self) -> Hash {
        let mut hash = Hasher::new();
        hash.update(self.hash.as_bytes()).update(&[u8::from(self.lowercase)]).finalize()
    }

    /// Tokens that are added to every text.
    pub(crate) fn special(&self) -> usize {
        self.special
    }

    /// The ids of a text. Every part of a long one begins with the prompt.
    pub(crate) fn encode(&self, text: &str, how: Cut<'_>) -> Result<Ids, String> {
        self.cut(text, how, self.direction)
    }

    fn cut(&self, text: &str, how: Cut<'_>, direction: TruncationDirection) -> Result<Ids, String> {
        let room = how.most - self.special;
        let (own, plain) = self.own(text)?;
        let excess = own.len().saturating_sub(room);
        if let Some(overlap) = how.overlap.filter(|_| excess > 0) {
            // The last tokens of a prompt can become others with a text behind them.
            let same = own.iter().zip(how.prompt).take_while(|(a, b)| a == b).count();
            let (before, rest) = own.split_at(same.min(room - 1));
            let each = room - before.len();
            let mut parts = Vec::new();
            for at in (0..).step_by(each - overlap.min(each / 2)) {
                let here = &rest[at..rest.len().min(at + each)];
                let ids = self.around(before, here, plain)?;
                parts.push(Part { ids, own: here.len(), prompt: before.len() });
                if at + each >= rest.len() {
                    break;
                }
            }
            return Ok(Ids { parts, truncated: false });
        }
        let kept = match direction {
            TruncationDirection::Right => &own[..own.len() - excess],
            TruncationDirection::Left => &own[excess..],
        };
        let ids = self.around(&[], kept, plain)?;
        let prompt = how.prompt.len();
        let part = Part { ids, own: kept.len().saturating_sub(prompt), prompt };
        Ok(Ids { parts: vec![part], truncated: excess > 0 })
    }

    /// The ids of a text, without special ones, and whether the plain path gave them.
    fn own(&self, text: &str) -> Result<(Vec<u32>, bool), String> {
        let lower;
        let text = if self.lowercase {
            lower = text.to_lowercase();
            &lower
        } else {
            text
        };
        if let Some(ids) = self.plain.as_ref().and_then(|plain| plain.own(text)) {
            return Ok((ids, true));
        }
        let encoding = self.tokenizer.encode_fast(text, false).map_err(|e| e.to_string())?;
        Ok((encoding.get_ids().to_vec(), false))
    }

    /// Ids, one behind the other, with special ones around them.
    fn around(&self, before: &[u32], own: &[u32], plain: bool) -> Result<Vec<u32>, String> {
        let ids = before.iter().chain(own).copied();
        if let Some(plain) = self.plain.as_ref().filter(|_| plain) {
            return Ok(plain.around(ids));
        }
        // What is put around tokens depends on their number at most, so that their names and places need not be known.
        let tokens = ids.map(|id| Token::new(id, String::new(), (0, 0))).collect();
        let encoding = self.tokenizer.post_process(Encoding::from_tokens(tokens, 0), None, true);
        Ok(encoding.map_err(|e| e.to_string())?.get_ids().to_vec())
    }

    /// The ids of a prompt, and how many special ones stand before them.
    pub(crate) fn prompt(&self, prompt: &str) -> Result<(Vec<u32>, usize), String> {
        let (own, plain) = self.own(prompt)?;
        let all = self.around(&[], &own, plain)?;
        let before = (0..=self.special).find(|&at| all[at..].starts_with(&own)).unwrap_or(0);
        Ok((own, before))
    }
}

/// What `sentence_bert_config.json` and `tokenizer_config.json` say.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Reading {
    pub(crate) max_seq_length: Option<usize>,
    pub(crate) lowercase: bool,
}

impl Reading {
    pub(crate) fn load(dir: &Path) -> Result<Self> {
        let mut reading = Self::default();
        if let Some(f) = JsonFile::read_if_there(&dir.join("sentence_bert_config.json"))? {
            reading.lowercase = f.bool_or("do_lower_case", false)?;
            if f.find(&["max_seq_length"]).is_some() {
                reading.max_seq_length = Some(f.size(&["max_seq_length"])?);
            }
        }
        if reading.max_seq_length.is_none()
            && let Some(f) = JsonFile::read_if_there(&dir.join("tokenizer_config.json"))?
            // "No limit" is written as 1e30, as a whole number or not.
            && let Some(n) = f.find(&["model_max_length"]).and_then(Value::as_f64).filter(|n| (1.0..1e9).contains(n))
        {
            reading.max_seq_length = Some(n as usize);
        }
        Ok(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::LazyLock;

    fn fixture(kind: &str) -> Value {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny-bert").join(kind).join("tokenizer.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    fn load(file: &Value) -> Tokens {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tokenizer.json"), file.to_string()).unwrap();
        Tokens::load(dir.path(), 1 << 20, false).unwrap()
    }

    /// The tiny BERT's tokenizer with something else at these places.
    fn changed(changes: &[(&str, Value)]) -> Tokens {
        let mut file = fixture("bert");
        for (place, value) in changes {
            *file.pointer_mut(place).unwrap() = value.clone();
        }
        load(&file)
    }

    #[test]
    fn the_plain_path_is_taken_for_plain_tokenizers_alone() {
        assert!(load(&fixture("distilbert")).plain.is_some());
        assert!(load(&fixture("roberta")).plain.is_none());
        let plain = |place, value| changed(&[(place, value)]).plain.is_some();
        let template = |tokens: Value| {
            json!({
                "type": "TemplateProcessing", "single": tokens, "pair": [],
                "special_tokens": {"[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}},
            })
        };
        let a = json!({"Sequence": {"id": "A", "type_id": 0}});
        let end = json!({"SpecialToken": {"id": "[SEP]", "type_id": 0}});
        assert!(plain("/normalizer/lowercase", json!(false)));
        assert!(plain("/post_processor", json!({"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]})));
        assert!(plain("/post_processor", template(json!([a, end, end]))));
        assert!(plain("/post_processor", Value::Null));
        assert!(!plain("/normalizer", json!({"type": "Lowercase"})));
        assert!(!plain("/normalizer", Value::Null));
        assert!(!plain("/pre_tokenizer", json!({"type": "WhitespaceSplit"})));
        assert!(!plain("/model/continuing_subword_prefix", json!("@@")));
        assert!(!plain("/model/unk_token", json!("[NO]")));
        assert!(!plain("/added_tokens/4/normalized", json!(true)));
    }

    /// One tokenizer for each choice of flags and one with other ends, all plain.
    static PLAIN: LazyLock<Vec<Tokens>> = LazyLock::new(|| {
        let flags = (0..24).map(|i| {
            let strip = [Value::Null, json!(true), json!(false)][i / 8].clone();
            let normalizer = json!({
                "type": "BertNormalizer", "clean_text": i % 2 == 0, "handle_chinese_chars": i / 2 % 2 == 0,
                "lowercase": i / 4 % 2 == 0, "strip_accents": strip,
            });
            changed(&[("/normalizer", normalizer), ("/model/max_input_chars_per_word", json!(6 + 10 * (i % 3)))])
        });
        flags.chain([changed(&[("/post_processor", Value::Null)])]).collect()
    });

    proptest! {
        #[test]
        fn the_plain_path_equals_the_tokenizer(
            text in prop_oneof![
                "[a-zA-ZÀ-ž .,\\[\\]#中\\u{301}\\u{302e}\\x00\\x1f]{0,40}",
                ".{0,30}",
                "([a-z]{1,9}[ ,]?|\\[MASK\\]|\\[CLS|\\[mask\\] ){0,9}",
            ],
            which in 0..25usize, room in 1..12usize, left: bool,
        ) {
            let tokens = &PLAIN[which];
            let direction = if left { TruncationDirection::Left } else { TruncationDirection::Right };
            let mut slow = tokens.tokenizer.encode_fast(text.as_str(), false).unwrap();
            let truncated = slow.len() > room;
            slow.truncate(room, 0, direction);
            let _ = slow.take_overflowing();
            let slow = tokens.tokenizer.post_process(slow, None, true).unwrap();
            let most = room + tokens.special;
            let fast = tokens.cut(&text, Cut { most, prompt: &[], overlap: None }, direction).unwrap();
            prop_assert_eq!((&fast.parts[0].ids[..], fast.truncated), (slow.get_ids(), truncated));
            let plain = tokens.plain.as_ref().unwrap().own(&text).is_some();
            prop_assert!(plain || text.contains("[MASK]") || !text.is_ascii());
        }
    }
}
