//! Votes counted item by item.

use crate::annotations::Vote;

/// Labels that each item was given, ascending, with the sum of the weights of their votes.
pub(crate) struct Tally {
    /// Entries of item `i`: `offsets[i]..offsets[i + 1]`.
    pub(crate) offsets: Vec<usize>,
    pub(crate) labels: Vec<u32>,
    pub(crate) weights: Vec<f64>,
}

impl Tally {
    /// Of votes by item. `weight` is asked for each vote.
    pub(crate) fn new(offsets: &[usize], votes: &[Vote], weight: impl Fn(&Vote) -> f64) -> Self {
        let mut tally = Self { offsets: vec![0], labels: Vec::new(), weights: Vec::new() };
        let mut item: Vec<(u32, f64)> = Vec::new();
        for range in offsets.windows(2) {
            item.clear();
            item.extend(votes[range[0]..range[1]].iter().map(|v| (v.label, weight(v))));
            item.sort_by_key(|v| v.0);
            for votes in item.chunk_by(|a, b| a.0 == b.0) {
                tally.labels.push(votes[0].0);
                tally.weights.push(votes.iter().map(|v| v.1).sum());
            }
            tally.offsets.push(tally.labels.len());
        }
        tally
    }

    /// Labels and weights of an item.
    pub(crate) fn item(&self, i: usize) -> (&[u32], &[f64]) {
        let range = self.offsets[i]..self.offsets[i + 1];
        (&self.labels[range.clone()], &self.weights[range])
    }
}
