//! Items by a score.

use super::Ranking;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Which scores come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The highest: what annotators or a model are least sure of.
    #[default]
    Highest,
    /// The lowest.
    Lowest,
}

/// Where items without a score stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// Behind the others, in the order of the queue.
    #[default]
    Last,
    /// In front of the others, in the order of the queue: what nobody has looked at.
    First,
}

/// Items by a score: uncertainty, disagreement, or any other number. Equal scores stay in the order of the queue.
///
/// ```
/// use planisphere_queue_reorder::{ByScore, Direction, Unknown};
///
/// let entropy = [Some(0.2), None, Some(0.7), Some(0.2)];
/// assert_eq!(ByScore::new().rank(entropy)?.positions(), [2, 0, 3, 1]);
/// let other = ByScore::new().direction(Direction::Lowest).unknown(Unknown::First);
/// assert_eq!(other.rank(entropy)?.positions(), [1, 0, 3, 2]);
/// assert_eq!(ByScore::new().rank([1.5, 3.0])?.positions(), [1, 0]);
/// # Ok::<(), planisphere_queue_reorder::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ByScore {
    direction: Direction,
    unknown: Unknown,
}

impl ByScore {
    /// Highest first, items without a score last.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which scores come first. Default: the highest.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Where items without a score stand. Default: last.
    #[must_use]
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.unknown = unknown;
        self
    }

    /// All items by their scores, of which there is one for each item: a number, or an `Option` of one. Infinite scores
    /// are compared as they are.
    ///
    /// # Errors
    /// [`Error::Score`] for a score that is NaN.
    pub fn rank<S: Into<Option<f64>>>(&self, scores: impl IntoIterator<Item = S>) -> Result<Ranking> {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for (item, score) in scores.into_iter().enumerate() {
            match score.into() {
                None => unknown.push(item),
                Some(value) if value.is_nan() => {
                    let reason = "cannot be compared; leave it out if it is unknown";
                    return Err(Error::Score { what: "score".to_owned(), item, value, reason });
                }
                // Adding 0 makes -0 the same as 0.
                Some(value) => known.push((value + 0.0, item)),
            }
        }
        match self.direction {
            Direction::Highest => known.sort_by(|a, b| b.0.total_cmp(&a.0)),
            Direction::Lowest => known.sort_by(|a, b| a.0.total_cmp(&b.0)),
        }
        let n = known.len() + unknown.len();
        let known = known.into_iter().map(|k| k.1);
        Ok(Ranking::of(
            n,
            match self.unknown {
                Unknown::Last => known.chain(unknown).collect(),
                Unknown::First => unknown.into_iter().chain(known).collect(),
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nan_is_refused_and_infinity_is_not() {
        let e = ByScore::new().rank([1.0, f64::NAN]).unwrap_err();
        assert!(matches!(e, Error::Score { item: 1, .. }), "{e}");
        let r = ByScore::new().rank([0.0, f64::INFINITY, f64::NEG_INFINITY, -0.0]).unwrap();
        assert_eq!(r.positions(), [1, 0, 3, 2]);
        assert!(ByScore::new().rank([0.0; 0]).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn by_score_then_place(scores in prop::collection::vec(prop::option::of(-3i8..4), 0..40), lowest: bool, first: bool) {
            let by = ByScore::new()
                .direction(if lowest { Direction::Lowest } else { Direction::Highest })
                .unknown(if first { Unknown::First } else { Unknown::Last });
            let ranking = by.rank(scores.iter().map(|s| s.map(f64::from))).unwrap();
            // The definition: one sort by (known, score, position).
            let mut want: Vec<usize> = (0..scores.len()).collect();
            want.sort_by_key(|&i| {
                let sign = if lowest { 1 } else { -1 };
                (scores[i].is_some() == first, scores[i].map(|s| sign * s), i)
            });
            prop_assert_eq!(ranking.positions(), want);
        }
    }
}
