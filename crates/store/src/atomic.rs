//! Files that are complete or not there.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// Why a file could not be written. What stood under its name before is untouched.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder that should hold a new file does not exist, or is not a folder.
    #[error("{} is not a folder", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The path to be written is a folder, or has no file name.
    #[error("this is a folder, not a file")]
    IsFolder,
    /// Writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<WriteError> for io::Error {
    fn from(e: WriteError) -> Self {
        let kind = match e {
            WriteError::Io(source) => return source,
            WriteError::NoFolder { .. } => io::ErrorKind::NotFound,
            WriteError::IsFolder => io::ErrorKind::IsADirectory,
        };
        Self::new(kind, e)
    }
}

/// Writes a file by `content`, so that it is either complete or what it was before.
///
/// The content goes into a hidden file in the same folder, which takes the name `path` once all of it is written. If
/// `content` or the system fails, the hidden file is removed. A new file gets the permissions that a plain create
/// gives; one that is replaced keeps its own, which its hidden file has from the start, and must be writable. Symbolic links are followed; those that lead
/// nowhere are replaced. What is no regular file, such as `/dev/stdout` or a named pipe, is written to as it is.
///
/// `content` gets a buffered writer and need not flush it.
///
/// # Errors
/// [`WriteError`]: the folder does not exist, `path` is a folder, or writing failed, also with what `content` returned.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("map.html");
/// planisphere_store::write_atomic(&path, |w| write!(w, "<p>{}</p>", 42))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "<p>42</p>");
///
/// let failed = planisphere_store::write_atomic(&path, |w| {
///     write!(w, "half of")?;
///     Err(std::io::Error::other("out of luck"))
/// });
/// assert_eq!(failed.unwrap_err().to_string(), "out of luck");
/// assert_eq!(std::fs::read_to_string(&path)?, "<p>42</p>");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_atomic(
    path: impl AsRef<Path>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let path = path.as_ref();
    let failed = WriteError::Io;
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Err(WriteError::IsFolder),
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
                return Err(WriteError::IsFolder);
            }
            let folder = folder_of(path);
            if !folder.is_dir() {
                return Err(WriteError::NoFolder { folder });
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
    let temp = hidden_file(&folder_of(target), old)?;
    if let Some(old) = old {
        // Before there is anything to read, as what is private must not be readable on its way; and again here, since the umask
        // had its part in what the file was made with.
        temp.as_file().set_permissions(old.permissions())?;
    }
    fill(temp.as_file(), content)?;
    // The name must not reach the disk before what it stands for.
    temp.as_file().sync_all()?;
    temp.persist(target).map_err(|e| e.error)?;
    // The name itself is a matter of its folder. The file is complete by now, so that a folder that cannot be synced is no error.
    #[cfg(unix)]
    let _ = File::open(folder_of(target)).and_then(|folder| folder.sync_all());
    Ok(())
}

/// An empty file, for new content of `old` or of a file to be.
fn hidden_file(folder: &Path, old: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".planisphere-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What `File::create` asks for; the umask takes its part away.
        builder.permissions(std::fs::Permissions::from_mode(old.map_or(0o666, |o| o.permissions().mode() & 0o777)));
    }
    #[cfg(not(unix))]
    let _ = old;
    builder.tempfile_in(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_replaces_a_private_file_is_private_while_it_is_written() {
        for mode in [0o600, 0o640, 0o666] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.model");
            std::fs::write(&path, "old").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let mut seen = Vec::new();
            write_atomic(&path, |w| {
                w.write_all(b"new")?;
                for entry in std::fs::read_dir(folder.path())? {
                    seen.push(entry?.metadata()?.permissions().mode() & 0o777);
                }
                Ok(())
            })
            .unwrap();
            assert_eq!(seen, [mode; 2]);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        }
    }
}
