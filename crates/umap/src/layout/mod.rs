//! Optimizing positions: stochastic gradient descent, parallel and the same bits on any number of threads.
//!
//! Each row gathers: it reads the others' positions as they were, goes through its own sampled edges and repulsions one
//! after the other, and writes only its own place. The rows are dealt into a fixed number of blocks by the seed; within a
//! block all rows move at once, the blocks one after the other, so that most of what a row reads is as fresh as in serial
//! descent. Nothing depends on who computes what: the same bits for any number of threads, and for any SIMD level, since
//! lanes hold different rows.
//!
//! An attraction moves the row whose edge it is, not the other end, which has the same edge in its own list: that is the
//! paper's Algorithm 5. umap-learn moves both, which doubles attraction. Measured against it, the paper's balance keeps more
//! neighbors at less work, but lets classes that a target pulls apart lie closer together; so it can be had either way.

mod descent;
mod force;
mod schedule;
mod settle;
mod table;

pub(crate) use settle::{Newcomers, settle};

use crate::error::Result;
use crate::params::{MAX_COMPONENTS, Umap};
use descent::{Descend, Descent};
use force::Curve;
use planisphere_core::{Context, Csr, Matrix};

/// Evaluates an expression for `D` dimensions, the least of these that the map's `n_components` fit into.
macro_rules! by_dimensions {
    ($dim:expr, $d:ident => $body:expr) => {{
        macro_rules! with {
            ($n:expr) => {{
                const $d: usize = $n;
                $body
            }};
        }
        match $dim {
            0..=2 => with!(2),
            3 => with!(3),
            4 => with!(4),
            5..=8 => with!(8),
            9..=16 => with!(16),
            17..=64 => with!(64),
            65..=128 => with!(128),
            _ => with!(MAX_COMPONENTS),
        }
    }};
}
use by_dimensions;

/// Where both ends of an edge are moved, learning starts so many times faster than told, plus one, and soon comes down to
/// what it is told. umap-learn's code moves both ends at once, so that near ones jump over each other and apart: a heat
/// that drives groups away from each other before they settle, and that classes of a target are told apart by.
const HEAT: f32 = 5.0;

/// A layout on its way from initial positions to a map.
pub(crate) struct Layout {
    descent: Box<dyn Descend>,
    y: Matrix,
    epoch: u32,
    epochs: u32,
    learning_rate: f32,
    heat: f32,
}

impl Layout {
    /// Starts at the positions `y` (n × n_components) of the rows of `graph`.
    pub(crate) fn new(umap: &Umap, graph: &Csr, ab: (f64, f64), both_ends: bool, y: Matrix) -> Result<Self> {
        let curve = Curve::new(umap, ab, both_ends);
        let descent: Box<dyn Descend> =
            by_dimensions!(umap.n_components, D => Box::new(Descent::<D>::new(umap, graph, curve, &y)?));
        Ok(Self {
            descent,
            epoch: 0,
            epochs: umap.epochs(y.rows()),
            learning_rate: umap.learning_rate,
            heat: if both_ends { HEAT } else { 0.0 },
            y,
        })
    }

    /// Epochs done.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Epochs in all.
    pub(crate) fn epochs(&self) -> u32 {
        self.epochs
    }

    /// The positions now.
    pub(crate) fn positions(&self) -> &Matrix {
        &self.y
    }

    pub(crate) fn into_positions(self) -> Matrix {
        self.y
    }

    /// Goes on by up to `epochs` epochs. After an error it is as after the last whole one.
    pub(crate) fn step(&mut self, epochs: u32, cx: &mut Context<'_>) -> Result<()> {
        let end = self.epochs.min(self.epoch.saturating_add(epochs));
        while self.epoch < end {
            let left = 1.0 - self.epoch as f32 / self.epochs as f32;
            let alpha = self.learning_rate * left * (1.0 + self.heat * left * left);
            if let Err(error) = self.descent.epoch(self.epoch, alpha, cx) {
                self.descent.write(&mut self.y);
                return Err(error);
            }
            self.epoch += 1;
            if cx.is_observed() || self.epoch == end {
                self.descent.write(&mut self.y);
                cx.epoch(self.epoch, self.epochs, self.y.view())?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { epoch, epochs, y, .. } = self;
        f.debug_struct("Layout")
            .field("epoch", epoch)
            .field("epochs", epochs)
            .field("rows", &y.rows())
            .finish_non_exhaustive()
    }
}

impl Clone for Layout {
    fn clone(&self) -> Self {
        let Self { descent, y, epoch, epochs, learning_rate, heat } = self;
        Self {
            descent: descent.boxed(),
            y: y.clone(),
            epoch: *epoch,
            epochs: *epochs,
            learning_rate: *learning_rate,
            heat: *heat,
        }
    }
}
