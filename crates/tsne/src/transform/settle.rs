//! Iterations of new rows beside old ones that stay where they are.

#![allow(clippy::needless_range_loop)] // several arrays are walked by one coordinate

use super::placement::Placement;
use crate::attraction::Bonds;
use crate::descent::{Descent, Normalize};
use crate::error::{Error, Result};
use crate::layout::points;
use crate::params::Repulsion;
use crate::repulsion::{Felt, field};
use planisphere_core::{Context, Matrix};
use rayon::prelude::*;

/// How far around the map new rows may go, as a share of its longest side: as in openTSNE, since interpolation needs a
/// bound.
const ROOM: f32 = 0.25;
/// But at least so far: the half-width of the kernel.
const LEAST_ROOM: f32 = 1.0;
/// Rows of one task.
const CHUNK: usize = 1024;

/// Moves the positions `y` (m × n_components) of new rows, which are drawn by `bonds` to rows of the `map` and pushed away
/// by all of these. What becomes of a row does not depend on the other new ones.
pub(super) fn settle<const D: usize>(
    by: &Placement,
    (map, repulsion, dof): (&Matrix, Repulsion, f32),
    bonds: &Bonds,
    y: &Matrix,
    cx: &mut Context<'_>,
) -> Result<Matrix> {
    let map = points::<D>(map);
    let room = Room::around(&map);
    let mut field = field::<D>(repulsion, dof, room.reach);
    field.charge(&map);
    // No row of the map is farther away than the whole room is wide, so nobody feels less; a rounding may tell otherwise.
    let least = room.least_weight(map.len(), dof);
    let mut y = points::<D>(y);
    room.keep(&mut y);
    let mut next = y.clone();
    let mut felt = vec![Felt { force: [0.0; D], weight: 0.0 }; y.len()];
    let mut descent = Descent::<D>::new(y.len());
    for i in 0..by.iterations() {
        cx.check()?;
        field.feel(&y, &mut felt);
        felt.par_iter_mut().with_min_len(CHUNK).for_each(|f| f.weight = f.weight.max(least));
        let rules = by.rules(i, dof);
        let moved = descent.step(bonds, (&y, &map), (&felt, Normalize::Rows), rules, &mut next);
        if !moved.finite {
            return Err(Error::Diverged { iteration: i + 1 });
        }
        room.keep(&mut next);
        std::mem::swap(&mut y, &mut next);
        cx.progress(u64::from(i) + 1, u64::from(by.iterations()))?;
    }
    Ok(Matrix::from_vec(y.len(), D, y.into_flattened())?)
}

/// The box that new rows stay in.
struct Room<const D: usize> {
    low: [f32; D],
    high: [f32; D],
    /// How much wider than the map it is, on each side.
    reach: f32,
}

impl<const D: usize> Room<D> {
    /// `map` is not empty.
    fn around(map: &[[f32; D]]) -> Self {
        let (mut low, mut high) = (map[0], map[0]);
        for p in map {
            for c in 0..D {
                low[c] = low[c].min(p[c]);
                high[c] = high[c].max(p[c]);
            }
        }
        let longest = (0..D).fold(0f32, |m, c| m.max(high[c] - low[c]));
        let reach = (ROOM * longest).max(LEAST_ROOM);
        Self { low: low.map(|v| v - reach), high: high.map(|v| v + reach), reach }
    }

    fn keep(&self, y: &mut [[f32; D]]) {
        y.par_iter_mut().with_min_len(CHUNK).for_each(|y| {
            for c in 0..D {
                y[c] = y[c].max(self.low[c]).min(self.high[c]);
            }
        });
    }

    /// The weight of `n` rows, all as far away as can be.
    fn least_weight(&self, n: usize, dof: f32) -> f32 {
        let dof = f64::from(dof);
        let far2: f64 = (0..D).map(|c| (f64::from(self.high[c]) - f64::from(self.low[c])).powi(2)).sum();
        let one = planisphere_kernels::math::exp(-dof * planisphere_kernels::math::ln(1.0 + far2 / dof));
        ((n as f64 * one) as f32).max(f32::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;

    #[test]
    fn rows_at_the_very_places_of_the_map_feel_what_each_feels_alone() {
        let rng = CounterRng::new(1, "settle");
        let map: Vec<[f32; 2]> = (0..700).map(|i| [0, 1].map(|c| 9.0 * rng.at(0, i).normal(c))).collect();
        for repulsion in [Repulsion::BARNES_HUT, Repulsion::FFT, Repulsion::Exact] {
            let mut field = field::<2>(repulsion, 1.0, 5.0);
            field.charge(&map);
            let mut all = vec![Felt { force: [0.0; 2], weight: 0.0 }; 700];
            field.feel(&map, &mut all);
            for i in [0, 1, 350, 699] {
                let mut one = [Felt { force: [0.0; 2], weight: 0.0 }];
                field.feel(&map[i..=i], &mut one);
                assert_eq!(one[0], all[i], "{repulsion:?}, row {i}");
            }
        }
    }

    #[test]
    fn nobody_leaves_the_room() {
        let room = Room::around(&[[0.0f32, 0.0], [40.0, 1.0]]);
        let mut y = [[60.0f32, -60.0], [f32::NEG_INFINITY, f32::NAN], [20.0, 0.5]];
        room.keep(&mut y);
        assert_eq!(y, [[50.0, -10.0], [-10.0, -10.0], [20.0, 0.5]]);
        let weight = room.least_weight(2, 1.0);
        assert!((weight / (2.0 / (1.0 + 3600.0 + 441.0)) - 1.0).abs() < 1e-5, "{weight}");
        assert_eq!(Room::around(&[[3.0f32]]).high, [4.0]);
        assert!(Room::around(&[[-1e20f32; 3], [1e20; 3]]).least_weight(1, 1000.0) > 0.0);
    }
}
