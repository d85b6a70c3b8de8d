//! Tests with a file that stops at every one of its operations, one that cannot grow, and files that somebody changed.

use crate::container::begin_write;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::testing::{self, Disk, Fused, Medium, at_every_growth, at_every_operation, damage, draws, forge};
use redb::{ReadableDatabase, ReadableTableMetadata, TableDefinition, TableError};
use std::ops::Range;
use std::sync::{Arc, Mutex};

const FORMAT: Format = Format::new(b"of the unit test", 7);
const SQUARES: TableDefinition<'_, u64, [u64; 128]> = TableDefinition::new("squares");

fn store(medium: impl Medium, numbers: Range<u64>) -> Result<()> {
    testing::write(FORMAT, medium, |db| {
        let transaction = begin_write(db)?;
        {
            let mut table = transaction.open_table(SQUARES)?;
            for number in numbers {
                table.insert(number, [number * number; 128])?;
            }
        }
        Ok(transaction.commit()?)
    })
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

#[test]
fn whatever_operation_is_the_last_all_that_was_committed_is_there() {
    // Of nothing, and of what has to get longer.
    for (start, before, after) in [(Vec::new(), 0, 60), (some(), 200, 700)] {
        let check = |left: &[u8], done: bool, when: &str| {
            let there = found(left, after).unwrap_or_else(|e| panic!("{when}: {e}"));
            assert!(there == after || (!done && there == before), "{when}: {there}");
            if when.ends_with("operations") {
                let next = Arc::new(Mutex::new(Disk::of(left)));
                store(Fused::whole(&next), before..after).unwrap();
                assert_eq!(found(next.lock().unwrap().bytes(), after), Ok(after), "{when}");
            }
        };
        at_every_operation(&start, |medium| store(medium, before..after).is_ok(), check);
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    for (start, before, after) in [(Vec::new(), 0, 60), (some(), 200, 700)] {
        at_every_growth(
            &start,
            |medium| store(medium, before..after),
            |result, disk, refused, when| {
                let there = found(disk.lock().unwrap().bytes(), after).unwrap_or_else(|e| panic!("{when}: {e}"));
                match result {
                    Ok(()) => assert_eq!(there, after, "{when}"),
                    Err(Error::Io { .. }) => {
                        assert!(refused > 0 && [before, after].contains(&there), "{when}: {there}")
                    }
                    Err(other) => panic!("{when}: {other}"),
                }
                store(Fused::whole(disk), before..after).unwrap_or_else(|e| panic!("{when}: {e}"));
                assert_eq!(found(disk.lock().unwrap().bytes(), after), Ok(after), "{when}");
            },
        );
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
