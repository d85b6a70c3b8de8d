//! Sentence-transformers.

mod batch;
mod checkpoint;
mod config;
mod dense;
mod json;
mod modules;
mod network;
mod places;
mod pooling;
mod prompts;
mod spec;
mod tokenize;
mod weights;

use crate::encoder::{Model, normalize};
use crate::error::{Error, Result};
use crate::load::LoadOptions;
use crate::options::{EncoderOptions, Limits, Prompts, prefixed};
use modules::Modules;
#[cfg(feature = "hub")]
pub(crate) use modules::plain_path;
use network::{Network, Tables, Work};
use planisphere_core::{CancelToken, Context, Matrix, Warning};
use rayon::prelude::*;
use spec::Spec;
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
    prompts: Prompts,
}

impl SentenceTransformer {
    pub(crate) fn load(dir: &Path, options: &LoadOptions) -> Result<Self> {
        let name = dir.file_name().map_or_else(|| dir.display().to_string(), |n| n.to_string_lossy().into_owned());
        Self::load_named(dir, &name, options)
    }

    pub(crate) fn load_named(dir: &Path, name: &str, options: &LoadOptions) -> Result<Self> {
        if !dir.is_dir() {
            return Err(Error::Missing { path: dir.to_owned(), needed: "a model directory is expected here" });
        }
        let modules = Modules::load(dir, options.head.as_deref(), |folder| Ok(Spec::load(folder)?.hidden))?;
        let folder = &modules.transformer;
        let spec = Spec::load(folder)?;
        let reading = Reading::load(folder)?;
        let tokens = Tokens::load(folder, spec.vocab_size, reading.lowercase)?;
        let positions = spec.positions;
        // One token of the text itself has to fit, whatever the files say.
        if positions <= tokens.special() {
            return Err(Error::Config {
                path: folder.join("config.json"),
                key: "max_position_embeddings".into(),
                value: positions.to_string(),
                reason: format!("the tokenizer adds {} special tokens to every text", tokens.special()),
            });
        }
        let default = reading.max_seq_length.unwrap_or(positions).clamp(tokens.special() + 1, positions);
        let limits = Limits { special_tokens: tokens.special(), default: Some(default), positions: Some(positions) };
        let network = Network::load(Weights::load(folder)?, spec, options.precision)?;
        let pooled = modules.pooling.width(network.spec().hidden);
        let dim = modules.dense.last().map_or(pooled, dense::Dense::width);
        let prompts = prompts::load(dir)?;
        Ok(Self { name: name.to_owned(), network, tokens, modules, dim, limits, prompts })
    }

    /// The ids of every text, in their order.
    fn tokenize(&self, texts: &[&str], most: usize, before: &str, token: &CancelToken) -> Result<Vec<Ids>> {
        let chunks: Vec<Vec<Ids>> = texts
            .par_chunks(TOKENIZE_CHUNK)
            .enumerate()
            .map(|(c, chunk)| {
                token.check()?;
                let one = |(i, text): (usize, &&str)| {
                    let row = c * TOKENIZE_CHUNK + i;
                    self.tokens.encode(&prefixed(before, text), most).map_err(|reason| Error::Tokenize { row, reason })
                };
                chunk.iter().enumerate().map(one).collect()
            })
            .collect::<Result<_>>()?;
        Ok(chunks.into_iter().flatten().collect())
    }

    /// The vectors of one batch, in its order.
    fn run(
        &self,
        texts: &[&[u32]],
        tables: &Tables,
        work: &mut Work,
        (skip, unit): (usize, bool),
        token: &CancelToken,
    ) -> Result<Vec<f32>> {
        let hidden = self.network.spec().hidden;
        let pooled_width = self.modules.pooling.width(hidden);
        self.network.forward(texts, tables, work, token)?;
        let mut out = vec![0.0; texts.len() * pooled_width];
        let mut states = work.x.as_slice();
        for (text, row) in texts.iter().zip(out.chunks_exact_mut(pooled_width)) {
            let (own, rest) = states.split_at(text.len() * hidden);
            self.modules.pooling.pool(own, hidden, skip.min(text.len() - 1), row);
            states = rest;
        }
        for dense in &self.modules.dense {
            out = dense.forward(&out);
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

    fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    fn normalizes(&self) -> bool {
        self.modules.normalize
    }

    fn encode(&self, texts: &[&str], options: &EncoderOptions, cx: &mut Context<'_>) -> Result<Matrix> {
        let most = options.max_seq_length.or(self.limits.default).unwrap_or(usize::MAX);
        let token = cx.token();
        let before = options.before(&self.prompts);
        let ids = self.tokenize(texts, most, before, &token)?;
        let skip = if self.modules.pooling.include_prompt || before.is_empty() {
            0
        } else {
            self.tokens.prompt_length(before).map_err(|reason| Error::Tokenize { row: 0, reason })?
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
        let tables = self.network.tables(ids.iter().map(|i| i.ids.len()).max().unwrap_or(0));
        let mut vectors = Matrix::zeros(texts.len(), self.dim);
        let mut done = none().count();
        // As many at a time as keep the threads busy; which texts are computed together is settled above.
        for wave in batches.chunks(2 * rayon::current_num_threads()) {
            let results: Vec<Vec<f32>> = wave
                .par_iter()
                .map_init(Work::default, |work, rows| {
                    let texts: Vec<&[u32]> = rows.iter().map(|&r| ids[r].ids.as_slice()).collect();
                    self.run(&texts, &tables, work, (skip, unit), &token)
                })
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
