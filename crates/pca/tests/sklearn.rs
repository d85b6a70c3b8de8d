//! Against scikit-learn 1.9.1 on the digits: `fixtures/golden/make_pca.py`.

use planisphere_core::{Matrix, MatrixView};
use planisphere_fixtures::{digits, golden_f64, golden_json};
use planisphere_pca::{Components, IncrementalPca, Pca, PcaModel, Precision, Solver};
use serde_json::Value;

#[track_caller]
fn close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * w.abs().max(1.0), "{i}: {g} is not {w}");
    }
}

fn list(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn flat(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().flat_map(list).collect()
}

fn scores(m: MatrixView<'_>, rows: usize) -> Vec<f64> {
    m.slice(0, rows).data().iter().map(|&v| f64::from(v)).collect()
}

/// The digits without their three columns that are constant 0.
fn varying() -> Matrix {
    let (x, _) = digits();
    let keep: Vec<usize> = (0..64).filter(|&j| (0..x.rows()).any(|i| x.row(i)[j] != x.row(0)[j])).collect();
    Matrix::from_rows((0..x.rows()).map(|i| keep.iter().map(|&j| x.row(i)[j]).collect::<Vec<f32>>())).unwrap()
}

#[test]
fn minka_on_digits_and_shares_of_the_variance() {
    let g = golden_json("pca_more.json");
    for solver in [Solver::CovarianceEigh, Solver::Full] {
        let m = Pca::new(Components::Mle).solver(solver).fit(&varying()).unwrap();
        assert_eq!(m.n_components() as u64, g["mle"].as_u64().unwrap());
        for (share, n) in g["variance"].as_object().unwrap() {
            let m = Pca::new(Components::Variance(share.parse().unwrap())).solver(solver).fit(&digits().0).unwrap();
            assert_eq!(m.n_components() as u64, n.as_u64().unwrap(), "{share}");
        }
    }
    assert_eq!(Pca::new(Components::Variance(1.0)).fit(&varying()).unwrap().n_components(), 61);
    assert_eq!(Pca::new(Components::All).fit(&digits().0).unwrap().n_components(), 64);
}

#[test]
fn whitened_scores() {
    let want = flat(&golden_json("pca_more.json")["white_scores"]);
    for solver in [Solver::CovarianceEigh, Solver::Full] {
        let m = Pca::new(6).whiten(true).solver(solver).fit(&digits().0).unwrap();
        close(&scores(m.embedding().view(), 10), &want, 1e-5);
    }
}

fn check_density(m: &PcaModel, x: &Matrix, want: &Value) {
    assert_eq!(m.n_components() as u64, want["n_components"].as_u64().unwrap());
    let d = x.cols();
    close(&[m.noise_variance()], &[want["noise_variance"].as_f64().unwrap()], 1e-9);
    close(&[m.score(x).unwrap()], &[want["score"].as_f64().unwrap()], 1e-8);
    let some = m.score_samples(x.view().slice(0, 30)).unwrap();
    close(&some, &list(&want["score_samples"]), 1e-8);
    // A row's likelihood depends on that row alone.
    assert_eq!(m.score_samples(x.view().slice(7, 8)).unwrap(), some[7..8]);
    close(&m.covariance()[20 * d..21 * d], &list(&want["covariance_row"]), 1e-9);
    close(&m.precision().unwrap()[20 * d..21 * d], &list(&want["precision_row"]), 1e-8);
}

#[test]
fn likelihood_covariance_and_precision() {
    let g = golden_json("pca_more.json");
    let (x, _) = digits();
    for solver in [Solver::CovarianceEigh, Solver::Full] {
        check_density(&Pca::new(10).solver(solver).fit(&x).unwrap(), &x, &g["density"]);
        check_density(&Pca::new(10).whiten(true).solver(solver).fit(&x).unwrap(), &x, &g["density"]);
        let x = varying();
        check_density(&Pca::new(61).solver(solver).fit(&x).unwrap(), &x, &g["density_all"]);
    }
}

fn check_incremental(m: &PcaModel, want: &Value, name: &str) {
    close(m.mean(), &list(&want["mean"]), 1e-12);
    close(m.explained_variance(), &list(&want["explained_variance"]), 1e-9);
    close(m.explained_variance_ratio(), &list(&want["explained_variance_ratio"]), 1e-9);
    close(m.singular_values(), &list(&want["singular_values"]), 1e-9);
    close(&[m.noise_variance()], &[want["noise_variance"].as_f64().unwrap()], 1e-9);
    close(m.components(), &golden_f64(&format!("{name}_components.npy")), 1e-8);
    assert_eq!(m.n_rows() as u64, want["n"].as_u64().unwrap());
}

#[test]
fn incremental() {
    let g = golden_json("pca_more.json");
    let (x, _) = digits();
    let pca = IncrementalPca::new(10).batch_size(200);
    let m = pca.fit(&x).unwrap();
    check_incremental(&m, &g["incremental"], "pca_incremental");
    close(&scores(m.embedding().view(), 5), &flat(&g["incremental"]["scores"]), 1e-5);

    // The same by hand.
    let mut fit = pca.begin();
    for from in (0..1797).step_by(200) {
        fit.partial_fit(x.view().slice(from, (from + 200).min(1797))).unwrap();
    }
    let by_hand = fit.model().unwrap();
    assert_eq!(by_hand.components(), m.components());
    assert_eq!(by_hand.embedding().rows(), 0);
    assert_eq!(&fit.transform(&x).unwrap(), m.embedding());

    // The last batch, of five rows, would have fewer than there are components: it joins the one before.
    let some = x.view().slice(0, 205);
    let m = IncrementalPca::new(7).batch_size(50).whiten(true).fit(some).unwrap();
    check_incremental(&m, &g["incremental_white"], "pca_incremental_white");
    close(&scores(m.embedding().view(), 5), &flat(&g["incremental_white"]["scores"]), 1e-5);
}

/// The solvers know nothing of each other.
#[test]
fn solvers_agree() {
    let (x, _) = digits();
    let wide = x.select(&(0..40).collect::<Vec<_>>());
    let square = x.select(&(0..64).collect::<Vec<_>>());
    for x in [x, wide, square] {
        let full = Pca::new(10).solver(Solver::Full).fit(&x).unwrap();
        let more = Solver::Randomized { n_oversamples: 20, iterated_power: Some(30) };
        // The randomized one multiplies in f32 where the covariance costs more.
        for (solver, tolerance) in [(Solver::CovarianceEigh, 1e-9), (more, 1e-7)] {
            let m = Pca::new(10).solver(solver).fit(&x).unwrap();
            close(m.explained_variance(), full.explained_variance(), tolerance);
            close(m.explained_variance_ratio(), full.explained_variance_ratio(), tolerance);
            close(&[m.noise_variance()], &[full.noise_variance()], tolerance);
            close(m.components(), full.components(), 100.0 * tolerance);
            close(&scores(m.embedding().view(), 20), &scores(full.embedding().view(), 20), 1e-4);
        }
        let double = Pca::new(10).solver(Solver::CovarianceEigh).precision(Precision::Double).fit(&x).unwrap();
        close(double.components(), full.components(), 1e-8);
    }
}
