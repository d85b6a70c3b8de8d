//! What MACE can be told.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Counts and noise may be this large, so that no sum of them is infinite.
const LARGEST: f64 = 1e100;

/// How parameters follow from expected counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Variational Bayes, the default of the original.
    VariationalBayes {
        /// Prior count of guesses of each annotator. More than `beta`: most are thought to be unreliable.
        alpha: f64,
        /// Prior count of labels that each annotator knew.
        beta: f64,
        /// Prior count of each label among an annotator's guesses.
        strategy_prior: f64,
    },
    /// Maximum likelihood by expectation maximization.
    Em {
        /// Added to each count; `None`: 0.01 divided by the number of labels.
        smoothing: Option<f64>,
    },
}

impl Method {
    /// Variational Bayes with the priors of the original: 0.5, 0.5 and 10.
    pub const VB: Self = Self::VariationalBayes { alpha: 0.5, beta: 0.5, strategy_prior: 10.0 };
    /// Expectation maximization with the smoothing of the original.
    pub const EM: Self = Self::Em { smoothing: None };
}

/// Where restarts begin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Start {
    /// Each probability is `1 + noise · u` with `u` uniform in \[0, 1), and they are scaled to sum 1. (Of labels that an
    /// annotator never used, `u` is 0.5.)
    Random {
        /// 0.5 in the original.
        noise: f64,
    },
    /// All probabilities the same. One restart says everything then.
    Uniform,
}

/// MACE: multi-annotator competence estimation (Hovy, Berg-Kirkpatrick, Vaswani and Hovy, "Learning Whom to Trust with
/// MACE", NAACL-HLT 2013), as their program computes it.
///
/// Each annotator either knows the label of an item, or guesses after an own habit; how often they know is their
/// competence. Labels, competences and habits are estimated together, from some random starts, of which the likeliest is
/// kept.
///
/// Results do not depend on the number of threads, on the names of items, annotators and labels, or on the order in which
/// they come: restarts draw by who labeled what like whom. There are two exceptions, since only names or order could decide.
/// An item with labels that are equally probable gets the one that came first, see [`Best::tied`](crate::Best::tied). And
/// annotators or labels that are mirror images of each other (two camps that contradict each other in everything) may
/// change places.
///
/// ```
/// use planisphere_labels_mace::{Annotations, Mace};
///
/// // One of four says "no" whatever is asked.
/// let mut votes = Annotations::new();
/// for (item, truth) in [("a", "yes"), ("b", "no"), ("c", "yes"), ("d", "no"), ("e", "yes"), ("f", "no")] {
///     for who in ["ann", "bob", "cleo"] {
///         votes.push(item, who, truth)?;
///     }
///     votes.push(item, "dave", "no")?;
/// }
/// let model = Mace::new().fit(&votes)?;
/// let competence = model.competence();
/// assert!(competence[0] > 0.9 && competence[3] < 0.1);
/// assert_eq!(model.posterior().labels()[..2], [Some(0), Some(1)]);
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mace {
    pub(crate) method: Method,
    pub(crate) restarts: usize,
    pub(crate) iterations: usize,
    pub(crate) seed: u64,
    pub(crate) start: Start,
    pub(crate) tolerance: Option<f64>,
    pub(crate) controls: Vec<(String, String)>,
    pub(crate) priors: Option<Vec<(String, f64)>>,
}

impl Default for Mace {
    fn default() -> Self {
        Self {
            method: Method::VB,
            restarts: 10,
            iterations: 50,
            seed: 42,
            start: Start::Random { noise: 0.5 },
            tolerance: None,
            controls: Vec::new(),
            priors: None,
        }
    }
}

impl Mace {
    /// The defaults of the original: variational Bayes, 10 restarts of 50 iterations.
    pub fn new() -> Self {
        Self::default()
    }

    /// How parameters follow from counts (default: [`Method::VB`]).
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// How many starts are tried, 1 to 1000 (default: 10). They run side by side.
    #[must_use]
    pub fn restarts(mut self, restarts: usize) -> Self {
        self.restarts = restarts;
        self
    }

    /// Iterations of each restart, up to 1000 (default: 50). 0 tells what the start says.
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// Seed of random starts (default: 42).
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Where restarts begin (default: random with noise 0.5).
    #[must_use]
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// A restart ends when an iteration changes its log likelihood by at most this share of it (default: `None`, never, as
    /// the original). 1e-6 is a good value.
    #[must_use]
    pub fn tolerance(mut self, tolerance: impl Into<Option<f64>>) -> Self {
        self.tolerance = tolerance.into();
        self
    }

    /// Items of which the label is known: (item, label). Of several for one item the last counts. An item without votes stays
    /// unknown: controls tell of annotators.
    #[must_use]
    pub fn controls<I: Into<String>, L: Into<String>>(mut self, controls: impl IntoIterator<Item = (I, L)>) -> Self {
        self.controls = controls.into_iter().map(|(i, l)| (i.into(), l.into())).collect();
        self
    }

    /// How frequent each label is: (label, weight), in any scale. Every label of the annotations needs one; what is said of
    /// other labels is ignored (default: all the same). Of several for one label the last counts. Below 1e-300 of the
    /// largest, a weight counts as 0.
    #[must_use]
    pub fn priors<L: Into<String>>(mut self, priors: impl IntoIterator<Item = (L, f64)>) -> Self {
        self.priors = Some(priors.into_iter().map(|(l, p)| (l.into(), p)).collect());
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        let positive = |param, value: f64| {
            let good = (1e-100..=LARGEST).contains(&value);
            good.then_some(()).ok_or_else(|| Error::param(param, value, "must be a number between 1e-100 and 1e100"))
        };
        let not_negative = |param, value: f64| {
            let good = (0.0..=LARGEST).contains(&value);
            good.then_some(()).ok_or_else(|| Error::param(param, value, "must be a number between 0 and 1e100"))
        };
        match self.method {
            Method::VariationalBayes { alpha, beta, strategy_prior } => {
                positive("alpha", alpha)?;
                positive("beta", beta)?;
                positive("strategy_prior", strategy_prior)?;
            }
            Method::Em { smoothing } => not_negative("smoothing", smoothing.unwrap_or(0.0))?,
        }
        if !(1..=1000).contains(&self.restarts) {
            return Err(Error::param("restarts", self.restarts, "must be between 1 and 1000"));
        }
        if self.iterations > 1000 {
            return Err(Error::param("iterations", self.iterations, "must be between 0 and 1000"));
        }
        if let Start::Random { noise } = self.start {
            not_negative("noise", noise)?;
        }
        not_negative("tolerance", self.tolerance.unwrap_or(0.0))
    }
}
