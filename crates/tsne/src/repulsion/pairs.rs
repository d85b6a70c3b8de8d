//! The force between two points, for many pairs side by side: the only place with the kernel of the repulsion.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

use super::Felt;
use planisphere_kernels::{math, sum::tree};
use std::hint::black_box;

/// Points side by side: one register of AVX-512, two of AVX2.
pub(super) const LANES: usize = 16;
/// Sources whose effects are added up in f32, before they are added to a sum in f64.
const BLOCK: usize = 64;
/// No coordinate is farther out, so that differences stay finite.
pub(super) const EDGE: f32 = 1e38;
/// Sources within this distance of the origin are near enough for [`Student`].
pub(super) const NEAR: f32 = 1e8;
/// Where [`Student`] sees targets that are farther out. They feel nothing from there that f32 sums could hold.
const FAR: f32 = 1e9;

/// A number for each lane.
pub(super) type Lanes = [f32; LANES];

/// How the force falls off with distance.
pub(super) trait Falloff: Copy + Send + Sync {
    /// No coordinate of a target may be larger.
    const REACH: f32;

    /// From squared distances to two sources `a` and `b`, each counted as often as `mass` says: wᵅ of `a` and of `b`, and
    /// wᵅ⁺¹ of `a` and of `b`.
    fn two(self, a: &Lanes, b: &Lanes, mass: [f32; 2]) -> [Lanes; 4];
}

/// α = 1 among sources within [`NEAR`].
#[derive(Clone, Copy)]
pub(super) struct Student;

/// α = 1 at any distance.
#[derive(Clone, Copy)]
pub(super) struct WideStudent;

/// Any α.
#[derive(Clone, Copy)]
pub(super) struct Power {
    pub(super) dof: f32,
    pub(super) inverse: f32,
}

impl Falloff for Student {
    /// The product of two squared distances stays finite in up to eight dimensions.
    const REACH: f32 = FAR;

    /// One division serves both: dividing is as slow as all the rest together.
    #[inline(always)]
    fn two(self, a: &Lanes, b: &Lanes, mass: [f32; 2]) -> [Lanes; 4] {
        let mut out = [[0f32; LANES]; 4];
        for l in 0..LANES {
            let (a, b) = (a[l] + 1.0, b[l] + 1.0);
            let both = 1.0 / (a * b);
            let (wa, wb) = (b * both, a * both);
            out[0][l] = mass[0] * wa;
            out[1][l] = mass[1] * wb;
            out[2][l] = mass[0] * wa * wa;
            out[3][l] = mass[1] * wb * wb;
        }
        out
    }
}

impl Falloff for WideStudent {
    const REACH: f32 = EDGE;

    #[inline(always)]
    fn two(self, a: &Lanes, b: &Lanes, mass: [f32; 2]) -> [Lanes; 4] {
        let mut out = [[0f32; LANES]; 4];
        for l in 0..LANES {
            let (wa, wb) = (1.0 / (a[l] + 1.0), 1.0 / (b[l] + 1.0));
            out[0][l] = mass[0] * wa;
            out[1][l] = mass[1] * wb;
            out[2][l] = mass[0] * wa * wa;
            out[3][l] = mass[1] * wb * wb;
        }
        out
    }
}

impl Falloff for Power {
    const REACH: f32 = EDGE;

    #[inline(always)]
    fn two(self, a: &Lanes, b: &Lanes, mass: [f32; 2]) -> [Lanes; 4] {
        let (wa, fa) = self.one(a, mass[0]);
        let (wb, fb) = self.one(b, mass[1]);
        [wa, wb, fa, fb]
    }
}

impl Power {
    /// Step by step over the lanes, as one body of a power is more than the compiler turns into vectors at once.
    #[inline(always)]
    fn one(self, d2: &Lanes, mass: f32) -> (Lanes, Lanes) {
        let mut u = [0f32; LANES];
        for l in 0..LANES {
            u[l] = d2[l].mul_add(self.inverse, 1.0).min(f32::MAX);
        }
        let mut log = [0f32; LANES];
        for l in 0..LANES {
            log[l] = math::log2(u[l]) * -self.dof;
        }
        let mut weight = [0f32; LANES];
        for l in 0..LANES {
            weight[l] = mass * math::exp2(log[l]);
        }
        let mut force = [0f32; LANES];
        for l in 0..LANES {
            force[l] = weight[l] / u[l];
        }
        (weight, force)
    }
}

/// What the lanes have felt so far.
pub(super) struct Sums<const D: usize> {
    force: [[f64; LANES]; D],
    weight: [f64; LANES],
}

