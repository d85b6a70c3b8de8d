//! What is shown of an item beside the map.

use super::modality::{Embedder, Modality};
use crate::store::Item;
use serde_json::Value;

/// Longer texts are cut after so many characters.
const LENGTH: usize = 200;
/// Columns that hold an item's text, where nothing else is known.
const TEXT_KEYS: [&str; 4] = ["text", "content", "message", "title"];

/// The preview of an item, and what it is: the value of the embedder's column, unchanged if that is media; else its
/// text, cut after 200 characters.
///
/// ```
/// use planisphere_dashboard::maps::{Embedder, Modality, preview};
/// use planisphere_dashboard::store::Item;
/// let data = serde_json::json!({"text": "x".repeat(201)}).as_object().unwrap().clone();
/// let item = Item { id: "a".to_owned(), data, number: 0 };
/// let (text, kind) = preview(&item, &Embedder::default(), "text");
/// assert_eq!((text.len(), kind), (203, Modality::Text));
/// ```
pub fn preview(item: &Item, embedder: &Embedder, text_key: &str) -> (String, Modality) {
    let source = embedder.source_field.as_ref().and_then(|f| item.data.get(f)).and_then(Value::as_str);
    match source.filter(|s| !s.trim().is_empty()) {
        Some(reference) if embedder.modality != Modality::Text => (reference.to_owned(), embedder.modality),
        Some(text) => (cut(text), Modality::Text),
        None => (cut(&item_text(item, text_key)), Modality::Text),
    }
}

/// The text of an item: that of `text_key`, else of the columns `text`, `content`, `message` or `title`, else of the
/// first column with a text, else all of it as JSON. Lists are joined by commas, numbers written out.
pub fn item_text(item: &Item, text_key: &str) -> String {
    let named = std::iter::once(text_key).chain(TEXT_KEYS).find_map(|key| item.data.get(key).and_then(plain));
    let first = || item.data.values().find_map(|v| v.as_str().filter(|s| *s != item.id).map(str::to_owned));
    named.or_else(first).unwrap_or_else(|| Value::Object(item.data.clone()).to_string())
}

/// A value as text; `None` for null.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(s) => Some(s.clone()),
        Value::Array(list) => Some(list.iter().filter_map(plain).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LENGTH) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item(data: Value) -> Item {
        Item { id: "item_005".to_owned(), data: data.as_object().unwrap().clone(), number: 0 }
    }

    fn shown(data: Value, modality: Modality, source: Option<&str>) -> (String, Modality) {
        let embedder = Embedder { modality, source_field: source.map(str::to_owned), ..Embedder::default() };
        preview(&item(data), &embedder, "text")
    }

    fn text_of(data: Value) -> String {
        shown(data, Modality::Text, None).0
    }

    #[test]
    fn pv_01_two_hundred_characters() {
        assert_eq!(text_of(json!({"text": "é".repeat(200)})), "é".repeat(200));
        let cut = text_of(json!({"text": "🎈".repeat(201)}));
        assert_eq!((cut.chars().count(), cut.ends_with("🎈...")), (203, true));
        assert_eq!(text_of(json!({"text": "a".repeat(100_000)})).len(), 203);
    }

    #[test]
    fn pv_03_05_media_are_references_and_are_not_cut() {
        let long = format!("http://x/{}.png", "a".repeat(300));
        for (data, kind, field) in [
            (json!({"id": "item_005", "image_url": "http://x/img.png"}), Modality::Image, "image_url"),
            (json!({"video_url": "v.mp4"}), Modality::Video, "video_url"),
            (json!({"image_url": long}), Modality::Image, "image_url"),
        ] {
            let expected = data[field].as_str().unwrap().to_owned();
            assert_eq!(shown(data, kind, Some(field)), (expected, kind));
        }
        let blank = shown(json!({"image_url": " ", "text": "t"}), Modality::Image, Some("image_url"));
        assert_eq!(blank, ("t".to_owned(), Modality::Text));
    }

    #[test]
    fn pv_07_text_of_a_column_that_names_a_file() {
        let shown = shown(json!({"image_url": "u.png"}), Modality::Text, Some("image_url"));
        assert_eq!(shown, ("u.png".to_owned(), Modality::Text));
    }

    #[test]
    fn pv_09_an_empty_text() {
        assert_eq!(shown(json!({"id": "item_005", "text": ""}), Modality::Text, Some("text")).0, "");
    }

    #[test]
    fn pv_11_always_a_string() {
        assert_eq!(text_of(json!({"id": "item_005", "text": ["a", "b", null, 3]})), "a, b, 3");
        assert_eq!(text_of(json!({"text": 3.5})), "3.5");
        assert_eq!(text_of(json!({"text": true})), "true");
        assert_eq!(text_of(json!({"text": {"a": 1}})), "{\"a\":1}");
        assert_eq!(text_of(json!({"text": null, "title": "t"})), "t");
    }

    #[test]
    fn other_columns_in_their_order_of_rank() {
        assert_eq!(text_of(json!({"title": "t", "message": "m", "content": "c"})), "c");
        assert_eq!(text_of(json!({"title": "t", "message": "m"})), "m");
        assert_eq!(text_of(json!({"id": "item_005", "other": "o"})), "o");
        assert_eq!(text_of(json!({"n": 1})), "{\"n\":1}");
        let own = preview(&item(json!({"body": "b", "text": "t"})), &Embedder::default(), "body");
        assert_eq!(own.0, "b");
    }
}
