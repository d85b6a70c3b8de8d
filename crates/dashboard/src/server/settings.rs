//! What can be changed while the program runs.

use super::app::App;
use super::body::Object;
use super::failure::Failure;
use crate::maps::SETTINGS_KEY;
use axum::Json;
use axum::extract::State;
use serde_json::Value;

/// `GET /admin/api/settings`.
pub(super) async fn show(State(app): State<App>) -> Result<Json<Value>, Failure> {
    Ok(Json(app.settings().await?.to_value()))
}

/// `PUT /admin/api/settings`: sets the keys that are named and leaves the others. They win over the configuration, also
/// after a restart.
pub(super) async fn put(State(app): State<App>, body: Object) -> Result<Json<Value>, Failure> {
    let schemes = app.config().label_schemes();
    let changed = app.settings().await?.changed(&Value::Object(body.0), &schemes)?;
    app.store().put_setting(SETTINGS_KEY, changed.to_value()).await?;
    app.maps().changed().await;
    Ok(Json(changed.to_value()))
}
