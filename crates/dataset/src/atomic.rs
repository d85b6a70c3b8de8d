//! Files that are complete or not there, with the errors of this crate.

use crate::error::{Error, Result};
use crate::names::path_name;
use planisphere_store::WriteError;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file by `content`, so that it is either complete or what it was before; see
/// [`planisphere_store::write_atomic`], which this is, but for errors that name the file.
///
/// # Errors
/// [`Error::NoFolder`] if the folder does not exist, [`Error::IsFolder`] if `path` is a folder, [`Error::Write`] if
/// writing fails, or with what `content` returned.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("map.html");
/// planisphere_dataset::write_atomic(&path, |w| write!(w, "<p>{}</p>", 42))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "<p>42</p>");
///
/// let failed = planisphere_dataset::write_atomic(&path, |_| Err(std::io::Error::other("out of luck")));
/// assert!(failed.unwrap_err().to_string().ends_with("cannot write: out of luck"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_atomic(path: impl AsRef<Path>, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let path = path.as_ref();
    planisphere_store::write_atomic(path, content).map_err(|e| {
        let file = path_name(path);
        match e {
            WriteError::NoFolder { folder } => Error::NoFolder { file, folder: path_name(&folder) },
            WriteError::IsFolder => Error::IsFolder { file },
            e => Error::Write { file, source: e.into() },
        }
    })
}
