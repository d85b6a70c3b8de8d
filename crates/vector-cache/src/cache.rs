//! The cache.

use crate::encode::Notes;
use crate::error::{EncodeError, Error, Result};
use crate::model::{ModelInfo, ModelKey};
use crate::options::CacheOptions;
use crate::plan::{Plan, Rows, State};
use crate::tables::{self, Entry};
use planisphere_core::{CancelToken, Context, Matrix};
use planisphere_database::{Container, Format};
use std::path::Path;

/// The first bytes of a cache, and the format that is written and read.
pub(crate) const FORMAT: Format = Format::new(b"planisphere-vec\n", 1);

/// Vectors of texts in a file. See the [crate](crate) for what it guarantees.
///
/// A cache holds no file open: it is opened for each piece of work, and closed. Clones, and caches of the same path in
/// this process or in others, share what is in it. All methods can be called from any thread.
#[derive(Clone, Debug)]
pub struct VectorCache {
    store: Container,
    options: CacheOptions,
}

/// What [`VectorCache::encode_with`] gives.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Cached {
    /// Row `i` is the vector of text `i`.
    pub vectors: Matrix,
    /// Where the vectors came from.
    pub report: CacheReport,
}

/// How often a cache had what was asked for. `hits + computed + duplicates` is the number of texts.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheReport {
    /// Different texts that were found.
    pub hits: usize,
    /// Different texts whose vectors were computed.
    pub computed: usize,
    /// Texts that are equal to one before them.
    pub duplicates: usize,
    /// How many of those computed had been stored and were damaged.
    pub damaged: usize,
}

