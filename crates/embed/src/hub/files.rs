//! What of a model is needed, and what it is called.

use crate::error::{Error, Result};
use crate::transformer::plain_path;
use hf_hub::{Repo, RepoType};
use std::collections::BTreeSet;

/// The files that a transformer, a static model or a module can have.
const FILES: [&str; 6] = [
    "config.json",
    "tokenizer.json",
    "sentence_bert_config.json",
    "tokenizer_config.json",
    "config_sentence_transformers.json",
    WEIGHTS,
];
const WEIGHTS: &str = "model.safetensors";
pub(super) const MODULES: &str = "modules.json";

/// The files of one folder (`""` or `name/`) that a model can need.
pub(super) fn wanted(listed: &BTreeSet<String>, folder: &str) -> BTreeSet<String> {
    let whole = listed.contains(&format!("{folder}{WEIGHTS}"));
    let belongs = |name: &str| {
        FILES.contains(&name)
            || (!whole && !name.contains('/') && name.starts_with("model") && name.ends_with(".safetensors"))
            || (!whole && name == "model.safetensors.index.json")
    };
    listed.iter().filter(|f| plain_path(f) && f.strip_prefix(folder).is_some_and(belongs)).cloned().collect()
}

/// The folders that `modules.json` names; what is wrong with the file is told when the model is loaded.
pub(super) fn module_folders(json: &[u8]) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    let paths = value.as_array().into_iter().flatten().filter_map(|m| m.get("path")?.as_str());
    paths.filter(|p| !p.is_empty()).map(|p| format!("{}/", p.trim_end_matches('/'))).filter(|p| p != "./").collect()
}

/// `name`, `owner/name`, each with an optional `@revision`, unless this is given aside.
pub(super) fn parse(id: &str, revision: Option<&str>) -> Result<Repo> {
    let (name, own) = id.split_once('@').map_or((id, None), |(name, own)| (name, Some(own)));
    if let (Some(own), Some(given)) = (own, revision.filter(|&r| own.is_some_and(|own| own != r))) {
        return Err(Error::InvalidParam {
            param: "revision",
            value: given.to_owned(),
            reason: format!("the name has another one, {own:?}"),
        });
    }
    let revision = own.or(revision).unwrap_or("main");
    let part = |p: &str| {
        !p.is_empty()
            && !p.starts_with('.')
            && p.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 || !parts.iter().all(|p| part(p)) || !revision.split('/').all(part) {
        return Err(Error::InvalidParam {
            param: "id",
            value: if own.is_some() { id.to_owned() } else { format!("{name}@{revision}") },
            reason: "must be the name of a model on the hub, like owner/name or owner/name@revision".into(),
        });
    }
    Ok(Repo::with_revision(name.to_owned(), RepoType::Model, revision.to_owned()))
}
