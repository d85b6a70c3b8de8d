//! Static models: a text's vector is the weighted mean of the vectors of its tokens.

mod ascii;
mod format;
mod wordpiece;

use crate::encoder::{Model, normalize};
use crate::error::{Error, Result};
use crate::options::{EncoderOptions, Limits, Prompts, prefixed};
use format::Table;
use planisphere_core::{CancelToken, Context, Matrix, Warning};
use rayon::prelude::*;
use std::borrow::Cow;
use wordpiece::WordPieces;

/// Texts that one thread takes at a time.
const CHUNK: usize = 256;
/// Texts between two reports of progress.
const WAVE: usize = 32 * CHUNK;

/// A table of token vectors and the tokenizer that goes with it.
pub(crate) struct StaticModel {
    table: Table,
    words: WordPieces,
    prompts: Prompts,
}

/// What happened in one chunk.
#[derive(Clone, Copy, Default)]
struct Tally {
    truncated: usize,
    empty: usize,
    first_empty: Option<usize>,
}

impl StaticModel {
    /// Reads a model file. `origin` names it in errors.
    pub(crate) fn parse(origin: &str, data: Cow<'static, [u8]>) -> Result<Self> {
        let bad = |reason| Error::StaticModel { name: origin.to_owned(), reason };
        let (table, vocabulary) = Table::parse(data).map_err(bad)?;
        let words = WordPieces::new(&vocabulary).map_err(bad)?;
        Ok(Self { table, words, prompts: Prompts::default() })
    }

    /// Encodes the texts from `first` on into `out`.
    fn chunk(&self, first: usize, texts: &[&str], out: &mut [f32], options: &EncoderOptions) -> Result<Tally> {
        let mut tally = Tally::default();
        let before = options.before(&self.prompts);
        let mut all_ids = Vec::new();
        for (i, (text, row)) in texts.iter().zip(out.chunks_exact_mut(self.table.dim())).enumerate() {
            self.words
                .encode(&prefixed(before, text), &mut all_ids)
                .map_err(|reason| Error::Tokenize { row: first + i, reason })?;
            let mut ids = all_ids.as_slice();
            if let Some(most) = options.max_seq_length.filter(|&most| ids.len() > most) {
                ids = &ids[..most];
                tally.truncated += 1;
            }
            for &id in ids {
                self.table.add(id, row);
            }
            if row.iter().all(|&v| v == 0.0) {
                tally.empty += 1;
                tally.first_empty.get_or_insert(first + i);
            } else if options.normalize.unwrap_or(true) {
                normalize(row);
            } else {
                row.iter_mut().for_each(|v| *v /= ids.len() as f32);
            }
        }
        Ok(tally)
    }

    fn wave(
        &self,
        first: usize,
        texts: &[&str],
        out: &mut [f32],
        options: &EncoderOptions,
        token: &CancelToken,
    ) -> Result<Tally> {
        let tallies: Vec<Tally> = texts
            .par_chunks(CHUNK)
            .zip(out.par_chunks_mut(CHUNK * self.table.dim()))
            .enumerate()
            .map(|(c, (texts, out))| {
                token.check()?;
                self.chunk(first + c * CHUNK, texts, out, options)
            })
            .collect::<Result<_>>()?;
        Ok(tallies.iter().fold(Tally::default(), |a, b| Tally {
            truncated: a.truncated + b.truncated,
            empty: a.empty + b.empty,
            first_empty: a.first_empty.or(b.first_empty),
        }))
    }
}

impl Model for StaticModel {
    fn name(&self) -> &str {
        self.table.name()
    }

    fn dim(&self) -> usize {
        self.table.dim()
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }

    fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    fn normalizes(&self) -> bool {
        true
    }

    fn encode(&self, texts: &[&str], options: &EncoderOptions, cx: &mut Context<'_>) -> Result<Matrix> {
        let dim = self.table.dim();
        let mut vectors = Matrix::zeros(texts.len(), dim);
        let mut all = Tally::default();
        let token = cx.token();
        for (w, (texts_now, out)) in texts.chunks(WAVE).zip(vectors.data_mut().chunks_mut(WAVE * dim)).enumerate() {
            let first = w * WAVE;
            let tally = self.wave(first, texts_now, out, options, &token)?;
            all.truncated += tally.truncated;
            all.empty += tally.empty;
            all.first_empty = all.first_empty.or(tally.first_empty);
            cx.progress((first + texts_now.len()) as u64, texts.len() as u64)?;
        }
        if let Some(max_tokens) = options.max_seq_length.filter(|_| all.truncated > 0) {
            cx.warn(Warning::Truncated { texts: all.truncated, max_tokens });
        }
        if let Some(first) = all.first_empty {
            cx.warn(Warning::EmptyRows { rows: all.empty, first });
        }
        Ok(vectors)
    }
}
