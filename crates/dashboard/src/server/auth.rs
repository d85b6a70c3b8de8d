//! Who may ask: whoever has the key, or a session that was opened with it.

use super::app::App;
use super::client;
use super::failure::Failure;
use super::key::{KeyHash, random_text};
use super::limits::Attempts;
use crate::config::{Secret, ServerConfig};
use crate::page;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

/// The name of the cookie.
const COOKIE_NAME: &str = "planisphere_session";

/// The header with the key.
const KEY_HEADER: &str = "x-api-key";

/// What requests are measured by.
pub(super) struct Gate {
    key: KeyHash,
    attempts: Attempts,
    session: Duration,
    behind_proxy: bool,
}

/// How somebody showed that they may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// By the key itself, which no page of a stranger can send.
    Key,
    /// By a cookie, which browsers send along with what pages of strangers ask for.
    Session,
}

impl Gate {
    pub(super) fn new(key: &Secret, config: &ServerConfig) -> Self {
        Self {
            key: KeyHash::of(key.expose().as_bytes()),
            attempts: Attempts::per_minute(config.failed_logins),
            session: config.session,
            behind_proxy: config.behind_proxy,
        }
    }

    /// Compares a key, as often as one address may be wrong.
    fn check(&self, key: &[u8], from: IpAddr) -> Result<(), Failure> {
        let now = Instant::now();
        self.attempts.admit(from, now).map_err(Failure::too_many)?;
        if self.key.is(key) {
            return Ok(());
        }
        self.attempts.failed(from, now);
        tracing::warn!(client = %from, "wrong key");
        Err(Failure::no_access())
    }
}

/// A header, if there is one, is what counts: a wrong one beats a good session.
async fn access(app: &App, headers: &HeaderMap, from: IpAddr) -> Result<Access, Failure> {
    if let Some(key) = headers.get(KEY_HEADER) {
        return app.gate().check(key.as_bytes(), from).map(|()| Access::Key);
    }
    match session(headers) {
        Some(hash) if app.store().session(&hash).await? => Ok(Access::Session),
        _ => Err(Failure::no_access()),
    }
}

/// The hash of the session's cookie. Only the hash is kept, so that whoever reads the database has no session.
fn session(headers: &HeaderMap) -> Option<[u8; 32]> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    let mut values = cookies.filter_map(|c| c.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='));
    values.next().map(|token| *blake3::hash(token.as_bytes()).as_bytes())
}

/// Lets those through who may ask; requests that change something by cookie only from pages of this server.
pub(super) async fn require(State(app): State<App>, request: Request, next: Next) -> Result<Response, Failure> {
    let from = client::address(&request, app.gate().behind_proxy);
    let access = access(&app, request.headers(), from).await?;
    if access == Access::Session && !request.method().is_safe() {
        check_origin(&request)?;
        if !is_json(request.headers()) {
            let message = "Content-Type must be application/json";
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    }
    Ok(next.run(request).await)
}

fn check_origin(request: &Request) -> Result<(), Failure> {
    match client::is_same_origin(request.headers(), request.uri()) {
        true => Ok(()),
        false => Err(Failure::new(StatusCode::FORBIDDEN, "Requests from other sites are refused")),
    }
}

/// Forms of strangers cannot send this type.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// `GET /admin`: the page for those with a session or the key, which opens one; else the login page.
pub(super) async fn admin(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let from = client::address(&request, app.gate().behind_proxy);
    let has_key = request.headers().contains_key(KEY_HEADER);
    match access(&app, request.headers(), from).await {
        Ok(Access::Session) => Ok(index(&app)),
        Ok(Access::Key) => with_session(&app, request.headers(), index(&app)).await,
        Err(e) if !has_key && e.status() == StatusCode::FORBIDDEN => Ok(login_page(&app, false)),
        Err(e) => Err(e),
    }
}

fn index(app: &App) -> Response {
    page::dashboard(&app.config().title).into_response()
}

fn login_page(app: &App, again: bool) -> Response {
    page::login(&app.config().title, again.then_some("This is not the key.")).into_response()
}

/// `POST /admin/login`: opens a session for whoever has the key.
pub(super) async fn login(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    // Browsers say where a form was; other programs need not.
    let says = ["sec-fetch-site", "origin"].iter().any(|name| request.headers().contains_key(*name));
    if says {
        check_origin(&request)?;
    }
    let from = client::address(&request, app.gate().behind_proxy);
    let headers = request.headers().clone();
    let Ok(axum::Form(form)) =
        <axum::Form<Vec<(String, String)>> as axum::extract::FromRequest<App>>::from_request(request, &app).await
    else {
        return Err(Failure::bad_request("the body must be a form with the key"));
    };
    let key = form.iter().find(|(name, _)| name == "key").map_or("", |(_, key)| key.trim());
    match app.gate().check(key.as_bytes(), from) {
        Ok(()) => with_session(&app, &headers, Redirect::to("/admin").into_response()).await,
        Err(e) if e.status() == StatusCode::FORBIDDEN => {
            Ok((StatusCode::FORBIDDEN, login_page(&app, true)).into_response())
        }
        Err(e) => Err(e),
    }
}

/// `POST /admin/logout`: ends the session.
pub(super) async fn logout(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    check_origin(&request)?;
    if let Some(hash) = session(request.headers()) {
        app.store().end_session(&hash).await?;
    }
    let mut response = Redirect::to("/admin").into_response();
    set_cookie(&mut response, request.headers(), "", Duration::ZERO)?;
    Ok(response)
}

async fn with_session(app: &App, headers: &HeaderMap, mut response: Response) -> Result<Response, Failure> {
    let token = random_text().map_err(Failure::internal)?;
    let lasts = app.gate().session;
    app.store().add_session(blake3::hash(token.as_bytes()).as_bytes(), SystemTime::now() + lasts).await?;
    set_cookie(&mut response, headers, &token, lasts)?;
    Ok(response)
}

fn set_cookie(response: &mut Response, headers: &HeaderMap, token: &str, lasts: Duration) -> Result<(), Failure> {
    let secure = if client::is_https(headers) { "; Secure" } else { "" };
    let seconds = lasts.as_secs();
    let cookie = format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    response.headers_mut().append(SET_COOKIE, HeaderValue::try_from(cookie).map_err(Failure::internal)?);
    Ok(())
}
