//! Answers with points: put together when something changed, else served as they are.

use super::body::{Answer, Body, Labeling, with_points, without_points};
use super::error::Result;
use super::items::Items;
use super::job::lock;
use super::live::Maps;
use super::make::{Force, Found};
use super::notes::Notes;
use super::plan::{plan, title};
use super::query::{DataQuery, scheme};
use super::view::{Base, Wanted, points};
use crate::config::{LabelSource, Settings};
use crate::store::Versions;
use planisphere::core::Context;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// So many answers are kept as bytes.
const BODIES: usize = 8;

/// What an answer depends on.
pub(crate) struct BodyKey {
    plan: String,
    source: LabelSource,
    schema: Option<String>,
    items: i64,
    annotations: i64,
    models: i64,
    generation: u64,
}

impl BodyKey {
    fn is_of(&self, plan: &str, settings: &Settings) -> bool {
        self.plan == plan && self.source == settings.label_source && self.schema == settings.schema
    }

    fn is_as_new_as(&self, v: Versions) -> bool {
        self.items >= v.items && self.annotations >= v.annotations && self.models >= v.models
    }
}

impl Maps {
    /// The points, as a query asks for them.
    ///
    /// What is there is served at once: with items that came since placed on the map as it is, while a new one is computed.
    /// Where nothing is there, this waits for the map, unless the query says not to.
    ///
    /// # Errors
    /// [`Error::Disabled`], [`Error::Parameter`], [`Error::Store`], [`Error::Task`]. A map that cannot be computed is no
    /// error here: the answer says so in `stats.error`.
    ///
    /// [`Error::Disabled`]: super::Error::Disabled
    /// [`Error::Parameter`]: super::Error::Parameter
    /// [`Error::Store`]: super::Error::Store
    /// [`Error::Task`]: super::Error::Task
    pub async fn data(&self, query: &DataQuery) -> Result<Answer> {
        let force = match query.forces() {
            true => Force::UnlessJustMade,
            false => Force::No,
        };
        self.data_by(query, force).await
    }

    /// [`Maps::data`], whatever the query says of computing again.
    pub(super) async fn data_by(&self, query: &DataQuery, mut force: Force) -> Result<Answer> {
        self.check_enabled()?;
        let mut reason: Option<String> = None;
        loop {
            let versions = self.0.store.versions().await?;
            let settings = query.apply(&self.settings_at(versions.settings).await?, &self.0.config)?;
            if force == Force::No
                && reason.is_none()
                && let Some(body) = self.kept(&settings, versions)
            {
                return Ok(Answer::Ready(body));
            }
            let building = self.0.building.lock().await;
            // Whoever held it may have put together what is asked for.
            if force == Force::No
                && reason.is_none()
                && let Some(body) = self.kept(&settings, versions)
            {
                return Ok(Answer::Ready(body));
            }
            let items = self.items(versions).await?;
            let notes = self.notes(versions, &items).await?;
            if items.rows.is_empty() {
                let why = match items.all.is_empty() {
                    true => None,
                    false => items.embedder.unavailable_reason.as_deref(),
                };
                let why = why.unwrap_or("No embeddings available. Ensure items have been loaded.");
                return Ok(Answer::Ready(Arc::new(without_points(why, None, &items.embedder))));
            }
            let wanted = wanted(&items, &notes, &settings).await?;
            let found = match reason.take() {
                Some(reason) => Found::Failed(reason),
                None => self.find(&settings, &wanted, &items, force).await?,
            };
            force = Force::No;
            let base = match found {
                Found::Map(base) => base,
                Found::Failed(reason) => return Ok(Answer::Ready(Arc::new(failure(&settings, &reason, &items)))),
                Found::Wait(job) => {
                    drop(building);
                    if !query.waits() {
                        return Ok(Answer::Pending(job.status()));
                    }
                    reason = job.finished().await.err();
                    continue;
                }
            };
            return self.build(settings, base, wanted, items, notes).await.map(Answer::Ready);
        }
    }

    /// Puts an answer together, keeps it, and has the map made anew if that is due.
    async fn build(
        &self,
        settings: Settings,
        base: Arc<Base>,
        wanted: Wanted,
        items: Arc<Items>,
        notes: Arc<Notes>,
    ) -> Result<Arc<Body>> {
        let plan_of = plan(&settings);
        let (base, placed, generation) = {
            let mut views = lock(&self.0.views);
            let view = views.entry(plan_of.clone()).or_default();
            // Another one may have been done meanwhile.
            (view.base.clone().unwrap_or(base), view.placed.clone(), view.generation)
        };
        let inner = self.0.clone();
        let (shown, with, at) = (items.clone(), settings.clone(), notes.versions);
        let work = move || {
            let options = &inner.options;
            let mut cx = Context::new().threads(inner.jobs.threads());
            let folder = options.models_folder.as_deref();
            let (points, placed) = match points(&base, &wanted, &shown, &placed, &with, folder, &mut cx) {
                Ok(found) => found,
                Err(reason) => return (failure(&with, &reason, &shown), None, wanted),
            };
            let config = &inner.config;
            let scheme = scheme(&config.schemes, &with);
            let labeling = Labeling { scheme, source: with.label_source, colors: &config.label_colors };
            let count = points.placed;
            let body = with_points(Arc::new(points), &notes, &with, &labeling);
            (body, Some((placed, count)), wanted)
        };
        let (body, placed, wanted) = tokio::task::spawn_blocking(work).await?;
        let body = Arc::new(body);
        let Some((places, count)) = placed else { return Ok(body) };
        let outdated = {
            let mut views = lock(&self.0.views);
            let view = views.entry(plan_of.clone()).or_default();
            if view.generation == generation {
                view.placed = Arc::new(places);
            }
            view.is_outdated(&wanted, &items, count)
        };
        if outdated {
            self.compute(&settings, &wanted, &items, true);
        }
        let key = BodyKey {
            plan: plan_of,
            source: settings.label_source,
            schema: settings.schema.clone(),
            items: items.version,
            annotations: at.annotations,
            models: at.models,
            generation,
        };
        let mut bodies = lock(&self.0.bodies);
        // What was before is of no use to anybody.
        bodies.retain(|(k, _)| !k.is_of(&key.plan, &settings));
        bodies.push_back((key, body.clone()));
        if bodies.len() > BODIES {
            bodies.pop_front();
        }
        Ok(body)
    }

    /// The answer to such a request, if one is there that is no older than these versions. Many who wait for the same are
    /// served by the first answer that was begun after they asked.
    fn kept(&self, settings: &Settings, versions: Versions) -> Option<Arc<Body>> {
        let plan = plan(settings);
        let generation = {
            let mut views = lock(&self.0.views);
            let view = views.get_mut(&plan)?;
            view.used = self.0.requests.fetch_add(1, Ordering::Relaxed);
            view.generation
        };
        let bodies = lock(&self.0.bodies);
        let fits = |k: &BodyKey| k.is_of(&plan, settings) && k.generation == generation && k.is_as_new_as(versions);
        bodies.iter().find(|(k, _)| fits(k)).map(|(_, body)| body.clone())
    }
}

fn failure(settings: &Settings, reason: &str, items: &Items) -> Body {
    let error = format!("{} projection failed", title(settings.method));
    without_points(&error, Some(reason), &items.embedder)
}

async fn wanted(items: &Arc<Items>, notes: &Arc<Notes>, settings: &Settings) -> Result<Wanted> {
    let (items, notes, settings) = (items.clone(), notes.clone(), settings.clone());
    Ok(tokio::task::spawn_blocking(move || Wanted::new(&items, &notes.annotators, &settings)).await?)
}
