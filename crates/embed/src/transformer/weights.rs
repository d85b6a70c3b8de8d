//! The tensors of `model.safetensors`, or of its shards, as `f32`.

use super::json::JsonFile;
use super::modules::plain_name;
use crate::error::{Error, Result};
use candle_core::safetensors::{BufferedSafetensors, Load};
use candle_core::{DType, Device};
use safetensors::Dtype;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FILE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// The weight files of one folder.
pub(crate) struct Weights {
    files: Vec<(PathBuf, BufferedSafetensors)>,
    /// Which file holds a tensor.
    places: BTreeMap<String, usize>,
    prefix: String,
}

impl Weights {
    /// Reads the weight files of a folder.
    pub(crate) fn load(dir: &Path) -> Result<Self> {
        let mut weights = Self { files: Vec::new(), places: BTreeMap::new(), prefix: String::new() };
        match JsonFile::read_if_there(&dir.join(INDEX))? {
            Some(index) if !dir.join(FILE).exists() => {
                for shard in shards(&index)? {
                    weights.add(&dir.join(shard), "it is a shard that model.safetensors.index.json names")?;
                }
            }
            _ => weights.add(
                &dir.join(FILE),
                "weights are read from safetensors only; convert other formats with the tool that made the model",
            )?,
        }
        Ok(weights)
    }

    fn add(&mut self, path: &Path, needed: &'static str) -> Result<()> {
        let bytes = crate::files::read(path, needed)?;
        let bad = |reason: String| Error::Weights { path: path.to_owned(), reason };
        let file = BufferedSafetensors::new(bytes).map_err(|e| bad(e.to_string()))?;
        for (name, _) in file.tensors() {
            self.places.insert(name, self.files.len());
        }
        self.files.push((path.to_owned(), file));
        Ok(())
    }

    /// Whether there is a tensor of this whole name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Whether there is a tensor of this name behind the prefix.
    pub(crate) fn has_own(&self, name: &str) -> bool {
        self.has(&format!("{}{name}", self.prefix))
    }

    /// Puts `prefix` before every name from now on.
    pub(crate) fn set_prefix(&mut self, prefix: &str) {
        prefix.clone_into(&mut self.prefix);
    }

    /// The values of a tensor under the first of its names that is there, with exactly this shape.
    pub(crate) fn values(&self, names: &[&str], shape: &[usize]) -> Result<Vec<f32>> {
        let full = |n: &&str| format!("{}{n}", self.prefix);
        let found = names.iter().map(full).find_map(|n| self.places.get(&n).map(|&file| (n, file)));
        let Some((name, file)) = found else {
            let path = self.files.first().map(|f| f.0.clone()).unwrap_or_default();
            return Err(Error::MissingTensor { path, name: names.first().map(full).unwrap_or_default() });
        };
        let (path, file) = &self.files[file];
        let view = file.get(&name)?;
        let wrong = |expected: String, got: String| Error::TensorShape {
            path: path.clone(),
            name: name.clone(),
            expected,
            got,
        };
        if view.shape() != shape {
            return Err(wrong(format!("{shape:?}"), format!("{:?}", view.shape())));
        }
        if !matches!(view.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16 | Dtype::F64) {
            return Err(wrong("F32, F16, BF16 or F64".into(), format!("{:?}", view.dtype())));
        }
        Ok(view.load(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }
}

/// The files that an index names, each once, in order.
fn shards(index: &JsonFile) -> Result<BTreeSet<String>> {
    let key = &["weight_map"];
    let map = index.find(key).and_then(|v| v.as_object()).ok_or_else(|| index.error(key, "must be an object"))?;
    let shards: Option<BTreeSet<String>> =
        map.values().map(|v| v.as_str().filter(|s| plain_name(s)).map(str::to_owned)).collect();
    shards.filter(|s| !s.is_empty()).ok_or_else(|| index.error(key, "must map names to files of the same folder"))
}
