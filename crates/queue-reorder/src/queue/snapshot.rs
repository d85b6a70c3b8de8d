//! All of a queue as one value, to be kept elsewhere, moved, or read by other programs.

use super::error::{QueueError, Result};
use super::handle::{Queue, state};
use super::order::{Entry, Move, moves};
use super::tables::{Item, Stop, Tables, counter, kind, natural};
use super::types::{ItemState, Lease, Mark};
use planisphere_database::redb::{self, ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The version of [`Snapshot`] that is written and read.
const VERSION: u32 = 1;

/// All that a queue knows, at one moment. It is for serde: in JSON or any other format.
///
/// What it means beside the names: items stand in the order of `place`, which is a number of any size and sign. A
/// reorder gave its items the places `first`, `first + 1` and so on; `moves` has the number of each item and its place
/// before, which undo takes it back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The version of this format: 1.
    pub version: u32,
    /// When it was made: milliseconds since 1970, UTC.
    pub at: u64,
    /// The items, in order.
    pub items: Vec<SnapshotItem>,
    /// The log of orders, the oldest first.
    pub log: Vec<SnapshotEntry>,
    /// The highest token that was ever given to a lease.
    pub last_token: u64,
}

/// An item of a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotItem {
    /// The item.
    pub id: String,
    /// The number by which the log knows it.
    pub number: u32,
    /// Its place.
    pub place: i64,
    /// How many annotators it needs.
    pub quota: u32,
    /// Who is done with it.
    pub completed: Vec<Mark>,
    /// Who does not want it.
    pub skipped: Vec<Mark>,
    /// Who has it.
    pub leases: Vec<Lease>,
}

/// An entry of the log in a [`Snapshot`]. Its number is its place in the log, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotEntry {
    /// When: milliseconds since 1970, UTC.
    pub at: u64,
    /// Who.
    pub who: String,
    /// What was noted.
    pub note: String,
    /// What was done.
    pub change: SnapshotChange,
}

/// What an entry of the log in a [`Snapshot`] is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SnapshotChange {
    /// Items were put in front.
    Reorder {
        /// How many ids the queue did not hold.
        unknown: u64,
        /// The place that the first item got.
        first: i64,
        /// The items' numbers and their places before.
        moves: Vec<(u32, i64)>,
    },
    /// A reorder was undone.
    Undo {
        /// Its number.
        entry: u64,
    },
    /// A reorder that was undone was done again.
    Redo {
        /// Its number.
        entry: u64,
    },
}

impl Default for Snapshot {
    /// That of an empty queue.
    fn default() -> Self {
        Self { version: VERSION, at: 0, items: Vec::new(), log: Vec::new(), last_token: 0 }
    }
}

/// Snapshots.
impl Queue {
    /// All that the queue knows, at one moment.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let mut at = 0;
        let snapshot = self.read(|view| {
            let now = self.now();
            at = now;
            let mut snapshot = Snapshot { last_token: natural(&view.counters, counter::TOKEN)?, ..Snapshot::default() };
            for row in view.order.iter()? {
                let number = row?.1.value();
                let (place, state) = state(view, number, now)?;
                let ItemState { id, quota, completed, skipped, leases } = state;
                snapshot.items.push(SnapshotItem { id, number, place, quota, completed, skipped, leases });
            }
            for row in view.log.iter()? {
                let (number, row) = row?;
                let Entry { kind, at, unknown, first, about, who, note, .. } = Entry::from_row(row.value());
                let change = match kind {
                    kind::REORDER => {
                        let moves = moves(&view.moves, number.value())?;
                        SnapshotChange::Reorder { unknown, first, moves }
                    }
                    kind::UNDO => SnapshotChange::Undo { entry: about },
                    _ => SnapshotChange::Redo { entry: about },
                };
                snapshot.log.push(SnapshotEntry { at, who, note, change });
            }
            Ok(snapshot)
        })?;
        Ok(Snapshot { at, ..snapshot })
    }

    /// Takes over all of a snapshot. The queue must be empty, its log, too.
    ///
    /// # Errors
    /// [`QueueError::NotEmpty`]; [`QueueError::Snapshot`] for one that cannot be; errors of the file.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<()> {
        let plan = check(snapshot)?;
        self.write(|tables| {
            let (items, entries) = (tables.items.len()?, tables.log.len()?);
            if items + entries > 0 {
                return Err(QueueError::NotEmpty { path: self.path().to_owned(), items, entries }.into());
            }
            // What is left of items that were removed.
            let token = natural(&tables.counters, counter::TOKEN)?.max(snapshot.last_token);
            for item in &snapshot.items {
                tables.restore(item)?;
            }
            let last = |top: &[u64]| top.last().map_or(0, |&entry| entry as i64);
            tables.set(counter::TOKEN, token as i64)?;
            tables.set(counter::ITEM, plan.items)?;
            tables.set(counter::FRONT, plan.front)?;
            tables.set(counter::BACK, plan.back)?;
            tables.set(counter::ENTRY, snapshot.log.len() as i64)?;
            tables.set(counter::DONE, last(&plan.done))?;
            tables.set(counter::UNDONE, last(&plan.undone))?;
            tables.forget_all_runs()?;
            for (number, entry) in (1..).zip(&snapshot.log) {
                tables.restore_entry(number, entry, &plan)?;
            }
            Ok(())
        })
    }
}

