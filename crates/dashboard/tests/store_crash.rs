//! Programs that work on one store, and are killed again and again; a server that is killed under them.
//!
//! Each program writes to a pipe what it is about to change and what was acknowledged. What was acknowledged must be in
//! the database afterwards, once; what was only tried may be.
#![allow(clippy::print_stdout, reason = "what was done is told")]

mod store_common;

use planisphere::queue_reorder::apply;
use planisphere_dashboard::store::{Rules, Store, StoreOptions};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store_common::postgres::Postgres;
use store_common::{item, request};

const URL: &str = "STORE_CRASH_URL";
const CHILD: &str = "STORE_CRASH_CHILD";
const FIRST: usize = 400;
const ANNOTATORS: usize = 12;
const RULES: Rules = Rules { annotators_per_item: 2, items_per_annotator: None, lease: Duration::from_secs(3600) };

/// Numbers that need not be good.
struct Dice(u64);

impl Dice {
    fn new(salt: u64) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        Self(now ^ (salt + COUNT.fetch_add(1, Ordering::SeqCst)).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// One write, so that a line is there or not; a last one without its end is not counted.
fn tell(words: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("@ {words} .\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// What the programs that the other tests start do; nothing in a run of the tests.
#[test]
fn child() {
    let (Ok(url), Ok(child)) = (std::env::var(URL), std::env::var(CHILD)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&url, StoreOptions::new().wait(Duration::from_secs(60))).await.unwrap();
        let mut tasks = Vec::new();
        for i in 0..ANNOTATORS {
            tasks.push(tokio::spawn(annotate(store.clone(), format!("c{child}-{i}"))));
        }
        tasks.push(tokio::spawn(add(store.clone(), child.clone())));
        if child == "0" {
            tasks.push(tokio::spawn(order(store.clone())));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn annotate(store: Store, me: String) {
    let mut dice = Dice::new(me.len() as u64);
    loop {
        let Some(lease) = store.next(&me, RULES).await.unwrap() else {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        let id = lease.item.id;
        tell(&format!("leased {me} {id}"));
        if dice.below(8) == 0 {
            tell(&format!("drop {me} {id}"));
            assert!(store.release(&me).await.unwrap());
            tell(&format!("dropped {me} {id}"));
            continue;
        }
        for _ in 0..1 + dice.below(2) {
            let value = dice.below(1 << 40);
            tell(&format!("say {me} {id} {value}"));
            store.annotate(&me, &id, vec![("s".into(), json!(value))], RULES).await.unwrap();
            tell(&format!("said {me} {id} {value}"));
        }
    }
}

async fn add(store: Store, child: String) {
    let mut dice = Dice::new(77);
    loop {
        let n = dice.below(1 << 40);
        let ids: Vec<String> = (0..10).map(|i| format!("new-{child}-{n}-{i}")).collect();
        store.add_items(ids.iter().map(|id| item(id)).collect()).await.unwrap();
        tell(&format!("added {}", ids.join(" ")));
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

async fn order(store: Store) {
    let mut dice = Dice::new(99);
    loop {
        match dice.below(4) {
            0 => {
                tell("undo");
                store.undo_reorder().await.unwrap();
            }
            1 => {
                tell("redo");
                store.redo_reorder().await.unwrap();
            }
            _ => {
                let ids: BTreeSet<String> =
                    (0..1 + dice.below(8)).map(|_| format!("first-{}", dice.below(FIRST as u64))).collect();
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                tell(&format!("reorder {}", ids.join(" ")));
                store.reorder(&request(&ids), RULES).await.unwrap();
            }
        }
        tell("ordered");
    }
}

/// What the programs told, all rounds together.
#[derive(Default)]
struct Told {
    /// By annotator and item: what was acknowledged last, and what was tried after that.
    said: HashMap<(String, String), (Option<u64>, Option<u64>)>,
    leased: HashMap<String, String>,
    added: BTreeSet<String>,
    /// All reorders: their items, and whether they are undone; those that can be redone from the newest.
    history: History,
    /// An attempt that was not acknowledged.
    tried: Option<Vec<String>>,
    acknowledged: usize,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct History {
    reorders: Vec<(Vec<String>, bool)>,
    done: Vec<usize>,
    undone: Vec<usize>,
}

impl History {
    fn apply(&mut self, what: &[String]) {
        match what[0].as_str() {
            "undo" => {
                if let Some(i) = self.done.pop() {
                    self.undone.push(i);
                    self.reorders[i].1 = true;
                }
            }
            "redo" => {
                if let Some(i) = self.undone.pop() {
                    self.done.push(i);
                    self.reorders[i].1 = false;
                }
            }
            _ => {
                self.undone.clear();
                self.done.push(self.reorders.len());
                self.reorders.push((what[1..].to_vec(), false));
            }
        }
    }
}

impl Told {
    fn take(&mut self, line: &str) {
        // The harness of the tests writes to the same pipe.
        let Some((_, line)) = line.split_once("@ ") else { return };
        let Some(line) = line.strip_suffix(" .\n") else { return };
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let said = |words: &[String]| (words[1].clone(), words[2].clone());
        match words[0].as_str() {
            "leased" => {
                self.leased.insert(words[1].clone(), words[2].clone());
            }
            "drop" => {
                self.leased.remove(&words[1]);
            }
            "say" => {
                self.leased.remove(&words[1]);
                self.said.entry(said(&words)).or_default().1 = Some(words[3].parse().unwrap());
            }
            "said" => {
                self.said.insert(said(&words), (Some(words[3].parse().unwrap()), None));
                self.acknowledged += 1;
            }
            "added" => self.added.extend(words[1..].iter().cloned()),
            "undo" | "redo" | "reorder" => self.tried = Some(words),
            "ordered" => {
                let tried = self.tried.take().unwrap();
                self.history.apply(&tried);
                self.acknowledged += 1;
            }
            _ => {}
        }
    }

    /// Compares with what is in the database, which settles what was tried.
    async fn check(&mut self, url: &str) {
        let store = Store::open(url, StoreOptions::new()).await.unwrap();
        let items = store.all_items().await.unwrap();
        let ids: BTreeSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids.len(), items.len(), "an item is there twice");
        assert!((0..).zip(&items).all(|(number, item)| item.number == number));
        for id in &self.added {
            assert!(ids.contains(id.as_str()), "{id} was added, and is lost");
        }

        // Annotations: those that were acknowledged, or tried afterwards; nothing else.
        let mut stored: HashMap<(String, String), u64> = HashMap::new();
        for a in store.annotations().await.unwrap() {
            let value = a.value.as_u64().unwrap();
            assert!(stored.insert((a.annotator, a.instance_id), value).is_none());
        }
        for (pair, (acknowledged, tried)) in &mut self.said {
            let value = stored.get(pair).copied();
            assert!(
                value == *acknowledged || (tried.is_some() && value == *tried),
                "{pair:?}: {value:?}, {acknowledged:?}"
            );
            (*acknowledged, *tried) = (value, None);
        }
        for pair in stored.keys() {
            assert!(self.said.contains_key(pair), "{pair:?} was never said");
        }
        let mut of_item: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, id) in stored.keys() {
            *of_item.entry(id).or_default() += 1;
        }
        for state in store.states().await.unwrap() {
            let n = of_item.get(state.id.as_str()).copied().unwrap_or(0);
            assert_eq!(state.annotators as usize, n, "{}", state.id);
            assert_eq!(state.finished, n >= 2);
            assert!(n <= 2, "{} was handed to {n} annotators", state.id);
        }
        let progress = store.progress().await.unwrap();
        assert_eq!((progress.annotations as usize, progress.items as usize), (stored.len(), items.len()));
        for annotator in store.annotators().await.unwrap() {
            assert_eq!(annotator.items as usize, stored.keys().filter(|(who, _)| *who == annotator.name).count());
        }

        // What was handed out is still in hand, and nothing is in too many hands.
        let page = store.queue(0, u64::MAX).await.unwrap();
        let mut in_hand: HashMap<&str, &str> = HashMap::new();
        for queued in &page.items {
            assert!(queued.annotators as usize + queued.leased_to.len() <= 2, "{queued:?}");
            for who in &queued.leased_to {
                assert!(in_hand.insert(who, &queued.id).is_none(), "{who} has two");
            }
        }
        for (who, id) in &self.leased {
            assert_eq!(in_hand.get(who.as_str()), Some(&id.as_str()), "{who} had {id} in hand");
        }

        // Reorders, and the order that they make.
        let log = store.reorderings(usize::MAX).await.unwrap();
        let now: Vec<(Vec<String>, bool)> =
            log.iter().rev().map(|r| (r.response.new_order_preview.clone(), r.undone)).collect();
        assert!((1..).zip(log.iter().rev()).all(|(number, r)| r.number == number));
        if now != self.history.reorders {
            let tried = self.tried.take().unwrap_or_else(|| panic!("reorders differ, and none was tried"));
            self.history.apply(&tried);
            assert_eq!(now, self.history.reorders, "{tried:?}");
        }
        self.tried = None;
        let added: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
        let applied = self.history.reorders.iter().filter(|(_, undone)| !undone);
        let order = applied.fold(added, |queue, (ids, _)| apply(&queue, ids));
        assert_eq!(store.order().await.unwrap(), order);
        store.close().await;
    }
}

/// A program at work, and what it told so far.
struct Program(Child, std::sync::mpsc::Receiver<String>);

impl Program {
    fn start(url: &str, child: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
        command.env(URL, url).env(CHILD, child.to_string()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            loop {
                let mut line = String::new();
                if out.read_line(&mut line).unwrap() == 0 || send.send(line).is_err() {
                    return;
                }
            }
        });
        Self(child, lines)
    }

    /// Waits until it told so many lines.
    fn wait_for(&mut self, lines: usize, told: &mut Told) {
        for _ in 0..lines {
            told.take(&self.1.recv_timeout(Duration::from_secs(60)).expect("it stands still"));
        }
    }

    fn kill(mut self, told: &mut Told) {
        assert!(self.0.try_wait().unwrap().is_none(), "it ended by itself");
        // SIGKILL.
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        for line in self.1 {
            told.take(&line);
        }
    }
}

fn rounds() -> usize {
    std::env::var("PLANISPHERE_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(10)
}

fn prepare(runtime: &tokio::runtime::Runtime, url: &str) {
    runtime.block_on(async {
        let store = Store::open(url, StoreOptions::new()).await.unwrap();
        store.add_items((0..FIRST).map(|i| item(&format!("first-{i}"))).collect()).await.unwrap();
        store.close().await;
    });
}

fn killed_again_and_again(name: &str, url: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    prepare(&runtime, url);
    let (mut told, mut dice) = (Told::default(), Dice::new(5));
    for _ in 0..rounds() {
        let mut programs = [Program::start(url, 0), Program::start(url, 1)];
        for program in &mut programs {
            program.wait_for(20, &mut told);
        }
        let [one, other] = programs;
        std::thread::sleep(Duration::from_millis(dice.below(250)));
        one.kill(&mut told);
        std::thread::sleep(Duration::from_millis(dice.below(50)));
        other.kill(&mut told);
        runtime.block_on(told.check(url));
    }
    assert!(told.acknowledged >= rounds(), "only {} changes", told.acknowledged);
    println!("{name}: {} rounds, {} changes acknowledged", rounds(), told.acknowledged);
}

#[test]
fn programs_are_killed_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    killed_again_and_again("SQLite", folder.path().join("project.db").to_str().unwrap());
}

#[test]
fn programs_are_killed_on_postgres() {
    let Some(server) = Postgres::start("programs_are_killed_on_postgres") else { return };
    killed_again_and_again("PostgreSQL", &server.database());
}

#[test]
fn the_server_is_killed() {
    let Some(mut server) = Postgres::start("the_server_is_killed") else { return };
    let url = server.database();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    prepare(&runtime, &url);
    let mut told = Told::default();
    let mut programs = [Program::start(&url, 0), Program::start(&url, 1)];
    for _ in 0..3 {
        for program in &mut programs {
            program.wait_for(200, &mut told);
        }
        server.kill();
        std::thread::sleep(Duration::from_millis(300));
        server.restart();
    }
    // They go on as if nothing had happened.
    for program in &mut programs {
        program.wait_for(200, &mut told);
    }
    for program in programs {
        program.kill(&mut told);
    }
    runtime.block_on(told.check(&url));
    println!("server killed: {} changes acknowledged", told.acknowledged);
}
