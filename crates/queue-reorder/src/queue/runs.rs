//! Which items an annotator is given next.
//!
//! The first open one that the annotator neither has nor is done with. What stands before it are open items that the
//! annotator is done with and that need others still, and there can be many of these: whoever is faster than all others
//! would have to pass them each time. So those that were passed are kept as runs: a run from one key to another says
//! that each item between is one that the annotator completed or skipped, or that is finished. That stays true:
//!
//! * completing and skipping cannot be taken back, and finished items stay finished;
//! * items get new keys only in front of all others or behind them;
//! * undo, which puts items between others, removes all runs.
//!
//! Two runs with no other item of the annotator's between them become one, so there are never many more of them ahead
//! than there are items that others have at the time.

use super::tables::Tables;
use planisphere_database::redb::{self, ReadableTable};
use std::ops::RangeInclusive;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The items, in order.
    pub(super) items: Vec<u32>,
    /// How many items and runs were passed.
    pub(super) passed: usize,
}

impl Tables<'_> {
    /// The first `n` items that an annotator can be given.
    pub(super) fn find(&mut self, annotator: Option<u32>, n: usize) -> Result<Found, redb::Error> {
        let mut found = Found::default();
        let mut from = i64::MIN;
        // The run that ends before the item looked at, with no open item between.
        let mut behind = None;
        while found.items.len() < n {
            let next = self.open.range(from..)?.next().transpose()?;
            let Some((key, number)) = next.map(|(key, number)| (key.value(), number.value())) else { break };
            // There is no item with the last key that there can be.
            let Some(after) = key.checked_add(1) else { break };
            let Some(annotator) = annotator else {
                found.items.push(number);
                from = after;
                continue;
            };
            if from == i64::MIN {
                self.forget_runs(annotator, key)?;
            }
            let run = match self.run_at(annotator, key)? {
                Some(run) => Some((run, true)),
                None if self.marks.get((number, annotator))?.is_some() => Some((key..=key, false)),
                None => None,
            };
            if let Some((run, stored)) = run {
                found.passed += 1;
                from = run.end().saturating_add(1).max(after);
                behind = Some(self.join(annotator, behind, run, stored)?);
                continue;
            }
            behind = None;
            from = after;
            if self.held.get((annotator, number))?.is_none() {
                found.items.push(number);
            }
        }
        Ok(found)
    }

    /// Removes the runs before the first open item: there is nothing left that they could spare.
    fn forget_runs(&mut self, annotator: u32, first: i64) -> Result<(), redb::Error> {
        loop {
            let run = self.runs.range((annotator, i64::MIN)..(annotator, first))?.next().transpose()?;
            match run.map(|(start, end)| (start.value(), end.value())) {
                Some((start, end)) if end < first => self.runs.remove(start)?,
                _ => return Ok(()),
            };
        }
    }

    /// The run that an item is in.
    fn run_at(&self, annotator: u32, key: i64) -> Result<Option<RangeInclusive<i64>>, redb::Error> {
        let last = self.runs.range((annotator, i64::MIN)..=(annotator, key))?.next_back().transpose()?;
        Ok(last.map(|(start, end)| start.value().1..=end.value()).filter(|run| run.contains(&key)))
    }

    /// Makes a run part of the one behind it, if nothing is between them; returns the run that it is in then.
    fn join(
        &mut self,
        annotator: u32,
        behind: Option<RangeInclusive<i64>>,
        run: RangeInclusive<i64>,
        stored: bool,
    ) -> Result<RangeInclusive<i64>, redb::Error> {
        if let Some(behind) = behind
            && behind.end() < run.start()
            && self.full.range(behind.end() + 1..*run.start())?.next().is_none()
        {
            if stored {
                self.runs.remove((annotator, *run.start()))?;
            }
            self.runs.insert((annotator, *behind.start()), run.end())?;
            return Ok(*behind.start()..=*run.end());
        }
        if !stored {
            self.runs.insert((annotator, *run.start()), run.end())?;
        }
        Ok(run)
    }

    /// Removes the runs of all annotators.
    pub(super) fn forget_all_runs(&mut self) -> Result<(), redb::Error> {
        self.runs.retain(|_, _| false)?;
        Ok(())
    }
}
