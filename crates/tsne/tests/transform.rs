//! New rows on a map that stays as it is.
#![cfg(feature = "knn")]

use planisphere_core::{
    CancelToken, Context, CounterRng, Embedded, KnnGraph, Matrix, MatrixView, Reducer, Stage, Threads, Transform,
    Warning,
};
use planisphere_fixtures::{digits, golden_f32, golden_f64, golden_json};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_knn::{Approx, Exact, Method, Metric};
use planisphere_tsne::{Affinity, Error, Init, Placement, Repulsion, Start, Tsne, TsneModel};
use std::sync::Arc;

fn noise(n: usize, d: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "transform test").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64)).collect()).unwrap()
}

fn bits(m: &Matrix) -> Vec<u32> {
    m.data().iter().map(|v| v.to_bits()).collect()
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

/// A map that is given: `y` as it is.
fn still(y: Matrix) -> Tsne {
    Tsne::new().n_components(y.cols()).init(Init::Given(y)).early_exaggeration_iter(0).n_iter(0)
}

fn short() -> Tsne {
    Tsne::new().perplexity(8.0).early_exaggeration_iter(20).n_iter(20)
}

#[test]
fn places_are_those_of_the_reference() {
    let (x, _) = digits();
    let rows = |from: u32, to: u32| x.select(&(from..to).collect::<Vec<u32>>());
    let map: Vec<f32> = golden_f32("tsne_map.npy").iter().map(|v| 8.0 * v).collect();
    let map = Matrix::from_vec(100, 2, map).unwrap();
    let want = golden_f64("tsne_placed.npy");
    let other = Placement::new()
        .n_start_neighbors(3)
        .exaggeration(4.0)
        .learning_rate(0.5)
        .early_exaggeration_iter(20)
        .early_exaggeration(8.0)
        .n_iter(100);
    let cases: [(Placement, f64); 4] = [
        (Placement::new().n_iter(0), 1e-6),
        (Placement::new().n_start_neighbors(14).n_iter(10), 1e-5),
        (Placement::new(), 1e-4),
        (other, 1e-3),
    ];
    for repulsion in [Repulsion::Exact, Repulsion::BarnesHut { theta: 0.0 }] {
        let model = still(map.clone()).repulsion(repulsion).fit(rows(0, 100)).unwrap();
        assert_eq!(model.embedding(), &map);
        for (c, &(ref by, bound)) in cases.iter().enumerate() {
            let got = model.transform_by(by, &rows(100, 110), &mut Context::new()).unwrap();
            let worst = (0..20).map(|p| (f64::from(got.data()[p]) - want[20 * c + p]).abs()).fold(0.0, f64::max);
            assert!(worst < bound, "{repulsion:?}, case {c}: {worst:e}");
        }
    }
}

#[test]
fn new_digits_land_among_their_own() {
    let (x, labels) = digits();
    let facts = golden_json("tsne_transform.json");
    let fit = facts["fit"].as_u64().unwrap() as usize;
    let rows = |from: usize, to: usize| x.select(&(from as u32..to as u32).collect::<Vec<u32>>());
    let (old, new) = (rows(0, fit), rows(fit, 1797));
    let model = Tsne::new().fit(&old).unwrap();
    let placed = model.transform(&new).unwrap();
    let found = Exact::new(15).index(model.embedding().clone()).unwrap().query(&placed, 15).unwrap();
    let (mut vote, mut nearest) = (0, 0);
    for (i, (ids, _)) in found.rows().enumerate() {
        let mut votes = [0; 10];
        ids.iter().for_each(|&id| votes[labels[id as usize].parse::<usize>().unwrap()] += 1);
        // The smaller label wins a tie.
        let most = (0..10).rev().max_by_key(|&l| votes[l]).unwrap();
        vote += usize::from(most.to_string() == labels[fit + i]);
        nearest += usize::from(labels[ids[0] as usize] == labels[fit + i]);
    }
    for (name, right) in [("knn_accuracy", vote), ("nearest_accuracy", nearest)] {
        let (got, want) = (right as f64 / 297.0, facts["opentsne_median"][name].as_f64().unwrap());
        assert!(got > want - 0.01, "{name}: {got}, openTSNE {want}");
    }
    // Old rows land next to themselves.
    let again = model.transform(&old).unwrap();
    let size = diameter(model.embedding());
    let mut moved: Vec<f32> = (0..fit).map(|i| distance(model.embedding().row(i), again.row(i)) / size).collect();
    moved.sort_by(f32::total_cmp);
    let (median, p99) = (moved[fit / 2], moved[fit * 99 / 100]);
    assert!(median < 0.001 && p99 < 0.01, "median {median}, 99 of 100 below {p99}");
}

#[test]
fn same_place_on_any_threads_and_level_and_in_any_company() {
    let (old, new) = (noise(700, 5, 1), noise(90, 5, 2));
    for (dim, repulsion) in [
        (1, Repulsion::FFT),
        (1, Repulsion::Exact),
        (2, Repulsion::FFT),
        (2, Repulsion::BARNES_HUT),
        (2, Repulsion::Exact),
        (3, Repulsion::BARNES_HUT),
        (3, Repulsion::Exact),
    ] {
        let mut y = noise(700, dim, 3);
        y.data_mut().iter_mut().for_each(|v| *v *= 12.0);
        let model = still(y).repulsion(repulsion).knn(Method::Approx { recall: 0.9 }).fit(&old).unwrap();
        let by = Placement::new().n_iter(60);
        let on = |t| model.transform_by(&by, &new, &mut Context::new().threads(Threads::Exactly(t))).unwrap();
        let want = on(1);
        assert_eq!((want.rows(), want.cols()), (90, dim));
        for t in [2, 3, 8] {
            assert!(bits(&on(t)) == bits(&want), "{dim}-D {repulsion:?}: {t} threads");
        }
        for level in Simd::available() {
            Simd::limit(level.level());
            let got = model.clone().transform_by(&by, &new, &mut Context::new()).unwrap();
            Simd::limit(SimdLevel::Avx512);
            assert!(bits(&got) == bits(&want), "{dim}-D {repulsion:?}: {level:?}");
        }
        for i in [0, 1, 17, 89] {
            let alone = model.transform_by(&by, new.view().slice(i, i + 1), &mut Context::new()).unwrap();
            assert_eq!(alone.row(0), want.row(i), "{dim}-D {repulsion:?}: row {i} alone");
        }
        let backwards: Vec<u32> = (0..90).rev().collect();
        let turned = model.transform_by(&by, &new.select(&backwards), &mut Context::new()).unwrap();
        assert!(bits(&turned.select(&backwards)) == bits(&want));
        let found = model.index().unwrap().query(&new, 15).unwrap();
        let near = (15, found.ids(), found.dists());
        assert_eq!(model.transform_neighbors_by(&by, near, &mut Context::new()).unwrap(), want);
        // The rows of the map, all at once from the places that they have, and one of them.
        let starts = model.embedding().clone();
        let own = |y: Matrix| by.clone().start(Start::Given(y));
        let all = model.transform_by(&own(starts.clone()), &old, &mut Context::new()).unwrap();
        let one = model.transform_by(&own(starts.select(&[7])), &old.select(&[7]), &mut Context::new()).unwrap();
        assert_eq!(all.row(7), one.row(0), "{dim}-D {repulsion:?}");
    }
}

#[test]
fn vectors_are_kept_as_they_are_given() {
    let x = Arc::new(noise(50, 3, 1));
    let tsne = short();
    let shared = tsne.fit(&x).unwrap();
    assert!(Arc::ptr_eq(shared.vectors().unwrap(), &x));
    assert!(Arc::ptr_eq(shared.index().unwrap().points(), &x));
    assert!(Arc::ptr_eq(shared.index().unwrap(), shared.index().unwrap()), "the index is built once");
    let copied = tsne.fit(x.view()).unwrap();
    assert!(!Arc::ptr_eq(copied.vectors().unwrap(), &x) && copied.vectors().unwrap() == &x);
    let mut run = tsne.start(&x).unwrap();
    run.step(u32::MAX).unwrap();
    assert_eq!(run.finish().transform(&*x).unwrap(), shared.transform(&*x).unwrap());

    let none = tsne.clone().keep_vectors(false).fit(&x).unwrap();
    assert!(none.vectors().is_none());
    let e = none.transform(&*x).unwrap_err();
    assert_eq!(e, Error::NoVectors);
    assert!(e.to_string().contains("keep_vectors(true)"), "{e}");
    let again = none.clone().with_vectors(Arc::clone(&x)).unwrap();
    assert_eq!(again.transform(&*x).unwrap(), shared.transform(&*x).unwrap());
    assert_eq!(again.without_vectors().transform(&*x), Err(Error::NoVectors));
    let rows = |r: planisphere_tsne::Result<TsneModel>| r.unwrap_err();
    assert_eq!(rows(none.clone().with_vectors(noise(49, 3, 1))), Error::VectorRows { expected: 50, got: 49 });
    assert!(none.clone().with_vectors(Matrix::zeros(50, 0)).is_err());
    let mut bad = (*x).clone();
    bad.row_mut(3)[1] = f32::NAN;
    assert!(matches!(none.clone().with_vectors(bad), Err(Error::Core(_))));
    let index = Exact::new(1).index(noise(49, 3, 1)).unwrap();
    assert_eq!(rows(none.with_index(index)), Error::VectorRows { expected: 50, got: 49 });
}

#[test]
fn models_from_graphs_place_too() {
    let (old, new) = (noise(300, 5, 1), noise(20, 5, 2));
    let tsne = short().metric(Metric::Manhattan);
    let index = Approx::new(24).metric(Metric::Manhattan).index(old.clone()).unwrap();
    let model = tsne.fit_graph_with(&index.graph(24).unwrap(), Some(old.view()), &mut Context::new()).unwrap();
    assert_eq!(model.transform(&new), Err(Error::NoVectors));
    let found = index.query(&new, 20).unwrap();
    let want = model.transform_neighbors(20, found.ids(), found.dists()).unwrap();
    assert_eq!(model.clone().with_vectors(old.clone()).unwrap().transform(&new).unwrap(), want);
    assert_eq!(model.clone().with_index(index).unwrap().transform(&new).unwrap(), want);
    let l1 = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>();
    let custom = model.clone().with_index(Exact::new(24).index_custom(old, l1).unwrap()).unwrap();
    let placed = custom.transform(&new).unwrap();
    assert!((0..20).all(|i| distance(placed.row(i), want.row(i)) < 0.1));
    // In any order.
    let ids: Vec<u32> = found.ids().chunks(20).flat_map(|row| row.iter().rev().copied()).collect();
    let dists: Vec<f32> = found.dists().chunks(20).flat_map(|row| row.iter().rev().copied()).collect();
    assert_eq!(model.transform_neighbors(20, &ids, &dists).unwrap(), want);
}

#[test]
fn neighbors_that_are_brought_are_checked() {
    let graph = KnnGraph::new(3, 1, vec![1, 0, 1], vec![0.5, 0.5, 0.25]).unwrap();
    let model = short().init(Init::Random).fit_graph(&graph).unwrap();
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
    for d in [0.0, 1e-38, 1e30, f32::MAX] {
        let placed = of(3, &[2, 1, 0], &[d; 3]).unwrap();
        assert!(placed.data().iter().all(|v| v.is_finite()), "{d}");
        assert!(of(1, &[2], &[d]).unwrap().data().iter().all(|v| v.is_finite()), "{d}");
    }
}

#[test]
fn rows_are_checked() {
    let model = short().fit(noise(40, 3, 1)).unwrap();
    assert_eq!(model.transform(&noise(2, 4, 1)), Err(Error::Columns { expected: 3, got: 4 }));
    assert_eq!(model.transform(&Matrix::zeros(0, 4)), Err(Error::Columns { expected: 3, got: 4 }));
    let none = model.transform(&Matrix::zeros(0, 3)).unwrap();
    assert_eq!((none.rows(), none.cols()), (0, 2));
    for bad in [f32::NAN, f32::INFINITY] {
        let mut y = noise(5, 3, 2);
        y.row_mut(4)[1] = bad;
        assert!(model.transform(&y).unwrap_err().to_string().starts_with("row 4, column 1 holds"));
    }
    match model.transform(&Matrix::from_rows([[1e30f32, 0.0, 0.0]]).unwrap()) {
        Ok(y) => assert!(y.data().iter().all(|v| v.is_finite())),
        Err(e) => assert!(matches!(e, Error::Neighbors(planisphere_knn::Error::Overflow { row: 0, .. })), "{e}"),
    }
}

#[test]
fn parameters_are_checked_by_name() {
    let model = short().fit(noise(40, 3, 1)).unwrap();
    let new = noise(4, 3, 2);
    for (by, text) in [
        (Placement::new().perplexity(0.5), "perplexity = 0.5: must be a finite number of at least 1"),
        (Placement::new().n_start_neighbors(0), "n_start_neighbors = 0: must be at least 1"),
        (Placement::new().learning_rate(0.0), "learning_rate = 0: must be a number above 0"),
        (Placement::new().learning_rate(f32::NAN), "learning_rate = NaN: must be a number above 0"),
        (Placement::new().exaggeration(-1.0), "exaggeration = -1: must be from 0.001 to 10000"),
        (Placement::new().early_exaggeration(f32::NAN), "early_exaggeration = NaN: must be from 0.001 to 10000"),
        (Placement::new().initial_momentum(1.0), "initial_momentum = 1: must be from 0 to 0.999"),
        (Placement::new().final_momentum(-0.1), "final_momentum = -0.1: must be from 0 to 0.999"),
        (Placement::new().max_grad_norm(Some(0.0)), "max_grad_norm = 0: must be a number above 0"),
        (Placement::new().max_step_norm(Some(f32::INFINITY)), "max_step_norm = inf: must be a number above 0"),
        (Placement::new().n_iter(1_000_001), "n_iter = 1000001: must be at most 1000000"),
        (Placement::new().start(Start::Given(noise(3, 2, 1))), "the initial positions are 3 × 2, they should be 4 × 2"),
    ] {
        let e = model.transform_by(&by, &new, &mut Context::new()).unwrap_err();
        assert_eq!(e.to_string(), text);
    }
    let json =
        serde_json::to_string(&Placement::new().start(Start::Given(noise(2, 2, 1))).max_step_norm(Some(0.1))).unwrap();
    let by: Placement = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&by).unwrap(), json);
    assert_eq!(serde_json::from_str::<Placement>("{}").unwrap(), Placement::default());
}

