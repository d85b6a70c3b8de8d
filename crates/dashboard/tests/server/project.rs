//! Items, groups, settings, search, and what the project is.

use crate::http::{Server, config};
use planisphere::core::{Context, Matrix};
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn groups_are_changed_by_one_at_a_time() {
    let server = Server::new("");
    assert_eq!(server.get("/admin/api/groups").of(200), json!({"version": 0, "groups": []}));
    let put = |version: Value, groups: Value| {
        server.send("PUT", "/admin/api/groups", &json!({"version": version, "groups": groups}))
    };
    let groups = json!([{"name": "</script><b>", "instance_ids": ["item_001", "nobody"]}]);
    assert_eq!(put(json!(0), groups.clone()).of(200), json!({"version": 1, "groups": groups}));
    let stale = put(json!(0), json!([])).of(409);
    assert_eq!(stale["version"], 1);
    assert!(stale["error"].is_string());
    assert_eq!(server.get("/admin/api/groups").of(200)["groups"], groups);
    for (version, groups) in [
        (json!("1"), json!([])),
        (json!(1), json!({})),
        (json!(1), json!([1])),
        (json!(1), json!([{"name": "a"}])),
        (json!(1), json!([{"name": 1, "instance_ids": []}])),
        (json!(1), json!([{"name": "a", "instance_ids": [1]}])),
        (json!(1), json!([{"name": "a", "instance_ids": [], "x": 1}])),
    ] {
        assert_eq!(put(version, groups).status, 400);
    }
}

#[test]
fn settings_are_checked_as_the_configuration_is() {
    let server = Server::new(
        "embedding_visualization: {sample_size: 7}\nannotation_schemes: [{name: mood, annotation_type: radio, labels: [a]}]",
    );
    let start = server.get("/admin/api/settings").of(200);
    let expected = json!({
        "method": "umap", "label_source": "mace", "schema": null, "sample_size": 7, "include_all_annotated": true,
        "umap": {"n_neighbors": 15, "min_dist": 0.1, "metric": "cosine"},
    });
    assert_eq!(start, expected);
    let put = |changes: Value| server.send("PUT", "/admin/api/settings", &changes);
    let changed = put(json!({"method": "tsne", "umap": {"metric": "euclidean"}, "schema": "mood"})).of(200);
    assert_eq!(
        (&changed["method"], &changed["umap"]["metric"], &changed["sample_size"]),
        (&json!("tsne"), &json!("euclidean"), &json!(7))
    );
    assert_eq!(server.get("/admin/api/settings").of(200), changed);
    for (changes, message) in [
        (json!({"sample_size": 0}), "embedding_visualization.sample_size must be a positive integer"),
        (json!({"umap": {"min_dist": 2}}), "embedding_visualization.umap.min_dist must be a number between 0 and 1"),
        (json!({"label_source": "x"}), "embedding_visualization.label_source must be one of: ['mace', 'majority']"),
        (json!({"schema": "x"}), "embedding_visualization.schema must be one of: ['mood']"),
        (json!({"enabled": false}), "Unrecognized config key \"embedding_visualization.enabled\" will be ignored"),
    ] {
        assert_eq!(put(changes).of(400), json!({"error": message}));
    }
    assert_eq!(server.get("/admin/api/settings").of(200), changed);
}

#[test]
fn items_come_later_and_are_embedded() {
    let encoder = |texts: &[&str], _: &mut Context<'_>| -> Result<Matrix, planisphere::BoxError> {
        Ok(Matrix::from_rows(texts.iter().map(|t| [t.len() as f32, 1.0, 2.0, 3.0]))?)
    };
    let first = crate::http::items((0..6).map(|i| format!("i{i}")));
    let server = Server::with(config(""), first, Some(Arc::new(encoder)));
    let add = |items: Value| server.post("/admin/api/items", &json!({"items": items}));
    let added = add(
        json!([{"id": "new", "text": "four"}, {"id": "with", "text": "x", "vector": [1, 2, 3, 4]}, {"id": "i0", "text": "other"}]),
    );
    assert_eq!(added.of(200), json!({"added": 2, "updated": 1, "unchanged": 0, "embedded": 2}));
    // The text of `i0` is another one now.
    let vector = server.block_on(server.app.store().vectors_of(&["new".to_owned()])).unwrap();
    assert_eq!(vector[0].1, [4.0, 1.0, 2.0, 3.0]);
    let data = server.get("/admin/api/embedding_viz/data").of(200);
    assert_eq!(data["points"].as_array().unwrap().len(), 8);
    assert_eq!(server.get("/admin/api/items/i0").of(200)["text"], "other");
    for (items, place) in [
        (json!({}), "items must be a list"),
        (json!([1]), "items[0] must be an object"),
        (json!([{"id": "ok"}, {"text": "x"}]), "items[1].id must be a non-empty string"),
        (json!([{"id": "ok", "vector": [1, "x"]}]), "items[0].vector[1] must be a number"),
        (json!([{"id": "ok", "vector": 1}]), "items[0].vector must be a list"),
        (json!([{"id": "ok", "vector": [1e300]}]), "items[0].vector[0] must be a number"),
    ] {
        let error = add(items).of(400)["error"].clone();
        assert!(error.as_str().unwrap().starts_with(place), "{error}");
    }
    assert!(add(json!([{"id": "ok", "vector": [1, 2]}])).of(400)["error"].is_string());
    assert_eq!(server.get("/admin/api/items/ok").status, 404, "all or none");
}

