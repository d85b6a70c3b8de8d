//! Spectral starts.
#![cfg(feature = "knn")]

use planisphere_core::{Context, CounterRng, Matrix, Threads, Warning};
use planisphere_fixtures::digits;
use planisphere_tsne::{Affinity, Init, Symmetrize, Tsne};

fn noise(n: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "spectral test").at(0, 0);
    Matrix::from_vec(n, 4, (0..n * 4).map(|i| r.normal(i as u64)).collect()).unwrap()
}

/// Only the start.
fn start() -> Tsne {
    Tsne::new().init(Init::Spectral).early_exaggeration_iter(0).n_iter(0)
}

#[test]
fn coordinates_are_eigenvectors_of_the_walk() {
    let (x, _) = digits();
    let model = start().fit(&x).unwrap();
    let (y, p) = (model.embedding(), model.affinities().matrix());
    for c in 0..2 {
        // One step of the walk scales an eigenvector by its eigenvalue.
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let degrees: Vec<f64> = (0..y.rows()).map(|i| p.row(i).1.iter().map(|&w| f64::from(w)).sum()).collect();
        let center: f64 =
            (0..y.rows()).map(|i| degrees[i] * f64::from(y.row(i)[c])).sum::<f64>() / degrees.iter().sum::<f64>();
        for (i, degree) in degrees.iter().enumerate() {
            let (ids, weights) = p.row(i);
            let step: f64 =
                ids.iter().zip(weights).map(|(&j, &w)| f64::from(w) * (f64::from(y.row(j as usize)[c]) - center)).sum();
            before.push(f64::from(y.row(i)[c]) - center);
            after.push(step / degree);
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).zip(&degrees).map(|((a, b), d)| a * b * d).sum::<f64>();
        let cosine = dot(&before, &after) / (dot(&before, &before) * dot(&after, &after)).sqrt();
        assert!(cosine > 0.99, "coordinate {c}: {cosine}");
        // The slowest of all: little is lost in a step.
        assert!(dot(&before, &after) / dot(&before, &before) > 0.9);
    }
    let column = || (0..y.rows()).map(|i| f64::from(y.row(i)[0]));
    let mean = column().sum::<f64>() / y.rows() as f64;
    let deviation = (column().map(|v| (v - mean).powi(2)).sum::<f64>() / y.rows() as f64).sqrt();
    assert!((deviation / 1e-4 - 1.0).abs() < 0.01, "{deviation}");
}

#[test]
fn same_bytes_on_any_threads() {
    let x = noise(3000, 1);
    let on = |t| start().fit_with(&x, &mut Context::new().threads(Threads::Exactly(t))).unwrap().into_embedding();
    let want = on(1);
    for t in [2, 3, 8] {
        assert!(on(t) == want, "{t} threads");
    }
}

#[test]
fn few_rows_pieces_and_one_way_affinities_have_a_start() {
    for n in 1..=6 {
        for dim in 1..=3 {
            let y = start().n_components(dim).n_iter(20).fit(noise(n, 2)).unwrap().into_embedding();
            assert!((y.rows(), y.cols()) == (n, dim) && y.data().iter().all(|v| v.is_finite()), "{n} rows, {dim}-D");
        }
    }
    let mut apart = noise(400, 3);
    (0..200).for_each(|i| apart.row_mut(i)[0] += 1e4);
    let model = start().perplexity(10.0).fit(&apart).unwrap();
    assert!(
        model.report().warnings.contains(&Warning::Disconnected { components: 2 }),
        "{:?}",
        model.report().warnings
    );
    let uniform = Affinity::Uniform { n_neighbors: 10, symmetrize: Symmetrize::None };
    let y = start().affinity(uniform).fit(noise(300, 4)).unwrap().into_embedding();
    assert!(y.data().iter().all(|v| v.is_finite()));
    // A graph alone has no principal components.
    let graph = planisphere_knn::Exact::new(20).fit(&noise(200, 5)).unwrap();
    let model = Tsne::new().perplexity(6.0).n_iter(10).fit_graph(&graph).unwrap();
    assert!(matches!(model.report().warnings[0], Warning::Fallback { .. }), "{:?}", model.report().warnings);
}
