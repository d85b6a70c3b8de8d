//! An order of items, annotators and labels that depends on who labeled what alike, not on names or on what came first.
//!
//! Restarts draw numbers for annotators and labels, and sums are added in some order. If both followed the order of the
//! data, shuffled or renamed data would give other bits, and with few restarts another optimum. Here they follow hashes
//! that are refined over the votes (the color refinement of Weisfeiler and Leman, 1968).
//!
//! Annotators with the same hash are alike to the model: it learns of an annotator what the hash learns. Started alike they
//! would stay alike, though the likeliest parameters may tell them apart, as two camps that contradict each other. So of
//! those that are alike one is marked, and those that it met follow, until only annotators with the very same votes are
//! alike. Which one is marked makes no difference but of who is who.

use crate::annotations::{Vote, group};
use planisphere_core::{CancelToken, Cancelled};
use rayon::prelude::*;

/// Rounds at most. Most data needs four: in each, a hash learns of what is one step farther away.
const ROUNDS: usize = 12;
/// How often one is marked, at most: it takes rounds over the votes.
const MARKS: usize = 256;
/// And at most while so many votes are gone through for it. Those that are alike then are told apart by number.
const WORK: usize = 100_000_000;

/// Hashes of items, annotators and labels, by number.
pub(crate) struct Keys {
    pub(crate) items: Vec<u64>,
    pub(crate) annotators: Vec<u64>,
    pub(crate) labels: Vec<u64>,
}

/// What tells items and labels apart beyond votes: a control's label, and a prior.
pub(crate) struct Given<'a> {
    pub(crate) controls: &'a [Option<u32>],
    pub(crate) priors: Option<&'a [f64]>,
}

/// Votes grouped by item, and how many annotators and labels there are.
pub(crate) struct Grouped<'a> {
    pub(crate) offsets: &'a [usize],
    pub(crate) votes: &'a [Vote],
    pub(crate) annotators: usize,
    pub(crate) labels: usize,
}

impl Keys {
    pub(crate) fn find(of: &Grouped<'_>, given: &Given<'_>, token: &CancelToken) -> Result<Self, Cancelled> {
        let items = of.offsets.len() - 1;
        let mut keys = Self { items: vec![1; items], annotators: vec![2; of.annotators], labels: vec![3; of.labels] };
        if let Some(priors) = given.priors {
            // By rank, so that neither the scale nor rounding matters.
            let mut ranks = priors.to_vec();
            ranks.sort_by(f64::total_cmp);
            ranks.dedup();
            for (key, p) in keys.labels.iter_mut().zip(priors) {
                *key = mix(ranks.partition_point(|r| r < p) as u64);
            }
        }
        keys.settle(of, given, token)?;
        keys.tell_apart(of, given, token)?;
        Ok(keys)
    }

    /// Rounds until no more items, annotators or labels are told apart.
    fn settle(&mut self, of: &Grouped<'_>, given: &Given<'_>, token: &CancelToken) -> Result<(), Cancelled> {
        let mut known = 0;
        for _ in 0..ROUNDS {
            token.check()?;
            self.refine(of.offsets, of.votes, given);
            let kinds = [&self.items, &self.annotators, &self.labels].map(|keys| kinds(keys)).iter().sum();
            if kinds == known {
                break;
            }
            known = kinds;
        }
        Ok(())
    }

    /// Marks one of those that are alike, until no two are but annotators with the same votes and labels without any.
    fn tell_apart(&mut self, of: &Grouped<'_>, given: &Given<'_>, token: &CancelToken) -> Result<(), Cancelled> {
        let (starts, by_annotator) = group(of.votes, of.annotators, |v| v.annotator);
        let votes_of = |a: u32| {
            // By item, since the votes were.
            by_annotator[starts[a as usize]..starts[a as usize + 1]].iter().map(|v| (v.item, v.label))
        };
        let mut used = vec![false; of.labels];
        of.votes.iter().for_each(|v| used[v.label as usize] = true);
        let same_annotators = |a: u32, b: u32| votes_of(a).eq(votes_of(b));
        let same_labels = |a: u32, b: u32| !used[a as usize] && !used[b as usize];
        for _ in 0..MARKS.min(WORK / (ROUNDS * of.votes.len().max(1))) {
            if let Some(a) = alike(&self.annotators, same_annotators) {
                self.annotators[a as usize] = mix(self.annotators[a as usize]);
            } else if let Some(l) = alike(&self.labels, same_labels) {
                self.labels[l as usize] = mix(self.labels[l as usize]);
            } else {
                return Ok(());
            }
            self.settle(of, given, token)?;
        }
        number_alike(&mut self.annotators, same_annotators);
        number_alike(&mut self.labels, same_labels);
        Ok(())
    }

