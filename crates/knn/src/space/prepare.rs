//! What is done to rows once, before they are measured.

use super::rows::{Bits, Data, Globe, Rows, Vectors};
use crate::bit_matrix::BitMatrix;
use crate::error::{Error, Result};
use crate::metric::factor;
use planisphere_core::{Matrix, MatrixView};
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;
use std::borrow::Cow;

/// How rows become what a kernel measures. Made from the points; queries go the same way.
#[derive(Clone)]
pub(super) enum Preparation {
    None,
    /// All values times this power of two.
    Scale(f32),
    /// Rows of extreme size times a power of two each.
    RowSize,
    /// Rows less their means, in the size of [`Preparation::RowSize`].
    RowCenter,
    /// √(a / 2 Σa), and one more column: √½ where the row is zero.
    Hellinger,
    /// (a − center) · scale.
    Columns {
        center: Vec<f64>,
        scale: Vec<f64>,
    },
    /// (a − center) · matrix, which has `cols` columns.
    Transform {
        center: Vec<f64>,
        cols: usize,
        matrix: Vec<f64>,
    },
    Globe,
    Bits,
    /// Bits where all values are 0 or 1, else as it is.
    ZerosAndOnes,
}

impl Preparation {
    pub(super) fn scale(factor: f32) -> Self {
        if factor == 1.0 { Self::None } else { Self::Scale(factor) }
    }

    /// Columns times `scale` · `size`, from where they are.
    pub(super) fn columns(points: MatrixView<'_>, scale: Vec<f64>, size: f64) -> Self {
        let center = Columns::of(points).center;
        Self::Columns { center, scale: scale.into_iter().map(|s| s * size).collect() }
    }

    /// The same in a size that squares fit, and the factor that takes distances back.
    pub(super) fn euclidean_columns(points: MatrixView<'_>, scale: Vec<f64>) -> (Self, f32) {
        let reach = Columns::of(points).reach;
        let largest = reach.iter().zip(&scale).fold(0f64, |m, (r, s)| m.max(r * s));
        let (down, up) = size_of(largest);
        (Self::columns(points, scale, down.into()), up)
    }

    /// To coordinates in which √(dᵀ·VI·d) is Euclidean, and the factor that takes distances back.
    pub(super) fn transform(points: MatrixView<'_>, vi: &[f64]) -> Result<(Self, f32)> {
        let d = points.cols();
        let full = factor(vi, d)?;
        let rank = (0..d).rposition(|s| (0..d).any(|i| full[i * d + s] != 0.0)).map_or(1, |s| s + 1);
        let Columns { center, reach } = Columns::of(points);
        let bound = |s: usize| (0..d).map(|i| reach[i] * full[i * d + s].abs()).sum::<f64>();
        let (down, up) = size_of((0..rank).map(bound).fold(0.0, f64::max));
        let matrix = (0..d).flat_map(|i| full[i * d..i * d + rank].iter().map(|v| v * f64::from(down))).collect();
        Ok((Self::Transform { center, cols: rank, matrix }, up))
    }

    pub(super) fn rows<'a>(&self, x: MatrixView<'a>, simd: Simd) -> Result<Rows<'a>> {
        let made = |cols: usize, data: Vec<f32>| Ok(Rows::made(Matrix::from_vec(x.rows(), cols, data)?));
        match self {
            Self::None => Ok(Rows::given(x)),
            Self::Scale(factor) => made(x.cols(), x.data().iter().map(|v| v * factor).collect()),
            Self::RowSize => Ok(sized_rows(x).map_or_else(|| Rows::given(x), Rows::made)),
            Self::RowCenter => made(x.cols(), centered_rows(x)),
            Self::Hellinger => made(x.cols() + 1, hellinger(x)?),
            Self::Columns { center, scale } => {
                let value = |((v, c), s): ((&f32, &f64), &f64)| ((f64::from(*v) - c) * s) as f32;
                made(
                    x.cols(),
                    x.data().chunks_exact(x.cols()).flat_map(|r| r.iter().zip(center).zip(scale).map(value)).collect(),
                )
            }
            Self::Transform { center, cols, matrix } => {
                let mut data = vec![0f32; x.rows() * cols];
                data.par_chunks_mut(*cols).enumerate().for_each_init(Vec::new, |sums, (i, out)| {
                    simd.run(Multiply { row: x.row(i), center, matrix, sums, out });
                });
                made(*cols, data)
            }
            Self::Globe => Ok(Rows { n: x.rows(), data: Data::Globe(globe(x)) }),
            Self::Bits => Ok(packed(x, None)?),
            Self::ZerosAndOnes if zeros_and_ones(x) => packed(x, Some(x)),
            Self::ZerosAndOnes => Ok(Rows::given(x)),
        }
    }
}

