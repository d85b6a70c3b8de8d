//! Neighbors from distances that are given: nothing is computed, everything is checked.

use crate::error::{Error, Result};
use planisphere_core::{CancelToken, Context, Csr, KnnGraph, MatrixView};
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows of a dense matrix that one task works on.
const DENSE_ROWS: usize = 16;
/// Rows of a sparse matrix that one task works on.
const SPARSE_ROWS: usize = 256;
/// Rows and columns of the blocks in which a matrix is compared with its transpose: two of them fit the first cache.
const TILE: usize = 64;
/// Tasks between two looks at the observer. A constant, since nothing may depend on the number of threads.
const WAVE: usize = 64;

/// The k nearest neighbors by distances that were computed elsewhere: what `metric="precomputed"` is in umap-learn and
/// scikit-learn.
///
/// [`fit`](Self::fit) takes the full n × n matrix, [`fit_sparse`](Self::fit_sparse) the distances that are known. A row
/// is not its own neighbor and k counts the others, so that umap-learn's `n_neighbors`, which counts the row itself, is
/// k + 1. Ties go by id.
///
/// Memory beyond the input is 8 bytes for each entry of the graph and a few kilobytes a thread.
///
/// ```
/// use planisphere_core::{Csr, Matrix};
/// use planisphere_knn::Precomputed;
/// let d = Matrix::from_rows([[0.0, 1.0, 4.0], [1.0, 0.0, 3.0], [4.0, 3.0, 0.0]])?;
/// let g = Precomputed::new(1).fit(&d)?;
/// assert_eq!((g.ids(), g.dists()), (&[1, 0, 1][..], &[1.0, 1.0, 3.0][..]));
///
/// // The same without the distance of rows 0 and 2.
/// let known = Csr::new(3, vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![1.0, 1.0, 3.0, 3.0])?;
/// assert_eq!(Precomputed::new(1).fit_sparse(&known)?, g);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Precomputed {
    k: usize,
    tolerance: f32,
}

impl Precomputed {
    /// Takes the `k` nearest other rows of each row, from a matrix that is symmetric to one part in 100,000.
    pub fn new(k: usize) -> Self {
        Self { k, tolerance: 1e-5 }
    }

