//! The answer with all points, and what is said about the maps.

use crate::project::{Project, SENTIMENT, item, keys, new_item, point};
use planisphere_dashboard::maps::{MapsOptions, SETTINGS_KEY};
use planisphere_dashboard::store::{Store, StoreOptions};
use serde_json::{Value, json};

const DATA: &str = "/admin/api/embedding_viz/data";

#[tokio::test]
async fn ht_29_the_shape_that_the_original_front_end_reads() {
    let project = Project::new(30, SENTIMENT).await;
    project.say("ann", "item_003", "sentiment", json!("positive")).await;
    let data = project.data("").await;
    assert_eq!(keys(&data), ["label_colors", "labels", "points", "stats"]);
    let points = data["points"].as_array().unwrap();
    assert_eq!(points.len(), 30);
    let expected =
        ["annotated", "annotation_count", "instance_id", "label", "label_source", "preview", "preview_type", "x", "y"];
    for (i, p) in points.iter().enumerate() {
        assert_eq!(keys(p), expected);
        assert!(p["x"].is_number() && p["y"].is_number());
        assert_eq!(p["instance_id"], format!("item_{i:03}"), "in the order in which the items came");
        assert_eq!(
            (p["preview"].as_str(), p["preview_type"].as_str()),
            (Some(&*format!("text number {i}")), Some("text"))
        );
    }
    let stats = &data["stats"];
    for (name, value) in [
        ("total_instances", json!(30)),
        ("visualized_instances", json!(30)),
        ("annotated_instances", json!(1)),
        ("unannotated_instances", json!(29)),
        ("unique_labels", json!(1)),
        ("label_source", json!("majority")),
        ("method", json!("umap")),
        ("metric", json!("cosine")),
        ("schema", json!("sentiment")),
        ("seed", json!(42)),
        ("sampled", json!(false)),
        ("placed", json!(0)),
        ("columns", json!([{"kind": "number", "name": "year"}])),
    ] {
        assert_eq!(stats[name], value, "{name}");
    }
    assert!(stats.get("error").is_none());
    let embedder = &stats["embedder"];
    for (name, value) in [
        ("modality", json!("text")),
        ("source_field", json!("text")),
        ("backend", json!("text")),
        ("available", json!(true)),
    ] {
        assert_eq!(embedder[name], value, "{name}");
    }
    assert_eq!(embedder["chosen_because"], "30 of the first 30 items have a text in \"text\"");
}

#[tokio::test]
async fn fe_01_co_07_labels_and_colors() {
    let project = Project::new(12, SENTIMENT).await;
    let data = project.data("").await;
    assert_eq!((&data["labels"], &data["label_colors"]), (&json!([null]), &json!({"null": "#94a3b8"})));
    for i in 0..12 {
        let label = if i % 2 == 0 { "positive" } else { "negative" };
        project.say("ann", &format!("item_{i:03}"), "sentiment", json!(label)).await;
    }
    let data = project.data("").await;
    assert_eq!(data["labels"], json!(["negative", "positive", null]));
    // The third label has its color kept free, so that no color changes when it is given.
    let colors = json!({"negative": "#22c55e", "positive": "#3b82f6", "null": "#94a3b8"});
    assert_eq!(data["label_colors"], colors);
    project.say("bob", "item_000", "sentiment", json!("neutral")).await;
    project.say("cyd", "item_000", "sentiment", json!("neutral")).await;
    let data = project.data("").await;
    assert_eq!(data["labels"], json!(["negative", "neutral", "positive", null]));
    assert_eq!(
        (&data["label_colors"]["positive"], &data["label_colors"]["neutral"]),
        (&json!("#3b82f6"), &json!("#ef4444"))
    );
}

#[tokio::test]
async fn colors_of_the_configuration_win() {
    let config = format!("{SENTIMENT}\nlabel_colors: {{positive: '#00AA00'}}\n");
    let project = Project::new(6, &config).await;
    project.say("ann", "item_000", "sentiment", json!("positive")).await;
    assert_eq!(project.data("").await["label_colors"]["positive"], "#00aa00");
}

