//! A map and who is on it.

use super::items::{Items, of_all};
use super::job::Job;
use super::plan::plan;
use super::project::{Model, place_near};
use super::sample::sample;
use crate::config::Settings;
use crate::store::Projection;
use blake3::Hash;
use planisphere::core::Context;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A map is made anew when more than one of so many points were placed on it later.
const PLACED_SHARE: usize = 20;
/// The longest that a new map waits because the last one took long.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// What a map should show now.
pub(crate) struct Wanted {
    /// Rows of the items, ascending.
    pub(crate) rows: Vec<u32>,
    /// A hash of their ids and vectors and of how the map is made.
    pub(crate) key: String,
}

impl Wanted {
    pub(crate) fn new(items: &Items, annotators: &[u32], settings: &Settings) -> Self {
        let ids: Vec<&str> = (0..items.rows.len()).map(|r| items.item(r as u32).id.as_str()).collect();
        let annotated: Vec<bool> = items.rows.iter().map(|i| annotators[*i as usize] > 0).collect();
        let rows = sample(&ids, &annotated, settings);
        let vectors = of_all(rows.iter().map(|r| &items.digests[*r as usize]));
        let mut hasher = blake3::Hasher::new();
        hasher.update(vectors.as_bytes());
        hasher.update(plan(settings).as_bytes());
        Self { key: hasher.finalize().to_hex().to_string(), rows }
    }
}

/// A map that was computed.
pub(crate) struct Base {
    pub(crate) key: String,
    /// The items that there were at that time, shown or not.
    universe: Option<Hash>,
    /// Places in `map`, by id.
    at: HashMap<String, u32>,
    pub(crate) ids: Vec<String>,
    pub(crate) map: Vec<[f32; 2]>,
    /// Hashes of ids and vectors, if it is known that the map was made of these.
    digests: Option<Vec<Hash>>,
    model: OnceLock<Option<Model>>,
}

impl Base {
    /// A map that was just computed.
    pub(crate) fn computed(items: &Items, wanted: &Wanted, map: Vec<[f32; 2]>, model: Option<Model>) -> Self {
        let ids = wanted.rows.iter().map(|r| items.item(*r).id.clone()).collect();
        let digests = wanted.rows.iter().map(|r| items.digests[*r as usize]).collect();
        let kept = model.map_or_else(OnceLock::new, |m| OnceLock::from(Some(m)));
        Self::new(wanted.key.clone(), Some(items.universe), ids, map, Some(digests), kept)
    }

    /// A map from the store, which may be of other items than there are now.
    pub(crate) fn stored(items: &Items, stored: Projection) -> Self {
        let hash = |name: &str| stored.meta.get(name).and_then(Value::as_str).and_then(|h| Hash::from_hex(h).ok());
        let universe = hash("universe");
        // Whether all of its items are there, with the vectors that they had.
        let rows = stored.ids.iter().map(|id| items.row(id));
        let digests: Option<Vec<Hash>> = rows.map(|r| r.map(|r| items.digests[r as usize])).collect();
        let digests = digests.filter(|d| Some(of_all(d.iter())) == hash("vectors"));
        Self::new(stored.key, universe, stored.ids, stored.coordinates, digests, OnceLock::new())
    }

    fn new(
        key: String,
        universe: Option<Hash>,
        ids: Vec<String>,
        map: Vec<[f32; 2]>,
        digests: Option<Vec<Hash>>,
        model: OnceLock<Option<Model>>,
    ) -> Self {
        let at = ids.iter().zip(0u32..).map(|(id, i)| (id.clone(), i)).collect();
        Self { key, universe, at, ids, map, digests, model }
    }

    /// As the store keeps it.
    pub(crate) fn to_projection(&self, settings: &Settings) -> Projection {
        let universe = self.universe.map(|u| u.to_hex().to_string());
        let vectors = self.digests.as_ref().map(|d| of_all(d.iter()).to_hex().to_string());
        let meta = json!({
            "method": settings.method.name(), "plan": plan(settings), "universe": universe, "vectors": vectors,
        });
        Projection { key: self.key.clone(), meta, ids: self.ids.clone(), coordinates: self.map.clone() }
    }

    /// The model, if it is in memory.
    pub(crate) fn model(&self) -> Option<&Model> {
        self.model.get().and_then(Option::as_ref)
    }

    /// Where the item of a row is on this map: nowhere if it is new, or its vector is another one.
    fn find(&self, items: &Items, row: u32) -> Option<[f32; 2]> {
        let i = *self.at.get(&items.item(row).id)? as usize;
        let same = self.digests.as_ref().is_none_or(|d| d[i] == items.digests[row as usize]);
        if same { self.map.get(i).copied() } else { None }
    }

