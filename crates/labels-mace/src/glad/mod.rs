//! Annotators with an ability, items with a difficulty.

mod em;

use crate::annotations::Annotations;
use crate::error::{Error, Result};
use crate::model::label_model;
use crate::posterior::Posterior;
use planisphere_core::Context;
use serde::{Deserialize, Serialize};

/// Finds labels where annotators differ in ability and items in difficulty (GLAD).
///
/// J. Whitehill, P. Ruvolo, T. Wu, J. Bergsma and J. Movellan, "Whose Vote Should Count More: Optimal Integration of Labels
/// from Labelers of Unknown Expertise", NIPS 2009. An annotator of ability α gives the right label of an item of inverse
/// difficulty β > 0 with the probability 1 / (1 + exp(−αβ)), and any other label with equal parts of the rest. An ability
/// below 0 is that of somebody who tends to be wrong. Both α and ln β have normal priors.
///
/// Labels on the one hand, abilities and difficulties on the other are found in turns, the latter by guarded Newton steps for
/// each annotator and each item, so that no step makes things worse. An iteration takes time in proportion to votes ×
/// steps, whatever the number of labels. The result is the same for any number of threads, and does not hang on names or on any
/// order, but for the last digits.
///
/// ```
/// use planisphere_labels_mace::{Annotations, Glad};
///
/// // Three annotators agree on thirty items, but for the last one, who is wrong about every third.
/// let votes: Vec<_> = (0..30u32)
///     .flat_map(|i| (0..3u32).map(move |a| (i, a, (i % 2) ^ u32::from(a == 2 && i % 3 == 0))))
///     .collect();
/// let model = Glad::new().fit(&Annotations::from_codes(30, 3, 2, &votes)?)?;
/// assert_eq!(model.posterior().best(3).unwrap().label, 1);
/// assert!(model.ability(0) > model.ability(2) && model.difficulty(3) > model.difficulty(1));
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Glad {
    iterations: usize,
    tolerance: f64,
    steps: usize,
    ability_mean: f64,
    ability_deviation: f64,
    log_ease_mean: f64,
    log_ease_deviation: f64,
    class_prior: Option<Vec<(String, f64)>>,
}

impl Default for Glad {
    /// 100 iterations of up to 10 steps, a tolerance of 1e-5, means and deviations of 1, all labels equally probable.
    fn default() -> Self {
        Self {
            iterations: 100,
            tolerance: 1e-5,
            steps: 10,
            ability_mean: 1.0,
            ability_deviation: 1.0,
            log_ease_mean: 1.0,
            log_ease_deviation: 1.0,
            class_prior: None,
        }
    }
}

/// Labels, abilities and difficulties, see [`Glad`].
#[derive(Clone, Debug, PartialEq)]
pub struct GladModel {
    posterior: Posterior,
    abilities: Vec<f64>,
    /// ln β of the items.
    log_ease: Vec<f64>,
    trace: Vec<f64>,
    converged: bool,
}

label_model!(
    Glad,
    GladModel,
    "[`Error::InvalidParam`](crate::Error::InvalidParam), [`Error::NoAnnotations`](crate::Error::NoAnnotations), \
     [`Error::MissingPrior`](crate::Error::MissingPrior) if class priors are given and a label has none."
);

impl Glad {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most iterations; at least 1. Default: 100.
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// Iterations end once the log posterior, divided by the number of votes, changes by less than this. 0: never.
    /// Default: 1e-5.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The most steps for abilities and difficulties in an iteration; at least 1. They end before, once none of them moves by
    /// more than 0.001. Default: 10.
    #[must_use]
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// Mean and standard deviation of abilities beforehand. Default: 1 and 1.
    #[must_use]
    pub fn ability_prior(mut self, mean: f64, deviation: f64) -> Self {
        (self.ability_mean, self.ability_deviation) = (mean, deviation);
        self
    }

    /// Mean and standard deviation of ln β beforehand, where 1 / β is the difficulty. Default: 1 and 1.
    #[must_use]
    pub fn log_ease_prior(mut self, mean: f64, deviation: f64) -> Self {
        (self.log_ease_mean, self.log_ease_deviation) = (mean, deviation);
        self
    }

    /// How probable each label is before anybody votes, as weights. All labels of the annotations need one; weights of
    /// other labels are left out. Default: all the same.
    #[must_use]
    pub fn class_prior<L: Into<String>>(mut self, weights: impl IntoIterator<Item = (L, f64)>) -> Self {
        self.class_prior = Some(weights.into_iter().map(|(l, w)| (l.into(), w)).collect());
        self
    }

