//! Annotations that keep coming.

use crate::annotations::Annotations;
use crate::error::Result;
use crate::mace::group::{Update, base};
use crate::mace::model::{Learned, MaceModel};
use crate::mace::params::Mace;
use crate::mace::run::Given;
use planisphere_core::Context;
use std::collections::BTreeSet;

/// MACE on annotations that keep coming: what is known follows each of them, at a cost of what changed.
///
/// [`MaceStream::update`] looks again at the items that got votes, and at the annotators of these. Other items that these
/// annotators labeled are as before, until a [`MaceStream::sweep`] goes through all: a few now and then keep a stream as
/// good as a new fit. Sweeps are the iterations of [`Mace::fit`], so they end where those do, from where the stream is.
///
/// ```
/// use planisphere_labels_mace::{Annotations, Mace, MaceStream};
///
/// let first = Annotations::from_triples([("a", "ann", "yes"), ("a", "bob", "yes"), ("b", "ann", "no"), ("b", "bob", "no")])?;
/// let mut stream = MaceStream::fit(Mace::new(), first)?;
/// stream.push("b", "cleo", "yes")?;
/// stream.push("c", "cleo", "yes")?;
/// stream.update();
/// assert!(stream.competence(2).unwrap() < stream.competence(0).unwrap());
/// // Of which item is it least known what it is?
/// assert!(stream.entropy(2) > stream.entropy(0));
/// stream.sweep(5);
/// let model = stream.model()?;
/// assert_eq!(model.posterior().n_items(), 3);
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MaceStream {
    params: Mace,
    annotations: Annotations,
    items: Vec<Item>,
    annotators: Vec<Annotator>,
    /// By label, with sum 1; `None`: all the same.
    priors: Option<Vec<f64>>,
    dirty: BTreeSet<u32>,
}

#[derive(Clone, Debug, Default)]
struct Item {
    /// Label and annotator, sorted.
    votes: Vec<(u32, u32)>,
    /// Labels with votes, ascending, and their posteriors.
    slots: Vec<(u32, f64)>,
    control: Option<u32>,
}

#[derive(Clone, Debug)]
struct Annotator {
    pair: [f64; 2],
    /// By label, ascending.
    cells: Vec<Cell>,
    /// Probability of a label without a cell.
    rest: f64,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    label: u32,
    votes: f64,
    /// Posteriors of the label, summed over the votes.
    sum: f64,
    theta: f64,
}

impl Cell {
    /// Logarithm of how much more probable a vote makes its label, and the share of knowing if it is right.
    fn lift(&self, pair: [f64; 2]) -> (f64, f64) {
        let (base, all) = base(pair[0], pair[1], self.theta);
        (libm::log(all / base), pair[1] / all)
    }
}

/// How often [`MaceStream::update`] goes through what changed.
const ROUNDS: usize = 3;

impl MaceStream {
    /// A stream that begins with a fit of the annotations so far.
    ///
    /// # Errors
    /// As [`Mace::fit`].
    pub fn fit(params: Mace, annotations: Annotations) -> Result<Self> {
        let model = params.fit(&annotations)?;
        Self::from_model(params, annotations, &model)
    }

    /// A stream that begins where a model is, of annotators and labels of the same names; see [`Mace::refine`].
    ///
    /// # Errors
    /// As [`Mace::refine`].
    pub fn from_model(params: Mace, annotations: Annotations, model: &MaceModel) -> Result<Self> {
        params.check()?;
        let given = Given::new(&params, &annotations)?;
        let mut new = Self {
            params,
            annotations: Annotations::new(),
            items: Vec::new(),
            annotators: Vec::new(),
            priors: given.priors,
            dirty: BTreeSet::new(),
        };
        let n_labels = annotations.n_labels();
        let update = new.params.update(n_labels);
        let (who, labels) = model.learned.numbers(&annotations);
        for known in who {
            let mut who = Annotator::unknown(update, n_labels);
            if let Some(a) = known {
                who.pair = model.learned.parameters.annotators[a];
                who.rest = model.learned.parameters.theta_rest[a];
                let cells = model.learned.cells(a).filter_map(|(l, theta)| Some((labels[l as usize]?, theta)));
                who.cells.extend(cells.map(|(label, theta)| Cell { label, votes: 0.0, sum: 0.0, theta }));
                who.cells.sort_unstable_by_key(|c| c.label);
            }
            new.annotators.push(who);
        }
        new.items = given.controls.iter().map(|&control| Item { control, ..Item::default() }).collect();
        for v in annotations.votes() {
            let item = &mut new.items[v.item as usize];
            item.votes.push((v.label, v.annotator));
            new.annotators[v.annotator as usize].cell(v.label).votes += 1.0;
        }
        new.items.iter_mut().for_each(|i| i.votes.sort_unstable());
        new.annotations = annotations;
        new.expect_all();
        Ok(new)
    }

    /// The annotations so far.
    pub fn annotations(&self) -> &Annotations {
        &self.annotations
    }