    /// Places rows that are not on this map: by its model, from memory or a file; without one, next to their like.
    fn place(
        &self,
        items: &Items,
        rows: &[u32],
        settings: &Settings,
        folder: Option<&Path>,
        cx: &mut Context<'_>,
    ) -> Result<Vec<[f32; 2]>, String> {
        let new = items.vectors.select(rows);
        let model = self.model.get_or_init(|| self.load(items, folder?));
        if let Some(model) = model
            && let Ok(placed) = model.transform(&new, cx)
        {
            return Ok(placed);
        }
        let known: Vec<(u32, [f32; 2])> =
            (0..items.rows.len() as u32).filter_map(|r| self.find(items, r).map(|xy| (r, xy))).collect();
        let (rows, map): (Vec<u32>, Vec<[f32; 2]>) = known.into_iter().unzip();
        place_near(items.select(&rows), &map, &new, settings.umap.metric.into())
    }

    fn load(&self, items: &Items, folder: &Path) -> Option<Model> {
        let digests = self.digests.as_ref()?;
        let row = |(id, digest): (&String, &Hash)| items.row(id).filter(|r| items.digests[*r as usize] == *digest);
        let rows: Vec<u32> = self.ids.iter().zip(digests).map(row).collect::<Option<_>>()?;
        Model::load(folder, &self.key, items.select(&rows))
    }
}

/// The points that are shown.
pub(crate) struct Points {
    /// Tells these points from all others.
    pub(crate) cache_key: String,
    pub(crate) items: Arc<Items>,
    /// Rows of the items.
    pub(crate) rows: Vec<u32>,
    pub(crate) map: Vec<[f32; 2]>,
    /// How many were placed on the map after it was made.
    pub(crate) placed: usize,
}

/// Places known from before on one map, by the hash of id and vector.
pub(crate) type Placed = HashMap<Hash, [f32; 2]>;

/// Finds the points of what is wanted on a map, and places those that are not on it.
pub(crate) fn points(
    base: &Base,
    wanted: &Wanted,
    items: &Arc<Items>,
    before: &Placed,
    settings: &Settings,
    folder: Option<&Path>,
    cx: &mut Context<'_>,
) -> Result<(Points, Placed), String> {
    let found = |row: &u32| base.find(items, *row);
    let mut map: Vec<Option<[f32; 2]>> = wanted.rows.iter().map(found).collect();
    let missing: Vec<usize> = (0..map.len()).filter(|i| map[*i].is_none()).collect();
    let digest = |i: usize| items.digests[wanted.rows[i] as usize];
    let mut placed: Placed =
        missing.iter().filter_map(|i| before.get_key_value(&digest(*i))).map(|(d, p)| (*d, *p)).collect();
    let new: Vec<usize> = missing.iter().copied().filter(|i| !placed.contains_key(&digest(*i))).collect();
    if !new.is_empty() {
        let rows: Vec<u32> = new.iter().map(|i| wanted.rows[*i]).collect();
        let places = base.place(items, &rows, settings, folder, cx)?;
        placed.extend(new.iter().map(|i| digest(*i)).zip(places));
    }
    for i in &missing {
        map[*i] = placed.get(&digest(*i)).copied();
    }
    let cache_key = match base.key == wanted.key {
        true => base.key.clone(),
        false => blake3::hash(format!("{} {}", base.key, wanted.key).as_bytes()).to_hex().to_string(),
    };
    let both = wanted.rows.iter().zip(map).filter_map(|(r, p)| p.map(|p| (*r, p)));
    let (rows, map) = both.unzip();
    Ok((Points { cache_key, items: items.clone(), rows, map, placed: missing.len() }, placed))
}

/// What is kept of one way to make maps.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) base: Option<Arc<Base>>,
    pub(crate) placed: Arc<Placed>,
    /// Goes up whenever what is shown may be another than before, for the same items and annotations.
    pub(crate) generation: u64,
    /// The job that makes the next map, or made the last one.
    pub(crate) job: Option<Arc<Job>>,
    /// The last map that failed, and why. It is not tried again by itself.
    pub(crate) failed: Option<(String, String)>,
    /// When the last map was done, and how long it took.
    last: Option<(Instant, Duration)>,
    /// A map that was asked for just now, by a request that others are sure to follow.
    pub(crate) ticket: Option<(String, Instant)>,
    /// When this was used last, in requests.
    pub(crate) used: u64,
}

impl View {
    /// Takes in a new map.
    pub(crate) fn publish(&mut self, base: Arc<Base>, took: Duration) {
        self.base = Some(base);
        self.placed = Arc::default();
        self.generation += 1;
        self.failed = None;
        self.last = Some((Instant::now(), took));
    }

    /// Whether the map should be made anew: there are other items than then, or many were placed since.
    pub(crate) fn is_outdated(&self, wanted: &Wanted, items: &Items, placed: usize) -> bool {
        let Some(base) = &self.base else { return true };
        base.key != wanted.key
            && self.failed.as_ref().is_none_or(|(key, _)| *key != wanted.key)
            && (base.universe != Some(items.universe) || placed * PLACED_SHARE > wanted.rows.len())
    }

    /// How long a new map in the background should wait, so that maps take no more than half of the time.
    pub(crate) fn delay(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |(at, took)| took.saturating_sub(at.elapsed()).min(LONGEST_DELAY))
    }
}
