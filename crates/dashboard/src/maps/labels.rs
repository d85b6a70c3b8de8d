//! Labels of items, from what annotators said.

use crate::config::{LabelSource, Scheme, SchemeKind};
use crate::store::Annotation;
use planisphere::labels_mace::{is_chosen, single_vote};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// What a model of annotators made of the answers to a scheme.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// Labels, by item.
    pub labels: HashMap<String, String>,
    /// How uncertain they are, in nats, by item.
    pub entropy: HashMap<String, f64>,
}

impl Predictions {
    /// From the model's stored result, which has `predicted_labels` and `label_entropy`.
    pub fn from_result(result: &Value) -> Self {
        let entries = |name: &str| result.get(name).and_then(Value::as_object).into_iter().flatten();
        let labels = entries("predicted_labels").filter_map(|(id, l)| label(l).map(|l| (id.clone(), l.into_owned())));
        let entropy = entries("label_entropy").filter_map(|(id, h)| h.as_f64().map(|h| (id.clone(), h)));
        Self { labels: labels.collect(), entropy: entropy.collect() }
    }
}

/// The labels that a value of a scheme stands for: a label, a number, a list of labels, or an object of labels and
/// values. Of an object, those count whose value is not one of `false`, `"false"`, `"False"`, `0`, `"0"`, `""` and
/// null; of a scheme with one answer, the first of them.
///
/// ```
/// use planisphere_dashboard::config::SchemeKind;
/// use planisphere_dashboard::maps::votes;
/// let value = serde_json::json!({"cat": "false", "dog": "on", "fox": true});
/// assert_eq!(votes(&value, SchemeKind::Radio), ["dog"]);
/// assert_eq!(votes(&value, SchemeKind::Multiselect), ["dog", "fox"]);
/// ```
pub fn votes(value: &Value, kind: SchemeKind) -> Vec<Cow<'_, str>> {
    match (value, kind) {
        (_, SchemeKind::Text) => Vec::new(),
        (Value::Object(map), SchemeKind::Multiselect) => {
            map.iter().filter(|(_, v)| is_chosen(v)).map(|(label, _)| label.as_str().into()).collect()
        }
        (Value::Object(map), _) => {
            single_vote(map.iter().map(|(label, v)| (label.as_str(), v))).map(Cow::from).into_iter().collect()
        }
        (Value::Array(list), SchemeKind::Multiselect) => list.iter().filter_map(label).collect(),
        (Value::Array(list), _) => list.iter().find_map(label).into_iter().collect(),
        (one, _) => label(one).into_iter().collect(),
    }
}

/// A value that is itself a label.
fn label(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(s) if !s.is_empty() => Some(s.as_str().into()),
        Value::Number(n) => Some(n.to_string().into()),
        Value::Bool(b) => Some(b.to_string().into()),
        _ => None,
    }
}

/// How often each label was said of an item, in the order in which they were first said.
pub(crate) fn tally<'a>(said: &'a [Annotation], scheme: &Scheme) -> Vec<(Cow<'a, str>, u32)> {
    let mut counts: Vec<(Cow<'a, str>, u32)> = Vec::new();
    for annotation in said.iter().filter(|a| a.scheme == scheme.name) {
        for vote in votes(&annotation.value, scheme.kind) {
            match counts.iter_mut().find(|(l, _)| *l == vote) {
                Some((_, n)) => *n += 1,
                None => counts.push((vote, 1)),
            }
        }
    }
    counts
}

/// The label said most often; of those said equally often, the one met first.
pub(crate) fn majority<'a>(counts: Vec<(Cow<'a, str>, u32)>) -> Option<Cow<'a, str>> {
    let most = counts.iter().map(|(_, n)| *n).max()?;
    counts.into_iter().find(|(_, n)| *n == most).map(|(label, _)| label)
}

