//! What the items are: texts, images, sounds or films, and in which of their columns that is.

use crate::store::Item;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// So many items are looked at.
const LOOKED_AT: usize = 50;
/// Longer strings are no paths.
const LONGEST_PATH: usize = 512;

const IMAGES: &[&str] = &["png", "jpg", "jpeg", "gif", "webp", "bmp", "svg", "tif", "tiff", "avif"];
const SOUNDS: &[&str] = &["wav", "mp3", "ogg", "oga", "flac", "m4a", "aac", "opus"];
const FILMS: &[&str] = &["mp4", "webm", "mov", "avi", "mkv", "m4v", "ogv"];
const IMAGE_NAMES: &[&str] = &["image", "img", "photo", "picture"];
const SOUND_NAMES: &[&str] = &["audio", "sound", "speech", "recording"];
const FILM_NAMES: &[&str] = &["video", "movie", "film"];

/// What an item is shown as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// An image.
    Image,
    /// A sound.
    Audio,
    /// A film.
    Video,
    /// A text.
    #[default]
    Text,
}

impl Modality {
    /// Its name: `image`, `audio`, `video` or `text`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Text => "text",
        }
    }

    /// The modality of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Image, Self::Audio, Self::Video, Self::Text].into_iter().find(|m| m.name() == name)
    }
}

/// What is known beforehand of how vectors are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbedderOptions {
    /// Name of what makes the vectors, such as `builtin` or `vectors` (given with the items). Empty: the modality's name.
    pub backend: String,
    /// Name of the model.
    pub model: Option<String>,
    /// The modality, if it is not to be found out.
    pub modality: Option<Modality>,
    /// The column, if it is not to be found out.
    pub source_field: Option<String>,
}

/// Where vectors come from, and why: the `embedder` object of the interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Embedder {
    /// What else there would be, each as `modality:column`.
    pub alternatives: Vec<String>,
    /// Whether there is something to make vectors of, or there are vectors.
    pub available: bool,
    /// What makes the vectors.
    pub backend: String,
    /// Why this modality and this column.
    pub chosen_because: String,
    /// What the items are.
    pub modality: Modality,
    /// The model.
    pub model: Option<String>,
    /// The column.
    pub source_field: Option<String>,
    /// Why nothing is available.
    pub unavailable_reason: Option<String>,
}

