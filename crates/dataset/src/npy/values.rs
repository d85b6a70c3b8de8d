//! The values of a .npy file, converted once into their final place.

use super::Array;
use crate::error::{Error, Result};
use half::f16;
use std::io::Read;

/// Values that are read at a time.
const BLOCK: usize = 8192;

/// The types of values that can be read. All but the single bytes are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
}

impl Kind {
    /// The type that NumPy calls `descr`.
    pub(crate) fn from_descr(descr: &str) -> Option<Self> {
        Some(match descr {
            // Byte order means nothing for single bytes; NumPy writes `|`, others write what they like.
            "|b1" | "<b1" | ">b1" => Self::Bool,
            "|i1" | "<i1" | ">i1" => Self::I8,
            "|u1" | "<u1" | ">u1" => Self::U8,
            "<i2" => Self::I16,
            "<i4" => Self::I32,
            "<i8" => Self::I64,
            "<u2" => Self::U16,
            "<u4" => Self::U32,
            "<u8" => Self::U64,
            "<f2" => Self::F16,
            "<f4" => Self::F32,
            "<f8" => Self::F64,
            _ => return None,
        })
    }

    /// Bytes of a value.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Appends the values in `bytes` to `out`.
    pub(super) fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::Bool => each(bytes, out, |[b]: [u8; 1]| f32::from(u8::from(b != 0))),
            Self::I8 => each(bytes, out, |b| f32::from(i8::from_le_bytes(b))),
            Self::U8 => each(bytes, out, |[b]: [u8; 1]| f32::from(b)),
            Self::I16 => each(bytes, out, |b| f32::from(i16::from_le_bytes(b))),
            Self::U16 => each(bytes, out, |b| f32::from(u16::from_le_bytes(b))),
            Self::I32 => each(bytes, out, |b| i32::from_le_bytes(b) as f32),
            Self::U32 => each(bytes, out, |b| u32::from_le_bytes(b) as f32),
            Self::I64 => each(bytes, out, |b| i64::from_le_bytes(b) as f32),
            Self::U64 => each(bytes, out, |b| u64::from_le_bytes(b) as f32),
            Self::F16 => each(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
            Self::F32 => each(bytes, out, f32::from_le_bytes),
            Self::F64 => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
        }
    }

    /// The value in `bytes` as a message shows it, that is before it was narrowed.
    pub(super) fn wide(self, bytes: &[u8]) -> f64 {
        match (self, bytes.try_into()) {
            (Self::F64, Ok(b)) => f64::from_le_bytes(b),
            _ => {
                let mut one = Vec::with_capacity(1);
                self.decode(bytes, &mut one);
                one.first().copied().map_or(f64::NAN, f64::from)
            }
        }
    }
}

fn each<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, convert: impl Fn([u8; N]) -> f32) {
    out.extend(bytes.as_chunks::<N>().0.iter().map(|&b| convert(b)));
}

/// Reads the values, in row-major order whatever their order in the file. With `sized`, the length of the file was
/// found to fit, so that memory for all values may be taken at once.
pub(crate) fn read(array: &Array, mut reader: impl Read, file: &str, sized: bool) -> Result<Vec<f32>> {
    let total = array.rows * array.cols;
    let mut data = Vec::new();
    if sized {
        data.try_reserve_exact(total).map_err(|_| Error::NpyShape {
            file: file.to_owned(),
            shape: vec![array.rows as u64, array.cols as u64],
            problem: "more values than memory can hold",
        })?;
    }
    if !array.fortran {
        for_blocks(array, &mut reader, file, |values, _| data.extend_from_slice(values))?;
    } else if sized {
        data.resize(total, 0.0);
        for_blocks(array, &mut reader, file, |values, first| scatter(array, values, first, &mut data))?;
    } else {
        // The header may promise anything, so memory grows with what arrives, and is put into order at the end.
        let mut columns = Vec::new();
        for_blocks(array, &mut reader, file, |values, _| columns.extend_from_slice(values))?;
        data.resize(total, 0.0);
        scatter(array, &columns, 0, &mut data);
    }
    data.shrink_to_fit();
    Ok(data)
}

/// Puts `values`, which start with the value number `first` in column-major order, into their places in row-major order.
fn scatter(array: &Array, values: &[f32], first: usize, data: &mut [f32]) {
    let (mut col, mut row) = (first / array.rows, first % array.rows);
    for &value in values {
        data[row * array.cols + col] = value;
        row += 1;
        if row == array.rows {
            (col, row) = (col + 1, 0);
        }
    }
}

/// Calls `take` with block after block of values and the number of the block's first value. Checks that all values are
/// there and finite, and that nothing follows.
fn for_blocks(array: &Array, reader: &mut impl Read, file: &str, mut take: impl FnMut(&[f32], usize)) -> Result<()> {
    let (rows, cols) = (array.rows as u64, array.cols as u64);
    let read_error = |source| Error::Read { file: file.to_owned(), source };
    let (total, size) = (array.rows * array.cols, array.kind.size());
    let mut bytes = Vec::with_capacity(BLOCK * size);
    let mut values = Vec::with_capacity(BLOCK);
    let mut first = 0;
    while first < total {
        let count = BLOCK.min(total - first);
        bytes.clear();
        let got = reader.by_ref().take((count * size) as u64).read_to_end(&mut bytes).map_err(read_error)?;
        if got < count * size {
            let got = (first * size + got) as u64;
            return Err(Error::NpyTruncated { file: file.to_owned(), rows, cols, expected: array.bytes, got });
        }
        values.clear();
        array.kind.decode(&bytes, &mut values);
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            let (row, column) = array.place(first + at);
            let value = array.kind.wide(&bytes[at * size..(at + 1) * size]);
            return Err(Error::NpyNonFinite { file: file.to_owned(), row, column, value });
        }
        take(&values, first);
        first += count;
    }
    bytes.clear();
    if reader.by_ref().take(1).read_to_end(&mut bytes).map_err(read_error)? > 0 {
        return Err(Error::NpyTrailing { file: file.to_owned(), rows, cols });
    }
    Ok(())
}
