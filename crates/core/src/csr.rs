//! Sparse matrices in compressed rows.

use crate::components::Sets;
use crate::error::{Error, Result};

/// A sparse matrix in compressed sparse row form: column ids ascend within a row, each at most once.
#[derive(Clone, Debug, PartialEq)]
pub struct Csr {
    cols: usize,
    indptr: Vec<usize>,
    indices: Vec<u32>,
    data: Vec<f32>,
}

impl Csr {
    /// Makes a matrix with `cols` columns. Row `i` has the entries `indptr[i]..indptr[i + 1]`.
    ///
    /// # Errors
    /// [`Error::Sparse`] names the first rule broken: `indptr` starts at 0, never falls and ends at the number of
    /// entries; ids lie below `cols` and ascend in their row.
    pub fn new(cols: usize, indptr: Vec<usize>, indices: Vec<u32>, data: Vec<f32>) -> Result<Self> {
        let bad = |problem, at| Error::Sparse { problem, at };
        if indptr.first() != Some(&0) {
            return Err(bad("indptr does not start with 0", 0));
        }
        if indices.len() != data.len() {
            return Err(bad("indices and data differ in length", indices.len()));
        }
        if indptr.last() != Some(&indices.len()) {
            return Err(bad("indptr does not end at the number of entries", indptr.len() - 1));
        }
        for (row, w) in indptr.windows(2).enumerate() {
            let ids = indices.get(w[0]..w[1]).ok_or_else(|| bad("indptr falls", row))?;
            for (p, &id) in ids.iter().enumerate() {
                if id as usize >= cols {
                    return Err(bad("a column id is too large", w[0] + p));
                }
                if p > 0 && ids[p - 1] >= id {
                    return Err(bad("column ids do not ascend", w[0] + p));
                }
            }
        }
        Ok(Self { cols, indptr, indices, data })
    }

    /// Makes a matrix from parts that keep the rules of [`Csr::new`] by the way in which they were made.
    pub(crate) fn from_sorted(cols: usize, indptr: Vec<usize>, indices: Vec<u32>, data: Vec<f32>) -> Self {
        debug_assert!(indptr.last() == Some(&indices.len()) && indices.len() == data.len());
        Self { cols, indptr, indices, data }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Number of stored entries.
    pub fn nnz(&self) -> usize {
        self.indices.len()
    }

    /// Column ids and values of row `i`.
    ///
    /// # Panics
    /// If `i >= self.rows()`, as slices do.
    #[inline]
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let at = self.indptr[i]..self.indptr[i + 1];
        (&self.indices[at.clone()], &self.data[at])
    }

    /// Where each row starts, and the number of entries at the end.
    pub fn indptr(&self) -> &[usize] {
        &self.indptr
    }

    /// Column ids of all entries, row by row.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// Values of all entries, row by row.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The value at (`row`, `col`); 0 where nothing is stored.
    ///
    /// # Panics
    /// If `row >= self.rows()`, as slices do.
    pub fn get(&self, row: usize, col: u32) -> f32 {
        let (ids, v) = self.row(row);
        ids.binary_search(&col).map_or(0.0, |p| v[p])
    }

    /// The transpose.
    ///
    /// # Errors
    /// [`Error::TooManyRows`] if a row id does not fit `u32`.
    pub fn transpose(&self) -> Result<Self> {
        let rows = self.rows();
        if u32::try_from(rows).is_err() {
            return Err(Error::TooManyRows { rows });
        }
        Ok(self.transposed())
    }

    /// The transpose of a matrix whose row ids fit `u32`.
    pub(crate) fn transposed(&self) -> Self {
        let rows = self.rows();
        let mut indptr = vec![0usize; self.cols + 1];
        for &c in &self.indices {
            indptr[c as usize + 1] += 1;
        }
        for i in 0..self.cols {
            indptr[i + 1] += indptr[i];
        }
        let mut next = indptr.clone();
        let mut indices = vec![0u32; self.nnz()];
        let mut data = vec![0f32; self.nnz()];
        for r in 0..rows {
            let (ids, v) = self.row(r);
            for (&c, &x) in ids.iter().zip(v) {
                let at = next[c as usize];
                next[c as usize] += 1;
                indices[at] = r as u32;
                data[at] = x;
            }
        }
        Self { cols: rows, indptr, indices, data }
    }

    /// The connected components of a square matrix taken as an undirected graph: a component number for each row,
    /// numbered by their smallest row, and how many there are. Every stored entry is an edge, a stored zero too.
    pub fn components(&self) -> (Vec<u32>, usize) {
        let columns = self.indices.iter().max().map_or(0, |&c| c as usize + 1);
        let mut sets = Sets::new(self.rows().max(columns));
        for r in 0..self.rows() {
            for &c in self.row(r).0 {
                sets.join(r as u32, c);
            }
        }
        sets.labels()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rules_are_checked() {
        assert!(Csr::new(2, vec![0, 1, 2], vec![1, 0], vec![1.0, 2.0]).is_ok());
        for (indptr, indices) in [
            (vec![], vec![]),
            (vec![1, 2], vec![0, 1]),
            (vec![0, 3], vec![0, 1]),
            (vec![0, 2], vec![0, 2]),
            (vec![0, 2], vec![1, 1]),
            (vec![0, 2, 1, 2], vec![0, 1]),
        ] {
            let data = vec![0.0; indices.len()];
            assert!(matches!(Csr::new(2, indptr, indices, data), Err(Error::Sparse { .. })));
        }
    }

    #[test]
    fn components_are_numbered_by_smallest_row() {
        // 0-3, 1-4, 2 alone
        let m = Csr::new(5, vec![0, 1, 2, 2, 2, 2], vec![3, 4], vec![1.0, 1.0]).unwrap();
        assert_eq!(m.components(), (vec![0, 1, 2, 0, 1], 3));
    }

    #[test]
    fn columns_beyond_the_rows_do_no_harm() {
        let wide = Csr::new(usize::MAX, vec![0, 1, 2], vec![4, 4], vec![0.0, 1.0]).unwrap();
        assert_eq!(wide.components(), (vec![0, 0, 1, 2, 0], 3));
    }

    proptest! {
        #[test]
        fn transpose_twice_is_the_matrix(entries in proptest::collection::btree_map((0usize..9, 0u32..7), -1f32..1.0, 0..40)) {
            let mut indptr = vec![0usize; 10];
            for (r, _) in entries.keys() { indptr[r + 1] += 1; }
            for i in 0..9 { indptr[i + 1] += indptr[i]; }
            let m = Csr::new(7, indptr, entries.keys().map(|e| e.1).collect(), entries.values().copied().collect()).unwrap();
            let t = m.transpose().unwrap();
            prop_assert!(Csr::new(t.cols(), t.indptr().to_vec(), t.indices().to_vec(), t.data().to_vec()).is_ok());
            for ((r, c), v) in &entries {
                prop_assert_eq!(t.get(*c as usize, *r as u32), *v);
                prop_assert_eq!(m.get(*r, *c), *v);
            }
            prop_assert_eq!(t.transpose().unwrap(), m);
        }
    }
}
