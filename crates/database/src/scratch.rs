//! Reading without writing.
//!
//! A database that is opened is also written to: a mark that it is open, what was left undone when a process died,
//! free space given back. Here all that stays in memory and is forgotten, so that those who only read share the file
//! with each other, wait for no disk, and can read what they may not write.

use crate::blocks::BLOCK;
use redb::StorageBackend;
use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file below, which is only read, and what was written above it.
#[derive(Debug)]
pub(crate) struct Scratch<B> {
    below: B,
    above: Mutex<Above>,
}

#[derive(Debug)]
struct Above {
    len: u64,
    /// The header: all that is written in the first block.
    head: Option<Vec<u8>>,
    blocks: HashMap<u64, Box<[u8]>>,
}

impl<B: StorageBackend> Scratch<B> {
    pub(crate) fn new(below: B) -> io::Result<Self> {
        let above = Above { len: below.len()?, head: None, blocks: HashMap::new() };
        Ok(Self { below, above: Mutex::new(above) })
    }

    fn lock(&self) -> MutexGuard<'_, Above> {
        // There is no state between two that nobody should see.
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: StorageBackend> StorageBackend for Scratch<B> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let above = self.lock();
        if offset.saturating_add(out.len() as u64) > above.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if offset < BLOCK as u64 {
            let from = offset as usize;
            return match above.head.as_ref().and_then(|head| head.get(from..from + out.len())) {
                Some(head) => {
                    out.copy_from_slice(head);
                    Ok(())
                }
                None => self.below.read(offset, out),
            };
        }
        if above.blocks.is_empty() {
            return self.below.read(offset, out);
        }
        for (block, out) in (offset / BLOCK as u64..).zip(out.chunks_mut(BLOCK)) {
            match above.blocks.get(&block) {
                Some(data) => out.copy_from_slice(&data[..out.len()]),
                None => self.below.read(block * BLOCK as u64, out)?,
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut above = self.lock();
        above.len = len;
        above.blocks.retain(|&block, _| block < len / BLOCK as u64);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut above = self.lock();
        if offset == 0 && data.len() < BLOCK {
            above.head = Some(data.to_vec());
            return Ok(());
        }
        if !offset.is_multiple_of(BLOCK as u64) || !data.len().is_multiple_of(BLOCK) || offset == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a number of blocks"));
        }
        for (block, data) in (offset / BLOCK as u64..).zip(data.chunks_exact(BLOCK)) {
            above.blocks.insert(block, data.into());
        }
        Ok(())
    }
}
