//! Sparse matrices in compressed rows.

use crate::components::Sets;
use crate::error::{Error, Result};
use rayon::prelude::*;

/// Rows that one task works on.
const CHUNK: usize = 2048;

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
        let broken = |(row, w): (usize, &[usize])| {
            let Some(ids) = indices.get(w[0]..w[1]) else { return Some(bad("indptr falls", row)) };
            let problem = |p: usize| {
                if ids[p] as usize >= cols {
                    return Some(bad("a column id is too large", w[0] + p));
                }
                (p > 0 && ids[p - 1] >= ids[p]).then(|| bad("column ids do not ascend", w[0] + p))
            };
            (0..ids.len()).find_map(problem)
        };
        if let Some(e) = indptr.par_windows(2).with_min_len(CHUNK).enumerate().find_map_first(broken) {
            return Err(e);
        }
        Ok(Self { cols, indptr, indices, data })
    }

    /// Makes a matrix of `rows` × `cols` on all threads: `fill(i, ids, values)` puts the entries of row `i`, ascending by
    /// id, to the ends of both vectors, as many ids as values.
    ///
    /// # Errors
    /// As [`Csr::new`].
    ///
    /// ```
    /// use planisphere_core::Csr;
    /// // Twice the identity.
    /// let m = Csr::by_rows(3, 3, |i, ids, values| {
    ///     ids.push(i as u32);
    ///     values.push(2.0);
    /// })?;
    /// assert_eq!((m.nnz(), m.get(1, 1), m.get(1, 2)), (3, 2.0, 0.0));
    /// # Ok::<(), planisphere_core::Error>(())
    /// ```
    pub fn by_rows(
        rows: usize,
        cols: usize,
        fill: impl Fn(usize, &mut Vec<u32>, &mut Vec<f32>) + Sync,
    ) -> Result<Self> {
        type Part = (Vec<usize>, Vec<u32>, Vec<f32>);
        let parts: Vec<Part> = (0..rows.div_ceil(CHUNK))
            .into_par_iter()
            .map(|c| {
                let (mut ends, mut ids, mut values) = (Vec::with_capacity(CHUNK), Vec::new(), Vec::new());
                for i in c * CHUNK..((c + 1) * CHUNK).min(rows) {
                    fill(i, &mut ids, &mut values);
                    ends.push(ids.len());
                }
                (ends, ids, values)
            })
            .collect();
        let mut indptr = Vec::with_capacity(rows + 1);
        let mut before = 0;
        indptr.push(before);
        for (ends, ids, values) in &parts {
            if ids.len() != values.len() {
                return Err(Error::Sparse { problem: "indices and data differ in length", at: before + ids.len() });
            }
            indptr.extend(ends.iter().map(|e| before + e));
            before += ids.len();
        }
        let (mut indices, mut data) = (vec![0; before], vec![0.0; before]);
        let mut rest = (&mut indices[..], &mut data[..]);
        let mut copies = Vec::with_capacity(parts.len());
        for (_, ids, values) in parts {
            let (to, more) = rest.0.split_at_mut(ids.len());
            let (to_data, more_data) = rest.1.split_at_mut(ids.len());
            copies.push((to, ids, to_data, values));
            rest = (more, more_data);
        }
        copies.into_par_iter().for_each(|(to, ids, to_data, values)| {
            to.copy_from_slice(&ids);
            to_data.copy_from_slice(&values);
        });
        Self::new(cols, indptr, indices, data)
    }

    /// This matrix and another of the same shape, entry by entry on all threads: where at least one of them stores a value,
    /// `f` is given what each stores, and what it returns is stored.
    ///
    /// # Errors
    /// [`Error::Sparse`] if the shapes differ.
    ///
    /// ```
    /// use planisphere_core::Csr;
    /// let a = Csr::new(3, vec![0, 2], vec![0, 1], vec![1.0, 2.0])?;
    /// let b = Csr::new(3, vec![0, 2], vec![1, 2], vec![5.0, 4.0])?;
    /// let sum = a.combine(&b, |x, y| Some(x.unwrap_or(0.0) + y.unwrap_or(0.0)))?;
    /// assert_eq!(sum.row(0), (&[0, 1, 2][..], &[1.0, 7.0, 4.0][..]));
    /// # Ok::<(), planisphere_core::Error>(())
    /// ```
    pub fn combine(&self, other: &Self, f: impl Fn(Option<f32>, Option<f32>) -> Option<f32> + Sync) -> Result<Self> {
        if (self.rows(), self.cols) != (other.rows(), other.cols) {
            return Err(Error::Sparse { problem: "the matrices differ in shape", at: other.rows() });
        }
        Self::by_rows(self.rows(), self.cols, |i, ids, values| {
            let ((a, x), (b, y)) = (self.row(i), other.row(i));
            let (mut p, mut q) = (0, 0);
            while p < a.len() || q < b.len() {
                let left = q == b.len() || (p < a.len() && a[p] <= b[q]);
                let right = p == a.len() || (q < b.len() && b[q] <= a[p]);
                let id = if left { a[p] } else { b[q] };
                if let Some(v) = f(left.then(|| x[p]), right.then(|| y[q])) {
                    ids.push(id);
                    values.push(v);
                }
                p += usize::from(left);
                q += usize::from(right);
            }
        })
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
    /// [`Error::TooManyRows`] if a row or column id, which becomes a row's, does not fit `u32`.
    pub fn transpose(&self) -> Result<Self> {
        let rows = self.rows().max(self.cols);
        if u32::try_from(rows).is_err() {
            return Err(Error::TooManyRows { rows });
        }
        Ok(self.transposed())
    }

    /// The transpose of a matrix whose row ids fit `u32`.
    ///
    /// Entries are first dealt by their columns into ranges, then sorted within each: both in memory that fits the cache,
    /// and without threads that write to the same place.
    pub(crate) fn transposed(&self) -> Self {
        let rows = self.rows();
        // Enough ranges that there is work for all, and that one fits the cache.
        let range = self.cols.div_ceil(64).clamp(1 << 10, 1 << 15);
        let ranges = self.cols.div_ceil(range);
        let chunk = rows.div_ceil(64).max(CHUNK);
        // dealt[c][r]: (column, row, value) of row chunk c and range r, ascending by row.
        let dealt: Vec<Vec<Vec<(u32, u32, f32)>>> = (0..rows.div_ceil(chunk))
            .into_par_iter()
            .map(|c| {
                let part = c * chunk..((c + 1) * chunk).min(rows);
                let mut sizes = vec![0usize; ranges];
                let entries = self.indptr[part.start]..self.indptr[part.end];
                self.indices[entries].iter().for_each(|&j| sizes[j as usize / range] += 1);
                let mut dealt: Vec<Vec<_>> = sizes.into_iter().map(Vec::with_capacity).collect();
                for i in part {
                    let (ids, values) = self.row(i);
                    ids.iter().zip(values).for_each(|(&j, &v)| dealt[j as usize / range].push((j, i as u32, v)));
                }
                dealt
            })
            .collect();
        let (mut indptr, mut indices, mut data) =
            (vec![0usize; self.cols + 1], vec![0u32; self.nnz()], vec![0f32; self.nnz()]);
        let mut tasks = Vec::with_capacity(ranges);
        let (mut before, mut rest) = (0, (&mut indices[..], &mut data[..]));
        for (r, ends) in indptr[1..].chunks_mut(range).enumerate() {
            let len = dealt.iter().map(|d| d[r].len()).sum();
            let (ids, more) = rest.0.split_at_mut(len);
            let (values, more_values) = rest.1.split_at_mut(len);
            tasks.push((r, before, ends, ids, values));
            before += len;
            rest = (more, more_values);
        }
        tasks.into_par_iter().for_each(|(r, before, ends, ids, values)| {
            let first = r * range;
            dealt.iter().flat_map(|d| &d[r]).for_each(|e| ends[e.0 as usize - first] += 1);
            let mut start = 0;
            for end in &mut *ends {
                (*end, start) = (start, start + *end);
            }
            for &(j, i, v) in dealt.iter().flat_map(|d| &d[r]) {
                let at = &mut ends[j as usize - first];
                ids[*at] = i;
                values[*at] = v;
                *at += 1;
            }
            // Each start has moved on to the end.
            ends.iter_mut().for_each(|e| *e += before);
        });
        Self { cols: rows, indptr, indices, data }
    }

    /// The connected components of a square matrix taken as an undirected graph: a component number for each row,
    /// numbered by their smallest row, and how many there are. Every stored entry is an edge, a stored zero too.
    pub fn components(&self) -> (Vec<u32>, usize) {
        let columns = self.indices.par_iter().with_min_len(CHUNK).max().map_or(0, |&c| c as usize + 1);
        let mut sets = Sets::new(self.rows().max(columns));
        sets.join_rows(self.rows(), |i| self.row(i).0);
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

    #[test]
    fn rows_that_break_the_rules_are_errors() {
        let short = Csr::by_rows(3000, 4, |_, ids, _| ids.push(1));
        assert!(matches!(short, Err(Error::Sparse { problem: "indices and data differ in length", .. })));
        let descending = Csr::by_rows(3000, 4, |i, ids, values| {
            ids.extend(if i == 2999 { [2, 1] } else { [1, 2] });
            values.extend([0.0; 2]);
        });
        assert_eq!(descending, Err(Error::Sparse { problem: "column ids do not ascend", at: 5999 }));
        let (a, b) = (Csr::new(2, vec![0], vec![], vec![]).unwrap(), Csr::new(3, vec![0], vec![], vec![]).unwrap());
        assert!(a.combine(&b, |x, _| x).is_err());
        assert_eq!(a.transpose().unwrap(), Csr::new(0, vec![0, 0, 0], vec![], vec![]).unwrap());
    }

    #[test]
    fn large_matrices_are_transposed_in_parts() {
        let rng = crate::rng::CounterRng::new(1, "transpose");
        let (rows, cols) = (9000, 70_000);
        let m = Csr::by_rows(rows, cols, |i, ids, values| {
            let draws = rng.at(0, i as u64);
            let mut row: Vec<u32> =
                (0..u64::from(draws.below(0, 9))).map(|p| draws.below(1 + p, cols as u32)).collect();
            row.sort_unstable();
            row.dedup();
            values.extend(row.iter().map(|&j| (i as u32 ^ j) as f32));
            ids.extend(row);
        })
        .unwrap();
        let t = m.transpose().unwrap();
        assert!(Csr::new(rows, t.indptr().to_vec(), t.indices().to_vec(), t.data().to_vec()).is_ok());
        assert_eq!((t.rows(), t.nnz()), (cols, m.nnz()));
        for i in 0..rows {
            for (&j, &v) in m.row(i).0.iter().zip(m.row(i).1) {
                assert_eq!(t.row(j as usize).0.binary_search(&(i as u32)).map(|p| t.row(j as usize).1[p]), Ok(v));
            }
        }
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
