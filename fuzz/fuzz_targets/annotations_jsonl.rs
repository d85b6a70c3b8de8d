#![no_main]

use libfuzzer_sys::fuzz_target;
use planisphere_fuzz::{check, same};
use planisphere_labels_mace::{Annotations, Duplicates, VoteReader};
use serde_json::json;

fn write(votes: &Annotations) -> String {
    let line = |v: &planisphere_labels_mace::Vote| {
        let (item, annotator, label) = (votes.item(v.item), votes.annotator(v.annotator), votes.label(v.label));
        json!({"item": item, "annotator": annotator, "label": label}).to_string()
    };
    votes.votes().iter().map(line).collect::<Vec<_>>().join("\n")
}

fuzz_target!(|data: &[u8]| {
    for duplicates in [Duplicates::Error, Duplicates::First, Duplicates::Last] {
        let reader = VoteReader::new().duplicates(duplicates);
        let Ok(votes) = reader.read_jsonl(data) else { continue };
        check(&votes);
        let once = reader.read_jsonl(write(&votes).as_bytes()).unwrap();
        check(&once);
        for (a, b) in votes.votes().iter().zip(once.votes()) {
            assert_eq!(votes.item(a.item), once.item(b.item));
            assert_eq!(votes.annotator(a.annotator), once.annotator(b.annotator));
            assert_eq!(votes.label(a.label), once.label(b.label));
        }
        assert_eq!(once.len(), votes.len());
        same(&once, &reader.read_jsonl(write(&once).as_bytes()).unwrap());
    }
});
