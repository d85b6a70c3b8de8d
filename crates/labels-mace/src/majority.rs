//! The label that most annotators gave.

use crate::annotations::Annotations;
use crate::error::Result;
use crate::model::label_model;
use crate::posterior::Posterior;
use crate::tally::Tally;
use planisphere_core::{Context, CounterRng};
use serde::{Deserialize, Serialize};

/// What is done with several labels of which each has the most votes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// The first by number.
    #[default]
    First,
    /// None of them: the item has no label.
    None,
    /// One of them by lot, the same for the same seed and item number.
    Random {
        /// The seed.
        seed: u64,
    },
}

/// The share of votes as the probability of a label.
///
/// It knows nothing of annotators: all count the same. Items without votes have no label.
///
/// ```
/// use planisphere_labels_mace::{Annotations, MajorityVote, Ties};
///
/// let votes = Annotations::from_triples([("i", "a", "x"), ("i", "b", "y"), ("i", "c", "y"), ("j", "a", "y"), ("j", "b", "x")])?;
/// let model = MajorityVote::new().fit(&votes)?;
/// assert_eq!(model.posterior().probability(0, 1), Some(2.0 / 3.0));
/// let tie = model.posterior().best(1).unwrap();
/// assert_eq!((tie.label, tie.tied), (0, 2));
/// assert_eq!(model.labels(Ties::None), [Some(1), None]);
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MajorityVote {}

/// Shares of votes, see [`MajorityVote`].
#[derive(Clone, Debug, PartialEq)]
pub struct MajorityVoteModel {
    posterior: Posterior,
}

label_model!(MajorityVote, MajorityVoteModel, "[`Error::NoAnnotations`](crate::Error::NoAnnotations).");

impl MajorityVote {
    /// The vote.
    pub fn new() -> Self {
        Self::default()
    }

    fn run(&self, annotations: &Annotations, _: &mut Context<'_>) -> Result<MajorityVoteModel> {
        let (offsets, votes) = annotations.by_item();
        let posterior = shares(annotations.n_labels(), Tally::new(&offsets, &votes, |_| 1.0));
        Ok(MajorityVoteModel { posterior })
    }
}

/// Weights as shares of their sum; nothing where that is 0.
pub(crate) fn shares(n_labels: usize, mut tally: Tally) -> Posterior {
    let n_items = tally.offsets.len() - 1;
    let (mut kept, mut offsets) = (0, vec![0]);
    for i in 0..n_items {
        let range = tally.offsets[i]..tally.offsets[i + 1];
        let sum: f64 = tally.weights[range.clone()].iter().sum();
        if sum > 0.0 {
            for e in range {
                tally.labels[kept] = tally.labels[e];
                tally.weights[kept] = tally.weights[e] / sum;
                kept += 1;
            }
        }
        offsets.push(kept);
    }
    tally.labels.truncate(kept);
    tally.weights.truncate(kept);
    Posterior::new(n_labels, offsets, tally.labels, tally.weights, vec![0.0; n_items], None)
}

impl MajorityVoteModel {
    /// The label with the most votes of each item; `None` for items without votes.
    pub fn labels(&self, ties: Ties) -> Vec<Option<u32>> {
        let item = |i| {
            let best = self.posterior.best(i)?;
            match ties {
                _ if best.tied == 1 => Some(best.label),
                Ties::First => Some(best.label),
                Ties::None => None,
                Ties::Random { seed } => {
                    let tied = u32::try_from(best.tied).unwrap_or(u32::MAX);
                    let place = CounterRng::new(seed, "ties").at(0, i as u64).below(0, tied);
                    let ranked = self.posterior.ranked(i);
                    ranked.get(place as usize).map(|r| r.0)
                }
            }
        };
        (0..self.posterior.n_items()).map(item).collect()
    }

    /// How many items have several labels with the most votes.
    pub fn n_tied(&self) -> usize {
        (0..self.posterior.n_items()).filter(|&i| self.posterior.best(i).is_some_and(|b| b.tied > 1)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_by_lot_take_turns() {
        let votes: Vec<_> = (0..200).flat_map(|i| [(i, 0, 0), (i, 1, 2), (i, 2, 2), (i, 3, 0), (i, 4, 1)]).collect();
        let model = MajorityVote::new().fit(&Annotations::from_codes(201, 5, 3, &votes).unwrap()).unwrap();
        assert_eq!(model.n_tied(), 200);
        let lots = model.labels(Ties::Random { seed: 3 });
        assert_eq!(lots[200], None);
        let zeros = lots.iter().filter(|l| **l == Some(0)).count();
        assert!((70..130).contains(&zeros) && !lots.contains(&Some(1)), "{zeros}");
        assert_eq!(lots, model.labels(Ties::Random { seed: 3 }));
        assert_ne!(lots, model.labels(Ties::Random { seed: 4 }));
        assert_eq!(model.labels(Ties::First)[7], Some(0));
    }
}
