//! How typical items are.

use super::{ByScore, Ranking, amount, same_length};
use crate::error::{Error, Result};
use planisphere_core::{KnnGraph, MatrixView, normalize_rows};
use planisphere_kernels::math::{exp, ln};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows that one partial sum covers.
const BLOCK: usize = 512;

/// The mean cosine similarity of each row to all others, in -1..1: how typical it is. Exact, in one pass over the rows,
/// since a row's sum of similarities is its product with the sum of all directions. A zero row is similar to nothing, and
/// so is a row without others.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_queue_reorder::mean_similarity;
/// let x = Matrix::from_rows([[1.0f32, 0.0], [2.0, 0.0], [0.0, 5.0]])?;
/// assert_eq!(mean_similarity(&x)?, [0.5, 0.5, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Core`] for values that are not finite.
pub fn mean_similarity<'a>(x: impl Into<MatrixView<'a>>) -> Result<Vec<f64>> {
    let x = x.into();
    x.check()?;
    let (n, d) = (x.rows(), x.cols());
    if n < 2 || d == 0 {
        return Ok(vec![0.0; n]);
    }
    let unit = |rows: &[f32]| {
        let mut rows = rows.to_vec();
        normalize_rows(&mut rows, d);
        rows
    };
    let parts: Vec<Vec<f64>> = (x.data().par_chunks(BLOCK * d))
        .map(|rows| {
            let mut sum = vec![0.0; d];
            for row in unit(rows).chunks_exact(d) {
                sum.iter_mut().zip(row).for_each(|(s, &v)| *s += f64::from(v));
            }
            sum
        })
        .collect();
    let mut total = vec![0.0; d];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
    }
    let others = (n - 1) as f64;
    Ok((x.data().par_chunks(BLOCK * d))
        .flat_map_iter(|rows| {
            let of = |row: &[f32]| {
                let products = row.iter().zip(&total).map(|(&v, t)| f64::from(v) * (t - f64::from(v)));
                products.sum::<f64>() / others
            };
            unit(rows).chunks_exact(d).map(of).collect::<Vec<_>>()
        })
        .collect())
}

/// The mean distance of each row to its neighbors: the lower, the denser its surroundings. 0 in a graph without
/// neighbors.
///
/// ```
/// use planisphere_core::KnnGraph;
/// use planisphere_queue_reorder::{ByScore, Direction, neighbor_distance};
/// let graph = KnnGraph::new(3, 1, vec![1, 0, 1], vec![0.5, 0.5, 4.0])?;
/// assert_eq!(neighbor_distance(&graph), [0.5, 0.5, 4.0]);
/// let typical_first = ByScore::new().direction(Direction::Lowest).rank(neighbor_distance(&graph))?;
/// assert_eq!(typical_first.positions(), [0, 1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn neighbor_distance(graph: &KnnGraph) -> Vec<f64> {
    let k = graph.k().max(1) as f64;
    (0..graph.n()).map(|i| graph.row(i).1.iter().map(|&d| f64::from(d)).sum::<f64>() / k).collect()
}

/// The mean cosine similarity of each row to its neighbors, in a graph of *cosine* distances: 1 less
/// [`neighbor_distance`]. Unlike [`mean_similarity`], it tells how dense a row's own region is.
pub fn neighbor_similarity(graph: &KnnGraph) -> Vec<f64> {
    neighbor_distance(graph).into_iter().map(|d| 1.0 - d).collect()
}

/// Information density (Settles & Craven 2008): a score times the mean similarity to other items, to a power. It keeps
/// outliers, which are uncertain but typical of nothing, from the front of the queue.
///
/// ```
/// use planisphere_queue_reorder::Density;
/// let (uncertainty, similarity) = ([0.9, 0.8], [0.1, 0.5]);
/// assert_eq!(Density::new().rank(&uncertainty.map(Some), &similarity)?.positions(), [1, 0]);
/// assert_eq!(Density::new().beta(0.0).rank(&uncertainty.map(Some), &similarity)?.positions(), [0, 1]);
/// # Ok::<(), planisphere_queue_reorder::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Density {
    beta: f64,
}

impl Default for Density {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

impl Density {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The power of the similarity, at least 0: how much it counts. Default: 1. With 0 it does not count.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> Self {
        self.beta = beta;
        self
    }

