//! All pairs.

use super::pairs::{EDGE, Falloff, LANES, NEAR, Power, Student, Sums, WideStudent, load};
use super::{Felt, Field};
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;

/// Targets of one task.
const TASK: usize = 4 * LANES;

/// The field by all pairs: O(n·m) time, right to the rounding of f32.
#[derive(Clone, Debug)]
pub(crate) struct Exact<const D: usize> {
    dof: f32,
    /// The sources, one column a coordinate.
    columns: [Vec<f32>; D],
    /// Whether all of them lie within [`NEAR`].
    near: bool,
}

impl<const D: usize> Exact<D> {
    /// The field of no points, for `dof` > 0 degrees of freedom.
    pub(crate) fn new(dof: f32) -> Self {
        Self { dof, columns: std::array::from_fn(|_| Vec::new()), near: true }
    }

    fn feel_by<F: Falloff>(&self, falloff: F, targets: &[[f32; D]], felt: &mut [Felt<D>]) {
        let simd = Simd::detect();
        let columns = std::array::from_fn(|c| self.columns[c].as_slice());
        targets.par_chunks(TASK).zip(felt.par_chunks_mut(TASK)).for_each(|(targets, felt)| {
            simd.run(Task { falloff, columns, targets, felt });
        });
    }
}

impl<const D: usize> Field<D> for Exact<D> {
    fn charge(&mut self, sources: &[[f32; D]]) {
        let mut largest = 0f32;
        for (c, column) in self.columns.iter_mut().enumerate() {
            column.clear();
            column.extend(sources.iter().map(|p| p[c].clamp(-EDGE, EDGE)));
            largest = column.iter().fold(largest, |m, v| m.max(v.abs()));
        }
        self.near = largest <= NEAR;
    }

    fn feel(&self, targets: &[[f32; D]], felt: &mut [Felt<D>]) {
        if self.dof != 1.0 {
            self.feel_by(Power { dof: self.dof, inverse: 1.0 / self.dof }, targets, felt);
        } else if self.near {
            self.feel_by(Student, targets, felt);
        } else {
            self.feel_by(WideStudent, targets, felt);
        }
    }
}

struct Task<'a, F, const D: usize> {
    falloff: F,
    columns: [&'a [f32]; D],
    targets: &'a [[f32; D]],
    felt: &'a mut [Felt<D>],
}

