//! Iterations of a map whose rows attract and repel each other.

use crate::attraction::Bonds;
use crate::descent::{Descent, Moved, Normalize};
use crate::error::{Error, Result};
use crate::params::Tsne;
use crate::repulsion::{Felt, Field};
use planisphere_core::{Matrix, MatrixView};
use rayon::prelude::*;

/// Rows of one task that sums weights or moves rows.
const CHUNK: usize = 4096;

/// A map in the making, of whatever number of dimensions.
pub(crate) trait Layout: Send + Sync {
    fn positions(&self) -> MatrixView<'_>;
    fn iteration(&self) -> u32;
    /// One iteration. After an error the layout is as it was before.
    fn iterate(&mut self, params: &Tsne) -> Result<f64>;
    /// The divergence of where the rows are, given Σ p ln p: by the repulsion that the layout uses.
    fn divergence(&mut self, entropy: f64, dof: f32) -> f64;
}

/// Rows and the forces between them.
pub(crate) struct Mutual<const D: usize> {
    bonds: Bonds,
    field: Box<dyn Field<D>>,
    y: Vec<[f32; D]>,
    next: Vec<[f32; D]>,
    felt: Vec<Felt<D>>,
    descent: Descent<D>,
    iteration: u32,
}

impl<const D: usize> Mutual<D> {
    pub(crate) fn new(bonds: Bonds, field: Box<dyn Field<D>>, start: &Matrix) -> Self {
        let n = start.rows();
        let y: Vec<[f32; D]> = (0..n).map(|i| std::array::from_fn(|c| start.row(i)[c])).collect();
        let felt = vec![Felt { force: [0.0; D], weight: 0.0 }; n];
        Self { bonds, field, next: y.clone(), felt, descent: Descent::new(n), y, iteration: 0 }
    }

    /// What repels each row; the sum of all pairs' weights.
    fn feel(&mut self) -> f64 {
        self.field.charge(&self.y);
        self.field.feel_own(&self.y, &mut self.felt);
        let sums: Vec<f64> = self.felt.par_chunks(CHUNK).map(|f| f.iter().map(|f| f64::from(f.weight)).sum()).collect();
        // Each row's weight on itself is no pair.
        (sums.iter().sum::<f64>() - self.y.len() as f64).max(f64::MIN_POSITIVE)
    }
}

impl<const D: usize> Layout for Mutual<D> {
    fn positions(&self) -> MatrixView<'_> {
        MatrixView::new(self.y.len(), D, self.y.as_flattened()).unwrap_or_else(|_| unreachable!("rows of D values"))
    }

    fn iteration(&self) -> u32 {
        self.iteration
    }

    fn iterate(&mut self, params: &Tsne) -> Result<f64> {
        let z = self.feel();
        let rules = params.rules(self.y.len(), self.iteration);
        let Moved { sum, gradient2, finite } = self.descent.step(
            &self.bonds,
            (&self.y, &self.y),
            (&self.felt, Normalize::Pairs(z)),
            rules,
            &mut self.next,
        );
        if !finite {
            return Err(Error::Diverged { iteration: self.iteration + 1 });
        }
        let n = self.y.len() as f64;
        let mean = sum.map(|s| (s / n) as f32);
        self.next.par_chunks_mut(CHUNK).for_each(|rows| {
            for row in rows {
                for c in 0..D {
                    row[c] -= mean[c];
                }
            }
        });
        std::mem::swap(&mut self.y, &mut self.next);
        self.iteration += 1;
        Ok(gradient2.sqrt())
    }

    fn divergence(&mut self, entropy: f64, dof: f32) -> f64 {
        let z = self.feel();
        entropy + self.bonds.stretch(&self.y, &self.y, dof) + z.ln()
    }
}
