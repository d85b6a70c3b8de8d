//! Who has what, and who is done.

use super::error::{QueueError, Result};
use super::handle::{Queue, held};
use super::tables::{Class, counter, item};
use super::types::{Completed, Leased};
use planisphere_database::redb::ReadableTable;

/// Items passed in vain after which it is worth a write to keep that they were.
const WORTH_KEEPING: usize = 64;

/// Annotators.
impl Queue {
    /// Gives an annotator an item: the first in the order of the queue that needs annotators, and that this one has
    /// neither completed nor skipped. It is kept for the annotator for [`QueueOptions::lease`](super::QueueOptions::lease). Those
    /// who are done with an item and those who have it are together never more than it needs.
    ///
    /// Whoever has an item already is given that one again, with the time that is left, so that an answer that got lost
    /// costs nothing. `None`: there is nothing for this annotator now. Others may give back what they have.
    ///
    /// # Cost
    /// O(log n) for n items, and as much for each item that others have at the time. Items that the annotator completed
    /// are passed one by one once, and again after an undo or a redo.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn next(&self, annotator: &str) -> Result<Option<Leased>> {
        Ok(self.next_n(annotator, 1)?.pop())
    }

    /// Gives an annotator up to `n` items: those that the annotator has, then others, as [`Queue::next`] does.
    ///
    /// # Errors
    /// As [`Queue::next`].
    pub fn next_n(&self, annotator: &str, n: usize) -> Result<Vec<Leased>> {
        self.write_if(|tables| {
            let now = self.now();
            let until = now.saturating_add(self.options().lease_millis());
            let mut changed = tables.sweep(now)? > 0;
            let known = tables.known(annotator)?;
            let mut leases = known
                .map(|known| held(&tables.held, &tables.leases, &tables.items, known))
                .transpose()?
                .unwrap_or_default();
            leases.truncate(n);
            if leases.len() < n {
                let found = tables.find(known, n - leases.len())?;
                changed |= found.passed > WORTH_KEEPING || !found.items.is_empty();
                for number in found.items {
                    let annotator = tables.annotator(annotator)?;
                    let token = tables.next(counter::TOKEN)? + 1;
                    let id = tables.lease(number, annotator, (token, now, until))?.id;
                    leases.push(Leased { id, token, from: now, until, again: false });
                }
            }
            Ok((leases, changed))
        })
    }

    /// Notes that an annotator is done with an item, which ends the lease. Doing it again changes nothing.
    ///
    /// It is accepted without a lease, too, be it that its time is up or that the annotator never had one, as long as the
    /// item needs one more beside those who are done with it and those who have it now.
    ///
    /// # Errors
    /// [`QueueError::UnknownItem`]; [`QueueError::QuotaReached`] without a lease, if the item needs nobody else; errors
    /// of the file.
    pub fn complete(&self, annotator: &str, id: &str) -> Result<Completed> {
        self.write_if(|tables| {
            let now = self.now();
            let number = tables.number(id)?;
            let who = tables.annotator(annotator)?;
            let mark = tables.marks.get((number, who))?.map(|mark| mark.value());
            if let Some((true, _)) = mark {
                let finished = item(&tables.items, number)?.class() == Class::Finished;
                return Ok((Completed { again: true, finished }, false));
            }
            tables.sweep(now)?;
            if !tables.unlease(number, who)? {
                let item = item(&tables.items, number)?;
                if item.class() != Class::Open {
                    let (id, annotator) = (id.to_owned(), annotator.to_owned());
                    return Err(QueueError::QuotaReached { id, annotator, quota: item.quota }.into());
                }
            }
            tables.marks.insert((number, who), (true, now))?;
            let item = tables.change(number, |item| item.done = item.done.saturating_add(1))?;
            Ok((Completed { again: false, finished: item.class() == Class::Finished }, true))
        })
    }

    /// Takes an item back from an annotator, who may be given it again. Returns whether there was a lease.
    ///
    /// # Errors
    /// [`QueueError::UnknownItem`], and errors of the file.
    pub fn release(&self, annotator: &str, id: &str) -> Result<bool> {
        self.write_if(|tables| {
            let now = self.now();
            let number = tables.number(id)?;
            let swept = tables.sweep(now)? > 0;
            let released = match tables.known(annotator)? {
                Some(annotator) => tables.unlease(number, annotator)?,
                None => false,
            };
            Ok((released, released || swept))
        })
    }

    /// Notes that an annotator does not want an item, and takes it back: this annotator is not given it again, others
    /// are. One who skipped an item may still complete it. Returns whether this changed anything: not if the
    /// annotator skipped it before, or completed it.
    ///
    /// # Errors
    /// [`QueueError::UnknownItem`], and errors of the file.
    pub fn skip(&self, annotator: &str, id: &str) -> Result<bool> {
        self.write_if(|tables| {
            let now = self.now();
            let number = tables.number(id)?;
            let swept = tables.sweep(now)? > 0;
            let who = tables.annotator(annotator)?;
            let skipped = tables.marks.get((number, who))?.is_none();
            if skipped {
                tables.unlease(number, who)?;
                tables.marks.insert((number, who), (false, now))?;
            }
            Ok((skipped, skipped || swept))
        })
    }

    /// Starts the time of a lease anew, and returns until when the item is now kept: never less long than before.
    ///
    /// # Errors
    /// [`QueueError::LeaseEnded`] if its time was up, or it was ended; [`QueueError::UnknownItem`], and errors of the
    /// file.
    pub fn renew(&self, annotator: &str, id: &str, token: u64) -> Result<u64> {
        self.write(|tables| {
            let now = self.now();
            let number = tables.number(id)?;
            tables.sweep(now)?;
            let ended = || QueueError::LeaseEnded { id: id.to_owned(), annotator: annotator.to_owned(), token };
            let who = tables.known(annotator)?.ok_or_else(ended)?;
            let lease = tables.leases.get((number, who))?.map(|lease| lease.value());
            let (_, from, before) = lease.filter(|lease| lease.0 == token).ok_or_else(ended)?;
            let until = now.saturating_add(self.options().lease_millis()).max(before);
            tables.expiry.remove((before, number, who))?;
            tables.expiry.insert((until, number, who), ())?;
            tables.leases.insert((number, who), (token, from, until))?;
            Ok(until)
        })
    }
}
