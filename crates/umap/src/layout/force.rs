//! The forces: the only place with UMAP's gradient.
//!
//! A row's epoch is a list of events: attraction by the other end of a sampled edge, each followed by repulsions from random
//! rows. Both are c · (y − other), clipped to ±4 in each coordinate, with p = d²ᵇ and
//! c = −2ab p / (d² (1 + a p)) for attraction, c = 2γb / ((0.001 + d²) (1 + a p)) for repulsion
//! (McInnes et al. 2018, section 3.2; umap-learn's `layouts.py`); but no attraction goes beyond the middle. `LANES` rows go
//! through their lists side by side, one in each lane.

use super::schedule::Plan;
use super::table::Table;
use crate::params::Umap;
use planisphere_core::{CounterRng, Draws};
use planisphere_kernels::{Kernel, Simd, math};

/// Rows side by side: four registers of 16, so that one computes while others wait for their last result.
pub(super) const LANES: usize = 64;
/// A step moves a coordinate by at most this, times the learning rate.
const CLIP: f32 = 4.0;
/// Keeps repulsion finite.
const SOFTEN: f32 = 1e-3;
/// The share of the way to the other end that one attraction goes at most: the middle, where the ends would meet. Near
/// each other the plain step is longer than the whole way. With one end moving at a time, pairs that little else holds
/// would jump over each other again and again, and so off the map.
const HALFWAY: f32 = 0.5;

/// A number for each lane.
type Lanes = [f32; LANES];

/// The curve, and the strength and number of repulsions.
#[derive(Clone, Copy)]
pub(super) struct Curve {
    pub(super) a: f32,
    pub(super) b: f32,
    pub(super) repulsion: f32,
    pub(super) negatives: u32,
    /// How often a sampled edge attracts: once, or twice since the same edge of the other end moves this one too.
    pub(super) attractions: u32,
}

/// One epoch, as far as it is the same for all rows.
#[derive(Clone, Copy)]
pub(super) struct Step<'a, const D: usize> {
    pub(super) plan: &'a Plan,
    pub(super) table: &'a Table<D>,
    pub(super) curve: Curve,
    pub(super) repellers: Repellers<'a>,
    pub(super) epoch: u32,
    pub(super) alpha: f32,
}

/// How the rows that push a row away are drawn.
#[derive(Clone, Copy)]
pub(super) enum Repellers<'a> {
    /// One draw for all lanes: they are pushed by places that stand next to each other in memory, but have nothing to do
    /// with each other, since places are dealt at random. To each row, every place is as likely as any other.
    Run(CounterRng),
    /// Draws of each row's own, by its key: what other rows do has no influence.
    Own(CounterRng, &'a [u64]),
}

/// Samples of the lanes, kept between calls.
#[derive(Default)]
pub(super) struct Scratch {
    due: Vec<u32>,
    targets: Vec<[u32; LANES]>,
}

impl<const D: usize> Step<'_, D> {
    /// Moves `points`, the positions of the plan's places from `first` on.
    pub(super) fn run(&self, simd: Simd, first: usize, points: &mut [[f32; D]], scratch: &mut Scratch) {
        simd.run(Move { step: self, first, points, scratch });
    }

    /// What each lane draws from in this epoch. Draw 0 is for the start of its list, the others are for repulsions.
    #[inline(always)]
    fn draws(&self, first: usize, rows: usize) -> [Draws; LANES] {
        let epoch = u64::from(self.epoch);
        match self.repellers {
            Repellers::Run(rng) => [rng.at(epoch, first as u64); LANES],
            Repellers::Own(rng, keys) => {
                let mut draws = [rng.at(epoch, 0); LANES];
                for (draws, &row) in draws.iter_mut().zip(&self.plan.order[first..first + rows]) {
                    *draws = rng.at(epoch, keys[row as usize]);
                }
                draws
            }
        }
    }

    /// The samples of up to `LANES` places from `first` on: those of step `e` in `scratch.targets[e]`. How many each has.
    ///
    /// Each list starts at another sample in each epoch, since the last events have the last word.
    #[inline(always)]
    fn sample(&self, first: usize, rows: usize, draws: &[Draws; LANES], scratch: &mut Scratch) -> [u32; LANES] {
        let mut counts = [0u32; LANES];
        for (l, lane) in counts.iter_mut().enumerate().take(rows) {
            let count = self.plan.due(first + l, self.epoch, &mut scratch.due);
            if scratch.targets.len() < count {
                scratch.targets.resize(count, [0; LANES]);
            }
            let turn = draws[l].below(0, count as u32) as usize;
            let (head, tail) = scratch.due[..count].split_at(turn);
            for (to, &target) in scratch.targets.iter_mut().zip(tail.iter().chain(head)) {
                to[l] = target;
            }
            *lane = count as u32;
        }
        counts
    }
}

