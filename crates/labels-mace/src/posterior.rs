//! What is known of the label of each item.

/// Probabilities of labels, item by item.
///
/// For each item, those of some labels are kept, which are all that have votes; what is left is shared by the others in
/// proportion to the prior. So an item costs no more for labels that nobody gave it. An item that nothing is known of,
/// because it has no votes, has no probabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    n_labels: usize,
    /// Entries of item `i`: `offsets[i]..offsets[i + 1]`.
    pub(crate) offsets: Vec<usize>,
    /// Labels of the entries, ascending within an item.
    pub(crate) labels: Vec<u32>,
    pub(crate) probabilities: Vec<f64>,
    /// Probability of a label without entry, divided by its weight.
    pub(crate) rest: Vec<f64>,
    /// Weights of labels without entry; none: all 1.
    pub(crate) prior: Option<Vec<f64>>,
    /// The largest of them.
    most: f64,
}

/// The best label of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// The label; of several that are equally probable but for rounding (1e-12 of it), the first by number.
    pub label: u32,
    /// Its probability.
    pub probability: f64,
    /// How many labels are as probable as this one, itself included: 1, or more for a tie.
    pub tied: usize,
}

/// Probabilities that differ by less than this share are the same.
const TIE: f64 = 1e-12;

/// What is known of an item.
pub(crate) struct Row<'a> {
    /// Labels with an entry, ascending.
    pub(crate) labels: &'a [u32],
    pub(crate) probabilities: &'a [f64],
    /// Probability of a label without entry, divided by its weight.
    pub(crate) rest: f64,
    pub(crate) n_labels: usize,
    /// Weights of labels without entry, and the largest weight; none: all 1.
    pub(crate) prior: Option<(&'a [f64], f64)>,
}

impl Row<'_> {
    /// Probability of a label without entry.
    fn other(&self, label: u32) -> f64 {
        self.rest * self.prior.map_or(1.0, |(p, _)| p[label as usize])
    }

    /// Labels without entry.
    fn others(&self) -> impl Iterator<Item = u32> {
        let mut next = self.labels.iter().peekable();
        (0..self.n_labels as u32).filter(move |l| next.next_if_eq(&l).is_none())
    }

    pub(crate) fn best(&self) -> Best {
        let entries = || self.labels.iter().copied().zip(self.probabilities.iter().copied());
        let mut top = entries().map(|e| e.1).fold(0.0, f64::max);
        // Labels without entry win only where the prior says so.
        let most = self.rest * self.prior.map_or(1.0, |p| p.1);
        let win = most > 0.0 && self.labels.len() < self.n_labels && most >= top * (1.0 - TIE);
        if win {
            top = self.others().map(|l| self.other(l)).fold(top, f64::max);
        }
        let all = entries().chain(self.others().take_while(|_| win).map(|l| (l, self.other(l))));
        let mut best = Best { label: u32::MAX, probability: 0.0, tied: 0 };
        for (label, probability) in all.filter(|e| e.1 >= top * (1.0 - TIE)) {
            best.tied += 1;
            if label < best.label {
                (best.label, best.probability) = (label, probability);
            }
        }
        best
    }

    pub(crate) fn entropy(&self) -> f64 {
        let term = |p: f64| if p > 0.0 { -p * libm::log(p) } else { 0.0 };
        let mut sum: f64 = self.probabilities.iter().copied().map(term).sum();
        if self.rest > 0.0 {
            sum += match self.prior {
                None => (self.n_labels - self.labels.len()) as f64 * term(self.rest),
                Some(_) => self.others().map(|l| term(self.other(l))).sum(),
            };
        }
        // A probability that is 1 but for rounding would make it negative.
        sum.max(0.0)
    }
}

impl Posterior {
    /// Of entries by item. Labels ascend within an item; `rest[i]` times its weight is the probability of each label
    /// without entry.
    pub(crate) fn new(
        n_labels: usize,
        offsets: Vec<usize>,
        labels: Vec<u32>,
        probabilities: Vec<f64>,
        rest: Vec<f64>,
        prior: Option<Vec<f64>>,
    ) -> Self {
        debug_assert_eq!(offsets.len(), rest.len() + 1);
        debug_assert_eq!(labels.len(), probabilities.len());
        let most = prior.iter().flatten().copied().fold(0.0, f64::max);
        Self { n_labels, offsets, labels, probabilities, rest, prior, most }
    }

