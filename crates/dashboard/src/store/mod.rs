//! What a project consists of, kept in SQLite or PostgreSQL.
//!
//! ```
//! use planisphere_dashboard::store::{NewItem, Rules, Store, StoreOptions};
//! use planisphere::queue_reorder::Request;
//! use serde_json::json;
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let store = Store::open("sqlite::memory:", StoreOptions::new()).await?;
//! let items = ["a", "b", "c"].map(|id| NewItem { id: id.to_owned(), data: Default::default(), vector: None });
//! assert_eq!(store.add_items(items.into()).await?.added, 3);
//!
//! // Each annotator is given the first item that needs one more, and keeps it for half an hour.
//! let rules = Rules { annotators_per_item: 1, ..Rules::default() };
//! let lease = store.next("ann", rules).await?.ok_or("nothing left")?;
//! assert_eq!(lease.item.id, "a");
//! let done = store.annotate("ann", "a", vec![("mood".to_owned(), json!("good"))], rules).await?;
//! assert!(done.finished);
//!
//! // A reorder takes effect with the next item that is handed out, and can be undone.
//! let request = Request::from_json(r#"{"selections":[{"instance_ids":["c","nobody"]}]}"#)?;
//! let (number, response) = store.reorder(&request, rules).await?;
//! assert_eq!((number, response.moved_count, response.remaining_count), (1, Some(1), Some(2)));
//! assert_eq!(store.next("ben", rules).await?.ok_or("nothing left")?.item.id, "c");
//! store.undo_reorder().await?;
//! assert_eq!(store.order().await?, ["a", "b", "c"]);
//! store.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is guaranteed
//!
//! * **What was answered is on the disk.** Each change is one transaction. It is there when the method returns, and is
//!   not there at all if it fails, also when the program or the server is killed or the power fails at any moment.
//! * **Nothing is done twice.** If the connection is lost while a change is being completed, the store finds out whether
//!   it was, and makes it only if it was not.
//! * **No item is handed to more annotators than the rules allow.** Those who annotated it and those who have it, their
//!   leases not being over, are together never more. (Whoever annotates without having been given the item counts, but
//!   is not refused.)
//! * **The order is what the reorders say**: each put its items in front, those aside that are undone.
//! * **Several programs** may have the same file or server open: changes are made one after the other, by a lock that
//!   goes with the transaction.
//! * **What goes in comes out**: any Unicode, JSON with its numbers to the bit, vectors and coordinates to the bit.
//!   Names (of items, annotators, schemes, keys) may hold anything but the character NUL; texts within data may hold it.
//!
//! # Cost
//!
//! Changes that wait go to the disk together, so that many callers share one wait for it. [`Store::next`] and
//! [`Store::annotate`] take time that does not grow with the number of items; [`Store::reorder`] takes as much as it
//! moves.

mod annotate;
mod db;
mod error;
mod handle;
mod items;
mod kept;
mod next;
mod open;
mod options;
mod order;
mod place;
mod project;
mod projections;
mod text;
mod types;
mod vectors;
mod writer;

pub use error::{Error, Result};
pub use handle::Store;
pub use options::{Clock, StoreOptions};
pub use types::{
    Added, Annotated, Annotation, Annotator, Draft, Item, ItemState, Lease, NewItem, Progress, Projection, QueuePage,
    Queued, Reordering, Rules, Versions,
};
