//! Tests with a disk that is full.

use crate::blocks::Medium;
use crate::crash::{Disk, Fused, Wanted, found, full, some, store};
use crate::error::Error;
use crate::model::ModelKey;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};

/// A medium that cannot get larger after so many times, once or from then on. What it has can be written again.
#[derive(Debug)]
struct Full {
    below: Fused,
    /// Bytes that it has room for: a file that was only made longer has none for what is new in it.
    room: u64,
    left: usize,
    once: bool,
    refused: Arc<Mutex<usize>>,
}

impl Full {
    fn new(disk: &Arc<Mutex<Disk>>, left: usize, once: bool) -> (Self, Arc<Mutex<usize>>) {
        let (room, refused) = (disk.lock().unwrap().now.len() as u64, Arc::default());
        (Self { below: Fused::new(disk, usize::MAX), room, left, once, refused: Arc::clone(&refused) }, refused)
    }

    /// Whether it may get larger.
    fn grow(&mut self) -> io::Result<()> {
        let mut refused = self.refused.lock().unwrap();
        if self.left > 0 || (self.once && *refused > 0) {
            self.left = self.left.saturating_sub(1);
            return Ok(());
        }
        *refused += 1;
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

#[test]
fn a_full_disk_is_an_error_of_the_disk_and_loses_nothing() {
    let model = ModelKey::new("m");
    let (old, before) = full(&model);
    for (start, before, more) in [(Vec::new(), Wanted::new(), 300), (old, before, 2500)] {
        let new = some(&model, 1000..1000 + more);
        let all: Wanted = before.clone().into_iter().chain(new.clone()).collect();
        for once in [false, true] {
            for growths in 0.. {
                let when = format!("{} bytes, {growths} growths, once: {once}", start.len());
                let disk = Arc::new(Mutex::new(Disk::of(&start)));
                let (medium, refused) = Full::new(&disk, growths, once);
                let result = store(medium, &model, &new);
                let refused = *refused.lock().unwrap();
                let left = disk.lock().unwrap().now.clone();
                let there = found(&left, &model, &all).unwrap_or_else(|e| panic!("{when}: {e}")).len();
                match result {
                    Ok(()) => assert_eq!(there, all.len(), "{when}"),
                    Err(Error::Io { .. }) => {
                        assert!(refused > 0 && (there == before.len() || there == all.len()), "{when}: {there}");
                    }
                    Err(other) => panic!("{when}: {other}"),
                }
                // With room again, it goes on.
                store(Fused::new(&disk, usize::MAX), &model, &new).unwrap_or_else(|e| panic!("{when}: {e}"));
                let left = disk.lock().unwrap().now.clone();
                assert_eq!(found(&left, &model, &all).unwrap().len(), all.len(), "{when}");
                if refused == 0 {
                    assert!(growths > 2, "{when}");
                    break;
                }
            }
        }
    }
}
