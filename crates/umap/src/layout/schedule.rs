//! Which row moves when, and which edges are sampled in which epoch.
//!
//! An edge is sampled in a share of the epochs: its weight over the largest one, as in umap-learn. Which ones is decided for
//! all edges of a row together, by systematic sampling: the edges' rates stand one after the other on a line, and every
//! edge that covers a whole number is sampled; from epoch to epoch the line is shifted by the golden ratio. So a row has
//! the same number of samples in every epoch, give or take one, each edge its share of the epochs, spread evenly, and
//! there is no state but the line.

use crate::error::{Error, Result};
use planisphere_core::{CounterRng, Csr};
use std::ops::Range;

/// A row is sampled at most so often in an epoch: a hub that half of all rows point to finds its place by so many, too.
const MOST_SAMPLES: f64 = 256.0;
/// The golden ratio's fractional part, in 2⁻³².
const SHIFT: u32 = 0x9e37_79b9;

/// The edges of the rows that move, in the order in which the layout goes through them.
#[derive(Clone)]
pub(super) struct Plan {
    /// Row of each place.
    pub(super) order: Vec<u32>,
    /// Places that move at the same time.
    pub(super) blocks: Vec<Range<usize>>,
    /// Where the edges of each place start.
    indptr: Vec<usize>,
    /// Other end of each edge, as a place.
    targets: Vec<u32>,
    /// Where each edge starts on the line of its row, in 2⁻³², whole parts dropped; one more for the end of each row.
    line: Vec<u32>,
}

impl Plan {
    /// A plan for a graph between rows of one set: deals them into `blocks` blocks by the seed. Within a block, rows with
    /// about the same amount of work stand together, since lanes of one register wait for each other.
    pub(super) fn new(graph: &Csr, seed: u64, blocks: usize) -> Result<Self> {
        let n = graph.rows();
        let mut order = first_order(graph)?;
        CounterRng::new(seed, "blocks").shuffle(&mut order);
        let ranges: Vec<Range<usize>> =
            (0..blocks).map(|b| b * n / blocks..(b + 1) * n / blocks).filter(|r| !r.is_empty()).collect();
        let work = work(graph, largest(graph));
        for r in &ranges {
            order[r.clone()].sort_by_key(|&i| (std::cmp::Reverse(work[i as usize]), i));
        }
        let mut place = vec![0u32; n];
        for (p, &i) in order.iter().enumerate() {
            place[i as usize] = p as u32;
        }
        let phases = CounterRng::new(seed, "phases").at(0, 0);
        let (place, phase) = (|j: u32| place[j as usize], |i: u32| phases.bits(i.into()) as u32);
        Ok(Self::lines(graph, largest(graph), order, ranges, place, phase))
    }

    /// A plan for a graph from rows that move to others that do not, whose places are their numbers. It is the same for a
    /// row whatever the others are: a weight is the rate itself, and `keys` are the rows' own.
    pub(super) fn to_fixed(graph: &Csr, keys: &[u64]) -> Result<Self> {
        let mut order = first_order(graph)?;
        let work = work(graph, 1.0);
        order.sort_by_key(|&i| (std::cmp::Reverse(work[i as usize]), i));
        let phase = |i: u32| (keys[i as usize] >> 32) as u32;
        Ok(Self::lines(graph, 1.0, order, Vec::new(), |j| j, phase))
    }

    fn lines(
        graph: &Csr,
        most: f32,
        order: Vec<u32>,
        blocks: Vec<Range<usize>>,
        place: impl Fn(u32) -> u32,
        phase: impl Fn(u32) -> u32,
    ) -> Self {
        let mut indptr = Vec::with_capacity(order.len() + 1);
        let mut targets = Vec::with_capacity(graph.nnz());
        let mut line = Vec::with_capacity(graph.nnz() + order.len());
        indptr.push(0);
        for &i in &order {
            let (ids, weights) = graph.row(i as usize);
            let scale = row_scale(weights, most);
            let mut at = phase(i);
            targets.extend(ids.iter().map(|&j| place(j)));
            for &w in weights {
                line.push(at);
                at = at.wrapping_add(rate(w, scale));
            }
            line.push(at);
            indptr.push(targets.len());
        }
        Self { order, blocks, indptr, targets, line }
    }

    pub(super) fn largest_block(&self) -> usize {
        self.blocks.iter().map(Range::len).max().unwrap_or(0)
    }

    /// The other ends of the edges of `place` that are sampled in `epoch`, into the front of `due`, which grows as needed;
    /// how many.
    #[inline(always)]
    pub(super) fn due(&self, place: usize, epoch: u32, due: &mut Vec<u32>) -> usize {
        let (from, to) = (self.indptr[place], self.indptr[place + 1]);
        let targets = &self.targets[from..to];
        let line = &self.line[from + place..to + place + 1];
        if due.len() < targets.len() {
            due.resize(targets.len(), 0);
        }
        let due = &mut due[..targets.len()];
        let shift = SHIFT.wrapping_mul(epoch);
        let mut count = 0;
        let mut before = line[0].wrapping_add(shift);
        for (&target, &end) in targets.iter().zip(&line[1..]) {
            let after = end.wrapping_add(shift);
            // Always written, and kept if a whole number was passed: no branch to mispredict.
            due[count] = target;
            count += usize::from(after < before);
            before = after;
        }
        count
    }
}

