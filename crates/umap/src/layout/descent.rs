//! Descent in a fixed number of dimensions.

use super::force::{Curve, LANES, Repellers, Scratch, Step};
use super::schedule::Plan;
use super::table::Table;
use crate::error::{Error, Result};
use crate::params::Umap;
use planisphere_core::{Context, CounterRng, Csr, Matrix};
use planisphere_kernels::Simd;
use rayon::prelude::*;

/// Rows that move at the same time: 1 / BLOCKS of all.
const BLOCKS: usize = 16;
/// Rows that one task moves.
const CHUNK: usize = LANES;
/// Rows between two looks at whether the run is cancelled; a multiple of the lanes.
const WAVE: usize = 1 << 15;

/// Positions on their way, in `D` dimensions, of which the map may have less: the others stay zero, since differences of
/// zeros push nothing.
#[derive(Clone)]
pub(super) struct Descent<const D: usize> {
    plan: Plan,
    table: Table<D>,
    curve: Curve,
    rng: CounterRng,
    moved: Vec<[f32; D]>,
    /// Positions before the epoch that is under way.
    before: Vec<[f32; D]>,
}

/// [`Descent`] whatever its dimensions.
pub(super) trait Descend: Send + Sync {
    /// One epoch, at learning rate `alpha`. If it is cancelled or diverges, nothing has moved.
    fn epoch(&mut self, epoch: u32, alpha: f32, cx: &Context<'_>) -> Result<()>;
    /// Copies the positions out, row by row.
    fn write(&self, y: &mut Matrix);
    fn boxed(&self) -> Box<dyn Descend>;
}

impl<const D: usize> Descent<D> {
    pub(super) fn new(umap: &Umap, graph: &Csr, curve: Curve, y: &Matrix) -> Result<Self> {
        let plan = Plan::new(graph, umap.seed, BLOCKS)?;
        let table = Table::new(padded(y, &plan.order));
        let moved = Vec::with_capacity(plan.largest_block());
        let rng = CounterRng::new(umap.seed, "negative samples");
        Ok(Self { plan, table, curve, rng, moved, before: Vec::new() })
    }
}

/// The rows of `y` in this order, with zeros for the dimensions that it does not have.
pub(super) fn padded<const D: usize>(y: &Matrix, order: &[u32]) -> Vec<[f32; D]> {
    let dim = y.cols();
    let pad = |&i: &u32| {
        let mut p = [0f32; D];
        // Adding 0 makes −0 the same as 0.
        p[..dim].iter_mut().zip(y.row(i as usize)).for_each(|(p, v)| *p = v + 0.0);
        p
    };
    order.iter().map(pad).collect()
}

/// The inverse of [`padded`].
pub(super) fn unpadded<const D: usize>(points: &[[f32; D]], order: &[u32], y: &mut Matrix) {
    let dim = y.cols();
    for (&i, p) in order.iter().zip(points) {
        y.row_mut(i as usize).copy_from_slice(&p[..dim]);
    }
}

/// Moves `points`, the positions of the plan's places from `first` on, by one step.
pub(super) fn advance<const D: usize>(
    step: &Step<'_, D>,
    first: usize,
    points: &mut [[f32; D]],
    cx: &Context<'_>,
) -> Result<()> {
    let simd = Simd::detect();
    for (w, points) in points.chunks_mut(WAVE).enumerate() {
        let first = first + w * WAVE;
        points.par_chunks_mut(CHUNK).enumerate().for_each_init(Scratch::default, |scratch, (c, points)| {
            step.run(simd, first + c * CHUNK, points, scratch);
        });
        cx.check()?;
    }
    Ok(())
}

impl<const D: usize> Descend for Descent<D> {
    fn epoch(&mut self, epoch: u32, alpha: f32, cx: &Context<'_>) -> Result<()> {
        let Self { plan, table, curve, rng, moved, before } = self;
        before.clear();
        before.extend_from_slice(table.points());
        for block in &plan.blocks {
            moved.clear();
            moved.extend_from_slice(&table.points()[block.clone()]);
            let step = Step { plan, table, curve: *curve, repellers: Repellers::Run(*rng), epoch, alpha };
            if let Err(cancelled) = advance(&step, block.start, moved, cx) {
                table.set(0, before);
                return Err(cancelled);
            }
            table.set(block.start, moved);
        }
        if table.points().iter().flatten().any(|v| !v.is_finite()) {
            table.set(0, before);
            return Err(Error::Diverged { epoch: epoch + 1 });
        }
        Ok(())
    }

    fn write(&self, y: &mut Matrix) {
        unpadded(self.table.points(), &self.plan.order, y);
    }

    fn boxed(&self) -> Box<dyn Descend> {
        Box::new(self.clone())
    }
}
