//! One vote a line: tables and JSON lines.

use super::lines::{Cells, Record, Records, at};
use super::{ReadProblem, from_path, jsonl, refused, whole};
use crate::annotations::Annotations;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::BufRead;
use std::path::Path;

/// What is done where an annotator labels an item again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// It is an error, be it the same label.
    #[default]
    Error,
    /// The first label counts.
    First,
    /// The last label counts.
    Last,
}

/// Reads annotations with one vote a line: item, annotator and label by name, from CSV and TSV with a header and from JSON
/// lines.
///
/// * Other columns and members are ignored, and so are blank lines.
/// * An empty label is no vote: the item and the annotator are there all the same. In JSON it may be `null`, too. It does
///   not count as a repeated vote, and takes none back.
/// * In tables, spaces around a cell do not count; cells may be quoted as in RFC 4180. In JSON, a string is taken as it is,
///   numbers and booleans by the text that stands there.
/// * A byte order mark is skipped, lines end in `\n` or `\r\n`, and the last one need not end.
///
/// ```
/// use planisphere_labels_mace::{Duplicates, VoteReader};
///
/// let csv = "id,worker,label,seconds\nt1,ann,cat,3\nt1,bob,dog,2\nt2,ann,,9\nt1,ann,dog,1\n";
/// let reader = VoteReader::new().item("id").annotator("worker");
/// let again = reader.read_csv(csv.as_bytes()).unwrap_err();
/// assert_eq!(again.to_string(), r#"line 5: annotator "ann" labeled item "t1" twice: "cat" and "dog""#);
///
/// let votes = reader.duplicates(Duplicates::Last).read_csv(csv.as_bytes())?;
/// assert_eq!((votes.n_items(), votes.len()), (2, 2));
/// assert_eq!(votes.vote(0, 0), votes.label_index("dog"));
///
/// let jsonl = r#"{"item": 7, "annotator": "ann", "label": true, "comment": []}"#;
/// let votes = VoteReader::new().read_jsonl(jsonl.as_bytes())?;
/// assert_eq!((votes.item(0), votes.label(0)), ("7", "true"));
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoteReader {
    pub(super) item: String,
    pub(super) annotator: String,
    pub(super) label: String,
    duplicates: Duplicates,
}

impl Default for VoteReader {
    /// `item`, `annotator`, `label`; repeated votes are errors.
    fn default() -> Self {
        let duplicates = Duplicates::Error;
        Self { item: "item".to_owned(), annotator: "annotator".to_owned(), label: "label".to_owned(), duplicates }
    }
}

impl VoteReader {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Name of the column or member with the item. Default: `item`.
    #[must_use]
    pub fn item(mut self, name: impl Into<String>) -> Self {
        self.item = name.into();
        self
    }

    /// Name of the column or member with the annotator. Default: `annotator`.
    #[must_use]
    pub fn annotator(mut self, name: impl Into<String>) -> Self {
        self.annotator = name.into();
        self
    }

