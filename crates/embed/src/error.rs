//! Errors of encoders.

use planisphere_core::Cancelled;
use std::path::PathBuf;

/// What can go wrong when a model is loaded or texts are encoded.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter has a value that cannot be used.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// Name of the parameter.
        param: &'static str,
        /// The value given.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// A file or folder of the model is not there.
    #[error("{}: not found; {needed}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What it is needed for, and what can be done.
        needed: &'static str,
    },
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A configuration file is not the JSON that it should be.
    #[error("{}, line {line}, column {column}: {reason}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1 (0 if the reader could not tell).
        line: usize,
        /// Column, counted from 1 (0 if the reader could not tell).
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// A configuration file lacks a key or has a value that cannot be used.
    #[error("{}: {key} = {value}: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Its value as JSON, `null` where it is missing.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// The architecture of the model is not one of those built in.
    #[error("{}: model_type {model_type:?} is not supported (supported: {})", path.display(), supported.join(", "))]
    UnsupportedModel {
        /// The configuration file.
        path: PathBuf,
        /// The model type that it names.
        model_type: String,
        /// The model types that can be loaded.
        supported: &'static [&'static str],
    },
    /// A module of the sentence-transformers pipeline is not one of those built in, or not in its place.
    #[error("{}: module {module:?}: {reason} (supported: {})", path.display(), supported.join(", "))]
    UnsupportedModule {
        /// The file that names the module.
        path: PathBuf,
        /// Its type.
        module: String,
        /// What is wrong with it.
        reason: &'static str,
        /// The modules that can be loaded.
        supported: &'static [&'static str],
    },
    /// A weights file is truncated or malformed.
    #[error("{}: not a usable safetensors file: {reason}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The weights lack a tensor that the configuration calls for.
    #[error("{}: there is no tensor {name:?}", path.display())]
    MissingTensor {
        /// The weights file, or the first of several.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
    },
    /// A tensor does not have the shape or the type that the configuration calls for.
    #[error("{}: tensor {name:?} is {got}, expected {expected}", path.display())]
    TensorShape {
        /// The weights file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// What the configuration calls for.
        expected: String,
        /// What the file has.
        got: String,
    },
    /// A tokenizer file cannot be used.
    #[error("{}: not a usable tokenizer: {reason}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The tokenizer can produce ids for which the model has no vector.
    #[error("{}: token ids go up to {max_id}, but the model has only {rows} token vectors", path.display())]
    VocabularyTooLarge {
        /// The tokenizer file.
        path: PathBuf,
        /// Largest id of the tokenizer.
        max_id: usize,
        /// Rows of the model's embedding table.
        rows: usize,
    },
    /// A static model file is truncated, damaged or of another version.
    #[error("{name}: not a usable static model: {reason}")]
    StaticModel {
        /// The file, or `built-in`.
        name: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// A text cannot be split into tokens.
    #[error("text {row} cannot be tokenized: {reason}")]
    Tokenize {
        /// Position of the text, counted from 0.
        row: usize,
        /// What is wrong.
        reason: String,
    },
    /// A model cannot be put on a device: the build lacks the feature for it, or the machine has none such.
    #[error("device {device} cannot be used: {reason}")]
    Device {
        /// The device, as [`Device`](crate::Device) is written.
        device: String,
        /// What is missing, and what can be done.
        reason: String,
    },
    /// The tensor library failed, for example because a device has too little memory for a batch.
    #[error("the model cannot be evaluated: {reason}")]
    Compute {
        /// Its message.
        reason: String,
    },
    /// A model cannot be had from the hub.
    #[error("model {id:?} cannot be had from the hub: {reason}")]
    Hub {
        /// Name of the model.
        id: String,
        /// What is wrong, and what can be done.
        reason: String,
    },
    /// The vectors are not finite, as happens with damaged weights; or a thread pool could not be started.
    #[error(transparent)]
    Core(#[from] planisphere_core::Error),
    /// The run was stopped.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

#[cfg(feature = "transformers")]
impl From<candle_core::Error> for Error {
    fn from(e: candle_core::Error) -> Self {
        Self::Compute { reason: e.to_string() }
    }
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
