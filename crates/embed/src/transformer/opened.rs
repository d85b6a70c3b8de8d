//! Tokenizers from files, checked and stripped of what is ours to do.

use crate::error::{Error, Result};
use blake3::Hash;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tokenizers::{ModelWrapper, Tokenizer, TruncationParams};

/// A tokenizer that neither pads nor truncates.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) tokenizer: Tokenizer,
    /// What the file says of truncation.
    pub(crate) truncation: Option<TruncationParams>,
    pub(crate) hash: Hash,
    /// The largest id of its vocabulary.
    pub(crate) max_id: usize,
}

impl Opened {
    /// Reads the `tokenizer.json` of a folder.
    pub(crate) fn read(dir: &Path, needed: &'static str) -> Result<Self> {
        let path = dir.join("tokenizer.json");
        let bytes = crate::files::read(&path, needed)?;
        let bad = |reason: String| Error::Tokenizer { path: path.clone(), reason };
        let hash = blake3::hash(&bytes);
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|e| bad(e.to_string()))?;
        // Both are ours to do: a file may pad every text to 128 tokens, as that of all-MiniLM-L6-v2 does.
        let truncation = tokenizer.get_truncation().cloned();
        tokenizer.with_truncation(None).map_err(|e| bad(e.to_string()))?.with_padding(None);
        let post = serde_json::to_value(tokenizer.get_post_processor()).map_err(|e| bad(e.to_string()))?;
        check(&post).map_err(|reason| bad(reason.to_owned()))?;
        // Tokens that are left out by chance are for training.
        if let ModelWrapper::BPE(model) = tokenizer.get_model()
            && model.dropout.is_some()
        {
            let mut model = model.clone();
            model.dropout = None;
            tokenizer.with_model(model);
        }
        let max_id = tokenizer.get_vocab(true).into_values().max().unwrap_or(0) as usize;
        Ok(Self { path, tokenizer, truncation, hash, max_id })
    }
}

/// Whether what is put around the tokens of a text has these tokens in it, once. The library takes any template from a file, and
/// fails over some when it uses them.
fn check(post: &Value) -> Result<(), &'static str> {
    for inner in post.get("processors").and_then(Value::as_array).into_iter().flatten() {
        check(inner)?;
    }
    if post.get("type").is_none_or(|t| t != "TemplateProcessing") {
        return Ok(());
    }
    let pieces = post.get("single").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let sequences: Vec<_> = pieces.iter().filter_map(|p| p.get("Sequence")?.get("id")?.as_str()).collect();
    if sequences != ["A"] {
        return Err("its template for single texts must hold the text once");
    }
    let known = post.get("special_tokens");
    let mut special = pieces.iter().filter_map(|p| p.get("SpecialToken")?.get("id")?.as_str());
    match special.all(|id| known.is_some_and(|k| k.get(id).is_some())) {
        true => Ok(()),
        false => Err("its template has a special token that it does not tell of"),
    }
}
