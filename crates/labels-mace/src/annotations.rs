//! Who gave what label to which item.

use crate::error::{Error, Result};
use ahash::RandomState;
use indexmap::IndexSet;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// One label given by one annotator to one item; numbers are those of [`Annotations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Vote {
    /// The item.
    pub item: u32,
    /// The annotator.
    pub annotator: u32,
    /// The label.
    pub label: u32,
}

/// Items, annotators, labels, and who gave what to which.
///
/// Items, annotators and labels have names, which belong to the user, and numbers from 0, in the order in which they
/// came. An annotator labels an item once. There may be items, annotators and labels without a vote.
///
/// ```
/// use planisphere_labels_mace::Annotations;
///
/// let mut votes = Annotations::from_triples([("t1", "ann", "cat"), ("t1", "bob", "dog"), ("t2", "bob", "cat")])?;
/// votes.push("t2", "cleo", "cat")?;
/// assert_eq!((votes.n_items(), votes.n_annotators(), votes.n_labels(), votes.len()), (2, 3, 2, 4));
/// assert_eq!(votes.label(1), "dog");
/// assert!(votes.push("t2", "cleo", "dog").unwrap_err().to_string().contains("twice"));
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    items: Names,
    annotators: Names,
    labels: Names,
    votes: Vec<Vote>,
    /// (item, annotator) → number of the vote.
    pairs: HashMap<(u32, u32), u32, RandomState>,
}

type Names = IndexSet<Box<str>, RandomState>;

impl Annotations {
    /// No annotations.
    pub fn new() -> Self {
        Self::default()
    }

    /// Annotations from (item, annotator, label).
    ///
    /// # Errors
    /// As [`Annotations::push`].
    pub fn from_triples<I, A, L>(triples: impl IntoIterator<Item = (I, A, L)>) -> Result<Self>
    where
        I: AsRef<str>,
        A: AsRef<str>,
        L: AsRef<str>,
    {
        let mut new = Self::new();
        for (item, annotator, label) in triples {
            new.push(item.as_ref(), annotator.as_ref(), label.as_ref())?;
        }
        Ok(new)
    }

    /// Annotations from numbers: (item, annotator, label), each below its count. Names are the numbers.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::Twice`], [`Error::TooMany`].
    pub fn from_codes(n_items: u32, n_annotators: u32, n_labels: u32, votes: &[(u32, u32, u32)]) -> Result<Self> {
        let numbers = |n: u32| (0..n).map(|i| i.to_string().into_boxed_str()).collect::<Names>();
        let mut new = Self {
            items: numbers(n_items),
            annotators: numbers(n_annotators),
            labels: numbers(n_labels),
            votes: Vec::with_capacity(votes.len()),
            pairs: HashMap::with_capacity_and_hasher(votes.len(), RandomState::default()),
        };
        for (annotation, &(item, annotator, label)) in votes.iter().enumerate() {
            let limits = [("item", item, n_items), ("annotator", annotator, n_annotators), ("label", label, n_labels)];
            for (what, index, count) in limits {
                if index >= count {
                    return Err(Error::OutOfRange { annotation, what, index, count });
                }
            }
            new.insert(Vote { item, annotator, label })?;
        }
        Ok(new)
    }

    /// Adds a vote, and its item, annotator and label where they are new.
    ///
    /// # Errors
    /// [`Error::Twice`] if the annotator labeled the item before, be it with the same label; then nothing changes.
    /// [`Error::TooMany`] beyond 2^32 - 1 of anything.
    pub fn push(&mut self, item: &str, annotator: &str, label: &str) -> Result<()> {
        if let (Some(item), Some(annotator)) = (self.item_index(item), self.annotator_index(annotator)) {
            // Most votes are of known ones: each map is asked once.
            let known = match self.pairs.entry((item, annotator)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(free) => {
                    let number = number(self.votes.len(), "annotations")?;
                    let label = add(&mut self.labels, label, "labels")?;
                    free.insert(number);
                    self.votes.push(Vote { item, annotator, label });
                    return Ok(());
                }
            };
            return Err(self.twice(known, label));
        }
        let vote = Vote {
            item: add(&mut self.items, item, "items")?,
            annotator: add(&mut self.annotators, annotator, "annotators")?,
            label: add(&mut self.labels, label, "labels")?,
        };
        self.insert(vote)
    }

