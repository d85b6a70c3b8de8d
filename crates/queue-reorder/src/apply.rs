//! The queue after a reorder.

use std::collections::HashSet;
use std::hash::Hash;

/// The queue with the items of `new_order` in front, then its other items in their order.
///
/// Ids of `new_order` that the queue does not hold are skipped, repeated ones count once, and items that stand in the
/// queue more than once are kept at their first place only: the result never holds an item twice.
///
/// A later reorder goes in front of an earlier one, because it is applied to its result:
///
/// ```
/// use planisphere_queue_reorder::apply;
/// let queue = apply(&["a", "b", "c", "d"], &["c", "b"]);
/// assert_eq!(queue, ["c", "b", "a", "d"]);
/// assert_eq!(apply(&queue, &["d", "nobody", "d"]), ["d", "c", "b", "a"]);
/// ```
pub fn apply<T: Clone + Eq + Hash>(queue: &[T], new_order: &[T]) -> Vec<T> {
    let known: HashSet<&T> = queue.iter().collect();
    let mut placed = HashSet::with_capacity(known.len());
    let first = new_order.iter().filter(|id| known.contains(id));
    first.chain(queue).filter(|id| placed.insert(*id)).cloned().collect()
}
