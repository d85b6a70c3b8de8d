//! The file and who may use it.

use crate::error::{Error, Result};
use planisphere_core::CancelToken;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Together with others that read.
    Read,
    /// Alone. The file is made if it is not there.
    Write,
    /// Alone, if there is a file.
    Change,
}

/// How long to sleep between two looks at a lock: at first, and at most.
const SLEEP: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(16)];

/// Opens and locks a file; the lock goes when the file is closed, also by the death of the process. `None`: there is no
/// file to be read.
///
/// Locks are those of the system on open files, so two threads that opened one file keep each other out as two
/// processes do.
pub(crate) fn open(path: &Path, access: Access, wait: Duration, token: &CancelToken) -> Result<Option<File>> {
    let start = Instant::now();
    let mut sleep = SLEEP[0];
    loop {
        // Anew each time: the file waited for may have been removed since.
        let Some(file) = open_once(path, access)? else { return Ok(None) };
        let locked = match access {
            Access::Read => file.try_lock_shared(),
            Access::Write | Access::Change => file.try_lock(),
        };
        match locked {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(error)) => return Err(Error::io(path, &error)),
            Err(TryLockError::WouldBlock) => {}
        }
        drop(file);
        token.check()?;
        let waited = start.elapsed();
        let Some(left) = wait.checked_sub(waited).filter(|left| !left.is_zero()) else {
            return Err(Error::Busy { path: path.to_owned(), waited });
        };
        thread::sleep(sleep.min(left));
        sleep = (sleep * 2).min(SLEEP[1]);
    }
}

fn open_once(path: &Path, access: Access) -> Result<Option<File>> {
    // Before it is opened, since to open a named pipe is to wait for somebody at its other end.
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => {
            return Err(Error::Foreign { path: path.to_owned(), problem: "it is no regular file" });
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && access != Access::Write => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io(path, &error)),
    }
    let (write, create) = (access != Access::Read, access == Access::Write);
    match OpenOptions::new().read(true).write(write).create(create).truncate(false).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !create => Ok(None),
        Err(error) => Err(Error::io(path, &error)),
    }
}

/// Sees to it that a new file is still found under its name when the power fails: the name is a matter of its folder, which
/// systems other than those of Unix write by themselves.
pub(crate) fn sync_name(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.canonicalize()?.parent() {
        use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            // A folder that may not be listed, and file systems that do not have this.
            Err(error) if matches!(error.kind(), PermissionDenied | InvalidInput | Unsupported) => {}
            result => result?,
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
