//! A queue of items to annotate, in a file that any number of annotators, threads and processes share.
//!
//! ```
//! use planisphere_queue_reorder::{Queue, QueueError};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("items.queue");
//! let queue = Queue::open(&path)?;
//! queue.add(["a", "b", "c", "d"])?;
//!
//! // Each annotator is given the first item that nobody else has, and keeps it for half an hour.
//! let ann = queue.next("ann")?.ok_or("nothing left")?;
//! let ben = queue.next("ben")?.ok_or("nothing left")?;
//! assert_eq!((ann.id.as_str(), ben.id.as_str()), ("a", "b"));
//! // Asked again, it is the same one.
//! assert!(queue.next("ann")?.is_some_and(|same| same.again && same.id == "a"));
//! assert!(queue.complete("ann", "a")?.finished);
//!
//! // A reorder takes effect with the next item that is given to somebody, and can be undone.
//! let moved = queue.reorder(&["d", "nobody"], "cleo", "outliers first")?;
//! assert_eq!((moved.moved, moved.unknown), (1, vec!["nobody".to_owned()]));
//! assert_eq!(queue.remaining()?, ["d", "b", "c"]);
//! assert_eq!(queue.undo("cleo", "too early")?, Some(moved.entry));
//! assert_eq!(queue.ids()?, ["a", "b", "c", "d"]);
//!
//! // Who comes too late is told.
//! assert!(matches!(queue.complete("ann", "b"), Err(QueueError::QuotaReached { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is guaranteed
//!
//! * **No item is given to more annotators than it needs.** Those who completed it and those who have it, their leases
//!   not being over, are together never more than its quota. No annotator is given an item that she completed or
//!   skipped.
//! * **No item is lost.** An item that somebody was given comes back when it is released or skipped, or when the time
//!   of the lease is up, at its place in the order.
//! * **The order is what the log says**: each reorder, in turn, put its items in front, as [`apply`](crate::apply()) does,
//!   those aside that are undone; items stand behind in the order in which they were added.
//! * **What was told is on the disk.** Each change is one transaction that is there when the call returns, and is not
//!   there at all if it fails, also when a process is killed or the power fails at any moment. There is nothing to
//!   repair after that. Reading does not write.
//! * **Any number of processes and threads** may use one file. It is locked while it is read, by all readers together,
//!   or written, by one: for milliseconds. Locks are those of the system; a file system without them gives an error.
//!   Between machines they work only where the file system carries them from one to the other.
//!
//! # Cost
//!
//! For n items: [`next`](Queue::next), [`complete`](Queue::complete) and the like O(log n) and two waits for the disk.
//! [`reorder`](Queue::reorder) and [`undo`](Queue::undo) O(m log n) for m items moved. Reading all ids is O(n),
//! [`counts`](Queue::counts) is not.
//!
//! # Time
//!
//! Leases end by the [`Clock`], so that machines that share a file should agree on the time. Times are milliseconds since
//! 1970, UTC.
//!
//! # The file
//!
//! It is a [redb](https://docs.rs/redb) database in a container with checksums. All of it can be had as a [`Snapshot`], for
//! JSON or anything else that serde writes, and be restored from one.

#[cfg(test)]
mod crash;
mod error;
mod grant;
mod handle;
mod index;
mod options;
mod order;
mod place;
mod runs;
mod snapshot;
mod tables;
mod types;

pub use error::{QueueError, Result};
pub use handle::Queue;
pub use options::{Clock, QueueOptions};
pub use snapshot::{Snapshot, SnapshotChange, SnapshotEntry, SnapshotItem};
pub use types::{Added, Change, Completed, Counts, ItemState, Lease, Leased, LogEntry, Mark, Moved, Status};
