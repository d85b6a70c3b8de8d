//! The tensors of `model.safetensors`, or of its shards, as `f32`.

use super::json::JsonFile;
use super::modules::plain_name;
use crate::error::{Error, Result};
use blake3::{Hash, Hasher};
use candle_core::safetensors::{BufferedSafetensors, Load};
use candle_core::{DType, Device};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
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
    hash: Hasher,
}

impl Weights {
    /// Reads the weight files of a folder.
    pub(crate) fn load(dir: &Path) -> Result<Self> {
        let mut weights =
            Self { files: Vec::new(), places: BTreeMap::new(), prefix: String::new(), hash: Hasher::new() };
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
        self.hash.update(&bytes);
        let bad = |reason: String| Error::Weights { path: path.to_owned(), reason };
        let file = BufferedSafetensors::new(bytes).map_err(|e| bad(e.to_string()))?;
        for (name, _) in file.tensors() {
            self.places.insert(name, self.files.len());
        }
        self.files.push((path.to_owned(), file));
        Ok(())
    }

    /// A hash of the files.
    pub(crate) fn hash(&self) -> Hash {
        self.hash.finalize()
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
            return Err(Error::MissingTensor { path: self.path(), name: names.first().map(full).unwrap_or_default() });
        };
        let (path, file) = &self.files[file];
        let view = file.get(&name)?;
        if view.shape() != shape {
            let (expected, got) = (format!("{shape:?}"), format!("{:?}", view.shape()));
            return Err(Error::TensorShape { path: path.clone(), name, expected, got });
        }
        self.read(path, &name, &view)
    }

    /// The values and the shape of a tensor, which may hold whole numbers.
    pub(crate) fn numbers(&self, name: &str) -> Result<(Vec<f64>, Vec<usize>)> {
        let Some((path, file)) = self.places.get(name).map(|&file| &self.files[file]) else {
            return Err(Error::MissingTensor { path: self.path(), name: name.to_owned() });
        };
        let view = file.get(name)?;
        let values = match view.dtype() {
            Dtype::I8 => whole(view.data(), |b| f64::from(i8::from_le_bytes(b))),
            Dtype::I32 => whole(view.data(), |b| f64::from(i32::from_le_bytes(b))),
            Dtype::I64 => whole(view.data(), |b| i64::from_le_bytes(b) as f64),
            _ => self.read(path, name, &view)?.into_iter().map(f64::from).collect(),
        };
        Ok((values, view.shape().to_vec()))
    }

    /// The file, or the first of several.
    pub(crate) fn path(&self) -> PathBuf {
        self.files.first().map(|f| f.0.clone()).unwrap_or_default()
    }

    fn read(&self, path: &Path, name: &str, view: &TensorView<'_>) -> Result<Vec<f32>> {
        if !matches!(view.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16 | Dtype::F64) {
            return Err(Error::TensorShape {
                path: path.to_owned(),
                name: name.to_owned(),
                expected: "F32, F16, BF16 or F64".into(),
                got: format!("{:?}", view.dtype()),
            });
        }
        Ok(view.load(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }
}

/// Whole numbers of a tensor, as they lie in a file.
fn whole<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks::<N>().0.iter().map(|&b| number(b)).collect()
}

/// The files that an index names, each once, in order.
fn shards(index: &JsonFile) -> Result<BTreeSet<String>> {
    let key = &["weight_map"];
    let map = index.find(key).and_then(|v| v.as_object()).ok_or_else(|| index.error(key, "must be an object"))?;
    let shards: Option<BTreeSet<String>> =
        map.values().map(|v| v.as_str().filter(|s| plain_name(s)).map(str::to_owned)).collect();
    shards.filter(|s| !s.is_empty()).ok_or_else(|| index.error(key, "must map names to files of the same folder"))
}
