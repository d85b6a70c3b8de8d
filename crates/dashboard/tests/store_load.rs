//! Many callers at once. A few seconds in a run of the tests; with `PLANISPHERE_STORE_FIGURES=1` in the environment
//! it is 20,000 items with 384 values, and figures are told: `cargo test -p planisphere-dashboard --test store_load --
//! --nocapture`.
#![allow(clippy::print_stdout, reason = "figures are told")]

mod store_common;

use planisphere_dashboard::store::{NewItem, Projection, Store, StoreOptions};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};
use store_common::{Kind, data, item, kinds, request, rules};

fn figures() -> bool {
    std::env::var_os("PLANISPHERE_STORE_FIGURES").is_some()
}

/// What a caller was told: items given, and whether they finished them.
type Log = Vec<(String, bool)>;

/// Annotates whatever comes until nothing is left, or for some time.
async fn annotate(store: Store, me: String, until: Option<Instant>) -> (Log, Vec<Duration>) {
    let (mut log, mut times) = (Vec::new(), Vec::new());
    let rules = rules(3);
    while until.is_none_or(|until| Instant::now() < until) {
        let started = Instant::now();
        let Some(lease) = store.next(&me, rules).await.unwrap() else { break };
        times.push(started.elapsed());
        let started = Instant::now();
        let said = vec![("mood".to_owned(), json!("good")), ("tags".to_owned(), json!(["x"]))];
        let done = store.annotate(&me, &lease.item.id, said, rules).await.unwrap();
        times.push(started.elapsed());
        assert!(done.first && done.annotators <= 3);
        log.push((lease.item.id, done.finished));
    }
    (log, times)
}

