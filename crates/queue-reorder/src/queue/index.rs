//! Changes of one thing, with all that has to change with it.

use super::error::QueueError;
use super::tables::{Class, Item, Stop, Tables, corrupt, count, counter, item, natural};
use planisphere_database::redb::{self, ReadableTable};

impl Tables<'_> {
    /// Sets a counter.
    pub(super) fn set(&mut self, name: &'static str, value: i64) -> Result<(), redb::Error> {
        self.counters.insert(name, value)?;
        Ok(())
    }

    /// Adds to a counter that is never negative.
    fn add_to(&mut self, name: &'static str, by: i64) -> Result<(), redb::Error> {
        let value = count(&self.counters, name)?.checked_add(by).filter(|&value| value >= 0);
        self.set(name, value.ok_or_else(|| corrupt("a counter is wrong"))?)
    }

    /// Increases a counter and returns what it was.
    pub(super) fn next(&mut self, name: &'static str) -> Result<u64, redb::Error> {
        let value = natural(&self.counters, name)?;
        self.add_to(name, 1)?;
        Ok(value)
    }

    /// The number of an item.
    pub(super) fn number(&self, id: &str) -> Result<u32, Stop> {
        match self.ids.get(id)? {
            Some(number) => Ok(number.value()),
            None => Err(QueueError::UnknownItem { id: id.to_owned() }.into()),
        }
    }

    /// The number of an annotator, if there is one.
    pub(super) fn known(&self, annotator: &str) -> Result<Option<u32>, redb::Error> {
        Ok(self.annotators.get(annotator)?.map(|number| number.value()))
    }

    /// The number of an annotator, who gets one if there is none.
    pub(super) fn annotator(&mut self, name: &str) -> Result<u32, redb::Error> {
        if let Some(number) = self.known(name)? {
            return Ok(number);
        }
        let number = u32::try_from(self.next(counter::ANNOTATOR)?).map_err(|_| corrupt("too many annotators"))?;
        self.annotators.insert(name, number)?;
        self.names.insert(number, name)?;
        Ok(number)
    }

    /// Takes an item into the indexes, or out of them.
    fn index(&mut self, number: u32, item: &Item, into: bool) -> Result<(), redb::Error> {
        let table = match item.class() {
            Class::Open => &mut self.open,
            Class::Full => &mut self.full,
            Class::Finished => {
                return self.add_to(counter::FINISHED, if into { 1 } else { -1 });
            }
        };
        if into {
            table.insert(item.key, number)?;
        } else {
            table.remove(item.key)?;
        }
        if item.is_leased() {
            self.add_to(counter::LEASED, if into { 1 } else { -1 })?;
        }
        Ok(())
    }

    /// Puts a new item into its place.
    pub(super) fn insert(&mut self, number: u32, item: &Item) -> Result<(), redb::Error> {
        self.ids.insert(item.id.as_str(), number)?;
        self.items.insert(number, (item.id.as_str(), item.quota, item.done, item.leased, item.key))?;
        self.order.insert(item.key, number)?;
        self.index(number, item, true)
    }

    /// Removes an item, with all that is known of it.
    pub(super) fn remove(&mut self, number: u32) -> Result<(), redb::Error> {
        let holders = self.leases.range((number, 0)..=(number, u32::MAX))?;
        let holders: Vec<u32> = holders.map(|row| Ok(row?.0.value().1)).collect::<Result<_, redb::Error>>()?;
        for annotator in holders {
            self.unlease(number, annotator)?;
        }
        self.marks.retain_in((number, 0)..=(number, u32::MAX), |_, _| false)?;
        let item = item(&self.items, number)?;
        self.index(number, &item, false)?;
        self.order.remove(item.key)?;
        self.items.remove(number)?;
        self.ids.remove(item.id.as_str())?;
        Ok(())
    }

    /// Changes an item and whatever depends on what was changed.
    pub(super) fn change(&mut self, number: u32, change: impl FnOnce(&mut Item)) -> Result<Item, redb::Error> {
        let before = item(&self.items, number)?;
        let mut after = before.clone();
        change(&mut after);
        if (before.class(), before.is_leased(), before.key) != (after.class(), after.is_leased(), after.key) {
            self.index(number, &before, false)?;
            self.index(number, &after, true)?;
        }
        if before.key != after.key {
            self.order.remove(before.key)?;
            if self.order.insert(after.key, number)?.is_some() {
                return Err(corrupt("two items in one place"));
            }
        }
        self.items.insert(number, (after.id.as_str(), after.quota, after.done, after.leased, after.key))?;
        Ok(after)
    }

    /// Gives an item to an annotator who does not have it.
    pub(super) fn lease(
        &mut self,
        number: u32,
        annotator: u32,
        (token, from, until): (u64, u64, u64),
    ) -> Result<Item, redb::Error> {
        self.leases.insert((number, annotator), (token, from, until))?;
        self.held.insert((annotator, number), ())?;
        self.expiry.insert((until, number, annotator), ())?;
        self.change(number, |item| item.leased = item.leased.saturating_add(1))
    }

    /// Takes an item from an annotator; returns whether it was there to be taken.
    pub(super) fn unlease(&mut self, number: u32, annotator: u32) -> Result<bool, redb::Error> {
        let Some((_, _, until)) = self.leases.remove((number, annotator))?.map(|row| row.value()) else {
            return Ok(false);
        };
        self.held.remove((annotator, number))?;
        self.expiry.remove((until, number, annotator))?;
        self.change(number, |item| item.leased = item.leased.saturating_sub(1))?;
        Ok(true)
    }

    /// Ends the leases whose time is up; returns how many there were.
    pub(super) fn sweep(&mut self, now: u64) -> Result<usize, redb::Error> {
        let mut ended = 0;
        loop {
            let first = self.expiry.first()?.map(|(key, _)| key.value());
            match first {
                Some((until, number, annotator)) if until <= now => {
                    if !self.unlease(number, annotator)? {
                        return Err(corrupt("a lease ends that there is not"));
                    }
                    ended += 1;
                }
                _ => return Ok(ended),
            }
        }
    }
}
