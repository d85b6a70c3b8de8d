//! The items and their vectors, as they are now, and what follows from them alone.

use super::columns::{Column, columns};
use super::error::{Error, Result};
use super::modality::{Embedder, EmbedderOptions, Modality};
use super::preview::preview;
use crate::store::Item;
use blake3::Hash;
use planisphere::core::Matrix;
use planisphere::knn::{Exact, Index, Metric};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// All items of one version.
pub(crate) struct Items {
    /// The version of the store that these are at least as new as.
    pub(crate) version: i64,
    /// By number.
    pub(crate) all: Vec<Item>,
    /// Positions in `all`, by id.
    pub(crate) at: HashMap<String, u32>,
    pub(crate) embedder: Embedder,
    pub(crate) columns: Vec<Column>,
    /// Positions of the items that have vectors, ascending: the rows.
    pub(crate) rows: Vec<u32>,
    /// Rows of the items, by position.
    row_of: Vec<Option<u32>>,
    /// The vectors, rows × d.
    pub(crate) vectors: Arc<Matrix>,
    /// A hash of id and vector, for each row.
    pub(crate) digests: Vec<Hash>,
    /// A hash of all rows.
    pub(crate) universe: Hash,
    /// For each row: the parts of its point that do not depend on annotations, as JSON.
    pub(crate) fragments: Vec<Fragment>,
    /// Answers for neighbors.
    index: OnceLock<std::result::Result<Index, String>>,
}

/// What is said of an item, as JSON.
pub(crate) struct Fragment {
    pub(crate) id: String,
    pub(crate) preview: String,
    pub(crate) kind: Modality,
}

/// An item near to another one.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Neighbor {
    /// Its id.
    pub instance_id: String,
    /// How far it is, by the metric of the settings.
    pub distance: f32,
    /// Its preview.
    pub preview: String,
}

impl Items {
    /// Puts items and their vectors together. Vectors of items that are not there (any more), those of another length
    /// than the first, and those with values that are not finite are left out.
    pub(crate) fn new(
        version: i64,
        all: Vec<Item>,
        vectors: Vec<(String, Vec<f32>)>,
        text_key: &str,
        hidden: &[&str],
        options: &EmbedderOptions,
    ) -> Self {
        let at: HashMap<String, u32> = all.iter().enumerate().map(|(i, item)| (item.id.clone(), i as u32)).collect();
        let columns_of_vectors = vectors.first().map_or(0, |(_, v)| v.len());
        let mut found: Vec<(u32, Vec<f32>)> = vectors
            .into_iter()
            .filter(|(_, v)| !v.is_empty() && v.len() == columns_of_vectors && v.iter().all(|x| x.is_finite()))
            .filter_map(|(id, v)| at.get(&id).map(|i| (*i, v)))
            .collect();
        found.sort_by_key(|(i, _)| *i);
        let mut data = Vec::with_capacity(found.len() * columns_of_vectors);
        let mut row_of = vec![None; all.len()];
        let mut digests = Vec::with_capacity(found.len());
        let rows: Vec<u32> = found.iter().map(|(i, _)| *i).collect();
        for (row, (i, vector)) in found.iter().enumerate() {
            row_of[*i as usize] = Some(row as u32);
            digests.push(digest(&all[*i as usize].id, vector));
            data.extend_from_slice(vector);
        }
        drop(found);
        let vectors = Matrix::from_vec(rows.len(), columns_of_vectors, data).unwrap_or_else(|_| Matrix::zeros(0, 0));
        let mut embedder = Embedder::of_items(&all, text_key, options);
        if !rows.is_empty() && !embedder.available {
            embedder.available = true;
            embedder.unavailable_reason = None;
            embedder.chosen_because = "the items came with vectors".to_owned();
        }
        let fragments = rows.iter().map(|i| Fragment::of(&all[*i as usize], &embedder, text_key)).collect();
        let universe = of_all(digests.iter());
        let columns = columns(&all, hidden);
        let vectors = Arc::new(vectors);
        let index = OnceLock::new();
        Self { version, all, at, embedder, columns, rows, row_of, vectors, digests, universe, fragments, index }
    }

    /// The item of a row.
    pub(crate) fn item(&self, row: u32) -> &Item {
        &self.all[self.rows[row as usize] as usize]
    }

    /// The row of an item.
    pub(crate) fn row(&self, id: &str) -> Option<u32> {
        self.at.get(id).and_then(|i| self.row_of[*i as usize])
    }

    /// The vectors of some rows, ascending.
    pub(crate) fn select(&self, rows: &[u32]) -> Arc<Matrix> {
        if rows.len() == self.rows.len() { self.vectors.clone() } else { Arc::new(self.vectors.select(rows)) }
    }

