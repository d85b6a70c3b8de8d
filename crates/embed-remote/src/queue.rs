//! What the threads of a run share: work to be done, and when not to do it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Texts for one request.
#[derive(Debug)]
pub(crate) struct Job {
    /// Which batch of the run.
    pub(crate) batch: usize,
    /// The rows of the texts.
    pub(crate) rows: Vec<usize>,
    /// The texts as they are sent.
    pub(crate) texts: Vec<String>,
}

/// The run is over for the threads: nothing more is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

/// Shared by the caller and the threads of a run.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    /// Most texts and fewest bytes of a request by which the server showed what is too large.
    most_texts: AtomicUsize,
    too_many_bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Job>,
    stopped: bool,
    /// When the server wants to hear from us again.
    resume: Option<Instant>,
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            most_texts: AtomicUsize::new(usize::MAX),
            too_many_bytes: AtomicUsize::new(usize::MAX),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock can leave a state that is wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, job: Job) {
        self.lock().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// Ends all waits; no request begins any more.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// The next job, once there is one; `None` when the run is over.
    pub(crate) fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No request begins for so long: the server asked for it, and it means all of us.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        state.resume = state.resume.max(Some(until));
    }

    /// Waits at least so long, and until a pause is over.
    pub(crate) fn wait(&self, wait: Duration) -> Result<(), Stopped> {
        let own = Instant::now() + wait;
        let mut state = self.lock();
        loop {
            if state.stopped {
                return Err(Stopped);
            }
            let left = own.max(state.resume.unwrap_or(own)).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes that the server refused a request of so many bytes as too large, and how many texts it allows, if it says so.
    pub(crate) fn note_too_large(&self, most_texts: Option<usize>, bytes: usize) {
        match most_texts {
            Some(most) => self.most_texts.fetch_min(most.max(1), Ordering::Relaxed),
            None => self.too_many_bytes.fetch_min(bytes, Ordering::Relaxed),
        };
    }

    /// How many of so many texts to send first, if all at once are known to be too large.
    pub(crate) fn split(&self, texts: usize, bytes: usize) -> Option<usize> {
        let most = self.most_texts.load(Ordering::Relaxed);
        if texts < 2 {
            None
        } else if texts > most {
            Some(most)
        } else {
            (bytes >= self.too_many_bytes.load(Ordering::Relaxed)).then_some(texts / 2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn job(batch: usize) -> Job {
        Job { batch, rows: vec![], texts: vec![] }
    }

    #[test]
    fn jobs_come_in_order_until_stopped() {
        let queue = Queue::new();
        queue.push(job(0));
        queue.push(job(1));
        assert_eq!(queue.next().unwrap().batch, 0);
        assert_eq!(queue.next().unwrap().batch, 1);
        queue.push(job(2));
        queue.stop();
        assert!(queue.next().is_none());
        assert_eq!(queue.wait(Duration::ZERO), Err(Stopped));
    }

    #[test]
    fn a_stop_ends_waits_and_a_pause_holds_everybody() {
        let queue = Arc::new(Queue::new());
        let start = Instant::now();
        queue.pause(Duration::from_millis(30));
        queue.pause(Duration::from_millis(10));
        assert_eq!(queue.wait(Duration::ZERO), Ok(()));
        assert!(start.elapsed() >= Duration::from_millis(30));
        let waiting = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.wait(Duration::from_secs(3600))
        });
        let idle = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.next().is_none()
        });
        std::thread::sleep(Duration::from_millis(10));
        queue.stop();
        assert_eq!(waiting.join().unwrap(), Err(Stopped));
        assert!(idle.join().unwrap());
    }

    #[test]
    fn what_is_too_large_is_learned() {
        let queue = Queue::new();
        assert_eq!(queue.split(64, 1000), None);
        queue.note_too_large(None, 800);
        queue.note_too_large(None, 900);
        assert_eq!(queue.split(64, 799), None);
        assert_eq!(queue.split(64, 800), Some(32));
        assert_eq!(queue.split(1, 800), None);
        queue.note_too_large(Some(10), 800);
        assert_eq!(queue.split(64, 799), Some(10));
        assert_eq!(queue.split(11, 1), Some(10));
        assert_eq!(queue.split(10, 1), None);
        queue.note_too_large(Some(0), 1);
        assert_eq!(queue.split(2, 0), Some(1));
        assert_eq!(queue.split(1, 0), None);
    }
}