#[tokio::test]
async fn lb_01_03_09_votes_of_several_annotators() {
    let project = Project::new(8, SENTIMENT).await;
    for (who, label) in [("a", "positive"), ("b", "positive"), ("c", "negative")] {
        project.say(who, "item_001", "sentiment", json!(label)).await;
    }
    project.say("a", "item_002", "sentiment", json!("positive")).await;
    project.say("a", "item_002", "sentiment", json!("negative")).await;
    let data = project.data("?label_source=majority").await;
    let of = |id: &str| {
        let p = point(&data, id);
        (p["label"].clone(), p["label_source"].clone(), p["annotated"].clone(), p["annotation_count"].clone())
    };
    assert_eq!(of("item_001"), (json!("positive"), json!("majority"), json!(true), json!(3)));
    assert_eq!(of("item_000"), (json!(null), json!(null), json!(false), json!(0)));
    assert_eq!(of("item_002"), (json!("negative"), json!("majority"), json!(true), json!(1)));
}

#[tokio::test]
async fn lb_05_scales_color_points_and_schema_chooses() {
    let config = "
annotation_schemes:
  - {name: notes, annotation_type: text}
  - {name: quality, annotation_type: likert, size: 5}
  - {name: topics, annotation_type: multiselect, labels: [food, sports]}
";
    let project = Project::new(6, config).await;
    project.say("a", "item_000", "quality", json!(4)).await;
    project.say("a", "item_001", "topics", json!(["sports", "food"])).await;
    let data = project.data("").await;
    assert_eq!((&point(&data, "item_000")["label"], &data["stats"]["schema"]), (&json!("4"), &json!("quality")));
    assert_eq!(point(&data, "item_001")["label"], json!(null));
    let data = project.data("?schema=topics").await;
    assert_eq!((&point(&data, "item_001")["label"], &data["stats"]["schema"]), (&json!("sports"), &json!("topics")));
    let wrong = project.get(&format!("{DATA}?schema=notes")).await.of(400);
    assert_eq!(wrong, json!({"error": "schema must be one of: ['quality', 'topics']"}));
}

#[tokio::test]
async fn lb_07_the_source_is_the_true_one() {
    let project = Project::new(6, SENTIMENT).await;
    for i in 0..2 {
        project.say("a", &format!("item_{i:03}"), "sentiment", json!("positive")).await;
    }
    let data = project.data("?label_source=mace").await;
    assert_eq!(point(&data, "item_000")["label_source"], "majority");
    assert_eq!(data["stats"]["label_source"], "majority");
    let result = json!({"predicted_labels": {"item_001": "negative"}, "label_entropy": {"item_001": 0.5}});
    let version = project.store.versions().await.unwrap().annotations;
    project.store.put_results(vec![("sentiment".to_owned(), result)], version).await.unwrap();
    let data = project.data("?label_source=mace").await;
    assert_eq!(data["stats"]["label_source"], "mace");
    let of = |id: &str| (point(&data, id)["label"].clone(), point(&data, id)["label_source"].clone());
    assert_eq!(of("item_001"), (json!("negative"), json!("mace")));
    assert_eq!(of("item_000"), (json!("positive"), json!("majority")));
    let data = project.data("?label_source=majority").await;
    assert_eq!(point(&data, "item_001")["label"], "positive");
}

#[tokio::test]
async fn pv_01_to_11_previews_of_all_kinds() {
    let v = |i: usize| item(i).vector;
    let items = vec![
        new_item("a", json!({"id": "a", "image_url": "http://x/img.png"}), v(0)),
        new_item("b", json!({"id": "b", "image_url": "http://x/b.png", "text": "t"}), v(1)),
        new_item("c", json!({"id": "c", "image_url": "", "text": ["a", "b"]}), v(2)),
        new_item("d", json!({"id": "d", "image_url": null, "text": 17}), v(3)),
        new_item("e", json!({"id": "e", "text": "x".repeat(201)}), v(4)),
        new_item("f", json!({"id": "f", "text": ""}), v(5)),
    ];
    let project = Project::of(items, SENTIMENT).await;
    let data = project.data("").await;
    for (id, preview, kind) in [
        ("a", "http://x/img.png", "image"),
        ("b", "http://x/b.png", "image"),
        ("c", "a, b", "text"),
        ("d", "17", "text"),
        ("e", &*format!("{}...", "x".repeat(200)), "text"),
        ("f", "", "text"),
    ] {
        let p = point(&data, id);
        assert_eq!((p["preview"].as_str(), p["preview_type"].as_str()), (Some(preview), Some(kind)), "{id}");
    }
    let embedder = &data["stats"]["embedder"];
    assert_eq!((&embedder["modality"], &embedder["source_field"]), (&json!("image"), &json!("image_url")));
    assert_eq!(embedder["alternatives"], json!(["text:text"]));
}