    /// score · similarity^beta of each item; a negative similarity counts as 0. Items without a score have none.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a beta that is negative or not finite, [`Error::Lengths`], [`Error::Score`] for scores
    /// that are negative or not finite and for similarities that are not finite.
    pub fn scores(&self, scores: &[Option<f64>], similarity: &[f64]) -> Result<Vec<Option<f64>>> {
        if !(self.beta.is_finite() && self.beta >= 0.0) {
            let (value, reason) = (self.beta.to_string(), "must be a finite number, not negative");
            return Err(Error::InvalidParam { param: "beta", value, reason });
        }
        same_length("similarities", scores.len(), similarity.len())?;
        let score = |(item, (score, &similarity)): (usize, (&Option<f64>, &f64))| {
            if !similarity.is_finite() {
                let (what, reason) = ("similarity".to_owned(), "must be a finite number");
                return Err(Error::Score { what, item, value: similarity, reason });
            }
            let Some(score) = *score else { return Ok(None) };
            amount("score", item, score)?;
            Ok(Some(score * self.power(similarity.max(0.0))))
        };
        scores.iter().zip(similarity).enumerate().map(score).collect()
    }

    /// The items by these scores, highest first; items without a score last.
    ///
    /// # Errors
    /// As [`Density::scores`].
    pub fn rank(&self, scores: &[Option<f64>], similarity: &[f64]) -> Result<Ranking> {
        ByScore::new().rank(self.scores(scores, similarity)?)
    }

    /// By polynomials, since `powf` differs between platforms.
    fn power(&self, x: f64) -> f64 {
        if self.beta == 0.0 {
            1.0
        } else if self.beta == 1.0 || x == 0.0 {
            x
        } else {
            exp(self.beta * ln(x))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::{CounterRng, Matrix};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn mean_similarity_is_that_of_all_pairs(n in 0usize..40, d in 0usize..20, seed: u64) {
            let r = CounterRng::new(seed, "density").at(0, 0);
            let mut data: Vec<f32> = (0..n * d).map(|i| 0.5 + r.normal(i as u64)).collect();
            data[..d.min(n * d)].fill(0.0);
            let x = Matrix::from_vec(n, d, data).unwrap();
            let got = mean_similarity(&x).unwrap();
            let dot = |i: usize, j: usize| -> f64 {
                x.row(i).iter().zip(x.row(j)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            for (i, got) in got.iter().enumerate() {
                let to = |j: usize| if dot(i, i) * dot(j, j) > 0.0 { dot(i, j) / (dot(i, i) * dot(j, j)).sqrt() } else { 0.0 };
                let others = (0..n).filter(|&j| j != i).map(to).sum::<f64>();
                let want = if n > 1 { others / (n - 1) as f64 } else { 0.0 };
                prop_assert!((got - want).abs() < 1e-6, "{} {}", got, want);
            }
        }

        #[test]
        fn powers(x in 1e-6..1.0f64, beta in 0.0..4.0f64) {
            let got = Density::new().beta(beta).scores(&[Some(2.0)], &[x]).unwrap()[0].unwrap();
            prop_assert!((got - 2.0 * x.powf(beta)).abs() < 1e-12 * got.max(1e-12) + 1e-14);
        }
    }

    #[test]
    fn many_rows_on_any_number_of_threads() {
        let r = CounterRng::new(3, "density").at(0, 0);
        let x =
            Matrix::from_vec(3 * BLOCK + 5, 7, (0..7 * (3 * BLOCK as u64 + 5)).map(|i| r.normal(i)).collect()).unwrap();
        let bits: Vec<Vec<u64>> = [1, 2, 3, 8]
            .into_iter()
            .map(|t| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(t).build().unwrap();
                pool.install(|| mean_similarity(&x).unwrap()).into_iter().map(f64::to_bits).collect()
            })
            .collect();
        assert!(bits.windows(2).all(|w| w[0] == w[1]));
    }

    #[test]
    fn what_cannot_be_computed_with_is_refused() {
        let density = |scores: &[Option<f64>], similarity: &[f64]| Density::new().scores(scores, similarity);
        assert!(matches!(density(&[None], &[]), Err(Error::Lengths { expected: 1, got: 0, .. })));
        assert!(matches!(density(&[Some(-1.0)], &[1.0]), Err(Error::Score { item: 0, .. })));
        assert!(matches!(density(&[None, None], &[1.0, f64::NAN]), Err(Error::Score { item: 1, .. })));
        assert!(matches!(Density::new().beta(-1.0).scores(&[], &[]), Err(Error::InvalidParam { param: "beta", .. })));
        assert_eq!(density(&[Some(3.0), None, Some(3.0)], &[-0.5, 1.0, 0.5]).unwrap(), [Some(0.0), None, Some(1.5)]);
        let x = Matrix::from_vec(1, 2, vec![0.0, f32::NAN]).unwrap();
        assert!(matches!(mean_similarity(&x), Err(Error::Core(_))));
    }
}
