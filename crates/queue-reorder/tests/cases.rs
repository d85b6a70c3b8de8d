//! Cases with known results (`cases.json`): the annotation dashboard's behavior, and where this crate is stricter.
//! Lists of ids are written as words there.

use planisphere_queue_reorder::{
    Error, NClusters, Reorder, Reordered, Request, Response, Sample, Selection, apply, cluster_turns,
};
use serde::Deserialize;
use serde_json::{Value, json};

type Group = (Option<f64>, Option<String>);

#[derive(Deserialize)]
struct Cases {
    order: Vec<Order>,
    response: Vec<Answer>,
    queue: Vec<Queue>,
    refused: Vec<Refused>,
    known: Vec<Known>,
    sampling: Vec<Sampling>,
    clusters: Vec<Clusters>,
    turns: Vec<Turns>,
}

#[derive(Deserialize)]
struct Order {
    id: String,
    groups: Vec<Group>,
    raw: String,
    order: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    groups: Vec<Group>,
    interleave: Option<bool>,
    count: usize,
    preview: String,
}

#[derive(Deserialize)]
struct Queue {
    id: String,
    queue: String,
    orders: Vec<String>,
    result: String,
    #[serde(default)]
    finished: String,
    /// The result less what is finished, where anything is.
    remaining: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    id: String,
    request: Value,
    error: String,
}

#[derive(Deserialize)]
struct Known {
    id: String,
    queue: String,
    finished: String,
    request: Value,
    response: Value,
    remaining: String,
}

#[derive(Deserialize)]
struct Sampling {
    id: String,
    total: usize,
    annotated: usize,
    sample_size: usize,
    include_all_annotated: bool,
    size: usize,
    annotated_in_sample: Option<usize>,
}

#[derive(Deserialize)]
struct Clusters {
    id: String,
    items_per_cluster: usize,
    n_items: Vec<usize>,
    k: Vec<usize>,
}

#[derive(Deserialize)]
struct Turns {
    id: String,
    queue: String,
    /// The cluster of each item; `-` for none.
    clusters: String,
    order: String,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("cases.json")).unwrap()
}

fn words(s: &str) -> Vec<String> {
    s.split_whitespace().map(str::to_owned).collect()
}

fn selections(groups: &[Group]) -> Vec<Selection> {
    groups
        .iter()
        .map(|(priority, ids)| {
            let mut s = Selection::new(words(ids.as_deref().unwrap_or_default()));
            s.priority = *priority;
            s
        })
        .collect()
}

#[test]
fn orders() {
    for c in cases().order {
        let groups = selections(&c.groups);
        let raw: Vec<String> = Reorder::new().order_with_duplicates(&groups).unwrap().into_iter().cloned().collect();
        assert_eq!(raw, words(&c.raw), "{}", c.id);
        let order = Reorder::new().order(&groups).unwrap();
        assert_eq!(order, words(c.order.as_ref().unwrap_or(&c.raw)), "{}", c.id);
    }
}

