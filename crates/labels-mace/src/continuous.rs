//! Labels that are numbers.

use crate::annotations::Annotations;
use crate::error::{Error, Result};

/// What annotators who gave numbers say of an item, each weighted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// Weighted mean.
    pub mean: f64,
    /// Weighted standard deviation, by the sum of the weights.
    pub std: f64,
    /// The smallest number.
    pub min: f64,
    /// The largest number.
    pub max: f64,
    /// How many annotators gave one.
    pub count: usize,
}

/// The weighted mean of each item whose labels are numbers; `None` for items without votes. With the competences of
/// [`MaceModel::competence`](crate::MaceModel::competence) as weights it is what the program of MACE tells for
/// continuous values. Where all weights of an item are 0, its annotators count the same.
///
/// ```
/// use planisphere_labels_mace::{Annotations, weighted_values};
///
/// let votes = Annotations::from_triples([("a", "ann", "3.5"), ("a", "bob", "4"), ("b", "bob", "1e1")])?;
/// let values = weighted_values(&votes, &[0.9, 0.1])?;
/// let first = values[0].unwrap();
/// assert!((first.mean - 3.55).abs() < 1e-12 && first.count == 2);
/// assert_eq!(values[1].unwrap().mean, 10.0);
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
///
/// # Errors
/// [`Error::LabelValue`] for a label that is none, or is not finite; [`Error::Shape`] unless there is one weight an annotator;
/// [`Error::InvalidParam`] for a weight that is negative or not finite.
pub fn weighted_values(annotations: &Annotations, weights: &[f64]) -> Result<Vec<Option<Value>>> {
    if weights.len() != annotations.n_annotators() {
        return Err(Error::Shape { what: "weights", expected: annotations.n_annotators(), got: weights.len() });
    }
    if let Some(bad) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
        return Err(Error::param("weights", bad, "must be numbers of at least 0"));
    }
    let numbers = numbers(annotations)?;
    let (offsets, votes) = annotations.by_item();
    let value = |range: &[usize]| {
        let own: Vec<(f64, f64)> = votes[range[0]..range[1]]
            .iter()
            .map(|v| (numbers[v.label as usize], weights[v.annotator as usize]))
            .collect();
        if own.is_empty() {
            return None;
        }
        // Divided by the largest first, so that no sum overflows.
        let most = own.iter().map(|o| o.1).fold(0.0, f64::max);
        let total: f64 = own.iter().map(|o| if most > 0.0 { o.1 / most } else { 1.0 }).sum();
        let weight = |w: f64| if most > 0.0 { w / most / total } else { 1.0 / total };
        let mean: f64 = own.iter().map(|&(x, w)| x * weight(w)).sum();
        let spread =
            own.iter().filter(|o| weight(o.1) > 0.0).map(|o| (o.0 / 2.0 - mean / 2.0).abs()).fold(0.0, f64::max);
        let square = |x: f64| if spread > 0.0 { ((x / 2.0 - mean / 2.0) / spread).powi(2) } else { 0.0 };
        let heavy = own.iter().filter(|o| weight(o.1) > 0.0);
        let std = 2.0 * spread * heavy.map(|&(x, w)| square(x) * weight(w)).sum::<f64>().sqrt();
        let min = own.iter().map(|o| o.0).fold(f64::INFINITY, f64::min);
        let max = own.iter().map(|o| o.0).fold(f64::NEG_INFINITY, f64::max);
        // Rounding must not take the mean out of what was said.
        Some(Value { mean: mean.clamp(min, max), std, min, max, count: own.len() })
    };
    Ok(offsets.windows(2).map(value).collect())
}

/// The labels as numbers.
fn numbers(annotations: &Annotations) -> Result<Vec<f64>> {
    let number = |label: &str| {
        let x = label.trim().parse::<f64>().ok().filter(|x| x.is_finite());
        x.ok_or_else(|| Error::LabelValue { label: label.to_owned(), reason: "is not a number" })
    };
    annotations.labels().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_are_all_nothing() {
        let votes = Annotations::from_triples([("i", "a", "1"), ("i", "b", "3")]).unwrap();
        let v = weighted_values(&votes, &[0.0, 0.0]).unwrap()[0].unwrap();
        assert_eq!((v.mean, v.std, v.min, v.max, v.count), (2.0, 1.0, 1.0, 3.0, 2));
    }

    #[test]
    fn numbers_of_any_size() {
        let votes = Annotations::from_triples([("i", "a", "3"), ("i", "b", "4"), ("j", "a", "1e200"), ("j", "b", "5")])
            .unwrap();
        let v = weighted_values(&votes, &[f64::MAX, f64::MAX]).unwrap()[0].unwrap();
        assert_eq!((v.mean, v.std), (3.5, 0.5));
        let v = weighted_values(&votes, &[0.0, 1.0]).unwrap()[1].unwrap();
        assert_eq!((v.mean, v.std, v.max), (5.0, 0.0, 1e200));
        let votes = Annotations::from_triples([("i", "a", "1e308"), ("i", "b", "-1e308")]).unwrap();
        let v = weighted_values(&votes, &[1.0, 1.0]).unwrap()[0].unwrap();
        assert_eq!((v.mean, v.std), (0.0, 1e308));
    }

    #[test]
    fn what_is_no_number_is_named() {
        let votes = Annotations::from_triples([("i", "a", "1"), ("i", "b", "three")]).unwrap();
        assert_eq!(weighted_values(&votes, &[1.0; 2]).unwrap_err().to_string(), "label \"three\" is not a number");
        for bad in ["nan", "inf", ""] {
            let votes = Annotations::from_triples([("i", "a", bad)]).unwrap();
            assert!(matches!(weighted_values(&votes, &[1.0]), Err(Error::LabelValue { .. })));
        }
        assert!(weighted_values(&votes, &[1.0]).is_err() && weighted_values(&votes, &[1.0, f64::NAN]).is_err());
    }

    #[test]
    fn items_without_votes_have_no_value() {
        let mut votes = Annotations::from_triples([("i", "a", "1")]).unwrap();
        votes.add_item("nobody").unwrap();
        assert_eq!(weighted_values(&votes, &[1.0]).unwrap()[1], None);
    }
}
