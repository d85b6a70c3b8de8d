//! From data to a map.

use crate::error::{Error, Result};
use crate::graph;
use crate::params::Umap;
use crate::target::Target;
use planisphere_core::{Context, Csr, Embedded, KnnGraph, Matrix, MatrixView, Report, Stage};
#[cfg(feature = "knn")]
use planisphere_core::{Reducer, Vectors, Warning};
#[cfg(feature = "knn")]
use planisphere_knn::Known;

/// A map, and what it was made from.
#[derive(Clone, Debug)]
pub struct UmapModel {
    pub(crate) params: Umap,
    pub(crate) embedding: Matrix,
    pub(crate) snapshots: Vec<(u32, Matrix)>,
    pub(crate) graph: Csr,
    pub(crate) ab: (f64, f64),
    /// `n_neighbors`, or what takes its place in a neighbor graph.
    pub(crate) neighbors: usize,
    #[cfg(feature = "knn")]
    pub(crate) known: Known,
    pub(crate) report: Report,
}

/// Two models are equal if they hold and do the same. How long it took to make them is not compared.
impl PartialEq for UmapModel {
    fn eq(&self, other: &Self) -> bool {
        let Self { params, embedding, snapshots, graph, ab, neighbors, report: _, .. } = self;
        #[cfg(feature = "knn")]
        if self.known != other.known {
            return false;
        }
        (params, embedding, snapshots, graph, ab, neighbors)
            == (&other.params, &other.embedding, &other.snapshots, &other.graph, &other.ab, &other.neighbors)
    }
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

    /// The map as it was after the epochs of [`Umap::snapshots`] that were reached, ascending, each once.
    pub fn snapshots(&self) -> &[(u32, Matrix)] {
        &self.snapshots
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

    /// Stage times and warnings of the run; nothing in a model that was loaded.
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
    pub fn fit<'m>(&self, x: impl Into<Vectors<'m>>) -> Result<UmapModel> {
        self.fit_with(x, &mut Context::new())
    }

