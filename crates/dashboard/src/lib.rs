//! A dashboard for annotation projects: a map of the items, what annotators said of them, and who gets what next.
//!
//! ```
//! use planisphere_dashboard::config::{Config, Format, Secret};
//! use planisphere_dashboard::maps::MapsOptions;
//! use planisphere_dashboard::server::{App, serve};
//! use planisphere_dashboard::store::{NewItem, Store, StoreOptions};
//! use serde_json::json;
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let config = Config::parse("
//! annotation_task_name: Moods
//! annotation_schemes:
//!   - {name: mood, annotation_type: radio, labels: [good, bad]}
//! ", Format::Yaml)?;
//! let store = Store::open("sqlite::memory:", StoreOptions::default()).await?;
//! let data = json!({"text": "What a day"}).as_object().unwrap().clone();
//! store.add_items(vec![NewItem { id: "t1".into(), data, vector: Some(vec![0.1, 0.9]) }]).await?;
//!
//! let app = App::new(store, config, &Secret::new("a long secret"), None, MapsOptions::new()).await?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! // Until it is told to stop, which is at once here.
//! serve(app.clone(), listener, std::future::ready(())).await?;
//! app.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | |
//! |---|---|
//! | [`config`] | what a project is, from YAML or TOML |
//! | [`import`] | items from CSV, TSV and JSON lines |
//! | [`store`] | items, annotations, the queue and all else, in SQLite or PostgreSQL |
//! | [`maps`] | who is where on the map, in which color |
//! | [`annotators`] | whom to trust: models that learn as annotations come |
//! | [`server`] | the HTTP API, keys and sessions, limits |
//! | [`page`] | the page in the browser |
//!
//! # Who may do what
//! Whoever has the key may do everything; there are no other roles. The key comes from the configuration, the environment
//! or a file beside the database, which is made with 32 random bytes; it is compared in constant time, and goes in the
//! header `X-API-Key` or into a form that opens a session. Sessions are random cookies (`HttpOnly`, `SameSite=Strict`) of
//! which the store has hashes. Changes by cookie must be JSON from a page of the same origin. Names and addresses are
//! limited, see [`config::ServerConfig`]. TLS is for a proxy before the program, which listens to its own machine alone
//! unless told otherwise.

mod error;

pub mod annotators;
pub mod config;
pub mod import;
pub mod maps;
pub mod page;
pub mod server;
pub mod store;

pub use error::{Error, Result};
