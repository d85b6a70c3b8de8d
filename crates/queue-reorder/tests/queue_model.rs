//! Any calls in any order, against a queue in memory that is as simple as can be.
#![cfg(feature = "queue")]

use planisphere_queue_reorder::queue::{Change, Clock, Mark, Snapshot, Status};
use planisphere_queue_reorder::{Queue, QueueError, QueueOptions, apply};
use proptest::prelude::*;
use std::time::Duration;

const LEASE: u64 = 1000;
const ANNOTATORS: [&str; 4] = ["ann", "ben", "cleo", ""];

#[derive(Clone, Debug)]
enum Call {
    Add(Vec<(u8, u32)>),
    Remove(Vec<u8>),
    Next(usize, usize),
    Complete(usize, u8),
    CompleteHeld(usize),
    Release(usize, u8),
    ReleaseHeld(usize),
    Skip(usize, u8),
    SkipHeld(usize),
    Renew(usize, bool),
    Reorder(Vec<u8>),
    Undo,
    Redo,
    Advance(u64),
    Reopen,
    Restore,
}

fn call() -> impl Strategy<Value = Call> {
    let id = || 0..12u8;
    let who = || 0..ANNOTATORS.len();
    prop_oneof![
        2 => prop::collection::vec((id(), 1..4u32), 0..8).prop_map(Call::Add),
        1 => prop::collection::vec(id(), 0..3).prop_map(Call::Remove),
        10 => (who(), prop_oneof![4 => Just(1usize), 1 => 0..4usize]).prop_map(|(who, n)| Call::Next(who, n)),
        2 => (who(), id()).prop_map(|(who, id)| Call::Complete(who, id)),
        10 => who().prop_map(Call::CompleteHeld),
        1 => (who(), id()).prop_map(|(who, id)| Call::Release(who, id)),
        1 => who().prop_map(Call::ReleaseHeld),
        1 => (who(), id()).prop_map(|(who, id)| Call::Skip(who, id)),
        2 => who().prop_map(Call::SkipHeld),
        2 => (who(), any::<bool>()).prop_map(|(who, right)| Call::Renew(who, right)),
        4 => prop::collection::vec(id(), 0..8).prop_map(Call::Reorder),
        3 => Just(Call::Undo),
        2 => Just(Call::Redo),
        3 => (0..LEASE * 3 / 2).prop_map(Call::Advance),
        1 => Just(Call::Reopen),
        1 => Just(Call::Restore),
    ]
}

/// Calls of few annotators who are at work while items go to the front and back.
fn busy_call() -> impl Strategy<Value = Call> {
    let who = || 0..3usize;
    prop_oneof![
        6 => who().prop_map(|who| Call::Next(who, 1)),
        5 => who().prop_map(Call::CompleteHeld),
        2 => who().prop_map(Call::ReleaseHeld),
        3 => prop::collection::vec(0..8u8, 1..3).prop_map(Call::Reorder),
        3 => Just(Call::Undo),
        1 => Just(Call::Redo),
        1 => (LEASE / 4..LEASE).prop_map(Call::Advance),
        1 => (who(), 0..8u8).prop_map(|(who, id)| Call::Skip(who, id)),
    ]
}

fn name(id: u8) -> String {
    format!("item {id}")
}

/// An item. Its place in the list of all that ever were is its number.
#[derive(Clone, Debug)]
struct Item {
    id: u8,
    removed: bool,
    quota: usize,
    completed: Vec<(usize, u64)>,
    skipped: Vec<(usize, u64)>,
    /// Annotator, token, from, until.
    leases: Vec<(usize, u64, u64, u64)>,
}

enum Event {
    Added(usize),
    Reordered(u64, Vec<usize>),
}

#[derive(Default)]
struct Model {
    now: u64,
    items: Vec<Item>,
    events: Vec<Event>,
    done: Vec<u64>,
    undone: Vec<u64>,
    log: Vec<(u64, u64, Change)>,
    token: u64,
}

