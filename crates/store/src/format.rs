//! Kinds of files.

use crate::arrays::{Arrays, Tensor, checksum};
use crate::atomic::write_atomic;
use crate::error::{Error, Result};
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::path::Path;

/// What errors call bytes that do not come from a file.
const BYTES: &str = "the data";
/// What comes before the name of the format in every file, after the length of the metadata.
const START: &str = "{\"__metadata__\":{\"";

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    key: &'static str,
    what: &'static str,
    version: u64,
}

/// What every header starts with.
#[derive(Serialize)]
struct Header<'a, H> {
    version: u64,
    /// Over the header with a checksum of 0, and all arrays.
    checksum: u32,
    #[serde(flatten)]
    content: &'a H,
}

impl Format {
    /// A kind of file that starts with `key` (letters, digits and hyphens), is called `what` in errors, and is written in
    /// this version, the last that is read.
    pub const fn new(key: &'static str, what: &'static str, version: u64) -> Self {
        Self { key, what, version }
    }

    /// The bytes of a file. `content` is a struct whose fields go into the header; none of them is called `version` or
    /// `checksum`.
    ///
    /// # Errors
    /// [`Error::Io`] for a header that is no JSON, or an array whose sizes do not multiply to its length.
    pub fn encode<H: Serialize>(&self, content: &H, arrays: &BTreeMap<&str, Tensor<'_>>) -> Result<Vec<u8>> {
        let unwritable =
            |reason: String| Error::Io { file: BYTES.to_owned(), kind: std::io::ErrorKind::InvalidData, reason };
        let json = |checksum: u32| {
            let header = Header { version: self.version, checksum, content };
            serde_json::to_string(&header).map_err(|e| unwritable(e.to_string()))
        };
        let sum = checksum(&json(0)?, arrays.iter().map(|(name, t)| (*name, t)));
        let metadata = HashMap::from([(self.key.to_owned(), json(sum)?)]);
        safetensors::serialize(arrays, Some(metadata)).map_err(|e| unwritable(e.to_string()))
    }