    /// Adds a vote, or changes it to `label` if the annotator labeled the item before. Gives the label that was there.
    ///
    /// # Errors
    /// [`Error::TooMany`] beyond 2^32 - 1 of anything.
    pub fn set(&mut self, item: &str, annotator: &str, label: &str) -> Result<Option<u32>> {
        let vote = Vote {
            item: add(&mut self.items, item, "items")?,
            annotator: add(&mut self.annotators, annotator, "annotators")?,
            label: add(&mut self.labels, label, "labels")?,
        };
        match self.pairs.get(&(vote.item, vote.annotator)) {
            Some(&known) => {
                let old = std::mem::replace(&mut self.votes[known as usize].label, vote.label);
                Ok(Some(old))
            }
            None => self.insert(vote).map(|()| None),
        }
    }

    /// Adds a vote by numbers, which the caller took from `add_item` and so on.
    pub(crate) fn insert(&mut self, vote: Vote) -> Result<()> {
        let number = number(self.votes.len(), "annotations")?;
        match self.pairs.entry((vote.item, vote.annotator)) {
            Entry::Occupied(known) => {
                let known = *known.get();
                Err(self.twice(known, self.label(vote.label)))
            }
            Entry::Vacant(free) => {
                free.insert(number);
                self.votes.push(vote);
                Ok(())
            }
        }
    }

    fn twice(&self, known: u32, label: &str) -> Error {
        let vote = self.votes[known as usize];
        Error::Twice {
            item: self.item(vote.item).to_owned(),
            annotator: self.annotator(vote.annotator).to_owned(),
            first: self.label(vote.label).to_owned(),
            second: label.to_owned(),
        }
    }

    /// Number of the item, which is added if it is new. So items come in without votes, and in an order of choice.
    ///
    /// # Errors
    /// [`Error::TooMany`] beyond 2^32 - 1.
    pub fn add_item(&mut self, name: &str) -> Result<u32> {
        add(&mut self.items, name, "items")
    }

    /// Number of the annotator, who is added if new.
    ///
    /// # Errors
    /// [`Error::TooMany`] beyond 2^32 - 1.
    pub fn add_annotator(&mut self, name: &str) -> Result<u32> {
        add(&mut self.annotators, name, "annotators")
    }

    /// Number of the label, which is added if it is new.
    ///
    /// # Errors
    /// [`Error::TooMany`] beyond 2^32 - 1.
    pub fn add_label(&mut self, name: &str) -> Result<u32> {
        add(&mut self.labels, name, "labels")
    }

    /// Number of votes.
    pub fn len(&self) -> usize {
        self.votes.len()
    }

    /// Whether there is no vote.
    pub fn is_empty(&self) -> bool {
        self.votes.is_empty()
    }

    /// Number of items.
    pub fn n_items(&self) -> usize {
        self.items.len()
    }

    /// Number of annotators.
    pub fn n_annotators(&self) -> usize {
        self.annotators.len()
    }

    /// Number of labels.
    pub fn n_labels(&self) -> usize {
        self.labels.len()
    }

    /// All votes, in the order in which they came.
    pub fn votes(&self) -> &[Vote] {
        &self.votes
    }

    /// The label that the annotator gave to the item.
    pub fn vote(&self, item: u32, annotator: u32) -> Option<u32> {
        self.pairs.get(&(item, annotator)).map(|&v| self.votes[v as usize].label)
    }

    /// Name of an item. Panics if there are not so many.
    pub fn item(&self, item: u32) -> &str {
        &self.items[item as usize]
    }

    /// Name of an annotator. Panics if there are not so many.
    pub fn annotator(&self, annotator: u32) -> &str {
        &self.annotators[annotator as usize]
    }

    /// Name of a label. Panics if there are not so many.
    pub fn label(&self, label: u32) -> &str {
        &self.labels[label as usize]
    }

    /// Names of all items, by number.
    pub fn items(&self) -> impl ExactSizeIterator<Item = &str> {
        self.items.iter().map(AsRef::as_ref)
    }

    /// Names of all annotators, by number.
    pub fn annotators(&self) -> impl ExactSizeIterator<Item = &str> {
        self.annotators.iter().map(AsRef::as_ref)
    }