impl Model {
    fn number(&self, id: u8) -> Option<usize> {
        self.items.iter().position(|item| item.id == id && !item.removed)
    }

    /// The definition: every reorder that is not undone, one after the other, on what was there at its time.
    fn order(&self) -> Vec<usize> {
        let mut order = Vec::new();
        for event in &self.events {
            match event {
                Event::Added(number) => order.push(*number),
                Event::Reordered(entry, moved) if self.done.contains(entry) => order = apply(&order, moved),
                Event::Reordered(..) => {}
            }
        }
        order.retain(|&number| !self.items[number].removed);
        order
    }

    fn sweep(&mut self) {
        let now = self.now;
        self.items.iter_mut().for_each(|item| item.leases.retain(|lease| lease.3 > now));
    }

    fn held(&self, who: usize) -> Vec<usize> {
        let has = |number: &usize| self.items[*number].leases.iter().any(|lease| lease.0 == who);
        self.order().into_iter().filter(has).collect()
    }

    fn next(&mut self, who: usize, n: usize) -> Vec<(u8, u64, bool)> {
        let mut given: Vec<(usize, bool)> = self.held(who).into_iter().map(|number| (number, true)).take(n).collect();
        for number in self.order() {
            let item = &self.items[number];
            let marked = item.completed.iter().chain(&item.skipped).any(|mark| mark.0 == who);
            let has = item.leases.iter().any(|lease| lease.0 == who);
            if given.len() < n && !marked && !has && item.completed.len() + item.leases.len() < item.quota {
                self.token += 1;
                self.items[number].leases.push((who, self.token, self.now, self.now + LEASE));
                given.push((number, false));
            }
        }
        let told = |(number, again): (usize, bool)| {
            let item = &self.items[number];
            (item.id, item.leases.iter().find(|lease| lease.0 == who).unwrap().1, again)
        };
        given.into_iter().map(told).collect()
    }

    /// `None`: the quota is reached.
    fn complete(&mut self, who: usize, number: usize) -> Option<(bool, bool)> {
        let now = self.now;
        let item = &mut self.items[number];
        let again = item.completed.iter().any(|mark| mark.0 == who);
        if !again {
            let held = item.leases.iter().any(|lease| lease.0 == who);
            if !held && item.completed.len() + item.leases.len() >= item.quota {
                return None;
            }
            item.leases.retain(|lease| lease.0 != who);
            item.skipped.retain(|mark| mark.0 != who);
            item.completed.push((who, now));
        }
        Some((again, item.completed.len() >= item.quota))
    }

    fn release(&mut self, who: usize, number: usize) -> bool {
        let before = self.items[number].leases.len();
        self.items[number].leases.retain(|lease| lease.0 != who);
        self.items[number].leases.len() < before
    }

    fn skip(&mut self, who: usize, number: usize) -> bool {
        let item = &mut self.items[number];
        if item.completed.iter().chain(&item.skipped).any(|mark| mark.0 == who) {
            return false;
        }
        item.leases.retain(|lease| lease.0 != who);
        item.skipped.push((who, self.now));
        true
    }

    fn note(&mut self, change: Change) -> u64 {
        let number = self.log.len() as u64 + 1;
        self.log.push((number, self.now, change));
        number
    }

    fn reorder(&mut self, ids: &[u8]) -> (u64, Vec<u8>) {
        let mut seen = Vec::new();
        ids.iter().for_each(|id| {
            if !seen.contains(id) {
                seen.push(*id)
            }
        });
        let known: Vec<usize> = seen.iter().filter_map(|&id| self.number(id)).collect();
        let unknown: Vec<u8> = seen.into_iter().filter(|&id| self.number(id).is_none()).collect();
        let (ids, unknowns) = (known.len() as u64, unknown.len() as u64);
        let number = self.note(Change::Reorder { ids, unknown: unknowns, undone: false });
        self.events.push(Event::Reordered(number, known));
        self.done.push(number);
        self.undone.clear();
        (number, unknown)
    }

