//! Requests to reorder.

use crate::project::{Project, SENTIMENT};
use serde_json::{Value, json};

const REORDER: &str = "/admin/api/embedding_viz/reorder";

async fn project() -> Project {
    Project::new(12, SENTIMENT).await
}

async fn ask(project: &Project, body: Value, status: u16) -> Value {
    project.post(REORDER, body.to_string()).await.of(status)
}

fn has(answer: &Value, expected: Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(answer[name], *value, "{name}");
    }
}

#[tokio::test]
async fn ht_11_13_nothing_selected() {
    let project = project().await;
    assert_eq!(ask(&project, json!({"selections": []}), 400).await, json!({"error": "No selections provided"}));
    assert_eq!(ask(&project, json!({"interleave": true}), 400).await, json!({"error": "No selections provided"}));
    for body in ["{}", "null", "[]", "", "  "] {
        let answer = project.post(REORDER, body).await.of(400);
        assert_eq!(answer, json!({"error": "No JSON data provided"}), "{body:?}");
    }
}

#[tokio::test]
async fn ht_15_19_what_makes_no_sense_is_refused_with_the_place() {
    let project = project().await;
    let before = project.store.order().await.unwrap();
    for (body, place) in [
        ("{bad", "line 1 column 2"),
        ("[1]", "request"),
        ("{\"selections\": [\"abc\"]}", "selections[0]"),
        ("{\"selections\": [{\"instance_ids\": \"abc\"}]}", "selections[0].instance_ids"),
        ("{\"selections\": [{\"instance_ids\": [null]}]}", "selections[0].instance_ids[0]"),
        ("{\"selections\": [{\"instance_ids\": [\"item_001\"], \"priority\": \"9\"}]}", "selections[0].priority"),
    ] {
        let answer = project.post(REORDER, body).await.of(400);
        assert_eq!(answer["success"], false);
        assert!(answer["error"].as_str().unwrap().contains(place), "{body}: {answer}");
    }
    assert_eq!(project.store.order().await.unwrap(), before);
}

#[tokio::test]
async fn ht_17_unknown_ids_are_counted_and_named() {
    let project = project().await;
    let body = json!({"selections": [{"instance_ids": ["nope1", "item_007", "nope2"], "priority": 1}]});
    let answer = ask(&project, body, 200).await;
    has(
        &answer,
        json!({
            "success": true, "reordered_count": 3, "new_order_preview": ["nope1", "item_007", "nope2"],
            "unknown_ids": ["nope1", "nope2"], "moved_count": 1, "remaining_count": 12, "reorder": 1,
        }),
    );
    assert_eq!(project.store.order().await.unwrap()[..3], ["item_007", "item_000", "item_001"]);
}

#[tokio::test]
async fn ht_21_zero_puts_group_after_group() {
    let project = project().await;
    let groups = json!([
        {"instance_ids": ["item_001", "item_002"], "priority": 1}, {"instance_ids": ["item_003"], "priority": 2}
    ]);
    let answer = ask(&project, json!({"selections": groups, "interleave": 0}), 200).await;
    has(&answer, json!({"reordered_count": 3, "new_order_preview": ["item_001", "item_002", "item_003"]}));
    let answer = ask(&project, json!({"selections": groups}), 200).await;
    has(&answer, json!({"new_order_preview": ["item_001", "item_003", "item_002"], "reorder": 2}));
}

#[tokio::test]
async fn ro_01_as_the_front_end_sends_it() {
    let project = project().await;
    let body = json!({
        "selections": [
            {"instance_ids": ["item_005", "item_001", "item_002"], "priority": 1},
            {"instance_ids": ["item_010", "item_011"], "priority": 2},
        ],
        "interleave": true,
    });
    let answer = ask(&project, body, 200).await;
    let order = ["item_005", "item_010", "item_001", "item_011", "item_002"];
    has(&answer, json!({"success": true, "reordered_count": 5, "new_order_preview": order}));
    assert_eq!(project.store.order().await.unwrap()[..5], order);
}
