//! Initial positions: near the true eigenvectors, the same bytes everywhere, and at a cost that grows with the edges alone.

use planisphere_core::{Context, CounterRng, KnnGraph, Matrix, Threads, Warning};
use planisphere_fixtures::{digits_graph, golden_f32};
use planisphere_umap::{Init, Umap, UmapModel};

/// The model whose map is the initial positions.
fn init(graph: &KnnGraph, dim: usize, threads: usize) -> UmapModel {
    let umap = Umap::new().n_components(dim).n_epochs(0);
    umap.fit_graph_with(graph, None, &mut Context::new().threads(Threads::Exactly(threads))).unwrap()
}

/// Sine of the angle between `v` and the span of the constant and the columns of `y`.
fn sine(v: &[f64], y: &Matrix) -> f64 {
    let mut basis: Vec<Vec<f64>> = vec![vec![1.0; v.len()]];
    basis.extend((0..y.cols()).map(|c| (0..y.rows()).map(|i| f64::from(y.row(i)[c])).collect()));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut rest = v.to_vec();
    for c in 0..basis.len() {
        let (before, after) = basis.split_at_mut(c);
        for b in before.iter() {
            let along = dot(b, &after[0]);
            after[0].iter_mut().zip(b).for_each(|(a, b)| *a -= along * b);
        }
        let norm = dot(&after[0], &after[0]).sqrt();
        after[0].iter_mut().for_each(|a| *a /= norm);
        let along = dot(&after[0], &rest);
        rest.iter_mut().zip(&after[0]).for_each(|(r, a)| *r -= along * a);
    }
    (dot(&rest, &rest) / dot(v, v)).sqrt()
}

#[test]
fn near_the_eigenvectors_of_the_digits() {
    // Those of umap-learn's graph, row-major, n × 2.
    let want = golden_f32("spectral_vectors.npy");
    let model = init(&digits_graph(), 2, 2);
    for c in 0..2 {
        let v: Vec<f64> = want.iter().skip(c).step_by(2).map(|&v| v.into()).collect();
        let sine = sine(&v, model.embedding());
        assert!(sine < 0.1, "vector {c}: sine {sine}");
    }
    assert!(model.report().warnings.is_empty());
}

/// Rows on a grid of `width` columns, tied to those that are next in its four directions, at slightly different distances.
/// Between `islands` blocks of its lines there are no edges.
fn grid(width: usize, height: usize, islands: usize) -> KnnGraph {
    let n = width * height;
    let island = |y: i64| y * islands as i64 / height as i64;
    let inside = |x: i64, y: i64| (0..width as i64).contains(&x) && (0..height as i64).contains(&y);
    let (mut ids, mut dists) = (vec![], vec![]);
    for i in 0..n as i64 {
        let (x, y) = (i % width as i64, i / width as i64);
        let mut near: Vec<(f32, u32)> = vec![];
        for (dx, dy) in (-3..=3).flat_map(|dx| (-3..=3).map(move |dy| (dx, dy))) {
            if (dx, dy) != (0, 0) && inside(x + dx, y + dy) && island(y) == island(y + dy) {
                near.push((((dx * dx + dy * dy) as f32).sqrt(), (i + dy * width as i64 + dx) as u32));
            }
        }
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        assert!(near.len() >= 8);
        ids.extend(near[..8].iter().map(|e| e.1));
        dists.extend(near[..8].iter().map(|e| e.0));
    }
    KnnGraph::new(n, 8, ids, dists).unwrap()
}

fn bits(m: &UmapModel) -> Vec<u32> {
    m.embedding().data().iter().map(|v| v.to_bits()).collect()
}

#[test]
fn same_bytes_for_any_threads() {
    // Large enough to be put in another order, in one piece, in pieces of different sizes, and in another dimension.
    for (graph, dim) in [(grid(211, 200, 1), 2), (grid(40, 1000, 7), 2), (grid(90, 60, 1), 5), (digits_graph(), 12)] {
        let one = init(&graph, dim, 1);
        for threads in [2, 3, 8] {
            let other = init(&graph, dim, threads);
            assert!(bits(&other) == bits(&one), "{} rows on {threads} threads", graph.n());
            assert!(other.graph() == one.graph());
        }
    }
}

#[test]
fn same_bytes_on_any_simd_level() {
    use planisphere_kernels::{Simd, SimdLevel};
    let graph = grid(60, 50, 3);
    let want = bits(&init(&graph, 2, 1));
    for level in Simd::available() {
        Simd::limit(level.level());
        let got = bits(&init(&graph, 2, 1));
        Simd::limit(SimdLevel::Avx512);
        assert!(got == want, "{level:?}");
    }
}

#[test]
fn a_long_strip_is_laid_out_along_its_length() {
    // 30 × 2000: the first eigenvector is half a cosine along the strip, which filters alone would need thousands of
    // products for.
    let (width, height) = (30, 2000);
    let model = init(&grid(width, height, 1), 2, 2);
    assert!(model.report().warnings.is_empty(), "{:?}", model.report().warnings);
    let along = |i: usize| (std::f64::consts::PI * (i / width) as f64 / height as f64).cos();
    let v: Vec<f64> = (0..width * height).map(along).collect();
    let sine = sine(&v, model.embedding());
    assert!(sine < 0.05, "{sine}");
}

#[test]
fn many_small_components_and_two_large_ones() {
    // 20,000 rings of 5 rows.
    let n = 100_000u32;
    let ids = (0..n).flat_map(|i| [i / 5 * 5 + (i + 1) % 5, i / 5 * 5 + (i + 4) % 5]);
    let ids: Vec<u32> = ids.collect::<Vec<_>>().chunks(2).flat_map(|p| [p[0].min(p[1]), p[0].max(p[1])]).collect();
    let graph = KnnGraph::new(n as usize, 2, ids, vec![1.0; 2 * n as usize]).unwrap();
    let model = init(&graph, 2, 2);
    assert_eq!(model.report().warnings, [Warning::Disconnected { components: 20_000 }]);
    assert!(model.embedding().data().iter().all(|v| v.is_finite()));
    let model = init(&grid(20, 3000, 2), 2, 2);
    assert_eq!(model.report().warnings, [Warning::Disconnected { components: 2 }]);
    // They stand apart, on the first axis.
    let y = model.embedding();
    let mean = |rows: std::ops::Range<usize>| rows.clone().map(|i| y.row(i)[0]).sum::<f32>() / rows.len() as f32;
    assert!((mean(0..30_000) - mean(30_000..60_000)).abs() > 4.0);
}

#[test]
fn given_positions_keep_their_shape() {
    let r = CounterRng::new(1, "given").at(0, 0);
    let y = Matrix::from_vec(1797, 2, (0..2 * 1797).map(|i| 1e30 * r.normal(i)).collect()).unwrap();
    let graph = digits_graph();
    let model = Umap::new().init(Init::Given(y.clone())).n_epochs(0).fit_graph(&graph).unwrap();
    for c in 0..2 {
        let v: Vec<f64> = (0..1797).map(|i| y.row(i)[c].into()).collect();
        assert!(sine(&v, model.embedding()) < 1e-3);
        let column = || (0..1797).map(|i| model.embedding().row(i)[c]);
        assert_eq!((column().fold(9.0, f32::min), column().fold(0.0, f32::max)), (0.0, 10.0));
    }
}
