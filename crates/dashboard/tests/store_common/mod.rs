//! Stores in both databases.
#![allow(dead_code)]

#[path = "../common/postgres.rs"]
pub(crate) mod postgres;

use planisphere::queue_reorder::Request;
use planisphere_dashboard::store::{NewItem, Rules, Store, StoreOptions};
use postgres::Postgres;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) fn item(id: &str) -> NewItem {
    NewItem { id: id.to_owned(), data: data(json!({ "text": format!("text of {id}") })), vector: None }
}

pub(crate) fn data(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

pub(crate) fn rules(annotators_per_item: u32) -> Rules {
    Rules { annotators_per_item, items_per_annotator: None, lease: Duration::from_secs(60) }
}

pub(crate) fn request(ids: &[&str]) -> Request {
    Request::from_value(&json!({ "selections": [{ "instance_ids": ids }] })).unwrap()
}

/// A place for databases of one kind.
pub(crate) enum Kind {
    Memory,
    File(tempfile::TempDir),
    Server(Postgres),
}

impl Kind {
    /// The address of a new database.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Memory => "sqlite::memory:".to_owned(),
            Self::File(folder) => {
                static COUNT: AtomicUsize = AtomicUsize::new(0);
                let n = COUNT.fetch_add(1, Ordering::SeqCst);
                let path: PathBuf = folder.path().join(format!("project {n}.db"));
                path.to_str().unwrap().to_owned()
            }
            Self::Server(server) => server.database(),
        }
    }

    pub(crate) async fn open(&self, options: StoreOptions) -> Store {
        Store::open(&self.url(), options).await.unwrap()
    }
}

/// All kinds of databases there are here.
pub(crate) fn kinds(test: &str) -> Vec<Kind> {
    let server = Postgres::start(test).map(Kind::Server);
    [Kind::Memory, Kind::File(tempfile::tempdir().unwrap())].into_iter().chain(server).collect()
}
