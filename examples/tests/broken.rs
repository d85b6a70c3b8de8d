//! Broken input to the programs: exit code 1 or 2, one clear line on stderr, and nothing written. And small or odd input
//! that is not broken: a finite map.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).output().unwrap()
}

fn map(args: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_map"), args)
}

/// A .npy file of f32.
fn npy(rows: usize, cols: usize, data: &[f32]) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {cols}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    data.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
    bytes
}

#[track_caller]
fn refused(folder: &Folder, name: &str, out: &Output, words: &[&str]) {
    let text = String::from_utf8(out.stderr.clone()).unwrap();
    let code = out.status.code();
    assert!(code == Some(1) || code == Some(2), "{name}: exit code {code:?}\n{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 1 && lines[0].starts_with("error: "), "{name}: not one line\n{text}");
    assert!(!text.contains("panicked"), "{name}: {text}");
    for word in words {
        assert!(text.contains(word), "{name}: {word:?} is not in\n{text}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.0.path())
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .filter(|f| f.to_string_lossy().starts_with("map.") || f.to_string_lossy().contains("planisphere"))
        .collect();
    assert!(left.is_empty(), "{name}: left {left:?}");
}

#[test]
fn broken_files() {
    let f = Folder::new();
    let mut good = npy(20, 3, &(0..60).map(|i| (i * 7 % 11) as f32).collect::<Vec<_>>());
    let whole = good.len();
    let truncated = good[..whole - 5].to_vec();
    good.extend([0; 7]);
    let big = npy(usize::MAX / 2, 3, &[]);
    let cases: Vec<(&str, Vec<u8>, Vec<&str>)> = vec![
        ("empty.csv", vec![], vec!["empty.csv"]),
        ("header.csv", b"id,text\n".to_vec(), vec!["header.csv"]),
        ("blank-lines.csv", b"\n\n\n".to_vec(), vec!["blank-lines.csv"]),
        ("ragged.csv", b"id,text\na,one\nb\nc,three\n".to_vec(), vec!["ragged.csv", "3"]),
        ("quote.csv", b"id,text\na,\"one\nb,two\n".to_vec(), vec!["quote.csv", "2"]),
        ("twice.csv", b"text,text\na,b\n".to_vec(), vec!["twice.csv", "text"]),
        ("same-id.csv", b"id,text\na,one\na,two\n".to_vec(), vec!["same-id.csv", "a"]),
        ("latin1.csv", b"id,text\na,caf\xe9\n".to_vec(), vec!["latin1.csv", "2"]),
        ("utf16.csv", b"\xff\xfei\0d\0".to_vec(), vec!["utf16.csv", "UTF-16"]),
        ("no-columns.csv", b"name,value\na,1\nb,2\n".to_vec(), vec!["no-columns.csv", "name"]),
        ("word.csv", b"id,embedding_1,embedding_2\na,1,2\nb,x,2\n".to_vec(), vec!["word.csv", "3", "embedding_1"]),
        ("nan.csv", b"id,embedding_1,embedding_2\na,1,2\nb,1,NaN\n".to_vec(), vec!["nan.csv", "3", "embedding_2"]),
        ("inf.csv", b"id,embedding_1,embedding_2\na,1,2\nb,inf,1\n".to_vec(), vec!["inf.csv", "3"]),
        ("missing.csv", b"id,embedding_1,embedding_2\na,1,2\nb,,1\n".to_vec(), vec!["missing.csv", "3"]),
        ("gap.csv", b"id,embedding_1,embedding_3\na,1,2\n".to_vec(), vec!["gap.csv", "embedding_2"]),
        ("json.csv", b"id,embedding\na,\"[1,2]\"\nb,\"[1]\"\n".to_vec(), vec!["json.csv", "3"]),
        ("bad.jsonl", b"{\"text\":\"a\"}\n{\"text\":\n".to_vec(), vec!["bad.jsonl", "2"]),
        ("array.jsonl", b"[1,2]\n".to_vec(), vec!["array.jsonl", "1"]),
        ("no-text.jsonl", b"{\"text\":\"a\"}\n{\"other\":1}\n".to_vec(), vec!["no-text.jsonl", "2"]),
        ("empty.jsonl", vec![], vec!["empty.jsonl"]),
        ("empty.npy", vec![], vec!["empty.npy"]),
        ("magic.npy", b"not numpy at all".to_vec(), vec!["magic.npy"]),
        ("truncated.npy", truncated, vec!["truncated.npy"]),
        ("trailing.npy", good, vec!["trailing.npy"]),
        ("huge.npy", big, vec!["huge.npy"]),
        ("nan.npy", npy(2, 2, &[1.0, 2.0, f32::NAN, 4.0]), vec!["nan.npy", "row"]),
        ("inf.npy", npy(2, 2, &[1.0, f32::INFINITY, 3.0, 4.0]), vec!["inf.npy"]),
        ("no-columns.npy", npy(3, 0, &[]), vec!["no-columns.npy"]),
        ("no-rows.npy", npy(0, 3, &[]), vec![]),
        ("unknown.xyz", b"?".to_vec(), vec!["unknown.xyz"]),
    ];
    assert!(cases.len() >= 25);
    for (name, content, words) in cases {
        let input = f.file(name, content);
        let out = map(&[input.to_str().unwrap(), "--quiet", "--out", f.path("map.html").to_str().unwrap()]);
        refused(&f, name, &out, &words);
    }
}

#[test]
fn wrong_flags() {
    let f = Folder::new();
    let csv = f.file("good.csv", "id,text,label\na,one,x\nb,two,y\nc,three,x\n");
    let (csv, html) = (csv.to_str().unwrap(), f.path("map.html"));
    let html = html.to_str().unwrap();
    let pdf = f.path("map.pdf");
    let cases: Vec<(&str, Vec<&str>, i32, Vec<&str>)> = vec![
        ("no arguments", vec![], 2, vec!["--out"]),
        ("no output", vec![csv], 2, vec!["--out"]),
        ("unknown flag", vec![csv, "--colour", "--out", html], 2, vec!["--colour"]),
        ("wrong column", vec![csv, "--text", "txet", "--out", html], 1, vec!["txet", "text"]),
        ("wrong label", vec![csv, "--text", "text", "--label", "topic", "--out", html], 1, vec!["topic", "label"]),
        ("wrong metric", vec![csv, "--metric", "euclid", "--out", html], 2, vec!["euclid", "euclidean, sqeuclidean"]),
        ("wrong method", vec![csv, "--method", "isomap", "--out", html], 2, vec!["isomap", "umap"]),
        ("dimensions", vec![csv, "--n-components", "4", "--out", html], 2, vec!["--n-components", "4"]),
        ("neighbors", vec![csv, "--n-neighbors", "1", "--out", html], 1, vec!["n_neighbors = 1", "at least 2"]),
        (
            "perplexity",
            vec![csv, "--method", "tsne", "--perplexity", "0.5", "--out", html],
            1,
            vec!["perplexity = 0.5"],
        ),
        ("dof", vec![csv, "--method", "tsne", "--dof", "0", "--out", html], 1, vec!["dof = 0", "0.1"]),
        (
            "theta",
            vec![csv, "--method", "tsne", "--repulsion", "barnes-hut", "--theta", "9", "--out", html],
            1,
            vec!["theta = 9"],
        ),
        (
            "fft in space",
            vec![csv, "--method", "tsne", "--repulsion", "fft", "--n-components", "3", "--out", html],
            1,
            vec!["repulsion = fft", "barnes-hut"],
        ),
        ("min_dist", vec![csv, "--min-dist", "2", "--out", html], 1, vec!["min_dist = 2"]),
        ("min_dist NaN", vec![csv, "--min-dist", "NaN", "--out", html], 1, vec!["min_dist = NaN"]),
        ("threads", vec![csv, "--threads", "0", "--out", html], 2, vec!["--threads"]),
        ("ending", vec![csv, "--out", pdf.to_str().unwrap()], 2, vec!["map.pdf", ".html"]),
        ("folder", vec![csv, "--out", "/nowhere/at/all/map.html"], 2, vec!["/nowhere/at/all"]),
        ("report", vec![csv, "--out", html, "--report", "/nowhere/at/all/r.json"], 2, vec!["/nowhere/at/all"]),
        ("model", vec![csv, "--model", "no/such-model", "--out", html], 2, vec!["no/such-model"]),
        ("no file", vec!["/nowhere/input.csv", "--out", html], 1, vec!["/nowhere/input.csv"]),
        ("a folder", vec!["/", "--out", html], 1, vec!["/"]),
    ];
    for (name, args, code, words) in cases {
        let out = map(&args);
        refused(&f, name, &out, &words);
        assert_eq!(out.status.code(), Some(code), "{name}");
    }
    // What would be lost is told, and left as it was.
    let vectors = f.file("v.npy", npy(5, 2, &[0.0, 0.0, 1.0, 0.0, 3.0, 0.0, 6.0, 0.0, 10.0, 0.0]));
    let (vectors, json) = (vectors.to_str().unwrap(), f.path("m.json"));
    let json = json.to_str().unwrap();
    let around = f.path(".").join("v.npy");
    for (args, words) in [
        (vec![vectors, "--out", vectors], ["v.npy", "lost"]),
        (vec![vectors, "--out", around.to_str().unwrap()], ["v.npy", "lost"]),
        (vec![csv, "--out", json, "--report", json], ["m.json", "twice"]),
        (vec![vectors, "--out", json, "--out", json], ["m.json", "twice"]),
    ] {
        let out = map(&args);
        refused(&f, "lost", &out, &words);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
    }
    // Parameters of the second method are looked at before the first one runs.
    for bad in [["--perplexity", "0"], ["--dof", "0"], ["--early-exaggeration", "NaN"]] {
        let args = [&["/nowhere/at/all.npy", "--out", html, "--method", "umap", "--method", "tsne"][..], &bad].concat();
        refused(&f, bad[0], &map(&args), &[bad[0].trim_start_matches("--").replace('-', "_").as_str()]);
    }
    let dir = f.path("taken.html");
    std::fs::create_dir(&dir).unwrap();
    let out = map(&[csv, "--quiet", "--out", dir.to_str().unwrap()]);
    refused(&f, "output is a folder", &out, &["taken.html"]);
}

fn finite_map(f: &Folder, name: &str, input: &Path, n: usize, more: &[&str]) {
    let csv = f.path("map.csv");
    let mut args = vec![input.to_str().unwrap(), "--quiet", "--out", csv.to_str().unwrap()];
    args.extend(more);
    let out = map(&args);
    assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
    assert!(out.stderr.is_empty() || more.contains(&"--quality"), "{name}: --quiet spoke");
    let text = std::fs::read_to_string(&csv).unwrap();
    let mut lines = 0;
    for line in text.lines().skip(1) {
        for v in line.rsplit(',').take(2) {
            assert!(v.parse::<f32>().unwrap().is_finite(), "{name}: {line}");
        }
        lines += 1;
    }
    assert_eq!(lines, n, "{name}");
}

#[test]
fn odd_but_good_input() {
    let f = Folder::new();
    for n in 1..=3 {
        let data: Vec<f32> = (0..n * 4).map(|i| (i * i % 7) as f32).collect();
        let input = f.file("few.npy", npy(n, 4, &data));
        finite_map(&f, &format!("{n} rows"), &input, n, &[]);
        finite_map(&f, &format!("{n} rows, cosine"), &input, n, &["--metric", "cosine"]);
    }
    let tsne = ["--method", "tsne"];
    for n in 1..=6 {
        let data: Vec<f32> = (0..n * 4).map(|i| (i * i % 7) as f32).collect();
        let input = f.file("few.npy", npy(n, 4, &data));
        finite_map(&f, &format!("{n} rows, t-SNE"), &input, n, &tsne);
        for more in [["--repulsion", "barnes-hut"], ["--repulsion", "fft"], ["--init", "random"], ["--pca", "2"]] {
            finite_map(&f, &format!("{n} rows, t-SNE, {more:?}"), &input, n, &[&tsne[..], &more].concat());
        }
        let same = f.file("same.npy", npy(n, 4, &vec![1.5; n * 4]));
        finite_map(&f, &format!("{n} equal rows, t-SNE"), &same, n, &tsne);
    }
    let equal = f.file("equal.npy", npy(100, 4, &[1.5; 400]));
    finite_map(&f, "all rows equal, t-SNE", &equal, 100, &tsne);
    finite_map(&f, "all rows equal, t-SNE, pca", &equal, 100, &[&tsne[..], &["--pca", "2"]].concat());
    finite_map(&f, "all rows equal", &equal, 100, &[]);
    finite_map(&f, "all rows equal, pca", &equal, 100, &["--method", "pca"]);
    let zeros = f.file("zeros.npy", npy(40, 4, &[0.0; 160]));
    finite_map(&f, "zero rows, cosine", &zeros, 40, &["--metric", "cosine"]);
    let column = f.file("column.npy", npy(30, 1, &(0..30).map(|i| i as f32).collect::<Vec<_>>()));
    finite_map(&f, "one column", &column, 30, &[]);
    finite_map(&f, "one column, t-SNE", &column, 30, &tsne);
    finite_map(&f, "more components than there are columns", &column, 30, &["--pca", "50"]);
    let huge: Vec<f32> = (0..120).map(|i| if i % 3 == 0 { 1e30 } else { -1e30 * (i % 5) as f32 }).collect();
    finite_map(&f, "huge values", &f.file("large.npy", npy(30, 4, &huge)), 30, &[]);
    let blank = f.file("blank.csv", "text\n\"\"\nhello there\n\"  \"\nhello again\n");
    finite_map(&f, "blank texts", &blank, 4, &["--text", "text"]);
    let bom = f.file(
        "bom.csv",
        "\u{feff}id,text,label\r\n1,\"a \"\"b\"\"\nc, d\",\u{1f600}\r\n2,\u{05e9}\u{05dc}\u{05d5}\u{05dd},\r\n",
    );
    finite_map(&f, "byte order mark, CRLF, quotes, emoji", &bom, 2, &[]);
    finite_map(&f, "quality of two rows", &bom, 2, &["--quality"]);
    let same = f.file("same.csv", format!("text\n{}", "the same text\n".repeat(50)));
    finite_map(&f, "one text fifty times", &same, 50, &["--text", "text"]);
}

#[test]
fn warnings_are_shown_and_reported() {
    let f = Folder::new();
    let input = f.file("few.npy", npy(3, 2, &[0.0, 1.0, 2.0, 3.0, 5.0, 8.0]));
    let (html, report) = (f.path("map.html"), f.path("report.json"));
    let args = [input.to_str().unwrap(), "--out", html.to_str().unwrap(), "--report", report.to_str().unwrap()];
    let out = map(&args);
    assert!(out.status.success());
    assert!(
        String::from_utf8_lossy(&out.stderr).contains("warning: n_neighbors = 15 is more than the data allows; 3 used")
    );
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!((&report["n"], &report["d"]), (&3.into(), &2.into()));
    assert!(report["warnings"][0].as_str().unwrap().starts_with("n_neighbors"));
    assert!(report["stages"]["layout"].is_number());
    assert_eq!(report["parameters"]["metric"], "euclidean");
}

#[test]
fn the_other_programs() {
    let f = Folder::new();
    let (neighbors, embed, reorder) =
        (env!("CARGO_BIN_EXE_neighbors"), env!("CARGO_BIN_EXE_embed"), env!("CARGO_BIN_EXE_reorder"));
    let x = f.file("x.npy", npy(5, 2, &[0.0, 0.0, 1.0, 0.0, 3.0, 0.0, 6.0, 0.0, 10.0, 0.0]));
    let prefix = f.path("graph");
    let out = run(neighbors, &[x.to_str().unwrap(), "--k", "2", "--out", prefix.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let ids = std::fs::read(f.path("graph.ids.npy")).unwrap();
    let tail: Vec<i32> = ids[ids.len() - 40..].as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b)).collect();
    assert_eq!(tail, [1, 2, 0, 2, 1, 0, 2, 4, 3, 2]);
    assert!(f.path("graph.dists.npy").is_file());
    let out = run(neighbors, &[x.to_str().unwrap(), "--k", "5", "--out", prefix.to_str().unwrap()]);
    refused(&f, "k = n", &out, &["k = 5", "from 1 to 4"]);

    let txt = f.file("lines.txt", "one line\nanother line\n");
    let vectors = f.path("v.npy");
    let out = run(embed, &[txt.to_str().unwrap(), "--out", vectors.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let bytes = std::fs::read(&vectors).unwrap();
    assert!(String::from_utf8_lossy(&bytes[..128]).contains("(2, "));

    let queue = f.file("queue.json", r#"["P","A","B","X","Q"]"#);
    let selections = f.file(
        "selections.json",
        r#"{"selections":[{"instance_ids":["X"],"priority":2},{"instance_ids":["B","A"],"priority":1}]}"#,
    );
    let out = run(reorder, &[queue.to_str().unwrap(), selections.to_str().unwrap()]);
    let answer: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(answer["order"], serde_json::json!(["B", "X", "A", "P", "Q"]));
    assert_eq!((&answer["success"], &answer["reordered_count"]), (&true.into(), &3.into()));
    for (name, text) in [("a word", "word"), ("an object", "{}"), ("numbers", "[1,2]")] {
        let queue = f.file("bad.json", text);
        refused(&f, name, &run(reorder, &[queue.to_str().unwrap(), selections.to_str().unwrap()]), &["bad.json"]);
    }
    let bad = f.file("sel.json", r#"{"selections":[{"instance_ids":["A"],"priority":"high"}]}"#);
    let out = run(reorder, &[queue.to_str().unwrap(), bad.to_str().unwrap()]);
    refused(&f, "priority", &out, &["selections[0].priority"]);
}
