//! Annotators with a confusion matrix each.

mod em;

use crate::annotations::Annotations;
use crate::error::{Error, Result};
use crate::model::label_model;
use crate::posterior::Posterior;
use crate::prior::ClassPrior;
use planisphere_core::Context;
use serde::{Deserialize, Serialize};

/// Finds labels where each annotator has a confusion matrix: how probable each answer is for each true label.
///
/// A. P. Dawid and A. M. Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm", Applied
/// Statistics 28 (1979). Expectation and maximization take turns from the shares of votes on. Sums are of logarithms, so that
/// hundreds of votes for an item do no harm. As in crowd-kit, no expected count falls below 1e-10, so that nothing is ruled
/// out for good by an answer that was given; answers that an annotator never gave are impossible, unless there is smoothing.
///
/// Annotators need enough votes for labels² numbers each; with few of them, MACE knows better whom to trust.
/// An iteration takes time in proportion to votes × labels; the memory is 8 bytes × labels × (items + different answers of each
/// annotator). The result is the same for any number of threads, and does not hang on names or on any order, but for the last
/// digits.
///
/// ```
/// use planisphere_labels_mace::{Annotations, DawidSkene};
///
/// // Four annotators of ten items; the last one says the opposite.
/// let truth = [0, 1, 0, 0, 1, 1, 0, 1, 0, 1];
/// let votes: Vec<_> = (0..10u32)
///     .flat_map(|i| (0..4u32).map(move |a| (i, a, truth[i as usize] ^ u32::from(a == 3))))
///     .collect();
/// let model = DawidSkene::new().fit(&Annotations::from_codes(10, 4, 2, &votes)?)?;
/// assert_eq!(model.posterior().labels(), truth.map(Some));
/// assert!(model.confusion(3, 0, 1).unwrap() > 0.99 && model.is_converged());
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DawidSkene {
    iterations: usize,
    tolerance: f64,
    smoothing: f64,
    prior_smoothing: f64,
    class_prior: ClassPrior,
}

impl Default for DawidSkene {
    /// 100 iterations, a tolerance of 1e-5, no smoothing, class priors estimated: as crowd-kit.
    fn default() -> Self {
        Self {
            iterations: 100,
            tolerance: 1e-5,
            smoothing: 0.0,
            prior_smoothing: 0.0,
            class_prior: ClassPrior::Estimated,
        }
    }
}

/// Labels and confusion matrices, see [`DawidSkene`].
#[derive(Clone, Debug, PartialEq)]
pub struct DawidSkeneModel {
    posterior: Posterior,
    table: em::Table,
    class_priors: Vec<f64>,
    trace: Vec<f64>,
    converged: bool,
}

label_model!(
    DawidSkene,
    DawidSkeneModel,
    "[`Error::InvalidParam`](crate::Error::InvalidParam), [`Error::NoAnnotations`](crate::Error::NoAnnotations), \
     [`Error::MissingPrior`](crate::Error::MissingPrior) if class priors are given and a label has none, \
     [`Error::TooMany`](crate::Error::TooMany) if labels × (items + answers) do not fit into memory."
);

impl DawidSkene {
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

    /// Iterations end once the log marginal likelihood, divided by the number of votes, changes by less than this. 0: never.
    /// Default: 1e-5.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// What is added to each cell of the confusion matrices, in votes. Default: 0.
    #[must_use]
    pub fn smoothing(mut self, smoothing: f64) -> Self {
        self.smoothing = smoothing;
        self
    }

    /// What is added to each label where class priors are estimated, in items. Default: 0.
    #[must_use]
    pub fn prior_smoothing(mut self, prior_smoothing: f64) -> Self {
        self.prior_smoothing = prior_smoothing;
        self
    }

    /// How probable each label is before anybody votes. Default: [`ClassPrior::Estimated`].
    #[must_use]
    pub fn class_prior(mut self, class_prior: ClassPrior) -> Self {
        self.class_prior = class_prior;
        self
    }

