//! Cohen's kappa of pairs of annotators.

use super::LabelOrder;
use super::scale::places;
use crate::annotations::Annotations;
use crate::error::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How much two different labels disagree.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// All the same.
    #[default]
    Equal,
    /// By the difference of their places in an order.
    Linear(LabelOrder),
    /// By the square of this difference.
    Quadratic(LabelOrder),
}

/// Cohen's kappa: agreement of two annotators beyond chance, over the items that both labeled.
///
/// J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960); weighted:
/// Psychological Bulletin 70 (1968). For [`LabelOrder::Numeric`], the places are those of the different numbers among all votes.
///
/// ```
/// use planisphere_labels_mace::{Annotations, CohenKappa};
///
/// let votes = Annotations::from_triples([
///     ("i", "a", "x"), ("i", "b", "x"), ("j", "a", "y"), ("j", "b", "y"), ("k", "a", "x"), ("k", "b", "y"), ("l", "a", "x"),
///     ("l", "b", "x"), ("m", "c", "x"),
/// ])?;
/// let pair = CohenKappa::default().pair(&votes, "a", "b")?;
/// assert_eq!((pair.items, pair.observed, pair.kappa), (4, 0.75, Some(0.5)));
/// assert_eq!(CohenKappa::default().pairs(&votes)?, [pair]);
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CohenKappa {
    weighting: Weighting,
}

/// Agreement of two annotators, see [`CohenKappa`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The annotators, by number.
    pub annotators: (u32, u32),
    /// Items that both labeled.
    pub items: usize,
    /// Share of these items with equal labels; with weights, 1 minus the mean disagreement, where that of the first and the
    /// last place is 1. 0 if there are none.
    pub observed: f64,
    /// The same by chance.
    pub expected: f64,
    /// (observed - expected) / (1 - expected). `None` if that means nothing: there are no such items, or both annotators gave the
    /// same one label to all of them.
    pub kappa: Option<f64>,
}

/// Places of labels, and what a difference of places weighs.
struct Scale {
    n: usize,
    places: Vec<u32>,
    power: i32,
}

impl CohenKappa {
    /// Kappa with these weights.
    pub fn new(weighting: Weighting) -> Self {
        Self { weighting }
    }

    fn scale(&self, annotations: &Annotations) -> Result<Scale> {
        Ok(match &self.weighting {
            Weighting::Equal => {
                let n = annotations.n_labels();
                Scale { n, places: (0..n as u32).collect(), power: 0 }
            }
            Weighting::Linear(order) | Weighting::Quadratic(order) => {
                let (n, places) = places(annotations, order)?;
                let power = if matches!(self.weighting, Weighting::Linear(_)) { 1 } else { 2 };
                Scale { n, places, power }
            }
        })
    }

    /// Measures the agreement of two annotators, by name.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an annotator who is not in the annotations; [`Error::LabelValue`] if a label with votes has no
    /// place in the order, [`Error::InvalidParam`] if one has two.
    pub fn pair(&self, annotations: &Annotations, first: &str, second: &str) -> Result<Pair> {
        let scale = self.scale(annotations)?;
        let find = |name: &str| {
            let unknown = || Error::Unknown { what: "annotator", name: name.to_owned() };
            annotations.annotator_index(name).ok_or_else(unknown)
        };
        let (a, b) = (find(first)?, find(second)?);
        let of_a = annotations.votes().iter().filter(|v| v.annotator == a);
        let common = of_a.filter_map(|v| {
            let other = annotations.vote(v.item, b)?;
            Some((scale.places[v.label as usize], scale.places[other as usize]))
        });
        Ok(scale.agreement((a, b), &common.collect::<Vec<_>>()))
    }

