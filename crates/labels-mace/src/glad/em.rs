//! Labels, and abilities and difficulties, in turns.

use super::{Glad, GladModel};
use crate::annotations::Annotations;
use crate::error::Result;
use crate::posterior::Posterior;
use crate::prior::label_weights;
use crate::tally::Tally;
use planisphere_core::{CancelToken, Cancelled, Context, Warning};
use rayon::prelude::*;

/// Items or annotators of one task.
const BLOCK: usize = 256;
/// Shorter steps are not checked.
const TINY: f64 = 1e-6;
/// Steps end once nothing moves by more.
const STILL: f64 = 1e-3;

/// The votes of one side, items or annotators: for each vote the other side, and its place in the order by item.
struct Side {
    offsets: Vec<usize>,
    others: Vec<u32>,
    places: Vec<u32>,
}

struct Votes {
    items: Side,
    annotators: Side,
    tally: Tally,
    /// For each vote by item, its label among those of the tally.
    entries: Vec<u32>,
    prior: Vec<f64>,
    /// What `Posterior` does not multiply with by itself: the prior of each label, if all have the same.
    weight: f64,
    /// ln(labels - 1): what a wrong answer is divided among.
    log_wrong: f64,
}

impl Votes {
    fn new(annotations: &Annotations, prior: Vec<f64>, weight: f64) -> Self {
        let (item_offsets, by_item) = annotations.by_item();
        let tally = Tally::new(&item_offsets, &by_item, |_| 1.0);
        let entry = |v: &crate::Vote| {
            let i = v.item as usize;
            // All labels of votes are in the tally.
            (tally.offsets[i] + tally.item(i).0.binary_search(&v.label).unwrap_or_default()) as u32
        };
        let entries = by_item.iter().map(entry).collect();
        // A stable counting sort by annotator, which keeps where votes came from.
        let mut annotator_offsets = vec![0usize; annotations.n_annotators() + 1];
        for v in &by_item {
            annotator_offsets[v.annotator as usize + 1] += 1;
        }
        for a in 0..annotations.n_annotators() {
            annotator_offsets[a + 1] += annotator_offsets[a];
        }
        let mut next = annotator_offsets.clone();
        let mut order = vec![(0, 0); by_item.len()];
        for (place, v) in (0u32..).zip(&by_item) {
            let to = &mut next[v.annotator as usize];
            order[*to] = (v.item, place);
            *to += 1;
        }
        let (others, places) = order.into_iter().unzip();
        let annotators = Side { offsets: annotator_offsets, others, places };
        let others: Vec<u32> = by_item.iter().map(|v| v.annotator).collect();
        let items = Side { offsets: item_offsets, others, places: (0..by_item.len() as u32).collect() };
        let log_wrong = libm::log((prior.len().max(2) - 1) as f64);
        Self { items, annotators, tally, entries, prior, weight, log_wrong }
    }
}

pub(super) fn fit(params: &Glad, annotations: &Annotations, cx: &mut Context<'_>) -> Result<GladModel> {
    let n_labels = annotations.n_labels();
    let same = 1.0 / n_labels as f64;
    let (prior, weight) = match &params.class_prior {
        Some(weights) => (label_weights(annotations, weights)?, 1.0),
        None => (vec![same; n_labels], same),
    };
    let votes = Votes::new(annotations, prior, weight);
    let mut abilities = vec![params.ability_mean; annotations.n_annotators()];
    let mut log_ease = vec![params.log_ease_mean; annotations.n_items()];
    let token = cx.token();
    let mut labels = Labels::new(&votes);
    let mut trace =
        vec![labels.expect(&votes, &abilities, &log_ease, &token)? + densities(params, &abilities, &log_ease)];
    let mut converged = false;
    while trace.len() <= params.iterations && !converged {
        cx.progress(trace.len() as u64 - 1, params.iterations as u64)?;
        maximize(params, &votes, &labels.right, &mut abilities, &mut log_ease, &token)?;
        let now = labels.expect(&votes, &abilities, &log_ease, &token)? + densities(params, &abilities, &log_ease);
        let before = trace[trace.len() - 1];
        converged = (now - before).abs() / (votes.entries.len() as f64) < params.tolerance;
        trace.push(now);
    }
    if !converged && params.tolerance > 0.0 {
        cx.warn(Warning::NotConverged { what: "GLAD".to_owned(), iterations: trace.len() - 1 });
    }
    let posterior = Posterior::new(
        n_labels,
        votes.tally.offsets,
        votes.tally.labels,
        labels.probabilities,
        labels.rest,
        params.class_prior.as_ref().map(|_| votes.prior.clone()),
    );
    Ok(GladModel { posterior, abilities, log_ease, trace, converged })
}