    /// The `k` items nearest to one, itself left out, nearest first: of all, by the vectors themselves.
    pub(crate) fn neighbors(&self, id: &str, k: usize, metric: &Metric, text_key: &str) -> Result<Vec<Neighbor>> {
        if !self.at.contains_key(id) {
            return Err(Error::UnknownItem { id: id.to_owned() });
        }
        let row = self.row(id).ok_or_else(|| Error::NoVector { id: id.to_owned() })?;
        let build = || Exact::new(1).metric(metric.clone()).index(self.vectors.clone()).map_err(|e| e.to_string());
        let kept = self.index.get_or_init(build);
        let other;
        let index = match kept {
            Ok(index) if index.metric() == Some(metric) => index,
            // The metric was changed since: this one is for now.
            _ => {
                other = Exact::new(1).metric(metric.clone()).index(self.vectors.clone())?;
                &other
            }
        };
        let mut searcher = index.searcher();
        let (ids, distances) = searcher.nearest(self.vectors.row(row as usize), k.saturating_add(1))?;
        let near = ids.iter().zip(distances).filter(|(i, _)| **i != row).take(k);
        let tell = |(i, distance): (&u32, &f32)| {
            let item = self.item(*i);
            let preview = preview(item, &self.embedder, text_key).0;
            Neighbor { instance_id: item.id.clone(), distance: *distance, preview }
        };
        Ok(near.map(tell).collect())
    }
}

impl Fragment {
    fn of(item: &Item, embedder: &Embedder, text_key: &str) -> Self {
        let (text, kind) = preview(item, embedder, text_key);
        Self { id: json(&item.id), preview: json(&text), kind }
    }
}

/// A text as a JSON string.
pub(crate) fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A hash of an id and its vector.
fn digest(id: &str, vector: &[f32]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(id.len() as u64).to_le_bytes());
    hasher.update(id.as_bytes());
    match cfg!(target_endian = "little") {
        true => hasher.update(bytemuck::cast_slice(vector)),
        false => vector.iter().fold(&mut hasher, |h, v| h.update(&v.to_le_bytes())),
    };
    hasher.finalize()
}

/// A hash of rows, in their order.
pub(crate) fn of_all<'a>(digests: impl Iterator<Item = &'a Hash>) -> Hash {
    let mut hasher = blake3::Hasher::new();
    digests.for_each(|d| {
        hasher.update(d.as_bytes());
    });
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn items(vectors: &[(&str, &[f32])]) -> Items {
        let all = ["a", "b", "c", "d"].iter().enumerate().map(|(i, id)| Item {
            id: (*id).to_owned(),
            data: json!({"text": id}).as_object().unwrap().clone(),
            number: i as i64,
        });
        let vectors = vectors.iter().map(|(id, v)| ((*id).to_owned(), v.to_vec())).collect();
        Items::new(1, all.collect(), vectors, "text", &["text"], &EmbedderOptions::default())
    }

    #[test]
    fn rows_are_in_the_order_of_the_items_and_what_is_no_vector_is_left_out() {
        let x =
            items(&[("c", &[0.0, 1.0]), ("a", &[1.0, 0.0]), ("b", &[1.0]), ("d", &[f32::NAN, 0.0]), ("z", &[0.0; 2])]);
        assert_eq!(x.rows, [0, 2]);
        assert_eq!((x.row("a"), x.row("b"), x.row("c"), x.row("z")), (Some(0), None, Some(1), None));
        assert_eq!(x.vectors.row(1), [0.0, 1.0]);
        assert_eq!(x.item(1).id, "c");
        assert!(items(&[]).rows.is_empty());
    }

    #[test]
    fn hashes_tell_ids_and_vectors_apart() {
        let x = items(&[("a", &[1.0, 0.0]), ("b", &[1.0, 0.0])]);
        assert_ne!(x.digests[0], x.digests[1]);
        let y = items(&[("a", &[1.0, 0.5]), ("b", &[1.0, 0.0])]);
        assert_ne!(x.digests[0], y.digests[0]);
        assert_eq!(x.digests[1], y.digests[1]);
        assert_ne!(x.universe, y.universe);
    }

    #[test]
    fn neighbors_of_an_item() {
        let x = items(&[("a", &[1.0, 0.0]), ("b", &[1.0, 0.1]), ("c", &[0.0, 1.0])]);
        let near = x.neighbors("a", 10, &Metric::Cosine, "text").unwrap();
        let ids: Vec<&str> = near.iter().map(|n| n.instance_id.as_str()).collect();
        assert_eq!(ids, ["b", "c"]);
        assert!((near[1].distance - 1.0).abs() < 1e-6);
        let near = x.neighbors("c", 1, &Metric::Manhattan, "text").unwrap();
        assert_eq!((near.len(), near[0].instance_id.as_str()), (1, "b"));
        assert!(matches!(x.neighbors("d", 1, &Metric::Cosine, "text"), Err(Error::NoVector { .. })));
        assert!(matches!(x.neighbors("z", 1, &Metric::Cosine, "text"), Err(Error::UnknownItem { .. })));
    }

    #[test]
    fn equal_vectors_do_not_hide_others() {
        let x = items(&[("a", &[1.0, 0.0]), ("b", &[1.0, 0.0]), ("c", &[1.0, 0.0])]);
        let near = x.neighbors("c", 1, &Metric::Cosine, "text").unwrap();
        assert_eq!((near.len(), near[0].distance), (1, 0.0));
    }
}
