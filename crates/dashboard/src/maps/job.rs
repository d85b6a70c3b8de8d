//! Computations that take a while: one for each map, some of them at a time, watched and cancelled.

use super::progress::Progress;
use crate::config::Method;
use crate::store::Versions;
use planisphere::core::{CancelToken, Context, Threads};
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore, broadcast, watch};

/// So many finished jobs can be asked about.
const REMEMBERED: usize = 64;
/// Progress is told no more often than this.
const INTERVAL: Duration = Duration::from_millis(100);

/// Why a job failed that was cancelled.
pub(crate) const CANCELLED: &str = "cancelled";

/// How a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It waits for others.
    Queued,
    /// It is being done.
    Running,
    /// It is done.
    Done,
    /// It failed, or was cancelled.
    Failed,
}

/// What is told of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobStatus {
    /// Its id.
    pub id: String,
    /// How it is.
    pub state: JobState,
    /// The method of the map.
    pub method: Method,
    /// What is being done: `neighbors`, `graph`, `init`, `layout`, `pca`, ...
    pub stage: Option<String>,
    /// How much is done, from 0 to 1.
    pub progress: f64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl JobStatus {
    /// Whether the job has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.state, JobState::Done | JobState::Failed)
    }
}

/// What those who watch are told.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A job began, went on or ended.
    Job(JobStatus),
    /// Something changed in the store, or a map did.
    Changed(Versions),
}

/// A job and who waits for it.
pub(crate) struct Job {
    status: watch::Sender<JobStatus>,
    cancel: CancelToken,
    /// Ends the delay before it.
    hurry: Notify,
}

impl Job {
    pub(crate) fn status(&self) -> JobStatus {
        self.status.borrow().clone()
    }

    /// Waits until it is done; why it failed, if it did.
    pub(crate) async fn finished(&self) -> Result<(), String> {
        let mut watch = self.status.subscribe();
        match watch.wait_for(JobStatus::is_over).await {
            Ok(status) => status.error.clone().map_or(Ok(()), Err),
            Err(_) => Err("the program is being closed".to_owned()),
        }
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.status.borrow().is_over()
    }

    /// Whether somebody waits for it.
    pub(crate) fn is_awaited(&self) -> bool {
        self.status.receiver_count() > 0
    }

    /// Asks it to stop.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
        self.hurry.notify_one();
    }

    fn set(&self, events: &broadcast::Sender<Event>, change: impl FnOnce(&mut JobStatus)) {
        self.status.send_modify(change);
        // Nobody may be watching.
        let _ = events.send(Event::Job(self.status()));
    }
}

/// The jobs of a program.
pub(crate) struct Jobs {
    /// By what they compute.
    running: Mutex<HashMap<String, Arc<Job>>>,
    /// All that can be asked about, oldest first.
    known: Mutex<VecDeque<Arc<Job>>>,
    permits: Arc<Semaphore>,
    events: broadcast::Sender<Event>,
    next: AtomicU64,
    threads: Threads,
    closed: AtomicBool,
}

impl Jobs {
    /// `at_a_time` jobs run at the same time, each on `threads`.
    pub(crate) fn new(at_a_time: usize, threads: Option<usize>, events: broadcast::Sender<Event>) -> Self {
        Self {
            running: Mutex::default(),
            known: Mutex::default(),
            permits: Arc::new(Semaphore::new(at_a_time.max(1))),
            events,
            next: AtomicU64::new(1),
            closed: AtomicBool::new(false),
            threads: threads.map_or(Threads::Current, Threads::Exactly),
        }
    }

    /// The threads that a job has.
    pub(crate) fn threads(&self) -> Threads {
        self.threads
    }

    /// The job of that id.
    pub(crate) fn find(&self, id: &str) -> Option<JobStatus> {
        lock(&self.known).iter().map(|j| j.status()).find(|s| s.id == id)
    }

    /// The jobs that have not ended.
    pub(crate) fn active(&self) -> Vec<JobStatus> {
        lock(&self.known).iter().map(|j| j.status()).filter(|s| !s.is_over()).collect()
    }

    /// The job that computes `key` now.
    #[cfg(test)]
    pub(crate) fn running(&self, key: &str) -> Option<Arc<Job>> {
        lock(&self.running).get(key).cloned()
    }

    /// Asks all jobs to stop, and those that are started later.
    pub(crate) fn close(&self) {
        // The order matters: a job that is started meanwhile is stopped by one or the other.
        self.closed.store(true, Ordering::SeqCst);
        lock(&self.running).values().for_each(|j| j.cancel());
    }

