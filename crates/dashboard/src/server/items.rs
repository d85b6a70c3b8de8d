//! Items.

use super::app::App;
use super::body::Object;
use super::failure::Failure;
use crate::maps::{Predictions, item_text, preview};
use crate::store::{Item, NewItem};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

/// Most items of a request.
const MOST: usize = 100_000;

/// Longest id, in bytes.
const LONGEST_ID: usize = 100_000;

/// An item, as annotators see it.
pub(super) async fn described(app: &App, item: &Item) -> Result<Value, Failure> {
    let text_key = &app.config().item_properties.text_key;
    let items = app.maps().items(app.store().versions().await?).await?;
    let (preview, kind) = preview(item, &items.embedder, text_key);
    Ok(json!({
        "instance_id": item.id,
        "data": item.data,
        "text": item_text(item, text_key),
        "preview": preview,
        "preview_type": kind.name(),
    }))
}

/// `GET /admin/api/items/ID`.
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    let missing = || Failure::not_found(format!("unknown item '{id}'"));
    let item = app.store().item(&id).await?.ok_or_else(missing)?;
    let state = app.store().state(&id).await?.ok_or_else(missing)?;
    let annotations = app.store().annotations_of(&id).await?;
    let mut predictions = Map::new();
    for (key, result) in app.models().results().await?.iter() {
        let known = Predictions::from_result(result);
        if let Some(label) = known.labels.get(&id) {
            predictions.insert(key.clone(), json!({ "label": label, "entropy": known.entropy.get(&id) }));
        }
    }
    let mut shown = described(&app, &item).await?;
    shown["annotations"] = json!(annotations);
    shown["predictions"] = predictions.into();
    shown["annotation_count"] = state.annotators.into();
    shown["finished"] = state.finished.into();
    Ok(Json(shown))
}

/// `POST /admin/api/items`: adds items, or gives known ones other columns. All of them, or none.
pub(super) async fn add(State(app): State<App>, body: Object) -> Result<Json<Value>, Failure> {
    body.only(&["items"])?;
    let Some(Value::Array(list)) = body.0.get("items") else {
        return Err(Failure::bad_request("items must be a list"));
    };
    if list.len() > MOST {
        return Err(Failure::bad_request(format!("items must be at most {MOST}")));
    }
    let id_key = &app.config().item_properties.id_key;
    let items = list.iter().enumerate().map(|(i, item)| new_item(i, item, id_key)).collect::<Result<Vec<_>, _>>()?;
    let added = app.store().add_items(items).await?;
    // The items are kept whatever becomes of their vectors, which are tried again with the next ones.
    let embedded = app.embed_missing().await;
    if let Err(e) = &embedded {
        tracing::error!(error = %e, "items were not embedded");
    }
    app.maps().items_added();
    let mut answer = json!(added);
    answer["embedded"] = embedded.unwrap_or(0).into();
    Ok(Json(answer))
}

fn new_item(i: usize, item: &Value, id_key: &str) -> Result<NewItem, Failure> {
    let wrong = |what: &str| Failure::bad_request(format!("items[{i}]{what}"));
    let mut data = item.as_object().ok_or_else(|| wrong(" must be an object"))?.clone();
    let given = data.get("id").or_else(|| data.get(id_key));
    let id = match given {
        Some(Value::String(s)) if !s.is_empty() && s.len() <= LONGEST_ID => s.clone(),
        Some(Value::Number(n)) => n.to_string(),
        _ => return Err(wrong(".id must be a non-empty string")),
    };
    let vector = match data.remove("vector") {
        None | Some(Value::Null) => None,
        Some(Value::Array(values)) => {
            let value = |(j, v): (usize, &Value)| {
                let number = v.as_f64().map(|x| x as f32).filter(|x| x.is_finite());
                number.ok_or_else(|| wrong(&format!(".vector[{j}] must be a number of 32 bits")))
            };
            Some(values.iter().enumerate().map(value).collect::<Result<Vec<f32>, _>>()?)
        }
        Some(_) => return Err(wrong(".vector must be a list of numbers")),
    };
    Ok(NewItem { id, data, vector })
}
