//! The same by a whole server, over real connections, in the steps of the original front end.

use crate::http::{KEY, Server};
use crate::project::SENTIMENT;
use serde_json::json;

const DATA: &str = "/admin/api/embedding_viz/data";

#[test]
fn fe_the_steps_of_the_original_front_end() {
    let server = Server::new(SENTIMENT);
    let first = server.get(DATA);
    let data = first.of(200);
    // Compressed once, not again by the server around it.
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(first.header("cache-control"), Some("private, no-cache"));
    let points = data["points"].as_array().unwrap();
    assert_eq!(points.len(), 20);
    // What is drawn, hovered and counted.
    for p in points {
        assert!(p["instance_id"].is_string() && p["x"].is_number() && p["y"].is_number());
        assert!(p["label"].is_null() && p["preview"].is_string() && p["preview_type"] == "text");
        assert_eq!((&p["annotated"], &p["annotation_count"]), (&json!(false), &json!(0)));
    }
    assert_eq!((&data["labels"], &data["label_colors"]["null"]), (&json!([null]), &json!("#94a3b8")));
    let stats = &data["stats"];
    for name in ["visualized_instances", "annotated_instances", "unannotated_instances", "unique_labels"] {
        assert!(stats[name].is_u64(), "{name}");
    }
    for name in ["modality", "source_field", "backend", "chosen_because"] {
        assert!(stats["embedder"][name].is_string(), "{name}");
    }
    let etag = first.header("etag").unwrap();
    let same = server.ask("GET", DATA, &[("X-API-Key", KEY), ("If-None-Match", etag)], None);
    assert_eq!((same.status, same.text.as_str()), (304, ""));

    // A lasso, then "apply".
    let ids: Vec<&str> = points[15..18].iter().map(|p| p["instance_id"].as_str().unwrap()).collect();
    let body = json!({"selections": [{"instance_ids": ids, "priority": 1}], "interleave": true});
    let applied = server.post("/admin/api/embedding_viz/reorder", &body).of(200);
    assert_eq!((&applied["success"], &applied["reordered_count"]), (&json!(true), &json!(3)));
    let next = server.post("/admin/api/queue/next", &json!({"annotator": "ann"})).of(200);
    assert_eq!(next["item"]["instance_id"], ids[0]);
    let said = json!({"annotator": "ann", "instance_id": ids[0], "annotations": {"sentiment": "negative"}});
    server.post("/admin/api/queue/annotate", &said).of(200);

    // "Refresh": two requests, one computation, the same places, the new label.
    server.post("/admin/api/embedding_viz/refresh", &json!({"force_recompute": true})).of(200);
    let again = server.get(&format!("{DATA}?force_refresh=true")).of(200);
    for (p, q) in points.iter().zip(again["points"].as_array().unwrap()) {
        assert_eq!((&p["instance_id"], &p["x"], &p["y"]), (&q["instance_id"], &q["x"], &q["y"]));
        let label = if q["instance_id"] == ids[0] { json!("negative") } else { json!(null) };
        assert_eq!(q["label"], label);
    }
    assert_eq!(again["labels"], json!(["negative", null]));
    server.stop();
}
