//! One row at a time.

use super::Index;
use super::query::{Scratch, Wanted};
use super::scan::Filter;
use crate::error::Result;
use planisphere_core::{CancelToken, MatrixView};

/// Asks an [`Index`] for one row at a time, with buffers of its own: one for each thread.
///
/// The answers are those of [`Index::query`], to the bit. After the first queries no memory is asked for any more, but for
/// a row's worth under metrics that are computed on rows made from the given ones (seuclidean, mahalanobis, wminkowski,
/// correlation, hellinger, haversine, and those of two-valued columns), and for points or rows of extreme size.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_knn::{Exact, Metric};
/// let index = Exact::new(1).metric(Metric::Manhattan).index(Matrix::from_rows([[0.0, 1.0], [5.0, 5.0]])?)?;
/// std::thread::scope(|threads| {
///     for query in [[0.0, 0.0], [4.0, 4.0]] {
///         let index = &index;
///         threads.spawn(move || {
///             let mut searcher = index.searcher();
///             let (ids, dists) = searcher.nearest(&query, 1).unwrap();
///             assert_eq!((ids[0] == 1, dists[0] as i32), (query[0] == 4.0, 1 + ids[0] as i32));
///         });
///     }
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Searcher<'i> {
    index: &'i Index,
    scratch: Scratch,
    /// Never cancelled.
    token: CancelToken,
}

impl std::fmt::Debug for Searcher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Searcher").field("index", self.index).finish_non_exhaustive()
    }
}

impl<'i> Searcher<'i> {
    pub(super) fn new(index: &'i Index) -> Self {
        Self { index, scratch: Scratch::default(), token: CancelToken::new() }
    }

    /// Ids and distances of the `k` points nearest to `row`, nearest first; of all points if there are fewer.
    ///
    /// # Errors
    /// As [`Index::query_with`]; the row of errors is 0.
    pub fn nearest(&mut self, row: &[f32], k: usize) -> Result<(&[u32], &[f32])> {
        self.find(row, k, None)
    }

    /// Ids and distances of the `k` points nearest to `row`, of those for whose ids `keep` gives true; of all of those if
    /// there are fewer. `keep` is asked about the points that are come across, some of them more than once.
    ///
    /// # Errors
    /// As [`Index::query_with`]; the row of errors is 0.
    pub fn nearest_filtered(&mut self, row: &[f32], k: usize, keep: impl Fn(u32) -> bool) -> Result<(&[u32], &[f32])> {
        self.find(row, k, Some(&keep))
    }

    fn find(&mut self, row: &[f32], k: usize, filter: Filter<'_>) -> Result<(&[u32], &[f32])> {
        self.index.check_query(row.len(), k)?;
        let x = MatrixView::new(1, row.len(), row)?;
        x.check()?;
        let wanted = Wanted { k: k.min(self.index.len()), filter, token: &self.token };
        self.index.ask(x, 0, wanted, &mut self.scratch, |_, _| {})?;
        Ok((&self.scratch.ids, &self.scratch.dists))
    }
}