    /// Names of all labels, by number.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.labels.iter().map(AsRef::as_ref)
    }

    /// Number of an item by its name.
    pub fn item_index(&self, name: &str) -> Option<u32> {
        self.items.get_index_of(name).map(|i| i as u32)
    }

    /// Number of an annotator by name.
    pub fn annotator_index(&self, name: &str) -> Option<u32> {
        self.annotators.get_index_of(name).map(|i| i as u32)
    }

    /// Number of a label by its name.
    pub fn label_index(&self, name: &str) -> Option<u32> {
        self.labels.get_index_of(name).map(|i| i as u32)
    }

    /// The votes by item: `(offsets, votes)`, those of item `i` are `votes[offsets[i]..offsets[i + 1]]`, in the order in
    /// which they came.
    pub fn by_item(&self) -> (Vec<usize>, Vec<Vote>) {
        group(&self.votes, self.n_items(), |v| v.item)
    }

    /// The votes by annotator, as [`Annotations::by_item`].
    pub fn by_annotator(&self) -> (Vec<usize>, Vec<Vote>) {
        group(&self.votes, self.n_annotators(), |v| v.annotator)
    }
}

/// A stable counting sort.
pub(crate) fn group(votes: &[Vote], groups: usize, of: impl Fn(&Vote) -> u32) -> (Vec<usize>, Vec<Vote>) {
    let mut offsets = vec![0; groups + 1];
    for v in votes {
        offsets[of(v) as usize + 1] += 1;
    }
    for g in 0..groups {
        offsets[g + 1] += offsets[g];
    }
    let mut next = offsets.clone();
    let mut sorted = vec![Vote { item: 0, annotator: 0, label: 0 }; votes.len()];
    for v in votes {
        let place = &mut next[of(v) as usize];
        sorted[*place] = *v;
        *place += 1;
    }
    (offsets, sorted)
}

fn add(names: &mut Names, name: &str, what: &'static str) -> Result<u32> {
    match names.get_index_of(name) {
        Some(known) => Ok(known as u32),
        None => {
            let new = number(names.len(), what)?;
            names.insert(name.into());
            Ok(new)
        }
    }
}

/// `u32::MAX` is left free, for "none".
fn number(n: usize, what: &'static str) -> Result<u32> {
    let most = u64::from(u32::MAX);
    u32::try_from(n).ok().filter(|&n| n < u32::MAX).ok_or(Error::TooMany { what, most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vote_is_set_and_set_again() {
        let mut votes = Annotations::new();
        assert_eq!(votes.set("i", "a", "x").unwrap(), None);
        assert_eq!(votes.set("i", "a", "y").unwrap(), Some(0));
        assert_eq!((votes.len(), votes.vote(0, 0), votes.n_labels()), (1, Some(1), 2));
        assert!(matches!(votes.push("i", "a", "y"), Err(Error::Twice { .. })));
        assert_eq!(votes.len(), 1);
    }

    #[test]
    fn a_refused_vote_leaves_nothing() {
        let mut votes = Annotations::from_triples([("i", "a", "x")]).unwrap();
        assert!(votes.push("i", "a", "new").is_err());
        assert_eq!(votes.n_labels(), 1);
    }

    #[test]
    fn numbers_are_checked() {
        let e = Annotations::from_codes(2, 2, 2, &[(0, 0, 0), (1, 2, 0)]).unwrap_err();
        assert_eq!(e.to_string(), "annotation 1: annotator 2, there are 2");
        let e = Annotations::from_codes(2, 2, 2, &[(0, 0, 0), (0, 0, 1)]).unwrap_err();
        assert!(matches!(e, Error::Twice { .. }), "{e}");
    }

    #[test]
    fn grouped_by_item_and_annotator() {
        let votes = Annotations::from_codes(3, 2, 2, &[(2, 0, 0), (0, 1, 1), (2, 1, 1)]).unwrap();
        let (offsets, sorted) = votes.by_item();
        assert_eq!(offsets, [0, 1, 1, 3]);
        assert_eq!(sorted.iter().map(|v| v.annotator).collect::<Vec<_>>(), [1, 0, 1]);
        assert_eq!(votes.by_annotator().0, [0, 1, 3]);
    }
}
