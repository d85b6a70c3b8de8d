//! What is known of the items from annotators, as it is now.

use super::items::Items;
use super::labels::Predictions;
use crate::store::{Annotation, ItemState, Versions};
use serde_json::Value;
use std::collections::HashMap;
use std::ops::Range;

/// All annotations of one version.
pub(crate) struct Notes {
    /// Versions that these are at least as new as.
    pub(crate) versions: Versions,
    /// Grouped by item.
    annotations: Vec<Annotation>,
    /// Where those of each item are, by position in [`Items::all`].
    of: Vec<Range<u32>>,
    /// How many annotators each item has, by position.
    pub(crate) annotators: Vec<u32>,
    /// What models of annotators say, by key.
    pub(crate) results: HashMap<String, Predictions>,
}

impl Notes {
    pub(crate) fn new(
        versions: Versions,
        items: &Items,
        mut annotations: Vec<Annotation>,
        states: &[ItemState],
        results: &[(String, Value)],
    ) -> Self {
        let position = |id: &str| items.at.get(id).copied();
        // As the store gives them, this changes nothing.
        annotations.retain(|a| position(&a.instance_id).is_some());
        annotations.sort_by_cached_key(|a| position(&a.instance_id));
        let mut of = vec![0..0; items.all.len()];
        let mut start = 0;
        for group in annotations.chunk_by(|a, b| a.instance_id == b.instance_id) {
            let end = start + group.len() as u32;
            if let Some(i) = position(&group[0].instance_id) {
                of[i as usize] = start..end;
            }
            start = end;
        }
        let mut annotators = vec![0; items.all.len()];
        for state in states {
            if let Some(i) = position(&state.id) {
                annotators[i as usize] = state.annotators;
            }
        }
        let results = results.iter().map(|(key, value)| (key.clone(), Predictions::from_result(value))).collect();
        Self { versions, annotations, of, annotators, results }
    }

    /// What was said of the item at a position.
    pub(crate) fn of(&self, item: u32) -> &[Annotation] {
        let range = &self.of[item as usize];
        &self.annotations[range.start as usize..range.end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::EmbedderOptions;
    use crate::store::Item;
    use serde_json::{Map, json};

    #[test]
    fn each_item_has_its_own() {
        let item = |(i, id): (usize, &&str)| Item { id: (*id).to_owned(), data: Map::new(), number: i as i64 };
        let all = ["a", "b", "c"].iter().enumerate().map(item).collect();
        let items = Items::new(1, all, Vec::new(), "text", &[], &EmbedderOptions::default());
        let note = |id: &str, who: &str| Annotation {
            instance_id: id.to_owned(),
            annotator: who.to_owned(),
            scheme: "s".to_owned(),
            value: json!("x"),
            at: 0,
        };
        let said = vec![note("c", "u1"), note("a", "u1"), note("gone", "u1"), note("a", "u2")];
        let state = ItemState { id: "a".to_owned(), annotators: 2, finished: false };
        let results = [("s".to_owned(), json!({"predicted_labels": {"a": "x"}}))];
        let notes = Notes::new(Versions::default(), &items, said, &[state], &results);
        let of = |i: u32| notes.of(i).iter().map(|a| a.annotator.as_str()).collect::<Vec<_>>();
        assert_eq!((of(0), of(1), of(2)), (vec!["u1", "u2"], vec![], vec!["u1"]));
        assert_eq!(notes.annotators, [2, 0, 0]);
        assert_eq!(notes.results["s"].labels["a"], "x");
    }
}
