//! Components by power iterations from a random start.
//!
//! Halko, Martinsson & Tropp (2011), *Finding structure with randomness*: a random d × s matrix is multiplied by XᵀX again and
//! again, made orthonormal after each time (QR), and what X does on the space it spans is decomposed exactly. The last
//! step, from Q, XᵀX·Q and Qᵀ·XᵀX·Q, gives what scikit-learn's projection on X·Q gives. X is read once an iteration: Xᵀ·(X·Q) is
//! computed chunk by chunk. Where that costs more than the covariance, the covariance stands in for X.

use super::covariance::normalized;
use super::moments::{COMFORTABLE, DOUBLE_ROWS, Moments};
use super::rows::{CHUNK, add, center, center_f32, largest, means};
use super::{Found, degrees, mirror, partial_sums};
use crate::backend::Decompose;
use crate::error::{Error, Result};
use crate::params::{Components, Pca, Precision};
use planisphere_core::{CancelToken, Context, CounterRng, MatrixView};
use planisphere_kernels::panel::{Operand, Real, product};
use planisphere_kernels::{eigen, sum};
use rayon::prelude::*;

/// Columns up to which the covariance may stand in for the data.
const COVARIANCE: usize = 4096;
/// Rows of a matrix that one task multiplies.
const PANEL: usize = 64;
/// Columns of a chunk that one task multiplies.
const TASK: usize = 1024;
/// Directions with less than this share of the largest variance are not divided by it.
const UNSOUND: f64 = 1e-14;
/// The same after products in f32, whose rounding, divided by less, would be taken for variance.
const UNSOUND_F32: f64 = 1e-7;

/// Power iterations by default, as in scikit-learn: more where the components wanted are less than a tenth of all.
fn iterations(wanted: usize, most: usize) -> usize {
    if wanted.saturating_mul(10) < most { 7 } else { 4 }
}

pub(crate) fn solve(
    pca: &Pca,
    x: MatrixView<'_>,
    n_oversamples: usize,
    iterated_power: Option<usize>,
    cx: &mut Context<'_>,
) -> Result<Found> {
    let (n, d) = (x.rows(), x.cols());
    let most = n.min(d);
    let wanted = match pca.n_components {
        Components::Count(k) => k,
        _ => most,
    };
    let size = wanted.saturating_add(n_oversamples).min(most);
    let power = iterated_power.unwrap_or_else(|| iterations(wanted, most));
    // By operations: 4·n·d·size an iteration, n·d² for the covariance.
    let by_covariance = n >= d && d <= COVARIANCE && d <= size.saturating_mul(4).saturating_mul(power + 1);

    let double = pca.precision == Precision::Double || n <= DOUBLE_ROWS;

    let (mean, total, operator) = if by_covariance {
        let moments = Moments::of(pca.precision, x, |done| Ok(cx.progress(done as u64, n as u64)?))?;
        let (_, mean, mut covariance) = moments.finish()?;
        mirror(d, &mut covariance);
        let total = (0..d).map(|i| covariance[i * d + i]).sum();
        (mean, total, Operator::Covariance(covariance))
    } else {
        let mean = means(x)?;
        let squares = sum::sum_f64(n, |i| x.row(i).iter().zip(&mean).map(|(&v, m)| (f64::from(v) - m).powi(2)).sum());
        (mean, squares / degrees(n), Operator::Rows { x, double })
    };
    if !f64::is_finite(total) {
        return Err(Error::Overflow);
    }

    let rng = CounterRng::new(pca.seed, "pca");
    let start: Vec<f64> = (0..d)
        .flat_map(|i| {
            let draws = rng.at(0, i as u64);
            (0..size).map(move |j| f64::from(draws.normal(j as u64)))
        })
        .collect();
    let token = cx.token();
    let mut q = eigen::orthonormal(d, size, &start);
    for i in 0..power {
        cx.progress(i as u64, power as u64 + 1)?;
        q = eigen::orthonormal(d, size, &operator.apply(&mean, &q, size, &token)?);
    }
    let w = operator.apply(&mean, &q, size, &token)?;
    if w.iter().any(|v| !v.is_finite()) {
        return Err(Error::Overflow);
    }
    let (variances, components) =
        decompose(pca, d, size, wanted, &q, &w, if operator.is_f32() { UNSOUND_F32 } else { UNSOUND })?;
    Ok(Found { mean, components, variances, total, most })
}