    /// Writes the bytes of a file, which is complete or, after an error, what it was before ([`write_atomic`]).
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
        let path = path.as_ref();
        write_atomic(path, |w| w.write_all(bytes)).map_err(|e| Error::io(&path.display().to_string(), &e.into()))
    }

    /// Writes the bytes of a file to `to`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_to(&self, mut to: impl Write, bytes: &[u8]) -> Result<()> {
        to.write_all(bytes).and_then(|()| to.flush()).map_err(|e| Error::io(BYTES, &e))
    }

    /// Reads a file. `restore` makes what it holds of header and arrays, or tells what is wrong with them.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Foreign`], [`Error::Newer`] and [`Error::Damaged`] for a file that is
    /// of another kind, one of a later version, and one that is truncated or was changed.
    pub fn load<T, H: DeserializeOwned>(
        &self,
        path: impl AsRef<Path>,
        restore: impl FnOnce(H, &Arrays<'_>) -> Result<T, String>,
    ) -> Result<T> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let mut file = std::fs::File::open(path).map_err(|e| Error::io(&name, &e))?;
        self.read(&mut file, &name, restore)
    }

    /// [`Format::load`] from anything that can be read, up to its end.
    ///
    /// # Errors
    /// As [`Format::load`].
    pub fn read_from<T, H: DeserializeOwned>(
        &self,
        mut from: impl Read,
        restore: impl FnOnce(H, &Arrays<'_>) -> Result<T, String>,
    ) -> Result<T> {
        self.read(&mut from, BYTES, restore)
    }

    /// [`Format::load`] from bytes.
    ///
    /// # Errors
    /// As [`Format::load`].
    pub fn from_bytes<T, H: DeserializeOwned>(
        &self,
        bytes: &[u8],
        restore: impl FnOnce(H, &Arrays<'_>) -> Result<T, String>,
    ) -> Result<T> {
        self.check_start(bytes, BYTES)?;
        self.parse(bytes, BYTES, restore)
    }

    fn read<T, H: DeserializeOwned>(
        &self,
        from: &mut impl Read,
        file: &str,
        restore: impl FnOnce(H, &Arrays<'_>) -> Result<T, String>,
    ) -> Result<T> {
        let mut bytes = Vec::new();
        // Nothing of another kind is read to its end.
        from.by_ref().take(self.start().len() as u64 + 8).read_to_end(&mut bytes).map_err(|e| Error::io(file, &e))?;
        self.check_start(&bytes, file)?;
        from.read_to_end(&mut bytes).map_err(|e| Error::io(file, &e))?;
        self.parse(&bytes, file, restore)
    }

    /// What follows the length of the metadata.
    fn start(&self) -> String {
        format!("{START}{}\":\"", self.key)
    }

    fn check_start(&self, bytes: &[u8], file: &str) -> Result<()> {
        let start = self.start();
        if bytes.get(8..).is_some_and(|b| b.starts_with(start.as_bytes())) {
            return Ok(());
        }
        let problem = if bytes.len() < 8 + start.len() {
            format!("it has only {} bytes", bytes.len())
        } else {
            "it does not start as one".to_owned()
        };
        Err(Error::Foreign { file: file.to_owned(), what: self.what, problem })
    }

    fn parse<T, H: DeserializeOwned>(
        &self,
        bytes: &[u8],
        file: &str,
        restore: impl FnOnce(H, &Arrays<'_>) -> Result<T, String>,
    ) -> Result<T> {
        let damaged = |problem: String| Error::Damaged { file: file.to_owned(), what: self.what, problem };
        check_offsets(bytes).map_err(damaged)?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
        let json = metadata.metadata().as_ref().and_then(|m| m.get(self.key));
        let json = json.ok_or_else(|| damaged("there is no header".to_owned()))?;
        let unreadable = |e: serde_json::Error| damaged(format!("the header cannot be read: {e}"));
        let header: serde_json::Value = serde_json::from_str(json).map_err(unreadable)?;
        let version = header.get("version").and_then(serde_json::Value::as_u64);
        let version = version.ok_or_else(|| damaged("the header has no version".to_owned()))?;
        if version > self.version {
            return Err(Error::Newer { file: file.to_owned(), what: self.what, version, newest: self.version });
        }
        let stated = header.get("checksum").and_then(serde_json::Value::as_u64);
        let stated = stated.ok_or_else(|| damaged("the header has no checksum".to_owned()))?;
        // The text as it was written, less the checksum: numbers in it need not be written the same way again.
        let rest = json.strip_prefix(&format!("{{\"version\":{version},\"checksum\":{stated}"));
        let rest = rest.ok_or_else(|| damaged("the header does not start with version and checksum".to_owned()))?;
        let arrays = Arrays(SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?);
        let cleared = format!("{{\"version\":{version},\"checksum\":0{rest}");
        let found = checksum(&cleared, arrays.by_name().iter().map(|(name, t)| (*name, t)));
        if u64::from(found) != stated {
            return Err(damaged(format!("its checksum is {found:08x}, not {stated:08x} as it says")));
        }
        let content = serde_json::from_str(json).map_err(unreadable)?;
        restore(content, &arrays).map_err(damaged)
    }
}

/// Refuses arrays that reach beyond the file, before their ends are added up.
fn check_offsets(bytes: &[u8]) -> std::result::Result<(), String> {
    let length = bytes.first_chunk::<8>().map_or(0, |b| u64::from_le_bytes(*b));
    let header = usize::try_from(length).ok().and_then(|l| bytes.get(8..)?.get(..l));
    let header = header.ok_or_else(|| "its header is longer than the file".to_owned())?;
    if header.len() > LONGEST_HEADER {
        return Err(format!("its header has {} bytes, at most {LONGEST_HEADER} are read", header.len()));
    }
    let entries: HashMap<String, Entry> =
        serde_json::from_slice(header).map_err(|e| format!("the header cannot be read: {e}"))?;
    for (name, entry) in &entries {
        match entry.data_offsets {
            None if name == "__metadata__" => {}
            Some((from, to)) if from <= to && to <= bytes.len() as u64 => {}
            _ => return Err(format!("{name} reaches beyond the end")),
        }
    }
    Ok(())
}

/// What safetensors reads at most.
const LONGEST_HEADER: usize = 100_000_000;

/// Of an array's entry in the header, where the array is; the rest is left to safetensors.
#[derive(Deserialize)]
struct Entry {
    data_offsets: Option<(u64, u64)>,
}
