//! Any calls in any order, against a project in memory that is as simple as can be.
#![allow(clippy::print_stderr, reason = "what failed is told")]

mod store_common;

use planisphere::core::{CounterRng, Draws as Stream};
use planisphere::queue_reorder::{Reordered, Request, Response, apply};
use planisphere_dashboard::store::{Clock, Rules, Store, StoreOptions};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;
use store_common::{Kind, item, kinds};

const LEASE: u64 = 1000;
const ANNOTATORS: u32 = 4;

#[derive(Clone, Debug)]
enum Call {
    Add(Vec<u8>),
    Next(usize),
    Annotate(usize, u8),
    AnnotateHeld(usize),
    Release(usize),
    Reorder(Vec<(Vec<u8>, Option<u8>)>, bool),
    Undo,
    Redo,
    Advance(u64),
    Rules(u32, Option<u64>),
    Reopen,
}

/// Numbers of a seed.
struct Draws {
    rng: Stream,
    at: u64,
}

impl Draws {
    fn below(&mut self, n: u32) -> u32 {
        self.at += 1;
        self.rng.below(self.at, n)
    }

    fn list<T>(&mut self, most: u32, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| one(self)).collect()
    }

    fn call(&mut self) -> Call {
        let id = |draws: &mut Self| draws.below(12) as u8;
        let who = self.below(ANNOTATORS) as usize;
        match self.below(40) {
            0..3 => Call::Add(self.list(4, id)),
            3..13 => Call::Next(who),
            13..15 => Call::Annotate(who, id(self)),
            15..23 => Call::AnnotateHeld(who),
            23..25 => Call::Release(who),
            25..29 => {
                let group = |draws: &mut Self| {
                    let priority = draws.below(4) as u8;
                    (draws.list(5, id), (priority < 3).then_some(priority))
                };
                let first = group(self);
                let mut groups = self.list(2, group);
                groups.push(first);
                Call::Reorder(groups, self.below(2) == 0)
            }
            29..32 => Call::Undo,
            32..35 => Call::Redo,
            35..38 => Call::Advance(u64::from(self.below(LEASE as u32 * 3 / 2))),
            38 => {
                let most = u64::from(self.below(5));
                Call::Rules(self.below(4), (most < 4).then_some(most))
            }
            _ => Call::Reopen,
        }
    }
}

/// Nothing is clever here: the order is made anew from all reorders each time, items are searched one by one.
#[derive(Default)]
struct Model {
    added: Vec<String>,
    /// Number, the known items that it moved, whether it is applied.
    reorders: Vec<(i64, Vec<String>, bool)>,
    /// The place in `reorders` behind the last applied one that can be undone; those from here on can be done again.
    done: Vec<usize>,
    undone: Vec<usize>,
    annotated: BTreeMap<String, BTreeSet<usize>>,
    leases: BTreeMap<usize, (String, u64)>,
    now: u64,
}

fn who(i: usize) -> String {
    format!("annotator {i}")
}

fn id(i: u8) -> String {
    format!("item {i}")
}

impl Model {
    fn order(&self) -> Vec<String> {
        self.reorders.iter().filter(|r| r.2).fold(self.added.clone(), |queue, r| apply(&queue, &r.1))
    }

    fn annotators(&self, id: &str) -> usize {
        self.annotated.get(id).map_or(0, BTreeSet::len)
    }

    fn has(&self, who: usize, id: &str) -> bool {
        self.annotated.get(id).is_some_and(|a| a.contains(&who))
    }

    fn items_of(&self, who: usize) -> usize {
        self.annotated.values().filter(|a| a.contains(&who)).count()
    }

    fn finished(&self, id: &str, rules: Rules) -> bool {
        rules.annotators_per_item > 0 && self.annotators(id) >= rules.annotators_per_item as usize
    }

    fn others(&self, who: usize, id: &str) -> usize {
        self.leases.iter().filter(|(other, (item, _))| **other != who && item == id).count()
    }

    fn sweep(&mut self) {
        let now = self.now;
        self.leases.retain(|_, (_, until)| *until > now);
    }

