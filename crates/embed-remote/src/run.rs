//! A run: texts to threads, vectors back to their rows.
//!
//! The threads are not scoped: a run that is cancelled returns at once, even where a thread is stuck in a call of the system. Its
//! connection is shut down, it begins no new request, and it ends by its own timeout at the latest.

use crate::batch::{Halt, Sender};
use crate::encoder::Server;
use crate::error::{Error, Request, Result};
use crate::queue::{Job, Queue};
use planisphere_core::Context;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use ureq::Agent;

/// How often a run that waits looks whether it is cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// A batch, and its vectors or its error.
type Done = (usize, Result<Vec<Vec<f32>>, Box<Error>>);

/// Encodes the texts at `rows`, and hands each row's vector to `place`, which may say why it cannot take it.
pub(crate) fn run<S: AsRef<str>>(
    server: &Arc<Server>,
    texts: &[S],
    rows: &[usize],
    cx: &mut Context<'_>,
    mut place: impl FnMut(usize, Vec<f32>) -> Result<(), String>,
) -> Result<()> {
    let options = &server.options;
    let batches: Vec<&[usize]> = rows.chunks(options.batch_size).collect();
    let threads = options.concurrency.min(batches.len());
    let total = texts.len() as u64;
    let mut encoded = total - rows.len() as u64;
    cx.progress(encoded, total)?;

    let crew = Crew::start(server, threads)?;
    let (mut queued, mut finished) = (0, 0);
    while finished < batches.len() {
        // One more than each thread works on, so that none waits for its next; not all, which would be a copy of all texts.
        while queued < batches.len() && queued - finished < 2 * threads {
            let rows = batches[queued];
            let texts = rows.iter().map(|&row| format!("{}{}", options.prefix, texts[row].as_ref())).collect();
            crew.queue.push(Job { batch: queued, rows: rows.to_vec(), texts });
            queued += 1;
        }
        match crew.done.recv_timeout(LOOK) {
            Ok((batch, Ok(vectors))) => {
                let rows = batches[batch];
                for (&row, vector) in rows.iter().zip(vectors) {
                    place(row, vector).map_err(|reason| {
                        let url = server.endpoint.uri.to_string();
                        Error::Response { request: Request { url, row: rows[0], texts: rows.len(), tries: 1 }, reason }
                    })?;
                }
                finished += 1;
                encoded += rows.len() as u64;
                cx.progress(encoded, total)?;
            }
            Ok((batch, Err(error))) => return Err(crew.first_error(batch, *error)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(lost(server)),
        }
        cx.check()?;
    }
    crew.finish(server);
    Ok(())
}

/// Threads all end with a word, so this is not seen; but a run must not wait forever if it is.
fn lost(server: &Server) -> Error {
    let request = Request { url: server.endpoint.uri.to_string(), row: 0, texts: 0, tries: 0 };
    Error::Transport { request, reason: "all threads of the run ended".into() }
}

/// The threads of a run. Dropped before the end, as with an error or a cancellation, it stops them.
struct Crew {
    queue: Arc<Queue>,
    done: Receiver<Done>,
    agent: Option<Agent>,
}

impl Crew {
    fn start(server: &Arc<Server>, threads: usize) -> Result<Self> {
        let agent = server.take_agent();
        let (tell, done) = mpsc::channel();
        let crew = Self { queue: Arc::new(Queue::new()), done, agent: Some(agent.clone()) };
        for i in 0..threads {
            let (server, agent, queue, tell) =
                (Arc::clone(server), agent.clone(), Arc::clone(&crew.queue), tell.clone());
            let thread = std::thread::Builder::new().name("embed-remote".into());
            if let Err(e) = thread.spawn(move || work(&server, &agent, &queue, &tell)) {
                // Fewer are enough, but one is needed.
                if i == 0 {
                    return Err(planisphere_core::Error::Threads { threads, reason: e.to_string() }.into());
                }
                break;
            }
        }
        Ok(crew)
    }

    /// The error of the lowest batch among those that are known by now.
    fn first_error(&self, batch: usize, error: Error) -> Error {
        let others = self.done.try_iter().filter_map(|(batch, r)| r.err().map(|e| (batch, *e)));
        others.fold((batch, error), |first, other| if other.0 < first.0 { other } else { first }).1
    }

    /// All is done: the connections are kept for the next run.
    fn finish(mut self, server: &Server) {
        if let Some(agent) = self.agent.take() {
            server.keep_agent(agent);
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.queue.stop();
        if let Some(agent) = self.agent.take() {
            agent.shutdown();
        }
    }
}

fn work(server: &Server, agent: &Agent, queue: &Queue, tell: &mpsc::Sender<Done>) {
    let sender = Sender { server, agent, queue };
    while let Some(job) = queue.next() {
        // A panic in the HTTP client must not leave the run waiting for a batch that nobody works on.
        let result = catch_unwind(AssertUnwindSafe(|| sender.encode(&job))).unwrap_or_else(|_| Err(sender.lost(&job)));
        let told = match result {
            Ok(vectors) => tell.send((job.batch, Ok(vectors))),
            Err(Halt::Failed(error)) => {
                queue.stop();
                let _ = tell.send((job.batch, Err(error)));
                return;
            }
            Err(Halt::Stopped) => return,
        };
        if told.is_err() {
            return;
        }
    }
}
