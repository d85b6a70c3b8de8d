//! Which path leads where.

use super::app::App;
use super::failure::Failure;
use super::{auth, groups, guard, items, mace, media, project, queue, search, settings};
use crate::{maps, page};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;

/// All that the program answers.
pub fn router(app: App) -> Router {
    let quick = Router::new()
        .route("/admin/api/queue", get(queue::page))
        .route("/admin/api/queue/next", post(queue::next))
        .route("/admin/api/queue/annotate", post(queue::annotate))
        .route("/admin/api/queue/release", post(queue::release))
        .route("/admin/api/queue/undo", post(queue::undo))
        .route("/admin/api/queue/redo", post(queue::redo))
        .route("/admin/api/queue/reorders", get(queue::reorders))
        .route("/admin/api/items/{id}", get(items::show))
        .route("/admin/api/search", get(search::search))
        .route("/admin/api/groups", get(groups::show).put(groups::put))
        .route("/admin/api/progress", get(project::progress))
        .route("/admin/api/settings", get(settings::show).put(settings::put))
        .route("/admin/api/schemes", get(project::schemes))
        .route("/admin/api/info", get(project::info))
        .route("/admin/api/mace/overview", get(mace::overview))
        .route("/admin/api/mace/predictions", get(mace::predictions))
        .layer(from_fn_with_state(app.clone(), guard::in_time));
    // Maps, models and vectors take as long as they take.
    let api = Router::new()
        .merge(quick)
        .route("/admin/api/items", post(items::add))
        .route("/admin/api/mace/trigger", post(mace::trigger))
        .merge(maps::routes())
        .route("/admin/api", any(nothing_there))
        .route("/admin/api/", any(nothing_there))
        .route("/admin/api/{*path}", any(nothing_there))
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn(in_json))
        .layer(from_fn_with_state(app.clone(), auth::require));
    let media =
        Router::new().route("/media/{*path}", get(media::file)).layer(from_fn_with_state(app.clone(), auth::require));
    Router::new()
        .route("/", get(|| async { Redirect::to("/admin") }))
        .route("/healthz", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/admin", get(auth::admin))
        .route("/admin/login", get(|| async { Redirect::to("/admin") }).post(auth::login))
        .route("/admin/logout", post(auth::logout))
        .merge(api)
        .merge(media)
        .merge(page::routes())
        .method_not_allowed_fallback(not_allowed)
        .fallback(async || (StatusCode::NOT_FOUND, Html("<!doctype html><title>404</title><h1>Not Found</h1>")))
        .layer(CompressionLayer::new().gzip(true))
        .layer(DefaultBodyLimit::max(app.config().server.body_limit))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .layer(
            // The path alone: queries may hold what users look for, headers hold keys.
            TraceLayer::new_for_http().make_span_with(
                |request: &Request| tracing::info_span!("request", method = %request.method(), path = %request.uri().path()),
            ),
        )
        .with_state(app)
}

/// Whatever refuses a request of the API, the refusal is JSON.
async fn in_json(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_text = kind.is_empty() || kind.starts_with(b"text/plain");
    if !response.status().is_client_error() || !is_text {
        return response;
    }
    let status = response.status();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Failure::new(status, "the body is too long").into_response();
    }
    let text = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap_or_default();
    Failure::new(status, String::from_utf8_lossy(&text)).into_response()
}

async fn nothing_there() -> Failure {
    Failure::not_found("Not found")
}

/// As the original answers: a page, not JSON.
async fn not_allowed() -> Response {
    let page = Html("<!doctype html><title>405 Method Not Allowed</title><h1>Method Not Allowed</h1>");
    (StatusCode::METHOD_NOT_ALLOWED, page).into_response()
}
