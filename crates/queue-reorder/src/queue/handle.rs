//! The queue: how its file is read and written, and what is asked of it.

use super::error::Result;
use super::options::{QueueOptions, check_quota};
use super::place::{FORMAT, Place};
use super::tables::{Item, ItemRow, LeaseRow, Stop, Tables, View, corrupt, count, counter, item, natural};
use super::types::{Added, Counts, ItemState, Lease, Leased, Mark};
use planisphere_core::CancelToken;
use planisphere_database::redb::{self, Database, ReadableTable, ReadableTableMetadata};
use planisphere_database::{Container, begin_write};
use std::collections::HashMap;
use std::path::Path;

/// A queue of items to annotate, in a file. See the [module](super) for what it guarantees.
///
/// It holds no file open: it is opened for each call, and closed. Clones, and queues of the same path in this process or
/// in others, share what is in it. All methods can be called from any thread.
#[derive(Clone, Debug)]
pub struct Queue {
    pub(super) place: Place,
    pub(super) options: QueueOptions,
}

impl Queue {
    /// Opens the queue in the file `path`, with the default options. The file is made if it is not there, or empty; the
    /// folder must exist.
    ///
    /// # Errors
    /// Errors of the file: [`Io`](super::QueueError::Io), [`Foreign`](super::QueueError::Foreign),
    /// [`Newer`](super::QueueError::Newer), [`Damaged`](super::QueueError::Damaged), [`Busy`](super::QueueError::Busy).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &QueueOptions::default())
    }

    /// As [`Queue::open`], with options.
    ///
    /// # Errors
    /// As [`Queue::open`], and [`InvalidParam`](super::QueueError::InvalidParam).
    pub fn open_with(path: impl AsRef<Path>, options: &QueueOptions) -> Result<Self> {
        options.check()?;
        let file = Container::new(path.as_ref(), FORMAT).wait(options.wait);
        file.create(&CancelToken::new())?;
        Ok(Self { place: Place::File(file), options: options.clone() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// The options.
    pub fn options(&self) -> &QueueOptions {
        &self.options
    }

    /// The time. To be asked for while the file is locked, so that what comes later has a later time.
    pub(super) fn now(&self) -> u64 {
        self.options.clock.now()
    }

    /// Reads one state of the queue: the default if there is nothing yet.
    pub(super) fn read<R: Default>(&self, work: impl FnOnce(&View) -> Result<R, Stop>) -> Result<R> {
        let read = self.place.read(|db| reading(db, work))?;
        read.unwrap_or_else(|| Ok(R::default()))
    }

    /// Does `work` in one transaction, which is on the disk when this returns.
    pub(super) fn write<R>(&self, work: impl FnOnce(&mut Tables<'_>) -> Result<R, Stop>) -> Result<R> {
        self.write_if(|tables| Ok((work(tables)?, true)))
    }

    /// As [`Queue::write`], if `work` says that it is worth it; otherwise nothing of it is kept.
    pub(super) fn write_if<R>(&self, work: impl FnOnce(&mut Tables<'_>) -> Result<(R, bool), Stop>) -> Result<R> {
        self.place.update(|db| writing(db, work))?
    }

    /// Adds items at the end, in the order given, each for as many annotators as
    /// [`QueueOptions::quota`](super::QueueOptions::quota) says. Those that the queue holds stay as they are.
    ///
    /// # Errors
    /// [`Full`](super::QueueError::Full) for more than `u32::MAX` items ever, and errors of the file.
    pub fn add<S: AsRef<str>>(&self, ids: impl IntoIterator<Item = S>) -> Result<Added> {
        self.add_with(ids.into_iter().map(|id| (id, self.options.quota)))
    }

    /// Adds items at the end, in the order given, each with the number of annotators that it needs, at least 1. Those
    /// that the queue holds stay as they are.
    ///
    /// # Errors
    /// As [`Queue::add`], and [`InvalidParam`](super::QueueError::InvalidParam).
    pub fn add_with<S: AsRef<str>>(&self, items: impl IntoIterator<Item = (S, u32)>) -> Result<Added> {
        // Before the file is locked: what is given may take its time.
        let items: Vec<(S, u32)> = items.into_iter().collect();
        items.iter().try_for_each(|item| check_quota(item.1))?;
        self.write_if(|tables| {
            let mut told = Added::default();
            for (id, quota) in &items {
                let id = id.as_ref();
                if tables.ids.get(id)?.is_some() {
                    told.known += 1;
                    continue;
                }
                let number = u32::try_from(tables.next(counter::ITEM)?).map_err(|_| self.full("items"))?;
                let key = count(&tables.counters, counter::BACK)?;
                tables.set(counter::BACK, key.checked_add(1).ok_or_else(|| self.full("items"))?)?;
                tables.insert(number, &Item { id: id.to_owned(), quota: *quota, done: 0, leased: 0, key })?;
                told.added += 1;
            }
            Ok((told, told.added > 0))
        })
    }

    /// Removes items with all that is known of them: who completed or skipped them, and who has them. Ids that the
    /// queue does not hold are passed over. Returns how many items that were. An item that is added again is a new one.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn remove<S: AsRef<str>>(&self, ids: &[S]) -> Result<u64> {
        self.write_if(|tables| {
            let mut removed = 0;
            for id in ids {
                let number = tables.ids.get(id.as_ref())?.map(|number| number.value());
                if let Some(number) = number {
                    tables.remove(number)?;
                    removed += 1;
                }
            }
            Ok((removed, removed > 0))
        })
    }

    /// Number of items, finished ones included.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn len(&self) -> Result<u64> {
        self.read(|view| Ok(view.items.len()?))
    }

    /// Whether there is no item.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// All items in their order, finished ones included.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn ids(&self) -> Result<Vec<String>> {
        self.read(|view| Ok(collect(&view.items, view.order.iter()?.map(|row| Ok(row?.1.value())))?))
    }

    /// The items that are not finished, in their order.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn remaining(&self) -> Result<Vec<String>> {
        self.read(|view| {
            // Both are in order.
            let mut left: Vec<(i64, u32)> = Vec::new();
            for row in view.open.iter()?.chain(view.full.iter()?) {
                let (key, number) = row?;
                left.push((key.value(), number.value()));
            }
            left.sort();
            Ok(collect(&view.items, left.into_iter().map(|(_, number)| Ok(number)))?)
        })
    }

    /// How many items wait, are with somebody, and are finished.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn counts(&self) -> Result<Counts> {
        self.read(|view| {
            let now = self.now();
            // Those whose time is up are still there if nobody wrote since.
            let mut ended: HashMap<u32, u32> = HashMap::new();
            for row in view.expiry.range(..=(now, u32::MAX, u32::MAX))? {
                let (_, number, _) = row?.0.value();
                *ended.entry(number).or_default() += 1;
            }
            let mut leased = natural(&view.counters, counter::LEASED)?;
            for (number, ended) in ended {
                let item = item(&view.items, number)?;
                if item.is_leased() && item.leased == ended {
                    leased = leased.saturating_sub(1);
                }
            }
            let finished = natural(&view.counters, counter::FINISHED)?;
            let waiting = view.items.len()?.checked_sub(finished + leased);
            let waiting = waiting.ok_or_else(|| corrupt("more items are finished than there are"))?;
            Ok(Counts { waiting, leased, finished })
        })
    }

    /// What an annotator has now, in the order of the queue.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn held(&self, annotator: &str) -> Result<Vec<Leased>> {
        self.read(|view| {
            let now = self.now();
            let Some(annotator) = view.annotators.get(annotator)? else { return Ok(Vec::new()) };
            let mut held = held(&view.held, &view.leases, &view.items, annotator.value())?;
            held.retain(|lease| lease.until > now);
            Ok(held)
        })
    }

    /// All about an item; `None` if the queue does not hold it.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn item(&self, id: &str) -> Result<Option<ItemState>> {
        self.read(|view| {
            let now = self.now();
            let number = view.ids.get(id)?.map(|number| number.value());
            Ok(number.map(|number| state(view, number, now)).transpose()?.map(|(_, state)| state))
        })
    }
}

