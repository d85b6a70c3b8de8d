//! How many to take of each stratum.

use std::cmp::Reverse;

/// Shares of `size` in proportion to `counts` (each above 0), by largest remainder; at least 1 for each stratum, or, if
/// there are more of them than that, 1 for each of the largest. Ties go to the first. No share is above its count.
pub(super) fn shares(counts: &[usize], size: usize) -> Vec<usize> {
    let total: usize = counts.iter().sum();
    if size >= total {
        return counts.to_vec();
    }
    if size <= counts.len() {
        let mut largest: Vec<usize> = (0..counts.len()).collect();
        largest.sort_by_key(|&s| Reverse(counts[s]));
        let mut shares = vec![0; counts.len()];
        largest[..size].iter().for_each(|&s| shares[s] = 1);
        return shares;
    }
    // In whole numbers: the quota of a stratum is size · count / total.
    let total = total as u128;
    let product = |s: usize| size as u128 * counts[s] as u128;
    let mut shares: Vec<usize> = (0..counts.len()).map(|s| (product(s) / total) as usize).collect();
    let left = size - shares.iter().sum::<usize>();
    let mut by_remainder: Vec<usize> = (0..counts.len()).collect();
    by_remainder.sort_by_key(|&s| Reverse(product(s) % total));
    by_remainder[..left].iter().for_each(|&s| shares[s] += 1);
    // What strata without any get is taken from those farthest above their quotas.
    for empty in 0..counts.len() {
        if shares[empty] > 0 {
            continue;
        }
        let above = |s: usize| (shares[s] as u128 * total) as i128 - product(s) as i128;
        let rich = (0..counts.len()).filter(|&s| shares[s] > 1);
        if let Some(from) = rich.max_by(|&a, &b| above(a).cmp(&above(b)).then(b.cmp(&a))) {
            shares[from] -= 1;
            shares[empty] = 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        // Quotas 4.7, 2.3, 3.0.
        assert_eq!(shares(&[47, 23, 30], 10), [5, 2, 3]);
        // Quotas 9.8, 0.1, 0.1: the one that is taken away comes from the first.
        assert_eq!(shares(&[98, 1, 1], 10), [8, 1, 1]);
        assert_eq!(shares(&[1, 5, 5, 2], 2), [0, 1, 1, 0]);
        assert_eq!(shares(&[2, 3], 9), [2, 3]);
        assert_eq!(shares(&[], 0), [0usize; 0]);
    }

    proptest! {
        #[test]
        fn sums_bounds_and_minimums(counts in prop::collection::vec(1usize..50, 0..10), size in 0usize..300) {
            let shares = shares(&counts, size);
            let total: usize = counts.iter().sum();
            prop_assert_eq!(shares.iter().sum::<usize>(), size.min(total));
            prop_assert!(shares.iter().zip(&counts).all(|(s, c)| s <= c));
            if size >= counts.len() {
                prop_assert!(shares.iter().all(|&s| s > 0));
            }
            // Without strata that had to be helped, shares are quotas rounded up or down.
            let quota = |c: usize| size as f64 * c as f64 / total as f64;
            if size < total && counts.iter().all(|&c| quota(c) >= 1.0) {
                prop_assert!(shares.iter().zip(&counts).all(|(&s, &c)| (s as f64 - quota(c)).abs() < 1.0 + 1e-9));
            }
        }
    }
}
