//! Maps: found, or made when there is none or another one is due.

use super::error::Result;
use super::items::Items;
use super::job::{CANCELLED, Job, lock};
use super::live::Maps;
use super::plan::plan;
use super::project;
use super::query::DataQuery;
use super::view::{Base, View, Wanted};
use crate::config::Settings;
use planisphere::core::Context;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// So many ways to make maps are remembered, with a map of each.
const VIEWS: usize = 6;
/// A map that was just made need not be made again for so long.
const TICKET: Duration = Duration::from_secs(30);

/// Whether a map is computed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Force {
    /// Not if there is one.
    No,
    /// It is, unless the same client had that done just before.
    UnlessJustMade,
    /// It is.
    Yes,
}

/// Whether there is a map.
pub(crate) enum Found {
    Map(Arc<Base>),
    Wait(Arc<Job>),
    Failed(String),
}

impl Maps {
    /// Stops computing a map that is no longer wanted, unless somebody waits for it.
    pub(super) fn abandon(&self, plan: &str) {
        if let Some(job) = lock(&self.0.views).get(plan).and_then(|v| v.job.clone())
            && !job.is_awaited()
        {
            job.cancel();
        }
    }

    /// Finds the map of what is wanted, or one of what was wanted before, or has it made.
    pub(super) async fn find(
        &self,
        settings: &Settings,
        wanted: &Wanted,
        items: &Arc<Items>,
        force: Force,
    ) -> Result<Found> {
        let plan = plan(settings);
        let anew = {
            let mut views = lock(&self.0.views);
            let view = views.entry(plan.clone()).or_default();
            view.used = self.0.requests.fetch_add(1, Ordering::Relaxed);
            let ticket = if force == Force::No { None } else { view.ticket.take() };
            let just_made = ticket.is_some_and(|(key, at)| {
                key == wanted.key && at.elapsed() < TICKET && view.base.as_ref().is_some_and(|b| b.key == key)
            });
            let again = force == Force::Yes || (force == Force::UnlessJustMade && !just_made);
            if again {
                view.failed = None;
            } else if let Some(base) = &view.base {
                return Ok(Found::Map(base.clone()));
            } else if let Some((key, reason)) = &view.failed
                && *key == wanted.key
            {
                return Ok(Found::Failed(reason.clone()));
            }
            again
        };
        if anew {
            return Ok(Found::Wait(self.compute(settings, wanted, items, false)));
        }
        let running = lock(&self.0.views).get(&plan).and_then(|v| v.job.clone()).filter(|j| !j.is_over());
        if let Some(job) = running {
            return Ok(Found::Wait(job));
        }
        if let Some(stored) = self.stored(settings, wanted, items).await? {
            let stored = Arc::new(stored);
            let mut views = lock(&self.0.views);
            views.entry(plan).or_default().publish(stored.clone(), Duration::ZERO);
            forget(&mut views);
            return Ok(Found::Map(stored));
        }
        Ok(Found::Wait(self.compute(settings, wanted, items, false)))
    }

    /// The map of what is wanted, from the store; else the newest that was made in the same way.
    async fn stored(&self, settings: &Settings, wanted: &Wanted, items: &Items) -> Result<Option<Base>> {
        let store = &self.0.store;
        if let Some(found) = store.projection(&wanted.key).await? {
            return Ok(Some(Base::stored(items, found)));
        }
        let plan = plan(settings);
        let all = store.projections().await?;
        let same = all.into_iter().filter(|(_, _, meta)| meta.get("plan").and_then(|p| p.as_str()) == Some(&plan));
        let Some((key, ..)) = same.max_by_key(|(_, at, _)| *at) else { return Ok(None) };
        let found = store.projection(&key).await?;
        Ok(found.filter(|p| !p.ids.is_empty()).map(|p| Base::stored(items, p)))
    }

    /// Has the map of what is wanted computed. In the background it waits its turn, and one of the same kind that is
    /// being computed is left to be.
    pub(super) fn compute(
        &self,
        settings: &Settings,
        wanted: &Wanted,
        items: &Arc<Items>,
        background: bool,
    ) -> Arc<Job> {
        let plan = plan(settings);
        let mut views = lock(&self.0.views);
        let view = views.entry(plan.clone()).or_default();
        let mut delay = Duration::ZERO;
        if background {
            if let Some(job) = view.job.clone().filter(|j| !j.is_over()) {
                return job;
            }
            delay = view.delay();
        }
        let (key, rows) = (wanted.key.clone(), wanted.rows.clone());
        let (of, with) = (items.clone(), settings.clone());
        let work = move |cx: &mut Context<'_>| {
            let start = Instant::now();
            let (map, model) = project::fit(&of.select(&rows), &with, cx)?;
            let base = Base::computed(&of, &Wanted { key, rows }, map, model);
            Ok((Arc::new(base), start.elapsed()))
        };
        let (maps, with, key) = (self.clone(), settings.clone(), wanted.key.clone());
        let keep = |done| async move { maps.keep(&with, key, done).await };
        let job = self.0.jobs.start(&wanted.key, settings.method, delay, work, keep);
        view.job = Some(job.clone());
        job
    }

    /// Takes in a map that was computed.
    async fn keep(
        self,
        settings: &Settings,
        key: String,
        done: std::result::Result<(Arc<Base>, Duration), String>,
    ) -> std::result::Result<(), String> {
        let plan = plan(settings);
        let (base, took) = match done {
            Ok(done) => done,
            Err(reason) => {
                // A map that was cancelled may be tried again.
                if reason != CANCELLED {
                    lock(&self.0.views).entry(plan).or_default().failed = Some((key, reason.clone()));
                }
                return Err(reason);
            }
        };
        {
            let mut views = lock(&self.0.views);
            views.entry(plan).or_default().publish(base.clone(), took);
            forget(&mut views);
        }
        let put = async {
            self.0.store.put_projection(base.to_projection(settings)).await?;
            self.0.store.prune_projections(self.0.options.kept_projections).await
        };
        if let Err(e) = put.await {
            tracing::warn!(error = %e, "a map was computed, but could not be kept");
        }
        // What new items would have to wait for is done now, after those who wait for the map have it.
        let (maps, threads) = (self.clone(), self.0.jobs.threads());
        tokio::task::spawn_blocking(move || {
            let Some(model) = base.model() else { return };
            model.prepare(&mut Context::new().threads(threads));
            if let Some(folder) = &maps.0.options.models_folder
                && let Err(e) = model.save(folder, &base.key)
            {
                tracing::warn!(error = %e, "a model could not be kept");
            }
        });
        self.changed().await;
        Ok(())
    }

    /// Notes that the map of a query was just made, and that whoever asked for it is about to ask for it to be made again:
    /// the front end of the original asks twice for each click.
    pub(crate) async fn leave_ticket(&self, query: &DataQuery) -> Result<()> {
        let settings = query.apply(&self.settings().await?, &self.0.config)?;
        if let Some(view) = lock(&self.0.views).get_mut(&plan(&settings)) {
            view.ticket = view.base.as_ref().map(|b| (b.key.clone(), Instant::now()));
        }
        Ok(())
    }
}

/// Forgets the ways to make maps that were used longest ago, but for those at work.
fn forget(views: &mut HashMap<String, View>) {
    while views.len() > VIEWS {
        let idle = views.iter().filter(|(_, v)| v.job.as_ref().is_none_or(|j| j.is_over()));
        let Some(oldest) = idle.min_by_key(|(_, v)| v.used).map(|(plan, _)| plan.clone()) else { return };
        views.remove(&oldest);
    }
}
