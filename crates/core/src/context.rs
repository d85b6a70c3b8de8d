//! How a run is watched, stopped and spread over threads.

use crate::error::{Error, Result};
use crate::matrix::MatrixView;
use crate::report::{CancelToken, Cancelled, Decision, Report, Stage, StageTime, Warning};
use std::ops::ControlFlow;
use std::time::Instant;

/// How many threads a run uses. Never affects its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Threads {
    /// The rayon pool of the caller: the global one, or the one whose `install` the caller is in.
    #[default]
    Current,
    /// A pool of exactly so many threads for this run (0 is taken as 1).
    Exactly(usize),
}

/// What an [`Observer`] is told.
#[non_exhaustive]
#[derive(Debug)]
pub enum Event<'a> {
    /// A stage begins. It may be part of another one.
    StageStarted {
        /// The stage.
        stage: Stage,
        /// Expected share of the time of the run, or of the stage that this one is part of.
        share: f32,
    },
    /// Progress inside the current stage.
    Progress {
        /// Units of work done.
        done: u64,
        /// Units of work in all.
        total: u64,
    },
    /// An epoch of an optimization is done.
    Epoch {
        /// Epochs done.
        epoch: u32,
        /// Epochs in all.
        total: u32,
        /// The positions now, n × n_components.
        embedding: MatrixView<'a>,
    },
    /// What an optimization makes small was computed.
    Divergence {
        /// Epochs done.
        epoch: u32,
        /// Its value: for t-SNE, the Kullback-Leibler divergence of the map from the affinities.
        value: f64,
    },
    /// A warning, which is also kept in the model's report.
    Warning(&'a Warning),
    /// The stage is done.
    StageFinished {
        /// The stage.
        stage: Stage,
    },
}

/// Watches a run. Called on the thread that orchestrates it, never from two at once.
///
/// Any `FnMut(&Event) -> ControlFlow<()> + Send` is an observer.
pub trait Observer: Send {
    /// Called for each event. Return [`ControlFlow::Break`] to cancel the run, and everything else that shares its
    /// [`CancelToken`].
    fn on_event(&mut self, event: &Event<'_>) -> ControlFlow<()>;
}

impl<F: FnMut(&Event<'_>) -> ControlFlow<()> + Send> Observer for F {
    fn on_event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self(event)
    }
}

/// Threads, observer, cancellation and report of a run. `Context::new()` is silent and uses the current rayon pool.
///
/// ```
/// use planisphere_core::{CancelToken, Context, Event, Threads};
/// use std::ops::ControlFlow;
///
/// let token = CancelToken::new();
/// let mut seen = 0;
/// let mut watch = |_: &Event<'_>| { seen += 1; ControlFlow::Continue(()) };
/// let mut cx = Context::new().threads(Threads::Exactly(2)).observer(&mut watch).cancel(&token);
/// let sum = cx.run(|cx| { cx.progress(1, 2)?; Ok::<_, planisphere_core::Cancelled>(40 + 2) });
/// assert_eq!(sum.unwrap().unwrap(), 42);
/// drop(cx);
/// assert_eq!(seen, 1);
/// ```
#[derive(Default)]
pub struct Context<'a> {
    observer: Option<&'a mut dyn Observer>,
    cancel: CancelToken,
    threads: Threads,
    /// Inside `run`: the pool is entered already.
    entered: bool,
    report: Report,
    open: Vec<(Stage, Instant)>,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("observer", &self.observer.is_some())
            .field("threads", &self.threads)
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

impl<'a> Context<'a> {
    /// A context without observer, on the current rayon pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends events to `observer`.
    #[must_use]
    pub fn observer(mut self, observer: &'a mut dyn Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Stops when `token` is cancelled.
    #[must_use]
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Sets the threads.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Runs `f` on this context's threads. Calls inside calls stay on the same pool.
    ///
    /// # Errors
    /// [`Error::Threads`] if the pool cannot be started. What `f` returns is passed on.
    pub fn run<R: Send>(&mut self, f: impl FnOnce(&mut Self) -> R + Send) -> Result<R> {
        match self.threads {
            Threads::Exactly(n) if !self.entered => {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(n.max(1))
                    .build()
                    .map_err(|e| Error::Threads { threads: n, reason: e.to_string() })?;
                self.entered = true;
                let r = pool.install(|| f(self));
                self.entered = false;
                Ok(r)
            }
            // Into the pool once, instead of with every parallel loop, if the caller is not one of its threads.
            _ => Ok(rayon::scope(|_| f(self))),
        }
    }

    /// Runs `f` as a stage: tells the observer, and notes its time in the report. `share` is the part of the time of
    /// the run, or of the stage around it, that it is expected to take. A stage that fails is not told as finished.
    ///
    /// # Errors
    /// What `f` returns, or [`Cancelled`].
    pub fn stage<R, E: From<Cancelled>>(
        &mut self,
        stage: Stage,
        share: f32,
        f: impl FnOnce(&mut Self) -> Result<R, E>,
    ) -> Result<R, E> {
        self.send(&Event::StageStarted { stage, share })?;
        self.open.push((stage, Instant::now()));
        let r = f(self);
        if let Some((stage, start)) = self.open.pop() {
            self.report.stages.push(StageTime { stage, seconds: start.elapsed().as_secs_f64() });
        }
        let r = r?;
        self.send(&Event::StageFinished { stage })?;
        Ok(r)
    }

    /// Runs `f` with a report of its own, which is returned and also added to this context's: the report of one model when
    /// several are made in one run.
    pub fn record<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> (R, Report) {
        let before = self.take_report();
        let r = f(self);
        let own = std::mem::replace(&mut self.report, before);
        self.report.extend(&own);
        (r, own)
    }

    /// Tells the observer about progress inside the current stage, and checks for cancellation.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn progress(&mut self, done: u64, total: u64) -> Result<(), Cancelled> {
        self.send(&Event::Progress { done, total })
    }

