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

/// Least mean weight of a row on all others: where rows are so far apart that they hardly feel each other, rounding must not
/// make the sum negative.
const FLOOR: f64 = 1e-9;

/// A map in the making, of whatever number of dimensions.
pub(crate) trait Layout: Send + Sync {
    fn positions(&self) -> MatrixView<'_>;
    fn iteration(&self) -> u32;
    /// One iteration. After an error the positions are those before it.
    fn iterate(&mut self, params: &Tsne) -> Result<f64>;
    /// The divergence of where the rows are, given Σ p ln p: by the repulsion that the layout uses.
    fn divergence(&mut self, entropy: f64, dof: f32) -> f64;
}

/// The rows of `y`, which has `D` columns.
pub(crate) fn points<const D: usize>(y: &Matrix) -> Vec<[f32; D]> {
    (0..y.rows()).map(|i| std::array::from_fn(|c| y.row(i)[c])).collect()
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
        let y = points(start);
        let felt = vec![Felt { force: [0.0; D], weight: 0.0 }; y.len()];
        Self { bonds, field, next: y.clone(), felt, descent: Descent::new(y.len()), y, iteration: 0 }
    }

    /// What repels each row; the sum of all pairs' weights.
    fn feel(&mut self) -> f64 {
        let n = self.y.len() as f64;
        self.field.charge(&self.y);
        self.field.feel_own(&self.y, &mut self.felt);
        let sums: Vec<f64> = self.felt.par_chunks(CHUNK).map(|f| f.iter().map(|f| f64::from(f.weight)).sum()).collect();
        // Each row's weight on itself is no pair.
        (sums.iter().sum::<f64>() - n).max(FLOOR * n)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Repulsion;
    use crate::repulsion::field;
    use planisphere_core::Csr;
    use planisphere_fixtures::{golden_f32, golden_f64, golden_json};

    const N: usize = 100;

    /// The affinities of the goldens.
    fn joint() -> Csr {
        let p = golden_f32("tsne_joint.npy");
        Csr::by_rows(N, N, |i, ids, values| {
            for (j, &p) in p[i * N..(i + 1) * N].iter().enumerate().filter(|e| *e.1 > 0.0) {
                ids.push(j as u32);
                values.push(p);
            }
        })
        .unwrap()
    }

    fn start<const D: usize>() -> Matrix {
        let y = golden_f32("tsne_map.npy");
        Matrix::from_rows((0..N).map(|i| y[2 * i..2 * i + D].to_vec())).unwrap()
    }

    fn mutual<const D: usize>(dof: f32) -> Mutual<D> {
        Mutual::new(Bonds::new(&joint()), field(Repulsion::Exact, dof, 0.0), &start::<D>())
    }

    /// The gradient, from a step so long that the place where it starts does not count.
    fn gradient<const D: usize>(dof: f32) -> Vec<[f64; D]> {
        const LONG: f32 = 1e7;
        let mut m = mutual::<D>(dof);
        let z = m.feel();
        let params =
            Tsne::new().dof(dof).learning_rate(LONG).exaggeration(1.0).early_exaggeration(1.0).max_step_norm(None);
        let mut to = m.y.clone();
        m.descent.step(&m.bonds, (&m.y, &m.y), (&m.felt, Normalize::Pairs(z)), params.rules(N, 0), &mut to);
        // The first gain is 1 + 0.2.
        let per = |y: f32, to: f32| (f64::from(y) - f64::from(to)) / (1.2 * f64::from(LONG));
        m.y.iter().zip(&to).map(|(y, to)| std::array::from_fn(|c| per(y[c], to[c]))).collect()
    }

    fn check<const D: usize>(dof: f32, case: usize) {
        let want = &golden_f64("tsne_gradient.npy")[case * 2 * N..];
        let largest = want[..2 * N].iter().fold(0f64, |m, v| m.max(v.abs()));
        for (i, g) in gradient::<D>(dof).iter().enumerate() {
            for c in 0..D {
                let e = (g[c] - want[2 * i + c]).abs() / largest;
                assert!(e < 1e-6, "{D}-D, dof {dof}, row {i}: {} for {}", g[c], want[2 * i + c]);
            }
        }
        let golden = golden_json("tsne.json");
        let divergence = golden["divergences"][case].as_f64().unwrap();
        let p = joint();
        let entropy: f64 = p.data().iter().map(|&p| f64::from(p) * f64::from(p).ln()).sum();
        let got = mutual::<D>(dof).divergence(entropy, dof);
        assert!((got / divergence - 1.0).abs() < 1e-5, "{D}-D, dof {dof}: {got} for {divergence}");
    }

    /// openTSNE's exact gradient and divergence.
    #[test]
    fn gradients_and_divergences_are_the_reference_s() {
        for (case, dof) in [1.0, 0.5, 2.0].into_iter().enumerate() {
            check::<2>(dof, case);
            check::<1>(dof, case + 3);
        }
    }

    /// Five iterations of openTSNE with exaggeration 12 and five without.
    #[test]
    fn iterations_are_the_reference_s() {
        let golden = golden_f64("tsne_descent.npy");
        let params = Tsne::new().early_exaggeration_iter(5).n_iter(5);
        let mut m = mutual::<2>(1.0);
        for (i, want) in golden.chunks_exact(2 * N).enumerate() {
            m.iterate(&params).unwrap();
            let largest = want.iter().fold(0f64, |m, v| m.max(v.abs()));
            for (got, want) in m.y.as_flattened().iter().zip(want) {
                assert!((f64::from(*got) - want).abs() < 3e-5 * largest, "iteration {i}: {got} for {want}");
            }
        }
    }
}
