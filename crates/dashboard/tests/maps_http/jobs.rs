//! Maps that take a while, and who waits for them.

use crate::project::{Project, SENTIMENT, item};
use planisphere_dashboard::maps::{Event, JobState, MapsOptions, SETTINGS_KEY};
use planisphere_dashboard::store::{Store, StoreOptions};
use serde_json::{Value, json};
use std::time::Duration;

const DATA: &str = "/admin/api/embedding_viz/data";
const REFRESH: &str = "/admin/api/embedding_viz/refresh";

/// How many computations began since.
fn begun(events: &mut tokio::sync::broadcast::Receiver<Event>) -> usize {
    let mut begun = 0;
    while let Ok(event) = events.try_recv() {
        begun += usize::from(matches!(event, Event::Job(s) if s.state == JobState::Queued));
    }
    begun
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_wait_gets_a_job_to_ask_about() {
    let project = Project::new(400, SENTIMENT).await;
    let mut events = project.events().await;
    let job = project.get(&format!("{DATA}?wait=false&method=tsne")).await.of(202)["job"].clone();
    assert_eq!(job["method"], "tsne");
    assert!(job["state"] == "queued" || job["state"] == "running", "{job}");
    let id = job["id"].as_str().unwrap().to_owned();
    let again = project.get(&format!("{DATA}?wait=false&method=tsne")).await.of(202)["job"].clone();
    assert_eq!(again["id"], job["id"], "one computation");
    let running =
        events.until(|name, data| name == "job" && data["state"] == "running" && data["stage"].is_string()).await;
    assert_eq!(running["id"], job["id"]);
    let done =
        events.until(|name, data| name == "job" && data["state"] != "running" && data["state"] != "queued").await;
    assert_eq!((&done["state"], &done["progress"], done.get("error")), (&json!("done"), &json!(1.0), None));
    assert_eq!(project.get(&format!("/admin/api/jobs/{id}")).await.of(200)["job"], done);
    let data = project.get(&format!("{DATA}?wait=false&method=tsne")).await.of(200);
    assert_eq!(data["points"].as_array().unwrap().len(), 400);
    assert_eq!(project.get("/admin/api/jobs/nothing").await.of(404), json!({"error": "unknown job 'nothing'"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_ask_at_the_same_time_share_one_computation() {
    let project = std::sync::Arc::new(Project::new(200, SENTIMENT).await);
    let mut events = project.maps.events().subscribe();
    let many: Vec<_> = (0..16)
        .map(|_| {
            let project = project.clone();
            tokio::spawn(async move { project.get(DATA).await.body })
        })
        .collect();
    let mut bodies = Vec::new();
    for one in many {
        bodies.push(one.await.unwrap());
    }
    assert!(bodies.iter().all(|b| *b == bodies[0]));
    assert_eq!(begun(&mut events), 1);
}

#[tokio::test]
async fn ht_23_25_refresh() {
    let project = Project::new(30, SENTIMENT).await;
    let mut events = project.maps.events().subscribe();
    let first = project.post(REFRESH, "{\"force_recompute\": false}").await.of(200);
    assert_eq!((&first["status"], &first["stats"]["visualized_instances"]), (&json!("success"), &json!(30)));
    assert_eq!(first["stats"], project.data("").await["stats"]);
    assert_eq!(begun(&mut events), 1);
    project.post(REFRESH, "{\"force_recompute\": false}").await.of(200);
    assert_eq!(begun(&mut events), 0, "false is honored");
    for body in ["{\"force_recompute\": true}", "{}", "null", ""] {
        let answer = project.post(REFRESH, body).await.of(200);
        assert_eq!(answer, first, "{body:?}");
        assert_eq!(begun(&mut events), 1, "{body:?}");
    }
    let no_type = project.send("POST", REFRESH, &[], "").await.of(200);
    assert_eq!(no_type, first);
    for body in ["{bad", "[1]", "{\"force_recompute\": \"yes\"}"] {
        let answer = project.post(REFRESH, body).await.of(400);
        assert_eq!(answer["status"], "error");
        assert!(answer["error"].as_str().unwrap().contains("force_recompute"), "{answer}");
    }
}

#[tokio::test]
async fn fe_03_a_click_of_the_original_front_end_is_one_computation() {
    let project = Project::new(30, SENTIMENT).await;
    let before = project.get(DATA).await.body;
    let mut events = project.maps.events().subscribe();
    project.post(REFRESH, "{\"force_recompute\": true}").await.of(200);
    let after = project.get(&format!("{DATA}?force_refresh=true")).await;
    assert_eq!((begun(&mut events), &after.body), (1, &before));
    // Who asks once more means it.
    let after = project.get(&format!("{DATA}?force_refresh=TRUE")).await;
    assert_eq!((begun(&mut events), &after.body), (1, &before));
    project.get(&format!("{DATA}?force_refresh=1")).await;
    assert_eq!(begun(&mut events), 0);
}

#[tokio::test]
async fn a_restart_finds_the_map_and_another_one_for_other_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.db");
    let open = || async { Store::open(path.to_str().unwrap(), StoreOptions::new()).await.unwrap() };
    let options = MapsOptions::new().models_folder(folder.path().join("models"));
    let store = open().await;
    store.add_items((0..40).map(item).collect()).await.unwrap();
    let project = Project::in_store(store.clone(), SENTIMENT, options.clone());
    let before = project.get(DATA).await.body;
    project.maps.close();
    drop(project);
    store.close().await;

    let project = Project::in_store(open().await, SENTIMENT, options);
    let mut events = project.maps.events().subscribe();
    let stats = project.get("/admin/api/embedding_viz/stats").await.of(200);
    assert_eq!(stats["cache_valid"], true);
    assert_eq!(project.get(DATA).await.body, before);
    assert_eq!(begun(&mut events), 0);
    // Changed settings make another map, in this and any other instance.
    project.store.put_setting(SETTINGS_KEY, json!({"umap": {"n_neighbors": 8}})).await.unwrap();
    let other = project.data("").await;
    assert_eq!(begun(&mut events), 1);
    let before: Value = serde_json::from_slice(&before).unwrap();
    assert_ne!(other["stats"]["cache_key"], before["stats"]["cache_key"]);
    project.store.put_setting(SETTINGS_KEY, json!({"label_source": "majority"})).await.unwrap();
    assert_eq!(project.data("").await["stats"]["cache_key"], before["stats"]["cache_key"]);
    assert_eq!(begun(&mut events), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_streams_and_computations() {
    let project = Project::new(600, SENTIMENT).await;
    let mut events = project.events().await;
    project.get(&format!("{DATA}?wait=false&method=tsne")).await.of(202);
    events.until(|name, data| name == "job" && data["state"] == "running").await;
    project.maps.close();
    let end = async { while events.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(10), end).await.expect("the stream ends");
    let data = project.data("?method=tsne").await;
    assert_eq!(data["stats"]["error"], "t-SNE projection failed");
    assert_eq!((&data["stats"]["reason"], &data["points"]), (&json!("cancelled"), &json!([])));
}

#[tokio::test]
async fn changes_are_told_whoever_makes_them() {
    let project = Project::new(5, SENTIMENT).await;
    let mut events = project.events().await;
    let first = events.until(|name, _| name == "changed").await;
    // As another instance would, without telling.
    project.say("a", "item_001", "sentiment", json!("positive")).await;
    let then = events.until(|name, _| name == "changed").await;
    assert!(then["versions"]["annotations"].as_i64() > first["versions"]["annotations"].as_i64(), "{first} {then}");
}
