//! A queue in a file: what annotators get, what is refused, files that are something else.
#![cfg(feature = "queue")]

use planisphere_queue_reorder::queue::{
    Change, Clock, Lease, Mark, Snapshot, SnapshotChange, SnapshotEntry, SnapshotItem, Status,
};
use planisphere_queue_reorder::{Queue, QueueError, QueueOptions};
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(60);

fn timed(path: &Path) -> (Queue, Clock) {
    let clock = Clock::manual(1_000_000);
    let options = QueueOptions::new().quota(2).lease(LEASE).clock(clock.clone());
    (Queue::open_with(path, &options).unwrap(), clock)
}

fn next(queue: &Queue, annotator: &str) -> Option<String> {
    queue.next(annotator).unwrap().map(|lease| lease.id)
}

#[test]
fn a_lease_ends_by_time_and_frees_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (queue, clock) = timed(&folder.path().join("q"));
    queue.add_with([("a", 1), ("b", 1)]).unwrap();
    let first = queue.next("ann").unwrap().unwrap();
    assert_eq!((first.from, first.until, first.again), (1_000_000, 1_060_000, false));
    clock.advance(LEASE / 2);
    let same = queue.next("ann").unwrap().unwrap();
    assert_eq!((same.token, same.until, same.again), (first.token, first.until, true));
    assert_eq!(next(&queue, "ben").as_deref(), Some("b"));
    assert_eq!(next(&queue, "cleo"), None);

    // A millisecond before the end, and at the end.
    clock.advance(LEASE / 2 - Duration::from_millis(1));
    assert_eq!(next(&queue, "cleo"), None);
    assert_eq!(queue.counts().unwrap().leased, 2);
    clock.advance(Duration::from_millis(1));
    let counts = queue.counts().unwrap();
    assert_eq!((counts.waiting, counts.leased, counts.finished), (1, 1, 0));
    assert_eq!(queue.item("a").unwrap().unwrap().status(), Status::Waiting);
    assert!(queue.held("ann").unwrap().is_empty());
    assert!(matches!(queue.renew("ann", "a", first.token), Err(QueueError::LeaseEnded { .. })));
    assert_eq!(next(&queue, "cleo").as_deref(), Some("a"));

    // Too late, as somebody else has it; then in time, as nobody has.
    let late = queue.complete("ann", "a");
    assert!(
        matches!(&late, Err(QueueError::QuotaReached { id, annotator, quota: 1 }) if id == "a" && annotator == "ann")
    );
    assert!(queue.release("cleo", "a").unwrap());
    assert!(queue.complete("ann", "a").unwrap().finished);
    assert!(queue.complete("ann", "a").unwrap().again);
    assert!(matches!(queue.complete("cleo", "a"), Err(QueueError::QuotaReached { .. })));
    assert_eq!(next(&queue, "cleo"), None);
}

#[test]
fn a_lease_is_renewed_by_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let (queue, clock) = timed(&folder.path().join("q"));
    queue.add(["a"]).unwrap();
    let lease = queue.next("ann").unwrap().unwrap();
    clock.advance(LEASE / 2);
    assert_eq!(queue.renew("ann", "a", lease.token), Ok(lease.until + 30_000));
    assert!(matches!(queue.renew("ben", "a", lease.token), Err(QueueError::LeaseEnded { .. })));
    assert!(matches!(queue.renew("ann", "a", lease.token + 1), Err(QueueError::LeaseEnded { .. })));
    clock.advance(LEASE * 3 / 4);
    assert_eq!(queue.held("ann").unwrap().len(), 1);
    // One with shorter leases takes nothing away.
    let short =
        Queue::open_with(queue.path(), &QueueOptions::new().clock(clock.clone()).lease(Duration::from_millis(1)));
    assert_eq!(short.unwrap().renew("ann", "a", lease.token), Ok(lease.until + 30_000));
    clock.advance(LEASE / 4);
    assert!(queue.held("ann").unwrap().is_empty());
}