    /// Computes `key` by `work` on a thread of its own, after `delay`, and hands what it gives to `keep`; or joins the job
    /// that does so already.
    pub(crate) fn start<T, F, K, W>(
        self: &Arc<Self>,
        key: &str,
        method: Method,
        delay: Duration,
        work: W,
        keep: K,
    ) -> Arc<Job>
    where
        T: Send + 'static,
        W: FnOnce(&mut Context<'_>) -> Result<T, String> + Send + 'static,
        K: FnOnce(Result<T, String>) -> F + Send + 'static,
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let mut running = lock(&self.running);
        if let Some(job) = running.get(key) {
            if delay.is_zero() {
                job.hurry.notify_one();
            }
            return job.clone();
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{number}", key.get(..8).unwrap_or(key));
        let status = JobStatus { id, state: JobState::Queued, method, stage: None, progress: 0.0, error: None };
        let job =
            Arc::new(Job { status: watch::Sender::new(status), cancel: CancelToken::new(), hurry: Notify::new() });
        running.insert(key.to_owned(), job.clone());
        drop(running);
        if self.closed.load(Ordering::SeqCst) {
            job.cancel();
        }
        let mut known = lock(&self.known);
        known.push_back(job.clone());
        if known.len() > REMEMBERED {
            known.pop_front();
        }
        drop(known);
        let _ = self.events.send(Event::Job(job.status()));
        tokio::spawn(Self::run(self.clone(), key.to_owned(), job.clone(), delay, work, keep));
        job
    }

    async fn run<T, F, K, W>(self: Arc<Self>, key: String, job: Arc<Job>, delay: Duration, work: W, keep: K)
    where
        T: Send + 'static,
        W: FnOnce(&mut Context<'_>) -> Result<T, String> + Send + 'static,
        K: FnOnce(Result<T, String>) -> F + Send + 'static,
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        // Whatever happens, nobody waits for a job that has ended.
        let ended = Ended { jobs: &self, key: &key, job: &job };
        // In time or hurried.
        let _ = tokio::time::timeout(delay, job.hurry.notified()).await;
        let permit = self.permits.clone().acquire_owned().await;
        job.set(&self.events, |s| s.state = JobState::Running);
        let (watched, events, threads) = (job.clone(), self.events.clone(), self.threads);
        let done = tokio::task::spawn_blocking(move || watch_work(&watched, &events, threads, work)).await;
        drop(permit);
        let result = keep(done.unwrap_or_else(|e| Err(format!("the computation broke off: {e}")))).await;
        ended.with(result);
    }
}

/// Ends a job when it goes out of scope, at the latest.
struct Ended<'a> {
    jobs: &'a Jobs,
    key: &'a str,
    job: &'a Job,
}

impl Ended<'_> {
    fn with(self, result: Result<(), String>) {
        lock(&self.jobs.running).remove(self.key);
        self.job.set(&self.jobs.events, |s| match result {
            Ok(()) => (s.state, s.progress, s.stage) = (JobState::Done, 1.0, None),
            Err(reason) => (s.state, s.error) = (JobState::Failed, Some(reason)),
        });
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if !self.job.is_over() {
            lock(&self.jobs.running).remove(self.key);
            let fail = |s: &mut JobStatus| (s.state, s.error) = (JobState::Failed, Some("it broke off".to_owned()));
            self.job.set(&self.jobs.events, fail);
        }
    }
}

/// Runs the work and tells how far it is.
fn watch_work<T>(
    job: &Job,
    events: &broadcast::Sender<Event>,
    threads: Threads,
    work: impl FnOnce(&mut Context<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let mut progress = Progress::default();
    let mut told = Instant::now();
    let mut watch = |event: &planisphere::core::Event<'_>| {
        progress.on_event(event);
        let stage = progress.stage().map(|s| s.to_string());
        let is_new = stage != job.status.borrow().stage;
        if is_new || told.elapsed() >= INTERVAL {
            told = Instant::now();
            job.set(events, |s| (s.stage, s.progress) = (stage, progress.done()));
        }
        ControlFlow::Continue(())
    };
    let mut cx = Context::new().threads(threads).observer(&mut watch).cancel(&job.cancel);
    if job.cancel.is_cancelled() {
        return Err(CANCELLED.to_owned());
    }
    // Methods say in words of their own that they were cancelled.
    work(&mut cx).map_err(|e| if job.cancel.is_cancelled() { CANCELLED.to_owned() } else { e })
}