impl Embedder {
    /// Finds out what the items are, from the first 50 of them. A column is taken for media where at least half of the
    /// texts in it are paths or addresses of such files, by their ending or by the column's name. The column with most of
    /// them wins, images before sounds before films; any of them wins over text.
    ///
    /// ```
    /// use planisphere_dashboard::maps::{Embedder, EmbedderOptions, Modality};
    /// let item = serde_json::json!({"text": "A cat.", "picture": "https://example.org/cat.JPG?width=200"});
    /// let found = Embedder::detect([item.as_object().unwrap()], "text", &EmbedderOptions::default());
    /// assert_eq!((found.modality, found.source_field.as_deref()), (Modality::Image, Some("picture")));
    /// assert_eq!(found.alternatives, ["text:text"]);
    /// ```
    pub fn detect<'a>(
        items: impl IntoIterator<Item = &'a Map<String, Value>>,
        text_key: &str,
        options: &EmbedderOptions,
    ) -> Self {
        // Of each column: how many texts, and how many of these are media of each kind.
        let mut columns: BTreeMap<&str, (usize, BTreeMap<Modality, usize>)> = BTreeMap::new();
        let mut looked_at = 0;
        for data in items.into_iter().take(LOOKED_AT) {
            looked_at += 1;
            for (name, value) in data {
                let Some(text) = value.as_str().filter(|t| !t.trim().is_empty()) else { continue };
                let column = columns.entry(name).or_default();
                column.0 += 1;
                if let Some(kind) = media(name, text) {
                    *column.1.entry(kind).or_default() += 1;
                }
            }
        }
        let mut media: Vec<(usize, Modality, &str)> = Vec::new();
        for (name, (texts, kinds)) in &columns {
            media.extend(
                kinds.iter().filter(|(_, hits)| **hits * 2 >= *texts).map(|(kind, hits)| (*hits, *kind, *name)),
            );
        }
        media.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(b.2)));
        let mut candidates: Vec<(Modality, &str, String)> = media
            .into_iter()
            .map(|(hits, kind, name)| {
                let what = kind.name();
                (kind, name, format!("{hits} of the first {looked_at} items have {what} files in \"{name}\""))
            })
            .collect();
        if let Some((texts, _)) = columns.get(text_key) {
            let why = format!("{texts} of the first {looked_at} items have a text in \"{text_key}\"");
            candidates.push((Modality::Text, text_key, why));
        }
        Self::choose(candidates, text_key, options)
    }

    fn choose(candidates: Vec<(Modality, &str, String)>, text_key: &str, options: &EmbedderOptions) -> Self {
        let fits = |c: &&(Modality, &str, String)| {
            options.modality.is_none_or(|m| m == c.0) && options.source_field.as_deref().is_none_or(|f| f == c.1)
        };
        let found = candidates.iter().find(fits);
        let told = options.modality.is_some() || options.source_field.is_some();
        let (modality, field, why) = match (found, told) {
            (Some((kind, name, why)), _) => (*kind, Some((*name).to_owned()), why.clone()),
            (None, true) => {
                let field = options.source_field.clone();
                (options.modality.unwrap_or_default(), field, "the configuration says so".to_owned())
            }
            (None, false) => (Modality::Text, None, String::new()),
        };
        let chosen = field.as_deref().map(|f| (modality, f));
        let alternatives = candidates
            .iter()
            .filter(|c| chosen != Some((c.0, c.1)))
            .map(|c| format!("{}:{}", c.0.name(), c.1))
            .collect();
        let available = field.is_some();
        let backend = if options.backend.is_empty() { modality.name().to_owned() } else { options.backend.clone() };
        let reason = format!("nothing to embed: no item has media files or a text in \"{text_key}\"");
        Self {
            alternatives,
            available,
            backend,
            chosen_because: why,
            modality,
            model: options.model.clone(),
            source_field: field,
            unavailable_reason: (!available).then_some(reason),
        }
    }

    /// [`Embedder::detect`], of stored items.
    pub(crate) fn of_items(items: &[Item], text_key: &str, options: &EmbedderOptions) -> Self {
        Self::detect(items.iter().map(|i| &i.data), text_key, options)
    }
}

/// The kind of file that a value names.
fn media(column: &str, value: &str) -> Option<Modality> {
    let value = value.trim();
    let kinds = [Modality::Image, Modality::Audio, Modality::Video];
    if let Some(rest) = value.strip_prefix("data:") {
        return kinds.into_iter().find(|k| rest.starts_with(k.name()));
    }
    if value.len() > LONGEST_PATH || value.contains(['\n', '\r']) {
        return None;
    }
    let path = value.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).filter(|e| is_ending(e));
    let of = |lists: [&[&str]; 3], fits: &dyn Fn(&str) -> bool| {
        kinds.into_iter().zip(lists).find(|(_, list)| list.iter().any(|w| fits(w))).map(|(k, _)| k)
    };
    if let Some(ending) = &ending
        && let Some(kind) = of([IMAGES, SOUNDS, FILMS], &|w| w == ending)
    {
        return Some(kind);
    }
    // Texts have slashes, too ("and/or"), but no path has spaces around words in such number.
    let spaces = value.split_whitespace().count() > 4;
    let like_path = ["http://", "https://", "/", "./", "../"].iter().any(|p| value.starts_with(p))
        || (!spaces && (value.contains('/') || ending.is_some()));
    let column = column.to_ascii_lowercase();
    like_path.then(|| of([IMAGE_NAMES, SOUND_NAMES, FILM_NAMES], &|w| column.contains(w))).flatten()
}

