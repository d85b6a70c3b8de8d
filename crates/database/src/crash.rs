//! Tests with a file that stops at every one of its operations, one that cannot grow, and files that somebody changed.

use crate::container::begin_write;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::testing::{self, Disk, Fused, Medium, at_every_growth, at_every_operation, damage, draws, forge};
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition, TableError};
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const FORMAT: Format = Format::new(b"of the unit test", 7);
const SQUARES: TableDefinition<'_, u64, [u64; 128]> = TableDefinition::new("squares");

fn insert(db: &Database, numbers: Range<u64>) -> Result<(), redb::Error> {
    let transaction = begin_write(db)?;
    {
        let mut table = transaction.open_table(SQUARES)?;
        for number in numbers {
            table.insert(number, [number * number; 128])?;
        }
    }
    Ok(transaction.commit()?)
}

fn store(medium: impl Medium, numbers: Range<u64>) -> Result<()> {
    testing::write(FORMAT, medium, |db| insert(db, numbers))
}

/// As [`store`], for those that are in a hurry.
fn add(medium: impl Medium, numbers: Range<u64>) -> Result<()> {
    testing::update(FORMAT, medium, |db| insert(db, numbers))
}

/// How many numbers below `below` are there; none of them has a wrong square, and there are no others.
fn found(bytes: &[u8], below: u64) -> Result<u64> {
    let found = testing::read(FORMAT, bytes, |db| {
        let table = match db.begin_read()?.open_table(SQUARES) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(0),
            table => table?,
        };
        let mut found = 0;
        for number in 0..below {
            if let Some(square) = table.get(number)? {
                assert_eq!(square.value(), [number * number; 128]);
                found += 1;
            }
        }
        assert_eq!(table.len()?, found);
        Ok(found)
    });
    Ok(found?.unwrap_or(0))
}

fn some() -> Vec<u8> {
    let disk = Arc::default();
    store(Fused::whole(&disk), 0..100).unwrap();
    store(Fused::whole(&disk), 100..200).unwrap();
    disk.lock().unwrap().bytes().to_vec()
}

/// A file that was changed in small steps since it was made.
fn in_a_hurry() -> Vec<u8> {
    let disk = Arc::default();
    (0..60).for_each(|number| add(Fused::whole(&disk), number..number + 1).unwrap());
    disk.lock().unwrap().bytes().to_vec()
}

/// A medium that counts.
#[derive(Debug)]
struct Counted {
    below: Fused,
    counts: [Arc<AtomicUsize>; 3],
}

impl Medium for Counted {
    fn len(&mut self) -> io::Result<u64> {
        self.below.len()
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.below.read_at(offset, out)
    }

    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.counts[1].fetch_add(1, Ordering::Relaxed);
        self.below.write_at(offset, data)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.counts[2].fetch_add(1, Ordering::Relaxed);
        self.below.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.counts[0].fetch_add(1, Ordering::Relaxed);
        self.below.sync()
    }
}

#[test]
fn whatever_operation_is_the_last_all_that_was_committed_is_there() {
    // Of nothing, of what has to get longer, and of what was never closed.
    for (start, before, after) in [(Vec::new(), 0, 60), (some(), 200, 700), (in_a_hurry(), 60, 80)] {
        let check = |left: &[u8], done: bool, when: &str| {
            let there = found(left, after).unwrap_or_else(|e| panic!("{when}: {e}"));
            assert!(there == after || (!done && there == before), "{when}: {there}");
            if !when.ends_with("operations") {
                return;
            }
            // Whoever comes next can go on, in both ways.
            for next_in_a_hurry in [false, true] {
                let next = Arc::new(Mutex::new(Disk::of(left)));
                let medium = Fused::whole(&next);
                if next_in_a_hurry { add(medium, before..after) } else { store(medium, before..after) }.unwrap();
                assert_eq!(found(next.lock().unwrap().bytes(), after), Ok(after), "{when}");
            }
        };
        at_every_operation(&start, |medium| store(medium, before..after).is_ok(), check);
        at_every_operation(&start, |medium| add(medium, before..after).is_ok(), check);
    }
}

