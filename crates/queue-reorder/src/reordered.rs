//! What a new order does to a queue of which some items are finished.

use crate::apply;
use serde::Serialize;
use std::collections::HashSet;
use std::hash::Hash;

/// A queue after a reorder: the new ordering, what is left to hand out, and what the queue did not know.
///
/// Finished items move in the ordering as others do, but are not handed out again. A later reorder goes in front of an
/// earlier one: make it from this [`ordering`](Self::ordering).
///
/// ```
/// use planisphere_queue_reorder::Reordered;
///
/// let queue = ["a", "b", "c", "d"];
/// let r = Reordered::new(&queue, &["b"], &["d", "nobody", "b"]);
/// assert_eq!(r.ordering, ["d", "b", "a", "c"]);
/// assert_eq!(r.remaining, ["d", "a", "c"]);
/// assert_eq!((r.moved_count, r.unknown_ids), (2, vec!["nobody"]));
///
/// let again = Reordered::new(&r.ordering, &["b"], &["c"]);
/// assert_eq!(again.ordering, ["c", "d", "b", "a"]);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reordered<T = String> {
    /// The different ids sent, in their order, unknown ones included.
    pub sent: Vec<T>,
    /// All items of the queue in their new order, each once: see [`apply`].
    pub ordering: Vec<T>,
    /// The same less the finished ones.
    pub remaining: Vec<T>,
    /// The ids sent that the queue does not know, in their order.
    pub unknown_ids: Vec<T>,
    /// How many items were put in front: as many as were sent and are not unknown, whether or not they stood there before.
    pub moved_count: usize,
}

impl<T: Clone + Eq + Hash> Reordered<T> {
    /// Puts the items of `new_order` in front of `queue`. Finished ids that the queue does not know mean nothing.
    pub fn new(queue: &[T], finished: &[T], new_order: &[T]) -> Self {
        let known: HashSet<&T> = queue.iter().collect();
        let mut seen = HashSet::with_capacity(new_order.len());
        let sent: Vec<T> = new_order.iter().filter(|id| seen.insert(*id)).cloned().collect();
        let unknown_ids: Vec<T> = sent.iter().filter(|id| !known.contains(id)).cloned().collect();
        let moved_count = sent.len() - unknown_ids.len();
        let ordering = apply(queue, &sent);
        let finished: HashSet<&T> = finished.iter().collect();
        let remaining = ordering.iter().filter(|id| !finished.contains(id)).cloned().collect();
        Self { sent, ordering, remaining, unknown_ids, moved_count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_sent_changes_nothing() {
        let r = Reordered::new(&[3, 1, 2], &[1, 7], &[]);
        assert_eq!((r.ordering.as_slice(), r.remaining.as_slice()), (&[3, 1, 2][..], &[3, 2][..]));
        assert_eq!((r.sent.len(), r.unknown_ids.len(), r.moved_count), (0, 0, 0));
    }

    #[test]
    fn repeated_ids_count_once() {
        let r = Reordered::new(&[1, 2, 3], &[], &[9, 2, 9, 2]);
        assert_eq!((r.sent, r.unknown_ids, r.moved_count), (vec![9, 2], vec![9], 1));
        assert_eq!(r.ordering, [2, 1, 3]);
        assert!(Reordered::<u8>::new(&[], &[], &[1]).ordering.is_empty());
    }
}
