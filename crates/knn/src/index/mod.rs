//! Points that are kept with all that is needed to look for the neighbors of other rows.

mod add;
mod beam;
mod build;
mod calibrate;
mod file;
mod graph_search;
mod neighbors;
mod query;
mod restore;
mod scan;
mod searcher;

pub use neighbors::Neighbors;
pub use searcher::Searcher;

use crate::Exact;
use crate::error::{Error, Result};
use crate::metric::{Distance, Metric};
use crate::space::{Rows, Space};
use graph_search::GraphSearch;
use planisphere_core::{Context, KnnGraph, Matrix, MatrixView};
use planisphere_kernels::Simd;
use std::sync::Arc;

/// Points, prepared once to be asked for the nearest of any other rows.
///
/// An exact index ([`Exact::index`]) looks at every point for each query; an approximate one ([`Approx::index`](crate::Approx::index)) at the few
/// that are likely to be near, and measures those exactly: only ids can be missing. Either gives the same answers on any
/// number of threads and any SIMD level, and whether rows are asked one at a time or many at once.
///
/// A query is no point of the index: if a point is equal to it, that point is its nearest. Answers are ascending by
/// (distance, id); ids count the points from 0 in the order in which they came.
///
/// An index can be shared by threads; each that asks single rows makes a [`Searcher`] of its own.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_knn::Exact;
///
/// let points = Matrix::from_rows([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [9.0, 9.0]])?;
/// let mut index = Exact::new(1).index(points)?;
///
/// let found = index.query(&Matrix::from_rows([[8.0, 9.0], [0.0, 0.0]])?, 2)?;
/// assert_eq!(found.row(0).0, &[3, 2]);
/// assert_eq!(found.row(1), (&[0, 1][..], &[0.0, 1.0][..]));
///
/// index.add(&Matrix::from_rows([[8.0, 8.0]])?)?;
/// let mut searcher = index.searcher();
/// assert_eq!(searcher.nearest(&[8.0, 9.0], 2)?, (&[3, 4][..], &[1.0, 1.0][..]));
/// assert_eq!(searcher.nearest_filtered(&[8.0, 9.0], 2, |id| id < 3)?.0, &[2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Index {
    points: Arc<Matrix>,
    space: Space,
    rows: Rows<'static>,
    /// How many of the points, the first ones, the space was made from.
    base: usize,
    /// What finds rows without looking at all; nothing in an exact index.
    search: Option<GraphSearch>,
    effort: f64,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("points", &self.points.view())
            .field("metric", &self.metric())
            .field("approximate", &self.is_approximate())
            .field("effort", &self.effort)
            .finish_non_exhaustive()
    }
}

/// Efforts that queries take.
const EFFORTS: std::ops::RangeInclusive<f64> = 0.1..=100.0;

/// What the space of an index is made by.
enum Measure<'a> {
    Named(&'a Metric),
    Custom(&'a Arc<dyn Distance>),
}

impl Measure<'_> {
    /// The space for `points`, which were checked.
    fn space(&self, points: MatrixView<'_>, simd: Simd) -> Result<Space> {
        match self {
            Self::Named(metric) => Space::new(metric, points, simd),
            Self::Custom(distance) => Ok(Space::custom(Arc::clone(distance), simd)),
        }
    }
}

/// A distance that is shared is one too.
struct Shared(Arc<dyn Distance>);

impl Distance for Shared {
    fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        self.0.distance(a, b)
    }

    fn distances(&self, a: &[f32], rows: MatrixView<'_>, out: &mut [f32]) {
        self.0.distances(a, rows, out);
    }
}

impl Index {
    /// Sets how hard an approximate index looks (default 1, from 0.1 to 100): how many candidates are kept, relative to
    /// what reached the recall that the index was built for. The time of a query grows about in proportion. Means nothing
    /// to an exact index. Checked by the next query.
    #[must_use]
    pub fn effort(mut self, effort: f64) -> Self {
        self.effort = effort;
        self
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.points.rows()
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Columns of the points, and of the rows that can be asked.
    pub fn cols(&self) -> usize {
        self.points.cols()
    }

    /// The points, n × d. The index holds them by this very pointer.
    pub fn points(&self) -> &Arc<Matrix> {
        &self.points
    }

    /// The metric; nothing for a distance of one's own.
    pub fn metric(&self) -> Option<&Metric> {
        self.space.metric()
    }

    /// Whether neighbors can be missed.
    pub fn is_approximate(&self) -> bool {
        self.search.is_some()
    }

    /// The share of the true neighbors that queries found, at an effort of 1 and with as many neighbors as the index was
    /// built for, when a sample of the points was asked as if they were none; 1 for an exact index. Rows that are added
    /// later do not change it.
    pub fn recall(&self) -> f64 {
        self.search.as_ref().map_or(1.0, GraphSearch::recall)
    }

    /// The neighbor graph of the points: a row is not its own neighbor here. On the current threads.
    ///
    /// # Errors
    /// As [`Index::graph_with`].
    pub fn graph(&self, k: usize) -> Result<KnnGraph> {
        self.graph_with(k, &mut Context::new())
    }

    /// The neighbor graph of the points, watched and cancelled through `cx`. An exact index searches for it as [`Exact`]
    /// does; an approximate one has it.
    ///
    /// # Errors
    /// As [`Exact::fit_with`]; [`Error::InvalidParam`] for more neighbors than an approximate index was built for.
    pub fn graph_with(&self, k: usize, cx: &mut Context<'_>) -> Result<KnnGraph> {
        match &self.search {
            Some(search) => search.graph(k),
            None => match self.measure() {
                Measure::Named(metric) => Exact::new(k).metric(metric.clone()).fit_with(&*self.points, cx),
                Measure::Custom(distance) => {
                    Exact::new(k).fit_custom_with(&*self.points, Shared(Arc::clone(distance)), cx)
                }
            },
        }
    }

    /// Buffers with which one thread asks for one row after the other. Cheap to make; the first query makes room.
    pub fn searcher(&self) -> Searcher<'_> {
        Searcher::new(self)
    }

    fn measure(&self) -> Measure<'_> {
        match (self.space.metric(), self.space.distance()) {
            (_, Some(distance)) => Measure::Custom(distance),
            (Some(metric), None) => Measure::Named(metric),
            (None, None) => unreachable!("a space is one of a metric or of a distance"),
        }
    }

    /// Checks what every query is given.
    fn check_query(&self, cols: usize, k: usize) -> Result<()> {
        self.check_cols(cols)?;
        if k == 0 {
            let reason = "must be at least 1".to_owned();
            return Err(Error::InvalidParam { param: "k", value: k.to_string(), reason });
        }
        self.check_effort()
    }

    fn check_effort(&self) -> Result<()> {
        if EFFORTS.contains(&self.effort) {
            return Ok(());
        }
        let reason = "must be from 0.1 to 100".to_owned();
        Err(Error::InvalidParam { param: "effort", value: self.effort.to_string(), reason })
    }

    fn check_cols(&self, cols: usize) -> Result<()> {
        if cols == self.cols() { Ok(()) } else { Err(Error::Columns { expected: self.cols(), got: cols }) }
    }
}
