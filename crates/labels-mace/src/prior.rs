//! What is known of labels beforehand.

use crate::annotations::Annotations;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// How probable each label is, before anybody votes.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassPrior {
    /// Learned with the rest: the mean of the labels' probabilities over the items.
    #[default]
    Estimated,
    /// The same for all labels.
    Uniform,
    /// By these weights, for example those of [`read_label_priors`](crate::read_label_priors). All labels of the annotations
    /// need one; weights of other labels are left out.
    Fixed(Vec<(String, f64)>),
}

/// Weights of the labels by number, with the sum 1.
pub(crate) fn label_weights(annotations: &Annotations, weights: &[(String, f64)]) -> Result<Vec<f64>> {
    let mut by_label = vec![None; annotations.n_labels()];
    for (label, weight) in weights {
        if !(weight.is_finite() && *weight >= 0.0) {
            let value = format!("{label:?}: {weight}");
            return Err(Error::param("class_prior", value, "weights must be finite and at least 0"));
        }
        if let Some(l) = annotations.label_index(label)
            && by_label[l as usize].replace(*weight).is_some()
        {
            return Err(Error::param("class_prior", format!("{label:?}"), "a label needs one weight"));
        }
    }
    let weights: Option<Vec<f64>> = by_label.iter().copied().collect();
    let Some(mut weights) = weights else {
        let missing = (0u32..).zip(&by_label).find(|(_, w)| w.is_none()).map_or(0, |(l, _)| l);
        return Err(Error::MissingPrior { label: annotations.label(missing).to_owned() });
    };
    // Scaled first, so that no sum is infinite.
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return Err(Error::param("class_prior", 0, "at least one label of the annotations needs a weight above 0"));
    }
    weights.iter_mut().for_each(|w| *w /= largest);
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_checked_and_scaled() {
        let votes = Annotations::from_triples([("i", "a", "x"), ("j", "a", "y")]).unwrap();
        let weights = |list: &[(&str, f64)]| {
            label_weights(&votes, &list.iter().map(|&(l, w)| (l.to_owned(), w)).collect::<Vec<_>>())
        };
        assert_eq!(weights(&[("y", 1.5e308), ("z", 7.0), ("x", 0.5e308)]).unwrap(), [0.25, 0.75]);
        assert!(matches!(weights(&[("x", 1.0)]), Err(Error::MissingPrior { label }) if label == "y"));
        assert!(weights(&[("x", 1.0), ("x", 1.0), ("y", 1.0)]).is_err());
        assert!(weights(&[("x", 0.0), ("y", 0.0), ("z", 1.0)]).is_err());
        assert!(weights(&[("x", f64::NAN), ("y", 1.0)]).is_err());
    }
}
