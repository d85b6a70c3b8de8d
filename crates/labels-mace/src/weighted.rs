//! Votes that count by annotator.

use crate::annotations::{Annotations, Vote};
use crate::error::{Error, Result};
use crate::majority::shares;
use crate::model::label_model;
use crate::posterior::Posterior;
use crate::tally::Tally;
use planisphere_core::Context;
use serde::{Deserialize, Serialize};

/// What a vote counts towards the agreement of its annotator with the majority where several labels have the most votes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TiedVotes {
    /// One divided by the number of these labels, if it is for one of them: so that the order of labels does not matter.
    #[default]
    Shared,
    /// One if it is for the first of them by number, as in crowd-kit.
    First,
}

/// Votes that count by annotator: with weights that are given, or by how often an annotator agrees with the majority
/// ("worker agreement with aggregate", Wawa).
///
/// An item that has no votes, or whose votes all have the weight 0, has no label.
///
/// ```
/// use planisphere_labels_mace::{Annotations, WeightedMajority};
///
/// let votes = Annotations::from_triples([("i", "a", "x"), ("i", "b", "y"), ("i", "c", "y")])?;
/// let model = WeightedMajority::new([("a", 3.0), ("b", 1.0), ("c", 1.0)]).fit(&votes)?;
/// assert_eq!(model.posterior().probability(0, 0), Some(0.6));
///
/// let model = WeightedMajority::wawa().fit(&votes)?;
/// assert_eq!(model.weights(), [0.0, 1.0, 1.0]);
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedMajority {
    /// None: by agreement.
    weights: Option<Vec<(String, f64)>>,
    tied_votes: TiedVotes,
}

impl Default for WeightedMajority {
    /// [`WeightedMajority::wawa`].
    fn default() -> Self {
        Self::wawa()
    }
}

/// Weighted shares of votes, see [`WeightedMajority`].
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedMajorityModel {
    posterior: Posterior,
    weights: Vec<f64>,
}

label_model!(
    WeightedMajority,
    WeightedMajorityModel,
    "[`Error::NoAnnotations`](crate::Error::NoAnnotations). [`Error::InvalidParam`](crate::Error::InvalidParam) for a weight that \
     is negative or not finite, [`Error::MissingWeight`](crate::Error::MissingWeight) if an annotator has none, \
     [`Error::Unknown`](crate::Error::Unknown) if a weight belongs to nobody."
);

impl WeightedMajority {
    /// With weights of all annotators, by name: finite numbers of at least 0.
    pub fn new<A: Into<String>>(weights: impl IntoIterator<Item = (A, f64)>) -> Self {
        let weights = weights.into_iter().map(|(a, w)| (a.into(), w)).collect();
        Self { weights: Some(weights), tied_votes: TiedVotes::default() }
    }

    /// With the share of their votes that agree with the majority as the weights of annotators.
    pub fn wawa() -> Self {
        Self { weights: None, tied_votes: TiedVotes::default() }
    }

    /// What votes count towards agreement where the majority is tied. Default: [`TiedVotes::Shared`].
    #[must_use]
    pub fn tied_votes(mut self, tied_votes: TiedVotes) -> Self {
        self.tied_votes = tied_votes;
        self
    }

    fn run(&self, annotations: &Annotations, _: &mut Context<'_>) -> Result<WeightedMajorityModel> {
        let (offsets, votes) = annotations.by_item();
        let weights = match &self.weights {
            Some(weights) => by_name(annotations, weights)?,
            None => self.agreement(annotations, &offsets, &votes),
        };
        // Only what could make a sum infinite, or nothing of it, is scaled: other sums stay as exact as they are.
        let largest = weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let scale = if (1e-200..1e200).contains(&largest) { 1.0 } else { largest };
        let tally = Tally::new(&offsets, &votes, |v| weights[v.annotator as usize] / scale);
        Ok(WeightedMajorityModel { posterior: shares(annotations.n_labels(), tally), weights })
    }

