//! Against scikit-learn in f64 on real data of thousands of rows, where the folder that `PLANISPHERE_DATA` names holds it:
//! `mnist10k.npy` (10,000 × 784, u8) and `titles20k_minilm_f16.npy` (20,000 × 384).

use planisphere_core::Matrix;
use planisphere_dataset::{NpyBlocks, TableReader};
use planisphere_fixtures::golden_json;
use planisphere_pca::{Pca, PcaModel, Solver};
use serde_json::Value;
use std::path::PathBuf;

#[allow(clippy::print_stderr, reason = "a test that does not run has to say so")]
fn file(name: &str, test: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("PLANISPHERE_DATA") else {
        eprintln!("SKIPPED {test} on {name}: PLANISPHERE_DATA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join(format!("{name}.npy"));
    assert!(path.exists(), "{} is not there", path.display());
    Some(path)
}

fn list(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[track_caller]
fn close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance, "{i}: {g} is not {w}");
    }
}

fn check(m: &PcaModel, x: &Matrix, want: &Value) {
    let k = m.n_components();
    let variances = list(&want["explained_variance"]);
    for (g, w) in m.explained_variance().iter().zip(&variances) {
        assert!((g / w - 1.0).abs() < 1e-6, "{g} {w}");
    }
    for (j, component) in want["components"].as_object().unwrap() {
        let j: usize = j.parse().unwrap();
        if j < k {
            let got: Vec<f64> = m.component(j).iter().step_by(7).copied().collect();
            close(&got, &list(component), 1e-5);
        }
    }
    for (i, scores) in want["scores"].as_array().unwrap().iter().enumerate() {
        let got: Vec<f64> = m.embedding().row(1000 * i).iter().map(|&v| f64::from(v)).collect();
        // In parts of the largest standard deviation.
        close(&got, &list(scores)[..k], 1e-5 * variances[0].sqrt());
    }
    if k == 50 {
        let sum: f64 = m.explained_variance_ratio().iter().sum();
        close(&[sum], &[want["explained_variance_ratio_sum"].as_f64().unwrap()], 1e-7);
        let noise = want["noise_variance"].as_f64().unwrap();
        assert!((m.noise_variance() / noise - 1.0).abs() < 1e-6);
    }
    assert_eq!(m.transform(x).unwrap(), *m.embedding());
}

#[test]
fn equal_to_scikit_learn() {
    for name in ["mnist10k", "titles20k_minilm_f16"] {
        let Some(path) = file(name, "equal_to_scikit_learn") else { continue };
        let x = TableReader::new().read(&path).unwrap().vectors().unwrap().clone();
        let want = &golden_json("pca_large.json")[name];
        assert_eq!(x.rows() as u64, want["rows"].as_u64().unwrap());
        for k in [2, 50] {
            check(&Pca::new(k).fit(&x).unwrap(), &x, want);
        }
        check(&Pca::new(50).solver(Solver::Full).fit(&x).unwrap(), &x, want);
        let whole = Pca::new(50).fit(&x).unwrap();
        let blocks = Pca::new(50).fit_blocks(NpyBlocks::open(&path, 1234).unwrap()).unwrap();
        assert_eq!(blocks.components(), whole.components());

        // Each variance within 10 % of the exact one, all of them together within 2 %.
        let m = Pca::new(50).solver(Solver::randomized()).fit(&x).unwrap();
        let exact = whole.explained_variance();
        for (g, w) in m.explained_variance().iter().zip(exact) {
            assert!((0.9..1.0 + 1e-6).contains(&(g / w)), "{g} {w}");
        }
        assert!(m.explained_variance().iter().sum::<f64>() > 0.98 * exact.iter().sum::<f64>());
    }
}