    /// Tells the observer that an epoch is done, and checks for cancellation.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn epoch(&mut self, epoch: u32, total: u32, embedding: MatrixView<'_>) -> Result<(), Cancelled> {
        self.send(&Event::Epoch { epoch, total, embedding })
    }

    /// Tells the observer the value of what an optimization makes small, and checks for cancellation.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn divergence(&mut self, epoch: u32, value: f64) -> Result<(), Cancelled> {
        self.send(&Event::Divergence { epoch, value })
    }

    /// Keeps a warning in the report and tells the observer.
    pub fn warn(&mut self, warning: Warning) {
        // A break in answer to a warning takes effect at the next check, through the token.
        let _ = self.send(&Event::Warning(&warning));
        self.report.warnings.push(warning);
    }

    /// Keeps a decision in the report.
    pub fn decide(&mut self, decision: Decision) {
        self.report.decisions.push(decision);
    }

    /// Whether anybody watches: building an event that costs something can be left out if not.
    pub fn is_observed(&self) -> bool {
        self.observer.is_some()
    }

    /// The token, to be checked from worker threads.
    pub fn token(&self) -> CancelToken {
        self.cancel.clone()
    }

    /// Checks for cancellation.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn check(&self) -> Result<(), Cancelled> {
        self.cancel.check()
    }

    /// What the run told so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Takes the report out, leaving an empty one.
    pub fn take_report(&mut self) -> Report {
        std::mem::take(&mut self.report)
    }

    fn send(&mut self, event: &Event<'_>) -> Result<(), Cancelled> {
        if let Some(o) = self.observer.as_deref_mut()
            && o.on_event(event).is_break()
        {
            self.cancel.cancel();
        }
        self.cancel.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_timed_and_told() {
        let mut log = Vec::new();
        let mut watch = |e: &Event<'_>| {
            log.push(format!("{e:?}").split(' ').next().unwrap_or_default().to_owned());
            ControlFlow::Continue(())
        };
        let mut cx = Context::new().observer(&mut watch);
        cx.stage(Stage::Graph, 0.5, |cx| {
            cx.warn(Warning::AllEqual { rows: 3 });
            Ok::<_, Cancelled>(())
        })
        .unwrap();
        let r = cx.take_report();
        assert_eq!(r.stages.len(), 1);
        assert_eq!(r.warnings, vec![Warning::AllEqual { rows: 3 }]);
        cx.warn(Warning::AllEqual { rows: 1 });
        let ((), own) = cx.record(|cx| cx.warn(Warning::AllEqual { rows: 2 }));
        assert_eq!(own.warnings, vec![Warning::AllEqual { rows: 2 }]);
        assert_eq!(cx.report().warnings.len(), 2);
        assert_eq!(log, ["StageStarted", "Warning(AllEqual", "StageFinished", "Warning(AllEqual", "Warning(AllEqual"]);
    }

    #[test]
    fn break_and_token_cancel() {
        let mut watch = |_: &Event<'_>| ControlFlow::Break(());
        assert_eq!(Context::new().observer(&mut watch).progress(0, 1), Err(Cancelled));
        let token = CancelToken::new();
        let mut cx = Context::new().cancel(&token);
        assert_eq!(cx.progress(0, 1), Ok(()));
        token.cancel();
        assert_eq!(cx.check(), Err(Cancelled));
        let r = cx.stage(Stage::Graph, 1.0, |_| Ok::<_, Cancelled>(()));
        assert_eq!(r, Err(Cancelled));
    }

    #[test]
    fn a_run_has_the_threads_asked_for_and_nests() {
        let mut cx = Context::new().threads(Threads::Exactly(3));
        let n = cx.run(|cx| cx.run(|_| rayon::current_num_threads()).unwrap()).unwrap();
        assert_eq!(n, 3);
        assert_eq!(Context::new().threads(Threads::Exactly(0)).run(|_| rayon::current_num_threads()).unwrap(), 1);
    }
}
