//! Tests with a file that stops at every one of its operations, and with files that somebody changed.

use crate::cache::FORMAT;
use crate::error::{Error, Result};
use crate::model::{Key, ModelKey};
use crate::tables::{self, Entry};
use crate::value;
use planisphere_core::CancelToken;
use planisphere_database::testing::{self, Disk, Fused, Medium, at_every_operation, damage, draws, forge};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const DIM: usize = 100;

pub(crate) type Wanted = BTreeMap<Key, Vec<f32>>;

pub(crate) fn some(model: &ModelKey, texts: std::ops::Range<usize>) -> Wanted {
    texts.map(|i| (model.text(&i.to_string()), (0..DIM).map(|j| (i * DIM + j) as f32).collect())).collect()
}

pub(crate) fn store(medium: impl Medium, model: &ModelKey, wanted: &Wanted) -> Result<()> {
    let entries: Vec<_> = wanted.iter().map(|(key, vector)| Entry { key, vector, replace: false }).collect();
    let other = testing::write(FORMAT, medium, |db| tables::store(db, model, DIM, &entries))?;
    assert_eq!(other, None);
    Ok(())
}

/// What a reader finds of `wanted`, all of it right.
pub(crate) fn found(bytes: &[u8], model: &ModelKey, wanted: &Wanted) -> Result<Wanted> {
    let keys: Vec<&Key> = wanted.keys().collect();
    let mut found = Wanted::new();
    testing::read(FORMAT, bytes, |db| {
        tables::lookup(db, model, keys.iter().copied(), &CancelToken::new(), |at, dim, stored| {
            let key = keys[at as usize];
            let mut vector = vec![0.0; DIM];
            if dim == DIM && value::decode(key, stored, &mut vector) {
                assert_eq!(vector, wanted[key]);
                found.insert(*key, vector);
            }
        })
    })?;
    Ok(found)
}

fn forget(medium: Fused, model: &ModelKey) -> Result<()> {
    Ok(testing::write(FORMAT, medium, |db| tables::forget(db, model)).map(drop)?)
}

/// A file with two batches of vectors of `model`, and one of another that was there and forgotten.
pub(crate) fn full(model: &ModelKey) -> (Vec<u8>, Wanted) {
    let disk = Arc::default();
    let other = ModelKey::new("other");
    store(Fused::whole(&disk), &other, &some(&other, 0..50)).unwrap();
    store(Fused::whole(&disk), model, &some(model, 0..400)).unwrap();
    forget(Fused::whole(&disk), &other).unwrap();
    store(Fused::whole(&disk), model, &some(model, 400..700)).unwrap();
    let bytes = disk.lock().unwrap().bytes().to_vec();
    (bytes, some(model, 0..700))
}

#[test]
fn whatever_operation_is_the_last_all_that_was_saved_is_there() {
    let model = ModelKey::new("m");
    let (old, before) = full(&model);
    // So many that the file gets longer.
    for (start, before, more) in [(Vec::new(), Wanted::new(), 200), (old, before, 1500)] {
        let new = some(&model, 1000..1000 + more);
        let all: Wanted = before.clone().into_iter().chain(new.clone()).collect();
        let check = |left: &[u8], done: bool, when: &str| {
            let there = found(left, &model, &all).unwrap_or_else(|e| panic!("{when}: {e}")).len();
            assert!(there == all.len() || (!done && there == before.len()), "{when}: {there}");
            if !when.ends_with("operations") {
                return;
            }
            // Whoever comes next can go on.
            let next = Arc::new(Mutex::new(Disk::of(left)));
            store(Fused::whole(&next), &model, &new).unwrap();
            assert_eq!(found(next.lock().unwrap().bytes(), &model, &all).unwrap().len(), all.len(), "{when}");
        };
        at_every_operation(&start, |medium| store(medium, &model, &new).is_ok(), check);
    }
}

#[test]
fn whatever_operation_is_the_last_other_models_are_there() {
    let (model, other) = (ModelKey::new("m"), ModelKey::new("other"));
    let (start, kept) = full(&model);
    let disk = Arc::new(Mutex::new(Disk::of(&start)));
    // So many that the file gets shorter without them.
    let gone = some(&other, 0..3000);
    store(Fused::whole(&disk), &other, &gone).unwrap();
    let start = disk.lock().unwrap().bytes().to_vec();
    let check = |left: &[u8], done: bool, when: &str| {
        let there = |model, wanted| found(left, model, wanted).unwrap_or_else(|e| panic!("{when}: {e}")).len();
        assert_eq!(there(&model, &kept), kept.len(), "{when}");
        let rest = there(&other, &gone);
        assert!(rest == 0 || (!done && rest == gone.len()), "{when}: {rest}");
    };
    at_every_operation(&start, |medium| forget(medium, &other).is_ok(), check);
    let disk = Arc::new(Mutex::new(Disk::of(&start)));
    forget(Fused::whole(&disk), &other).unwrap();
    assert!(disk.lock().unwrap().bytes().len() < start.len());
}

