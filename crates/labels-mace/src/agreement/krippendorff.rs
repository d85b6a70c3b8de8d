//! Krippendorff's alpha.

use super::LabelOrder;
use super::scale::{places, values};
use crate::annotations::Annotations;
use crate::error::{Error, Result};
use planisphere_core::CounterRng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What labels are, and so how far apart two of them are.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Names: two labels are equal or not.
    #[default]
    Nominal,
    /// Ranks: how many votes lie between two labels.
    Ordinal(LabelOrder),
    /// Numbers: the square of their difference.
    Interval,
    /// Numbers with a zero, at least 0: the square of their difference divided by their sum.
    Ratio,
}

/// Krippendorff's alpha: 1 is perfect agreement, 0 what chance would give, below 0 systematic disagreement.
///
/// K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", University of Pennsylvania, 2011. Any number of annotators,
/// votes may be missing; items with fewer than two votes do not count. It takes time in proportion to the votes; with
/// [`Level::Ratio`], also to the square of the number of labels.
///
/// ```
/// use planisphere_labels_mace::{Annotations, Krippendorff, LabelOrder, Level};
///
/// let votes = Annotations::from_triples([
///     ("i", "a", "1"), ("i", "b", "1"), ("j", "a", "2"), ("j", "b", "3"), ("k", "a", "3"), ("k", "b", "3"), ("l", "a", "1"),
/// ])?;
/// let nominal = Krippendorff::new(Level::Nominal).measure(&votes)?;
/// assert_eq!((nominal.items, nominal.votes), (3, 6));
/// assert!((nominal.alpha.unwrap() - 6.0 / 11.0).abs() < 1e-12);
/// let interval = Krippendorff::new(Level::Interval).measure(&votes)?;
/// assert!(interval.alpha > nominal.alpha);
/// let words = Krippendorff::new(Level::Ordinal(LabelOrder::given(["3", "2", "1"])));
/// assert!(words.measure(&votes)?.alpha.is_some());
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Krippendorff {
    level: Level,
}

/// Agreement of annotators, see [`Krippendorff`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// 1 - observed / expected. `None` if that means nothing: no item has two votes, or all these votes are equal, so that
    /// nobody could have disagreed.
    pub alpha: Option<f64>,
    /// Mean distance of two votes for the same item; 0 if no item has two.
    pub observed: f64,
    /// Mean distance of any two of these votes.
    pub expected: f64,
    /// Items with two votes or more.
    pub items: usize,
    /// Votes for these items.
    pub votes: usize,
}

/// How a confidence interval is found: alpha of so many draws of as many items, with replacement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bootstrap {
    samples: usize,
    confidence: f64,
    seed: u64,
}

/// A confidence interval.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Draws that alpha could be computed of.
    pub samples: usize,
}

impl Default for Bootstrap {
    /// 1000 samples, a confidence of 0.95, seed 42.
    fn default() -> Self {
        Self { samples: 1000, confidence: 0.95, seed: 42 }
    }
}