    /// Of one row of probabilities an item; `None` for items of which nothing is known. Rows are scaled to sum 1.
    pub(crate) fn dense(n_labels: usize, rows: impl IntoIterator<Item = Option<Vec<f64>>>) -> Self {
        let (mut offsets, mut labels, mut probabilities, mut rest) = (vec![0], Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            if let Some(row) = row {
                let sum: f64 = row.iter().sum();
                labels.extend(0..n_labels as u32);
                probabilities.extend(row.iter().map(|p| p / sum));
            }
            offsets.push(labels.len());
            rest.push(0.0);
        }
        Self::new(n_labels, offsets, labels, probabilities, rest, None)
    }

    /// Number of items.
    pub fn n_items(&self) -> usize {
        self.rest.len()
    }

    /// Number of labels.
    pub fn n_labels(&self) -> usize {
        self.n_labels
    }

    /// Whether anything is known of an item: it has votes.
    pub fn is_known(&self, item: usize) -> bool {
        self.known(item).is_some()
    }

    /// What is known of an item; `None`: nothing, or there is no such item.
    fn known(&self, item: usize) -> Option<Row<'_>> {
        let range = *self.offsets.get(item)?..*self.offsets.get(item + 1)?;
        let (labels, probabilities) = (&self.labels[range.clone()], &self.probabilities[range]);
        let prior = self.prior.as_deref().map(|p| (p, self.most));
        let row = Row { labels, probabilities, rest: self.rest[item], n_labels: self.n_labels, prior };
        (!labels.is_empty()).then_some(row)
    }

    /// Probability of a label; `None` where nothing is known of the item, or there is no such label.
    pub fn probability(&self, item: usize, label: u32) -> Option<f64> {
        let row = self.known(item)?;
        if label as usize >= self.n_labels {
            return None;
        }
        Some(row.labels.binary_search(&label).map_or_else(|_| row.other(label), |at| row.probabilities[at]))
    }

    /// Probabilities of all labels by number; `None` where nothing is known of the item.
    pub fn row(&self, item: usize) -> Option<Vec<f64>> {
        let known = self.known(item)?;
        let mut row: Vec<f64> = (0..self.n_labels as u32).map(|l| known.other(l)).collect();
        for (&l, &p) in known.labels.iter().zip(known.probabilities) {
            row[l as usize] = p;
        }
        Some(row)
    }

    /// The most probable label; `None` where nothing is known of the item.
    pub fn best(&self, item: usize) -> Option<Best> {
        self.known(item).map(|row| row.best())
    }

    /// Labels and probabilities from the most to the least probable; equal ones by number. Empty where nothing is known.
    pub fn ranked(&self, item: usize) -> Vec<(u32, f64)> {
        let mut row: Vec<(u32, f64)> =
            self.row(item).unwrap_or_default().into_iter().zip(0u32..).map(|(p, l)| (l, p)).collect();
        row.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        row
    }

    /// Entropy of the label in nats, between 0 and `ln(n_labels)`; `None` where nothing is known of the item.
    pub fn entropy(&self, item: usize) -> Option<f64> {
        self.known(item).map(|row| row.entropy())
    }

    /// Entropies of all items, see [`Posterior::entropy`].
    pub fn entropies(&self) -> Vec<Option<f64>> {
        (0..self.n_items()).map(|i| self.entropy(i)).collect()
    }

    /// The most probable labels of all items; `None` where nothing is known.
    pub fn labels(&self) -> Vec<Option<u32>> {
        (0..self.n_items()).map(|i| self.best(i).map(|b| b.label)).collect()
    }

    /// The most probable labels of the items that are surest: the share `threshold` of all, by entropy, as the programs of
    /// MACE count it. `None` for the others and where nothing is known.
    ///
    /// All items are sorted by entropy, those that nothing is known of first, so that they take places. The entropy at
    /// place `floor(n · threshold)` is the largest that is kept (at the first place for 0, at the last for 1).
    ///
    /// # Errors
    /// [`Error::InvalidParam`](crate::Error::InvalidParam) if `threshold` is not within 0 and 1.
    pub fn labels_below(&self, threshold: f64) -> crate::Result<Vec<Option<u32>>> {
        let keep = self.surest(threshold)?;
        Ok(keep.iter().enumerate().map(|(i, &k)| self.best(i).filter(|_| k).map(|b| b.label)).collect())
    }

    /// Which items are within the share `threshold` of the surest, see [`Posterior::labels_below`].
    ///
    /// # Errors
    /// As [`Posterior::labels_below`].
    pub fn surest(&self, threshold: f64) -> crate::Result<Vec<bool>> {
        if !(0.0..=1.0).contains(&threshold) {
            return Err(crate::Error::param("threshold", threshold, "must be between 0 and 1"));
        }
        let n = self.n_items();
        let entropies = self.entropies();
        let mut sorted: Vec<f64> = entropies.iter().map(|e| e.unwrap_or(f64::NEG_INFINITY)).collect();
        sorted.sort_by(f64::total_cmp);
        let place = if threshold == 1.0 { n.saturating_sub(1) } else { (n as f64 * threshold) as usize };
        let cut = sorted.get(place).copied().unwrap_or(f64::NEG_INFINITY);
        Ok(entropies.iter().map(|e| e.is_some_and(|e| e <= cut)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posterior() -> Posterior {
        // Item 0: label 1 and 3 of four voted; item 1: nothing; item 2: label 0.
        Posterior::new(4, vec![0, 2, 2, 3], vec![1, 3, 0], vec![0.5, 0.3, 0.7], vec![0.1, 0.0, 0.1], None)
    }

    #[test]
    fn rows_and_single_probabilities_agree() {
        let p = posterior();
        assert_eq!(p.row(0).unwrap(), [0.1, 0.5, 0.1, 0.3]);
        assert_eq!(p.probability(0, 2), Some(0.1));
        assert_eq!((p.row(1), p.probability(1, 0), p.best(1), p.entropy(1)), (None, None, None, None));
        assert_eq!(p.best(2), Some(Best { label: 0, probability: 0.7, tied: 1 }));
        let dense: f64 = p.row(0).unwrap().iter().map(|p| -p * p.ln()).sum();
        assert!((p.entropy(0).unwrap() - dense).abs() < 1e-15);
        assert_eq!(p.ranked(0).iter().map(|r| r.0).collect::<Vec<_>>(), [1, 3, 0, 2]);
    }

    #[test]
    fn a_label_without_votes_wins_by_its_prior() {
        let prior = Some(vec![0.1, 0.6, 0.3]);
        let p = Posterior::new(3, vec![0, 1], vec![0], vec![0.37], vec![0.7], prior);
        let best = p.best(0).unwrap();
        assert_eq!((best.label, best.tied), (1, 1));
        assert!((best.probability - 0.42).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_there_is_none() {
        let p = posterior();
        assert_eq!(
            (p.probability(0, 4), p.probability(3, 0), p.best(9), p.row(3), p.entropy(3)),
            (None, None, None, None, None)
        );
        assert!(!p.is_known(3) && p.ranked(3).is_empty());
    }

    #[test]
    fn labels_without_votes_tie_with_those_that_have() {
        let p = Posterior::new(4, vec![0, 2], vec![1, 3], vec![0.25; 2], vec![0.25], None);
        assert_eq!(p.best(0), Some(Best { label: 0, probability: 0.25, tied: 4 }));
    }

    #[test]
    fn ties_are_told() {
        let p = Posterior::dense(2, [Some(vec![2.0, 2.0]), None]);
        assert_eq!(p.best(0), Some(Best { label: 0, probability: 0.5, tied: 2 }));
    }

    #[test]
    fn the_surest_share() {
        let p = posterior();
        assert_eq!(p.surest(1.0).unwrap(), [true, false, true]);
        // Sorted: -inf (item 1), item 2, item 0. Place floor(3 * 0.5) = 1.
        assert_eq!(p.surest(0.5).unwrap(), [false, false, true]);
        assert_eq!(p.surest(0.0).unwrap(), [false, false, false]);
        assert!(p.surest(f64::NAN).is_err() && p.surest(2.0).is_err());
    }
}
