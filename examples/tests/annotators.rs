//! The program `annotators`: MACE's files and flags, other methods and forms, and what is wrong with them.

mod common;

use common::{Folder, done, refused, run};
use serde_json::Value;

const ANNOTATORS: &str = env!("CARGO_BIN_EXE_annotators");

/// From the manual of MACE.
const POS: &str = "NOUN,,,NOUN,PRON\nVERB,VERB,,VERB,\n\nADJ,,ADJ,,ADV\n,VERB,,VERB,ADV\nNOUN,,,NOUN,PRON\n";
const KEY: &str = "PRON\nVERB\n\nADJ\nVERB\nNOUN\n";

fn text(out: &std::process::Output) -> String {
    String::from_utf8(out.stdout.clone()).unwrap()
}

fn read(f: &Folder, name: &str) -> String {
    std::fs::read_to_string(f.at(name)).unwrap()
}

#[test]
fn files_of_the_original() {
    let f = Folder::new();
    let (votes, key) = (f.file("pos.csv", POS), f.file("pos.key", KEY));
    let prefix = f.at("out");
    let out = run(ANNOTATORS, &[&votes, "--prefix", &prefix, "--entropies", "--test", &key]);
    assert!(out.status.success(), "{out:?}");
    // An item without votes has no label, so it does not count: 4 of 5.
    assert_eq!(text(&out), "Coverage: 0.8333333333333334\tAccuracy on test set: 0.8\n");
    assert_eq!(read(&f, "out.prediction"), "NOUN\nVERB\n\nADJ\nVERB\nNOUN\n");
    let competence: Vec<f64> = read(&f, "out.competence").trim().split('\t').map(|x| x.parse().unwrap()).collect();
    for (got, want) in competence.iter().zip([0.88210, 0.79042, 0.65986, 0.88222, 0.03114]) {
        assert!((got - want).abs() < 1e-4, "{competence:?}");
    }
    let entropies = read(&f, "out.entropies");
    assert_eq!((entropies.lines().count(), entropies.lines().nth(2)), (6, Some("")));

    // MF-11: with distributions, the first label is what is compared.
    let out = run(ANNOTATORS, &[&votes, "--prefix", &prefix, "--distribution", "--headers", "--test", &key]);
    assert!(text(&out).ends_with("Accuracy on test set: 0.8\n"), "{}", text(&out));
    let prediction = read(&f, "out.prediction");
    assert!(prediction.starts_with("NOUN\tprob_NOUN\tPRON\tprob_PRON\t"), "{prediction}");
    assert!(prediction.lines().nth(1).unwrap().starts_with("NOUN 0.999"), "{prediction}");
    assert!(read(&f, "out.competence").starts_with("annotator_0\tannotator_1\t"));
}

#[test]
fn controls_priors_thresholds_and_expectation_maximization() {
    let f = Folder::new();
    let votes = f.file("pos.csv", POS);
    let prefix = f.at("out");
    let controls = f.file("controls", "PRON\n\n\n\n\nNOUN\n");
    done(ANNOTATORS, &[&votes, "--prefix", &prefix, "--controls", &controls]);
    assert!(read(&f, "out.prediction").starts_with("PRON\nVERB\n"));
    let priors = f.file("priors", "NOUN\t30\nVERB\t30\nADJ\t20\nADV\t10\nPRON\t10\n");
    done(ANNOTATORS, &[&votes, "--prefix", &prefix, "--priors", &priors, "--em"]);
    done(ANNOTATORS, &[&votes, "--prefix", &prefix, "--threshold", "0.5"]);
    assert_eq!(read(&f, "out.prediction").lines().filter(|l| !l.is_empty()).count(), 3);
    // A label that nobody used, and an item too many.
    let controls = f.file("wrong", "XYZ\n");
    refused(
        &f,
        ANNOTATORS,
        &[&votes, "--prefix", &prefix, "--controls", &controls],
        1,
        &["label", "not in the annotations"],
    );
    let controls = f.file("long", "\n\n\n\n\n\nNOUN\n");
    refused(&f, ANNOTATORS, &[&votes, "--prefix", &prefix, "--controls", &controls], 1, &["7, expected 6"]);
}

#[test]
fn numbers() {
    let f = Folder::new();
    let votes = f.file("scores.csv", "3.5,4.2,\n,,4.0\n4.1,3.9,4.2\n");
    let key = f.file("scores.key", "3.8\n4\n4\n");
    let prefix = f.at("out");
    let out = run(ANNOTATORS, &[&votes, "--prefix", &prefix, "--continuous", "--distribution", "--test", &key]);
    assert!(text(&out).contains("RMSE on test set: 0.0"), "{}", text(&out));
    let first = read(&f, "out.prediction");
    let first: Vec<&str> = first.lines().next().unwrap().split('\t').collect();
    assert_eq!((first[2], first[3], first[4]), ("3.5", "4.2", "2"));
    let words = f.file("words.csv", "3.5,four\n");
    refused(
        &f,
        ANNOTATORS,
        &[&words, "--prefix", &prefix, "--continuous"],
        1,
        &["words.csv", "\"four\" is not a number"],
    );
}

