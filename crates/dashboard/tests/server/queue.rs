//! Who gets what, and what they say.

use crate::http::{Server, config, items};
use serde_json::{Value, json};
use std::collections::HashSet;

const SCHEMES: &str = "
annotation_schemes:
  - {name: mood, annotation_type: radio, labels: [positive, negative, neutral]}
  - {name: topics, annotation_type: multiselect, labels: [food, sports]}
  - {name: stars, annotation_type: likert, size: 5}
  - {name: why, annotation_type: text}
max_annotations_per_item: 2
";

fn next(server: &Server, annotator: &str) -> Value {
    server.post("/admin/api/queue/next", &json!({"annotator": annotator})).of(200)
}

fn say(server: &Server, annotator: &str, id: &str, annotations: Value) -> crate::http::Answer {
    let body = json!({"annotator": annotator, "instance_id": id, "annotations": annotations});
    server.post("/admin/api/queue/annotate", &body)
}

#[test]
fn items_are_handed_out_annotated_and_finished() {
    let server = Server::new(SCHEMES);
    let first = next(&server, "ann");
    let item = &first["item"];
    assert_eq!((&item["instance_id"], &item["text"]), (&json!("item_001"), &json!("text of item_001")));
    assert_eq!((&item["preview"], &item["preview_type"]), (&json!("text of item_001"), &json!("text")));
    assert_eq!((&item["data"]["length"], &first["remaining"]), (&json!(0), &json!(20)));
    assert!(first["lease_until"].as_u64().unwrap() > 1_600_000_000_000);
    assert_eq!(next(&server, "ann")["item"]["instance_id"], "item_001", "what they hold comes again");
    assert_eq!(next(&server, "bob")["item"]["instance_id"], "item_001");
    assert_eq!(next(&server, "cleo")["item"]["instance_id"], "item_002", "two have the first one");
    let released = server.post("/admin/api/queue/release", &json!({"annotator": "bob"})).of(200);
    assert_eq!(released, json!({"success": true, "released": true}));
    let said = say(
        &server,
        "ann",
        "item_001",
        json!({"mood": "positive", "topics": ["sports", "food"], "stars": 4, "why": "x"}),
    );
    let expected = json!({"success": true, "annotation_count": 1, "finished": false, "annotations_total": 1});
    assert_eq!(said.of(200), expected);
    assert_eq!(say(&server, "bob", "item_001", json!({"mood": "negative"})).of(200)["finished"], true);
    let shown = server.get("/admin/api/items/item_001").of(200);
    assert_eq!((&shown["finished"], &shown["annotation_count"]), (&json!(true), &json!(2)));
    let values: Vec<_> = shown["annotations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["annotator"].clone(), a["scheme"].clone(), a["value"].clone()))
        .collect();
    for said in [
        ("ann", "mood", json!("positive")),
        ("ann", "topics", json!(["food", "sports"])),
        ("ann", "stars", json!("4")),
        ("bob", "mood", json!("negative")),
    ] {
        assert!(values.contains(&(said.0.into(), said.1.into(), said.2.clone())), "{said:?}: {values:?}");
    }
    let progress = server.get("/admin/api/progress").of(200);
    for (name, n) in [("items", 20), ("annotated", 1), ("finished", 1), ("remaining", 19), ("annotations", 2)] {
        assert_eq!(progress[name], n, "{name}");
    }
    assert_eq!(progress["labels"]["mood"], json!({"positive": 1, "negative": 1, "neutral": 0}));
    assert_eq!(progress["labels"]["topics"], json!({"food": 1, "sports": 1}));
    let annotators = progress["annotators"].as_array().unwrap();
    assert_eq!(annotators.iter().filter(|a| a["items"] == 1).count(), 2);
    let queue = server.get("/admin/api/queue?limit=1").of(200);
    assert_eq!((&queue["items"][0]["id"], &queue["items"][0]["leased_to"]), (&json!("item_002"), &json!(["cleo"])));
    assert_eq!(queue["remaining"], 19);
}

#[test]
fn lb_09_a_second_answer_takes_the_place_of_the_first() {
    let server = Server::new(SCHEMES);
    for (label, count) in [("positive", 1), ("negative", 1)] {
        assert_eq!(say(&server, "ann", "item_005", json!({"mood": label})).of(200)["annotation_count"], count);
    }
    let data = server.get("/admin/api/embedding_viz/data?label_source=majority").of(200);
    let point = data["points"].as_array().unwrap().iter().find(|p| p["instance_id"] == "item_005").unwrap();
    assert_eq!((&point["label"], &point["annotation_count"]), (&json!("negative"), &json!(1)));
}

#[test]
fn answers_that_make_no_sense_change_nothing() {
    let server = Server::new(SCHEMES);
    for (annotations, place) in [
        (json!({"mood": "angry"}), "annotations.mood must be one of: 'positive', 'negative', 'neutral'"),
        (json!({"mood": ["positive"]}), "annotations.mood must be one of"),
        (json!({"mood": "positive", "topics": ["war"]}), "annotations.topics must be a list of: 'food', 'sports'"),
        (json!({"mood": "positive", "topics": "food"}), "annotations.topics must be a list of"),
        (json!({"stars": 6}), "annotations.stars must be one of: '1', '2', '3', '4', '5'"),
        (json!({"why": 3}), "annotations.why must be a string"),
        (json!({"color": "red"}), "annotations.color: unknown scheme; known here: 'mood', 'topics', 'stars', 'why'"),
        (json!({}), "annotations must have at least one answer"),
        (json!([]), "annotations must be an object"),
    ] {
        let error = say(&server, "ann", "item_001", annotations.clone()).of(400)["error"].clone();
        assert!(error.as_str().unwrap().starts_with(place), "{annotations}: {error}");
    }
    assert_eq!(say(&server, "ann", "nobody", json!({"mood": "positive"})).status, 404);
    let nul = say(&server, "ann", "item_001\0", json!({"mood": "positive"}));
    assert!(nul.status == 404 || nul.status == 400, "{}", nul.text);
    assert_eq!(server.get("/admin/api/progress").of(200)["annotations"], 0);
    assert_eq!(server.get("/admin/api/items/nobody").status, 404);
}

#[test]
fn reorders_are_undone_and_done_again() {
    let server = Server::new(SCHEMES);
    let front = |server: &Server| server.get("/admin/api/queue?limit=1").of(200)["items"][0]["id"].clone();
    let request = json!({"selections": [{"instance_ids": ["nope1", "item_007", "nope2"], "priority": 1}]});
    let answer = server.post("/admin/api/embedding_viz/reorder", &request).of(200);
    assert_eq!((&answer["reordered_count"], &answer["unknown_ids"]), (&json!(3), &json!(["nope1", "nope2"])));
    assert_eq!(front(&server), "item_007");
    assert_eq!(server.post("/admin/api/queue/undo", &json!({})).of(200)["reordering"]["undone"], true);
    assert_eq!(front(&server), "item_001");
    assert_eq!(server.post("/admin/api/queue/redo", &json!({})).of(200)["success"], true);
    assert_eq!(front(&server), "item_007");
    server.post("/admin/api/queue/undo", &json!({})).of(200);
    assert_eq!(server.post("/admin/api/queue/undo", &json!({})).of(200)["reordering"], Value::Null);
    assert_eq!(server.get("/admin/api/queue/reorders").of(200)["reorders"][0]["response"]["moved_count"], 1);
}

#[test]
fn many_annotators_at_once_get_each_item_as_often_as_it_needs() {
    let mut config = config(SCHEMES);
    config.annotators_per_item = 2;
    let server = Server::with(config, items((0..30).map(|i| format!("i{i}"))), None);
    let taken: Vec<Vec<String>> = std::thread::scope(|scope| {
        let work = |who: usize| {
            let (server, mut mine) = (&server, Vec::new());
            move || {
                let name = format!("annotator {who}");
                while let Some(id) = next(server, &name)["item"]["instance_id"].as_str() {
                    say(server, &name, id, json!({"mood": "positive"})).of(200);
                    mine.push(id.to_owned());
                }
                mine
            }
        };
        let threads: Vec<_> = (0..6).map(|who| scope.spawn(work(who))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(taken.iter().map(Vec::len).sum::<usize>(), 60);
    for mine in &taken {
        assert_eq!(mine.iter().collect::<HashSet<_>>().len(), mine.len());
    }
    let progress = server.get("/admin/api/progress").of(200);
    assert_eq!(
        (&progress["finished"], &progress["annotations"], &progress["remaining"]),
        (&json!(30), &json!(60), &json!(0))
    );
}
