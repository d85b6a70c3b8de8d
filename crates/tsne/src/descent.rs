//! Gradient descent with momentum and gains (Jacobs 1988), as in van der Maaten's t-SNE and in openTSNE.

#![allow(clippy::needless_range_loop)] // several arrays are walked by one coordinate

use crate::attraction::{Bonds, LANES, STAGED};
use crate::repulsion::Felt;
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;

/// Rows of one task.
const CHUNK: usize = 512;
/// What a gain grows by while the gradient keeps its direction, and what it is multiplied by when that turns.
const GROWTH: f32 = 0.2;
const DECAY: f32 = 0.8;

/// What one iteration goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) exaggeration: f32,
    pub(crate) learning_rate: f32,
    pub(crate) momentum: f32,
    pub(crate) min_gain: f32,
    pub(crate) max_grad_norm: Option<f32>,
    pub(crate) max_step_norm: Option<f32>,
    pub(crate) dof: f32,
}

/// What the rows' shares of repulsion are divided by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Normalize {
    /// By the sum over all pairs.
    Pairs(f64),
    /// By each row's own sum: rows that are placed on a map of others, each on its own.
    Rows,
}

/// What moves the rows on.
#[derive(Clone, Debug)]
pub(crate) struct Descent<const D: usize> {
    velocity: Vec<[f32; D]>,
    gains: Vec<[f32; D]>,
}

/// What one iteration did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved<const D: usize> {
    /// Sum of the new places.
    pub(crate) sum: [f64; D],
    /// Sum of the squares of all gradients.
    pub(crate) gradient2: f64,
    /// Whether all places are finite.
    pub(crate) finite: bool,
}

impl<const D: usize> Descent<D> {
    pub(crate) fn new(rows: usize) -> Self {
        Self { velocity: vec![[0.0; D]; rows], gains: vec![[1.0; D]; rows] }
    }

    /// One iteration of the rows at `y`, pulled by `partners` and pushed by what they `felt`; their new places go to `to`.
    pub(crate) fn step(
        &mut self,
        bonds: &Bonds,
        (y, partners): (&[[f32; D]], &[[f32; D]]),
        (felt, normalize): (&[Felt<D>], Normalize),
        rules: Rules,
        to: &mut [[f32; D]],
    ) -> Moved<D> {
        let simd = Simd::detect();
        let parts: Vec<Moved<D>> = (
            y.par_chunks(CHUNK),
            felt.par_chunks(CHUNK),
            to.par_chunks_mut(CHUNK),
            self.velocity.par_chunks_mut(CHUNK),
            self.gains.par_chunks_mut(CHUNK),
        )
            .into_par_iter()
            .enumerate()
            .map(|(c, (y, felt, to, velocity, gains))| {
                let first = c * CHUNK;
                simd.run(Step { bonds, first, y, partners, felt, normalize, rules, to, velocity, gains })
            })
            .collect();
        let mut all = Moved { sum: [0.0; D], gradient2: 0.0, finite: true };
        for part in parts {
            for c in 0..D {
                all.sum[c] += part.sum[c];
            }
            all.gradient2 += part.gradient2;
            all.finite &= part.finite;
        }
        all
    }
}

struct Step<'a, const D: usize> {
    bonds: &'a Bonds,
    first: usize,
    y: &'a [[f32; D]],
    partners: &'a [[f32; D]],
    felt: &'a [Felt<D>],
    normalize: Normalize,
    rules: Rules,
    to: &'a mut [[f32; D]],
    velocity: &'a mut [[f32; D]],
    gains: &'a mut [[f32; D]],
}

impl<const D: usize> Kernel for Step<'_, D> {
    type Output = Moved<D>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Moved<D> {
        let rules = self.rules;
        let inverse_dof = 1.0 / rules.dof;
        let all = match self.normalize {
            Normalize::Pairs(z) => (1.0 / z) as f32,
            Normalize::Rows => 0.0,
        };
        let mut moved = Moved { sum: [0.0; D], gradient2: 0.0, finite: true };
        let mut staged = [[[0f32; LANES]; D]; STAGED];
        for (r, &y) in self.y.iter().enumerate() {
            let pull = self.bonds.pull(self.first + r, y, self.partners, inverse_dof, &mut staged);
            let felt = &self.felt[r];
            let share = match self.normalize {
                Normalize::Pairs(_) => all,
                Normalize::Rows => 1.0 / felt.weight,
            };
            let mut gradient = [0f32; D];
            for c in 0..D {
                gradient[c] = rules.exaggeration.mul_add(pull[c], -share * felt.force[c]);
            }
            let norm2 = squares(&gradient);
            moved.gradient2 += f64::from(norm2);
            if let Some(most) = rules.max_grad_norm {
                shorten(&mut gradient, norm2, most);
            }
            let (velocity, gains) = (&mut self.velocity[r], &mut self.gains[r]);
            for c in 0..D {
                // Against the gradient is downhill.
                let turned = sign(velocity[c]) != sign(gradient[c]);
                gains[c] = if turned { gains[c] + GROWTH } else { gains[c] * DECAY + rules.min_gain };
                velocity[c] = rules.momentum * velocity[c] - rules.learning_rate * gains[c] * gradient[c];
            }
            if let Some(most) = rules.max_step_norm {
                let norm2 = squares(velocity);
                shorten(velocity, norm2, most);
            }
            for c in 0..D {
                let place = y[c] + velocity[c];
                self.to[r][c] = place;
                moved.sum[c] += f64::from(place);
                moved.finite &= place.is_finite();
            }
        }
        moved
    }
}

#[inline(always)]
fn squares<const D: usize>(v: &[f32; D]) -> f32 {
    let mut sum = 0f32;
    for c in 0..D {
        sum = v[c].mul_add(v[c], sum);
    }
    sum
}

/// Shortens `v` to the length `most` if it is longer.
#[inline(always)]
fn shorten<const D: usize>(v: &mut [f32; D], norm2: f32, most: f32) {
    if norm2 > most * most {
        let scale = most / norm2.sqrt();
        for c in 0..D {
            v[c] *= scale;
        }
    }
}

/// −1, 0 or 1.
#[inline(always)]
fn sign(v: f32) -> i32 {
    i32::from(v > 0.0) - i32::from(v < 0.0)
}
