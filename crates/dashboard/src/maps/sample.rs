//! Which items are shown, if there are more than can be.

use super::plan::SEED;
use crate::config::Settings;
use planisphere::queue_reorder::Sample;

/// Positions of the items that are shown, ascending: all if they are not more than the sample; else all annotated ones if
/// the settings say so, and of the others as many as there is room for. The same for the same ids.
pub(crate) fn sample(ids: &[&str], annotated: &[bool], settings: &Settings) -> Vec<u32> {
    let sample = Sample::new(settings.sample_size).include_all_annotated(settings.include_all_annotated).seed(SEED);
    // Ids are unique in the store, and there is a flag for each: it cannot fail. If it did, all would be shown.
    let drawn = sample.draw(ids, annotated).unwrap_or_else(|_| (0..ids.len()).collect());
    drawn.into_iter().map(|i| i as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Size of the sample, and how many of it are annotated.
    fn drawn(total: usize, annotated: usize, sample_size: usize, include_all_annotated: bool) -> (usize, usize) {
        let names: Vec<String> = (0..total).map(|i| format!("item_{i:03}")).collect();
        let ids: Vec<&str> = names.iter().map(String::as_str).collect();
        // Annotated ones are spread over all.
        let marks: Vec<bool> = (0..total).map(|i| i * annotated / total != (i + 1) * annotated / total).collect();
        let settings = Settings { sample_size, include_all_annotated, ..Settings::default() };
        let shown = sample(&ids, &marks, &settings);
        assert_eq!(shown, sample(&ids, &marks, &settings), "stable");
        assert!(shown.windows(2).all(|w| w[0] < w[1]));
        (shown.len(), shown.iter().filter(|i| marks[**i as usize]).count())
    }

    #[test]
    fn sa_01_03_07_sizes() {
        assert_eq!(drawn(3, 1, 100, true), (3, 1));
        assert_eq!(drawn(100, 50, 30, true), (50, 50));
        assert_eq!(drawn(10, 0, 5, true), (5, 0));
    }

    #[test]
    fn sa_05_uniform_without_the_flag() {
        let (size, annotated) = drawn(40, 8, 38, false);
        assert_eq!(size, 38);
        assert!(annotated >= 6);
    }
}
