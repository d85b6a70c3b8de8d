//! How much annotators disagree about an item.

use planisphere_kernels::math::ln;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::Hash;

/// How much annotators disagree about an item, from their votes. An item with fewer than two votes has no such score.
///
/// ```
/// use planisphere_queue_reorder::{ByScore, Disagreement};
///
/// let votes = [vec!["yes", "yes"], vec!["yes", "no"], vec!["no"], vec!["no", "yes", "no"]];
/// let scores = Disagreement::Minority.scores(&votes);
/// assert_eq!(scores, [Some(0.0), Some(0.5), None, Some(1.0 / 3.0)]);
/// assert_eq!(ByScore::new().rank(scores)?.positions(), [1, 3, 0, 2]);
/// # Ok::<(), planisphere_queue_reorder::Error>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disagreement {
    /// The entropy of the labels' shares in nats: 0 if all agree, ln m if m labels have equally many votes.
    #[default]
    Entropy,
    /// The share of votes that are not for the label with the most votes: 0 if all agree, below 1.
    Minority,
}

impl Disagreement {
    /// The score of each item from its votes.
    pub fn scores<I>(self, votes: I) -> Vec<Option<f64>>
    where
        I: IntoIterator,
        I::Item: IntoIterator,
        <I::Item as IntoIterator>::Item: Eq + Hash,
    {
        votes.into_iter().map(|votes| self.score(votes)).collect()
    }

    /// The score of one item from its votes.
    pub fn score<L: Eq + Hash>(self, votes: impl IntoIterator<Item = L>) -> Option<f64> {
        let mut counts: HashMap<L, usize> = HashMap::new();
        for label in votes {
            *counts.entry(label).or_default() += 1;
        }
        self.of_counts(counts.into_values())
    }

    /// The score of one item from the number of votes of each label.
    ///
    /// ```
    /// use planisphere_queue_reorder::Disagreement;
    /// assert!((Disagreement::Entropy.of_counts([3, 0, 3]).unwrap() - 2f64.ln()).abs() < 1e-15);
    /// assert_eq!(Disagreement::Entropy.of_counts([1]), None);
    /// ```
    pub fn of_counts(self, counts: impl IntoIterator<Item = usize>) -> Option<f64> {
        let mut counts: Vec<f64> = counts.into_iter().filter(|&c| c > 0).map(|c| c as f64).collect();
        // In an order of their own, so that equal counts give equal bits.
        counts.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = counts.iter().sum();
        if total < 2.0 {
            return None;
        }
        Some(match self {
            Self::Minority => (total - counts[0]) / total,
            Self::Entropy => counts.iter().map(|c| c / total * ln(total / c)).sum::<f64>().max(0.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bounds_and_the_definition(votes in prop::collection::vec(0u8..5, 0..20)) {
            let entropy = Disagreement::Entropy.score(&votes);
            let minority = Disagreement::Minority.score(&votes);
            prop_assert_eq!(entropy.is_some(), votes.len() >= 2);
            prop_assert_eq!(minority.is_some(), votes.len() >= 2);
            let (Some(entropy), Some(minority)) = (entropy, minority) else { return Ok(()) };
            let share = |l: u8| votes.iter().filter(|&&v| v == l).count() as f64 / votes.len() as f64;
            let shares: Vec<f64> = (0..5).map(share).filter(|&s| s > 0.0).collect();
            let want: f64 = -shares.iter().map(|s| s * s.ln()).sum::<f64>();
            prop_assert!((entropy - want).abs() < 1e-12, "{} {}", entropy, want);
            let most = shares.iter().copied().fold(0.0, f64::max);
            prop_assert!((minority - (1.0 - most)).abs() < 1e-12);
            prop_assert_eq!(entropy == 0.0, shares.len() == 1);
            // Names of labels do not matter, to the bit.
            let renamed: Vec<u8> = votes.iter().rev().map(|v| 9 - v).collect();
            prop_assert_eq!(Disagreement::Entropy.score(&renamed), Some(entropy));
        }
    }
}
