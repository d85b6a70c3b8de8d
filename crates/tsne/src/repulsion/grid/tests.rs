use super::*;
use planisphere_core::CounterRng;

/// Normally distributed points.
fn cloud<const D: usize>(n: u64, radius: f32) -> Vec<[f32; D]> {
    let rng = CounterRng::new(1, "grid");
    (0..n).map(|i| std::array::from_fn(|c| radius * rng.at(0, i).normal(c as u64))).collect()
}

fn naive<const D: usize>(alpha: f64, points: &[[f32; D]]) -> Vec<([f64; D], f64)> {
    points
        .par_iter()
        .map(|t| {
            let (mut force, mut weight) = ([0f64; D], 0.0);
            for s in points {
                let d: [f64; D] = std::array::from_fn(|c| f64::from(t[c]) - f64::from(s[c]));
                let w = 1.0 / (1.0 + d.iter().map(|d| d * d).sum::<f64>() / alpha);
                let wa = if alpha == 1.0 { w } else { w.powf(alpha) };
                weight += wa;
                for c in 0..D {
                    force[c] += w * wa * d[c];
                }
            }
            (force, weight)
        })
        .collect()
}

fn felt<const D: usize>(alpha: f32, spacing: f32, points: &[[f32; D]]) -> Vec<Felt<D>> {
    let mut grid = Grid::<D>::new(alpha, spacing, 0.0);
    grid.charge(points);
    let mut felt = vec![Felt { force: [0.0; D], weight: 0.0 }; points.len()];
    grid.feel_own(points, &mut felt);
    felt
}

/// RMS error of the forces against their RMS, and the relative error of the sum of weights.
fn errors<const D: usize>(alpha: f32, spacing: f32, points: &[[f32; D]]) -> (f64, f64) {
    let exact = naive(alpha.into(), points);
    let (mut wrong, mut size, mut sum, mut exact_sum) = (0.0, 0.0, 0.0, 0.0);
    for (f, (force, weight)) in felt(alpha, spacing, points).iter().zip(&exact) {
        for c in 0..D {
            wrong += (f64::from(f.force[c]) - force[c]).powi(2);
            size += force[c] * force[c];
        }
        sum += f64::from(f.weight) - 1.0;
        exact_sum += weight - 1.0;
    }
    ((wrong / size).sqrt(), (sum / exact_sum - 1.0).abs())
}

/// The bounds that [`Repulsion::Fft`](crate::Repulsion::Fft) states.
#[test]
fn errors_are_as_stated() {
    for radius in [1e-4, 1.0, 10.0, 30.0] {
        let points = cloud::<2>(2000, radius);
        for (spacing, force, weight) in [(0.25, 0.004, 1e-5), (0.35, 0.011, 2e-5), (0.5, 0.035, 5e-5), (0.7, 0.1, 3e-4)]
        {
            for alpha in [1.0, 0.5, 2.0] {
                let e = errors(alpha, spacing, &points);
                let more = if alpha > 1.0 { 1.5 } else { 1.0 };
                assert!(
                    e.0 < force * more && e.1 < weight * more,
                    "radius {radius}, spacing {spacing}, α {alpha}: {e:?}"
                );
            }
        }
        let line = cloud::<1>(2000, 10.0 * radius);
        let e = errors(1.0, 0.5, &line);
        assert!(e.0 < 0.05 && e.1 < 5e-5, "line of {radius}: {e:?}");
    }
}

#[test]
fn targets_that_are_no_sources_feel_all_of_them() {
    let points = cloud::<2>(3000, 12.0);
    let (sources, targets) = points.split_at(2000);
    let mut grid = Grid::<2>::new(1.0, 0.35, 20.0);
    grid.charge(sources);
    let mut felt = vec![Felt { force: [0.0; 2], weight: 0.0 }; targets.len()];
    grid.feel(targets, &mut felt);
    let mut exact = super::super::Exact::<2>::new(1.0);
    exact.charge(sources);
    let mut want = felt.clone();
    exact.feel(targets, &mut want);
    for (f, w) in felt.iter().zip(&want) {
        assert!((f.weight / w.weight - 1.0).abs() < 0.01, "{f:?} {w:?}");
        for c in 0..2 {
            assert!((f.force[c] - w.force[c]).abs() < 0.05, "{f:?} {w:?}");
        }
    }
}

#[test]
fn same_bytes_for_any_threads() {
    let bits = |t: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(t).build().unwrap();
        pool.install(|| {
            let felt = felt(1.0, 0.5, &cloud::<2>(20_000, 30.0));
            felt.iter().map(|f| (f.weight.to_bits(), f.force.map(f32::to_bits))).collect::<Vec<_>>()
        })
    };
    let one = bits(1);
    for t in [2, 3, 8] {
        assert!(bits(t) == one, "{t} threads");
    }
}

#[test]
fn hard_points_give_finite_forces() {
    let mut far = cloud::<2>(500, 5.0);
    far[17] = [3e5, -1e5];
    let huge: Vec<[f32; 2]> = cloud::<2>(100, 1e12);
    let equal = vec![[0.3f32, -0.1]; 300];
    let column: Vec<[f32; 2]> = (0..400).map(|i| [0.25 * i as f32, 7.0]).collect();
    let tiny = cloud::<2>(200, 1e-30);
    for (name, points) in [("far", far), ("huge", huge), ("equal", equal), ("column", column), ("tiny", tiny)] {
        for f in felt(1.0, 0.5, &points) {
            assert!(f.weight.is_finite() && f.force.iter().all(|v| v.is_finite()), "{name}: {f:?}");
        }
    }
    let together = felt(1.0, 0.5, &vec![[2.5f32, 1.0]; 300]);
    assert!(
        together.iter().all(|f| (f.weight - 300.0).abs() < 1e-3 && f.force.iter().all(|v| v.abs() < 1e-2)),
        "{:?}",
        together[0]
    );
}
