//! A copy of what is in the store, as new as those who ask need it.

use super::error::Result;
use super::job::lock;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A value that is loaded again when it is too old: by one at a time, the others wait for it.
pub(crate) struct Fresh<T> {
    value: Mutex<Option<Arc<T>>>,
    /// Held by whoever loads; when the last time ended, and how long it took.
    loading: tokio::sync::Mutex<Option<(Instant, Duration)>>,
}

impl<T> Default for Fresh<T> {
    fn default() -> Self {
        Self { value: Mutex::default(), loading: tokio::sync::Mutex::default() }
    }
}

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl<T> Fresh<T> {
    /// The value, if `is_fresh`, or what `load` gives. Loads take no more than half of the time: after one, the next begins
    /// no earlier than as long after it as it took, so that many changes do not keep everybody busy with loading.
    pub(crate) async fn get(
        &self,
        is_fresh: impl Fn(&T) -> bool,
        load: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        let known = || lock(&self.value).clone().filter(|v| is_fresh(v));
        if let Some(value) = known() {
            return Ok(value);
        }
        let mut last = self.loading.lock().await;
        if let Some(value) = known() {
            return Ok(value);
        }
        if let Some((at, took)) = *last {
            tokio::time::sleep(took.min(LONGEST_PAUSE).saturating_sub(at.elapsed())).await;
        }
        let start = Instant::now();
        let value = Arc::new(load.await?);
        *last = Some((Instant::now(), start.elapsed()));
        *lock(&self.value) = Some(value.clone());
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn loaded_once_for_all_who_ask_and_again_when_too_old() {
        let fresh: Arc<Fresh<usize>> = Arc::default();
        let loads = Arc::new(AtomicUsize::new(0));
        let ask = |least: usize| {
            let (fresh, loads) = (fresh.clone(), loads.clone());
            async move {
                let load = async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok(loads.fetch_add(1, Ordering::SeqCst) + 1)
                };
                *fresh.get(|v| *v >= least, load).await.unwrap()
            }
        };
        let many: Vec<_> = (0..8).map(|_| tokio::spawn(ask(1))).collect();
        for one in many {
            assert_eq!(one.await.unwrap(), 1);
        }
        assert_eq!((ask(1).await, ask(2).await), (1, 2));
        assert_eq!(loads.load(Ordering::SeqCst), 2);
    }
}