    fn next(&mut self, who: usize, rules: Rules) -> Option<(String, u64)> {
        self.sweep();
        let held = self.leases.remove(&who).map(|(id, _)| id);
        if rules.items_per_annotator.is_some_and(|most| self.items_of(who) as u64 >= most) {
            return None;
        }
        let may = |id: &String| {
            let room = self.annotators(id) + self.others(who, id) < rules.annotators_per_item as usize;
            !self.has(who, id) && !self.finished(id, rules) && (rules.annotators_per_item == 0 || room)
        };
        let id = held.into_iter().chain(self.order()).find(|id| may(id))?;
        self.leases.insert(who, (id.clone(), self.now + LEASE));
        Some((id, self.now + LEASE))
    }

    fn reorder(&mut self, request: &Request, rules: Rules) -> (i64, Response) {
        let queue = self.order();
        let finished: Vec<String> = queue.iter().filter(|id| self.finished(id, rules)).cloned().collect();
        let order = request.order().unwrap();
        let reordered = Reordered::new(&queue, &finished, &order);
        let moved = order.into_iter().filter(|id| queue.contains(id)).collect();
        let number = self.reorders.len() as i64 + 1;
        self.reorders.push((number, moved, true));
        assert_eq!(self.order(), reordered.ordering);
        self.undone.clear();
        self.done.push(self.reorders.len() - 1);
        (number, Response::from(&reordered))
    }

    fn turn(&mut self, undo: bool) -> Option<(i64, bool)> {
        let (from, to) = if undo { (&mut self.done, &mut self.undone) } else { (&mut self.undone, &mut self.done) };
        let at = from.pop()?;
        to.push(at);
        self.reorders[at].2 = !undo;
        Some((self.reorders[at].0, undo))
    }
}

async fn play(url: &str, reopens: bool, calls: Vec<Call>) {
    let clock = Clock::manual(1_000_000);
    let options = || StoreOptions::new().clock(clock.clone());
    let mut store = Store::open(url, options()).await.unwrap();
    // Another program with the same database, which takes part.
    let other = if reopens { Some(Store::open(url, options()).await.unwrap()) } else { None };
    let mut model = Model { now: 1_000_000, ..Model::default() };
    let mut rules = Rules { annotators_per_item: 2, items_per_annotator: None, lease: Duration::from_millis(LEASE) };
    let mut held: HashMap<usize, String> = HashMap::new();
    for (step, call) in calls.into_iter().enumerate() {
        let one = match &other {
            Some(other) if step % 3 == 2 => other.clone(),
            _ => store.clone(),
        };
        match call {
            Call::Add(ids) => {
                let added = one.add_items(ids.iter().map(|i| item(&id(*i))).collect()).await.unwrap();
                let before = model.added.len();
                for i in &ids {
                    if !model.added.contains(&id(*i)) {
                        model.added.push(id(*i));
                    }
                }
                assert_eq!(added.added as usize, model.added.len() - before);
                assert_eq!((added.added + added.unchanged) as usize, ids.len());
            }
            Call::Next(i) => {
                let lease = one.next(&who(i), rules).await.unwrap();
                if let Some(lease) = &lease {
                    held.insert(i, lease.item.id.clone());
                }
                let told = lease.map(|l| {
                    let until = l.until.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
                    (l.item.id, until)
                });
                assert_eq!(told, model.next(i, rules), "next of {i}");
            }
            Call::AnnotateHeld(i) => {
                if let Some(id) = held.get(&i) {
                    annotate(&one, &mut model, i, id, rules).await;
                }
            }
            Call::Annotate(i, n) => annotate(&one, &mut model, i, &id(n), rules).await,
            Call::Release(i) => {
                model.sweep();
                assert_eq!(one.release(&who(i)).await.unwrap(), model.leases.remove(&i).is_some());
            }
            Call::Reorder(groups, interleave) => {
                let group = |(ids, priority): &(Vec<u8>, Option<u8>)| json!({ "instance_ids": ids.iter().map(|i| id(*i)).collect::<Vec<_>>(), "priority": priority });
                let groups: Vec<_> = groups.iter().map(group).collect();
                let request = Request::from_value(&json!({ "selections": groups, "interleave": interleave })).unwrap();
                assert_eq!(one.reorder(&request, rules).await.unwrap(), model.reorder(&request, rules));
            }
            Call::Undo => {
                let told = one.undo_reorder().await.unwrap().map(|r| (r.number, r.undone));
                assert_eq!(told, model.turn(true));
            }
            Call::Redo => {
                let told = one.redo_reorder().await.unwrap().map(|r| (r.number, r.undone));
                assert_eq!(told, model.turn(false));
            }
            Call::Advance(by) => {
                clock.advance(Duration::from_millis(by));
                model.now += by;
            }
            Call::Rules(annotators_per_item, items_per_annotator) => {
                rules = Rules { annotators_per_item, items_per_annotator, ..rules };
                one.use_rules(rules).await.unwrap();
            }
            Call::Reopen if reopens => {
                store.close().await;
                store = Store::open(url, options()).await.unwrap();
            }
            Call::Reopen => {}
        }
        check(&store, &model, rules).await;
    }
    store.close().await;
    if let Some(other) = other {
        other.close().await;
    }
}

