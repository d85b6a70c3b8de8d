//! Expectation and maximization, in turns.

use super::{DawidSkene, DawidSkeneModel};
use crate::annotations::{Annotations, Vote};
use crate::error::{Error, Result};
use crate::posterior::Posterior;
use crate::prior::{ClassPrior, label_weights};
use planisphere_core::{CancelToken, Cancelled, Context, Warning};
use rayon::prelude::*;

/// No expected count is less.
const LEAST: f64 = 1e-10;
/// Items of one task.
const BLOCK: usize = 256;

/// Confusion matrices. Of an annotator there are only the columns of answers that were given; all others are equal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    n_labels: usize,
    /// Columns of annotator `a`: `offsets[a]..offsets[a + 1]`.
    offsets: Vec<usize>,
    /// The label given, ascending within an annotator.
    given: Vec<u32>,
    /// Column by column, one number for each true label: expected counts, then probabilities.
    cells: Vec<f64>,
    /// Probabilities of an answer that the annotator never gave, annotators × labels; empty if all are 0.
    others: Vec<f64>,
}

impl Table {
    pub(super) fn cell(&self, annotator: u32, truth: u32, given: u32) -> Option<f64> {
        let l = self.n_labels;
        assert!((truth as usize) < l && (given as usize) < l, "labels {truth} and {given}: there are {l}");
        let a = annotator as usize;
        let start = *self.offsets.get(a)?;
        let own = &self.given[start..*self.offsets.get(a + 1)?];
        if own.is_empty() {
            return None;
        }
        Some(match own.binary_search(&given) {
            Ok(at) => self.cells[(start + at) * l + truth as usize],
            Err(_) => self.others.get(a * l + truth as usize).copied().unwrap_or(0.0),
        })
    }
}

/// Votes as the two steps need them.
struct Votes {
    /// Votes of item `i`: `item_offsets[i]..item_offsets[i + 1]` of `columns`.
    item_offsets: Vec<usize>,
    /// Columns of the table that belong to the votes.
    columns: Vec<u32>,
    /// Votes of annotator `a`: `annotator_offsets[a]..annotator_offsets[a + 1]` of `answers`.
    annotator_offsets: Vec<usize>,
    /// Item, and column among those of the annotator.
    answers: Vec<(u32, u32)>,
}

fn layout(annotations: &Annotations) -> Result<(Votes, Table)> {
    let n_labels = annotations.n_labels();
    let (annotator_offsets, by_annotator) = annotations.by_annotator();
    let (mut offsets, mut given) = (vec![0], Vec::new());
    let mut answers = Vec::with_capacity(by_annotator.len());
    for range in annotator_offsets.windows(2) {
        let votes = &by_annotator[range[0]..range[1]];
        let mut own: Vec<u32> = votes.iter().map(|v| v.label).collect();
        own.sort_unstable();
        own.dedup();
        // All labels of votes are in the list.
        answers.extend(votes.iter().map(|v| (v.item, own.binary_search(&v.label).unwrap_or_default() as u32)));
        given.extend(own);
        offsets.push(given.len());
    }
    let (item_offsets, by_item) = annotations.by_item();
    let column = |v: &Vote| {
        let range = offsets[v.annotator as usize]..offsets[v.annotator as usize + 1];
        (range.start + given[range].binary_search(&v.label).unwrap_or_default()) as u32
    };
    let columns = by_item.iter().map(column).collect();
    let cells = zeros(given.len(), n_labels)?;
    let votes = Votes { item_offsets, columns, annotator_offsets, answers };
    Ok((votes, Table { n_labels, offsets, given, cells, others: Vec::new() }))
}

/// `n × labels` zeros, or an error if so many cannot be.
fn zeros(n: usize, labels: usize) -> Result<Vec<f64>> {
    let most = (isize::MAX as usize / size_of::<f64>()) as u64;
    let too_many = || Error::TooMany { what: "labels × (items + answers)", most };
    let len = n.checked_mul(labels).ok_or_else(too_many)?;
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(len).map_err(|_| too_many())?;
    zeros.resize(len, 0.0);
    Ok(zeros)
}

