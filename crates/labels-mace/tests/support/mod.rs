//! What several tests need.

#![allow(dead_code, reason = "each test uses some of it")]

use planisphere_core::{Context, CounterRng, Threads};
use planisphere_labels_mace::{Annotations, LabelModel, Labeled, Posterior};
use serde_json::Value;
use std::path::PathBuf;

pub(crate) fn golden() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/golden.json");
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// A file of the MACE programs' data, in the folder `mace` of the one that `PLANISPHERE_DATA` names.
#[allow(clippy::print_stderr, reason = "a test that does not run has to say so")]
pub(crate) fn mace_data(name: &str, test: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("PLANISPHERE_DATA") else {
        eprintln!("SKIPPED {test} on {name}: PLANISPHERE_DATA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join("mace").join(name);
    if !path.exists() {
        eprintln!("SKIPPED {test} on {name}: {} is not there", path.display());
        return None;
    }
    Some(path)
}

pub(crate) fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

pub(crate) fn texts(v: &Value) -> Vec<&str> {
    v.as_array().unwrap().iter().map(|x| x.as_str().unwrap()).collect()
}

#[track_caller]
pub(crate) fn close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance, "{i}: {g} is not {w}");
    }
}

/// Rows of a posterior, of every so manyth item, against golden ones.
#[track_caller]
pub(crate) fn same_rows(got: &Posterior, want: &Value, every: usize, tolerance: f64) {
    let want = want.as_array().unwrap();
    let items: Vec<usize> = (0..got.n_items()).step_by(every).collect();
    assert_eq!(items.len(), want.len());
    for (i, want) in items.into_iter().zip(want) {
        let row = got.row(i).unwrap();
        for (l, (g, w)) in row.iter().zip(numbers(want)).enumerate() {
            assert!((g - w).abs() <= tolerance, "item {i}, label {l}: {g} is not {w}");
        }
    }
}

pub(crate) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(x, y)| f(x - ma, y - mb)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

/// Random votes of annotators who are right more or less often. All labels occur.
pub(crate) fn random(seed: u64, items: u32, annotators: u32, labels: u32) -> Annotations {
    let rng = CounterRng::new(seed, "votes");
    let mut votes = Vec::new();
    for i in 0..items {
        let truth = if i < labels { i } else { rng.at(0, i.into()).below(0, labels) };
        for a in 0..annotators {
            let d = rng.at(1, u64::from(i * annotators + a));
            if d.below(0, 10) < 6 || a == 0 {
                let right = d.below(1, 100) < 35 + 60 * a / annotators || (a == 0 && i < labels);
                votes.push((i, a, if right { truth } else { d.below(2, labels) }));
            }
        }
    }
    Annotations::from_codes(items, annotators, labels, &votes).unwrap()
}

/// The same annotations with other names, and everything in another order.
pub(crate) fn shuffled(votes: &Annotations, seed: u64) -> Annotations {
    let rng = |what| CounterRng::new(seed, what);
    let order = |n: usize, what| {
        let mut order: Vec<u32> = (0..n as u32).collect();
        rng(what).shuffle(&mut order);
        order
    };
    let mut new = Annotations::new();
    for i in order(votes.n_items(), "items") {
        new.add_item(&renamed(votes.item(i))).unwrap();
    }
    for a in order(votes.n_annotators(), "annotators") {
        new.add_annotator(&renamed(votes.annotator(a))).unwrap();
    }
    for l in order(votes.n_labels(), "labels") {
        new.add_label(&renamed(votes.label(l))).unwrap();
    }
    let mut all = votes.votes().to_vec();
    rng("votes").shuffle(&mut all);
    for v in all {
        let names = [votes.item(v.item), votes.annotator(v.annotator), votes.label(v.label)].map(renamed);
        new.push(&names[0], &names[1], &names[2]).unwrap();
    }
    new
}

pub(crate) fn renamed(name: &str) -> String {
    format!("{}~{name}", name.len() * 7 % 5)
}

/// The same results for the same annotations in another order: of every item and label.
#[track_caller]
pub(crate) fn same_but_for_order(a: &Annotations, pa: &Posterior, b: &Annotations, pb: &Posterior, tolerance: f64) {
    for i in 0..a.n_items() {
        let j = b.item_index(&renamed(a.item(i as u32))).unwrap() as usize;
        for l in 0..a.n_labels() as u32 {
            let m = b.label_index(&renamed(a.label(l))).unwrap();
            let (x, y) = (pa.probability(i, l), pb.probability(j, m));
            let equal = match (x, y) {
                (Some(x), Some(y)) => (x - y).abs() <= tolerance,
                (x, y) => x == y,
            };
            assert!(equal, "item {i}, label {l}: {x:?} is not {y:?}");
        }
    }
}

/// Fits on 1, 2, 3 and 8 threads; the models are equal to the bit.
#[track_caller]
pub(crate) fn same_on_any_threads<M>(params: &M, votes: &Annotations)
where
    M: LabelModel,
    M::Model: PartialEq + Labeled + std::fmt::Debug,
{
    let fit = |n| params.fit(votes, &mut Context::new().threads(Threads::Exactly(n))).unwrap();
    let one = fit(1);
    for n in [2, 3, 8] {
        assert!(fit(n) == one, "{n} threads");
    }
}
