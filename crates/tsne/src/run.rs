//! A fit that is taken step by step.

use crate::affinity::Affinities;
use crate::attraction::Bonds;
use crate::error::{Error, Result};
use crate::init;
use crate::layout::{Layout, Mutual};
use crate::model::TsneModel;
use crate::params::{LOOK_EVERY, Repulsion, Tsne};
use crate::repulsion::field;
#[cfg(feature = "knn")]
use planisphere_core::Vectors;
use planisphere_core::{Context, Decision, KnnGraph, Matrix, MatrixView, Report, Stage};

/// Rows of a line from which on interpolation is faster than all pairs. Trees are inaccurate there.
const FFT_ON_A_LINE: usize = 1500;
/// Rows of a plane from which on a tree is faster than all pairs.
const TREE_IN_A_PLANE: usize = 1000;
/// Rows of a plane from which on interpolation is faster than a tree.
const FFT_IN_A_PLANE: usize = 10_000;
/// Rows in space from which on a tree is faster than all pairs.
const TREE_IN_SPACE: usize = 2000;
/// Rows from which on interpolation is near enough: fewer lie so far from each other that its errors are as large as what
/// they feel.
const FFT_LEAST: usize = 200;

/// A layout that can be watched, paused and ended early: [`Tsne::start`] makes affinities and initial positions,
/// [`TsneRun::step`] goes on by some iterations, [`TsneRun::finish`] gives the model. However the iterations are divided into
/// steps, the map is that of [`Tsne::fit`], bit for bit.
///
/// ```
/// use planisphere_core::{CounterRng, Matrix};
/// use planisphere_tsne::Tsne;
///
/// let r = CounterRng::new(1, "example").at(0, 0);
/// let x = Matrix::from_vec(50, 4, (0..200).map(|i| r.normal(i)).collect())?;
///
/// let tsne = Tsne::new().perplexity(8.0).early_exaggeration_iter(50).n_iter(100);
/// let mut run = tsne.start(&x)?;
/// while !run.is_done() {
///     run.step(60)?;
///     println!("{} of {}: {:?}", run.iteration(), run.iterations(), run.embedding().row(0));
/// }
/// assert_eq!(run.finish().embedding(), tsne.fit(&x)?.embedding());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TsneRun {
    model: TsneModel,
    /// Nothing for a single row, which has its place.
    layout: Option<Box<dyn Layout>>,
    /// The least divergence seen by the checks for progress, and when.
    best: Option<(f64, u32)>,
    converged: bool,
}

impl std::fmt::Debug for TsneRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TsneRun")
            .field("iteration", &self.iteration())
            .field("iterations", &self.iterations())
            .finish_non_exhaustive()
    }
}

impl TsneRun {
    /// Iterations done, early ones counted.
    pub fn iteration(&self) -> u32 {
        self.layout.as_ref().map_or(0, |l| l.iteration())
    }

    /// Iterations in all.
    pub fn iterations(&self) -> u32 {
        self.layout.as_ref().map_or(0, |_| self.model.params.iterations())
    }

    /// Whether all iterations are done, or the map stopped getting better ([`Tsne::min_grad_norm`],
    /// [`Tsne::n_iter_without_progress`]).
    pub fn is_done(&self) -> bool {
        self.converged || self.iteration() == self.iterations()
    }

