//! Vectors of texts, kept in a file, so that embedding the same texts with the same model again costs a lookup.
//!
//! ```
//! use planisphere_core::{Context, Matrix};
//! use planisphere_vector_cache::{ModelKey, VectorCache};
//!
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("vectors.cache");
//! // Any model; here, one that counts. Its error may be any type.
//! fn embed(texts: &[&str], _: &mut Context<'_>) -> Result<Matrix, planisphere_core::Error> {
//!     Matrix::from_rows(texts.iter().map(|t| [t.len() as f32, t.split(' ').count() as f32]))
//! }
//! // What vectors depend on, the text aside: model, revision, prompt, options.
//! let model = ModelKey::new("letters and words, version 1");
//!
//! let cache = VectorCache::open(&file)?;
//! let first = cache.encode(&model, &["a star map", "a sphere", "a star map"], embed)?;
//! assert_eq!(first.vectors.row(2), [10.0, 3.0]);
//! assert_eq!((first.report.computed, first.report.duplicates), (2, 1));
//!
//! let mut cx = Context::new();
//! let again = cache.encode_with(&model, &["a sphere", "a plane"], &mut cx, |missing, cx| embed(missing, cx))?;
//! assert_eq!((again.report.hits, again.report.computed), (1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # With an encoder
//!
//! What embeds is a closure that gets the texts that are missing and a [`Context`](planisphere_core::Context). That
//! is how `planisphere_embed::Encoder` is called, so that one goes in as it is:
//!
//! ```text
//! let encoder = Encoder::from_dir("all-MiniLM-L6-v2")?;
//! let model = ModelKey::new(encoder.fingerprint());
//! let cached = cache.encode_with(&model, &texts, &mut cx, |missing, cx| encoder.encode_with(missing, cx))?;
//! ```
//!
//! The fingerprint of an `Encoder` tells all of this; `planisphere::CachedEncoder` does these lines. For other encoders: a name
//! says too little if what it stands for can change. The closure must give
//! a text the same vector whatever the texts beside it, as `Encoder` does: which texts are missing, and so computed
//! together, depends on the day. With that, results are those of the encoder, bit by bit.
//!
//! # What is guaranteed
//!
//! * **No wrong vectors.** A text is known by its hash under the key of its model (BLAKE3, 256 bits): to the cache,
//!   texts with the same hash are the same text, and nobody has found two. Each vector has a checksum over its hash
//!   and its values; one that fails it counts as missing, is computed again and replaced ([`CacheReport::damaged`]).
//!   Around that, each block of the file has a checksum. A file with a wrong one is [`Error::Damaged`], as is a
//!   truncated one: remove it, or [`clear`](VectorCache::clear) it.
//! * **Nothing saved is lost** when a process dies or the power fails, at any moment: vectors are written a batch at a
//!   time ([`CacheOptions::batch`]), each in a transaction that is on the disk before the next batch is computed. The
//!   file opens at once after that; there is nothing to repair. An error or a cancellation keeps what was saved, too.
//! * **Any number of processes and threads** may use one file. It is locked only while it is read, by all readers
//!   together, or written, not while vectors are computed. Of two that compute the same text at the same time, the
//!   first stores its vector. Locks are those of the system; a file system without them gives [`Error::Io`]. Between
//!   machines they work only where the file system carries them from one to the other: not all that are shared over a
//!   network do, and on those the file must be used by one machine at a time.
//! * **Files of others are left alone**: what does not begin as a cache is [`Error::Foreign`].
//!
//! Reading does not write, so a file that may not be written serves as long as nothing is missing. No error removes
//! anything.
//!
//! # The file
//!
//! It is a [redb](https://docs.rs/redb) database inside a container that adds a version and checksums, so that programs
//! for such databases do not read it. A vector of `d` values takes `4 d + 4` bytes, and some 70 to be found by.
//!
//! The database takes for granted that what it reads is what it wrote, and the checksums see to that. A file in which
//! somebody forged them can make it panic, which is caught and told as [`Error::Damaged`]; a program built with
//! `panic = "abort"` ends there. So do not take caches from people you do not trust.

mod cache;
#[cfg(test)]
mod crash;
mod encode;
mod error;
#[cfg(test)]
mod full;
mod model;
mod options;
mod plan;
mod tables;
mod value;

pub use cache::{CacheReport, Cached, VectorCache};
pub use error::{EncodeError, Error, Result};
pub use model::{ModelInfo, ModelKey};
pub use options::CacheOptions;
