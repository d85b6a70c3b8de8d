//! Files that fail, for the tests of crates that keep something in a [`Container`](crate::Container): a disk that stops
//! at any of its operations, one that is full, and files that somebody changed.
//!
//! ```
//! use planisphere_database::redb::{ReadableDatabase, TableDefinition};
//! use planisphere_database::testing::{Medium, at_every_operation, read, write};
//! use planisphere_database::{Error, Format, begin_write};
//!
//! const FORMAT: Format = Format::new(b"example of words", 1);
//! const WORDS: TableDefinition<'_, &str, u64> = TableDefinition::new("words");
//!
//! fn work(medium: impl Medium) -> Result<(), Error> {
//!     write(FORMAT, medium, |db| {
//!         let transaction = begin_write(db)?;
//!         transaction.open_table(WORDS)?.insert("star", 3)?;
//!         Ok(transaction.commit()?)
//!     })
//! }
//! at_every_operation(&[], |medium| work(medium).is_ok(), |left, done, when| {
//!     let found = read(FORMAT, left, |db| match db.begin_read()?.open_table(WORDS) {
//!         Ok(words) => Ok(words.get("star")?.is_some()),
//!         Err(_) => Ok(false),
//!     });
//!     assert!(found.unwrap().unwrap_or(false) || !done, "{when}");
//! });
//! ```
//!
//! Functions of this module panic where they are used wrongly.

mod disk;
mod full;
mod tamper;

pub use crate::blocks::Medium;
pub use disk::{Disk, Fused, at_every_operation, draws};
pub use full::{Full, at_every_growth};
pub use tamper::{damage, forge};

use crate::container;
use crate::error::Result;
use crate::format::Format;
use redb::Database;
use std::path::Path;
use std::sync::{Arc, Mutex};

fn path() -> &'static Path {
    Path::new("some.file")
}

/// As [`Container::write`](crate::Container::write), to a medium.
///
/// # Errors
/// As there.
pub fn write<R>(
    format: Format,
    medium: impl Medium,
    work: impl FnOnce(&Database) -> Result<R, redb::Error>,
) -> Result<R> {
    container::write(path(), format, medium, || Ok(()), work)
}

/// As [`Container::update`](crate::Container::update), to a medium.
///
/// # Errors
/// As there.
pub fn update<R>(
    format: Format,
    medium: impl Medium,
    work: impl FnOnce(&Database) -> Result<R, redb::Error>,
) -> Result<R> {
    container::update(path(), format, medium, || Ok(()), work)
}

/// As [`Container::read`](crate::Container::read), of a file with these bytes. It must not write.
///
/// # Errors
/// As there.
pub fn read<R>(
    format: Format,
    bytes: &[u8],
    work: impl FnOnce(&Database) -> Result<R, redb::Error>,
) -> Result<Option<R>> {
    container::read(path(), format, Fused::new(&Arc::new(Mutex::new(Disk::of(bytes))), 0), work)
}