async fn annotate(store: &Store, model: &mut Model, i: usize, id: &str, rules: Rules) {
    let done = store.annotate(&who(i), id, vec![("s".to_owned(), json!(i))], rules).await;
    if !model.added.iter().any(|known| known == id) {
        assert!(done.is_err());
        return;
    }
    let done = done.unwrap();
    let first = model.annotated.entry(id.to_owned()).or_default().insert(i);
    let total: usize = model.annotated.values().map(BTreeSet::len).sum();
    let told = (done.first, done.annotators as usize, done.finished, done.annotations_total as usize);
    assert_eq!(told, (first, model.annotators(id), model.finished(id, rules), total));
    if model.leases.get(&i).is_some_and(|(held, _)| held == id) {
        model.leases.remove(&i);
    }
}

async fn check(store: &Store, model: &Model, rules: Rules) {
    let order = model.order();
    assert_eq!(store.order().await.unwrap(), order);
    let open: Vec<&String> = order.iter().filter(|id| !model.finished(id, rules)).collect();
    let page = store.queue(0, 100).await.unwrap();
    assert_eq!((page.total as usize, page.remaining as usize), (order.len(), open.len()));
    for (told, id) in page.items.iter().zip(open) {
        let leases = model.leases.iter().filter(|(_, (item, until))| item == id && *until > model.now);
        let mut leased: Vec<String> = leases.map(|(i, _)| who(*i)).collect();
        let mut told_leased = told.leased_to.clone();
        leased.sort();
        told_leased.sort();
        assert_eq!((&told.id, told.annotators as usize, told_leased), (id, model.annotators(id), leased));
        if rules.annotators_per_item > 0 && model.leases.is_empty() {
            assert!(told.annotators < rules.annotators_per_item);
        }
    }
    for state in store.states().await.unwrap() {
        assert_eq!(state.annotators as usize, model.annotators(&state.id));
        assert_eq!(state.finished, model.finished(&state.id, rules));
    }
}

fn run(kind: &Kind, cases: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for case in 0..cases {
        let mut draws = Draws { rng: CounterRng::new(case, "store").at(0, 0), at: 0 };
        let calls = draws.list(60, Draws::call);
        let story = format!("case {case}: {calls:?}");
        let reopens = !matches!(kind, Kind::Memory);
        let play = std::panic::AssertUnwindSafe(|| runtime.block_on(play(&kind.url(), reopens, calls)));
        if let Err(panic) = std::panic::catch_unwind(play) {
            eprintln!("{story}");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn any_calls_in_any_order() {
    for kind in kinds("any_calls_in_any_order") {
        let cases = match kind {
            Kind::Memory => 150,
            Kind::File(_) => 25,
            Kind::Server(_) => 25,
        };
        run(&kind, cases);
    }
}
