//! From data to a map.

use crate::affinity::Affinities;
use crate::error::{Error, Result};
use crate::params::{Repulsion, Tsne};
use planisphere_core::{Context, Embedded, KnnGraph, Matrix, MatrixView, Report, Stage};
#[cfg(feature = "knn")]
use planisphere_core::{Reducer, Vectors, Warning};

/// A map, and what it was made from.
#[derive(Clone, Debug)]
pub struct TsneModel {
    pub(crate) params: Tsne,
    pub(crate) embedding: Matrix,
    pub(crate) snapshots: Vec<(u32, Matrix)>,
    pub(crate) affinities: Affinities,
    /// Nearest rows that affinities were made of.
    pub(crate) neighbors: usize,
    /// What [`Repulsion::Auto`] was.
    pub(crate) repulsion: Repulsion,
    pub(crate) divergence: f64,
    pub(crate) divergences: Vec<(u32, f64)>,
    #[cfg(feature = "knn")]
    pub(crate) known: planisphere_knn::Known,
    pub(crate) report: Report,
}

/// Two models are equal if they hold and do the same. How long it took to make them is not compared.
impl PartialEq for TsneModel {
    fn eq(&self, other: &Self) -> bool {
        #[cfg(feature = "knn")]
        if self.known != other.known {
            return false;
        }
        let all = |m: &Self| (m.neighbors, m.repulsion, m.divergence);
        let Self { params, embedding, snapshots, affinities, divergences, .. } = self;
        all(self) == all(other)
            && (params, embedding, snapshots, affinities, divergences)
                == (&other.params, &other.embedding, &other.snapshots, &other.affinities, &other.divergences)
    }
}

impl TsneModel {
    /// The map: n × n_components.
    pub fn embedding(&self) -> &Matrix {
        &self.embedding
    }

    /// Takes the map out, without a copy.
    pub fn into_embedding(self) -> Matrix {
        self.embedding
    }

    /// The map as it was after the iterations of [`Tsne::snapshots`] that were reached, ascending, each once.
    pub fn snapshots(&self) -> &[(u32, Matrix)] {
        &self.snapshots
    }

    /// The affinities that were laid out.
    pub fn affinities(&self) -> &Affinities {
        &self.affinities
    }

    /// The Kullback-Leibler divergence KL(P ‖ Q) of the map from the affinities, without exaggeration. P is what the
    /// affinities hold: pairs that are no neighbors count as 0. Q is over all pairs of rows, its normalization by
    /// [`TsneModel::repulsion`]: exact with [`Repulsion::Exact`], else an estimate.
    pub fn divergence(&self) -> f64 {
        self.divergence
    }

    /// The divergence at the iterations that [`Tsne::divergence_every`] asked for.
    pub fn divergences(&self) -> &[(u32, f64)] {
        &self.divergences
    }

    /// How repulsion was computed: never [`Repulsion::Auto`].
    pub fn repulsion(&self) -> Repulsion {
        self.repulsion
    }

    /// The parameters of the run.
    pub fn params(&self) -> &Tsne {
        &self.params
    }

