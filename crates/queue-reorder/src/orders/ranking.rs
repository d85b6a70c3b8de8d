//! Items in the order in which they should come.

use super::same_length;
use crate::error::{Error, Result};
use crate::order::Selection;

/// Items in the order in which they should come, by their positions in the queue. No item stands twice; some may be
/// missing.
///
/// What every order of this crate gives. With the ids it becomes a group, which can take turns with others:
///
/// ```
/// use planisphere_queue_reorder::{ByScore, Reorder, Shuffle};
///
/// let ids = ["a", "b", "c", "d", "e"];
/// let doubtful = ByScore::new().rank([0.1, 0.9, 0.2, 0.8, 0.3])?.first(2);
/// let random = Shuffle::new(7).rank(ids.len());
/// let groups = [doubtful.selection(&ids)?.priority(1.0), random.selection(&ids)?.priority(2.0)];
/// let order = Reorder::new().refill(true).order(&groups)?;
/// assert_eq!((order[0], order[2], order.len()), ("b", "d", 5));
/// # Ok::<(), planisphere_queue_reorder::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    items: usize,
    positions: Vec<usize>,
}

impl Ranking {
    /// A ranking of `items` items: their positions, counted from 0, in their new order.
    ///
    /// # Errors
    /// [`Error::NoSuchItem`], [`Error::RankedTwice`].
    pub fn new(items: usize, positions: Vec<usize>) -> Result<Self> {
        let mut seen = vec![false; items];
        for &position in &positions {
            match seen.get_mut(position) {
                None => return Err(Error::NoSuchItem { position, items }),
                Some(true) => return Err(Error::RankedTwice { position }),
                Some(seen) => *seen = true,
            }
        }
        Ok(Self { items, positions })
    }

    /// For orders that keep the rules.
    pub(crate) fn of(items: usize, positions: Vec<usize>) -> Self {
        debug_assert!(Self::new(items, positions.clone()).is_ok());
        Self { items, positions }
    }

    /// The positions, first comes first.
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// How many items are ranked.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether no item is ranked.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// How many items there are, those that are missing here included.
    pub fn items(&self) -> usize {
        self.items
    }

    /// The first `n`, or all if there are fewer.
    #[must_use]
    pub fn first(mut self, n: usize) -> Self {
        self.positions.truncate(n);
        self
    }

    /// Only the items that `keep` is true for.
    #[must_use]
    pub fn filter(mut self, mut keep: impl FnMut(usize) -> bool) -> Self {
        self.positions.retain(|&p| keep(p));
        self
    }

    /// With the items that were missing at the end, in the order of the queue.
    #[must_use]
    pub fn complete(mut self) -> Self {
        let mut missing = vec![true; self.items];
        self.positions.iter().for_each(|&p| missing[p] = false);
        self.positions.extend((0..self.items).filter(|&p| missing[p]));
        self
    }

    /// All items, of which those that are `preserved` keep their places in the queue, as items do that annotators have
    /// seen already; the others fill the gaps in the order of this ranking.
    ///
    /// ```
    /// use planisphere_queue_reorder::Ranking;
    /// let backwards = Ranking::new(5, vec![4, 3, 2, 1, 0])?;
    /// let kept = backwards.preserve(&[false, true, false, false, false])?;
    /// assert_eq!(kept.positions(), [4, 1, 3, 2, 0]);
    /// # Ok::<(), planisphere_queue_reorder::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Lengths`] if there is not one flag for each item.
    pub fn preserve(self, preserved: &[bool]) -> Result<Self> {
        same_length("flags of preserved items", self.items, preserved.len())?;
        let items = self.items;
        let mut others = self.complete().positions.into_iter().filter(|&p| !preserved[p]);
        let positions = (0..items).filter_map(|p| if preserved[p] { Some(p) } else { others.next() }).collect();
        Ok(Self::of(items, positions))
    }

    /// The ids of the ranked items in their new order.
    ///
    /// # Errors
    /// [`Error::Lengths`] if there is not one id for each item.
    pub fn ids<T: Clone>(&self, ids: &[T]) -> Result<Vec<T>> {
        same_length("ids", self.items, ids.len())?;
        Ok(self.positions.iter().map(|&p| ids[p].clone()).collect())
    }

    /// The ids as a group, to be interleaved with others.
    ///
    /// # Errors
    /// [`Error::Lengths`] if there is not one id for each item.
    pub fn selection<T: Clone>(&self, ids: &[T]) -> Result<Selection<T>> {
        Ok(Selection::new(self.ids(ids)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rules_are_checked() {
        assert_eq!(Ranking::new(2, vec![2]), Err(Error::NoSuchItem { position: 2, items: 2 }));
        assert_eq!(Ranking::new(2, vec![1, 1]), Err(Error::RankedTwice { position: 1 }));
        let r = Ranking::new(3, vec![2]).unwrap();
        assert!(matches!(r.ids(&["a"]), Err(Error::Lengths { expected: 3, got: 1, .. })));
        assert!(matches!(r.clone().preserve(&[]), Err(Error::Lengths { expected: 3, got: 0, .. })));
        assert_eq!(r.clone().complete().positions(), [2, 0, 1]);
        assert!(r.filter(|p| p != 2).is_empty());
    }

    proptest! {
        #[test]
        fn preserved_items_stay_and_the_others_keep_their_order(
            preserved in prop::collection::vec(any::<bool>(), 0..30),
            seed: u64,
            part in 0usize..30,
        ) {
            let n = preserved.len();
            let ranking = crate::Shuffle::new(seed).rank(n).first(part);
            let kept = ranking.clone().preserve(&preserved).unwrap();
            prop_assert_eq!(kept.len(), n);
            prop_assert!((0..n).all(|p| !preserved[p] || kept.positions()[p] == p));
            let moved: Vec<usize> = kept.positions().iter().copied().filter(|&p| !preserved[p]).collect();
            let want: Vec<usize> = ranking.complete().positions().iter().copied().filter(|&p| !preserved[p]).collect();
            prop_assert_eq!(moved, want);
        }
    }
}