#[test]
fn a_vote_a_line_by_every_method_as_json() {
    let f = Folder::new();
    let mut lines = "task,worker,answer\n".to_owned();
    for i in 0..30 {
        for who in ["ann", "bob", "cleo"] {
            let label = if who == "cleo" { "yes" } else { ["yes", "no"][i % 2] };
            lines += &format!("t{i},{who},{label}\n");
        }
    }
    let votes = f.file("votes.csv", &lines);
    for method in ["mace", "dawid-skene", "glad", "weighted-majority", "majority"] {
        let columns = ["--item", "task", "--annotator", "worker", "--label", "answer"];
        let mut flags = vec![votes.as_str(), "--method", method, "--format", "json", "--distribution", "--quiet"];
        flags.extend(columns);
        let out = run(ANNOTATORS, &flags);
        assert!(out.status.success(), "{out:?}");
        let all: Value = serde_json::from_str(&text(&out)).unwrap();
        assert_eq!((&all["method"], all["items"].as_array().unwrap().len()), (&method.into(), 30));
        assert_eq!((&all["items"][1]["id"], &all["items"][1]["label"]), (&"t1".into(), &"no".into()), "{method}");
        let sum: f64 = all["items"][1]["distribution"].as_object().unwrap().values().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9);
        assert!(all["krippendorff_alpha"].as_f64().unwrap() > 0.2);
        let competence = |a: usize| all["annotators"][a]["competence"].as_f64();
        match method {
            "majority" => assert_eq!(competence(0), None),
            _ => assert!(competence(0) > competence(2), "{method}"),
        }
    }
    // The same to a file, on other numbers of threads.
    for threads in ["1", "2", "3"] {
        let prefix = f.at(threads);
        done(
            ANNOTATORS,
            &[
                &votes,
                "--item",
                "task",
                "--annotator",
                "worker",
                "--label",
                "answer",
                "--format",
                "json",
                "--prefix",
                &prefix,
                "--threads",
                threads,
            ],
        );
        assert_eq!(read(&f, "1.json"), read(&f, &format!("{threads}.json")));
    }
}

#[test]
fn repeated_votes() {
    let f = Folder::new();
    let votes = f.file(
        "votes.jsonl",
        "{\"item\":\"i\",\"annotator\":\"a\",\"label\":\"x\"}\n{\"item\":\"i\",\"annotator\":\"a\",\"label\":\"y\"}\n",
    );
    refused(&f, ANNOTATORS, &[&votes, "--format", "json"], 1, &["line 2", "twice"]);
    for (which, label) in [("first", "x"), ("last", "y")] {
        let out = run(ANNOTATORS, &[&votes, "--format", "json", "--duplicates", which, "--method", "majority"]);
        let all: Value = serde_json::from_str(&text(&out)).unwrap();
        assert_eq!(all["items"][0]["label"], label);
    }
}

/// MF-02 and MF-08: the words of the original, with an exit code.
#[test]
fn what_the_original_refuses() {
    let f = Folder::new();
    let votes = f.file("pos.csv", POS);
    for (flag, value, words) in [
        ("--threshold", "2", "threshold not between 0.0 and 1.0"),
        ("--restarts", "0", "restarts not between 1 and 1000"),
        ("--iterations", "1001", "iterations not between 1 and 1000"),
        ("--smoothing", "-1", "smoothing less than 0.0"),
    ] {
        let out = run(ANNOTATORS, &[&votes, &format!("{flag}={value}"), "--em", "--prefix", &f.at("out")]);
        assert_eq!(out.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&out.stderr).contains(words), "{:?}", out);
    }
    let short = f.file("short.csv", "a,b\na\n");
    refused(
        &f,
        ANNOTATORS,
        &[&short, "--prefix", &f.at("out")],
        1,
        &["short.csv", "line 2", "number of annotations differs from previous line"],
    );
    let key = f.file("short.key", "NOUN\n");
    refused(
        &f,
        ANNOTATORS,
        &[&votes, "--prefix", &f.at("out"), "--test", &key],
        1,
        &["number of lines in test file does not match"],
    );
    let empty = f.file("empty.csv", "");
    refused(&f, ANNOTATORS, &[&empty, "--prefix", &f.at("out")], 1, &["empty.csv"]);
    let out = run(ANNOTATORS, &[&votes, "--method", "majority", "--em", "--prefix", &f.at("out")]);
    assert_eq!(out.status.code(), Some(2));
}
