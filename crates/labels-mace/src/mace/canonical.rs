//! An order of items, annotators and labels that depends on who labeled what alike, not on names or on what came first.
//!
//! Restarts draw numbers for annotators and labels, and sums are added in some order. If both followed the order of the
//! data, shuffled or renamed data would give other bits, and with few restarts another optimum. Here they follow hashes
//! that are refined over the votes (the color refinement of Weisfeiler and Leman, 1968). Two annotators with the same hash
//! are alike to the model, too: it learns of an annotator what the hash learns. So whatever their order, their numbers
//! differ in the last bits at most.

use crate::annotations::Vote;
use rayon::prelude::*;

/// Rounds at most. Most data needs four: in each, a hash learns of what is one step farther away.
const ROUNDS: usize = 12;

/// Hashes of items, annotators and labels, by number.
pub(crate) struct Keys {
    pub(crate) items: Vec<u64>,
    pub(crate) annotators: Vec<u64>,
    pub(crate) labels: Vec<u64>,
}

/// What tells items and labels apart beyond votes: a control's label, a prior's bits; 0 for none.
pub(crate) struct Given<'a> {
    pub(crate) controls: &'a [Option<u32>],
    pub(crate) priors: Option<&'a [f64]>,
}

impl Keys {
    /// Of votes grouped by item.
    pub(crate) fn find(offsets: &[usize], votes: &[Vote], annotators: usize, labels: usize, given: &Given<'_>) -> Self {
        let items = offsets.len() - 1;
        let mut keys = Self { items: vec![1; items], annotators: vec![2; annotators], labels: vec![3; labels] };
        if let Some(priors) = given.priors {
            for (key, p) in keys.labels.iter_mut().zip(priors) {
                *key = mix(p.to_bits());
            }
        }
        // Until no more items, annotators or labels are told apart.
        let mut known = 0;
        for _ in 0..ROUNDS {
            keys.refine(offsets, votes, given);
            let kinds = [&keys.items, &keys.annotators, &keys.labels].map(|keys| kinds(keys)).iter().sum();
            if kinds == known {
                break;
            }
            known = kinds;
        }
        keys
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
    use crate::annotations::group;

    fn keys(votes: &[(u32, u32, u32)]) -> Keys {
        let votes: Vec<Vote> = votes.iter().map(|&(item, annotator, label)| Vote { item, annotator, label }).collect();
        let (offsets, votes) = group(&votes, 3, |v| v.item);
        Keys::find(&offsets, &votes, 3, 2, &Given { controls: &[None; 3], priors: None })
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