/// Log densities of the priors, but for a constant.
fn densities(params: &Glad, abilities: &[f64], log_ease: &[f64]) -> f64 {
    let sum = |values: &[f64], mean: f64, deviation: f64| -> f64 {
        values.iter().map(|v| -0.5 * ((v - mean) / deviation).powi(2)).sum()
    };
    sum(abilities, params.ability_mean, params.ability_deviation)
        + sum(log_ease, params.log_ease_mean, params.log_ease_deviation)
}

/// Probabilities of the labels.
struct Labels {
    /// Of the labels that items were given, in the order of the tally.
    probabilities: Vec<f64>,
    /// Of each other label of an item, divided by its prior if there is one.
    rest: Vec<f64>,
    /// Of the label of each vote, by item.
    right: Vec<f64>,
}

impl Labels {
    fn new(votes: &Votes) -> Self {
        Self {
            probabilities: vec![0.0; votes.tally.labels.len()],
            rest: vec![0.0; votes.tally.offsets.len() - 1],
            right: vec![0.0; votes.entries.len()],
        }
    }

    /// Probabilities by abilities and difficulties; gives the log marginal likelihood.
    fn expect(
        &mut self,
        votes: &Votes,
        abilities: &[f64],
        log_ease: &[f64],
        token: &CancelToken,
    ) -> Result<f64, Cancelled> {
        let n_items = self.rest.len();
        let mut tasks = Vec::with_capacity(n_items.div_ceil(BLOCK));
        let mut left = (&mut self.probabilities[..], &mut self.rest[..], &mut self.right[..]);
        for start in (0..n_items).step_by(BLOCK) {
            let end = (start + BLOCK).min(n_items);
            let entries = votes.tally.offsets[end] - votes.tally.offsets[start];
            let n = votes.items.offsets[end] - votes.items.offsets[start];
            let (p, more_p) = left.0.split_at_mut(entries);
            let (rest, more_rest) = left.1.split_at_mut(end - start);
            let (right, more_right) = left.2.split_at_mut(n);
            left = (more_p, more_rest, more_right);
            tasks.push((start, p, rest, right));
        }
        let task = |(start, p, rest, right): (usize, &mut [f64], &mut [f64], &mut [f64])| {
            token.check()?;
            let mut sum = 0.0;
            let (first_entry, first_vote) = (votes.tally.offsets[start], votes.items.offsets[start]);
            for (i, rest) in rest.iter_mut().enumerate() {
                let item = start + i;
                let entries = votes.tally.offsets[item] - first_entry..votes.tally.offsets[item + 1] - first_entry;
                if entries.is_empty() {
                    continue;
                }
                let range = votes.items.offsets[item]..votes.items.offsets[item + 1];
                let p = &mut p[entries];
                sum += votes.item(item, range.clone(), abilities, libm::exp(log_ease[item]), p, rest);
                for v in range {
                    right[v - first_vote] = p[votes.entries[v] as usize - votes.tally.offsets[item]];
                }
            }
            Ok(sum)
        };
        let parts: Vec<f64> = tasks.into_par_iter().map(task).collect::<Result<_, _>>()?;
        Ok(parts.iter().sum())
    }
}

impl Votes {
    /// Probabilities of the labels of one item; gives its log marginal likelihood.
    ///
    /// A vote multiplies the odds of its label, against all others, by exp(αβ) · (labels - 1).
    fn item(
        &self,
        item: usize,
        range: std::ops::Range<usize>,
        abilities: &[f64],
        ease: f64,
        p: &mut [f64],
        rest: &mut f64,
    ) -> f64 {
        let labels = self.tally.item(item).0;
        let base = self.tally.offsets[item];
        let mut log_all_wrong = 0.0;
        p.fill(0.0);
        for v in range {
            let x = abilities[self.items.others[v] as usize] * ease;
            log_all_wrong -= softplus(x) + self.log_wrong;
            p[self.entries[v] as usize - base] += x + self.log_wrong;
        }
        // Of the others together; counted, so that nothing is left where there are none.
        let others = if labels.len() == self.prior.len() {
            0.0
        } else {
            (1.0 - labels.iter().map(|&l| self.prior[l as usize]).sum::<f64>()).max(0.0)
        };
        // A label that cannot be must not be what the others are measured by.
        let possible = labels.iter().zip(&*p).filter(|&(&l, _)| self.prior[l as usize] > 0.0).map(|(_, &p)| p);
        let most = possible.fold(if others > 0.0 { 0.0 } else { f64::NEG_INFINITY }, f64::max);
        let mut sum = if others > 0.0 { others * libm::exp(-most) } else { 0.0 };
        for (p, &l) in p.iter_mut().zip(labels) {
            let prior = self.prior[l as usize];
            *p = if prior > 0.0 { prior * libm::exp(*p - most) } else { 0.0 };
            sum += *p;
        }
        p.iter_mut().for_each(|p| *p /= sum);
        *rest = if others > 0.0 { libm::exp(-most) / sum * self.weight } else { 0.0 };
        log_all_wrong + most + libm::log(sum)
    }
}