    fn turn(&mut self, undo: bool) -> Option<u64> {
        let number = if undo { self.done.pop() } else { self.undone.pop() }?;
        if undo {
            self.undone.push(number)
        } else {
            self.done.push(number)
        }
        let Change::Reorder { undone, .. } = &mut self.log[number as usize - 1].2 else { panic!() };
        *undone = undo;
        self.note(if undo { Change::Undo { entry: number } } else { Change::Redo { entry: number } });
        Some(number)
    }
}

fn sorted(marks: &[Mark]) -> Vec<(&str, u64)> {
    let mut marks: Vec<_> = marks.iter().map(|mark| (mark.annotator.as_str(), mark.at)).collect();
    marks.sort_unstable();
    marks
}

/// The model's annotators, as the queue tells them.
fn named(marks: &[(usize, u64)]) -> Vec<(&'static str, u64)> {
    let mut marks: Vec<_> = marks.iter().map(|&(who, at)| (ANNOTATORS[who], at)).collect();
    marks.sort_unstable();
    marks
}

/// Compares everything there is.
fn compare(queue: &Queue, model: &Model) -> Result<(), TestCaseError> {
    let order = model.order();
    let names: Vec<String> = order.iter().map(|&number| name(model.items[number].id)).collect();
    prop_assert_eq!(queue.ids().unwrap(), &names[..]);
    let finished = |number: &usize| model.items[*number].completed.len() >= model.items[*number].quota;
    let remaining: Vec<String> =
        order.iter().filter(|n| !finished(n)).map(|&number| name(model.items[number].id)).collect();
    prop_assert_eq!(queue.remaining().unwrap(), remaining);

    let snapshot = queue.snapshot().unwrap();
    prop_assert_eq!(snapshot.last_token, model.token);
    let mut counts = [0; 3];
    for (there, &number) in snapshot.items.iter().zip(&order) {
        let item = &model.items[number];
        prop_assert_eq!((&there.id, there.quota), (&name(item.id), item.quota as u32));
        prop_assert_eq!(sorted(&there.completed), named(&item.completed));
        prop_assert_eq!(sorted(&there.skipped), named(&item.skipped));
        let mut leases: Vec<_> =
            there.leases.iter().map(|l| (l.token, l.annotator.as_str(), l.from, l.until)).collect();
        leases.sort_unstable();
        let live = item.leases.iter().filter(|lease| lease.3 > model.now);
        let mut expected: Vec<_> =
            live.map(|&(who, token, from, until)| (token, ANNOTATORS[who], from, until)).collect();
        expected.sort_unstable();
        prop_assert_eq!(&leases, &expected);
        prop_assert!(leases.len() + item.completed.len() <= item.quota);
        let status = match (finished(&number), leases.is_empty()) {
            (true, _) => 2,
            (false, false) => 1,
            (false, true) => 0,
        };
        counts[status] += 1;
    }
    let there = queue.counts().unwrap();
    prop_assert_eq!([there.waiting, there.leased, there.finished], counts);
    prop_assert_eq!(queue.len().unwrap(), order.len() as u64);

    let log: Vec<_> = queue.log().unwrap().into_iter().map(|e| (e.number, e.at, e.change)).collect();
    prop_assert_eq!(&log, &model.log);
    if let Some(&number) = order.get(model.now as usize % order.len().max(1)) {
        let item = &model.items[number];
        let state = queue.item(&name(item.id)).unwrap().unwrap();
        prop_assert_eq!(sorted(&state.completed), named(&item.completed));
        let status = state.status();
        prop_assert_eq!(status == Status::Finished, finished(&number));
        let live = item.leases.iter().any(|lease| lease.3 > model.now);
        prop_assert_eq!(status == Status::Leased, live && !finished(&number));
    }
    for (who, annotator) in ANNOTATORS.iter().enumerate() {
        let live = |n: &usize| model.items[*n].leases.iter().any(|lease| lease.0 == who && lease.3 > model.now);
        let expected: Vec<String> = order.iter().filter(|n| live(n)).map(|&n| name(model.items[n].id)).collect();
        let held: Vec<String> = queue.held(annotator).unwrap().into_iter().map(|lease| lease.id).collect();
        prop_assert_eq!(held, expected);
    }
    Ok(())
}

