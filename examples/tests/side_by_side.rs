//! Several methods: one page and one figure with all maps, one file a method for positions; flags of methods that are not
//! asked for.

use planisphere::viz_spec::Figure;
use std::path::Path;
use std::process::{Command, Output};

fn map(folder: &Path, more: &[&str]) -> Output {
    let input = planisphere_fixtures::path("messages.csv");
    let mut command = Command::new(env!("CARGO_BIN_EXE_map"));
    command.current_dir(folder).arg(input).args(["--text", "text", "--label", "label", "--quiet"]);
    command.args(more).output().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn several_methods_are_one_page_and_one_figure() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let methods = ["--method", "pca", "--method", "umap", "--method", "pca", "--n-epochs", "20"];
    let outs = ["--out", "m.html", "--out", "m.json", "--out", "m.csv", "--out", "m.npy"];
    let out = map(at, &[&methods[..], &outs[..]].concat());
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(names(at), ["m.html", "m.json", "m.pca.csv", "m.pca.npy", "m.umap.csv", "m.umap.npy"]);

    let json = std::fs::read_to_string(at.join("m.json")).unwrap();
    let figure = Figure::from_json(&json).unwrap();
    let headings: Vec<_> = figure.layout.annotations.iter().flatten().map(|a| a.text.as_deref().unwrap()).collect();
    assert_eq!(headings, ["PCA", "UMAP"]);
    // Two maps of 600 points each, of twelve topics and of none.
    assert_eq!(figure.data.len(), 26);
    assert_eq!(figure.data.iter().map(|t| t.customdata().len()).sum::<usize>(), 1200);
    // The page has it as its only figure.
    let html = std::fs::read_to_string(at.join("m.html")).unwrap();
    let start = html.find("id=\"figures\">").unwrap() + "id=\"figures\">".len();
    let data = &html[start..start + html[start..].find("</script>").unwrap()];
    let figures: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(figures.as_array().unwrap().len(), 1);
    assert_eq!(figures[0]["figure"]["data"].as_array().unwrap().len(), 26);
}

#[test]
fn flags_of_methods_that_are_not_asked_for_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pca = |more: &[&str]| map(folder.path(), &[&["--method", "pca", "--out", "m.npy"], more].concat());
    for (flags, words) in [
        (vec!["--min-dist", "0.1"], "--min-dist is for --method umap"),
        (vec!["--n-epochs", "20"], "--n-epochs is for --method umap"),
        (vec!["--init", "random"], "--init is for --method umap"),
        (vec!["--target", "label"], "--supervise is for --method umap"),
        (vec!["--n-neighbors", "15"], "--n-neighbors is for --method umap"),
        (vec!["--knn", "exact"], "--knn is for --method umap"),
        (vec!["--save-model", "m.model"], "--save-model is for --method umap"),
        (vec!["--metric", "cosine"], "--metric is for --method umap and for --quality"),
    ] {
        let out = pca(&flags);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{flags:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{flags:?}: {said}");
    }
    assert!(names(folder.path()).is_empty());
    for flags in
        [&[][..], &["--seed", "7"], &["--metric", "cosine", "--quality"], &["--method", "umap", "--min-dist", "0.2"]]
    {
        let out = pca(flags);
        assert!(out.status.success(), "{flags:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
}
