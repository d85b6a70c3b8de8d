//! Dense row-major matrices.

use crate::error::{Error, Result};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// An owned matrix of `f32` in row-major order: a row is a sample, a column a feature.
///
/// Backed by an [`ndarray::Array2`] in standard layout; converting to and from one is free.
///
/// ```
/// use planisphere_core::Matrix;
/// let m = Matrix::from_vec(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(m.row(1), &[4.0, 5.0, 6.0]);
/// assert_eq!(m.into_array().shape(), &[2, 3]);
/// # Ok::<(), planisphere_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Matrix(Array2<f32>);

/// How a matrix is written by serde: shape and data, checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    rows: usize,
    cols: usize,
    data: Vec<f32>,
}

impl Matrix {
    /// Makes a matrix of `rows` × `cols` from row-major `data`, without a copy.
    ///
    /// # Errors
    /// [`Error::Shape`] if `data.len() != rows * cols`.
    pub fn from_vec(rows: usize, cols: usize, data: Vec<f32>) -> Result<Self> {
        let len = data.len();
        if rows.checked_mul(cols) != Some(len) {
            return Err(Error::Shape { rows, cols, len });
        }
        Array2::from_shape_vec((rows, cols), data).map(Self).map_err(|_| Error::Shape { rows, cols, len })
    }

    /// Makes a matrix from rows of equal length. No rows give a 0 × 0 matrix.
    ///
    /// # Errors
    /// [`Error::Ragged`] names the first row whose length differs from that of row 0.
    pub fn from_rows<R: AsRef<[f32]>>(rows: impl IntoIterator<Item = R>) -> Result<Self> {
        let mut data = Vec::new();
        let mut cols = None;
        let mut n = 0;
        for row in rows {
            let row = row.as_ref();
            let expected = *cols.get_or_insert(row.len());
            if row.len() != expected {
                return Err(Error::Ragged { row: n, expected, got: row.len() });
            }
            data.extend_from_slice(row);
            n += 1;
        }
        Self::from_vec(n, cols.unwrap_or(0), data)
    }

    /// A matrix of zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self(Array2::zeros((rows, cols)))
    }

    /// Number of rows (samples).
    pub fn rows(&self) -> usize {
        self.0.nrows()
    }

    /// Number of columns (features).
    pub fn cols(&self) -> usize {
        self.0.ncols()
    }

    /// Row `i`.
    ///
    /// # Panics
    /// If `i >= self.rows()`, as slices do.
    pub fn row(&self, i: usize) -> &[f32] {
        self.view().row(i)
    }

    /// Row `i`, to write to.
    ///
    /// # Panics
    /// If `i >= self.rows()`, as slices do.
    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        let cols = self.cols();
        &mut self.data_mut()[i * cols..(i + 1) * cols]
    }

    /// All values in row-major order.
    pub fn data(&self) -> &[f32] {
        self.0.as_slice().expect("standard layout is the invariant of Matrix")
    }

    /// All values in row-major order, to write to.
    pub fn data_mut(&mut self) -> &mut [f32] {
        self.0.as_slice_mut().expect("standard layout is the invariant of Matrix")
    }

    /// A view of the whole matrix.
    pub fn view(&self) -> MatrixView<'_> {
        MatrixView { rows: self.rows(), cols: self.cols(), data: self.data() }
    }

    /// The rows with these ids, in this order.
    ///
    /// # Panics
    /// If an id is out of range, as slices do.
    pub fn select(&self, ids: &[u32]) -> Self {
        let mut data = Vec::with_capacity(ids.len() * self.cols());
        for &i in ids {
            data.extend_from_slice(self.row(i as usize));
        }
        Self(Array2::from_shape_vec((ids.len(), self.cols()), data).expect("the length was just made to fit"))
    }

    /// The array behind the matrix, without a copy.
    pub fn into_array(self) -> Array2<f32> {
        self.0
    }

    /// The data in row-major order, without a copy.
    pub fn into_vec(self) -> Vec<f32> {
        let (v, offset) = self.0.into_raw_vec_and_offset();
        debug_assert_eq!(offset.unwrap_or(0), 0);
        v
    }
}

impl std::fmt::Debug for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matrix {}", self.0)
    }
}

impl TryFrom<Array2<f32>> for Matrix {
    type Error = Error;

    /// Free for an array in standard layout that fills its allocation; any other is copied into it once.
    fn try_from(a: Array2<f32>) -> Result<Self> {
        let (rows, cols) = a.dim();
        if !a.is_standard_layout() {
            return Ok(Self(a.as_standard_layout().into_owned()));
        }
        let (data, offset) = a.into_raw_vec_and_offset();
        let offset = offset.unwrap_or(0);
        if offset == 0 && data.len() == rows * cols {
            Self::from_vec(rows, cols, data)
        } else {
            Self::from_vec(rows, cols, data[offset..offset + rows * cols].to_vec())
        }
    }
}

impl TryFrom<Raw> for Matrix {
    type Error = Error;

    fn try_from(r: Raw) -> Result<Self> {
        Self::from_vec(r.rows, r.cols, r.data)
    }
}

impl From<Matrix> for Raw {
    fn from(m: Matrix) -> Self {
        Self { rows: m.rows(), cols: m.cols(), data: m.into_vec() }
    }
}

impl From<Matrix> for Array2<f32> {
    fn from(m: Matrix) -> Self {
        m.0
    }
}

/// A borrowed row-major matrix: what algorithms take. Copying it copies a pointer.
#[derive(Clone, Copy, PartialEq)]
pub struct MatrixView<'a> {
    rows: usize,
    cols: usize,
    data: &'a [f32],
}

