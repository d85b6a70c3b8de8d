//! `tokenizer.json`: texts to ids, cut to length.

use super::json::JsonFile;
use crate::error::{Error, Result};
use blake3::{Hash, Hasher};
use serde_json::Value;
use std::path::Path;
use tokenizers::{Encoding, Token, Tokenizer, TruncationDirection};

/// A tokenizer without padding, with its special tokens.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
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
}

impl Tokens {
    /// Reads `tokenizer.json` for a model with `rows` token vectors.
    pub(crate) fn load(dir: &Path, rows: usize, lowercase: bool) -> Result<Self> {
        let path = dir.join("tokenizer.json");
        let needed = "the fast tokenizer of the model; vocab.txt alone does not do";
        let bytes = crate::files::read(&path, needed)?;
        let bad = |e: tokenizers::Error| Error::Tokenizer { path: path.clone(), reason: e.to_string() };
        let hash = blake3::hash(&bytes);
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(bad)?;
        // Both are ours to do: a file may pad every text to 128 tokens, as that of all-MiniLM-L6-v2 does.
        let direction = tokenizer.get_truncation().map_or(TruncationDirection::Right, |t| t.direction);
        tokenizer.with_truncation(None).map_err(bad)?.with_padding(None);
        let max_id = tokenizer.get_vocab(true).into_values().max().unwrap_or(0) as usize;
        if max_id >= rows {
            return Err(Error::VocabularyTooLarge { path, max_id, rows });
        }
        let empty = tokenizer.encode_fast("", true).map_err(bad)?;
        if let Some(&id) = empty.get_ids().iter().find(|&&id| id as usize >= rows) {
            return Err(Error::VocabularyTooLarge { path, max_id: id as usize, rows });
        }
        Ok(Self { direction, lowercase, special: empty.len(), tokenizer, hash })
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

    /// The ids of a text, in parts of at most `most`, special ones included, which is more than [`Tokens::special`]. `overlap` says
    /// how many each part has in common with the one before; without it there is one part. The first `prompt` ids, special ones
    /// not counted, are a prompt, which every part begins with.
    pub(crate) fn encode(&self, text: &str, most: usize, prompt: usize, overlap: Option<usize>) -> Result<Ids, String> {
        let lower;
        let text = if self.lowercase {
            lower = text.to_lowercase();
            &lower
        } else {
            text
        };
        let mut plain = self.tokenizer.encode_fast(text, false).map_err(|e| e.to_string())?;
        let room = most - self.special;
        let prompt = prompt.min(room - 1).min(plain.len());
        let truncated = plain.len() > room;
        if let Some(overlap) = overlap.filter(|_| truncated) {
            let (before, own) = plain.get_ids().split_at(prompt);
            let each = room - prompt;
            let mut parts = Vec::new();
            for at in (0..).step_by(each - overlap.min(each - 1)) {
                let here = &own[at..own.len().min(at + each)];
                let token = |&id| Token::new(id, String::new(), (0, 0));
                let part = Encoding::from_tokens(before.iter().chain(here).map(token).collect(), 0);
                parts.push(Part { ids: self.finish(part)?, own: here.len() });
                if at + each >= own.len() {
                    break;
                }
            }
            return Ok(Ids { parts, truncated: false });
        }
        plain.truncate(room, 0, self.direction);
        // The parts that were cut off would get special tokens of their own.
        let _ = plain.take_overflowing();
        let own = plain.len() - prompt.min(plain.len());
        Ok(Ids { parts: vec![Part { ids: self.finish(plain)?, own }], truncated })
    }

    /// The ids with special ones.
    fn finish(&self, plain: Encoding) -> Result<Vec<u32>, String> {
        let encoding = self.tokenizer.post_process(plain, None, true).map_err(|e| e.to_string())?;
        Ok(encoding.get_ids().to_vec())
    }

    /// How many tokens at the beginning of a text belong to a prompt: of its own, and with special ones before them.
    pub(crate) fn prompt_length(&self, prompt: &str) -> Result<(usize, usize), String> {
        let e: Encoding = self.tokenizer.encode_fast(prompt, true).map_err(|e| e.to_string())?;
        let mask = e.get_special_tokens_mask();
        let own = mask.iter().filter(|&&m| m == 0).count();
        Ok((own, e.len() - usize::from(mask.last() == Some(&1))))
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
