//! Errors of remote encoders.

use planisphere_core::Cancelled;
use std::time::Duration;

/// Which request failed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where it was sent.
    pub url: String,
    /// Position of its first text among those to be encoded, counted from 0.
    pub row: usize,
    /// How many texts it had.
    pub texts: usize,
    /// How often it was sent.
    pub tries: u32,
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url, row, texts, tries } = self;
        let s = |n: usize| if n == 1 { "" } else { "s" };
        write!(f, "{url} ({texts} text{} from row {row}", s(*texts))?;
        match tries {
            0 | 1 => f.write_str(")"),
            tries => write!(f, ", {tries} tries)"),
        }
    }
}

/// What can go wrong when texts are encoded by a server.
///
/// `message` is what the server said, `reason` what the client found. Both are one line of at most 300 characters, without
/// control characters and without the key.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter has a value that cannot be used. Found before anything is sent.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// Name of the parameter.
        param: &'static str,
        /// The value given; `***` for one that is secret.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// The environment variable that should hold the key is not set, or empty.
    #[error("the environment variable {variable}, which should hold the API key, is not set or empty")]
    MissingKey {
        /// Its name; `***` for one that may be a key in the wrong place.
        variable: String,
    },
    /// The server does not accept the key, or wants one, or the key may not use the model (401, 403).
    #[error("{request}: unauthorized, status {status}: {message}")]
    Unauthorized {
        /// The request.
        request: Request,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// There is no such model, or no such path on the server (404).
    #[error("{request}: model or path not found, status {status}: {message}")]
    NotFound {
        /// The request.
        request: Request,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// Too many requests (429) after all tries; or, whatever the status, the server asks for a longer wait than is allowed.
    #[error("{request}: rate limited, status {status}{}: {message}", wait(*.retry_after))]
    RateLimited {
        /// The request.
        request: Request,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
        /// How long the server asks to wait, if it says so.
        retry_after: Option<Duration>,
    },
    /// What was paid for is used up (402, or 429 with the code `insufficient_quota`). Not tried again.
    #[error("{request}: the quota is used up, status {status}: {message}")]
    Quota {
        /// The request.
        request: Request,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The server finds a single text too large: the one at `request.row`. Batches of several are halved before.
    #[error("{request}: the text at row {} is too large for the server, status {status}: {message}", request.row)]
    TooLarge {
        /// The request.
        request: Request,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The server refuses the request for another reason (all other 4xx).
    #[error("{request}: rejected, status {status}: {message}")]
    Rejected {
        /// The request.
        request: Request,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The server failed (5xx), after all tries where a status is worth more than one.
    #[error("{request}: the server failed, status {status}: {message}")]
    Server {
        /// The request.
        request: Request,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The server points to another place. Redirects are not followed, so that texts and keys go nowhere else.
    #[error("{request}: status {status} points to {target}; redirects are not followed, give that URL if it is right")]
    Redirect {
        /// The request.
        request: Request,
        /// HTTP status.
        status: u16,
        /// Scheme and host that it points to, or `nowhere`.
        target: String,
    },
    /// No whole answer within the time for a request, after all tries.
    #[error("{request}: no answer within {timeout:?}")]
    Timeout {
        /// The request.
        request: Request,
        /// The time for a request.
        timeout: Duration,
    },
    /// No connection: the name is unknown, nobody listens, or TLS fails.
    #[error("{request}: cannot connect: {reason}")]
    Connect {
        /// The request.
        request: Request,
        /// What is wrong.
        reason: String,
    },
    /// The connection ended before the answer was whole, after all tries.
    #[error("{request}: the connection broke: {reason}")]
    Transport {
        /// The request.
        request: Request,
        /// What is wrong.
        reason: String,
    },
    /// The answer is not what the API promises: not HTTP or not JSON, vectors missing or twice, of different lengths or of
    /// another length than asked for, with values that are not finite numbers; or larger than allowed.
    #[error("{request}: unusable answer: {reason}")]
    Response {
        /// The request.
        request: Request,
        /// What is wrong with the answer.
        reason: String,
    },
    /// There are more texts than row ids can count, or threads cannot be started.
    #[error(transparent)]
    Core(#[from] planisphere_core::Error),
    /// The run was stopped.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

fn wait(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |d| format!(", to be tried again in {d:?}"))
}

pub(crate) fn invalid(param: &'static str, value: impl ToString, reason: impl Into<String>) -> Error {
    Error::InvalidParam { param, value: value.to_string(), reason: reason.into() }
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
