//! What holds for any selections and any queue.

use planisphere_queue_reorder::{DEFAULT_PRIORITY, Reorder, Reordered, Request, Response, Selection, apply};
use proptest::prelude::*;
use std::collections::HashSet;

fn groups() -> impl Strategy<Value = Vec<Selection<u8>>> {
    let priority = prop::option::of(prop_oneof![(-3i8..4).prop_map(f64::from), -1e3..1e3]);
    let group = (prop::collection::vec(0u8..40, 0..12), priority)
        .prop_map(|(instance_ids, priority)| Selection { instance_ids, priority });
    prop::collection::vec(group, 0..8)
}

proptest! {
    #[test]
    fn an_order_is_a_permutation_of_what_was_sent(groups in groups(), interleave: bool) {
        let reorder = Reorder::new().interleave(interleave);
        let mut raw: Vec<u8> = reorder.order_with_duplicates(&groups).unwrap().into_iter().copied().collect();
        let mut sent: Vec<u8> = groups.iter().flat_map(|g| g.instance_ids.clone()).collect();
        let order = reorder.order(&groups).unwrap();
        // The order is what is left of the raw one when repetitions go.
        let mut seen = HashSet::new();
        let distinct: Vec<u8> = raw.iter().copied().filter(|id| seen.insert(*id)).collect();
        prop_assert_eq!(order, distinct);
        raw.sort_unstable();
        sent.sort_unstable();
        prop_assert_eq!(raw, sent);
    }

    #[test]
    fn items_go_by_round_then_priority_then_place(groups in groups()) {
        // The definition, one sort: (round, priority, group).
        let mut keyed = Vec::new();
        for (g, group) in groups.iter().enumerate() {
            for (round, id) in group.instance_ids.iter().enumerate() {
                keyed.push((round, group.priority.unwrap_or(DEFAULT_PRIORITY), g, id));
            }
        }
        let by = |a: &(usize, f64, usize, &u8), b: &(usize, f64, usize, &u8)| {
            a.0.cmp(&b.0).then(a.1.partial_cmp(&b.1).unwrap()).then(a.2.cmp(&b.2))
        };
        keyed.sort_by(by);
        let want: Vec<&u8> = keyed.into_iter().map(|k| k.3).collect();
        prop_assert_eq!(Reorder::new().order_with_duplicates(&groups).unwrap(), want);
    }

    #[test]
    fn a_queue_keeps_its_items_and_the_order_of_the_others(
        queue in prop::collection::vec(0u8..40, 0..40),
        order in prop::collection::vec(0u8..60, 0..20),
    ) {
        let result = apply(&queue, &order);
        let known: HashSet<u8> = queue.iter().copied().collect();
        let moved: HashSet<u8> = order.iter().copied().filter(|id| known.contains(id)).collect();
        prop_assert_eq!(result.iter().copied().collect::<HashSet<u8>>(), known.clone());
        prop_assert_eq!(result.len(), known.len());
        prop_assert!(result[..moved.len()].iter().all(|id| moved.contains(id)));
        // Both parts are stable: first places in the order, and in the queue.
        let first = |list: &[u8], id: &u8| list.iter().position(|x| x == id).unwrap();
        prop_assert!(result[..moved.len()].windows(2).all(|w| first(&order, &w[0]) < first(&order, &w[1])));
        prop_assert!(result[moved.len()..].windows(2).all(|w| first(&queue, &w[0]) < first(&queue, &w[1])));
        // Doing it twice changes nothing.
        prop_assert_eq!(apply(&result, &order), result);
    }

    #[test]
    fn refilled_slots_leave_no_turn_unused(groups in groups(), interleave: bool) {
        // The definition: in each round, each group in its turn gives its first item that was not taken.
        let mut sorted: Vec<&Selection<u8>> = groups.iter().collect();
        sorted.sort_by(|a, b| {
            let of = |g: &Selection<u8>| g.priority.unwrap_or(DEFAULT_PRIORITY);
            of(a).partial_cmp(&of(b)).unwrap()
        });
        let mut want: Vec<u8> = Vec::new();
        loop {
            let before = want.len();
            for group in &sorted {
                let left: Vec<u8> = group.instance_ids.iter().copied().filter(|id| !want.contains(id)).collect();
                want.extend(left.first());
                if !interleave {
                    for &id in &group.instance_ids {
                        if !want.contains(&id) {
                            want.push(id);
                        }
                    }
                }
            }
            if want.len() == before {
                break;
            }
        }
        prop_assert_eq!(Reorder::new().interleave(interleave).refill(true).order(&groups).unwrap(), want);
    }

    #[test]
    fn reorders_compose(
        queue in prop::collection::vec(0u8..30, 0..30),
        finished in prop::collection::vec(0u8..35, 0..10),
        orders in prop::collection::vec(prop::collection::vec(0u8..40, 0..12), 0..6),
    ) {
        let text = |ids: &[u8]| ids.iter().map(u8::to_string).collect::<Vec<String>>();
        let (mut ordering, finished) = (text(&queue), text(&finished));
        // A model without sets: the last of an order is put in front first.
        let mut model: Vec<String> = Vec::new();
        for id in &ordering {
            if !model.contains(id) {
                model.push(id.clone());
            }
        }
        for order in &orders {
            let order = text(order);
            let r = Reordered::new(&ordering, &finished, &order);
            for id in order.iter().rev() {
                if let Some(at) = model.iter().position(|m| m == id) {
                    let id = model.remove(at);
                    model.insert(0, id);
                }
            }
            prop_assert_eq!(&r.ordering, &model);
            let remaining: Vec<String> = model.iter().filter(|id| !finished.contains(id)).cloned().collect();
            prop_assert_eq!(&r.remaining, &remaining);
            prop_assert!(r.unknown_ids.iter().all(|id| order.contains(id) && !model.contains(id)));
            let known = order.iter().filter(|id| model.contains(id)).collect::<HashSet<_>>().len();
            prop_assert_eq!(r.moved_count, known);
            let response = Response::from(&r);
            prop_assert_eq!(response.reordered_count, known + r.unknown_ids.len());
            prop_assert_eq!(response.remaining_count, Some(remaining.len()));
            ordering = r.ordering;
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
        let _ = Request::from_json(&text);
    }

    #[test]
    fn requests_are_read_back_as_written(groups in groups(), interleave: bool) {
        prop_assume!(!groups.is_empty());
        let selections = groups
            .into_iter()
            // Powers of two survive decimal notation in any parser.
            .map(|g| Selection {
                instance_ids: g.instance_ids.iter().map(u8::to_string).collect(),
                priority: g.priority.map(|p| (p * 4.0).round() / 4.0),
            })
            .collect();
        let request = Request { selections, interleave };
        prop_assert_eq!(Request::from_json(&serde_json::to_string(&request).unwrap()).unwrap(), request);
    }
}
