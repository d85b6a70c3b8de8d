//! A project to ask.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::FromRef;
use axum::http::{HeaderMap, Request, StatusCode};
use planisphere::core::CounterRng;
use planisphere_dashboard::config::{Config, Format};
use planisphere_dashboard::maps::{Maps, MapsOptions, routes};
use planisphere_dashboard::store::{NewItem, Rules, Store, StoreOptions};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

pub(crate) const RULES: Rules =
    Rules { annotators_per_item: 3, items_per_annotator: None, lease: Duration::from_secs(60) };

/// A question with three answers; no more.
pub(crate) const SENTIMENT: &str = "
annotation_schemes:
  - {name: sentiment, annotation_type: radio, labels: [positive, negative, neutral]}
embedding_visualization: {umap: {n_neighbors: 5}}
";

#[derive(Clone)]
struct App(Maps);

impl FromRef<App> for Maps {
    fn from_ref(app: &App) -> Self {
        app.0.clone()
    }
}

pub(crate) struct Project {
    pub(crate) store: Store,
    pub(crate) maps: Maps,
    router: Router,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().expect("text"))
    }

    pub(crate) fn of_status(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status);
    }

    /// The JSON of an answer of this status.
    pub(crate) fn of(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }
}

/// Vectors in three groups.
pub(crate) fn vector(i: usize) -> Vec<f32> {
    let r = CounterRng::new(11, "items").at(0, i as u64);
    (0..8).map(|j| r.normal(j) * 0.3 + if j as usize % 3 == i % 3 { 3.0 } else { 0.0 }).collect()
}

pub(crate) fn item(i: usize) -> NewItem {
    let data = json!({"id": format!("item_{i:03}"), "text": format!("text number {i}"), "year": 1990 + i % 7});
    new_item(&format!("item_{i:03}"), data, Some(vector(i)))
}

pub(crate) fn new_item(id: &str, data: Value, vector: Option<Vec<f32>>) -> NewItem {
    let data: Map<String, Value> = data.as_object().expect("an object").clone();
    NewItem { id: id.to_owned(), data, vector }
}

impl Project {
    /// A project of `n` items.
    pub(crate) async fn new(n: usize, config: &str) -> Self {
        Self::of((0..n).map(item).collect(), config).await
    }

    pub(crate) async fn of(items: Vec<NewItem>, config: &str) -> Self {
        let store = Store::open("sqlite::memory:", StoreOptions::new()).await.expect("a store");
        store.add_items(items).await.expect("items");
        Self::in_store(store, config, MapsOptions::new())
    }

    pub(crate) fn in_store(store: Store, config: &str, options: MapsOptions) -> Self {
        let config = Arc::new(Config::parse(config, Format::Yaml).expect("a configuration"));
        let maps = Maps::new(store.clone(), config, options);
        let router = routes().with_state(App(maps.clone()));
        Self { store, maps, router }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        Answer { status, headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body).await
    }

    /// The answer with all points, with a query.
    pub(crate) async fn data(&self, query: &str) -> Value {
        self.get(&format!("/admin/api/embedding_viz/data{query}")).await.of(200)
    }

    pub(crate) async fn say(&self, annotator: &str, id: &str, scheme: &str, value: Value) {
        let said = vec![(scheme.to_owned(), value)];
        self.store.annotate(annotator, id, said, RULES).await.expect("annotated");
    }

    /// The stream of events, as it comes.
    pub(crate) async fn events(&self) -> Events {
        let request = Request::get("/admin/api/events").body(Body::empty()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { stream: Box::pin(response.into_body().into_data_stream()), text: String::new() }
    }
}

pub(crate) struct Events {
    stream: std::pin::Pin<Box<axum::body::BodyDataStream>>,
    text: String,
}

impl Events {
    /// The next event: its name and data. `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        use futures_util::StreamExt;
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
                let found = field("event:")
                    .map(str::to_owned)
                    .zip(field("data:").map(|d| serde_json::from_str(d).expect("JSON")));
                self.text = rest.to_owned();
                match found {
                    Some(found) => return Some(found),
                    // A sign of life.
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(60), self.stream.next()).await.expect("in time")?;
            self.text.push_str(std::str::from_utf8(&chunk.expect("a chunk")).expect("text"));
        }
    }

    /// The next event for which `wanted` holds.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&str, &Value) -> bool) -> Value {
        loop {
            let (name, data) = self.next().await.expect("more events");
            if wanted(&name, &data) {
                return data;
            }
        }
    }
}

/// The point of an item.
pub(crate) fn point<'a>(data: &'a Value, id: &str) -> &'a Value {
    let points = data["points"].as_array().expect("points");
    points.iter().find(|p| p["instance_id"] == id).unwrap_or_else(|| panic!("no point {id}"))
}

pub(crate) fn keys(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}