impl VectorCache {
    /// Opens the cache in the file `path`, with the default options. The file is made if it is not there, or empty; the
    /// folder must exist.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be made or read; [`Error::Foreign`], [`Error::Newer`] or [`Error::Damaged`] if
    /// it holds something else; [`Error::Busy`] if others keep it in use.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &CacheOptions::default())
    }

    /// As [`VectorCache::open`], with options.
    ///
    /// # Errors
    /// As [`VectorCache::open`], and [`Error::InvalidParam`].
    pub fn open_with(path: impl AsRef<Path>, options: &CacheOptions) -> Result<Self> {
        options.check()?;
        let store = Container::new(path.as_ref(), FORMAT).wait(options.wait);
        store.create(&CancelToken::new())?;
        Ok(Self { store, options: options.clone() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.store.path()
    }

    /// The options.
    pub fn options(&self) -> &CacheOptions {
        &self.options
    }

    /// The vectors of texts: those that are stored under the key `model` are looked up, the others are computed by
    /// `encode` and stored. As [`VectorCache::encode_with`] with a silent context.
    ///
    /// # Errors
    /// As [`VectorCache::encode_with`].
    pub fn encode<S, F, E>(&self, model: &ModelKey, texts: &[S], encode: F) -> Result<Cached, EncodeError<E>>
    where
        S: AsRef<str> + Sync,
        F: FnMut(&[&str], &mut Context<'_>) -> Result<Matrix, E> + Send,
        E: Send,
    {
        self.encode_with(model, texts, &mut Context::new(), encode)
    }

    /// The vectors of texts: those that are stored under the key `model` are looked up, the others are computed by
    /// `encode` and stored.
    ///
    /// `encode` gets texts that are not stored, each once however often it is asked for, in the order of the call, at
    /// most [`CacheOptions::batch`] at a time, and returns a row for each. The vector of a text must not depend on the
    /// texts that go with it. It is not called at all if nothing is missing. Its vectors are on the disk before it is
    /// called again, and the file is not in use while it runs. It runs on the threads of `cx`.
    ///
    /// `cx` is told about progress in texts, of which those found, and duplicates, are done at once. The context of
    /// `encode` shares its cancellation; progress told there is told on, in proportion; warnings and decisions are
    /// passed on in the end, those of all calls together; stages are not. They are about what was computed: a text that
    /// was cut is not told of again when its vector is looked up.
    ///
    /// `encode` may return vectors without values for texts that have nothing to embed, where it does not know yet how long
    /// its vectors are: they become zeros where that is known from what is stored or from other texts of the call. Where
    /// it is not, the result has no columns, and nothing is stored.
    ///
    /// A cancellation does not interrupt a save that has begun: some 30 milliseconds for a batch of the default size.
    ///
    /// No texts give a matrix without rows, as wide as the vectors that are stored for the model, or else of width 0.
    ///
    /// # Errors
    /// Each leaves what was stored before. [`EncodeError::Encode`] with the error of `encode`,
    /// [`EncodeError::Cancelled`], and [`EncodeError::Cache`] with
    /// * [`Error::Rows`], [`Error::Width`] or [`Error::NonFinite`] for vectors that cannot be,
    /// * [`Error::Io`], [`Error::Damaged`] or [`Error::Busy`] for the file; if it may not be written this is told
    ///   before anything is computed,
    /// * [`Error::Core`] for more than `u32::MAX` texts, or threads that cannot be started.
    pub fn encode_with<S, F, E>(
        &self,
        model: &ModelKey,
        texts: &[S],
        cx: &mut Context<'_>,
        encode: F,
    ) -> Result<Cached, EncodeError<E>>
    where
        S: AsRef<str> + Sync,
        F: FnMut(&[&str], &mut Context<'_>) -> Result<Matrix, E> + Send,
        E: Send,
    {
        if u32::try_from(texts.len()).is_err() {
            return Err(Error::Core(planisphere_core::Error::TooManyRows { rows: texts.len() }).into());
        }
        cx.run(|cx| {
            let mut notes = Notes::default();
            let result = self.fill(model, texts, cx, encode, &mut notes);
            notes.tell(cx);
            result
        })
        .map_err(Error::Core)?
    }

    fn fill<S, F, E>(
        &self,
        model: &ModelKey,
        texts: &[S],
        cx: &mut Context<'_>,
        mut encode: F,
        notes: &mut Notes,
    ) -> Result<Cached, EncodeError<E>>
    where
        S: AsRef<str> + Sync,
        F: FnMut(&[&str], &mut Context<'_>) -> Result<Matrix, E>,
    {
        cx.check()?;
        let token = cx.token();
        let plan = Plan::new(model, texts, || token.check())?;
        let mut rows = Rows::new(plan.len());
        let distinct = plan.distinct();
        let keys = distinct.iter().map(|&text| plan.key(text));
        let lookup = self.store.read(&token, |db| {
            tables::lookup(db, model, keys, &token, |at, dim, value| {
                let text = distinct[at as usize];
                rows.take(text, plan.key(text), dim, value);
            })
        });
        let stored = lookup.map_err(Error::from)?;
        cx.check()?;

        let mut missing: Vec<u32> = distinct.iter().copied().filter(|&text| rows.state(text) != State::Done).collect();
        missing.sort_unstable();
        let report = CacheReport {
            hits: distinct.len() - missing.len(),
            computed: missing.len(),
            duplicates: plan.len() - distinct.len(),
            damaged: missing.iter().filter(|&&text| rows.state(text) == State::Damaged).count(),
        };
        let total = plan.len() as u64;
        let mut done = total - missing.len() as u64;
        if total > 0 {
            cx.progress(done, total)?;
        }
        if !missing.is_empty() {
            self.store.check_writable().map_err(Error::from)?;
        }
        let width = stored.flatten();
        let (mut chunk, mut without_values) = (Vec::new(), Vec::new());
        for ids in missing.chunks(self.options.batch) {
            chunk.clear();
            chunk.extend(ids.iter().map(|&text| texts[text as usize].as_ref()));
            let vectors = match notes.run((&chunk, ids), (done, total), &mut encode, cx) {
                Ok(vectors) => vectors,
                Err(error) => {
                    cx.check()?;
                    return Err(EncodeError::Encode(error));
                }
            };
            check(&vectors, ids)?;
            if vectors.cols() == 0 {
                without_values.push(ids);
            } else {
                self.save(model, &plan, &mut rows, ids, &vectors, &token)?;
            }
            done += ids.len() as u64;
            cx.progress(done, total)?;
        }
        // Only now, as the length may be known from vectors that came later.
        if let Some(cols) = rows.cols().or(width) {
            for ids in without_values {
                self.save(model, &plan, &mut rows, ids, &Matrix::zeros(ids.len(), cols), &token)?;
            }
        }
        cx.check()?;
        Ok(Cached { vectors: rows.finish(&plan, width.unwrap_or(0)).map_err(Error::Core)?, report })
    }

    /// Stores the vectors of the texts `ids`, if they are as long as those there are, and puts them into their rows.
    fn save(
        &self,
        model: &ModelKey,
        plan: &Plan,
        rows: &mut Rows,
        ids: &[u32],
        vectors: &Matrix,
        token: &CancelToken,
    ) -> Result<()> {
        let got = vectors.cols();
        let differs = |expected| Error::Width { model: model.name().to_owned(), expected, got };
        if let Some(expected) = rows.cols().filter(|&cols| cols != got) {
            return Err(differs(expected));
        }
        let entry = |(&text, row)| Entry {
            key: plan.key(text),
            vector: vectors.row(row),
            replace: rows.state(text) == State::Damaged,
        };
        let entries: Vec<Entry<'_>> = ids.iter().zip(0..).map(entry).collect();
        match self.store.write(token, |db| tables::store(db, model, got, &entries))? {
            Some(expected) => Err(differs(expected)),
            None => {
                ids.iter().zip(0..).for_each(|(&text, row)| rows.set(text, vectors.row(row)));
                Ok(())
            }
        }
    }

    /// Number of vectors, of all models together.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Damaged`] or [`Error::Busy`].
    pub fn len(&self) -> Result<u64> {
        Ok(self.models()?.iter().map(|model| model.vectors).sum())
    }

    /// Whether there is no vector.
    ///
    /// # Errors
    /// As [`VectorCache::len`].
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// The models of which there are vectors, in the order of their names.
    ///
    /// # Errors
    /// As [`VectorCache::len`].
    pub fn models(&self) -> Result<Vec<ModelInfo>> {
        Ok(self.store.read(&CancelToken::new(), tables::models)?.unwrap_or_default())
    }

    /// Bytes that the file takes on the disk, where the system tells; its length otherwise, which can be twice as much.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn size_on_disk(&self) -> Result<u64> {
        Ok(self.store.size()?)
    }

    /// Removes the vectors of a model, and returns how many there were. Their space is used for others; the file gets
    /// smaller where it is at the end of it.
    ///
    /// # Errors
    /// As [`VectorCache::len`].
    pub fn forget(&self, model: &ModelKey) -> Result<u64> {
        Ok(self.store.write(&CancelToken::new(), |db| tables::forget(db, model))?)
    }

    /// Removes all vectors and empties the file. It may be a damaged one, if it still begins as one.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Foreign`], [`Error::Newer`] or [`Error::Busy`].
    pub fn clear(&self) -> Result<()> {
        Ok(self.store.clear(&CancelToken::new())?)
    }
}

/// Whether these can be the vectors of the texts `ids`.
fn check(vectors: &Matrix, ids: &[u32]) -> Result<()> {
    if vectors.rows() != ids.len() {
        return Err(Error::Rows { expected: ids.len(), got: vectors.rows() });
    }
    vectors.view().check().map_err(|error| match error {
        planisphere_core::Error::NonFinite { row, col, value } => {
            Error::NonFinite { text: ids[row] as usize, col, value }
        }
        other => Error::Core(other),
    })
}
