//! Tests with a file that stops at every one of its operations, and with files that somebody changed.

use crate::blocks::{BLOCK, Blocks, Medium};
use crate::database::run;
use crate::error::{Error, Result};
use crate::model::{Key, ModelKey};
use crate::scratch::Scratch;
use crate::tables::{self, Entry};
use crate::value;
use planisphere_core::{CancelToken, CounterRng};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

const DIM: usize = 100;

#[derive(Clone, Debug)]
enum Op {
    Write(u64, Vec<u8>),
    SetLen(u64),
}

impl Op {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(at, data) => {
                let (at, end) = (*at as usize, *at as usize + data.len());
                bytes.resize(bytes.len().max(end), 0);
                bytes[at..end].copy_from_slice(data);
            }
            Self::SetLen(len) => bytes.resize(*len as usize, 0),
        }
    }
}

/// Numbers below what is asked for, one after the other.
fn draws(seed: u64) -> impl FnMut(usize) -> usize {
    let (rng, mut i) = (CounterRng::new(seed, "crash").at(0, 0), 0);
    move |n| {
        i += 1;
        rng.below(i, n as u32) as usize
    }
}

/// A file in memory, that knows what was on the disk at the last sync, and what was asked for since.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    synced: Vec<u8>,
    since: Vec<Op>,
    pub(crate) now: Vec<u8>,
    /// Whether it was asked for more than it was to do.
    refused: bool,
}

impl Disk {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { synced: bytes.to_vec(), since: Vec::new(), now: bytes.to_vec(), refused: false }
    }

    /// What may be there after the power failed: any part of what was not synced, sectors and blocks whole or in part.
    fn after_power_failure(&self, seed: u64) -> Vec<u8> {
        let mut draw = draws(seed);
        let mut bytes = self.synced.clone();
        for op in &self.since {
            match (draw(3), op) {
                (0, _) => {}
                (1, Op::Write(at, data)) if *at > 0 => {
                    Op::Write(*at, data[..draw(data.len())].to_vec()).apply(&mut bytes);
                }
                _ => op.apply(&mut bytes),
            }
        }
        bytes
    }
}

/// A medium on a disk that does so many more operations and then none.
#[derive(Debug)]
pub(crate) struct Fused {
    disk: Arc<Mutex<Disk>>,
    left: usize,
}

impl Fused {
    pub(crate) fn new(disk: &Arc<Mutex<Disk>>, left: usize) -> Self {
        Self { disk: Arc::clone(disk), left }
    }

    fn operate(&mut self, work: impl FnOnce(&mut Disk)) -> io::Result<()> {
        let mut disk = self.disk.lock().unwrap();
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                work(&mut disk);
                Ok(())
            }
            None => {
                disk.refused = true;
                Err(io::Error::other("the fuse is blown"))
            }
        }
    }

    fn change(&mut self, op: Op) -> io::Result<()> {
        self.operate(|disk| {
            op.apply(&mut disk.now);
            disk.since.push(op);
        })
    }
}

impl Medium for Fused {
    fn len(&mut self) -> io::Result<u64> {
        Ok(self.disk.lock().unwrap().now.len() as u64)
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let disk = self.disk.lock().unwrap();
        let bytes = disk.now.get(offset as usize..offset as usize + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Op::Write(offset, data.to_vec()))
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.change(Op::SetLen(len))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.operate(|disk| {
            disk.synced = disk.now.clone();
            disk.since.clear();
        })
    }
}

pub(crate) type Wanted = BTreeMap<Key, Vec<f32>>;

pub(crate) fn some(model: &ModelKey, texts: std::ops::Range<usize>) -> Wanted {
    texts.map(|i| (model.text(&i.to_string()), (0..DIM).map(|j| (i * DIM + j) as f32).collect())).collect()
}

pub(crate) fn path() -> &'static Path {
    Path::new("some.cache")
}

fn bad(error: crate::blocks::BadFile) -> Error {
    Error::damaged(path(), format!("{error:?}"))
}

pub(crate) fn store(medium: impl Medium, model: &ModelKey, wanted: &Wanted) -> Result<()> {
    let blocks = Blocks::open(medium).map_err(bad)?;
    if blocks.is_bare() {
        blocks.prepare().map_err(|e| Error::io(path(), &e))?;
    }
    let entries: Vec<_> = wanted.iter().map(|(key, vector)| Entry { key, vector, replace: false }).collect();
    run(path(), blocks, |db| tables::store(db, model, DIM, &entries)).map(|other| assert_eq!(other, None))
}

