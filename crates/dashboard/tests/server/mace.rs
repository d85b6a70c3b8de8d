//! The models of annotators, by the ids of the cases.

use crate::http::{Server, config, items};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[derive(Deserialize)]
struct Cases {
    mace_demo: Demo,
}

#[derive(Deserialize)]
struct Demo {
    annotators: Vec<String>,
    votes: Vec<Vec<String>>,
    predictions: BTreeMap<String, String>,
    #[serde(rename = "entropy_below_0.5")]
    sure: Vec<String>,
    competence: BTreeMap<String, f64>,
}

const YAML: &str = "
mace: {enabled: true, trigger_every_n: 1000}
max_annotations_per_item: -1
annotation_schemes:
  - {name: sentiment, annotation_type: radio, labels: [positive, negative, neutral]}
  - {name: topics, annotation_type: multiselect, labels: [food, war]}
";

fn demo() -> Demo {
    serde_json::from_str::<Cases>(include_str!("../cases.json")).unwrap().mace_demo
}

fn reviews(yaml: &str) -> Server {
    Server::with(config(yaml), items((1..=10).map(|i| format!("review_{i:02}"))), None)
}

fn vote_all(server: &Server, demo: &Demo) {
    for (i, votes) in demo.votes.iter().enumerate() {
        for (annotator, label) in demo.annotators.iter().zip(votes) {
            let id = format!("review_{:02}", i + 1);
            let topics = if label == "positive" { json!(["food"]) } else { json!([]) };
            let said = json!({"annotator": annotator, "instance_id": id, "annotations": {"sentiment": label, "topics": topics}});
            server.post("/admin/api/queue/annotate", &said).of(200);
        }
    }
}

#[test]
fn ma_01_03_05_without_models() {
    let server = Server::new("");
    let overview = server.get("/admin/api/mace/overview").of(200);
    assert_eq!(overview, json!({"enabled": false, "message": "MACE not configured"}));
    assert_eq!(server.post("/admin/api/mace/trigger", &json!({})).of(400), json!({"error": "MACE not enabled"}));
    let asked = server.get("/admin/api/mace/predictions").of(400);
    assert_eq!(asked, json!({"error": "schema parameter required"}));
    let off = server.get("/admin/api/mace/predictions?schema=x").of(200);
    assert_eq!(off, json!({"error": "MACE not configured"}));
}

#[test]
fn ma_05_07_09_11_whom_to_trust() {
    let (server, demo) = (reviews(YAML), demo());
    let overview = server.get("/admin/api/mace/overview").of(200);
    assert_eq!(overview, json!({"enabled": true, "has_results": false, "schemas": [], "annotator_competence": {}}));
    assert_eq!(
        server.get("/admin/api/mace/predictions?schema=sentiment").of(200),
        json!({"error": "No MACE results for schema 'sentiment'"})
    );
    vote_all(&server, &demo);
    let done = server.post("/admin/api/mace/trigger", &json!({})).of(200);
    // Nobody said war, so there is nothing to learn of it; boxes that are not checked are votes.
    assert_eq!(done, json!({"status": "success", "schemas_processed": 2, "schemas": ["sentiment", "topics::food"]}));
    let overview = server.get("/admin/api/mace/overview").of(200);
    assert_eq!((&overview["enabled"], &overview["has_results"]), (&json!(true), &json!(true)));
    let expected = json!({"trigger_every_n": 1000, "min_annotations_per_item": 3, "min_items": 5, "num_restarts": 10, "num_iters": 50});
    assert_eq!(overview["config"], expected);
    let schema = &overview["schemas"][0];
    assert_eq!(
        (&schema["key"], &schema["num_instances"], &schema["num_annotators"]),
        (&json!("sentiment"), &json!(10), &json!(5))
    );
    let score = |who: &str| overview["annotator_competence"][who]["scores"]["sentiment"].as_f64().unwrap();
    for (who, known) in &demo.competence {
        assert!((score(who) - known).abs() < 1e-3, "{who}: {} {known}", score(who));
        assert!(who == "spammer" || score(who) > score("spammer"));
    }
    for reliable in ["reliable_1", "reliable_2"] {
        assert!(score(reliable) > score("spammer") + 0.1 && score(reliable) > score("biased"));
    }
    let all = server.get("/admin/api/mace/predictions?schema=sentiment").of(200);
    let keys: Vec<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["label_entropy", "label_mapping", "num_instances", "option_name", "predicted_labels", "schema_name"]
    );
    for (id, label) in &demo.predictions {
        assert_eq!(all["predicted_labels"][id], *label, "{id}");
    }
    for id in &demo.sure {
        assert!(all["label_entropy"][id].as_f64().unwrap() < 0.5, "{id}");
    }
    let one = server.get("/admin/api/mace/predictions?schema=sentiment&instance_id=review_01").of(200);
    assert_eq!((&one["instance_id"], &one["predicted_label"]), (&json!("review_01"), &json!("positive")));
    assert!(one["entropy"].is_number() && one["label_mapping"].is_object());
    let none = server.get("/admin/api/mace/predictions?schema=sentiment&instance_id=zzz").of(200);
    assert_eq!(none, json!({"error": "No prediction for instance 'zzz'"}));
    let option = server.get("/admin/api/mace/predictions?schema=topics::food").of(200);
    assert_eq!((&option["option_name"], &option["predicted_labels"]["review_01"]), (&json!("food"), &json!("1")));
    let item = server.get("/admin/api/items/review_01").of(200);
    assert_eq!(item["predictions"]["sentiment"]["label"], "positive");
    // They outlive the program, and are the same when they are learned again.
    let folder = server.stop();
    let server = Server::in_folder(folder, config(YAML), Vec::new(), None);
    assert_eq!(server.get("/admin/api/mace/overview").of(200), overview);
    server.post("/admin/api/mace/trigger", &json!({})).of(200);
    assert_eq!(server.get("/admin/api/mace/predictions?schema=sentiment").of(200), all);
}

#[test]
fn models_learn_in_the_background() {
    let (server, demo) = (reviews(&YAML.replace("1000", "50")), demo());
    vote_all(&server, &demo);
    let start = Instant::now();
    loop {
        let overview: Value = server.get("/admin/api/mace/overview").of(200);
        if overview["has_results"] == true {
            assert_eq!(overview["schemas"][0]["num_instances"], 10);
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "nothing was learned");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn too_little_is_no_result() {
    let server = reviews(YAML);
    let done = server.post("/admin/api/mace/trigger", &json!({})).of(200);
    assert_eq!(done, json!({"status": "success", "schemas_processed": 0, "schemas": []}));
}
