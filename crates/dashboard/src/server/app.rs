//! What all requests share.

use super::auth::Gate;
use super::embedding::Embedding;
use super::failure::Failure;
use super::limits::Requests;
use crate::annotators::Models;
use crate::config::{Config, Secret, Settings};
use crate::maps::{Maps, MapsOptions};
use crate::store::{Rules, Store};
use axum::extract::FromRef;
use std::fmt;
use std::sync::{Arc, OnceLock};

pub use planisphere::Embed;

/// A project that is served: its store, configuration, maps and models. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    config: Arc<Config>,
    maps: Maps,
    models: Models,
    embedding: Embedding,
    gate: Gate,
    requests: Requests,
    /// Whether only this machine can connect; known once it is served.
    loopback: OnceLock<bool>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("store", &self.inner.store).finish_non_exhaustive()
    }
}

/// So that the routes of maps need to know nothing else.
impl FromRef<App> for Maps {
    fn from_ref(app: &App) -> Self {
        app.maps().clone()
    }
}

impl App {
    /// A project in a store. Whoever has `key` may do everything. `encoder` embeds texts of items that come without
    /// vectors; without one they are not on the map until they get theirs.
    ///
    /// # Errors
    /// [`crate::Error`] of the store.
    pub async fn new(
        store: Store,
        config: Config,
        key: &Secret,
        encoder: Option<Arc<dyn Embed>>,
        options: MapsOptions,
    ) -> crate::Result<Self> {
        let config = Arc::new(config);
        store.use_rules(rules(&config)).await?;
        store.prune_sessions().await?;
        let maps = Maps::new(store.clone(), config.clone(), options);
        let models = Models::new(store.clone(), config.clone()).await?;
        let embedding = Embedding::new(store.clone(), &config, encoder);
        let gate = Gate::new(key, &config.server);
        let requests = Requests::per_second(config.server.rate_limit);
        let inner = Inner { store, config, maps, models, embedding, gate, requests, loopback: OnceLock::new() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Where the project is kept.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<Config> {
        &self.inner.config
    }

    /// The maps.
    pub fn maps(&self) -> &Maps {
        &self.inner.maps
    }

    /// The models of annotators.
    pub fn models(&self) -> &Models {
        &self.inner.models
    }

    /// Who gets what.
    pub fn rules(&self) -> Rules {
        rules(&self.inner.config)
    }

    /// Embeds the texts of all items that have no vector yet, and has them placed on the map. How many there were.
    ///
    /// # Errors
    /// [`crate::Error`] of the store; [`crate::Error::Embed`].
    pub async fn embed_missing(&self) -> crate::Result<usize> {
        let embedded = self.inner.embedding.embed_missing().await?;
        if embedded > 0 {
            self.inner.maps.items_added();
        }
        Ok(embedded)
    }

    /// The settings as they are now: those of the configuration with what was changed since.
    pub(super) async fn settings(&self) -> Result<Settings, Failure> {
        Ok(self.inner.maps.settings().await?)
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    pub(super) fn requests(&self) -> &Requests {
        &self.inner.requests
    }

    pub(super) fn set_loopback(&self, loopback: bool) {
        // A second server of the same project may only make it stricter, and there is none.
        let _ = self.inner.loopback.set(loopback);
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.inner.loopback.get().copied().unwrap_or(false)
    }

    /// Stops what runs in the background, and ends streams of events.
    pub fn stop(&self) {
        self.inner.maps.close();
        self.inner.models.stop();
    }

    /// [`App::stop`], and closes the store: everything that was accepted is kept then.
    pub async fn close(self) {
        self.stop();
        self.inner.store.clone().close().await;
    }
}

fn rules(config: &Config) -> Rules {
    Rules {
        annotators_per_item: config.annotators_per_item,
        items_per_annotator: config.items_per_annotator,
        lease: config.lease,
    }
}