    /// The positions now: n × n_components.
    pub fn embedding(&self) -> MatrixView<'_> {
        self.layout.as_ref().map_or(self.model.embedding.view(), |l| l.positions())
    }

    /// The affinities that are laid out.
    pub fn affinities(&self) -> &Affinities {
        self.model.affinities()
    }

    /// The Kullback-Leibler divergence of the positions now; see [`TsneModel::divergence`]. Costs about an iteration.
    pub fn divergence(&mut self) -> f64 {
        let (entropy, dof) = (self.model.affinities.entropy(), self.model.params.dof);
        self.layout.as_mut().map_or(0.0, |l| l.divergence(-entropy, dof))
    }

    /// Goes on by `iterations`, or as many as are left.
    ///
    /// # Errors
    /// As [`TsneRun::step_with`].
    pub fn step(&mut self, iterations: u32) -> Result<()> {
        self.step_with(iterations, &mut Context::new())
    }

    /// As [`TsneRun::step`], watched and cancelled through `cx`. Its observer is told the positions after every iteration.
    ///
    /// # Errors
    /// [`Error::Core`] if no thread pool can be started: one is with every call, unless the threads are the current ones.
    /// [`Error::Diverged`], after which the positions are the last finite ones; [`Error::Cancelled`], after which the run can
    /// go on from its last whole iteration. The run is looked at between iterations: of one with [`Repulsion::Exact`] and many
    /// rows, which takes seconds, the end is waited for.
    pub fn step_with(&mut self, iterations: u32, cx: &mut Context<'_>) -> Result<()> {
        let (done, report) = cx.record(|cx| cx.run(|cx| self.go(iterations, cx)));
        self.model.report.extend(&report);
        done?
    }

    pub(crate) fn go(&mut self, iterations: u32, cx: &mut Context<'_>) -> Result<()> {
        if self.layout.is_none() {
            return Ok(());
        }
        let end = self.iterations().min(self.iteration().saturating_add(iterations));
        cx.stage(Stage::Layout, 0.6, |cx| {
            self.keep();
            while self.iteration() < end && !self.converged {
                cx.check()?;
                self.iterate(cx)?;
            }
            Ok(())
        })
    }

    fn iterate(&mut self, cx: &mut Context<'_>) -> Result<()> {
        let Self { model, layout: Some(layout), best, converged } = self else { return Ok(()) };
        let TsneModel { params, affinities, divergences, .. } = model;
        let gradient = layout.iterate(params)?;
        let now = layout.iteration();
        let asked = params.divergence_every.is_some_and(|every| now % every == 0);
        let late = now > params.early_exaggeration_iter && now % LOOK_EVERY == 0;
        let progress = params.n_iter_without_progress.filter(|_| late);
        let value = (asked || progress.is_some()).then(|| layout.divergence(-affinities.entropy(), params.dof));
        if let Some(value) = value {
            if asked {
                divergences.push((now, value));
            }
            if let Some(patience) = progress {
                if best.is_none_or(|b| value < b.0) {
                    *best = Some((value, now));
                }
                *converged |= best.is_some_and(|b| now - b.1 > patience);
            }
        }
        // scikit-learn's gradient has the factor 4 of the formula.
        *converged |= late && params.min_grad_norm.is_some_and(|least| 4.0 * gradient <= f64::from(least));
        if *converged {
            cx.decide(Decision::new("iterations", now.to_string(), "the map did not get better any more"));
        }
        self.keep();
        // Last of all: an observer may end the run here, which then goes on as if nobody had asked.
        let Some(layout) = &self.layout else { return Ok(()) };
        if cx.is_observed() {
            cx.epoch(now, self.model.params.iterations(), layout.positions())?;
        }
        if let Some(value) = value.filter(|_| asked) {
            cx.divergence(now, value)?;
        }
        Ok(())
    }

    /// Keeps a snapshot if one is wanted here.
    fn keep(&mut self) {
        let Self { model, layout: Some(layout), .. } = self else { return };
        let here = layout.iteration();
        if model.params.snapshots.contains(&here) && model.snapshots.last().is_none_or(|s| s.0 < here) {
            model.snapshots.push((here, layout.positions().to_matrix()));
        }
    }

    /// The model, with the positions that have been reached.
    pub fn finish(mut self) -> TsneModel {
        self.model.divergence = self.divergence();
        let Self { mut model, layout, .. } = self;
        if let Some(layout) = layout {
            model.embedding = layout.positions().to_matrix();
        }
        model
    }
}