impl<const D: usize> Sums<D> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { force: [[0.0; LANES]; D], weight: [0.0; LANES] }
    }

    /// What lane `l` felt.
    #[inline(always)]
    pub(super) fn felt(&self, l: usize) -> Felt<D> {
        let mut force = [0f32; D];
        for c in 0..D {
            force[c] = self.force[c][l] as f32;
        }
        Felt { force, weight: self.weight[l] as f32 }
    }

    /// What all lanes felt together, added up as a balanced tree.
    #[inline(always)]
    pub(super) fn together(self) -> Felt<D> {
        let mut force = [0f32; D];
        for c in 0..D {
            force[c] = tree(self.force[c]) as f32;
        }
        Felt { force, weight: tree(self.weight) as f32 }
    }

    /// Each lane is a target at `at` that feels all sources: those in `columns` (one slice a coordinate), each counted as
    /// often as `mass` says, or once if `MASS` is false.
    #[inline(always)]
    pub(super) fn feel<F: Falloff, const MASS: bool>(
        &mut self,
        falloff: F,
        at: &[Lanes; D],
        columns: [&[f32]; D],
        mass: &[f32],
    ) {
        let n = columns[0].len();
        // How lanes come and where their sums go must not shape the vectors in between, as the compiler lets it if it can
        // see it: five times slower.
        let at = &black_box(*at);
        let mut start = 0;
        while start < n {
            let end = (start + BLOCK).min(n);
            let mut force = [[0f32; LANES]; D];
            let mut weight = [0f32; LANES];
            let mut j = start;
            while j < end {
                // The last of an odd number is paired with nothing, at its own place.
                let k = (j + 1).min(end - 1);
                let second = if k > j { 1.0 } else { 0.0 };
                let m = if MASS { [mass[j], mass[k] * second] } else { [1.0, second] };
                let mut place = [[0f32; D]; 2];
                for c in 0..D {
                    place[0][c] = columns[c][j];
                    place[1][c] = columns[c][k];
                }
                let (to_a, a) = difference(at, &place[0]);
                let (to_b, b) = difference(at, &place[1]);
                let [wa, wb, fa, fb] = falloff.two(&a, &b, m);
                for c in 0..D {
                    for l in 0..LANES {
                        force[c][l] = fa[l].mul_add(to_a[c][l], force[c][l]);
                    }
                    for l in 0..LANES {
                        force[c][l] = fb[l].mul_add(to_b[c][l], force[c][l]);
                    }
                }
                for l in 0..LANES {
                    weight[l] += wa[l];
                }
                for l in 0..LANES {
                    weight[l] += wb[l];
                }
                j += 2;
            }
            self.flush(&black_box(force), &black_box(weight));
            start = end;
        }
    }

    /// Each lane is every [`LANES`]th of the sources, whose number must be a multiple of two times that; one target at `at`
    /// feels them.
    #[inline(always)]
    pub(super) fn feel_one<F: Falloff>(&mut self, falloff: F, at: [f32; D], columns: [&[f32]; D], mass: &[f32]) {
        let n = columns[0].len();
        let mut start = 0;
        while start < n {
            let end = (start + BLOCK * LANES).min(n);
            let mut force = [[0f32; LANES]; D];
            let mut weight = [0f32; LANES];
            let mut j = start;
            while j < end {
                let (to_a, a) = difference(&row(columns, j), &at);
                let (to_b, b) = difference(&row(columns, j + LANES), &at);
                let [wa, wb, fa, fb] = falloff.two(&a, &b, [1.0; 2]);
                let ([ma], [mb]) = (row([mass], j), row([mass], j + LANES));
                for c in 0..D {
                    for l in 0..LANES {
                        force[c][l] -= ma[l] * fa[l] * to_a[c][l];
                    }
                    for l in 0..LANES {
                        force[c][l] -= mb[l] * fb[l] * to_b[c][l];
                    }
                }
                for l in 0..LANES {
                    weight[l] = ma[l].mul_add(wa[l], weight[l]);
                }
                for l in 0..LANES {
                    weight[l] = mb[l].mul_add(wb[l], weight[l]);
                }
                j += 2 * LANES;
            }
            self.flush(&black_box(force), &black_box(weight));
            start = end;
        }
    }

    #[inline(always)]
    fn flush(&mut self, force: &[Lanes; D], weight: &Lanes) {
        for c in 0..D {
            for l in 0..LANES {
                self.force[c][l] += f64::from(force[c][l]);
            }
        }
        for l in 0..LANES {
            self.weight[l] += f64::from(weight[l]);
        }
    }
}

/// From `place` to each lane of `at`, and the square.
#[inline(always)]
fn difference<const D: usize>(at: &[Lanes; D], place: &[f32; D]) -> ([Lanes; D], Lanes) {
    let mut delta = [[0f32; LANES]; D];
    let mut d2 = [0f32; LANES];
    for c in 0..D {
        for l in 0..LANES {
            delta[c][l] = at[c][l] - place[c];
        }
        for l in 0..LANES {
            d2[l] = delta[c][l].mul_add(delta[c][l], d2[l]);
        }
    }
    (delta, d2)
}

/// The numbers of all columns from the `j`th on.
#[inline(always)]
fn row<const D: usize>(columns: [&[f32]; D], j: usize) -> [Lanes; D] {
    let mut out = [[0f32; LANES]; D];
    for c in 0..D {
        out[c].copy_from_slice(&columns[c][j..j + LANES]);
    }
    out
}

/// Up to [`LANES`] points as columns; lanes that have none repeat the last one.
#[inline(always)]
pub(super) fn load<const D: usize>(points: &[[f32; D]], reach: f32) -> [Lanes; D] {
    let mut at = [[0f32; LANES]; D];
    for l in 0..LANES {
        let p = points[l.min(points.len() - 1)];
        for c in 0..D {
            at[c][l] = p[c].clamp(-reach, reach);
        }
    }
    at
}
