//! Which texts are computed together.

/// Texts of these lengths, sorted by them and cut into batches of at most `budget` tokens, but at least one text. Texts without
/// tokens are left out. If batches are `padded`, each text counts as the longest of its batch. Depends on nothing else, so that the
/// same texts always meet.
///
/// Batches begin with the longest, so that the last ones to end are short.
pub(crate) fn plan(lengths: &[usize], budget: usize, padded: bool) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] > 0).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    // Of the last batch.
    let (mut used, mut longest) = (0, 0);
    for i in order {
        let length = if padded { longest } else { lengths[i] };
        match batches.last_mut() {
            Some(batch) if used + length <= budget => {
                batch.push(i);
                used += length;
            }
            _ => {
                batches.push(vec![i]);
                (used, longest) = (lengths[i], lengths[i]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn longest_first_within_the_budget() {
        let lengths = [2, 0, 5, 3, 2, 9];
        assert_eq!(plan(&lengths, 7, false), [vec![5], vec![2], vec![3, 0, 4]]);
        assert_eq!(plan(&lengths, 7, true), [vec![5], vec![2], vec![3, 0], vec![4]]);
    }

    proptest! {
        #[test]
        fn every_text_once(
            lengths in proptest::collection::vec(0usize..40, 0..80),
            budget in 1usize..100,
            padded: bool,
        ) {
            let batches = plan(&lengths, budget, padded);
            for b in &batches {
                let longest = b.iter().map(|&r| lengths[r]).max().unwrap();
                let tokens: usize = b.iter().map(|&r| if padded { longest } else { lengths[r] }).sum();
                prop_assert!(tokens <= budget || b.len() == 1);
            }
            let mut seen: Vec<usize> = batches.concat();
            seen.sort_unstable();
            let all: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] > 0).collect();
            prop_assert_eq!(seen, all);
        }
    }
}