struct Move<'a, 'p, const D: usize> {
    step: &'a Step<'p, D>,
    first: usize,
    points: &'a mut [[f32; D]],
    scratch: &'a mut Scratch,
}

impl<const D: usize> Kernel for Move<'_, '_, D> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self { step, first, points, scratch } = self;
        let n = step.table.len() as u32;
        let curve = step.curve;
        for (g, points) in points.chunks_mut(LANES).enumerate() {
            let first = first + g * LANES;
            let draws = step.draws(first, points.len());
            let counts = step.sample(first, points.len(), &draws, scratch);
            let mut y = [[0f32; LANES]; D];
            for (l, p) in points.iter().enumerate() {
                for c in 0..D {
                    y[c][l] = p[c];
                }
            }
            let steps = counts.iter().copied().max().unwrap_or(0);
            let mut draw = 1;
            for (e, targets) in (0..steps).zip(&scratch.targets) {
                let mut alpha = [0f32; LANES];
                for l in 0..LANES {
                    alpha[l] = if e < counts[l] { step.alpha } else { 0.0 };
                }
                let mut other = [[0f32; LANES]; D];
                for l in 0..LANES {
                    let p = &step.table.points()[targets[l] as usize];
                    for c in 0..D {
                        other[c][l] = p[c];
                    }
                }
                for _ in 0..curve.attractions {
                    curve.attract(&mut y, &other, &alpha, HALFWAY / step.alpha);
                }
                for _ in 0..curve.negatives {
                    match step.repellers {
                        Repellers::Run(_) => {
                            let at = draws[0].below(draw, n) as usize;
                            for (c, other) in other.iter_mut().enumerate() {
                                *other = *step.table.run(c, at);
                            }
                        }
                        Repellers::Own(..) => {
                            for l in 0..LANES {
                                let p = &step.table.points()[draws[l].below(draw, n) as usize];
                                for c in 0..D {
                                    other[c][l] = p[c];
                                }
                            }
                        }
                    }
                    draw += 1;
                    curve.repel(&mut y, &other, &alpha);
                }
            }
            for (l, p) in points.iter_mut().enumerate() {
                for c in 0..D {
                    p[c] = y[c][l];
                }
            }
        }
    }
}

impl Curve {
    pub(super) fn new(umap: &Umap, ab: (f64, f64), both_ends: bool) -> Self {
        Self {
            a: ab.0 as f32,
            b: ab.1 as f32,
            repulsion: umap.repulsion_strength,
            negatives: umap.negative_sample_rate,
            attractions: if both_ends { 2 } else { 1 },
        }
    }

    /// Pulls each lane's position toward the other one, with a force of at most `most`. Lanes without a sample have
    /// `alpha` 0.
    #[inline(always)]
    fn attract<const D: usize>(self, y: &mut [Lanes; D], other: &[Lanes; D], alpha: &Lanes, most: f32) {
        let (delta, d2) = difference(y, other);
        let mut force = [0f32; LANES];
        let strength = -2.0 * self.a * self.b;
        for l in 0..LANES {
            let p = math::pow(d2[l], self.b).min(1e18);
            force[l] = (strength * p / (d2[l] * self.a.mul_add(p, 1.0))).max(-most);
        }
        step(y, &delta, &force, alpha);
    }

    /// Pushes each lane's position away from the other one.
    #[inline(always)]
    fn repel<const D: usize>(self, y: &mut [Lanes; D], other: &[Lanes; D], alpha: &Lanes) {
        let (delta, d2) = difference(y, other);
        let mut force = [0f32; LANES];
        let strength = 2.0 * self.repulsion * self.b;
        for l in 0..LANES {
            let p = math::pow(d2[l], self.b).min(1e18);
            force[l] = strength / ((SOFTEN + d2[l]) * self.a.mul_add(p, 1.0));
        }
        step(y, &delta, &force, alpha);
    }
}