    fn refine(&mut self, offsets: &[usize], votes: &[Vote], given: &Given<'_>) {
        // Sums of hashes do not depend on the order of what is added.
        let (annotators, labels) = (&self.annotators, &self.labels);
        let items: Vec<u64> = (0..self.items.len())
            .into_par_iter()
            .map(|i| {
                let mut sum = 0u64;
                for v in &votes[offsets[i]..offsets[i + 1]] {
                    sum = sum.wrapping_add(both(annotators[v.annotator as usize], labels[v.label as usize]));
                }
                if let Some(control) = given.controls[i] {
                    sum = sum.wrapping_add(both(7, labels[control as usize]));
                }
                both(self.items[i], sum)
            })
            .collect();
        let mut of_annotator = vec![0u64; self.annotators.len()];
        let mut of_label = vec![0u64; self.labels.len()];
        for v in votes {
            let (i, a, l) = (v.item as usize, v.annotator as usize, v.label as usize);
            let seen = both(self.items[i], labels[l]);
            of_annotator[a] = of_annotator[a].wrapping_add(seen);
            of_label[l] = of_label[l].wrapping_add(both(annotators[a], self.items[i]));
        }
        self.items = items;
        for (key, sum) in self.annotators.iter_mut().zip(of_annotator) {
            *key = both(*key, sum);
        }
        for (key, sum) in self.labels.iter_mut().zip(of_label) {
            *key = both(*key, sum);
        }
    }
}

/// How many different keys there are.
fn kinds(keys: &[u64]) -> usize {
    let mut keys = keys.to_vec();
    keys.par_sort_unstable();
    keys.dedup();
    keys.len()
}

/// The first by number of the first that have the same key and are not the same.
fn alike(keys: &[u64], same: impl Fn(u32, u32) -> bool) -> Option<u32> {
    let order = order(keys);
    let pair = order.windows(2).find(|w| keys[w[0] as usize] == keys[w[1] as usize] && !same(w[0], w[1]));
    let key = keys[pair?[0] as usize];
    keys.iter().position(|&k| k == key).map(|at| at as u32)
}

/// New keys for all that have the same one and are not the same.
fn number_alike(keys: &mut [u64], same: impl Fn(u32, u32) -> bool) {
    let order = order(keys);
    let old = keys.to_vec();
    let mut place = 0;
    for w in order.windows(2) {
        let alike = old[w[0] as usize] == old[w[1] as usize];
        place = if !alike { 0 } else { place + u64::from(!same(w[0], w[1])) };
        if place > 0 {
            keys[w[1] as usize] = both(old[w[1] as usize], place);
        }
    }
}

/// Numbers from the smallest key to the largest.
pub(crate) fn order(keys: &[u64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..keys.len() as u32).collect();
    order.par_sort_unstable_by_key(|&i| (keys[i as usize], i));
    order
}

/// The place of each number in an order.
pub(crate) fn places(order: &[u32]) -> Vec<u32> {
    let mut places = vec![0; order.len()];
    for (place, &i) in (0u32..).zip(order) {
        places[i as usize] = place;
    }
    places
}

/// The place of each of `n` numbers in an order of some of them.
pub(crate) fn places_of(order: &[u32], n: usize) -> Vec<Option<u32>> {
    let mut places = vec![None; n];
    for (place, &i) in (0u32..).zip(order) {
        places[i as usize] = Some(place);
    }
    places
}

fn both(a: u64, b: u64) -> u64 {
    mix(a ^ mix(b).rotate_left(23))
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(votes: &[(u32, u32, u32)]) -> Keys {
        let votes: Vec<Vote> = votes.iter().map(|&(item, annotator, label)| Vote { item, annotator, label }).collect();
        let (offsets, votes) = group(&votes, 3, |v| v.item);
        let of = Grouped { offsets: &offsets, votes: &votes, annotators: 3, labels: 2 };
        Keys::find(&of, &Given { controls: &[None; 3], priors: None }, &CancelToken::new()).unwrap()
    }

    #[test]
    fn mirror_images_are_told_apart_and_twins_are_not() {
        let opposed = keys(&[(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0), (2, 0, 0), (2, 1, 1)]);
        assert_ne!(opposed.annotators[0], opposed.annotators[1]);
        let twins = keys(&[(0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 1), (1, 2, 0)]);
        assert_eq!(twins.annotators[0], twins.annotators[1]);
        assert_ne!(twins.annotators[0], twins.annotators[2]);
    }

    #[test]
    fn those_left_alike_are_numbered() {
        let mut keys = [9, 5, 9, 9, 5];
        number_alike(&mut keys, |a, b| a.min(b) == 1 && a.max(b) == 4);
        assert_eq!((keys[0], keys[1], keys[4]), (9, 5, 5));
        assert!(keys[2] != 9 && keys[3] != 9 && keys[2] != keys[3]);
    }

    #[test]
    fn follows_what_is_renamed() {
        let a = keys(&[(0, 0, 0), (0, 1, 0), (1, 0, 1), (2, 2, 0)]);
        // Items 0 1 2 → 2 0 1, annotators 0 1 2 → 1 2 0, labels 0 1 → 1 0, and in another order.
        let b = keys(&[(1, 0, 1), (0, 1, 0), (2, 2, 1), (2, 1, 1)]);
        assert_eq!([a.items[0], a.items[1], a.items[2]], [b.items[2], b.items[0], b.items[1]]);
        assert_eq!(
            [a.annotators[0], a.annotators[1], a.annotators[2]],
            [b.annotators[1], b.annotators[2], b.annotators[0]]
        );
        assert_eq!([a.labels[0], a.labels[1]], [b.labels[1], b.labels[0]]);
        assert_ne!(a.annotators[0], a.annotators[2]);
    }
}
