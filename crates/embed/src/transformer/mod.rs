//! Sentence-transformers.

mod backend;
mod batch;
mod candle;
mod checkpoint;
mod config;
mod dense;
mod json;
mod modules;
mod network;
mod opened;
mod places;
mod plain;
mod pooling;
pub(crate) mod prompts;
mod spec;
mod tokenize;
mod weights;

use crate::encoder::Model;
use crate::error::{Error, Result};
use crate::load::LoadOptions;
use crate::options::{EncoderOptions, Limits, LongTexts, Prompts, prefixed};
use backend::{Backend, Tables, Target};
use blake3::{Hash, Hasher};
pub(crate) use json::JsonFile;
use modules::Modules;
#[cfg(feature = "hub")]
pub(crate) use modules::plain_name;
pub(crate) use modules::plain_path;
use network::Work;
pub(crate) use opened::Opened;
pub(crate) use plain::Plain;
use planisphere_core::{CancelToken, Context, Matrix, Warning, normalize};
use rayon::prelude::*;
use spec::Spec;
use std::path::Path;
use tokenize::{Cut, Ids, Part, Reading, Tokens};
pub(crate) use weights::Weights;

/// Texts that are tokenized between two looks at the cancel token.
const TOKENIZE_CHUNK: usize = 64;

/// A transformer, its tokenizer, and the pipeline behind it.
pub(crate) struct SentenceTransformer {
    name: String,
    backend: Backend,
    tokens: Tokens,
    modules: Modules,
    dim: usize,
    limits: Limits,
    /// Tokens that are read by default.
    most: usize,
    prompts: Prompts,
    fingerprint: Hash,
}

impl SentenceTransformer {
    pub(crate) fn load(dir: &Path, name: &str, options: &LoadOptions) -> Result<Self> {
        let target = Target::open(options)?;
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
        let most = reading.max_seq_length.unwrap_or(positions).clamp(tokens.special() + 1, positions);
        let limits = Limits { special_tokens: tokens.special(), positions: Some(positions) };
        let weights = Weights::load(folder)?;
        let mut hash = Hasher::new();
        hash.update(weights.hash().as_bytes()).update(tokens.hash().as_bytes());
        modules.dense.iter().for_each(|d| {
            hash.update(d.hash().as_bytes());
        });
        hash.update(format!("{spec:?} {:?} {:?} {}", modules.pooling, options.precision, options.device).as_bytes());
        let backend = target.load(weights, spec)?;
        let pooled = modules.pooling.width(backend.spec().hidden);
        let dim = modules.dense.last().map_or(pooled, dense::Dense::width);
        let prompts = prompts::load(dir)?;
        Ok(Self {
            name: name.to_owned(),
            backend,
            tokens,
            modules,
            dim,
            limits,
            most,
            prompts,
            fingerprint: hash.finalize(),
        })
    }

    /// The ids of every text, in their order.
    fn tokenize(&self, texts: &[&str], reading: &Plan<'_>, token: &CancelToken) -> Result<Vec<Ids>> {
        let how = Cut { most: reading.most, prompt: &reading.prompt, overlap: reading.overlap };
        let chunks: Vec<Vec<Ids>> = texts
            .par_chunks(TOKENIZE_CHUNK)
            .enumerate()
            .map(|(c, chunk)| {
                token.check()?;
                let one = |(i, text): (usize, &&str)| {
                    let row = c * TOKENIZE_CHUNK + i;
                    let ids = self.tokens.encode(&prefixed(reading.before, text), how);
                    ids.map_err(|reason| Error::Tokenize { row, reason })
                };
                chunk.iter().enumerate().map(one).collect()
            })
            .collect::<Result<_>>()?;
        Ok(chunks.into_iter().flatten().collect())
    }

    /// How texts are read with these options.
    fn plan<'a>(&'a self, options: &'a EncoderOptions) -> Result<Plan<'a>> {
        let before = options.before(&self.prompts);
        let (prompt, first) = match before {
            "" => (Vec::new(), 0),
            _ => self.tokens.prompt(before).map_err(|reason| Error::Tokenize { row: 0, reason })?,
        };
        let (most, overlap) = self.reads(options);
        Ok(Plan {
            before,
            first: (!before.is_empty() && !self.modules.pooling.include_prompt).then_some(first),
            prompt,
            most: most.unwrap_or(usize::MAX),
            overlap,
            unit: options.normalize.unwrap_or(self.modules.normalize),
        })
    }

