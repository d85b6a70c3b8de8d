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
use std::time::Duration;
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

/// Texts of a job that are sent together.
struct Part {
    texts: Range<usize>,
    past: Past,
}

/// What went before with the texts of a part, alone or in a larger one. Halves inherit it, so that a server that is gone is not
/// tried for so many times more than one text would be: twice in full, once for each half.
#[derive(Clone, Copy, Default)]
struct Past {
    tries: u32,
    /// How many of them timed out or were cut.
    cuts: u32,
    /// Bytes of the larger request that was given up for it.
    given_up: Option<usize>,
}

/// What comes of a part.
enum Outcome {
    Vectors(Vec<Vec<f32>>),
    /// So many of its texts are to be sent first.
    Split(usize),
}

impl Sender<'_> {
    /// The vectors of a job, in the order of its texts.
    pub(crate) fn encode(&self, job: &Job) -> Result<Vec<Vec<f32>>, Halt> {
        let mut vectors = Vec::with_capacity(job.texts.len());
        // The next one last.
        let mut parts = vec![Part { texts: 0..job.texts.len(), past: Past::default() }];
        while let Some(mut part) = parts.pop() {
            let first = match self.encode_part(job, &mut part)? {
                Outcome::Vectors(more) => {
                    vectors.extend(more);
                    // The server is there: what went wrong before says nothing about the rest.
                    parts.iter_mut().for_each(|part| part.past = Past::default());
                    continue;
                }
                Outcome::Split(first) => first,
            };
            let Part { texts, past } = part;
            let middle = texts.start + first;
            parts.push(Part { texts: middle..texts.end, past });
            parts.push(Part { texts: texts.start..middle, past });
        }
        Ok(vectors)
    }

    /// Sends a part, unless it is known to be too large.
    fn encode_part(&self, job: &Job, part: &mut Part) -> Result<Outcome, Halt> {
        let n = part.texts.len();
        // By the number of texts first, as that needs no request to be written.
        if let Some(first) = self.queue.split(n, 0) {
            return Ok(Outcome::Split(first));
        }
        let texts = part.texts.clone();
        let body = self.question(&job.texts[texts.clone()]).map_err(|e| self.failed(e, job, &texts, 0))?;
        if let Some(first) = self.queue.split(n, body.len()) {
            return Ok(Outcome::Split(first));
        }
        Ok(match self.send(job, &texts, &mut part.past, &body)? {
            Some(vectors) => Outcome::Vectors(vectors),
            // Where what was learned says otherwise, a server contradicts itself: halves lead to an end.
            None => Outcome::Split(self.queue.split(n, body.len()).unwrap_or(n / 2)),
        })
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
    fn send(
        &self,
        job: &Job,
        part: &Range<usize>,
        past: &mut Past,
        body: &[u8],
    ) -> Result<Option<Vec<Vec<f32>>>, Halt> {
        let options = &self.server.options;
        self.queue.wait(Duration::ZERO)?;
        loop {
            past.tries += 1;
            let tries = past.tries;
            let failure = match self.attempt(body, part.len()) {
                Ok(vectors) => {
                    // Now it is known that it was the size.
                    if let Some(bytes) = past.given_up {
                        self.queue.note_too_large(None, bytes);
                    }
                    return Ok(Some(vectors));
                }
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
                *past = Past::default();
                return Ok(None);
            }
            if !failure.may_pass() {
                return Err(self.failed(failure, job, part, tries));
            }
            let mut wait = backoff(tries, options.first_wait, options.longest_wait);
            if let Some(asked) = failure.retry_after() {
                if asked > options.longest_asked_wait {
                    let request = self.request(job, part, tries);
                    let error = failure.into_rate_limited(request, options.timeout, &self.server.secrets);
                    return Err(Halt::Failed(Box::new(error)));
                }
                wait = wait.max(asked);
                self.queue.pause(asked);
            }
            if failure.may_be_size() && options.retries > 0 {
                past.cuts += 1;
                if past.cuts > 1 && part.len() > 1 {
                    past.given_up = Some(body.len());
                    self.queue.wait(wait)?;
                    return Ok(None);
                }
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