impl Bootstrap {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of draws, at least 1. Default: 1000.
    #[must_use]
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples;
        self
    }

    /// Share of the draws within the interval, between 0 and 1. Default: 0.95.
    #[must_use]
    pub fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    /// Seed of the draws. Default: 42.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl Krippendorff {
    /// Alpha for labels of this kind.
    pub fn new(level: Level) -> Self {
        Self { level }
    }

    /// Measures the agreement.
    ///
    /// # Errors
    /// [`Error::LabelValue`] if a label with votes is not a number, where it must be one, or not in the order;
    /// [`Error::InvalidParam`] if a label is in the order twice.
    pub fn measure(&self, annotations: &Annotations) -> Result<Reliability> {
        let units = self.units(annotations)?;
        Ok(units.measure(0..units.len()))
    }

    /// A confidence interval of alpha, by the items as the draw that they are. Annotators are taken as given. `None` if alpha means
    /// nothing in all draws. The same for the same seed, on any number of threads.
    ///
    /// # Errors
    /// As [`Krippendorff::measure`]; [`Error::InvalidParam`].
    pub fn interval(&self, annotations: &Annotations, bootstrap: &Bootstrap) -> Result<Option<Interval>> {
        let Bootstrap { samples, confidence, seed } = *bootstrap;
        if samples == 0 {
            return Err(Error::param("samples", 0, "must be at least 1"));
        }
        if !(confidence > 0.0 && confidence < 1.0) {
            return Err(Error::param("confidence", confidence, "must be between 0 and 1"));
        }
        let units = self.units(annotations)?;
        let rng = CounterRng::new(seed, "krippendorff");
        let n = units.len();
        let sample = |s: usize| {
            let draws = rng.at(0, s as u64);
            units.measure((0..n as u64).map(|d| draws.below(d, n as u32) as usize)).alpha
        };
        let mut alphas: Vec<f64> = (0..samples).into_par_iter().filter_map(sample).collect();
        if alphas.is_empty() {
            return Ok(None);
        }
        alphas.sort_by(f64::total_cmp);
        let quantile = |q: f64| {
            let at = q * (alphas.len() - 1) as f64;
            let (low, high) = (alphas[at.floor() as usize], alphas[at.ceil() as usize]);
            low + (high - low) * at.fract()
        };
        let tail = (1.0 - confidence) / 2.0;
        Ok(Some(Interval { low: quantile(tail), high: quantile(1.0 - tail), samples: alphas.len() }))
    }

    fn units(&self, annotations: &Annotations) -> Result<Units> {
        let (n, places, distance) = match &self.level {
            Level::Nominal => {
                let n = annotations.n_labels();
                (n, (0..n as u32).collect(), Distance::Nominal)
            }
            Level::Ordinal(order) => {
                let (n, places) = places(annotations, order)?;
                (n, places, Distance::Ordinal)
            }
            Level::Interval => {
                let (values, places) = values(annotations, true)?;
                (values.len(), places, Distance::Interval(values))
            }
            Level::Ratio => {
                let (values, places) = values(annotations, false)?;
                (values.len(), places, Distance::Ratio(values))
            }
        };
        let (all, votes) = annotations.by_item();
        let (mut offsets, mut entries, mut sizes) = (vec![0], Vec::new(), Vec::new());
        let mut unit: Vec<u32> = Vec::new();
        for range in all.windows(2).filter(|r| r[1] - r[0] > 1) {
            unit.clear();
            unit.extend(votes[range[0]..range[1]].iter().map(|v| places[v.label as usize]));
            unit.sort_unstable();
            entries.extend(unit.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64)));
            offsets.push(entries.len());
            sizes.push(unit.len());
        }
        Ok(Units { n, offsets, entries, sizes, distance })
    }
}

enum Distance {
    Nominal,
    Ordinal,
    Interval(Vec<f64>),
    Ratio(Vec<f64>),
}

/// Items with two votes or more, as counts of values.
struct Units {
    /// Number of values.
    n: usize,
    offsets: Vec<usize>,
    /// Value and number of votes.
    entries: Vec<(u32, f64)>,
    /// Votes of each.
    sizes: Vec<usize>,
    distance: Distance,
}

impl Units {
    fn len(&self) -> usize {
        self.sizes.len()
    }

    fn unit(&self, u: usize) -> (&[(u32, f64)], f64) {
        (&self.entries[self.offsets[u]..self.offsets[u + 1]], self.sizes[u] as f64)
    }

    /// Alpha of some units, of which one may come more than once.
    ///
    /// The coincidence matrix is not built: its sums over equal, squared or ranked distances have closed forms.
    fn measure(&self, units: impl Iterator<Item = usize> + Clone) -> Reliability {
        let mut counts = vec![0.0; self.n];
        let (mut items, mut votes) = (0, 0);
        for u in units.clone() {
            items += 1;
            votes += self.sizes[u];
            self.unit(u).0.iter().for_each(|&(value, n)| counts[value as usize] += n);
        }
        let all: Vec<(u32, f64)> = (0u32..).zip(counts).filter(|c| c.1 > 0.0).collect();
        let total = votes as f64;
        if items == 0 {
            return Reliability { alpha: None, observed: 0.0, expected: 0.0, items, votes };
        }
        let mut positions = vec![0.0; self.n];
        match &self.distance {
            // The middle of the votes for each value: differences are the votes between two, with half of their own.
            Distance::Ordinal => {
                let mut below = 0.0;
                for &(value, n) in &all {
                    positions[value as usize] = below + 0.5 * n;
                    below += n;
                }
            }
            Distance::Interval(values) | Distance::Ratio(values) => positions.copy_from_slice(values),
            Distance::Nominal => {}
        }
        // Scaled, so that no square is infinite. Alpha is the same.
        let largest = positions.iter().fold(0.0f64, |m, p| m.max(p.abs()));
        let scale = if largest > 0.0 { largest } else { 1.0 };
        positions.iter_mut().for_each(|p| *p /= scale);
        // Twice the factor, not its square, which may be infinite.
        let back = if matches!(self.distance, Distance::Ratio(_)) { 1.0 } else { scale };
        let observed: f64 = units
            .map(|u| {
                let (entries, m) = self.unit(u);
                self.pairs(entries, m, &positions) / (m - 1.0)
            })
            .sum::<f64>()
            / total;
        let expected = self.pairs(&all, total, &positions) / (total * (total - 1.0));
        let alpha = (all.len() > 1 && expected > 0.0).then(|| 1.0 - observed / expected);
        Reliability { alpha, observed: observed * back * back, expected: expected * back * back, items, votes }
    }

