//! What MACE finds.

use crate::mace::group::Parameters;
use crate::posterior::Posterior;

/// What came of one restart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Restart {
    /// Log marginal likelihood of all votes under its parameters.
    pub log_likelihood: f64,
    /// How many iterations it took.
    pub iterations: usize,
    /// Whether it ended because it hardly moved any more, see [`Mace::tolerance`](crate::Mace::tolerance).
    pub converged: bool,
}

/// What [`Mace::fit`](crate::Mace::fit) found: labels, and whom to trust.
#[derive(Clone, Debug, PartialEq)]
pub struct MaceModel {
    pub(crate) posterior: Posterior,
    /// By annotator.
    pub(crate) competence: Vec<f64>,
    pub(crate) competence_mean: Vec<f64>,
    /// In numbers of annotators; cells by annotator, then as `cell_labels`.
    pub(crate) parameters: Parameters,
    pub(crate) cell_labels: Vec<u32>,
    pub(crate) annotator_cells: Vec<u32>,
    pub(crate) n_labels: usize,
    pub(crate) restarts: Vec<Restart>,
    pub(crate) best: usize,
}

impl MaceModel {
    /// Probabilities of the labels of each item.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// How probable it is that an annotator knows, as the original tells it, by number: 0 to 1. Under variational Bayes it is
    /// what the iterations compute with, the exponential of the expected logarithm, a bit less than the mean.
    pub fn competence(&self) -> &[f64] {
        &self.competence
    }

    /// The posterior mean of what [`MaceModel::competence`] tells: known labels by all, with their prior counts. The same
    /// as that under expectation maximization.
    pub fn competence_mean(&self) -> &[f64] {
        &self.competence_mean
    }

    /// What an annotator labels when guessing: a probability for each label, with sum 1. `None`: there is no such annotator.
    pub fn guesses(&self, annotator: u32) -> Option<Vec<f64>> {
        let a = annotator as usize;
        let mut row = vec![*self.parameters.theta_rest.get(a)?; self.n_labels];
        let cells = self.annotator_cells[a] as usize..self.annotator_cells[a + 1] as usize;
        for (&l, &p) in self.cell_labels[cells.clone()].iter().zip(&self.parameters.theta[cells]) {
            row[l as usize] = p;
        }
        // Variational probabilities have a smaller sum.
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
        Some(row)
    }

    /// Log marginal likelihood of all votes: that of the restart that was kept.
    pub fn log_likelihood(&self) -> f64 {
        self.restarts[self.best].log_likelihood
    }

    /// What came of the restarts.
    pub fn restarts(&self) -> &[Restart] {
        &self.restarts
    }

    /// The restart that was kept: the likeliest, the first of several.
    pub fn best_restart(&self) -> usize {
        self.best
    }
}
