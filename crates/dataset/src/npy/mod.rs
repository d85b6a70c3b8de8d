//! Matrices in NumPy's format.

mod blocks;
mod header;
mod values;

pub use blocks::NpyBlocks;

use crate::error::{Error, Result};
use crate::reader::{Ids, TableReader, Vectors};
use crate::table::{Table, TableParts};
use header::Header;
use planisphere_core::Matrix;
use std::io::Read;
use values::Kind;

/// Reads a matrix. `len` is the length of the whole file, if it is known.
pub(crate) fn read(wanted: &TableReader, mut reader: impl Read, file: &str, len: Option<u64>) -> Result<Table> {
    check_wanted(wanted, file)?;
    let header = Header::read(&mut reader, file)?;
    let array = check(&header, file, len)?;
    let data = values::read(&array, reader, file, len.is_some())?;
    let vectors = Matrix::from_vec(array.rows, array.cols, data).expect("as many values were read as the shape says");
    let parts = TableParts { ids: Vec::new(), texts: None, labels: None, vectors: Some(vectors) };
    Ok(Table::new(array.rows, parts))
}

/// A matrix whose size was found possible.
pub(crate) struct Array {
    kind: Kind,
    rows: usize,
    cols: usize,
    fortran: bool,
    /// Bytes that the values take.
    bytes: u64,
}

impl Array {
    /// Row and column of the value number `at` of the file.
    fn place(&self, at: usize) -> (usize, usize) {
        if self.fortran { (at % self.rows, at / self.rows) } else { (at / self.cols, at % self.cols) }
    }
}

fn check_wanted(wanted: &TableReader, file: &str) -> Result<()> {
    let id = match &wanted.id {
        Ids::Column(name) => Some(name),
        _ => None,
    };
    let vectors = match wanted.wanted_vectors() {
        Vectors::Column(name) | Vectors::Prefix(name) => Some(name),
        _ => None,
    };
    let asked = [("text", wanted.text.as_ref()), ("id", id), ("label", wanted.label.as_ref()), ("vectors", vectors)]
        .into_iter()
        .find_map(|(role, name)| name.map(|name| format!("{role} are asked for from column {name:?}")))
        .or_else(|| (*wanted.wanted_vectors() == Vectors::None).then(|| "no vectors are asked for".to_owned()));
    match asked {
        Some(asked_for) => Err(Error::VectorsOnly { file: file.to_owned(), asked_for }),
        None => Ok(()),
    }
}

/// Checks type and shape, and the size against the length of the file, before anything is allocated.
fn check(header: &Header, file: &str, len: Option<u64>) -> Result<Array> {
    let shape_error = |problem| Error::NpyShape { file: file.to_owned(), shape: header.shape.clone(), problem };
    let &[rows, cols] = &header.shape[..] else {
        return Err(shape_error("expected two dimensions, n rows × d columns"));
    };
    let kind = Kind::from_descr(&header.descr)
        .ok_or_else(|| Error::NpyDtype { file: file.to_owned(), dtype: header.descr.clone() })?;
    if cols == 0 {
        return Err(shape_error("there are no columns"));
    }
    if rows == 0 {
        return Err(Error::NoRows { file: file.to_owned() });
    }
    // The larger of the bytes in the file and those as `f32` in memory.
    let most = rows.checked_mul(cols).and_then(|n| n.checked_mul(kind.size().max(4) as u64));
    let (Some(Ok(_)), Ok(n_rows), Ok(n_cols)) =
        (most.map(isize::try_from), usize::try_from(rows), usize::try_from(cols))
    else {
        return Err(shape_error("more values than memory can hold"));
    };
    let bytes = rows * cols * kind.size() as u64;
    if let Some(len) = len {
        let got = len.saturating_sub(header.bytes);
        if got < bytes {
            return Err(Error::NpyTruncated { file: file.to_owned(), rows, cols, expected: bytes, got });
        }
        if got > bytes {
            return Err(Error::NpyTrailing { file: file.to_owned(), rows, cols });
        }
    }
    Ok(Array { kind, rows: n_rows, cols: n_cols, fortran: header.fortran, bytes })
}
