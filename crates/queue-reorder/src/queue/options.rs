//! How a queue is used.

use super::error::{QueueError, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many annotators an item needs, how long an annotator may take, and how long to wait for others.
///
/// These belong to those who use a queue, not to its file: processes that share one should agree on them.
///
/// ```
/// use planisphere_queue_reorder::QueueOptions;
/// use std::time::Duration;
///
/// let options = QueueOptions::new().quota(3).lease(Duration::from_secs(3600)).wait(Duration::from_secs(5));
/// assert_eq!(
///     QueueOptions::default(),
///     QueueOptions::new().quota(1).lease(Duration::from_secs(1800)).wait(Duration::from_secs(30)),
/// );
/// # assert_ne!(options, QueueOptions::default());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct QueueOptions {
    pub(super) quota: u32,
    pub(super) lease: Duration,
    pub(super) wait: Duration,
    pub(super) clock: Clock,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self { quota: 1, lease: Duration::from_secs(30 * 60), wait: Duration::from_secs(30), clock: Clock::system() }
    }
}

impl QueueOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many annotators an item needs that is added without a number of its own. At least 1; 1 by default.
    #[must_use]
    pub fn quota(mut self, annotators: u32) -> Self {
        self.quota = annotators;
        self
    }

    /// How long an item is kept for the annotator who was given it. At least a millisecond; 30 minutes by default.
    #[must_use]
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    /// How long to wait for the file while another process or thread uses it; 30 seconds by default. Each use takes
    /// milliseconds.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Where the time comes from: the system by default.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        check_quota(self.quota)?;
        if self.lease_millis() == 0 {
            return Err(QueueError::InvalidParam {
                param: "lease",
                value: format!("{:?}", self.lease),
                reason: "at least a millisecond",
            });
        }
        Ok(())
    }

    pub(super) fn lease_millis(&self) -> u64 {
        u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX)
    }
}

pub(super) fn check_quota(quota: u32) -> Result<()> {
    if quota == 0 {
        return Err(QueueError::InvalidParam { param: "quota", value: "0".to_owned(), reason: "at least 1 annotator" });
    }
    Ok(())
}

/// Where the time comes from. Times are milliseconds since the start of 1970, UTC.
///
/// A clock that is set back makes leases last longer by as much; one that is set forward ends them early.
///
/// ```
/// use planisphere_queue_reorder::queue::Clock;
/// use std::time::Duration;
///
/// let clock = Clock::manual(1000);
/// let same = clock.clone();
/// clock.advance(Duration::from_millis(500));
/// assert_eq!(same.now(), 1500);
/// assert!(Clock::system().now() > 1_700_000_000_000);
/// ```
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The clock of the system.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now` until it is moved, for tests. Clones are the same clock.
    pub fn manual(now: u64) -> Self {
        Self(Source::Manual(Arc::new(AtomicU64::new(now))))
    }

    /// Moves a clock that was made by [`Clock::manual`]; that of the system goes by itself.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
        }
    }

    /// The time.
    pub fn now(&self) -> u64 {
        match &self.0 {
            // Before 1970 it is 1970.
            Source::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
            Source::Manual(now) => now.load(Ordering::SeqCst),
        }
    }
}

impl PartialEq for Clock {
    /// Whether they always show the same time.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Source::System, Source::System) => true,
            (Source::Manual(a), Source::Manual(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