#[test]
fn skipping_and_releasing() {
    let folder = tempfile::tempdir().unwrap();
    let (queue, _) = timed(&folder.path().join("q"));
    queue.add_with([("a", 1), ("b", 2)]).unwrap();
    assert_eq!(next(&queue, "ann").as_deref(), Some("a"));
    assert_eq!([true, false], [(); 2].map(|()| queue.skip("ann", "a").unwrap()));
    assert_eq!(next(&queue, "ann").as_deref(), Some("b"));
    assert_eq!([true, false], [(); 2].map(|()| queue.release("ann", "b").unwrap()));
    assert_eq!(next(&queue, "ann").as_deref(), Some("b"));
    assert_eq!(next(&queue, "ben").as_deref(), Some("a"));
    assert!(!queue.release("nobody", "b").unwrap());
    queue.complete("ann", "b").unwrap();
    assert!(!queue.skip("ann", "b").unwrap());
    // Whoever skipped an item may think better of it, as long as it needs somebody.
    assert!(queue.complete("ann", "a").is_err());
    queue.release("ben", "a").unwrap();
    assert!(queue.complete("ann", "a").unwrap().finished);
    let state = queue.item("a").unwrap().unwrap();
    assert_eq!((state.completed.len(), state.skipped.len(), state.status()), (1, 0, Status::Finished));

    let unknown = QueueError::UnknownItem { id: "z".to_owned() };
    assert_eq!(queue.complete("ann", "z"), Err(unknown.clone()));
    assert_eq!(queue.skip("ann", "z"), Err(unknown.clone()));
    assert_eq!(queue.release("ann", "z"), Err(unknown.clone()));
    assert_eq!(queue.renew("ann", "z", 1), Err(unknown));
    assert_eq!(queue.item("z").unwrap(), None);
}

#[test]
fn reorders_are_undone_from_the_last_to_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let (queue, _) = timed(&folder.path().join("q"));
    queue.add(["a", "b", "c", "d"]).unwrap();
    let ids = || queue.ids().unwrap().concat();
    assert_eq!(queue.undo("me", "").unwrap(), None);
    queue.reorder(&["d", "c", "d", "?"], "me", "one").unwrap();
    queue.add(["e"]).unwrap();
    queue.reorder(&["e", "a"], "me", "two").unwrap();
    queue.add(["f"]).unwrap();
    assert_eq!(ids(), "eadcbf");
    assert_eq!(queue.undo("me", "").unwrap(), Some(2));
    assert_eq!(ids(), "dcabef");
    assert_eq!(queue.undo("me", "").unwrap(), Some(1));
    assert_eq!(ids(), "abcdef");
    assert_eq!(queue.undo("me", "").unwrap(), None);
    assert_eq!([Some(1), Some(2), None], [(); 3].map(|()| queue.redo("me", "").unwrap()));
    assert_eq!(ids(), "eadcbf");
    queue.undo("me", "").unwrap();
    queue.reorder(&["f"], "you", "three").unwrap();
    assert_eq!((ids().as_str(), queue.redo("me", "").unwrap()), ("fdcabe", None));
    let log = queue.log().unwrap();
    assert_eq!(log.len(), 8);
    assert_eq!(log[0].change, Change::Reorder { ids: 2, unknown: 1, undone: false });
    assert_eq!(log[1].change, Change::Reorder { ids: 2, unknown: 0, undone: true });
    assert_eq!((log[7].who.as_str(), log[7].note.as_str(), log[7].number), ("you", "three", 8));
    // What was undone and cannot be done again stays so when the next one is undone.
    assert_eq!([Some(8), Some(1), None], [(); 3].map(|()| queue.undo("me", "").unwrap()));
    assert_eq!(ids(), "abcdef");
}

/// What an annotator passed is kept, and undo puts an item into the midst of it.
#[test]
fn an_item_that_comes_back_among_others_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (queue, _) = timed(&folder.path().join("q"));
    queue.add_with([("a", 2), ("b", 1), ("c", 2), ("d", 2)]).unwrap();
    queue.reorder(&["b"], "me", "").unwrap();
    assert_eq!(next(&queue, "ben").as_deref(), Some("b"));
    for id in ["a", "c"] {
        assert_eq!(next(&queue, "ann").as_deref(), Some(id));
        queue.complete("ann", id).unwrap();
    }
    assert_eq!(next(&queue, "ann").as_deref(), Some("d"));
    queue.release("ann", "d").unwrap();
    queue.undo("me", "").unwrap();
    queue.release("ben", "b").unwrap();
    assert_eq!(queue.ids().unwrap().concat(), "abcd");
    assert_eq!(next(&queue, "ann").as_deref(), Some("b"));
    queue.release("ann", "b").unwrap();
    assert_eq!(queue.redo("me", "").unwrap(), Some(1));
    assert_eq!(next(&queue, "ann").as_deref(), Some("b"));
}

#[test]
fn an_item_that_others_had_is_not_passed_over_when_they_give_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let (queue, _) = timed(&folder.path().join("q"));
    queue.add_with([("a", 2), ("b", 1), ("c", 2), ("d", 2), ("e", 2)]).unwrap();
    assert_eq!(next(&queue, "ann").as_deref(), Some("a"));
    queue.complete("ann", "a").unwrap();
    queue.skip("cleo", "a").unwrap();
    assert_eq!(next(&queue, "cleo").as_deref(), Some("b"));
    for id in ["c", "d"] {
        assert_eq!(next(&queue, "ann").as_deref(), Some(id));
        queue.complete("ann", id).unwrap();
    }
    assert_eq!(next(&queue, "ann").as_deref(), Some("e"));
    queue.release("ann", "e").unwrap();
    queue.release("cleo", "b").unwrap();
    assert_eq!(next(&queue, "ann").as_deref(), Some("b"));
}

