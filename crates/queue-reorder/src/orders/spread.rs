//! Random items, the likelier the higher their score and the farther from those before.

use super::nearest::{Metric, Nearest};
use super::{Ranking, amount, same_length};
use crate::error::Result;
use planisphere_core::{Context, CounterRng, MatrixView};
use serde::{Deserialize, Serialize};

/// A batch of items that are uncertain and far from each other: each is drawn with a probability proportional to its score
/// times the square of its distance to the nearest item before it, as the centers of k-means++ are (Arthur &
/// Vassilvitskii 2007), and as BADGE draws its batches (Ash et al. 2020).
///
/// Under [`Metric::Cosine`], distances are those between the ends of unit vectors. One pass over the rows for each
/// item.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_queue_reorder::{Metric, Spread};
///
/// // Two pairs of equal rows, and one row that nobody doubts.
/// let x = Matrix::from_rows([[0.0f32, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])?;
/// let batch = Spread::new(2).seed(1).rank(&x, &[0.5, 0.5, 0.5, 0.5, 0.0], &[])?;
/// assert!((batch.positions()[0] < 2) != (batch.positions()[1] < 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    size: usize,
    metric: Metric,
    seed: u64,
}

impl Spread {
    /// A batch of so many items, or of all if there are fewer.
    pub fn new(size: usize) -> Self {
        Self { size, metric: Metric::default(), seed: 42 }
    }

    /// What distances are. Default: [`Metric::Cosine`].
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// The seed. Default: 42.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Draws rows of `x` but for those `known`, which are annotated already: new items are drawn far from them, too. Once
    /// nothing has a chance, since scores or distances are 0, the highest scores follow, equal ones in the order of the
    /// queue.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) for values that are not finite, [`Error::Lengths`](crate::Error::Lengths) if there
    /// is not one score for each row, [`Error::Score`](crate::Error::Score) for scores that are negative or not finite,
    /// [`Error::NoSuchItem`](crate::Error::NoSuchItem).
    pub fn rank<'a>(&self, x: impl Into<MatrixView<'a>>, scores: &[f64], known: &[usize]) -> Result<Ranking> {
        self.rank_with(x, scores, known, &mut Context::new())
    }

    /// [`Spread::rank`] with threads, progress and cancellation.
    ///
    /// # Errors
    /// As [`Spread::rank`], and [`Error::Cancelled`](crate::Error::Cancelled).
    pub fn rank_with<'a>(
        &self,
        x: impl Into<MatrixView<'a>>,
        scores: &[f64],
        known: &[usize],
        cx: &mut Context<'_>,
    ) -> Result<Ranking> {
        let x = x.into();
        same_length("scores", x.rows(), scores.len())?;
        scores.iter().enumerate().try_for_each(|(item, &score)| amount("score", item, score))?;
        cx.run(|cx| self.run(x, scores, known, cx))?
    }

    fn run(&self, x: MatrixView<'_>, scores: &[f64], known: &[usize], cx: &mut Context<'_>) -> Result<Ranking> {
        let token = cx.token();
        let rng = CounterRng::new(self.seed, "spread items");
        let mut nearest = Nearest::new(x, self.metric)?;
        nearest.take(known, &token)?;
        // Of the largest, so that no sum is too large.
        let most = scores.iter().copied().fold(0.0, f64::max);
        let mut positions = Vec::new();
        let free = nearest.squared().iter().filter(|&&d| d >= 0.0).count();
        let size = self.size.min(free);
        while positions.len() < size {
            cx.progress(positions.len() as u64, size as u64)?;
            let squared = nearest.squared();
            let weight = |i: usize| match squared[i] {
                d if d < 0.0 || most == 0.0 => 0.0,
                // Nothing was taken yet.
                f32::INFINITY => scores[i] / most,
                d => f64::from(d) * (scores[i] / most),
            };
            let draw = rng.at(positions.len() as u64, 0).bits(0);
            let Some(next) = draw_by_weight(squared.len(), weight, draw) else { break };
            nearest.take(&[next], &token)?;
            positions.push(next);
        }
        let mut rest: Vec<usize> = (0..x.rows()).filter(|&i| nearest.squared()[i] >= 0.0).collect();
        rest.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        positions.extend(rest);
        positions.truncate(size);
        Ok(Ranking::of(x.rows(), positions))
    }
}

/// One of `n`, by weight; none if all weights are 0.
fn draw_by_weight(n: usize, weight: impl Fn(usize) -> f64, bits: u64) -> Option<usize> {
    let total: f64 = (0..n).map(&weight).sum();
    let target = (bits >> 11) as f64 / (1u64 << 53) as f64 * total;
    let mut sum = 0.0;
    let mut last = None;
    for i in 0..n {
        let w = weight(i);
        if w > 0.0 {
            sum += w;
            last = Some(i);
            if sum > target {
                break;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use planisphere_core::Matrix;
    use proptest::prelude::*;

    #[test]
    fn draws_follow_the_weights() {
        let weights = [1.0, 0.0, 3.0];
        let mut counts = [0; 3];
        for i in 0..4000 {
            let bits = CounterRng::new(9, "test").at(0, i).bits(0);
            counts[draw_by_weight(3, |i| weights[i], bits).unwrap()] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((counts[0] - 1000i32).abs() < 120, "{counts:?}");
        assert_eq!(draw_by_weight(3, |_| 0.0, 5), None);
        assert_eq!(draw_by_weight(2, |i| [1.0, 0.0][i], u64::MAX), Some(0));
    }

    #[test]
    fn scores_are_checked() {
        let x = Matrix::zeros(2, 1);
        assert!(matches!(Spread::new(1).rank(&x, &[1.0], &[]), Err(Error::Lengths { expected: 2, got: 1, .. })));
        assert!(matches!(Spread::new(1).rank(&x, &[1.0, -1.0], &[]), Err(Error::Score { item: 1, .. })));
        assert!(matches!(Spread::new(1).rank(&x, &[1.0, 1.0], &[2]), Err(Error::NoSuchItem { .. })));
    }

    proptest! {
        #[test]
        fn batches_have_their_size_and_spread_first(
            points in prop::collection::vec((0u8..4, 0u8..4), 0..25),
            size in 0usize..30,
            known in prop::collection::vec(0usize..25, 0..3),
            seed: u64,
        ) {
            let n = points.len();
            let x = Matrix::from_vec(n, 1, points.iter().map(|p| f32::from(p.0)).collect()).unwrap();
            let scores: Vec<f64> = points.iter().map(|p| f64::from(p.1) * 1e307).collect();
            let known: Vec<usize> = known.into_iter().filter(|&i| i < n).collect();
            let batch = Spread::new(size).metric(Metric::Euclidean).seed(seed).rank(&x, &scores, &known).unwrap();
            let others = (0..n).filter(|i| !known.contains(i)).count();
            prop_assert_eq!(batch.len(), size.min(others));
            prop_assert!(batch.positions().iter().all(|p| !known.contains(p)));
            // Places of some score come once before any comes twice.
            let mut seen: Vec<u8> = known.iter().map(|&i| points[i].0).collect();
            let mut open: Vec<u8> = (0..n).filter(|i| points[*i].1 > 0).map(|i| points[i].0).collect();
            open.sort_unstable();
            open.dedup();
            open.retain(|p| !seen.contains(p));
            for &i in batch.positions().iter().take(open.len()) {
                prop_assert!(open.contains(&points[i].0) && !seen.contains(&points[i].0));
                seen.push(points[i].0);
            }
        }
    }
}
