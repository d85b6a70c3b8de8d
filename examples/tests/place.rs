//! Maps that are kept and maps that follow labels: `map --save-model`, `place`, `map --supervise`, and what they refuse.

mod common;

use common::{Folder, done, fixture, refused};
use planisphere::core::{CounterRng, Matrix};
use planisphere::dataset::{TableReader, write_npy};
use planisphere::pca::Pca;
use planisphere::tsne::Tsne;
use planisphere::umap::{Umap, UmapModel};
use std::path::Path;

const MAP: &str = env!("CARGO_BIN_EXE_map");
const PLACE: &str = env!("CARGO_BIN_EXE_place");

fn npy(f: &Folder, name: &str, x: &Matrix) -> String {
    write_npy(f.at(name), x.view()).unwrap();
    f.at(name)
}

fn messages() -> String {
    fixture("messages.csv")
}

fn matrix(path: impl AsRef<Path>) -> Matrix {
    TableReader::new().read(path).unwrap().into_parts().vectors.unwrap()
}

fn report(path: impl AsRef<Path>) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn label_accuracy(path: impl AsRef<Path>) -> f64 {
    report(path)["quality"]["umap"]["label_accuracy"].as_f64().unwrap()
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

/// Groups of points on 8 columns.
fn points(n: usize) -> Matrix {
    let r = CounterRng::new(5, "points");
    let row = |i: usize| {
        let center = i as u64 % 6;
        (0..8u64).map(move |j| 6.0 * r.at(2, center).normal(j) + r.at(1, i as u64).normal(j)).collect::<Vec<_>>()
    };
    Matrix::from_vec(n, 8, (0..n).flat_map(row).collect()).unwrap()
}

#[test]
fn rows_of_the_map_land_next_to_themselves() {
    let f = Folder::new();
    let (input, map, model, placed) = (messages(), f.at("map.npy"), f.at("m.model"), f.at("placed.npy"));
    done(MAP, &[&input, "--text", "text", "--quiet", "--out", &map, "--save-model", &model]);
    let told = f.at("report.json");
    done(PLACE, &[&model, &input, "--text", "text", "--quiet", "--out", &placed, "--report", &told]);

    let (map, placed) = (matrix(map), matrix(placed));
    assert_eq!((placed.rows(), placed.cols()), (600, 2));
    // How many rows of the map lie nearer to where a row was placed than the row itself.
    let ranks = (0..600).map(|i| {
        let own = apart(map.row(i), placed.row(i));
        (0..600).filter(|&j| apart(map.row(j), placed.row(i)) < own).count()
    });
    let mut ranks: Vec<usize> = ranks.collect();
    ranks.sort_unstable();
    assert!(ranks[300] <= 3 && ranks[540] <= 15, "half within {}, nine tenths within {}", ranks[300], ranks[540]);

    let told = report(told);
    assert_eq!((&told["program"], &told["n"], &told["d"]), (&"place".into(), &600.into(), &128.into()));
    assert_eq!(told["parameters"]["metric"], "cosine");
    assert_eq!(told["parameters"]["map_rows"], 600);
    assert!(told["stages"]["layout"].is_number());
}

#[test]
fn threads_do_not_change_a_byte() {
    let f = Folder::new();
    let input = messages();
    let bytes = |name: &str| std::fs::read(f.at(name)).unwrap();
    for threads in ["1", "3"] {
        let at = |name: &str| f.at(&format!("{threads}.{name}"));
        let common = ["--text", "text", "--quiet", "--threads", threads];
        done(MAP, &[&[&*input, "--target", "label", "--save-model", &at("model")], &common[..]].concat());
        done(PLACE, &[&[&*at("model"), &*input, "--out", &at("npy"), "--out", &at("csv")], &common[..]].concat());
    }
    for name in ["model", "npy", "csv"] {
        assert!(bytes(&format!("1.{name}")) == bytes(&format!("3.{name}")), "{name} differs");
    }
}

#[test]
fn new_rows_are_placed_each_by_itself() {
    let f = Folder::new();
    let x = points(240);
    let old = npy(&f, "old.npy", &x.select(&(0..180).collect::<Vec<_>>()));
    let new: Vec<u32> = (180..240).collect();
    let (many, few) = (npy(&f, "many.npy", &x.select(&new)), npy(&f, "few.npy", &x.select(&new[10..13])));
    let (map, model) = (f.at("map.npy"), f.at("map.model"));
    let flags = ["--n-components", "3", "--seed", "7", "--method", "pca", "--method", "umap", "--quiet"];
    done(MAP, &[&[&*old, "--out", &map, "--save-model", &model], &flags[..]].concat());
    // There is one model a method.
    let model = f.at("map.umap.model");
    let (all, some, told) = (f.at("all.npy"), f.at("some.npy"), f.at("told.json"));
    done(PLACE, &[&model, &many, "--quiet", "--out", &all, "--report", &told]);
    done(PLACE, &[&model, &few, "--quiet", "--out", &some]);
    let (all, some) = (matrix(all), matrix(some));
    assert_eq!((all.rows(), all.cols()), (60, 3));
    assert_eq!(some, all.select(&[10, 11, 12]));
    assert_eq!(report(told)["seed"], 7, "the seed is the model's");

    // The map of two methods is there twice; the model is the UMAP's. New rows land in their group.
    let map = matrix(f.at("map.umap.npy"));
    assert_eq!(UmapModel::load(model).unwrap().embedding(), &map);
    for i in 0..60 {
        let nearest = (0..180).min_by(|&a, &b| apart(map.row(a), all.row(i)).total_cmp(&apart(map.row(b), all.row(i))));
        assert_eq!(nearest.unwrap() % 6, (180 + i) % 6, "new row {i}");
    }
}

#[test]
fn tables_are_written_with_ids_and_labels() {
    let f = Folder::new();
    let model = f.at("m.model");
    done(MAP, &[&messages(), "--text", "text", "--quiet", "--save-model", &model]);
    let new = f.file("new.csv", "key,says,topic\na,My guitar needs new strings,music\nb,How long do I boil an egg?,\n");
    let columns = ["--text", "says", "--id", "key", "--quiet"];
    let (plain, labeled) = (f.at("plain.csv"), f.at("labeled.csv"));
    done(PLACE, &[&[&*model, &*new, "--out", &plain], &columns[..]].concat());
    done(PLACE, &[&[&*model, &*new, "--label", "topic", "--out", &labeled], &columns[..]].concat());
    let lines = |path| std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let (plain, labeled) = (lines(plain), lines(labeled));
    assert_eq!((&*plain[0], &*labeled[0], plain.len()), ("id,x,y", "id,label,x,y", 3));
    assert_eq!(plain[1].replacen("a,", "a,music,", 1), labeled[1]);
    assert_eq!(plain[2].replacen("b,", "b,,", 1), labeled[2]);
    refused(&f, PLACE, &[&model, &new, "--text", "say", "--out", &f.at("none.csv")], 1, &["say", "says"]);
}

#[test]
fn a_map_follows_labels() {
    let f = Folder::new();
    let input = messages();
    let scored = |name: &str, input: &str, flags: &[&str]| {
        let (npy, json) = (f.at(&format!("{name}.npy")), f.at(&format!("{name}.json")));
        let common = [input, "--text", "text", "--quiet", "--quality", "--out", &npy, "--report", &json];
        done(MAP, &[&common[..], flags].concat());
        (label_accuracy(&json), std::fs::read(npy).unwrap(), report(json))
    };
    let (plain, plain_map, told) = scored("plain", &input, &[]);
    assert!(told["parameters"].get("supervise").is_none());
    let (followed, followed_map, told) = scored("followed", &input, &["--supervise", "label"]);
    assert!(followed > 0.95 && followed > plain + 0.05, "{plain} without labels, {followed} with them");
    assert_eq!(
        (&told["parameters"]["supervise"], &told["parameters"]["target_weight"]),
        (&"label".into(), &0.5.into())
    );
    assert!(told["decisions"].to_string().contains("540 of 600 rows are labeled, with 12 classes"), "{told}");
    let (_, heavier, _) = scored("heavier", &input, &["--supervise", "label", "--target-weight", "0.9"]);
    assert!(followed_map != plain_map && followed_map != heavier);

    // Another column than that of the colors; every other label is missing.
    let table = TableReader::new().text("text").label("label").read(&input).unwrap();
    let mut csv = "text,label,known\n".to_owned();
    let known = table.labels().unwrap().iter().step_by(2).flatten().count();
    for (i, (text, label)) in table.texts().unwrap().iter().zip(table.labels().unwrap()).enumerate() {
        let label = label.as_deref().unwrap_or_default();
        csv += &format!("\"{}\",{label},{}\n", text.replace('"', "\"\""), if i % 2 == 0 { label } else { " " });
    }
    let half = f.file("half.csv", csv);
    let (partly, _, told) = scored("partly", &half, &["--target", "known", "--label", "label"]);
    assert!(told["decisions"].to_string().contains(&format!("{known} of 600 rows are labeled")), "{told}");
    assert!(partly > plain, "{plain} without labels, {partly} with half of them");
    // Without --label the classes are the colors.
    done(MAP, &[&half, "--text", "text", "--target", "known", "--quiet", "--out", &f.at("colors.csv")]);
    let labels = TableReader::new().label("label").text("id").read(f.at("colors.csv")).unwrap();
    assert_eq!(labels.labels().unwrap().iter().flatten().count(), known);
}

/// Models of all methods, each placed on by what the library does.
#[test]
fn every_method_can_be_kept() {
    let f = Folder::new();
    let (old, new) = (points(150), points(20));
    let (x, y) = (npy(&f, "old.npy", &old), npy(&f, "new.npy", &new));
    let methods = "--method umap --method tsne --method pca --n-epochs 30 --n-iter 30 --quiet";
    let mut args = vec![x.as_str(), "--save-model"];
    let saved = f.at("m.model");
    args.push(&saved);
    args.extend(methods.split_whitespace());
    done(MAP, &args);
    let umap = Umap::new().n_epochs(30).fit(&old).unwrap().transform(&new).unwrap();
    let tsne = Tsne::new().n_iter(30).fit(&old).unwrap().transform(&new).unwrap();
    let pca = Pca::new(2).fit(&old).unwrap().transform(&new).unwrap();
    for (method, want) in [("umap", umap), ("tsne", tsne), ("pca", pca)] {
        let (model, placed, told) = (f.at(&format!("m.{method}.model")), f.at("placed.npy"), f.at("r.json"));
        done(PLACE, &[&model, &y, "--out", &placed, "--report", &told, "--quiet"]);
        assert_eq!(matrix(&placed), want, "{method}");
        let told = report(told);
        assert_eq!((&told["parameters"]["method"], &told["parameters"]["map_rows"]), (&method.into(), &150.into()));
    }
    // One method keeps the name.
    let (model, csv) = (f.at("pca"), f.at("y.csv"));
    done(MAP, &[&x, "--method", "pca", "--save-model", &model, "--quiet"]);
    let narrow = npy(&f, "narrow.npy", &Matrix::zeros(3, 5));
    refused(&f, PLACE, &[&model, &narrow, "--out", &csv], 1, &["narrow.npy", "5 columns", "from 8"]);
    let bare = Tsne::new().n_iter(1).keep_vectors(false).fit(&old).unwrap().to_bytes().unwrap();
    refused(&f, PLACE, &[&f.file("bare", bare), &y, "--out", &csv], 1, &["without the vectors"]);
}

#[test]
fn the_flags_of_umap_reach_it() {
    let f = Folder::new();
    let x = points(120);
    let input = npy(&f, "x.npy", &x);
    let (npy, model) = (f.at("y.npy"), f.at("y.model"));
    let flags = "--n-neighbors 10 --min-dist 0.3 --spread 1.5 --n-epochs 60 --init random --learning-rate 0.5 \
                 --negative-sample-rate 3 --repulsion-strength 0.8 --local-connectivity 2 --set-op-mix-ratio 0.7";
    let mut args = vec![&*input, "--quiet", "--out", &npy, "--save-model", &model];
    args.extend(flags.split_whitespace());
    done(MAP, &args);
    let umap = Umap::new().n_neighbors(10).min_dist(0.3).spread(1.5).n_epochs(60).init(planisphere::umap::Init::Random);
    let umap = umap.learning_rate(0.5).negative_sample_rate(3).repulsion_strength(0.8).local_connectivity(2.0);
    let umap = umap.set_op_mix_ratio(0.7);
    assert_eq!(matrix(npy), *umap.fit(&x).unwrap().embedding());
    assert_eq!(UmapModel::load(model).unwrap().params(), &umap);
}

#[test]
fn broken_models() {
    let f = Folder::new();
    let x = points(60);
    let input = npy(&f, "x.npy", &x);
    let good = f.at("good.model");
    done(MAP, &[&input, "--quiet", "--save-model", &good]);
    let bytes = std::fs::read(&good).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() - 100] ^= 4;
    let index = planisphere::knn::Exact::new(5).index(x.clone()).unwrap().to_bytes().unwrap();
    let bare = Umap::new().keep_vectors(false).fit(&x).unwrap().to_bytes().unwrap();
    for (name, content, words) in [
        ("empty.model", vec![], &["no model"][..]),
        ("foreign.model", b"id,text\na,one\n".to_vec(), &["no model"]),
        ("index.model", index, &["no model"]),
        ("short.model", bytes[..bytes.len() / 2].to_vec(), &["damaged"]),
        ("flipped.model", flipped, &["damaged"]),
        ("longer.model", [&bytes[..], b"more"].concat(), &["damaged"]),
        ("bare.model", bare, &["without the vectors"]),
    ] {
        let model = f.file(name, content);
        let (npy, json) = (f.at("y.npy"), f.at("r.json"));
        let args = [&*model, &*input, "--out", &npy, "--report", &json];
        refused(&f, PLACE, &args, 1, &[&[name], words].concat());
    }
    let y = f.at("y.csv");
    let gone = f.at("gone.model");
    refused(&f, PLACE, &[&gone, &input, "--out", &y], 1, &["gone.model"]);
    refused(&f, PLACE, &[&good, &f.at("gone.npy"), "--out", &y], 1, &["gone.npy"]);
    let narrow = npy(&f, "narrow.npy", &Matrix::zeros(3, 5));
    refused(&f, PLACE, &[&good, &narrow, "--out", &y], 1, &["narrow.npy", "5 columns", "good.model", "from 8"]);
    let texts = f.file("texts.csv", "text\nWhat about words?\n");
    refused(&f, PLACE, &[&good, &texts, "--out", &y], 1, &["embedding model builtin", "128 columns", "from 8"]);
    let nan = f.file("nan.csv", "id,embedding_1,embedding_2\na,1,NaN\n");
    refused(&f, PLACE, &[&good, &nan, "--out", &y], 1, &["nan.csv", "embedding_2"]);
}

