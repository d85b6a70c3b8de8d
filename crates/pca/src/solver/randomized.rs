//! Components by power iterations from a random start.
//!
//! Halko, Martinsson & Tropp (2011), *Finding structure with randomness*: a random d × s matrix is multiplied by XᵀX again and
//! again, made orthonormal after each time (QR), and what X does on the space it spans is decomposed exactly. The last
//! step, from Q, XᵀX·Q and Qᵀ·XᵀX·Q, gives what scikit-learn's projection on X·Q gives. X is read once an iteration: Xᵀ·(X·Q) is
//! computed chunk by chunk. Where that costs more than the covariance, the covariance stands in for X.

use super::covariance::normalized;
use super::moments::Moments;
use super::rows::{CHUNK, add, center, center_f32, largest, means};
use super::{Found, degrees};
use crate::backend::Decompose;
use crate::error::{Error, Result};
use crate::params::{Components, Pca};
use planisphere_core::{CancelToken, Context, CounterRng, MatrixView};
use planisphere_kernels::panel::{Operand, Real, product};
use planisphere_kernels::{eigen, sum};
use rayon::prelude::*;

/// Partial sums over chunks; a constant, so that their grouping does not depend on the number of threads.
const PARTS: usize = 8;
/// Columns up to which the covariance may stand in for the data.
const COVARIANCE: usize = 4096;
/// Rows of a square matrix that one task multiplies.
const PANEL: usize = 64;
/// Directions with less than this share of the largest variance are not divided by it.
const NOISE: f64 = 1e-14;

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
    let power = iterated_power.unwrap_or(if wanted < most / 10 { 7 } else { 4 });
    // By operations: 4·n·d·size an iteration, n·d² for the covariance.
    let by_covariance = n >= d && d <= COVARIANCE && d <= size.saturating_mul(4).saturating_mul(power + 1);

    let (mean, total, operator) = if by_covariance {
        let moments = Moments::of(pca.precision, x, |done| Ok(cx.progress(done as u64, n as u64)?))?;
        let (_, mean, mut covariance) = moments.finish()?;
        for i in 0..d {
            for j in i + 1..d {
                covariance[i * d + j] = covariance[j * d + i];
            }
        }
        let total = (0..d).map(|i| covariance[i * d + i]).sum();
        (mean, total, Operator::Covariance(covariance))
    } else {
        let mean = means(x)?;
        let squares = sum::sum_f64(n, |i| x.row(i).iter().zip(&mean).map(|(&v, m)| (f64::from(v) - m).powi(2)).sum());
        (mean, squares / degrees(n), Operator::Rows(x))
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
    let (variances, components) = decompose(pca, d, size, wanted, &q, &w)?;
    Ok(Found { mean, components, variances, total, most })
}

/// The leading eigenpairs of W·(Qᵀ·W)⁻¹·Wᵀ for W = C·Q: C as far as it acts on the span of Q.
fn decompose(pca: &Pca, d: usize, size: usize, wanted: usize, q: &[f64], w: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut inner = vec![0.0; size * size];
    product(Operand::new(d, size, q).transposed(), Operand::new(d, size, w), &mut inner);
    let (values, vectors) = pca.backend.symmetric(size, &inner)?;
    let limit = values.last().map_or(0.0, |v| v * NOISE);
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

/// What is multiplied by: the covariance matrix, held or not.
enum Operator<'a> {
    /// d × d, row-major.
    Covariance(Vec<f64>),
    Rows(MatrixView<'a>),
}

impl Operator<'_> {
    /// The covariance times `q` (d × size).
    fn apply(&self, mean: &[f64], q: &[f64], size: usize, token: &CancelToken) -> Result<Vec<f64>> {
        token.check()?;
        match self {
            Self::Covariance(c) => Ok(times(c, q, size)),
            Self::Rows(x) => by_chunks(*x, mean, q, size, token),
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

fn by_chunks(x: MatrixView<'_>, mean: &[f64], q: &[f64], size: usize, token: &CancelToken) -> Result<Vec<f64>> {
    let (n, d) = (x.rows(), x.cols());
    let chunks = n.div_ceil(CHUNK);
    let q32: Vec<f32> = q.iter().map(|&v| v as f32).collect();
    let parts: Vec<Vec<f64>> = (0..PARTS.min(chunks))
        .into_par_iter()
        .map(|part| {
            let mut sums = vec![0.0; d * size];
            let (mut f32s, mut f64s) = (vec![0.0; CHUNK.min(n) * d], Vec::new());
            for c in (part..chunks).step_by(PARTS) {
                token.check()?;
                let rows = x.slice(c * CHUNK, ((c + 1) * CHUNK).min(n));
                let len = rows.rows() * d;
                center_f32(rows, mean, &mut f32s[..len]);
                let largest = largest(&f32s[..len]);
                // What overflows or vanishes when it is squared is multiplied in f64.
                if largest == 0.0 || (1e-15..=1e15).contains(&largest) {
                    twice(rows.rows(), d, size, &f32s[..len], &q32, &mut sums);
                } else {
                    f64s.resize(CHUNK.min(n) * d, 0.0);
                    center(rows, mean, &mut f64s[..len]);
                    twice(rows.rows(), d, size, &f64s[..len], q, &mut sums);
                }
            }
            Ok(sums)
        })
        .collect::<Result<_>>()?;
    let mut out = vec![0.0; d * size];
    for part in parts {
        add(&mut out, &part);
    }
    let degrees = degrees(n);
    out.iter_mut().for_each(|v| *v /= degrees);
    Ok(out)
}

/// Adds xᵀ·(x·q).
fn twice<T: Real + Into<f64>>(rows: usize, d: usize, size: usize, x: &[T], q: &[T], sums: &mut [f64]) {
    let x = Operand::new(rows, d, x);
    let mut y = vec![T::ZERO; rows * size];
    product(x, Operand::new(d, size, q), &mut y);
    let mut z = vec![T::ZERO; d * size];
    product(x.transposed(), Operand::new(rows, size, &y), &mut z);
    add(sums, &z);
}