#[test]
fn small_and_awkward_maps_place_rows() {
    let finite = |y: &Matrix| y.data().iter().all(|v| v.is_finite());
    for n in 1..=5 {
        for dim in 1..=3 {
            let tsne = Tsne::new().n_components(dim).n_iter(50).init(Init::Random);
            let model = tsne.fit(noise(n, 4, 3)).unwrap();
            let mut cx = Context::new();
            let y = model.transform_with(&noise(3, 4, 4), &mut cx).unwrap();
            assert!(y.rows() == 3 && y.cols() == dim && finite(&y), "{n} rows");
            let clamped = cx.report().warnings.iter().any(|w| matches!(w, Warning::ClampedPerplexity { .. }));
            assert_eq!(clamped, n < 5, "{n} rows: {:?}", cx.report().warnings);
        }
    }
    // On the only row there is.
    let one = Tsne::new().fit(noise(1, 4, 1)).unwrap();
    assert_eq!(one.transform(&noise(2, 4, 2)).unwrap().data(), [0.0; 4]);
    let equal = short().fit(Matrix::from_vec(50, 2, vec![0.5; 100]).unwrap()).unwrap();
    assert!(finite(&equal.transform(&Matrix::from_rows([[0.5, 0.5], [7.0, 7.0]]).unwrap()).unwrap()));
    let (x, new) = (noise(300, 3, 5), noise(9, 3, 6));
    for (tsne, by) in [
        (short().dof(0.2), Placement::new()),
        (short().dof(1000.0), Placement::new()),
        (short(), Placement::new().max_grad_norm(None).learning_rate(1e3)),
        (short(), Placement::new().affinity(Affinity::Uniform { n_neighbors: 400, symmetrize: Default::default() })),
        (short(), Placement::new().affinity(Affinity::Multiscale(vec![2.0, 20.0])).start(Start::Weighted)),
        (still(noise(300, 2, 7)).repulsion(Repulsion::FFT), Placement::new().start(Start::Given(far(9)))),
        (still(noise(300, 2, 7)).repulsion(Repulsion::BARNES_HUT), Placement::new().start(Start::Given(far(9)))),
        (still(Matrix::zeros(300, 2)), Placement::new()),
        (still(Matrix::zeros(300, 2)).repulsion(Repulsion::FFT), Placement::new()),
    ] {
        let model = tsne.fit(&x).unwrap();
        let y = model.transform_by(&by, &new, &mut Context::new()).unwrap();
        assert!(finite(&y), "{tsne:?} {by:?}");
        let bound = 2.0 * diameter(model.embedding()) + 4.0;
        assert!((0..9).all(|i| distance(y.row(i), model.embedding().row(0)) < bound), "in the box: {tsne:?} {by:?}");
    }
}

fn far(n: usize) -> Matrix {
    Matrix::from_vec(n, 2, (0..2 * n).map(|i| if i % 3 == 0 { 1e6 } else { -1e30 }).collect()).unwrap()
}

#[test]
fn placing_is_watched_and_cancelled() {
    let model = short().fit(noise(300, 4, 1)).unwrap();
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
fn generic_code_works_with_maps() {
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
    assert_eq!(through(&short(), noise(60, 4, 1).view(), noise(7, 4, 2).view()), Ok([(60, 2), (7, 2)]));
}
