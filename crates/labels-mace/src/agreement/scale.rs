//! Labels as numbers and as places in an order.

use crate::annotations::Annotations;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The order of labels.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelOrder {
    /// By the numbers that they are: `2` comes before `10`, and `1` and `1.0` are the same place.
    #[default]
    Numeric,
    /// This one, from the lowest to the highest. All labels with votes must be in it.
    Given(Vec<String>),
}

impl LabelOrder {
    /// An order from the lowest to the highest label.
    pub fn given<L: Into<String>>(labels: impl IntoIterator<Item = L>) -> Self {
        Self::Given(labels.into_iter().map(Into::into).collect())
    }
}

/// Which labels have votes.
fn used(annotations: &Annotations) -> Vec<bool> {
    let mut used = vec![false; annotations.n_labels()];
    for v in annotations.votes() {
        used[v.label as usize] = true;
    }
    used
}

/// Labels as numbers: their values, ascending and without repetition, and which of them each label is. Labels without votes
/// may be anything.
pub(super) fn values(annotations: &Annotations, negative: bool) -> Result<(Vec<f64>, Vec<u32>)> {
    let wrong = |label: &str, reason| Error::LabelValue { label: label.to_owned(), reason };
    let mut values = vec![None; annotations.n_labels()];
    for ((label, used), value) in annotations.labels().zip(used(annotations)).zip(&mut values) {
        if used {
            let number = label.trim().parse().ok().filter(|v: &f64| v.is_finite());
            let number = number.ok_or_else(|| wrong(label, "is not a finite number"))?;
            if number < 0.0 && !negative {
                return Err(wrong(label, "is negative, which a ratio scale does not have"));
            }
            // Adding 0 makes -0 the same as 0.
            *value = Some(number + 0.0);
        }
    }
    let mut sorted: Vec<f64> = values.iter().copied().flatten().collect();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let place = |v: Option<f64>| v.map_or(0, |v| sorted.partition_point(|&s| s < v) as u32);
    let places = values.into_iter().map(place).collect();
    Ok((sorted, places))
}

/// The place of each label in an order, and how many places there are.
pub(super) fn places(annotations: &Annotations, order: &LabelOrder) -> Result<(usize, Vec<u32>)> {
    let labels = match order {
        LabelOrder::Numeric => {
            let (values, places) = values(annotations, true)?;
            return Ok((values.len(), places));
        }
        LabelOrder::Given(labels) => labels,
    };
    let mut places = vec![None; annotations.n_labels()];
    for (place, label) in (0u32..).zip(labels) {
        if let Some(l) = annotations.label_index(label)
            && places[l as usize].replace(place).is_some()
        {
            return Err(Error::param("order", format!("{label:?}"), "a label has one place"));
        }
    }
    for ((label, used), place) in annotations.labels().zip(used(annotations)).zip(&places) {
        if used && place.is_none() {
            return Err(Error::LabelValue { label: label.to_owned(), reason: "is not in the order of labels" });
        }
    }
    Ok((labels.len(), places.into_iter().map(Option::unwrap_or_default).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_places() {
        let mut votes = Annotations::from_triples([("i", "a", "10"), ("i", "b", "2"), ("i", "c", "2.0")]).unwrap();
        votes.add_label("unused").unwrap();
        assert_eq!(values(&votes, true).unwrap(), (vec![2.0, 10.0], vec![1, 0, 0, 0]));
        assert_eq!(places(&votes, &LabelOrder::given(["2", "2.0", "x", "10"])).unwrap(), (4, vec![3, 0, 1, 0]));
        assert!(matches!(places(&votes, &LabelOrder::given(["2", "10", "2"])), Err(Error::InvalidParam { .. })));
        let e = places(&votes, &LabelOrder::given(["2", "10"])).unwrap_err();
        assert_eq!(e.to_string(), r#"label "2.0" is not in the order of labels"#);
        votes.push("j", "a", "inf").unwrap();
        assert_eq!(values(&votes, true).unwrap_err().to_string(), r#"label "inf" is not a finite number"#);
    }

    #[test]
    fn a_ratio_is_not_negative() {
        let votes = Annotations::from_triples([("i", "a", "-1")]).unwrap();
        assert!(values(&votes, true).is_ok() && values(&votes, false).is_err());
    }
}