/// What a reader finds of `wanted`, all of it right.
pub(crate) fn found(bytes: &[u8], model: &ModelKey, wanted: &Wanted) -> Result<Wanted> {
    let disk = Arc::new(Mutex::new(Disk::of(bytes)));
    let blocks = Blocks::open(Fused::new(&disk, 0)).map_err(bad)?;
    if blocks.is_bare() {
        return Ok(Wanted::new());
    }
    let keys: Vec<&Key> = wanted.keys().collect();
    let mut found = Wanted::new();
    let scratch = Scratch::new(blocks).map_err(|e| Error::io(path(), &e))?;
    run(path(), scratch, |db| {
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
    run(path(), Blocks::open(medium).map_err(bad)?, |db| tables::forget(db, model)).map(drop)
}

/// A file with two batches of vectors of `model`, and one of another that was there and forgotten.
pub(crate) fn full(model: &ModelKey) -> (Vec<u8>, Wanted) {
    let disk = Arc::default();
    let other = ModelKey::new("other");
    store(Fused::new(&disk, usize::MAX), &other, &some(&other, 0..50)).unwrap();
    store(Fused::new(&disk, usize::MAX), model, &some(model, 0..400)).unwrap();
    forget(Fused::new(&disk, usize::MAX), &other).unwrap();
    store(Fused::new(&disk, usize::MAX), model, &some(model, 400..700)).unwrap();
    let bytes = disk.lock().unwrap().now.clone();
    (bytes, some(model, 0..700))
}

/// Does `work` on a file, once for each number of operations after which all fail, and hands what is then left to
/// `check`: of a process that was killed, and of others that lost power, too; with whether `work` was done by its own
/// account.
fn at_every_operation(start: &[u8], work: impl Fn(Fused) -> Result<()>, check: impl Fn(&[u8], bool, &str)) {
    for operations in 0.. {
        let disk = Arc::new(Mutex::new(Disk::of(start)));
        let done = work(Fused::new(&disk, operations)).is_ok();
        let disk = disk.lock().unwrap();
        check(&disk.now, done, &format!("{operations} operations"));
        for seed in 0..6 {
            let left = disk.after_power_failure(operations as u64 * 8 + seed);
            check(&left, done, &format!("{operations} operations, draw {seed}"));
        }
        if !disk.refused {
            assert!(done && operations > 20, "{operations}");
            return;
        }
    }
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
            store(Fused::new(&next, usize::MAX), &model, &new).unwrap();
            assert_eq!(found(&next.lock().unwrap().now, &model, &all).unwrap().len(), all.len(), "{when}");
        };
        at_every_operation(&start, |medium| store(medium, &model, &new), check);
    }
}

#[test]
fn whatever_operation_is_the_last_other_models_are_there() {
    let (model, other) = (ModelKey::new("m"), ModelKey::new("other"));
    let (start, kept) = full(&model);
    let disk = Arc::new(Mutex::new(Disk::of(&start)));
    // So many that the file gets shorter without them.
    let gone = some(&other, 0..3000);
    store(Fused::new(&disk, usize::MAX), &other, &gone).unwrap();
    let start = disk.lock().unwrap().now.clone();
    let check = |left: &[u8], done: bool, when: &str| {
        let there = |model, wanted| found(left, model, wanted).unwrap_or_else(|e| panic!("{when}: {e}")).len();
        assert_eq!(there(&model, &kept), kept.len(), "{when}");
        let rest = there(&other, &gone);
        assert!(rest == 0 || (!done && rest == gone.len()), "{when}: {rest}");
    };
    at_every_operation(&start, |medium| forget(medium, &other), check);
    let disk = Arc::new(Mutex::new(Disk::of(&start)));
    forget(Fused::new(&disk, usize::MAX), &other).unwrap();
    assert!(disk.lock().unwrap().now.len() < start.len());
}

/// Changes a file and asks for all of it; returns what a reader says.
fn tampered(bytes: &[u8], model: &ModelKey, wanted: &Wanted) -> Result<usize> {
    let read = found(bytes, model, wanted).map(|found| found.len());
    // Writing must not panic either, and what it left must again hold nothing wrong.
    let disk = Arc::new(Mutex::new(Disk::of(bytes)));
    let more = some(model, 5000..5100);
    if store(Fused::new(&disk, usize::MAX), model, &more).is_ok() {
        let _ = found(&disk.lock().unwrap().now, model, wanted);
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
        let mut bad = bytes.clone();
        match case % 4 {
            0 => bad[draw(bytes.len())] ^= 1 << draw(8),
            1 => {
                let at = draw(bytes.len() - 3000);
                bad[at..at + 3000].fill(case as u8);
            }
            2 => bad.truncate(draw(bytes.len())),
            _ => {
                let (from, to) = (draw(bytes.len() - 5000), draw(bytes.len() - 5000));
                bad.copy_within(from..from + 5000, to);
            }
        }
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
        store(Fused::new(&disk, usize::MAX), &model, &some(&model, 700..900)).unwrap();
        let bytes = disk.lock().unwrap().now.clone();
        (bytes, some(&model, 0..900))
    };
    let stride = BLOCK + 4;
    let blocks = (bytes.len().min(old.len()) - 4096) / stride;
    let mut draw = draws(2);
    let mut outcomes = [0; 3];
    for case in 0..400 {
        let mut bad = bytes.clone();
        let block = draw(blocks);
        let at = 4096 + block * stride;
        if case % 2 == 0 {
            bad[at..at + stride].copy_from_slice(&old[at..at + stride]);
        } else {
            for _ in 0..=draw(4) {
                bad[at + draw(if case % 4 == 1 { 64 } else { BLOCK })] = draw(256) as u8;
            }
            let mut sum = crc32fast::Hasher::new();
            sum.update(&(block as u64 + 1).to_le_bytes());
            sum.update(&bad[at..at + BLOCK]);
            bad[at + BLOCK..at + stride].copy_from_slice(&sum.finalize().to_le_bytes());
        }
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
    let stride = BLOCK + 4;
    let name = b"bundles ";
    let mut outcomes = [0; 2];
    for (block, content) in bytes[4096..].chunks_exact(stride).enumerate() {
        if !content[..BLOCK].windows(name.len()).any(|w| w == name) {
            continue;
        }
        for at in (0..BLOCK).filter(|&at| content[at] == 1) {
            let mut bad = bytes.clone();
            let content = &mut bad[4096 + block * stride..][..stride];
            content[at] = 9;
            let mut sum = crc32fast::Hasher::new();
            sum.update(&(block as u64 + 1).to_le_bytes());
            sum.update(&content[..BLOCK]);
            content[BLOCK..].copy_from_slice(&sum.finalize().to_le_bytes());
            let told = tampered(&bad, &model, &wanted);
            outcomes[usize::from(matches!(told, Err(Error::Damaged { .. })))] += 1;
        }
    }
    assert!(outcomes[1] > 0, "{outcomes:?}");
}