    /// Measures the agreement of all pairs of annotators with an item in common, ascending by their numbers. It takes time in
    /// proportion to the pairs of votes for the same item.
    ///
    /// # Errors
    /// As [`CohenKappa::pair`].
    pub fn pairs(&self, annotations: &Annotations) -> Result<Vec<Pair>> {
        let scale = self.scale(annotations)?;
        let (item_offsets, by_item) = annotations.by_item();
        let (annotator_offsets, by_annotator) = annotations.by_annotator();
        let of = |a: usize| {
            let mut common = Vec::new();
            for v in &by_annotator[annotator_offsets[a]..annotator_offsets[a + 1]] {
                let item = &by_item[item_offsets[v.item as usize]..item_offsets[v.item as usize + 1]];
                let others = item.iter().filter(|o| o.annotator > v.annotator);
                common.extend(
                    others.map(|o| (o.annotator, (scale.places[v.label as usize], scale.places[o.label as usize]))),
                );
            }
            common.sort_unstable();
            let pair = |same: &[(u32, (u32, u32))]| {
                let votes: Vec<_> = same.iter().map(|c| c.1).collect();
                scale.agreement((a as u32, same[0].0), &votes)
            };
            common.chunk_by(|x, y| x.0 == y.0).map(pair).collect::<Vec<_>>()
        };
        Ok((0..annotations.n_annotators()).into_par_iter().flat_map_iter(of).collect())
    }
}

impl Scale {
    fn agreement(&self, annotators: (u32, u32), votes: &[(u32, u32)]) -> Pair {
        let items = votes.len();
        if items == 0 {
            return Pair { annotators, items, observed: 0.0, expected: 0.0, kappa: None };
        }
        // The labels of each, counted: only those that were given.
        let count = |of: fn(&(u32, u32)) -> u32| {
            let mut places: Vec<u32> = votes.iter().map(of).collect();
            places.sort_unstable();
            places.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64)).collect::<Vec<_>>()
        };
        let (first, second) = (count(|v| v.0), count(|v| v.1));
        let n = items as f64;
        let far = (self.n.max(2) - 1) as f64;
        let weight = |a: u32, b: u32| match self.power {
            0 => f64::from(u8::from(a != b)),
            power => (f64::from(a.abs_diff(b)) / far).powi(power),
        };
        let observed = votes.iter().map(|v| weight(v.0, v.1)).sum::<f64>() / n;
        let expected = match self.power {
            // Equal ones are counted, which takes no time in proportion to the pairs of labels.
            0 => {
                let equal = |&(place, n): &(u32, f64)| {
                    second.binary_search_by_key(&place, |s| s.0).map_or(0.0, |at| n * second[at].1)
                };
                1.0 - first.iter().map(equal).sum::<f64>() / (n * n)
            }
            _ => {
                let row = |&(a, na): &(u32, f64)| second.iter().map(|&(b, nb)| na * nb * weight(a, b)).sum::<f64>();
                first.iter().map(row).sum::<f64>() / (n * n)
            }
        };
        let same = first.len() == 1 && second.len() == 1 && first[0].0 == second[0].0;
        let kappa = (!same).then(|| 1.0 - observed / expected);
        Pair { annotators, items, observed: 1.0 - observed, expected: 1.0 - expected, kappa }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_nothing_is_none() {
        let votes =
            Annotations::from_triples([("i", "a", "x"), ("i", "b", "x"), ("j", "c", "y"), ("i", "d", "y")]).unwrap();
        let kappa = CohenKappa::default();
        assert_eq!(kappa.pair(&votes, "a", "b").unwrap().kappa, None);
        let none = kappa.pair(&votes, "a", "c").unwrap();
        assert_eq!((none.items, none.kappa), (0, None));
        // Both gave one label, not the same: chance never agrees, and neither do they.
        assert_eq!(kappa.pair(&votes, "a", "d").unwrap().kappa, Some(0.0));
        assert!(matches!(kappa.pair(&votes, "a", "z"), Err(Error::Unknown { .. })));
        assert_eq!(
            kappa.pairs(&votes).unwrap().iter().map(|p| p.annotators).collect::<Vec<_>>(),
            [(0, 1), (0, 3), (1, 3)]
        );
    }

    #[test]
    fn an_annotator_with_oneself() {
        let votes = Annotations::from_triples([("i", "a", "1"), ("j", "a", "2")]).unwrap();
        for weighting in [Weighting::Equal, Weighting::Quadratic(LabelOrder::Numeric)] {
            assert_eq!(CohenKappa::new(weighting).pair(&votes, "a", "a").unwrap().kappa, Some(1.0));
        }
    }
}
