//! Where a queue is: in a file, or in unit tests on a disk that may fail.

use planisphere_core::CancelToken;
use planisphere_database::redb::{self, Database};
#[cfg(test)]
use planisphere_database::testing::{self, Disk, Fused};
use planisphere_database::{Container, Format, Result};
use std::path::Path;
#[cfg(test)]
use std::sync::{Arc, Mutex};

/// The first bytes of a queue, and the format that is written and read.
pub(super) const FORMAT: Format = Format::new(b"planisphere-que\n", 1);

#[derive(Clone, Debug)]
pub(super) enum Place {
    File(Container),
    /// With how many operations of the disk there are for each change.
    #[cfg(test)]
    Disk(Arc<Mutex<Disk>>, usize),
}

impl Place {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(file) => file.path(),
            #[cfg(test)]
            Self::Disk(..) => Path::new("a disk"),
        }
    }

    pub(super) fn read<R>(&self, work: impl FnOnce(&Database) -> Result<R, redb::Error>) -> Result<Option<R>> {
        match self {
            Self::File(file) => file.read(&CancelToken::new(), work),
            #[cfg(test)]
            Self::Disk(disk, _) => {
                let bytes = disk.lock().unwrap().bytes().to_vec();
                if bytes.is_empty() { Ok(None) } else { testing::read(FORMAT, &bytes, work) }
            }
        }
    }

    pub(super) fn update<R>(&self, work: impl FnOnce(&Database) -> Result<R, redb::Error>) -> Result<R> {
        match self {
            Self::File(file) => file.update(&CancelToken::new(), work),
            #[cfg(test)]
            Self::Disk(disk, operations) => testing::update(FORMAT, Fused::new(disk, *operations), work),
        }
    }
}