fn names(ids: &[u8]) -> Vec<String> {
    ids.iter().map(|&id| name(id)).collect()
}

/// One call, of the queue and of the model.
fn step(queue: &Queue, model: &mut Model, call: &Call) -> Result<(), TestCaseError> {
    // What an annotator has first, for the calls that are about that.
    let first = |model: &Model, who: usize| {
        let live = |n: &usize| model.items[*n].leases.iter().any(|lease| lease.0 == who && lease.3 > model.now);
        model.held(who).into_iter().find(live).map(|number| model.items[number].id)
    };
    match call {
        Call::Add(items) => {
            let told = queue.add_with(items.iter().map(|&(id, quota)| (name(id), quota))).unwrap();
            let mut added = 0;
            for &(id, quota) in items {
                if model.number(id).is_none() {
                    let (completed, skipped, leases) = (Vec::new(), Vec::new(), Vec::new());
                    let quota = quota as usize;
                    model.events.push(Event::Added(model.items.len()));
                    model.items.push(Item { id, removed: false, quota, completed, skipped, leases });
                    added += 1;
                }
            }
            prop_assert_eq!((told.added, told.known), (added, items.len() as u64 - added));
        }
        Call::Remove(ids) => {
            let mut removed = 0;
            for &id in ids {
                if let Some(number) = model.number(id) {
                    model.items[number].removed = true;
                    removed += 1;
                }
            }
            prop_assert_eq!(queue.remove(&names(ids)).unwrap(), removed);
        }
        &Call::Next(who, n) => {
            model.sweep();
            let expected: Vec<_> =
                model.next(who, n).into_iter().map(|(id, token, again)| (name(id), token, again)).collect();
            let given = if n == 1 {
                queue.next(ANNOTATORS[who]).unwrap().into_iter().collect()
            } else {
                queue.next_n(ANNOTATORS[who], n).unwrap()
            };
            prop_assert_eq!(given.into_iter().map(|l| (l.id, l.token, l.again)).collect::<Vec<_>>(), expected);
        }
        &Call::Complete(who, id) => complete(queue, model, who, id)?,
        &Call::CompleteHeld(who) => {
            if let Some(id) = first(model, who) {
                complete(queue, model, who, id)?;
            }
        }
        &Call::Release(who, id) => release(queue, model, who, id)?,
        &Call::ReleaseHeld(who) => {
            if let Some(id) = first(model, who) {
                release(queue, model, who, id)?;
            }
        }
        &Call::Skip(who, id) => skip(queue, model, who, id)?,
        &Call::SkipHeld(who) => {
            if let Some(id) = first(model, who) {
                skip(queue, model, who, id)?;
            }
        }
        &Call::Renew(who, right) => {
            let Some(id) = first(model, who) else { return Ok(()) };
            model.sweep();
            let until = model.now + LEASE;
            let number = model.number(id).unwrap();
            let lease = model.items[number].leases.iter_mut().find(|lease| lease.0 == who).unwrap();
            let result = queue.renew(ANNOTATORS[who], &name(id), lease.1 + u64::from(!right));
            if right {
                lease.3 = until;
                prop_assert_eq!(result, Ok(until));
            } else {
                prop_assert!(matches!(result, Err(QueueError::LeaseEnded { .. })), "{:?}", result);
            }
        }
        Call::Reorder(ids) => {
            let told = queue.reorder(&names(ids), "me", "a note").unwrap();
            let (number, unknown) = model.reorder(ids);
            prop_assert_eq!((told.entry, told.unknown), (number, names(&unknown)));
            let mut seen: Vec<u8> = ids.iter().copied().filter(|id| model.number(*id).is_some()).collect();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(told.moved, seen.len() as u64);
            let finished = |id: &&u8| {
                let item = &model.items[model.number(**id).unwrap()];
                item.completed.len() >= item.quota
            };
            prop_assert_eq!(told.finished, seen.iter().filter(finished).count() as u64);
        }
        Call::Undo => prop_assert_eq!(queue.undo("me", "a note").unwrap(), model.turn(true)),
        Call::Redo => prop_assert_eq!(queue.redo("me", "a note").unwrap(), model.turn(false)),
        Call::Advance(_) | Call::Reopen | Call::Restore => {}
    }
    Ok(())
}

