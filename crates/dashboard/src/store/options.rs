//! How a store is used.

use super::error::{Error, Result};
use std::time::Duration;

pub use planisphere::queue_reorder::queue::Clock;

/// How many connections read, how long to wait for others, and where the time comes from.
///
/// ```
/// use planisphere_dashboard::store::StoreOptions;
/// use std::time::Duration;
///
/// assert_eq!(StoreOptions::default(), StoreOptions::new().readers(4).wait(Duration::from_secs(30)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StoreOptions {
    pub(super) readers: u32,
    pub(super) wait: Duration,
    pub(super) clock: Clock,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { readers: 4, wait: Duration::from_secs(30), clock: Clock::system() }
    }
}

impl StoreOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections read at the same time; at least 1, 4 by default. There is one more, which writes.
    #[must_use]
    pub fn readers(mut self, connections: u32) -> Self {
        self.readers = connections;
        self
    }

    /// How long to try again while somebody else has the database locked, or a server cannot be reached; 30 seconds by
    /// default.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Where the time comes from, by which leases and sessions end: the system by default.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.readers == 0 {
            let (value, reason) = ("0".to_owned(), "at least 1 connection");
            return Err(Error::InvalidParam { param: "readers", value, reason });
        }
        Ok(())
    }

    /// Milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        i64::try_from(self.clock.now()).unwrap_or(i64::MAX)
    }
}