#[test]
fn responses() {
    for c in cases().response {
        // Through JSON, as a server would; what is absent here is absent there.
        let groups: Vec<Value> = c
            .groups
            .iter()
            .map(|(priority, ids)| match ids {
                Some(ids) => json!({"instance_ids": words(ids), "priority": priority}),
                None => json!({"priority": priority}),
            })
            .collect();
        let mut request = json!({"selections": groups});
        if let Some(interleave) = c.interleave {
            request["interleave"] = interleave.into();
        }
        let request = Request::from_json(&request.to_string()).unwrap();
        assert_eq!(request.selections, selections(&c.groups), "{}", c.id);
        let response = request.respond().unwrap();
        assert!(response.success, "{}", c.id);
        assert_eq!((response.reordered_count, &response.new_order_preview), (c.count, &words(&c.preview)), "{}", c.id);
        let json = serde_json::to_string(&response).unwrap();
        // Nothing is said of a queue that was not asked.
        assert_eq!(serde_json::from_str::<serde_json::Map<_, Value>>(&json).unwrap().len(), 3, "{json}");
        assert!(json.starts_with(r#"{"success":true,"reordered_count":"#), "{json}");
        assert_eq!(serde_json::from_str::<Response>(&json).unwrap(), response, "{}", c.id);
    }
}

#[test]
fn queues() {
    for c in cases().queue {
        let mut queue = words(&c.queue);
        let mut remaining = Vec::new();
        for order in &c.orders {
            let reordered = Reordered::new(&queue, &words(&c.finished), &words(order));
            queue = apply(&queue, &words(order));
            assert_eq!(reordered.ordering, queue, "{}", c.id);
            remaining = reordered.remaining;
        }
        assert_eq!(queue, words(&c.result), "{}", c.id);
        assert_eq!(remaining, words(c.remaining.as_ref().unwrap_or(&c.result)), "{}", c.id);
    }
}

#[test]
fn what_the_queue_knows() {
    for c in cases().known {
        let request = Request::from_json(&c.request.to_string()).unwrap();
        let reordered = request.reorder(&words(&c.queue), &words(&c.finished)).unwrap();
        let response = Response::from(&reordered);
        assert_eq!(serde_json::to_value(&response).unwrap(), c.response, "{}", c.id);
        assert_eq!(reordered.remaining, words(&c.remaining), "{}", c.id);
        // The members that the dashboard has come first, as they were.
        let json = serde_json::to_string(&response).unwrap();
        let plain = serde_json::to_string(&request.respond().unwrap()).unwrap();
        assert!(json.starts_with(plain.trim_end_matches('}')), "{json}");
        assert_eq!(serde_json::from_str::<Response>(&json).unwrap(), response, "{}", c.id);
    }
}

#[test]
fn samples() {
    for c in cases().sampling {
        let ids: Vec<String> = (0..c.total).map(|i| format!("item_{i:03}")).collect();
        let annotated: Vec<bool> = (0..c.total).map(|i| i < c.annotated).collect();
        for seed in 0..50 {
            let sample = Sample::new(c.sample_size).include_all_annotated(c.include_all_annotated).seed(seed);
            let drawn = sample.draw(&ids, &annotated).unwrap();
            assert_eq!(drawn.len(), c.size, "{}", c.id);
            let count = drawn.iter().filter(|&&i| annotated[i]).count();
            assert!(c.annotated_in_sample.is_none_or(|want| count == want), "{}: {count}", c.id);
        }
    }
}

#[test]
fn numbers_of_clusters() {
    for c in cases().clusters {
        let auto = NClusters::Auto { items_per_cluster: c.items_per_cluster };
        let k: Vec<usize> = c.n_items.iter().map(|&n| auto.of(n).unwrap()).collect();
        assert_eq!(k, c.k, "{}", c.id);
    }
}

#[test]
fn turns_of_clusters() {
    for c in cases().turns {
        let clusters: Vec<String> = words(&c.clusters);
        let ranking = cluster_turns(clusters.iter().map(|c| (c != "-").then_some(c)));
        assert_eq!(ranking.ids(&words(&c.queue)).unwrap(), words(&c.order), "{}", c.id);
    }
}

#[test]
fn refusals() {
    for c in cases().refused {
        let e = Request::from_json(&c.request.to_string()).unwrap_err();
        assert_eq!(e.to_string(), c.error, "{}", c.id);
    }
}

#[test]
fn ht_21_whatever_is_falsy_joins_groups() {
    for (value, takes_turns) in [
        (json!(false), false),
        (json!(0), false),
        (json!(-0.0), false),
        (json!(null), false),
        (json!(""), false),
        (json!([]), false),
        (json!({}), false),
        (json!(true), true),
        (json!(0.5), true),
        (json!("false"), true),
        (json!("0"), true),
        (json!([0]), true),
    ] {
        let groups = json!([{"instance_ids": ["a", "b"]}, {"instance_ids": ["x"]}]);
        let request = Request::from_value(&json!({"selections": groups, "interleave": value})).unwrap();
        assert_eq!(request.interleave, takes_turns, "{value}");
        let order = request.order().unwrap();
        assert_eq!(order == words("a x b"), takes_turns, "{value}");
    }
}

#[test]
fn broken_json_has_line_and_column() {
    match Request::from_json("{\n \"selections\": [}").unwrap_err() {
        Error::Json { line: 2, column: 17, message } => assert!(!message.contains("line"), "{message}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(Request::from_json(""), Err(Error::Json { .. })));
}
