//! Hard inputs: each has a documented result, in reasonable time, without a value that is not finite.

use planisphere_core::{CancelToken, CounterRng, Csr, KnnGraph, Matrix, Warning};
use planisphere_knn::Metric;
use planisphere_umap::{Error, Umap, UmapModel, find_ab, laplacian_eigenvectors};

fn noise(n: usize, d: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "hard").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64)).collect()).unwrap()
}

#[track_caller]
fn finite(model: &UmapModel) {
    assert!(model.embedding().data().iter().all(|v| v.is_finite()));
    assert!(model.graph().data().iter().all(|w| *w > 0.0 && *w <= 1.0));
}

#[test]
fn one_to_five_rows_in_one_to_five_dimensions() {
    for (n, dim) in (1..=5).flat_map(|n| (1..=5).map(move |dim| (n, dim))) {
        for x in [noise(n, 3, 1), Matrix::zeros(n, 3)] {
            let m = Umap::new().n_components(dim).fit(&x).unwrap();
            finite(&m);
            assert_eq!((m.embedding().rows(), m.embedding().cols()), (n, dim));
            let clamped = Warning::ClampedNeighbors { requested: 15, used: n };
            assert_eq!(m.report().warnings.contains(&clamped), n > 1, "{n} rows");
            // So few rows have no eigenvectors to start from.
            let random = m.report().warnings.iter().any(|w| matches!(w, Warning::Fallback { .. }));
            assert_eq!(random, n > 1 && n <= dim + 1, "{n} rows, {dim} dimensions");
        }
    }
}

#[test]
fn as_many_neighbors_as_rows_and_more() {
    let x = noise(40, 4, 2);
    for (k, clamped) in [(39, false), (40, false), (41, true), (1000, true)] {
        let m = Umap::new().n_neighbors(k).n_epochs(50).fit(&x).unwrap();
        finite(&m);
        let warning = Warning::ClampedNeighbors { requested: k, used: 40 };
        assert_eq!(m.report().warnings.contains(&warning), clamped, "{k}");
    }
}

#[test]
fn constant_columns_change_nothing() {
    let x = noise(300, 4, 3);
    let wide: Vec<[f32; 6]> = (0..300)
        .map(|i| {
            let r = x.row(i);
            [r[0], 7.0, r[1], r[2], -1e3, r[3]]
        })
        .collect();
    let wide = Matrix::from_rows(wide).unwrap();
    let (a, b) = (Umap::new().n_epochs(0).fit(&x).unwrap(), Umap::new().n_epochs(0).fit(&wide).unwrap());
    finite(&b);
    let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-3;
    assert!(a.graph().indices() == b.graph().indices() && a.graph().data().iter().zip(b.graph().data()).all(near));
}

#[test]
fn all_rows_equal() {
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
        let x = Matrix::from_vec(500, 3, vec![0.25; 1500]).unwrap();
        let m = Umap::new().metric(metric).n_epochs(20).fit(&x).unwrap();
        finite(&m);
        assert!(m.report().warnings.contains(&Warning::AllEqual { rows: 500 }));
    }
}

#[test]
fn rows_without_any_edge() {
    // Under an intersection, edges that are not mutual vanish: here row 3 is nobody's neighbor, in a ring of 0, 1 and 2.
    let mut ids = vec![1, 2, 0, 2, 0, 1, 0, 1];
    let mut dists = vec![1.0f32; 8];
    // And so for a hundred such groups.
    for g in 1..100u32 {
        ids.extend_from_within(..8);
        let at = ids.len() - 8;
        ids[at..].iter_mut().for_each(|id| *id += 4 * g);
        dists.extend([1.0; 8]);
    }
    let graph = KnnGraph::new(400, 2, ids, dists).unwrap();
    let m = Umap::new().set_op_mix_ratio(0.0).n_epochs(20).fit_graph(&graph).unwrap();
    finite(&m);
    assert!((0..100).all(|g| m.graph().row(4 * g + 3).0.is_empty()));
    assert_eq!(m.report().warnings[0], Warning::Disconnected { components: 200 });
}

