//! What can be wrong with a file.

/// Why a file could not be read. Where it is stands in [`Error::Read`](crate::Error::Read).
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ReadProblem {
    /// The file cannot be opened.
    #[error("cannot open: {source}")]
    Open {
        /// The system's reason.
        source: std::io::Error,
    },
    /// Reading failed on the way.
    #[error("cannot read: {source}")]
    Io {
        /// The system's reason.
        source: std::io::Error,
    },
    /// The name of the file does not tell what is in it.
    #[error("{}; known are .csv .tsv .jsonl .ndjson", match .extension {
        Some(e) => format!("unknown file type .{e}"),
        None => "the name has no extension".to_owned(),
    })]
    Extension {
        /// Its extension, without the dot.
        extension: Option<String>,
    },
    /// Bytes that are not UTF-8.
    #[error("not valid UTF-8")]
    Utf8,
    /// There is nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// No line has a cell, so there are no annotators.
    #[error("no annotators found")]
    NoAnnotators,
    /// There is no vote.
    #[error("no labels found")]
    NoLabels,
    /// A line has more or fewer cells than the lines before it.
    #[error("number of annotations differs from previous line: {got}, expected {expected}")]
    Cells {
        /// Cells of the lines before.
        expected: usize,
        /// Cells of this line.
        got: usize,
    },
    /// A row has more or fewer cells than the header.
    #[error("{got} cells, but the header has {expected}")]
    Columns {
        /// Cells of the header.
        expected: usize,
        /// Cells of this row.
        got: usize,
    },
    /// A quoted cell is never closed, so that it swallows the rest of the file.
    #[error("a quote opens here and never closes")]
    UnclosedQuote,
    /// A column has no name.
    #[error("column {column} has no name")]
    NoName {
        /// Its place, from 1.
        column: usize,
    },
    /// Two columns have one name.
    #[error("columns {first} and {second} are both named {name:?}")]
    SameName {
        /// The name.
        name: String,
        /// Place of the first of them, from 1.
        first: usize,
        /// Place of the second of them, from 1.
        second: usize,
    },
    /// A column that is needed does not exist.
    #[error("no column {column:?} (for the {role}); the columns are {}", .known.join(", "))]
    NoColumn {
        /// `item`, `annotator` or `label`.
        role: &'static str,
        /// The name that was looked for.
        column: String,
        /// The columns that there are.
        known: Vec<String>,
    },
    /// An item or annotator is not named, or a JSON object lacks a member.
    #[error("{column:?} is missing")]
    Missing {
        /// The column or member.
        column: String,
    },
    /// Broken JSON.
    #[error("broken JSON at byte {at}: {reason}")]
    Json {
        /// Byte within the line, from 1.
        at: usize,
        /// What is wrong.
        reason: String,
    },
    /// A line holds something other than an object.
    #[error("{found} instead of an object")]
    NotAnObject {
        /// What stands there.
        found: &'static str,
    },
    /// A member of an object is of a kind that cannot be a name or label.
    #[error("{member:?} is {found}")]
    JsonType {
        /// The member.
        member: String,
        /// What stands there.
        found: &'static str,
    },
    /// A member stands twice in one object.
    #[error("{member:?} stands there twice")]
    SameMember {
        /// The member.
        member: String,
    },
    /// A line of a file of priors is not a label, a tab and a weight.
    #[error("no tab: a line is a label, a tab and a weight")]
    NoTab,
    /// The weight of a label is not a number that can be one.
    #[error("weight {value:?} is not a finite number of at least 0")]
    Weight {
        /// What stands there.
        value: String,
    },
    /// All weights are 0.
    #[error("all weights are 0")]
    NoWeight,
    /// A label stands in two lines.
    #[error("label {label:?} stands in line {first} already")]
    SameLabel {
        /// The label.
        label: String,
        /// The first line with it, from 1.
        first: u64,
    },
    /// The vote is refused, for example because the annotator labeled the item before.
    #[error("{source}")]
    Refused {
        /// Why.
        source: Box<crate::Error>,
    },
}
