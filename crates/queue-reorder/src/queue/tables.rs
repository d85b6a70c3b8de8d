//! What is in the database.
//!
//! An item has a number that it keeps, and a key: items stand in the order of their keys. An item that is added gets a key
//! behind all that were ever given, one that is put in front a key before all of them, so that no key is ever used
//! for two items, and whatever an item's place was, it can go back there.

use super::error::QueueError;
use planisphere_database::redb::{
    self, Database, Key, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, StorageError, Table,
    TableDefinition, TableError, Value, WriteTransaction,
};

/// Id, quota, annotators that are done, annotators that have it (also by leases whose time is up and which nobody has
/// removed yet), key.
pub(super) type ItemRow = (&'static str, u32, u32, u32, i64);
/// Kind, time, ids moved, unknown ids, first key, entry below on its stack, entry it is about, whether it is undone, who,
/// note.
pub(super) type LogRow = (u8, u64, u64, u64, i64, u64, u64, bool, &'static str, &'static str);
/// Token, since when, until when.
pub(super) type LeaseRow = (u64, u64, u64);

/// Declares the tables, once for those who read and once for those who write.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $key:ty => $value:ty;)*) => {
        /// The tables, to write.
        pub(super) struct Tables<'t> {
            $($(#[$doc])* pub(super) $name: Table<'t, $key, $value>,)*
        }

        impl<'t> Tables<'t> {
            /// Makes those that are not there.
            pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::Error> {
                Ok(Self { $($name: transaction.open_table(TableDefinition::new(stringify!($name)))?,)* })
            }
        }

        /// The tables, to read.
        #[expect(dead_code, reason = "some are only opened to see whether they can be")]
        pub(super) struct View {
            $($(#[$doc])* pub(super) $name: ReadOnlyTable<$key, $value>,)*
        }

        impl View {
            /// `None`: nothing was written yet.
            pub(super) fn open(db: &Database) -> Result<Option<Self>, redb::Error> {
                let transaction = db.begin_read()?;
                // All of them: this is also how those who write see that none of them makes the database panic.
                $(let $name = existing(&transaction, stringify!($name))?;)*
                $(let Some($name) = $name else { return Ok(None) };)*
                Ok(Some(Self { $($name,)* }))
            }
        }
    };
}

tables! {
    /// Counters, by the names in [`counter`]. One that is not there is 0.
    counters: &'static str => i64;
    /// Id → number of the item.
    ids: &'static str => u32;
    /// Items by their numbers.
    items: u32 => ItemRow;
    /// Key → number, of all items.
    order: i64 => u32;
    /// The same, of items that can be given to somebody.
    open: i64 => u32;
    /// The same, of items that cannot, as long as those who have them do.
    full: i64 => u32;
    /// Name → number of the annotator.
    annotators: &'static str => u32;
    /// Number → name of the annotator.
    names: u32 => &'static str;
    /// (Item, annotator) → completed or skipped, and when.
    marks: (u32, u32) => (bool, u64);
    /// (Item, annotator) → who has what.
    leases: (u32, u32) => LeaseRow;
    /// (Annotator, item): the same leases.
    held: (u32, u32) => ();
    /// (Until when, item, annotator): the same leases.
    expiry: (u64, u32, u32) => ();
    /// (Annotator, first key) → last key. See the module `runs`.
    runs: (u32, i64) => i64;
    /// The log of orders.
    log: u64 => LogRow;
    /// (Entry, part) → the items that a reorder moved and their keys before.
    moves: (u64, u32) => &'static [u8];
}

fn existing<K: Key + 'static, V: Value + 'static>(
    transaction: &ReadTransaction,
    name: &str,
) -> Result<Option<ReadOnlyTable<K, V>>, redb::Error> {
    match transaction.open_table(TableDefinition::new(name)) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Names of counters.
pub(super) mod counter {
    /// Number of the next item.
    pub(crate) const ITEM: &str = "next item";
    /// Number of the next annotator.
    pub(crate) const ANNOTATOR: &str = "next annotator";
    /// Token of the last lease.
    pub(crate) const TOKEN: &str = "last token";
    /// Number of the last entry of the log.
    pub(crate) const ENTRY: &str = "last entry";
    /// All keys are at least this.
    pub(crate) const FRONT: &str = "front";
    /// All keys are less than this.
    pub(crate) const BACK: &str = "back";
    /// The reorder that undo undoes; 0 for none.
    pub(crate) const DONE: &str = "done";
    /// The reorder that redo does again; 0 for none.
    pub(crate) const UNDONE: &str = "undone";
    /// Items that are finished.
    pub(crate) const FINISHED: &str = "finished";
    /// Items that are not, and which somebody has.
    pub(crate) const LEASED: &str = "leased";
}

/// Kinds of entries in the log.
pub(super) mod kind {
    /// Items were put in front.
    pub(crate) const REORDER: u8 = 0;
    /// An entry was undone.
    pub(crate) const UNDO: u8 = 1;
    /// An entry was done again.
    pub(crate) const REDO: u8 = 2;
}

/// Why a piece of work stops: nothing of it is kept.
pub(super) enum Stop {
    /// The database fails.
    Database(redb::Error),
    /// What is asked for cannot be done.
    Refused(QueueError),
}

impl From<QueueError> for Stop {
    fn from(error: QueueError) -> Self {
        Self::Refused(error)
    }
}

impl From<redb::Error> for Stop {
    fn from(error: redb::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Database(error.into())
    }
}

/// What cannot be, whoever wrote the file: some entries contradict others.
pub(super) fn corrupt(problem: &str) -> redb::Error {
    redb::Error::Corrupted(problem.to_owned())
}

/// An item.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) quota: u32,
    pub(super) done: u32,
    pub(super) leased: u32,
    pub(super) key: i64,
}

/// In which index an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Open,
    Full,
    Finished,
}

impl Item {
    pub(super) fn class(&self) -> Class {
        if self.done >= self.quota {
            Class::Finished
        } else if u64::from(self.done) + u64::from(self.leased) >= u64::from(self.quota) {
            Class::Full
        } else {
            Class::Open
        }
    }

    /// Whether it counts as one that somebody has.
    pub(super) fn is_leased(&self) -> bool {
        self.leased > 0 && self.class() != Class::Finished
    }
}

/// The item with a number that an index has.
pub(super) fn item(items: &impl ReadableTable<u32, ItemRow>, number: u32) -> Result<Item, redb::Error> {
    let row = items.get(number)?.ok_or_else(|| corrupt("an index has an item that there is not"))?;
    let (id, quota, done, leased, key) = row.value();
    Ok(Item { id: id.to_owned(), quota, done, leased, key })
}

/// A counter.
pub(super) fn count(counters: &impl ReadableTable<&'static str, i64>, name: &'static str) -> Result<i64, StorageError> {
    Ok(counters.get(name)?.map_or(0, |row| row.value()))
}

/// A counter that is never negative.
pub(super) fn natural(
    counters: &impl ReadableTable<&'static str, i64>,
    name: &'static str,
) -> Result<u64, redb::Error> {
    u64::try_from(count(counters, name)?).map_err(|_| corrupt("a counter is negative"))
}
