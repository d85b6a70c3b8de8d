//! Gathers rows into a table.

use crate::columns::{Columns, VectorColumns};
use crate::error::{Error, Result};
use crate::table::{Table, TableParts};
use planisphere_core::Matrix;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The rows so far. Whoever fills it adds one value a row to each part that is there.
pub(crate) struct Rows {
    rows: usize,
    /// Ids with the lines on which they stand.
    pub(crate) ids: Option<(Vec<String>, Vec<u64>)>,
    pub(crate) texts: Option<Vec<String>>,
    pub(crate) labels: Option<Vec<Option<String>>>,
    pub(crate) vectors: Option<Vec<f32>>,
    /// Dimensions of the vectors, once they are known.
    pub(crate) dims: Option<usize>,
}

impl Rows {
    pub(crate) fn new(columns: &Columns) -> Self {
        Self {
            rows: 0,
            ids: columns.id.map(|_| Default::default()),
            texts: columns.text.map(|_| Vec::new()),
            labels: columns.label.map(|_| Vec::new()),
            vectors: (columns.vectors != VectorColumns::None).then(Vec::new),
            dims: match &columns.vectors {
                VectorColumns::Components(places) => Some(places.len()),
                _ => None,
            },
        }
    }

    /// Counts a row whose values are all there.
    pub(crate) fn end_row(&mut self) {
        self.rows += 1;
    }

    /// A label as it is kept: blank ones are none.
    pub(crate) fn label_of(text: &str) -> Option<String> {
        (!text.trim().is_empty()).then(|| text.to_owned())
    }

    pub(crate) fn finish(self, file: &str) -> Result<Table> {
        if self.rows == 0 {
            return Err(Error::NoRows { file: file.to_owned() });
        }
        let ids = match self.ids {
            Some((ids, lines)) => {
                check_different(&ids, &lines, file)?;
                ids
            }
            None => Vec::new(),
        };
        let vectors = match (self.vectors, self.dims) {
            (Some(mut data), Some(dims)) => {
                data.shrink_to_fit();
                Some(Matrix::from_vec(self.rows, dims, data).expect("each row added as many values as there are dims"))
            }
            _ => None,
        };
        Ok(Table::new(self.rows, TableParts { ids, texts: self.texts, labels: self.labels, vectors }))
    }
}

fn check_different(ids: &[String], lines: &[u64], file: &str) -> Result<()> {
    let mut first = HashMap::with_capacity(ids.len());
    for (id, &line) in ids.iter().zip(lines) {
        match first.entry(id.as_str()) {
            Entry::Vacant(slot) => {
                slot.insert(line);
            }
            Entry::Occupied(before) => {
                return Err(Error::DuplicateId {
                    file: file.to_owned(),
                    id: id.clone(),
                    first: *before.get(),
                    second: line,
                });
            }
        }
    }
    Ok(())
}