#[test]
fn a_hub_of_100_000_spokes() {
    // All rows have row 0 and the row before them as neighbors.
    let n = 100_000u32;
    let ids = (0..n).flat_map(|i| match i {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, i - 1],
    });
    let graph = KnnGraph::new(n as usize, 2, ids.collect(), vec![1.0; 2 * n as usize]).unwrap();
    let m = Umap::new().n_epochs(0).fit_graph(&graph).unwrap();
    finite(&m);
    assert!(m.report().warnings.is_empty(), "{:?}", m.report().warnings);
}

/// The neighbors that exact search finds where the rows of each group are equal: the first of their group, at distance 0.
/// `groups` are ranges of rows.
fn duplicates(groups: &[std::ops::Range<u32>], k: u32) -> (Vec<u32>, Vec<f32>) {
    let first = |g: &std::ops::Range<u32>, i: u32| (g.start..g.end).filter(move |&j| j != i).take(k as usize);
    let ids: Vec<u32> = groups.iter().flat_map(|g| g.clone().flat_map(move |i| first(g, i))).collect();
    let dists = vec![0.0; ids.len()];
    (ids, dists)
}

#[test]
fn duplicates_by_the_hundred_thousand() {
    let (n, k) = (100_000u32, 14u32);
    let map = |(ids, dists): (Vec<u32>, Vec<f32>)| {
        let m = Umap::new().n_epochs(1).fit_graph(&KnnGraph::new(n as usize, k as usize, ids, dists).unwrap()).unwrap();
        finite(&m);
        m
    };
    // One point: a hub of the first rows, in one piece.
    let one = map(duplicates(std::slice::from_ref(&(0..n)), k));
    assert!(one.report().warnings.is_empty(), "{:?}", one.report().warnings);
    // Two points: two pieces.
    let two = map(duplicates(&[0..n / 2, n / 2..n], k));
    assert_eq!(two.report().warnings, [Warning::Disconnected { components: 2 }]);
    // One point for nine rows in ten, and a ring of the others.
    let (mut ids, mut dists) = duplicates(std::slice::from_ref(&(0..n / 10 * 9)), k);
    let (start, len) = (n / 10 * 9, n / 10);
    for i in 0..len {
        ids.extend((1..=k / 2).flat_map(|h| [(i + h) % len, (i + len - h) % len]).map(|j| start + j));
        dists.extend((1..=k / 2).flat_map(|h| [h as f32; 2]));
        let row = ids.len() - k as usize;
        ids[row..].chunks_mut(2).for_each(|pair| pair.sort_unstable());
    }
    let most = map((ids, dists));
    assert_eq!(most.report().warnings, [Warning::Disconnected { components: 2 }]);
}

#[test]
fn duplicates_from_vectors() {
    let n = 3000;
    let rest = noise(n, 3, 5);
    let row = |kind: usize, i: usize| match kind {
        0 => [0.5, 0.25, 1.0],
        1 if i < n / 2 => [0.0; 3],
        1 => [1.0, 2.0, 3.0],
        _ if i.is_multiple_of(10) => [0, 1, 2].map(|c| 100.0 + rest.row(i)[c]),
        _ => [0.0; 3],
    };
    for kind in 0..3 {
        let x = Matrix::from_rows((0..n).map(|i| row(kind, i))).unwrap();
        let m = Umap::new().n_epochs(3).fit(&x).unwrap();
        finite(&m);
        let want = if kind == 0 { Warning::AllEqual { rows: n } } else { Warning::Disconnected { components: 2 } };
        assert_eq!(m.report().warnings, [want], "{kind}");
    }
}

