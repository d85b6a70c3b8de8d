//! Static models in folders: those of model2vec (Minish Lab), and the StaticEmbedding module of sentence-transformers.

use super::{Lookup, StaticModel};
use crate::error::{Error, Result};
use crate::load::{Device, LoadOptions, Precision};
use crate::options::Prompts;
use crate::transformer::{JsonFile, Opened, Plain, Weights, plain_path, prompts};
use blake3::{Hash, Hasher};
use std::path::{Path, PathBuf};
use tokenizers::{ModelWrapper, Tokenizer, TruncationDirection};

/// Tokens that a model2vec model reads, unless its configuration says otherwise.
const LIMIT: usize = 512;
/// The modules that can be loaded.
const SUPPORTED: &[&str] = &["StaticEmbedding", "Normalize"];

/// A table of vectors with a tokenizer of any kind.
pub(crate) struct FolderModel {
    name: String,
    tokenizer: Tokenizer,
    /// The same in a fraction of the time, where it can be.
    plain: Option<Plain>,
    dim: usize,
    rows: Vec<f32>,
    /// The row of each token, if it is not the one of its id.
    mapping: Option<Vec<u32>>,
    /// What the vector of each token is multiplied by.
    weights: Option<Vec<f32>>,
    /// The token that is left out.
    unknown: Option<u32>,
    limit: Option<usize>,
    direction: TruncationDirection,
    /// Characters of a token, where texts are cut by them before they are tokenized.
    characters: Option<usize>,
    normalize: bool,
    prompts: Prompts,
    hash: Hash,
}

/// Where the parts of a static model lie.
pub(crate) struct Layout {
    folder: PathBuf,
    normalize: bool,
}

impl Layout {
    /// Finds a static model in `dir`; `None` if there is a model of another kind, or none.
    pub(crate) fn find(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join("modules.json");
        let Some(file) = JsonFile::read_if_there(&path)? else {
            let config = JsonFile::read_if_there(&dir.join("config.json"))?;
            let own = |f: &JsonFile| f.find(&["model_type"]).is_some_and(|v| v == "model2vec");
            return Ok(config.filter(own).map(|_| Self { folder: dir.to_owned(), normalize: false }));
        };
        let entries = file.value().as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |i: usize, key: &str| entries.get(i).and_then(|e| e.get(key)?.as_str()).unwrap_or_default();
        let kind = |i: usize| text(i, "type").rsplit('.').next().unwrap_or_default();
        if kind(0) != "StaticEmbedding" {
            return Ok(None);
        }
        let problem = |i: usize, reason| Error::UnsupportedModule {
            path: path.clone(),
            module: text(i, "type").to_owned(),
            reason,
            supported: SUPPORTED,
        };
        let folder = match text(0, "path") {
            "" | "." => dir.to_owned(),
            path if plain_path(path) => dir.join(path),
            _ => return Err(problem(0, "its path leads out of the model's folder")),
        };
        if let Some(i) = (1..entries.len()).find(|&i| kind(i) != "Normalize") {
            return Err(problem(i, "not supported behind a StaticEmbedding"));
        }
        Ok(Some(Self { folder, normalize: entries.len() > 1 }))
    }
}

