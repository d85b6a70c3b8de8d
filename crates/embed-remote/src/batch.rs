//! A batch: sent, sent again, or in halves, until there is an answer or an error.

use crate::answer::{self, Question};
use crate::client;
use crate::encoder::Server;
use crate::error::{Error, Request};
use crate::failure::Failure;
use crate::options::VectorEncoding;
use crate::queue::{Job, Queue, Stopped};
use crate::retry::backoff;
use std::ops::Range;
use ureq::Agent;

/// Answers may always be so long.
const ANSWER_LIMIT: u64 = 64 << 20;

/// And so much longer for a number; no way of writing an `f32` or `f64` in full needs more.
const BYTES_PER_NUMBER: u64 = 32;

/// Numbers of a vector for which there is room whatever is known about the model.
const MANY_NUMBERS: usize = 8192;

/// Why a batch ended without vectors.
#[derive(Debug)]
pub(crate) enum Halt {
    /// With an error, which ends the run.
    Failed(Box<Error>),
    /// Because the run is over.
    Stopped,
}

impl From<Stopped> for Halt {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

/// What one thread needs to do its work.
pub(crate) struct Sender<'a> {
    pub(crate) server: &'a Server,
    pub(crate) agent: &'a Agent,
    pub(crate) queue: &'a Queue,
}

impl Sender<'_> {
    /// The vectors of a job, in the order of its texts.
    pub(crate) fn encode(&self, job: &Job) -> Result<Vec<Vec<f32>>, Halt> {
        let mut vectors = Vec::with_capacity(job.texts.len());
        // The part to be sent next, and those after it, the next one last.
        let (mut next, mut parts) = (Some(0..job.texts.len()), Vec::new());
        while let Some(part) = next.take().or_else(|| parts.pop()) {
            let body = self.question(&job.texts[part.clone()]).map_err(|e| self.failed(e, job, &part, 0))?;
            let first = match self.queue.split(part.len(), body.len()) {
                Some(first) => first,
                None => match self.send(job, &part, &body)? {
                    Some(more) => {
                        vectors.extend(more);
                        continue;
                    }
                    // Where what was learned says otherwise, a server contradicts itself: halves lead to an end.
                    None => self.queue.split(part.len(), body.len()).unwrap_or(part.len() / 2),
                },
            };
            let middle = part.start + first;
            parts.push(middle..part.end);
            next = Some(part.start..middle);
        }
        Ok(vectors)
    }

    fn question(&self, texts: &[String]) -> Result<Vec<u8>, Failure> {
        let options = &self.server.options;
        let question = Question {
            model: &self.server.model,
            input: texts,
            encoding_format: (options.encoding == VectorEncoding::Base64).then_some("base64"),
            dimensions: options.dimensions,
        };
        serde_json::to_vec(&question).map_err(|e| Failure::Transport { reason: e.to_string(), again: false })
    }

    /// The vectors of a part of a job, or `None` if it is too large but has more than one text.
    fn send(&self, job: &Job, part: &Range<usize>, body: &[u8]) -> Result<Option<Vec<Vec<f32>>>, Halt> {
        let options = &self.server.options;
        self.queue.wait(std::time::Duration::ZERO)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.attempt(body, part.len()) {
                Ok(vectors) => return Ok(Some(vectors)),
                Err(failure) => failure,
            };
            if self.queue.is_stopped() {
                return Err(Halt::Stopped);
            }
            if part.len() > 1
                && let Some(most) = failure.too_large()
            {
                // A number that allows what was refused says nothing.
                self.queue.note_too_large(most.filter(|&most| most < part.len()), body.len());
                return Ok(None);
            }
            if !failure.may_pass() {
                return Err(self.failed(failure, job, part, tries));
            }
            let mut wait = backoff(tries, options.first_wait, options.longest_wait);
            if let Some(asked) = failure.retry_after() {
                if asked > options.longest_wait {
                    let request = self.request(job, part, tries);
                    let error = failure.into_rate_limited(request, options.timeout, &self.server.secrets);
                    return Err(Halt::Failed(Box::new(error)));
                }
                wait = wait.max(asked);
                self.queue.pause(asked);
            }
            if tries > options.retries {
                return Err(self.failed(failure, job, part, tries));
            }
            self.queue.wait(wait)?;
        }
    }

    /// Sends once, and checks the answer.
    fn attempt(&self, body: &[u8], texts: usize) -> Result<Vec<Vec<f32>>, Failure> {
        let Server { options, dim, .. } = self.server;
        let numbers = options.dimensions.max(dim.get().copied()).unwrap_or(0).max(MANY_NUMBERS);
        let room = (texts as u64).saturating_mul(numbers as u64).saturating_mul(BYTES_PER_NUMBER);
        let limit = ANSWER_LIMIT.saturating_add(room);
        let bytes = client::post(self.agent, &self.server.endpoint, &self.server.headers, body, limit)?;
        let vectors = answer::read(&bytes, texts)?;
        let got = vectors.first().map_or(0, Vec::len);
        if let Some(asked) = options.dimensions.filter(|&asked| asked != got) {
            let reason =
                format!("vectors of {got} numbers, dimensions = {asked} were asked for; does the model have a choice?");
            return Err(Failure::response(reason));
        }
        // The first answer settles it, for all runs of this encoder.
        let known = *dim.get_or_init(|| got);
        if known != got {
            return Err(Failure::response(format!("vectors of {got} numbers, those of other texts have {known}")));
        }
        Ok(vectors)
    }

    fn request(&self, job: &Job, part: &Range<usize>, tries: u32) -> Request {
        let row = job.rows.get(part.start).copied().unwrap_or_default();
        Request { url: self.server.endpoint.uri.to_string(), row, texts: part.len(), tries }
    }

    fn failed(&self, failure: Failure, job: &Job, part: &Range<usize>, tries: u32) -> Halt {
        let request = self.request(job, part, tries);
        Halt::Failed(Box::new(failure.into_error(request, self.server.options.timeout, &self.server.secrets)))
    }

    /// The error for a thread that came to an unexpected end.
    pub(crate) fn lost(&self, job: &Job) -> Halt {
        let reason = "the HTTP client failed in a way that should not be possible".into();
        self.failed(Failure::Transport { reason, again: false }, job, &(0..job.texts.len()), 1)
    }
}