    fn check(&self) -> Result<()> {
        for (name, value) in [("iterations", self.iterations), ("steps", self.steps)] {
            if value == 0 {
                return Err(Error::param(name, 0, "must be at least 1"));
            }
        }
        if !(self.tolerance.is_finite() && self.tolerance >= 0.0) {
            return Err(Error::param("tolerance", self.tolerance, "must be finite and at least 0"));
        }
        let priors = [
            ("ability_prior", self.ability_mean, self.ability_deviation),
            ("log_ease_prior", self.log_ease_mean, self.log_ease_deviation),
        ];
        for (name, mean, deviation) in priors {
            if !(-100.0..=100.0).contains(&mean) {
                return Err(Error::param(name, mean, "the mean must be between -100 and 100"));
            }
            if !(1e-6..=100.0).contains(&deviation) {
                return Err(Error::param(name, deviation, "the deviation must be between 1e-6 and 100"));
            }
        }
        Ok(())
    }

    fn run(&self, annotations: &Annotations, cx: &mut Context<'_>) -> Result<GladModel> {
        self.check()?;
        em::fit(self, annotations, cx)
    }
}

impl GladModel {
    /// Abilities of the annotators, by number. Of an annotator without votes, it is the mean beforehand.
    pub fn abilities(&self) -> &[f64] {
        &self.abilities
    }

    /// Ability of an annotator. Panics if there are not so many.
    pub fn ability(&self, annotator: u32) -> f64 {
        self.abilities[annotator as usize]
    }

    /// Difficulty of an item, 1 / β: above 0, and larger for harder items. Of an item without votes, it is that of the mean
    /// beforehand. Panics if there are not so many.
    pub fn difficulty(&self, item: u32) -> f64 {
        libm::exp(-self.log_ease[item as usize])
    }

    /// ln β of the items, by number: the negative logarithms of their difficulties.
    pub fn log_eases(&self) -> &[f64] {
        &self.log_ease
    }

    /// Probability that an annotator gives the right label to an item. Panics if there are not so many.
    pub fn accuracy(&self, annotator: u32, item: u32) -> f64 {
        let x = self.ability(annotator) * libm::exp(self.log_ease[item as usize]);
        1.0 / (1.0 + libm::exp(-x))
    }

    /// The log posterior of abilities and difficulties (the log marginal likelihood of the votes and the log density of the
    /// priors, but for a constant), before the first and after each iteration.
    pub fn log_posteriors(&self) -> &[f64] {
        &self.trace
    }

    /// Number of iterations.
    pub fn iterations(&self) -> usize {
        self.trace.len().saturating_sub(1)
    }

    /// Whether the iterations ended because of the tolerance.
    pub fn is_converged(&self) -> bool {
        self.converged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_checked() {
        let votes = Annotations::from_triples([("i", "a", "x")]).unwrap();
        let bad = [
            Glad::new().iterations(0),
            Glad::new().steps(0),
            Glad::new().tolerance(-1.0),
            Glad::new().ability_prior(f64::NAN, 1.0),
            Glad::new().log_ease_prior(1.0, 0.0),
            Glad::new().class_prior([("x", 0.0)]),
        ];
        for params in bad {
            assert!(matches!(params.fit(&votes), Err(Error::InvalidParam { .. })), "{params:?}");
        }
        assert!(matches!(Glad::new().class_prior([("y", 1.0)]).fit(&votes), Err(Error::MissingPrior { .. })));
        assert!(matches!(Glad::new().fit(&Annotations::new()), Err(Error::NoAnnotations)));
    }

    #[test]
    fn one_label_and_nothing_known() {
        let mut votes = Annotations::from_triples([("i", "a", "x"), ("i", "b", "x")]).unwrap();
        votes.add_item("unseen").unwrap();
        votes.add_annotator("silent").unwrap();
        let m = Glad::new().fit(&votes).unwrap();
        assert_eq!(m.posterior().row(0).unwrap(), [1.0]);
        assert_eq!(m.posterior().best(1), None);
        assert!((m.ability(2) - 1.0).abs() < 1e-12 && (m.difficulty(1) - (-1f64).exp()).abs() < 1e-12);
    }

    #[test]
    fn labels_that_nobody_gave_share_the_rest() {
        let mut votes = Annotations::from_triples([("i", "a", "x"), ("i", "b", "y"), ("j", "a", "y")]).unwrap();
        votes.add_label("z").unwrap();
        votes.add_label("w").unwrap();
        let m = Glad::new().class_prior([("x", 1.0), ("y", 1.0), ("z", 5.0), ("w", 3.0)]).fit(&votes).unwrap();
        for i in 0..2 {
            let row = m.posterior().row(i).unwrap();
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
            assert!((row[2] / row[3] - 5.0 / 3.0).abs() < 1e-12);
        }
    }
}
