//! Whole steps: every row gathers its forces from positions that stand still, then all move.

use super::curve::Curve;
use super::edges::Edge;
use super::optimizer::Optimizer;
use super::{Problem, learning_rate};
use planisphere_core::CounterRng;
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;

/// Rows of a block: what one task does.
const ROWS: usize = 256;
/// Forces that are computed side by side.
const LANES: usize = 16;

/// How a batch differs from others.
#[derive(Clone, Copy)]
pub(super) struct Batch {
    /// Makes the optimizer of a block of so many rows.
    pub(super) optimizer: fn(usize) -> Optimizer,
    /// How often an attraction counts. An edge stands in the lists of both its ends: counted twice, it moves either as much
    /// as if each entry moved both ends.
    pub(super) attraction: f32,
}

/// Positions after all epochs.
pub(super) fn run(problem: &Problem, epochs: u32, seed: u64, batch: Batch) -> Vec<[f32; 2]> {
    let mut y = problem.start_points();
    let mut blocks = Block::all(problem, epochs, batch.optimizer);
    let rng = CounterRng::new(seed, "batch");
    let simd = Simd::detect();
    for epoch in 0..epochs {
        blocks.par_iter_mut().for_each_init(Vec::new, |events, block| {
            let (curve, attraction) = (problem.curve, batch.attraction);
            simd.run(Gather { block, y: &y, curve, attraction, rng, epoch, events });
        });
        let rate = learning_rate(epoch, epochs);
        y.par_chunks_mut(ROWS).zip(&mut blocks).for_each(|(y, block)| {
            block.optimizer.step(epoch, rate, &block.gradients, y);
        });
    }
    y
}

/// Rows that stand together, their edges, and what moves them.
struct Block {
    first: usize,
    /// Where the edges of each row end.
    ends: Vec<usize>,
    edges: Vec<Edge>,
    gradients: Vec<[f32; 2]>,
    optimizer: Optimizer,
}

impl Block {
    fn all(problem: &Problem, epochs: u32, optimizer: fn(usize) -> Optimizer) -> Vec<Self> {
        let graph = &problem.graph;
        let max = graph.data().iter().copied().fold(0f32, f32::max);
        let block = |first: usize| {
            let (mut ends, mut edges) = (Vec::with_capacity(ROWS), Vec::new());
            for head in first..(first + ROWS).min(graph.rows()) {
                let (tails, weights) = graph.row(head);
                edges.extend(tails.iter().zip(weights).map(|(&t, &w)| Edge::new(head as u32, t, w / max, epochs)));
                ends.push(edges.len());
            }
            let rows = ends.len();
            Self { first, ends, edges, gradients: vec![[0.0; 2]; rows], optimizer: optimizer(rows) }
        };
        (0..graph.rows()).into_par_iter().step_by(ROWS).map(block).collect()
    }
}

/// The other end of a force on a row, and whether it attracts.
type Event = (u32, bool);

/// One epoch of one block up to the step.
struct Gather<'a> {
    block: &'a mut Block,
    y: &'a [[f32; 2]],
    curve: Curve,
    attraction: f32,
    rng: CounterRng,
    epoch: u32,
    events: &'a mut Vec<Event>,
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const REGISTERS: usize>(self) {
        let Self { block, y, curve, attraction, rng, epoch, events } = self;
        let mut start = 0;
        for (row, (&end, gradient)) in (block.first..).zip(block.ends.iter().zip(&mut block.gradients)) {
            let draws = rng.at(u64::from(epoch), row as u64);
            let mut draw = 0;
            events.clear();
            for edge in &mut block.edges[start..end] {
                let Some(repulsions) = edge.sample(epoch) else { continue };
                events.push((edge.tail, true));
                events.extend((draw..draw + repulsions).map(|d| (draws.below(d, y.len() as u32), false)));
                draw += repulsions;
            }
            start = end;
            *gradient = sum(curve, attraction, y, y[row], events);
        }
    }
}

/// The sum of the forces of all `events` on a row at `at`, by lanes, then over the lanes in order: the same bits on every
/// SIMD level.
#[inline(always)]
fn sum(curve: Curve, attraction: f32, y: &[[f32; 2]], at: [f32; 2], events: &[Event]) -> [f32; 2] {
    let mut sums = [[0f32; LANES]; 2];
    for events in events.chunks(LANES) {
        // Lanes without an event stand where the row does, and feel no force.
        let mut others = [[at[0]; LANES], [at[1]; LANES]];
        let mut attract = [false; LANES];
        for (l, &(other, attracts)) in events.iter().enumerate() {
            let other = y[other as usize];
            (others[0][l], others[1][l], attract[l]) = (other[0], other[1], attracts);
        }
        for l in 0..LANES {
            let force = curve.force([at[0] - others[0][l], at[1] - others[1][l]], attract[l]);
            let times = if attract[l] { attraction } else { 1.0 };
            sums[0][l] += times * force[0];
            sums[1][l] += times * force[1];
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}