#[test]
fn a_transaction_waits_for_the_disk_twice_and_none_not_at_all() {
    let disk = Arc::new(Mutex::new(Disk::of(&some())));
    // How often there were waits for the disk, writes, and changes of the length.
    let count = |work: &dyn Fn(Counted) -> Result<()>| {
        let counts: [Arc<AtomicUsize>; 3] = Default::default();
        work(Counted { below: Fused::whole(&disk), counts: counts.clone() }).unwrap();
        counts.map(|count| count.load(Ordering::Relaxed))
    };
    for number in 200..220 {
        // One more where the file gets longer.
        let [waits, writes, lengths] = count(&|medium| add(medium, number..number + 1));
        assert!(waits == 2 + lengths && lengths < 2 && writes > 2, "{number}: {waits} {writes} {lengths}");
    }
    let nothing = |medium| testing::update(FORMAT, medium, |db| Ok(begin_write(db)?.abort()?));
    assert_eq!(count(&nothing), [0; 3]);
    assert!(count(&|medium| store(medium, 220..221))[0] > 4);
    assert_eq!(found(disk.lock().unwrap().bytes(), 221), Ok(221));
}

#[test]
fn a_full_disk_loses_nothing() {
    for (start, before, after) in [(Vec::new(), 0, 60), (some(), 200, 700), (in_a_hurry(), 60, 700)] {
        for hurry in [false, true] {
            let work = |medium| if hurry { add(medium, before..after) } else { store(medium, before..after) };
            at_every_growth(&start, work, |result, disk, refused, when| {
                let there = found(disk.lock().unwrap().bytes(), after).unwrap_or_else(|e| panic!("{when}: {e}"));
                match result {
                    Ok(()) => assert_eq!(there, after, "{when}"),
                    Err(Error::Io { .. }) => {
                        assert!(refused > 0 && [before, after].contains(&there), "{when}: {there}");
                    }
                    Err(other) => panic!("{when}: {other}"),
                }
                store(Fused::whole(disk), before..after).unwrap_or_else(|e| panic!("{when}: {e}"));
                assert_eq!(found(disk.lock().unwrap().bytes(), after), Ok(after), "{when}");
            });
        }
    }
}

#[test]
fn changed_bytes_never_reach_the_database() {
    let bytes = some();
    let (mut draw, mut told) = (draws(1), 0);
    for case in 0..400 {
        let bad = damage(&bytes, case, &mut draw);
        // Writing must not panic either.
        let disk = Arc::new(Mutex::new(Disk::of(&bad)));
        let _ = store(Fused::whole(&disk), 200..220);
        match found(&bad, 200) {
            Ok(n) => assert_eq!(n, 200, "case {case}"),
            Err(Error::Damaged { problem, .. }) => {
                assert!(!problem.contains("gave up"), "case {case}: {problem}");
                told += 1;
            }
            Err(other) => panic!("case {case}: {other}"),
        }
    }
    assert!(told > 100, "{told}");
}

#[test]
fn forged_blocks_do_not_end_the_process() {
    let bytes = some();
    let mut blocks = 0;
    forge(&mut bytes.clone(), |_, _| {
        blocks += 1;
        false
    });
    let (mut draw, mut told) = (draws(2), 0);
    for case in 0..300 {
        let (mut bad, chosen) = (bytes.clone(), draw(blocks));
        forge(&mut bad, |block, content| {
            if block == chosen {
                (0..=draw(4)).for_each(|_| content[draw(64)] = draw(256) as u8);
            }
            block == chosen
        });
        let read = testing::read(FORMAT, &bad, |db| {
            let table = db.begin_read()?.open_table(SQUARES)?;
            (0..200).try_for_each(|number| table.get(number).map(drop))?;
            Ok(())
        });
        told += usize::from(matches!(read, Err(Error::Damaged { .. })));
        assert!(matches!(read, Ok(Some(())) | Err(Error::Damaged { .. })), "case {case}: {read:?}");
    }
    assert!(told > 0);
}