/// The leading eigenpairs of W·(Qᵀ·W)⁻¹·Wᵀ for W = C·Q: C as far as it acts on the span of Q, without directions of less than
/// the share `unsound` of the largest variance.
fn decompose(
    pca: &Pca,
    d: usize,
    size: usize,
    wanted: usize,
    q: &[f64],
    w: &[f64],
    unsound: f64,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut inner = vec![0.0; size * size];
    product(Operand::new(d, size, q).transposed(), Operand::new(d, size, w), &mut inner);
    symmetrize(size, &mut inner);
    let (values, vectors) = pca.backend.symmetric(size, &inner)?;
    let limit = values.last().map_or(0.0, |v| v * unsound);
    let sound = values.iter().filter(|&&v| v > limit && v > 0.0).count();
    // sound × d: the rows of Λ^(-1/2)·Uᵀ·Wᵀ.
    let mut factor = vec![0.0; sound * d];
    let leading = &vectors[(size - sound) * size..];
    product(Operand::new(sound, size, leading), Operand::new(d, size, w).transposed(), &mut factor);
    for (row, value) in factor.chunks_exact_mut(d).zip(&values[size - sound..]) {
        row.iter_mut().for_each(|v| *v /= value.sqrt());
    }
    let (sigma, right) = pca.backend.right_singular(sound, d, &factor)?;
    let mut variances: Vec<f64> = sigma.iter().map(|s| s * s).collect();
    variances.resize(size, 0.0);
    variances.truncate(wanted);
    let found = sound.min(wanted);
    if found == wanted {
        return Ok((variances, right[..wanted * d].to_vec()));
    }
    let mut by_column = vec![0.0; d * wanted];
    for (j, row) in right.chunks_exact(d).take(found).enumerate() {
        row.iter().enumerate().for_each(|(i, &v)| by_column[i * wanted + j] = v);
    }
    Ok((variances, normalized(d, wanted, by_column, |j| j < found)))
}

/// Makes a product symmetric that is so up to rounding: both halves know as much, and only one of them will be read.
fn symmetrize(size: usize, matrix: &mut [f64]) {
    for i in 0..size {
        for j in 0..i {
            matrix[i * size + j] = (matrix[i * size + j] + matrix[j * size + i]) / 2.0;
        }
    }
    mirror(size, matrix);
}

/// What is multiplied by: the covariance matrix, held or not.
enum Operator<'a> {
    /// d × d, row-major.
    Covariance(Vec<f64>),
    Rows {
        x: MatrixView<'a>,
        double: bool,
    },
}

impl Operator<'_> {
    /// Whether products are rounded to f32 each time.
    fn is_f32(&self) -> bool {
        matches!(self, Self::Rows { double: false, .. })
    }

    /// The covariance times `q` (d × size).
    fn apply(&self, mean: &[f64], q: &[f64], size: usize, token: &CancelToken) -> Result<Vec<f64>> {
        token.check()?;
        match self {
            Self::Covariance(c) => Ok(times(c, q, size)),
            Self::Rows { x, double } => by_chunks(*x, *double, mean, q, size, token),
        }
    }
}

/// A square matrix times `q` (d × size).
pub(super) fn times(c: &[f64], q: &[f64], size: usize) -> Vec<f64> {
    let d = q.len() / size;
    let mut out = vec![0.0; q.len()];
    out.par_chunks_mut(PANEL * size).zip(c.par_chunks(PANEL * d)).for_each(|(out, rows)| {
        product(Operand::new(rows.len() / d, d, rows), Operand::new(d, size, q), out);
    });
    out
}

