//! The item farthest from all before it, again and again.

use super::Ranking;
use super::nearest::{Metric, Nearest};
use crate::error::{Error, Result};
use planisphere_core::{Context, CounterRng, MatrixView};
use serde::{Deserialize, Serialize};

/// With which item [`FarthestFirst`] starts if none is known.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum First {
    /// The one nearest to the mean of all (to their mean direction, under [`Metric::Cosine`]).
    #[default]
    Central,
    /// The one at this position.
    Item(usize),
    /// A random one, by this seed.
    Random(u64),
}

/// The item farthest from all items before it, again and again (Gonzalez 1985): however many are taken from the front,
/// no item is farther from all of them than twice the least distance that as many items can have. (Four times, under
/// [`Metric::Cosine`], whose distances are half the squares of lengths.)
///
/// One pass over the rows for each item that is ranked: ask for as many as are needed ([`FarthestFirst::limit`]).
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_queue_reorder::{FarthestFirst, Metric};
///
/// let x = Matrix::from_rows([[0.0f32], [1.0], [5.0], [10.0]])?;
/// let found = FarthestFirst::new().metric(Metric::Euclidean).rank(&x, &[])?;
/// assert_eq!(found.ranking().positions(), [2, 0, 3, 1]);
/// assert_eq!(found.radii(), [f64::INFINITY, 5.0, 5.0, 1.0]);
/// // Annotated items need no look; what is far from them comes first.
/// let found = FarthestFirst::new().metric(Metric::Euclidean).rank(&x, &[3])?;
/// assert_eq!(found.ranking().positions(), [0, 2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FarthestFirst {
    metric: Metric,
    first: First,
    limit: Option<usize>,
}

/// A ranking by [`FarthestFirst`], and the distances at which items were taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Farthest {
    ranking: Ranking,
    radii: Vec<f64>,
    rest: f64,
}

impl Farthest {
    /// The items in their order, without those known before.
    pub fn ranking(&self) -> &Ranking {
        &self.ranking
    }

    /// The ranking alone.
    pub fn into_ranking(self) -> Ranking {
        self.ranking
    }

    /// For each ranked item its distance to the nearest one before it, those known before included; infinite for the first
    /// of all. It never grows from one item to the next.
    pub fn radii(&self) -> &[f64] {
        &self.radii
    }

    /// The radius of the first `n` items (all that are ranked, if there are fewer) with those known before: how far the
    /// item farthest from all of them is from the nearest of them.
    pub fn radius(&self, n: usize) -> f64 {
        self.radii.get(n).copied().unwrap_or(self.rest)
    }
}

impl FarthestFirst {
    /// The defaults: cosine distance, from the central item, all items.
    pub fn new() -> Self {
        Self::default()
    }

    /// What distances are. Default: [`Metric::Cosine`].
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// With which item to start if none is known. Default: [`First::Central`].
    #[must_use]
    pub fn first(mut self, first: First) -> Self {
        self.first = first;
        self
    }

    /// Ranks at most `limit` items. Default: all.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Ranks the rows of `x` but for those `known`, which are annotated already. Of rows equally far, the first in the queue
    /// is taken.
    ///
    /// # Errors
    /// [`Error::Core`] for values that are not finite, [`Error::NoSuchItem`] for a known or first item that there is not.
    pub fn rank<'a>(&self, x: impl Into<MatrixView<'a>>, known: &[usize]) -> Result<Farthest> {
        self.rank_with(x, known, &mut Context::new())
    }

    /// [`FarthestFirst::rank`] with threads, progress and cancellation.
    ///
    /// # Errors
    /// As [`FarthestFirst::rank`], and [`Error::Cancelled`].
    pub fn rank_with<'a>(
        &self,
        x: impl Into<MatrixView<'a>>,
        known: &[usize],
        cx: &mut Context<'_>,
    ) -> Result<Farthest> {
        let x = x.into();
        cx.run(|cx| self.run(x, known, cx))?
    }

    fn run(&self, x: MatrixView<'_>, known: &[usize], cx: &mut Context<'_>) -> Result<Farthest> {
        let token = cx.token();
        let items = x.rows();
        let mut nearest = Nearest::new(x, self.metric)?;
        nearest.take(known, &token)?;
        let free = nearest.squared().iter().filter(|&&d| d >= 0.0).count();
        let limit = self.limit.unwrap_or(free).min(free);
        let (mut positions, mut radii) = (Vec::with_capacity(limit), Vec::with_capacity(limit));
        if limit > 0 && known.is_empty() {
            let first = self.start(&mut nearest)?;
            nearest.take(&[first], &token)?;
            positions.push(first);
            radii.push(f64::INFINITY);
        }
        while positions.len() < limit {
            cx.progress(positions.len() as u64, limit as u64)?;
            let next = farthest(nearest.squared());
            radii.push(nearest.distance(next));
            nearest.take(&[next], &token)?;
            positions.push(next);
        }
        let rest = if items == 0 { 0.0 } else { nearest.distance(farthest(nearest.squared())) };
        Ok(Farthest { ranking: Ranking::of(items, positions), radii, rest })
    }

    /// The first item, of at least one.
    fn start(&self, nearest: &mut Nearest<'_>) -> Result<usize> {
        let items = nearest.squared().len();
        match self.first {
            First::Central => {
                nearest.measure_from_mean()?;
                let squared = nearest.squared();
                let first = (1..items).fold(0, |best, i| if squared[i] < squared[best] { i } else { best });
                nearest.forget();
                Ok(first)
            }
            First::Item(position) if position >= items => Err(Error::NoSuchItem { position, items }),
            First::Item(position) => Ok(position),
            First::Random(seed) => {
                let n = u32::try_from(items).unwrap_or(u32::MAX);
                Ok(CounterRng::new(seed, "first item").at(0, 0).below(0, n) as usize)
            }
        }
    }
}

