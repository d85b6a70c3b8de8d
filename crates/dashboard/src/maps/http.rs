//! The interface of maps over HTTP.

use super::body::{Answer, Body};
use super::error::{Error, Result};
use super::job::{Event, JobStatus, lock};
use super::live::Maps;
use super::make::Force;
use super::plan::SEED;
use super::query::DataQuery;
use crate::store::Rules;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRef, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY,
};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use planisphere::queue_reorder::Request;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::wrappers::BroadcastStream;

/// A quiet stream of events says so often that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Most neighbors of an item that are told.
const MOST_NEIGHBORS: usize = 1000;

/// The routes of maps, with their whole paths. None of them asks who it is: that is up to whoever takes them in.
pub fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Maps: FromRef<S>,
{
    Router::new()
        .route("/admin/api/embedding_viz/data", get(data))
        .route("/admin/api/embedding_viz/stats", get(stats))
        .route("/admin/api/embedding_viz/refresh", post(refresh))
        .route("/admin/api/embedding_viz/reorder", post(reorder))
        .route("/admin/api/embedding_viz/column", get(column))
        .route("/admin/api/jobs/{id}", get(job))
        .route("/admin/api/events", get(events))
        .route("/admin/api/neighbors", get(neighbors))
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Disabled
            | Self::Absent
            | Self::Parameter { .. }
            | Self::NoJson
            | Self::Body { .. }
            | Self::Reorder(_)
            | Self::NoSelections => StatusCode::BAD_REQUEST,
            Self::UnknownItem { .. } | Self::NoVector { .. } | Self::UnknownColumn { .. } | Self::UnknownJob { .. } => {
                StatusCode::NOT_FOUND
            }
            Self::Stale { .. } => StatusCode::CONFLICT,
            Self::Store(_) | Self::Task { .. } | Self::Neighbors(_) => {
                // What it is about is for those who run the program.
                tracing::error!(error = %self, "a request for a map failed");
                let error = "An internal error occurred";
                return (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"error": error}))).into_response();
            }
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}

type Asked = std::result::Result<Query<DataQuery>, QueryRejection>;

fn asked<T>(query: std::result::Result<Query<T>, QueryRejection>) -> Result<T> {
    let body = |e: QueryRejection| Error::Body { expected: "a query", reason: e.body_text() };
    query.map(|Query(q)| q).map_err(body)
}

async fn data(State(maps): State<Maps>, headers: HeaderMap, query: Asked) -> Result<Response> {
    match maps.data(&asked(query)?).await? {
        Answer::Ready(body) => send(body, &headers).await,
        Answer::Pending(status) => Ok(pending(&status)),
    }
}

fn pending(status: &JobStatus) -> Response {
    (StatusCode::ACCEPTED, Json(json!({"job": status}))).into_response()
}

/// Sends an answer: not again to those who have it, and compressed to those who can read that.
async fn send(body: Arc<Body>, headers: &HeaderMap) -> Result<Response> {
    let etag = HeaderValue::from_str(body.etag()).map_err(|e| Error::Task { reason: e.to_string() })?;
    let shared = [(ETAG, etag), (CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    let vary = (VARY, HeaderValue::from_static("accept-encoding"));
    if headers.get_all(IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).any(|v| matches(v, body.etag())) {
        return Ok((StatusCode::NOT_MODIFIED, shared, [vary]).into_response());
    }
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/json")), vary];
    if !headers.get_all(ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()).any(takes_gzip) {
        return Ok((shared, kind, body.json().clone()).into_response());
    }
    let compressed = match body.is_compressed() {
        true => body.gzip().clone(),
        false => tokio::task::spawn_blocking(move || body.gzip().clone()).await?,
    };
    Ok((shared, kind, [(CONTENT_ENCODING, HeaderValue::from_static("gzip"))], compressed).into_response())
}

/// Whether a list of tags has this one, weak or not.
fn matches(list: &str, etag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.trim() == "*" || list.split(',').any(|tag| bare(tag) == bare(etag))
}

/// Whether a list of encodings has gzip, and does not forbid it.
fn takes_gzip(list: &str) -> bool {
    list.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        let name = words.next().unwrap_or_default();
        let quality = words.find_map(|w| w.strip_prefix("q=")).map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
        (name.eq_ignore_ascii_case("gzip") || name == "*") && quality > 0.0
    })
}

