//! The database in the file: opened for one piece of work and closed again.

use crate::blocks::{self, BadFile, Blocks, Medium};
use crate::error::{Error, Result};
use crate::file::{self, Access};
use crate::format::Format;
use crate::head::BadHead;
use crate::scratch::Scratch;
use crate::session::Session;
use planisphere_core::CancelToken;
use redb::{Builder, Database, ReadableDatabase, StorageBackend, WriteTransaction};
use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Memory for pages. A piece of work goes once through what it needs, in its order, so that more would not help.
const MEMORY: usize = 16 << 20;

/// Where a database is, what it is for and how long to wait for it. See the [crate](crate) for what is guaranteed.
///
/// It holds no file open: it is opened for each piece of work, and closed. Clones, and containers of the same path in
/// this process or in others, share what is in it. All methods can be called from any thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    path: PathBuf,
    format: Format,
    wait: Duration,
}

impl Container {
    /// The database in the file `path`, which is for what `format` says. Nothing is opened yet. The file is waited for
    /// 30 seconds at most.
    pub fn new(path: impl Into<PathBuf>, format: Format) -> Self {
        Self { path: path.into(), format, wait: Duration::from_secs(30) }
    }

    /// How long to wait for the file while another process or thread uses it, each time that it is needed.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file if it is not there, or empty, and sees whether it can be read if it is. The folder must exist.
    ///
    /// # Errors
    /// As [`Container::read`] and [`Container::write`].
    pub fn create(&self, token: &CancelToken) -> Result<()> {
        if self.read(token, |db| db.begin_read().map(drop).map_err(Into::into))?.is_none() {
            self.write(token, |_| Ok(()))?;
        }
        Ok(())
    }

    /// Fails if the file may not be written: for those that are about to compute what they could then not save.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn check_writable(&self) -> Result<()> {
        match std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&self.path) {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::io(&self.path, &error)),
        }
    }

    /// Bytes that the file takes on the disk, where the system tells, or else its length; 0 if there is no file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn size(&self) -> Result<u64> {
        match std::fs::metadata(&self.path) {
            // The database makes its file longer in large steps, and what it does not use yet takes no space.
            #[cfg(unix)]
            Ok(meta) => Ok(std::os::unix::fs::MetadataExt::blocks(&meta) * 512),
            #[cfg(not(unix))]
            Ok(meta) => Ok(meta.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(Error::io(&self.path, &error)),
        }
    }

    /// Empties the file, damaged or not, if it is one of this format.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Foreign`], [`Error::Newer`], [`Error::Busy`] or [`Error::Cancelled`].
    pub fn clear(&self, token: &CancelToken) -> Result<()> {
        // What is looked at must be what is emptied: the same open file, with nobody else at it in between.
        let Some(mut file) = file::open(&self.path, Access::Change, self.wait, token)? else { return Ok(()) };
        match blocks::head(&mut file, &self.format) {
            Ok(_) | Err(BadFile::Head(BadHead::Damaged(_))) => {}
            Err(error) => return Err(bad_file(&self.path, &self.format, error)),
        }
        file.set_len(0).and_then(|()| file.sync_data()).map_err(|e| Error::io(&self.path, &e))
    }

    /// Reads, beside others that do. `None`, without a call of `work`: there is no file, or nothing in it yet. What `work` writes all the same is
    /// forgotten.
    ///
    /// # Errors
    /// All of [`enum@Error`]. An error of `work` is [`Error::Io`] where the file failed, [`Error::TooLarge`] for a value
    /// that is, and [`Error::Damaged`] otherwise; so is a panic of the database.
    pub fn read<R>(
        &self,
        token: &CancelToken,
        work: impl FnOnce(&Database) -> Result<R, redb::Error>,
    ) -> Result<Option<R>> {
        let Some(file) = file::open(&self.path, Access::Read, self.wait, token)? else { return Ok(None) };
        read(&self.path, self.format, file, work)
    }

    /// Writes, alone. The file is made if it is not there. What `work` commits is on the disk when this returns.
    ///
    /// `work` should open each table in a transaction that reads before it does in one that writes: the database panics
    /// on some that somebody made up, and where that happens while another table is open for writing, it panics once
    /// more when that is closed, and the process ends.
    ///
    /// # Errors
    /// As [`Container::read`].
    pub fn write<R>(&self, token: &CancelToken, work: impl FnOnce(&Database) -> Result<R, redb::Error>) -> Result<R> {
        let file = file::open(&self.path, Access::Write, self.wait, token)?
            .ok_or_else(|| Error::io(&self.path, &io::ErrorKind::NotFound.into()))?;
        write(&self.path, self.format, file, || file::sync_name(&self.path), work)
    }

    /// As [`Container::write`], for small changes: it is done once they are on the disk. The file is not tidied up, so
    /// it does not get smaller. All transactions of `work` must be of [`begin_write`], or whoever comes next has a file
    /// to repair, which takes time by its size.
    ///
    /// # Errors
    /// As [`Container::write`].
    pub fn update<R>(&self, token: &CancelToken, work: impl FnOnce(&Database) -> Result<R, redb::Error>) -> Result<R> {
        let file = file::open(&self.path, Access::Write, self.wait, token)?
            .ok_or_else(|| Error::io(&self.path, &io::ErrorKind::NotFound.into()))?;
        update(&self.path, self.format, file, || file::sync_name(&self.path), work)
    }
}

