//! What to read, and from where.

use crate::error::{Error, Result};
use crate::names::{one_line, path_name};
use crate::table::Table;
use crate::{delimited, jsonl, npy};
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

/// Bytes that are read at a time.
pub(crate) const BUFFER: usize = 1 << 16;

/// A file format that can be read.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values with a header, quoted as in RFC 4180. Extension `.csv`.
    Csv,
    /// Tab-separated values with a header, quoted like CSV. Extension `.tsv`.
    Tsv,
    /// One JSON object a line. Extensions `.jsonl` and `.ndjson`.
    Jsonl,
    /// A NumPy array of n rows × d columns. Extension `.npy`.
    Npy,
}

/// Extensions, and the formats that they stand for.
const EXTENSIONS: [(&str, Format); 5] = [
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("jsonl", Format::Jsonl),
    ("ndjson", Format::Jsonl),
    ("npy", Format::Npy),
];

impl Format {
    /// The format that the extension of `path` stands for, in upper or lower case.
    ///
    /// # Errors
    /// [`Error::Extension`] lists the known ones.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let extension = path.extension().map(|e| e.to_string_lossy().into_owned());
        EXTENSIONS
            .iter()
            .find(|(e, _)| extension.as_ref().is_some_and(|x| x.eq_ignore_ascii_case(e)))
            .map(|&(_, format)| format)
            .ok_or_else(|| Error::Extension { file: path_name(path), extension })
    }

    /// The known extensions, for messages.
    pub(crate) fn known() -> String {
        EXTENSIONS.map(|(e, _)| format!(".{e}")).join(" ")
    }
}

/// Which columns hold the vectors.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Vectors {
    /// If there are any: the columns `embedding_1`, `embedding_2`, … (or from `embedding_0`), in any order and without
    /// a hole; or else the column `embedding`; or else the column `vector`, with a JSON array in each cell.
    Auto,
    /// No vectors are read.
    None,
    /// The column of this name, with a JSON array of numbers in each cell.
    Column(String),
    /// The columns named by this and a number, from 0 or 1 on and without a hole: for `v_`, the columns `v_1`, `v_2`, …
    Prefix(String),
}

/// Reads tables: the names of the columns that matter, and how to open files.
///
/// What is read by default:
/// * **ids** from the column `id`, if there is one; otherwise the rows are numbered from 0,
/// * **labels** from the column `label`, if there is one; a blank or missing cell is an unlabeled row,
/// * **texts** from the column `text`, if there is one,
/// * **vectors** as by [`Vectors::Auto`], unless a text column was named: then only if [`TableReader::vectors`] asks.
///
/// A column that is named must exist. There must be texts or vectors. Other columns are ignored, and so are blank lines.
/// In JSONL the first object tells which fields there are; every object needs them, but labels may be left out.
///
/// ```
/// use planisphere_dataset::{Format, TableReader};
///
/// let csv = "key,says,topic\na,\"Hello,\nworld\",greeting\nb,Bye,\n";
/// let table = TableReader::new().id("key").text("says").label("topic").read_from(csv.as_bytes(), Format::Csv, "demo")?;
/// assert_eq!(table.ids(), ["a", "b"]);
/// assert_eq!(table.texts().unwrap()[0], "Hello,\nworld");
/// assert_eq!(table.labels().unwrap(), [Some("greeting".to_owned()), None]);
/// # Ok::<(), planisphere_dataset::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableReader {
    pub(crate) id: Ids,
    pub(crate) text: Option<String>,
    pub(crate) label: Option<String>,
    vectors: Option<Vectors>,
}

/// Where ids come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ids {
    /// The column `id` if there is one.
    #[default]
    Auto,
    /// The row numbers, whatever columns there are.
    Rows,
    /// This column.
    Column(String),
}

impl TableReader {
    /// A reader that finds the columns by their usual names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the texts from the column `name`, which must exist.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>) -> Self {
        self.text = Some(name.into());
        self
    }

    /// Takes the ids from the column `name`, which must exist and hold a different value in each row.
    #[must_use]
    pub fn id(mut self, name: impl Into<String>) -> Self {
        self.id = Ids::Column(name.into());
        self
    }

    /// Numbers the rows from 0, even if there is a column `id`.
    #[must_use]
    pub fn number_rows(mut self) -> Self {
        self.id = Ids::Rows;
        self
    }

    /// Takes the labels from the column `name`, which must exist.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>) -> Self {
        self.label = Some(name.into());
        self
    }

    /// Says which columns hold the vectors. Default: [`Vectors::Auto`], or [`Vectors::None`] once a text column is
    /// named.
    #[must_use]
    pub fn vectors(mut self, vectors: Vectors) -> Self {
        self.vectors = Some(vectors);
        self
    }

    /// Which vectors are wanted, with the default filled in.
    pub(crate) fn wanted_vectors(&self) -> &Vectors {
        match &self.vectors {
            Some(v) => v,
            None if self.text.is_some() => &Vectors::None,
            None => &Vectors::Auto,
        }
    }

    /// Reads the file at `path`, whose extension names the format.
    ///
    /// # Errors
    /// [`Error::Extension`], [`Error::Open`], [`Error::Read`], and whatever is wrong with the content, with line and
    /// column.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let format = Format::from_path(path)?;
        let name = path_name(path);
        let open = |source| Error::Open { file: name.clone(), source };
        let file = File::open(path).map_err(open)?;
        let meta = file.metadata().map_err(open)?;
        // Only a regular file tells its length; a pipe says 0.
        let len = meta.is_file().then_some(meta.len());
        self.read_source(file, format, &name, len)
    }

    /// Reads from `reader`. `name` stands for the file in errors. No buffering is needed on the caller's side.
    ///
    /// The length of `reader` is not known beforehand, so an array in Fortran order is held twice for a moment here;
    /// [`TableReader::read`] never does that.
    ///
    /// # Errors
    /// [`Error::Read`], and whatever is wrong with the content, with line and column.
    pub fn read_from(&self, reader: impl Read, format: Format, name: &str) -> Result<Table> {
        self.read_source(reader, format, &one_line(name), None)
    }

    fn read_source(&self, reader: impl Read, format: Format, name: &str, len: Option<u64>) -> Result<Table> {
        match format {
            Format::Csv => delimited::read(self, without_bom(reader, name)?, b',', name),
            Format::Tsv => delimited::read(self, without_bom(reader, name)?, b'\t', name),
            Format::Jsonl => jsonl::read(self, BufReader::with_capacity(BUFFER, without_bom(reader, name)?), name),
            Format::Npy => npy::read(self, BufReader::with_capacity(BUFFER, reader), name, len),
        }
    }
}

/// Skips a UTF-8 byte order mark, and refuses those of other encodings.
fn without_bom<R: Read>(mut reader: R, name: &str) -> Result<impl Read> {
    let mut head = Vec::with_capacity(3);
    reader.by_ref().take(3).read_to_end(&mut head).map_err(|source| Error::Read { file: name.to_owned(), source })?;
    let encoding = match head[..] {
        [0xff, 0xfe, ..] => Some("UTF-16 (little-endian)"),
        [0xfe, 0xff, ..] => Some("UTF-16 (big-endian)"),
        _ => None,
    };
    if let Some(encoding) = encoding {
        return Err(Error::Encoding { file: name.to_owned(), encoding });
    }
    if head == [0xef, 0xbb, 0xbf] {
        head.clear();
    }
    Ok(Cursor::new(head).chain(reader))
}
