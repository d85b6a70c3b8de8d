//! A .npy file, some rows at a time.

use super::header::Header;
use super::{Array, check};
use crate::error::{Error, Result};
use crate::names::path_name;
use planisphere_core::Matrix;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// The rows of a `.npy` file, a block of them at a time: for files larger than memory.
///
/// The types of values are those of [`TableReader`](crate::TableReader). The rows have to stand one after the other (C order). After
/// an error, the iterator is at its end.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_dataset::{NpyBlocks, write_npy};
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("x.npy");
/// write_npy(&file, Matrix::from_vec(5, 2, (0..10).map(|v| v as f32).collect())?.view())?;
///
/// let blocks = NpyBlocks::open(&file, 3)?;
/// assert_eq!((blocks.rows(), blocks.cols()), (5, 2));
/// let sizes: Vec<usize> = blocks.map(|b| b.map(|b| b.rows())).collect::<Result<_, _>>()?;
/// assert_eq!(sizes, [3, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NpyBlocks {
    reader: BufReader<File>,
    file: String,
    array: Array,
    block: usize,
    done: usize,
}

impl std::fmt::Debug for NpyBlocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NpyBlocks")
            .field("file", &self.file)
            .field("rows", &self.array.rows)
            .field("cols", &self.array.cols)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl NpyBlocks {
    /// Opens a file, to be read by blocks of `rows` (0 is taken as 1), the last of which may be shorter.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::Read`]; what is wrong with the header, or with the length of the file; [`Error::NpyShape`] for an
    /// array in Fortran order.
    pub fn open(path: impl AsRef<Path>, rows: usize) -> Result<Self> {
        let path = path.as_ref();
        let name = path_name(path);
        let open = |source| Error::Open { file: name.clone(), source };
        let file = File::open(path).map_err(open)?;
        let meta = file.metadata().map_err(open)?;
        let len = meta.is_file().then_some(meta.len());
        let mut reader = BufReader::new(file);
        let header = Header::read(&mut reader, &name)?;
        let array = check(&header, &name, len)?;
        if array.fortran && array.rows > 1 && array.cols > 1 {
            let problem = "the values go column by column (Fortran order); save it in C order to read it by rows";
            return Err(Error::NpyShape { file: name, shape: header.shape, problem });
        }
        Ok(Self { reader, file: name, array, block: rows.max(1), done: 0 })
    }

    /// Number of rows of the file.
    pub fn rows(&self) -> usize {
        self.array.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.array.cols
    }

    fn read(&mut self) -> Result<Matrix> {
        let Array { kind, rows, cols, bytes: expected, .. } = self.array;
        let count = self.block.min(rows - self.done);
        let (from, size) = (self.done * cols, count * cols * kind.size());
        let mut bytes = Vec::new();
        let read_error = |source| Error::Read { file: self.file.clone(), source };
        self.reader.by_ref().take(size as u64).read_to_end(&mut bytes).map_err(read_error)?;
        if bytes.len() < size {
            let got = (from * kind.size() + bytes.len()) as u64;
            let (rows, cols) = (rows as u64, cols as u64);
            return Err(Error::NpyTruncated { file: self.file.clone(), rows, cols, expected, got });
        }
        let mut values = Vec::with_capacity(count * cols);
        kind.decode(&bytes, &mut values);
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            let (row, column) = ((from + at) / cols, (from + at) % cols);
            let value = kind.wide(&bytes[at * kind.size()..(at + 1) * kind.size()]);
            return Err(Error::NpyNonFinite { file: self.file.clone(), row, column, value });
        }
        self.done += count;
        Ok(Matrix::from_vec(count, cols, values).expect("as many values were read as the shape says"))
    }
}

impl Iterator for NpyBlocks {
    type Item = Result<Matrix>;

    fn next(&mut self) -> Option<Result<Matrix>> {
        if self.done == self.array.rows {
            return None;
        }
        let block = self.read();
        if block.is_err() {
            self.done = self.array.rows;
        }
        Some(block)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.array.rows - self.done).div_ceil(self.block);
        (usize::from(left > 0), Some(left))
    }
}
