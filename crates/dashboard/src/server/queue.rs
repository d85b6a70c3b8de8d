//! Who gets what next, and what they say of it.

use super::app::App;
use super::body::Object;
use super::failure::Failure;
use super::items::described;
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

type Answer = Result<Json<Value>, Failure>;

/// `POST /admin/api/queue/next`.
pub(super) async fn next(State(app): State<App>, body: Object) -> Answer {
    body.only(&["annotator"])?;
    let lease = app.store().next(body.annotator()?, app.rules()).await?;
    let remaining = app.store().progress().await?.remaining;
    let (item, until) = match lease {
        None => (Value::Null, None),
        Some(lease) => (described(&app, &lease.item).await?, Some(millis(lease.until))),
    };
    app.maps().changed().await;
    Ok(Json(json!({ "item": item, "lease_until": until, "remaining": remaining })))
}

/// `POST /admin/api/queue/annotate`. Labels are checked against their schemes; then all are kept, or none.
pub(super) async fn annotate(State(app): State<App>, body: Object) -> Answer {
    body.only(&["annotator", "instance_id", "annotations"])?;
    let (annotator, id) = (body.annotator()?, body.text("instance_id")?);
    let Some(Value::Object(said)) = body.0.get("annotations") else {
        return Err(Failure::bad_request("annotations must be an object of schemes and answers"));
    };
    let answers = answers(&app, said)?;
    let done = app.store().annotate(annotator, id, answers, app.rules()).await?;
    app.models().annotated(done.annotations_total);
    app.maps().changed().await;
    Ok(Json(json!({
        "success": true,
        "annotation_count": done.annotators,
        "finished": done.finished,
        "annotations_total": done.annotations_total,
    })))
}

fn answers(app: &App, said: &Map<String, Value>) -> Result<Vec<(String, Value)>, Failure> {
    if said.is_empty() {
        return Err(Failure::bad_request("annotations must have at least one answer"));
    }
    let answer = |(name, value): (&String, &Value)| {
        let scheme = app.config().scheme(name).ok_or_else(|| {
            let names: Vec<String> = app.config().schemes.iter().map(|s| format!("'{}'", s.name)).collect();
            Failure::bad_request(format!("annotations.{name}: unknown scheme; known here: {}", names.join(", ")))
        })?;
        let value = scheme.answer(value);
        let value = value.map_err(|allowed| Failure::bad_request(format!("annotations.{name} must be {allowed}")))?;
        Ok((name.clone(), value))
    };
    said.iter().map(answer).collect()
}

/// `POST /admin/api/queue/release`.
pub(super) async fn release(State(app): State<App>, body: Object) -> Answer {
    body.only(&["annotator"])?;
    let released = app.store().release(body.annotator()?).await?;
    app.maps().changed().await;
    Ok(Json(json!({ "success": true, "released": released })))
}

/// `POST /admin/api/queue/undo`.
pub(super) async fn undo(State(app): State<App>) -> Answer {
    let reordering = app.store().undo_reorder().await?;
    app.maps().changed().await;
    Ok(Json(json!({ "success": true, "reordering": reordering })))
}

/// `POST /admin/api/queue/redo`.
pub(super) async fn redo(State(app): State<App>) -> Answer {
    let reordering = app.store().redo_reorder().await?;
    app.maps().changed().await;
    Ok(Json(json!({ "success": true, "reordering": reordering })))
}

/// A part of a list.
#[derive(Deserialize)]
pub(super) struct Part {
    offset: Option<String>,
    limit: Option<String>,
}

/// Longest part of a list.
const LONGEST: u64 = 10_000;

/// A number of a query, no larger than `most`.
pub(super) fn number(name: &str, text: Option<&str>, default: u64, most: u64) -> Result<u64, Failure> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse().ok().filter(|n| *n <= most);
    number.ok_or_else(|| Failure::bad_request(format!("{name} must be an integer from 0 to {most}")))
}

/// `GET /admin/api/queue`: what is left, in order.
pub(super) async fn page(State(app): State<App>, Query(part): Query<Part>) -> Answer {
    let offset = number("offset", part.offset.as_deref(), 0, i64::MAX as u64)?;
    let limit = number("limit", part.limit.as_deref(), 50, LONGEST)?;
    let page = app.store().queue(offset, limit).await?;
    Ok(Json(json!(page)))
}

/// `GET /admin/api/queue/reorders`, newest first.
pub(super) async fn reorders(State(app): State<App>, Query(part): Query<Part>) -> Answer {
    let limit = number("limit", part.limit.as_deref(), 50, LONGEST)?;
    let reorders = app.store().reorderings(usize::try_from(limit).unwrap_or(usize::MAX)).await?;
    Ok(Json(json!({ "reorders": reorders })))
}

/// Milliseconds since 1970.
pub(super) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
