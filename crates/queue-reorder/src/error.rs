//! What can be wrong with a request.

/// The kinds of JSON values, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A text.
    String,
    /// A list.
    Array,
    /// An object.
    Object,
}

impl From<&serde_json::Value> for Kind {
    fn from(v: &serde_json::Value) -> Self {
        match v {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(_) => Self::Boolean,
            serde_json::Value::Number(_) => Self::Number,
            serde_json::Value::String(_) => Self::String,
            serde_json::Value::Array(_) => Self::Array,
            serde_json::Value::Object(_) => Self::Object,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "a list",
            Self::Object => "an object",
        })
    }
}

/// What is wrong with selections or with a request.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The request is not JSON.
    #[error("line {line}, column {column}: {message}")]
    Json {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// A value is of another kind than it has to be.
    #[error("{at}: expected {expected}, found {found}")]
    Expected {
        /// Where, for example `selections[1].instance_ids[0]`.
        at: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: Kind,
    },
    /// A member has a name that requests do not know.
    #[error("{at}: unknown; known here: {known}")]
    Unknown {
        /// Where, for example `selections[0].priorty`.
        at: String,
        /// The names that are known there.
        known: &'static str,
    },
    /// The request has no `selections`, or an empty list of them.
    #[error("no selections provided")]
    NoSelections,
    /// A parameter has a value that means nothing here.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// The parameter.
        param: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        reason: &'static str,
    },
    /// There is not one of these for each item.
    #[error("there are {got} {what} for {expected} items")]
    Lengths {
        /// What there should be one of for each item.
        what: &'static str,
        /// Number of items.
        expected: usize,
        /// Number of these.
        got: usize,
    },
    /// A score cannot be compared or computed with.
    #[error("{what} of item {item} is {value}: {reason}")]
    Score {
        /// The score, for example `score` or `component 1`.
        what: String,
        /// The item, counted from 0.
        item: usize,
        /// The value given.
        value: f64,
        /// What is allowed.
        reason: &'static str,
    },
    /// A position is not that of an item.
    #[error("there is no item {position} among {items}, counted from 0")]
    NoSuchItem {
        /// The position given.
        position: usize,
        /// Number of items.
        items: usize,
    },
    /// An item stands twice where each may stand once.
    #[error("item {position} stands twice in the ranking")]
    RankedTwice {
        /// Position of the item in the queue, counted from 0.
        position: usize,
    },
    /// Two items have the same id.
    #[error("items {first} and {second} have the same id {id:?}")]
    DuplicateId {
        /// The id.
        id: String,
        /// Position of the one, counted from 0.
        first: usize,
        /// Position of the other.
        second: usize,
    },
    /// A vector holds a value that is not finite, there are too many rows, or no thread pool can be started.
    #[error(transparent)]
    Core(#[from] planisphere_core::Error),
    /// The run was cancelled.
    #[error(transparent)]
    Cancelled(#[from] planisphere_core::Cancelled),
    /// A priority is not a finite number, so it cannot be compared.
    #[error("selections[{selection}].priority = {value}: must be a finite number")]
    Priority {
        /// Position of the group, counted from 0.
        selection: usize,
        /// The priority given.
        value: f64,
    },
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
