//! Files that are complete or not there.

use crate::error::{Error, Result};
use crate::names::path_name;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// Writes a file by `content`, so that it is either complete or what it was before.
///
/// The content goes into a hidden file in the same folder, which takes the name `path` once all of it is written. If
/// `content` or the system fails, the hidden file is removed. A new file gets the permissions that a plain create
/// gives; one that is replaced keeps its own, and must be writable. Symbolic links are followed; those that lead
/// nowhere are replaced. What is no regular file, such as `/dev/stdout` or a named pipe, is written to as it is.
///
/// `content` gets a buffered writer and need not flush it.
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
/// let failed = planisphere_dataset::write_atomic(&path, |w| {
///     write!(w, "half of")?;
///     Err(std::io::Error::other("out of luck"))
/// });
/// assert!(failed.unwrap_err().to_string().ends_with("cannot write: out of luck"));
/// assert_eq!(std::fs::read_to_string(&path)?, "<p>42</p>");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_atomic(path: impl AsRef<Path>, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let path = path.as_ref();
    let file = || path_name(path);
    let failed = |source| Error::Write { file: file(), source };
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Err(Error::IsFolder { file: file() }),
        Ok(meta) => {
            // Opening without truncating asks the system whether this file may be written at all.
            let old = OpenOptions::new().write(true).open(path).map_err(failed)?;
            if !meta.is_file() {
                return fill(&old, content).map_err(failed);
            }
            let target = path.canonicalize().map_err(failed)?;
            replace(&target, Some(&meta), content).map_err(failed)
        }
        Err(_) => {
            if path.file_name().is_none() {
                return Err(Error::IsFolder { file: file() });
            }
            let folder = folder_of(path);
            if !folder.is_dir() {
                return Err(Error::NoFolder { file: file(), folder: path_name(&folder) });
            }
            replace(path, None, content).map_err(failed)
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn fill(file: &File, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    content(&mut writer)?;
    writer.flush()
}

fn replace(
    target: &Path,
    old: Option<&Metadata>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let temp = hidden_file(&folder_of(target))?;
    fill(temp.as_file(), content)?;
    if let Some(old) = old {
        temp.as_file().set_permissions(old.permissions())?;
    }
    temp.persist(target).map_err(|e| e.error)?;
    Ok(())
}

fn hidden_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".planisphere-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What `File::create` asks for; the umask takes its part away.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
