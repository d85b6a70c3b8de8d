//! Strings that would be markup, script or broken JSON anywhere else.

use crate::project::{Project, SENTIMENT, item, new_item, point};
use planisphere_dashboard::store::NewItem;
use serde_json::{Value, json};

fn strings() -> Vec<String> {
    let mut all: Vec<String> = [
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'; DROP TABLE items; --",
        "javascript:alert(1)",
        "a\\\"b\nc\td\u{8}\u{1}",
        "\u{2028}\u{2029}",
        "\u{202e}right to left\u{202c} עברית العربية",
        "👩‍👩‍👧‍👦 𝕌𝕟𝕚𝕔𝕠𝕕𝕖 é",
        "%00%2e%2e/%2f",
        "{{7*7}} ${7*7} <%= 7*7 %>",
        "__proto__",
        "null",
        " ",
    ]
    .map(str::to_owned)
    .into();
    all.push("A\"<".repeat(33_334));
    all
}

#[tokio::test]
async fn every_string_comes_back_as_it_was() {
    let strings = strings();
    let items: Vec<NewItem> = strings
        .iter()
        .enumerate()
        .map(|(i, s)| new_item(&format!("{i}{s}"), json!({"text": s, s: s, "column": s}), item(i).vector))
        .collect();
    let ids: Vec<String> = items.iter().map(|i| i.id.clone()).collect();
    let config = format!(
        "annotation_schemes:\n  - {{name: q, annotation_type: radio, labels: {}}}\n",
        Value::from(strings.clone())
    );
    let project = Project::of(items, &config).await;
    for (id, s) in ids.iter().zip(&strings) {
        project.say("<b>ann</b>", id, "q", json!(s)).await;
    }
    let answer = project.get("/admin/api/embedding_viz/data?sample_size=1000").await;
    let data = answer.of(200);
    assert_eq!(answer.header("content-type"), "application/json");
    for (id, s) in ids.iter().zip(&strings) {
        let p = point(&data, id);
        assert_eq!(p["label"], json!(s));
        let preview = p["preview"].as_str().unwrap();
        match s.chars().count() > 200 {
            true => assert!(preview.ends_with("...") && s.starts_with(preview.trim_end_matches('.'))),
            false => assert_eq!(preview, s),
        }
        assert!(data["label_colors"][s].is_string());
    }
    let mut labels = strings.clone();
    labels.sort();
    let expected: Vec<Value> = labels.into_iter().map(Value::from).chain([Value::Null]).collect();
    assert_eq!(data["labels"], Value::from(expected));

    let key = data["stats"]["cache_key"].as_str().unwrap();
    let values = project.get(&format!("/admin/api/embedding_viz/column?name=column&cache_key={key}")).await.of(200);
    let expected: Vec<Value> =
        strings.iter().map(|s| if s.trim().is_empty() { Value::Null } else { json!(s) }).collect();
    assert_eq!(values["values"], Value::from(expected));
}

#[tokio::test]
async fn hostile_queries_are_refused_as_text() {
    let project = Project::new(5, SENTIMENT).await;
    for (path, status) in [
        ("/admin/api/embedding_viz/data?method=%3Cscript%3E", 400),
        ("/admin/api/embedding_viz/data?schema=%00", 400),
        ("/admin/api/embedding_viz/data?sample_size=99999999999999999999", 400),
        ("/admin/api/embedding_viz/column?name=%22&cache_key=%3Cb%3E", 409),
        ("/admin/api/neighbors?id=%2e%2e%2f", 404),
        ("/admin/api/neighbors?id=item_001&k=-1", 400),
        ("/admin/api/neighbors?id=item_001&k=1e9", 400),
        ("/admin/api/jobs/%2e%2e%2f%00", 404),
    ] {
        let answer = project.get(path).await;
        assert!(answer.of(status)["error"].is_string(), "{path}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    // Sizes beyond what there is are no matter.
    assert_eq!(project.data("?sample_size=4000000000").await["points"].as_array().unwrap().len(), 5);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(project.post("/admin/api/embedding_viz/reorder", deep).await.status.as_u16(), 400);
}
