//! Line numbers of CSV records.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Result};

/// Line feeds that are put after the end of the data.
const TAIL: u8 = 2;

/// A reader that remembers where the line feeds were, and puts two more after the end.
///
/// The `csv` crate gives byte offsets, but its line numbers lag behind after `\r\n` and after blank lines. Counting line
/// feeds by offset gives the true ones. The two extra ones are blank lines to a parser that has read its last record;
/// if it is inside a quoted cell, they become part of the cell, and so an unclosed quote shows.
pub(crate) struct Lines<R> {
    inner: R,
    tail_left: u8,
    /// Bytes handed out.
    delivered: u64,
    /// Offsets of line feeds that were handed out and not yet counted.
    feeds: VecDeque<u64>,
    /// Line feeds counted.
    counted: u64,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, tail_left: TAIL, delivered: 0, feeds: VecDeque::new(), counted: 0 }
    }

    /// Line feeds before `offset`, which must not fall from call to call.
    pub(crate) fn feeds_before(&mut self, offset: u64) -> u64 {
        while self.feeds.front().is_some_and(|&at| at < offset) {
            self.feeds.pop_front();
            self.counted += 1;
        }
        self.counted
    }

    /// Whether a record that ends before `offset` took in even the last of the extra line feeds.
    pub(crate) fn swallowed_tail(&self, offset: u64) -> bool {
        self.tail_left == 0 && offset == self.delivered
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut n = 0;
        if self.tail_left == TAIL {
            n = loop {
                match self.inner.read(buf) {
                    Err(e) if e.kind() == ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
        }
        if n == 0 && self.tail_left > 0 {
            self.tail_left -= 1;
            buf[0] = b'\n';
            n = 1;
        }
        for (at, _) in buf[..n].iter().enumerate().filter(|&(_, &b)| b == b'\n') {
            self.feeds.push_back(self.delivered + at as u64);
        }
        self.delivered += n as u64;
        Ok(n)
    }
}