async fn stats(State(maps): State<Maps>) -> Result<Response> {
    if let Err(Error::Absent) = maps.check_enabled() {
        let absent = json!({"enabled": false, "error": "Embedding visualization not initialized"});
        return Ok(Json(absent).into_response());
    }
    let settings = maps.settings().await?;
    let items = maps.items(maps.0.store.versions().await?).await?;
    let stats = json!({
        "cache_valid": maps.has_map(&settings).await?,
        "config": {
            "include_all_annotated": settings.include_all_annotated,
            "label_source": settings.label_source,
            "method": settings.method,
            "sample_size": settings.sample_size,
            "schema": settings.schema,
            "umap_metric": settings.umap.metric,
            "umap_min_dist": settings.umap.min_dist,
            "umap_n_neighbors": settings.umap.n_neighbors,
        },
        "embedder": items.embedder,
        "embedding_count": items.rows.len(),
        "embeddings_available": !items.rows.is_empty(),
        "enabled": maps.0.config.visualization.enabled,
        "numpy_available": true,
        "seed": SEED,
        "umap_available": true,
    });
    Ok(Json(stats).into_response())
}

/// The body of a request, if there is one.
fn parse(body: &Bytes, expected: &'static str) -> Result<Option<Value>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    serde_json::from_slice(body).map(Some).map_err(|e| Error::Body { expected, reason: e.to_string() })
}

async fn refresh(State(maps): State<Maps>, query: Asked, body: Bytes) -> Response {
    match try_refresh(&maps, query, &body).await {
        Ok(response) => response,
        Err(Error::Absent) => {
            (StatusCode::BAD_REQUEST, Json(json!({"error": "Embedding visualization not available"}))).into_response()
        }
        Err(e) => with(e, "status", "error".into()),
    }
}

async fn try_refresh(maps: &Maps, query: Asked, body: &Bytes) -> Result<Response> {
    maps.check_enabled()?;
    let expected = "{\"force_recompute\": true or false}";
    let wrong = |reason: &str| Error::Body { expected, reason: reason.to_owned() };
    let force = match parse(body, expected)? {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => match map.get("force_recompute") {
            None | Some(Value::Null) => true,
            Some(Value::Bool(force)) => *force,
            Some(_) => return Err(wrong("force_recompute is no boolean")),
        },
        Some(_) => return Err(wrong("it is no object")),
    };
    let query = asked(query)?;
    match maps.data_by(&query, if force { Force::Yes } else { Force::No }).await? {
        Answer::Pending(status) => Ok(pending(&status)),
        Answer::Ready(body) => {
            if force {
                maps.leave_ticket(&query).await?;
            }
            Ok(Json(json!({"stats": body.stats(), "status": "success"})).into_response())
        }
    }
}

/// An error's answer with one more member.
fn with(error: Error, name: &str, value: Value) -> Response {
    let message = match &error {
        Error::Store(_) | Error::Task { .. } | Error::Neighbors(_) => "An internal error occurred".to_owned(),
        e => e.to_string(),
    };
    let status = error.into_response().status();
    (status, Json(json!({"error": message, name: value}))).into_response()
}

/// What is answered to a request to reorder.
#[derive(Serialize)]
struct Reordered {
    #[serde(flatten)]
    response: planisphere::queue_reorder::Response,
    /// The number of the reorder, to be undone by.
    reorder: i64,
}

async fn reorder(State(maps): State<Maps>, body: Bytes) -> Response {
    match try_reorder(&maps, &body).await {
        Ok(done) => Json(done).into_response(),
        Err(Error::Absent) => {
            (StatusCode::BAD_REQUEST, Json(json!({"error": "Embedding visualization not available"}))).into_response()
        }
        Err(e @ (Error::NoJson | Error::NoSelections)) => e.into_response(),
        Err(e) => with(e, "success", false.into()),
    }
}

