//! Several processes with one queue, which are killed and started again.
//!
//! A few seconds of it in a run of the tests. With `PLANISPHERE_QUEUE_STRESS=1` in the environment it is 8 writers and 8
//! annotators for a minute, and what they did is told: `cargo test -p planisphere-queue-reorder --test queue_processes
//! -- --nocapture`.
#![cfg(feature = "queue")]

use planisphere_core::CounterRng;
use planisphere_queue_reorder::queue::{Clock, Snapshot, SnapshotChange};
use planisphere_queue_reorder::{Queue, QueueError, QueueOptions, apply};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FOLDER: &str = "QUEUE_TEST_FOLDER";
const ROLE: &str = "QUEUE_TEST_ROLE";
const SEED: &str = "QUEUE_TEST_SEED";
const LEASE: Duration = Duration::from_millis(400);
const FIRST: usize = 300;

fn open(folder: &Path) -> Queue {
    let options = QueueOptions::new().lease(LEASE).wait(Duration::from_secs(120));
    Queue::open_with(folder.join("items.queue"), &options).unwrap()
}

fn quota(id: &str) -> u32 {
    1 + id.bytes().map(u32::from).sum::<u32>() % 3
}

/// What a process did, a line each, which ends in a point: one that does not was cut off by the end of its process.
struct Journal(File);

impl Journal {
    fn open(folder: &Path, role: &str) -> Self {
        let mut file = OpenOptions::new().create(true).append(true).open(folder.join(role)).unwrap();
        file.write_all(b"\n").unwrap();
        Self(file)
    }

    /// Notes words, with the time.
    fn note(&mut self, words: &str) {
        self.0.write_all(format!("{} {words} .\n", Clock::system().now()).as_bytes()).unwrap();
    }
}

/// What the processes that the other test starts do; nothing in a run of the tests.
#[test]
fn child() {
    let (Ok(folder), Ok(role), Ok(seed)) = (std::env::var(FOLDER), std::env::var(ROLE), std::env::var(SEED)) else {
        return;
    };
    let folder = PathBuf::from(folder);
    let queue = open(&folder);
    let mut journal = Journal::open(&folder, &role);
    let (rng, mut at) = (CounterRng::new(seed.parse().unwrap(), &role).at(0, 0), 0);
    let mut draw = |n: usize| {
        at += 1;
        rng.below(at, n as u32) as usize
    };
    while !folder.join("stop").exists() {
        if role.starts_with('a') {
            annotate(&queue, &role, &mut journal, &mut draw);
        } else {
            change(&queue, &role, &seed, &mut journal, &mut draw);
        }
    }
}

fn annotate(queue: &Queue, me: &str, journal: &mut Journal, draw: &mut impl FnMut(usize) -> usize) {
    let Some(lease) = queue.next(me).unwrap() else {
        journal.note("nothing");
        std::thread::sleep(Duration::from_millis(5));
        return;
    };
    let (id, token) = (lease.id, lease.token);
    journal.note(&format!("given {id} {token} {} {} {}", lease.from, lease.until, lease.again));
    let what = draw(20);
    match what {
        0..12 => {
            journal.note(&format!("end {id} {token}"));
            match queue.complete(me, &id) {
                Ok(_) => journal.note(&format!("completed {id}")),
                // The time was up, and somebody else has it now.
                Err(QueueError::QuotaReached { .. }) => journal.note("late"),
                Err(error) => panic!("{error}"),
            }
        }
        12..14 => {
            journal.note(&format!("end {id} {token}"));
            queue.release(me, &id).unwrap();
            journal.note("released");
        }
        14..16 => {
            journal.note(&format!("end {id} {token}"));
            queue.skip(me, &id).unwrap();
            journal.note(&format!("skipped {id}"));
        }
        16..18 => match queue.renew(me, &id, token) {
            Ok(until) => journal.note(&format!("renewed {id} {token} {until}")),
            Err(QueueError::LeaseEnded { .. }) => journal.note("late"),
            Err(error) => panic!("{error}"),
        },
        // Asks for it again.
        18 => {}
        _ => std::thread::sleep(LEASE + Duration::from_millis(50)),
    }
}

