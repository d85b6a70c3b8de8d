//! The answer with all points, as bytes.

use super::colors::{NULL, label_colors};
use super::columns::Column;
use super::items::json;
use super::job::JobStatus;
use super::labels::{Predictions, resolve};
use super::notes::Notes;
use super::plan::{SEED, metric_name};
use super::view::Points;
use crate::config::{LabelSource, Scheme, Settings};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

/// An answer, ready to be sent.
pub struct Body {
    /// `{points, labels, label_colors, stats}`.
    json: Bytes,
    gzip: OnceLock<Bytes>,
    etag: String,
    /// Its `stats`.
    stats: Value,
    /// The points, unless there are none.
    pub(crate) points: Option<Arc<Points>>,
}

/// The answer to a request for points.
pub enum Answer {
    /// Here they are, or why there are none.
    Ready(Arc<Body>),
    /// The map is being computed.
    Pending(JobStatus),
}

impl Body {
    fn new(json: String, stats: Value, points: Option<Arc<Points>>) -> Self {
        let hash = blake3::hash(json.as_bytes()).to_hex();
        // Weak, since the same answer is also sent compressed.
        let etag = format!("W/\"{}\"", &hash[..32]);
        Self { json: json.into(), gzip: OnceLock::new(), etag, stats, points }
    }

    /// As JSON.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The JSON, compressed; done once, by whoever asks first. Takes some milliseconds for each megabyte then.
    pub fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut out = GzEncoder::new(Vec::with_capacity(self.json.len() / 3), Compression::new(2));
            // Writing to memory does not fail; if it did, an empty stream would be the answer.
            out.write_all(&self.json).and_then(|()| out.finish()).unwrap_or_default().into()
        })
    }

    /// Whether [`Body::gzip`] has been done already.
    pub(crate) fn is_compressed(&self) -> bool {
        self.gzip.get().is_some()
    }

    /// A hash of the answer, as the header `ETag` has it.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// What it says in `stats`.
    pub fn stats(&self) -> &Value {
        &self.stats
    }
}

/// What points are labeled by.
pub(crate) struct Labeling<'a> {
    pub(crate) scheme: Option<&'a Scheme>,
    pub(crate) source: LabelSource,
    pub(crate) colors: &'a BTreeMap<String, String>,
}

/// An answer without points, because of `error`.
pub(crate) fn without_points(error: &str, reason: Option<&str>, embedder: &super::Embedder) -> Body {
    let mut stats = json!({"embedder": embedder, "error": error});
    if let Some(reason) = reason {
        stats["reason"] = reason.into();
    }
    let all = json!({"label_colors": {}, "labels": [], "points": [], "stats": stats});
    Body::new(all.to_string(), stats, None)
}

/// The answer for some points.
pub(crate) fn with_points(points: Arc<Points>, notes: &Notes, settings: &Settings, labeling: &Labeling<'_>) -> Body {
    let items = &points.items;
    let predictions = predictions(notes, labeling);
    let mut out = String::with_capacity(points.rows.len() * 256);
    let mut labels: BTreeSet<Cow<'_, str>> = BTreeSet::new();
    let mut as_json: HashMap<Cow<'_, str>, String> = HashMap::new();
    out.push_str("\"points\":[");
    for (n, (row, [x, y])) in points.rows.iter().zip(&points.map).enumerate() {
        let item = items.rows[*row as usize];
        let fragment = &items.fragments[*row as usize];
        let id = &items.all[item as usize].id;
        let label = labeling.scheme.and_then(|s| resolve(id, notes.of(item), s, predictions));
        let count = notes.annotators[item as usize];
        if n > 0 {
            out.push(',');
        }
        // Writing to a string does not fail.
        let _ =
            write!(out, "{{\"annotated\":{},\"annotation_count\":{count},\"instance_id\":{}", count > 0, fragment.id);
        match label {
            None => out.push_str(",\"label\":null,\"label_source\":null"),
            Some((label, source)) => {
                let text = as_json.entry(label.clone()).or_insert_with(|| json(&label));
                let _ = write!(out, ",\"label\":{text},\"label_source\":\"{}\"", source.name());
                labels.insert(label);
            }
        }
        let (preview, kind) = (&fragment.preview, fragment.kind.name());
        let _ = write!(out, ",\"preview\":{preview},\"preview_type\":\"{kind}\",\"x\":{x},\"y\":{y}}}");
    }
    out.push_str("],");
    let listed: Vec<Value> = labels.iter().map(|l| Value::from(l.as_ref())).chain([Value::Null]).collect();
    let colors = colors(&labels, labeling);
    let stats = stats(&points, notes, settings, labeling, predictions.is_some(), labels.len());
    let head = format!("{{\"label_colors\":{},\"labels\":{},", json!(colors), Value::from(listed));
    let mut all = head;
    all.reserve(out.len() + 1024);
    all.push_str(&out);
    let _ = write!(all, "\"stats\":{stats}}}");
    Body::new(all, stats, Some(points.clone()))
}

/// What the model says, if it is asked for and has said something.
pub(crate) fn predictions<'a>(notes: &'a Notes, labeling: &Labeling<'_>) -> Option<&'a Predictions> {
    let scheme = labeling.scheme.filter(|_| labeling.source == LabelSource::Mace)?;
    notes.results.get(&scheme.name).filter(|p| !p.labels.is_empty())
}

/// Colors of the labels on the map. Labels of the scheme that nobody has given yet have their colors kept free.
fn colors(labels: &BTreeSet<Cow<'_, str>>, labeling: &Labeling<'_>) -> BTreeMap<String, String> {
    let possible = labeling.scheme.into_iter().flat_map(|s| &s.labels).map(String::as_str);
    let all: BTreeSet<&str> = labels.iter().map(AsRef::as_ref).chain(possible).collect();
    let mut colors = label_colors(all.into_iter().map(Some).chain([None]), labeling.colors);
    colors.retain(|label, _| label == NULL || labels.contains(label.as_str()));
    colors
}

fn stats(
    points: &Points,
    notes: &Notes,
    settings: &Settings,
    labeling: &Labeling<'_>,
    by_model: bool,
    unique_labels: usize,
) -> Value {
    let items = &points.items;
    let annotated = items.rows.iter().filter(|i| notes.annotators[**i as usize] > 0).count();
    let source = if by_model { LabelSource::Mace } else { LabelSource::Majority };
    let columns: &[Column] = &items.columns;
    json!({
        "annotated_instances": annotated,
        "cache_key": points.cache_key,
        "columns": columns,
        "embedder": items.embedder,
        "label_source": source,
        "method": settings.method,
        "metric": metric_name(settings),
        "placed": points.placed,
        "sampled": points.rows.len() < items.rows.len(),
        "schema": labeling.scheme.map(|s| s.name.as_str()),
        "seed": SEED,
        "total_instances": items.rows.len(),
        "unannotated_instances": items.rows.len() - annotated,
        "unique_labels": unique_labels,
        "visualized_instances": points.rows.len(),
    })
}
