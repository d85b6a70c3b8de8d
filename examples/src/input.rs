//! From what stands on the command line to tables and vectors.

use crate::Failure;
use crate::encode::EncodeFlags;
use planisphere::core::{Context, Matrix, Stage};
use planisphere::dataset::{Table, TableReader, Vectors};
use std::path::Path;

/// A reader of the columns that were named. If texts are asked for, vectors are not.
pub fn reader(text: Option<&String>, id: Option<&String>, label: Option<&String>) -> TableReader {
    let mut reader = TableReader::new();
    if let Some(column) = text {
        reader = reader.text(column).vectors(Vectors::None);
    }
    if let Some(column) = id {
        reader = reader.id(column);
    }
    if let Some(column) = label {
        reader = reader.label(column);
    }
    reader
}

/// Reads a table, as a timed stage.
///
/// # Errors
/// The file's, with line and column.
pub fn read_table(reader: &TableReader, path: &Path, cx: &mut Context<'_>) -> Result<Table, Failure> {
    staged(cx, Stage::Read, |_| Ok(reader.read(path)?))
}

/// Runs `f` as a timed stage.
///
/// # Errors
/// What `f` returns; a cancelled run.
pub fn staged<R>(
    cx: &mut Context<'_>,
    stage: Stage,
    f: impl FnOnce(&mut Context<'_>) -> Result<R, Failure>,
) -> Result<R, Failure> {
    cx.stage(stage, 0.1, f)
}

/// The vectors of a table's texts, if it has no others, by the model of this name.
///
/// # Errors
/// The model's and the encoder's.
pub fn embedded(
    table: &Table,
    model: &str,
    flags: &EncodeFlags,
    cx: &mut Context<'_>,
) -> Result<Option<Matrix>, Failure> {
    match (table.vectors(), table.texts()) {
        (None, Some(texts)) => Ok(Some(flags.load(model, cx)?.encode(texts, cx)?)),
        _ => Ok(None),
    }
}