#[test]
fn search_finds_ids_and_texts() {
    let server = Server::new("");
    let search = |q: &str| server.get(&format!("/admin/api/search?q={q}")).of(200);
    assert_eq!(
        search("ITEM_007"),
        json!({"total": 1, "items": [{"instance_id": "item_007", "preview": "text of item_007"}]})
    );
    assert_eq!(search("text%20item_01")["total"], 10);
    assert_eq!(server.get("/admin/api/search?q=text&limit=3").of(200)["items"].as_array().unwrap().len(), 3);
    for nothing in ["", "%20", "zzz", "%25", "text%00"] {
        assert_eq!(search(nothing)["total"], 0, "{nothing}");
    }
    assert_eq!(server.get(&format!("/admin/api/search?q={}", "x".repeat(20_000))).status, 400);
}

#[test]
fn hostile_strings_are_data() {
    let hostile = [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\"'`&",
        "javascript:alert(1)",
        "../../etc/passwd",
        "\u{202e}\u{5d0}\u{1F468}\u{200d}\u{1F469}\u{200d}\u{1F467}",
        "a/b?c#d%20e",
        "' OR 1=1 --",
        "\u{0007}\r\n",
        "é",
    ];
    let long = "x".repeat(100_000);
    let server = Server::new("annotation_schemes: [{name: why, annotation_type: text}]");
    let ids: Vec<&str> = hostile.iter().copied().chain([long.as_str()]).collect();
    let items: Vec<Value> = ids
        .iter()
        .map(|id| {
            let mut item = json!({"id": id, "text": id, "vector": [1, 2, 3, 4]});
            item[*id] = json!(id);
            item
        })
        .collect();
    assert_eq!(server.post("/admin/api/items", &json!({"items": items})).of(200)["added"], ids.len());
    for id in &ids {
        let path: String = id.bytes().map(|b| format!("%{b:02x}")).collect();
        if id.len() < 10_000 {
            let item = server.get(&format!("/admin/api/items/{path}")).of(200);
            assert_eq!((&item["instance_id"], &item["text"], &item["data"][*id]), (&json!(id), &json!(id), &json!(id)));
        }
        let said = json!({"annotator": "<b>\u{1F600}", "instance_id": id, "annotations": {"why": id}});
        server.post("/admin/api/queue/annotate", &said).of(200);
    }
    let data = server.get("/admin/api/embedding_viz/data").of(200);
    let shown: Vec<&str> =
        data["points"].as_array().unwrap().iter().map(|p| p["instance_id"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| shown.contains(id)));
    let nul = server.post("/admin/api/items", &json!({"items": [{"id": "a\0b", "text": "x"}]}));
    assert!(nul.of(400)["error"].as_str().unwrap().contains("NUL"));
}

#[test]
fn what_the_project_is() {
    let server = Server::new(
        "annotation_task_name: Moods\nannotation_schemes: [{name: mood, annotation_type: likert, size: 2, description: How?}]",
    );
    let info = server.get("/admin/api/info").of(200);
    assert_eq!(
        (&info["title"], &info["annotator_default"], &info["queue"]["annotators_per_item"]),
        (&json!("Moods"), &json!("admin"), &json!(3))
    );
    let schemes = server.get("/admin/api/schemes").of(200);
    assert_eq!(
        schemes,
        json!([{"name": "mood", "annotation_type": "likert", "labels": ["1", "2"], "description": "How?"}])
    );
}
