//! Items that come later, columns, neighbors.

use crate::project::{Project, SENTIMENT, item, new_item, point, vector};
use planisphere_dashboard::maps::MapsOptions;
use planisphere_dashboard::store::{Store, StoreOptions};
use serde_json::{Value, json};

fn at(data: &Value, id: &str) -> (f64, f64) {
    let p = point(data, id);
    (p["x"].as_f64().unwrap(), p["y"].as_f64().unwrap())
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// Whether an item is nearer to its group than to the others.
fn is_among_its_like(data: &Value, id: &str, group: usize, n: usize) -> bool {
    let mean = |g: usize| {
        let all: Vec<f64> =
            (0..n).filter(|i| i % 3 == g).map(|i| distance(at(data, id), at(data, &format!("item_{i:03}")))).collect();
        all.iter().sum::<f64>() / all.len() as f64
    };
    (0..3).filter(|g| *g != group).all(|g| mean(group) < mean(g))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_items_are_on_the_map_at_once_and_then_it_is_made_anew() {
    for method in ["umap", "tsne", "pca"] {
        let config = format!("embedding_visualization: {{method: {method}, umap: {{n_neighbors: 8}}}}");
        let project = Project::new(90, &config).await;
        let before = project.data("").await;
        let mut events = project.events().await;
        project.store.add_items((90..93).map(item).collect()).await.unwrap();
        let at_once = project.data("").await;
        assert_eq!(at_once["stats"]["placed"], 3);
        for i in 0..93 {
            let id = format!("item_{i:03}");
            match i < 90 {
                true => assert_eq!(at(&at_once, &id), at(&before, &id)),
                false => assert!(is_among_its_like(&at_once, &id, i % 3, 90), "{method} {i}"),
            }
        }
        assert_ne!(at_once["stats"]["cache_key"], before["stats"]["cache_key"]);
        assert_eq!(at_once["points"].as_array().unwrap().len(), 93);
        // A new map, in the background.
        events.until(|name, data| name == "job" && data["state"] == "done").await;
        let then = project.data("").await;
        assert_eq!((&then["stats"]["placed"], then["points"].as_array().unwrap().len()), (&json!(0), 93), "{method}");
        assert_ne!(then["stats"]["cache_key"], before["stats"]["cache_key"]);
        // It is the one that a project with all items from the start has.
        let all = Project::new(93, &config).await;
        assert_eq!(all.data("").await["points"], then["points"], "{method}");
        // Without anybody asking, if the maps are told.
        project.store.add_items(vec![item(93)]).await.unwrap();
        project.maps.items_added();
        events.until(|name, data| name == "job" && data["state"] == "done").await;
        assert_eq!(project.data("").await["stats"]["placed"], 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_new_items_are_placed_with_or_without_the_model() {
    for keep in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.db");
        let open = || async { Store::open(path.to_str().unwrap(), StoreOptions::new()).await.unwrap() };
        let models = folder.path().join("models");
        let options = if keep { MapsOptions::new().models_folder(&models) } else { MapsOptions::new() };
        let store = open().await;
        store.add_items((0..60).map(item).collect()).await.unwrap();
        let project = Project::in_store(store.clone(), SENTIMENT, options.clone());
        let before = project.data("").await;
        if keep {
            // The model is written after the map is served.
            for _ in 0..600 {
                if models.is_dir()
                    && std::fs::read_dir(&models)
                        .unwrap()
                        .any(|f| f.unwrap().path().extension().is_some_and(|e| e == "umap"))
                {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        project.maps.close();
        drop(project);
        store.close().await;

        let store = open().await;
        store.add_items(vec![item(60)]).await.unwrap();
        let project = Project::in_store(store, SENTIMENT, options);
        let data = project.data("").await;
        assert_eq!((data["points"].as_array().unwrap().len(), &data["stats"]["placed"]), (61, &json!(1)));
        assert_eq!(at(&data, "item_007"), at(&before, "item_007"));
        assert!(is_among_its_like(&data, "item_060", 0, 60), "model kept: {keep}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_vector_moves_a_point() {
    let project = Project::new(60, SENTIMENT).await;
    project.data("").await;
    let mut events = project.events().await;
    // Of the group of item 1.
    project.store.set_vectors(vec![("item_000".to_owned(), vector(301))]).await.unwrap();
    let data = project.data("").await;
    assert_eq!(data["stats"]["placed"], 1);
    assert!(is_among_its_like(&data, "item_000", 1, 60));
    events.until(|name, data| name == "job" && data["state"] == "done").await;
    assert_eq!(project.data("").await["stats"]["placed"], 0);
}

#[tokio::test]
async fn annotated_items_enter_a_sample_without_a_new_map_each_time() {
    let project = Project::new(100, "embedding_visualization: {sample_size: 60, method: pca}").await;
    let first = project.data("").await;
    let shown: Vec<&Value> = first["points"].as_array().unwrap().iter().map(|p| &p["instance_id"]).collect();
    let hidden: Vec<String> =
        (0..100).map(|i| format!("item_{i:03}")).filter(|id| !shown.contains(&&json!(id))).collect();
    let mut events = project.maps.events().subscribe();
    for id in &hidden[..3] {
        project.say("a", id, "q", json!("x")).await;
        let data = project.data("").await;
        assert_eq!(data["points"].as_array().unwrap().len(), 60);
        point(&data, id);
    }
    assert_eq!(project.data("").await["stats"]["placed"], 3);
    assert!(
        !std::iter::from_fn(|| events.try_recv().ok()).any(|e| matches!(e, planisphere_dashboard::maps::Event::Job(_)))
    );
    // Many at once are worth one.
    project.say("a", &hidden[3], "q", json!("x")).await;
    project.data("").await;
    let mut begun = false;
    while let Ok(event) = tokio::time::timeout(std::time::Duration::from_secs(5), events.recv()).await {
        if let Ok(planisphere_dashboard::maps::Event::Job(_)) = event {
            begun = true;
            break;
        }
    }
    assert!(begun);
}

#[tokio::test]
async fn columns_are_aligned_with_the_points() {
    let mut items: Vec<_> = (0..20).map(item).collect();
    items.push(new_item("plain", json!({"text": "t"}), Some(vector(20))));
    let project = Project::of(items, SENTIMENT).await;
    for (who, label) in [("a", "positive"), ("b", "negative")] {
        project.say(who, "item_002", "sentiment", json!(label)).await;
    }
    project.say("a", "item_003", "sentiment", json!("neutral")).await;
    let data = project.data("?sample_size=15").await;
    let key = data["stats"]["cache_key"].as_str().unwrap().to_owned();
    let ids: Vec<&str> =
        data["points"].as_array().unwrap().iter().map(|p| p["instance_id"].as_str().unwrap()).collect();
    let column = |name: &str| {
        let path = format!("/admin/api/embedding_viz/column?name={name}&cache_key={key}");
        let project = &project;
        async move { project.get(&path).await }
    };
    let years = column("year").await.of(200);
    assert_eq!((&years["name"], &years["kind"], &years["cache_key"]), (&json!("year"), &json!("number"), &json!(key)));
    let expected: Vec<Value> = ids
        .iter()
        .map(|id| {
            id.strip_prefix("item_").map_or(Value::Null, |n| json!((1990 + n.parse::<usize>().unwrap() % 7) as f64))
        })
        .collect();
    assert_eq!(years["values"], Value::from(expected));
    let votes = column("$votes").await.of(200);
    let of = |values: &Value, id: &str| values["values"][ids.iter().position(|i| *i == id).unwrap()].clone();
    assert_eq!((of(&votes, "item_002"), of(&votes, "item_003")), (json!(2), json!(1)));
    let doubt = column("$uncertainty").await.of(200);
    assert_eq!((of(&doubt, "item_002"), of(&doubt, "item_003")), (json!(2f64.ln()), json!(0.0)));
    let unsaid = ids.iter().find(|id| !["item_002", "item_003"].contains(id)).unwrap();
    assert_eq!(of(&doubt, unsaid), Value::Null);
    assert_eq!(column("nothing").await.of(404), json!({"error": "unknown column 'nothing'"}));
    let old = project.get("/admin/api/embedding_viz/column?name=year&cache_key=old").await.of(409);
    assert_eq!(old, json!({"error": "cache_key 'old' is not current"}));

    let result = json!({"predicted_labels": {"item_003": "neutral"}, "label_entropy": {"item_003": 0.75}});
    let version = project.store.versions().await.unwrap().annotations;
    project.store.put_results(vec![("sentiment".to_owned(), result)], version).await.unwrap();
    assert_eq!(of(&column("$uncertainty").await.of(200), "item_003"), json!(0.75));
}

#[tokio::test]
async fn neighbors_by_the_vectors_themselves() {
    let project = Project::new(30, SENTIMENT).await;
    project.store.add_items(vec![new_item("bare", json!({"text": "t"}), None)]).await.unwrap();
    let found = project.get("/admin/api/neighbors?id=item_004").await.of(200);
    assert_eq!((&found["id"], &found["metric"]), (&json!("item_004"), &json!("cosine")));
    let near = found["neighbors"].as_array().unwrap();
    assert_eq!(near.len(), 10);
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let mut expected: Vec<(f64, usize)> =
        (0..30).filter(|i| *i != 4).map(|i| (cosine(&vector(4), &vector(i)), i)).collect();
    expected.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (n, (d, i)) in near.iter().zip(&expected) {
        assert_eq!(n["instance_id"], format!("item_{i:03}"));
        assert_eq!(n["preview"], format!("text number {i}"));
        assert!((n["distance"].as_f64().unwrap() - d).abs() < 1e-6);
    }
    assert_eq!(project.get("/admin/api/neighbors?id=item_004&k=3").await.of(200)["neighbors"], json!(near[..3]));
    assert_eq!(project.get("/admin/api/neighbors?id=nobody").await.of(404), json!({"error": "unknown item 'nobody'"}));
    assert_eq!(
        project.get("/admin/api/neighbors?id=bare").await.of(404),
        json!({"error": "item 'bare' has no vector"})
    );
}
