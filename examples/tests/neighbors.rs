//! The program `neighbors`: ways to search, indexes that are kept, given distances, and what it refuses.

use planisphere::core::{CounterRng, Matrix};
use planisphere::dataset::{TableReader, write_npy};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_neighbors")).args(args).output().unwrap()
}

fn done(args: &[&str]) {
    let out = run(args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Groups of points on 12 columns.
fn points(folder: &Path, name: &str, n: usize) -> (PathBuf, Matrix) {
    let r = CounterRng::new(3, "points");
    let row = |i: usize| {
        let c = r.at(1, i as u64).below(99, 30);
        (0..12u64).map(move |j| 3.0 * r.at(2, c.into()).normal(j) + r.at(1, i as u64).normal(j)).collect::<Vec<_>>()
    };
    let x = Matrix::from_vec(n, 12, (0..n).flat_map(row).collect()).unwrap();
    let path = folder.join(name);
    write_npy(&path, x.view()).unwrap();
    (path, x)
}

fn ids(folder: &Path, prefix: &str) -> Vec<u8> {
    std::fs::read(folder.join(format!("{prefix}.ids.npy"))).unwrap()
}

fn dists(folder: &Path, prefix: &str) -> Matrix {
    TableReader::new().read(folder.join(format!("{prefix}.dists.npy"))).unwrap().into_parts().vectors.unwrap()
}

#[test]
fn methods_agree_and_tell_the_recall() {
    let f = tempfile::tempdir().unwrap();
    let at = |name: &str| f.path().join(name).to_str().unwrap().to_owned();
    let (x, _) = points(f.path(), "x.npy", 6000);
    let x = x.to_str().unwrap();
    for (name, knn) in [("auto", "auto"), ("exact", "exact"), ("approx", "approx:0.95")] {
        let report = at(&format!("{name}.json"));
        done(&[x, "--k", "10", "--knn", knn, "--quality", "--quiet", "--report", &report, "--out", &at(name)]);
        let report: serde_json::Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
        let recall = report["quality"]["neighbors"]["recall"].as_f64().unwrap();
        assert!(recall > if name == "approx" { 0.93 } else { 0.999 }, "{name}: {recall}");
        assert!(name == "exact" || report["decisions"][0].as_str().unwrap().starts_with("neighbors: "), "{report}");
    }
    assert_eq!(ids(f.path(), "auto"), ids(f.path(), "exact"));
    for threads in ["1", "3"] {
        done(&[x, "--k", "10", "--knn", "approx:0.95", "--threads", threads, "--quiet", "--out", &at("again")]);
        assert_eq!(ids(f.path(), "approx"), ids(f.path(), "again"));
    }
}

#[test]
fn an_index_is_kept_and_asked() {
    let f = tempfile::tempdir().unwrap();
    let at = |name: &str| f.path().join(name).to_str().unwrap().to_owned();
    let (x, all) = points(f.path(), "x.npy", 5000);
    let few = f.path().join("few.npy");
    write_npy(&few, all.view().slice(10, 30)).unwrap();
    for knn in ["exact", "approx"] {
        let index = at(&format!("{knn}.index"));
        done(&[x.to_str().unwrap(), "--knn", knn, "--metric", "cosine", "--k", "5", "--quiet", "--save-index", &index]);
        done(&[&index, "--queries", few.to_str().unwrap(), "--k", "5", "--quiet", "--out", &at("kept")]);
        let metric = ["--metric", "cosine"];
        let made =
            [x.to_str().unwrap(), "--knn", knn, "--queries", few.to_str().unwrap(), "--k", "5", "--quiet", "--out"];
        done(&[&made[..], &[&at("made")], &metric].concat());
        assert_eq!(ids(f.path(), "kept"), ids(f.path(), "made"));
        // Each query is a row of the index, and is found first.
        let d = dists(f.path(), "kept");
        assert_eq!((d.rows(), d.cols()), (20, 5));
        assert!((0..20).all(|i| d.row(i)[0] == 0.0));
        // Its own graph, without a search.
        done(&[&index, "--k", "5", "--quiet", "--out", &at("own")]);
        done(
            &[&[x.to_str().unwrap(), "--knn", knn, "--k", "5", "--quiet", "--out", &at("plain")], &metric[..]].concat(),
        );
        assert_eq!(ids(f.path(), "own"), ids(f.path(), "plain"));
    }
    let mut broken = std::fs::read(f.path().join("approx.index")).unwrap();
    broken.truncate(broken.len() / 2);
    std::fs::write(f.path().join("broken.index"), broken).unwrap();
    let out = run(&[&at("broken.index"), "--queries", few.to_str().unwrap(), "--out", &at("none")]);
    let line = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!((out.status.code(), line.lines().count()), (Some(1), 1), "{line}");
    assert!(line.contains("broken.index"), "{line}");
    assert!(!f.path().join("none.ids.npy").exists());
}

#[test]
fn distances_are_taken_as_they_are() {
    let f = tempfile::tempdir().unwrap();
    let at = |name: &str| f.path().join(name).to_str().unwrap().to_owned();
    let square = Matrix::from_rows([[0.0, 1.0, 5.0], [1.0, 0.0, 2.0], [5.0, 2.0, 0.0]]).unwrap();
    write_npy(f.path().join("d.npy"), square.view()).unwrap();
    done(&[&at("d.npy"), "--precomputed", "--k", "1", "--quiet", "--out", &at("g")]);
    assert_eq!(dists(f.path(), "g").data(), &[1.0, 1.0, 2.0]);
    for (args, code, what) in [
        (vec!["--precomputed", "--metric", "cosine"], 2, "--metric"),
        (vec!["--knn", "fast"], 2, "auto, exact, approx"),
        (vec!["--knn", "approx:2"], 1, "recall = 2"),
        (vec!["--metric", "euclid"], 2, "euclidean"),
        (vec!["--queries", "missing.npy"], 1, "missing.npy"),
    ] {
        let out = run(&[&[&*at("d.npy"), "--k", "1", "--out", &*at("none")], &args[..]].concat());
        let line = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!((out.status.code(), line.lines().count()), (Some(code), 1), "{args:?}: {line}");
        assert!(line.contains(what), "{args:?}: {line}");
    }
}