    /// Name of the column or member with the label. Default: `label`.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>) -> Self {
        self.label = name.into();
        self
    }

    /// What is done where an annotator labels an item again. Default: [`Duplicates::Error`].
    #[must_use]
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Reads comma-separated values with a header.
    ///
    /// # Errors
    /// [`Error::Read`] with the line: a column that is not there or there twice, a row with another number of cells than the
    /// header, an item or annotator without a name, a repeated vote, bytes that are not UTF-8, a quote that never closes; or a
    /// file without anything or without a vote. [`Error::InvalidParam`] if one name stands for two columns.
    pub fn read_csv(&self, reader: impl BufRead) -> Result<Annotations> {
        self.read_table(reader, b',')
    }

    /// Reads tab-separated values with a header, quoted like CSV.
    ///
    /// # Errors
    /// As [`VoteReader::read_csv`].
    pub fn read_tsv(&self, reader: impl BufRead) -> Result<Annotations> {
        self.read_table(reader, b'\t')
    }

    /// Reads one JSON object a line.
    ///
    /// # Errors
    /// [`Error::Read`] with the line: what is not JSON or not an object, a member that is missing, there twice, or of a kind
    /// that cannot be a name or label, a repeated vote, bytes that are not UTF-8; or a file without anything or without a
    /// vote. [`Error::InvalidParam`] if one name stands for two members.
    pub fn read_jsonl(&self, reader: impl BufRead) -> Result<Annotations> {
        self.check()?;
        jsonl::read(self, reader)
    }

    /// Reads the file at `path`, whose extension names the format: `.csv`, `.tsv`, `.jsonl` or `.ndjson`.
    ///
    /// # Errors
    /// As the reader of the format, with the path; also if the extension is another one or the file cannot be opened.
    pub fn read_path(&self, path: impl AsRef<Path>) -> Result<Annotations> {
        let path = path.as_ref();
        let extension = path.extension().map(|e| e.to_string_lossy().into_owned());
        match extension.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => from_path(path, |file| self.read_csv(file)),
            Some("tsv") => from_path(path, |file| self.read_tsv(file)),
            Some("jsonl" | "ndjson") => from_path(path, |file| self.read_jsonl(file)),
            _ => {
                let problem = ReadProblem::Extension { extension };
                Err(Error::Read { file: Some(path.to_owned()), line: None, problem })
            }
        }
    }

    fn check(&self) -> Result<()> {
        let same = |what| Err(Error::param(what, "the same name", "item, annotator and label need a name each"));
        if self.item == self.annotator || self.annotator == self.label {
            return same("annotator");
        }
        if self.item == self.label { same("label") } else { Ok(()) }
    }

    fn read_table(&self, reader: impl BufRead, delimiter: u8) -> Result<Annotations> {
        self.check()?;
        let mut records = Records::new(reader, delimiter);
        let ([item, annotator, label], expected) = loop {
            match records.next()? {
                None => return Err(whole(ReadProblem::Empty)),
                Some(Record::Blank) => {}
                Some(Record::Cells(header)) => {
                    let columns = self.columns(&header).map_err(|problem| at(header.line, problem))?;
                    break (columns, header.len());
                }
            }
        };
        let mut votes = Annotations::new();
        while let Some(record) = records.next()? {
            let Record::Cells(cells) = record else { continue };
            let wrong = |problem| Err(at(cells.line, problem));
            if cells.len() != expected {
                return wrong(ReadProblem::Columns { expected, got: cells.len() });
            }
            match [item, annotator, label].map(|c| cells.get(c)) {
                ["", ..] => return wrong(ReadProblem::Missing { column: self.item.clone() }),
                [_, "", _] => return wrong(ReadProblem::Missing { column: self.annotator.clone() }),
                [item, annotator, label] => {
                    let label = (!label.is_empty()).then_some(label);
                    self.add(&mut votes, item, annotator, label).map_err(refused(cells.line))?;
                }
            }
        }
        complete(votes)
    }

    /// Places of the three columns.
    fn columns(&self, header: &Cells<'_>) -> Result<[usize; 3], ReadProblem> {
        let find = |role, name: &str| {
            let mut places = (0..header.len()).filter(|&i| header.get(i) == name.trim());
            match (places.next(), places.next()) {
                (Some(first), Some(second)) => {
                    Err(ReadProblem::SameName { name: name.to_owned(), first: first + 1, second: second + 1 })
                }
                (Some(place), None) => Ok(place),
                _ => {
                    let known = header.iter().map(str::to_owned).collect();
                    Err(ReadProblem::NoColumn { role, column: name.to_owned(), known })
                }
            }
        };
        Ok([find("item", &self.item)?, find("annotator", &self.annotator)?, find("label", &self.label)?])
    }

    pub(super) fn add(&self, votes: &mut Annotations, item: &str, annotator: &str, label: Option<&str>) -> Result<()> {
        let Some(label) = label else {
            votes.add_item(item)?;
            votes.add_annotator(annotator)?;
            return Ok(());
        };
        match self.duplicates {
            Duplicates::Error => votes.push(item, annotator, label),
            Duplicates::Last => votes.set(item, annotator, label).map(|_| ()),
            Duplicates::First => match (votes.item_index(item), votes.annotator_index(annotator)) {
                (Some(i), Some(a)) if votes.vote(i, a).is_some() => Ok(()),
                _ => votes.push(item, annotator, label),
            },
        }
    }
}

pub(super) fn complete(votes: Annotations) -> Result<Annotations> {
    if votes.is_empty() { Err(whole(ReadProblem::NoLabels)) } else { Ok(votes) }
}
