//! Maps of a project, kept up to date.

use super::body::Body;
use super::error::{Error, Result};
use super::fresh::Fresh;
use super::items::{Items, Neighbor};
use super::job::{Event, JobStatus, Jobs, lock};
use super::notes::Notes;
use super::options::{MapsOptions, embedder_options};
use super::plan::{SETTINGS_KEY, plan};
use super::query::DataQuery;
use super::serve::BodyKey;
use super::view::{Points, View};
use crate::config::{Config, Metric, Settings};
use crate::store::{Store, Versions};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use tokio::sync::{broadcast, watch};

/// Events that a slow watcher may be behind.
const EVENTS: usize = 256;

/// Maps of a project: what is shown, and how it is computed. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Maps(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) config: Arc<Config>,
    pub(crate) options: MapsOptions,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) closed: watch::Sender<bool>,
    pub(crate) jobs: Arc<Jobs>,
    settings: Mutex<Option<(i64, Settings)>>,
    items: Fresh<Items>,
    notes: Fresh<Notes>,
    pub(crate) views: Mutex<HashMap<String, View>>,
    pub(crate) bodies: Mutex<VecDeque<(BodyKey, Arc<Body>)>>,
    /// Held by whoever puts an answer together.
    pub(crate) building: tokio::sync::Mutex<()>,
    pub(crate) requests: AtomicU64,
    /// What was last told to have changed.
    pub(crate) told: Mutex<Option<(Versions, u64)>>,
    pub(crate) watched: AtomicBool,
}

