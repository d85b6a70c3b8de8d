//! Optimizing positions of new rows beside old ones that stay where they are.

use super::descent::{advance, padded, unpadded};
use super::force::{Curve, Repellers, Step};
use super::schedule::Plan;
use super::table::Table;
use super::{MAX_COMPONENTS, by_dimensions};
use crate::error::{Error, Result};
use crate::params::Umap;
use planisphere_core::{Context, CounterRng, Csr, Matrix};

/// The learning rate of new rows is that of the map divided by this, as in umap-learn.
const CALMER: f32 = 4.0;

/// New rows, and the map that they are to find their places on.
pub(crate) struct Newcomers<'a> {
    /// Memberships of the new rows (m) in the neighborhoods of old ones (n): m × n, above 0 and up to 1.
    pub(crate) graph: &'a Csr,
    /// A key of each new row, from which all its random numbers come.
    pub(crate) keys: &'a [u64],
    /// The map: n × n_components.
    pub(crate) base: &'a Matrix,
    /// Of the curve.
    pub(crate) ab: (f64, f64),
    pub(crate) epochs: u32,
}

/// Moves the positions `y` (m × n_components) of new rows. Each is drawn to the old rows that it has edges to, and pushed by
/// random old ones; what becomes of it does not depend on the other new rows.
pub(crate) fn settle(umap: &Umap, new: &Newcomers<'_>, y: Matrix, cx: &mut Context<'_>) -> Result<Matrix> {
    by_dimensions!(umap.n_components, D => run::<D>(umap, new, y, cx))
}

fn run<const D: usize>(umap: &Umap, new: &Newcomers<'_>, mut y: Matrix, cx: &mut Context<'_>) -> Result<Matrix> {
    let plan = Plan::to_fixed(new.graph, new.keys)?;
    let old: Vec<u32> = (0..new.base.rows() as u32).collect();
    let table = Table::<D>::new(padded(new.base, &old));
    let mut points = padded::<D>(&y, &plan.order);
    let repellers = Repellers::Own(CounterRng::new(umap.seed, "negative samples of new rows"), new.keys);
    // Old rows stay where they are, so that one end is all that can move.
    let curve = Curve::new(umap, new.ab, false);
    for epoch in 0..new.epochs {
        let alpha = umap.learning_rate / CALMER * (1.0 - epoch as f32 / new.epochs as f32);
        let step = Step { plan: &plan, table: &table, curve, repellers, epoch, alpha };
        advance(&step, 0, &mut points, cx)?;
        cx.progress(u64::from(epoch) + 1, u64::from(new.epochs))?;
    }
    if points.iter().flatten().any(|v| !v.is_finite()) {
        return Err(Error::Diverged { epoch: new.epochs });
    }
    unpadded(&points, &plan.order, &mut y);
    Ok(y)
}
