//! JSON files of a model, with errors that name file, key and value.

use crate::error::{Error, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A JSON file and where it came from.
#[derive(Debug)]
pub(crate) struct JsonFile {
    path: PathBuf,
    value: Value,
}

impl JsonFile {
    /// Reads a file that has to be there.
    pub(crate) fn read(path: &Path, needed: &'static str) -> Result<Self> {
        Self::parse(path, &crate::files::read(path, needed)?)
    }

    /// Reads a file that may be missing.
    pub(crate) fn read_if_there(path: &Path) -> Result<Option<Self>> {
        match crate::files::read(path, "") {
            Ok(bytes) => Self::parse(path, &bytes).map(Some),
            Err(Error::Missing { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let value = serde_json::from_slice(bytes).map_err(|e| Error::Json {
            path: path.to_owned(),
            line: e.line(),
            column: e.column(),
            reason: e.to_string(),
        })?;
        Ok(Self { path: path.to_owned(), value })
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// The value of the first of `keys` that is there and not `null`.
    pub(crate) fn find(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().filter_map(|k| self.value.get(k)).find(|v| !v.is_null())
    }

    /// An error about the value of a key, by the first of its names.
    pub(crate) fn error(&self, keys: &[&str], reason: impl Into<String>) -> Error {
        Error::Config {
            path: self.path.clone(),
            key: keys.first().copied().unwrap_or_default().to_owned(),
            value: self.find(keys).unwrap_or(&Value::Null).to_string(),
            reason: reason.into(),
        }
    }

    /// A whole number of at least 1, under any of its names.
    pub(crate) fn size(&self, keys: &[&str]) -> Result<usize> {
        self.find(keys)
            .and_then(Value::as_u64)
            .and_then(|n| u32::try_from(n).ok())
            .filter(|&n| n > 0)
            .map(|n| n as usize)
            .ok_or_else(|| self.error(keys, "must be a whole number of at least 1"))
    }

    /// A whole number, or `default` where there is none.
    pub(crate) fn size_or(&self, keys: &[&str], default: usize) -> Result<usize> {
        match self.find(keys) {
            None => Ok(default),
            Some(v) => v
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
                .map(|n| n as usize)
                .ok_or_else(|| self.error(keys, "must be a whole number")),
        }
    }

    pub(crate) fn bool_or(&self, key: &str, default: bool) -> Result<bool> {
        match self.find(&[key]) {
            None => Ok(default),
            Some(v) => v.as_bool().ok_or_else(|| self.error(&[key], "must be true or false")),
        }
    }

    pub(crate) fn string_or<'a>(&'a self, keys: &[&str], default: &'a str) -> Result<&'a str> {
        match self.find(keys) {
            None => Ok(default),
            Some(v) => v.as_str().ok_or_else(|| self.error(keys, "must be a string")),
        }
    }
}
