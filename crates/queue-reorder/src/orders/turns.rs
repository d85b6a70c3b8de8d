//! Clusters in turn.

use super::{Ranking, same_length};
use crate::error::Result;
use std::collections::BTreeMap;

/// Clusters in turn, sorted by id: one item of each that still has any, then again; inside a cluster in the order of
/// the queue. Items without a cluster come last. The first annotators thus see something of everything.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_queue_reorder::{KMeans, cluster_turns};
///
/// let x = Matrix::from_rows([[0.0f32, 0.0], [0.0, 0.1], [9.0, 9.0], [0.1, 0.0], [9.0, 9.1]])?;
/// let clusters = KMeans::new(2).fit(&x)?;
/// let ranking = cluster_turns(clusters.labels().iter().map(|&c| Some(c)));
/// assert_eq!(ranking.positions(), [0, 2, 1, 4, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cluster_turns<C: Ord>(clusters: impl IntoIterator<Item = Option<C>>) -> Ranking {
    turns(clusters.into_iter().map(|c| (c, true)))
}

/// [`cluster_turns`] of those items alone that are `available`; the others take no turn and are missing in the ranking.
/// With [`Ranking::preserve`], items that are not available keep their places.
///
/// ```
/// use planisphere_queue_reorder::cluster_turns_among;
/// let clusters = [Some("a"), Some("a"), Some("a"), Some("b"), Some("b")];
/// let seen = [true, false, false, false, false];
/// let ranking = cluster_turns_among(&clusters, &seen.map(|s| !s))?;
/// assert_eq!(ranking.positions(), [1, 3, 2, 4]);
/// assert_eq!(ranking.preserve(&seen)?.positions(), [0, 1, 3, 2, 4]);
/// # Ok::<(), planisphere_queue_reorder::Error>(())
/// ```
///
/// # Errors
/// [`Error::Lengths`](crate::Error::Lengths) if there is not one flag for each item.
pub fn cluster_turns_among<C: Ord>(clusters: &[Option<C>], available: &[bool]) -> Result<Ranking> {
    same_length("flags of available items", clusters.len(), available.len())?;
    Ok(turns(clusters.iter().map(Option::as_ref).zip(available.iter().copied())))
}

fn turns<C: Ord>(items: impl Iterator<Item = (Option<C>, bool)>) -> Ranking {
    let mut clusters: BTreeMap<C, Vec<usize>> = BTreeMap::new();
    let mut without = Vec::new();
    let mut n = 0;
    for (item, (cluster, available)) in items.enumerate() {
        n = item + 1;
        match cluster {
            _ if !available => {}
            Some(c) => clusters.entry(c).or_default().push(item),
            None => without.push(item),
        }
    }
    let mut left: Vec<_> = clusters.into_values().map(Vec::into_iter).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        left.retain_mut(|items| {
            let item = items.next();
            order.extend(item);
            item.is_some()
        });
    }
    order.extend(without);
    Ranking::of(n, order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn by_round_then_cluster(items in prop::collection::vec((prop::option::of(0u8..6), any::<bool>()), 0..50)) {
            let (clusters, available): (Vec<_>, Vec<_>) = items.into_iter().unzip();
            let ranking = cluster_turns_among(&clusters, &available).unwrap();
            // The definition: one sort by (has none, how many of its cluster come before, cluster, position).
            let mut keyed: Vec<_> = (0..clusters.len())
                .filter(|&i| available[i])
                .map(|i| {
                    let before = (0..i).filter(|&j| available[j] && clusters[j] == clusters[i]).count();
                    (clusters[i].is_none(), before, clusters[i], i)
                })
                .collect();
            keyed.sort_unstable();
            let want: Vec<usize> = keyed.into_iter().map(|k| k.3).collect();
            prop_assert_eq!(ranking.positions(), want);
            prop_assert_eq!(ranking.items(), clusters.len());
            let all = cluster_turns(clusters.iter().copied());
            prop_assert_eq!(all, cluster_turns_among(&clusters, &vec![true; clusters.len()]).unwrap());
        }
    }
}
