//! Descent in place on one thread.

use super::curve::Curve;
use super::edges::Edge;
use super::{Problem, learning_rate};
use planisphere_core::{CounterRng, Draws};
use planisphere_kernels::{Kernel, Simd};

/// Positions after all epochs.
pub(super) fn run(problem: &Problem, epochs: u32, seed: u64) -> Vec<[f32; 2]> {
    let graph = &problem.graph;
    let max = graph.data().iter().copied().fold(0f32, f32::max);
    // By tail, then by head: the order of umap-learn's list of edges, in which each epoch goes through them.
    let mut edges = Vec::with_capacity(graph.nnz());
    for tail in 0..graph.rows() {
        let (heads, weights) = graph.row(tail);
        edges.extend(heads.iter().zip(weights).map(|(&head, &w)| Edge::new(head, tail as u32, w / max, epochs)));
    }
    let draws = CounterRng::new(seed, "serial").at(0, 0);
    let y = problem.start_points();
    Simd::detect().run(Descent { edges, y, curve: problem.curve, draws, epochs })
}

/// A kernel so that multiply-adds are instructions; nothing here is done side by side.
struct Descent {
    edges: Vec<Edge>,
    y: Vec<[f32; 2]>,
    curve: Curve,
    draws: Draws,
    epochs: u32,
}

impl Kernel for Descent {
    type Output = Vec<[f32; 2]>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Self::Output {
        let Self { mut edges, mut y, curve, draws, epochs } = self;
        let n = y.len() as u32;
        let mut draw = 0;
        for epoch in 0..epochs {
            let rate = learning_rate(epoch, epochs);
            for edge in &mut edges {
                let Some(repulsions) = edge.sample(epoch) else { continue };
                let (head, tail) = (edge.head as usize, edge.tail as usize);
                let (mut at, other) = (y[head], y[tail]);
                let f = curve.force([at[0] - other[0], at[1] - other[1]], true);
                y[tail] = [0, 1].map(|c| rate.mul_add(-f[c], other[c]));
                at = [0, 1].map(|c| rate.mul_add(f[c], at[c]));
                y[head] = at;
                for _ in 0..repulsions {
                    let other = y[draws.below(draw, n) as usize];
                    draw += 1;
                    let f = curve.force([at[0] - other[0], at[1] - other[1]], false);
                    at = [0, 1].map(|c| rate.mul_add(f[c], at[c]));
                    y[head] = at;
                }
            }
        }
        y
    }
}
