//! Telling that something changed, whoever changed it.

use super::error::Result;
use super::job::{Event, lock};
use super::live::Maps;
use crate::store::Versions;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the store is asked while somebody watches.
const INTERVAL: Duration = Duration::from_millis(500);

impl Maps {
    /// Tells those who watch if something changed in the store or a map did, since they were told last. Call this after a
    /// change for it to be told at once; it is told within half a second in any case.
    pub async fn changed(&self) {
        // Whoever asks for something next is told what is wrong with the store.
        let _ = self.tell().await;
    }

    async fn tell(&self) -> Result<Versions> {
        let versions = self.0.store.versions().await?;
        let now = Some((versions, self.generations()));
        let before = std::mem::replace(&mut *lock(&self.0.told), now);
        if before != now {
            // Nobody may be watching.
            let _ = self.0.events.send(Event::Changed(versions));
        }
        Ok(versions)
    }

    /// Looks for changes that other instances of the program make, as long as somebody watches.
    pub(crate) fn watch_store(&self) {
        if self.0.watched.swap(true, Ordering::AcqRel) {
            return;
        }
        let maps = self.clone();
        tokio::spawn(async move {
            let mut closed = maps.0.closed.subscribe();
            loop {
                // Closed, or time to look.
                let ended = tokio::time::timeout(INTERVAL, closed.wait_for(|c| *c)).await.is_ok();
                let alone = || maps.0.events.receiver_count() == 0;
                if ended || alone() {
                    maps.0.watched.store(false, Ordering::Release);
                    // Who came in between believes that this goes on.
                    if ended || alone() || maps.0.watched.swap(true, Ordering::AcqRel) {
                        return;
                    }
                }
                maps.changed().await;
            }
        });
    }
}
