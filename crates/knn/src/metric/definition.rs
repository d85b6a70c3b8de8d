//! Each metric word for word, for one pair of rows: the reference that the searches are held to.

use super::{Distance, Metric};

/// How often two rows of two-valued columns are true: in both, in one, in the other, and how many columns there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) both: u32,
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) cols: usize,
}

impl Counts {
    fn of(a: &[f32], b: &[f32]) -> Self {
        let mut c = Self { both: 0, a: 0, b: 0, cols: a.len() };
        for (x, y) in a.iter().zip(b) {
            let (x, y) = (*x != 0.0, *y != 0.0);
            c.a += u32::from(x);
            c.b += u32::from(y);
            c.both += u32::from(x && y);
        }
        c
    }

    /// The distance of a metric that compares two-valued columns ([`Metric::Hamming`] is one on columns of 0 and 1), or
    /// nothing if `metric` is none of them. Whole numbers in f64, so one rounding at the end.
    #[inline(always)]
    pub(crate) fn distance(self, metric: &Metric) -> Option<f32> {
        let (tt, n) = (f64::from(self.both), self.cols as f64);
        let (tf, ft) = (f64::from(self.a) - tt, f64::from(self.b) - tt);
        let one = tf + ft;
        let ratio = |a: f64, b: f64| if a == 0.0 { 0.0 } else { a / b };
        let distance = match metric {
            Metric::Hamming => ratio(one, n),
            Metric::Jaccard => ratio(one, tt + one),
            Metric::Dice => ratio(one, 2.0 * tt + one),
            Metric::RussellRao => ratio(n - tt, n),
            Metric::Kulsinski => ratio(one - tt + n, one + n),
            Metric::RogersTanimoto | Metric::SokalMichener => ratio(2.0 * one, n + one),
            Metric::SokalSneath => ratio(2.0 * one, tt + 2.0 * one),
            Metric::Yule => ratio(2.0 * tf * ft, tt * (n - tt - one) + tf * ft),
            _ => return None,
        };
        Some(distance as f32)
    }
}

/// The definition of each metric, computed in f64 and rounded once: right, and slow. For one pair, or to check a search.
impl Distance for Metric {
    /// NaN where the rows differ in length or do not fit the parameters.
    fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        if a.len() != b.len() {
            return f32::NAN;
        }
        let pairs = || a.iter().zip(b).map(|(x, y)| (f64::from(*x), f64::from(*y)));
        let differences = || pairs().map(|(x, y)| (x - y).abs());
        let squares = || differences().map(|d| d * d);
        let distance = match self {
            Self::Euclidean => squares().sum::<f64>().sqrt(),
            Self::SqEuclidean => squares().sum::<f64>(),
            Self::Manhattan => differences().sum::<f64>(),
            Self::Chebyshev => differences().fold(0.0, f64::max),
            Self::Minkowski { p } => minkowski(*p, differences().map(|d| (1.0, d))),
            Self::WMinkowski { p, w } if w.len() == a.len() => minkowski(*p, w.iter().copied().zip(differences())),
            Self::SEuclidean { v } if v.len() == a.len() => squares().zip(v).map(|(s, v)| s / v).sum::<f64>().sqrt(),
            Self::Mahalanobis { vi } if vi.len() == a.len() * a.len() => {
                let d: Vec<f64> = pairs().map(|(x, y)| x - y).collect();
                let row = |i: usize| vi[i * d.len()..(i + 1) * d.len()].iter().zip(&d).map(|(v, e)| v * e).sum::<f64>();
                // Rounding may bring the form of a singular matrix below 0.
                (0..d.len()).map(|i| d[i] * row(i)).sum::<f64>().max(0.0).sqrt()
            }
            Self::WMinkowski { .. } | Self::SEuclidean { .. } | Self::Mahalanobis { .. } => f64::NAN,
            Self::Canberra => {
                pairs().map(|(x, y)| if x == y { 0.0 } else { (x - y).abs() / (x.abs() + y.abs()) }).sum::<f64>()
            }
            Self::BrayCurtis => match differences().sum::<f64>() {
                0.0 => 0.0,
                top => top / pairs().map(|(x, y)| (x + y).abs()).sum::<f64>(),
            },
            Self::Cosine => cosine(pairs()),
            Self::Correlation => {
                let n = a.len() as f64;
                let mean = |row: &[f32]| row.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
                let (m, k) = (mean(a), mean(b));
                cosine(pairs().map(|(x, y)| (x - m, y - k)))
            }
            Self::Dot => 1.0 - pairs().map(|(x, y)| x * y).sum::<f64>(),
            Self::Hellinger => {
                let sum = |row: &[f32]| row.iter().map(|&v| f64::from(v)).sum::<f64>();
                match (sum(a), sum(b)) {
                    (0.0, 0.0) => 0.0,
                    (0.0, _) | (_, 0.0) => 1.0,
                    // 1 less the sum of products is half the sum of squared differences, which loses nothing where the
                    // rows are close.
                    (p, q) => {
                        (0.5 * pairs().map(|(x, y)| ((x / p).sqrt() - (y / q).sqrt()).powi(2)).sum::<f64>()).sqrt()
                    }
                }
            }
            Self::Haversine => match (a, b) {
                (&[lat_a, lon_a], &[lat_b, lon_b]) => {
                    let [lat_a, lon_a, lat_b, lon_b] = [lat_a, lon_a, lat_b, lon_b].map(f64::from);
                    let (s, t) = (libm::sin(0.5 * (lat_a - lat_b)), libm::sin(0.5 * (lon_a - lon_b)));
                    let h = s * s + libm::cos(lat_a) * libm::cos(lat_b) * t * t;
                    2.0 * libm::asin(h.max(0.0).sqrt().min(1.0))
                }
                _ => f64::NAN,
            },
            Self::Hamming => match a.len() {
                0 => 0.0,
                n => pairs().filter(|(x, y)| x != y).count() as f64 / n as f64,
            },
            binary => return Counts::of(a, b).distance(binary).unwrap_or(f32::NAN),
        };
        distance as f32
    }
}

/// (Σ w dᵖ)^(1/p), relative to the largest difference that counts, so that no power overflows.
fn minkowski(p: f64, terms: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let largest = terms.clone().filter(|t| t.0 > 0.0).map(|t| t.1).fold(0.0, f64::max);
    if largest == 0.0 || p == f64::INFINITY {
        return largest;
    }
    let sum: f64 = terms.map(|(w, d)| w * libm::pow(d / largest, p)).sum();
    largest * libm::pow(sum, 1.0 / p)
}

fn cosine(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    match (xx == 0.0, yy == 0.0) {
        (true, true) => 0.0,
        (false, false) => (1.0 - xy / (xx * yy).sqrt()).clamp(0.0, 2.0),
        _ => 1.0,
    }
}