/// A transaction after which nothing has to be repaired, however the process ends.
///
/// # Errors
/// Those of the database.
pub fn begin_write(db: &Database) -> Result<WriteTransaction, redb::Error> {
    let mut transaction = db.begin_write()?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// [`Container::read`], from a medium that is open.
pub(crate) fn read<R>(
    path: &Path,
    format: Format,
    medium: impl Medium,
    work: impl FnOnce(&Database) -> Result<R, redb::Error>,
) -> Result<Option<R>> {
    let blocks = Blocks::open(medium, format).map_err(|e| bad_file(path, &format, e))?;
    if blocks.is_bare() {
        return Ok(None);
    }
    let scratch = Scratch::new(blocks).map_err(|e| Error::io(path, &e))?;
    run(path, scratch, work).map(Some)
}

/// [`Container::write`], to a medium that is open. `made` is called for a new one.
pub(crate) fn write<R>(
    path: &Path,
    format: Format,
    medium: impl Medium,
    made: impl FnOnce() -> io::Result<()>,
    work: impl FnOnce(&Database) -> Result<R, redb::Error>,
) -> Result<R> {
    let blocks = Blocks::open(medium, format).map_err(|e| bad_file(path, &format, e))?;
    if blocks.is_bare() {
        blocks.prepare().and_then(|()| made()).map_err(|e| Error::io(path, &e))?;
    }
    run(path, blocks, work)
}

/// [`Container::update`], of a medium that is open. `made` is called for a new one.
pub(crate) fn update<R>(
    path: &Path,
    format: Format,
    medium: impl Medium,
    made: impl FnOnce() -> io::Result<()>,
    work: impl FnOnce(&Database) -> Result<R, redb::Error>,
) -> Result<R> {
    let blocks = Blocks::open(medium, format).map_err(|e| bad_file(path, &format, e))?;
    if blocks.is_bare() {
        // What makes a database must be closed.
        blocks.prepare().and_then(|()| made()).map_err(|e| Error::io(path, &e))?;
        return run(path, blocks, work);
    }
    let session = Session::new(blocks);
    run(path, session.clone(), |db| {
        session.opened();
        let result = work(db);
        session.done();
        result
    })
}

fn bad_file(path: &Path, format: &Format, error: BadFile) -> Error {
    match error {
        BadFile::Io(error) => Error::io(path, &error),
        BadFile::Head(BadHead::Foreign(problem)) => Error::Foreign { path: path.to_owned(), problem },
        BadFile::Head(BadHead::Newer(version)) => {
            Error::Newer { path: path.to_owned(), version, known: format.version }
        }
        BadFile::Head(BadHead::Damaged(problem)) => Error::damaged(path, problem),
    }
}

/// Opens the database on `backend`, does `work` and closes it.
fn run<R>(
    path: &Path,
    backend: impl StorageBackend,
    work: impl FnOnce(&Database) -> Result<R, redb::Error>,
) -> Result<R> {
    // The last resort, and the only one in this crate. Checksums keep damaged bytes from the database, but not blocks
    // that are sound and out of date, as a disk leaves them that lost a write, nor those that somebody made up. It
    // panics on some of these. Nothing of it is used after that, and the file is closed; `work` is never code of the
    // caller.
    let result = catch_unwind(AssertUnwindSafe(|| {
        let db = Builder::new().set_cache_size(MEMORY).create_with_backend(backend)?;
        work(&db)
    }));
    match result {
        Ok(result) => result.map_err(|error| failure(path, error)),
        Err(panic) => Err(Error::damaged(path, message(&*panic))),
    }
}

fn failure(path: &Path, error: redb::Error) -> Error {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    match error {
        // So do blocks tell of wrong checksums, and of places where there are none.
        redb::Error::Io(error) if matches!(error.kind(), InvalidData | UnexpectedEof) => {
            Error::damaged(path, error.to_string())
        }
        redb::Error::Io(error) => Error::io(path, &error),
        // Of a failure before, which the database did not tell.
        redb::Error::PreviousIo | redb::Error::LockPoisoned(_) => {
            Error::io(path, &io::Error::other("writing failed before"))
        }
        redb::Error::ValueTooLarge(bytes) => Error::TooLarge { path: path.to_owned(), bytes },
        other => Error::damaged(path, other.to_string()),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the database gave up on it ({})", text.unwrap_or("without a reason"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_damaged_is_told_so() {
        let told = |error| failure(Path::new("some.file"), error);
        assert!(matches!(told(redb::Error::PreviousIo), Error::Io { .. }));
        assert!(matches!(told(redb::Error::LockPoisoned(std::panic::Location::caller())), Error::Io { .. }));
        assert!(matches!(told(redb::Error::ValueTooLarge(1 << 32)), Error::TooLarge { bytes: 0x1_0000_0000, .. }));
        let full = told(redb::Error::Io(io::ErrorKind::StorageFull.into()));
        assert!(matches!(full, Error::Io { kind: io::ErrorKind::StorageFull, .. }));
        assert!(matches!(told(redb::Error::Io(io::ErrorKind::InvalidData.into())), Error::Damaged { .. }));
        assert!(matches!(told(redb::Error::Corrupted("x".into())), Error::Damaged { .. }));
    }
}