impl Tsne {
    /// Neighbors, affinities and initial positions of the rows of `x` (n × d), to be laid out step by step.
    ///
    /// # Errors
    /// As [`Tsne::fit_with`].
    #[cfg(feature = "knn")]
    pub fn start<'m>(&self, x: impl Into<Vectors<'m>>) -> Result<TsneRun> {
        self.start_with(x, &mut Context::new())
    }

    /// As [`Tsne::start`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`Tsne::fit_with`].
    #[cfg(feature = "knn")]
    pub fn start_with<'m>(&self, x: impl Into<Vectors<'m>>, cx: &mut Context<'_>) -> Result<TsneRun> {
        let vectors = x.into();
        self.check()?;
        self.recorded_run(cx, |cx| {
            let x = vectors.view();
            let near = self.neighbors(x, cx)?;
            let affinities = self.affinities(&near, cx)?;
            let mut run = self.begin(affinities, near.k(), Some(x), cx)?;
            if self.keep_vectors {
                // Last of all, when the search for neighbors no longer holds memory.
                run.model.known = planisphere_knn::Known::from_vectors(vectors.into_shared());
            }
            Ok(run)
        })
    }

    /// As [`Tsne::start`], of the rows of a neighbor graph; with the vectors `data` if they are known, as in
    /// [`Tsne::fit_graph_with`].
    ///
    /// # Errors
    /// As [`Tsne::fit_graph_with`].
    pub fn start_graph_with(
        &self,
        graph: &KnnGraph,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<TsneRun> {
        self.check()?;
        self.check_data(graph.n(), data)?;
        self.recorded_run(cx, |cx| {
            let affinities = self.affinities(graph, cx)?;
            self.begin(affinities, graph.k(), data, cx)
        })
    }

    pub(crate) fn recorded_run(
        &self,
        cx: &mut Context<'_>,
        f: impl FnOnce(&mut Context<'_>) -> Result<TsneRun> + Send,
    ) -> Result<TsneRun> {
        let (run, report) = cx.record(|cx| cx.run(f));
        let mut run = run??;
        run.model.report = report;
        Ok(run)
    }

    /// Initial positions for affinities that have been checked or made here.
    pub(crate) fn begin(
        &self,
        affinities: Affinities,
        neighbors: usize,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<TsneRun> {
        let n = affinities.matrix().rows();
        if n == 0 {
            return Err(Error::NoRows);
        }
        let repulsion = self.resolved(n);
        cx.decide(Decision::new(
            "repulsion",
            format!("{repulsion:?}"),
            format!("{n} rows, {} dimensions", self.n_components),
        ));
        let start = cx.stage(Stage::Init, 0.05, |cx| init::initial(self, &affinities, data, cx))?;
        // A single row has its place.
        let (layout, embedding) = if n == 1 {
            (None, start)
        } else {
            let layout = self.layout(repulsion, Bonds::new(affinities.matrix()), &start);
            (Some(layout), Matrix::zeros(0, self.n_components))
        };
        let kept = layout.is_none() && self.snapshots.contains(&0);
        let model = TsneModel {
            params: self.clone(),
            snapshots: if kept { vec![(0, embedding.clone())] } else { Vec::new() },
            embedding,
            affinities,
            neighbors,
            repulsion,
            divergence: 0.0,
            divergences: Vec::new(),
            #[cfg(feature = "knn")]
            known: planisphere_knn::Known::default(),
            report: Report::default(),
        };
        Ok(TsneRun { model, layout, best: None, converged: false })
    }

    /// What [`Repulsion::Auto`] means for `n` rows.
    pub(crate) fn resolved(&self, n: usize) -> Repulsion {
        match (self.repulsion, self.n_components) {
            (Repulsion::Auto, 1) if n >= FFT_ON_A_LINE => Repulsion::FFT,
            (Repulsion::Auto, 2) if n >= FFT_IN_A_PLANE => Repulsion::FFT,
            (Repulsion::Auto, 2) if n >= TREE_IN_A_PLANE => Repulsion::BARNES_HUT,
            (Repulsion::Auto, 3) if n >= TREE_IN_SPACE => Repulsion::BARNES_HUT,
            (Repulsion::Auto, _) => Repulsion::Exact,
            (Repulsion::Fft { .. }, _) if n < FFT_LEAST => Repulsion::Exact,
            (other, _) => other,
        }
    }

    fn layout(&self, repulsion: Repulsion, bonds: Bonds, y: &Matrix) -> Box<dyn Layout> {
        match self.n_components {
            1 => self.layout_in::<1>(repulsion, bonds, y),
            2 => self.layout_in::<2>(repulsion, bonds, y),
            _ => self.layout_in::<3>(repulsion, bonds, y),
        }
    }

    fn layout_in<const D: usize>(&self, repulsion: Repulsion, bonds: Bonds, y: &Matrix) -> Box<dyn Layout> {
        Box::new(Mutual::<D>::new(bonds, field(repulsion, self.dof, 0.0), y))
    }
}
