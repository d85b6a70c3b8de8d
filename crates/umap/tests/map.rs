//! Whole maps: the same bytes everywhere, as good as the reference's, and defined for every input.

use planisphere_core::{CancelToken, Context, CounterRng, Event, KnnGraph, Matrix, Stage, Threads, Warning};
use planisphere_fixtures::{digits, golden_json};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_knn::{Exact, Metric, quality};
use planisphere_umap::{Error, Init, Umap};
use std::ops::ControlFlow;

fn noise(n: usize, d: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "map test").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64)).collect()).unwrap()
}

fn bits(m: &Matrix) -> Vec<u32> {
    m.data().iter().map(|v| v.to_bits()).collect()
}

#[test]
fn same_bytes_for_any_threads_and_level() {
    let x = digits().0.select(&(0..700).collect::<Vec<_>>());
    for (dim, init) in [(2, Init::Spectral), (3, Init::Random), (2, Init::Pca)] {
        let umap = Umap::new().n_components(dim).init(init).n_epochs(60);
        let map = |t| umap.fit_with(&x, &mut Context::new().threads(Threads::Exactly(t))).unwrap();
        let one = map(1);
        for t in [2, 3, 8] {
            let other = map(t);
            assert!(bits(other.embedding()) == bits(one.embedding()), "{t} threads");
            assert!(other.graph() == one.graph());
        }
    }
    // From given positions no library's eigenvectors play a part, and the SIMD level changes nothing either.
    let umap = Umap::new().init(Init::Given(noise(700, 2, 1))).n_epochs(60);
    let want = bits(umap.fit(&x).unwrap().embedding());
    for level in Simd::available() {
        Simd::limit(level.level());
        let got = bits(umap.fit(&x).unwrap().embedding());
        Simd::limit(SimdLevel::Avx512);
        assert!(got == want, "{level:?}");
    }
    let other = umap.seed(43).fit(&x).unwrap();
    assert!(bits(other.embedding()) != want, "the seed must matter");
}

/// Leave-one-out accuracy of the `k` nearest neighbors on the map `y`.
fn knn_accuracy(y: &Matrix, labels: &[String], k: usize) -> f64 {
    let labels: Vec<Option<&str>> = labels.iter().map(|l| Some(l.as_str())).collect();
    quality::label_accuracy(&Exact::new(k).fit(y).unwrap(), &labels).unwrap()
}

#[test]
fn as_good_as_the_reference_on_digits() {
    let (x, labels) = digits();
    let reference = golden_json("quality.json");
    let want = |key: &str| reference["umap_mean"][key].as_f64().unwrap();
    let (mut trust, mut accuracy) = (0.0, 0.0);
    for seed in 1..=3 {
        let model = Umap::new().seed(seed).fit(&x).unwrap();
        let all = usize::MAX;
        trust += quality::trustworthiness(&x, model.embedding(), 15, Metric::Euclidean, all, 0).unwrap() / 3.0;
        accuracy += knn_accuracy(model.embedding(), &labels, 15) / 3.0;
    }
    assert!(trust > want("trustworthiness") - 0.01, "trustworthiness {trust}");
    assert!(accuracy > want("knn_accuracy") - 0.01, "15-NN accuracy {accuracy}");
}

#[test]
fn one_to_five_rows() {
    for n in 1..=5 {
        let x = noise(n, 4, 3);
        for dim in [1, 2, 3] {
            let m = Umap::new().n_components(dim).fit(&x).unwrap();
            assert_eq!((m.embedding().rows(), m.embedding().cols()), (n, dim));
            assert!(m.embedding().data().iter().all(|v| v.is_finite()));
            let clamped = Warning::ClampedNeighbors { requested: 15, used: n };
            assert_eq!(m.report().warnings.contains(&clamped), n > 1);
        }
    }
    assert_eq!(Umap::new().fit(noise(1, 4, 3)).unwrap().embedding().data(), &[0.0, 0.0]);
    assert_eq!(Umap::new().fit(Matrix::zeros(0, 4)), Err(Error::NoRows));
}

#[test]
fn duplicates_constants_and_islands() {
    let equal = Matrix::from_vec(200, 3, vec![0.5; 600]).unwrap();
    let m = Umap::new().n_epochs(50).fit(&equal).unwrap();
    assert!(m.embedding().data().iter().all(|v| v.is_finite()));
    assert!(m.report().warnings.contains(&Warning::AllEqual { rows: 200 }));

    let cosine = Umap::new().metric(Metric::Cosine).n_epochs(50).fit(Matrix::zeros(40, 3)).unwrap();
    assert!(cosine.embedding().data().iter().all(|v| v.is_finite()));

    // Twelve islands far apart, one of them a single pair of duplicates.
    let mut x = noise(400, 5, 7);
    for i in 0..400 {
        x.row_mut(i)[0] += 1000.0 * (i % 12) as f32;
    }
    let m = Umap::new().fit(&x).unwrap();
    assert!(m.report().warnings.contains(&Warning::Disconnected { components: 12 }));
    let labels: Vec<String> = (0..400).map(|i| (i % 12).to_string()).collect();
    assert!(knn_accuracy(m.embedding(), &labels, 5) > 0.99);
    // The same without knowing the vectors: on a spiral.
    let graph = Exact::new(14).fit(&x).unwrap();
    let m = Umap::new().fit_graph(&graph).unwrap();
    assert!(knn_accuracy(m.embedding(), &labels, 5) > 0.99);
}

