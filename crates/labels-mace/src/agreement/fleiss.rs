//! Fleiss' kappa.

use crate::annotations::Annotations;
use crate::error::{Error, Result};
use crate::tally::Tally;
use serde::{Deserialize, Serialize};

/// Fleiss' kappa: agreement beyond chance of any annotators, with the same number of votes for each item.
///
/// J. L. Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76 (1971). Items without votes do not
/// count. It does not matter who voted.
///
/// ```
/// use planisphere_labels_mace::{Annotations, FleissKappa};
///
/// let votes = Annotations::from_triples([
///     ("i", "a", "x"), ("i", "b", "x"), ("j", "a", "y"), ("j", "c", "y"), ("k", "b", "x"), ("k", "c", "y"),
/// ])?;
/// let kappa = FleissKappa::new().measure(&votes)?.kappa.unwrap();
/// assert!((kappa - 1.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FleissKappa {
    unequal: bool,
}

/// Agreement of annotators, see [`FleissKappa`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FleissAgreement {
    /// (observed - expected) / (1 - expected). `None` if that means nothing: no item has two votes, or all votes are for
    /// one label.
    pub kappa: Option<f64>,
    /// Share of the pairs of votes for an item that are equal, the mean over items; 0 if no item has two votes.
    pub observed: f64,
    /// The same by chance.
    pub expected: f64,
    /// Items with two votes or more.
    pub items: usize,
}

impl FleissKappa {
    /// Kappa for equal numbers of votes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether items may have different numbers of votes. Then the observed agreement is the mean over items with two votes or
    /// more, and chance is by the mean of the shares of labels over items with a vote (K. L. Gwet, "Handbook of Inter-Rater
    /// Reliability", 2014). For equal numbers it is the same. Default: false.
    #[must_use]
    pub fn unequal(mut self, unequal: bool) -> Self {
        self.unequal = unequal;
        self
    }

    /// Measures the agreement.
    ///
    /// # Errors
    /// [`Error::UnequalVotes`] if items have different numbers of votes and that is not allowed.
    pub fn measure(&self, annotations: &Annotations) -> Result<FleissAgreement> {
        let (offsets, votes) = annotations.by_item();
        let tally = Tally::new(&offsets, &votes, |_| 1.0);
        let mut expected_votes = None;
        let mut shares = vec![0.0; annotations.n_labels()];
        let (mut observed, mut items, mut voted) = (0.0, 0usize, 0usize);
        for (i, range) in offsets.windows(2).enumerate() {
            let got = range[1] - range[0];
            if got == 0 {
                continue;
            }
            let expected = *expected_votes.get_or_insert(got);
            if got != expected && !self.unequal {
                let item = annotations.item(i as u32).to_owned();
                return Err(Error::UnequalVotes { item, expected, got });
            }
            voted += 1;
            let (labels, counts) = tally.item(i);
            let m = got as f64;
            labels.iter().zip(counts).for_each(|(&l, n)| shares[l as usize] += n / m);
            if got > 1 {
                items += 1;
                observed += counts.iter().map(|n| n * (n - 1.0)).sum::<f64>() / (m * (m - 1.0));
            }
        }
        let labels = shares.iter().filter(|&&s| s > 0.0).count();
        let expected = if voted == 0 { 0.0 } else { shares.iter().map(|s| (s / voted as f64).powi(2)).sum() };
        if items > 0 {
            observed /= items as f64;
        }
        let kappa = (items > 0 && labels > 1).then(|| (observed - expected) / (1.0 - expected));
        Ok(FleissAgreement { kappa, observed, expected, items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unequal_numbers_are_told() {
        let votes = Annotations::from_triples([("i", "a", "x"), ("i", "b", "y"), ("j", "a", "y")]).unwrap();
        let e = FleissKappa::new().measure(&votes).unwrap_err();
        assert_eq!(e.to_string(), r#"item "j" has 1 votes, others have 2"#);
        let m = FleissKappa::new().unequal(true).measure(&votes).unwrap();
        assert_eq!((m.items, m.observed), (1, 0.0));
        assert!((m.expected - (0.25f64.powi(2) + 0.75f64.powi(2))).abs() < 1e-15);
    }

    #[test]
    fn what_means_nothing_is_none() {
        assert_eq!(FleissKappa::new().measure(&Annotations::new()).unwrap().kappa, None);
        let one = Annotations::from_triples([("i", "a", "x"), ("i", "b", "x")]).unwrap();
        assert_eq!(FleissKappa::new().measure(&one).unwrap().kappa, None);
        let single = Annotations::from_triples([("i", "a", "x"), ("j", "b", "y")]).unwrap();
        assert_eq!(FleissKappa::new().measure(&single).unwrap().kappa, None);
    }
}
