//! A disk that stops.

use crate::blocks::Medium;
use planisphere_core::CounterRng;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
pub fn draws(seed: u64) -> impl FnMut(usize) -> usize {
    let (rng, mut i) = (CounterRng::new(seed, "crash").at(0, 0), 0);
    move |n| {
        i += 1;
        rng.below(i, n as u32) as usize
    }
}

/// A file in memory, that knows what was on the disk at the last sync, and what was asked for since.
#[derive(Debug, Default)]
pub struct Disk {
    synced: Vec<u8>,
    since: Vec<Op>,
    now: Vec<u8>,
    /// Whether it was asked for more than it was to do.
    refused: bool,
}

impl Disk {
    /// A file with these bytes, on the disk.
    pub fn of(bytes: &[u8]) -> Self {
        Self { synced: bytes.to_vec(), since: Vec::new(), now: bytes.to_vec(), refused: false }
    }

    /// What other processes read.
    pub fn bytes(&self) -> &[u8] {
        &self.now
    }

    /// What may be there after the power failed: any part of what was not synced, sectors and blocks whole or in part.
    pub fn after_power_failure(&self, seed: u64) -> Vec<u8> {
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
pub struct Fused {
    disk: Arc<Mutex<Disk>>,
    left: usize,
}

impl Fused {
    /// Does `left` writes, changes of the length and syncs. Reading is not counted.
    pub fn new(disk: &Arc<Mutex<Disk>>, left: usize) -> Self {
        Self { disk: Arc::clone(disk), left }
    }

    /// Does whatever it is asked for.
    pub fn whole(disk: &Arc<Mutex<Disk>>) -> Self {
        Self::new(disk, usize::MAX)
    }

    /// The disk, and how many operations are left, for tests that make their own of these.
    pub fn into_parts(self) -> (Arc<Mutex<Disk>>, usize) {
        (self.disk, self.left)
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn operate(&mut self, work: impl FnOnce(&mut Disk)) -> io::Result<()> {
        let left = self.left.checked_sub(1);
        let mut disk = self.lock();
        let Some(left) = left else {
            disk.refused = true;
            return Err(io::Error::other("the fuse is blown"));
        };
        work(&mut disk);
        drop(disk);
        self.left = left;
        Ok(())
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
        Ok(self.lock().now.len() as u64)
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let disk = self.lock();
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

/// Does `work` on a file, once for each number of operations after which all fail, and hands what is then left to
/// `check`: of a process that was killed, and of others that lost power, too; with whether `work` was done by its own
/// account, and with words for a message, which end in "operations" for a process that was killed.
///
/// # Panics
/// If `work` is done with 8 operations or fewer, or fails on a disk that does not stop: then something else is tested
/// than was meant.
pub fn at_every_operation(start: &[u8], work: impl Fn(Fused) -> bool, check: impl Fn(&[u8], bool, &str)) {
    for operations in 0.. {
        let disk = Arc::new(Mutex::new(Disk::of(start)));
        let done = work(Fused::new(&disk, operations));
        let disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
        check(&disk.now, done, &format!("{operations} operations"));
        for seed in 0..6 {
            let left = disk.after_power_failure(operations as u64 * 8 + seed);
            check(&left, done, &format!("{operations} operations, draw {seed}"));
        }
        if !disk.refused {
            assert!(done && operations > 8, "{operations}");
            return;
        }
    }
}
