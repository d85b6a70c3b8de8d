//! Positions without eigenvectors.

use crate::block::CHUNK;
use planisphere_core::{CounterRng, Matrix};
use rayon::prelude::*;

/// Half the width of the box.
const HALF_WIDTH: f32 = 10.0;

/// Uniformly random places in the box from −10 to 10, n × dim: the same for the same seed.
pub fn random(n: usize, dim: usize, seed: u64) -> Matrix {
    let rng = CounterRng::new(seed, "random init");
    let mut y = Matrix::zeros(n, dim);
    y.data_mut().par_chunks_mut(CHUNK * dim.max(1)).enumerate().for_each(|(c, rows)| {
        for (r, row) in rows.chunks_exact_mut(dim).enumerate() {
            let draws = rng.at(0, (c * CHUNK + r) as u64);
            for (c, v) in row.iter_mut().enumerate() {
                *v = HALF_WIDTH * (2.0 * draws.unit(c as u64) - 1.0);
            }
        }
    });
    y
}