#[test]
fn whoever_comes_while_the_file_is_in_use_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q");
    let queue = Queue::open_with(&path, &QueueOptions::new().wait(Duration::from_millis(40))).unwrap();
    queue.add(["a"]).unwrap();
    let other = File::open(&path).unwrap();
    other.lock_shared().unwrap();
    assert_eq!(queue.len().unwrap(), 1);
    assert!(matches!(queue.next("ann"), Err(QueueError::Busy { .. })));
    other.unlock().unwrap();
    other.lock().unwrap();
    assert!(matches!(queue.len(), Err(QueueError::Busy { .. })));
    drop(other);
    assert_eq!(next(&queue, "ann").as_deref(), Some("a"));
}

#[test]
fn other_files_and_wrong_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".repeat(400);
    fs::write(&path, &png).unwrap();
    assert!(matches!(Queue::open(&path), Err(QueueError::Foreign { .. })));
    assert_eq!(fs::read(&path).unwrap(), png);
    assert!(matches!(Queue::open(folder.path()), Err(QueueError::Foreign { .. })));
    assert!(matches!(Queue::open(folder.path().join("no/where")), Err(QueueError::Io { .. })));
    fs::remove_file(&path).unwrap();
    for (param, options) in
        [("quota", QueueOptions::new().quota(0)), ("lease", QueueOptions::new().lease(Duration::from_micros(999)))]
    {
        let result = Queue::open_with(&path, &options);
        assert!(matches!(result, Err(QueueError::InvalidParam { param: told, .. }) if told == param));
    }
    let queue = Queue::open(&path).unwrap();
    let quota = queue.add_with([("a", 1), ("b", 0)]);
    assert!(matches!(quota, Err(QueueError::InvalidParam { param: "quota", .. })));
    assert!(queue.is_empty().unwrap());
    queue.add(["a"]).unwrap();
    let bytes = fs::read(&path).unwrap();
    let mut later = bytes.clone();
    later[16] = 9;
    fs::write(&path, &later).unwrap();
    assert!(matches!(queue.len(), Err(QueueError::Newer { version: 9, known: 1, .. })));
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(queue.next("ann"), Err(QueueError::Damaged { .. })));
    // A file that is gone is an empty queue.
    fs::remove_file(&path).unwrap();
    assert!(queue.is_empty().unwrap());
    assert_eq!(queue.next("ann").unwrap(), None);
    assert_eq!(queue.add(["b", "b"]).map(|told| (told.added, told.known)), Ok((1, 1)));
}

#[test]
fn reading_and_asking_in_vain_does_not_write() {
    let folder = tempfile::tempdir().unwrap();
    let (queue, clock) = timed(&folder.path().join("q"));
    queue.add(["a"]).unwrap();
    let lease = queue.next("ann").unwrap().unwrap();
    queue.next("ben").unwrap().unwrap();
    clock.advance(LEASE / 2);
    let bytes = || fs::read(queue.path()).unwrap();
    let before = bytes();
    queue.snapshot().unwrap();
    queue.log().unwrap();
    queue.counts().unwrap();
    queue.remaining().unwrap();
    assert_eq!(queue.next("ann").unwrap().unwrap().token, lease.token);
    assert_eq!(queue.next("cleo").unwrap(), None);
    assert_eq!(queue.next_n("ben", 0).unwrap(), []);
    assert!(queue.complete("dora", "a").is_err());
    assert_eq!(queue.undo("me", "").unwrap(), None);
    assert_eq!(queue.add(["a"]).unwrap().known, 1);
    assert!(bytes() == before);
}

