//! What models of annotators learn from.

use crate::config::{MaceConfig, Scheme, SchemeKind};
use crate::maps;
use crate::store::Annotation;
use planisphere::labels_mace::{Annotations, Result};
use std::collections::{BTreeMap, BTreeSet};

/// The answer of somebody who did not check a box.
const NO: &str = "0";
/// And of somebody who did.
const YES: &str = "1";

/// Votes that one model learns from: those of a scheme with one answer, or of one label of a scheme with several.
pub(super) struct Question {
    /// What results are kept and asked for by: `scheme`, or `scheme::label`.
    pub(super) key: String,
    pub(super) scheme: String,
    /// The label, of schemes with several answers.
    pub(super) option: Option<String>,
    /// Items with enough votes; all annotators and labels, sorted.
    pub(super) votes: Annotations,
}

/// The questions that have enough votes.
///
/// Whoever answered a scheme with several answers and did not check a label said "no" to it: boxes that are not checked
/// are votes.
pub(super) fn questions(schemes: &[Scheme], said: &[Annotation], config: &MaceConfig) -> Result<Vec<Question>> {
    let mut questions = Vec::new();
    for scheme in schemes {
        let of: Vec<&Annotation> = said.iter().filter(|a| a.scheme == scheme.name).collect();
        match scheme.kind {
            SchemeKind::Text => {}
            SchemeKind::Radio | SchemeKind::Select | SchemeKind::Likert => {
                let vote =
                    |a: &Annotation| maps::votes(&a.value, scheme.kind).into_iter().next().map(|v| v.into_owned());
                let votes = of.iter().filter_map(|a| Some((*a, vote(a)?)));
                if let Some(votes) = enough(votes, config)? {
                    questions.push(Question {
                        key: scheme.name.clone(),
                        scheme: scheme.name.clone(),
                        option: None,
                        votes,
                    });
                }
            }
            SchemeKind::Multiselect => {
                for label in &scheme.labels {
                    let is_chosen = |a: &Annotation| maps::votes(&a.value, scheme.kind).iter().any(|v| v == label);
                    let votes = of.iter().map(|a| (*a, (if is_chosen(a) { YES } else { NO }).to_owned()));
                    if let Some(votes) = enough(votes, config)? {
                        let key = format!("{}::{label}", scheme.name);
                        let (scheme, option) = (scheme.name.clone(), Some(label.clone()));
                        questions.push(Question { key, scheme, option, votes });
                    }
                }
            }
        }
    }
    Ok(questions)
}

/// The votes on items that have enough of them, if there are enough items and at least two labels.
fn enough<'a>(
    votes: impl Iterator<Item = (&'a Annotation, String)>,
    config: &MaceConfig,
) -> Result<Option<Annotations>> {
    let mut annotators = BTreeSet::new();
    // In the order of the store, which is that of the items; each item's votes follow one another.
    let mut by_item: Vec<(&str, Vec<(&str, String)>)> = Vec::new();
    let mut place = BTreeMap::new();
    for (a, vote) in votes {
        annotators.insert(a.annotator.as_str());
        let at = *place.entry(a.instance_id.as_str()).or_insert_with(|| {
            by_item.push((&a.instance_id, Vec::new()));
            by_item.len() - 1
        });
        by_item[at].1.push((&a.annotator, vote));
    }
    by_item.retain(|(_, votes)| votes.len() as u64 >= u64::from(config.min_annotations_per_item));
    let labels: BTreeSet<&str> = by_item.iter().flat_map(|(_, votes)| votes.iter().map(|(_, v)| v.as_str())).collect();
    if (by_item.len() as u64) < u64::from(config.min_items) || labels.len() < 2 {
        return Ok(None);
    }
    let mut counted = Annotations::new();
    for name in annotators {
        counted.add_annotator(name)?;
    }
    for label in labels {
        counted.add_label(label)?;
    }
    for (item, votes) in by_item {
        for (annotator, label) in votes {
            counted.set(item, annotator, &label)?;
        }
    }
    Ok(Some(counted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(scheme: &str, item: &str, annotator: &str, value: Value) -> Annotation {
        Annotation { instance_id: item.into(), annotator: annotator.into(), scheme: scheme.into(), value, at: 0 }
    }

    fn config(votes: u32, items: u32) -> MaceConfig {
        let mut config = MaceConfig::default();
        (config.min_annotations_per_item, config.min_items) = (votes, items);
        config
    }

    #[test]
    fn items_count_that_have_enough_votes() {
        let scheme = [Scheme::new("mood", SchemeKind::Radio, ["sad", "glad"])];
        let mut all = Vec::new();
        for item in ["i2", "i1"] {
            all.extend(["b", "a"].map(|who| said("mood", item, who, json!(if item == "i2" { "sad" } else { "glad" }))));
        }
        all.push(said("mood", "i3", "lonely", json!("sad")));
        all.push(said("other", "i1", "nobody", json!("sad")));
        let found = questions(&scheme, &all, &config(2, 2)).unwrap();
        assert_eq!(found.len(), 1);
        let votes = &found[0].votes;
        assert_eq!(votes.items().collect::<Vec<_>>(), ["i2", "i1"]);
        // Also whoever annotated no item that counts; sorted.
        assert_eq!(votes.annotators().collect::<Vec<_>>(), ["a", "b", "lonely"]);
        assert_eq!(votes.labels().collect::<Vec<_>>(), ["glad", "sad"]);
        assert!(questions(&scheme, &all, &config(2, 3)).unwrap().is_empty());
        assert!(questions(&scheme, &all, &config(3, 1)).unwrap().is_empty());
        // One label only tells nothing.
        assert!(questions(&scheme, &all[..2], &config(2, 1)).unwrap().is_empty());
    }

    #[test]
    fn boxes_that_are_not_checked_are_votes() {
        let scheme = [Scheme::new("topics", SchemeKind::Multiselect, ["food", "war"])];
        let all: Vec<Annotation> = ["x", "y"]
            .into_iter()
            .flat_map(|item| {
                [
                    said("topics", item, "a", if item == "x" { json!(["food"]) } else { json!([]) }),
                    said("topics", item, "b", json!([])),
                ]
            })
            .collect();
        let found = questions(&scheme, &all, &config(2, 2)).unwrap();
        assert_eq!(found.len(), 1, "nobody ever said war");
        assert_eq!((found[0].key.as_str(), found[0].option.as_deref()), ("topics::food", Some("food")));
        assert_eq!(found[0].votes.len(), 4);
        assert_eq!(found[0].votes.labels().collect::<Vec<_>>(), ["0", "1"]);
    }

    #[test]
    fn texts_are_no_votes() {
        let scheme = [Scheme::new("why", SchemeKind::Text, [""; 0])];
        let all = ["a", "b"].map(|who| said("why", "i", who, json!(who)));
        assert!(questions(&scheme, &all, &config(2, 1)).unwrap().is_empty());
    }
}
