//! Against umap-learn 0.5.12 on the digits, given the same exact neighbors: `fixtures/golden/make_golden.py`.

use planisphere_core::{CancelToken, KnnGraph};
use planisphere_fixtures::{digits_graph, golden_f32, golden_i32, golden_json, path};
use planisphere_umap::graph::{fuzzy_graph, smooth_knn};
use planisphere_umap::{find_ab, laplacian_eigenvectors};

#[test]
fn curve() {
    let text = std::fs::read_to_string(path("golden/ab.csv")).unwrap();
    let mut n = 0;
    for line in text.lines().skip(1) {
        let v: Vec<f64> = line.split(',').map(|x| x.parse().unwrap()).collect();
        let (a, b) = find_ab(v[0], v[1]).unwrap();
        assert!((a - v[2]).abs() < 1e-3 * v[2].max(1.0) && (b - v[3]).abs() < 1e-3, "{line}: {a} {b}");
        n += 1;
    }
    assert!(n >= 30);
}

#[track_caller]
fn relatively_close(got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * w.abs().max(1e-30), "{i}: {g} is not {w}");
    }
}

#[test]
fn smooth_distances_of_the_digits() {
    let graph = digits_graph();
    for lc in ["0.0", "1.0", "1.5", "2.0"] {
        let s = smooth_knn(&graph, lc.parse().unwrap(), 1.0).unwrap();
        relatively_close(&s.rho, &golden_f32(&format!("smooth_lc{lc}_rhos.npy")), 1e-6);
        relatively_close(&s.sigma, &golden_f32(&format!("smooth_lc{lc}_sigmas.npy")), 1e-4);
    }
}

#[test]
fn smooth_distances_of_awkward_rows() {
    let cases = golden_json("smooth_cases.json");
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 10);
    for case in cases {
        let list = |v: &serde_json::Value| -> Vec<f32> {
            v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
        };
        let rows: Vec<Vec<f32>> = case["distances"].as_array().unwrap().iter().map(list).collect();
        let k = rows[0].len() - 1;
        // The ids play no part; they only have to keep the rules of a graph.
        let n = rows.len().max(k + 1);
        let (mut ids, mut dists) = (vec![], vec![]);
        for i in 0..n {
            ids.extend((0..n as u32).filter(|&j| j as usize != i).take(k));
            match rows.get(i) {
                Some(r) => dists.extend_from_slice(&r[1..]),
                None => continue,
            }
        }
        // Rows that only fill up the graph would change the mean of all distances; cases where that matters have enough.
        let mean = dists.iter().sum::<f32>() / (rows.len() * (k + 1)) as f32;
        for _ in rows.len()..n {
            dists.extend(vec![mean * (k + 1) as f32 / k as f32; k]);
        }
        let graph = KnnGraph::new(n, k, ids, dists).unwrap();
        let bandwidth = case["bandwidth"].as_f64().unwrap();
        let s = smooth_knn(&graph, case["local_connectivity"].as_f64().unwrap(), bandwidth).unwrap();
        let (rho, sigma) = (list(&case["rhos"]), list(&case["sigmas"]));
        for i in 0..rows.len() {
            let name = case["name"].as_str().unwrap();
            assert!((s.rho[i] - rho[i]).abs() <= 1e-6 * rho[i], "{name}, row {i}: rho {} is not {}", s.rho[i], rho[i]);
            let e = (s.sigma[i] - sigma[i]).abs() / sigma[i];
            assert!(e <= 1e-4, "{name}, row {i}: sigma {} is not {}", s.sigma[i], sigma[i]);
        }
    }
}

#[test]
fn fuzzy_graph_of_the_digits() {
    let graph = digits_graph();
    let facts = golden_json("fuzzy.json");
    for mix in ["1.0", "0.5", "0.0"] {
        let g = fuzzy_graph(&graph, 1.0, mix.parse().unwrap()).unwrap();
        let f = &facts[mix];
        assert_eq!(g.nnz() as u64, f["nnz"].as_u64().unwrap(), "mix {mix}");
        let sum: f64 = g.data().iter().map(|&w| f64::from(w)).sum();
        assert!((sum / f["sum"].as_f64().unwrap() - 1.0).abs() < 1e-5, "mix {mix}: {sum}");
        let rows = golden_i32(&format!("fuzzy_mix{mix}_rows.npy"));
        let cols = golden_i32(&format!("fuzzy_mix{mix}_cols.npy"));
        let weights = golden_f32(&format!("fuzzy_mix{mix}_weights.npy"));
        let stored = f["stored_rows"].as_u64().unwrap() as usize;
        let mut at = 0;
        for i in 0..stored {
            let (ids, w) = g.row(i);
            for (id, w) in ids.iter().zip(w) {
                assert_eq!((rows[at] as usize, cols[at] as u32), (i, *id), "mix {mix}");
                assert!((w - weights[at]).abs() < 1e-4, "mix {mix}, {i} to {id}: {w} is not {}", weights[at]);
                at += 1;
            }
        }
        assert_eq!(at, weights.len());
    }
}

#[test]
fn laplacian_of_the_digits() {
    let g = fuzzy_graph(&digits_graph(), 1.0, 1.0).unwrap();
    let facts = golden_json("spectral.json");
    let found = laplacian_eigenvectors(&g, 4, 42, &CancelToken::new()).unwrap();
    assert!(found.converged);
    for (got, want) in found.values.iter().zip(facts["eigenvalues"].as_array().unwrap()) {
        let want = want.as_f64().unwrap();
        assert!((got - want).abs() < 1e-5, "{got} is not {want}");
    }
    // Stored row-major, n × 2.
    let want = golden_f32("spectral_vectors.npy");
    for c in 0..2 {
        let dot: f64 = found.vectors[c].iter().enumerate().map(|(i, v)| v * f64::from(want[2 * i + c])).sum();
        assert!(dot.abs() > 0.9999, "vector {c}: {dot}");
    }
}
