//! What a run tells about itself: stages, times, warnings; and how it is cancelled.

use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The parts of a run that are timed and shown on their own.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reading and parsing the input.
    Read,
    /// Loading a model.
    Load,
    /// Texts to vectors.
    Embed,
    /// Neighbor search.
    Neighbors,
    /// The weighted graph made from neighbors.
    Graph,
    /// Initial positions.
    Init,
    /// Optimizing positions.
    Layout,
    /// Principal component analysis.
    Pca,
    /// Labels of items and what annotators know, from their votes.
    Annotators,
    /// Scoring a map.
    Quality,
    /// Writing results.
    Write,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Load => "load",
            Self::Embed => "embed",
            Self::Neighbors => "neighbors",
            Self::Graph => "graph",
            Self::Init => "init",
            Self::Layout => "layout",
            Self::Pca => "pca",
            Self::Annotators => "annotators",
            Self::Quality => "quality",
            Self::Write => "write",
        })
    }
}

/// Something that a run did differently from what was asked, or that the user should know. Never an error.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Warning {
    /// More neighbors were asked for than there are other rows.
    #[error("n_neighbors = {requested} is more than the data allows; {used} used")]
    ClampedNeighbors {
        /// What was asked for.
        requested: usize,
        /// What was used.
        used: usize,
    },
    /// A perplexity is too large for the rows or neighbors that there are.
    #[error("perplexity = {requested} is more than the data allows; {used} used")]
    ClampedPerplexity {
        /// What was asked for.
        requested: f64,
        /// What was used.
        used: f64,
    },
    /// More components were asked for than the data has dimensions.
    #[error("n_components = {requested} is more than the data allows; {used} used, the rest is 0")]
    ClampedComponents {
        /// What was asked for.
        requested: usize,
        /// What was used.
        used: usize,
    },
    /// The neighbor graph falls apart into pieces that share no edge.
    #[error("the neighbor graph has {components} components; their relative places on the map mean little")]
    Disconnected {
        /// Number of connected components.
        components: usize,
    },
    /// An iterative method stopped before it met its tolerance; its best result is used.
    #[error("{what} stopped after {iterations} iterations before it met its tolerance")]
    NotConverged {
        /// The method.
        what: String,
        /// Iterations done.
        iterations: usize,
    },
    /// A method could not be used and another took its place.
    #[error("{what} could not be used ({reason}); {instead} used instead")]
    Fallback {
        /// The method asked for.
        what: String,
        /// Why not.
        reason: String,
        /// What was used.
        instead: String,
    },
    /// An approximate search found a smaller share of the neighbors than was asked for, by an estimate.
    #[error("neighbor search reached a recall of {reached:.3}, {wanted} was asked for")]
    LowRecall {
        /// The share found.
        reached: f64,
        /// What was asked for.
        wanted: f64,
    },
    /// All rows are equal, so there is no structure to show.
    #[error("all {rows} rows are equal; the map shows no structure")]
    AllEqual {
        /// Number of rows.
        rows: usize,
    },
    /// Rows without any content, for example blank texts; they get a zero vector.
    #[error("{rows} rows are empty and got a zero vector (the first is row {first})")]
    EmptyRows {
        /// How many.
        rows: usize,
        /// The first of them, counted from 0.
        first: usize,
    },
    /// Texts longer than the model reads; their ends were ignored.
    #[error("{texts} texts are longer than the {max_tokens} tokens that the model reads; their ends are ignored")]
    Truncated {
        /// How many.
        texts: usize,
        /// The model's limit.
        max_tokens: usize,
    },
}

/// What a run chose by itself, and why.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What there was a choice of: the stage, for example `neighbors`.
    pub what: String,
    /// What was chosen.
    pub choice: String,
    /// Why, or what came of it.
    pub reason: String,
}

impl Decision {
    /// A decision.
    pub fn new(what: impl Into<String>, choice: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { what: what.into(), choice: choice.into(), reason: reason.into() }
    }
}

/// How long a stage took.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// Wall seconds.
    pub seconds: f64,
}

/// Stage times, warnings and decisions of a run, in the order in which they happened.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Finished stages.
    pub stages: Vec<StageTime>,
    /// Warnings.
    pub warnings: Vec<Warning>,
    /// What was chosen.
    pub decisions: Vec<Decision>,
}

impl Report {
    /// Adds what `other` tells, after what stands here.
    pub fn extend(&mut self, other: &Self) {
        self.stages.extend(other.stages.iter().cloned());
        self.warnings.extend(other.warnings.iter().cloned());
        self.decisions.extend(other.decisions.iter().cloned());
    }

    /// Seconds of all runs of `stage` together.
    pub fn seconds(&self, stage: Stage) -> f64 {
        self.stages.iter().filter(|s| s.stage == stage).map(|s| s.seconds).sum()
    }
}

/// A switch that stops a run from another thread, or from a signal handler. Clones share one switch.
///
/// Runs look at it between blocks of work, mostly every few milliseconds, and end with [`Cancelled`]. A single dense
/// decomposition (PCA of thousands of columns) is not interrupted.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every run that holds this token to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`CancelToken::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// `Err` once cancelled, to be used with `?`.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}

/// The run was stopped by its [`CancelToken`] or by its observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;
