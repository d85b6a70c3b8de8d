//! Static models: a text's vector is the weighted mean of the vectors of its tokens.

#[cfg(feature = "transformers")]
mod folder;
mod format;
mod wordpiece;

use crate::encoder::Model;
use crate::error::{Error, Result};
use crate::options::{EncoderOptions, Limits, LongTexts, Prompts, prefixed};
use blake3::Hash;
#[cfg(feature = "transformers")]
pub(crate) use folder::{FolderModel, Layout};
use format::Table;
use planisphere_core::{CancelToken, Context, Matrix, Warning, normalize_rows};
use rayon::prelude::*;
use std::borrow::Cow;
use wordpiece::WordPieces;

/// Texts that one thread takes at a time.
const CHUNK: usize = 256;
/// Texts between two reports of progress.
const WAVE: usize = 32 * CHUNK;

/// Token vectors and the tokenizer that goes with them.
pub(crate) trait Lookup: Send + Sync {
    fn name(&self) -> &str;
    fn dim(&self) -> usize;
    fn fingerprint(&self) -> Hash;
    /// Whether vectors are scaled to length 1 unless told otherwise.
    fn normalizes(&self) -> bool;
    /// Tokens that are read by default.
    fn limit(&self) -> Option<usize>;
    fn prompts(&self) -> &Prompts;
    /// Puts the ids of a text into `ids`, of its first `most` tokens; whether there are more.
    fn tokens(&self, text: &str, most: usize, ids: &mut Vec<u32>) -> Result<bool, String>;
    /// Adds the weighted vector of a token to `sum`.
    fn add(&self, id: u32, sum: &mut [f32]);
}

/// The vectors of a [`Lookup`], text by text.
pub(crate) struct StaticModel<L>(pub(crate) L);

/// A model file of our own format.
pub(crate) struct FileModel {
    table: Table,
    words: WordPieces,
    prompts: Prompts,
}

impl FileModel {
    /// Reads a model file. `origin` names it in errors.
    pub(crate) fn parse(origin: &str, data: Cow<'static, [u8]>) -> Result<StaticModel<Self>> {
        let bad = |reason| Error::StaticModel { name: origin.to_owned(), reason };
        let (table, vocabulary) = Table::parse(data).map_err(bad)?;
        let words = WordPieces::new(vocabulary).map_err(bad)?;
        Ok(StaticModel(Self { table, words, prompts: Prompts::default() }))
    }
}

impl Lookup for FileModel {
    fn name(&self) -> &str {
        self.table.name()
    }

    fn dim(&self) -> usize {
        self.table.dim()
    }

    fn fingerprint(&self) -> Hash {
        self.table.hash()
    }

    fn normalizes(&self) -> bool {
        true
    }

    fn limit(&self) -> Option<usize> {
        None
    }

    fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    fn tokens(&self, text: &str, most: usize, ids: &mut Vec<u32>) -> Result<bool, String> {
        self.words.encode(text, ids)?;
        let truncated = ids.len() > most;
        ids.truncate(most);
        Ok(truncated)
    }

    fn add(&self, id: u32, sum: &mut [f32]) {
        self.table.add(id, sum);
    }
}

/// What happened in one chunk.
#[derive(Clone, Copy, Default)]
struct Tally {
    truncated: usize,
    empty: usize,
    first_empty: Option<usize>,
}

impl<L: Lookup> StaticModel<L> {
    /// Encodes the texts from `first` on into `out`.
    fn chunk(&self, first: usize, texts: &[&str], out: &mut [f32], options: &EncoderOptions) -> Result<Tally> {
        let mut tally = Tally::default();
        let before = options.before(self.0.prompts());
        let most = self.reads(options).0.unwrap_or(usize::MAX);
        let unit = options.normalize.unwrap_or(self.0.normalizes());
        let mut ids = Vec::new();
        for (i, (text, row)) in texts.iter().zip(out.chunks_exact_mut(self.0.dim())).enumerate() {
            let cut = self.0.tokens(&prefixed(before, text), most, &mut ids);
            tally.truncated += usize::from(cut.map_err(|reason| Error::Tokenize { row: first + i, reason })?);
            for &id in &ids {
                self.0.add(id, row);
            }
            if row.iter().all(|&v| v == 0.0) {
                tally.empty += 1;
                tally.first_empty.get_or_insert(first + i);
            } else if !unit {
                row.iter_mut().for_each(|v| *v /= ids.len() as f32);
            }
        }
        if unit {
            normalize_rows(out, self.0.dim());
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
            .zip(out.par_chunks_mut(CHUNK * self.0.dim()))
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

impl<L: Lookup> Model for StaticModel<L> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }

    fn prompts(&self) -> &Prompts {
        self.0.prompts()
    }

    fn normalizes(&self) -> bool {
        self.0.normalizes()
    }

    fn fingerprint(&self) -> Hash {
        self.0.fingerprint()
    }

    fn reads(&self, options: &EncoderOptions) -> (Option<usize>, Option<usize>) {
        match options.long_texts {
            LongTexts::Truncate => (options.max_seq_length.or(self.0.limit()), None),
            // Means of tokens need no parts.
            LongTexts::Average { .. } => (None, None),
        }
    }

    fn encode(&self, texts: &[&str], options: &EncoderOptions, cx: &mut Context<'_>) -> Result<Matrix> {
        let dim = self.0.dim();
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
        if let Some(max_tokens) = self.reads(options).0.filter(|_| all.truncated > 0) {
            cx.warn(Warning::Truncated { texts: all.truncated, max_tokens });
        }
        if let Some(first) = all.first_empty {
            cx.warn(Warning::EmptyRows { rows: all.empty, first });
        }
        Ok(vectors)
    }
}
