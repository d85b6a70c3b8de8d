//! Which points share a trace.

use crate::natural;
use std::collections::HashMap;

/// Rows that are drawn alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group<'a> {
    pub(super) kind: Kind<'a>,
    /// Ascending.
    pub(super) rows: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// Points without label.
    Unlabeled,
    /// Points of `labels` labels that have no trace of their own.
    Other { labels: usize },
    /// Points with this label; `slot` is its place among the labels that are shown.
    Label { label: &'a str, slot: usize },
}

/// Sorts rows into groups, in drawing order: unlabeled, other, then the labels in natural order.
pub(super) fn group<'a>(labels: impl Iterator<Item = Option<&'a str>>, max_labels: usize) -> Vec<Group<'a>> {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut named: Vec<(&str, Vec<u32>)> = Vec::new();
    let mut unlabeled = Vec::new();
    for (row, label) in (0u32..).zip(labels) {
        match label.filter(|l| !l.trim().is_empty()) {
            None => unlabeled.push(row),
            Some(label) => {
                let at = *index.entry(label).or_insert_with(|| {
                    named.push((label, Vec::new()));
                    named.len() - 1
                });
                named[at].1.push(row);
            }
        }
    }
    named.sort_by(|a, b| natural::compare(a.0, b.0));

    let mut other = Vec::new();
    let mut merged = 0;
    if named.len() > max_labels {
        let mut by_size: Vec<usize> = (0..named.len()).collect();
        by_size.sort_by_key(|&i| std::cmp::Reverse(named[i].1.len()));
        let mut keep = vec![false; named.len()];
        // A label of one point tells nothing that the hover box does not.
        for &i in by_size.iter().take(max_labels).filter(|&&i| named[i].1.len() > 1) {
            keep[i] = true;
        }
        let mut kept = Vec::with_capacity(max_labels);
        for (entry, keep) in named.into_iter().zip(keep) {
            if keep {
                kept.push(entry);
            } else {
                merged += 1;
                other.extend(entry.1);
            }
        }
        other.sort_unstable();
        named = kept;
    }

    let mut groups = Vec::with_capacity(named.len() + 2);
    if !unlabeled.is_empty() {
        groups.push(Group { kind: Kind::Unlabeled, rows: unlabeled });
    }
    if !other.is_empty() {
        groups.push(Group { kind: Kind::Other { labels: merged }, rows: other });
    }
    for (slot, (label, rows)) in named.into_iter().enumerate() {
        groups.push(Group { kind: Kind::Label { label, slot }, rows });
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<'a>(labels: &[&'a str], max: usize) -> Vec<(Kind<'a>, Vec<u32>)> {
        let labels = labels.iter().map(|&l| (l != "-").then_some(l));
        group(labels, max).into_iter().map(|g| (g.kind, g.rows)).collect()
    }

    #[test]
    fn labels_are_sorted_and_gray_comes_first() {
        assert_eq!(
            run(&["10", "-", "2", "10", " "], 60),
            [
                (Kind::Unlabeled, vec![1, 4]),
                (Kind::Label { label: "2", slot: 0 }, vec![2]),
                (Kind::Label { label: "10", slot: 1 }, vec![0, 3]),
            ]
        );
        assert!(run(&[], 60).is_empty());
    }

    #[test]
    fn too_many_labels_leave_the_frequent_ones() {
        let labels = ["b", "a", "c", "b", "c", "d", "d", "d", "e"];
        assert_eq!(
            run(&labels, 2),
            [
                (Kind::Other { labels: 3 }, vec![1, 2, 4, 8]),
                (Kind::Label { label: "b", slot: 0 }, vec![0, 3]),
                (Kind::Label { label: "d", slot: 1 }, vec![5, 6, 7]),
            ]
        );
        assert_eq!(run(&labels, 5).len(), 5);
        assert_eq!(run(&["a", "b", "c"], 2), [(Kind::Other { labels: 3 }, vec![0, 1, 2])]);
    }
}