/// Changes a file and asks for all of it; returns what a reader says.
fn tampered(bytes: &[u8], model: &ModelKey, wanted: &Wanted) -> Result<usize> {
    let read = found(bytes, model, wanted).map(|found| found.len());
    // Writing must not panic either, and what it left must again hold nothing wrong.
    let disk = Arc::new(Mutex::new(Disk::of(bytes)));
    let more = some(model, 5000..5100);
    if store(Fused::whole(&disk), model, &more).is_ok() {
        let _ = found(disk.lock().unwrap().bytes(), model, wanted);
    }
    read
}

#[test]
fn changed_bytes_never_reach_the_database() {
    let model = ModelKey::new("m");
    let (bytes, wanted) = full(&model);
    assert_eq!(found(&bytes, &model, &wanted).unwrap().len(), wanted.len());
    let mut draw = draws(1);
    let mut told = 0;
    for case in 0..600 {
        let bad = damage(&bytes, case, &mut draw);
        match tampered(&bad, &model, &wanted) {
            Ok(n) => assert_eq!(n, wanted.len(), "case {case}"),
            Err(Error::Damaged { problem, .. }) => {
                assert!(!problem.contains("gave up"), "case {case}: {problem}");
                told += 1;
            }
            Err(other) => panic!("case {case}: {other}"),
        }
    }
    assert!(told > 300, "{told}");
}

/// Blocks with right checksums that the database did not write so.
#[test]
fn forged_and_outdated_blocks_give_no_wrong_vector() {
    let model = ModelKey::new("m");
    let (old, _) = full(&model);
    let (bytes, wanted) = {
        let disk = Arc::new(Mutex::new(Disk::of(&old)));
        store(Fused::whole(&disk), &model, &some(&model, 700..900)).unwrap();
        let bytes = disk.lock().unwrap().bytes().to_vec();
        (bytes, some(&model, 0..900))
    };
    let mut before = Vec::new();
    forge(&mut old.clone(), |_, content| {
        before.push(content.to_vec());
        false
    });
    let mut draw = draws(2);
    let mut outcomes = [0; 3];
    for case in 0..400 {
        let mut bad = bytes.clone();
        let chosen = draw(before.len());
        forge(&mut bad, |block, content| {
            if block != chosen {
                return false;
            }
            if case % 2 == 0 {
                content.copy_from_slice(&before[block]);
            } else {
                for _ in 0..=draw(4) {
                    content[draw(if case % 4 == 1 { 64 } else { content.len() })] = draw(256) as u8;
                }
            }
            true
        });
        // `found` sees to it that no vector is wrong.
        match tampered(&bad, &model, &wanted) {
            Ok(n) => {
                assert!(n == wanted.len() || bad != bytes, "case {case}: {n}");
                outcomes[usize::from(n < wanted.len())] += 1;
            }
            Err(Error::Damaged { .. }) => {
                assert_ne!(bad, bytes, "case {case}");
                outcomes[2] += 1;
            }
            Err(other) => panic!("case {case}: {other}"),
        }
    }
    // Free blocks do no harm, values are missing, and what holds others together is told.
    assert!(outcomes.iter().all(|&n| n > 0), "{outcomes:?}");
}

/// A table of a kind that there is not makes the database panic: where it is built with debug assertions, when it is opened,
/// and otherwise when the table is.
#[test]
fn forged_tables_do_not_end_the_process() {
    let model = ModelKey::new("m");
    let (bytes, wanted) = full(&model);
    let name = b"bundles ";
    let mut places = Vec::new();
    forge(&mut bytes.clone(), |block, content| {
        if content.windows(name.len()).any(|w| w == name) {
            places.extend((0..content.len()).filter(|&at| content[at] == 1).map(|at| (block, at)));
        }
        false
    });
    let mut outcomes = [0; 2];
    for (chosen, at) in places {
        let mut bad = bytes.clone();
        forge(&mut bad, |block, content| {
            if block == chosen {
                content[at] = 9;
            }
            block == chosen
        });
        let told = tampered(&bad, &model, &wanted);
        outcomes[usize::from(matches!(told, Err(Error::Damaged { .. })))] += 1;
    }
    assert!(outcomes[1] > 0, "{outcomes:?}");
}
