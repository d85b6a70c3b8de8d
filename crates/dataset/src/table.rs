//! The table that readers make.

use planisphere_core::Matrix;
use std::sync::OnceLock;

/// Rows with an id each, and texts, labels or vectors: at least texts or vectors.
///
/// Made by a [`TableReader`](crate::TableReader). There is always at least one row, and every part has one entry a row.
#[derive(Clone, Debug)]
pub struct Table {
    /// Without ids where the rows are only numbered.
    parts: TableParts,
    rows: usize,
    /// Row numbers as ids, which are made when they are asked for: millions of them are larger than some data.
    numbers: OnceLock<Vec<String>>,
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows && self.ids() == other.ids() && {
            let (a, b) = (&self.parts, &other.parts);
            a.texts == b.texts && a.labels == b.labels && a.vectors == b.vectors
        }
    }
}

/// What [`Table::into_parts`] takes a table apart into.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct TableParts {
    /// Ids, all different.
    pub ids: Vec<String>,
    /// Texts, if they were read.
    pub texts: Option<Vec<String>>,
    /// Labels, if there is such a column. `None` is an unlabeled row.
    pub labels: Option<Vec<Option<String>>>,
    /// Vectors (rows × dimensions, all finite), if they were read.
    pub vectors: Option<Matrix>,
}

impl Table {
    /// A table of `rows` rows; they are numbered if there are no ids.
    pub(crate) fn new(rows: usize, parts: TableParts) -> Self {
        Self { parts, rows, numbers: OnceLock::new() }
    }

    /// Number of rows, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a table has at least one row")]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Ids, all different: those of the id column, or else the row numbers from 0.
    pub fn ids(&self) -> &[String] {
        if self.parts.ids.is_empty() { self.numbers.get_or_init(|| numbered(self.rows)) } else { &self.parts.ids }
    }

    /// Texts, if they were read.
    pub fn texts(&self) -> Option<&[String]> {
        self.parts.texts.as_deref()
    }

    /// Labels, if there is such a column. `None` is an unlabeled row.
    pub fn labels(&self) -> Option<&[Option<String>]> {
        self.parts.labels.as_deref()
    }

    /// Vectors (rows × dimensions, all finite), if they were read.
    pub fn vectors(&self) -> Option<&Matrix> {
        self.parts.vectors.as_ref()
    }

    /// Takes the table apart, without a copy.
    pub fn into_parts(self) -> TableParts {
        let Self { mut parts, rows, numbers } = self;
        if parts.ids.is_empty() {
            parts.ids = numbers.into_inner().unwrap_or_else(|| numbered(rows));
        }
        parts
    }
}

/// Row numbers as ids.
fn numbered(rows: usize) -> Vec<String> {
    (0..rows).map(|i| i.to_string()).collect()
}