#[test]
fn flags_that_do_not_go_together() {
    let f = Folder::new();
    let (input, x) = (messages(), npy(&f, "x.npy", &points(30)));
    let (npy, csv, model) = (f.at("y.npy"), f.at("y.csv"), f.at("y.model"));
    std::fs::create_dir(f.at("taken.npy")).unwrap();
    let taken = f.at("taken.npy");
    let cases: Vec<(&str, Vec<&str>, i32, Vec<&str>)> = vec![
        (MAP, vec![&x], 2, vec!["--out"]),
        (MAP, vec![&input, "--method", "pca", "--supervise", "label", "--out", &npy], 2, vec!["--supervise", "umap"]),
        (MAP, vec![&input, "--target-weight", "0.5", "--out", &npy], 2, vec!["--supervise"]),
        (MAP, vec![&x, "--supervise", "label", "--out", &npy], 1, vec!["x.npy", "vectors only", "label"]),
        (MAP, vec![&input, "--supervise", "topic", "--out", &npy], 1, vec!["topic", "\"label\""]),
        (MAP, vec![&input, "--label", "label", "--supervise", "topic", "--out", &npy], 1, vec!["topic"]),
        (
            MAP,
            vec![&input, "--supervise", "label", "--target-weight", "1.5", "--out", &npy],
            1,
            vec!["target_weight = 1.5"],
        ),
        (MAP, vec![&x, "--spread", "0", "--out", &npy], 1, vec!["spread = 0"]),
        (MAP, vec![&x, "--set-op-mix-ratio", "NaN", "--out", &npy], 1, vec!["set_op_mix_ratio = NaN"]),
        (MAP, vec![&x, "--learning-rate", "fast", "--out", &npy], 2, vec!["--learning-rate", "fast"]),
        (MAP, vec![&x, "--save-model", "/nowhere/at/all.model"], 2, vec!["/nowhere/at"]),
        (MAP, vec![&x, "--save-model", &taken], 2, vec!["taken.npy", "folder"]),
        (MAP, vec![&x, "--save-model", &npy, "--out", &npy], 2, vec!["y.npy", "written twice"]),
        (PLACE, vec![], 2, vec!["--out"]),
        (PLACE, vec![&model, "--out", &npy], 2, vec!["<INPUT>"]),
        (PLACE, vec![&model, &x], 2, vec!["--out"]),
        (PLACE, vec![&model, &x, "--out", &model], 2, vec!["y.model", ".npy"]),
        (PLACE, vec![&model, &x, "--out", &x], 2, vec!["x.npy", "lost"]),
        (PLACE, vec![&model, &x, "--out", &taken], 2, vec!["taken.npy", "folder"]),
        (PLACE, vec![&model, &x, "--out", "/nowhere/at/all.csv"], 2, vec!["/nowhere/at"]),
        (PLACE, vec![&model, &x, "--out", &csv, "--threads", "0"], 2, vec!["--threads"]),
        (PLACE, vec![&model, &x, "--out", &csv, "--metric", "cosine"], 2, vec!["--metric"]),
    ];
    for (program, args, code, words) in cases {
        refused(&f, program, &args, code, &words);
    }
}
