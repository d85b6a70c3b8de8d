//! `map --method tsne`: that the flags arrive, and what the report and stderr tell.

use planisphere::core::Matrix;
use planisphere::dataset::TableReader;
use planisphere::pca::Pca;
use planisphere::tsne::{Init, Repulsion, Tsne};
use planisphere::umap::Umap;
use std::path::Path;
use std::process::Command;

fn digits() -> Matrix {
    planisphere_fixtures::digits().0
}

/// The positions and the report of `map digits.csv` with these flags, and what it said.
fn map(folder: &Path, flags: &[&str]) -> (Matrix, serde_json::Value, String) {
    let (npy, report) = (folder.join("m.npy"), folder.join("r.json"));
    let out = Command::new(env!("CARGO_BIN_EXE_map"))
        .arg(planisphere_fixtures::path("digits.csv"))
        .args(["--out", npy.to_str().unwrap(), "--report", report.to_str().unwrap()])
        .args(flags)
        .output()
        .unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{flags:?}: {said}");
    let y = TableReader::new().read(&npy).unwrap().vectors().unwrap().clone();
    (y, serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap(), said)
}

#[test]
fn flags_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let few = Tsne::new().early_exaggeration_iter(10).n_iter(20);
    let x = digits();
    for (flags, tsne) in [
        ("", few.clone()),
        (
            "--perplexity 5 --seed 7 --metric cosine",
            few.clone().perplexity(5.0).seed(7).metric("cosine".parse().unwrap()),
        ),
        (
            "--early-exaggeration 4 --exaggeration 2 --dof 0.8",
            few.clone().early_exaggeration(4.0).exaggeration(2.0).dof(0.8),
        ),
        ("--tsne-learning-rate 50 --init random", few.clone().learning_rate(50.0).init(Init::Random)),
        (
            "--repulsion barnes-hut --theta 0.3 --n-components 3",
            few.clone().repulsion(Repulsion::BarnesHut { theta: 0.3 }).n_components(3),
        ),
        ("--repulsion exact", few.clone().repulsion(Repulsion::Exact)),
        ("--repulsion fft", few.clone().repulsion(Repulsion::FFT)),
    ] {
        let flags: Vec<&str> = "--method tsne --quiet --early-exaggeration-iter 10 --n-iter 20"
            .split_whitespace()
            .chain(flags.split_whitespace())
            .collect();
        let (y, report, said) = map(folder.path(), &flags);
        let model = tsne.fit(&x).unwrap();
        assert_eq!(&y, model.embedding(), "{flags:?}");
        assert_eq!(report["results"]["tsne"]["kl_divergence"].as_f64(), Some(model.divergence()), "{flags:?}");
        assert_eq!(said, "", "{flags:?}");
    }
}

#[test]
fn the_report_tells_the_divergence_and_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let tsne = ["--method", "tsne", "--quality", "--early-exaggeration-iter", "10", "--n-iter", "10"];
    let mut divergences = Vec::new();
    for (repulsion, is) in [("exact", "exact"), ("barnes-hut", "estimated"), ("fft", "estimated")] {
        let (_, report, said) = map(folder.path(), &[&tsne[..], &["--repulsion", repulsion]].concat());
        let told = &report["results"]["tsne"];
        assert_eq!((&told["repulsion"], &told["kl_divergence_is"]), (&repulsion.into(), &is.into()));
        let kl = told["kl_divergence"].as_f64().unwrap();
        assert!(said.contains(&format!("KL divergence {kl:.4} ({is})")), "{said}");
        assert_eq!(report["parameters"]["repulsion"], repulsion);
        divergences.push(kl);
    }
    // All estimate the same number.
    assert!(divergences.iter().all(|d| (d / divergences[0] - 1.0).abs() < 0.02), "{divergences:?}");

    let (_, report, said) = map(folder.path(), &["--method", "pca", "--quality"]);
    assert!(report.get("results").is_none() && !said.contains("KL"), "{report} {said}");
    let parameters = report["parameters"].as_object().unwrap();
    assert!(!parameters.contains_key("perplexity") && !parameters.contains_key("min_dist"));
}

#[test]
fn components_stand_in_for_the_vectors_if_there_are_fewer() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let x = digits();
    let first = Pca::new(10).fit(&x).unwrap().into_embedding();
    let short = ["--quiet", "--method", "tsne", "--n-iter", "10", "--early-exaggeration-iter", "5"];
    let tsne = Tsne::new().n_iter(10).early_exaggeration_iter(5);
    let (y, report, _) = map(at, &[&short[..], &["--pca", "10"]].concat());
    assert_eq!(&y, tsne.fit(&first).unwrap().embedding());
    assert_eq!((&report["parameters"]["pca"], &report["d"]), (&10.into(), &64.into()));
    let (y, report, _) = map(at, &[&short[..], &["--pca", "64"]].concat());
    assert_eq!(&y, tsne.fit(&x).unwrap().embedding());
    assert!(report["decisions"].to_string().contains("dimensions: all"), "{report}");
    let (y, _, _) = map(at, &["--quiet", "--pca", "10", "--n-epochs", "5"]);
    assert_eq!(&y, Umap::new().n_epochs(5).fit(&first).unwrap().embedding());
}