impl std::fmt::Debug for Maps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Maps").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl Maps {
    /// Maps of what is in `store`. Nothing is computed before it is asked for.
    pub fn new(store: Store, config: Arc<Config>, options: MapsOptions) -> Self {
        let events = broadcast::Sender::new(EVENTS);
        let jobs = Arc::new(Jobs::new(options.jobs_at_a_time, options.threads, events.clone()));
        Self(Arc::new(Inner {
            store,
            config,
            options,
            events,
            closed: watch::Sender::new(false),
            jobs,
            settings: Mutex::default(),
            items: Fresh::default(),
            notes: Fresh::default(),
            views: Mutex::default(),
            bodies: Mutex::default(),
            building: tokio::sync::Mutex::default(),
            requests: AtomicU64::new(0),
            told: Mutex::default(),
            watched: AtomicBool::new(false),
        }))
    }

    /// Where jobs and changes are told.
    pub fn events(&self) -> &broadcast::Sender<Event> {
        &self.0.events
    }

    /// What the project is.
    pub fn config(&self) -> &Arc<Config> {
        &self.0.config
    }

    /// Stops what is being computed and ends the streams of events. For the end of the program.
    pub fn close(&self) {
        self.0.closed.send_replace(true);
        self.0.jobs.close();
    }

    /// The settings now: those of the configuration, with what was changed since.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn settings(&self) -> Result<Settings> {
        let versions = self.0.store.versions().await?;
        self.settings_at(versions.settings).await
    }

    pub(super) async fn settings_at(&self, version: i64) -> Result<Settings> {
        let known = lock(&self.0.settings).clone();
        if let Some((v, settings)) = &known
            && *v >= version
        {
            return Ok(settings.clone());
        }
        let changed = self.0.store.setting(SETTINGS_KEY).await?;
        let config = &self.0.config;
        let base = &config.visualization.settings;
        // What was changed for other schemes than there are now does not count.
        let changed = changed.and_then(|c| base.changed(&c, &config.label_schemes()).ok());
        let settings = changed.unwrap_or_else(|| base.clone());
        if let Some((_, before)) = known
            && plan(&before) != plan(&settings)
        {
            self.abandon(&plan(&before));
        }
        *lock(&self.0.settings) = Some((version, settings.clone()));
        Ok(settings)
    }

    pub(crate) fn check_enabled(&self) -> Result<()> {
        match (self.0.config.has_visualization, self.0.config.visualization.enabled) {
            (true, true) => Ok(()),
            (true, false) => Err(Error::Disabled),
            (false, _) => Err(Error::Absent),
        }
    }

    /// The items now.
    pub(crate) async fn items(&self, versions: Versions) -> Result<Arc<Items>> {
        let store = &self.0.store;
        let load = async {
            // Not those from before a pause.
            let version = store.versions().await?.items;
            let all = store.all_items().await?;
            let vectors = store.vectors().await?;
            let config = self.0.config.clone();
            let work = move || {
                let keys = &config.item_properties;
                let hidden = [keys.text_key.as_str(), keys.id_key.as_str()];
                Items::new(version, all, vectors, &keys.text_key, &hidden, &embedder_options(&config))
            };
            Ok(tokio::task::spawn_blocking(work).await?)
        };
        self.0.items.get(|i| i.version >= versions.items, load).await
    }

    /// What is known from annotators now.
    pub(crate) async fn notes(&self, versions: Versions, items: &Arc<Items>) -> Result<Arc<Notes>> {
        let store = &self.0.store;
        let load = async {
            let versions = store.versions().await?;
            let annotations = store.annotations().await?;
            let states = store.states().await?;
            let results = store.results().await?;
            let items = items.clone();
            // They are of these items, whatever the version says.
            let versions = Versions { items: items.version, ..versions };
            Ok(tokio::task::spawn_blocking(move || Notes::new(versions, &items, annotations, &states, &results))
                .await?)
        };
        let fresh = |n: &Notes| {
            let v = n.versions;
            v.items == items.version && v.annotations >= versions.annotations && v.models >= versions.models
        };
        self.0.notes.get(fresh, load).await
    }

    /// The `k` items nearest to one, nearest first, and the metric that says so: of all items, by the vectors themselves.
    ///
    /// # Errors
    /// [`Error::UnknownItem`], [`Error::NoVector`], [`Error::Neighbors`], [`Error::Store`].
    pub async fn neighbors(&self, id: &str, k: usize) -> Result<(Metric, Vec<Neighbor>)> {
        let versions = self.0.store.versions().await?;
        let settings = self.settings_at(versions.settings).await?;
        let items = self.items(versions).await?;
        let (id, config, metric) = (id.to_owned(), self.0.config.clone(), settings.umap.metric.into());
        let find = move || items.neighbors(&id, k, &metric, &config.item_properties.text_key);
        let found = tokio::task::spawn_blocking(find).await??;
        Ok((settings.umap.metric, found))
    }

    /// The job of that id.
    ///
    /// # Errors
    /// [`Error::UnknownJob`] if there is none, or it ended long ago.
    pub fn job(&self, id: &str) -> Result<JobStatus> {
        self.0.jobs.find(id).ok_or_else(|| Error::UnknownJob { id: id.to_owned() })
    }

    /// To be called when items came or vectors did: places them, and has the map made anew in the background. Returns at
    /// once.
    pub fn items_added(&self) {
        let maps = self.clone();
        tokio::spawn(async move {
            let query = DataQuery { wait: Some("false".to_owned()), ..DataQuery::default() };
            // Whoever asks for the points next is told what is wrong.
            let _ = maps.data(&query).await;
            maps.changed().await;
        });
    }

    /// Whether a map in the way of the settings is there.
    pub(crate) async fn has_map(&self, settings: &Settings) -> Result<bool> {
        let plan = plan(settings);
        if lock(&self.0.views).get(&plan).is_some_and(|v| v.base.is_some()) {
            return Ok(true);
        }
        let all = self.0.store.projections().await?;
        Ok(all.iter().any(|(_, _, meta)| meta.get("plan").and_then(|p| p.as_str()) == Some(&plan)))
    }

    /// The points of a `cache_key` that were served lately.
    pub(crate) fn points(&self, cache_key: &str) -> Option<Arc<Points>> {
        let bodies = lock(&self.0.bodies);
        bodies.iter().rev().filter_map(|(_, b)| b.points.clone()).find(|p| p.cache_key == cache_key)
    }

    /// How often maps have changed, all together.
    pub(crate) fn generations(&self) -> u64 {
        lock(&self.0.views).values().map(|v| v.generation).sum()
    }
}