/// The position of the largest value, the first of equal ones; 0 if there is none.
fn farthest(squared: &[f32]) -> usize {
    (1..squared.len()).fold(0, |best, i| if squared[i] > squared[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::{CancelToken, Matrix};
    use proptest::prelude::*;

    fn distance(x: &Matrix, metric: Metric, i: usize, j: usize) -> f64 {
        let dot = |i, j| x.row(i).iter().zip(x.row(j)).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        match metric {
            Metric::Euclidean => (dot(i, i) - 2.0 * dot(i, j) + dot(j, j)).max(0.0).sqrt(),
            Metric::Cosine if dot(i, i) * dot(j, j) > 0.0 => 1.0 - dot(i, j) / (dot(i, i) * dot(j, j)).sqrt(),
            Metric::Cosine => f64::from(u8::from(dot(i, i) != dot(j, j))),
        }
    }

    proptest! {
        #[test]
        fn each_is_the_farthest_of_those_left(
            values in prop::collection::vec(-4i8..5, 0..60),
            known in prop::collection::vec(0usize..20, 0..4),
            cosine: bool,
            seed: u64,
        ) {
            let n = values.len() / 3;
            let x = Matrix::from_vec(n, 3, values[..3 * n].iter().map(|&v| f32::from(v)).collect()).unwrap();
            let metric = if cosine { Metric::Cosine } else { Metric::Euclidean };
            let known: Vec<usize> = known.into_iter().filter(|&i| i < n).collect();
            let found = FarthestFirst::new().metric(metric).first(First::Random(seed)).rank(&x, &known).unwrap();
            let mut before = known.clone();
            for (&i, &radius) in found.ranking().positions().iter().zip(found.radii()) {
                let to = |i: usize| before.iter().map(|&b| distance(&x, metric, i, b)).fold(f64::INFINITY, f64::min);
                prop_assert!(!before.contains(&i));
                prop_assert!(to(i) == radius || (to(i) - radius).abs() < 1e-6, "{} {}", to(i), radius);
                let farthest = (0..n).map(to).fold(0.0, f64::max);
                prop_assert!(farthest == radius || farthest <= radius + 1e-6);
                before.push(i);
            }
            before.sort_unstable();
            before.dedup();
            prop_assert_eq!(before.len(), n);
            prop_assert!(found.radii().windows(2).all(|w| w[0] >= w[1]));
            prop_assert_eq!(found.radius(usize::MAX), 0.0);
            let some = FarthestFirst::new().metric(metric).first(First::Random(seed)).limit(3).rank(&x, &known).unwrap();
            prop_assert_eq!(some.ranking(), &found.ranking().clone().first(3));
            if !some.ranking().is_empty() || !known.is_empty() {
                prop_assert_eq!(some.radius(3), found.radius(3));
            }
        }
    }

    #[test]
    fn same_bits_on_any_number_of_threads() {
        let r = CounterRng::new(5, "farthest").at(0, 0);
        let x = Matrix::from_vec(1100, 20, (0..22_000).map(|i| r.normal(i)).collect()).unwrap();
        let on = |threads| {
            let mut cx = Context::new().threads(planisphere_core::Threads::Exactly(threads));
            FarthestFirst::new().limit(50).rank_with(&x, &[3, 4], &mut cx).unwrap()
        };
        let one = on(1);
        assert_eq!(one.ranking().len(), 50);
        assert!([2, 3, 8].iter().all(|&t| on(t) == one));
    }

    #[test]
    fn edges() {
        let x = Matrix::from_rows([[1.0f32], [2.0]]).unwrap();
        let e = FarthestFirst::new().first(First::Item(2)).rank(&x, &[]).unwrap_err();
        assert_eq!(e, Error::NoSuchItem { position: 2, items: 2 });
        assert!(FarthestFirst::new().rank(&x, &[0, 1]).unwrap().ranking().is_empty());
        assert!(FarthestFirst::new().rank(&Matrix::zeros(0, 2), &[]).unwrap().ranking().is_empty());
        let token = CancelToken::new();
        token.cancel();
        let e = FarthestFirst::new().rank_with(&x, &[], &mut Context::new().cancel(&token)).unwrap_err();
        assert!(matches!(e, Error::Cancelled(_)));
    }
}