    /// Sets how far the distances of two rows in the two directions may differ, relative to the larger one: from 0, not at
    /// all, to 1, as they like, which saves the comparison. Default 1e-5. Each row is served with its own.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f32) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The neighbor graph of the n × n matrix `distances`, on the current threads.
    ///
    /// # Errors
    /// As [`Precomputed::fit_with`].
    pub fn fit<'m>(&self, distances: impl Into<MatrixView<'m>>) -> Result<KnnGraph> {
        self.fit_with(distances, &mut Context::new())
    }

    /// The neighbor graph of the n × n matrix `distances`, watched and cancelled through `cx`.
    ///
    /// # Errors
    /// [`Error::NotSquare`]; [`Error::InvalidParam`] unless 1 ≤ k < n (a matrix of one row or none has an empty graph for any
    /// k) and the tolerance is in [0, 1]; [`Error::Core`] for values that are not finite, [`Error::NegativeDistance`] and
    /// [`Error::SelfDistance`], the first in the order of rows and columns; then, likewise, [`Error::Asymmetric`];
    /// [`Error::Cancelled`].
    pub fn fit_with<'m>(&self, distances: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        let distances = distances.into();
        cx.run(|cx| self.dense(distances, cx))?
    }

    /// The neighbor graph of the distances that are stored in the n × n matrix `distances`, on the current threads.
    ///
    /// Rows that no entry names are not neighbors, and a stored 0 off the diagonal is a duplicate at distance 0. Entries on
    /// the diagonal are ignored. Each row is served from its own entries: where only one of two rows names the other, only
    /// that one may have it as a neighbor; where both do, their distances must agree as those of a dense matrix.
    ///
    /// # Errors
    /// As [`Precomputed::fit_sparse_with`].
    pub fn fit_sparse(&self, distances: &Csr) -> Result<KnnGraph> {
        self.fit_sparse_with(distances, &mut Context::new())
    }

    /// [`Precomputed::fit_sparse`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// [`Error::NotSquare`]; [`Error::InvalidParam`] as for [`Precomputed::fit_with`]; for the first row that is wrong, and
    /// the first entry in it, [`Error::Core`] for a value that is not finite, [`Error::NegativeDistance`],
    /// [`Error::Asymmetric`], or [`Error::TooFewDistances`] if it has fewer than k entries off the diagonal;
    /// [`Error::Cancelled`].
    pub fn fit_sparse_with(&self, distances: &Csr, cx: &mut Context<'_>) -> Result<KnnGraph> {
        cx.run(|cx| self.sparse(distances, cx))?
    }

    fn dense(&self, d: MatrixView<'_>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        let n = d.rows();
        let k = self.checked_k(n, d.cols())?;
        let (simd, token) = (Simd::detect(), cx.token());
        // Selecting and comparing read the matrix once each.
        let total = if self.tolerance < 1.0 { 2 * n as u64 } else { n as u64 };
        let graph = by_rows(n, k, DENSE_ROWS, total, cx, |i, best| {
            token.check()?;
            simd.run(Scan { row: d.row(i), i, best })
        })?;
        if self.tolerance < 1.0 {
            let bands = n.div_ceil(TILE);
            for from in (0..bands).step_by(WAVE) {
                cx.progress((n + from * TILE) as u64, total)?;
                let wave = (from..bands.min(from + WAVE)).into_par_iter();
                if let Some(e) = wave.map(|band| self.symmetric(d, band * TILE, &token)).find_map_first(Result::err) {
                    return Err(e);
                }
            }
        }
        cx.progress(total, total)?;
        Ok(graph)
    }

    fn sparse(&self, d: &Csr, cx: &mut Context<'_>) -> Result<KnnGraph> {
        let n = d.rows();
        let k = self.checked_k(n, d.cols())?;
        let token = cx.token();
        let graph = by_rows(n, k, SPARSE_ROWS, n as u64, cx, |i, best| {
            token.check()?;
            let (ids, values) = d.row(i);
            let mut got = 0;
            for (&id, &value) in ids.iter().zip(values) {
                let col = id as usize;
                if col == i {
                    continue;
                }
                valid(i, col, value)?;
                if col > i && self.tolerance < 1.0 {
                    let (back, mirrors) = d.row(col);
                    if let Ok(p) = back.binary_search(&(i as u32)) {
                        self.agree(i, col, value, mirrors[p])?;
                    }
                }
                best.offer(value, id);
                got += 1;
            }
            if got < k { Err(Error::TooFewDistances { row: i, got, k }) } else { Ok(()) }
        })?;
        cx.progress(n as u64, n as u64)?;
        Ok(graph)
    }

    /// The number of neighbors for a matrix of this shape, once the shape and the parameters are found to be right.
    fn checked_k(&self, rows: usize, cols: usize) -> Result<usize> {
        if rows != cols {
            return Err(Error::NotSquare { rows, cols });
        }
        if u32::try_from(rows).is_err() {
            return Err(planisphere_core::Error::TooManyRows { rows }.into());
        }
        if !(0.0..=1.0).contains(&self.tolerance) {
            let (value, reason) = (self.tolerance.to_string(), "must be from 0 to 1".to_owned());
            return Err(Error::InvalidParam { param: "tolerance", value, reason });
        }
        if rows <= 1 {
            return Ok(0);
        }
        if self.k == 0 || self.k >= rows {
            let reason = format!("must be from 1 to {}, the number of other rows", rows - 1);
            return Err(Error::InvalidParam { param: "k", value: self.k.to_string(), reason });
        }
        Ok(self.k)
    }

    /// Compares the rows of `d` from `top`, a tile high, with its columns, right of the diagonal.
    fn symmetric(&self, d: MatrixView<'_>, top: usize, token: &CancelToken) -> Result<()> {
        let n = d.rows();
        let bottom = n.min(top + TILE);
        let mut mirror = [0f32; TILE * TILE];
        // The first disagreement by (row, column); the tiles come column by column.
        let mut first: Option<(usize, usize)> = None;
        for left in (top..n).step_by(TILE) {
            token.check()?;
            let right = n.min(left + TILE);
            for j in left..right {
                let column = mirror[j - left..].iter_mut().step_by(TILE);
                column.zip(&d.row(j)[top..bottom]).for_each(|(m, &v)| *m = v);
            }
            // In the rows below the first disagreement, another one does not matter.
            for i in top..first.map_or(bottom, |f| f.0) {
                let (row, back) = (&d.row(i)[left..right], &mirror[(i - top) * TILE..][..right - left]);
                if row.iter().zip(back).fold(false, |any, (&a, &b)| any | self.differ(a, b)) {
                    // On the diagonal, the tile shows a disagreement twice; that of the upper row is found first.
                    first = row.iter().zip(back).position(|(&a, &b)| self.differ(a, b)).map(|p| (i, left + p));
                    break;
                }
            }
        }
        first.map_or(Ok(()), |(i, j)| self.agree(i, j, d.row(i)[j], d.row(j)[i]))
    }

    fn differ(&self, a: f32, b: f32) -> bool {
        (a - b).abs() > self.tolerance * a.max(b)
    }

    /// An error if two valid distances differ. One that is not valid is left to its own row.
    fn agree(&self, row: usize, col: usize, value: f32, mirrored: f32) -> Result<()> {
        if valid(col, row, mirrored).is_ok() && self.differ(value, mirrored) {
            return Err(Error::Asymmetric { row, col, value, mirrored });
        }
        Ok(())
    }
}

/// Checks a distance of different rows.
fn valid(row: usize, col: usize, value: f32) -> Result<()> {
    if !value.is_finite() {
        return Err(planisphere_core::Error::NonFinite { row, col, value }.into());
    }
    if value < 0.0 {
        return Err(Error::NegativeDistance { row, col, value });
    }
    Ok(())
}

