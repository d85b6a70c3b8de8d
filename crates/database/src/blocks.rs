//! The file as the database sees it: blocks, each with a checksum.
//!
//! The database believes what it reads: bytes that it did not write can make it panic, or worse. So it does not get to
//! see any. Each of its blocks of 4096 bytes lies in the file with a checksum over its number and its content, and one
//! that fails it is an error to the database like any other of a disk.

use crate::format::Format;
use crate::head::{BadHead, HEAD, Head};
use redb::StorageBackend;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of a block. The database reads and writes multiples of it, its header aside.
pub(crate) const BLOCK: usize = 4096;
/// Bytes of a block in the file.
pub(crate) const STRIDE: usize = BLOCK + 4;
/// Where the first block is: behind the head, at a page of memory.
pub(crate) const FIRST: u64 = 4096;

/// What blocks lie in: a file, or in tests something that fails.
#[cfg_attr(not(any(test, feature = "testing")), allow(unreachable_pub))]
#[allow(clippy::len_without_is_empty, clippy::missing_errors_doc)]
pub trait Medium: std::fmt::Debug + Send + 'static {
    /// Number of bytes.
    fn len(&mut self) -> io::Result<u64>;
    /// Fills `out`, or fails.
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    /// Writes all of `data`, or fails.
    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()>;
    /// Makes it shorter, or longer by zeros.
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    /// Returns once all that was written is on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

impl Medium for File {
    fn len(&mut self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.read_exact(out)
    }

    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(data)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Why a file cannot be taken for blocks.
#[derive(Debug)]
pub(crate) enum BadFile {
    Head(BadHead),
    Io(io::Error),
}

impl From<io::Error> for BadFile {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The head of a file, bare for an empty one.
pub(crate) fn head(medium: &mut impl Medium, format: &Format) -> Result<Head, BadFile> {
    let mut bytes = [0; HEAD];
    let bytes = &mut bytes[..medium.len()?.min(HEAD as u64) as usize];
    if bytes.is_empty() {
        return Ok(Head::bare());
    }
    medium.read_at(0, bytes)?;
    Head::from_bytes(bytes, format).map_err(BadFile::Head)
}

/// The blocks of a file.
#[derive(Debug)]
pub(crate) struct Blocks<M> {
    inner: Mutex<Inner<M>>,
}

#[derive(Debug)]
struct Inner<M> {
    medium: M,
    format: Format,
    head: Head,
    /// Blocks of the database that there are, that of its header included.
    count: u64,
    /// Bytes of blocks as they are in the file, kept to be used again.
    raw: Vec<u8>,
}

impl<M: Medium> Blocks<M> {
    /// Takes the file as it is. An empty one, and one whose database was not finished, are bare: there is no database,
    /// and nothing of it was written yet.
    pub(crate) fn open(mut medium: M, format: Format) -> Result<Self, BadFile> {
        let head = head(&mut medium, &format)?;
        let len = medium.len()?;
        let mut inner = Inner { medium, format, head, count: 0, raw: Vec::new() };
        if !inner.head.is_bare() {
            let blocks = len.saturating_sub(FIRST) / STRIDE as u64;
            if blocks < inner.head.blocks {
                return Err(BadFile::Head(BadHead::Damaged("it is truncated")));
            }
            inner.count = blocks + 1;
        }
        Ok(Self { inner: Mutex::new(inner) })
    }

    pub(crate) fn is_bare(&self) -> bool {
        self.lock().head.is_bare()
    }

    /// Makes a bare file ready for a database, whatever was left in it.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        let mut inner = self.lock();
        inner.head = Head::bare();
        inner.count = 0;
        // From here on, whoever dies leaves either an empty file or one that says what it is.
        inner.medium.set_len(0)?;
        inner.write_head()?;
        inner.medium.sync()
    }

    fn lock(&self) -> MutexGuard<'_, Inner<M>> {
        // Whoever panicked while it held the lock left at worst a wrong `raw`, which is filled anew each time.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Medium> Inner<M> {
    fn write_head(&mut self) -> io::Result<()> {
        self.medium.write_at(0, &self.head.to_bytes(&self.format))
    }

    /// Where blocks are in the file, from `block` on, which is not that of the header.
    fn place(block: u64) -> u64 {
        FIRST + (block - 1) * STRIDE as u64
    }

    /// The blocks that a request is for.
    fn blocks(&self, offset: u64, len: usize) -> io::Result<std::ops::Range<u64>> {
        let from = offset / BLOCK as u64;
        let to = from.saturating_add((len / BLOCK) as u64);
        if !offset.is_multiple_of(BLOCK as u64) || !len.is_multiple_of(BLOCK) || to > self.count {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{len} bytes at {offset} are not in {} blocks", self.count),
            ));
        }
        Ok(from..to)
    }

    fn read(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset < BLOCK as u64 {
            return self.head.read(offset, out);
        }
        let blocks = self.blocks(offset, out.len())?;
        self.raw.resize(out.len() / BLOCK * STRIDE, 0);
        self.medium.read_at(Self::place(blocks.start), &mut self.raw)?;
        for ((block, out), raw) in blocks.zip(out.chunks_exact_mut(BLOCK)).zip(self.raw.chunks_exact(STRIDE)) {
            let (data, sum) = raw.split_at(BLOCK);
            if sum != checksum(block, data) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the checksum of block {block} is wrong"),
                ));
            }
            out.copy_from_slice(data);
        }
        Ok(())
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        if offset < BLOCK as u64 {
            self.head.write(offset, data)?;
            self.head.blocks = self.count.saturating_sub(1);
            return self.write_head();
        }
        let blocks = self.blocks(offset, data.len())?;
        self.raw.clear();
        let start = blocks.start;
        for (block, data) in blocks.zip(data.chunks_exact(BLOCK)) {
            self.raw.extend_from_slice(data);
            self.raw.extend_from_slice(&checksum(block, data));
        }
        self.medium.write_at(Self::place(start), &self.raw)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        let count = len / BLOCK as u64;
        if !len.is_multiple_of(BLOCK as u64) || count == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{len} bytes are not a number of blocks")));
        }
        let blocks = count - 1;
        // A head on the disk never says that there is more than there is: it is written before the file gets shorter,
        // and after it got longer.
        if self.head.blocks > blocks {
            self.head.blocks = blocks;
            self.write_head()?;
            self.medium.sync()?;
        }
        self.medium.set_len(FIRST + blocks * STRIDE as u64)?;
        if count > self.count {
            self.medium.sync()?;
        }
        self.count = count;
        Ok(())
    }
}

/// Over the number, too: a block that landed in another's place is wrong there.
pub(crate) fn checksum(block: u64, data: &[u8]) -> [u8; 4] {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&block.to_le_bytes());
    sum.update(data);
    sum.finalize().to_le_bytes()
}

impl<M: Medium> StorageBackend for Blocks<M> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().count * BLOCK as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.lock().read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.lock().set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.lock().medium.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.lock().write(offset, data)
    }
}
