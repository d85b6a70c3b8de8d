//! Exact search: the parameters and the outer loop.

use crate::bit_matrix::BitMatrix;
use crate::coded;
use crate::coded::search::Swept;
use crate::error::{Error, Result};
use crate::metric::{Distance, Metric};
use crate::search::{Prepared, Scratch};
use crate::space::{Rows, Space};
use crate::twins::Twins;
use planisphere_core::{Context, KnnGraph, MatrixView};
use planisphere_kernels::Simd;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Query rows that one task works on.
const PANEL: usize = 128;
/// Tasks between two looks at the observer. A constant, since nothing may depend on the number of threads.
const WAVE: usize = 64;

/// Exact k-nearest-neighbor search.
///
/// Time grows with n². Metrics that follow from lengths or angles (Euclidean and its weighted kin, Mahalanobis, cosine,
/// correlation, Hellinger) are searched by codes of the rows, with a proof that nothing is missed, or through matrix
/// products where those are faster; dot products through matrix products; the others through vector code over blocks that
/// stay in the cache, two-valued ones 64 columns at a time.
///
/// Memory beyond the input is 8 bytes for each entry of the graph and a few megabytes a thread, and with codes some 300 to
/// 1,000 bytes a row; another copy of the input
/// where its values are extreme in size or far from the origin, and for the metrics that are computed on rows made from
/// the given ones (seuclidean, mahalanobis, wminkowski, correlation, hellinger); a 32nd of it for two-valued ones.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_knn::{Exact, Metric};
/// let x = Matrix::from_rows([[1.0, 0.0], [2.0, 0.1], [0.0, 1.0]])?;
/// let g = Exact::new(1).metric(Metric::Cosine).fit(&x)?;
/// assert_eq!(g.ids(), &[1, 0, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exact {
    pub(crate) k: usize,
    pub(crate) metric: Metric,
}

impl Exact {
    /// Search for the `k` nearest other rows of each row, by the Euclidean distance.
    pub fn new(k: usize) -> Self {
        Self { k, metric: Metric::default() }
    }

    /// Sets the metric.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// The neighbor graph of `x`, on the current threads.
    ///
    /// # Errors
    /// As [`Exact::fit_with`].
    pub fn fit<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<KnnGraph> {
        self.fit_with(x, &mut Context::new())
    }

    /// The neighbor graph of `x`, watched and cancelled through `cx`.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] unless 1 ≤ k < n (a matrix of one row or none has an empty graph for any k) and the metric's
    /// parameters fit ([`Metric::check`]); [`Error::Domain`] for values that the metric is not defined for;
    /// [`Error::NoColumns`]; [`Error::Overflow`] and [`Error::NotADistance`] for distances that are not finite;
    /// [`Error::Core`] for values that are not finite; [`Error::Cancelled`].
    pub fn fit_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        let x = x.into();
        cx.run(|cx| {
            x.check()?;
            match Twins::find(x, self.k) {
                Some(twins) => twins.fit(x, cx, |x, cx| self.fit_rows(x, cx)),
                None => self.fit_rows(x, cx),
            }
        })?
    }

    /// [`Exact::fit_with`] for finite rows, of which hardly any are equal.
    pub(crate) fn fit_rows(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        let prepare = |simd| {
            let space = Space::new(&self.metric, x, simd)?;
            let rows = space.rows(x)?;
            Ok((space, rows))
        };
        self.search(x.rows(), x.cols(), prepare, cx)
    }

    /// The neighbor graph of `x` by a distance of your own (any [`Metric`] set before does not count), on the current
    /// threads.
    ///
    /// # Errors
    /// As [`Exact::fit_with`].
    pub fn fit_custom<'m>(&self, x: impl Into<MatrixView<'m>>, distance: impl Distance + 'static) -> Result<KnnGraph> {
        self.fit_custom_with(x, distance, &mut Context::new())
    }

    /// [`Exact::fit_custom`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`Exact::fit_with`].
    pub fn fit_custom_with<'m>(
        &self,
        x: impl Into<MatrixView<'m>>,
        distance: impl Distance + 'static,
        cx: &mut Context<'_>,
    ) -> Result<KnnGraph> {
        let x = x.into();
        cx.run(|cx| {
            x.check()?;
            let prepare = |simd| {
                let space = Space::custom(Arc::new(distance), simd);
                let rows = space.rows(x)?;
                Ok((space, rows))
            };
            self.search(x.rows(), x.cols(), prepare, cx)
        })?
    }

    /// The neighbor graph of rows of bits, by one of the metrics that compare two-valued columns, [`Metric::Hamming`]
    /// among them; on the current threads. The same graph as that of the rows as numbers.
    ///
    /// # Errors
    /// As [`Exact::fit_with`]; [`Error::InvalidParam`] for another metric.
    pub fn fit_bits(&self, x: &BitMatrix) -> Result<KnnGraph> {
        self.fit_bits_with(x, &mut Context::new())
    }

    /// [`Exact::fit_bits`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`Exact::fit_bits`].
    pub fn fit_bits_with(&self, x: &BitMatrix, cx: &mut Context<'_>) -> Result<KnnGraph> {
        cx.run(|cx| {
            let prepare = |simd| {
                let space = Space::of_bits(&self.metric, simd)?;
                let rows = space.bit_rows(x);
                Ok((space, rows))
            };
            self.search(x.rows(), x.bits(), prepare, cx)
        })?
    }

    fn search<'p>(
        &self,
        n: usize,
        cols: usize,
        prepare: impl FnOnce(Simd) -> Result<(Space, Rows<'p>)>,
        cx: &mut Context<'_>,
    ) -> Result<KnnGraph> {
        let k = self.k;
        if n <= 1 {
            return Ok(KnnGraph::new(n, 0, Vec::new(), Vec::new())?);
        }
        check_shape(n, cols, k)?;
        let simd = Simd::detect();
        let (space, rows) = prepare(simd)?;
        let before = match coded::search::exact(simd, &space, &rows, k, cx)? {
            Swept::Found(graph) => return Ok(graph),
            Swept::Untried => 0,
            // That was told as a third of all.
            Swept::GivenUp => n.div_ceil(2) as u64,
        };
        let prepared = Prepared::of(space, rows, simd);
        let mut ids = vec![0u32; n * k];
        let mut dists = vec![0f32; n * k];
        let token = cx.token();
        let stride = PANEL * k;
        for (wave, (ids, dists)) in ids.chunks_mut(WAVE * stride).zip(dists.chunks_mut(WAVE * stride)).enumerate() {
            cx.progress(before + (wave * WAVE * PANEL) as u64, before + n as u64)?;
            ids.par_chunks_mut(stride).zip(dists.par_chunks_mut(stride)).enumerate().try_for_each_init(
                Scratch::default,
                |scratch, (panel, (ids, dists))| {
                    let from = (wave * WAVE + panel) * PANEL;
                    prepared.panel(from, (from + PANEL).min(n), k, &token, scratch, ids, dists)
                },
            )?;
        }
        cx.progress(before + n as u64, before + n as u64)?;
        prepared.check(0, k, &ids, &dists)?;
        Ok(KnnGraph::new(n, k, ids, dists)?)
    }
}

/// What every search of more than one row wants of its input.
pub(crate) fn check_shape(n: usize, cols: usize, k: usize) -> Result<()> {
    if cols == 0 {
        return Err(Error::NoColumns { rows: n });
    }
    if k == 0 || k >= n {
        let reason = format!("must be from 1 to {}, the number of other rows", n - 1);
        return Err(Error::InvalidParam { param: "k", value: k.to_string(), reason });
    }
    Ok(())
}