/// A ring of `n` rows with edges of this weight, and `more` edges as (row, column, weight).
fn ring(n: usize, weight: f32, more: &[(u32, u32, f32)]) -> Csr {
    let rows = n.max(more.iter().map(|e| e.0.max(e.1) as usize + 1).max().unwrap_or(0));
    let fill = |i: usize, ids: &mut Vec<u32>, values: &mut Vec<f32>| {
        let mut edges: Vec<(u32, f32)> = more.iter().filter(|e| e.0 as usize == i).map(|e| (e.1, e.2)).collect();
        if i < n {
            edges.extend([((i + 1) % n, weight), ((i + n - 1) % n, weight)].map(|(j, w)| (j as u32, w)));
        }
        edges.sort_by_key(|e| e.0);
        edges.iter().for_each(|e| {
            ids.push(e.0);
            values.push(e.1);
        });
    };
    Csr::by_rows(rows, rows, fill).unwrap()
}

#[test]
fn fuzzy_graphs_at_the_edge_of_what_is_allowed() {
    // Directions that differ by rounding, one on either side of what is pruned.
    let uneven = ring(40, 1.0, &[(0, 40, 0.002), (40, 0, 0.001_999_99)]);
    for umap in [Umap::new(), Umap::new().n_epochs(0)] {
        finite(&umap.fit_fuzzy_graph(&uneven, None).unwrap());
    }
    let above = ring(40, 1.000_000_5, &[]);
    let model = Umap::new().n_epochs(5).fit_fuzzy_graph(&above, None).unwrap();
    assert!(model.graph().data().iter().all(|&w| w == 1.0));
    assert_eq!(UmapModel::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
    let light = Umap::new().fit_fuzzy_graph(&ring(40, 1e-40, &[]), None).unwrap_err();
    assert!(light.to_string().contains("at least 1e-30"), "{light}");
    finite(&Umap::new().n_epochs(5).fit_fuzzy_graph(&ring(40, 1e-30, &[]), None).unwrap());
    let heavy = laplacian_eigenvectors(&ring(300, 3e38, &[]), 2, 1, &CancelToken::new()).unwrap_err();
    assert!(heavy.to_string().contains("weights must be from 0 to 1e30"), "{heavy}");
    assert!(laplacian_eigenvectors(&ring(300, 1.0, &[]), 0, 1, &CancelToken::new()).is_err());
}

#[test]
fn absurd_numbers() {
    let model = Umap::new().n_epochs(5).fit(noise(50, 3, 1)).unwrap();
    assert_eq!(model.transform_neighbors(usize::MAX, &[], &[]).unwrap().rows(), 0);
    assert!(model.transform_neighbors(0, &[], &[]).is_err());
    for (spread, min_dist) in [(0.0, 0.0), (f64::NAN, 0.1), (1.0, f64::NAN), (f64::INFINITY, 1.0), (1.0, -0.1)] {
        assert!(matches!(find_ab(spread, min_dist), Err(Error::NoCurve { .. })), "{spread} {min_dist}");
    }
    // The curve has no scale of its own.
    let (a, b) = find_ab(1.0, 0.1).unwrap();
    for spread in [1e-6, 1e-3, 10.0, 1e6] {
        let (at, bt) = find_ab(spread, 0.1 * spread).unwrap();
        assert!((bt / b - 1.0).abs() < 1e-9 && (at * spread.powf(2.0 * b) / a - 1.0).abs() < 1e-9, "{spread}");
    }
    assert!(Umap::new().fit(Matrix::zeros(1, 0)).is_err());
    let one = Umap::new().snapshots([0, 7]).fit(noise(1, 3, 1)).unwrap();
    assert_eq!(one.snapshots(), &[(0, Matrix::zeros(1, 2))]);
    finite(&Umap::new().n_components(70).n_epochs(5).fit(noise(300, 5, 2)).unwrap());
}

#[test]
fn a_hundred_thousand_rows_of_one_kind_or_two() {
    let one = Matrix::from_vec(100_000, 2, vec![0.5; 200_000]).unwrap();
    let model = Umap::new().n_epochs(4).fit(&one).unwrap();
    finite(&model);
    assert_eq!(model.report().warnings, [Warning::AllEqual { rows: 100_000 }]);
    let two = Matrix::from_vec(100_000, 2, (0..200_000).map(|i| (i / 100_000) as f32).collect()).unwrap();
    finite(&Umap::new().n_epochs(4).fit(&two).unwrap());
}
