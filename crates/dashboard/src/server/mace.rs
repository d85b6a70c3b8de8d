//! The models of annotators.

use super::app::App;
use super::failure::Failure;
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /admin/api/mace/overview`.
pub(super) async fn overview(State(app): State<App>) -> Result<Json<Value>, Failure> {
    Ok(Json(app.models().overview().await?))
}

#[derive(Deserialize)]
pub(super) struct Asked {
    schema: Option<String>,
    instance_id: Option<String>,
}

/// `GET /admin/api/mace/predictions`.
pub(super) async fn predictions(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Json<Value>, Failure> {
    let schema = asked.schema.filter(|s| !s.is_empty());
    let schema = schema.ok_or_else(|| Failure::bad_request("schema parameter required"))?;
    let instance = asked.instance_id.filter(|s| !s.is_empty());
    Ok(Json(app.models().predictions(&schema, instance.as_deref()).await?))
}

/// `POST /admin/api/mace/trigger`: learns now, and answers when that is done.
pub(super) async fn trigger(State(app): State<App>) -> Result<Json<Value>, Failure> {
    if !app.config().mace.enabled {
        return Err(Failure::bad_request("MACE not enabled"));
    }
    let schemas = app.models().run().await.map_err(Failure::from)?;
    app.maps().changed().await;
    Ok(Json(json!({ "status": "success", "schemas_processed": schemas.len(), "schemas": schemas })))
}