impl<F: Falloff, const D: usize> Kernel for Task<'_, F, D> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for (targets, felt) in self.targets.chunks(LANES).zip(self.felt.chunks_mut(LANES)) {
            let at = load(targets, F::REACH);
            let mut sums = Sums::new();
            sums.feel::<F, false>(self.falloff, &at, self.columns, &[]);
            for (l, felt) in felt.iter_mut().enumerate() {
                *felt = sums.felt(l);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;
    use planisphere_kernels::SimdLevel;

    fn points<const D: usize>(n: usize, scale: f32, seed: u64) -> Vec<[f32; D]> {
        let rng = CounterRng::new(seed, "exact");
        (0..n).map(|i| std::array::from_fn(|c| scale * rng.at(0, i as u64).normal(c as u64))).collect()
    }

    fn field<const D: usize>(dof: f32, sources: &[[f32; D]], targets: &[[f32; D]]) -> Vec<Felt<D>> {
        let mut exact = Exact::new(dof);
        exact.charge(sources);
        let mut felt = vec![Felt { force: [0.0; D], weight: 0.0 }; targets.len()];
        exact.feel(targets, &mut felt);
        felt
    }

    /// The formula, in f64: forces, and weights.
    fn naive<const D: usize>(dof: f32, sources: &[[f32; D]], targets: &[[f32; D]]) -> Vec<([f64; D], f64)> {
        let dof = f64::from(dof);
        let one = |t: &[f32; D]| {
            let (mut force, mut weight) = ([0f64; D], 0f64);
            for s in sources {
                let delta: [f64; D] = std::array::from_fn(|c| f64::from(t[c]) - f64::from(s[c]));
                let u = 1.0 + delta.iter().map(|d| d * d).sum::<f64>() / dof;
                weight += u.powf(-dof);
                for c in 0..D {
                    force[c] += u.powf(-dof - 1.0) * delta[c];
                }
            }
            (force, weight)
        };
        targets.iter().map(one).collect()
    }

    /// Largest error of a force, relative to the largest force, and of a weight, relative to that weight.
    fn errors<const D: usize>(got: &[Felt<D>], want: &[([f64; D], f64)]) -> (f64, f64) {
        let largest = want.iter().flat_map(|w| w.0).fold(0.0, |m: f64, v| m.max(v.abs()));
        let (mut force, mut weight) = (0f64, 0f64);
        for (g, w) in got.iter().zip(want) {
            for c in 0..D {
                force = force.max((f64::from(g.force[c]) - w.0[c]).abs() / largest);
            }
            weight = weight.max((f64::from(g.weight) / w.1 - 1.0).abs());
        }
        (force, weight)
    }

    fn check<const D: usize>() {
        for (n, scale) in [(1, 1.0), (2, 1e-3), (17, 1.0), (64, 30.0), (65, 1e4), (333, 20.0)] {
            let (sources, targets) = (points::<D>(n, scale, 1), points::<D>(50, scale, 2));
            for dof in [1.0, 0.5, 0.8, 2.5] {
                for targets in [&sources, &targets] {
                    let (got, want) = (field(dof, &sources, targets), naive(dof, &sources, targets));
                    let (force, weight) = errors(&got, &want);
                    // Powers have a larger error for the far sources of a target that has no near one.
                    let bound = if dof == 1.0 { 1e-6 } else { 5e-6 };
                    assert!(force < bound || n == 1, "{D}-D {n} {scale} {dof}: force {force:e}");
                    assert!(weight < bound, "{D}-D {n} {scale} {dof}: weight {weight:e}");
                }
            }
        }
    }

    #[test]
    fn is_the_formula() {
        check::<1>();
        check::<2>();
        check::<3>();
        check::<5>();
    }

    #[test]
    fn long_sums_keep_six_digits() {
        let (sources, targets) = (points::<2>(100_000, 50.0, 3), points::<2>(40, 50.0, 4));
        for dof in [1.0, 0.6] {
            let (force, weight) = errors(&field(dof, &sources, &targets), &naive(dof, &sources, &targets));
            assert!(force < 1e-6 && weight < 1e-6, "{dof}: {force:e} {weight:e}");
        }
    }

    #[test]
    fn same_bits_on_any_number_of_threads_and_all_levels() {
        let (sources, targets) = (points::<2>(777, 9.0, 5), points::<2>(501, 9.0, 6));
        for dof in [1.0, 0.7] {
            let want = field(dof, &sources, &targets);
            for threads in [1, 2, 3, 8] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                assert!(pool.install(|| field(dof, &sources, &targets)) == want, "{threads} threads");
            }
            for level in [SimdLevel::Scalar, SimdLevel::Avx2, SimdLevel::Avx512] {
                Simd::limit(level);
                assert!(field(dof, &sources, &targets) == want, "{level:?}");
            }
            // Nor on what else is asked.
            assert!(field(dof, &sources, &targets[3..60]) == want[3..60]);
        }
    }

    #[test]
    fn extremes_stay_finite() {
        for dof in [1.0, 0.3, 1e-6, 1e6] {
            for scale in [1e-30f32, 1e8, 1e12, 1e30, f32::MAX / 8.0] {
                let mut sources = points::<2>(50, scale, 7);
                sources.push([f32::MAX, f32::MIN]);
                for f in field(dof, &sources, &sources) {
                    assert!(f.weight >= 1.0 && f.force.iter().all(|v| v.is_finite()), "{dof} {scale}: {f:?}");
                }
                let near = points::<2>(30, 1.0, 8);
                for f in field(dof, &near, &sources) {
                    assert!(f.weight >= 0.0 && f.force.iter().all(|v| v.is_finite()), "{dof} {scale}: {f:?}");
                }
            }
        }
        let felt = field(1.0, &[[3.0f32, 4.0]; 40], &[[3.0, 4.0]]);
        assert_eq!(felt, [Felt { force: [0.0; 2], weight: 40.0 }]);
        assert_eq!(field(1.0, &[], &[[3.0f32, 4.0]]), [Felt { force: [0.0; 2], weight: 0.0 }]);
        assert_eq!(field::<2>(1.0, &[[1.0, 2.0]], &[]), []);
    }
}
