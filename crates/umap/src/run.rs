//! A fit that is taken step by step.

use crate::curve::find_ab;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::model::{Fuzzy, UmapModel};
use crate::params::Umap;
use crate::{graph, init};
#[cfg(feature = "knn")]
use planisphere_core::Vectors;
use planisphere_core::{Context, Csr, KnnGraph, Matrix, MatrixView, Report, Stage};
#[cfg(feature = "knn")]
use planisphere_knn::Known;

/// A layout that can be watched, paused and ended early: [`Umap::start`] makes the graph and the initial positions,
/// [`UmapRun::step`] goes on by some epochs, [`UmapRun::finish`] gives the model. However the epochs are divided into steps,
/// the map is that of [`Umap::fit`], bit for bit.
///
/// ```
/// use planisphere_core::{CounterRng, Matrix};
/// use planisphere_umap::Umap;
///
/// let r = CounterRng::new(1, "example").at(0, 0);
/// let x = Matrix::from_vec(50, 4, (0..200).map(|i| r.normal(i)).collect())?;
///
/// let umap = Umap::new().n_neighbors(8).n_epochs(100);
/// let mut run = umap.start(&x)?;
/// while !run.is_done() {
///     run.step(30)?;
///     println!("{} of {}: {:?}", run.epoch(), run.epochs(), run.embedding().row(0));
/// }
/// assert_eq!(run.finish().embedding(), umap.fit(&x)?.embedding());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct UmapRun {
    /// All but the embedding, and what has been seen of it.
    model: UmapModel,
    /// Nothing for a single row, which has its place.
    layout: Option<Layout>,
}

impl UmapRun {
    /// Epochs done.
    pub fn epoch(&self) -> u32 {
        self.layout.as_ref().map_or(0, Layout::epoch)
    }

    /// Epochs in all.
    pub fn epochs(&self) -> u32 {
        self.layout.as_ref().map_or(0, Layout::epochs)
    }

    /// Whether all epochs are done.
    pub fn is_done(&self) -> bool {
        self.epoch() == self.epochs()
    }

    /// The positions now: n × n_components.
    pub fn embedding(&self) -> &Matrix {
        self.layout.as_ref().map_or(&self.model.embedding, Layout::positions)
    }

    /// The fuzzy graph that is laid out, as in [`UmapModel::graph`].
    pub fn graph(&self) -> &Csr {
        self.model.graph()
    }

    /// Goes on by `epochs`, or as many as are left.
    ///
    /// # Errors
    /// As [`UmapRun::step_with`].
    pub fn step(&mut self, epochs: u32) -> Result<()> {
        self.step_with(epochs, &mut Context::new())
    }

    /// As [`UmapRun::step`], watched and cancelled through `cx`. Its observer is told the positions after every epoch.
    ///
    /// # Errors
    /// [`Error::Core`] if no thread pool can be started: one is with every call, unless the threads are the current ones.
    /// [`Error::Diverged`]; [`Error::Cancelled`]. After either the run is as it was after its last whole, finite epoch.
    pub fn step_with(&mut self, epochs: u32, cx: &mut Context<'_>) -> Result<()> {
        let (done, report) = cx.record(|cx| cx.run(|cx| self.go(epochs, cx)));
        self.model.report.extend(&report);
        done?
    }

    pub(crate) fn go(&mut self, epochs: u32, cx: &mut Context<'_>) -> Result<()> {
        let Self { model, layout } = self;
        let Some(layout) = layout else { return Ok(()) };
        cx.stage(Stage::Layout, 0.45, |cx| take(layout, epochs, model, cx))
    }

    /// The model, with the positions that have been reached.
    pub fn finish(self) -> UmapModel {
        let Self { mut model, layout } = self;
        if let Some(layout) = layout {
            model.embedding = layout.into_positions();
        }
        model
    }
}

