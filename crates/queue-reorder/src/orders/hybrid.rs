//! Several scores as one.

use super::same_length;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Several scores as one: each is scaled to 0..1 by its smallest and largest value, and they are added up by weight.
///
/// The default is 0.7 of the first, meant for uncertainty, and 0.3 of the second, meant for diversity. A component whose
/// values are all the same tells nothing and is 0. An item that has no value in a component of weight above 0 has no
/// score.
///
/// ```
/// use planisphere_queue_reorder::{ByScore, Hybrid};
///
/// let uncertainty = [0.5, 0.1, 0.3].map(Some);
/// let diversity = [10.0, 30.0, 20.0].map(Some);
/// let scores = Hybrid::new().scores(&[&uncertainty, &diversity])?;
/// assert_eq!(scores[..2], [Some(0.7), Some(0.3)]);
/// assert_eq!(ByScore::new().rank(scores)?.positions(), [0, 2, 1]);
/// # Ok::<(), planisphere_queue_reorder::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hybrid {
    weights: Vec<f64>,
}

impl Default for Hybrid {
    fn default() -> Self {
        Self { weights: vec![0.7, 0.3] }
    }
}

impl Hybrid {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// One weight for each component. They need not add up to 1: only their ratios matter for the order.
    #[must_use]
    pub fn weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
        self.weights = weights.into();
        self
    }

    /// The score of each item.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] if a weight is negative or not finite, if all are 0, or if there is not one for each
    /// component; [`Error::Lengths`] if the components differ in length; [`Error::Score`] for a value that is not finite.
    pub fn scores(&self, components: &[&[Option<f64>]]) -> Result<Vec<Option<f64>>> {
        self.check(components.len())?;
        let n = components.first().map_or(0, |c| c.len());
        let mut scores = vec![Some(0.0); n];
        for (c, (values, &weight)) in components.iter().zip(&self.weights).enumerate() {
            same_length("values of a component", n, values.len())?;
            let (low, high) = range(c, values)?;
            if weight == 0.0 {
                continue;
            }
            for (score, value) in scores.iter_mut().zip(*values) {
                *score = score.zip(*value).map(|(score, v)| {
                    // Halves, whose difference fits for any two numbers.
                    let scaled = if high > low { (v / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) } else { 0.0 };
                    score + weight * scaled
                });
            }
        }
        Ok(scores)
    }

    fn check(&self, components: usize) -> Result<()> {
        let bad = |reason| Err(Error::InvalidParam { param: "weights", value: format!("{:?}", self.weights), reason });
        if self.weights.iter().any(|w| !w.is_finite() || *w < 0.0) {
            return bad("each must be a finite number, not negative");
        }
        if self.weights.iter().all(|w| *w == 0.0) {
            return bad("at least one must be above 0");
        }
        if self.weights.iter().sum::<f64>().is_infinite() {
            return bad("their sum must be finite");
        }
        if self.weights.len() != components {
            return bad("there must be one for each component");
        }
        Ok(())
    }
}

/// The smallest and the largest value.
fn range(component: usize, values: &[Option<f64>]) -> Result<(f64, f64)> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (item, &value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        if !value.is_finite() {
            let (what, reason) = (format!("component {component}"), "must be a finite number");
            return Err(Error::Score { what, item, value, reason });
        }
        (low, high) = (low.min(value), high.max(value));
    }
    Ok((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn weights_are_checked() {
        let one = some(&[1.0]);
        for bad in [vec![-1.0, 2.0], vec![f64::NAN, 1.0], vec![0.0, 0.0], vec![], vec![1.0], vec![f64::MAX, f64::MAX]] {
            let e = Hybrid::new().weights(bad.clone()).scores(&[&one, &one]).unwrap_err();
            assert!(matches!(e, Error::InvalidParam { param: "weights", .. }), "{bad:?}");
        }
        let e = Hybrid::new().scores(&[&one, &some(&[1.0, 2.0])]).unwrap_err();
        assert!(matches!(e, Error::Lengths { expected: 1, got: 2, .. }));
        let e = Hybrid::new().scores(&[&one, &some(&[f64::INFINITY])]).unwrap_err();
        assert_eq!(e.to_string(), "component 1 of item 0 is inf: must be a finite number");
    }

    #[test]
    fn constants_count_nothing_and_ranges_may_be_huge() {
        let scores =
            Hybrid::new().weights([1.0, 1.0]).scores(&[&some(&[5.0; 3]), &some(&[-1e308, 0.0, 1e308])]).unwrap();
        assert_eq!(scores, some(&[0.0, 0.5, 1.0]));
    }

    #[test]
    fn what_is_unknown_counts_where_its_weight_does() {
        let (a, b) = (vec![Some(1.0), None, Some(3.0)], some(&[1.0, 2.0, 3.0]));
        assert_eq!(Hybrid::new().weights([0.0, 1.0]).scores(&[&a, &b]).unwrap(), some(&[0.0, 0.5, 1.0]));
        assert_eq!(Hybrid::new().weights([1.0, 0.0]).scores(&[&a, &b]).unwrap(), [Some(0.0), None, Some(1.0)]);
    }

    proptest! {
        #[test]
        fn scores_lie_between_0_and_the_weights(
            values in prop::collection::vec((-1e9..1e9, -1e-9..1e-9), 1..30),
            w in (0.0..5.0, 0.1..5.0),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
            let scores = Hybrid::new().weights([w.0, w.1]).scores(&[&some(&a), &some(&b)]).unwrap();
            prop_assert!(scores.iter().all(|s| (0.0..=w.0 + w.1 + 1e-12).contains(&s.unwrap())));
        }
    }
}