#[test]
fn parameters_are_checked_by_name_and_value() {
    let x = noise(20, 3, 1);
    for (umap, text) in [
        (Umap::new().n_neighbors(1), "n_neighbors = 1: must be at least 2"),
        (Umap::new().n_components(0), "n_components = 0: must be from 1 to 256"),
        (Umap::new().n_components(257), "n_components = 257"),
        (Umap::new().min_dist(-0.1), "min_dist = -0.1"),
        (Umap::new().min_dist(1.5), "min_dist = 1.5: must not be above spread = 1"),
        (Umap::new().min_dist(f64::NAN), "min_dist = NaN"),
        (Umap::new().spread(0.0), "spread = 0"),
        (Umap::new().learning_rate(f32::INFINITY), "learning_rate = inf"),
        (Umap::new().set_op_mix_ratio(1.1), "set_op_mix_ratio = 1.1: must be from 0 to 1"),
        (Umap::new().local_connectivity(-1.0), "local_connectivity = -1"),
        (Umap::new().repulsion_strength(-1.0), "repulsion_strength = -1"),
        (Umap::new().negative_sample_rate(5000), "negative_sample_rate = 5000"),
        (Umap::new().n_epochs(2_000_000), "n_epochs = 2000000"),
        (Umap::new().ab(-1.0, 1.0), "a = -1"),
        (Umap::new().init(Init::Given(noise(20, 3, 1))), "the initial positions are 20 × 3, they should be 20 × 2"),
    ] {
        let e = umap.fit(&x).unwrap_err().to_string();
        assert!(e.starts_with(text), "{e}");
    }
    let graph = Exact::new(5).fit(&x).unwrap();
    let e = Umap::new().init(Init::Pca).fit_graph(&graph).unwrap_err();
    assert!(e.to_string().starts_with("init = pca needs the vectors"));
    let mut bad = x.clone();
    bad.row_mut(4)[2] = f32::INFINITY;
    assert!(Umap::new().fit(&bad).unwrap_err().to_string().starts_with("row 4, column 2 holds inf"));
}

#[test]
fn negative_distances_are_an_error() {
    let graph = KnnGraph::new(3, 1, vec![1, 0, 1], vec![0.5, 0.5, -0.25]).unwrap();
    let want = Error::NegativeDistance { row: 2, neighbor: 1, value: -0.25 };
    assert_eq!(Umap::new().fit_graph(&graph), Err(want));
    let long = Matrix::from_rows([[3.0, 0.0], [2.0, 0.0], [0.0, 5.0]]).unwrap();
    let e = Umap::new().metric(Metric::Dot).fit(&long);
    assert_eq!(e, Err(Error::NegativeDistance { row: 0, neighbor: 1, value: -5.0 }));
}

#[test]
fn extreme_parameters_end_finite_or_in_an_error() {
    let x = noise(60, 3, 1);
    for umap in [
        Umap::new().learning_rate(1e30),
        Umap::new().repulsion_strength(1e30),
        Umap::new().ab(1e6, 20.0),
        Umap::new().ab(1e-6, 1e-6),
        Umap::new().spread(1e6),
        Umap::new().spread(1e-6).min_dist(0.0),
        Umap::new().negative_sample_rate(0),
        Umap::new().local_connectivity(1e9),
        Umap::new().set_op_mix_ratio(0.0),
        Umap::new().n_epochs(0),
        Umap::new().n_components(40),
    ] {
        match umap.fit(&x) {
            Ok(m) => assert!(m.embedding().data().iter().all(|v| v.is_finite()), "{umap:?}"),
            Err(Error::Diverged { .. } | Error::NoCurve { .. }) => {}
            Err(e) => panic!("{umap:?}: {e}"),
        }
    }
}

#[test]
fn a_run_is_watched_and_cancelled() {
    let x = noise(300, 4, 1);
    let (mut epochs, mut stages) = (0, vec![]);
    let mut watch = |e: &Event<'_>| {
        match e {
            Event::Epoch { epoch, total, embedding } => {
                assert_eq!((*total, embedding.rows()), (30, 300));
                epochs = *epoch;
            }
            Event::StageStarted { stage, .. } => stages.push(*stage),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let m = Umap::new().n_epochs(30).fit_with(&x, &mut Context::new().observer(&mut watch)).unwrap();
    assert_eq!(epochs, 30);
    assert_eq!(stages, [Stage::Neighbors, Stage::Graph, Stage::Init, Stage::Layout]);
    assert_eq!(m.report().stages.len(), 4);

    let mut stop = |e: &Event<'_>| match e {
        Event::Epoch { epoch: 5, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let r = Umap::new().n_epochs(30).fit_with(&x, &mut Context::new().observer(&mut stop));
    assert!(matches!(r, Err(Error::Cancelled(_))));
    let token = CancelToken::new();
    token.cancel();
    assert!(matches!(Umap::new().fit_with(&x, &mut Context::new().cancel(&token)), Err(Error::Cancelled(_))));
}