#[tokio::test]
async fn ht_27_one_two_and_three_items() {
    for n in 1..=5 {
        let project = Project::new(n, SENTIMENT).await;
        for method in ["umap", "tsne", "pca"] {
            let data = project.data(&format!("?method={method}")).await;
            assert_eq!(data["points"].as_array().unwrap().len(), n);
            assert_eq!((&data["stats"]["method"], data["stats"].get("error")), (&json!(method), None));
        }
    }
}

#[tokio::test]
async fn fe_05_without_vectors_stats_say_why() {
    let project = Project::of(Vec::new(), SENTIMENT).await;
    let data = project.data("").await;
    assert_eq!((&data["points"], &data["labels"], &data["label_colors"]), (&json!([]), &json!([]), &json!({})));
    assert_eq!(data["stats"]["error"], "No embeddings available. Ensure items have been loaded.");
    assert_eq!(data["stats"]["embedder"]["available"], false);

    let project = Project::of(vec![new_item("a", json!({"n": 1}), None)], SENTIMENT).await;
    let error = project.data("").await["stats"]["error"].clone();
    assert!(error.as_str().unwrap().contains("nothing to embed"), "{error}");

    let project = Project::of(vec![new_item("a", json!({"text": "t"}), None)], SENTIMENT).await;
    assert_eq!(project.data("").await["stats"]["error"], "No embeddings available. Ensure items have been loaded.");
}

#[tokio::test]
async fn sa_samples_stay_the_same() {
    let project = Project::new(40, SENTIMENT).await;
    for i in 0..8 {
        project.say("a", &format!("item_{:03}", i * 5), "sentiment", json!("positive")).await;
    }
    let ids = |data: &Value| -> Vec<Value> {
        data["points"].as_array().unwrap().iter().map(|p| p["instance_id"].clone()).collect()
    };
    let first = project.data("?sample_size=20").await;
    assert_eq!(ids(&first).len(), 20);
    assert_eq!(first["stats"]["sampled"], true);
    assert_eq!(first["points"].as_array().unwrap().iter().filter(|p| p["annotated"] == true).count(), 8);
    assert_eq!(first["stats"]["total_instances"], 40);
    assert_eq!(first, project.data("?sample_size=20&force_refresh=true").await);
    assert_eq!(ids(&project.data("?sample_size=5").await).len(), 8);
    let settings = json!({"include_all_annotated": false, "sample_size": 38});
    project.store.put_setting(SETTINGS_KEY, settings).await.unwrap();
    assert_eq!(ids(&project.data("").await).len(), 38);
    let wrong = project.get(&format!("{DATA}?sample_size=0")).await.of(400);
    assert_eq!(wrong, json!({"error": "sample_size must be a positive integer"}));
    let wrong = project.get(&format!("{DATA}?method=som")).await.of(400);
    assert_eq!(wrong, json!({"error": "method must be one of: ['umap', 'tsne', 'pca']"}));
}

#[tokio::test]
async fn the_same_project_gives_the_same_bytes_on_any_number_of_threads() {
    for method in ["umap", "tsne", "pca"] {
        let mut seen = Vec::new();
        for threads in [1, 2] {
            let store = Store::open("sqlite::memory:", StoreOptions::new()).await.unwrap();
            // In another order of arrival, in parts.
            store.add_items((0..50).map(item).collect()).await.unwrap();
            store.add_items((50..90).map(item).collect()).await.unwrap();
            let project = Project::in_store(store, SENTIMENT, MapsOptions::new().threads(threads));
            project.say("a", "item_000", "sentiment", json!("positive")).await;
            seen.push(project.get(&format!("{DATA}?method={method}")).await.body);
        }
        assert_eq!(seen[0], seen[1], "{method}");
    }
}

