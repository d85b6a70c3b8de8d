//! What tests of models share.

#![allow(dead_code, reason = "each test program uses a part of it")]

use planisphere_labels_mace::Annotations;
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