fn packed<'a>(x: MatrixView<'_>, values: Option<MatrixView<'a>>) -> Result<Rows<'a>> {
    let (words, ones) = BitMatrix::from_matrix(x)?.into_parts();
    let bits =
        Bits { cols: x.cols(), words: Cow::Owned(words), ones: Cow::Owned(ones), values: values.map(Vectors::Given) };
    Ok(Rows { n: x.rows(), data: Data::Bits(bits) })
}

pub(super) fn zeros_and_ones(x: MatrixView<'_>) -> bool {
    x.data().iter().all(|&v| v == 0.0 || v == 1.0)
}

/// What the columns of the points are like.
struct Columns {
    /// The mean where most of the column's square is the mean's, else 0. Differences stay what they were, and lose less
    /// when they are scaled and rounded.
    center: Vec<f64>,
    /// The largest distance from the center.
    reach: Vec<f64>,
}

impl Columns {
    fn of(x: MatrixView<'_>) -> Self {
        let (n, d) = (x.rows(), x.cols());
        let (mut center, mut squares, mut reach) = (vec![0f64; d], vec![0f64; d], vec![0f64; d]);
        for i in 0..n {
            for ((c, s), &v) in center.iter_mut().zip(&mut squares).zip(x.row(i)) {
                let v = f64::from(v);
                *c += v;
                *s += v * v;
            }
        }
        for (c, s) in center.iter_mut().zip(&squares) {
            let mean = *c / n.max(1) as f64;
            *c = if mean * mean * n as f64 > 0.9 * s { mean } else { 0.0 };
        }
        for i in 0..n {
            for ((r, c), &v) in reach.iter_mut().zip(&center).zip(x.row(i)) {
                *r = r.max((f64::from(v) - c).abs());
            }
        }
        Self { center, reach }
    }
}

/// One row less the center, times a matrix, in f64 and rounded once.
struct Multiply<'a> {
    row: &'a [f32],
    center: &'a [f64],
    matrix: &'a [f64],
    sums: &'a mut Vec<f64>,
    out: &'a mut [f32],
}

impl Kernel for Multiply<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let cols = self.out.len();
        self.sums.clear();
        self.sums.resize(cols, 0.0);
        for ((v, c), line) in self.row.iter().zip(self.center).zip(self.matrix.chunks_exact(cols)) {
            let v = f64::from(*v) - c;
            for (s, m) in self.sums.iter_mut().zip(line) {
                *s = v.mul_add(*m, *s);
            }
        }
        for (o, s) in self.out.iter_mut().zip(&*self.sums) {
            *o = *s as f32;
        }
    }
}

/// √(a / 2 Σa): half the squared distance of two such rows is 1 less the sum of products. A zero row gets a column of its
/// own, so that it lies at 1 from every other and at 0 from the next zero row.
fn hellinger(x: MatrixView<'_>) -> Result<Vec<f32>> {
    let mut data = Vec::with_capacity(x.rows() * (x.cols() + 1));
    for i in 0..x.rows() {
        let row = x.row(i);
        if let Some(col) = row.iter().position(|&v| v < 0.0) {
            let reason = "must be at least 0";
            return Err(Error::Domain { metric: "hellinger", row: i, col, value: row[col], reason });
        }
        let sum: f64 = row.iter().map(|&v| f64::from(v)).sum();
        if sum > 0.0 {
            data.extend(row.iter().map(|&v| (0.5 * f64::from(v) / sum).sqrt() as f32));
            data.push(0.0);
        } else {
            data.resize(data.len() + row.len(), 0.0);
            data.push(std::f32::consts::FRAC_1_SQRT_2);
        }
    }
    Ok(data)
}

