//! Models by name, from the Hugging Face hub or its cache.

use crate::error::{Error, Result};
use crate::transformer::plain_path;
use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The files that a transformer or a module can have.
const FILES: [&str; 5] =
    ["config.json", "tokenizer.json", "sentence_bert_config.json", "tokenizer_config.json", WEIGHTS];
const WEIGHTS: &str = "model.safetensors";
const MODULES: &str = "modules.json";

/// Downloads what is missing of a model and gives its folder in the cache.
pub(crate) fn fetch(id: &str) -> Result<PathBuf> {
    if std::env::var_os("HF_HOME").is_none() && std::env::home_dir().is_none() {
        return Err(failed(id, "there is no home directory for its cache; set HF_HOME"));
    }
    let offline = std::env::var("HF_HUB_OFFLINE").is_ok_and(|v| !matches!(v.as_str(), "" | "0" | "false"));
    fetch_from(id, Cache::from_env(), std::env::var("HF_ENDPOINT").ok(), offline)
}

fn fetch_from(id: &str, cache: Cache, endpoint: Option<String>, offline: bool) -> Result<PathBuf> {
    let repo = parse(id)?;
    let cached = cache.repo(repo.clone()).get("config.json").or_else(|| cache.repo(repo.clone()).get(MODULES));
    let cached = cached.and_then(|file| file.parent().map(PathBuf::from));
    if offline {
        return cached.ok_or_else(|| failed(id, "HF_HUB_OFFLINE is set and the model is not in the cache"));
    }
    let mut builder = ApiBuilder::from_cache(cache).with_progress(false).with_retries(1);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let api = builder.build().map_err(|e| failed(id, &e.to_string()))?.repo(repo);
    let listed = match api.info() {
        Ok(info) => info.siblings.into_iter().map(|s| s.rfilename).collect(),
        // The listing is the first thing asked for, so this is what no network looks like.
        Err(e) => {
            let hint = "check the name and the network, or give a local directory";
            return cached.ok_or_else(|| failed(id, &format!("{e}; {hint}")));
        }
    };
    download(id, &api, &listed)
}

fn download(id: &str, api: &ApiRepo, listed: &BTreeSet<String>) -> Result<PathBuf> {
    let get = |name: &str| api.get(name).map_err(|e| failed(id, &format!("{name}: {e}")));
    let mut wanted = wanted(listed, "");
    let mut root = None;
    if listed.contains(MODULES) {
        let path = get(MODULES)?;
        let text = std::fs::read(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
        for folder in module_folders(&text) {
            wanted.extend(self::wanted(listed, &folder));
        }
        root = path.parent().map(PathBuf::from);
    }
    for name in &wanted {
        let path = get(name)?;
        if !name.contains('/') {
            root = path.parent().map(PathBuf::from);
        }
    }
    root.ok_or_else(|| failed(id, "it has neither config.json nor modules.json"))
}

/// The files of one folder (`""` or `name/`) that a model can need.
fn wanted(listed: &BTreeSet<String>, folder: &str) -> BTreeSet<String> {
    let whole = listed.contains(&format!("{folder}{WEIGHTS}"));
    let belongs = |name: &str| {
        FILES.contains(&name)
            || (!whole && name.starts_with("model") && name.ends_with(".safetensors"))
            || (!whole && name == "model.safetensors.index.json")
    };
    listed.iter().filter(|f| plain_path(f) && f.strip_prefix(folder).is_some_and(belongs)).cloned().collect()
}

/// The folders that `modules.json` names; what is wrong with the file is told when the model is loaded.
fn module_folders(json: &[u8]) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    let paths = value.as_array().into_iter().flatten().filter_map(|m| m.get("path")?.as_str());
    paths.filter(|p| !p.is_empty()).map(|p| format!("{}/", p.trim_end_matches('/'))).collect()
}

/// `name`, `owner/name`, each with an optional `@revision`.
fn parse(id: &str) -> Result<Repo> {
    let (name, revision) = id.split_once('@').unwrap_or((id, "main"));
    let part = |p: &str| {
        !p.is_empty()
            && !p.starts_with('.')
            && p.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 || !parts.iter().all(|p| part(p)) || !revision.split('/').all(part) {
        return Err(Error::InvalidParam {
            param: "id",
            value: id.to_owned(),
            reason: "must be the name of a model on the hub, like owner/name or owner/name@revision".into(),
        });
    }
    Ok(Repo::with_revision(name.to_owned(), RepoType::Model, revision.to_owned()))
}

fn failed(id: &str, reason: &str) -> Error {
    Error::Hub { id: id.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody listens on port 1.
    const NOWHERE: &str = "http://127.0.0.1:1";

    fn cache_with_model() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let model = dir.path().join("models--owner--name");
        let snapshot = model.join("snapshots").join("abc");
        std::fs::create_dir_all(&snapshot).unwrap();
        std::fs::create_dir_all(model.join("refs")).unwrap();
        std::fs::write(model.join("refs").join("main"), "abc").unwrap();
        std::fs::write(snapshot.join("config.json"), "{}").unwrap();
        (dir, snapshot)
    }

    #[test]
    fn the_cache_serves_when_the_hub_cannot() {
        let (dir, snapshot) = cache_with_model();
        for offline in [true, false] {
            let cache = Cache::new(dir.path().to_owned());
            let got = fetch_from("owner/name", cache, Some(NOWHERE.into()), offline).unwrap();
            assert_eq!(got, snapshot);
        }
    }

    #[test]
    fn without_hub_and_cache_there_is_a_clear_error() {
        let dir = tempfile::tempdir().unwrap();
        for (offline, part) in [(true, "HF_HUB_OFFLINE"), (false, "check the name and the network")] {
            let cache = Cache::new(dir.path().to_owned());
            match fetch_from("owner/name", cache, Some(NOWHERE.into()), offline) {
                Err(Error::Hub { id, reason }) => assert!(id == "owner/name" && reason.contains(part), "{reason}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn names_that_cannot_be_models_are_refused() {
        for id in ["", "a/b/c", "../etc", "a/", "a b", "a/b@", "a/b@../x", "/a", "http://x"] {
            assert!(matches!(parse(id), Err(Error::InvalidParam { param: "id", .. })), "{id}");
        }
        for id in ["bert-base-uncased", "owner/name_1.5", "owner/name@v1.0", "owner/name@refs/pr/3"] {
            assert!(parse(id).is_ok(), "{id}");
        }
    }

    #[test]
    fn only_what_is_needed_is_downloaded() {
        let listed: BTreeSet<String> = [
            "config.json",
            "tokenizer.json",
            "model.safetensors",
            "model-00001-of-00002.safetensors",
            "pytorch_model.bin",
            "onnx/config.json",
            "1_Pooling/config.json",
            "2_Dense/config.json",
            "2_Dense/model.safetensors",
        ]
        .map(String::from)
        .into();
        assert_eq!(Vec::from_iter(wanted(&listed, "")), ["config.json", "model.safetensors", "tokenizer.json"]);
        let folders = module_folders(br#"[{"path": ""}, {"path": "1_Pooling"}, {"path": "2_Dense/"}]"#);
        assert_eq!(folders, ["1_Pooling/", "2_Dense/"]);
        assert_eq!(Vec::from_iter(wanted(&listed, "2_Dense/")), ["2_Dense/config.json", "2_Dense/model.safetensors"]);
        assert!(module_folders(b"not json").is_empty());
    }
}
