//! How far each row is from those that were taken.

use crate::error::{Error, Result};
use crate::scale::{max_abs, power_of_two};
use planisphere_core::{CancelToken, Context, MatrixView, normalize_rows};
use planisphere_kernels::{Simd, rows};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Rows that one task measures.
const BLOCK: usize = 256;
/// Taken rows that are measured from at once.
const QUERIES: usize = 32;
/// The mark of a row that was taken.
const TAKEN: f32 = -1.0;
/// Sizes beyond which squares would be too large or too small for `f32`.
const PLAIN: std::ops::RangeInclusive<f64> = 1e-12..=1e12;

/// What distances are.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// 1 less the cosine of the angle, from 0 to 2. A zero row is at distance 1 from all but zero rows.
    #[default]
    Cosine,
    /// The length of the difference.
    Euclidean,
}

/// The distance of each row to the nearest of those taken, as a square: of unit rows under [`Metric::Cosine`], which is
/// twice the distance.
pub(super) struct Nearest<'a> {
    data: Cow<'a, [f32]>,
    cols: usize,
    metric: Metric,
    /// What lengths were multiplied by.
    scale: f64,
    /// Rows without a direction; empty if there are none.
    zero: Vec<bool>,
    squared: Vec<f32>,
}

impl<'a> Nearest<'a> {
    /// Nothing taken yet: all distances are infinite.
    pub(super) fn new(x: MatrixView<'a>, metric: Metric) -> Result<Self> {
        x.check()?;
        let (mut data, mut scale, mut zero) = (Cow::Borrowed(x.data()), 1.0, Vec::new());
        match metric {
            Metric::Euclidean => {
                let max = max_abs(x.data());
                if max > 0.0 && !PLAIN.contains(&max) {
                    scale = power_of_two(max);
                    data.to_mut().iter_mut().for_each(|v| *v = (f64::from(*v) * scale) as f32);
                }
            }
            Metric::Cosine => {
                normalize_rows(data.to_mut(), x.cols());
                zero = (0..x.rows()).map(|i| x.row(i).iter().all(|&v| v == 0.0)).collect();
                if !zero.contains(&true) {
                    zero.clear();
                }
            }
        }
        Ok(Self { data, cols: x.cols(), metric, scale, zero, squared: vec![f32::INFINITY; x.rows()] })
    }

    /// Takes these rows.
    pub(super) fn take(&mut self, taken: &[usize], token: &CancelToken) -> Result<()> {
        let items = self.squared.len();
        if let Some(&position) = taken.iter().find(|&&p| p >= items) {
            return Err(Error::NoSuchItem { position, items });
        }
        for some in taken.chunks(QUERIES) {
            token.check()?;
            let queries: Vec<f32> = some.iter().flat_map(|&p| self.row(p)).copied().collect();
            let zero: Vec<bool> = some.iter().filter_map(|&p| self.zero.get(p).copied()).collect();
            self.measure(&queries, some.len(), &zero)?;
        }
        taken.iter().for_each(|&p| self.squared[p] = TAKEN);
        Ok(())
    }

    /// Distances from the mean of all rows (of their directions, under [`Metric::Cosine`]), in place of those from rows
    /// that were taken.
    pub(super) fn measure_from_mean(&mut self) -> Result<()> {
        let n = self.squared.len();
        let mut mean = vec![0f64; self.cols];
        for i in 0..n {
            mean.iter_mut().zip(self.row(i)).for_each(|(m, &v)| *m += f64::from(v));
        }
        let mut mean: Vec<f32> = mean.into_iter().map(|m| (m / n.max(1) as f64) as f32).collect();
        if self.metric == Metric::Cosine {
            normalize_rows(&mut mean, self.cols);
        }
        let zero = mean.iter().all(|&v| v == 0.0);
        self.squared.fill(f32::INFINITY);
        self.measure(&mean, 1, &[zero])
    }

    /// Forgets what was measured.
    pub(super) fn forget(&mut self) {
        self.squared.fill(f32::INFINITY);
    }

    /// Shortens distances by those to `count` rows, given with their flags of [`Nearest::zero`].
    fn measure(&mut self, queries: &[f32], count: usize, zero: &[bool]) -> Result<()> {
        let (simd, cols, data) = (Simd::detect(), self.cols, &*self.data);
        let queries = MatrixView::new(count, cols, queries)?;
        let is_zero = |row: usize| self.zero.get(row).copied().unwrap_or(false);
        // Without a direction there is no angle: as far as from what is at a right angle.
        let patch = self.metric == Metric::Cosine && (!self.zero.is_empty() || zero.contains(&true));
        self.squared.par_chunks_mut(BLOCK).enumerate().try_for_each_init(Vec::new, |out, (block, squared)| {
            let from = block * BLOCK;
            let to = from + squared.len();
            let points = MatrixView::new(to - from, cols, &data[from * cols..to * cols])?;
            out.resize(count * squared.len(), 0.0);
            rows::squared_euclidean_block(simd, queries, points, out);
            for (q, measured) in out.chunks_exact(squared.len()).enumerate() {
                let query_is_zero = zero.get(q).copied().unwrap_or(false);
                for (j, (best, &d)) in squared.iter_mut().zip(measured).enumerate() {
                    let d = if patch && query_is_zero != is_zero(from + j) { 2.0 } else { d };
                    *best = best.min(d);
                }
            }
            Ok::<_, Error>(())
        })
    }

    fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.cols..(i + 1) * self.cols]
    }

    /// Squared distances; negative for rows that were taken, infinite if none was.
    pub(super) fn squared(&self) -> &[f32] {
        &self.squared
    }

    /// The distance of a row.
    pub(super) fn distance(&self, row: usize) -> f64 {
        let squared = f64::from(self.squared[row].max(0.0));
        match self.metric {
            Metric::Euclidean => squared.sqrt() / self.scale,
            Metric::Cosine => squared / 2.0,
        }
    }
}

/// How new each row is: its distance to the nearest of the rows that are `known`, 0 for those themselves. If none is,
/// its distance to the mean of all rows (to their mean direction, under [`Metric::Cosine`]).
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_queue_reorder::{Metric, novelty};
/// let x = Matrix::from_rows([[0.0f32, 0.0], [3.0, 4.0], [0.0, 1.0]])?;
/// assert_eq!(novelty(&x, &[0], Metric::Euclidean)?, [0.0, 5.0, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Core`] for values that are not finite, [`Error::NoSuchItem`].
pub fn novelty<'a>(x: impl Into<MatrixView<'a>>, known: &[usize], metric: Metric) -> Result<Vec<f64>> {
    novelty_with(x, known, metric, &mut Context::new())
}

/// [`novelty`] with threads and cancellation: each known row is measured to all.
///
/// # Errors
/// As [`novelty`], and [`Error::Cancelled`].
pub fn novelty_with<'a>(
    x: impl Into<MatrixView<'a>>,
    known: &[usize],
    metric: Metric,
    cx: &mut Context<'_>,
) -> Result<Vec<f64>> {
    let x = x.into();
    cx.run(|cx| {
        let mut nearest = Nearest::new(x, metric)?;
        match known {
            [] => nearest.measure_from_mean()?,
            known => nearest.take(known, &cx.token())?,
        }
        Ok((0..x.rows()).map(|i| nearest.distance(i)).collect())
    })?
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::Matrix;

    #[test]
    fn zero_rows_have_no_direction() {
        let x = Matrix::from_rows([[0.0f32, 0.0], [2.0, 0.0], [0.0, 3.0], [-1.0, 0.0], [0.0, 0.0]]).unwrap();
        let cosine = |known: &[usize]| novelty(&x, known, Metric::Cosine).unwrap();
        assert_eq!(cosine(&[0]), [0.0, 1.0, 1.0, 1.0, 0.0]);
        assert_eq!(cosine(&[1]), [1.0, 0.0, 1.0, 2.0, 1.0]);
        assert_eq!(cosine(&[1, 4]), [0.0, 0.0, 1.0, 1.0, 0.0]);
        // The mean direction is up.
        assert_eq!(cosine(&[]), [1.0, 1.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn sizes_at_the_ends_of_f32() {
        for size in [1e-44f32, 1e-30, 1.0, 1e30, 3e38] {
            let x = Matrix::from_rows([[size, 0.0], [-size, 0.0]]).unwrap();
            let got = novelty(&x, &[0], Metric::Euclidean).unwrap()[1] / f64::from(size);
            assert!((got - 2.0).abs() < 1e-6, "{size}: {got}");
        }
    }

    #[test]
    fn a_cancelled_run_ends() {
        let token = CancelToken::new();
        token.cancel();
        let mut cx = Context::new().cancel(&token);
        let ended = novelty_with(&Matrix::zeros(3, 1), &[0], Metric::Euclidean, &mut cx);
        assert!(matches!(ended, Err(Error::Cancelled(_))));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let x = Matrix::zeros(2, 0);
        assert_eq!(novelty(&x, &[1], Metric::Cosine).unwrap(), [0.0, 0.0]);
        assert_eq!(novelty(&x, &[2], Metric::Cosine), Err(Error::NoSuchItem { position: 2, items: 2 }));
        assert!(novelty(&Matrix::zeros(0, 3), &[], Metric::Euclidean).unwrap().is_empty());
        let x = Matrix::from_vec(1, 1, vec![f32::NAN]).unwrap();
        assert!(matches!(novelty(&x, &[], Metric::Cosine), Err(Error::Core(_))));
    }
}
