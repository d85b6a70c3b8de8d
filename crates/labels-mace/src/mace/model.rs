//! What MACE finds.

use crate::annotations::Annotations;
use crate::mace::group::Parameters;
use crate::mace::problem::range;
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
    pub(crate) learned: Learned,
    pub(crate) restarts: Vec<Restart>,
    pub(crate) best: usize,
}

/// What was learned of annotators, by their names and those of labels: it serves for annotations that number them
/// otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Learned {
    pub(crate) annotators: Vec<Box<str>>,
    pub(crate) labels: Vec<Box<str>>,
    pub(crate) parameters: Parameters,
    /// Label of each cell.
    pub(crate) cell_labels: Vec<u32>,
    /// Cells of annotator `a`: `annotator_cells[a]..annotator_cells[a + 1]`.
    pub(crate) annotator_cells: Vec<u32>,
}

impl Learned {
    /// Nothing yet of the annotators, who are to be added in their order.
    pub(crate) fn nothing(annotations: &Annotations) -> Self {
        Self {
            annotators: annotations.annotators().map(Into::into).collect(),
            labels: annotations.labels().map(Into::into).collect(),
            parameters: Parameters { annotators: Vec::new(), theta: Vec::new(), theta_rest: Vec::new() },
            cell_labels: Vec::new(),
            annotator_cells: vec![0],
        }
    }

    /// For annotations: which annotator of these each of theirs is, and which label of theirs each of these is.
    pub(crate) fn numbers(&self, annotations: &Annotations) -> (Vec<Option<usize>>, Vec<Option<u32>>) {
        let mut who = vec![None; annotations.n_annotators()];
        for (a, name) in self.annotators.iter().enumerate() {
            if let Some(there) = annotations.annotator_index(name) {
                who[there as usize] = Some(a);
            }
        }
        (who, self.labels.iter().map(|l| annotations.label_index(l)).collect())
    }

    /// Adds what is known of the next annotator: guess and know, the probabilities of labels when guessing, of a label without one.
    pub(crate) fn push(&mut self, pair: [f64; 2], cells: impl Iterator<Item = (u32, f64)>, rest: f64) {
        self.parameters.annotators.push(pair);
        self.parameters.theta_rest.push(rest);
        for (label, theta) in cells {
            self.cell_labels.push(label);
            self.parameters.theta.push(theta);
        }
        self.annotator_cells.push(self.cell_labels.len() as u32);
    }

    /// Label and probability of what an annotator labels when guessing.
    pub(crate) fn cells(&self, annotator: usize) -> impl Iterator<Item = (u32, f64)> {
        let own = range(&self.annotator_cells[annotator..]);
        self.cell_labels[own.clone()].iter().copied().zip(self.parameters.theta[own].iter().copied())
    }
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
        let mut row = vec![*self.learned.parameters.theta_rest.get(a)?; self.learned.labels.len()];
        for (label, p) in self.learned.cells(a) {
            row[label as usize] = p;
        }
        // Variational probabilities have a smaller sum.
        let sum: f64 = row.iter().sum();
        let even = 1.0 / row.len() as f64;
        row.iter_mut().for_each(|p| *p = if sum > 0.0 { *p / sum } else { even });
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