impl FolderModel {
    pub(crate) fn load(dir: &Path, name: &str, layout: &Layout, options: &LoadOptions) -> Result<StaticModel<Self>> {
        let refuse = |param, value: String| {
            let reason = "the model is a static one, a table without layers or heads".into();
            Err(Error::InvalidParam { param, value, reason })
        };
        if let Some(head) = &options.head {
            return refuse("head", head.clone());
        }
        if options.precision != Precision::F32 {
            return refuse("precision", format!("{:?}", options.precision));
        }
        if options.device != Device::Cpu {
            return refuse("device", options.device.to_string());
        }
        let folder = &layout.folder;
        let Opened { path, tokenizer, truncation, hash: file, max_id } =
            Opened::read(folder, "the tokenizer of the static model")?;
        let mut hash = Hasher::new();
        hash.update(file.as_bytes());
        let weights = Weights::load(folder)?;
        hash.update(weights.hash().as_bytes());
        // The name tells whose ways are followed.
        let own = weights.has("embeddings");
        let table = if own { "embeddings" } else { "embedding.weight" };
        let (rows, shape) = weights.numbers(table)?;
        let narrow = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect();
        let wrong = |name: &str, expected: &str, got: &[usize]| Error::TensorShape {
            path: weights.path(),
            name: name.to_owned(),
            expected: expected.to_owned(),
            got: format!("{got:?}"),
        };
        let &[count, dim] = &shape[..] else { return Err(wrong(table, "rows × dimensions", &shape)) };
        if count == 0 || dim == 0 {
            return Err(wrong(table, "at least one row and one dimension", &shape));
        }
        let vocabulary = tokenizer.get_vocab(true);
        let optional = |name: &str| -> Result<Option<Vec<f64>>> {
            if !own || !weights.has(name) {
                return Ok(None);
            }
            let (values, shape) = weights.numbers(name)?;
            if shape.len() != 1 || values.len() <= max_id {
                return Err(wrong(name, &format!("a value for each of {} tokens", max_id + 1), &shape));
            }
            Ok(Some(values))
        };
        let mapping = match optional("mapping")? {
            None if max_id >= count => return Err(Error::VocabularyTooLarge { path, max_id, rows: count }),
            None => None,
            Some(m) => {
                let whole = |&v: &f64| (v.fract() == 0.0 && (0.0..count as f64).contains(&v)).then_some(v as u32);
                let rows: Option<Vec<u32>> = m.iter().map(whole).collect();
                let expected = format!("row numbers below {count}");
                Some(rows.ok_or_else(|| wrong("mapping", &expected, &[m.len()]))?)
            }
        };
        let mut lengths: Vec<usize> = vocabulary.keys().map(|t| t.chars().count()).collect();
        lengths.sort_unstable();
        let middle = |i: usize| lengths.get(i).copied().unwrap_or(1);
        let mut model = Self {
            name: name.to_owned(),
            dim,
            rows: narrow(rows),
            mapping,
            weights: optional("weights")?.map(narrow),
            unknown: None,
            limit: None,
            direction: TruncationDirection::Right,
            characters: None,
            normalize: layout.normalize,
            prompts: prompts::load(dir)?,
            hash: hash.finalize(),
            plain: Plain::new(&tokenizer),
            tokenizer,
        };
        if own {
            // numpy's median, cut to a whole number.
            let median = (middle(lengths.len() / 2) + middle(lengths.len().saturating_sub(1) / 2)) / 2;
            model.characters = Some(median);
            model.follow(folder)?;
        } else if let Some(t) = truncation {
            // sentence-transformers leaves this to the tokenizer.
            (model.limit, model.direction) = (Some(t.max_length), t.direction);
        }
        Ok(StaticModel(model))
    }

    /// What model2vec does on top of means of vectors.
    fn follow(&mut self, folder: &Path) -> Result<()> {
        self.unknown = match self.tokenizer.get_model() {
            ModelWrapper::WordPiece(m) => self.tokenizer.token_to_id(&m.unk_token),
            ModelWrapper::WordLevel(m) => self.tokenizer.token_to_id(&m.unk_token),
            ModelWrapper::BPE(m) => m.unk_token.as_ref().and_then(|t| self.tokenizer.token_to_id(t)),
            ModelWrapper::Unigram(_) => {
                let file = JsonFile::read(&folder.join("tokenizer.json"), "the tokenizer of the static model")?;
                let id = file.value().get("model").and_then(|m| m.get("unk_id")?.as_u64());
                id.and_then(|id| u32::try_from(id).ok())
            }
        };
        self.limit = Some(LIMIT);
        if let Some(f) = JsonFile::read_if_there(&folder.join("config.json"))? {
            self.normalize |= f.bool_or("normalize", false)?;
            if f.value().get("max_length").is_some_and(serde_json::Value::is_null) {
                self.limit = None;
            } else {
                self.limit = Some(f.size_or(&["max_length"], LIMIT)?.max(1));
            }
        }
        Ok(())
    }
}

impl Lookup for FolderModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn fingerprint(&self) -> Hash {
        self.hash
    }

    fn normalizes(&self) -> bool {
        self.normalize
    }

    fn limit(&self) -> Option<usize> {
        self.limit
    }

    fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    fn tokens(&self, text: &str, most: usize, ids: &mut Vec<u32>) -> Result<bool, String> {
        // As model2vec does, so that a book is not tokenized for its first page.
        let characters = self.characters.map_or(usize::MAX, |each| most.saturating_mul(each));
        let end = match characters {
            usize::MAX => text.len(),
            n => text.char_indices().nth(n).map_or(text.len(), |(at, _)| at),
        };
        let read = &text[..end];
        *ids = match self.plain.as_ref().and_then(|plain| plain.own(read)) {
            Some(own) => own,
            None => self.tokenizer.encode_fast(read, false).map_err(|e| e.to_string())?.get_ids().to_vec(),
        };
        let excess = ids.len().saturating_sub(most);
        let truncated = excess > 0 || end < text.len();
        match self.direction {
            TruncationDirection::Right => ids.truncate(most),
            TruncationDirection::Left => drop(ids.drain(..excess)),
        }
        ids.retain(|&id| Some(id) != self.unknown);
        Ok(truncated)
    }

    fn add(&self, id: u32, sum: &mut [f32]) {
        let row = self.mapping.as_ref().map_or(id, |m| m[id as usize]) as usize;
        let row = &self.rows[row * self.dim..][..self.dim];
        match &self.weights {
            None => sum.iter_mut().zip(row).for_each(|(s, v)| *s += v),
            Some(w) => {
                let w = w[id as usize];
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += v * w);
            }
        }
    }
}