/// The graph of what `fill(i, best)` offers for each row `i`: at least `k` rows, without itself. If it fails, so does this,
/// with the error of the first row that does. Tells progress of `total`, in rows.
fn by_rows(
    n: usize,
    k: usize,
    rows: usize,
    total: u64,
    cx: &mut Context<'_>,
    fill: impl Fn(usize, &mut Best) -> Result<()> + Sync,
) -> Result<KnnGraph> {
    let mut ids = vec![0u32; n * k];
    let mut dists = vec![0f32; n * k];
    for from in (0..n).step_by(WAVE * rows) {
        cx.progress(from as u64, total)?;
        let to = n.min(from + WAVE * rows);
        // A single row has no neighbors, and chunks of nothing are not allowed.
        let (ids, dists) = (&mut ids[from * k..to * k], &mut dists[from * k..to * k]);
        if k == 0 {
            let mut best = Best::new(0);
            (from..to).try_for_each(|i| fill(i, &mut best))?;
            continue;
        }
        let failed = ids
            .par_chunks_mut(rows * k)
            .zip(dists.par_chunks_mut(rows * k))
            .enumerate()
            .map_init(
                || Best::new(k),
                |best, (task, (ids, dists))| {
                    for (r, (ids, dists)) in ids.chunks_exact_mut(k).zip(dists.chunks_exact_mut(k)).enumerate() {
                        best.start();
                        fill(from + task * rows + r, best)?;
                        best.finish(ids, dists);
                    }
                    Ok(())
                },
            )
            .find_map_first(Result::err);
        if let Some(e) = failed {
            return Err(e);
        }
    }
    Ok(KnnGraph::new(n, k, ids, dists)?)
}

/// The k nearest of the rows offered so far, and some more.
struct Best {
    k: usize,
    /// The bits of the distance, which order as it does since it is not negative, above the id.
    keys: Vec<u64>,
    /// What is offered from here on and is not nearer than this is not among the k nearest.
    cut: f32,
}

impl Best {
    fn new(k: usize) -> Self {
        Self { k, keys: Vec::with_capacity(2 * k + 64), cut: f32::INFINITY }
    }

    fn start(&mut self) {
        self.keys.clear();
        self.cut = f32::INFINITY;
    }

    /// Offers a row at a finite distance of at least 0. Ids ascend from offer to offer, so that a row at the distance of the
    /// k-th one comes after it.
    #[inline]
    fn offer(&mut self, d: f32, id: u32) {
        if d < self.cut {
            // Adding 0 turns −0 into 0.
            self.keys.push(u64::from((d + 0.0).to_bits()) << 32 | u64::from(id));
            if self.keys.len() >= 2 * self.k + 64 {
                self.thin_out();
            }
        }
    }

    #[inline(never)]
    fn thin_out(&mut self) {
        if self.keys.len() > self.k {
            let (_, kth, _) = self.keys.select_nth_unstable(self.k - 1);
            self.cut = f32::from_bits((*kth >> 32) as u32);
            self.keys.truncate(self.k);
        }
    }

    /// The k nearest, in order.
    fn finish(&mut self, ids: &mut [u32], dists: &mut [f32]) {
        self.thin_out();
        self.keys.sort_unstable();
        for ((id, d), key) in ids.iter_mut().zip(dists).zip(&self.keys) {
            *id = *key as u32;
            *d = f32::from_bits((key >> 32) as u32);
        }
    }
}

/// Checks row `i` of a dense matrix and offers its values.
struct Scan<'a> {
    row: &'a [f32],
    i: usize,
    best: &'a mut Best,
}

impl Kernel for Scan<'_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Result<()> {
        const STEP: usize = 64;
        for (block, values) in self.row.chunks(STEP).enumerate() {
            // Most steps hold nothing near and nothing wrong: two comparisons of all lanes at once tell.
            if let Ok(values) = <&[f32; STEP]>::try_from(values) {
                let (mut least, mut finite) = ([f32::INFINITY; 16], [0f32; 16]);
                for c in values.chunks_exact(16) {
                    for l in 0..16 {
                        least[l] = if c[l] < least[l] { c[l] } else { least[l] };
                        // 0 for a finite value, else NaN.
                        finite[l] += c[l] * 0.0;
                    }
                }
                let (mut near, mut wrong) = (false, false);
                for l in 0..16 {
                    near |= least[l] < self.best.cut;
                    wrong |= finite[l] != 0.0;
                }
                // The cut is at least 0, so that a negative value is near.
                let diagonal = self.i / STEP == block;
                if !near && !wrong && !diagonal {
                    continue;
                }
            }
            for (j, &value) in (block * STEP..).zip(values) {
                if j == self.i {
                    if value.is_finite() && value != 0.0 {
                        return Err(Error::SelfDistance { row: j, value });
                    }
                    valid(j, j, value)?;
                } else {
                    valid(self.i, j, value)?;
                    self.best.offer(value, j as u32);
                }
            }
        }
        Ok(())
    }
}
