//! Writing with as few waits for the disk as there can be.
//!
//! A database that is opened marks its file as open, and when it is closed it commits once more, to tidy up, and takes
//! the mark away: five waits for the disk beside the two of a commit. None of them is needed where the last commit left
//! what the next one to open has to know, as those of [`begin_write`](crate::begin_write) do. So the mark stays in
//! memory until there is something to go with it, and what closing would write is refused.

use crate::blocks::{BLOCK, Blocks, Medium};
use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far the piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Working,
    Closing,
}

/// The blocks of a file that has a database, for one piece of work. Clones share them.
#[derive(Debug)]
pub(crate) struct Session<M>(Arc<Inner<M>>);

#[derive(Debug)]
struct Inner<M> {
    blocks: Blocks<M>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// The header, if it is another than that of the file.
    header: Option<Vec<u8>>,
    /// Whether blocks were written since the last sync.
    dirty: bool,
}

impl<M> Clone for Session<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Medium> Session<M> {
    /// Of blocks that are not bare.
    pub(crate) fn new(blocks: Blocks<M>) -> Self {
        let state = State { phase: Phase::Opening, header: None, dirty: false };
        Self(Arc::new(Inner { blocks, state: Mutex::new(state) }))
    }

    /// To be called once the database is open: from here on, a sync is one.
    pub(crate) fn opened(&self) {
        self.lock().phase = Phase::Working;
    }

    /// To be called before the database is closed: from here on, nothing is written.
    pub(crate) fn done(&self) {
        self.lock().phase = Phase::Closing;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // There is no state between two that nobody should see.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, if something may be written.
    fn writing(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.lock();
        if state.phase == Phase::Closing {
            return Err(io::Error::other("the work is done"));
        }
        Ok(state)
    }
}

impl<M: Medium> StorageBackend for Session<M> {
    fn len(&self) -> io::Result<u64> {
        self.0.blocks.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset < BLOCK as u64 {
            let state = self.lock();
            let from = offset as usize;
            if let Some(header) = state.header.as_ref().and_then(|header| header.get(from..from + out.len())) {
                out.copy_from_slice(header);
                return Ok(());
            }
        }
        self.0.blocks.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.writing()?;
        state.dirty = true;
        self.0.blocks.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.writing()?;
        if !state.dirty && (state.phase == Phase::Opening || state.header.is_none()) {
            return Ok(());
        }
        if let Some(header) = &state.header {
            self.0.blocks.write(0, header)?;
        }
        self.0.blocks.sync_data()?;
        (state.header, state.dirty) = (None, false);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.writing()?;
        if offset == 0 && data.len() < BLOCK {
            state.header = Some(data.to_vec());
            return Ok(());
        }
        state.dirty = true;
        self.0.blocks.write(offset, data)
    }
}
