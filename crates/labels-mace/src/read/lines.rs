//! Files line by line, and records of cells.

use super::ReadProblem;
use crate::error::{Error, Result};
use csv_core::{ReadRecordResult, Terminator};
use std::io::BufRead;

/// Lines of a text. No more than one record is held.
pub(super) struct Lines<R> {
    reader: R,
    /// Lines read so far.
    line: u64,
    /// With the line break.
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, line: 0, buffer: Vec::new() }
    }

    /// Number of the last line read, from 1; 0 before the first.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Appends the next line to the buffer, always with a line break at its end.
    fn append(&mut self) -> Result<bool> {
        let start = self.buffer.len();
        let line = self.line + 1;
        let io = |source| at(line, ReadProblem::Io { source });
        self.reader.read_until(b'\n', &mut self.buffer).map_err(io)?;
        if self.line == 0 && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        if self.buffer.len() == start {
            return Ok(false);
        }
        self.line = line;
        if std::str::from_utf8(&self.buffer[start..]).is_err() {
            return Err(at(line, ReadProblem::Utf8));
        }
        if self.buffer.last() != Some(&b'\n') {
            self.buffer.push(b'\n');
        }
        Ok(true)
    }

    /// The next line without its line break (`\n` or `\r\n`).
    pub(super) fn next(&mut self) -> Result<Option<&str>> {
        self.buffer.clear();
        if !self.append()? {
            return Ok(None);
        }
        let text = self.text()?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        Ok(Some(text.strip_suffix('\r').unwrap_or(text)))
    }

    fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.buffer).map_err(|_| at(self.line, ReadProblem::Utf8))
    }
}

pub(super) fn at(line: u64, problem: ReadProblem) -> Error {
    Error::Read { file: None, line: Some(line), problem }
}

/// A record.
pub(super) enum Record<'a> {
    /// A line with nothing in it but spaces.
    Blank,
    /// Cells.
    Cells(Cells<'a>),
}

/// The cells of a record; at least one.
pub(super) struct Cells<'a> {
    text: &'a str,
    ends: &'a [usize],
    /// Line on which they begin, from 1.
    pub(super) line: u64,
}

impl<'a> Cells<'a> {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A cell without the spaces around it.
    pub(super) fn get(&self, i: usize) -> &'a str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        self.text[start..self.ends[i]].trim()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).map(|i| self.get(i))
    }
}

/// Records of separated cells, which may be quoted as in RFC 4180 and then hold separators, quotes and line breaks.
pub(super) struct Records<R> {
    lines: Lines<R>,
    parser: csv_core::Reader,
    delimiter: char,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(reader: R, delimiter: u8) -> Self {
        // Lines come one by one, so that a carriage return is a space at the end of a cell.
        let parser = csv_core::ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build();
        let (cells, ends) = (Vec::new(), vec![0; 64]);
        Self { lines: Lines::new(reader), parser, delimiter: delimiter.into(), cells, ends }
    }

    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>> {
        self.lines.buffer.clear();
        if !self.lines.append()? {
            return Ok(None);
        }
        let line = self.lines.line;
        let delimiter = self.delimiter;
        if self.lines.text()?.chars().all(|c| c.is_whitespace() && c != delimiter) {
            return Ok(Some(Record::Blank));
        }
        self.parser.reset();
        let (mut read, mut written, mut ended) = (0, 0, 0);
        loop {
            // What is in quotes goes out as it came in or shorter.
            self.cells.resize(self.cells.len().max(self.lines.buffer.len()), 0);
            let input = &self.lines.buffer[read..];
            let (result, r, w, e) = self.parser.read_record(input, &mut self.cells[written..], &mut self.ends[ended..]);
            (read, written, ended) = (read + r, written + w, ended + e);
            match result {
                ReadRecordResult::Record => break,
                // All lines end in a line break, so one that does not end the record is in quotes.
                ReadRecordResult::InputEmpty => {
                    if !self.lines.append()? {
                        return Err(at(line, ReadProblem::UnclosedQuote));
                    }
                }
                ReadRecordResult::OutputFull => self.cells.resize(2 * self.cells.len() + 64, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::End => return Ok(None),
            }
        }
        let text = std::str::from_utf8(&self.cells[..written]).map_err(|_| at(line, ReadProblem::Utf8))?;
        Ok(Some(Record::Cells(Cells { text, ends: &self.ends[..ended], line })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Vec<String>> {
        let mut records = Records::new(text.as_bytes(), b',');
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            all.push(match record {
                Record::Blank => Vec::new(),
                Record::Cells(cells) => cells.iter().map(str::to_owned).collect(),
            });
        }
        all
    }

    #[test]
    fn cells_and_blank_lines() {
        assert_eq!(
            all("\u{feff}a, b \r\n\n  \r\n\"c,\nd\"\"e\",\n,f"),
            [vec!["a", "b"], vec![], vec![], vec!["c,\nd\"e", ""], vec!["", "f"]]
        );
        assert_eq!(all("\u{feff}"), Vec::<Vec<String>>::new());
        assert_eq!(all("\"\"\nx\"y"), [vec![""], vec!["x\"y"]]);
    }

    #[test]
    fn many_and_long_cells() {
        let row: Vec<String> = (0..1000).map(|i| "x".repeat(i % 97)).collect();
        assert_eq!(all(&row.join(","))[0], row);
    }

    #[test]
    fn a_quote_that_stays_open() {
        let mut records = Records::new("a\nb,\"c\nd\n".as_bytes(), b',');
        records.next().unwrap();
        let e = records.next().map(|_| ()).unwrap_err();
        assert_eq!(e.to_string(), "line 2: a quote opens here and never closes");
    }

    #[test]
    fn bytes_that_are_no_text() {
        let mut records = Records::new(&b"a\n\"b\n\xff\"\n"[..], b',');
        records.next().unwrap();
        assert_eq!(records.next().map(|_| ()).unwrap_err().to_string(), "line 3: not valid UTF-8");
    }
}
