//! Tests on a disk that stops at every one of its operations, of files that somebody changed, and of the cost.

use super::error::QueueError;
use super::handle::Queue;
use super::options::{Clock, QueueOptions};
use super::place::Place;
use super::snapshot::Snapshot;
use planisphere_database::testing::{Disk, at_every_operation, damage, draws, forge};
use std::sync::{Arc, Mutex};

fn queue(bytes: &[u8], operations: usize) -> (Queue, Arc<Mutex<Disk>>) {
    let disk = Arc::new(Mutex::new(Disk::of(bytes)));
    let place = Place::Disk(Arc::clone(&disk), operations);
    (Queue { place, options: QueueOptions::new().clock(Clock::manual(1000)) }, disk)
}

/// A queue in which there is some of everything.
fn some() -> Vec<u8> {
    let (queue, disk) = queue(&[], usize::MAX);
    queue.add_with((0..300).map(|i| (format!("item {i}"), 1 + i % 3))).unwrap();
    queue.reorder(&["item 40", "item 20", "item 30"], "me", "one").unwrap();
    queue.reorder(&["item 7", "item 20"], "me", "two").unwrap();
    for annotator in ["a", "b", "c", "d"] {
        for _ in 0..3 {
            let id = queue.next(annotator).unwrap().unwrap().id;
            queue.complete(annotator, &id).unwrap();
        }
        queue.skip(annotator, &queue.next(annotator).unwrap().unwrap().id).unwrap();
        queue.next(annotator).unwrap().unwrap();
    }
    queue.undo("me", "no").unwrap();
    disk.lock().unwrap().bytes().to_vec()
}

type Change = fn(&Queue) -> Result<(), QueueError>;

const CHANGES: [(&str, Change); 9] = [
    ("add", |queue| queue.add((0..500).map(|i| format!("new {i}"))).map(drop)),
    ("next", |queue| queue.next("e").map(drop)),
    ("complete", |queue| queue.complete("a", &queue.held("a")?[0].id).map(drop)),
    ("skip", |queue| queue.skip("a", &queue.held("a")?[0].id).map(drop)),
    ("release", |queue| queue.release("a", &queue.held("a")?[0].id).map(drop)),
    ("reorder", |queue| {
        let back: Vec<String> = (100..300).rev().map(|i| format!("item {i}")).collect();
        queue.reorder(&back, "me", "many").map(drop)
    }),
    ("undo", |queue| queue.undo("me", "").map(drop)),
    ("redo", |queue| queue.redo("me", "").map(drop)),
    ("remove", |queue| queue.remove(&["item 40", "item 50", "item 0"]).map(drop)),
];

#[test]
fn whatever_operation_is_the_last_a_change_is_there_or_not_at_all() {
    let start = some();
    let before = queue(&start, usize::MAX).0.snapshot().unwrap();
    for (name, change) in CHANGES {
        let (whole, _) = queue(&start, usize::MAX);
        change(&whole).unwrap();
        let after = whole.snapshot().unwrap();
        assert_ne!(before, after, "{name}");
        let check = |left: &[u8], done: bool, when: &str| {
            let (left, _) = queue(left, usize::MAX);
            let there = left.snapshot().unwrap_or_else(|e| panic!("{name}, {when}: {e}"));
            assert!(there == after || (!done && there == before), "{name}, {when}");
            if there == before && when.ends_with("operations") {
                change(&left).unwrap();
                assert_eq!(left.snapshot().unwrap(), after, "{name}, {when}");
            }
        };
        let work = |medium: planisphere_database::testing::Fused| {
            let (disk, left) = medium.into_parts();
            let place = Place::Disk(disk, left);
            change(&Queue { place, options: QueueOptions::new().clock(Clock::manual(1000)) }).is_ok()
        };
        at_every_operation(&start, work, check);
    }
}

