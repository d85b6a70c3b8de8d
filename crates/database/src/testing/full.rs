//! A disk that is full.

use super::disk::{Disk, Fused};
use crate::blocks::Medium;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A medium that cannot get larger after so many times, once or from then on. What it has can be written again.
#[derive(Debug)]
pub struct Full {
    below: Fused,
    /// Bytes that it has room for: a file that was only made longer has none for what is new in it.
    room: u64,
    left: usize,
    once: bool,
    refused: Arc<AtomicUsize>,
}

impl Full {
    /// Gets larger `left` times, and counts in `refused` how often it then did not: once, or whenever it is asked to.
    pub fn new(disk: &Arc<Mutex<Disk>>, left: usize, once: bool, refused: &Arc<AtomicUsize>) -> Self {
        let room = disk.lock().unwrap_or_else(PoisonError::into_inner).bytes().len() as u64;
        Self { below: Fused::whole(disk), room, left, once, refused: Arc::clone(refused) }
    }

    /// Whether it may get larger.
    fn grow(&mut self) -> io::Result<()> {
        if self.left > 0 || (self.once && self.refused.load(Ordering::Relaxed) > 0) {
            self.left = self.left.saturating_sub(1);
            return Ok(());
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(ErrorKind::StorageFull.into())
    }
}

impl Medium for Full {
    fn len(&mut self) -> io::Result<u64> {
        self.below.len()
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.below.read_at(offset, out)
    }

    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        let end = offset + data.len() as u64;
        if end > self.room {
            if let Err(error) = self.grow() {
                // What fits is written before the system says that the rest does not; room comes in sectors.
                self.below.write_at(offset, &data[..data.len() / 1024 * 512])?;
                return Err(error);
            }
            self.room = end;
        }
        self.below.write_at(offset, data)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        // Some systems ask for the room at once.
        if len > self.below.len()? {
            self.grow()?;
        }
        self.room = self.room.min(len);
        self.below.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.below.sync()
    }
}

/// Does `work` on a file, once for each number of times that it can get larger, and hands what came of it to `check`:
/// the result, the disk, which has room again, how often it was refused to get larger, and words for a message.
///
/// # Panics
/// If the file gets larger fewer than three times: then something else is tested than was meant.
pub fn at_every_growth<R>(start: &[u8], work: impl Fn(Full) -> R, check: impl Fn(R, &Arc<Mutex<Disk>>, usize, &str)) {
    for once in [false, true] {
        for growths in 0.. {
            let when = format!("{} bytes, {growths} growths, once: {once}", start.len());
            let (disk, refused) = (Arc::new(Mutex::new(Disk::of(start))), Arc::default());
            let result = work(Full::new(&disk, growths, once, &refused));
            let refused = refused.load(Ordering::Relaxed);
            check(result, &disk, refused, &when);
            if refused == 0 {
                assert!(growths > 2, "{when}");
                break;
            }
        }
    }
}
