//! Mean and covariance of rows that come in blocks, in one pass.
//!
//! Rows are gathered to chunks of [`CHUNK`], whatever blocks they come in. A chunk is centered on its own mean, and what the
//! means of chunks differ by joins its products as one more row (Chan, Golub & LeVeque 1983), so that no size of the mean
//! costs accuracy. Products of a chunk are matrix products, added up in f64 in the order of the chunks.

use super::rows::{CHUNK, add, center, center_f32, column_sums, largest};
use crate::error::{Error, Result};
use crate::params::Precision;
use crate::solver::{degrees, mirror};
use planisphere_core::MatrixView;
use planisphere_kernels::panel::{Operand, Real, gram, product};
use rayon::prelude::*;
use std::ops::Range;

/// Up to so many rows in all, products are computed in f64 whatever the precision.
pub(super) const DOUBLE_ROWS: usize = 4 * CHUNK;
/// Rows and columns of the covariance that one task computes at most, about.
const BLOCK: usize = 512;
/// Sizes of values whose products neither overflow nor vanish in f32.
pub(super) const COMFORTABLE: std::ops::RangeInclusive<f32> = 1e-15..=1e15;

/// Mean and covariance of rows that come in blocks: what an analysis of data needs that does not fit into memory.
///
/// One pass over the rows; memory for some thousand of them and for some covariance matrices (8 · d² bytes each). The result depends
/// on the rows and their order, and not at all on the blocks they come in or on the number of threads: with at least as many rows
/// as columns, it is the one of the rows in one piece, to the bit. (Of fewer rows in one piece, [`Pca::fit`](crate::Pca::fit)
/// takes inner products instead of a covariance.)
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_pca::{Moments, Pca, Solver};
///
/// let x = Matrix::from_vec(1000, 3, (0..3000).map(|i| (i * i % 97) as f32).collect())?;
/// let mut moments = Moments::new(3);
/// for start in (0..1000).step_by(100) {
///     moments.push(x.view().slice(start, start + 100))?;
/// }
/// let model = Pca::new(2).fit_moments(moments)?;
/// let whole = Pca::new(2).solver(Solver::CovarianceEigh).fit(&x)?;
/// assert_eq!(model.component(0), whole.component(0));
/// assert_eq!(&model.transform(&x)?, whole.embedding());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Moments {
    precision: Precision,
    /// Whether products are f64; `None` until there are enough rows to know.
    double: Option<bool>,
    rows: usize,
    cols: usize,
    /// Of `cols` columns, or none before the first row.
    mean: Vec<f64>,
    /// Rows that are not added yet.
    waiting: Vec<f32>,
    slots: Vec<Slot>,
    blocks: Vec<Block>,
}

/// A chunk that is being added.
#[derive(Clone, Debug, Default)]
struct Slot {
    rows: usize,
    mean: Vec<f64>,
    double: bool,
    f32s: Vec<f32>,
    f64s: Vec<f64>,
}

/// A block of the sum of products of every `parts`-th chunk: `rows` × `cols` of it, below the diagonal or on it.
#[derive(Clone, Debug)]
pub(super) struct Block {
    part: usize,
    rows: Range<usize>,
    cols: Range<usize>,
    sums: Vec<f64>,
    /// Room for the products of one chunk, so that memory is asked for once.
    products: Vec<f32>,
}

/// Partial sums of the covariance: fewer for large ones, so that memory stays in proportion.
fn parts(cols: usize) -> usize {
    match cols {
        0..=512 => 8,
        513..=1024 => 4,
        1025..=2048 => 2,
        _ => 1,
    }
}