    /// Stage times and warnings of the run; nothing in a model that was loaded.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl Tsne {
    /// A map of the rows of `x` (n × d), on the current threads.
    ///
    /// # Errors
    /// As [`Tsne::fit_with`].
    #[cfg(feature = "knn")]
    pub fn fit<'m>(&self, x: impl Into<Vectors<'m>>) -> Result<TsneModel> {
        self.fit_with(x, &mut Context::new())
    }

    /// A map of the rows of `x` (n × d), watched and cancelled through `cx`.
    ///
    /// The model keeps the rows, to place others; see [`Tsne::keep_vectors`] for what that costs. `&Matrix` and
    /// [`MatrixView`] are copied for it; [`Matrix`], `Arc<Matrix>` and `&Arc<Matrix>` are not.
    ///
    /// One row gives a map of one point at the origin. A perplexity that is too large for the rows is lowered, with a warning.
    /// Equal rows are as near as can be; if all are equal, the map is a cloud without meaning, with a warning.
    ///
    /// # Errors
    /// [`Error::InvalidParam`], [`Error::NoRows`], [`Error::InitShape`], [`Error::Diverged`], [`Error::Core`] for values that
    /// are not finite, [`Error::Neighbors`], [`Error::NegativeDistance`], [`Error::Pca`] and [`Error::Eigen`] from the
    /// initialization, [`Error::Cancelled`].
    #[cfg(feature = "knn")]
    pub fn fit_with<'m>(&self, x: impl Into<Vectors<'m>>, cx: &mut Context<'_>) -> Result<TsneModel> {
        let vectors = x.into();
        let (model, report) = cx.record(|cx| {
            cx.run(|cx| {
                let mut run = self.start_with(vectors, cx)?;
                run.go(u32::MAX, cx)?;
                Ok::<_, Error>(run.finish())
            })
        });
        let mut model = model??;
        model.report = report;
        Ok(model)
    }

    /// Checks vectors, and searches neighbors.
    #[cfg(feature = "knn")]
    pub(crate) fn neighbors(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<KnnGraph> {
        x.check()?;
        let n = x.rows();
        let k = self.affinity.n_neighbors(n);
        if n > 1 && (1..n).all(|i| x.row(i) == x.row(0)) {
            cx.warn(Warning::AllEqual { rows: n });
        }
        if n == 1 && x.cols() == 0 {
            return Err(Error::param("columns of the data", 0, "there must be at least one"));
        }
        if n < 2 {
            return Ok(KnnGraph::new(n, 0, Vec::new(), Vec::new())?);
        }
        cx.stage(Stage::Neighbors, 0.3, |cx| Ok(self.knn.fit_with(k, &self.metric, self.seed, x, cx)?))
    }

    /// The affinities of a neighbor graph.
    pub(crate) fn affinities(&self, near: &KnnGraph, cx: &mut Context<'_>) -> Result<Affinities> {
        if near.n() == 0 {
            return Err(Error::NoRows);
        }
        cx.stage(Stage::Graph, 0.05, |cx| self.affinity.joint(near, cx))
    }

    /// A map of the rows of a neighbor graph.
    ///
    /// # Errors
    /// As [`Tsne::fit_graph_with`].
    pub fn fit_graph(&self, graph: &KnnGraph) -> Result<TsneModel> {
        self.fit_graph_with(graph, None, &mut Context::new())
    }

    /// As [`Tsne::fit_graph`], watched and cancelled through `cx`. With `data`, the vectors that the graph was made from,
    /// principal components can be the initial positions.
    ///
    /// # Errors
    /// [`Error::InvalidParam`], [`Error::NoRows`], [`Error::InitShape`], [`Error::NegativeDistance`], [`Error::Diverged`],
    /// [`Error::Core`] for values that are not finite, `Error::Pca` and [`Error::Eigen`] from the initialization,
    /// [`Error::Cancelled`].
    pub fn fit_graph_with(
        &self,
        graph: &KnnGraph,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<TsneModel> {
        let (model, report) = cx.record(|cx| {
            cx.run(|cx| {
                let mut run = self.start_graph_with(graph, data, cx)?;
                run.go(u32::MAX, cx)?;
                Ok::<_, Error>(run.finish())
            })
        });
        let mut model = model??;
        model.report = report;
        Ok(model)
    }

    /// A map of affinities that are there already, however they were made: laid out by several parameters, say, without
    /// searching again. [`Tsne::affinity`](crate::Tsne::affinity) takes no part. Principal components as the initial
    /// positions need the vectors, `data`; without them, the spectral ones are taken.
    ///
    /// ```
    /// use planisphere_core::{Context, CounterRng, Matrix};
    /// use planisphere_knn::Exact;
    /// use planisphere_tsne::{Affinities, Affinity, Tsne};
    ///
    /// let r = CounterRng::new(1, "example").at(0, 0);
    /// let x = Matrix::from_vec(60, 4, (0..240).map(|i| r.normal(i)).collect())?;
    /// let near = Exact::new(30).fit(&x)?;
    ///
    /// let p = Affinities::from_graph(&near, &Affinity::Perplexity(10.0))?;
    /// let plain = Tsne::new().fit_affinities(p.clone(), Some(x.view()), &mut Context::new())?;
    /// let tight = Tsne::new().exaggeration(4.0).fit_affinities(p, Some(x.view()), &mut Context::new())?;
    /// assert!(plain.divergence() < tight.divergence());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tsne::fit_graph_with`].
    pub fn fit_affinities(
        &self,
        affinities: Affinities,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<TsneModel> {
        self.check()?;
        self.check_data(affinities.matrix().rows(), data)?;
        let (model, report) = cx.record(|cx| {
            cx.run(|cx| {
                let mut run = self.begin(affinities, 0, data, cx)?;
                run.go(u32::MAX, cx)?;
                Ok::<_, Error>(run.finish())
            })
        });
        let mut model = model??;
        model.report = report;
        Ok(model)
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
}

#[cfg(feature = "knn")]
impl Reducer for Tsne {
    type Model = TsneModel;
    type Error = Error;

    fn fit(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<TsneModel> {
        self.fit_with(x, cx)
    }
}

impl Embedded for TsneModel {
    fn embedding(&self) -> &Matrix {
        self.embedding()
    }

    fn into_embedding(self) -> Matrix {
        self.into_embedding()
    }
}