    /// The sum of the distances of all ordered pairs of `m` votes.
    fn pairs(&self, entries: &[(u32, f64)], m: f64, positions: &[f64]) -> f64 {
        if entries.len() < 2 {
            return 0.0;
        }
        match &self.distance {
            Distance::Nominal => entries.iter().map(|e| e.1 * (m - e.1)).sum(),
            Distance::Ordinal | Distance::Interval(_) => {
                let mean = entries.iter().map(|&(v, n)| n * positions[v as usize]).sum::<f64>() / m;
                2.0 * m * entries.iter().map(|&(v, n)| n * (positions[v as usize] - mean).powi(2)).sum::<f64>()
            }
            Distance::Ratio(_) => {
                let row = |(i, &(v, n)): (usize, &(u32, f64))| {
                    let a = positions[v as usize];
                    let pair = |&(w, other): &(u32, f64)| {
                        let b = positions[w as usize];
                        n * other * ((b - a) / (b + a)).powi(2)
                    };
                    // Values differ, so their sum is not 0.
                    2.0 * entries[i + 1..].iter().map(pair).sum::<f64>()
                };
                entries.iter().enumerate().map(row).sum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(rows: &[&[&str]]) -> Annotations {
        let mut votes = Annotations::new();
        for (i, row) in rows.iter().enumerate() {
            for (a, label) in row.iter().enumerate().filter(|(_, l)| !l.is_empty()) {
                votes.push(&i.to_string(), &a.to_string(), label).unwrap();
            }
        }
        votes
    }

    #[test]
    fn what_means_nothing_is_none() {
        let measure = |rows: &[&[&str]]| Krippendorff::default().measure(&votes(rows)).unwrap();
        assert_eq!(measure(&[]).alpha, None);
        assert_eq!(measure(&[&["x"], &["", "y"]]).alpha, None);
        let same = measure(&[&["x", "x"], &["x", "x", "x"], &["y"]]);
        assert_eq!((same.alpha, same.expected, same.items, same.votes), (None, 0.0, 2, 5));
        for level in [Level::Interval, Level::Ratio, Level::Ordinal(LabelOrder::Numeric)] {
            let zeros = Krippendorff::new(level.clone()).measure(&votes(&[&["0", "0.0"], &["-0", "0"]])).unwrap();
            assert_eq!(zeros.alpha, None, "{level:?}");
        }
        assert_eq!(Krippendorff::default().interval(&votes(&[&["x"]]), &Bootstrap::new()).unwrap(), None);
    }

    #[test]
    fn numbers_of_any_size() {
        let small = votes(&[&["1", "1"], &["2", "3"], &["3", "3"]]);
        let large = votes(&[&["1e300", "1e300"], &["2e300", "3e300"], &["3e300", "3e300"]]);
        for level in [Level::Interval, Level::Ratio] {
            let k = Krippendorff::new(level);
            let [a, b] = [&small, &large].map(|v| k.measure(v).unwrap().alpha.unwrap());
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn parameters_of_draws_are_checked() {
        let v = votes(&[&["x", "y"]]);
        for bad in
            [Bootstrap::new().samples(0), Bootstrap::new().confidence(1.0), Bootstrap::new().confidence(f64::NAN)]
        {
            assert!(matches!(Krippendorff::default().interval(&v, &bad), Err(Error::InvalidParam { .. })), "{bad:?}");
        }
    }
}
