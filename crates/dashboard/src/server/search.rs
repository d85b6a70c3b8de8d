//! Looking for items by id and text.

use super::app::App;
use super::failure::Failure;
use super::queue::number;
use crate::maps::{item_text, preview};
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest text that is looked for, in bytes.
const LONGEST: usize = 10_000;

#[derive(Deserialize)]
pub(super) struct Search {
    q: Option<String>,
    limit: Option<String>,
}

/// `GET /admin/api/search`: the items whose id or text holds all words, in whatever case: those first whose id is what was
/// asked for, then by number.
pub(super) async fn search(State(app): State<App>, Query(query): Query<Search>) -> Result<Json<Value>, Failure> {
    let limit = number("limit", query.limit.as_deref(), 50, 10_000)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let asked = query.q.unwrap_or_default();
    if asked.len() > LONGEST {
        return Err(Failure::bad_request(format!("q must be at most {LONGEST} bytes")));
    }
    let items = app.maps().items(app.store().versions().await?).await?;
    let config = app.config().clone();
    // Some 20 MB of text are looked through in some 10 ms; that is not done where others wait.
    let look = move || {
        let asked = asked.trim().to_lowercase();
        let words: Vec<&str> = asked.split_whitespace().collect();
        if words.is_empty() {
            return json!({ "total": 0, "items": [] });
        }
        let text_key = &config.item_properties.text_key;
        let (mut exact, mut found) = (Vec::new(), Vec::new());
        for item in &items.all {
            let id = item.id.to_lowercase();
            if id == asked {
                exact.push(item);
                continue;
            }
            let text = item_text(item, text_key).to_lowercase();
            if words.iter().all(|word| id.contains(word) || text.contains(word)) {
                found.push(item);
            }
        }
        let total = exact.len() + found.len();
        let shown = exact.into_iter().chain(found).take(limit);
        let shown =
            shown.map(|item| json!({ "instance_id": item.id, "preview": preview(item, &items.embedder, text_key).0 }));
        json!({ "total": total, "items": shown.collect::<Vec<Value>>() })
    };
    Ok(Json(tokio::task::spawn_blocking(look).await?))
}
