//! Exact search: the parameters and the outer loop.

use crate::error::{Error, Result};
use crate::metric::Metric;
use crate::search::{Prepared, Scratch};
use planisphere_core::{Context, KnnGraph, MatrixView};
use planisphere_kernels::Simd;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Query rows that one task works on.
const PANEL: usize = 128;
/// Tasks between two looks at the observer. A constant, since nothing may depend on the number of threads.
const WAVE: usize = 64;

/// Exact k-nearest-neighbor search.
///
/// Time grows with n² · d; memory beyond the input is 8 bytes for each entry of the graph and a few megabytes a thread, and
/// another copy of the input where its values are extreme in size or far from the origin.
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
    k: usize,
    metric: Metric,
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
    /// [`Error::InvalidParam`] unless 1 ≤ k < n (a matrix of one row or none has an empty graph for any k);
    /// [`Error::NoColumns`]; [`Error::Overflow`]; [`Error::Core`] for values that are not finite; [`Error::Cancelled`].
    pub fn fit_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        let x = x.into();
        cx.run(|cx| self.search(x, cx))?
    }

    fn search(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        let (n, k) = (x.rows(), self.k);
        x.check()?;
        if n <= 1 {
            return Ok(KnnGraph::new(n, 0, Vec::new(), Vec::new())?);
        }
        if x.cols() == 0 {
            return Err(Error::NoColumns { rows: n });
        }
        if k == 0 || k >= n {
            let reason = format!("must be from 1 to {}, the number of other rows", n - 1);
            return Err(Error::InvalidParam { param: "k", value: k.to_string(), reason });
        }
        let prepared = Prepared::new(x, self.metric, Simd::detect());
        let mut ids = vec![0u32; n * k];
        let mut dists = vec![0f32; n * k];
        let token = cx.token();
        let stride = PANEL * k;
        for (wave, (ids, dists)) in ids.chunks_mut(WAVE * stride).zip(dists.chunks_mut(WAVE * stride)).enumerate() {
            cx.progress((wave * WAVE * PANEL) as u64, n as u64)?;
            ids.par_chunks_mut(stride).zip(dists.par_chunks_mut(stride)).enumerate().try_for_each_init(
                Scratch::default,
                |scratch, (panel, (ids, dists))| {
                    let from = (wave * WAVE + panel) * PANEL;
                    prepared.panel(from, (from + PANEL).min(n), k, &token, scratch, ids, dists)
                },
            )?;
        }
        cx.progress(n as u64, n as u64)?;
        if let Some(at) = dists.iter().position(|d| !d.is_finite()) {
            return Err(Error::Overflow { row: at / k, other: ids[at] as usize });
        }
        Ok(KnnGraph::new(n, k, ids, dists)?)
    }
}
