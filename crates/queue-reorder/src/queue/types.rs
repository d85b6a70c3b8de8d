//! What a queue tells.

use serde::{Deserialize, Serialize};

/// An item that an annotator was given, for a time.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leased {
    /// The item.
    pub id: String,
    /// Tells this lease from others, also from later ones of the same annotator on the same item.
    pub token: u64,
    /// Since when it is kept for the annotator: milliseconds since 1970, UTC.
    pub from: u64,
    /// Until when; from that moment on it is not.
    pub until: u64,
    /// Whether the annotator had it already: the same lease is told again.
    pub again: bool,
}

/// What [`Queue::add`](super::Queue::add) did.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Added {
    /// New items.
    pub added: u64,
    /// Ids that the queue had, or that came before in the same call. They were left as they are.
    pub known: u64,
}

/// What [`Queue::complete`](super::Queue::complete) did.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Completed {
    /// Whether the annotator had completed it before: nothing was changed.
    pub again: bool,
    /// Whether the item now has all the annotators that it needs.
    pub finished: bool,
}

/// What [`Queue::reorder`](super::Queue::reorder) did.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The number of the reorder in the log.
    pub entry: u64,
    /// How many items are now in front, finished ones included.
    pub moved: u64,
    /// How many of them are finished, so that nobody is given them.
    pub finished: u64,
    /// The ids that the queue does not hold, each once, in the order given.
    pub unknown: Vec<String>,
}

/// How many items are where. Together they are all items.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Not finished, and nobody has them.
    pub waiting: u64,
    /// Not finished, and somebody has them.
    pub leased: u64,
    /// With as many annotators as they need.
    pub finished: u64,
}

/// Where an item is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Status {
    /// It needs annotators, and nobody has it.
    Waiting,
    /// It needs annotators, and somebody has it.
    Leased,
    /// As many annotators as it needs are done with it.
    Finished,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The annotator.
    pub annotator: String,
    /// Milliseconds since 1970, UTC.
    pub at: u64,
}

/// Who has an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The annotator.
    pub annotator: String,
    /// Tells this lease from others.
    pub token: u64,
    /// Since when: milliseconds since 1970, UTC.
    pub from: u64,
    /// Until when.
    pub until: u64,
}

/// All about an item. Annotators are in the order in which the queue came to know them.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemState {
    /// The item.
    pub id: String,
    /// How many annotators it needs.
    pub quota: u32,
    /// Who is done with it.
    pub completed: Vec<Mark>,
    /// Who does not want it.
    pub skipped: Vec<Mark>,
    /// Who has it now. With those who are done never more than `quota`.
    pub leases: Vec<Lease>,
}

impl ItemState {
    /// Where the item is.
    pub fn status(&self) -> Status {
        if self.completed.len() >= self.quota as usize {
            Status::Finished
        } else if self.leases.is_empty() {
            Status::Waiting
        } else {
            Status::Leased
        }
    }
}

/// An entry of the log of orders. Entries are never changed, but for `undone`, and never deleted.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// Its number, counted from 1.
    pub number: u64,
    /// When: milliseconds since 1970, UTC.
    pub at: u64,
    /// Who.
    pub who: String,
    /// What was noted.
    pub note: String,
    /// What was done.
    pub change: Change,
}

/// What an entry of the log is about.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Change {
    /// Items were put in front.
    Reorder {
        /// How many.
        ids: u64,
        /// How many ids the queue did not hold.
        unknown: u64,
        /// Whether it is undone at present.
        undone: bool,
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
