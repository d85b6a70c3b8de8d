//! What is answered when something cannot be done.

use crate::{config, maps, store};
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// What is said of errors that are not the client's. The log says more.
const INTERNAL: &str = "An internal error occurred";

/// A status, and a JSON object that says what is wrong in its member `error`.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    status: StatusCode,
    body: Value,
    retry_after: Option<u64>,
}

impl Failure {
    /// A failure with this message.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, body: json!({ "error": message.into() }), retry_after: None }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 403, as it is answered to whoever has no key.
    pub fn no_access() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Admin access required")
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 500; what happened goes to the log, not to the client.
    pub fn internal(what: impl std::fmt::Display) -> Self {
        tracing::error!(error = %what, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL)
    }

    /// 429; `wait` is told in the header `Retry-After`.
    pub fn too_many(wait: Duration) -> Self {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests").with("retry_after", seconds);
        Self { retry_after: Some(seconds), ..failure }
    }

    /// The same failure with another member in its body.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body[name] = value.into();
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<store::Error> for Failure {
    fn from(e: store::Error) -> Self {
        use store::Error as E;
        match e {
            E::UnknownItem { .. } => Self::not_found(e.to_string()),
            E::Conflict { current, .. } => {
                Self::new(StatusCode::CONFLICT, "this was changed in the meantime").with("version", current)
            }
            E::Nul { .. } | E::Dimension { .. } | E::EmptyVector { .. } | E::NotFinite { .. } | E::Request(_) => {
                Self::bad_request(e.to_string())
            }
            E::Busy { .. } | E::Connection { .. } | E::Closed => {
                tracing::warn!(error = %e, "the database cannot be used now");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "The database cannot be used now; try again")
            }
            e => Self::internal(e),
        }
    }
}

impl From<maps::Error> for Failure {
    fn from(e: maps::Error) -> Self {
        match e {
            maps::Error::Store(e) => e.into(),
            e => Self::internal(e),
        }
    }
}

impl From<crate::Error> for Failure {
    fn from(e: crate::Error) -> Self {
        match e {
            crate::Error::Store(e) => e.into(),
            e => Self::internal(e),
        }
    }
}

impl From<config::Error> for Failure {
    fn from(e: config::Error) -> Self {
        Self::bad_request(e.to_string())
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(e: tokio::task::JoinError) -> Self {
        Self::internal(e)
    }
}
