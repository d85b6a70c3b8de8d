//! An incremental fit that goes on another day.

use planisphere_core::{CounterRng, Matrix};
use planisphere_pca::{IncrementalFit, IncrementalPca};
use serde_json::{Value, json};

fn batch(b: u64) -> Matrix {
    let draws = CounterRng::new(8, "resume").at(0, b);
    Matrix::from_vec(30, 6, (0..180).map(|i| draws.normal(i) * (1 + i % 6) as f32 + 2.0).collect()).unwrap()
}

fn begun() -> IncrementalFit {
    let mut fit = IncrementalPca::new(3).begin();
    (0..2).for_each(|b| fit.partial_fit(&batch(b)).unwrap());
    fit
}

#[test]
fn goes_on_as_if_it_had_not_stopped() {
    let mut all = IncrementalPca::new(3).all_components().whiten(true).begin();
    all.partial_fit(&batch(0)).unwrap();
    for mut fit in [IncrementalPca::new(3).begin(), begun(), all] {
        let mut back: IncrementalFit = serde_json::from_str(&serde_json::to_string(&fit).unwrap()).unwrap();
        assert_eq!(back, fit);
        for b in 2..4 {
            fit.partial_fit(&batch(b)).unwrap();
            back.partial_fit(&batch(b)).unwrap();
        }
        assert_eq!(back, fit);
        assert_eq!(back.model().unwrap(), fit.model().unwrap());
    }
}

#[test]
fn states_that_no_fit_has_are_refused() {
    let sound = serde_json::to_value(begun()).unwrap();
    let read = |v: Value| serde_json::from_value::<IncrementalFit>(v);
    assert_eq!(read(sound.clone()).unwrap(), begun());
    let state = |key: &str, value: Value| {
        let mut changed = sound.clone();
        changed["state"][key] = value;
        changed
    };
    let entry = |key: &str, at: usize, value: f64| {
        let mut changed = sound.clone();
        changed["state"][key][at] = json!(value);
        changed
    };
    let mut other_number = sound.clone();
    other_number["params"]["n_components"] = json!(2);
    for (changed, reason) in [
        (state("rows", json!(0)), "3 components of 0 rows"),
        (state("rows", json!(2)), "3 components of 2 rows"),
        (state("mean", json!([])), "3 components of 60 rows and 0 columns"),
        (state("mean", json!([1.0, 2.0])), "3 components of 60 rows and 2 columns"),
        (state("mean", json!([1.0, 2.0, 3.0])), "18 values in 3 components of 3 columns"),
        (state("components", json!([])), "0 values in 3 components of 6 columns"),
        (state("components", json!([0.5; 18].as_slice())), "a component of squared length 1.5"),
        (state("components", json!([1e200; 18].as_slice())), "a component of squared length inf"),
        (state("singular_values", json!([])), "0 components of 60 rows"),
        (state("singular_values", json!([4.0, 3.0, 2.0, 1.0])), "18 values in 4 components"),
        (state("singular_values", json!([2.0, 3.0, 1.0])), "do not descend"),
        (state("singular_values", json!([1e200, 1.0, 1.0])), "negative or not finite"),
        (entry("singular_values", 2, -1.0), "negative or not finite"),
        (state("squares", json!(-1.0)), "negative or not finite"),
        (state("noise_variance", json!(-1e-9)), "negative or not finite"),
        (other_number, "3 components where 2 are asked for"),
    ] {
        let e = read(changed).unwrap_err().to_string();
        assert!(e.contains(reason), "{e:?} does not tell {reason:?}");
    }
    // What is cut off.
    let text = sound.to_string();
    for cut in [0, text.len() / 2, text.len() - 1] {
        assert!(serde_json::from_str::<IncrementalFit>(&text[..cut]).is_err());
    }
}