fn is_ending(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn detect(items: &[Value], options: &EmbedderOptions) -> Embedder {
        Embedder::detect(items.iter().map(|i| i.as_object().unwrap()), "text", options)
    }

    #[test]
    fn endings_names_and_neither() {
        for (column, value, expected) in [
            ("x", "a.PNG", Some(Modality::Image)),
            ("x", "https://h/a.mp3?token=a.png", Some(Modality::Audio)),
            ("x", "clips/a.webm#t=3", Some(Modality::Video)),
            ("photo_url", "https://h/1234", Some(Modality::Image)),
            ("audio", "../1234", Some(Modality::Audio)),
            ("video", "v.bin", Some(Modality::Video)),
            ("image", "a nice image and/or a photo of it", None),
            ("x", "https://h/1234", None),
            ("x", "data:image/png;base64,AAAA", Some(Modality::Image)),
            ("image", "data:text/html,<b>", None),
            ("text", "See you. Tomorrow", None),
            ("image", "yes", None),
        ] {
            assert_eq!(media(column, value), expected, "{column}: {value}");
        }
        let long = format!("data:audio/wav;base64,{}", "A".repeat(10_000));
        assert_eq!(media("x", &long), Some(Modality::Audio));
        assert_eq!(media("image", &format!("/{}.png", "a".repeat(600))), None);
    }

    #[test]
    fn media_wins_and_ties_go_by_kind() {
        let both = json!({"text": "t", "a": "x.mp3", "b": "y.png", "c": "z.mp4"});
        let found = detect(&[both], &EmbedderOptions::default());
        assert_eq!((found.modality, found.source_field.as_deref()), (Modality::Image, Some("b")));
        assert_eq!(found.alternatives, ["audio:a", "video:c", "text:text"]);
        assert!(found.available && found.unavailable_reason.is_none());
        assert_eq!(found.backend, "image");

        let more = [json!({"a": "x.mp3", "b": "y.png"}), json!({"a": "z.mp3", "b": ""})];
        assert_eq!(detect(&more, &EmbedderOptions::default()).modality, Modality::Audio);
    }

    #[test]
    fn a_file_named_in_one_of_many_texts_is_no_media() {
        let mut items = vec![json!({"text": "look at cat.jpg"})];
        items.extend((0..9).map(|i| json!({"text": format!("number {i}")})));
        let found = detect(&items, &EmbedderOptions::default());
        assert_eq!((found.modality, found.source_field.as_deref()), (Modality::Text, Some("text")));
        assert_eq!(found.chosen_because, "10 of the first 10 items have a text in \"text\"");
    }

    #[test]
    fn only_the_first_fifty_count_and_the_configuration_wins() {
        let mut items: Vec<Value> = (0..50).map(|_| json!({"text": "t"})).collect();
        items.extend((0..50).map(|_| json!({"image": "a.png"})));
        assert_eq!(detect(&items, &EmbedderOptions::default()).modality, Modality::Text);
        items.reverse();
        assert_eq!(detect(&items, &EmbedderOptions::default()).modality, Modality::Image);
        let options = EmbedderOptions {
            modality: Some(Modality::Text),
            source_field: Some("image".to_owned()),
            backend: "custom".to_owned(),
            model: Some("m".to_owned()),
        };
        let told = detect(&items, &options);
        assert_eq!(
            (told.modality, told.source_field.as_deref(), told.available),
            (Modality::Text, Some("image"), true)
        );
        assert_eq!((told.backend.as_str(), told.model.as_deref()), ("custom", Some("m")));
        assert_eq!(told.chosen_because, "the configuration says so");
    }

    #[test]
    fn nothing_to_embed() {
        let found = detect(&[json!({"n": 3, "text": " "})], &EmbedderOptions::default());
        assert!(!found.available);
        assert!(found.unavailable_reason.unwrap().contains("nothing to embed"));
        assert!(!detect(&[], &EmbedderOptions::default()).available);
    }
}