#[test]
fn threads_share_a_queue() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open_with(folder.path().join("q"), &QueueOptions::new().wait(Duration::from_secs(100))).unwrap();
    let all: Vec<String> = (0..60).map(|i| i.to_string()).collect();
    queue.add_with(all.iter().map(|id| (id, 3))).unwrap();
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (queue, done, all) = (&queue, &done, &all);
        for i in 0..8 {
            scope.spawn(move || {
                let (queue, me, mut last) = (queue.clone(), format!("thread {i}"), None);
                // Others may give back what they have until all is done.
                while done.load(Ordering::SeqCst) < 180 {
                    let Some(lease) = queue.next(&me).unwrap() else { continue };
                    if last.replace(lease.id.clone()).is_none() {
                        queue.release(&me, &lease.id).unwrap();
                    } else {
                        queue.complete(&me, &lease.id).unwrap();
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        scope.spawn(move || {
            for round in 0..10 {
                let order: Vec<&String> = all.iter().skip(round).step_by(7).collect();
                queue.reorder(&order, "me", "").unwrap();
                let counts = queue.counts().unwrap();
                assert_eq!(counts.waiting + counts.leased + counts.finished, 60);
            }
        });
    });
    let counts = queue.counts().unwrap();
    assert_eq!((counts.waiting, counts.leased, counts.finished), (0, 0, 60));
    assert!(queue.remaining().unwrap().is_empty());
    assert_eq!(queue.len().unwrap(), 60);
    for item in queue.snapshot().unwrap().items {
        let mut names: Vec<&str> = item.completed.iter().map(|mark| mark.annotator.as_str()).collect();
        names.dedup();
        assert_eq!(names.len(), 3);
    }
}

fn snapshot() -> Snapshot {
    let mark = |annotator: &str| Mark { annotator: annotator.to_owned(), at: 5 };
    let item = |id: &str, number, place| SnapshotItem {
        id: id.to_owned(),
        number,
        place,
        quota: 2,
        completed: vec![mark("ann")],
        skipped: vec![mark("ben")],
        leases: vec![Lease { annotator: "cleo".to_owned(), token: 10 + u64::from(number), from: 0, until: 9 }],
    };
    let entry = |change| SnapshotEntry { at: 7, who: "me".to_owned(), note: String::new(), change };
    Snapshot {
        items: vec![item("b", 1, -1), item("a", 0, 0), item("d", 3, 3)],
        log: vec![entry(SnapshotChange::Reorder { unknown: 1, first: -2, moves: vec![(2, 2), (1, 1)] })],
        last_token: 99,
        ..Snapshot::default()
    }
}

#[test]
fn a_snapshot_goes_into_an_empty_queue() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(8);
    let queue = Queue::open_with(folder.path().join("q"), &QueueOptions::new().clock(clock)).unwrap();
    queue.restore(&snapshot()).unwrap();
    assert_eq!(queue.snapshot().unwrap(), Snapshot { at: 8, ..snapshot() });
    assert!(matches!(queue.restore(&snapshot()), Err(QueueError::NotEmpty { items: 3, entries: 1, .. })));
    // What is added comes behind, with numbers of its own; what was removed does not come back.
    queue.add(["e"]).unwrap();
    assert_eq!(queue.undo("me", "").unwrap(), Some(1));
    assert_eq!(queue.ids().unwrap().concat(), "abde");
    assert_eq!(queue.next("dora").unwrap().map(|lease| (lease.id, lease.token)), Some(("e".to_owned(), 100)));
}

#[test]
fn snapshots_that_cannot_be_are_told_with_the_place() {
    type Spoil = fn(&mut Snapshot);
    let cases: [(&str, Spoil); 15] = [
        ("version", |s| s.version = 2),
        ("last_token", |s| s.last_token = u64::MAX),
        ("items[1].id", |s| s.items[1].id = "b".to_owned()),
        ("items[2].number", |s| s.items[2].number = 0),
        ("items[1].place", |s| s.items[1].place = -1),
        ("items[2].place", |s| s.items[2].place = i64::MAX),
        ("items[0].quota", |s| s.items[0].quota = 0),
        ("items[0].quota", |s| s.items[0].quota = 1),
        ("items[1].completed", |s| s.items[1].skipped[0].annotator = "ann".to_owned()),
        ("items[1].leases", |s| s.items[1].leases[0].token = 11),
        ("items[0].leases", |s| s.last_token = 10),
        ("log[0].change.first", |s| first(s, i64::MAX)),
        ("log[0].change.moves", |s| first(s, -3)),
        ("log[0].change.moves", |s| {
            if let SnapshotChange::Reorder { moves, .. } = &mut s.log[0].change {
                moves.push((1, 1));
            }
        }),
        ("log[1].change.entry", |s| {
            let change = SnapshotChange::Redo { entry: 1 };
            s.log.push(SnapshotEntry { change, ..s.log[0].clone() });
        }),
    ];
    fn first(s: &mut Snapshot, place: i64) {
        if let SnapshotChange::Reorder { first, .. } = &mut s.log[0].change {
            *first = place;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(folder.path().join("q")).unwrap();
    for (place, spoil) in cases {
        let mut bad = snapshot();
        spoil(&mut bad);
        let result = queue.restore(&bad);
        assert!(matches!(&result, Err(QueueError::Snapshot { at, .. }) if at == place), "{place}: {result:?}");
    }
    assert!(queue.is_empty().unwrap());
    queue.restore(&snapshot()).unwrap();
}
