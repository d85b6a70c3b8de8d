//! Some of many items, to be shown.

mod strata;

use crate::error::{Error, Result};
use planisphere_core::CounterRng;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Some of many items, to be shown on a map: drawn at random, the same for the same seed and ids, on any machine.
///
/// Each id is hashed with the seed, and the items with the lowest hashes are taken. So a sample hardly changes when items
/// are added: at most as many others leave it as new ones enter, and no new one enters but by its own hash.
///
/// ```
/// use planisphere_queue_reorder::Sample;
///
/// let ids: Vec<String> = (0..1000).map(|i| format!("item_{i}")).collect();
/// let annotated: Vec<bool> = (0..1000).map(|i| i < 30).collect();
/// let shown = Sample::new(100).draw(&ids, &annotated)?;
/// assert_eq!(shown.len(), 100);
/// assert_eq!(shown[..30], (0..30).collect::<Vec<_>>());
///
/// // Ten more items: at most ten change.
/// let more: Vec<String> = (0..1010).map(|i| format!("item_{i}")).collect();
/// let annotated: Vec<bool> = (0..1010).map(|i| i < 30).collect();
/// let later = Sample::new(100).draw(&more, &annotated)?;
/// assert!(shown.iter().filter(|i| !later.contains(i)).count() <= 10);
/// # Ok::<(), planisphere_queue_reorder::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    sample_size: usize,
    include_all_annotated: bool,
    seed: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self { sample_size: 1000, include_all_annotated: true, seed: 42 }
    }
}

impl Sample {
    /// A sample of at most so many items. The default is 1000.
    pub fn new(sample_size: usize) -> Self {
        Self { sample_size, ..Self::default() }
    }

    /// Whether all annotated items are in the sample, even if they are more than its size; the others then share what is
    /// left of it (true, the default). If false, every item has the same chance.
    #[must_use]
    pub fn include_all_annotated(mut self, include: bool) -> Self {
        self.include_all_annotated = include;
        self
    }

    /// The seed. Default: 42.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Draws from items with these ids: the positions of those taken, in the order of the items. All, if they are not more
    /// than the sample's size.
    ///
    /// # Errors
    /// [`Error::Lengths`] if there is not one flag for each id, [`Error::DuplicateId`] if two items have the same id.
    pub fn draw<I: AsRef<str>>(&self, ids: &[I], annotated: &[bool]) -> Result<Vec<usize>> {
        self.draw_by(ids, annotated, |candidates, size| vec![(candidates, size)])
    }

    /// Draws from strata, such as labels or clusters, in proportion to the items that they have (by largest remainder), at
    /// least one of each where the size allows; `strata` has the stratum of each item. Annotated items that are in the
    /// sample in any case are not counted: strata share what is left.
    ///
    /// As items are added, shares may move by one between strata; inside of a stratum the sample is as stable as that of
    /// [`Sample::draw`].
    ///
    /// ```
    /// use planisphere_queue_reorder::Sample;
    /// let ids: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    /// let labels: Vec<Option<&str>> = (0..100).map(|i| if i < 90 { Some("common") } else { None }).collect();
    /// let shown = Sample::new(20).draw_stratified(&ids, &[false; 100], &labels)?;
    /// assert_eq!(shown.iter().filter(|&&i| i >= 90).count(), 2);
    /// # Ok::<(), planisphere_queue_reorder::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Sample::draw`], and [`Error::Lengths`] if there is not one stratum for each id.
    pub fn draw_stratified<I: AsRef<str>, S: Ord>(
        &self,
        ids: &[I],
        annotated: &[bool],
        strata: &[S],
    ) -> Result<Vec<usize>> {
        if strata.len() != ids.len() {
            return Err(Error::Lengths { what: "strata", expected: ids.len(), got: strata.len() });
        }
        self.draw_by(ids, annotated, |mut candidates, size| {
            candidates.sort_by(|&a, &b| strata[a].cmp(&strata[b]));
            let groups: Vec<Vec<usize>> =
                candidates.chunk_by(|&a, &b| strata[a] == strata[b]).map(<[usize]>::to_vec).collect();
            let counts: Vec<usize> = groups.iter().map(Vec::len).collect();
            groups.into_iter().zip(strata::shares(&counts, size)).collect()
        })
    }

