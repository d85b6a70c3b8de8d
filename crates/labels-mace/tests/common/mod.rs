//! What tests of models share.

#![allow(dead_code, reason = "each test program uses a part of it")]

use planisphere_core::CounterRng;
use planisphere_labels_mace::{Annotations, MaceModel};
use std::path::PathBuf;

/// MACE's form: an item a line, an annotator a column. Items and annotators are numbered from 0.
pub(crate) fn matrix(data: &str) -> Annotations {
    let mut votes = Annotations::new();
    for a in 0..data.lines().next().unwrap().split(',').count() {
        votes.add_annotator(&a.to_string()).unwrap();
    }
    for (i, line) in data.lines().enumerate() {
        votes.add_item(&i.to_string()).unwrap();
        for (a, label) in line.split(',').enumerate().filter(|l| !l.1.is_empty()) {
            votes.push(&i.to_string(), &a.to_string(), label).unwrap();
        }
    }
    votes
}

/// Annotations and their gold labels from the folder `mace` of the one that `PLANISPHERE_DATA` names.
#[allow(clippy::print_stderr, reason = "a test that does not run has to say so")]
pub(crate) fn gold(name: &str, test: &str) -> Option<(Annotations, Vec<String>)> {
    let Some(folder) = std::env::var_os("PLANISPHERE_DATA") else {
        eprintln!("SKIPPED {test} on {name}: PLANISPHERE_DATA is not set");
        return None;
    };
    let read = |ending: &str| {
        let path = PathBuf::from(&folder).join("mace").join(format!("{name}.{ending}"));
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    Some((matrix(&read("csv")), read("key").lines().map(str::to_owned).collect()))
}

/// Share of the labels that are right, of those that there are.
pub(crate) fn accuracy(votes: &Annotations, labels: &[Option<u32>], gold: &[String]) -> f64 {
    let told: Vec<bool> = labels.iter().zip(gold).filter_map(|(l, g)| Some(votes.label((*l)?) == g.as_str())).collect();
    told.iter().filter(|&&right| right).count() as f64 / told.len() as f64
}

/// Votes of annotators of all competences, by (item, annotator, label), from a seed.
pub(crate) fn simulated(
    items: u32,
    annotators: u32,
    labels: u32,
    each: u32,
    seed: u64,
) -> (Vec<(u32, u32, u32)>, Vec<f64>) {
    let rng = CounterRng::new(seed, "simulated votes");
    let competence: Vec<f64> = (0..annotators).map(|a| f64::from(rng.at(0, u64::from(a)).unit(0))).collect();
    let mut votes = Vec::new();
    for i in 0..items {
        let draws = rng.at(1, u64::from(i));
        let truth = draws.below(0, labels);
        for v in 0..each {
            let a = (draws.below(1, annotators) + v * (annotators / each)) % annotators;
            let knows = f64::from(draws.unit(2 + 2 * u64::from(v))) < competence[a as usize];
            votes.push((i, a, if knows { truth } else { draws.below(3 + 2 * u64::from(v), labels) }));
        }
    }
    (votes, competence)
}

pub(crate) fn same(a: &MaceModel, b: &MaceModel) -> bool {
    let bits = |m: &MaceModel| -> Vec<u64> {
        let posterior = m.posterior();
        let rows = (0..posterior.n_items()).flat_map(|i| posterior.row(i).unwrap_or_default());
        m.competence().iter().copied().chain(rows).chain([m.log_likelihood()]).map(f64::to_bits).collect()
    };
    bits(a) == bits(b)
}

/// Renamed and shuffled votes. What was item, annotator or label `n` is the one at place `n` of the lists that come back.
pub(crate) fn renamed(codes: &[(u32, u32, u32)], counts: [u32; 3], seed: u64) -> (Annotations, [Vec<u32>; 3]) {
    let rng = |what: &str| CounterRng::new(seed, what);
    let order = |what: &str, n: u32| {
        let mut order: Vec<u32> = (0..n).collect();
        rng(what).shuffle(&mut order);
        order
    };
    let mut codes = codes.to_vec();
    rng("votes").shuffle(&mut codes);
    let mut votes = Annotations::new();
    let maps = [order("items", counts[0]), order("annotators", counts[1]), order("labels", counts[2])];
    for i in order("i", counts[0]) {
        votes.add_item(&format!("item {}", maps[0][i as usize])).unwrap();
    }
    for a in order("a", counts[1]) {
        votes.add_annotator(&format!("who {}", maps[1][a as usize])).unwrap();
    }
    for l in order("l", counts[2]) {
        votes.add_label(&format!("what {}", maps[2][l as usize])).unwrap();
    }
    for (i, a, l) in codes {
        let name = |what: &str, k: usize, n: u32| format!("{what} {}", maps[k][n as usize]);
        votes.push(&name("item", 0, i), &name("who", 1, a), &name("what", 2, l)).unwrap();
    }
    let places = [
        (0..counts[0]).map(|n| votes.item_index(&format!("item {}", maps[0][n as usize])).unwrap()).collect(),
        (0..counts[1]).map(|n| votes.annotator_index(&format!("who {}", maps[1][n as usize])).unwrap()).collect(),
        (0..counts[2]).map(|n| votes.label_index(&format!("what {}", maps[2][n as usize])).unwrap()).collect(),
    ];
    (votes, places)
}
