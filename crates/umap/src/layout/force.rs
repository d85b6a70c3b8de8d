//! The forces: the only place with UMAP's gradient.
//!
//! A row's epoch is a list of events: attraction by the other end of a sampled edge, or repulsion by a random row. Both are
//! c · (y − other), clipped to ±4 in each coordinate, with p = d²ᵇ and
//! c = −2ab p / (d² (1 + a p)) for attraction, c = 2γb / ((0.001 + d²) (1 + a p)) for repulsion
//! (McInnes et al. 2018, section 3.2; umap-learn's `layouts.py`). Sixteen rows go through their lists side by side, one in
//! each lane.

use super::schedule::{Plan, is_due, phase};
use planisphere_core::CounterRng;
use planisphere_kernels::{Kernel, Simd, math};

/// Rows side by side.
const LANES: usize = 16;
/// Marks an event as attraction; place numbers are smaller.
const ATTRACT: u32 = 1 << 31;
/// A step moves a coordinate by at most this, times the learning rate.
const CLIP: f32 = 4.0;
/// Keeps repulsion finite.
const SOFTEN: f32 = 1e-3;

/// The curve, and the strength and number of repulsions.
#[derive(Clone, Copy)]
pub(super) struct Curve {
    pub(super) a: f32,
    pub(super) b: f32,
    pub(super) repulsion: f32,
    pub(super) negatives: u32,
}

/// One epoch, as far as it is the same for all rows.
#[derive(Clone, Copy)]
pub(super) struct Step<'a, const D: usize> {
    pub(super) plan: &'a Plan,
    pub(super) places: &'a [[f32; D]],
    pub(super) curve: Curve,
    pub(super) rng: CounterRng,
    pub(super) epoch: u32,
    pub(super) alpha: f32,
}

/// Events of the lanes, kept between calls.
#[derive(Default)]
pub(super) struct Scratch {
    lists: [Vec<u32>; LANES],
}

impl<const D: usize> Step<'_, D> {
    /// New positions of the places from `first` on, into `out`.
    pub(super) fn run(&self, simd: Simd, first: usize, out: &mut [[f32; D]], scratch: &mut Scratch) {
        simd.run(Move { step: self, first, out, scratch });
    }
}

struct Move<'a, 'p, const D: usize> {
    step: &'a Step<'p, D>,
    first: usize,
    out: &'a mut [[f32; D]],
    scratch: &'a mut Scratch,
}

impl<const D: usize> Kernel for Move<'_, '_, D> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self { step, first, out, scratch } = self;
        for (g, out) in out.chunks_mut(LANES).enumerate() {
            let at = first + g * LANES;
            let mut longest = 0;
            for (l, list) in scratch.lists.iter_mut().enumerate() {
                list.clear();
                if l < out.len() {
                    step.events(at + l, list);
                }
                longest = longest.max(list.len());
            }
            let mut y = [[0f32; LANES]; D];
            for (l, p) in step.places[at..at + out.len()].iter().enumerate() {
                for c in 0..D {
                    y[c][l] = p[c];
                }
            }
            for e in 0..longest {
                let mut other = [[0f32; LANES]; D];
                let mut attract = [0f32; LANES];
                let mut alpha = [0f32; LANES];
                for l in 0..LANES {
                    if let Some(&event) = scratch.lists[l].get(e) {
                        let p = &step.places[(event & !ATTRACT) as usize];
                        for c in 0..D {
                            other[c][l] = p[c];
                        }
                        attract[l] = if event & ATTRACT != 0 { 1.0 } else { 0.0 };
                        alpha[l] = step.alpha;
                    }
                }
                step.curve.pull(&mut y, &other, &attract, &alpha);
            }
            for (l, p) in out.iter_mut().enumerate() {
                for c in 0..D {
                    p[c] = y[c][l];
                }
            }
        }
    }
}

