use super::super::exact::Exact;
use super::grow::INNER;
use super::*;
use planisphere_core::CounterRng;
use planisphere_kernels::SimdLevel;

const THETAS: [f32; 5] = [0.1, 0.3, 0.5, 0.8, 1.2];

fn normal<const D: usize>(i: u64, seed: u64) -> [f32; D] {
    let draws = CounterRng::new(seed, "tree").at(0, i);
    std::array::from_fn(|c| draws.normal(c as u64))
}

/// As dense as a finished map: about one point in a unit of volume.
fn uniform<const D: usize>(n: usize) -> Vec<[f32; D]> {
    let rng = CounterRng::new(1, "uniform");
    let side = (n as f32).powf(1.0 / D as f32);
    (0..n).map(|i| std::array::from_fn(|c| side * rng.at(0, i as u64).unit(c as u64))).collect()
}

fn clustered<const D: usize>(n: usize) -> Vec<[f32; D]> {
    (0..n as u64)
        .map(|i| {
            let (middle, p) = (normal::<D>(i % 12, 3), normal::<D>(i, 4));
            std::array::from_fn(|c| 25.0 * middle[c] + 2.0 * p[c])
        })
        .collect()
}

fn sets<const D: usize>(n: usize) -> Vec<(&'static str, Vec<[f32; D]>)> {
    let line = |i: usize| std::array::from_fn(|c| (c as f32 + 1.0) * i as f32 * 40.0 / n as f32 - 3.0);
    let mut outlier = clustered::<D>(n - 1);
    outlier.push([1e6; D]);
    let places = clustered::<D>(n / 50);
    vec![
        ("uniform", uniform(n)),
        ("clustered", clustered(n)),
        ("duplicates", (0..n).map(|i| places[i % places.len()]).collect()),
        ("line", (0..n).map(line).collect()),
        ("outlier", outlier),
    ]
}

fn feel<const D: usize>(mut field: impl Field<D>, sources: &[[f32; D]], targets: &[[f32; D]]) -> Vec<Felt<D>> {
    field.charge(sources);
    let mut felt = vec![Felt { force: [f32::NAN; D], weight: f32::NAN }; targets.len()];
    field.feel(targets, &mut felt);
    felt
}

fn feel_own<const D: usize>(mut field: impl Field<D>, sources: &[[f32; D]]) -> Vec<Felt<D>> {
    field.charge(sources);
    let mut felt = vec![Felt { force: [f32::NAN; D], weight: f32::NAN }; sources.len()];
    field.feel_own(sources, &mut felt);
    felt
}

/// RMS of the error of forces relative to the RMS of forces, and the relative error of the sum of weights, less those of
/// each target with itself.
fn errors<const D: usize>(got: &[Felt<D>], want: &[Felt<D>], own: f64) -> (f64, f64) {
    let (mut error, mut force, mut weights) = (0f64, 0f64, [0f64; 2]);
    for (g, w) in got.iter().zip(want) {
        for c in 0..D {
            error += f64::from(g.force[c] - w.force[c]).powi(2);
            force += f64::from(w.force[c]).powi(2);
        }
        weights[0] += f64::from(g.weight) - own;
        weights[1] += f64::from(w.weight) - own;
    }
    ((error / force).sqrt(), (weights[0] / weights[1] - 1.0).abs())
}

/// What to expect of forces and of the weight, for the thetas above, where points fill an area or a volume.
const USUAL: [(f64, f64); 5] = [(2e-4, 1e-4), (4e-3, 2e-3), (1e-2, 6e-3), (4e-2, 2e-2), (8e-2, 4e-2)];
/// The same of points on a line, or many at few places. Forces from both sides all but cancel out there, so errors are
/// large by comparison.
const WORST: [(f64, f64); 5] = [(2e-3, 5e-4), (2.5e-2, 5e-3), (8e-2, 1.2e-2), (3.5e-1, 4e-2), (6e-1, 9e-2)];
/// How much larger they are for other targets, which have no group's caution to profit from.
const OTHERS: f64 = 3.0;

fn check<const D: usize>(n: usize, dof: f32) {
    for (name, points) in sets::<D>(n) {
        let others: Vec<_> = points.iter().map(|p| p.map(|v| v + 0.3)).step_by(7).collect();
        let (own, foreign) = (feel_own(Exact::new(dof), &points), feel(Exact::new(dof), &points, &others));
        let exact = errors(&feel_own(Tree::new(dof, 0.0), &points), &own, 1.0);
        assert!(exact.0 < 1e-6 && exact.1 < 1e-6, "{name} {D}-D: {exact:?}");
        let bounds = if D == 1 || name == "line" || name == "duplicates" { WORST } else { USUAL };
        let mut last = (0.0, 0.0);
        for (t, theta) in THETAS.into_iter().enumerate() {
            let own = errors(&feel_own(Tree::new(dof, theta), &points), &own, 1.0);
            let foreign = errors(&feel(Tree::new(dof, theta), &points, &others), &foreign, 0.0);
            let (force, weight) = bounds[t];
            assert!(own.0 <= force && own.1 <= weight, "{name} {D}-D θ {theta}: {own:?}");
            let within = foreign.0 <= OTHERS * force && foreign.1 <= OTHERS * weight;
            assert!(within, "{name} {D}-D θ {theta}: others {foreign:?}");
            assert!(own.0 >= last.0 && foreign.0 >= last.1, "{name} {D}-D θ {theta}: {own:?} after {last:?}");
            last = (own.0, foreign.0);
        }
    }
}

