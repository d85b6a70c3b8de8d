//! Reorders, and their log.

use super::error::{QueueError, Result};
use super::handle::Queue;
use super::tables::{Class, LogRow, Stop, Tables, corrupt, count, counter, kind, natural};
use super::types::{Change, LogEntry, Moved};
use planisphere_database::redb::{self, ReadableTable};
use std::collections::HashSet;

/// Items in a part of what a reorder moved.
const PART: usize = 4096;
/// Bytes of an item in it: its number, its key before.
const MOVE: usize = 12;

/// An item's number and its key before it was moved.
pub(super) type Move = (u32, i64);

/// An entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) kind: u8,
    pub(super) at: u64,
    pub(super) ids: u64,
    pub(super) unknown: u64,
    /// Of a reorder: the key that its first item got; each next one is one more.
    pub(super) first: i64,
    /// Of a reorder: the one below it on the stack on which it is: of those done, or of those undone.
    pub(super) below: u64,
    /// Of others: the reorder that they are about.
    pub(super) about: u64,
    pub(super) undone: bool,
    pub(super) who: String,
    pub(super) note: String,
}

impl Entry {
    pub(super) fn get(log: &impl ReadableTable<u64, LogRow>, number: u64) -> Result<Self, redb::Error> {
        let row = log.get(number)?.ok_or_else(|| corrupt("an entry is missing in the log"))?;
        Ok(Self::from_row(row.value()))
    }

    pub(super) fn from_row(row: (u8, u64, u64, u64, i64, u64, u64, bool, &str, &str)) -> Self {
        let (kind, at, ids, unknown, first, below, about, undone, who, note) = row;
        let (who, note) = (who.to_owned(), note.to_owned());
        Self { kind, at, ids, unknown, first, below, about, undone, who, note }
    }

    fn told(self, number: u64) -> Result<LogEntry, redb::Error> {
        let change = match self.kind {
            kind::REORDER => Change::Reorder { ids: self.ids, unknown: self.unknown, undone: self.undone },
            kind::UNDO => Change::Undo { entry: self.about },
            kind::REDO => Change::Redo { entry: self.about },
            _ => return Err(corrupt("an entry of an unknown kind")),
        };
        Ok(LogEntry { number, at: self.at, who: self.who, note: self.note, change })
    }
}

/// The items that a reorder moved.
pub(super) fn moves(
    table: &impl ReadableTable<(u64, u32), &'static [u8]>,
    entry: u64,
) -> Result<Vec<Move>, redb::Error> {
    let mut moves = Vec::new();
    for row in table.range((entry, 0)..=(entry, u32::MAX))? {
        let (_, bytes) = row?;
        let (rows, rest) = bytes.value().as_chunks::<MOVE>();
        if !rest.is_empty() {
            return Err(corrupt("a part of a reorder is cut off"));
        }
        moves.extend(rows.iter().map(|row| {
            let [a, b, c, d, key @ ..] = *row;
            (u32::from_le_bytes([a, b, c, d]), i64::from_le_bytes(key))
        }));
    }
    Ok(moves)
}

impl Tables<'_> {
    pub(super) fn put(&mut self, number: u64, e: &Entry) -> Result<(), redb::Error> {
        let row = (e.kind, e.at, e.ids, e.unknown, e.first, e.below, e.about, e.undone, &*e.who, &*e.note);
        self.log.insert(number, row)?;
        Ok(())
    }

    pub(super) fn put_moves(&mut self, entry: u64, moves: &[Move]) -> Result<(), redb::Error> {
        let mut bytes = Vec::with_capacity(PART.min(moves.len()) * MOVE);
        for (part, moves) in (0..).zip(moves.chunks(PART)) {
            bytes.clear();
            for (number, key) in moves {
                bytes.extend_from_slice(&number.to_le_bytes());
                bytes.extend_from_slice(&key.to_le_bytes());
            }
            self.moves.insert((entry, part), bytes.as_slice())?;
        }
        Ok(())
    }

    /// Takes the reorder off the top of one stack, puts it on the other and its items where they belong then; returns
    /// its number. `None` if there is none.
    fn turn(&mut self, undo: bool, at: u64, who: &str, note: &str) -> Result<Option<u64>, redb::Error> {
        let (source, target) = if undo { (counter::DONE, counter::UNDONE) } else { (counter::UNDONE, counter::DONE) };
        let top = natural(&self.counters, source)?;
        if top == 0 {
            return Ok(None);
        }
        let mut entry = Entry::get(&self.log, top)?;
        for ((number, before), place) in moves(&self.moves, top)?.into_iter().zip(0..) {
            let key = entry.first.saturating_add(place);
            // Some may have been removed since.
            if self.items.get(number)?.is_some() {
                self.change(number, |item| item.key = if undo { before } else { key })?;
            }
        }
        // Items now stand where others were passed.
        self.forget_all_runs()?;
        let below = natural(&self.counters, target)?;
        self.set(source, entry.below as i64)?;
        self.set(target, top as i64)?;
        (entry.below, entry.undone) = (below, undo);
        self.put(top, &entry)?;
        let own = Entry {
            kind: if undo { kind::UNDO } else { kind::REDO },
            at,
            ids: 0,
            unknown: 0,
            first: 0,
            below: 0,
            about: top,
            undone: false,
            who: who.to_owned(),
            note: note.to_owned(),
        };
        let number = self.next(counter::ENTRY)? + 1;
        self.put(number, &own)?;
        Ok(Some(top))
    }
}