fn first_order(graph: &Csr) -> Result<Vec<u32>> {
    let n = graph.rows();
    if n >= 1 << 31 {
        return Err(Error::param("rows", n, "a layout has at most 2^31 rows"));
    }
    Ok((0..n as u32).collect())
}

fn largest(graph: &Csr) -> f32 {
    graph.data().iter().copied().fold(0f32, f32::max)
}

/// What weights of a row are multiplied by to become rates in 2⁻³²; `most` is the weight that is sampled in (all but) every
/// epoch.
fn row_scale(weights: &[f32], most: f32) -> f64 {
    let samples: f64 = weights.iter().map(|&w| f64::from(w)).sum::<f64>() / f64::from(most);
    let capped = if samples > MOST_SAMPLES { MOST_SAMPLES / samples } else { 1.0 };
    if most > 0.0 { f64::from(u32::MAX) * capped / f64::from(most) } else { 0.0 }
}

fn rate(w: f32, scale: f64) -> u32 {
    (f64::from(w) * scale) as u32
}

/// Samples of each row in an epoch, in 2⁻³².
fn work(graph: &Csr, most: f32) -> Vec<u64> {
    (0..graph.rows())
        .map(|i| {
            let weights = graph.row(i).1;
            let scale = row_scale(weights, most);
            weights.iter().map(|&w| u64::from(rate(w, scale))).sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph with one row, of these weights, and a column for each.
    fn row(weights: &[f32]) -> Csr {
        let m = weights.len();
        Csr::new(m, vec![0, m], (0..m as u32).collect(), weights.to_vec()).unwrap()
    }

    #[test]
    fn edges_are_sampled_as_often_as_their_weight_says() {
        let weights = [0.001, 0.1, 0.37, 1.0, 0.5, 0.9, 0.02, 0.77];
        let total: f32 = weights.iter().sum();
        let plan = Plan::to_fixed(&row(&weights), &[7 << 40]).unwrap();
        let mut count = [0u32; 8];
        let mut due = Vec::new();
        for epoch in 0..500 {
            let k = plan.due(0, epoch, &mut due);
            assert!((k as f32 - total).abs() < 1.0, "epoch {epoch}: {k} samples of {total}");
            for &t in &due[..k] {
                count[t as usize] += 1;
            }
        }
        for (c, w) in count.iter().zip(weights) {
            assert!((*c as f32 - 500.0 * w).abs() <= 3.0, "{w}: {c}");
        }
    }

    /// umap-learn's `make_epochs_per_sample`: the inverse of the rate, −1 for an edge that is never sampled.
    #[test]
    fn rates_are_those_of_the_reference() {
        let cases = planisphere_fixtures::golden_json("epochs_per_sample.json");
        let mut checked = 0;
        for case in cases.as_array().unwrap() {
            let numbers =
                |key: &str| -> Vec<f64> { case[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect() };
            let weights: Vec<f32> = numbers("weights").iter().map(|&w| w as f32).collect();
            let graph = row(&weights);
            let plan = Plan::lines(&graph, largest(&graph), vec![0], Vec::new(), |j| j, |_| 7);
            for (e, want) in numbers("epochs_per_sample").into_iter().enumerate() {
                let rate = plan.line[e + 1].wrapping_sub(plan.line[e]);
                if want < 0.0 {
                    assert_eq!(rate, 0);
                } else {
                    let got = 2f64.powi(32) / f64::from(rate);
                    // A rate is a whole number of 2⁻³².
                    let tolerance = want * (1e-6 + want / 2f64.powi(32));
                    assert!((got - want).abs() <= tolerance, "weight {}: {got} is not {want}", weights[e]);
                }
                checked += 1;
            }
        }
        assert!(checked > 50);
    }

    #[test]
    fn hubs_are_sampled_no_more_than_is_useful() {
        let plan = Plan::to_fixed(&row(&vec![1.0; 10_000]), &[0]).unwrap();
        let mut due = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for epoch in 0..200 {
            let k = plan.due(0, epoch, &mut due);
            assert!((255..=257).contains(&k));
            seen.extend(due[..k].iter().copied());
        }
        assert!(seen.len() > 9_900, "{}", seen.len());
    }

    #[test]
    fn every_row_and_edge_is_planned_once() {
        let g = Csr::new(5, vec![0, 1, 3, 4, 4, 4], vec![1, 0, 2, 1], vec![1.0, 1.0, 0.5, 0.5]).unwrap();
        let p = Plan::new(&g, 1, 8).unwrap();
        let mut rows = p.order.clone();
        rows.sort_unstable();
        assert_eq!(rows, [0, 1, 2, 3, 4]);
        assert_eq!(p.blocks.iter().map(|b| b.len()).sum::<usize>(), 5);
        for (at, &i) in p.order.iter().enumerate() {
            let ids: Vec<u32> =
                p.targets[p.indptr[at]..p.indptr[at + 1]].iter().map(|&t| p.order[t as usize]).collect();
            assert_eq!(ids, g.row(i as usize).0);
        }
    }
}
