//! One item a line, one annotator a column: the format of the MACE programs.

use super::lines::{Record, Records, at};
use super::{ReadProblem, from_path, refused, whole};
use crate::annotations::{Annotations, Vote};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::io::BufRead;
use std::path::Path;

/// Reads annotations with one item a line and one annotator a column, separated by commas: the format of the MACE programs.
///
/// * Spaces around a cell do not count. An empty cell is a vote that is missing.
/// * A blank line is an item without votes, and so is a line of commas. It takes a number like all others.
/// * Items are named by their numbers from 1, annotators by those of their columns from 1, unless a first line names
///   them ([`MatrixReader::headers`]). Labels are numbered in the order in which they come.
/// * Cells may be quoted as in RFC 4180. A byte order mark is skipped, lines end in `\n` or `\r\n`, and the last one need not
///   end.
///
/// ```
/// use planisphere_labels_mace::MatrixReader;
///
/// let votes = MatrixReader::new().read("NOUN,,VERB\n\n,VERB , VERB".as_bytes())?;
/// assert_eq!((votes.n_items(), votes.n_annotators(), votes.len()), (3, 3, 4));
/// assert_eq!(votes.labels().collect::<Vec<_>>(), ["NOUN", "VERB"]);
/// assert_eq!(votes.vote(2, 1), votes.label_index("VERB"));
///
/// let wrong = MatrixReader::new().read("a,b\na\n".as_bytes()).unwrap_err();
/// assert_eq!(wrong.to_string(), "line 2: number of annotations differs from previous line: 1, expected 2");
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MatrixReader {
    headers: bool,
}

impl MatrixReader {
    /// A reader of files without a line of names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the first line names the annotators. Default: false.
    #[must_use]
    pub fn headers(mut self, headers: bool) -> Self {
        self.headers = headers;
        self
    }

    /// Reads annotations, line by line.
    ///
    /// # Errors
    /// [`Error::Read`](crate::Error::Read) with the line: a line with another number of cells than the ones before it, bytes
    /// that are not UTF-8, a quote that never closes, a header with an empty or a repeated name; or a file without
    /// anything, without annotators or without a label.
    pub fn read(&self, reader: impl BufRead) -> Result<Annotations> {
        let mut records = Records::new(reader, b',');
        let mut votes = Annotations::new();
        let mut columns = None;
        if self.headers {
            match records.next()? {
                None => return Err(whole(ReadProblem::Empty)),
                Some(Record::Blank) => return Err(at(1, ReadProblem::NoAnnotators)),
                Some(Record::Cells(cells)) => {
                    for (i, name) in cells.iter().enumerate() {
                        name_annotator(&mut votes, i, name)?;
                    }
                    columns = Some(cells.len());
                }
            }
        }
        let mut row = 0u64;
        while let Some(record) = records.next()? {
            row += 1;
            let item = votes.add_item(&row.to_string())?;
            let Record::Cells(cells) = record else { continue };
            let got = cells.len();
            match columns {
                None => {
                    for i in 1..=got {
                        votes.add_annotator(&i.to_string())?;
                    }
                    columns = Some(got);
                }
                Some(expected) if expected == got => {}
                Some(expected) => return Err(at(cells.line, ReadProblem::Cells { expected, got })),
            }
            for (annotator, cell) in (0u32..).zip(cells.iter()) {
                if !cell.is_empty() {
                    let label = votes.add_label(cell)?;
                    votes.insert(Vote { item, annotator, label })?;
                }
            }
        }
        match columns {
            _ if row == 0 && !self.headers => Err(whole(ReadProblem::Empty)),
            None => Err(whole(ReadProblem::NoAnnotators)),
            Some(_) if votes.is_empty() => Err(whole(ReadProblem::NoLabels)),
            Some(_) => Ok(votes),
        }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// As [`MatrixReader::read`], with the path; also if the file cannot be opened.
    pub fn read_path(&self, path: impl AsRef<Path>) -> Result<Annotations> {
        from_path(path.as_ref(), |file| self.read(file))
    }
}

fn name_annotator(votes: &mut Annotations, i: usize, name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(at(1, ReadProblem::NoName { column: i + 1 }));
    }
    if let Some(known) = votes.annotator_index(name) {
        let (first, second) = (known as usize + 1, i + 1);
        return Err(at(1, ReadProblem::SameName { name: name.to_owned(), first, second }));
    }
    votes.add_annotator(name).map_err(refused(1))?;
    Ok(())
}