/// What follows from a snapshot.
#[derive(Debug)]
struct Plan {
    items: i64,
    front: i64,
    back: i64,
    /// The reorders that can be undone, the last one last.
    done: Vec<u64>,
    /// Those that can be done again.
    undone: Vec<u64>,
    /// Those that are undone, whether they can be done again or not.
    lost: HashSet<u64>,
}

fn bad(at: String, problem: &'static str) -> QueueError {
    QueueError::Snapshot { at, problem }
}

/// Sees whether a snapshot can be of a queue.
fn check(snapshot: &Snapshot) -> Result<Plan> {
    if snapshot.version != VERSION {
        return Err(bad("version".to_owned(), "only version 1 is known"));
    }
    if i64::try_from(snapshot.last_token).is_err() {
        return Err(bad("last_token".to_owned(), "it is larger than can be counted on from"));
    }
    let mut plan = Plan { items: 0, front: 0, back: 0, done: Vec::new(), undone: Vec::new(), lost: HashSet::new() };
    let (mut ids, mut numbers, mut tokens) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut place = None;
    for (i, item) in snapshot.items.iter().enumerate() {
        let at = |what: &str| format!("items[{i}].{what}");
        if !ids.insert(item.id.as_str()) {
            return Err(bad(at("id"), "another item has it"));
        }
        if !numbers.insert(item.number) {
            return Err(bad(at("number"), "another item has it"));
        }
        if place.replace(item.place).is_some_and(|before| before >= item.place) || item.place == i64::MAX {
            return Err(bad(at("place"), "places must ascend, and leave room"));
        }
        if item.quota == 0 {
            return Err(bad(at("quota"), "at least 1"));
        }
        if item.completed.len() + item.leases.len() > item.quota as usize {
            return Err(bad(at("quota"), "more annotators than it needs completed it or have it"));
        }
        let mut names = HashSet::new();
        let marks = item.completed.iter().chain(&item.skipped).map(|mark| &mark.annotator);
        if !marks.chain(item.leases.iter().map(|lease| &lease.annotator)).all(|name| names.insert(name)) {
            return Err(bad(at("completed"), "an annotator is told twice in one item"));
        }
        if !item.leases.iter().all(|lease| lease.token <= snapshot.last_token && tokens.insert(lease.token)) {
            return Err(bad(at("leases"), "a token is told twice, or is larger than the last one"));
        }
        plan.take(item.number, item.place);
    }
    for (i, entry) in snapshot.log.iter().enumerate() {
        let number = i as u64 + 1;
        let at = |what: &str| format!("log[{i}].change.{what}");
        match &entry.change {
            SnapshotChange::Reorder { first, moves, .. } => {
                let end = i64::try_from(moves.len()).ok().and_then(|n| first.checked_add(n));
                let (Some(_), true) = (end, moves.iter().all(|&(_, before)| before < i64::MAX)) else {
                    return Err(bad(at("first"), "places must leave room"));
                };
                let mut moved = HashSet::new();
                if !moves.iter().all(|(item, _)| moved.insert(item)) {
                    return Err(bad(at("moves"), "an item is moved twice"));
                }
                moves.iter().zip(*first..).for_each(|(&(item, before), place)| {
                    plan.take(item, before);
                    plan.take(item, place);
                });
                plan.front = plan.front.min(*first);
                plan.done.push(number);
                plan.undone.clear();
            }
            SnapshotChange::Undo { entry } if plan.done.last() == Some(entry) => {
                plan.undone.extend(plan.done.pop());
                plan.lost.insert(*entry);
            }
            SnapshotChange::Redo { entry } if plan.undone.last() == Some(entry) => {
                plan.done.extend(plan.undone.pop());
                plan.lost.remove(entry);
            }
            _ => return Err(bad(at("entry"), "this reorder is not the next one")),
        }
    }
    rewind(snapshot, &plan)?;
    Ok(plan)
}

