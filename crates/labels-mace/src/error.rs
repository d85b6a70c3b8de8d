//! Errors of labels and annotators.

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
    /// Numbers are needed, and a label is none.
    #[error("label {label:?} is not a number")]
    NotANumber {
        /// The label.
        label: String,
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