/// Latitude and longitude, in radians, to points on the unit sphere.
fn globe(x: MatrixView<'_>) -> Globe {
    let n = x.rows();
    let mut globe = Globe { x: Vec::with_capacity(n), y: Vec::with_capacity(n), z: Vec::with_capacity(n) };
    for place in x.data().chunks_exact(2) {
        let ((s, c), (t, u)) = (libm::sincos(place[0].into()), libm::sincos(place[1].into()));
        globe.x.push(c * u);
        globe.y.push(c * t);
        globe.z.push(s);
    }
    globe
}

/// Squares of values above this, summed over many columns, may overflow; below the other, they lose precision.
const LARGE: f32 = 1e15;
const SMALL: f32 = 1e-12;

fn largest(row: &[f32]) -> f32 {
    row.iter().fold(0f32, |m, v| m.max(v.abs()))
}

fn extreme(max: f32) -> bool {
    max != 0.0 && !(SMALL..LARGE).contains(&max)
}

/// 2ᵉ that brings `max` near 1, and its inverse.
fn power_of_two(max: f32) -> (f32, f32) {
    let e = ((max.to_bits() >> 23) as i32 - 127).clamp(-126, 126);
    let pow = |e: i32| f32::from_bits(((e + 127) as u32) << 23);
    (pow(-e), pow(e))
}

/// For values of extreme size: the power of two that brings them near 1, and its inverse. Else 1 and 1.
pub(crate) fn size(x: MatrixView<'_>) -> (f32, f32) {
    size_of(largest(x.data()).into())
}

fn size_of(max: f64) -> (f32, f32) {
    // Beyond the ends of f32 the ends do.
    let max = if max > 0.0 { (max as f32).clamp(f32::MIN_POSITIVE, f32::MAX) } else { 0.0 };
    if extreme(max) { power_of_two(max) } else { (1.0, 1.0) }
}

/// The power of two after which sums of |a| + |b| over a row cannot overflow: 1 unless the values are next to the largest.
pub(super) fn headroom(x: MatrixView<'_>) -> f32 {
    let (max, mut factor) = (largest(x.data()), 1f32);
    while max * factor > f32::MAX / 4.0 / x.cols() as f32 {
        factor *= 0.5;
    }
    factor
}

/// The rows, those of extreme size at another one; nothing if there are none.
fn sized_rows(x: MatrixView<'_>) -> Option<Matrix> {
    if !(0..x.rows()).any(|i| extreme(largest(x.row(i)))) {
        return None;
    }
    let mut m = x.to_matrix();
    for i in 0..m.rows() {
        let max = largest(m.row(i));
        if extreme(max) {
            let (down, _) = power_of_two(max);
            m.row_mut(i).iter_mut().for_each(|v| *v *= down);
        }
    }
    Some(m)
}

/// Rows less their means, in f64 until the end. Equal values give zeros to the bit: their sum is exact in f64.
fn centered_rows(x: MatrixView<'_>) -> Vec<f32> {
    let mut data = Vec::with_capacity(x.rows() * x.cols());
    for i in 0..x.rows() {
        let row = x.row(i);
        let mean = row.iter().map(|&v| f64::from(v)).sum::<f64>() / row.len() as f64;
        let most = row.iter().fold(0f64, |m, &v| m.max((f64::from(v) - mean).abs()));
        let down = f64::from(size_of(most).0);
        data.extend(row.iter().map(|&v| ((f64::from(v) - mean) * down) as f32));
    }
    data
}
