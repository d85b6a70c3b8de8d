//! The votes as the sweeps go through them.

use crate::annotations::{Annotations, Vote};
use crate::mace::canonical::{Given, Grouped, Keys, order, places};
use planisphere_core::{CancelToken, Cancelled};
use std::ops::Range;

/// Votes sorted by item, within it by label, within that by annotator, all in the canonical order.
///
/// A *cell* is an annotator with a label that they used: what the model has a parameter for. A *slot* is a label that an
/// item got: what a probability is computed for.
pub(crate) struct Problem {
    /// Items with votes: canonical place → number.
    pub(crate) items: Vec<u32>,
    /// Canonical place → number.
    pub(crate) annotators: Vec<u32>,
    /// Canonical place → number.
    pub(crate) labels: Vec<u32>,
    /// What restarts draw by, by canonical place.
    pub(crate) annotator_keys: Vec<u64>,
    pub(crate) label_keys: Vec<u64>,

    /// Cell of each vote.
    pub(crate) cells: Vec<u32>,
    /// Votes of slot `s`: `slots[s]..slots[s + 1]`.
    pub(crate) slots: Vec<u32>,
    /// Prior of a slot's label; 0 where the item's control is another label.
    pub(crate) slot_weights: Vec<f64>,
    /// Label of each slot, by canonical place.
    pub(crate) slot_labels: Vec<u32>,
    /// Slots of item `i`: `item_slots[i]..item_slots[i + 1]`.
    pub(crate) item_slots: Vec<u32>,
    /// Prior of all labels without a slot together; where there is a control, 0, or its prior if nobody voted for it.
    pub(crate) rest: Vec<f64>,
    /// Controls of the items, as numbers of labels.
    pub(crate) controls: Vec<Option<u32>>,

    /// How many votes are of a cell.
    pub(crate) cell_votes: Vec<f64>,
    /// Label of each cell, by canonical place.
    pub(crate) cell_labels: Vec<u32>,
    /// Cells of annotator `a`: `annotator_cells[a]..annotator_cells[a + 1]`.
    pub(crate) annotator_cells: Vec<u32>,
    /// How many votes are of an annotator.
    pub(crate) annotator_votes: Vec<f64>,

    /// Items that are gone through by one task.
    pub(crate) blocks: Vec<Range<usize>>,
    /// Annotators that are gone through by one task.
    pub(crate) parts: Vec<Range<usize>>,
    pub(crate) n_items: usize,
    pub(crate) n_labels: usize,
    /// Most slots of an item.
    pub(crate) most_slots: usize,
}

/// At most so many tasks for a sweep, each with a table of counts of its own.
const BLOCKS: usize = 16;
/// A task goes through this many times as many votes as its table has cells.
const VOTES_PER_CELL: usize = 4;
/// Votes between two looks at whether the run was stopped.
const PIECE: u32 = 1 << 17;
/// Cells that a task of the other step goes through.
const PART: usize = 4096;