fn complete(queue: &Queue, model: &mut Model, who: usize, id: u8) -> Result<(), TestCaseError> {
    let result = queue.complete(ANNOTATORS[who], &name(id));
    let Some(number) = model.number(id) else {
        prop_assert_eq!(result, Err(QueueError::UnknownItem { id: name(id) }));
        return Ok(());
    };
    model.sweep();
    match model.complete(who, number) {
        Some((again, finished)) => {
            let told = result.unwrap();
            prop_assert_eq!((told.again, told.finished), (again, finished));
        }
        None => {
            let (id, annotator) = (name(id), ANNOTATORS[who].to_owned());
            let quota = model.items[number].quota as u32;
            prop_assert_eq!(result, Err(QueueError::QuotaReached { id, annotator, quota }));
        }
    }
    Ok(())
}

fn release(queue: &Queue, model: &mut Model, who: usize, id: u8) -> Result<(), TestCaseError> {
    let result = queue.release(ANNOTATORS[who], &name(id));
    model.sweep();
    match model.number(id) {
        Some(number) => prop_assert_eq!(result, Ok(model.release(who, number))),
        None => prop_assert_eq!(result, Err(QueueError::UnknownItem { id: name(id) })),
    }
    Ok(())
}

fn skip(queue: &Queue, model: &mut Model, who: usize, id: u8) -> Result<(), TestCaseError> {
    let result = queue.skip(ANNOTATORS[who], &name(id));
    model.sweep();
    match model.number(id) {
        Some(number) => prop_assert_eq!(result, Ok(model.skip(who, number))),
        None => prop_assert_eq!(result, Err(QueueError::UnknownItem { id: name(id) })),
    }
    Ok(())
}

fn run(calls: &[Call]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(0);
    let options = QueueOptions::new().lease(Duration::from_millis(LEASE)).clock(clock.clone());
    let path = |i: usize| folder.path().join(format!("{i}.queue"));
    let mut queue = Queue::open_with(path(0), &options).unwrap();
    let mut model = Model::default();
    for (i, call) in calls.iter().enumerate() {
        match call {
            Call::Reopen => queue = Queue::open_with(queue.path(), &options).unwrap(),
            Call::Restore => {
                let json = serde_json::to_string(&queue.snapshot().unwrap()).unwrap();
                let snapshot: Snapshot = serde_json::from_str(&json).unwrap();
                queue = Queue::open_with(path(i + 1), &options).unwrap();
                queue.restore(&snapshot).unwrap();
                let told = queue.snapshot().unwrap();
                prop_assert_eq!(told.log, snapshot.log);
                prop_assert_eq!(told.items.len(), snapshot.items.len());
            }
            &Call::Advance(by) => {
                clock.advance(Duration::from_millis(by));
                model.now += by;
            }
            call => step(&queue, &mut model, call)?,
        }
        compare(&queue, &model)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_queue_is_what_its_definition_says(calls in prop::collection::vec(call(), 1..80)) {
        run(&calls)?;
    }

    #[test]
    fn annotators_are_given_what_they_should_however_the_order_changes(
        quotas in prop::collection::vec(1..4u32, 8),
        calls in prop::collection::vec(busy_call(), 60..120),
    ) {
        let add = Call::Add((0..).zip(quotas).collect());
        let calls: Vec<Call> = std::iter::once(add).chain(calls).collect();
        run(&calls)?;
    }
}
