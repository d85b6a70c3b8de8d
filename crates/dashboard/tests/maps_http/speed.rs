//! How fast it is with many items. Run by hand:
//!
//! `PLANISPHERE_TITLES=titles.txt cargo test -p planisphere-dashboard --test maps_http speed -- --ignored --nocapture`

#![expect(clippy::print_stderr, reason = "telling times is what it is for")]

use crate::project::{Project, new_item};
use planisphere_dashboard::store::NewItem;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const DATA: &str = "/admin/api/embedding_viz/data";
const CONFIG: &str = "
annotation_schemes:
  - {name: sentiment, annotation_type: radio, labels: [positive, negative, neutral]}
embedding_visualization: {sample_size: 20000}
";

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute, and tells times; for those who measure"]
async fn speed_of_twenty_thousand_titles() {
    let path = std::env::var("PLANISPHERE_TITLES").expect("PLANISPHERE_TITLES: a file with one title a line");
    let text = std::fs::read_to_string(path).expect("the file");
    let titles: Vec<&str> = text.lines().take(20_000).collect();
    let vectors = planisphere::embed::Encoder::builtin().expect("a model").encode(&titles).expect("vectors");
    // As wide as those of the usual models.
    let wide = |i: usize| vectors.row(i).repeat(384 / vectors.cols());
    let items: Vec<NewItem> = titles
        .iter()
        .enumerate()
        .map(|(i, t)| new_item(&format!("t{i}"), json!({"text": t, "length": t.len()}), Some(wide(i))))
        .collect();
    let project = Arc::new(Project::of(items, CONFIG).await);
    let time = |what: &str, start: Instant| eprintln!("{what}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);

    let start = Instant::now();
    let first = project.get(DATA).await;
    time(&format!("first map of {} × {}", vectors.rows(), wide(0).len()), start);
    let gzip = [("accept-encoding", "gzip")];
    let start = Instant::now();
    let small = project.send("GET", DATA, &gzip, "").await;
    time("compressed for the first time", start);
    eprintln!("size: {} bytes, compressed {} bytes", first.body.len(), small.body.len());

    let mut times = Vec::new();
    for _ in 0..200 {
        let start = Instant::now();
        project.send("GET", DATA, &gzip, "").await;
        times.push(start.elapsed());
    }
    eprintln!("again, compressed, one client: p50 {:?}", median(times));
    let start = Instant::now();
    let clients: Vec<_> = (0..64)
        .map(|_| {
            let project = project.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    project.send("GET", DATA, &gzip, "").await.of_status(200);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a client");
    }
    eprintln!("64 clients: {:.0} answers/s", 64.0 * 50.0 / start.elapsed().as_secs_f64());

    for i in 0..3 {
        project.say("a", &format!("t{i}"), "sentiment", json!("positive")).await;
        let start = Instant::now();
        project.get(DATA).await;
        time("after an annotation", start);
    }
    let start = Instant::now();
    project.store.states().await.expect("states");
    time("of this, states", start);
    let start = Instant::now();
    project.store.annotations().await.expect("annotations");
    time("of this, annotations", start);
    let mut times = Vec::new();
    for i in 0..50 {
        let start = Instant::now();
        project.get(&format!("/admin/api/neighbors?id=t{}", i * 37)).await.of(200);
        times.push(start.elapsed());
    }
    eprintln!("neighbors: p50 {:?}", median(times));
    let near = wide(5).iter().map(|v| v * 1.01).collect();
    project.store.add_items(vec![new_item("late", json!({"text": "late"}), Some(near))]).await.expect("added");
    let start = Instant::now();
    let data = project.data("").await;
    time(&format!("with a new item, placed {}", data["stats"]["placed"]), start);
    project.maps.close();
}
