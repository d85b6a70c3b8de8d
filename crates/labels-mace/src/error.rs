//! Errors of labels and annotators.

use crate::read::ReadProblem;
use std::path::PathBuf;

/// Why annotations could not be read or labels not be found.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter has a value that means nothing.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// The parameter.
        param: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// There are no annotations to learn from.
    #[error("there are no annotations")]
    NoAnnotations,
    /// An annotator labeled an item twice.
    #[error("annotator {annotator:?} labeled item {item:?} twice: {first:?} and {second:?}")]
    Twice {
        /// The item.
        item: String,
        /// The annotator.
        annotator: String,
        /// The label that was there.
        first: String,
        /// The label that came after it.
        second: String,
    },
    /// A number does not stand for an item, an annotator or a label.
    #[error("annotation {annotation}: {what} {index}, there are {count}")]
    OutOfRange {
        /// Which annotation, counted from 0.
        annotation: usize,
        /// `item`, `annotator` or `label`.
        what: &'static str,
        /// The number.
        index: u32,
        /// It must be less than this.
        count: u32,
    },
    /// More items, annotators, labels or annotations than 32 bits can number.
    #[error("too many {what}: at most {most}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many are possible.
        most: u64,
    },
    /// A name that the annotations do not know.
    #[error("{what} {name:?} is not in the annotations")]
    Unknown {
        /// `item`, `annotator` or `label`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A label has no prior.
    #[error("there is no prior for label {label:?}")]
    MissingPrior {
        /// The label.
        label: String,
    },
    /// Of what was given before, and what belongs here, the numbers differ.
    #[error("{what}: {got}, expected {expected}")]
    Shape {
        /// What was counted.
        what: &'static str,
        /// What belongs there.
        expected: usize,
        /// What is there.
        got: usize,
    },
    /// A model could not be written or read.
    #[error(transparent)]
    File(#[from] planisphere_store::Error),
    /// A file of annotations, or of what goes with them, could not be read.
    #[error("{}{problem}", place(.file.as_deref(), *.line))]
    Read {
        /// The file, where it was opened here.
        file: Option<PathBuf>,
        /// Line, from 1, where the problem has one.
        line: Option<u64>,
        /// What is wrong.
        problem: ReadProblem,
    },
    /// An annotator has no weight.
    #[error("there is no weight for annotator {annotator:?}")]
    MissingWeight {
        /// The annotator.
        annotator: String,
    },
    /// A label is not the number, or of the order, that is needed.
    #[error("label {label:?} {reason}")]
    LabelValue {
        /// The label.
        label: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Items have different numbers of votes, where a measure needs the same for all.
    #[error("item {item:?} has {got} votes, others have {expected}")]
    UnequalVotes {
        /// The item.
        item: String,
        /// Votes of the first item that has any.
        expected: usize,
        /// Votes of this one.
        got: usize,
    },
    /// The run was cancelled.
    #[error(transparent)]
    Cancelled(#[from] planisphere_core::Cancelled),
    /// What the core refuses.
    #[error(transparent)]
    Core(#[from] planisphere_core::Error),
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn param(param: &'static str, value: impl ToString, reason: impl Into<String>) -> Self {
        Self::InvalidParam { param, value: value.to_string(), reason: reason.into() }
    }
}

/// `votes.csv, line 3: `, as much of it as is known.
fn place(file: Option<&std::path::Path>, line: Option<u64>) -> String {
    match (file, line) {
        (Some(file), Some(line)) => format!("{}, line {line}: ", file.display()),
        (Some(file), None) => format!("{}: ", file.display()),
        (None, Some(line)) => format!("line {line}: "),
        (None, None) => String::new(),
    }
}