/// Takes steps that end at each snapshot on the way.
fn take(layout: &mut Layout, epochs: u32, model: &mut UmapModel, cx: &mut Context<'_>) -> Result<()> {
    let end = layout.epochs().min(layout.epoch().saturating_add(epochs));
    let UmapModel { params, snapshots, .. } = model;
    loop {
        let here = layout.epoch();
        if params.snapshots.contains(&here) && snapshots.last().is_none_or(|s| s.0 < here) {
            snapshots.push((here, layout.positions().clone()));
        }
        if here == end {
            return Ok(());
        }
        let next = params.snapshots.iter().copied().filter(|&s| s > here).min().unwrap_or(end);
        layout.step(next.min(end) - here, cx)?;
    }
}

impl Umap {
    /// Neighbors, graph and initial positions of the rows of `x` (n × d), to be laid out step by step.
    ///
    /// # Errors
    /// As [`Umap::fit_with`].
    #[cfg(feature = "knn")]
    pub fn start<'m>(&self, x: impl Into<Vectors<'m>>) -> Result<UmapRun> {
        self.start_with(x, &mut Context::new())
    }

    /// As [`Umap::start`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`Umap::fit_with`].
    #[cfg(feature = "knn")]
    pub fn start_with<'m>(&self, x: impl Into<Vectors<'m>>, cx: &mut Context<'_>) -> Result<UmapRun> {
        let vectors = x.into();
        self.check()?;
        self.recorded_run(cx, |cx| {
            let x = vectors.view();
            let neighbors = self.neighbors(x, None, cx)?;
            let graph = self.fuzzy(&neighbors, None, cx)?;
            let mut run = self.begin(graph, Some(x), cx)?;
            if self.keep_vectors {
                run.model.known = Known::from_vectors(vectors.into_shared());
            }
            Ok(run)
        })
    }

    /// As [`Umap::start`], of the rows of a neighbor graph; with the vectors `data` if they are known, as in
    /// [`Umap::fit_graph_with`].
    ///
    /// # Errors
    /// As [`Umap::fit_graph_with`].
    pub fn start_graph_with(
        &self,
        graph: &KnnGraph,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<UmapRun> {
        self.check()?;
        self.check_data(graph.n(), data)?;
        self.recorded_run(cx, |cx| {
            let graph = self.fuzzy(graph, None, cx)?;
            self.begin(graph, data, cx)
        })
    }

    fn recorded_run(
        &self,
        cx: &mut Context<'_>,
        f: impl FnOnce(&mut Context<'_>) -> Result<UmapRun> + Send,
    ) -> Result<UmapRun> {
        let (run, report) = cx.record(|cx| cx.run(f));
        let mut run = run??;
        run.model.report = report;
        Ok(run)
    }

    /// Initial positions for a fuzzy graph that has been checked or made here.
    pub(crate) fn begin(&self, fuzzy: Fuzzy, data: Option<MatrixView<'_>>, cx: &mut Context<'_>) -> Result<UmapRun> {
        let Fuzzy { graph, neighbors, both_ends } = fuzzy;
        let n = graph.rows();
        if n == 0 {
            return Err(Error::NoRows);
        }
        let ab = self.ab.map_or_else(|| find_ab(self.spread, self.min_dist), Ok)?;
        let layout = if n == 1 {
            None
        } else {
            cx.stage(Stage::Init, 0.1, |cx| {
                let pruned = graph::prune(&graph, self.pruning_epochs(n))?;
                let y = init::initial(self, &pruned, data, cx)?;
                Ok::<_, Error>(Some(Layout::new(self, &pruned, ab, both_ends, y)?))
            })?
        };
        let embedding = Matrix::zeros(if layout.is_none() { n } else { 0 }, self.n_components);
        // A layout keeps its own.
        let kept = layout.is_none() && self.snapshots.contains(&0);
        let snapshots = if kept { vec![(0, embedding.clone())] } else { Vec::new() };
        let model = UmapModel {
            params: self.clone(),
            embedding,
            snapshots,
            graph,
            ab,
            neighbors,
            #[cfg(feature = "knn")]
            known: Known::default(),
            report: Report::default(),
        };
        Ok(UmapRun { model, layout })
    }
}
