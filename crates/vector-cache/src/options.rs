//! How a cache is used.

use crate::error::{Error, Result};
use std::time::Duration;

/// How long to wait for others, and how often to save.
///
/// ```
/// use planisphere_vector_cache::CacheOptions;
/// use std::time::Duration;
///
/// let options = CacheOptions::new().wait(Duration::from_secs(5)).batch(512);
/// assert_eq!(CacheOptions::default(), CacheOptions::new().wait(Duration::from_secs(30)).batch(4096));
/// # assert_ne!(options, CacheOptions::default());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CacheOptions {
    pub(crate) wait: Duration,
    pub(crate) batch: usize,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self { wait: Duration::from_secs(30), batch: 4096 }
    }
}

impl CacheOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long to wait for the file while another process or thread uses it, each time that it is needed; 30 seconds
    /// by default. Nobody keeps it while vectors are computed, so that it is mostly a matter of milliseconds.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// How many texts are computed before their vectors are saved: what is lost at most if the process dies. At least
    /// 1; 4096 by default. A save costs some 30 milliseconds, so that smaller batches suit slow models.
    #[must_use]
    pub fn batch(mut self, texts: usize) -> Self {
        self.batch = texts;
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.batch == 0 {
            return Err(Error::InvalidParam { param: "batch", value: "0".to_owned(), reason: "at least 1 text" });
        }
        Ok(())
    }
}
