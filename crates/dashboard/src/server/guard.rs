//! What every request passes, whatever it is for.

use super::app::App;
use super::client;
use super::failure::Failure;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::any::Any;

/// Nothing but what the page needs: its own scripts and styles, media that items name, and the API. `unsafe-eval` is for
/// Plotly, whose drawing with WebGL makes functions of text that it puts together itself; `unsafe-inline` of styles is for
/// the `style` attributes that it sets.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob: https: http:; media-src 'self' https: http: data:; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Headers of every answer, unless it has its own. `Referrer-Policy` is not `no-referrer`, with which browsers do not say
/// where forms come from.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Names and addresses are looked at first; then the request may go on.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match admit(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(response) => *response,
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn admit(app: &App, request: &Request) -> Result<(), Box<Response>> {
    let config = &app.config().server;
    if app.is_loopback() || !config.hosts.is_empty() {
        let called = client::authority(request.headers(), request.uri());
        let known = called.is_some_and(|name| client::is_own_name(&name) || client::is_one_of(&name, &config.hosts));
        if !known {
            let message = "this server does not go by that name; server.hosts lists others";
            return Err(Box::new(Failure::new(StatusCode::MISDIRECTED_REQUEST, message).into_response()));
        }
    }
    app.requests()
        .admit(client::address(request, config.behind_proxy))
        .map_err(|wait| Box::new(Failure::too_many(wait).into_response()))
}

/// An answer for a handler that panicked.
pub(super) fn panicked(what: Box<dyn Any + Send + 'static>) -> Response {
    let text = what.downcast_ref::<String>().map(String::as_str).or_else(|| what.downcast_ref::<&str>().copied());
    Failure::internal(format_args!("panic: {}", text.unwrap_or("without a message"))).into_response()
}

/// Answers that compute nothing come in time, or not at all.
pub(super) async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let limit = app.config().server.timeout;
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "this took too long; try again").into_response()
    })
}
