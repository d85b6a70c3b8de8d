//! Vectors of texts that come one after the other, in bounded memory.

use crate::encoder::Encoder;
use crate::error::{Error, Result};
use planisphere_core::{CancelToken, Context, Matrix, Threads, Warning};

/// Bytes of text that are read before they are encoded.
const MOST_BYTES: usize = 8 << 20;

/// Vectors of the texts of an iterator, block by block: made by [`Encoder::stream`].
///
/// Each item is a matrix of as many rows as texts were read: [`rows`](Self::rows) of them, or fewer at the end and where texts are
/// long (a block ends with the text that brings it to 8 MiB). Blocks are in the order of the texts. Memory is that of one block and its
/// vectors, however many texts there are. After an error there is nothing more.
///
/// ```
/// # #[cfg(feature = "builtin")] {
/// use planisphere_embed::Encoder;
///
/// let encoder = Encoder::builtin()?;
/// let texts = (0..1000).map(|i| format!("text number {i}"));
/// let mut rows = 0;
/// for block in encoder.stream(texts).rows(300) {
///     let block = block?;
///     assert!(block.rows() <= 300 && block.cols() == encoder.dim());
///     rows += block.rows();
/// }
/// assert_eq!(rows, 1000);
/// # }
/// # Ok::<(), planisphere_embed::Error>(())
/// ```
#[derive(Debug)]
pub struct VectorStream<I> {
    encoder: Encoder,
    texts: I,
    rows: usize,
    threads: Threads,
    token: CancelToken,
    done: usize,
    warnings: Vec<Warning>,
    ended: bool,
}

impl<I> VectorStream<I> {
    pub(crate) fn new(encoder: Encoder, texts: I) -> Self {
        Self {
            encoder,
            texts,
            rows: 4096,
            threads: Threads::default(),
            token: CancelToken::new(),
            done: 0,
            warnings: Vec::new(),
            ended: false,
        }
    }

    /// Most rows of a block; default 4096, at least 1. Larger blocks keep more threads busy. Does not change any vector.
    #[must_use]
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows.max(1);
        self
    }

    /// Sets the threads.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Ends with [`Error::Cancelled`] when `token` is cancelled.
    #[must_use]
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.token = token.clone();
        self
    }

    /// Texts encoded so far.
    pub fn done(&self) -> usize {
        self.done
    }

    /// What was to be warned of so far, one warning of each kind, with rows counted from the first text of all.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn warn(&mut self, warning: Warning) {
        for old in &mut self.warnings {
            match (old, &warning) {
                (Warning::Truncated { texts, .. }, Warning::Truncated { texts: more, .. })
                | (Warning::EmptyRows { rows: texts, .. }, Warning::EmptyRows { rows: more, .. }) => {
                    *texts += more;
                    return;
                }
                _ => {}
            }
        }
        self.warnings.push(match warning {
            Warning::EmptyRows { rows, first } => Warning::EmptyRows { rows, first: first + self.done },
            other => other,
        });
    }
}

impl<S: AsRef<str> + Sync, I: Iterator<Item = S>> std::iter::FusedIterator for VectorStream<I> {}

impl<S: AsRef<str> + Sync, I: Iterator<Item = S>> Iterator for VectorStream<I> {
    type Item = Result<Matrix>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut block = Vec::new();
        let mut bytes = 0;
        while block.len() < self.rows && bytes < MOST_BYTES {
            let Some(text) = self.texts.next() else {
                self.ended = true;
                break;
            };
            bytes += text.as_ref().len();
            block.push(text);
        }
        if block.is_empty() {
            return None;
        }
        let mut cx = Context::new().threads(self.threads).cancel(&self.token);
        let vectors = self.encoder.encode_with(&block, &mut cx);
        for warning in cx.take_report().warnings {
            self.warn(warning);
        }
        match vectors {
            Ok(vectors) => {
                self.done += block.len();
                Some(Ok(vectors))
            }
            Err(e) => {
                self.ended = true;
                Some(Err(match e {
                    Error::Tokenize { row, reason } => Error::Tokenize { row: self.done + row, reason },
                    Error::Core(planisphere_core::Error::NonFinite { row, col, value }) => {
                        Error::Core(planisphere_core::Error::NonFinite { row: self.done + row, col, value })
                    }
                    e => e,
                }))
            }
        }
    }
}
