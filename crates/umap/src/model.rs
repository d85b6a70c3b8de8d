//! From data to a map.

use crate::curve::find_ab;
use crate::error::{Error, Result};
use crate::params::Umap;
use crate::{graph, init, layout};
#[cfg(feature = "knn")]
use planisphere_core::Warning;
use planisphere_core::{Context, Csr, KnnGraph, Matrix, MatrixView, Report, Stage};

/// A map, and what it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct UmapModel {
    params: Umap,
    embedding: Matrix,
    graph: Csr,
    ab: (f64, f64),
    report: Report,
}

impl UmapModel {
    /// The map: n × n_components.
    pub fn embedding(&self) -> &Matrix {
        &self.embedding
    }

    /// Takes the map out, without a copy.
    pub fn into_embedding(self) -> Matrix {
        self.embedding
    }

    /// The fuzzy graph that was laid out: symmetric, n × n, weights above 0 and up to 1.
    pub fn graph(&self) -> &Csr {
        &self.graph
    }

    /// a and b of the curve 1 / (1 + a d²ᵇ).
    pub fn ab(&self) -> (f64, f64) {
        self.ab
    }

    /// The parameters of the run.
    pub fn params(&self) -> &Umap {
        &self.params
    }

    /// Stage times and warnings of the run.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl Umap {
    /// A map of the rows of `x` (n × d), on the current threads.
    ///
    /// # Errors
    /// As [`Umap::fit_with`].
    #[cfg(feature = "knn")]
    pub fn fit<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<UmapModel> {
        self.fit_with(x, &mut Context::new())
    }

    /// A map of the rows of `x` (n × d), watched and cancelled through `cx`.
    ///
    /// One row gives a map of one point at the origin. Fewer rows than `n_neighbors` are all neighbors of each other, with
    /// a warning. Equal rows are as near as can be; if all are equal, the map is a cloud without meaning, with a warning.
    ///
    /// # Errors
    /// [`Error::InvalidParam`], [`Error::NoRows`], [`Error::InitShape`], [`Error::NoCurve`], [`Error::Diverged`],
    /// [`Error::Core`] for values that are not finite, [`Error::Neighbors`], [`Error::NegativeDistance`],
    /// [`Error::Cancelled`].
    #[cfg(feature = "knn")]
    pub fn fit_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<UmapModel> {
        let x = x.into();
        self.check()?;
        self.recorded(cx, |cx| {
            x.check()?;
            let n = x.rows();
            let k = self.clamped(n, cx);
            if n > 1 && (1..n).all(|i| x.row(i) == x.row(0)) {
                cx.warn(Warning::AllEqual { rows: n });
            }
            let neighbors = if n > 1 {
                cx.stage(Stage::Neighbors, 0.4, |cx| self.knn.fit_with(k, &self.metric, self.seed, x, cx))?
            } else {
                KnnGraph::new(n, 0, Vec::new(), Vec::new())?
            };
            self.lay_out(&neighbors, Some(x), cx)
        })
    }

    /// A map of the rows of a neighbor graph, whose degree (plus one for the row itself) takes the place of `n_neighbors`.
    ///
    /// # Errors
    /// As [`Umap::fit_graph_with`].
    pub fn fit_graph(&self, graph: &KnnGraph) -> Result<UmapModel> {
        self.fit_graph_with(graph, None, &mut Context::new())
    }

    /// As [`Umap::fit_graph`], watched and cancelled through `cx`. With `data`, the vectors that the graph was made from,
    /// principal components can be the initial positions, and pieces of a disconnected graph are placed by them.
    ///
    /// # Errors
    /// [`Error::InvalidParam`], [`Error::NoRows`], [`Error::InitShape`], [`Error::InitNeedsData`], [`Error::NoCurve`],
    /// [`Error::NegativeDistance`], [`Error::Diverged`], [`Error::Cancelled`].
    pub fn fit_graph_with(
        &self,
        graph: &KnnGraph,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<UmapModel> {
        self.check()?;
        if let Some(x) = data {
            x.check()?;
            if x.cols() == 0 {
                return Err(Error::param("columns of the data", 0, "there must be at least one"));
            }
            if x.rows() != graph.n() {
                let reason = format!("the graph has {} rows", graph.n());
                return Err(Error::param("rows of the data", x.rows(), reason));
            }
        }
        self.recorded(cx, |cx| self.lay_out(graph, data, cx))
    }

    fn recorded(
        &self,
        cx: &mut Context<'_>,
        f: impl FnOnce(&mut Context<'_>) -> Result<UmapModel> + Send,
    ) -> Result<UmapModel> {
        let (model, report) = cx.record(|cx| cx.run(f));
        let mut model = model??;
        model.report = report;
        Ok(model)
    }

    #[cfg(feature = "knn")]
    fn clamped(&self, n: usize, cx: &mut Context<'_>) -> usize {
        if self.n_neighbors > n && n > 1 {
            cx.warn(Warning::ClampedNeighbors { requested: self.n_neighbors, used: n });
        }
        self.n_neighbors.min(n).saturating_sub(1)
    }

    fn lay_out(&self, neighbors: &KnnGraph, data: Option<MatrixView<'_>>, cx: &mut Context<'_>) -> Result<UmapModel> {
        let n = neighbors.n();
        if n == 0 {
            return Err(Error::NoRows);
        }
        let ab = self.ab.map_or_else(|| find_ab(self.spread, self.min_dist), Ok)?;
        let (graph, pruned) = cx.stage(Stage::Graph, 0.05, |_| {
            let graph = graph::fuzzy_graph(neighbors, self.local_connectivity, self.set_op_mix_ratio)?;
            let pruned = graph::prune(&graph, self.pruning_epochs(n))?;
            Ok::<_, Error>((graph, pruned))
        })?;
        let embedding = if n == 1 {
            Matrix::zeros(1, self.n_components)
        } else {
            let y = cx.stage(Stage::Init, 0.1, |cx| init::initial(self, &pruned, data, cx))?;
            cx.stage(Stage::Layout, 0.45, |cx| {
                let mut layout = layout::Layout::new(self, &pruned, ab, y)?;
                layout.step(u32::MAX, cx)?;
                Ok::<_, Error>(layout.into_positions())
            })?
        };
        Ok(UmapModel { params: self.clone(), embedding, graph, ab, report: Report::default() })
    }
}
