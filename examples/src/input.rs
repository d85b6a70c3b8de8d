//! From what stands on the command line to texts, vectors and models.

use crate::Failure;
use planisphere::core::{Context, Matrix, Stage};
use planisphere::dataset::{Table, TableReader, Vectors};
use planisphere::embed::{Encoder, EncoderOptions, LoadOptions};
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

/// The vectors of a table's texts, if it has no others.
///
/// # Errors
/// The model's and the encoder's.
pub fn embedded(table: &Table, model: &str, cx: &mut Context<'_>) -> Result<Option<Matrix>, Failure> {
    match (table.vectors(), table.texts()) {
        (None, Some(texts)) => {
            let encoder = load_model(model, &LoadOptions::new(), EncoderOptions::new(), cx)?;
            Ok(Some(encode(&encoder, texts, cx)?))
        }
        _ => Ok(None),
    }
}

/// Loads the embedding model of this name: `builtin`, `minilm`, a directory, a static model file, or a name on the hub. What is loaded
/// can be chosen for directories.
///
/// # Errors
/// The model's.
pub fn load_model(
    name: &str,
    load: &LoadOptions,
    options: EncoderOptions,
    cx: &mut Context<'_>,
) -> Result<Encoder, Failure> {
    let is_dir = Path::new(name).is_dir();
    if *load != LoadOptions::default() && !is_dir {
        return Err(Failure::Usage(format!("--head and --precision are for models in folders, which {name} is not")));
    }
    let encoder = staged(cx, Stage::Load, |_| {
        Ok(match name {
            "builtin" => Encoder::builtin()?,
            "minilm" => from_hub("sentence-transformers/all-MiniLM-L6-v2")?,
            _ if is_dir => Encoder::from_dir_with(name, load)?,
            _ if Path::new(name).is_file() => Encoder::from_static_file(name)?,
            _ => from_hub(name)?,
        })
    })?;
    Ok(encoder.with_options(options)?)
}

#[cfg(feature = "hub")]
fn from_hub(name: &str) -> Result<Encoder, Failure> {
    Ok(Encoder::from_hub(name)?)
}

#[cfg(not(feature = "hub"))]
fn from_hub(name: &str) -> Result<Encoder, Failure> {
    Err(Failure::Usage(format!(
        "embedding model {name}: there is no such folder or file, and models by name need a build with --features hub"
    )))
}

/// Encodes texts, as a timed stage.
///
/// # Errors
/// The encoder's.
pub fn encode(encoder: &Encoder, texts: &[String], cx: &mut Context<'_>) -> Result<Matrix, Failure> {
    staged(cx, Stage::Embed, |cx| Ok(encoder.encode_with(texts, cx)?))
}