/// Nothing is lost and nothing doubled, by what the callers were told.
async fn check(store: &Store, logs: &[Log]) {
    let (mut given, mut finished): (HashMap<&str, u32>, HashSet<&str>) = Default::default();
    for log in logs {
        let mut mine = HashSet::new();
        for (id, last) in log {
            assert!(mine.insert(id), "{id} came twice");
            *given.entry(id).or_default() += 1;
            assert!(!last || finished.insert(id), "{id} was finished twice");
        }
    }
    for state in store.states().await.unwrap() {
        assert_eq!(state.annotators, given.get(state.id.as_str()).copied().unwrap_or(0), "{}", state.id);
        assert_eq!(state.finished, finished.contains(state.id.as_str()));
    }
    let total: usize = logs.iter().map(Vec::len).sum();
    assert_eq!(store.progress().await.unwrap().annotations as usize, total);
    assert_eq!(store.annotations().await.unwrap().len(), total * 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers() {
    for kind in kinds("sixty_four_callers") {
        let url = kind.url();
        let one = Store::open(&url, StoreOptions::new()).await.unwrap();
        // Two programs, where the database is not in this one.
        let two = match kind {
            Kind::Memory => one.clone(),
            _ => Store::open(&url, StoreOptions::new()).await.unwrap(),
        };
        one.add_items((0..300).map(|i| item(&format!("item {i}"))).collect()).await.unwrap();
        let task = |i: u32| {
            let store = if i.is_multiple_of(2) { one.clone() } else { two.clone() };
            tokio::spawn(annotate(store, format!("annotator {i}"), None))
        };
        let tasks: Vec<_> = (0..64).map(task).collect();
        for i in 0..20 {
            let ids = [format!("item {}", i * 13), format!("item {}", 299 - i)];
            two.reorder(&request(&[&ids[0], &ids[1]]), rules(3)).await.unwrap();
            if i % 3 == 0 {
                one.undo_reorder().await.unwrap().unwrap();
            }
        }
        let mut logs = Vec::new();
        for task in tasks {
            logs.push(task.await.unwrap().0);
        }
        assert_eq!(logs.iter().map(Vec::len).sum::<usize>(), 900, "each item was wanted three times");
        check(&one, &logs).await;
        one.close().await;
        if !matches!(kind, Kind::Memory) {
            two.close().await;
        }
    }
}

/// Times of a project as large as it may get.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large() {
    let (n, dimension) = if figures() { (20_000, 384) } else { (2_000, 16) };
    for kind in kinds("large") {
        let name = match kind {
            Kind::Memory => continue,
            Kind::File(_) => "SQLite",
            Kind::Server(_) => "PostgreSQL",
        };
        let store = kind.open(StoreOptions::new()).await;
        let new = |i: usize| NewItem {
            id: format!("item-{i}"),
            data: data(json!({ "text": format!("{} {i}", "some words ".repeat(10)), "score": i as f64 / 7.0 })),
            vector: Some((0..dimension).map(|j| (i * dimension + j) as f32 / 7.0).collect()),
        };
        let items: Vec<NewItem> = (0..n).map(new).collect();
        let tell = |what: &str, started: Instant| {
            if figures() {
                println!("{name}: {what}: {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
            }
        };
        let started = Instant::now();
        assert_eq!(store.add_items(items.clone()).await.unwrap().added as usize, n);
        tell("add_items", started);
        let started = Instant::now();
        assert_eq!(store.add_items(items.clone()).await.unwrap().unchanged as usize, n);
        tell("add_items again", started);
        let started = Instant::now();
        assert_eq!(store.all_items().await.unwrap().len(), n);
        tell("all_items", started);
        let started = Instant::now();
        let vectors = store.vectors().await.unwrap();
        tell("vectors", started);
        assert!(vectors.iter().zip(&items).all(|(v, i)| v.0 == i.id && Some(&v.1) == i.vector.as_ref()));
        let started = Instant::now();
        assert_eq!(store.states().await.unwrap().len(), n);
        tell("states", started);
        let started = Instant::now();
        store.versions().await.unwrap();
        tell("versions", started);
        let ids: Vec<&str> = items.iter().rev().map(|i| i.id.as_str()).collect();
        let started = Instant::now();
        let (_, response) = store.reorder(&request(&ids), rules(3)).await.unwrap();
        tell("reorder of all", started);
        assert_eq!(response.moved_count, Some(n));
        assert_eq!(store.order().await.unwrap(), ids);
        let started = Instant::now();
        store.undo_reorder().await.unwrap().unwrap();
        tell("undo of all", started);
        let started = Instant::now();
        store.queue(n as u64 / 2, 50).await.unwrap();
        tell("a page of the queue", started);
        let started = Instant::now();
        store.progress().await.unwrap();
        tell("progress", started);
        let ids = items.iter().map(|i| i.id.clone()).collect();
        let p = Projection { key: "p".into(), meta: json!({}), ids, coordinates: vec![[0.5, 0.25]; n] };
        let started = Instant::now();
        store.put_projection(p.clone()).await.unwrap();
        tell("put_projection", started);
        let started = Instant::now();
        assert_eq!(store.projection("p").await.unwrap(), Some(p));
        tell("projection", started);

        let mut logs = vec![Vec::new(); 64];
        for callers in if figures() { vec![1, 16, 64] } else { vec![64] } {
            let time = Duration::from_millis(if figures() { 5000 } else { 300 });
            let started = Instant::now();
            let until = Some(started + time);
            let task = |i| tokio::spawn(annotate(store.clone(), format!("annotator {i}"), until));
            let tasks: Vec<_> = (0..callers).map(task).collect();
            let mut times = Vec::new();
            for (log, task) in logs.iter_mut().zip(tasks) {
                let (more, took) = task.await.unwrap();
                log.extend(more);
                times.extend(took);
            }
            times.sort();
            let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
            if figures() {
                let rate = times.len() as f64 / started.elapsed().as_secs_f64();
                println!(
                    "{name}: {callers} callers: {rate:.0} changes/s, p50 {:.2} ms, p99 {:.2} ms",
                    at(0.5),
                    at(0.99)
                );
            }
        }
        check(&store, &logs).await;
        // One who has annotated nearly all of it.
        let all: Vec<String> = store.order().await.unwrap();
        for ids in all[..n - 1].chunks(500) {
            let tasks: Vec<_> = ids
                .iter()
                .map(|id| {
                    let (store, id) = (store.clone(), id.clone());
                    tokio::spawn(async move { store.annotate("one", &id, vec![], rules(0)).await.unwrap() })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        }
        for what in ["next of one who has done all but one", "the same again", "after a release"] {
            let started = Instant::now();
            assert_eq!(store.next("one", rules(0)).await.unwrap().unwrap().item.id, all[n - 1]);
            tell(what, started);
            if what != "next of one who has done all but one" {
                store.release("one").await.unwrap();
            }
        }
        store.close().await;
    }
}
