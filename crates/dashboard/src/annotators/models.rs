//! When models learn, and what is told of them.

use super::learn::learn;
use crate::config::Config;
use crate::store::Store;
use crate::{Error, Result};
use planisphere::core::CancelToken;
use planisphere::labels_mace::Trigger;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// Results, by key.
type Results = Arc<Vec<(String, Value)>>;

/// Models of annotators: learned anew in the background as annotations come, one run at a time, and kept in the store. Cheap
/// to clone; all clones are the same.
#[derive(Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    config: Arc<Config>,
    trigger: Mutex<Trigger>,
    /// Rung when there is something new to learn from. However often that is while a run is under way, one more follows.
    bell: Notify,
    running: tokio::sync::Mutex<()>,
    cancel: CancelToken,
    /// Results as of a version of the store.
    known: Mutex<Option<(i64, Results)>>,
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Models").field("config", &self.inner.config.mace).finish_non_exhaustive()
    }
}

impl Models {
    /// The models of a project, with the results that its store has. Must be called within a tokio runtime, in which they
    /// learn.
    ///
    /// # Errors
    /// [`crate::store::Error`].
    pub async fn new(store: Store, config: Arc<Config>) -> Result<Self> {
        let results = store.results().await?;
        let learned = results.iter().filter_map(|(_, r)| r.get("annotations_total")?.as_u64()).max().unwrap_or(0);
        let trigger = Trigger::every(config.mace.trigger_every_n.into()).starting_at(learned);
        let models = Self {
            inner: Arc::new(Inner {
                store,
                config,
                trigger: Mutex::new(trigger),
                bell: Notify::new(),
                running: tokio::sync::Mutex::default(),
                cancel: CancelToken::new(),
                known: Mutex::default(),
            }),
        };
        if models.is_enabled() {
            tokio::spawn(models.clone().learn_when_called());
        }
        Ok(models)
    }

    /// Whether the configuration asks for them.
    pub fn is_enabled(&self) -> bool {
        self.inner.config.mace.enabled
    }

    /// Tells that there are so many annotations now. If there are enough new ones, models learn in the background.
    pub fn annotated(&self, total: u64) {
        if self.is_enabled() && lock(&self.inner.trigger).fires(total) {
            self.inner.bell.notify_one();
        }
    }

    /// Stops learning, for good.
    pub fn stop(&self) {
        self.inner.cancel.cancel();
        self.inner.bell.notify_one();
    }

    async fn learn_when_called(self) {
        loop {
            self.inner.bell.notified().await;
            if self.inner.cancel.is_cancelled() {
                return;
            }
            if let Err(e) = self.run().await
                && !self.inner.cancel.is_cancelled()
            {
                tracing::error!(error = %e, "models of annotators did not learn");
            }
        }
    }

    /// Learns from all annotations now, once whoever is learning has finished. The keys of what was found.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Mace`].
    pub async fn run(&self) -> Result<Vec<String>> {
        let inner = &self.inner;
        let _running = inner.running.lock().await;
        // First the version: what comes after it may be learned from, and will be again.
        let version = inner.store.versions().await?.annotations;
        let total = inner.store.progress().await?.annotations;
        let said = inner.store.annotations().await?;
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let (config, cancel) = (inner.config.clone(), inner.cancel.clone());
        let work = move || learn(&config.schemes, &said, &config.mace, (at, total), &cancel);
        let learned = tokio::task::spawn_blocking(work).await.map_err(|e| Error::Task { reason: e.to_string() })?;
        let results = learned?;
        let keys = results.iter().map(|(key, _)| key.clone()).collect();
        // Of two programs on one database, the one that knows more annotations wins.
        inner.store.put_results(results, version).await?;
        lock(&inner.trigger).fires(total);
        Ok(keys)
    }

    /// All results, by key.
    ///
    /// # Errors
    /// [`crate::store::Error`].
    pub async fn results(&self) -> Result<Arc<Vec<(String, Value)>>> {
        let version = self.inner.store.versions().await?.models;
        if let Some((known, results)) = &*lock(&self.inner.known)
            && *known >= version
        {
            return Ok(results.clone());
        }
        let results = Arc::new(self.inner.store.results().await?);
        *lock(&self.inner.known) = Some((version, results.clone()));
        Ok(results)
    }

    /// What the dashboard tells of all models.
    ///
    /// # Errors
    /// [`crate::store::Error`].
    pub async fn overview(&self) -> Result<Value> {
        if !self.is_enabled() {
            return Ok(json!({ "enabled": false, "message": "MACE not configured" }));
        }
        let results = self.results().await?;
        let mut schemas = Vec::new();
        let mut scores: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for (key, result) in results.iter() {
            let mut schema = Map::from_iter([("key".to_owned(), key.as_str().into())]);
            let told = [
                "schema_name",
                "option_name",
                "num_annotators",
                "num_instances",
                "log_likelihood",
                "timestamp",
                "label_mapping",
            ];
            schema.extend(told.map(|name| (name.to_owned(), result[name].clone())));
            schemas.push(Value::Object(schema));
            for (annotator, score) in result["competence_scores"].as_object().into_iter().flatten() {
                scores.entry(annotator).or_default().insert(key.clone(), score.clone());
            }
        }
        let competence: Map<String, Value> =
            scores.into_iter().map(|(name, of)| (name.to_owned(), averaged(of))).collect();
        let mut overview = json!({
            "enabled": true,
            "has_results": !results.is_empty(),
            "schemas": schemas,
            "annotator_competence": competence,
        });
        if !results.is_empty() {
            let mace = &self.inner.config.mace;
            overview["config"] = json!({
                "trigger_every_n": mace.trigger_every_n,
                "min_annotations_per_item": mace.min_annotations_per_item,
                "min_items": mace.min_items,
                "num_restarts": mace.num_restarts,
                "num_iters": mace.num_iters,
            });
        }
        Ok(overview)
    }

    /// What a model says of all items, or of one.
    ///
    /// # Errors
    /// [`crate::store::Error`]. That there is no such model or item is told in the member `error`.
    pub async fn predictions(&self, schema: &str, instance: Option<&str>) -> Result<Value> {
        if !self.is_enabled() {
            return Ok(json!({ "error": "MACE not configured" }));
        }
        let results = self.results().await?;
        let Some((_, result)) = results.iter().find(|(key, _)| key == schema) else {
            return Ok(json!({ "error": format!("No MACE results for schema '{schema}'") }));
        };
        let Some(id) = instance else {
            let names =
                ["schema_name", "option_name", "predicted_labels", "label_entropy", "label_mapping", "num_instances"];
            return Ok(Value::Object(names.iter().map(|name| ((*name).to_owned(), result[*name].clone())).collect()));
        };
        Ok(match result["predicted_labels"].get(id) {
            None => json!({ "error": format!("No prediction for instance '{id}'") }),
            Some(label) => json!({
                "instance_id": id,
                "predicted_label": label,
                "entropy": result["label_entropy"][id],
                "label_mapping": result["label_mapping"],
            }),
        })
    }
}

fn averaged(scores: Map<String, Value>) -> Value {
    let sum: f64 = scores.values().filter_map(Value::as_f64).sum();
    json!({ "average": sum / scores.len().max(1) as f64, "scores": scores })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