/// Orders.
impl Queue {
    /// Puts items in front, in the order given, and notes it in the log with who did it and why. The others stay in
    /// their order behind them: what [`apply`](crate::apply()) gives. Ids that the queue does not hold are told; those
    /// that come again count once. Finished items are put in front, too, but nobody is given them.
    ///
    /// What was undone before can then no longer be done again.
    ///
    /// The cost goes by the number of items moved, not by that of the queue.
    ///
    /// # Errors
    /// [`QueueError::Full`] after 2⁶³ moves, and errors of the file.
    pub fn reorder<S: AsRef<str>>(&self, new_order: &[S], who: &str, note: &str) -> Result<Moved> {
        self.write(|tables| {
            let now = self.now();
            let mut told = Moved { entry: 0, moved: 0, finished: 0, unknown: Vec::new() };
            let (mut seen, mut chosen) = (HashSet::new(), Vec::new());
            for id in new_order.iter().map(AsRef::as_ref).filter(|id| seen.insert(*id)) {
                match tables.ids.get(id)? {
                    Some(number) => chosen.push(number.value()),
                    None => told.unknown.push(id.to_owned()),
                }
            }
            let front = count(&tables.counters, counter::FRONT)?;
            let first = i64::try_from(chosen.len()).ok().and_then(|n| front.checked_sub(n));
            let first = first.ok_or_else(|| self.full("moves"))?;
            let mut moves = Vec::with_capacity(chosen.len());
            for (number, key) in chosen.into_iter().zip(first..) {
                let mut before = 0;
                let item = tables.change(number, |item| before = std::mem::replace(&mut item.key, key))?;
                moves.push((number, before));
                told.finished += u64::from(item.class() == Class::Finished);
            }
            tables.set(counter::FRONT, first)?;
            told.entry = tables.next(counter::ENTRY)? + 1;
            told.moved = moves.len() as u64;
            let below = natural(&tables.counters, counter::DONE)?;
            let entry = Entry {
                kind: kind::REORDER,
                at: now,
                ids: told.moved,
                unknown: told.unknown.len() as u64,
                first,
                below,
                about: 0,
                undone: false,
                who: who.to_owned(),
                note: note.to_owned(),
            };
            tables.put(told.entry, &entry)?;
            tables.put_moves(told.entry, &moves)?;
            tables.set(counter::DONE, told.entry as i64)?;
            tables.set(counter::UNDONE, 0)?;
            Ok(told)
        })
    }

    /// Undoes the last reorder that is not undone, and returns its number in the log; `None` if there is none. Like an
    /// editor's: called again, it undoes the one before.
    ///
    /// The items of that reorder go back to where they stood, so that the order is what it would be without it: items
    /// that were added since keep their places behind all others, those that were removed since stay away. The log
    /// keeps the reorder, and gets an entry for this.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn undo(&self, who: &str, note: &str) -> Result<Option<u64>> {
        self.write_if(|tables| {
            let now = self.now();
            let turned = tables.turn(true, now, who, note)?;
            Ok((turned, turned.is_some()))
        })
    }

    /// Does the reorder again that was undone last, and returns its number in the log; `None` if there is none, or if
    /// there was another reorder since. It moves the items that it moved before, to where it moved them.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn redo(&self, who: &str, note: &str) -> Result<Option<u64>> {
        self.write_if(|tables| {
            let now = self.now();
            let turned = tables.turn(false, now, who, note)?;
            Ok((turned, turned.is_some()))
        })
    }

    /// All reorders, and what was undone and done again, the oldest first.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn log(&self) -> Result<Vec<LogEntry>> {
        self.read(|view| {
            let entry = |row: Result<_, redb::StorageError>| {
                let (number, row): (redb::AccessGuard<'_, u64>, redb::AccessGuard<'_, LogRow>) = row?;
                Entry::from_row(row.value()).told(number.value())
            };
            view.log.iter()?.map(entry).collect::<Result<_, redb::Error>>().map_err(Stop::from)
        })
    }

    pub(super) fn full(&self, what: &'static str) -> QueueError {
        QueueError::Full { path: self.path().to_owned(), what }
    }
}
