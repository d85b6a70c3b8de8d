//! Fuzzy graphs without a map, and maps of fuzzy graphs.

use crate::error::Result;
use crate::graph;
use crate::model::{Fuzzy, UmapModel};
use crate::params::Umap;
#[cfg(feature = "knn")]
use crate::target::Target;
use planisphere_core::{Context, Csr, MatrixView};

impl Umap {
    /// The fuzzy graph of the rows of `x` (n × d) that [`Umap::fit`] would lay out: symmetric, n × n, weights above 0 and up
    /// to 1. umap-learn's `transform_mode="graph"`. From a neighbor graph, [`graph::fuzzy_graph`] makes the same.
    ///
    /// # Errors
    /// As [`Umap::fit_with`], but for what concerns the layout.
    #[cfg(feature = "knn")]
    pub fn graph<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Csr> {
        self.graph_with(x, None, &mut Context::new())
    }

    /// As [`Umap::graph`], watched and cancelled through `cx`, whose report keeps the warnings; with a target, the graph of
    /// [`Umap::fit_supervised_with`].
    ///
    /// # Errors
    /// As [`Umap::fit_supervised_with`], but for what concerns the layout.
    #[cfg(feature = "knn")]
    pub fn graph_with<'m>(
        &self,
        x: impl Into<MatrixView<'m>>,
        target: Option<Target<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<Csr> {
        let x = x.into();
        self.check()?;
        cx.run(|cx| {
            let neighbors = self.neighbors(x, target.as_ref(), cx)?;
            Ok(self.fuzzy(&neighbors, target.as_ref(), cx)?.graph)
        })?
    }

    /// A map of the rows of a fuzzy graph: one of another model, or made from several by [`graph::intersect`].
    ///
    /// With `data`, one vector for each row, principal components can be the initial positions, and pieces of a disconnected
    /// graph are placed by them. For a graph with a target in it, set [`Umap::both_ends`] to get the map of
    /// [`Umap::fit_supervised`].
    ///
    /// # Errors
    /// As [`Umap::fit_fuzzy_graph_with`].
    pub fn fit_fuzzy_graph(&self, graph: &Csr, data: Option<MatrixView<'_>>) -> Result<UmapModel> {
        self.fit_fuzzy_graph_with(graph, data, &mut Context::new())
    }

    /// As [`Umap::fit_fuzzy_graph`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// [`Error::FuzzyGraph`](crate::Error::FuzzyGraph) for weights that are not above 0 and up to 1 (to rounding) or all
    /// below 1e-30, edges from a row to itself or in one direction only; [`Error::InvalidParam`](crate::Error::InvalidParam) if the graph is
    /// not square; and those of [`Umap::fit_graph_with`].
    pub fn fit_fuzzy_graph_with(
        &self,
        graph: &Csr,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<UmapModel> {
        self.check()?;
        self.check_data(graph.rows(), data)?;
        self.recorded(cx, |cx| {
            let neighbors = self.n_neighbors.min(graph.rows());
            let graph = graph::even(graph)?;
            self.lay_out(Fuzzy { graph, neighbors, both_ends: self.both_ends.unwrap_or(false) }, data, cx)
        })
    }
}
