//! The table that readers make.

use planisphere_core::Matrix;

/// Rows with an id each, and texts, labels or vectors: at least texts or vectors.
///
/// Made by a [`TableReader`](crate::TableReader). There is always at least one row, and every part has one entry a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    parts: TableParts,
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
    pub(crate) fn new(parts: TableParts) -> Self {
        Self { parts }
    }

    /// Number of rows, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a table has at least one row")]
    pub fn len(&self) -> usize {
        self.parts.ids.len()
    }

    /// Ids, all different: those of the id column, or else the row numbers from 0.
    pub fn ids(&self) -> &[String] {
        &self.parts.ids
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
        self.parts
    }
}