/// Entropy of what was said of an item, in nats: 0 if all agree.
pub(crate) fn entropy(counts: &[(Cow<'_, str>, u32)]) -> Option<f64> {
    let total: u32 = counts.iter().map(|(_, n)| n).sum();
    let share = |n: u32| f64::from(n) / f64::from(total);
    let sum: f64 = counts.iter().map(|(_, n)| -share(*n) * share(*n).ln()).sum();
    (total > 0).then_some(sum.max(0.0))
}

/// An item's label and where it came from. What the model says counts if it is asked for and knows the item; else the
/// majority of the votes.
pub(crate) fn resolve<'a>(
    id: &str,
    said: &'a [Annotation],
    scheme: &Scheme,
    predictions: Option<&'a Predictions>,
) -> Option<(Cow<'a, str>, LabelSource)> {
    if let Some(label) = predictions.and_then(|p| p.labels.get(id)) {
        return Some((label.into(), LabelSource::Mace));
    }
    majority(tally(said, scheme)).map(|label| (label, LabelSource::Majority))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scheme(kind: SchemeKind) -> Scheme {
        Scheme::new("sentiment", kind, ["positive"])
    }

    fn said(values: &[Value]) -> Vec<Annotation> {
        let note = |(i, value): (usize, &Value)| Annotation {
            instance_id: "a".to_owned(),
            annotator: format!("u{i}"),
            scheme: "sentiment".to_owned(),
            value: value.clone(),
            at: i as i64,
        };
        values.iter().enumerate().map(note).collect()
    }

    fn radio(values: &[Value]) -> Option<String> {
        majority(tally(&said(values), &scheme(SchemeKind::Radio))).map(Cow::into_owned)
    }

    #[test]
    fn lb_01_03_the_majority() {
        let votes = [json!("positive"), json!("positive"), json!("negative")];
        assert_eq!(radio(&votes).as_deref(), Some("positive"));
        assert_eq!(radio(&[]), None);
        let votes = said(&votes);
        let (label, source) = resolve("a", &votes, &scheme(SchemeKind::Radio), None).unwrap();
        assert_eq!((label.as_ref(), source.name()), ("positive", "majority"));
    }

    #[test]
    fn ties_go_to_what_was_said_first() {
        assert_eq!(radio(&[json!("b"), json!("a"), json!("a"), json!("b")]).as_deref(), Some("b"));
        assert_eq!(radio(&[json!("c"), json!("b"), json!("a"), json!("b")]).as_deref(), Some("b"));
    }

    #[test]
    fn lb_05_scales_count() {
        let votes = said(&[json!(4), json!({"5": "5"}), json!("4")]);
        let counts = tally(&votes, &scheme(SchemeKind::Likert));
        assert_eq!(counts, [("4".into(), 2), ("5".into(), 1)]);
    }

    #[test]
    fn lb_07_a_label_says_where_it_came_from() {
        let result = json!({"predicted_labels": {"b": "negative"}, "label_entropy": {"b": 0.25}});
        let predictions = Predictions::from_result(&result);
        let votes = said(&[json!("positive")]);
        let scheme = scheme(SchemeKind::Radio);
        let (label, source) = resolve("a", &votes, &scheme, Some(&predictions)).unwrap();
        assert_eq!((label.as_ref(), source), ("positive", LabelSource::Majority));
        let (label, source) = resolve("b", &votes, &scheme, Some(&predictions)).unwrap();
        assert_eq!((label.as_ref(), source), ("negative", LabelSource::Mace));
        assert_eq!(predictions.entropy["b"], 0.25);
        assert_eq!(Predictions::from_result(&json!([1])), Predictions::default());
    }

    #[test]
    fn several_labels_each_count_and_texts_none() {
        let votes = said(&[json!(["x", "y"]), json!({"y": true, "z": "false"}), json!([])]);
        let counts = tally(&votes, &scheme(SchemeKind::Multiselect));
        assert_eq!(counts, [("x".into(), 1), ("y".into(), 2)]);
        assert!(tally(&said(&[json!("long")]), &scheme(SchemeKind::Text)).is_empty());
        assert_eq!(radio(&[json!(null), json!(""), json!({"a": 0})]), None);
        // A label that is chosen by its name alone may have any.
        assert_eq!(radio(&[json!("0")]).as_deref(), Some("0"));
        let other = Annotation { scheme: "other".to_owned(), ..said(&[json!("x")])[0].clone() };
        assert!(tally(&[other], &scheme(SchemeKind::Radio)).is_empty());
    }

    #[test]
    fn entropy_of_votes() {
        let of = |values: &[Value]| entropy(&tally(&said(values), &scheme(SchemeKind::Radio)));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[json!("a"), json!("a")]), Some(0.0));
        assert!((of(&[json!("a"), json!("b")]).unwrap() - 2f64.ln()).abs() < 1e-12);
    }
}
