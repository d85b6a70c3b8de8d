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
//! # Orders
//! What is known of the items makes an order, a [`Ranking`]. Each can be a group, to take turns with selections and with
//! other orders:
//!
//! | first come | by |
//! |---|---|
//! | items with the highest or lowest score, such as entropy | [`ByScore`]; [`Disagreement`] scores votes |
//! | something of each cluster | [`cluster_turns`], with clusters of [`KMeans`] or others |
//! | what is farthest from all before it, or from annotated items | [`FarthestFirst`], [`novelty`] |
//! | what is uncertain and typical | [`Density`], [`mean_similarity`], [`neighbor_distance`] |
//! | several of these, weighted | [`Hybrid`] |
//! | a random batch that is uncertain and spread out | [`Spread`] |
//! | random items | [`Shuffle`] |
//!
//! ```
//! use planisphere_queue_reorder::{ByScore, Hybrid, Metric, Reorder, Selection, apply, novelty};
//! use planisphere_core::Matrix;
//!
//! let queue = ["a", "b", "c", "d"];
//! let x = Matrix::from_rows([[1.0f32, 0.0], [1.0, 0.1], [0.0, 1.0], [-1.0, 0.0]])?;
//! let uncertainty = [0.9, 0.8, 0.1, 0.5].map(Some);
//! let diversity: Vec<_> = novelty(&x, &[0], Metric::Cosine)?.into_iter().map(Some).collect();
//! let scores = Hybrid::new().scores(&[&uncertainty, &diversity])?;
//!
//! let by_hand = Selection::new(["c"]).priority(1.0);
//! let doubtful = ByScore::new().rank(scores)?.selection(&queue)?.priority(2.0);
//! let order = Reorder::new().refill(true).order(&[by_hand, doubtful])?;
//! assert_eq!(apply(&queue, &order), ["c", "a", "d", "b"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Samples
//! [`Sample`] draws what a map shows of more items than it can show: the same for the same ids, and hardly another when
//! items are added.
//!
//! # Rules
//! 1. Groups are sorted by priority, lowest number first; equal ones stay in the order given. A group without priority
//!    has [`DEFAULT_PRIORITY`].
//! 2. Rounds: one item of each group in turn; groups that have run out are left out. Without interleaving, one group
//!    follows the other.
//! 3. Then items that came before are dropped. Their places are not refilled, so a group that shares items with one
//!    before it falls behind by as many places; with [`Reorder::refill`], it takes its next item instead.
//! 4. The queue takes the known ones of these first, then its other items in their order. No item is lost, none comes
//!    twice, unknown ids are skipped.
//!
//! # A queue that stays
//! The module `queue` (feature `queue`, on by default) keeps items, who has which of them, who is done, and every
//! reorder in a file that any number of annotators, threads and processes share.
//!
//! # Guarantees
//! Groups and orders take linear time and memory (sorting the groups aside). The same input gives the same output, for any
//! number of threads; equal scores stay in the order of the queue. Nothing panics on any input.

mod apply;
mod error;
mod kmeans;
mod order;
mod orders;
#[cfg(feature = "queue")]
pub mod queue;
mod reordered;
mod request;
mod sample;
mod scale;

pub use apply::apply;
pub use error::{Error, Kind, Result};
pub use kmeans::{KMeans, KMeansModel, NClusters};
pub use order::{DEFAULT_PRIORITY, Reorder, Selection};
pub use orders::{
    ByScore, Density, Direction, Disagreement, Farthest, FarthestFirst, First, Hybrid, Metric, Ranking, Shuffle,
    Spread, Unknown, cluster_turns, cluster_turns_among, mean_similarity, neighbor_distance, neighbor_similarity,
    novelty, novelty_with,
};
#[cfg(feature = "queue")]
pub use queue::{Queue, QueueError, QueueOptions};
pub use reordered::Reordered;
pub use request::{PREVIEW_LEN, Request, Response};
pub use sample::Sample;
