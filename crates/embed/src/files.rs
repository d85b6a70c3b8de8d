//! Reading the files of a model, with errors that name them.

use crate::error::{Error, Result};
use std::io::ErrorKind;
use std::path::Path;

/// The bytes of a file that has to be there.
pub(crate) fn read(path: &Path, needed: &'static str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Error::Missing { path: path.to_owned(), needed },
        _ => Error::Io { path: path.to_owned(), source },
    })
}