    fn check(&self) -> Result<()> {
        if self.iterations == 0 {
            return Err(Error::param("iterations", 0, "must be at least 1"));
        }
        let numbers =
            [("tolerance", self.tolerance), ("smoothing", self.smoothing), ("prior_smoothing", self.prior_smoothing)];
        for (name, value) in numbers {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::param(name, value, "must be finite and at least 0"));
            }
        }
        Ok(())
    }

    fn run(&self, annotations: &Annotations, cx: &mut Context<'_>) -> Result<DawidSkeneModel> {
        self.check()?;
        em::fit(self, annotations, cx)
    }
}

impl DawidSkeneModel {
    /// Probability that an annotator gives the label `given` to items whose label is `truth`; `None` for an annotator
    /// without votes. Numbers are those of the annotations; panics if a label is none of them.
    pub fn confusion(&self, annotator: u32, truth: u32, given: u32) -> Option<f64> {
        self.table.cell(annotator, truth, given)
    }

    /// The confusion matrix of an annotator, labels × labels: a row is a true label, a column a label given; rows have the
    /// sum 1. `None` for an annotator without votes.
    pub fn confusion_matrix(&self, annotator: u32) -> Option<Vec<Vec<f64>>> {
        let labels = 0..self.class_priors.len() as u32;
        labels
            .clone()
            .map(|truth| labels.clone().map(|given| self.confusion(annotator, truth, given)).collect())
            .collect()
    }

    /// Probability that an annotator is right about an item, over the class priors; `None` for an annotator without votes.
    pub fn accuracy(&self, annotator: u32) -> Option<f64> {
        (0u32..).zip(&self.class_priors).map(|(l, p)| self.confusion(annotator, l, l).map(|c| p * c)).sum()
    }

    /// How probable each label is before anybody votes, by number.
    pub fn class_priors(&self) -> &[f64] {
        &self.class_priors
    }

    /// The log marginal likelihood of the votes, after each iteration.
    pub fn log_likelihoods(&self) -> &[f64] {
        &self.trace
    }

    /// The log marginal likelihood of the votes, after the last iteration.
    pub fn log_likelihood(&self) -> f64 {
        self.trace.last().copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Number of iterations.
    pub fn iterations(&self) -> usize {
        self.trace.len()
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
            DawidSkene::new().iterations(0),
            DawidSkene::new().tolerance(f64::NAN),
            DawidSkene::new().smoothing(-1.0),
            DawidSkene::new().prior_smoothing(f64::INFINITY),
            DawidSkene::new().class_prior(ClassPrior::Fixed(vec![("x".into(), -1.0)])),
        ];
        for params in bad {
            assert!(matches!(params.fit(&votes), Err(Error::InvalidParam { .. })), "{params:?}");
        }
        assert!(matches!(DawidSkene::new().fit(&Annotations::new()), Err(Error::NoAnnotations)));
    }

    #[test]
    fn annotators_and_labels_without_votes() {
        let mut votes = Annotations::from_triples([("i", "a", "x"), ("j", "a", "y"), ("i", "b", "x")]).unwrap();
        votes.add_annotator("silent").unwrap();
        votes.add_item("unseen").unwrap();
        votes.add_label("unused").unwrap();
        let m = DawidSkene::new().smoothing(0.1).fit(&votes).unwrap();
        assert_eq!((m.confusion(2, 0, 0), m.accuracy(2), m.posterior().best(2)), (None, None, None));
        for a in 0..2 {
            for row in m.confusion_matrix(a).unwrap() {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
                assert!(row[2] > 0.0);
            }
        }
        let m = DawidSkene::new().fit(&votes).unwrap();
        assert_eq!(m.confusion(1, 0, 1), Some(0.0));
        assert_eq!(m.posterior().labels(), [Some(0), Some(1), None]);
    }
}