/// What [`Queue::read`] does in a database that is open. What is refused is no failure of the database.
fn reading<R: Default>(db: &Database, work: impl FnOnce(&View) -> Result<R, Stop>) -> Result<Result<R>, redb::Error> {
    let Some(view) = View::open(db)? else { return Ok(Ok(R::default())) };
    match work(&view) {
        Ok(read) => Ok(Ok(read)),
        Err(Stop::Refused(error)) => Ok(Err(error)),
        Err(Stop::Database(error)) => Err(error),
    }
}

/// What [`Queue::write_if`] does in a database that is open.
fn writing<R>(
    db: &Database,
    work: impl FnOnce(&mut Tables<'_>) -> Result<(R, bool), Stop>,
) -> Result<Result<R>, redb::Error> {
    View::open(db)?;
    let transaction = begin_write(db)?;
    let done = {
        let mut tables = Tables::open(&transaction)?;
        work(&mut tables)
    };
    match done {
        Ok((told, true)) => transaction.commit().map(|()| Ok(told)).map_err(Into::into),
        Ok((told, false)) => transaction.abort().map(|()| Ok(told)).map_err(Into::into),
        Err(Stop::Refused(error)) => transaction.abort().map(|()| Err(error)).map_err(Into::into),
        Err(Stop::Database(error)) => Err(error),
    }
}

/// What an annotator has, also if the time is up, in the order of the queue.
pub(super) fn held(
    held: &impl ReadableTable<(u32, u32), ()>,
    leases: &impl ReadableTable<(u32, u32), LeaseRow>,
    items: &impl ReadableTable<u32, ItemRow>,
    annotator: u32,
) -> Result<Vec<Leased>, redb::Error> {
    let mut found = Vec::new();
    for row in held.range((annotator, 0)..=(annotator, u32::MAX))? {
        let (_, number) = row?.0.value();
        let Item { id, key, .. } = item(items, number)?;
        let lease = leases.get((number, annotator))?.ok_or_else(|| corrupt("a lease is missing"))?;
        let (token, from, until) = lease.value();
        found.push((key, Leased { id, token, from, until, again: true }));
    }
    found.sort_unstable_by_key(|(key, _)| *key);
    Ok(found.into_iter().map(|(_, lease)| lease).collect())
}

/// The ids of items.
fn collect(
    items: &impl ReadableTable<u32, ItemRow>,
    numbers: impl Iterator<Item = Result<u32, redb::Error>>,
) -> Result<Vec<String>, redb::Error> {
    numbers.map(|number| Ok(item(items, number?)?.id)).collect()
}

/// An item's key, and all about it.
pub(super) fn state(view: &View, number: u32, now: u64) -> Result<(i64, ItemState), redb::Error> {
    let Item { id, quota, key, .. } = item(&view.items, number)?;
    let name = |annotator| -> Result<String, redb::Error> {
        let name = view.names.get(annotator)?.ok_or_else(|| corrupt("an annotator has no name"))?;
        Ok(name.value().to_owned())
    };
    let mut state = ItemState { id, quota, completed: Vec::new(), skipped: Vec::new(), leases: Vec::new() };
    for row in view.marks.range((number, 0)..=(number, u32::MAX))? {
        let (place, mark) = row?;
        let (completed, at) = mark.value();
        let mark = Mark { annotator: name(place.value().1)?, at };
        if completed { state.completed.push(mark) } else { state.skipped.push(mark) }
    }
    for row in view.leases.range((number, 0)..=(number, u32::MAX))? {
        let (place, lease) = row?;
        let (token, from, until) = lease.value();
        if until > now {
            state.leases.push(Lease { annotator: name(place.value().1)?, token, from, until });
        }
    }
    Ok((key, state))
}