impl Moments {
    /// Of no rows yet, of `cols` columns.
    pub fn new(cols: usize) -> Self {
        Self {
            precision: Precision::Mixed,
            double: None,
            rows: 0,
            cols,
            mean: Vec::new(),
            waiting: Vec::new(),
            slots: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Sets in what products are computed; before any row is there. Default: [`Precision::Mixed`].
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Number of rows so far.
    pub fn rows(&self) -> usize {
        self.rows + self.waiting.len().checked_div(self.cols()).unwrap_or(0)
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Adds rows, on the current threads.
    ///
    /// # Errors
    /// [`Error::Columns`]; [`Error::Core`] for a value that is not finite, counted from the first row of this block. Nothing of
    /// the block is added then. [`Error::TooLarge`] for so many columns that a covariance does not fit into memory.
    pub fn push<'m>(&mut self, block: impl Into<MatrixView<'m>>) -> Result<()> {
        let block = block.into();
        let d = self.cols();
        if block.cols() != d {
            return Err(Error::Columns { expected: d, got: block.cols() });
        }
        block.check()?;
        if d == 0 {
            return Ok(());
        }
        let mut done = 0;
        while done < block.rows() {
            // Enough to know that they are many, at first; then whole batches.
            let hold =
                if self.double.is_some() { self.batch() } else { self.batch() * (DOUBLE_ROWS / self.batch() + 1) };
            let kept = self.waiting.len() / d;
            let take = (hold - kept).min(block.rows() - done);
            let rows = block.slice(done, done + take);
            done += take;
            if take == hold {
                self.absorb_all(rows)?;
                continue;
            }
            self.waiting.extend_from_slice(rows.data());
            if kept + take == hold {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Rows that are added at once.
    fn batch(&self) -> usize {
        parts(self.cols()) * CHUNK
    }

    /// Adds the rows that wait.
    fn flush(&mut self) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.absorb_all(MatrixView::new(waiting.len() / self.cols(), self.cols(), &waiting)?)?;
        waiting.clear();
        self.waiting = waiting;
        Ok(())
    }

    /// Adds rows, all there are unless there were or will be more than [`DOUBLE_ROWS`].
    fn absorb_all(&mut self, x: MatrixView<'_>) -> Result<()> {
        self.decide(x.rows());
        for from in (0..x.rows()).step_by(self.batch()) {
            self.absorb(x.slice(from, (from + self.batch()).min(x.rows())))?;
        }
        Ok(())
    }

    /// In what products are computed, for so many rows or more.
    fn decide(&mut self, rows: usize) {
        let double = self.precision == Precision::Double || rows <= DOUBLE_ROWS;
        self.double.get_or_insert(double);
    }

    /// Adds rows in one piece, of which there were none before: the values are checked on the way. `step` is called between
    /// batches.
    pub(crate) fn of(
        precision: Precision,
        x: MatrixView<'_>,
        mut step: impl FnMut(usize) -> Result<()>,
    ) -> Result<Self> {
        let mut moments = Self::new(x.cols()).precision(precision);
        moments.decide(x.rows());
        let batch = moments.batch();
        for from in (0..x.rows()).step_by(batch) {
            step(from)?;
            moments.absorb(x.slice(from, (from + batch).min(x.rows()))).map_err(|e| match x.check() {
                Err(of_all) => of_all.into(),
                Ok(()) => e,
            })?;
        }
        Ok(moments)
    }

    /// Adds up to `parts` chunks, the last of which may be short.
    fn absorb(&mut self, x: MatrixView<'_>) -> Result<()> {
        let d = self.cols();
        let chunks = x.rows().div_ceil(CHUNK);
        self.mean.resize(d, 0.0);
        if self.slots.len() < chunks {
            self.slots.resize_with(chunks, Slot::default);
            for part in self.blocks.last().map_or(0, |p| p.part + 1)..chunks {
                self.blocks.extend(blocks(d, part, BLOCK)?);
            }
        }
        let double = self.double != Some(false);
        self.slots[..chunks].par_iter_mut().enumerate().for_each(|(c, slot)| {
            let chunk = x.slice(c * CHUNK, ((c + 1) * CHUNK).min(x.rows()));
            slot.center(chunk, double);
        });
        if self.slots[..chunks].iter().any(|s| s.mean.iter().any(|m| !m.is_finite())) {
            x.check()?;
            return Err(Error::Overflow);
        }
        for slot in &mut self.slots[..chunks] {
            slot.join(&mut self.mean, &mut self.rows);
        }
        let slots = &self.slots[..chunks];
        self.blocks.par_iter_mut().with_max_len(1).for_each(|block| {
            let Some(slot) = slots.get(block.part) else { return };
            if slot.double {
                block.add(slot.rows, d, &slot.f64s, &mut Vec::new());
            } else {
                let mut products = std::mem::take(&mut block.products);
                block.add(slot.rows, d, &slot.f32s, &mut products);
                block.products = products;
            }
        });
        Ok(())
    }

    /// Number of rows, mean, and lower triangle of the covariance matrix (d × d, row-major, zeros above the diagonal), divided
    /// by n − 1 (by 1 for a single row).
    pub(crate) fn finish(mut self) -> Result<(usize, Vec<f64>, Vec<f64>)> {
        let d = self.cols();
        if !self.waiting.is_empty() {
            self.flush()?;
        }
        let mut covariance = vec![0.0; d * d];
        self.blocks.iter().for_each(|b| b.add_to(d, &mut covariance));
        let degrees = degrees(self.rows);
        covariance.iter_mut().for_each(|c| *c /= degrees);
        if covariance.iter().any(|c| !c.is_finite()) {
            return Err(Error::Overflow);
        }
        Ok((self.rows, self.mean, covariance))
    }

    /// Mean of the columns and covariance matrix (d × d, row-major) of the rows so far, with n − 1 degrees of freedom.
    ///
    /// # Errors
    /// [`Error::Empty`] before the first row; [`Error::Overflow`].
    pub fn covariance(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        let (rows, d) = (self.rows(), self.cols());
        if rows == 0 || d == 0 {
            return Err(Error::Empty { rows, cols: d });
        }
        let (_, mean, mut covariance) = self.clone().finish()?;
        mirror(d, &mut covariance);
        Ok((mean, covariance))
    }
}

impl Slot {
    /// Takes a chunk, less its mean, and leaves room for one more row.
    fn center(&mut self, x: MatrixView<'_>, double: bool) {
        self.rows = x.rows();
        self.mean = column_sums(x);
        self.mean.iter_mut().for_each(|m| *m /= x.rows() as f64);
        let len = (x.rows() + 1) * x.cols();
        self.double = double;
        if !double {
            self.f32s.resize(len, 0.0);
            center_f32(x, &self.mean, &mut self.f32s);
            let largest = largest(&self.f32s[..x.rows() * x.cols()]);
            self.double = largest != 0.0 && !COMFORTABLE.contains(&largest);
        }
        if self.double {
            self.f64s.resize(len, 0.0);
            center(x, &self.mean, &mut self.f64s);
        }
    }

    /// Moves the mean of all rows, and adds the row that stands for the distance of the chunk's mean.
    fn join(&mut self, mean: &mut [f64], rows: &mut usize) {
        let (n, m) = (*rows as f64, self.rows as f64);
        let weight = (n / (n + m) * m).sqrt();
        let last = self.rows * mean.len();
        let furthest = mean.iter().zip(&self.mean).fold(0.0, |f: f64, (all, own)| f.max((own - all).abs()));
        if !self.double && weight * furthest > f64::from(*COMFORTABLE.end()) {
            self.double = true;
            self.f64s.clear();
            self.f64s.extend(self.f32s.iter().map(|&v| f64::from(v)));
        }
        for (j, (all, own)) in mean.iter_mut().zip(&self.mean).enumerate() {
            let apart = own - *all;
            if self.double {
                self.f64s[last + j] = weight * apart;
            } else {
                self.f32s[last + j] = (weight * apart) as f32;
            }
            *all += apart * (m / (n + m));
        }
        *rows += self.rows;
        self.rows += 1;
    }
}

impl Block {
    /// Adds the products of the columns of `x` (rows × d).
    pub(super) fn add<T: Real + Into<f64>>(&mut self, rows: usize, d: usize, x: &[T], products: &mut Vec<T>) {
        products.resize(self.sums.len(), T::ZERO);
        let x = &x[..rows * d];
        let width = self.cols.len();
        if self.rows == self.cols {
            gram(rows, d, x, self.rows.start, self.rows.end, products);
            // What is above the diagonal is not computed.
            for i in 0..width {
                let row = i * width..i * width + i + 1;
                add(&mut self.sums[row.clone()], &products[row]);
            }
        } else {
            let x = Operand::new(rows, d, x);
            let (left, right) = (x.columns(self.rows.start, self.rows.end), x.columns(self.cols.start, self.cols.end));
            product(left.transposed(), right, products);
            add(&mut self.sums, products);
        }
    }

    /// Adds the sums to the lower triangle of a matrix of `d` columns.
    pub(super) fn add_to(&self, d: usize, matrix: &mut [f64]) {
        for (i, sums) in self.rows.clone().zip(self.sums.chunks_exact(self.cols.len())) {
            let end = self.cols.end.min(i + 1);
            add(&mut matrix[i * d + self.cols.start..i * d + end], &sums[..end - self.cols.start]);
        }
    }
}

/// The blocks of one part, of about `size` columns.
///
/// # Errors
/// [`Error::TooLarge`] if the system would not give the memory.
pub(super) fn blocks(d: usize, part: usize, size: usize) -> Result<Vec<Block>> {
    let values = d.checked_mul(d).ok_or(Error::TooLarge { size: d })?;
    // Asked for before it is needed, since memory that is refused later ends the program.
    Vec::<f64>::new().try_reserve_exact(values).map_err(|_| Error::TooLarge { size: d })?;
    let width = d.div_ceil(d.div_ceil(size).max(1)).next_multiple_of(16);
    let ranges = || (0..d).step_by(width).map(move |from| from..(from + width).min(d));
    let block = |rows: Range<usize>, cols: Range<usize>| {
        let sums = vec![0.0; rows.len() * cols.len()];
        Block { part, rows, cols, sums, products: Vec::new() }
    };
    // The larger ones first, so that no thread is left with one of them at the end.
    let beside = ranges().flat_map(|r| ranges().take_while(move |c| c.start < r.start).map(move |c| (r.clone(), c)));
    Ok(beside.chain(ranges().map(|r| (r.clone(), r))).map(|(rows, cols)| block(rows, cols)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covariances_beyond_memory_are_refused() {
        for d in [1 << 31, 1 << 32, usize::MAX] {
            assert_eq!(blocks(d, 0, BLOCK).unwrap_err(), Error::TooLarge { size: d });
            // Not a column of it is there yet.
            let mut moments = Moments::new(d);
            assert_eq!((moments.cols(), moments.rows()), (d, 0));
            assert_eq!(moments.covariance(), Err(Error::Empty { rows: 0, cols: d }));
            assert_eq!(
                moments.push(&planisphere_core::Matrix::zeros(1, 2)),
                Err(Error::Columns { expected: d, got: 2 })
            );
        }
    }
}