    fn agreement(&self, annotations: &Annotations, offsets: &[usize], votes: &[Vote]) -> Vec<f64> {
        let majority = shares(annotations.n_labels(), Tally::new(offsets, votes, |_| 1.0));
        let n = annotations.n_annotators();
        let (mut agreed, mut given) = (vec![0.0; n], vec![0.0f64; n]);
        for (i, range) in offsets.windows(2).enumerate() {
            let Some(best) = majority.best(i) else { continue };
            for v in &votes[range[0]..range[1]] {
                given[v.annotator as usize] += 1.0;
                agreed[v.annotator as usize] += match self.tied_votes {
                    TiedVotes::First => f64::from(u8::from(v.label == best.label)),
                    // Shares of one item: equal counts are equal numbers.
                    TiedVotes::Shared if majority.probability(i, v.label) == Some(best.probability) => {
                        1.0 / best.tied as f64
                    }
                    TiedVotes::Shared => 0.0,
                };
            }
        }
        // Of annotators without votes, nothing is known, and nothing hangs on them.
        agreed.iter().zip(&given).map(|(a, g)| a / g.max(1.0)).collect()
    }
}

fn by_name(annotations: &Annotations, weights: &[(String, f64)]) -> Result<Vec<f64>> {
    let mut by_number = vec![None; annotations.n_annotators()];
    for (annotator, weight) in weights {
        if !(weight.is_finite() && *weight >= 0.0) {
            let value = format!("{annotator:?}: {weight}");
            return Err(Error::param("weights", value, "must be finite and at least 0"));
        }
        let Some(a) = annotations.annotator_index(annotator) else {
            return Err(Error::Unknown { what: "annotator", name: annotator.clone() });
        };
        if by_number[a as usize].replace(*weight).is_some() {
            return Err(Error::param("weights", format!("{annotator:?}"), "an annotator needs one weight"));
        }
    }
    (0u32..)
        .zip(by_number)
        .map(|(a, w)| w.ok_or_else(|| Error::MissingWeight { annotator: annotations.annotator(a).to_owned() }))
        .collect()
}

impl WeightedMajorityModel {
    /// The weights of annotators by number, as given; or the shares of their votes that agree with the majority, 0 for those
    /// without votes.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_checked() {
        let votes = Annotations::from_triples([("i", "a", "x"), ("i", "b", "y")]).unwrap();
        let fit = |w: &[(&str, f64)]| WeightedMajority::new(w.iter().copied()).fit(&votes);
        assert!(matches!(fit(&[("a", 1.0)]), Err(Error::MissingWeight { annotator }) if annotator == "b"));
        assert!(matches!(fit(&[("a", 1.0), ("c", 1.0)]), Err(Error::Unknown { .. })));
        assert!(matches!(fit(&[("a", -1.0), ("b", 1.0)]), Err(Error::InvalidParam { .. })));
        assert!(matches!(fit(&[("a", 1.0), ("a", 1.0), ("b", 1.0)]), Err(Error::InvalidParam { .. })));
        assert_eq!(fit(&[("a", 0.0), ("b", 0.0)]).unwrap().posterior().best(0), None);
        assert_eq!(fit(&[("a", f64::MAX), ("b", f64::MAX)]).unwrap().posterior().row(0).unwrap(), [0.5, 0.5]);
        assert_eq!(fit(&[("a", 1e-310), ("b", 0.0)]).unwrap().posterior().row(0).unwrap(), [1.0, 0.0]);
    }

    #[test]
    fn a_tie_counts_in_parts_or_for_the_first() {
        let votes = Annotations::from_triples([("i", "a", "x"), ("i", "b", "y")]).unwrap();
        assert_eq!(WeightedMajority::wawa().fit(&votes).unwrap().weights(), [0.5, 0.5]);
        let first = WeightedMajority::wawa().tied_votes(TiedVotes::First).fit(&votes).unwrap();
        assert_eq!(first.weights(), [1.0, 0.0]);
    }
}
