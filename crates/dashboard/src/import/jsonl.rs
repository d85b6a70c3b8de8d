//! One JSON object a line.

use super::Rows;
use super::error::{Error, Result};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

pub(super) fn read(path: &Path) -> Result<Rows> {
    let read = |source| Error::Read { path: path.to_owned(), source };
    let mut reader = BufReader::new(File::open(path).map_err(read)?);
    let (mut rows, mut bytes, mut line) = (Rows::new(), Vec::new(), 0);
    loop {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(read)? == 0 {
            return Ok(rows);
        }
        line += 1;
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes).trim_ascii();
        if text.is_empty() {
            continue;
        }
        let wrong = |problem: String| Error::Line { path: path.to_owned(), line, problem };
        match serde_json::from_slice(text).map_err(|e| wrong(e.to_string()))? {
            Value::Object(row) => rows.push((line, row)),
            _ => return Err(wrong("is no object".into())),
        }
    }
}
