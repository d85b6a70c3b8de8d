//! Why one try of a request failed.

use crate::error::{Error, Request};
use crate::message::Said;
use crate::retry::may_pass;
use crate::secret::Secrets;
use std::time::Duration;

/// Why a try failed. `again`: whether another one may succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    Status {
        status: u16,
        said: Said,
        retry_after: Option<Duration>,
    },
    Redirect {
        status: u16,
        target: String,
    },
    Timeout,
    /// The other side ended the connection while bytes were on their way, as a server does that does not want to read them.
    Cut {
        reason: String,
    },
    Connect {
        reason: String,
        again: bool,
    },
    Transport {
        reason: String,
        again: bool,
    },
    Response {
        reason: String,
        again: bool,
    },
}

impl Failure {
    /// An answer that no other try makes better.
    pub(crate) fn response(reason: impl Into<String>) -> Self {
        Self::Response { reason: reason.into(), again: false }
    }

    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Status { status, said, .. } => may_pass(*status) && !said.is_quota(),
            Self::Redirect { .. } => false,
            Self::Timeout | Self::Cut { .. } => true,
            Self::Connect { again, .. } | Self::Transport { again, .. } | Self::Response { again, .. } => *again,
        }
    }

    /// How long the server asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether fewer texts may succeed, and how many are allowed, if the server says so.
    pub(crate) fn too_large(&self) -> Option<Option<usize>> {
        match self {
            Self::Status { status: 413, said, .. } => Some(said.most_texts()),
            Self::Status { status: 400 | 422, said, .. } => match said.most_texts() {
                Some(most) => Some(Some(most)),
                None => said.is_sum_of_tokens().then_some(None),
            },
            _ => None,
        }
    }

    /// Whether the size of the batch may be the cause, without a word of the server about it.
    pub(crate) fn may_be_size(&self) -> bool {
        matches!(self, Self::Timeout | Self::Cut { .. })
    }

    /// The error that the failure is when no other try follows.
    pub(crate) fn into_error(self, request: Request, timeout: Duration, secrets: &Secrets) -> Error {
        let too_large = self.too_large().is_some();
        match self {
            Self::Timeout => Error::Timeout { request, timeout },
            Self::Connect { reason, .. } => Error::Connect { request, reason: secrets.clean(&reason) },
            Self::Cut { reason } | Self::Transport { reason, .. } => {
                Error::Transport { request, reason: secrets.clean(&reason) }
            }
            Self::Response { reason, .. } => Error::Response { request, reason: secrets.clean(&reason) },
            Self::Redirect { status, target } => Error::Redirect { request, status, target: secrets.clean(&target) },
            Self::Status { status, said, retry_after } => {
                let mut message = secrets.clean(&said.message);
                if message.is_empty() {
                    message = "(no message)".into();
                }
                match status {
                    _ if too_large => Error::TooLarge { request, status, message },
                    401 | 403 => Error::Unauthorized { request, status, message },
                    402 => Error::Quota { request, status, message },
                    429 if said.is_quota() => Error::Quota { request, status, message },
                    429 => Error::RateLimited { request, status, message, retry_after },
                    404 => Error::NotFound { request, status, message },
                    400..500 => Error::Rejected { request, status, message },
                    500..600 => Error::Server { request, status, message },
                    _ => Error::Response { request, reason: format!("status {status}: {message}") },
                }
            }
        }
    }

    /// The error for a server that asks for a longer wait than is allowed.
    pub(crate) fn into_rate_limited(self, request: Request, timeout: Duration, secrets: &Secrets) -> Error {
        match self {
            Self::Status { status, said, retry_after } => {
                Error::RateLimited { request, status, message: secrets.clean(&said.message), retry_after }
            }
            other => other.into_error(request, timeout, secrets),
        }
    }
}
