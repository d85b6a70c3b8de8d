//! A [redb](https://docs.rs/redb) database in one file that any number of processes and threads share.
//!
//! redb itself keeps its file locked for as long as it is open, so that one process has it. A [`Container`] opens it for
//! one piece of work and closes it again: the file is locked while it is read, by all readers together, or written, by
//! one, and not in between.
//!
//! ```
//! use planisphere_core::CancelToken;
//! use planisphere_database::redb::{ReadableDatabase, TableDefinition};
//! use planisphere_database::{Container, Format, begin_write};
//!
//! const WORDS: TableDefinition<'_, &str, u64> = TableDefinition::new("words");
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("words.db");
//! // Whatever the file is for has 16 bytes of its own to begin with, and a number for its format.
//! let container = Container::new(path, Format::new(b"example of words", 1));
//! let token = CancelToken::new();
//! container.create(&token)?;
//! container.write(&token, |db| {
//!     let transaction = begin_write(db)?;
//!     transaction.open_table(WORDS)?.insert("star", 3)?;
//!     Ok(transaction.commit()?)
//! })?;
//! let count = container.read(&token, |db| {
//!     let words = db.begin_read()?.open_table(WORDS)?;
//!     Ok(words.get("star")?.map(|row| row.value()))
//! })?;
//! assert_eq!(count, Some(Some(3)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is guaranteed
//!
//! * **What was committed stays**, when a process dies or the power fails, at any moment. The file opens at once after
//!   that; there is nothing to repair. This holds for transactions of [`begin_write`].
//! * **Nothing damaged is believed.** Each block of the file has a checksum; a wrong one is [`Error::Damaged`], as is
//!   a truncated file.
//! * **Files of others are left alone**: what begins otherwise is [`Error::Foreign`], what a later version wrote is
//!   [`Error::Newer`].
//! * **Reading does not write**, so a file that may not be written can be read.
//!
//! [`Container::write`] tidies up at the end, and gives space that is free back to the system. [`Container::update`] does
//! not, and waits for the disk twice a transaction where that waits for it seven times: it is for many small ones.
//!
//! Locks are those of the system; a file system without them gives [`Error::Io`]. Between machines they work only where
//! the file system carries them from one to the other: not all that are shared over a network do, and on those the file
//! must be used by one machine at a time.
//!
//! The database takes for granted that what it reads is what it wrote, and the checksums see to that. A file in which
//! somebody forged them can make it panic, which is caught and told as [`Error::Damaged`]; a program built with
//! `panic = "abort"` ends there. So do not take files from people you do not trust.

mod blocks;
mod container;
#[cfg(test)]
mod crash;
mod error;
mod file;
mod format;
mod head;
mod scratch;
mod session;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use container::{Container, begin_write};
pub use error::{Error, Result};
pub use format::Format;
pub use redb;
