//! Annotations that keep coming.

use crate::annotations::Annotations;
use crate::error::{Error, Result};
use crate::mace::group::{Update, base};
use crate::mace::model::{Learned, MaceModel};
use crate::mace::params::Mace;
use crate::mace::run::{Given, priors};
use crate::posterior::{Best, Row};
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
    /// Labels with votes and the control, ascending.
    labels: Vec<u32>,
    /// Their posteriors.
    probabilities: Vec<f64>,
    /// That of another label, for a prior of 1 (or, if all are the same, that of each).
    rest: f64,
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
    /// Logarithm of how much more probable a vote makes its label.
    lift: f64,
    /// The share of knowing if it is right.
    share: f64,
}

impl Cell {
    fn new(label: u32, theta: f64, pair: [f64; 2]) -> Self {
        let mut new = Self { label, votes: 0.0, sum: 0.0, theta, lift: 0.0, share: 0.0 };
        new.derive(pair);
        new
    }

    /// What follows from the parameters.
    fn derive(&mut self, pair: [f64; 2]) {
        let (base, all) = base(pair[0], pair[1], self.theta);
        (self.lift, self.share) = (libm::log(all / base), pair[1] / all);
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

    /// A stream that begins where a model is, of annotators and labels of the same names; see [`Mace::refine`]. There may be no
    /// votes yet.
    ///
    /// # Errors
    /// As [`Mace::refine`], but for [`Error::NoAnnotations`].
    pub fn from_model(params: Mace, annotations: Annotations, model: &MaceModel) -> Result<Self> {
        params.check()?;
        let given = Given::of(&params, &annotations)?;
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
                let pair = who.pair;
                who.cells.extend(cells.map(|(label, theta)| Cell::new(label, theta, pair)));
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

    /// Sets the label that an item is known to have, or takes it back. Item and label are added if they are new.
    ///
    /// # Errors
    /// [`Error::MissingPrior`] for a label without one, if there are priors; [`Error::InvalidParam`] if its prior is 0;
    /// [`Error::TooMany`].
    pub fn set_control(&mut self, item: &str, label: Option<&str>) -> Result<()> {
        if let Some(label) = label {
            self.check_label(label)?;
            let weight = self.params.priors.iter().flatten().rev().find(|p| p.0 == label);
            if weight.is_some_and(|w| w.1 == 0.0) {
                return Err(Error::param("priors", format!("{label} 0"), format!("item {item:?} is known to be that")));
            }
        }
        let i = self.annotations.add_item(item)?;
        let control = label.map(|l| self.annotations.add_label(l)).transpose()?;
        self.params.controls.retain(|c| c.0 != item);
        self.params.controls.extend(label.map(|l| (item.to_owned(), l.to_owned())));
        self.grow();
        self.items[i as usize].control = control;
        self.dirty.insert(i);
        Ok(())
    }

    /// Labels need a prior, if there are any.
    fn check_label(&self, label: &str) -> Result<()> {
        match &self.params.priors {
            Some(priors) if priors.iter().all(|p| p.0 != label) => Err(Error::MissingPrior { label: label.to_owned() }),
            _ => Ok(()),
        }
    }

    /// Room for what is new in the annotations.
    fn grow(&mut self) {
        let n_labels = self.annotations.n_labels();
        let update = self.params.update(n_labels);
        self.items.resize_with(self.annotations.n_items(), Item::default);
        self.annotators.resize_with(self.annotations.n_annotators(), || Annotator::unknown(update, n_labels));
        if let Some(given) = &self.params.priors
            && self.priors.as_ref().map_or(0, Vec::len) != n_labels
        {
            // All labels have one, or they would not have come in.
            self.priors = priors(given, &self.annotations).ok();
        }
    }

    fn follow(&mut self, item: &str, annotator: &str, label: &str, old: Option<u32>) {
        let known = &self.annotations;
        let at = (known.item_index(item), known.annotator_index(annotator), known.label_index(label));
        let (Some(i), Some(a), Some(l)) = at else { return };
        self.grow();
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
        // Nobody can cancel a run of one's own.
        let _ = self.update_with(&mut Context::new());
    }

    /// [`MaceStream::update`] that can be cancelled.
    ///
    /// # Errors
    /// [`Error::Cancelled`]: the next call goes on.
    pub fn update_with(&mut self, cx: &mut Context<'_>) -> Result<()> {
        let token = cx.token();
        let dirty: Vec<u32> = self.dirty.iter().copied().collect();
        let who: BTreeSet<u32> = dirty.iter().flat_map(|&i| self.items[i as usize].votes.iter().map(|v| v.1)).collect();
        for round in 0..ROUNDS {
            for &i in &dirty {
                token.check()?;
                self.count(i as usize, -1.0);
                self.expect(i as usize);
                self.count(i as usize, 1.0);
            }
            if round + 1 < ROUNDS {
                who.iter().for_each(|&a| self.maximize(a as usize));
            }
        }
        self.dirty.clear();
        Ok(())
    }

    /// Goes through all items and annotators so many times.
    pub fn sweep(&mut self, times: usize) {
        // Nobody can cancel a run of one's own.
        let _ = self.sweep_with(times, &mut Context::new());
    }

    /// [`MaceStream::sweep`], with progress; it can be cancelled between two times.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn sweep_with(&mut self, times: usize, cx: &mut Context<'_>) -> Result<()> {
        for time in 0..times {
            cx.progress(time as u64, times as u64)?;
            (0..self.annotators.len()).for_each(|a| self.maximize(a));
            self.expect_all();
            self.dirty.clear();
        }
        Ok(())
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
        let (mut labels, mut logs) = (Vec::with_capacity(item.labels.len()), Vec::with_capacity(item.labels.len()));
        let mut voted = 0.0;
        for run in item.votes.chunk_by(|a, b| a.0 == b.0) {
            let label = run[0].0;
            let prior = self.prior(label);
            voted += prior;
            let lift = |v: &(u32, u32)| self.annotators[v.1 as usize].known(label).map_or(0.0, |c| c.lift);
            let possible = item.control.is_none_or(|c| c == label);
            let weight = if possible { libm::log(prior) } else { f64::NEG_INFINITY };
            labels.push(label);
            logs.push(weight + run.iter().map(lift).sum::<f64>());
        }
        let mut others = 0.0;
        if !labels.is_empty() {
            match item.control {
                // Nobody said so, and still it is that.
                Some(c) => {
                    if let Err(place) = labels.binary_search(&c) {
                        labels.insert(place, c);
                        logs.insert(place, 0.0);
                    }
                }
                None if labels.len() == self.annotations.n_labels() => {}
                None => others = (1.0 - voted).max(0.0),
            }
        }
        let top = logs.iter().copied().fold(if others > 0.0 { libm::log(others) } else { f64::NEG_INFINITY }, f64::max);
        let sum: f64 = logs.iter().map(|l| libm::exp(l - top)).sum::<f64>() + others * libm::exp(-top);
        let each = if self.priors.is_some() { 1.0 } else { 1.0 / self.annotations.n_labels() as f64 };
        let item = &mut self.items[i];
        item.rest = if others > 0.0 { each * libm::exp(-top) / sum } else { 0.0 };
        item.probabilities = logs.iter().map(|l| libm::exp(l - top) / sum).collect();
        item.labels = labels;
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
        let known = |c: &Cell| c.sum.max(0.0) * c.share;
        let guesses = |c: &Cell| (c.votes - known(c)).max(0.0);
        let (guessed, sum) = who.cells.iter().fold((0.0, 0.0), |(g, k), c| (g + guesses(c), k + known(c)));
        let strategy = update.strategy(guessed, n_labels);
        who.pair = update.annotator(guessed, sum);
        who.rest = strategy(0.0);
        for c in &mut who.cells {
            c.theta = strategy(guesses(c));
            c.derive(who.pair);
        }
    }

    /// How probable it is that an annotator knows, see [`MaceModel::competence`]; `None`: there is no such annotator.
    pub fn competence(&self, annotator: u32) -> Option<f64> {
        self.annotators.get(annotator as usize).map(|a| a.pair[1])
    }

    /// The most probable label of an item, as of the last [`MaceStream::update`]; `None`: it had no votes.
    pub fn best(&self, item: u32) -> Option<Best> {
        self.row(item).map(|row| row.best())
    }

    /// Entropy of an item's label in nats, as of the last [`MaceStream::update`]; `None`: it had no votes.
    pub fn entropy(&self, item: u32) -> Option<f64> {
        self.row(item).map(|row| row.entropy())
    }

    fn row(&self, item: u32) -> Option<Row<'_>> {
        let item = self.items.get(item as usize).filter(|i| !i.labels.is_empty())?;
        // The largest weight is at most 1: it only says where to look.
        let prior = self.priors.as_deref().map(|p| (p, 1.0));
        let n_labels = self.annotations.n_labels();
        Some(Row { labels: &item.labels, probabilities: &item.probabilities, rest: item.rest, n_labels, prior })
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
        self.labels.binary_search(&label).map_or(0.0, |at| self.probabilities[at])
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
                self.cells.insert(at, Cell::new(label, self.rest, self.pair));
                at
            }
        };
        &mut self.cells[at]
    }
}