#[test]
fn close_to_all_pairs_on_the_line() {
    check::<1>(3000, 1.0);
}

#[test]
fn close_to_all_pairs_in_the_plane() {
    check::<2>(5000, 1.0);
    check::<2>(3000, 0.6);
}

#[test]
fn close_to_all_pairs_in_space() {
    check::<3>(5000, 1.0);
}

#[test]
fn same_bits_on_any_number_of_threads_and_all_levels() {
    // More than the sizes from which threads share the sorting and the growing.
    let points = clustered::<2>(70_000);
    let others: Vec<_> = points.iter().map(|p| p.map(|v| v + 0.3)).step_by(97).collect();
    let both = || {
        let mut tree = Tree::new(1.0, 0.9);
        tree.charge(&points);
        let mut felt = vec![Felt { force: [0.0; 2], weight: 0.0 }; points.len()];
        tree.feel_own(&points, &mut felt);
        let mut more = vec![Felt { force: [0.0; 2], weight: 0.0 }; others.len()];
        tree.feel(&others, &mut more);
        // A target's own result, whatever else is asked.
        let mut part = vec![Felt { force: [0.0; 2], weight: 0.0 }; 9];
        tree.feel(&others[11..20], &mut part);
        assert!(part == more[11..20]);
        (tree.arena, felt, more)
    };
    let want = both();
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(both) == want, "{threads} threads");
    }
    for level in [SimdLevel::Scalar, SimdLevel::Avx2, SimdLevel::Avx512] {
        Simd::limit(level);
        assert!(both() == want, "{level:?}");
    }
}

#[test]
fn a_tree_can_be_charged_again() {
    let (a, b) = (clustered::<2>(3000), uniform::<2>(500));
    let mut tree = Tree::new(1.0, 0.5);
    tree.charge(&a);
    tree.charge(&b);
    let want = feel_own(Tree::new(1.0, 0.5), &b);
    assert!(feel_own(tree, &b) == want);
}

/// The shape: every point in one leaf and in one group, and skips that fit.
#[test]
fn nodes_nest() {
    for (name, points) in sets::<3>(5000) {
        let mut tree = Tree::new(1.0, 0.5);
        tree.charge(&points);
        let Arena { nodes, groups } = &tree.arena;
        assert_eq!(nodes[0].skip as usize, nodes.len(), "{name}");
        let mut leaves = 0;
        for (i, node) in nodes.iter().enumerate() {
            if node.first == INNER {
                let (mut child, end, mut mass) = (i + 1, i + node.skip as usize, 0.0);
                while child < end {
                    mass += nodes[child].mass;
                    child += nodes[child].skip as usize;
                }
                assert!(child == end && mass == node.mass, "{name}");
            } else {
                assert_eq!((node.first, node.skip), (leaves, 1), "{name}");
                assert!(node.mass as usize <= LEAF || node.reach < 0.0, "{name}");
                leaves += node.mass as u32;
            }
        }
        assert_eq!(leaves, 5000);
        let mut start = 0;
        for group in groups {
            assert_eq!(group.start, start, "{name}");
            start = group.end;
        }
        assert_eq!(start, 5000);
    }
}

#[test]
fn a_far_outlier_does_not_end_the_tree() {
    let mut points = clustered::<2>(20_000);
    points.push([1e12, -1e13]);
    let mut tree = Tree::new(1.0, 0.5);
    tree.charge(&points);
    let crowded = tree.arena.nodes.iter().filter(|n| n.first != INNER && n.mass as usize > LEAF).count();
    assert_eq!(crowded, 0);
    assert!(tree.arena.groups.len() > 200);
}

#[test]
fn extremes_stay_finite() {
    for dof in [1.0, 0.3, 1e-6, 1e6] {
        for theta in [0.0, 1e-30, 0.5, 1e30] {
            for scale in [0.0, 1e-38, 1e-30, 1e-3, 1e8, 1e12, 1e30, f32::MAX / 8.0] {
                let mut points: Vec<[f32; 2]> = (0..100).map(|i| normal::<2>(i, 9).map(|v| v * scale)).collect();
                for more in [None, Some([f32::MAX, f32::MIN]), Some([f32::INFINITY, 0.0])] {
                    points.extend(more);
                    for f in feel_own(Tree::new(dof, theta), &points) {
                        let finite = f.weight >= 0.99 && f.force.iter().all(|v| v.is_finite());
                        assert!(finite, "{dof} {theta} {scale} {more:?}: {f:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn nan_does_not_hang() {
    let mut points = clustered::<2>(300);
    points.extend([[f32::NAN; 2]; 50]);
    assert_eq!(feel_own(Tree::new(1.0, 0.5), &points).len(), 350);
    assert_eq!(feel(Tree::new(1.0, 0.5), &[[f32::NAN; 2]; 50], &points).len(), 350);
}

#[test]
fn equal_points_and_none() {
    for n in [1, 16, 17, 1000] {
        let points = vec![[3.5f32, -1.25]; n];
        let want = vec![Felt { force: [0.0; 2], weight: n as f32 }; n];
        assert_eq!(feel_own(Tree::new(1.0, 0.5), &points), want);
    }
    assert_eq!(feel(Tree::new(1.0, 0.5), &[], &[[1.0f32, 2.0]]), [Felt { force: [0.0; 2], weight: 0.0 }]);
    assert_eq!(feel::<2>(Tree::new(1.0, 0.5), &[[1.0, 2.0]], &[]), []);
}