impl Problem {
    /// `controls` by item; `priors` by label, with sum 1.
    pub(crate) fn new(
        annotations: &Annotations,
        controls: &[Option<u32>],
        priors: Option<&[f64]>,
        token: &CancelToken,
    ) -> Result<Self, Cancelled> {
        let (n_annotators, n_labels) = (annotations.n_annotators(), annotations.n_labels());
        let (offsets, by_item) = annotations.by_item();
        let of = Grouped { offsets: &offsets, votes: &by_item, annotators: n_annotators, labels: n_labels };
        let keys = Keys::find(&of, &Given { controls, priors }, token)?;
        let mut items = order(&keys.items);
        items.retain(|&i| offsets[i as usize] < offsets[i as usize + 1]);
        let (annotators, labels) = (order(&keys.annotators), order(&keys.labels));
        let (annotator_places, label_places) = (places(&annotators), places(&labels));

        let cells = Cells::of(annotations, &annotators, &label_places);
        let mut new = Self {
            annotator_keys: annotators.iter().map(|&a| keys.annotators[a as usize]).collect(),
            label_keys: labels.iter().map(|&l| keys.labels[l as usize]).collect(),
            cells: Vec::with_capacity(by_item.len()),
            slots: vec![0],
            slot_weights: Vec::new(),
            slot_labels: Vec::new(),
            item_slots: vec![0],
            rest: Vec::with_capacity(items.len()),
            controls: items.iter().map(|&i| controls[i as usize]).collect(),
            annotator_votes: cells.starts.windows(2).map(|w| cells.votes[range(w)].iter().sum()).collect(),
            cell_votes: Vec::new(),
            cell_labels: Vec::new(),
            annotator_cells: Vec::new(),
            blocks: Vec::new(),
            parts: Vec::new(),
            n_items: controls.len(),
            n_labels,
            most_slots: 0,
            items,
            annotators,
            labels,
        };
        let mut votes: Vec<(u32, u32, u32)> = Vec::new();
        for at in 0..new.items.len() {
            if at % 4096 == 0 {
                token.check()?;
            }
            let item = new.items[at] as usize;
            votes.clear();
            votes.extend(by_item[offsets[item]..offsets[item + 1]].iter().map(|v: &Vote| {
                let (annotator, label) = (annotator_places[v.annotator as usize], label_places[v.label as usize]);
                (label, annotator, cells.number(annotator, label))
            }));
            votes.sort_unstable();
            new.push(&votes, controls[item], priors, &label_places);
        }
        (new.cell_votes, new.cell_labels, new.annotator_cells) = (cells.votes, cells.labels, cells.starts);
        new.divide();
        Ok(new)
    }

    /// Adds an item: (label, annotator, cell) of its votes, sorted.
    fn push(&mut self, votes: &[(u32, u32, u32)], control: Option<u32>, priors: Option<&[f64]>, places: &[u32]) {
        let prior = |label: u32| priors.map_or(1.0 / self.n_labels as f64, |p| p[label as usize]);
        let first = self.slot_labels.len();
        let mut voted = 0.0;
        for run in votes.chunk_by(|a, b| a.0 == b.0) {
            let label = self.labels[run[0].0 as usize];
            self.cells.extend(run.iter().map(|v| v.2));
            self.slots.push(self.cells.len() as u32);
            self.slot_labels.push(run[0].0);
            self.slot_weights.push(if control.is_none_or(|c| c == label) { prior(label) } else { 0.0 });
            voted += prior(label);
        }
        let slots = self.slot_labels.len() - first;
        let others = self.n_labels - slots;
        self.rest.push(match control {
            Some(c) if self.slot_labels[first..].contains(&places[c as usize]) => 0.0,
            Some(c) => prior(c),
            None if others == 0 => 0.0,
            None if priors.is_none() => others as f64 / self.n_labels as f64,
            // Rounding must not make a negative one.
            None => (1.0 - voted).max(0.0),
        });
        self.most_slots = self.most_slots.max(slots);
        self.item_slots.push(self.slot_labels.len() as u32);
    }

    /// A range of items in pieces, after each of which a run may be stopped. Where they end changes no count.
    pub(crate) fn pieces(&self, items: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let mut start = items.start;
        std::iter::from_fn(move || {
            let from = self.slots[self.item_slots[start.min(self.items.len())] as usize].saturating_add(PIECE);
            let rest = &self.item_slots[start + 1..=items.end.max(start)];
            let piece = rest.partition_point(|&s| self.slots[s as usize] < from) + 1;
            let range = start..(start + piece).min(items.end);
            start = range.end;
            (!range.is_empty()).then_some(range)
        })
    }