impl Plan {
    /// Sees to it that what comes later gets other numbers and places.
    fn take(&mut self, number: u32, place: i64) {
        self.items = self.items.max(i64::from(number) + 1);
        self.front = self.front.min(place);
        self.back = self.back.max(place + 1);
    }
}

/// Sees whether every reorder can be undone: its items stand where it put them, and the places before are free.
fn rewind(snapshot: &Snapshot, plan: &Plan) -> Result<()> {
    let mut places: std::collections::HashMap<u32, i64> =
        snapshot.items.iter().map(|item| (item.number, item.place)).collect();
    let mut taken: HashSet<i64> = places.values().copied().collect();
    let mut shift = |entry: u64, back: bool| {
        let SnapshotChange::Reorder { first, moves, .. } = &snapshot.log[entry as usize - 1].change else {
            return true;
        };
        moves.iter().zip(*first..).all(|(&(number, before), place)| {
            let (from, to) = if back { (place, before) } else { (before, place) };
            // Some were removed.
            places.get_mut(&number).is_none_or(|at| {
                let moved = *at == from && taken.remove(&from) && taken.insert(to);
                *at = to;
                moved
            })
        })
    };
    let problem = |entry: &u64| bad(format!("log[{}].change.moves", entry - 1), "its items stand elsewhere");
    for entry in plan.undone.iter().rev() {
        if !shift(*entry, false) {
            return Err(problem(entry));
        }
    }
    for entry in plan.undone.iter().chain(plan.done.iter().rev()) {
        if !shift(*entry, true) {
            return Err(problem(entry));
        }
    }
    Ok(())
}

impl Tables<'_> {
    fn restore(&mut self, item: &SnapshotItem) -> Result<(), redb::Error> {
        let SnapshotItem { id, number, place, quota, completed, skipped, leases } = item;
        let done = completed.len() as u32;
        self.insert(*number, &Item { id: id.clone(), quota: *quota, done, leased: 0, key: *place })?;
        for (kind, marks) in [(true, completed), (false, skipped)] {
            for Mark { annotator, at } in marks {
                let annotator = self.annotator(annotator)?;
                self.marks.insert((*number, annotator), (kind, *at))?;
            }
        }
        for Lease { annotator, token, from, until } in leases {
            let annotator = self.annotator(annotator)?;
            self.lease(*number, annotator, (*token, *from, *until))?;
        }
        Ok(())
    }

    fn restore_entry(&mut self, number: u64, entry: &SnapshotEntry, plan: &Plan) -> Result<(), Stop> {
        let none: &[Move] = &[];
        let (kind, unknown, first, about, moves) = match &entry.change {
            SnapshotChange::Reorder { unknown, first, moves } => (kind::REORDER, *unknown, *first, 0, moves.as_slice()),
            SnapshotChange::Undo { entry } => (kind::UNDO, 0, 0, *entry, none),
            SnapshotChange::Redo { entry } => (kind::REDO, 0, 0, *entry, none),
        };
        let below = |stack: &[u64]| {
            let at = stack.iter().position(|&entry| entry == number)?;
            Some(at.checked_sub(1).map_or(0, |at| stack[at]))
        };
        let (at, who, note) = (entry.at, entry.who.clone(), entry.note.clone());
        let below = below(&plan.done).or_else(|| below(&plan.undone)).unwrap_or(0);
        let undone = plan.lost.contains(&number);
        let ids = moves.len() as u64;
        self.put(number, &Entry { kind, at, ids, unknown, first, below, about, undone, who, note })?;
        Ok(self.put_moves(number, moves)?)
    }
}