    /// A map of the rows of `x` (n × d), watched and cancelled through `cx`.
    ///
    /// The model keeps the rows, to place others; see [`Umap::keep_vectors`] for what that costs. `&Matrix` and
    /// [`MatrixView`] are copied for it; [`Matrix`], `Arc<Matrix>` and `&Arc<Matrix>` are not.
    ///
    /// One row gives a map of one point at the origin. Fewer rows than `n_neighbors` are all neighbors of each other, with
    /// a warning. Equal rows are as near as can be; if all are equal, the map is a cloud without meaning, with a warning.
    ///
    /// # Errors
    /// [`Error::InvalidParam`], [`Error::NoRows`], [`Error::InitShape`], [`Error::NoCurve`], [`Error::Diverged`],
    /// [`Error::Core`] for values that are not finite, [`Error::Neighbors`], [`Error::NegativeDistance`], [`Error::Pca`] and
    /// [`Error::Eigen`] from the initialization, [`Error::Cancelled`].
    #[cfg(feature = "knn")]
    pub fn fit_with<'m>(&self, x: impl Into<Vectors<'m>>, cx: &mut Context<'_>) -> Result<UmapModel> {
        self.fit_rows(x.into(), None, cx)
    }

    #[cfg(feature = "knn")]
    pub(crate) fn fit_rows(
        &self,
        vectors: Vectors<'_>,
        target: Option<&Target<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<UmapModel> {
        self.check()?;
        self.recorded(cx, |cx| {
            let x = vectors.view();
            let neighbors = self.neighbors(x, target, cx)?;
            let graph = self.fuzzy(&neighbors, target, cx)?;
            let mut model = self.lay_out(graph, Some(x), cx)?;
            if self.keep_vectors {
                // Last of all, when the search for neighbors no longer holds memory.
                model.known = Known::from_vectors(vectors.into_shared());
            }
            Ok(model)
        })
    }

    /// Checks vectors and target, and searches neighbors.
    #[cfg(feature = "knn")]
    pub(crate) fn neighbors(
        &self,
        x: MatrixView<'_>,
        target: Option<&Target<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<KnnGraph> {
        x.check()?;
        let n = x.rows();
        target.map_or(Ok(()), |t| t.check(n))?;
        let k = self.clamped(n, cx);
        if n > 1 && (1..n).all(|i| x.row(i) == x.row(0)) {
            cx.warn(Warning::AllEqual { rows: n });
        }
        if n == 1 && x.cols() == 0 {
            return Err(Error::param("columns of the data", 0, "there must be at least one"));
        }
        if n < 2 {
            return Ok(KnnGraph::new(n, 0, Vec::new(), Vec::new())?);
        }
        cx.stage(Stage::Neighbors, 0.4, |cx| Ok(self.knn.fit_with(k, &self.metric, self.seed, x, cx)?))
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
    /// [`Error::NegativeDistance`], [`Error::Core`] for values that are not finite, `Error::Pca` and [`Error::Eigen`] from the
    /// initialization, [`Error::Diverged`], [`Error::Cancelled`].
    pub fn fit_graph_with(
        &self,
        graph: &KnnGraph,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<UmapModel> {
        self.fit_neighbors(graph, None, data, cx)
    }

    pub(crate) fn fit_neighbors(
        &self,
        graph: &KnnGraph,
        target: Option<&Target<'_>>,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<UmapModel> {
        self.check()?;
        self.check_data(graph.n(), data)?;
        target.map_or(Ok(()), |t| t.check(graph.n()))?;
        self.recorded(cx, |cx| {
            let graph = self.fuzzy(graph, target, cx)?;
            self.lay_out(graph, data, cx)
        })
    }

    /// Checks vectors that come with a graph of `n` rows.
    pub(crate) fn check_data(&self, n: usize, data: Option<MatrixView<'_>>) -> Result<()> {
        let Some(x) = data else { return Ok(()) };
        x.check()?;
        if x.cols() == 0 {
            return Err(Error::param("columns of the data", 0, "there must be at least one"));
        }
        if x.rows() != n {
            return Err(Error::param("rows of the data", x.rows(), format!("the graph has {n} rows")));
        }
        Ok(())
    }

    pub(crate) fn recorded(
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

    /// The fuzzy graph of a neighbor graph, with the target if there is one. Both have been checked.
    pub(crate) fn fuzzy(&self, near: &KnnGraph, target: Option<&Target<'_>>, cx: &mut Context<'_>) -> Result<Fuzzy> {
        if near.n() == 0 {
            return Err(Error::NoRows);
        }
        cx.stage(Stage::Graph, 0.05, |cx| {
            let graph = graph::fuzzy_graph(near, self.local_connectivity, self.set_op_mix_ratio)?;
            let neighbors = near.k() + 1;
            let told = target.and_then(|t| t.tells_nothing()).is_none() && target.is_some() && near.n() > 1;
            let graph = match target {
                Some(target) => graph::supervise(self, graph, target, neighbors, cx)?,
                None => graph,
            };
            Ok(Fuzzy { graph, neighbors, both_ends: self.both_ends.unwrap_or(told) })
        })
    }

    /// A map of a fuzzy graph that has been checked or made here.
    pub(crate) fn lay_out(
        &self,
        graph: Fuzzy,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<UmapModel> {
        let mut run = self.begin(graph, data, cx)?;
        run.go(u32::MAX, cx)?;
        Ok(run.finish())
    }
}

/// A fuzzy graph to be laid out.
pub(crate) struct Fuzzy {
    pub(crate) graph: Csr,
    /// `n_neighbors`, or what takes its place in a neighbor graph.
    pub(crate) neighbors: usize,
    pub(crate) both_ends: bool,
}

#[cfg(feature = "knn")]
impl Reducer for Umap {
    type Model = UmapModel;
    type Error = Error;

    fn fit(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<UmapModel> {
        self.fit_with(x, cx)
    }
}

impl Embedded for UmapModel {
    fn embedding(&self) -> &Matrix {
        self.embedding()
    }

    fn into_embedding(self) -> Matrix {
        self.into_embedding()
    }
}
