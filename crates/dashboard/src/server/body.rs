//! Bodies of requests.

use super::failure::Failure;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde_json::{Map, Value};

/// A body in JSON; `None` if there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonBody(pub Option<Value>);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        let value = serde_json::from_slice(&bytes);
        value.map(|value| Self(Some(value))).map_err(|e| Failure::bad_request(format!("the body is no JSON: {e}")))
    }
}

fn unread(e: BytesRejection) -> Failure {
    match e {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long")
        }
        e => Failure::bad_request(e.body_text()),
    }
}

/// A body that is a JSON object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match JsonBody::from_request(request, state).await?.0 {
            Some(Value::Object(map)) => Ok(Self(map)),
            None => Err(Failure::bad_request("No JSON data provided")),
            Some(_) => Err(Failure::bad_request("the body must be an object")),
        }
    }
}

impl Object {
    /// A member that is a text, not empty.
    pub(super) fn text(&self, name: &str) -> Result<&str, Failure> {
        match self.0.get(name) {
            Some(Value::String(s)) if !s.is_empty() => Ok(s),
            _ => Err(Failure::bad_request(format!("{name} must be a non-empty string"))),
        }
    }

    /// The name of an annotator: a short text in one line.
    pub(super) fn annotator(&self) -> Result<&str, Failure> {
        const LONGEST: usize = 256;
        let name = self.text("annotator")?;
        if name.trim().is_empty() || name.len() > LONGEST || name.chars().any(char::is_control) {
            let allowed = format!("annotator must be a name of at most {LONGEST} bytes in one line");
            return Err(Failure::bad_request(allowed));
        }
        Ok(name)
    }

    /// Refuses members that are none of these.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Failure> {
        match self.0.keys().find(|key| !names.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(Failure::bad_request(format!("{key}: unknown; known here: {}", names.join(", ")))),
        }
    }
}
