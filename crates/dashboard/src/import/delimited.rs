//! CSV and TSV.

use super::error::{Error, Result};
use super::{Rows, is_vector};
use crate::config::ItemProperties;
use serde_json::{Map, Number, Value};
use std::path::Path;

pub(super) fn read(path: &Path, delimiter: u8, names: &ItemProperties) -> Result<Rows> {
    let wrong = |line, problem: String| Error::Line { path: path.to_owned(), line, problem };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_path(path).map_err(|e| of_csv(path, e))?;
    let header: Vec<String> = reader.headers().map_err(|e| of_csv(path, e))?.iter().map(clean).collect();
    if let Some((_, twice)) = header.iter().enumerate().find(|(i, name)| header[..*i].contains(name)) {
        return Err(wrong(1, format!("there are two columns {twice}")));
    }
    let mut cells: Vec<(u64, csv::StringRecord)> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| of_csv(path, e))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() == 1 && record[0].trim().is_empty() && header.len() > 1 {
            continue;
        }
        if record.len() != header.len() {
            let (n, s) = (record.len(), if record.len() == 1 { "cell" } else { "cells" });
            return Err(wrong(line, format!("{n} {s} where there are {} columns", header.len())));
        }
        cells.push((line, record));
    }
    // Ids and texts are what they look like; so are codes such as 007, and columns in which anything else stands.
    let is_text = |name: &String| *name == names.id_key || *name == names.text_key || name == "vector";
    let numeric: Vec<bool> = (0..header.len())
        .map(|i| {
            let mut values = cells.iter().map(|(_, row)| &row[i]).filter(|v| !v.trim().is_empty()).peekable();
            !is_text(&header[i])
                && values.peek().is_some()
                && values.all(|v| number(v, is_vector(&header[i])).is_some())
        })
        .collect();
    let value = |i: usize, text: &str| match numeric[i] {
        true => number(text, is_vector(&header[i])).map(Value::Number),
        false => {
            (!text.trim().is_empty() || header[i] == names.text_key || header[i] == names.id_key).then(|| text.into())
        }
    };
    let row = |record: &csv::StringRecord| -> Map<String, Value> {
        record.iter().enumerate().filter_map(|(i, text)| Some((header[i].clone(), value(i, text)?))).collect()
    };
    Ok(cells.iter().map(|(line, record)| (*line, row(record))).collect())
}

/// The name of a column, without the mark that some programs put at the start of files.
fn clean(name: &str) -> String {
    name.trim_start_matches('\u{feff}').trim().to_owned()
}

/// A number that is written as one; of vectors, in whatever way.
fn number(text: &str, any: bool) -> Option<Number> {
    let text = text.trim();
    let number: Number = text.parse().ok()?;
    let plain = any || !text.trim_start_matches('-').starts_with('0') || text.contains('.') || text == "0";
    plain.then_some(number)
}

fn of_csv(path: &Path, e: csv::Error) -> Error {
    let line = e.position().map_or(1, csv::Position::line);
    match e.into_kind() {
        csv::ErrorKind::Io(source) => Error::Read { path: path.to_owned(), source },
        csv::ErrorKind::Utf8 { err, .. } => Error::Line { path: path.to_owned(), line, problem: err.to_string() },
        other => Error::Line { path: path.to_owned(), line, problem: format!("{other:?}") },
    }
}
