//! What the threads of a run share: work to be done, and when not to do it.

use crate::retry::random;
use std::collections::VecDeque;
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
    /// For all that anybody waits for: those who wait for work and those who wait for a time.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    jobs: VecDeque<Job>,
    stopped: bool,
    pause: Option<Pause>,
    /// Most texts and fewest bytes of a request by which the server showed what is too large.
    most_texts: usize,
    too_many_bytes: usize,
}

/// When the server wants to hear from us again.
#[derive(Clone, Copy, Debug)]
struct Pause {
    until: Instant,
    /// Requests begin within that time after it, so that they do not come all at once.
    spread: Duration,
}

/// The longest spread of a pause, and which part of a shorter pause it is.
const SPREAD: (Duration, u32) = (Duration::from_secs(5), 10);

impl Pause {
    /// The end for somebody with this share of the spread.
    fn end(&self, share: f64) -> Instant {
        self.until + self.spread.mul_f64(share)
    }
}

impl Queue {
    pub(crate) fn new() -> Self {
        let state = State {
            jobs: VecDeque::new(),
            stopped: false,
            pause: None,
            most_texts: usize::MAX,
            too_many_bytes: usize::MAX,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock can leave a state that is wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, job: Job) {
        self.lock().jobs.push_back(job);
        // Not one: that may be one who waits for a time, and the job would lie there meanwhile.
        self.changed.notify_all();
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
        let pause = Pause { until: Instant::now() + wait, spread: (wait / SPREAD.1).min(SPREAD.0) };
        let mut state = self.lock();
        if state.pause.is_none_or(|before| before.until < pause.until) {
            state.pause = Some(pause);
        }
    }

    /// Waits at least so long, and until a pause is over and some more, at random.
    pub(crate) fn wait(&self, wait: Duration) -> Result<(), Stopped> {
        let (own, share) = (Instant::now() + wait, random());
        let mut state = self.lock();
        loop {
            if state.stopped {
                return Err(Stopped);
            }
            let left =
                own.max(state.pause.map_or(own, |pause| pause.end(share))).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes that the server refused a request of so many bytes as too large, and how many texts it allows, if it says so.
    pub(crate) fn note_too_large(&self, most_texts: Option<usize>, bytes: usize) {
        let mut state = self.lock();
        match most_texts {
            Some(most) => state.most_texts = state.most_texts.min(most.max(1)),
            None => state.too_many_bytes = state.too_many_bytes.min(bytes),
        }
    }

    /// How many of so many texts to send first, if all at once are known to be too large. With 0 bytes, by their number alone.
    pub(crate) fn split(&self, texts: usize, bytes: usize) -> Option<usize> {
        let state = self.lock();
        if texts < 2 {
            None
        } else if texts > state.most_texts {
            Some(state.most_texts)
        } else {
            (bytes >= state.too_many_bytes).then_some(texts / 2)
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
    fn a_job_does_not_wait_for_those_who_wait_for_a_time() {
        let queue = Arc::new(Queue::new());
        // First in line for a wake-up.
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let queue = Arc::clone(&queue);
                std::thread::spawn(move || queue.wait(Duration::from_secs(3600)))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(50));
        let (tell, told) = std::sync::mpsc::channel();
        let working = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || tell.send(queue.next().map(|job| job.batch))
        });
        std::thread::sleep(Duration::from_millis(50));
        queue.push(job(7));
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(Some(7)));
        queue.stop();
        working.join().unwrap().unwrap();
        assert!(waiting.into_iter().all(|thread| thread.join().unwrap() == Err(Stopped)));
    }

    #[test]
    fn a_pause_ends_for_one_after_the_other() {
        let queue = Queue::new();
        queue.pause(Duration::from_secs(20));
        let pause = queue.lock().pause.unwrap();
        assert_eq!(pause.end(0.5) - pause.until, Duration::from_secs(1));
        queue.pause(Duration::from_secs(3600));
        let pause = queue.lock().pause.unwrap();
        assert_eq!((pause.end(0.0), pause.end(1.0)), (pause.until, pause.until + Duration::from_secs(5)));
        // A shorter one takes nothing of it away.
        queue.pause(Duration::from_secs(1));
        assert_eq!(queue.lock().pause.unwrap().until, pause.until);
        let shares: Vec<f64> = (0..20).map(|_| random()).collect();
        assert!(shares.iter().all(|s| (0.0..1.0).contains(s)) && shares.iter().any(|s| *s != shares[0]), "{shares:?}");
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