fn change(queue: &Queue, me: &str, seed: &str, journal: &mut Journal, draw: &mut impl FnMut(usize) -> usize) {
    let some = |draw: &mut dyn FnMut(usize) -> usize| -> Vec<String> {
        (0..1 + draw(6)).map(|_| format!("first-{}", draw(FIRST + 3))).collect()
    };
    match draw(10) {
        0..2 => {
            let n = draw(1_000_000);
            let ids: Vec<String> = (0..1 + draw(5)).map(|i| format!("{me}-{seed}-{n}-{i}")).collect();
            queue.add_with(ids.iter().map(|id| (id, quota(id)))).unwrap();
            journal.note(&format!("added {}", ids.join(" ")));
        }
        2..6 => {
            let ids = some(draw);
            let entry = queue.reorder(&ids, me, "as drawn").unwrap().entry;
            journal.note(&format!("reordered {entry} {}", ids.join(" ")));
        }
        6 => match queue.undo(me, "").unwrap() {
            Some(entry) => journal.note(&format!("undone {entry}")),
            None => journal.note("nothing"),
        },
        7 => match queue.redo(me, "").unwrap() {
            Some(entry) => journal.note(&format!("redone {entry}")),
            None => journal.note("nothing"),
        },
        _ => {
            let id = format!("first-{}", draw(FIRST));
            match queue.complete(me, &id) {
                Ok(_) => journal.note(&format!("completed {id}")),
                Err(QueueError::QuotaReached { .. }) => journal.note("late"),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

struct Crowd {
    folder: PathBuf,
    children: Vec<(String, Child)>,
    started: u64,
}

impl Crowd {
    fn start(&mut self, role: String) {
        self.started += 1;
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child"])
            .env(FOLDER, &self.folder)
            .env(ROLE, &role)
            .env(SEED, self.started.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.children.push((role, child));
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for (_, child) in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn processes_that_are_killed_and_started_again() {
    let stress = std::env::var_os("PLANISPHERE_QUEUE_STRESS").is_some_and(|value| value == "1");
    let (each, seconds) = if stress { (8, 60) } else { (4, 4) };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let ids: Vec<String> = (0..FIRST).map(|i| format!("first-{i}")).collect();
    open(&path).add_with(ids.iter().map(|id| (id, quota(id)))).unwrap();

    let mut crowd = Crowd { folder: path.clone(), children: Vec::new(), started: 0 };
    for i in 0..each {
        crowd.start(format!("a{i}"));
        crowd.start(format!("w{i}"));
    }
    let rng = CounterRng::new(1, "kills").at(0, 0);
    let (start, mut kills) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_millis(u64::from(rng.below(2 * kills, 150))));
        let chosen = rng.below(2 * kills + 1, crowd.children.len() as u32) as usize;
        let (role, mut child) = crowd.children.swap_remove(chosen);
        assert!(child.try_wait().unwrap().is_none(), "{role} ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        crowd.start(role);
    }
    File::create(path.join("stop")).unwrap();
    for (role, mut child) in crowd.children.drain(..) {
        assert!(child.wait().unwrap().success(), "{role}");
    }
    let elapsed = start.elapsed().as_secs_f64();
    let done = check(&path, each, &ids);
    assert!(done > 0 && kills > 10, "{done} changes, {kills} kills");
    if stress {
        let words =
            format!("{done} changes in {elapsed:.1} s ({:.0} a second), {kills} kills\n", done as f64 / elapsed);
        std::io::stderr().write_all(words.as_bytes()).unwrap();
    }
}

/// Since when, and until when, an item needs nobody in the place of an annotator.
type Span = (u64, u64);

#[derive(Default)]
struct Told {
    /// Item → annotator, token → what was certainly so.
    spans: HashMap<String, BTreeMap<(String, u64), Span>>,
    completed: Vec<(String, String, u64)>,
    added: Vec<String>,
    reordered: Vec<(u64, Vec<String>)>,
    turned: [Vec<u64>; 2],
    changes: usize,
}

impl Told {
    fn read(&mut self, folder: &Path, role: &str) {
        let text = std::fs::read_to_string(folder.join(role)).unwrap();
        // What this annotator is done with, and must not be given again.
        let mut done = HashSet::new();
        for line in text.lines() {
            let Some(words) = line.strip_suffix(" .") else { continue };
            let words: Vec<&str> = words.split(' ').collect();
            let at: u64 = words[0].parse().unwrap();
            let number = |i: usize| words[i].parse::<u64>().unwrap();
            self.changes += usize::from(!matches!(words[1], "end" | "nothing" | "late"));
            match words[1] {
                "given" => {
                    assert!(!done.contains(words[2]), "{role} is done with {}", words[2]);
                    let spans = self.spans.entry(words[2].to_owned()).or_default();
                    let span = spans.entry((role.to_owned(), number(3))).or_insert((number(4), number(5)));
                    // Told again: still the same, or renewed by a process that did not live to tell it.
                    assert!(span.0 == number(4) && span.1 <= number(5), "{line}");
                    span.1 = number(5);
                }
                "renewed" | "end" => {
                    let spans = self.spans.get_mut(words[2]).unwrap();
                    let span = spans.get_mut(&(role.to_owned(), number(3))).unwrap();
                    span.1 = if words[1] == "end" { span.1.min(at) } else { number(4) };
                }
                "completed" => {
                    // Those that complete without a lease may do so again.
                    if done.insert(words[2].to_owned()) {
                        self.completed.push((words[2].to_owned(), role.to_owned(), at));
                    }
                }
                "skipped" => {
                    done.insert(words[2].to_owned());
                }
                "added" => self.added.extend(words[2..].iter().map(|&id| id.to_owned())),
                "reordered" => {
                    self.reordered.push((number(2), words[3..].iter().map(|&id| id.to_owned()).collect()));
                }
                "undone" => self.turned[0].push(number(2)),
                "redone" => self.turned[1].push(number(2)),
                "nothing" | "late" | "released" => {}
                other => panic!("{other}"),
            }
        }
    }
}

/// Holds what is in the queue to what the processes noted; returns how many changes they made.
fn check(folder: &Path, each: usize, first: &[String]) -> usize {
    let mut told = Told::default();
    for i in 0..each {
        told.read(folder, &format!("a{i}"));
        told.read(folder, &format!("w{i}"));
    }
    let queue = open(folder);
    let snapshot = queue.snapshot().unwrap();
    let ids: Vec<&str> = snapshot.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(queue.ids().unwrap(), ids);

    // Nothing is lost, and nothing is there twice.
    let there: HashMap<&str, _> = snapshot.items.iter().map(|item| (item.id.as_str(), item)).collect();
    assert_eq!(there.len(), ids.len());
    assert!(first.iter().chain(&told.added).all(|id| there.contains_key(id.as_str())));
    for (id, annotator, _) in &told.completed {
        assert!(there[id.as_str()].completed.iter().any(|mark| mark.annotator == *annotator), "{annotator}: {id}");
    }

    // Nobody was given what others had already, at any time.
    for (id, _, at) in &told.completed {
        let spans = told.spans.entry(id.clone()).or_default();
        let n = spans.len() as u64;
        spans.insert((String::new(), n), (*at, u64::MAX));
    }
    let mut most = 0;
    for (id, spans) in &told.spans {
        let item = there[id.as_str()];
        assert!(item.completed.len() + item.leases.len() <= item.quota as usize, "{id}");
        for &(from, until) in spans.values().filter(|span| span.0 < span.1) {
            let at_once = spans.values().filter(|span| span.0 <= from && from < span.1).count();
            assert!(at_once <= item.quota as usize, "{id}, from {from} until {until}: {spans:?}");
            most = most.max(at_once);
        }
    }
    assert!(most > 1, "{most}");
    check_order(&queue, &snapshot, &told);

    // All of it is sound enough to be taken over elsewhere.
    let copy = Queue::open(folder.join("copy.queue")).unwrap();
    copy.restore(&snapshot).unwrap();
    assert_eq!(copy.ids().unwrap(), ids);
    assert_eq!(copy.log().unwrap(), queue.log().unwrap());
    told.changes
}

/// The order is what the log says, and the log what the processes did.
fn check_order(queue: &Queue, snapshot: &Snapshot, told: &Told) {
    let names: HashMap<u32, &str> = snapshot.items.iter().map(|item| (item.number, item.id.as_str())).collect();
    let mut active: Vec<(u64, Vec<u32>)> = Vec::new();
    let (mut undone, mut turned) = (Vec::new(), [Vec::new(), Vec::new()]);
    let mut reorders = HashMap::new();
    for (number, entry) in (1..).zip(&snapshot.log) {
        match &entry.change {
            SnapshotChange::Reorder { moves, .. } => {
                let moved: Vec<u32> = moves.iter().map(|moved| moved.0).collect();
                reorders.insert(number, moved.iter().map(|moved| names[moved]).collect::<Vec<_>>());
                active.push((number, moved));
                undone.clear();
            }
            SnapshotChange::Undo { entry } => {
                let last = active.pop().unwrap();
                assert_eq!(last.0, *entry);
                undone.push(last);
                turned[0].push(*entry);
            }
            SnapshotChange::Redo { entry } => {
                let last = undone.pop().unwrap();
                assert_eq!(last.0, *entry);
                active.push(last);
                turned[1].push(*entry);
            }
        }
    }
    // Numbers are given in the order in which items are added.
    let mut order: Vec<u32> = names.keys().copied().collect();
    order.sort_unstable();
    for (_, moved) in &active {
        order = apply(&order, moved);
    }
    assert_eq!(order, snapshot.items.iter().map(|item| item.number).collect::<Vec<_>>());
    assert!(!told.reordered.is_empty() && told.turned.iter().all(|turned| !turned.is_empty()));
    for (entry, ids) in &told.reordered {
        let mut seen = HashSet::new();
        let known: Vec<&str> = ids.iter().map(String::as_str).filter(|id| names.values().any(|n| n == id)).collect();
        let known: Vec<&str> = known.into_iter().filter(|id| seen.insert(*id)).collect();
        assert_eq!(reorders[entry], known, "entry {entry}");
    }
    for (told, mut turned) in told.turned.iter().zip(turned) {
        for entry in told {
            let at = turned.iter().position(|turned| turned == entry);
            turned.swap_remove(at.expect("what was told to be undone or redone is in the log"));
        }
    }
    assert_eq!(queue.log().unwrap().len(), snapshot.log.len());
}
