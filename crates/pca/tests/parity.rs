//! Against scikit-learn 1.9.1 on the digits: `fixtures/golden/make_golden.py`.

use planisphere_core::{Context, Matrix, Threads};
use planisphere_fixtures::{digits, golden_f64, golden_json};
use planisphere_pca::{Error, Pca, PcaModel};

#[track_caller]
fn close<'a>(got: impl IntoIterator<Item = &'a f64>, want: &[f64], tolerance: f64) {
    let got: Vec<f64> = got.into_iter().copied().collect();
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * w.abs().max(1.0), "{i}: {g} is not {w}");
    }
}

fn list(v: &serde_json::Value, key: &str) -> Vec<f64> {
    v[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn components(m: &PcaModel) -> Vec<f64> {
    (0..m.n_components()).flat_map(|j| m.component(j).to_vec()).collect()
}

fn scores(m: &Matrix, rows: usize, cols: usize) -> Vec<f64> {
    (0..rows).flat_map(|i| m.row(i)[..cols].iter().map(|&v| f64::from(v)).collect::<Vec<_>>()).collect()
}

#[test]
fn digits_signs_included() {
    let (x, _) = digits();
    let m = Pca::new(10).fit(&x).unwrap();
    let g = golden_json("pca.json");
    close(m.explained_variance(), &list(&g, "explained_variance"), 1e-9);
    close(m.explained_variance_ratio(), &list(&g, "explained_variance_ratio"), 1e-9);
    close(m.singular_values(), &list(&g, "singular_values"), 1e-9);
    close([m.noise_variance()].iter(), &[g["noise_variance"].as_f64().unwrap()], 1e-9);
    close(&components(&m), &golden_f64("pca_components.npy"), 1e-8);
    close(&scores(m.embedding(), 1797, 2), &golden_f64("pca_scores2.npy"), 1e-4);
    close(&scores(m.embedding(), 100, 10), &golden_f64("pca_scores10.npy"), 1e-4);
}

#[test]
fn more_columns_than_rows() {
    let x = digits().0.select(&(0..40).collect::<Vec<_>>());
    let m = Pca::new(5).fit(&x).unwrap();
    let g = golden_json("pca_wide.json");
    close(m.explained_variance(), &list(&g, "explained_variance"), 1e-9);
    close(m.explained_variance_ratio(), &list(&g, "explained_variance_ratio"), 1e-9);
    close(&components(&m), &golden_f64("pca_wide_components.npy"), 1e-8);
    close(&scores(m.embedding(), 40, 5), &golden_f64("pca_wide_scores.npy"), 1e-4);
}

#[test]
fn transform_inverse_and_whitening() {
    let (x, _) = digits();
    let all = Pca::new(64).fit(&x).unwrap();
    let back = all.inverse_transform(all.embedding()).unwrap();
    for (a, b) in back.data().iter().zip(x.data()) {
        assert!((a - b).abs() < 1e-4);
    }
    let white = Pca::new(5).whiten(true).fit(&x).unwrap();
    for j in 0..5 {
        let var: f64 = (0..x.rows()).map(|i| f64::from(white.embedding().row(i)[j]).powi(2)).sum::<f64>() / 1796.0;
        assert!((var - 1.0).abs() < 1e-5, "{j}: {var}");
    }
    let plain = Pca::new(5).fit(&x).unwrap();
    let (a, b) =
        (white.inverse_transform(white.embedding()).unwrap(), plain.inverse_transform(plain.embedding()).unwrap());
    for (a, b) in a.data().iter().zip(b.data()) {
        assert!((a - b).abs() < 1e-3);
    }
    let one = x.select(&[7]);
    assert_eq!(plain.transform(&one).unwrap().data(), plain.embedding().row(7));
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let (x, _) = digits();
    let fit = |t| Pca::new(3).fit_with(&x, &mut Context::new().threads(Threads::Exactly(t))).unwrap();
    let one = fit(1);
    for t in [2, 3, 8] {
        let other = fit(t);
        assert!(other.embedding() == one.embedding() && components(&other) == components(&one), "{t} threads");
    }
}

#[test]
fn small_constant_and_bad_input() {
    let row = Matrix::from_rows([[1.0, 2.0]]).unwrap();
    let m = Pca::new(1).fit(&row).unwrap();
    assert_eq!(m.embedding().data(), &[0.0]);
    let constant = Matrix::from_vec(5, 3, vec![7.0; 15]).unwrap();
    let m = Pca::new(2).whiten(true).fit(&constant).unwrap();
    assert_eq!(m.embedding().data(), &[0.0; 10]);
    assert_eq!(m.explained_variance_ratio(), &[0.0, 0.0]);
    assert_eq!(m.report().stages.len(), 1);
    assert!(matches!(Pca::new(1).fit(&Matrix::zeros(0, 3)), Err(Error::Empty { .. })));
    assert!(matches!(Pca::new(1).fit(&Matrix::zeros(3, 0)), Err(Error::Empty { .. })));
    for k in [0, 4] {
        let e = Pca::new(k).fit(&constant).unwrap_err();
        assert!(e.to_string().starts_with(&format!("n_components = {k}: must be from 1 to 3")));
    }
    assert!(matches!(m.transform(&row), Err(Error::Columns { expected: 3, got: 2 })));
    assert!(matches!(m.inverse_transform(&constant), Err(Error::Columns { expected: 2, got: 3 })));
    let huge = Matrix::from_rows([[f32::MAX, 0.0], [f32::MIN, 1.0], [0.0, 2.0]]).unwrap();
    let m = Pca::new(2).fit(&huge);
    assert!(m.is_ok() || m == Err(Error::Overflow));
    let mut nan = constant.clone();
    nan.row_mut(2)[1] = f32::NAN;
    assert!(Pca::new(1).fit(&nan).unwrap_err().to_string().starts_with("row 2, column 1 holds NaN"));
}
