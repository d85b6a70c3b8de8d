//! Comma- and tab-separated values.

use crate::columns::{VectorColumns, resolve};
use crate::error::{Error, Result};
use crate::json;
use crate::lines::Lines;
use crate::names::{shown, shown_bytes};
use crate::reader::{BUFFER, TableReader};
use crate::rows::Rows;
use crate::table::Table;
use csv::ByteRecord;
use std::collections::HashMap;
use std::io::Read;

pub(crate) fn read(wanted: &TableReader, reader: impl Read, delimiter: u8, file: &str) -> Result<Table> {
    let mut records = Records::new(reader, delimiter, file);
    if !records.advance()? {
        return Err(Error::Empty { file: file.to_owned() });
    }
    let names = header(&records)?;
    let columns = resolve(wanted, &names, false, file)?;
    let mut rows = Rows::new(&columns);

    while records.advance()? {
        if records.record.len() != names.len() {
            return Err(Error::Ragged {
                file: file.to_owned(),
                line: records.line,
                expected: names.len(),
                got: records.record.len(),
            });
        }
        let row = Row { file, names: &names, line: records.line, record: &records.record };
        if let (Some((ids, lines)), Some(at)) = (&mut rows.ids, columns.id) {
            let id = row.text(at)?;
            if id.trim().is_empty() {
                return Err(row.missing(at));
            }
            ids.push(id.to_owned());
            lines.push(row.line);
        }
        if let (Some(texts), Some(at)) = (&mut rows.texts, columns.text) {
            texts.push(row.text(at)?.to_owned());
        }
        if let (Some(labels), Some(at)) = (&mut rows.labels, columns.label) {
            labels.push(Rows::label_of(row.text(at)?));
        }
        if let Some(values) = &mut rows.vectors {
            match &columns.vectors {
                VectorColumns::Components(places) => {
                    for &at in places {
                        values.push(row.number(at)?);
                    }
                }
                VectorColumns::Array(at) => row.array(*at, values, &mut rows.dims)?,
                VectorColumns::None => {}
            }
        }
        rows.end_row();
    }
    rows.finish(file)
}

/// The names in the header, of which those that are not blank must differ.
fn header<R: Read>(records: &Records<'_, R>) -> Result<Vec<String>> {
    let file = records.file.to_owned();
    let names: Vec<String> = records
        .record
        .iter()
        .map(|name| std::str::from_utf8(name).map(str::to_owned))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::Utf8 { file: file.clone(), line: records.line, column: None })?;
    let mut places = HashMap::with_capacity(names.len());
    for (at, name) in names.iter().enumerate().filter(|(_, name)| !name.trim().is_empty()) {
        if let Some(before) = places.insert(name.as_str(), at) {
            return Err(Error::DuplicateColumn { file, column: name.clone(), first: before + 1, second: at + 1 });
        }
    }
    Ok(names)
}

/// Records one after the other, each with the line on which it starts.
struct Records<'a, R> {
    csv: csv::Reader<Lines<R>>,
    record: ByteRecord,
    line: u64,
    file: &'a str,
}

impl<'a, R: Read> Records<'a, R> {
    fn new(reader: R, delimiter: u8, file: &'a str) -> Self {
        let csv = csv::ReaderBuilder::new()
            .has_headers(false)
            // Ragged rows are found here, with their lines.
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(BUFFER)
            .from_reader(Lines::new(reader));
        Self { csv, record: ByteRecord::new(), line: 0, file }
    }

    /// Reads the next record; `false` after the last one.
    fn advance(&mut self) -> Result<bool> {
        let more = self
            .csv
            .read_byte_record(&mut self.record)
            .map_err(|e| Error::Read { file: self.file.to_owned(), source: e.into() })?;
        if !more {
            return Ok(false);
        }
        let inside = self.record.as_slice().iter().filter(|&&b| b == b'\n').count() as u64;
        let end = self.csv.position().byte();
        let lines = self.csv.get_mut();
        if lines.swallowed_tail(end) {
            let line = lines.feeds_before(end) - inside + 1;
            return Err(Error::UnclosedQuote { file: self.file.to_owned(), line });
        }
        // The byte before `end` is the `\r` or `\n` that ends the record.
        self.line = lines.feeds_before(end - 1) - inside + 1;
        Ok(true)
    }
}

/// One row, with what errors need.
struct Row<'a> {
    file: &'a str,
    names: &'a [String],
    line: u64,
    record: &'a ByteRecord,
}

impl<'a> Row<'a> {
    fn cell(&self, at: usize) -> &'a [u8] {
        &self.record[at]
    }

    fn text(&self, at: usize) -> Result<&'a str> {
        std::str::from_utf8(self.cell(at)).map_err(|_| Error::Utf8 {
            file: self.file.to_owned(),
            line: self.line,
            column: Some(self.names[at].clone()),
        })
    }

    fn number(&self, at: usize) -> Result<f32> {
        let cell = self.cell(at).trim_ascii();
        if cell.is_empty() {
            return Err(self.missing(at));
        }
        let (file, line, column) = (|| self.file.to_owned(), self.line, || self.names[at].clone());
        let value = std::str::from_utf8(cell).ok().and_then(|text| text.parse::<f32>().ok());
        match value {
            Some(value) if value.is_finite() => Ok(value),
            Some(_) => Err(Error::NonFinite { file: file(), line, column: column(), value: shown_bytes(cell) }),
            None => Err(Error::Number { file: file(), line, column: column(), value: shown_bytes(cell) }),
        }
    }

    fn array(&self, at: usize, values: &mut Vec<f32>, dims: &mut Option<usize>) -> Result<()> {
        let cell = self.text(at)?.trim();
        if cell.is_empty() {
            return Err(self.missing(at));
        }
        json::array(cell, values, dims).map_err(|problem| problem.at(self.file, self.line, Some(&self.names[at])))
    }

    fn missing(&self, at: usize) -> Error {
        Error::MissingValue { file: self.file.to_owned(), line: self.line, column: shown(&self.names[at]) }
    }
}