impl<const D: usize> Step<'_, D> {
    /// The events of `place` in this epoch: each of its edges that is due attracts it once and brings repulsions, as in
    /// Algorithm 5 of the paper. (umap-learn moves the other end too, which doubles attraction; measured against it, the
    /// paper's balance keeps more neighbors at less work.)
    ///
    /// The walk over the edges starts at another one in each epoch, since the last events have the last word.
    #[inline(always)]
    fn events(&self, place: usize, list: &mut Vec<u32>) {
        let (from, to) = (self.plan.indptr[place], self.plan.indptr[place + 1]);
        let n = self.places.len() as u32;
        let draws = self.rng.at(u64::from(self.epoch), place as u64);
        let start = from + draws.below(0, (to - from) as u32) as usize;
        let mut draw = 1;
        for edge in (start..to).chain(from..start) {
            let (target, rate) = (self.plan.targets[edge], self.plan.rates[edge]);
            if is_due(rate, phase(edge), self.epoch) {
                list.push(target | ATTRACT);
                for _ in 0..self.curve.negatives {
                    let other = draws.below(draw, n);
                    draw += 1;
                    if other as usize != place {
                        list.push(other);
                    }
                }
            }
        }
    }
}

impl Curve {
    /// Moves each lane's position by one event. Lanes without one have `alpha` 0.
    #[inline(always)]
    fn pull<const D: usize>(
        self,
        y: &mut [[f32; LANES]; D],
        other: &[[f32; LANES]; D],
        attract: &[f32; LANES],
        alpha: &[f32; LANES],
    ) {
        let mut delta = [[0f32; LANES]; D];
        let mut d2 = [0f32; LANES];
        for c in 0..D {
            for l in 0..LANES {
                delta[c][l] = y[c][l] - other[c][l];
                d2[l] = delta[c][l].mul_add(delta[c][l], d2[l]);
            }
        }
        let mut force = [0f32; LANES];
        for l in 0..LANES {
            // The bounds keep every product finite; within the box of a map they are never met.
            let d = d2[l].clamp(1e-15, 1e15);
            let p = math::pow(d, self.b).min(1e18);
            let fade = self.a.mul_add(p, 1.0);
            let pull = -2.0 * self.a * self.b * p;
            let push = 2.0 * self.repulsion * self.b;
            let (over, under) = if attract[l] > 0.0 { (pull, d) } else { (push, SOFTEN + d) };
            force[l] = over / (under * fade);
        }
        for c in 0..D {
            for l in 0..LANES {
                let g = (force[l] * delta[c][l]).clamp(-CLIP, CLIP);
                y[c][l] = alpha[l].mul_add(g, y[c][l]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulled(curve: Curve, y: [f32; 2], other: [f32; 2], attract: bool) -> [f32; 2] {
        let spread = |p: [f32; 2]| p.map(|v| [v; LANES]);
        let mut at = spread(y);
        curve.pull(&mut at, &spread(other), &[if attract { 1.0 } else { 0.0 }; LANES], &[1.0; LANES]);
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
            let curve = Curve { a, b, repulsion: 1.3, negatives: 5 };
            for i in 0..400 {
                let r = 1e-3 * 1.03f32.powi(i % 330);
                let (y, other) = ([1.0 + 0.6 * r, -2.0], [1.0, -2.0 - 0.8 * r]);
                for attract in [true, false] {
                    let (got, want) = (pulled(curve, y, other, attract), reference(curve, y, other, attract));
                    for c in 0..2 {
                        let e = (f64::from(got[c]) - want[c]).abs();
                        assert!(e < 2e-5 * (1.0 + want[c].abs()), "{a} {b} {r} {attract}: {got:?} {want:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn coinciding_and_far_points_stay_finite() {
        let curve = Curve { a: 1.577, b: 0.895, repulsion: 1.0, negatives: 5 };
        for attract in [true, false] {
            assert_eq!(pulled(curve, [1.0, 2.0], [1.0, 2.0], attract), [0.0, 0.0]);
            let far = pulled(curve, [1e30, 2.0], [-1e30, 2.0], attract);
            assert!(far.iter().all(|v| v.is_finite()));
        }
    }
}