pub(super) fn fit(params: &DawidSkene, annotations: &Annotations, cx: &mut Context<'_>) -> Result<DawidSkeneModel> {
    let n_labels = annotations.n_labels();
    let (votes, mut table) = layout(annotations)?;
    let mut q = zeros(annotations.n_items(), n_labels)?;
    let fixed = match &params.class_prior {
        ClassPrior::Estimated => None,
        ClassPrior::Uniform => Some(vec![1.0 / n_labels as f64; n_labels]),
        ClassPrior::Fixed(weights) => Some(label_weights(annotations, weights)?),
    };
    let token = cx.token();
    shares(&votes, &table, &mut q);
    let mut priors = maximize(params, &votes, &q, &mut table, fixed.as_deref(), &token)?;
    let mut logs = table.cells.clone();
    let mut trace: Vec<f64> = Vec::new();
    let mut converged = false;
    while trace.len() < params.iterations && !converged {
        cx.progress(trace.len() as u64, params.iterations as u64)?;
        logs.par_iter_mut().zip(&table.cells).for_each(|(log, &p)| *log = libm::log(p));
        let now = expect(&votes, &logs, &priors, &mut q, &token)?;
        priors = maximize(params, &votes, &q, &mut table, fixed.as_deref(), &token)?;
        let change = trace.last().map_or(f64::INFINITY, |before| (now - before).abs() / votes.columns.len() as f64);
        converged = change < params.tolerance;
        trace.push(now);
    }
    if !converged && params.tolerance > 0.0 {
        cx.warn(Warning::NotConverged { what: "Dawid-Skene".to_owned(), iterations: trace.len() });
    }
    let n_items = annotations.n_items();
    let known = votes.item_offsets.windows(2).map(|r| r[0] < r[1]);
    let posterior = if known.clone().all(|k| k) {
        let offsets = (0..=n_items).map(|i| i * n_labels).collect();
        let labels = (0..n_items).flat_map(|_| 0..n_labels as u32).collect();
        Posterior::new(n_labels, offsets, labels, q, vec![0.0; n_items], None)
    } else {
        Posterior::dense(n_labels, q.chunks(n_labels).zip(known).map(|(row, k)| k.then(|| row.to_vec())))
    };
    Ok(DawidSkeneModel { posterior, table, class_priors: priors, trace, converged })
}

/// The start: shares of votes.
fn shares(votes: &Votes, table: &Table, q: &mut [f64]) {
    for (range, row) in votes.item_offsets.windows(2).zip(q.chunks_mut(table.n_labels)) {
        let columns = &votes.columns[range[0]..range[1]];
        for &c in columns {
            row[table.given[c as usize] as usize] += 1.0;
        }
        row.iter_mut().for_each(|p| *p /= (columns.len().max(1)) as f64);
    }
}

/// Probabilities of the labels of items, by confusion matrices and class priors; gives the log marginal likelihood.
fn expect(votes: &Votes, logs: &[f64], priors: &[f64], q: &mut [f64], token: &CancelToken) -> Result<f64, Cancelled> {
    let n_labels = priors.len();
    let log_priors: Vec<f64> = priors.iter().map(|&p| libm::log(p)).collect();
    let block = |(b, rows): (usize, &mut [f64])| {
        token.check()?;
        let mut sum = 0.0;
        for (i, row) in rows.chunks_mut(n_labels).enumerate() {
            let item = b * BLOCK + i;
            let columns = &votes.columns[votes.item_offsets[item]..votes.item_offsets[item + 1]];
            if columns.is_empty() {
                continue;
            }
            row.copy_from_slice(&log_priors);
            for &c in columns {
                let column = &logs[c as usize * n_labels..][..n_labels];
                row.iter_mut().zip(column).for_each(|(p, log)| *p += log);
            }
            sum += normalize(row);
        }
        Ok(sum)
    };
    let parts: Vec<f64> = q.par_chunks_mut(BLOCK * n_labels).enumerate().map(block).collect::<Result<_, _>>()?;
    Ok(parts.iter().sum())
}

