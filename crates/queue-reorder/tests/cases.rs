//! Cases with known results (`cases.json`): the annotation dashboard's behavior, and where this crate is stricter.
//! Lists of ids are written as words there.

use planisphere_queue_reorder::{Error, Reorder, Request, Response, Selection, apply};
use serde::Deserialize;
use serde_json::{Value, json};

type Group = (Option<f64>, Option<String>);

#[derive(Deserialize)]
struct Cases {
    order: Vec<Order>,
    response: Vec<Answer>,
    queue: Vec<Queue>,
    refused: Vec<Refused>,
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
}

#[derive(Deserialize)]
struct Refused {
    id: String,
    request: Value,
    error: String,
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
        let want = Response { success: true, reordered_count: c.count, new_order_preview: words(&c.preview) };
        assert_eq!(response, want, "{}", c.id);
        let json = serde_json::to_string(&response).unwrap();
        assert!(json.starts_with(r#"{"success":true,"reordered_count":"#), "{json}");
        assert_eq!(serde_json::from_str::<Response>(&json).unwrap(), response, "{}", c.id);
    }
}

#[test]
fn queues() {
    for c in cases().queue {
        let mut queue = words(&c.queue);
        for order in &c.orders {
            queue = apply(&queue, &words(order));
        }
        assert_eq!(queue, words(&c.result), "{}", c.id);
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
fn broken_json_has_line_and_column() {
    match Request::from_json("{\n \"selections\": [}").unwrap_err() {
        Error::Json { line: 2, column: 17, message } => assert!(!message.contains("line"), "{message}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(Request::from_json(""), Err(Error::Json { .. })));
}