#[test]
fn changed_bytes_are_told_and_change_nothing_else() {
    let bytes = some();
    let whole = queue(&bytes, usize::MAX).0.snapshot().unwrap();
    let (mut draw, mut told) = (draws(3), 0);
    for case in 0..200 {
        let bad = damage(&bytes, case, &mut draw);
        match queue(&bad, usize::MAX).0.snapshot() {
            Ok(there) => assert!(there == whole || bad.is_empty(), "case {case}"),
            Err(QueueError::Damaged { .. } | QueueError::Foreign { .. }) => told += 1,
            Err(other) => panic!("case {case}: {other}"),
        }
        for (_, change) in CHANGES {
            let _ = change(&queue(&bad, usize::MAX).0);
        }
    }
    assert!(told > 50, "{told}");
}

/// Blocks with right checksums that the database did not write so.
#[test]
fn forged_blocks_do_not_end_the_process() {
    let bytes = some();
    let mut blocks = 0;
    forge(&mut bytes.clone(), |_, _| {
        blocks += 1;
        false
    });
    let (mut draw, mut told) = (draws(4), 0);
    for _ in 0..150 {
        let (mut bad, chosen) = (bytes.clone(), draw(blocks));
        forge(&mut bad, |block, content| {
            if block == chosen {
                (0..=draw(8)).for_each(|_| content[draw(400)] = draw(256) as u8);
            }
            block == chosen
        });
        told += usize::from(matches!(queue(&bad, usize::MAX).0.snapshot(), Err(QueueError::Damaged { .. })));
        for (_, change) in CHANGES {
            let _ = change(&queue(&bad, usize::MAX).0);
        }
    }
    assert!(told > 0);
}

#[test]
fn what_an_annotator_is_done_with_is_passed_once() {
    let (queue, _disk) = queue(&[], usize::MAX);
    queue.add_with((0..3000).map(|i| (format!("item {i:04}"), 2))).unwrap();
    let passed = |annotator: &str| {
        let mut passed = 0;
        let find = |tables: &mut super::tables::Tables<'_>| {
            let known = tables.known(annotator)?;
            passed = tables.find(known, 1)?.passed;
            Ok(((), true))
        };
        queue.write_if(find).unwrap();
        passed
    };
    // Somebody has an item far in front, and another one is done with all that is behind it.
    let kept = queue.next("slow").unwrap().unwrap().id;
    let done = |annotator: &str, n: usize| {
        let many = queue.next_n(annotator, n).unwrap();
        queue
            .write_if(|tables| {
                let who = tables.annotator(annotator)?;
                for lease in &many {
                    let number = tables.number(&lease.id)?;
                    tables.unlease(number, who)?;
                    tables.marks.insert((number, who), (true, 0))?;
                    tables.change(number, |item| item.done += 1)?;
                }
                Ok(((), true))
            })
            .unwrap();
    };
    done("fast", 2000);
    // All but the one that nobody else can be given as long as `slow` has it.
    assert_eq!(passed("fast"), 1999);
    assert_eq!(passed("fast"), 1);
    done("fast", 10);
    assert_eq!(passed("fast"), 11);
    assert_eq!(passed("fast"), 1);
    // The item in front, of which one more is needed, is given back; it is what `fast` did first.
    queue.release("slow", &kept).unwrap();
    assert_eq!(passed("fast"), 2);
    assert_eq!(passed("fast"), 1);
    // Runs end where others have what `fast` is not done with.
    assert_eq!(queue.next("slow").unwrap().unwrap().id, kept);
    done("third", 1000);
    assert!(passed("fast") <= 2);
    assert_eq!(passed("third"), 0);
    // Items come to stand between others.
    queue.reorder(&["item 2999", "item 1500"], "me", "").unwrap();
    assert!(passed("fast") <= 3);
    assert_eq!(queue.next("fast").unwrap().unwrap().id, "item 2999");
    queue.undo("me", "").unwrap();
    assert!(passed("fast") > 500);
    assert!(passed("fast") <= 3);
    assert_eq!(queue.snapshot().unwrap().items.len(), 3000);
}

#[test]
fn a_snapshot_of_nothing_is_the_default() {
    let (queue, disk) = queue(&[], usize::MAX);
    assert_eq!(queue.snapshot().unwrap(), Snapshot::default());
    assert!(disk.lock().unwrap().bytes().is_empty());
}
