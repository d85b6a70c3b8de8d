//! Which texts are computed together.

use super::tokenize::Ids;

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
    }

    proptest! {
        #[test]
        fn every_text_once(lengths in proptest::collection::vec(0usize..40, 0..80), budget in 1usize..100) {
            let ids = texts(&lengths);
            let batches = plan(&ids, budget);
            for b in &batches {
                let tokens: usize = b.iter().map(|&r| lengths[r]).sum();
                prop_assert!(tokens <= budget || b.len() == 1);
            }
            let mut seen: Vec<usize> = batches.concat();
            seen.sort_unstable();
            let all: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] > 0).collect();
            prop_assert_eq!(seen, all);
        }
    }
}