/// ln(1 + eˣ).
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// Abilities and difficulties by the probability of each vote to be right: Newton steps for all annotators, then for all items.
fn maximize(
    params: &Glad,
    votes: &Votes,
    right: &[f64],
    abilities: &mut [f64],
    log_ease: &mut [f64],
    token: &CancelToken,
) -> Result<(), Cancelled> {
    let ability = Slope { mean: params.ability_mean, weight: params.ability_deviation.powi(-2), log: false };
    let ease = Slope { mean: params.log_ease_mean, weight: params.log_ease_deviation.powi(-2), log: true };
    for _ in 0..params.steps {
        let eases: Vec<f64> = log_ease.iter().map(|&b| libm::exp(b)).collect();
        let a = ability.step(&votes.annotators, right, &eases, abilities, token)?;
        let b = ease.step(&votes.items, right, abilities, log_ease, token)?;
        if a.max(b) < STILL {
            break;
        }
    }
    Ok(())
}

/// What the values of one side are moved by: abilities, or logarithms of inverse difficulties.
struct Slope {
    mean: f64,
    /// One divided by the variance of the prior.
    weight: f64,
    /// Whether the value is a logarithm.
    log: bool,
}

impl Slope {
    /// One step for each value; gives the longest.
    fn step(
        &self,
        side: &Side,
        right: &[f64],
        others: &[f64],
        values: &mut [f64],
        token: &CancelToken,
    ) -> Result<f64, Cancelled> {
        let block = |(b, values): (usize, &mut [f64])| {
            token.check()?;
            let mut longest = 0.0f64;
            for (i, value) in values.iter_mut().enumerate() {
                let range = side.offsets[b * BLOCK + i]..side.offsets[b * BLOCK + i + 1];
                let votes = || {
                    side.others[range.clone()]
                        .iter()
                        .zip(&side.places[range.clone()])
                        .map(|(&o, &p)| (others[o as usize], right[p as usize]))
                };
                let moved = self.better(*value, votes);
                longest = longest.max((moved - *value).abs());
                *value = moved;
            }
            Ok(longest)
        };
        let parts: Vec<f64> = values.par_chunks_mut(BLOCK).enumerate().map(block).collect::<Result<_, _>>()?;
        Ok(parts.into_iter().fold(0.0, f64::max))
    }

    /// The log posterior of a value, but for a constant. What a vote adds is q ln σ(x) + (1 - q) ln σ(-x) = q x - ln(1 + eˣ).
    fn goal(&self, value: f64, votes: impl Iterator<Item = (f64, f64)>) -> f64 {
        let factor = if self.log { libm::exp(value) } else { value };
        let sum: f64 = votes.map(|(other, right)| right * factor * other - softplus(factor * other)).sum();
        sum - 0.5 * self.weight * (value - self.mean).powi(2)
    }

    /// A value whose log posterior is not lower: a Newton step with the expected curvature, which is always that of a hill,
    /// halved until it helps.
    fn better<I: Iterator<Item = (f64, f64)>>(&self, value: f64, votes: impl Fn() -> I) -> f64 {
        let factor = if self.log { libm::exp(value) } else { value };
        let (mut slope, mut curvature) = (-self.weight * (value - self.mean), self.weight);
        let mut now = -0.5 * self.weight * (value - self.mean).powi(2);
        for (other, right) in votes() {
            let x = factor * other;
            // As in `softplus`, with one exponential for all.
            let e = libm::exp(-x.abs());
            now += right * x - x.max(0.0) - libm::log1p(e);
            let sigma = if x < 0.0 { e } else { 1.0 } / (1.0 + e);
            let along = if self.log { x } else { other };
            slope += (right - sigma) * along;
            curvature += sigma * (1.0 - sigma) * along * along;
        }
        let mut step = (slope / curvature).clamp(-1.0, 1.0);
        // The hill is a parabola here, and what a step gains is lost in the rounding of the sums. Not a number: nowhere to go.
        if step.abs() < TINY || step.is_nan() {
            return if step.is_nan() { value } else { value + step };
        }
        while step.abs() >= TINY {
            if self.goal(value + step, votes()) >= now {
                return value + step;
            }
            step *= 0.5;
        }
        value
    }
}
