//! From groups to one order.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::hash::Hash;

/// Priority of a group that has none.
pub const DEFAULT_PRIORITY: f64 = 999.0;

/// A group of items, by id. Ids may be of any type; in JSON they are strings.
///
/// Reading JSON by serde is lenient: members may be missing. [`Request::from_json`](crate::Request::from_json) is
/// strict and says what is wrong where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Selection<T = String> {
    /// The items, in the order in which they should come.
    #[serde(default = "Vec::new")]
    pub instance_ids: Vec<T>,
    /// Lower numbers come first, fractions and negative ones included. `None` counts as [`DEFAULT_PRIORITY`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<f64>,
}

impl<T> Selection<T> {
    /// A group without priority.
    pub fn new(ids: impl IntoIterator<Item = T>) -> Self {
        Self { instance_ids: ids.into_iter().collect(), priority: None }
    }

    /// Sets the priority: lower numbers come first.
    #[must_use]
    pub fn priority(mut self, priority: f64) -> Self {
        self.priority = Some(priority);
        self
    }
}

impl<T> Default for Selection<T> {
    /// No items, no priority.
    fn default() -> Self {
        Self { instance_ids: Vec::new(), priority: None }
    }
}

/// Parameters of the order: whether groups take turns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reorder {
    interleave: bool,
}

impl Default for Reorder {
    fn default() -> Self {
        Self { interleave: true }
    }
}

impl Reorder {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether groups take turns (true, the default) or follow one another.
    #[must_use]
    pub fn interleave(mut self, interleave: bool) -> Self {
        self.interleave = interleave;
        self
    }

    /// All items of all groups in their new order, each once.
    ///
    /// # Errors
    /// [`Error::Priority`] if a priority is NaN or infinite.
    pub fn order<T: Clone + Eq + Hash>(&self, selections: &[Selection<T>]) -> Result<Vec<T>> {
        let mut seen = HashSet::new();
        let mut order = self.order_with_duplicates(selections)?;
        order.retain(|id| seen.insert(*id));
        Ok(order.into_iter().cloned().collect())
    }

    /// The order before repeated items are dropped: as long as all groups together.
    ///
    /// # Errors
    /// [`Error::Priority`] if a priority is NaN or infinite.
    pub fn order_with_duplicates<'a, T>(&self, selections: &'a [Selection<T>]) -> Result<Vec<&'a T>> {
        let mut groups = Vec::with_capacity(selections.len());
        for (i, s) in selections.iter().enumerate() {
            let priority = s.priority.unwrap_or(DEFAULT_PRIORITY);
            if !priority.is_finite() {
                return Err(Error::Priority { selection: i, value: priority });
            }
            // Adding 0 makes -0 the same as 0, as which it is written.
            groups.push((priority + 0.0, s.instance_ids.as_slice()));
        }
        groups.sort_by(|a, b| a.0.total_cmp(&b.0));

        let mut order = Vec::with_capacity(groups.iter().map(|g| g.1.len()).sum());
        if self.interleave {
            let mut left: Vec<std::slice::Iter<'_, T>> = groups.iter().map(|g| g.1.iter()).collect();
            while !left.is_empty() {
                left.retain_mut(|items| {
                    let next = items.next();
                    order.extend(next);
                    next.is_some()
                });
            }
        } else {
            order.extend(groups.iter().flat_map(|g| g.1));
        }
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_type_of_id() {
        let groups = [Selection::new([7u32, 8]), Selection::new([1]).priority(-0.5), Selection::default()];
        assert_eq!(Reorder::new().order(&groups).unwrap(), [1, 7, 8]);
    }

    #[test]
    fn priorities_that_cannot_be_compared_are_refused() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let groups = [Selection::new(["a"]), Selection::new(["b"]).priority(bad)];
            let e = Reorder::new().order(&groups).unwrap_err();
            assert!(matches!(e, Error::Priority { selection: 1, .. }), "{e}");
        }
    }

    #[test]
    fn zero_has_no_sign() {
        let groups = [Selection::new(["a"]).priority(0.0), Selection::new(["b"]).priority(-0.0)];
        assert_eq!(Reorder::new().order(&groups).unwrap(), ["a", "b"]);
    }

    #[test]
    fn serde_round_trip() {
        let s = Selection::new(["a".to_owned()]).priority(1.5);
        let json = serde_json::to_string(&s).unwrap();
        assert_eq!(json, r#"{"instance_ids":["a"],"priority":1.5}"#);
        assert_eq!(serde_json::from_str::<Selection>(&json).unwrap(), s);
        assert_eq!(serde_json::from_str::<Selection>("{}").unwrap(), Selection::default());
    }
}