impl std::fmt::Debug for MatrixView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MatrixView {} × {}", self.rows, self.cols)
    }
}

impl<'a> MatrixView<'a> {
    /// Views row-major `data` as `rows` × `cols`.
    ///
    /// # Errors
    /// [`Error::Shape`] if `data.len() != rows * cols`.
    pub fn new(rows: usize, cols: usize, data: &'a [f32]) -> Result<Self> {
        if rows.checked_mul(cols) != Some(data.len()) {
            return Err(Error::Shape { rows, cols, len: data.len() });
        }
        Ok(Self { rows, cols, data })
    }

    /// Number of rows (samples).
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Number of columns (features).
    pub fn cols(self) -> usize {
        self.cols
    }

    /// Row `i`.
    ///
    /// # Panics
    /// If `i >= self.rows()`, as slices do.
    pub fn row(self, i: usize) -> &'a [f32] {
        &self.data[i * self.cols..(i + 1) * self.cols]
    }

    /// Rows `from..to` as a view of their own.
    ///
    /// # Panics
    /// If the range is out of bounds, as slices do.
    pub fn slice(self, from: usize, to: usize) -> Self {
        Self { rows: to - from, cols: self.cols, data: &self.data[from * self.cols..to * self.cols] }
    }

    /// All values in row-major order.
    pub fn data(self) -> &'a [f32] {
        self.data
    }

    /// An owned copy.
    pub fn to_matrix(self) -> Matrix {
        Matrix::from_vec(self.rows, self.cols, self.data.to_vec()).expect("a view has a checked shape")
    }

    /// Checks that every value is finite and that row ids fit `u32`: the one check at the door of each algorithm.
    ///
    /// # Errors
    /// [`Error::NonFinite`] with the first bad row and column, [`Error::TooManyRows`].
    pub fn check(self) -> Result<()> {
        if u32::try_from(self.rows).is_err() {
            return Err(Error::TooManyRows { rows: self.rows });
        }
        // The sum of x * 0 is 0 for finite x and NaN otherwise: branch-free, so the common case runs at memory speed.
        for (block, chunk) in self.data.chunks(4096).enumerate() {
            let mut lanes = [0.0f32; 16];
            let mut it = chunk.chunks_exact(16);
            for c in &mut it {
                for l in 0..16 {
                    lanes[l] += c[l] * 0.0;
                }
            }
            let rest: f32 = it.remainder().iter().map(|v| v * 0.0).sum();
            if lanes.iter().sum::<f32>() + rest != 0.0 {
                let at = chunk.iter().position(|v| !v.is_finite()).unwrap_or(0);
                let i = block * 4096 + at;
                return Err(Error::NonFinite { row: i / self.cols, col: i % self.cols, value: self.data[i] });
            }
        }
        Ok(())
    }
}

impl<'a> From<&'a Matrix> for MatrixView<'a> {
    fn from(m: &'a Matrix) -> Self {
        m.view()
    }
}

impl<'a> TryFrom<ArrayView2<'a, f32>> for MatrixView<'a> {
    type Error = Error;

    /// # Errors
    /// [`Error::Layout`] for an array that is not contiguous in row-major order.
    fn try_from(a: ArrayView2<'a, f32>) -> Result<Self> {
        let (rows, cols) = a.dim();
        let data = a.to_slice().ok_or(Error::Layout)?;
        Ok(Self { rows, cols, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{ShapeBuilder, array, s};

    #[test]
    fn shapes_are_checked() {
        assert_eq!(Matrix::from_vec(2, 2, vec![0.0; 3]), Err(Error::Shape { rows: 2, cols: 2, len: 3 }));
        assert!(matches!(Matrix::from_vec(usize::MAX, 2, vec![]), Err(Error::Shape { .. })));
        assert_eq!(Matrix::from_rows([vec![1.0, 2.0], vec![3.0]]), Err(Error::Ragged { row: 1, expected: 2, got: 1 }));
        let none: [[f32; 3]; 0] = [];
        assert_eq!(Matrix::from_rows(none).unwrap().rows(), 0);
    }

    #[test]
    fn fortran_and_sliced_arrays_keep_their_values() {
        let f = Array2::from_shape_vec((2, 3).f(), vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]).unwrap();
        let m = Matrix::try_from(f).unwrap();
        assert_eq!(m.data(), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let a = array![[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let sliced = a.clone().slice_move(s![1.., ..]);
        assert_eq!(Matrix::try_from(sliced).unwrap().data(), &[3.0, 4.0, 5.0, 6.0]);
        assert_eq!(MatrixView::try_from(a.view()).unwrap().row(1), &[3.0, 4.0]);
        assert_eq!(MatrixView::try_from(a.slice(s![.., ..1])), Err(Error::Layout));
    }

    #[test]
    fn non_finite_values_are_found_where_they_are() {
        for at in [0usize, 17, 4095, 4096, 9999] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut v = vec![1.0f32; 10_000];
                v[at] = bad;
                let m = Matrix::from_vec(1000, 10, v).unwrap();
                match m.view().check() {
                    Err(Error::NonFinite { row, col, .. }) => assert_eq!(row * 10 + col, at),
                    other => panic!("{other:?}"),
                }
            }
        }
        let big = Matrix::from_vec(1, 3, vec![f32::MAX, f32::MIN, 1e-40]).unwrap();
        assert_eq!(big.view().check(), Ok(()));
        assert_eq!(Matrix::zeros(0, 0).view().check(), Ok(()));
    }
}
