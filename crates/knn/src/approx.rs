//! Approximate search: the parameters.

use crate::Exact;
use crate::auto::RECALL;
use crate::coded::measured::{Lengths, Measured};
use crate::coded::search::{Found, Input, STEPS, few};
use crate::error::{Error, Result};
use crate::metric::{Distance, Metric};
use crate::space::{Rows, Space};
use crate::stand_in::StandIn;
use crate::twins::Twins;
use planisphere_core::{Context, Decision, KnnGraph, MatrixView, Warning};
use planisphere_kernels::Simd;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Rows up to which exact search takes the place of this one.
const SMALL: usize = 4096;

/// Approximate k-nearest-neighbor search: most of the neighbors in a small part of the time.
///
/// Rows are coded by a few bytes each and gathered in groups; a row first looks at the groups nearest to it, then at
/// neighbors of its neighbors, and what looks near is measured exactly: so the distances are those of [`Exact`], and only
/// ids can be missing. A sample of rows whose exact neighbors are known steers how much is looked at, and ends the search
/// when [`Approx::recall`] is reached on it.
///
/// Time grows little faster than the number of rows. Memory beyond the input is below 400 bytes a row at k = 15 and up to
/// 128 columns, which 128 bytes also stand for if a few directions hold most of what tells rows apart; up to twice as many
/// bytes as columns more if not. Up to 4,096 rows, and where lists are long (`k` above 256, a 32nd of the rows, or √(2n)), the
/// search is [`Exact`].
///
/// ```
/// use planisphere_core::{CounterRng, Matrix};
/// use planisphere_knn::{Approx, Exact};
/// let r = CounterRng::new(1, "example").at(0, 0);
/// let x = Matrix::from_vec(6000, 8, (0..48_000).map(|i| r.normal(i)).collect())?;
/// let graph = Approx::new(10).recall(0.95).fit(&x)?;
/// assert!(graph.recall(&Exact::new(10).fit(&x)?)? > 0.93);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approx {
    pub(crate) k: usize,
    pub(crate) metric: Metric,
    pub(crate) recall: f64,
    seed: u64,
}

impl Approx {
    /// Search for the `k` nearest other rows of each row, by the Euclidean distance, with recall 0.98.
    pub fn new(k: usize) -> Self {
        Self { k, metric: Metric::default(), recall: RECALL, seed: 42 }
    }

    /// Sets the metric. One that compares two-valued columns, or is none of those that follow from lengths or angles, is
    /// searched by what is near in length first and by itself in the end; it takes longer.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Sets the recall to aim at, from 0.5 to 0.999 (default 0.98): the share of the true neighbors that are found, as
    /// estimated on a sample of 512 rows whose exact neighbors are known (128 for metrics that do not follow from lengths or
    /// angles, and where codes are too coarse to prove them). The search stops when the estimate less its standard error,
    /// which is about half a percent (one percent with 128), is there; if it does not get there, it stops when nothing more
    /// is found, and warns.
    #[must_use]
    pub fn recall(mut self, recall: f64) -> Self {
        self.recall = recall;
        self
    }

    /// Sets the seed (default 42). The same seed gives the same graph, on any number of threads.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The neighbor graph of `x`, on the current threads.
    ///
    /// # Errors
    /// As [`Approx::fit_with`].
    pub fn fit<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<KnnGraph> {
        self.fit_with(x, &mut Context::new())
    }

    /// The neighbor graph of `x`, watched and cancelled through `cx`, whose report tells the recall of the sample.
    ///
    /// # Errors
    /// As [`Exact::fit_with`]; [`Error::InvalidParam`] for a recall out of its range.
    pub fn fit_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        let x = x.into();
        self.check()?;
        cx.run(|cx| {
            x.check()?;
            match Twins::find(x, self.k) {
                Some(twins) => twins.fit(x, cx, |x, cx| self.fit_rows(x, cx)),
                None => self.fit_rows(x, cx),
            }
        })?
    }

    /// [`Approx::fit_with`] for finite rows, of which hardly any are equal.
    pub(crate) fn fit_rows(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        if !self.pays(x) {
            return Exact::new(self.k).metric(self.metric.clone()).fit_rows(x, cx);
        }
        self.fit_in(x, |simd| Space::new(&self.metric, x, simd), cx)
    }

    /// The neighbor graph of `x` by a distance of your own (any [`Metric`] set before does not count), on the current
    /// threads. Rows should be near by it that are near in length.
    ///
    /// # Errors
    /// As [`Approx::fit_with`].
    pub fn fit_custom<'m>(&self, x: impl Into<MatrixView<'m>>, distance: impl Distance + 'static) -> Result<KnnGraph> {
        self.fit_custom_with(x, distance, &mut Context::new())
    }

    /// [`Approx::fit_custom`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`Approx::fit_with`].
    pub fn fit_custom_with<'m>(
        &self,
        x: impl Into<MatrixView<'m>>,
        distance: impl Distance + 'static,
        cx: &mut Context<'_>,
    ) -> Result<KnnGraph> {
        let x = x.into();
        self.check()?;
        if !self.pays(x) {
            return Exact::new(self.k).fit_custom_with(x, distance, cx);
        }
        self.fit_in(x, |simd| Ok(Space::custom(Arc::new(distance), simd)), cx)
    }

    fn fit_in(
        &self,
        x: MatrixView<'_>,
        space: impl FnOnce(Simd) -> Result<Space> + Send,
        cx: &mut Context<'_>,
    ) -> Result<KnnGraph> {
        cx.run(|cx| {
            x.check()?;
            let simd = Simd::detect();
            let space = space(simd)?;
            let rows = space.rows(x)?;
            self.find(simd, x, &space, &rows, cx)?.into_graph()
        })?
    }

    pub(crate) fn check(&self) -> Result<()> {
        if (0.5..=0.999).contains(&self.recall) {
            return Ok(());
        }
        let reason = "must be from 0.5 to 0.999; for all neighbors, use exact search".to_owned();
        Err(Error::InvalidParam { param: "recall", value: self.recall.to_string(), reason })
    }

    /// Whether there is anything to gain over exact search, which also refuses what makes no sense.
    pub(crate) fn pays(&self, x: MatrixView<'_>) -> bool {
        x.rows() > SMALL && x.cols() > 0 && self.k > 0 && few(self.k, x.rows())
    }

    pub(crate) fn find(
        &self,
        simd: Simd,
        x: MatrixView<'_>,
        space: &Space,
        rows: &Rows<'_>,
        cx: &mut Context<'_>,
    ) -> Result<Found> {
        let stand_in = StandIn::of(&self.metric, space, rows, x, simd)?;
        let input = Input {
            simd,
            measured: Measured { space, rows },
            vectors: stand_in.vectors(),
            squares: stand_in.squares(),
            lengths: space
                .dense()
                .filter(|_| stand_in.faithful())
                .and_then(|dense| Lengths::of(dense, stand_in.vectors().cols())),
            k: self.k,
            seed: self.seed,
            proven: false,
        };
        let found = input.search(self.recall, STEPS, cx)?;
        let reason = format!("recall {:.3} on a sample, {} asked for", found.recall, self.recall);
        cx.decide(Decision::new("neighbors", "approximate", reason));
        if found.recall < self.recall {
            cx.warn(Warning::LowRecall { reached: found.recall, wanted: self.recall });
        }
        Ok(found)
    }
}
