//! `modules.json`: the pipeline behind the transformer, in the formats of all sentence-transformers releases.

use super::dense::Dense;
use super::json::JsonFile;
use super::pooling::Pooling;
use crate::error::{Error, Result};
use std::path::{Component, Path, PathBuf};

const SUPPORTED: &[&str] = &["Transformer", "Pooling", "Dense", "Normalize", "Dropout"];

/// Where the transformer lies, and what happens to its output.
pub(crate) struct Modules {
    pub(crate) transformer: PathBuf,
    pub(crate) pooling: Pooling,
    pub(crate) dense: Vec<Dense>,
    pub(crate) normalize: bool,
}

impl Modules {
    /// Reads the modules of `dir`. `hidden` finds the transformer's width, given its folder.
    pub(crate) fn load(dir: &Path, head: Option<&str>, hidden: impl Fn(&Path) -> Result<usize>) -> Result<Self> {
        let path = dir.join("modules.json");
        let no_head = |head: &str, reason: &str| {
            Err(Error::InvalidParam { param: "head", value: head.to_owned(), reason: reason.to_owned() })
        };
        if let Some(head) = head.filter(|h| !plain_path(h)) {
            return no_head(head, "must be a folder of the model");
        }
        let Some(file) = JsonFile::read_if_there(&path)? else {
            if let Some(head) = head {
                return no_head(head, "the model has no modules.json, and no dense head to replace");
            }
            // sentence-transformers takes the mean for a plain model; a pooling folder says it better.
            let pooling = Pooling::load(&dir.join("1_Pooling"), hidden(dir)?, true)?;
            return Ok(Self { transformer: dir.to_owned(), pooling, dense: Vec::new(), normalize: false });
        };
        let entries = file.value().as_array().ok_or_else(|| file.error(&[], "the file must hold a list"))?;
        let mut transformer = None;
        let mut pooling = None;
        let mut dense = Vec::new();
        let mut normalize = false;
        let mut width = 0;
        for entry in entries {
            let text = |key: &str| entry.get(key).and_then(|v| v.as_str());
            let full = text("type").unwrap_or_default();
            let problem = |reason| Error::UnsupportedModule {
                path: path.clone(),
                module: full.to_owned(),
                reason,
                supported: SUPPORTED,
            };
            let folder = text("path").unwrap_or_default();
            if !plain_path(folder) {
                return Err(problem("its path leads out of the model's folder"));
            }
            let folder = dir.join(folder);
            let began = transformer.is_some();
            match full.rsplit('.').next().unwrap_or_default() {
                "Transformer" if !began => {
                    width = hidden(&folder)?;
                    transformer = Some(folder);
                }
                "Pooling" if began && pooling.is_none() => {
                    let p = Pooling::load(&folder, width, false)?;
                    width = p.width(width);
                    pooling = Some(p);
                }
                "Dense" if pooling.is_some() && !normalize => {
                    let own = head.filter(|_| dense.is_empty()).map(|head| dir.join(head));
                    let d = Dense::load(&own.unwrap_or(folder), width)?;
                    width = d.width();
                    dense.push(d);
                }
                "Normalize" if pooling.is_some() => normalize = true,
                "Dropout" if pooling.is_some() => {}
                name if SUPPORTED.contains(&name) => {
                    return Err(problem("out of order; a Transformer, a Pooling, Dense and Normalize can be followed"));
                }
                _ => return Err(problem("not supported")),
            }
        }
        if let Some(head) = head.filter(|_| dense.is_empty()) {
            return no_head(head, "the model has no dense head to replace");
        }
        match (transformer, pooling) {
            (Some(transformer), Some(pooling)) => Ok(Self { transformer, pooling, dense, normalize }),
            (None, _) => Err(file.error(&[], "there is no Transformer in the list")),
            (_, None) => Err(file.error(&[], "there is no Pooling in the list")),
        }
    }
}

/// Whether a name from a file is that of a file in the same folder.
pub(crate) fn plain_name(name: &str) -> bool {
    plain_path(name) && Path::new(name).components().count() == 1
}

/// Whether a relative path stays below its folder. Models come from strangers.
pub(crate) fn plain_path(path: &str) -> bool {
    Path::new(path).components().all(|c| matches!(c, Component::Normal(_)))
}
