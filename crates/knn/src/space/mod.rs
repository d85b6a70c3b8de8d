//! A metric made ready for a set of points: what can be done once is done once, and what is left is a kernel.

mod dense;
mod prepare;
mod rows;

pub(crate) use dense::Dense;
pub(crate) use prepare::size;
pub(crate) use rows::Rows;

use crate::bit_matrix::BitMatrix;
use crate::error::{Error, Result};
use crate::metric::{Counts, Distance, Metric};
use planisphere_core::{Matrix, MatrixView};
use planisphere_kernels::rows::{Measure, to_listed, to_rows};
use planisphere_kernels::{Simd, bits, lp, ratio, sphere};
use prepare::Preparation;
use rows::{Bits, Data, Globe};
use std::sync::Arc;

/// A metric with its parameters checked and everything derived from a set of points. It prepares those points and later
/// queries in the same way, and measures what it prepared.
///
/// The number for a pair of rows depends on their values alone: not on their order, nor on what is measured beside them.
#[derive(Clone)]
pub(crate) struct Space {
    metric: Option<Metric>,
    prepare: Preparation,
    kernel: Kind,
    simd: Simd,
}

/// What measures prepared rows.
#[derive(Clone)]
enum Kind {
    Dense(Dense),
    Manhattan,
    Chebyshev,
    Minkowski(f32),
    Canberra,
    BrayCurtis,
    /// Of values, or of bits where both sides have them.
    Hamming,
    Binary,
    Haversine,
    Custom(Arc<dyn Distance>),
}

/// Which rows of a set are measured.
#[derive(Clone, Copy)]
enum Which<'a> {
    /// As many as there is place for, from this one.
    From(usize),
    Listed(&'a [u32]),
}

impl Which<'_> {
    #[inline]
    fn id(self, p: usize) -> usize {
        match self {
            Self::From(first) => first + p,
            Self::Listed(ids) => ids[p] as usize,
        }
    }
}

impl Space {
    /// The space of `metric` for `points` (finite, at least one column) and later queries.
    pub(crate) fn new(metric: &Metric, points: MatrixView<'_>, simd: Simd) -> Result<Self> {
        metric.check(points.cols())?;
        let (prepare, kernel) = match metric {
            Metric::Euclidean => {
                let (down, unscale) = prepare::size(points);
                (Preparation::scale(down), Kind::Dense(Dense::Euclidean { squared: false, unscale }))
            }
            // Squares of extreme values do not fit, whatever is done before.
            Metric::SqEuclidean => (Preparation::None, Kind::Dense(Dense::Euclidean { squared: true, unscale: 1.0 })),
            Metric::Manhattan => (Preparation::None, Kind::Manhattan),
            Metric::Chebyshev => (Preparation::None, Kind::Chebyshev),
            Metric::Minkowski { p } => match power(*p) {
                Power::One => (Preparation::None, Kind::Manhattan),
                Power::Two => return Self::new(&Metric::Euclidean, points, simd).map(|s| s.named(metric)),
                Power::Infinite => (Preparation::None, Kind::Chebyshev),
                Power::Other(p) => (Preparation::None, Kind::Minkowski(p)),
            },
            Metric::WMinkowski { p, w } => match power(*p) {
                Power::One => (Preparation::columns(points, w.clone(), 1.0), Kind::Manhattan),
                Power::Two => Self::euclidean_columns(points, w.iter().map(|w| w.sqrt()).collect()),
                Power::Infinite => {
                    let counted = w.iter().map(|&w| if w > 0.0 { 1.0 } else { 0.0 }).collect();
                    (Preparation::columns(points, counted, 1.0), Kind::Chebyshev)
                }
                Power::Other(power) => {
                    let roots = w.iter().map(|&w| libm::pow(w, 1.0 / p)).collect();
                    (Preparation::columns(points, roots, 1.0), Kind::Minkowski(power))
                }
            },
            Metric::SEuclidean { v } => Self::euclidean_columns(points, v.iter().map(|v| 1.0 / v.sqrt()).collect()),
            Metric::Mahalanobis { vi } => {
                let (prepare, unscale) = Preparation::transform(points, vi)?;
                (prepare, Kind::Dense(Dense::Euclidean { squared: false, unscale }))
            }
            Metric::Canberra => (Preparation::scale(prepare::headroom(points)), Kind::Canberra),
            Metric::BrayCurtis => (Preparation::scale(prepare::headroom(points)), Kind::BrayCurtis),
            Metric::Cosine => (Preparation::RowSize, Kind::Dense(Dense::Angular)),
            Metric::Correlation => (Preparation::RowCenter, Kind::Dense(Dense::Angular)),
            Metric::Dot => (Preparation::None, Kind::Dense(Dense::Dot)),
            Metric::Hellinger => (Preparation::Hellinger, Kind::Dense(Dense::Bounded)),
            Metric::Haversine => (Preparation::Globe, Kind::Haversine),
            Metric::Hamming => {
                let two = prepare::zeros_and_ones(points);
                (if two { Preparation::ZerosAndOnes } else { Preparation::None }, Kind::Hamming)
            }
            Metric::Jaccard
            | Metric::Dice
            | Metric::RussellRao
            | Metric::Kulsinski
            | Metric::RogersTanimoto
            | Metric::SokalMichener
            | Metric::SokalSneath
            | Metric::Yule => (Preparation::Bits, Kind::Binary),
        };
        Ok(Self { metric: Some(metric.clone()), prepare, kernel, simd })
    }

