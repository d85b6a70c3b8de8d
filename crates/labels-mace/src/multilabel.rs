//! Items that may have several labels.

use crate::annotations::{Annotations, Vote};
use crate::error::{Error, Result};
use crate::model::LabelModel;
use ahash::RandomState;
use indexmap::IndexMap;
use planisphere_core::Context;

/// Annotations where an annotator chooses any number of the labels of an item.
///
/// Each label is a question of its own, with the answers yes and no: an annotator who looked at an item and did not choose
/// a label says no to it. So every label gives [`Annotations`] with the labels `0` and `1`, over the same items and annotators, to
/// which any model can be fitted.
///
/// ```
/// use planisphere_core::Context;
/// use planisphere_labels_mace::{Labeled, MajorityVote, MultiLabel};
///
/// let mut votes = MultiLabel::new();
/// votes.add_label("food")?;
/// votes.push("i", "ann", ["food", "travel"])?;
/// votes.push("i", "bob", ["travel"])?;
/// votes.push("j", "ann", [] as [&str; 0])?;
///
/// let travel = votes.binary(votes.label_index("travel").unwrap())?;
/// assert_eq!((travel.n_items(), travel.len(), travel.vote(0, 1), travel.vote(1, 0)), (2, 3, Some(1), Some(0)));
///
/// let models = votes.fit(&MajorityVote::new(), &mut Context::new())?;
/// assert_eq!(models[0].0, "food");
/// assert_eq!(models[0].1.posterior().probability(0, MultiLabel::YES), Some(0.5));
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MultiLabel {
    /// Names of items, annotators and labels, without votes.
    names: Annotations,
    /// (item, annotator) → labels chosen, ascending.
    chosen: IndexMap<(u32, u32), Box<[u32]>, RandomState>,
}

impl MultiLabel {
    /// The label `0` of the annotations of a label: not chosen.
    pub const NO: u32 = 0;
    /// The label `1` of the annotations of a label: chosen.
    pub const YES: u32 = 1;

    /// No annotations.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what an annotator chose for an item, be it nothing. A label that is named twice counts once.
    ///
    /// # Errors
    /// [`Error::Twice`] if the annotator looked at the item before. [`Error::TooMany`] beyond 2^32 - 1 of anything.
    pub fn push<L: AsRef<str>>(
        &mut self,
        item: &str,
        annotator: &str,
        labels: impl IntoIterator<Item = L>,
    ) -> Result<()> {
        let pair = (self.names.add_item(item)?, self.names.add_annotator(annotator)?);
        let mut chosen: Vec<u32> =
            labels.into_iter().map(|l| self.names.add_label(l.as_ref())).collect::<Result<_>>()?;
        chosen.sort_unstable();
        chosen.dedup();
        if let Some(known) = self.chosen.get(&pair) {
            return Err(Error::Twice {
                item: item.to_owned(),
                annotator: annotator.to_owned(),
                first: self.list(known),
                second: self.list(&chosen),
            });
        }
        self.chosen.insert(pair, chosen.into());
        Ok(())
    }

    fn list(&self, labels: &[u32]) -> String {
        labels.iter().map(|&l| self.names.label(l)).collect::<Vec<_>>().join(", ")
    }

    /// Number of the label, which is added if it is new: so labels come in that nobody chooses.
    ///
    /// # Errors
    /// [`Error::TooMany`] beyond 2^32 - 1.
    pub fn add_label(&mut self, name: &str) -> Result<u32> {
        self.names.add_label(name)
    }

    /// Number of the item, which is added if it is new.
    ///
    /// # Errors
    /// [`Error::TooMany`] beyond 2^32 - 1.
    pub fn add_item(&mut self, name: &str) -> Result<u32> {
        self.names.add_item(name)
    }

    /// How often an annotator looked at an item.
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Whether nobody looked at anything.
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    /// Names of all labels, by number.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.labels()
    }

    /// Number of a label by its name.
    pub fn label_index(&self, name: &str) -> Option<u32> {
        self.names.label_index(name)
    }

    /// The annotations of one label: [`MultiLabel::YES`] or [`MultiLabel::NO`] of each annotator who looked at an item. Items
    /// and annotators are the same, with the same numbers, for all labels.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if there is no such label.
    pub fn binary(&self, label: u32) -> Result<Annotations> {
        let count = self.names.n_labels() as u32;
        if label >= count {
            return Err(Error::OutOfRange { annotation: 0, what: "label", index: label, count });
        }
        let mut votes = Annotations::new();
        for item in self.names.items() {
            votes.add_item(item)?;
        }
        for annotator in self.names.annotators() {
            votes.add_annotator(annotator)?;
        }
        votes.add_label("0")?;
        votes.add_label("1")?;
        for (&(item, annotator), chosen) in &self.chosen {
            let yes = chosen.binary_search(&label).is_ok();
            votes.insert(Vote { item, annotator, label: if yes { Self::YES } else { Self::NO } })?;
        }
        Ok(votes)
    }

    /// The annotations of all labels with their names, one after the other as they are asked for.
    pub fn each(&self) -> impl Iterator<Item = (&str, Result<Annotations>)> {
        (0u32..).zip(self.labels()).map(|(l, name)| (name, self.binary(l)))
    }

    /// Fits a model to the annotations of each label; gives them with the names of the labels, by number.
    ///
    /// # Errors
    /// Those of the model.
    pub fn fit<M: LabelModel>(&self, model: &M, cx: &mut Context<'_>) -> Result<Vec<(&str, M::Model)>> {
        self.each().map(|(name, votes)| Ok((name, model.fit(&votes?, cx)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DawidSkene;

    #[test]
    fn every_label_is_a_question() {
        let mut votes = MultiLabel::new();
        for i in 0..8 {
            let item = format!("i{i}");
            for a in ["a", "b", "c"] {
                let mut chosen = vec![if i % 2 == 0 { "even" } else { "odd" }];
                if i < 3 {
                    chosen.extend(["small", "small"]);
                }
                votes.push(&item, a, chosen).unwrap();
            }
        }
        let models = votes.fit(&DawidSkene::new(), &mut Context::new()).unwrap();
        let labels: Vec<_> = models.iter().map(|(name, m)| (*name, m.posterior().labels())).collect();
        let yes = |f: &dyn Fn(u32) -> bool| (0..8).map(|i| Some(u32::from(f(i)))).collect::<Vec<_>>();
        assert_eq!(labels, [("even", yes(&|i| i % 2 == 0)), ("small", yes(&|i| i < 3)), ("odd", yes(&|i| i % 2 == 1))]);
    }

    #[test]
    fn nobody_looks_twice() {
        let mut votes = MultiLabel::new();
        votes.push("i", "a", ["x", "y"]).unwrap();
        let e = votes.push("i", "a", [] as [&str; 0]).unwrap_err();
        assert_eq!(e.to_string(), r#"annotator "a" labeled item "i" twice: "x, y" and """#);
        assert!(votes.binary(2).is_err());
        assert_eq!((votes.len(), votes.is_empty()), (1, false));
    }
}
