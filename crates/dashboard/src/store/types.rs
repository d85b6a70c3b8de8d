//! What is stored, as the rest of the program sees it.

use planisphere::queue_reorder::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};

/// An item as it is given.
#[derive(Clone, Debug, PartialEq)]
pub struct NewItem {
    /// Its id, which is the user's own.
    pub id: String,
    /// What is known of it: its columns, text and references to media among them.
    pub data: Map<String, Value>,
    /// Its vector, if it came with one or has been embedded.
    pub vector: Option<Vec<f32>>,
}

/// An item as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its columns.
    pub data: Map<String, Value>,
    /// Its place among all items by the time at which they came, from 0. It never changes.
    pub number: i64,
}

/// How far an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemState {
    /// Its id.
    pub id: String,
    /// How many annotators have annotated it.
    pub annotators: u32,
    /// Whether it needs no more of them.
    pub finished: bool,
}

/// What one annotator said of an item in one scheme.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Annotation {
    /// The item.
    pub instance_id: String,
    /// The annotator.
    pub annotator: String,
    /// The scheme.
    pub scheme: String,
    /// The label, the list of labels (of schemes that take several), a number or a text.
    pub value: Value,
    /// When it was said last, in milliseconds since 1970.
    pub at: i64,
}

/// An annotator and what they have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Annotator {
    /// The name.
    pub name: String,
    /// Number of items annotated.
    pub items: u64,
    /// When they last annotated, in milliseconds since 1970.
    pub last: Option<i64>,
}

/// An item that was handed out.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// The item.
    pub item: Item,
    /// Who has it.
    pub annotator: String,
    /// Until when, if they neither annotate it nor ask again.
    pub until: SystemTime,
}

/// A reorder that was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reordering {
    /// Its number, from 1.
    pub number: i64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What was answered.
    pub response: Response,
    /// Whether it was undone.
    pub undone: bool,
}

/// How far the project is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Number of items.
    pub items: u64,
    /// Those with at least one annotator.
    pub annotated: u64,
    /// Those that need no more annotators.
    pub finished: u64,
    /// Those that are left to hand out.
    pub remaining: u64,
    /// Pairs of an item and an annotator of it.
    pub annotations: u64,
    /// Items that somebody has in hand.
    pub leased: u64,
}

/// A projection that was computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Hash of the vectors, ids and parameters that it was made from.
    pub key: String,
    /// What its maker wants to know of it: method, parameters, report.
    pub meta: Value,
    /// The rows, by id.
    pub ids: Vec<String>,
    /// Two coordinates for each.
    pub coordinates: Vec<[f32; 2]>,
}

/// Groups that wait to be applied, as the page has them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Counts changes; a change of an older version is refused.
    pub version: i64,
    /// The groups: any JSON of the page.
    pub groups: Value,
}

/// Counters that go up when something changes, by whichever instance of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Versions {
    /// Items and vectors.
    pub items: i64,
    /// Annotations.
    pub annotations: i64,
    /// The order, and what is handed out.
    pub queue: i64,
    /// Results of models of annotators.
    pub models: i64,
    /// Settings and drafts.
    pub settings: i64,
}

/// What became of items that were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Added {
    /// Those that are new.
    pub added: u64,
    /// Those that were there with other data or another vector.
    pub updated: u64,
    /// Those that were there as they are.
    pub unchanged: u64,
}

impl Added {
    pub(super) fn count(&mut self, updated: bool) {
        if updated { self.updated += 1 } else { self.unchanged += 1 }
    }
}

/// How many annotators an item needs, how many items an annotator may annotate, and how long they keep one.
///
/// The default: three annotators an item, as many items as one likes, half an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many annotators an item needs; 0 means no limit: no item is ever finished.
    pub annotators_per_item: u32,
    /// How many items an annotator may annotate.
    pub items_per_annotator: Option<u64>,
    /// How long an item that was handed out is kept for the annotator.
    pub lease: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { annotators_per_item: 3, items_per_annotator: None, lease: Duration::from_secs(30 * 60) }
    }
}

impl Rules {
    /// Whether so many annotators are enough for an item.
    pub(super) fn is_enough(&self, annotators: i64) -> bool {
        self.annotators_per_item > 0 && annotators >= i64::from(self.annotators_per_item)
    }

    pub(super) fn lease_millis(&self) -> i64 {
        i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX)
    }
}

/// What an annotation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Annotated {
    /// How many annotators have annotated the item now.
    pub annotators: u32,
    /// Whether it needs no more of them.
    pub finished: bool,
    /// Whether this annotator had not annotated it before.
    pub first: bool,
    /// Pairs of an item and an annotator of it, in the whole project.
    pub annotations_total: u64,
}

/// An item that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// Its id.
    pub id: String,
    /// Its place among those that wait, from 0.
    pub position: u64,
    /// How many annotators have annotated it.
    pub annotators: u32,
    /// Who has it in hand.
    pub leased_to: Vec<String>,
}

/// A part of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueuePage {
    /// The items asked for, in order.
    pub items: Vec<Queued>,
    /// Number of all items, finished ones among them.
    pub total: u64,
    /// Number of items that are not finished: the length of the queue.
    pub remaining: u64,
}
