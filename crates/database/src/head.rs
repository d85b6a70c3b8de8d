//! The first bytes of the file: what it is, and the header of the database in it.

use crate::format::Format;
use std::io;

/// Bytes of the head: one sector of a disk, which is written whole or not at all.
pub(crate) const HEAD: usize = 512;
/// Bytes that the database can have in the head.
pub(crate) const ROOM: usize = END - START;

const VERSION: usize = 16;
const BLOCKS: usize = 24;
const START: usize = 32;
const END: usize = 508;

/// Layout, little end first: magic (16 bytes), version of the format (4), unused (4), blocks (8), header of the
/// database (476), CRC-32 of all before (4).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    /// The file has at least so many blocks, or it was truncated.
    pub(crate) blocks: u64,
    /// What the database wrote at its offset 0.
    pub(crate) database: [u8; ROOM],
}

/// Why bytes are no head.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BadHead {
    Foreign(&'static str),
    Newer(u32),
    Damaged(&'static str),
}

impl Head {
    /// The head of a file that has no database yet.
    pub(crate) fn bare() -> Self {
        Self { blocks: 0, database: [0; ROOM] }
    }

    /// Whether the database is still to be made, or was not finished when its process died: it begins with its magic
    /// number, which is written last.
    pub(crate) fn is_bare(&self) -> bool {
        self.database[0] == 0
    }

    pub(crate) fn to_bytes(&self, format: &Format) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[..VERSION].copy_from_slice(&format.magic);
        bytes[VERSION..VERSION + 4].copy_from_slice(&format.version.to_le_bytes());
        bytes[BLOCKS..BLOCKS + 8].copy_from_slice(&self.blocks.to_le_bytes());
        bytes[START..END].copy_from_slice(&self.database);
        let sum = crc32fast::hash(&bytes[..END]);
        bytes[END..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads the first bytes of a file, which are fewer than [`HEAD`] only if that is all there is.
    pub(crate) fn from_bytes(bytes: &[u8], format: &Format) -> Result<Self, BadHead> {
        if !bytes.starts_with(&format.magic) {
            return Err(BadHead::Foreign("it begins otherwise"));
        }
        let Ok(bytes) = <&[u8; HEAD]>::try_from(bytes) else {
            return Err(BadHead::Damaged("it is truncated"));
        };
        let four = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let sound = four(END) == crc32fast::hash(&bytes[..END]);
        match four(VERSION) {
            version if version == format.version && sound => {}
            // A later format may end otherwise, so its checksum cannot be asked for; no format has ever had a lower
            // number.
            version if version > format.version => return Err(BadHead::Newer(version)),
            _ => return Err(BadHead::Damaged("the checksum of its head is wrong")),
        }
        let mut head = Self::bare();
        head.blocks = u64::from(four(BLOCKS)) | u64::from(four(BLOCKS + 4)) << 32;
        head.database.copy_from_slice(&bytes[START..END]);
        Ok(head)
    }

    /// Reads what the database wrote at `offset`.
    pub(crate) fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        out.copy_from_slice(&self.database[range(offset, out.len())?]);
        Ok(())
    }

    /// Takes what the database writes at `offset`.
    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.database[range(offset, data.len())?].copy_from_slice(data);
        Ok(())
    }
}

fn range(offset: u64, len: usize) -> io::Result<std::ops::Range<usize>> {
    usize::try_from(offset)
        .ok()
        .and_then(|from| Some(from..from.checked_add(len)?))
        .filter(|range| range.end <= ROOM)
        .ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the header of the database is longer than expected")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format::new(b"of the unit test", 1);

    #[test]
    fn every_changed_bit_and_every_missing_byte_is_seen() {
        let mut head = Head { blocks: 0x1_0000_0007, ..Head::bare() };
        head.write(0, &[7; 320]).unwrap();
        let bytes = head.to_bytes(&FORMAT);
        assert_eq!(Head::from_bytes(&bytes, &FORMAT), Ok(head));
        for bit in 0..HEAD * 8 {
            let mut bad = bytes;
            bad[bit / 8] ^= 1 << (bit % 8);
            let expected = match bit / 8 {
                0..16 => matches!(Head::from_bytes(&bad, &FORMAT), Err(BadHead::Foreign(_))),
                16..20 => matches!(Head::from_bytes(&bad, &FORMAT), Err(BadHead::Newer(_) | BadHead::Damaged(_))),
                _ => matches!(Head::from_bytes(&bad, &FORMAT), Err(BadHead::Damaged(_))),
            };
            assert!(expected, "bit {bit}");
        }
        for len in 0..HEAD {
            assert!(Head::from_bytes(&bytes[..len], &FORMAT).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn the_database_stays_inside() {
        let mut head = Head::bare();
        assert!(head.is_bare());
        assert!(head.write(ROOM as u64 - 4, &[1; 5]).is_err());
        assert!(head.write(u64::MAX, &[1; 5]).is_err());
        assert!(head.read(1, &mut [0; ROOM]).is_err());
        head.write(ROOM as u64 - 5, &[1; 5]).unwrap();
        assert_eq!(Head::from_bytes(&head.to_bytes(&FORMAT), &FORMAT), Ok(head));
    }
}
