//! Selected items to the front of an annotation queue.
//!
//! A person selects groups of points on a map and gives each group a priority. [`Reorder`] takes the groups in turn, so
//! that annotators see all of them early, and [`apply`] puts the result in front of the queue.
//!
//! ```
//! use planisphere_queue_reorder::{Reorder, Selection, apply};
//!
//! let selections = [Selection::new(["A", "B", "C"]).priority(1.0), Selection::new(["X", "Y"]).priority(2.0)];
//! let order = Reorder::new().order(&selections)?;
//! assert_eq!(order, ["A", "X", "B", "Y", "C"]);
//!
//! let queue = ["P", "A", "Q", "B", "X"];
//! assert_eq!(apply(&queue, &order), ["A", "X", "B", "P", "Q"]);
//! # Ok::<(), planisphere_queue_reorder::Error>(())
//! ```
//!
//! # Requests
//! [`Request::from_json`] reads `{"selections":[{"instance_ids":["A"],"priority":1}],"interleave":true}` strictly: what
//! does not fit is an [`Error`] that says where. [`Request::respond`] gives the answer of the dashboard's interface.
//!
//! # Rules
//! 1. Groups are sorted by priority, lowest number first; equal ones stay in the order given. A group without priority
//!    has [`DEFAULT_PRIORITY`].
//! 2. Rounds: one item of each group in turn; groups that have run out are left out. Without interleaving, one group
//!    follows the other.
//! 3. Then items that came before are dropped. Their places are not refilled, so a group that shares items with one
//!    before it falls behind by as many places.
//! 4. The queue takes the known ones of these first, then its other items in their order. No item is lost, none comes
//!    twice, unknown ids are skipped.
//!
//! # Guarantees
//! All functions are linear in time and memory (sorting the groups aside), the same input gives the same output, and
//! nothing panics on any input.

mod error;
mod order;
mod queue;
mod request;

pub use error::{Error, Kind, Result};
pub use order::{DEFAULT_PRIORITY, Reorder, Selection};
pub use queue::apply;
pub use request::{PREVIEW_LEN, Request, Response};
