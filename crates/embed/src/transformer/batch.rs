//! Which texts are computed together.

use super::network::Group;
use super::tokenize::Ids;

/// Texts of one pass, longest first, laid end to end.
pub(crate) struct Batch {
    /// Which text each row belongs to.
    pub(crate) rows: Vec<usize>,
    pub(crate) ids: Vec<u32>,
    pub(crate) groups: Vec<Group>,
}

/// Texts sorted by length and cut into batches of at most `budget` tokens, but at least one text. Texts without tokens
/// are left out. Depends on nothing else, so that the same texts always meet.
///
/// Batches begin with the longest, so that the last ones to end are short.
pub(crate) fn plan(ids: &[Ids], budget: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..ids.len()).filter(|&i| !ids[i].ids.is_empty()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(ids[i].ids.len()));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut used = 0;
    for i in order {
        let length = ids[i].ids.len();
        match batches.last_mut() {
            Some(batch) if used + length <= budget => batch.push(i),
            _ => {
                batches.push(vec![i]);
                used = 0;
            }
        }
        used += length;
    }
    batches
}

impl Batch {
    /// The ids of the texts `rows`, of which those of equal length lie side by side.
    pub(crate) fn gather(rows: &[usize], all: &[Ids]) -> Self {
        let mut ids = Vec::with_capacity(rows.iter().map(|&r| all[r].ids.len()).sum());
        let mut groups: Vec<Group> = Vec::new();
        for &r in rows {
            let own = &all[r].ids;
            ids.extend_from_slice(own);
            match groups.last_mut() {
                Some(g) if g.length == own.len() => g.texts += 1,
                _ => groups.push(Group { texts: 1, length: own.len() }),
            }
        }
        Self { rows: rows.to_vec(), ids, groups }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(lengths: &[usize]) -> Vec<Ids> {
        lengths.iter().map(|&n| Ids { ids: vec![7; n], truncated: false }).collect()
    }

    #[test]
    fn longest_first_within_the_budget() {
        let ids = texts(&[2, 0, 5, 3, 2, 9]);
        let plan = plan(&ids, 7);
        assert_eq!(plan, [vec![5], vec![2], vec![3, 0, 4]]);
        let b = Batch::gather(&plan[2], &ids);
        assert_eq!(b.groups, [Group { texts: 1, length: 3 }, Group { texts: 2, length: 2 }]);
        assert_eq!(b.ids.len(), 7);
    }

    proptest! {
        #[test]
        fn every_text_once(lengths in proptest::collection::vec(0usize..40, 0..80), budget in 1usize..100) {
            let ids = texts(&lengths);
            let batches = plan(&ids, budget);
            for b in &batches {
                let tokens: usize = b.iter().map(|&r| lengths[r]).sum();
                prop_assert!(tokens <= budget || b.len() == 1);
                let g = Batch::gather(b, &ids);
                prop_assert_eq!(g.groups.iter().map(|g| g.texts * g.length).sum::<usize>(), tokens);
                prop_assert_eq!(g.ids.len(), tokens);
            }
            let mut seen: Vec<usize> = batches.concat();
            seen.sort_unstable();
            let all: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] > 0).collect();
            prop_assert_eq!(seen, all);
        }
    }
}