fn by_chunks(
    x: MatrixView<'_>,
    double: bool,
    mean: &[f64],
    q: &[f64],
    size: usize,
    token: &CancelToken,
) -> Result<Vec<f64>> {
    let (n, d) = (x.rows(), x.cols());
    let chunks = n.div_ceil(CHUNK);
    let parts = partial_sums(d.saturating_mul(size)).min(chunks);
    let q32: Vec<f32> = if double { Vec::new() } else { q.iter().map(|&v| v as f32).collect() };
    let sums: Vec<Vec<f64>> = (0..parts)
        .into_par_iter()
        .map(|part| {
            let mut sums = vec![0.0; d * size];
            let (mut f32s, mut f64s) = (Vec::new(), Vec::new());
            for c in (part..chunks).step_by(parts) {
                token.check()?;
                let rows = x.slice(c * CHUNK, ((c + 1) * CHUNK).min(n));
                let len = rows.rows() * d;
                if !double {
                    f32s.resize(len, 0.0);
                    center_f32(rows, mean, &mut f32s);
                    let largest = largest(&f32s);
                    // What overflows or vanishes when it is squared is multiplied in f64.
                    if largest == 0.0 || COMFORTABLE.contains(&largest) {
                        twice(rows.rows(), d, size, &f32s, &q32, &mut sums);
                        continue;
                    }
                }
                f64s.resize(len, 0.0);
                center(rows, mean, &mut f64s);
                twice(rows.rows(), d, size, &f64s, q, &mut sums);
            }
            Ok(sums)
        })
        .collect::<Result<_>>()?;
    let mut sums = sums.into_iter();
    let mut out = sums.next().unwrap_or_else(|| vec![0.0; d * size]);
    for part in sums {
        add(&mut out, &part);
    }
    let degrees = degrees(n);
    out.iter_mut().for_each(|v| *v /= degrees);
    Ok(out)
}

/// Adds xᵀ·(x·q). In tasks of its own, as there may be a single part.
fn twice<T: Real + Into<f64>>(rows: usize, d: usize, size: usize, x: &[T], q: &[T], sums: &mut [f64]) {
    let mut y = vec![T::ZERO; rows * size];
    y.par_chunks_mut(PANEL * size).zip(x.par_chunks(PANEL * d)).for_each(|(y, x)| {
        product(Operand::new(x.len() / d, d, x), Operand::new(d, size, q), y);
    });
    sums.par_chunks_mut(TASK * size).enumerate().for_each(|(t, sums)| {
        let (from, width) = (t * TASK, sums.len() / size);
        let mut z = vec![T::ZERO; sums.len()];
        let columns = Operand::new(rows, d, x).columns(from, from + width);
        product(columns.transposed(), Operand::new(rows, size, &y), &mut z);
        add(sums, &z);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_are_those_of_scikit_learn() {
        // 7 for k < 0.1 · min(shape), not for min(shape) / 10 rounded down.
        for (wanted, most, want) in [(1, 10, 4), (1, 11, 7), (9, 95, 7), (9, 90, 4), (10, 109, 7), (usize::MAX, 3, 4)] {
            assert_eq!(iterations(wanted, most), want, "{wanted} of {most}");
        }
    }

    /// The lower triangle alone is 0.2 off what both halves say.
    #[test]
    fn both_halves_of_a_rounded_product_count() {
        let (q, w) = ([1.0, 0.0, 0.0, 1.0], [2.0, 1.2, 0.8, 1.0]);
        let (variances, components) = decompose(&Pca::new(2), 2, 2, 2, &q, &w, UNSOUND).unwrap();
        // W·S⁻¹·Wᵀ has the determinant of S if W has nearly, and that of S = [2 1; 1 1] is 1.
        let det_w: f64 = 2.0 * 1.0 - 1.2 * 0.8;
        assert!((variances[0] * variances[1] - det_w * det_w / 1.0).abs() < 1e-12, "{variances:?}");
        assert_eq!(components.len(), 4);
        let mut a = vec![2.0, 1.2, 0.8, 1.0];
        symmetrize(2, &mut a);
        assert_eq!(a, [2.0, 1.0, 1.0, 1.0]);
    }
}