    /// Draws by what `split` makes of the candidates and their number: groups, and how many to take of each.
    fn draw_by<I: AsRef<str>>(
        &self,
        ids: &[I],
        annotated: &[bool],
        split: impl FnOnce(Vec<usize>, usize) -> Vec<(Vec<usize>, usize)>,
    ) -> Result<Vec<usize>> {
        if annotated.len() != ids.len() {
            return Err(Error::Lengths { what: "flags of annotated items", expected: ids.len(), got: annotated.len() });
        }
        let mut places = HashMap::with_capacity(ids.len());
        for (second, id) in ids.iter().enumerate() {
            if let Some(first) = places.insert(id.as_ref(), second) {
                return Err(Error::DuplicateId { id: id.as_ref().to_owned(), first, second });
            }
        }
        if ids.len() <= self.sample_size {
            return Ok((0..ids.len()).collect());
        }
        let (mut taken, candidates): (Vec<usize>, Vec<usize>) =
            (0..ids.len()).partition(|&i| self.include_all_annotated && annotated[i]);
        let size = self.sample_size.saturating_sub(taken.len());
        for (group, size) in split(candidates, size) {
            let mut hashed: Vec<(u64, &str, usize)> = group
                .into_iter()
                .map(|i| (CounterRng::new(self.seed, ids[i].as_ref()).at(0, 0).bits(0), ids[i].as_ref(), i))
                .collect();
            if size < hashed.len() {
                // Equal hashes, should there ever be any, go by id.
                hashed.select_nth_unstable(size);
                hashed.truncate(size);
            }
            taken.extend(hashed.into_iter().map(|h| h.2));
        }
        taken.sort_unstable();
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("item_{i:03}")).collect()
    }

    #[test]
    fn every_item_has_the_same_chance() {
        let ids = names(40);
        let mut counts = [0; 40];
        for seed in 0..2000 {
            let drawn = Sample::new(10).include_all_annotated(false).seed(seed).draw(&ids, &[true; 40]).unwrap();
            drawn.into_iter().for_each(|i| counts[i] += 1);
        }
        // 500 expected, with a standard deviation below 20.
        assert!(counts.iter().all(|c| (400..600).contains(c)), "{counts:?}");
    }

    #[test]
    fn the_hash_is_fixed() {
        // Samples stay what they are from one version to the next.
        let drawn = Sample::new(5).draw(&names(100), &[false; 100]).unwrap();
        assert_eq!(drawn, [9, 25, 63, 75, 76]);
        assert_eq!(Sample::default(), Sample::new(1000));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let e = Sample::new(1).draw(&["a", "b", "a"], &[false; 3]).unwrap_err();
        assert_eq!(e, Error::DuplicateId { id: "a".to_owned(), first: 0, second: 2 });
        assert!(matches!(Sample::new(1).draw(&["a"], &[]), Err(Error::Lengths { expected: 1, got: 0, .. })));
        let e = Sample::new(1).draw_stratified(&["a"], &[true], &[0; 2]).unwrap_err();
        assert!(matches!(e, Error::Lengths { what: "strata", expected: 1, got: 2 }));
        assert!(Sample::new(0).draw(&["a", "b"], &[false; 2]).unwrap().is_empty());
        assert_eq!(Sample::new(0).draw(&["a", "b"], &[false, true]).unwrap(), [1]);
    }

    proptest! {
        #[test]
        fn added_items_change_at_most_as_many(
            n in 0usize..60,
            more in 0usize..20,
            size in 0usize..50,
            annotated in prop::collection::vec(any::<bool>(), 80),
            include: bool,
            seed: u64,
        ) {
            // New items come in front, so that nothing depends on places.
            let ids: Vec<String> = names(n + more);
            let sample = Sample::new(size).include_all_annotated(include).seed(seed);
            let late: Vec<&str> = ids.iter().rev().map(String::as_str).collect();
            let marks: Vec<bool> = (0..n + more).rev().map(|i| annotated[i]).collect();
            let before: Vec<&str> =
                sample.draw(&ids[..n], &annotated[..n]).unwrap().into_iter().map(|i| ids[i].as_str()).collect();
            let drawn = sample.draw(&late, &marks).unwrap();
            prop_assert!(drawn.windows(2).all(|w| w[0] < w[1]));
            let after: Vec<&str> = drawn.into_iter().map(|i| late[i]).collect();
            let left = before.iter().filter(|id| !after.contains(id)).count();
            let entered: Vec<&&str> = after.iter().filter(|id| !before.contains(id)).collect();
            prop_assert!(left <= more && entered.len() <= more);
            prop_assert!(entered.iter().all(|id| ids[n..].iter().any(|new| new == **id)));
        }

        #[test]
        fn sizes_are_as_specified(
            annotated in prop::collection::vec(any::<bool>(), 0..60),
            size in 0usize..70,
            include: bool,
            seed: u64,
            strata in prop::collection::vec(0u8..5, 60),
        ) {
            let n = annotated.len();
            let ids = names(n);
            let sample = Sample::new(size).include_all_annotated(include).seed(seed);
            let marked = annotated.iter().filter(|a| **a).count();
            let want = if include { size.max(marked).min(n) } else { size.min(n) };
            for drawn in [
                sample.draw(&ids, &annotated).unwrap(),
                sample.draw_stratified(&ids, &annotated, &strata[..n]).unwrap(),
            ] {
                prop_assert_eq!(drawn.len(), want);
                prop_assert!(!include || (0..n).all(|i| !annotated[i] || drawn.contains(&i)));
            }
            // Each stratum has at least one, if there is room.
            let drawn = sample.clone().include_all_annotated(false).draw_stratified(&ids, &annotated, &strata[..n]).unwrap();
            let there: std::collections::BTreeSet<u8> = strata[..n].iter().copied().collect();
            let shown: std::collections::BTreeSet<u8> = drawn.iter().map(|&i| strata[i]).collect();
            prop_assert_eq!(shown.len(), there.len().min(size));
        }
    }
}
