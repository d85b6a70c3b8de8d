#![no_main]

use libfuzzer_sys::fuzz_target;
use planisphere_queue_reorder::{PREVIEW_LEN, Request, apply};
use std::collections::HashSet;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(request) = Request::from_json(text) else { return };
    assert_eq!(Request::from_json(&serde_json::to_string(&request).unwrap()).unwrap(), request);
    let order = request.order().unwrap();
    let sent: HashSet<&String> = request.selections.iter().flat_map(|s| &s.instance_ids).collect();
    assert_eq!(order.len(), sent.len());
    assert_eq!(order.iter().collect::<HashSet<_>>(), sent);
    let response = request.respond().unwrap();
    assert_eq!(response.reordered_count, order.len());
    assert_eq!(response.new_order_preview, order[..order.len().min(PREVIEW_LEN)]);

    // A queue with every other of the items, and some that the request does not know.
    let mut known: Vec<String> = order.iter().step_by(2).cloned().collect();
    known.sort_unstable();
    let mut queue: Vec<String> = (0..3).map(|i| format!("not sent {i}")).filter(|q| !sent.contains(q)).collect();
    queue.extend(known.iter().cloned());
    let new = apply(&queue, &order);
    let first: Vec<&String> = order.iter().step_by(2).collect();
    assert!(new.iter().take(first.len()).eq(first));
    let (mut before, mut after) = (queue, new);
    before.sort_unstable();
    after.sort_unstable();
    assert_eq!(before, after);
});