/// y − other, and its square within bounds that keep every product finite; within the box of a map they are never met.
#[inline(always)]
fn difference<const D: usize>(y: &[Lanes; D], other: &[Lanes; D]) -> ([Lanes; D], Lanes) {
    let mut delta = [[0f32; LANES]; D];
    let mut d2 = [0f32; LANES];
    for c in 0..D {
        for l in 0..LANES {
            delta[c][l] = y[c][l] - other[c][l];
            d2[l] = delta[c][l].mul_add(delta[c][l], d2[l]);
        }
    }
    for d in &mut d2 {
        *d = d.clamp(1e-15, 1e15);
    }
    (delta, d2)
}

#[inline(always)]
fn step<const D: usize>(y: &mut [Lanes; D], delta: &[Lanes; D], force: &Lanes, alpha: &Lanes) {
    for c in 0..D {
        for l in 0..LANES {
            let g = (force[l] * delta[c][l]).clamp(-CLIP, CLIP);
            y[c][l] = alpha[l].mul_add(g, y[c][l]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(curve: Curve, y: [f32; 2], other: [f32; 2], attract: bool) -> [f32; 2] {
        let spread = |p: [f32; 2]| p.map(|v| [v; LANES]);
        let mut at = spread(y);
        if attract {
            curve.attract(&mut at, &spread(other), &[1.0; LANES], f32::INFINITY);
        } else {
            curve.repel(&mut at, &spread(other), &[1.0; LANES]);
        }
        [at[0][3] - y[0], at[1][3] - y[1]]
    }

    /// umap-learn's formulas, in f64.
    fn reference(curve: Curve, y: [f32; 2], other: [f32; 2], attract: bool) -> [f64; 2] {
        let (a, b) = (f64::from(curve.a), f64::from(curve.b));
        let delta = [0, 1].map(|c| f64::from(y[c]) - f64::from(other[c]));
        let d2 = delta[0] * delta[0] + delta[1] * delta[1];
        let c = if attract {
            -2.0 * a * b * d2.powf(b - 1.0) / (a * d2.powf(b) + 1.0)
        } else {
            2.0 * f64::from(curve.repulsion) * b / ((0.001 + d2) * (a * d2.powf(b) + 1.0))
        };
        delta.map(|d| (c * d).clamp(-4.0, 4.0))
    }

    #[test]
    fn forces_are_those_of_the_reference() {
        for (a, b) in [(1.577f32, 0.8951f32), (1.0, 1.0), (5.78, 0.79), (0.11, 1.9)] {
            let curve = Curve { a, b, repulsion: 1.3, negatives: 5, attractions: 1 };
            for i in 0..400 {
                let r = 1e-3 * 1.03f32.powi(i % 330);
                let (y, other) = ([1.0 + 0.6 * r, -2.0], [1.0, -2.0 - 0.8 * r]);
                for attract in [true, false] {
                    let (got, want) = (moved(curve, y, other, attract), reference(curve, y, other, attract));
                    for c in 0..2 {
                        let e = (f64::from(got[c]) - want[c]).abs();
                        assert!(e < 2e-5 * (1.0 + want[c].abs()), "{a} {b} {r} {attract}: {got:?} {want:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_attraction_ends_in_the_middle() {
        let curve = Curve { a: 1.577, b: 0.895, repulsion: 1.0, negatives: 5, attractions: 1 };
        for alpha in [1.0f32, 0.25] {
            let mut y = [[0.0; LANES], [0.0; LANES]];
            curve.attract(&mut y, &[[0.3; LANES], [-0.1; LANES]], &[alpha; LANES], HALFWAY / alpha);
            assert!((y[0][5] - 0.15).abs() < 1e-6 && (y[1][5] + 0.05).abs() < 1e-6);
        }
    }

    #[test]
    fn coinciding_and_far_points_stay_finite() {
        let curve = Curve { a: 1.577, b: 0.895, repulsion: 1.0, negatives: 5, attractions: 1 };
        for attract in [true, false] {
            assert_eq!(moved(curve, [1.0, 2.0], [1.0, 2.0], attract), [0.0, 0.0]);
            let far = moved(curve, [1e30, 2.0], [-1e30, 2.0], attract);
            assert!(far.iter().all(|v| v.is_finite()));
        }
    }
}
