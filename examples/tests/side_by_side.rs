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
    let methods = ["--method", "pca", "--method", "tsne", "--method", "umap", "--method", "pca", "--n-epochs", "20"];
    let outs = ["--out", "m.html", "--out", "m.json", "--out", "m.csv", "--out", "m.npy", "--out", "m.png"];
    let out = map(at, &[&methods[..], &outs[..]].concat());
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(
        names(at),
        ["m.html", "m.json", "m.pca.csv", "m.pca.npy", "m.png", "m.tsne.csv", "m.tsne.npy", "m.umap.csv", "m.umap.npy"]
    );

    let json = std::fs::read_to_string(at.join("m.json")).unwrap();
    let figure = Figure::from_json(&json).unwrap();
    let headings: Vec<_> = figure.layout.annotations.iter().flatten().map(|a| a.text.as_deref().unwrap()).collect();
    assert_eq!(headings, ["PCA", "t-SNE", "UMAP"]);
    // Three maps of 600 points each, of twelve topics and of none.
    assert_eq!(figure.data.len(), 39);
    assert_eq!(figure.data.iter().map(|t| t.customdata().len()).sum::<usize>(), 1800);
    // One legend: the traces of a topic are a group with one color, and one of them is listed.
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let data = json["data"].as_array().unwrap();
    for topic in &data[..13] {
        let same: Vec<_> = data.iter().filter(|t| t["legendgroup"] == topic["legendgroup"]).collect();
        assert_eq!(same.len(), 3, "{}", topic["name"]);
        assert!(same.iter().all(|t| t["marker"]["color"] == topic["marker"]["color"]), "{}", topic["name"]);
        let listed = same.iter().filter(|t| t["showlegend"] != false).count();
        assert_eq!(listed, 1, "{}", topic["name"]);
    }
    // The picture is one: three maps wide, twice the pixels of a page.
    let png = std::fs::read(at.join("m.png")).unwrap();
    let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && &png[12..16] == b"IHDR");
    assert_eq!((side(16), side(20)), (4200, 1400));
    // The page has it as its only figure.
    let html = std::fs::read_to_string(at.join("m.html")).unwrap();
    let start = html.find("id=\"data\">").unwrap() + "id=\"data\">".len();
    let data = &html[start..start + html[start..].find("</script>").unwrap()];
    let page: serde_json::Value = serde_json::from_str(data).unwrap();
    let figures = page["figures"].as_array().unwrap();
    assert_eq!(figures.len(), 1);
    assert_eq!(figures[0]["groups"].as_array().unwrap().len(), 13);
    assert_eq!(figures[0]["maps"].as_array().unwrap().len(), 3);
}

#[test]
fn figures_have_the_colors_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = map(folder.path(), &["--method", "pca", "--palette", "safe10", "--theme", "dark", "--out", "m.json"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let json = std::fs::read_to_string(folder.path().join("m.json")).unwrap();
    let figure: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(figure["layout"]["paper_bgcolor"], "#0b1220");
    assert!(figure["data"].as_array().unwrap().iter().any(|t| t["marker"]["color"] == "#0096ff"));
    let out = map(folder.path(), &["--method", "pca", "--palette", "gaudy", "--out", "m.json"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("okabe-ito"));
}

#[test]
fn flags_of_methods_that_are_not_asked_for_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let method = |m: &str, more: &[&str]| map(folder.path(), &[&["--method", m, "--out", "m.npy"], more].concat());
    let pca = |more: &[&str]| method("pca", more);
    let umap_and_tsne = "is for --method umap and --method tsne";
    for (flags, words) in [
        (vec!["--min-dist", "0.1"], "--min-dist is for --method umap"),
        (vec!["--n-epochs", "20"], "--n-epochs is for --method umap"),
        (vec!["--learning-rate", "1"], "--learning-rate is for --method umap"),
        (vec!["--target", "label"], "--supervise is for --method umap"),
        (vec!["--n-neighbors", "15"], "--n-neighbors is for --method umap"),
        (vec!["--init", "random"], &format!("--init {umap_and_tsne}")),
        (vec!["--knn", "exact"], &format!("--knn {umap_and_tsne}")),
        (vec!["--pca", "50"], &format!("--pca {umap_and_tsne}")),
        (vec!["--perplexity", "30"], "--perplexity is for --method tsne"),
        (vec!["--tsne-learning-rate", "9"], "--tsne-learning-rate is for --method tsne"),
        (vec!["--repulsion", "exact"], "--repulsion is for --method tsne"),
        (vec!["--metric", "cosine"], "--metric is for --method umap, --method tsne and --quality"),
    ] {
        let out = pca(&flags);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{flags:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{flags:?}: {said}");
    }
    for (asked, flags, words) in [
        ("tsne", vec!["--min-dist", "0.1"], "--min-dist is for --method umap"),
        ("tsne", vec!["--n-neighbors", "15"], "--n-neighbors is for --method umap"),
        ("tsne", vec!["--supervise", "label"], "--supervise is for --method umap"),
        ("tsne", vec!["--theta", "0.3"], "--theta is for --repulsion barnes-hut"),
        ("tsne", vec!["--theta", "0.3", "--repulsion", "fft"], "--theta is for --repulsion barnes-hut"),
        ("tsne", vec!["--repulsion", "fast"], "[possible values: auto, exact, barnes-hut, fft]"),
        ("tsne", vec!["--pca", "0"], "--pca"),
        ("umap", vec!["--perplexity", "30"], "--perplexity is for --method tsne"),
        ("umap", vec!["--exaggeration", "2"], "--exaggeration is for --method tsne"),
        ("umap", vec!["--save-model", "m.model", "--pca", "9"], "--save-model <FILE>' cannot be used with '--pca <N>"),
    ] {
        let out = method(asked, &flags);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{asked} {flags:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{asked} {flags:?}: {said}");
    }
    assert!(names(folder.path()).is_empty());
    for flags in
        [&[][..], &["--seed", "7"], &["--metric", "cosine", "--quality"], &["--method", "umap", "--min-dist", "0.2"]]
    {
        let out = pca(flags);
        assert!(out.status.success(), "{flags:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
}
