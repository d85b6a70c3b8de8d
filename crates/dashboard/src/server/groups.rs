//! Groups that wait to be applied.

use super::app::App;
use super::body::Object;
use super::failure::Failure;
use crate::store::Draft;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

/// The name of the draft.
const NAME: &str = "groups";

/// Most groups.
const MOST: usize = 1000;

/// `GET /admin/api/groups`.
pub(super) async fn show(State(app): State<App>) -> Result<Json<Value>, Failure> {
    Ok(Json(answer(app.store().draft(NAME).await?)))
}

/// `PUT /admin/api/groups`: `{version, groups}` with the version that was changed; 409 if it is not the last one.
pub(super) async fn put(State(app): State<App>, body: Object) -> Result<Json<Value>, Failure> {
    body.only(&["version", "groups"])?;
    let version = body.0.get("version").and_then(Value::as_i64).filter(|v| *v >= 0);
    let version = version.ok_or_else(|| Failure::bad_request("version must be an integer >= 0"))?;
    let Some(Value::Array(groups)) = body.0.get("groups") else {
        return Err(Failure::bad_request("groups must be a list"));
    };
    if groups.len() > MOST {
        return Err(Failure::bad_request(format!("groups must be at most {MOST}")));
    }
    for (i, group) in groups.iter().enumerate() {
        check(group).map_err(|what| Failure::bad_request(format!("groups[{i}]{what}")))?;
    }
    let draft = app.store().put_draft(NAME, Draft { version, groups: groups.clone().into() }).await?;
    app.maps().changed().await;
    Ok(Json(answer(draft)))
}

fn answer(draft: Draft) -> Value {
    // One that was never written has no list yet.
    let groups = if draft.groups.is_array() { draft.groups } else { json!([]) };
    json!({ "version": draft.version, "groups": groups })
}

fn check(group: &Value) -> Result<(), &'static str> {
    let group = group.as_object().ok_or(" must be an object")?;
    if !group.get("name").is_some_and(Value::is_string) {
        return Err(".name must be a string");
    }
    let ids = group.get("instance_ids").and_then(Value::as_array).ok_or(".instance_ids must be a list of strings")?;
    if !ids.iter().all(Value::is_string) {
        return Err(".instance_ids must be a list of strings");
    }
    match group.keys().all(|key| key == "name" || key == "instance_ids") {
        true => Ok(()),
        false => Err(": known are name, instance_ids"),
    }
}