/// From logarithms to probabilities with the sum 1; gives the logarithm of their sum.
fn normalize(row: &mut [f64]) -> f64 {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for p in row.iter_mut() {
        *p = libm::exp(*p - most);
        sum += *p;
    }
    row.iter_mut().for_each(|p| *p /= sum);
    most + libm::log(sum)
}

/// Confusion matrices, and class priors if they are not fixed, by the probabilities of labels.
fn maximize(
    params: &DawidSkene,
    votes: &Votes,
    q: &[f64],
    table: &mut Table,
    fixed: Option<&[f64]>,
    token: &CancelToken,
) -> Result<Vec<f64>, Cancelled> {
    let n_labels = table.n_labels;
    let n_annotators = votes.annotator_offsets.len() - 1;
    let smooth = params.smoothing > 0.0;
    table.others.resize(if smooth { n_annotators * n_labels } else { 0 }, 0.0);
    let mut rest = (table.cells.as_mut_slice(), table.others.as_mut_slice());
    let mut tasks = Vec::with_capacity(n_annotators);
    for a in 0..n_annotators {
        let columns = table.offsets[a + 1] - table.offsets[a];
        let (cells, more) = rest.0.split_at_mut(columns * n_labels);
        let (others, more_others) = rest.1.split_at_mut(if smooth { n_labels } else { 0 });
        rest = (more, more_others);
        tasks.push((&votes.answers[votes.annotator_offsets[a]..votes.annotator_offsets[a + 1]], cells, others));
    }
    tasks.into_par_iter().try_for_each(|(answers, cells, others)| {
        cells.fill(0.0);
        for answers in answers.chunks(4096) {
            token.check()?;
            for &(item, column) in answers {
                let row = &q[item as usize * n_labels..][..n_labels];
                cells[column as usize * n_labels..][..n_labels].iter_mut().zip(row).for_each(|(c, p)| *c += p);
            }
        }
        let missing = n_labels - cells.len() / n_labels;
        let mut sums = vec![missing as f64 * params.smoothing; n_labels];
        for column in cells.chunks_mut(n_labels) {
            for (c, sum) in column.iter_mut().zip(&mut sums) {
                *c = (*c + params.smoothing).max(LEAST);
                *sum += *c;
            }
        }
        for column in cells.chunks_mut(n_labels) {
            column.iter_mut().zip(&sums).for_each(|(c, sum)| *c /= sum);
        }
        others.iter_mut().zip(&sums).for_each(|(o, sum)| *o = params.smoothing / sum);
        Ok(())
    })?;
    Ok(match fixed {
        Some(fixed) => fixed.iter().map(|p| p.max(LEAST)).collect(),
        None => class_priors(params.prior_smoothing, votes, q, n_labels),
    })
}

/// The mean of the probabilities over items with votes. Items without have rows of 0.
fn class_priors(smoothing: f64, votes: &Votes, q: &[f64], n_labels: usize) -> Vec<f64> {
    let block = |rows: &[f64]| {
        let mut sums = vec![0.0; n_labels];
        for row in rows.chunks(n_labels) {
            sums.iter_mut().zip(row).for_each(|(s, p)| *s += p);
        }
        sums
    };
    let parts: Vec<Vec<f64>> = q.par_chunks(BLOCK * n_labels).map(block).collect();
    let known = votes.item_offsets.windows(2).filter(|r| r[0] < r[1]).count() as f64;
    let mut priors = vec![smoothing; n_labels];
    for part in &parts {
        priors.iter_mut().zip(part).for_each(|(s, p)| *s += p);
    }
    let n = known + n_labels as f64 * smoothing;
    priors.iter_mut().for_each(|p| *p = (*p / n).max(LEAST));
    priors
}
