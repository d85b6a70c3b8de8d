//! Optimizing positions: stochastic gradient descent, parallel and the same bits on any number of threads.
//!
//! Each row gathers: it reads the others' positions as they were, goes through its own sampled edges and repulsions one
//! after the other, and writes only its own place. The rows are
//! dealt into a fixed number of blocks by the seed; within a block all rows move at once, the blocks one after the other, so
//! that most of what a row reads is as fresh as in serial descent. Nothing depends on who computes what: the same bits for
//! any number of threads, and for any SIMD level, since lanes hold different rows.

mod force;
mod schedule;

use crate::error::{Error, Result};
use crate::params::Umap;
use force::{Curve, Step};
use planisphere_core::{Context, CounterRng, Csr, Matrix};
use planisphere_kernels::Simd;
use rayon::prelude::*;
use schedule::Plan;

/// Rows that move at the same time: 1 / BLOCKS of all.
const BLOCKS: usize = 16;
/// Rows that one task moves; a multiple of the lanes.
const CHUNK: usize = 64;

/// Moves the positions `y` (n × n_components) for all epochs.
pub(crate) fn optimize(umap: &Umap, graph: &Csr, ab: (f64, f64), y: Matrix, cx: &mut Context<'_>) -> Result<Matrix> {
    // Dimensions are padded to the next of these with zeros, which stay zero: differences of zeros push nothing.
    match umap.n_components {
        0..=2 => run::<2>(umap, graph, ab, y, cx),
        3 => run::<3>(umap, graph, ab, y, cx),
        4 => run::<4>(umap, graph, ab, y, cx),
        5..=8 => run::<8>(umap, graph, ab, y, cx),
        9..=16 => run::<16>(umap, graph, ab, y, cx),
        17..=64 => run::<64>(umap, graph, ab, y, cx),
        _ => run::<{ crate::params::MAX_COMPONENTS }>(umap, graph, ab, y, cx),
    }
}

fn run<const D: usize>(
    umap: &Umap,
    graph: &Csr,
    ab: (f64, f64),
    mut y: Matrix,
    cx: &mut Context<'_>,
) -> Result<Matrix> {
    let (n, dim) = (y.rows(), y.cols());
    let epochs = umap.epochs(n);
    let plan = Plan::new(graph, umap.seed, BLOCKS)?;
    let mut places: Vec<[f32; D]> = plan
        .order
        .iter()
        .map(|&i| {
            let mut p = [0f32; D];
            p[..dim].copy_from_slice(y.row(i as usize));
            p
        })
        .collect();
    let mut moved: Vec<[f32; D]> = vec![[0.0; D]; plan.largest_block()];
    let curve = Curve {
        a: ab.0 as f32,
        b: ab.1 as f32,
        repulsion: umap.repulsion_strength,
        negatives: umap.negative_sample_rate,
    };
    let rng = CounterRng::new(umap.seed, "negative samples");
    let simd = Simd::detect();
    for epoch in 0..epochs {
        let alpha = umap.learning_rate * (1.0 - epoch as f32 / epochs as f32);
        for block in &plan.blocks {
            let moved = &mut moved[..block.len()];
            let step = Step { plan: &plan, places: &places, curve, rng, epoch, alpha };
            moved.par_chunks_mut(CHUNK).enumerate().for_each_init(Default::default, |scratch, (c, out)| {
                step.run(simd, block.start + c * CHUNK, out, scratch);
            });
            places[block.clone()].copy_from_slice(moved);
            cx.check()?;
        }
        if places.iter().flatten().any(|v| !v.is_finite()) {
            return Err(Error::Diverged { epoch: epoch + 1 });
        }
        if cx.is_observed() || epoch + 1 == epochs {
            for (&i, p) in plan.order.iter().zip(&places) {
                y.row_mut(i as usize).copy_from_slice(&p[..dim]);
            }
            cx.epoch(epoch + 1, epochs, y.view())?;
        }
    }
    Ok(y)
}
