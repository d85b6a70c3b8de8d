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