    /// Adds a vote. What is known of its item changes with the next [`MaceStream::update`].
    ///
    /// # Errors
    /// As [`Annotations::push`]; [`Error::MissingPrior`](crate::Error::MissingPrior) for a label without one, if there are
    /// priors. Then nothing changes.
    pub fn push(&mut self, item: &str, annotator: &str, label: &str) -> Result<()> {
        self.check_label(label)?;
        self.annotations.push(item, annotator, label)?;
        self.follow(item, annotator, label, None);
        Ok(())
    }

    /// Adds a vote, or changes what the annotator said of the item before.
    ///
    /// # Errors
    /// As [`MaceStream::push`], but for votes that are there.
    pub fn set(&mut self, item: &str, annotator: &str, label: &str) -> Result<()> {
        self.check_label(label)?;
        let old = self.annotations.set(item, annotator, label)?;
        self.follow(item, annotator, label, old);
        Ok(())
    }

    /// Priors are of the labels there were: there is none for a new one.
    fn check_label(&self, label: &str) -> Result<()> {
        if self.priors.is_some() && self.annotations.label_index(label).is_none() {
            return Err(crate::Error::MissingPrior { label: label.to_owned() });
        }
        Ok(())
    }

    fn follow(&mut self, item: &str, annotator: &str, label: &str, old: Option<u32>) {
        let known = &self.annotations;
        let at = (known.item_index(item), known.annotator_index(annotator), known.label_index(label));
        let (Some(i), Some(a), Some(l)) = at else { return };
        let n_labels = known.n_labels();
        let update = self.params.update(n_labels);
        self.items.resize_with(known.n_items(), Item::default);
        self.annotators.resize_with(known.n_annotators(), || Annotator::unknown(update, n_labels));
        let (item, who) = (&mut self.items[i as usize], &mut self.annotators[a as usize]);
        if let Some(old) = old {
            item.votes.retain(|&v| v != (old, a));
            let share = item.share(old);
            let cell = who.cell(old);
            cell.votes -= 1.0;
            cell.sum -= share;
        }
        let place = item.votes.partition_point(|&v| v < (l, a));
        item.votes.insert(place, (l, a));
        let share = item.share(l);
        let cell = who.cell(l);
        cell.votes += 1.0;
        cell.sum += share;
        self.dirty.insert(i);
    }

    /// Looks again at the items that got votes since the last time, and at their annotators.
    ///
    /// Its cost is that of the votes of these items, and of the labels that these annotators used.
    pub fn update(&mut self) {
        let dirty: Vec<u32> = std::mem::take(&mut self.dirty).into_iter().collect();
        let who: BTreeSet<u32> = dirty.iter().flat_map(|&i| self.items[i as usize].votes.iter().map(|v| v.1)).collect();
        for round in 0..ROUNDS {
            for &i in &dirty {
                self.count(i as usize, -1.0);
                self.expect(i as usize);
                self.count(i as usize, 1.0);
            }
            if round + 1 < ROUNDS {
                who.iter().for_each(|&a| self.maximize(a as usize));
            }
        }
    }

    /// Goes through all items and annotators so many times.
    pub fn sweep(&mut self, times: usize) {
        for _ in 0..times {
            (0..self.annotators.len()).for_each(|a| self.maximize(a));
            self.expect_all();
        }
        self.dirty.clear();
    }

    /// Posteriors of all items, and their sums anew, so that no rounding is left of the steps so far.
    fn expect_all(&mut self) {
        for who in &mut self.annotators {
            who.cells.iter_mut().for_each(|c| c.sum = 0.0);
        }
        for i in 0..self.items.len() {
            self.expect(i);
            self.count(i, 1.0);
        }
    }

    fn prior(&self, label: u32) -> f64 {
        self.priors.as_ref().map_or(1.0 / self.annotations.n_labels() as f64, |p| p[label as usize])
    }

    /// Posteriors of an item.
    fn expect(&mut self, i: usize) {
        let item = &self.items[i];
        let mut slots: Vec<(u32, f64)> = Vec::with_capacity(item.slots.len());
        let mut voted = 0.0;
        for run in item.votes.chunk_by(|a, b| a.0 == b.0) {
            let label = run[0].0;
            let prior = self.prior(label);
            voted += prior;
            let lift = |v: &(u32, u32)| {
                let who = &self.annotators[v.1 as usize];
                who.known(label).map_or(0.0, |c| c.lift(who.pair).0)
            };
            let possible = item.control.is_none_or(|c| c == label);
            let weight = if possible { libm::log(prior) } else { f64::NEG_INFINITY };
            slots.push((label, weight + run.iter().map(lift).sum::<f64>()));
        }
        let rest = match item.control {
            Some(c) if slots.iter().any(|s| s.0 == c) => 0.0,
            Some(c) => self.prior(c),
            None if slots.len() == self.annotations.n_labels() => 0.0,
            None => (1.0 - voted).max(0.0),
        };
        let rest = if rest > 0.0 { libm::log(rest) } else { f64::NEG_INFINITY };
        let top = slots.iter().map(|s| s.1).fold(rest, f64::max);
        let sum: f64 = slots.iter().map(|s| libm::exp(s.1 - top)).sum::<f64>() + libm::exp(rest - top);
        slots.iter_mut().for_each(|s| s.1 = libm::exp(s.1 - top) / sum);
        self.items[i].slots = slots;
    }