    /// The vectors of one batch, in its order.
    fn run(
        &self,
        parts: &[&Part],
        tables: &Tables,
        work: &mut Work,
        plan: &Plan<'_>,
        token: &CancelToken,
    ) -> Result<Vec<f32>> {
        let texts: Vec<&[u32]> = parts.iter().map(|p| p.ids.as_slice()).collect();
        let hidden = self.backend.spec().hidden;
        let pooled_width = self.modules.pooling.width(hidden);
        self.backend.forward(&texts, tables, work, token)?;
        let mut out = vec![0.0; texts.len() * pooled_width];
        let mut states = work.x.as_slice();
        for (part, row) in parts.iter().zip(out.chunks_exact_mut(pooled_width)) {
            let (own, rest) = states.split_at(part.ids.len() * hidden);
            let skip = plan.first.map_or(0, |first| (first + part.prompt).min(part.ids.len() - 1));
            self.modules.pooling.pool(own, hidden, skip, row);
            states = rest;
        }
        for dense in &self.modules.dense {
            out = dense.forward(&out);
        }
        if plan.unit {
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

    fn fingerprint(&self) -> Hash {
        self.fingerprint
    }

    fn reads(&self, options: &EncoderOptions) -> (Option<usize>, Option<usize>) {
        let overlap = match options.long_texts {
            LongTexts::Truncate => None,
            LongTexts::Average { overlap } => Some(overlap),
        };
        (Some(options.max_seq_length.unwrap_or(self.most)), overlap)
    }

    fn encode(&self, texts: &[&str], options: &EncoderOptions, cx: &mut Context<'_>) -> Result<Matrix> {
        let plan = self.plan(options)?;
        let token = cx.token();
        let ids = self.tokenize(texts, &plan, &token)?;
        let cut = ids.iter().filter(|i| i.truncated).count();
        if cut > 0 {
            cx.warn(Warning::Truncated { texts: cut, max_tokens: plan.most });
        }
        let empty =
            || ids.iter().enumerate().filter(|(_, i)| i.parts.iter().all(|p| p.ids.is_empty())).map(|(row, _)| row);
        if let Some(first) = empty().next() {
            cx.warn(Warning::EmptyRows { rows: empty().count(), first });
        }
        let parts: Vec<&Part> = ids.iter().flat_map(|i| &i.parts).collect();
        let lengths: Vec<usize> = parts.iter().map(|p| p.ids.len()).collect();
        let side_by_side = self.backend.side_by_side();
        let batches = batch::plan(&lengths, options.batch_tokens, !side_by_side);
        let tables = self.backend.tables(lengths.iter().copied().max().unwrap_or(0))?;
        let one = |work: &mut Work, rows: &Vec<usize>| {
            let batch: Vec<&Part> = rows.iter().map(|&r| parts[r]).collect();
            self.run(&batch, &tables, work, &plan, &token)
        };
        let mut vectors = Matrix::zeros(parts.len(), self.dim);
        let mut done = lengths.iter().filter(|&&n| n == 0).count();
        // As many at a time as keep the threads busy; which texts are computed together is settled above.
        let wave = if side_by_side { 2 * rayon::current_num_threads() } else { 1 };
        for wave in batches.chunks(wave) {
            let results: Vec<Vec<f32>> = if side_by_side {
                wave.par_iter().map_init(Work::default, one).collect::<Result<_>>()?
            } else {
                wave.iter().map(|rows| one(&mut Work::default(), rows)).collect::<Result<_>>()?
            };
            for (rows, result) in wave.iter().zip(results) {
                for (&row, vector) in rows.iter().zip(result.chunks_exact(self.dim)) {
                    vectors.row_mut(row).copy_from_slice(vector);
                }
                done += rows.len();
            }
            // In texts, also where some are read in parts.
            let share = done as u64 * texts.len() as u64 / parts.len().max(1) as u64;
            cx.progress(share, texts.len() as u64)?;
        }
        if parts.len() == texts.len() {
            return Ok(vectors);
        }
        Ok(joined(&ids, &vectors, plan.unit))
    }
}

/// How texts are read.
struct Plan<'a> {
    /// What stands before every text, and its ids.
    before: &'a str,
    prompt: Vec<u32>,
    /// Where the prompt begins, if it is left out of vectors.
    first: Option<usize>,
    /// Tokens of a part.
    most: usize,
    overlap: Option<usize>,
    unit: bool,
}

/// A vector a text: the mean of its parts, weighted by their tokens.
fn joined(ids: &[Ids], vectors: &Matrix, unit: bool) -> Matrix {
    let mut out = Matrix::zeros(ids.len(), vectors.cols());
    let mut first = 0;
    for (row, text) in ids.iter().enumerate() {
        let out = out.row_mut(row);
        if let [_] = text.parts[..] {
            out.copy_from_slice(vectors.row(first));
        } else {
            let total: usize = text.parts.iter().map(|p| p.own).sum();
            for (p, part) in text.parts.iter().enumerate() {
                let weight = part.own as f32 / total as f32;
                for (o, v) in out.iter_mut().zip(vectors.row(first + p)) {
                    *o += weight * v;
                }
            }
            if unit {
                normalize(out);
            }
        }
        first += text.parts.len();
    }
    out
}