    /// Blocks and parts of about the same size, by the data alone.
    fn divide(&mut self) {
        let votes = self.cells.len();
        let n = (votes / (VOTES_PER_CELL * self.cell_votes.len().max(1024))).clamp(1, BLOCKS);
        let mut start = 0;
        for b in 1..=n {
            let vote = (votes * b / n) as u32;
            let end = self.item_slots[1..].partition_point(|&s| self.slots[s as usize] <= vote).max(start);
            self.blocks.push(start..end);
            start = end;
        }

        let (mut start, mut cells) = (0, 0);
        for a in 0..self.annotators.len() {
            cells += 1 + range(&self.annotator_cells[a..]).len();
            if cells >= PART {
                self.parts.push(start..a + 1);
                (start, cells) = (a + 1, 0);
            }
        }
        if start < self.annotators.len() {
            self.parts.push(start..self.annotators.len());
        }
    }
}

/// Which annotators used which labels.
struct Cells {
    labels: Vec<u32>,
    votes: Vec<f64>,
    starts: Vec<u32>,
}

impl Cells {
    /// By annotators in their order, then by label.
    fn of(annotations: &Annotations, annotators: &[u32], label_places: &[u32]) -> Self {
        let (offsets, votes) = annotations.by_annotator();
        let mut new = Self { labels: Vec::new(), votes: Vec::new(), starts: vec![0] };
        let mut own: Vec<u32> = Vec::new();
        for &a in annotators {
            let votes = &votes[offsets[a as usize]..offsets[a as usize + 1]];
            own.clear();
            own.extend(votes.iter().map(|v| label_places[v.label as usize]));
            own.sort_unstable();
            for run in own.chunk_by(|a, b| a == b) {
                new.labels.push(run[0]);
                new.votes.push(run.len() as f64);
            }
            new.starts.push(new.labels.len() as u32);
        }
        new
    }

    fn number(&self, annotator: u32, label: u32) -> u32 {
        let own = range(&self.starts[annotator as usize..]);
        own.start as u32 + self.labels[own].partition_point(|&l| l < label) as u32
    }
}

/// From the first of two offsets to the second.
pub(crate) fn range(offsets: &[u32]) -> Range<usize> {
    offsets[0] as usize..offsets[1] as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vote_finds_its_cell_and_slot() {
        let codes = [(0, 0, 1), (0, 1, 1), (0, 2, 0), (2, 0, 2), (2, 2, 2), (3, 1, 0)];
        let a = Annotations::from_codes(5, 4, 4, &codes).unwrap();
        let p = Problem::new(&a, &[None, None, None, Some(1), None], None, &CancelToken::new()).unwrap();
        assert_eq!((p.items.len(), p.cells.len(), p.slot_labels.len()), (3, 6, 4));
        let mut back = Vec::new();
        for (i, &item) in p.items.iter().enumerate() {
            for s in p.item_slots[i]..p.item_slots[i + 1] {
                for v in p.slots[s as usize]..p.slots[s as usize + 1] {
                    let cell = p.cells[v as usize];
                    let annotator = p.annotator_cells.partition_point(|&c| c <= cell) - 1;
                    assert_eq!(p.cell_labels[cell as usize], p.slot_labels[s as usize]);
                    back.push((item, p.annotators[annotator], p.labels[p.slot_labels[s as usize] as usize]));
                }
            }
        }
        back.sort_unstable();
        assert_eq!(back, codes);
        let at = |item| p.items.iter().position(|&i| i == item).unwrap();
        assert_eq!((p.rest[at(0)], p.rest[at(2)], p.rest[at(3)]), (0.5, 0.75, 0.25));
        assert_eq!(p.slot_weights[p.item_slots[at(3)] as usize], 0.0);
        assert_eq!(p.annotator_votes.iter().sum::<f64>(), 6.0);
        assert_eq!(p.blocks.iter().map(|b| b.len()).sum::<usize>(), 3);
        assert_eq!((p.pieces(0..3).count(), p.pieces(0..3).next()), (1, Some(0..3)));
        assert_eq!(p.pieces(2..2).count(), 0);
        assert_eq!(p.parts.iter().map(|b| b.len()).sum::<usize>(), 4);
    }
}
