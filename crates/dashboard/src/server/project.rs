//! What the project is, and how far.

use super::app::App;
use super::failure::Failure;
use crate::maps::votes;
use axum::Json;
use axum::extract::State;
use indexmap::IndexMap;
use serde_json::{Value, json};

/// `GET /admin/api/progress`. Labels are counted in the order of their scheme.
pub(super) async fn progress(State(app): State<App>) -> Result<Json<Value>, Failure> {
    let progress = app.store().progress().await?;
    let annotators = app.store().annotators().await?;
    let annotations = app.store().annotations().await?;
    let mut labels: IndexMap<&str, IndexMap<String, u64>> = IndexMap::new();
    for scheme in app.config().schemes.iter().filter(|s| !s.labels.is_empty()) {
        labels.insert(&scheme.name, scheme.labels.iter().map(|l| (l.clone(), 0)).collect());
    }
    for annotation in &annotations {
        let Some(scheme) = app.config().scheme(&annotation.scheme) else { continue };
        let Some(counts) = labels.get_mut(scheme.name.as_str()) else { continue };
        for label in votes(&annotation.value, scheme.kind) {
            *counts.entry(label.into_owned()).or_default() += 1;
        }
    }
    let mut answer = json!(progress);
    answer["annotators"] = json!(annotators);
    answer["labels"] = json!(labels);
    Ok(Json(answer))
}

/// `GET /admin/api/schemes`.
pub(super) async fn schemes(State(app): State<App>) -> Json<Value> {
    Json(json!(app.config().schemes))
}

/// `GET /admin/api/info`.
pub(super) async fn info(State(app): State<App>) -> Json<Value> {
    let config = app.config();
    Json(json!({
        "title": config.title,
        "version": env!("CARGO_PKG_VERSION"),
        "annotator_default": "admin",
        "queue": {
            "annotators_per_item": config.annotators_per_item,
            "items_per_annotator": config.items_per_annotator,
            "lease_minutes": config.lease.as_secs() / 60,
        },
        "mace": config.mace.enabled,
        "media": config.media_root.is_some(),
    }))
}
