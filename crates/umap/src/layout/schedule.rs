//! Which row moves when, and which edges are sampled in which epoch.

use crate::error::{Error, Result};
use planisphere_core::{CounterRng, Csr};
use std::ops::Range;

/// The graph in the order in which the layout goes through it.
pub(super) struct Plan {
    /// Row of each place.
    pub(super) order: Vec<u32>,
    /// Places that move at the same time.
    pub(super) blocks: Vec<Range<usize>>,
    /// Where the edges of each place start.
    pub(super) indptr: Vec<usize>,
    /// Other end of each edge, as a place.
    pub(super) targets: Vec<u32>,
    /// How often each edge is sampled, in 2⁻³² of an epoch: weight over largest weight.
    pub(super) rates: Vec<u32>,
}

impl Plan {
    /// Deals the rows into `blocks` blocks by the seed. Within a block, rows with about the same amount of work stand
    /// together, since lanes of one register wait for each other.
    pub(super) fn new(graph: &Csr, seed: u64, blocks: usize) -> Result<Self> {
        let n = graph.rows();
        if n >= 1 << 31 {
            return Err(Error::param("rows", n, "a layout has at most 2^31 rows"));
        }
        let max = graph.data().iter().copied().fold(0f32, f32::max);
        let rate = |w: f32| {
            // The largest weight itself is sampled in (all but) every epoch.
            if max > 0.0 { ((f64::from(w) / f64::from(max)) * f64::from(u32::MAX)) as u32 } else { 0 }
        };
        let work: Vec<u64> = (0..n).map(|i| graph.row(i).1.iter().map(|&w| u64::from(rate(w))).sum()).collect();
        let mut order: Vec<u32> = (0..n as u32).collect();
        CounterRng::new(seed, "blocks").shuffle(&mut order);
        let ranges: Vec<Range<usize>> =
            (0..blocks).map(|b| b * n / blocks..(b + 1) * n / blocks).filter(|r| !r.is_empty()).collect();
        for r in &ranges {
            order[r.clone()].sort_by_key(|&i| (std::cmp::Reverse(work[i as usize]), i));
        }
        let mut place = vec![0u32; n];
        for (p, &i) in order.iter().enumerate() {
            place[i as usize] = p as u32;
        }
        let mut indptr = Vec::with_capacity(n + 1);
        let (mut targets, mut rates) = (Vec::with_capacity(graph.nnz()), Vec::with_capacity(graph.nnz()));
        indptr.push(0);
        for &i in &order {
            let (ids, weights) = graph.row(i as usize);
            targets.extend(ids.iter().map(|&j| place[j as usize]));
            rates.extend(weights.iter().map(|&w| rate(w)));
            indptr.push(targets.len());
        }
        Ok(Self { order, blocks: ranges, indptr, targets, rates })
    }

    pub(super) fn largest_block(&self) -> usize {
        self.blocks.iter().map(Range::len).max().unwrap_or(0)
    }
}

/// Whether an edge of this rate is sampled in `epoch`: whenever the epochs so far, times the rate, plus a phase of the
/// edge's own, pass a whole number. Over the run that happens as often as in umap-learn's schedule, without any state.
#[inline(always)]
pub(super) fn is_due(rate: u32, phase: u32, epoch: u32) -> bool {
    let before = rate.wrapping_mul(epoch).wrapping_add(phase);
    before.checked_add(rate).is_none()
}

/// The phase of an edge, from its place in the list of edges, so that edges of one weight do not all come due at once.
#[inline(always)]
pub(super) fn phase(edge: usize) -> u32 {
    let mut h = (edge as u32).wrapping_mul(0x9e37_79b9);
    h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
    h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_sampled_as_often_as_their_weight_says() {
        for rate in [0.001, 0.1, 0.37, 0.5, 0.9, 1.0] {
            let r = (rate * f64::from(u32::MAX)) as u32;
            for edge in 0..50 {
                let count = (0..500).filter(|&e| is_due(r, phase(edge), e)).count() as f64;
                assert!((count - rate * 500.0).abs() <= 1.0, "{rate}: {count}");
            }
        }
        assert!((0..100).all(|e| !is_due(0, 12345, e)));
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
