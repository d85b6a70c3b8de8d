//! `config_sentence_transformers.json`: what is put before texts.

use super::json::JsonFile;
use crate::error::Result;
use crate::options::Prompts;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The prompts of a model's folder; none if the file is missing.
pub(crate) fn load(dir: &Path) -> Result<Prompts> {
    const TEXTS: &[&str] = &["prompts"];
    const DEFAULT: &[&str] = &["default_prompt_name"];
    let Some(f) = JsonFile::read_if_there(&dir.join("config_sentence_transformers.json"))? else {
        return Ok(Prompts::default());
    };
    let texts = match f.find(TEXTS) {
        None => BTreeMap::new(),
        Some(v) => {
            let text = |(name, text): (&String, &Value)| Some((name.clone(), text.as_str()?.to_owned()));
            let texts: Option<BTreeMap<String, String>> = v.as_object().and_then(|o| o.iter().map(text).collect());
            texts.ok_or_else(|| f.error(TEXTS, "must map names to texts"))?
        }
    };
    let default = match f.string_or(DEFAULT, "")? {
        "" => None,
        name if texts.contains_key(name) => Some(name.to_owned()),
        _ => return Err(f.error(DEFAULT, "is not among the prompts")),
    };
    Ok(Prompts { texts, default })
}
