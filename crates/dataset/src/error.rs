//! What can go wrong, with the place where it did.

use crate::names::{listed, shown};

/// Why a table could not be read, or a result not written.
///
/// `file` is the path as it was given, or the name passed to [`TableReader::read_from`](crate::TableReader::read_from).
/// Lines count from 1 and are the lines of the file, also where quoted cells hold line breaks: a record has the line
/// on which it starts. Excerpts of cells are shortened. `Display` is always one line.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened.
    #[error("{file}: cannot open: {source}")]
    Open {
        /// The file.
        file: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Reading failed on the way.
    #[error("{file}: cannot read: {source}")]
    Read {
        /// The file.
        file: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The name of the file does not end in a known extension.
    #[error("{file}: {} {}", match .extension {
        Some(e) => format!("unknown file type .{}; known are", shown(e)),
        None => "the name has no extension; known are".to_owned(),
    }, crate::Format::known())]
    Extension {
        /// The file.
        file: String,
        /// Its extension, without the dot.
        extension: Option<String>,
    },
    /// The text is in an encoding other than UTF-8, by its byte order mark.
    #[error("{file}: the text is {encoding}; save it as UTF-8")]
    Encoding {
        /// The file.
        file: String,
        /// The encoding that the byte order mark stands for.
        encoding: &'static str,
    },
    /// Bytes that are not UTF-8.
    #[error("{file}, line {line}{}: not valid UTF-8", match .column {
        Some(c) => format!(", column {:?}", shown(c)),
        None => String::new(),
    })]
    Utf8 {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column, where the columns are known.
        column: Option<String>,
    },
    /// There is nothing in the file.
    #[error("{file}: the file is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// There are columns but no rows.
    #[error("{file}: there are no rows")]
    NoRows {
        /// The file.
        file: String,
    },
    /// Two columns have one name.
    #[error("{file}: columns {first} and {second} are both named {:?}", shown(.column))]
    DuplicateColumn {
        /// The file.
        file: String,
        /// The name.
        column: String,
        /// Place of the first of them, from 1.
        first: usize,
        /// Place of the second of them, from 1.
        second: usize,
    },
    /// A column that was asked for does not exist.
    #[error("{file}: no column {:?} (asked for as {role}){}; the columns are {}", shown(.column), match .suggestion {
        Some(s) => format!(", did you mean {:?}?", shown(s)),
        None => String::new(),
    }, listed(.known))]
    UnknownColumn {
        /// The file.
        file: String,
        /// What it was asked for: `text`, `id`, `label` or `vectors`.
        role: &'static str,
        /// The name that was asked for.
        column: String,
        /// The columns that exist. In JSONL, the fields of the first object.
        known: Vec<String>,
        /// The column whose name comes nearest, if one comes near.
        suggestion: Option<String>,
    },
    /// One column was asked for as vectors and as something else.
    #[error("{file}: column {:?} is asked for both as vectors and as {role}", shown(.column))]
    ColumnConflict {
        /// The file.
        file: String,
        /// The name.
        column: String,
        /// The other thing that it was asked for.
        role: &'static str,
    },
    /// The numbered vector columns have a hole.
    #[error("{file}: vector columns {:?} to {:?} exist, but {:?} does not", shown(.first), shown(.last), shown(.missing))]
    VectorGap {
        /// The file.
        file: String,
        /// The vector column with the lowest number.
        first: String,
        /// The vector column with the highest number.
        last: String,
        /// The first column that is missing.
        missing: String,
    },
    /// The table has neither texts nor vectors.
    #[error("{file}: neither texts nor vectors: looked for {looked_for}; the columns are {}", listed(.known))]
    NothingToRead {
        /// The file.
        file: String,
        /// What was looked for.
        looked_for: String,
        /// The columns that exist. In JSONL, the fields of the first object.
        known: Vec<String>,
    },
    /// Texts, ids or labels were asked for from a file that holds numbers only.
    #[error("{file}: a .npy file holds vectors only, but {asked_for}")]
    VectorsOnly {
        /// The file.
        file: String,
        /// What was asked for.
        asked_for: String,
    },
    /// A row has more or fewer cells than the header.
    #[error("{file}, line {line}: {got} cells, but the header has {expected}")]
    Ragged {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Cells of the header.
        expected: usize,
        /// Cells of this row.
        got: usize,
    },
    /// A quoted cell is never closed, so that it swallows the rest of the file.
    #[error("{file}, line {line}: a quote opens in this row and never closes")]
    UnclosedQuote {
        /// The file.
        file: String,
        /// Line on which the row starts, from 1.
        line: u64,
    },
    /// A value that every row needs is missing: no cell content, no field, or `null`.
    #[error("{file}, line {line}, column {:?}: the value is missing", shown(.column))]
    MissingValue {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: String,
    },
    /// Something other than a number in a vector column.
    #[error("{file}, line {line}, column {:?}: {:?} is not a number", shown(.column), shown(.value))]
    Number {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        value: String,
    },
    /// A number that is NaN, infinite, or too large for 32 bits.
    #[error("{file}, line {line}, column {:?}: {} is not a finite 32-bit number", shown(.column), shown(.value))]
    NonFinite {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        value: String,
    },
    /// A vector has another length than the first one.
    #[error("{file}, line {line}, column {:?}: a vector of {got} values, but the first one has {expected}", shown(.column))]
    VectorLength {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// Length of the first vector.
        expected: usize,
        /// Length of this one.
        got: usize,
    },
    /// The vectors have no values at all.
    #[error("{file}, line {line}, column {:?}: a vector without values", shown(.column))]
    EmptyVector {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: String,
    },
    /// Broken JSON, in a line of a JSONL file or in a vector cell.
    #[error("{file}, line {line}{}: broken JSON at byte {at}: {reason}", match .column {
        Some(c) => format!(", column {:?}", shown(c)),
        None => String::new(),
    })]
    Json {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column, if it is known.
        column: Option<String>,
        /// Byte within the line, or within the cell, from 1.
        at: usize,
        /// What is wrong.
        reason: String,
    },
    /// JSON of the wrong kind, for example a string among the numbers of a vector.
    #[error("{file}, line {line}, column {:?}: {reason}", shown(.column))]
    JsonType {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What was found and what was expected.
        reason: String,
    },
    /// A line of a JSONL file holds something other than an object.
    #[error("{file}, line {line}: {found} instead of an object; JSONL has one object a line")]
    NotAnObject {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// What stands there.
        found: &'static str,
    },
    /// A field stands twice in one object.
    #[error("{file}, line {line}: the field {:?} stands there twice", shown(.field))]
    DuplicateField {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The field.
        field: String,
    },
    /// Two rows have one id.
    #[error("{file}: lines {first} and {second} have the same id {:?}", shown(.id))]
    DuplicateId {
        /// The file.
        file: String,
        /// The id.
        id: String,
        /// Line of the first row with it, from 1.
        first: u64,
        /// Line of the second row with it, from 1.
        second: u64,
    },
    /// The file does not begin as a NumPy file does.
    #[error("{file}: not a NumPy .npy file (it does not begin with \\x93NUMPY)")]
    NpyMagic {
        /// The file.
        file: String,
    },
    /// The header of a .npy file cannot be understood.
    #[error("{file}: broken .npy header: {reason}")]
    NpyHeader {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The array holds something other than the numbers that can be read.
    #[error("{file}: cannot read values of type {}; known are little-endian f2 f4 f8, i1 to i8, u1 to u8, and b1", shown(.dtype))]
    NpyDtype {
        /// The file.
        file: String,
        /// NumPy's name of the type, such as `>f4` or `<U12`.
        dtype: String,
    },
    /// The array is not a matrix of n rows × d columns that fits into memory.
    #[error("{file}: an array of shape {shape:?}: {problem}")]
    NpyShape {
        /// The file.
        file: String,
        /// The shape in the header.
        shape: Vec<u64>,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file ends before the array does.
    #[error("{file}: truncated: {rows} × {cols} values take {expected} bytes, but {got} follow the header")]
    NpyTruncated {
        /// The file.
        file: String,
        /// Rows in the header.
        rows: u64,
        /// Columns in the header.
        cols: u64,
        /// Bytes that the values take.
        expected: u64,
        /// Bytes that are there.
        got: u64,
    },
    /// The file goes on after the array.
    #[error("{file}: the file goes on after the {rows} × {cols} values of its header")]
    NpyTrailing {
        /// The file.
        file: String,
        /// Rows in the header.
        rows: u64,
        /// Columns in the header.
        cols: u64,
    },
    /// A value of an array is NaN, infinite, or too large for 32 bits.
    #[error("{file}: row {row}, column {column} (from 0): {value} is not a finite 32-bit number")]
    NpyNonFinite {
        /// The file.
        file: String,
        /// Row, from 0 as in NumPy.
        row: usize,
        /// Column, from 0 as in NumPy.
        column: usize,
        /// The value.
        value: f64,
    },
    /// The folder that should hold a new file does not exist, or is not a folder.
    #[error("{file}: cannot write: {folder} is not a folder")]
    NoFolder {
        /// The file that should have been written.
        file: String,
        /// The folder.
        folder: String,
    },
    /// The path to be written is a folder, or has no file name.
    #[error("{file}: cannot write: this is a folder, not a file")]
    IsFolder {
        /// The path.
        file: String,
    },
    /// Writing failed. What stood under this name before is untouched.
    #[error("{file}: cannot write: {source}")]
    Write {
        /// The file.
        file: String,
        /// The reason.
        source: std::io::Error,
    },
    /// Things to be written together differ in length.
    #[error("{file}: cannot write: {got} {what}, where {expected} are needed")]
    Lengths {
        /// The file.
        file: String,
        /// What there are too many or too few of.
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// A row id is too large for the 32-bit signed integers of the file.
    #[error("{file}: cannot write: row id {id} at position {at} is larger than {}", i32::MAX)]
    IdTooLarge {
        /// The file.
        file: String,
        /// Place in the list, from 0.
        at: usize,
        /// The id.
        id: u32,
    },
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