    /// Adds an item's posteriors to the sums of its annotators, or takes them out.
    fn count(&mut self, i: usize, times: f64) {
        let item = &self.items[i];
        for &(label, a) in &item.votes {
            self.annotators[a as usize].cell(label).sum += times * item.share(label);
        }
    }

    /// The parameters of an annotator.
    fn maximize(&mut self, a: usize) {
        let n_labels = self.annotations.n_labels();
        let update = self.params.update(n_labels);
        let who = &mut self.annotators[a];
        let pair = who.pair;
        let known = |c: &Cell| c.sum.max(0.0) * c.lift(pair).1;
        let (votes, sum) = who.cells.iter().fold((0.0, 0.0), |(n, k), c| (n + c.votes, k + known(c)));
        let guessed = (votes - sum).max(0.0);
        let strategy = update.strategy(guessed, n_labels);
        for c in &mut who.cells {
            c.theta = strategy((c.votes - known(c)).max(0.0));
        }
        who.rest = strategy(0.0);
        who.pair = update.annotator(guessed, sum);
    }

    /// How probable it is that an annotator knows, see [`MaceModel::competence`]; `None`: there is no such annotator.
    pub fn competence(&self, annotator: u32) -> Option<f64> {
        self.annotators.get(annotator as usize).map(|a| a.pair[1])
    }

    /// The most probable of the labels that an item got, and its probability; `None`: it has no votes.
    pub fn best(&self, item: u32) -> Option<(u32, f64)> {
        let slots = &self.items.get(item as usize)?.slots;
        slots.iter().copied().reduce(|best, s| if s.1 > best.1 { s } else { best })
    }

    /// Entropy of an item's label in nats; `None`: it has no votes.
    pub fn entropy(&self, item: u32) -> Option<f64> {
        let item = self.items.get(item as usize)?;
        if item.slots.is_empty() {
            return None;
        }
        let term = |p: f64| if p > 0.0 { -p * libm::log(p) } else { 0.0 };
        let rest = (1.0 - item.slots.iter().map(|s| s.1).sum::<f64>()).max(0.0);
        let mut sum: f64 = item.slots.iter().map(|s| term(s.1)).sum();
        // What is left is shared by the labels without votes; a control is one of them, alone.
        let others = (0..self.annotations.n_labels() as u32).filter(|l| item.slots.iter().all(|s| s.0 != *l));
        if rest > 0.0 && item.control.is_none() {
            let all: f64 = others.clone().map(|l| self.prior(l)).sum();
            sum += others.map(|l| term(rest * self.prior(l) / all)).sum::<f64>();
        }
        Some(sum.max(0.0))
    }

    /// Items by number that were changed since the last [`MaceStream::update`].
    pub fn changed(&self) -> impl Iterator<Item = u32> {
        self.dirty.iter().copied()
    }

    /// A model of what is known now. It costs one pass over all votes.
    ///
    /// # Errors
    /// As [`Mace::fit`].
    pub fn model(&self) -> Result<MaceModel> {
        let mut learned = Learned::nothing(&self.annotations);
        for who in &self.annotators {
            learned.push(who.pair, who.cells.iter().map(|c| (c.label, c.theta)), who.rest);
        }
        let mut cx = Context::new();
        let params = self.params.clone().iterations(0);
        cx.run(|cx| params.descend_from(&self.annotations, &learned, cx))?
    }
}

impl Item {
    /// Posterior of a label that the item got, 0 for others.
    fn share(&self, label: u32) -> f64 {
        self.slots.binary_search_by_key(&label, |s| s.0).map_or(0.0, |at| self.slots[at].1)
    }
}

impl Annotator {
    /// Of whom nothing is known.
    fn unknown(update: Update, n_labels: usize) -> Self {
        Self { pair: update.annotator(0.0, 0.0), cells: Vec::new(), rest: 1.0 / n_labels.max(1) as f64 }
    }

    fn known(&self, label: u32) -> Option<&Cell> {
        self.cells.binary_search_by_key(&label, |c| c.label).ok().map(|at| &self.cells[at])
    }

    fn cell(&mut self, label: u32) -> &mut Cell {
        let at = match self.cells.binary_search_by_key(&label, |c| c.label) {
            Ok(at) => at,
            Err(at) => {
                self.cells.insert(at, Cell { label, votes: 0.0, sum: 0.0, theta: self.rest });
                at
            }
        };
        &mut self.cells[at]
    }
}