/// What a lock holds here is whole after each change, so a panic elsewhere leaves it so.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere::core::Stage;

    fn jobs() -> (Arc<Jobs>, broadcast::Receiver<Event>) {
        let (events, watch) = broadcast::channel(64);
        (Arc::new(Jobs::new(1, Some(1), events)), watch)
    }

    fn now() -> Duration {
        Duration::ZERO
    }

    #[tokio::test]
    async fn one_job_for_a_key_and_its_states_are_told() {
        let (jobs, mut events) = jobs();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let work = move |cx: &mut Context<'_>| {
            wait.recv().unwrap();
            cx.stage(Stage::Layout, 1.0, |_| Ok::<_, planisphere::core::Cancelled>(7)).map_err(|e| e.to_string())
        };
        let first = jobs.start("key", Method::Umap, now(), work, |r| async move {
            assert_eq!(r, Ok(7));
            Ok(())
        });
        let second = jobs.start("key", Method::Umap, now(), |_| Err::<(), _>("never".to_owned()), |r| async { r });
        assert!(Arc::ptr_eq(&first, &second));
        go.send(()).unwrap();
        assert_eq!(second.finished().await, Ok(()));
        assert!(jobs.running("key").is_none());
        let status = jobs.find(&first.status().id).unwrap();
        assert_eq!((status.state, status.progress, status.error), (JobState::Done, 1.0, None));
        let mut told = Vec::new();
        while let Ok(Event::Job(status)) = events.try_recv() {
            told.push((status.state, status.stage));
        }
        use JobState::{Done, Queued, Running};
        let layout = Some("layout".to_owned());
        assert_eq!(told, [(Queued, None), (Running, None), (Running, layout), (Running, None), (Done, None)]);
    }

    #[tokio::test]
    async fn failures_panics_and_cancellation_end_a_job() {
        let (jobs, _events) = jobs();
        let keep = |r: Result<(), String>| async { r };
        let job = jobs.start("a", Method::Pca, now(), |_| Err("no".to_owned()), keep);
        assert_eq!(job.finished().await, Err("no".to_owned()));
        let job = jobs.start("b", Method::Pca, now(), |_| panic!("on purpose"), keep);
        assert!(job.finished().await.unwrap_err().starts_with("the computation broke off"));
        let job = jobs.start("c", Method::Pca, now(), |_| Ok(()), |_| async { panic!("on purpose") });
        assert_eq!(job.finished().await, Err("it broke off".to_owned()));
        assert!(jobs.running("c").is_none());
        let work = |cx: &mut Context<'_>| loop {
            cx.check().map_err(|e| e.to_string())?;
            std::thread::sleep(Duration::from_millis(1));
        };
        let job = jobs.start("d", Method::Pca, now(), work, keep);
        let queued = jobs.start("e", Method::Pca, now(), |_| Ok(()), keep);
        job.cancel();
        assert_eq!(job.finished().await, Err("cancelled".to_owned()));
        assert_eq!(queued.finished().await, Ok(()));
        jobs.close();
        let late = jobs.start("f", Method::Pca, now(), |_| Ok(()), keep);
        assert_eq!(late.finished().await, Err("cancelled".to_owned()));
    }

    #[tokio::test]
    async fn a_job_that_waits_is_hurried_by_who_needs_it_now() {
        let (jobs, _events) = jobs();
        let keep = |r: Result<(), String>| async { r };
        let hour = Duration::from_secs(3600);
        let slow = jobs.start("a", Method::Pca, hour, |_| Ok(()), keep);
        assert_eq!(jobs.start("a", Method::Pca, now(), |_| Ok(()), keep).finished().await, Ok(()));
        assert!(slow.is_over() && !slow.is_awaited());
        let slow = jobs.start("b", Method::Pca, hour, |_| Ok(()), keep);
        slow.cancel();
        assert_eq!(slow.finished().await, Err(CANCELLED.to_owned()));
    }

    #[tokio::test]
    async fn old_jobs_are_forgotten() {
        let (jobs, _events) = jobs();
        for i in 0..=REMEMBERED {
            jobs.start(&format!("k{i}"), Method::Pca, now(), |_| Ok(()), |r| async { r }).finished().await.unwrap();
        }
        assert!(jobs.find("k0-1").is_none());
        assert!(jobs.find("k1-2").is_some());
    }
}
