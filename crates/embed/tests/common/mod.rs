//! What the tests share: fixtures, and how far vectors may differ.
#![allow(dead_code, reason = "every test file uses its part")]

use planisphere_core::Matrix;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A file or folder under `fixtures/`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// A JSON file.
pub(crate) fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A list of strings.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect()
}

/// Fails where a vector is further than `most` from the golden one in any coordinate.
pub(crate) fn assert_close(got: &Matrix, golden: &Value, most: f64) {
    let golden = golden.as_array().unwrap();
    assert_eq!(got.rows(), golden.len());
    for (i, row) in golden.iter().enumerate() {
        let row = row.as_array().unwrap();
        assert_eq!(got.cols(), row.len());
        for (j, (x, y)) in got.row(i).iter().zip(row).enumerate() {
            let (x, y) = (f64::from(*x), y.as_f64().unwrap());
            assert!((x - y).abs() <= most, "text {i}, dimension {j}: {x} where {y} is expected");
        }
    }
}
