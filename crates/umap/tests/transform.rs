//! New rows on a map: in the right place, and the same place whoever else is placed.
#![cfg(feature = "knn")]

use planisphere_core::{
    CancelToken, Context, CounterRng, Embedded, KnnGraph, Matrix, MatrixView, Reducer, Stage, Threads, Transform,
    Vectors,
};
use planisphere_fixtures::{digits, golden_f32, golden_i32, golden_json};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_knn::{Approx, Exact, Method, Metric};
use planisphere_umap::{Error, Init, Umap, UmapModel};
use std::sync::Arc;

fn noise(n: usize, d: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "transform test").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64)).collect()).unwrap()
}

fn bits(m: &Matrix) -> Vec<u32> {
    m.data().iter().map(|v| v.to_bits()).collect()
}

/// The digits that a map is made of, and every fifth, which it does not know; with their labels.
fn split() -> [(Matrix, Vec<String>); 2] {
    let (x, labels) = digits();
    let part = |new: bool| {
        let ids: Vec<u32> = (0..x.rows() as u32).filter(|i| (i % 5 == 4) == new).collect();
        (x.select(&ids), ids.iter().map(|&i| labels[i as usize].clone()).collect())
    };
    [part(false), part(true)]
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

fn diameter(y: &Matrix) -> f32 {
    let side = |c: usize| {
        let v = (0..y.rows()).map(|i| y.row(i)[c]);
        v.clone().fold(f32::MIN, f32::max) - v.fold(f32::MAX, f32::min)
    };
    (0..y.cols()).map(|c| side(c) * side(c)).sum::<f32>().sqrt()
}

/// Share of the new points for whose label most of the 15 nearest old points vote; the smaller label wins a tie.
fn accuracy(old: &Matrix, old_labels: &[String], new: &Matrix, new_labels: &[String]) -> f64 {
    let found = Exact::new(15).index(old.clone()).unwrap().query(new, 15).unwrap();
    let right = found.rows().zip(new_labels).filter(|((ids, _), label)| {
        let votes = |l: &str| ids.iter().filter(|&&i| old_labels[i as usize] == l).count();
        let mut names: Vec<&String> = old_labels.iter().collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().rev().max_by_key(|l| votes(l)) == Some(*label)
    });
    right.count() as f64 / new_labels.len() as f64
}

#[test]
fn new_digits_land_among_their_own() {
    let [(old, old_labels), (new, new_labels)] = split();
    let want = golden_json("transform.json")["umap_median"]["knn_accuracy"].as_f64().unwrap();
    let mut got: Vec<f64> = (1..=3)
        .map(|seed| {
            let model = Umap::new().seed(seed).fit(&old).unwrap();
            let placed = model.transform(&new).unwrap();
            accuracy(model.embedding(), &old_labels, &placed, &new_labels)
        })
        .collect();
    got.sort_by(f64::total_cmp);
    assert!(got[1] > want - 0.01, "{got:?}, umap-learn {want}");
}

#[test]
fn old_rows_land_next_to_themselves() {
    let (x, _) = digits();
    let model = Umap::new().fit(&x).unwrap();
    let again = model.transform(&x).unwrap();
    let size = diameter(model.embedding());
    let mut moved: Vec<f32> = (0..x.rows()).map(|i| distance(model.embedding().row(i), again.row(i)) / size).collect();
    moved.sort_by(f32::total_cmp);
    let (median, p99) = (moved[moved.len() / 2], moved[moved.len() * 99 / 100]);
    assert!(median < 0.01 && p99 < 0.05, "median {median}, 99 of 100 below {p99}");
    // Without epochs, on themselves.
    let still = Umap::new().n_epochs(2).fit(&x).unwrap();
    assert_eq!(still.transform(&x).unwrap(), *still.embedding());
}

#[test]
fn same_place_on_any_threads_and_level_and_in_any_company() {
    let [(old, _), (new, _)] = split();
    for (dim, method) in [(2, Method::Auto), (3, Method::Approx { recall: 0.9 }), (7, Method::Exact)] {
        let start = Init::Given(noise(old.rows(), dim, 1));
        let model = Umap::new().n_components(dim).n_epochs(30).init(start).knn(method).fit(&old).unwrap();
        let on = |t| model.transform_with(&new, &mut Context::new().threads(Threads::Exactly(t))).unwrap();
        let want = on(1);
        for t in [2, 3, 8] {
            assert!(bits(&on(t)) == bits(&want), "{t} threads");
        }
        for level in Simd::available() {
            Simd::limit(level.level());
            let got = model.clone().transform(&new).unwrap();
            Simd::limit(SimdLevel::Avx512);
            assert!(bits(&got) == bits(&want), "{level:?}");
        }
        for i in [0, 1, 17, 200, new.rows() - 1] {
            let alone = model.transform(new.view().slice(i, i + 1)).unwrap();
            assert_eq!(alone.row(0), want.row(i), "row {i} alone");
        }
        let backwards: Vec<u32> = (0..new.rows() as u32).rev().collect();
        let turned = model.transform(&new.select(&backwards)).unwrap();
        assert!(bits(&turned.select(&backwards)) == bits(&want));
        let other = model.index().unwrap().query(&new, 15).unwrap();
        assert_eq!(model.transform_neighbors(15, other.ids(), other.dists()).unwrap(), want);
    }
}

#[test]
fn memberships_are_those_of_the_reference() {
    let facts = golden_json("transform.json");
    let [(old, _), (new, _)] = split();
    let stored = facts["stored"].as_u64().unwrap() as usize;
    let k = facts["n_neighbors"].as_u64().unwrap() as usize;
    let new = new.view().slice(0, stored);
    let (ids, dists) = (golden_i32("transform_ids.npy"), golden_f32("transform_dists.npy"));
    let weights = golden_f32("transform_weights.npy");
    let connectivities = facts["local_connectivity"].as_array().unwrap();
    assert_eq!((connectivities.len(), weights.len()), (5, 5 * stored * k));
    for (connectivity, weights) in connectivities.iter().zip(weights.chunks(stored * k)) {
        let umap = Umap::new().local_connectivity(connectivity.as_f64().unwrap()).n_epochs(0).init(Init::Random);
        let model = umap.fit(&old).unwrap();
        let got = model.memberships(new).unwrap();
        assert_eq!((got.rows(), got.cols(), got.nnz()), (stored, old.rows(), stored * k));
        for i in 0..stored {
            for (at, (&id, &d)) in ids[i * k..][..k].iter().zip(&dists[i * k..]).enumerate() {
                assert!((distance(new.row(i), old.row(id as usize)) - d).abs() < 1e-4);
                let (w, want) = (got.get(i, id as u32), weights[i * k + at]);
                assert!((w - want).abs() < 1e-4, "{connectivity}: row {i}, neighbor {at}: {w} is not {want}");
            }
        }
    }
}

#[test]
fn vectors_are_kept_as_they_are_given() {
    let x = Arc::new(noise(50, 3, 1));
    let umap = Umap::new().n_epochs(20);
    let shared = umap.fit(&x).unwrap();
    assert!(Arc::ptr_eq(shared.vectors().unwrap(), &x));
    assert!(Arc::ptr_eq(shared.index().unwrap().points(), &x));
    assert!(Arc::ptr_eq(shared.index().unwrap(), shared.index().unwrap()), "the index is built once");
    let copied = umap.fit(x.view()).unwrap();
    assert!(!Arc::ptr_eq(copied.vectors().unwrap(), &x) && copied.vectors().unwrap() == &x);
    let given = umap.fit(Vectors::from((*x).clone())).unwrap();
    assert_eq!(given.transform(&*x).unwrap(), shared.transform(&*x).unwrap());

    let none = umap.clone().keep_vectors(false).fit(&x).unwrap();
    assert!(none.vectors().is_none());
    let e = none.transform(&*x).unwrap_err();
    assert_eq!(e, Error::NoVectors);
    assert!(e.to_string().contains("keep_vectors(true)"), "{e}");
    assert_eq!(none.memberships(&*x), Err(Error::NoVectors));
    let again = none.clone().with_vectors(Arc::clone(&x)).unwrap();
    assert_eq!(again.transform(&*x).unwrap(), shared.transform(&*x).unwrap());
    assert_eq!(again.clone().without_vectors(), none);
    assert_eq!(none.clone().with_vectors(noise(49, 3, 1)), Err(Error::VectorRows { expected: 50, got: 49 }));
    assert!(none.clone().with_vectors(Matrix::zeros(50, 0)).is_err());
    let mut bad = (*x).clone();
    bad.row_mut(3)[1] = f32::NAN;
    assert!(matches!(none.clone().with_vectors(bad), Err(Error::Core(_))));
    let index = Exact::new(1).index(noise(49, 3, 1)).unwrap();
    assert_eq!(none.with_index(index), Err(Error::VectorRows { expected: 50, got: 49 }));
}

#[test]
fn models_from_graphs_place_too() {
    let (old, new) = (noise(300, 5, 1), noise(20, 5, 2));
    let metric = Metric::Manhattan;
    let umap = Umap::new().n_epochs(60).metric(metric.clone());
    let index = Approx::new(9).metric(metric.clone()).index(old.clone()).unwrap();
    let graph = index.graph(9).unwrap();
    let model = umap.fit_graph(&graph).unwrap();
    assert_eq!(model.transform(&new), Err(Error::NoVectors));
    // The degree of the graph, and the row itself, are the neighbors.
    let found = index.query(&new, 10).unwrap();
    let want = model.transform_neighbors(10, found.ids(), found.dists()).unwrap();
    assert_eq!(model.clone().with_vectors(old.clone()).unwrap().transform(&new).unwrap(), want);
    assert_eq!(model.clone().with_index(index).unwrap().transform(&new).unwrap(), want);
    let l1 = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>();
    let custom = model.clone().with_index(Exact::new(9).index_custom(old, l1).unwrap()).unwrap();
    let placed = custom.transform(&new).unwrap();
    assert!((0..20).all(|i| distance(placed.row(i), want.row(i)) < 0.3));
    // In any order.
    let turn = |v: &[u32]| v.chunks(10).flat_map(|row| row.iter().rev().copied()).collect::<Vec<u32>>();
    let ids = turn(found.ids());
    let dists: Vec<f32> = found.dists().chunks(10).flat_map(|row| row.iter().rev().copied()).collect();
    assert_eq!(model.transform_neighbors(10, &ids, &dists).unwrap(), want);
}

#[test]
fn neighbors_that_are_brought_are_checked() {
    let graph = KnnGraph::new(3, 1, vec![1, 0, 1], vec![0.5, 0.5, 0.25]).unwrap();
    let model = Umap::new().n_epochs(10).fit_graph(&graph).unwrap();
    let of = |k, ids: &[u32], dists: &[f32]| model.transform_neighbors(k, ids, dists).map_err(|e| e.to_string());
    assert_eq!(of(0, &[], &[]), Err("k = 0: must be at least 1".to_owned()));
    for (k, ids, dists, text) in [
        (2, &[0, 1, 2][..], &[0.0, 1.0, 2.0][..], "3 values do not fill a matrix of 1 rows × 2 columns"),
        (1, &[0, 1], &[0.0], "1 values do not fill a matrix of 2 rows × 1 columns"),
        (1, &[0, 3], &[0.0, 1.0], "neighbor graph, row 1, position 0: the id is not a row of the map"),
        (2, &[0, 1, 2, 2], &[0.0; 4], "neighbor graph, row 1, position 1: an id stands twice in the row"),
        (2, &[0, 1], &[0.0, f32::NAN], "neighbor graph, row 0, position 1: the distance is not a finite number"),
        (2, &[0, 1], &[0.5, -0.5], "the distance of row 0 to its neighbor 1 is -0.5"),
    ] {
        let e = of(k, ids, dists).unwrap_err();
        assert!(e.starts_with(text), "{e}");
    }
    let none = of(2, &[], &[]).unwrap();
    assert_eq!((none.rows(), none.cols()), (0, 2));
    // At no distance to all, and so far that every membership is 0.
    for d in [0.0, 1e-38, 1e30, f32::MAX] {
        let placed = of(3, &[2, 1, 0], &[d; 3]).unwrap();
        assert!(placed.data().iter().all(|v| v.is_finite()), "{d}");
        assert!(of(1, &[2], &[d]).unwrap().data().iter().all(|v| v.is_finite()), "{d}");
    }
}

#[test]
fn rows_are_checked() {
    let x = noise(40, 3, 1);
    let model = Umap::new().n_epochs(20).fit(&x).unwrap();
    assert_eq!(model.transform(&noise(2, 4, 1)), Err(Error::Columns { expected: 3, got: 4 }));
    assert_eq!(model.transform(&Matrix::zeros(0, 4)), Err(Error::Columns { expected: 3, got: 4 }));
    let none = model.transform(&Matrix::zeros(0, 3)).unwrap();
    assert_eq!((none.rows(), none.cols()), (0, 2));
    for bad in [f32::NAN, f32::INFINITY] {
        let mut y = noise(5, 3, 2);
        y.row_mut(4)[1] = bad;
        assert!(model.transform(&y).unwrap_err().to_string().starts_with("row 4, column 1 holds"));
    }
    let far = Matrix::from_rows([[1e30f32, 0.0, 0.0]]).unwrap();
    match model.transform(&far) {
        Ok(y) => assert!(y.data().iter().all(|v| v.is_finite())),
        Err(e) => assert!(matches!(e, Error::Neighbors(planisphere_knn::Error::Overflow { row: 0, .. })), "{e}"),
    }
    let hellinger = Umap::new().metric(Metric::Hellinger).n_epochs(20);
    let positive = Matrix::from_vec(40, 3, x.data().iter().map(|v| v.abs()).collect()).unwrap();
    let e = hellinger.fit(&positive).unwrap().transform(&x.select(&[0, 1])).unwrap_err();
    assert!(matches!(e, Error::Neighbors(planisphere_knn::Error::Domain { row: 0, .. })), "{e}");
}

#[test]
fn small_and_awkward_maps_place_rows() {
    for n in 1..=5 {
        let x = noise(n, 4, 3);
        let model = Umap::new().fit(&x).unwrap();
        let y = model.transform(&noise(3, 4, 4)).unwrap();
        assert!(y.rows() == 3 && y.data().iter().all(|v| v.is_finite()), "{n} rows");
    }
    let equal = Umap::new().n_epochs(30).fit(Matrix::from_vec(50, 2, vec![0.5; 100]).unwrap()).unwrap();
    let y = equal.transform(&Matrix::from_rows([[0.5, 0.5], [7.0, 7.0]]).unwrap()).unwrap();
    assert!(y.data().iter().all(|v| v.is_finite()));
    let x = noise(30, 3, 5);
    for umap in [
        Umap::new().n_epochs(0),
        Umap::new().negative_sample_rate(0),
        Umap::new().local_connectivity(40.0),
        Umap::new().set_op_mix_ratio(0.0).n_components(40),
        Umap::new().n_neighbors(2),
    ] {
        let y = umap.fit(&x).unwrap().transform(&noise(9, 3, 6)).unwrap();
        assert!(y.data().iter().all(|v| v.is_finite()), "{umap:?}");
    }
}

#[test]
fn placing_is_watched_and_cancelled() {
    let model = Umap::new().n_epochs(30).fit(noise(300, 4, 1)).unwrap();
    let mut cx = Context::new();
    model.transform_with(&noise(50, 4, 2), &mut cx).unwrap();
    let stages: Vec<Stage> = cx.report().stages.iter().map(|s| s.stage).collect();
    assert_eq!(stages, [Stage::Neighbors, Stage::Graph, Stage::Layout]);
    let token = CancelToken::new();
    token.cancel();
    let r = model.transform_with(&noise(50, 4, 2), &mut Context::new().cancel(&token));
    assert!(matches!(r, Err(Error::Cancelled(_))));
}

#[test]
fn generic_code_works_with_maps_and_components() {
    fn through<R>(reducer: &R, x: MatrixView<'_>, new: MatrixView<'_>) -> Result<[(usize, usize); 2], R::Error>
    where
        R: Reducer,
        R::Model: Transform<Error = R::Error>,
    {
        let mut cx = Context::new().threads(Threads::Exactly(2));
        let model = reducer.fit(x, &mut cx)?;
        let placed = model.transform(new, &mut cx)?;
        let y = model.into_embedding();
        Ok([(y.rows(), y.cols()), (placed.rows(), placed.cols())])
    }
    let (x, new) = (noise(60, 4, 1), noise(7, 4, 2));
    let want = [(60, 2), (7, 2)];
    assert_eq!(through(&Umap::new().n_epochs(20), x.view(), new.view()), Ok(want));
    #[cfg(feature = "pca")]
    assert_eq!(through(&planisphere_pca::Pca::new(2), x.view(), new.view()), Ok(want));
    let boxed: Box<dyn Reducer<Model = UmapModel, Error = Error>> = Box::new(Umap::new().n_epochs(20));
    let model: Box<dyn Transform<Error = Error>> = Box::new(boxed.fit(x.view(), &mut Context::new()).unwrap());
    assert_eq!(model.transform(new.view(), &mut Context::new()).unwrap().rows(), 7);
}
