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

/// Parameters of the order: whether groups take turns, and what a group does whose next item was taken before.
///
/// ```
/// use planisphere_queue_reorder::{Reorder, Selection};
/// let groups = [Selection::new(["a", "b", "c"]).priority(1.0), Selection::new(["a", "x", "y"]).priority(2.0)];
/// assert_eq!(Reorder::new().order(&groups)?, ["a", "b", "x", "c", "y"]);
/// assert_eq!(Reorder::new().refill(true).order(&groups)?, ["a", "x", "b", "y", "c"]);
/// # Ok::<(), planisphere_queue_reorder::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reorder {
    interleave: bool,
    refill: bool,
}

impl Default for Reorder {
    fn default() -> Self {
        Self { interleave: true, refill: false }
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

    /// Whether a group whose next item was taken before takes its next one that was not, in the same round (true), or
    /// loses its turn (false, the default, as the dashboard has it). Without interleaving there is no difference.
    #[must_use]
    pub fn refill(mut self, refill: bool) -> Self {
        self.refill = refill;
        self
    }

    /// All items of all groups in their new order, each once.
    ///
    /// # Errors
    /// [`Error::Priority`] if a priority is NaN or infinite.
    pub fn order<T: Clone + Eq + Hash>(&self, selections: &[Selection<T>]) -> Result<Vec<T>> {
        let groups = sorted(selections)?;
        let mut seen = HashSet::new();
        let order = if self.refill {
            self.join(&groups, |items| items.find(|id| seen.insert(*id)))
        } else {
            let mut order = self.join(&groups, Iterator::next);
            order.retain(|id| seen.insert(*id));
            order
        };
        Ok(order.into_iter().cloned().collect())
    }

    /// The order before repeated items are dropped: as long as all groups together. [`Reorder::refill`] has no part in
    /// it.
    ///
    /// # Errors
    /// [`Error::Priority`] if a priority is NaN or infinite.
    pub fn order_with_duplicates<'a, T>(&self, selections: &'a [Selection<T>]) -> Result<Vec<&'a T>> {
        Ok(self.join(&sorted(selections)?, Iterator::next))
    }

    /// One list of sorted groups; `next` takes from a group, and gives nothing once it has run out.
    fn join<'a, T>(
        &self,
        groups: &[&'a [T]],
        mut next: impl FnMut(&mut std::slice::Iter<'a, T>) -> Option<&'a T>,
    ) -> Vec<&'a T> {
        let mut order = Vec::with_capacity(groups.iter().map(|g| g.len()).sum());
        let mut left: Vec<std::slice::Iter<'_, T>> = groups.iter().map(|g| g.iter()).collect();
        if self.interleave {
            while !left.is_empty() {
                left.retain_mut(|items| {
                    let item = next(items);
                    order.extend(item);
                    item.is_some()
                });
            }
        } else {
            for items in &mut left {
                order.extend(std::iter::from_fn(|| next(items)));
            }
        }
        order
    }
}

/// The groups by priority, lowest number first; equal ones in the order given.
fn sorted<T>(selections: &[Selection<T>]) -> Result<Vec<&[T]>> {
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
    Ok(groups.into_iter().map(|g| g.1).collect())
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
    fn a_slot_is_lost_or_refilled() {
        let groups = [Selection::new([10, 11, 12]), Selection::new([11, 10, 13]), Selection::new([10, 11])];
        let order = |refill, interleave| Reorder::new().refill(refill).interleave(interleave).order(&groups).unwrap();
        // Round 1: 10, 11 (both others' first items), and the third group has nothing that is left.
        assert_eq!(order(true, true), [10, 11, 12, 13]);
        assert_eq!(order(false, true), [10, 11, 12, 13]);
        let groups = [Selection::new([1, 2, 3]), Selection::new([1, 2, 8, 9])];
        let order = |refill, interleave| Reorder::new().refill(refill).interleave(interleave).order(&groups).unwrap();
        assert_eq!(order(true, true), [1, 2, 3, 8, 9]);
        assert_eq!(order(false, true), [1, 2, 3, 8, 9]);
        assert_eq!(order(true, false), order(false, false));
        let groups = [Selection::new([1, 2, 3]), Selection::new([1, 8, 9])];
        let order = |refill| Reorder::new().refill(refill).order(&groups).unwrap();
        assert_eq!(order(true), [1, 8, 2, 9, 3]);
        assert_eq!(order(false), [1, 2, 8, 3, 9]);
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
