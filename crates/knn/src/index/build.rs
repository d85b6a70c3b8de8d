//! How an index is made.

use super::graph_search::GraphSearch;
use super::{Index, Measure};
use crate::error::{Error, Result};
use crate::metric::Distance;
use crate::{Approx, Exact};
use planisphere_core::{Context, Decision, Matrix, Warning};
use planisphere_kernels::Simd;
use std::sync::Arc;

impl Exact {
    /// An index that looks at all of `points` for each query. The number of neighbors set here does not count.
    ///
    /// Holds the points (by their pointer, if they come in an [`Arc`]) and what [`Exact`] holds beside them.
    ///
    /// # Errors
    /// [`Error::NoColumns`]; [`Error::InvalidParam`] for parameters of the metric that do not fit; [`Error::Domain`] for
    /// values that the metric is not defined for; [`Error::Core`] for values that are not finite.
    pub fn index(&self, points: impl Into<Arc<Matrix>>) -> Result<Index> {
        Index::exact(points.into(), Measure::Named(&self.metric))
    }

    /// [`Exact::index`] with a distance of your own (any [`Metric`](crate::Metric) set before does not count). Such an index
    /// cannot be saved.
    ///
    /// # Errors
    /// As [`Exact::index`].
    pub fn index_custom(&self, points: impl Into<Arc<Matrix>>, distance: impl Distance + 'static) -> Result<Index> {
        Index::exact(points.into(), Measure::Custom(&(Arc::new(distance) as Arc<dyn Distance>)))
    }
}

impl Approx {
    /// An index that finds most of the neighbors of a query in a small part of the time, on the current threads.
    ///
    /// Searches the neighbor graph of the points first, with the parameters that are set; so [`Index::graph`] gives it for
    /// nothing. Then sample rows are asked as if they were new, to find out how far queries must look for the recall that
    /// is asked for. Beside the points (and what the metric makes of them, if it does) it holds the coded rows, some bytes
    /// more than one for each column at most, and about 14 bytes for each neighbor in the graph.
    ///
    /// Where [`Approx`] is [`Exact`], for few points and long lists, the index is that of [`Exact::index`].
    ///
    /// # Errors
    /// As [`Approx::index_with`].
    pub fn index(&self, points: impl Into<Arc<Matrix>>) -> Result<Index> {
        self.index_with(points, &mut Context::new())
    }

    /// [`Approx::index`], watched and cancelled through `cx`, whose report tells the recall of the sample.
    ///
    /// # Errors
    /// As [`Exact::index`]; [`Error::InvalidParam`] for a recall out of its range or k = 0; [`Error::Overflow`] and
    /// [`Error::NotADistance`] for distances that are not finite; [`Error::Cancelled`].
    pub fn index_with(&self, points: impl Into<Arc<Matrix>>, cx: &mut Context<'_>) -> Result<Index> {
        let points = points.into();
        cx.run(|cx| self.index_of(points, Measure::Named(&self.metric), cx))?
    }

    /// [`Approx::index`] with a distance of your own (any [`Metric`](crate::Metric) set before does not count). Rows should
    /// be near by it that are near in length. Such an index cannot be saved.
    ///
    /// # Errors
    /// As [`Approx::index_with`].
    pub fn index_custom(&self, points: impl Into<Arc<Matrix>>, distance: impl Distance + 'static) -> Result<Index> {
        self.index_custom_with(points, distance, &mut Context::new())
    }

    /// [`Approx::index_custom`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`Approx::index_with`].
    pub fn index_custom_with(
        &self,
        points: impl Into<Arc<Matrix>>,
        distance: impl Distance + 'static,
        cx: &mut Context<'_>,
    ) -> Result<Index> {
        let points = points.into();
        let distance: Arc<dyn Distance> = Arc::new(distance);
        cx.run(|cx| self.index_of(points, Measure::Custom(&distance), cx))?
    }

    fn index_of(&self, points: Arc<Matrix>, measure: Measure<'_>, cx: &mut Context<'_>) -> Result<Index> {
        self.check()?;
        if self.k == 0 {
            let reason = "must be at least 1".to_owned();
            return Err(Error::InvalidParam { param: "k", value: self.k.to_string(), reason });
        }
        let mut index = Index::exact(points, measure)?;
        if !self.pays(index.points.view()) {
            return Ok(index);
        }
        let found = self.find(index.space.simd(), index.points.view(), &index.space, &index.rows, cx)?;
        let token = cx.token();
        GraphSearch::install(&mut index, found, self.recall, &token)?;
        cx.decide(Decision::new("queries", "along the graph", format!("recall {:.3} on a sample", index.recall())));
        if index.recall() < self.recall {
            cx.warn(Warning::LowRecall { reached: index.recall(), wanted: self.recall });
        }
        Ok(index)
    }
}

impl Index {
    fn exact(points: Arc<Matrix>, measure: Measure<'_>) -> Result<Self> {
        if points.cols() == 0 {
            return Err(Error::NoColumns { rows: points.rows() });
        }
        points.view().check()?;
        let space = measure.space(points.view(), Simd::detect())?;
        let rows = space.shared_rows(&points)?;
        Ok(Self { base: points.rows(), points, space, rows, search: None, effort: 1.0 })
    }
}
