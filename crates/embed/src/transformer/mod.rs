//! BERT-family sentence-transformers.

mod batch;
mod config;
mod dense;
mod json;
mod modules;
mod network;
mod pooling;
mod tokenize;
mod weights;

use crate::encoder::{Model, normalize};
use crate::error::{Error, Result};
use crate::options::{EncoderOptions, Limits};
use batch::Batch;
use candle_core::{Device, Tensor};
use config::Config;
use modules::Modules;
#[cfg(feature = "hub")]
pub(crate) use modules::plain_path;
use network::Network;
use planisphere_core::{CancelToken, Context, Matrix, Warning};
use rayon::prelude::*;
use std::path::Path;
use tokenize::{Ids, Reading, Tokens};
use weights::Weights;

/// Texts that are tokenized between two looks at the cancel token.
const TOKENIZE_CHUNK: usize = 64;

/// A transformer, its tokenizer, and the pipeline behind it.
pub(crate) struct SentenceTransformer {
    name: String,
    network: Network,
    tokens: Tokens,
    modules: Modules,
    dim: usize,
    limits: Limits,
}

impl SentenceTransformer {
    pub(crate) fn load(dir: &Path) -> Result<Self> {
        let name = dir.file_name().map_or_else(|| dir.display().to_string(), |n| n.to_string_lossy().into_owned());
        Self::load_named(dir, &name)
    }

    pub(crate) fn load_named(dir: &Path, name: &str) -> Result<Self> {
        if !dir.is_dir() {
            return Err(Error::Missing { path: dir.to_owned(), needed: "a model directory is expected here" });
        }
        let modules = Modules::load(dir, |folder| Ok(Config::load(folder)?.hidden_size))?;
        let folder = &modules.transformer;
        let config = Config::load(folder)?;
        let reading = Reading::load(folder)?;
        let tokens = Tokens::load(folder, config.vocab_size, reading.lowercase)?;
        let positions = config.positions();
        // One token of the text itself has to fit, whatever the files say.
        if positions <= tokens.special() {
            return Err(Error::Config {
                path: folder.join("config.json"),
                key: "max_position_embeddings".into(),
                value: config.position_rows.to_string(),
                reason: format!("the tokenizer adds {} special tokens to every text", tokens.special()),
            });
        }
        let default = reading.max_seq_length.unwrap_or(positions).clamp(tokens.special() + 1, positions);
        let limits = Limits { special_tokens: tokens.special(), default: Some(default), positions: Some(positions) };
        let network = Network::load(Weights::load(folder)?, config)?;
        let pooled = modules.pooling.width(network.config().hidden_size);
        let dim = modules.dense.last().map_or(pooled, dense::Dense::width);
        Ok(Self { name: name.to_owned(), network, tokens, modules, dim, limits })
    }

    /// The ids of every text, in their order.
    fn tokenize(&self, texts: &[&str], most: usize, options: &EncoderOptions, token: &CancelToken) -> Result<Vec<Ids>> {
        let chunks: Vec<Vec<Ids>> = texts
            .par_chunks(TOKENIZE_CHUNK)
            .enumerate()
            .map(|(c, chunk)| {
                token.check()?;
                let one = |(i, text): (usize, &&str)| {
                    let row = c * TOKENIZE_CHUNK + i;
                    self.tokens.encode(&options.prefixed(text), most).map_err(|reason| Error::Tokenize { row, reason })
                };
                chunk.iter().enumerate().map(one).collect()
            })
            .collect::<Result<_>>()?;
        Ok(chunks.into_iter().flatten().collect())
    }

    /// The vectors of one batch, in its order.
    fn run(&self, batch: &Batch, skip: usize, unit: bool, token: &CancelToken) -> Result<Vec<f32>> {
        let hidden = self.network.config().hidden_size;
        let pooled_width = self.modules.pooling.width(hidden);
        let states = self.network.forward(&batch.ids, &batch.groups, token)?.flatten_all()?.to_vec1::<f32>()?;
        let mut out = vec![0.0; batch.rows.len() * pooled_width];
        let mut states = states.as_slice();
        let lengths = batch.groups.iter().flat_map(|g| std::iter::repeat_n(g.length, g.texts));
        for (length, row) in lengths.zip(out.chunks_exact_mut(pooled_width)) {
            let (own, rest) = states.split_at(length * hidden);
            self.modules.pooling.pool(own, hidden, skip.min(length - 1), row);
            states = rest;
        }
        if !self.modules.dense.is_empty() {
            let mut x = Tensor::from_vec(out, (batch.rows.len(), pooled_width), &Device::Cpu)?;
            for dense in &self.modules.dense {
                x = dense.forward(&x)?;
            }
            out = x.flatten_all()?.to_vec1()?;
        }
        if unit {
            out.chunks_exact_mut(self.dim).for_each(normalize);
        }
        Ok(out)
    }
}

impl Model for SentenceTransformer {
    fn name(&self) -> &str {
        &self.name
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn encode(&self, texts: &[&str], options: &EncoderOptions, cx: &mut Context<'_>) -> Result<Matrix> {
        let most = options.max_seq_length.or(self.limits.default).unwrap_or(usize::MAX);
        let token = cx.token();
        let ids = self.tokenize(texts, most, options, &token)?;
        let skip = if self.modules.pooling.include_prompt || options.prefix.is_empty() {
            0
        } else {
            self.tokens.prompt_length(&options.prefix).map_err(|reason| Error::Tokenize { row: 0, reason })?
        };
        let cut = ids.iter().filter(|i| i.truncated).count();
        if cut > 0 {
            cx.warn(Warning::Truncated { texts: cut, max_tokens: most });
        }
        let none = || ids.iter().enumerate().filter(|(_, i)| i.ids.is_empty()).map(|(row, _)| row);
        if let Some(first) = none().next() {
            cx.warn(Warning::EmptyRows { rows: none().count(), first });
        }
        let unit = options.normalize.unwrap_or(self.modules.normalize);
        let batches = batch::plan(&ids, options.batch_tokens);
        let mut vectors = Matrix::zeros(texts.len(), self.dim);
        let mut done = none().count();
        // As many at a time as keep the threads busy; which texts are computed together is settled above.
        for wave in batches.chunks(2 * rayon::current_num_threads()) {
            let results: Vec<Vec<f32>> = wave
                .par_iter()
                .map(|rows| self.run(&Batch::gather(rows, &ids), skip, unit, &token))
                .collect::<Result<_>>()?;
            for (rows, result) in wave.iter().zip(results) {
                for (&row, vector) in rows.iter().zip(result.chunks_exact(self.dim)) {
                    vectors.row_mut(row).copy_from_slice(vector);
                }
                done += rows.len();
            }
            cx.progress(done as u64, texts.len() as u64)?;
        }
        Ok(vectors)
    }
}