#[tokio::test]
async fn who_has_the_answer_is_told_so_and_who_reads_gzip_gets_it() {
    let project = Project::new(20, SENTIMENT).await;
    let first = project.get(DATA).await;
    let etag = first.header("etag").to_owned();
    assert_eq!((first.header("cache-control"), first.header("vary")), ("private, no-cache", "accept-encoding"));
    let again = project.send("GET", DATA, &[("if-none-match", &etag)], "").await;
    assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, &*etag));

    let small = project.send("GET", DATA, &[("accept-encoding", "br, gzip")], "").await;
    assert_eq!((small.header("content-encoding"), small.header("content-type")), ("gzip", "application/json"));
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&small.body[..]), &mut plain).unwrap();
    assert_eq!(plain, first.body);

    project.say("a", "item_004", "sentiment", json!("neutral")).await;
    let changed = project.send("GET", DATA, &[("if-none-match", &etag)], "").await;
    assert_eq!(changed.status.as_u16(), 200);
    assert_ne!(changed.header("etag"), etag);
    // Handing out items changes nothing of what is shown.
    let etag = changed.header("etag").to_owned();
    project.store.next("b", crate::project::RULES).await.unwrap();
    assert_eq!(project.send("GET", DATA, &[("if-none-match", &etag)], "").await.status.as_u16(), 304);
}

#[tokio::test]
async fn ht_05_stats() {
    let project = Project::new(10, SENTIMENT).await;
    let stats = project.get("/admin/api/embedding_viz/stats").await.of(200);
    for (name, value) in [
        ("enabled", json!(true)),
        ("umap_available", json!(true)),
        ("numpy_available", json!(true)),
        ("embeddings_available", json!(true)),
        ("embedding_count", json!(10)),
        ("cache_valid", json!(false)),
    ] {
        assert_eq!(stats[name], value, "{name}");
    }
    let config = &stats["config"];
    for (name, value) in [
        ("sample_size", json!(1000)),
        ("include_all_annotated", json!(true)),
        ("label_source", json!("mace")),
        ("umap_n_neighbors", json!(5)),
        ("umap_min_dist", json!(0.1)),
    ] {
        assert_eq!(config[name], value, "{name}");
    }
    project.data("").await;
    assert_eq!(project.get("/admin/api/embedding_viz/stats").await.of(200)["cache_valid"], true);
}

#[tokio::test]
async fn ht_07_09_no_maps_and_maps_switched_off() {
    let absent = Project::new(3, "diversity_ordering: {enabled: false}").await;
    let stats = absent.get("/admin/api/embedding_viz/stats").await.of(200);
    assert_eq!(stats, json!({"enabled": false, "error": "Embedding visualization not initialized"}));
    let error = absent.get(DATA).await.of(400);
    let expected = "Embedding visualization not initialized. Ensure diversity_ordering is enabled in config.";
    assert_eq!(error, json!({"error": expected}));
    for path in ["refresh", "reorder"] {
        let error = absent.post(&format!("/admin/api/embedding_viz/{path}"), "{\"selections\":[]}").await.of(400);
        assert_eq!(error, json!({"error": "Embedding visualization not available"}), "{path}");
    }
    let off = Project::new(3, "embedding_visualization: {enabled: false}").await;
    let error = off.get(DATA).await.of(400)["error"].clone();
    assert!(error.as_str().unwrap().starts_with("Embedding visualization disabled."), "{error}");
    let stats = off.get("/admin/api/embedding_viz/stats").await.of(200);
    assert_eq!((&stats["enabled"], &stats["embedding_count"]), (&json!(false), &json!(3)));
}

#[tokio::test]
async fn wrong_methods_and_queries() {
    let project = Project::new(3, SENTIMENT).await;
    assert_eq!(project.post(DATA, "{}").await.status.as_u16(), 405);
    assert_eq!(project.get("/admin/api/embedding_viz/reorder").await.status.as_u16(), 405);
    let error = project.get("/admin/api/neighbors").await.of(400)["error"].clone();
    assert!(error.as_str().unwrap().contains("missing field `id`"), "{error}");
}