    /// The space of a distance of the user's.
    pub(crate) fn custom(distance: Arc<dyn Distance>, simd: Simd) -> Self {
        Self { metric: None, prepare: Preparation::None, kernel: Kind::Custom(distance), simd }
    }

    /// The space of `metric` for rows that are bits.
    pub(crate) fn of_bits(metric: &Metric, simd: Simd) -> Result<Self> {
        let no_bits = Counts { both: 0, a: 0, b: 0, cols: 0 };
        if no_bits.distance(metric).is_none() {
            let reason = "does not compare two-valued columns, so it cannot be taken of bits".to_owned();
            return Err(Error::InvalidParam { param: "metric", value: metric.to_string(), reason });
        }
        Ok(Self { metric: Some(metric.clone()), prepare: Preparation::Bits, kernel: Kind::Binary, simd })
    }

    fn euclidean_columns(points: MatrixView<'_>, scale: Vec<f64>) -> (Preparation, Kind) {
        let (prepare, unscale) = Preparation::euclidean_columns(points, scale);
        (prepare, Kind::Dense(Dense::Euclidean { squared: false, unscale }))
    }

    fn named(self, metric: &Metric) -> Self {
        Self { metric: Some(metric.clone()), ..self }
    }

    /// Prepares rows to be measured: finite ones, with the columns of the points.
    pub(crate) fn rows<'a>(&self, x: MatrixView<'a>) -> Result<Rows<'a>> {
        let mut rows = self.prepare.rows(x, self.simd)?;
        if self.needs_norms() {
            rows.measure_norms(self.simd);
        }
        Ok(rows)
    }

    /// Differences need no norms.
    fn needs_norms(&self) -> bool {
        matches!(self.dense(), Some(Dense::Angular | Dense::Dot))
    }

    /// [`Space::rows`], with the norms in a buffer that is there already.
    pub(crate) fn rows_in<'a>(&self, x: MatrixView<'a>, norms: &'a mut Vec<f32>) -> Result<Rows<'a>> {
        let mut rows = self.prepare.rows(x, self.simd)?;
        if self.needs_norms() {
            rows.measure_norms_in(self.simd, norms);
        }
        Ok(rows)
    }

    /// [`Space::rows`] of points that are shared, to be kept beside them.
    pub(crate) fn shared_rows(&self, x: &Arc<Matrix>) -> Result<Rows<'static>> {
        Ok(self.rows(x.view())?.shared(x))
    }

    /// The metric, unless it is a distance of the user's.
    pub(crate) fn metric(&self) -> Option<&Metric> {
        self.metric.as_ref()
    }

    /// The distance of the user's, if it is one.
    pub(crate) fn distance(&self) -> Option<&Arc<dyn Distance>> {
        match &self.kernel {
            Kind::Custom(distance) => Some(distance),
            _ => None,
        }
    }

    /// The instructions that it measures with.
    pub(crate) fn simd(&self) -> Simd {
        self.simd
    }

    /// Rows that are bits already, for a space made by [`Space::of_bits`].
    pub(crate) fn bit_rows<'a>(&self, x: &'a BitMatrix) -> Rows<'a> {
        Rows { n: x.rows(), data: Data::Bits(Bits::of(x)) }
    }

    /// How the distance follows from dot products, if it does.
    pub(crate) fn dense(&self) -> Option<Dense> {
        match self.kernel {
            Kind::Dense(dense) => Some(dense),
            _ => None,
        }
    }

    /// What to say of a distance that is not finite.
    pub(crate) fn not_finite(&self, row: usize, other: usize, value: f32) -> Error {
        match self.kernel {
            Kind::Custom(_) | Kind::BrayCurtis => Error::NotADistance { row, other, value },
            _ => Error::Overflow { row, other },
        }
    }

    /// Distances of row `i` of `a` to `out.len()` rows of `b` from row `from`, into `out`.
    pub(crate) fn distances(&self, a: &Rows<'_>, i: usize, b: &Rows<'_>, from: usize, out: &mut [f32]) {
        self.measure(a, i, b, Which::From(from), out);
    }

    /// Distances of row `i` of `a` to the rows `ids` of `b`, into `out`.
    pub(crate) fn distances_to(&self, a: &Rows<'_>, i: usize, b: &Rows<'_>, ids: &[u32], out: &mut [f32]) {
        self.measure(a, i, b, Which::Listed(ids), out);
    }

    fn measure(&self, a: &Rows<'_>, i: usize, b: &Rows<'_>, which: Which<'_>, out: &mut [f32]) {
        match &self.kernel {
            Kind::Dense(dense) => dense.measure(self.simd, a, i, b, which, out),
            Kind::Manhattan => self.values(lp::Manhattan, a, i, b, which, out),
            Kind::Chebyshev => self.values(lp::Chebyshev, a, i, b, which, out),
            Kind::Minkowski(p) => self.values(lp::Minkowski { p: *p }, a, i, b, which, out),
            Kind::Canberra => self.values(ratio::Canberra, a, i, b, which, out),
            Kind::BrayCurtis => self.values(ratio::BrayCurtis, a, i, b, which, out),
            Kind::Hamming => match (&a.data, &b.data) {
                (Data::Bits(p), Data::Bits(q)) => self.bits(p, i, q, which, out),
                _ => {
                    self.values(ratio::Unequal, a, i, b, which, out);
                    let columns = a.values().map_or(1, MatrixView::cols) as f64;
                    out.iter_mut().for_each(|d| *d = (f64::from(*d) / columns) as f32);
                }
            },
            Kind::Binary => {
                if let (Data::Bits(p), Data::Bits(q)) = (&a.data, &b.data) {
                    self.bits(p, i, q, which, out);
                }
            }
            Kind::Haversine => {
                if let (Data::Globe(p), Data::Globe(q)) = (&a.data, &b.data) {
                    self.angles(p, i, q, which, out);
                }
            }
            Kind::Custom(distance) => {
                if let (Some(p), Some(q)) = (a.values(), b.values()) {
                    match which {
                        Which::From(from) => distance.distances(p.row(i), q.slice(from, from + out.len()), out),
                        Which::Listed(ids) => {
                            for (d, &j) in out.iter_mut().zip(ids) {
                                *d = distance.distance(p.row(i), q.row(j as usize));
                            }
                        }
                    }
                    // Adding 0 turns −0 into 0, which sorts as the rules of a graph have it.
                    // NaN has a sign too, by which it would sort before all numbers.
                    out.iter_mut().for_each(|d| *d = if d.is_nan() { f32::NAN } else { *d + 0.0 });
                }
            }
        }
    }

    fn values<M: Measure>(&self, measure: M, a: &Rows<'_>, i: usize, b: &Rows<'_>, which: Which<'_>, out: &mut [f32]) {
        if let (Some(p), Some(q)) = (a.values(), b.values()) {
            match which {
                Which::From(from) => to_rows(self.simd, measure, p.row(i), q.slice(from, from + out.len()), out),
                Which::Listed(ids) => to_listed(self.simd, measure, p.row(i), q, ids, out),
            }
        }
    }

    fn bits(&self, a: &Bits<'_>, i: usize, b: &Bits<'_>, which: Which<'_>, out: &mut [f32]) {
        let Some(metric) = &self.metric else { return };
        let mut shared = [0u32; 256];
        for (step, out) in out.chunks_mut(shared.len()).enumerate() {
            let (shared, first) = (&mut shared[..out.len()], 256 * step);
            match which {
                Which::From(from) => {
                    let rows = b.rows(from + first, from + first + out.len());
                    bits::shared_with_rows(self.simd, a.rows(i, i + 1), rows, shared);
                }
                Which::Listed(ids) => {
                    let ids = &ids[first..first + out.len()];
                    bits::shared_with_listed(self.simd, a.rows(i, i + 1), &b.words, ids, shared);
                }
            }
            for (p, (d, &both)) in out.iter_mut().zip(&*shared).enumerate() {
                let counts = Counts { both, a: a.ones[i], b: b.ones[which.id(first + p)], cols: a.cols };
                // Spaces of bits are only made for metrics that counts decide.
                *d = counts.distance(metric).unwrap_or(f32::NAN);
            }
        }
    }

    fn angles(&self, a: &Globe, i: usize, b: &Globe, which: Which<'_>, out: &mut [f32]) {
        let q = [a.x[i], a.y[i], a.z[i]];
        match which {
            Which::From(from) => sphere::angles_to_points(self.simd, q, b.from(from), out),
            Which::Listed(ids) => {
                for (d, &j) in out.iter_mut().zip(ids) {
                    sphere::angles_to_points(self.simd, q, b.from(j as usize), std::slice::from_mut(d));
                }
            }
        }
    }
}

/// Exponents that have kernels of their own.
enum Power {
    One,
    Two,
    Infinite,
    Other(f32),
}

fn power(p: f64) -> Power {
    match p {
        1.0 => Power::One,
        2.0 => Power::Two,
        // Beyond f32 the difference to the limit is beyond f32 too.
        p if (p as f32).is_infinite() => Power::Infinite,
        p => Power::Other(p as f32),
    }
}

#[cfg(test)]
mod tests;
