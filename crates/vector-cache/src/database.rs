//! The database in the file: opened for one piece of work and closed again.

use crate::blocks::{self, BadFile, Blocks};
use crate::error::{Error, Result};
use crate::file::{self, Access};
use crate::head::{BadHead, FORMAT};
use crate::scratch::Scratch;
use planisphere_core::CancelToken;
use redb::{Builder, Database, ReadableDatabase, StorageBackend};
use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Memory for pages. A piece of work goes once through what it needs, in its order, so that more would not help.
const MEMORY: usize = 16 << 20;

/// Where the database is and how long to wait for it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) path: PathBuf,
    pub(crate) wait: Duration,
}

impl Store {
    /// Makes the file if it is not there, and sees whether it can be read if it is.
    pub(crate) fn create(&self, token: &CancelToken) -> Result<()> {
        if self.read(token, |db| db.begin_read().map(drop).map_err(Into::into))?.is_none() {
            self.write(token, |_| Ok(()))?;
        }
        Ok(())
    }

    /// Fails if the file may not be written, before anything is computed that could then not be saved.
    pub(crate) fn check_writable(&self) -> Result<()> {
        match std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&self.path) {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::io(&self.path, &error)),
        }
    }

    /// Bytes that the file takes; 0 if there is none.
    pub(crate) fn size(&self) -> Result<u64> {
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
    pub(crate) fn clear(&self, token: &CancelToken) -> Result<()> {
        // What is looked at must be what is emptied: the same open file, with nobody else at it in between.
        let Some(mut file) = file::open(&self.path, Access::Change, self.wait, token)? else { return Ok(()) };
        match blocks::head(&mut file) {
            Ok(_) | Err(BadFile::Head(BadHead::Damaged(_))) => {}
            Err(error) => return Err(self.bad_file(error)),
        }
        file.set_len(0).and_then(|()| file.sync_data()).map_err(|e| Error::io(&self.path, &e))
    }

    /// Reads, beside others that do. `None`: there is nothing yet.
    pub(crate) fn read<R>(
        &self,
        token: &CancelToken,
        work: impl FnOnce(&Database) -> Result<R, redb::Error>,
    ) -> Result<Option<R>> {
        let Some(file) = file::open(&self.path, Access::Read, self.wait, token)? else { return Ok(None) };
        let blocks = Blocks::open(file).map_err(|e| self.bad_file(e))?;
        if blocks.is_bare() {
            return Ok(None);
        }
        let scratch = Scratch::new(blocks).map_err(|e| Error::io(&self.path, &e))?;
        run(&self.path, scratch, work).map(Some)
    }

    /// Writes, alone. What `work` commits is on the disk when this returns.
    pub(crate) fn write<R>(
        &self,
        token: &CancelToken,
        work: impl FnOnce(&Database) -> Result<R, redb::Error>,
    ) -> Result<R> {
        let file = file::open(&self.path, Access::Write, self.wait, token)?
            .ok_or_else(|| Error::io(&self.path, &io::ErrorKind::NotFound.into()))?;
        let blocks = Blocks::open(file).map_err(|e| self.bad_file(e))?;
        if blocks.is_bare() {
            blocks.prepare().and_then(|()| file::sync_name(&self.path)).map_err(|e| Error::io(&self.path, &e))?;
        }
        run(&self.path, blocks, work)
    }

    fn bad_file(&self, error: BadFile) -> Error {
        let path = self.path.clone();
        match error {
            BadFile::Io(error) => Error::io(&path, &error),
            BadFile::Head(BadHead::Foreign(problem)) => Error::Foreign { path, problem },
            BadFile::Head(BadHead::Newer(version)) => Error::Newer { path, version, known: FORMAT },
            BadFile::Head(BadHead::Damaged(problem)) => Error::damaged(&path, problem),
        }
    }
}

/// Opens the database on `backend`, does `work` and closes it.
pub(crate) fn run<R>(
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
        redb::Error::ValueTooLarge(bytes) => Error::InvalidParam {
            param: "vectors",
            value: format!("{bytes} bytes a vector"),
            reason: "at most 3 GiB can be stored",
        },
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
        let told = |error| failure(Path::new("v.cache"), error);
        assert!(matches!(told(redb::Error::PreviousIo), Error::Io { .. }));
        assert!(matches!(told(redb::Error::LockPoisoned(std::panic::Location::caller())), Error::Io { .. }));
        assert!(matches!(told(redb::Error::ValueTooLarge(1 << 32)), Error::InvalidParam { param: "vectors", .. }));
        let full = told(redb::Error::Io(io::ErrorKind::StorageFull.into()));
        assert!(matches!(full, Error::Io { kind: io::ErrorKind::StorageFull, .. }));
        assert!(matches!(told(redb::Error::Io(io::ErrorKind::InvalidData.into())), Error::Damaged { .. }));
        assert!(matches!(told(redb::Error::Corrupted("x".into())), Error::Damaged { .. }));
    }
}