async fn try_reorder(maps: &Maps, body: &Bytes) -> Result<Reordered> {
    if !maps.0.config.has_visualization {
        return Err(Error::Absent);
    }
    let value = parse(body, "{\"selections\": [{\"instance_ids\": [...], \"priority\": 1}]}")?.unwrap_or(Value::Null);
    let is_empty = match &value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    if is_empty {
        return Err(Error::NoJson);
    }
    let request = Request::from_value(&value)?;
    let (reorder, response) = maps.0.store.reorder(&request, maps.rules()).await?;
    maps.changed().await;
    Ok(Reordered { response, reorder })
}

#[derive(Deserialize)]
struct ColumnQuery {
    name: String,
    cache_key: String,
    schema: Option<String>,
}

async fn column(
    State(maps): State<Maps>,
    query: std::result::Result<Query<ColumnQuery>, QueryRejection>,
) -> Result<Response> {
    let query = asked(query)?;
    Ok(Json(maps.column(&query.name, &query.cache_key, query.schema).await?).into_response())
}

async fn job(State(maps): State<Maps>, Path(id): Path<String>) -> Result<Response> {
    Ok(Json(json!({"job": maps.job(&id)?})).into_response())
}

#[derive(Deserialize)]
struct NeighborsQuery {
    id: String,
    k: Option<String>,
}

async fn neighbors(
    State(maps): State<Maps>,
    query: std::result::Result<Query<NeighborsQuery>, QueryRejection>,
) -> Result<Response> {
    let query = asked(query)?;
    let k = query.k.as_deref().unwrap_or("10");
    let number = k.parse().ok().filter(|n| (1..=MOST_NEIGHBORS).contains(n));
    let number = number.ok_or_else(|| Error::parameter("k", k, format!("an integer from 1 to {MOST_NEIGHBORS}")))?;
    let (metric, found) = maps.neighbors(&query.id, number).await?;
    Ok(Json(json!({"id": query.id, "metric": metric, "neighbors": found})).into_response())
}

async fn events(State(maps): State<Maps>) -> Sse<impl Stream<Item = std::result::Result<sse::Event, Infallible>>> {
    let watch = maps.0.events.subscribe();
    maps.watch_store();
    let mut closed = maps.0.closed.subscribe();
    // First what there is now, for those who come (back) in the midst of it.
    let mut now: Vec<Event> = maps.0.jobs.active().into_iter().map(Event::Job).collect();
    if let Ok(versions) = maps.0.store.versions().await {
        now.push(Event::Changed(versions));
    }
    let behind = maps.clone();
    let later = BroadcastStream::new(watch).filter_map(move |event| {
        // Who has missed something looks again.
        let missed = || lock(&behind.0.told).map(|(versions, _)| Event::Changed(versions));
        std::future::ready(event.ok().or_else(missed))
    });
    let stream = futures_util::stream::iter(now)
        .chain(later)
        .map(|event| Ok(to_sse(&event)))
        .take_until(async move { closed.wait_for(|c| *c).await.is_ok() });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn to_sse(event: &Event) -> sse::Event {
    // JSON has no line breaks outside of strings, and these are escaped.
    match event {
        Event::Job(status) => sse::Event::default().event("job").data(json!(status).to_string()),
        Event::Changed(versions) => {
            sse::Event::default().event("changed").data(json!({"versions": versions}).to_string())
        }
    }
}

impl Maps {
    /// The rules of the queue, as the configuration has them.
    fn rules(&self) -> Rules {
        let config = &self.0.config;
        Rules {
            annotators_per_item: config.annotators_per_item,
            items_per_annotator: config.items_per_annotator,
            lease: config.lease,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_and_tags() {
        for (list, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(list), takes, "{list}");
        }
        assert!(matches("\"x\", W/\"a\"", "W/\"a\"") && matches("\"a\"", "W/\"a\"") && matches("*", "W/\"a\""));
        assert!(!matches("\"b\"", "W/\"a\"") && !matches("", "W/\"a\""));
    }
}
