//! Rows as a few bytes each, between which distances are cheap and never too long.
//!
//! Let B be m orthonormal directions, c a center and z = x − c. The map f(x) = (B z, |z − Bᵀ B z|) does not lengthen
//! distances: the first part is a projection, and lengths of residuals differ by no more than the residuals do. f(x) is
//! rounded to signed bytes q times a scale s of the row's own; |f(x) − s q| is kept as the row's error e, with what
//! rounding in f32 adds. So for any two rows |x − y| ≥ |s q − t r| − e − e'.

use crate::coded::basis::Basis;
use crate::error::Result;
use planisphere_core::{CancelToken, MatrixView};
use planisphere_kernels::{Kernel, Simd, codes, rows, tiles};
use rayon::prelude::*;

/// Coordinates that share the length of the residual, so that it is no larger than the others.
const RESIDUAL: usize = 4;
/// Rows that one task codes.
const TASK: usize = 64;
/// u, the largest relative error of a rounding.
const U: f32 = f32::EPSILON / 2.0;

/// How rows are coded: found once, from the points; later rows are coded in the same way.
#[derive(Clone, Debug)]
pub(crate) struct Coder {
    pub(crate) basis: Basis,
    /// Bytes of a row.
    pub(crate) stride: usize,
    /// Whether rows are divided by their length first.
    pub(crate) unit: bool,
}

/// Bytes of a row that are tried, from the fewest on, until the directions hold [`SHARE`] of the variance.
const STRIDES: [usize; 3] = [128, 256, 512];
/// Less, and too many rows look near that are not.
const SHARE: f64 = 0.85;
/// Bytes of a row at most: sums of more products might not fit 32 bits.
pub(crate) const LONGEST: usize = 1 << 16;

impl Coder {
    /// Finds out how to code the rows of `x`; `squares` are their squared lengths, if they are to be divided by them.
    pub(crate) fn find(
        simd: Simd,
        x: MatrixView<'_>,
        squares: Option<&[f32]>,
        seed: u64,
        token: &CancelToken,
    ) -> Result<Self> {
        let whole = x.cols().next_multiple_of(codes::GROUP);
        let unit = squares.is_some();
        for stride in STRIDES {
            // Fewer bytes must be worth a projection.
            if stride + stride / 4 < whole {
                let (basis, share) = Basis::find(simd, x, squares, stride - RESIDUAL, seed, token)?;
                let last = stride == STRIDES[STRIDES.len() - 1] && whole > LONGEST;
                if share >= SHARE || last {
                    return Ok(Self { basis, stride, unit });
                }
            }
        }
        Ok(Self { basis: Basis::whole(simd, x, squares, seed), stride: whole, unit })
    }

    /// The coded rows of `x`; `squares` as in [`Coder::find`].
    pub(crate) fn code(
        &self,
        simd: Simd,
        x: MatrixView<'_>,
        squares: Option<&[f32]>,
        token: &CancelToken,
    ) -> Result<Proxy> {
        let (n, stride) = (x.rows(), self.stride);
        let mut proxy = Proxy::zeros(n, stride);
        let Proxy { codes, scales, norms, errors, .. } = &mut proxy;
        let parts = codes
            .par_chunks_mut(TASK * stride)
            .zip(scales.par_chunks_mut(TASK))
            .zip(norms.par_chunks_mut(TASK))
            .zip(errors.par_chunks_mut(TASK));
        parts.enumerate().try_for_each_init(
            Buffers::default,
            |buffers, (task, (((codes, scales), norms), errors))| {
                token.check()?;
                let rows = task * TASK..task * TASK + scales.len();
                let squares = squares.map(|q| &q[rows.clone()]);
                let to = Coded { codes, scales, norms, errors };
                self.block(simd, x.slice(rows.start, rows.end), squares, buffers, to)
            },
        )?;
        Ok(proxy)
    }

    /// A few rows, in place of what `proxy` held: to the bit those of [`Coder::code`].
    pub(crate) fn code_into(
        &self,
        simd: Simd,
        x: MatrixView<'_>,
        squares: Option<&[f32]>,
        buffers: &mut Buffers,
        proxy: &mut Proxy,
    ) -> Result<()> {
        proxy.stride = self.stride;
        proxy.codes.resize(x.rows() * self.stride, 0);
        proxy.scales.resize(x.rows(), 0.0);
        proxy.norms.resize(x.rows(), 0.0);
        proxy.errors.resize(x.rows(), 0.0);
        let Proxy { codes, scales, norms, errors, .. } = proxy;
        self.block(simd, x, squares, buffers, Coded { codes, scales, norms, errors })
    }

    fn block(
        &self,
        simd: Simd,
        x: MatrixView<'_>,
        squares: Option<&[f32]>,
        buffers: &mut Buffers,
        to: Coded<'_>,
    ) -> Result<()> {
        let (d, stride) = (x.cols(), self.stride);
        let basis = &self.basis;
        let m = basis.count();
        let Buffers { seen, image, point } = buffers;
        seen.resize(x.rows() * d, 0.0);
        point.resize(stride, 0.0);
        for (i, seen) in seen.chunks_exact_mut(d).enumerate() {
            let factor = squares.map_or(1.0, |q| unit_factor(q[i]));
            simd.run(See { row: x.row(i), factor, center: &basis.center, seen });
        }
        let seen = MatrixView::new(x.rows(), d, seen)?;
        let image = match &basis.directions {
            Some(b) => {
                image.resize(x.rows() * m, 0.0);
                tiles::dot_tiles(simd, seen, b.view(), image);
                &*image
            }
            None => seen.data(),
        };
        for (i, image) in image.chunks_exact(m).enumerate() {
            let squared = rows::dot(simd, seen.row(i), seen.row(i));
            let held = simd.run(Squared(image));
            point.fill(0.0);
            point[..m].copy_from_slice(image);
            // What rounding may have moved the row, its image and its residual by.
            let Pad { seen, along, across } = Pad::of(d, basis.directions.as_ref().map(|_| m), squared, self.unit);
            let mut error = seen + along;
            if m < d {
                let rest = (squared - held).max(0.0);
                error += (rest + across).sqrt() - (rest - across).max(0.0).sqrt();
                point[m..].fill((rest / RESIDUAL as f32).sqrt());
            }
            let (scale, sum, off) = simd.run(Quantize(point, &mut to.codes[i * stride..(i + 1) * stride]));
            to.scales[i] = scale;
            to.norms[i] = sum as f32 * scale * scale;
            // Squares that are too small for a number count as the smallest one.
            to.errors[i] = ((off + stride as f32 * f32::MIN_POSITIVE).sqrt() + error) * (1.0 + 1e-3);
        }
        Ok(())
    }
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    seen: Vec<f32>,
    image: Vec<f32>,
    point: Vec<f32>,
}

/// Where coded rows go.
struct Coded<'a> {
    codes: &'a mut [i8],
    scales: &'a mut [f32],
    norms: &'a mut [f32],
    errors: &'a mut [f32],
}

/// What a row of this squared length is multiplied by to have length 1.
pub(crate) fn unit_factor(squared: f32) -> f32 {
    if squared > 0.0 { 1.0 / squared.sqrt() } else { 0.0 }
}

/// Coded rows.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// Bytes of a row.
    pub(crate) stride: usize,
    /// n × stride.
    pub(crate) codes: Vec<i8>,
    pub(crate) scales: Vec<f32>,
    /// Squared norms of s q.
    pub(crate) norms: Vec<f32>,
    /// |x − y| ≥ |s q − t r| − e − e'. Empty where nothing is left to be proven.
    pub(crate) errors: Vec<f32>,
}

impl Proxy {
    pub(crate) fn zeros(n: usize, stride: usize) -> Self {
        Self { stride, codes: vec![0; n * stride], scales: vec![0.0; n], norms: vec![0.0; n], errors: vec![0.0; n] }
    }

    /// The rows in another order.
    pub(crate) fn reordered(&self, order: &[u32]) -> Self {
        let take = |v: &[f32]| order.iter().map(|&i| v[i as usize]).collect::<Vec<_>>();
        let mut codes = Vec::with_capacity(self.codes.len());
        for &i in order {
            codes.extend_from_slice(self.row(i as usize));
        }
        Self {
            stride: self.stride,
            codes,
            scales: take(&self.scales),
            norms: take(&self.norms),
            errors: if self.errors.is_empty() { Vec::new() } else { take(&self.errors) },
        }
    }

    /// The bytes of row `i`.
    pub(crate) fn row(&self, i: usize) -> &[i8] {
        &self.codes[i * self.stride..(i + 1) * self.stride]
    }

    /// Makes row `i` stand for `point`, without an error.
    pub(crate) fn set(&mut self, simd: Simd, i: usize, point: &[f32]) {
        let (scale, sum, _) = simd.run(Quantize(point, &mut self.codes[i * self.stride..(i + 1) * self.stride]));
        self.scales[i] = scale;
        self.norms[i] = sum as f32 * scale * scale;
    }

    /// What the kernels take.
    pub(crate) fn rows(&self) -> codes::Rows<'_> {
        codes::Rows { codes: &self.codes, stride: self.stride, scales: &self.scales, norms: &self.norms }
    }

    /// Whether all values are numbers, as they are unless the rows are extreme in size.
    pub(crate) fn is_finite(&self) -> bool {
        [&self.norms, &self.errors].into_iter().flatten().all(|v| v.is_finite())
    }

    pub(crate) fn len(&self) -> usize {
        self.scales.len()
    }
}

const LANES: usize = 16;

/// A row at its length, seen from the center.
struct See<'a> {
    row: &'a [f32],
    factor: f32,
    center: &'a [f32],
    seen: &'a mut [f32],
}

impl Kernel for See<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for ((s, &v), &c) in self.seen.iter_mut().zip(self.row).zip(self.center) {
            *s = v.mul_add(self.factor, -c);
        }
    }
}

/// The squared length of a vector.
struct Squared<'a>(&'a [f32]);

impl Kernel for Squared<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> f32 {
        let mut held = [0f32; LANES];
        let (chunks, rest) = self.0.as_chunks::<LANES>();
        for c in chunks {
            for l in 0..LANES {
                held[l] = c[l].mul_add(c[l], held[l]);
            }
        }
        held.iter().sum::<f32>() + rest.iter().map(|v| v * v).sum::<f32>()
    }
}

/// The nearest bytes times a scale: the scale, the sum of the squared bytes, and the squared distance to the point.
struct Quantize<'a>(&'a [f32], &'a mut [i8]);

impl Kernel for Quantize<'_> {
    type Output = (f32, i32, f32);

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Self::Output {
        let Self(point, codes) = self;
        let mut largest = [0f32; LANES];
        let (chunks, rest) = point.as_chunks::<LANES>();
        for c in chunks {
            for l in 0..LANES {
                largest[l] = largest[l].max(c[l].abs());
            }
        }
        let largest = rest.iter().chain(&largest).fold(0f32, |m, v| m.max(v.abs()));
        if largest < f32::MIN_POSITIVE * 1e4 {
            codes.fill(0);
            return (0.0, 0, point.iter().map(|v| v * v).sum());
        }
        let (scale, inverse) = (largest / 127.0, 127.0 / largest);
        let (mut sum, mut off) = ([0i32; LANES], [0f32; LANES]);
        let (c_chunks, c_rest) = codes.as_chunks_mut::<LANES>();
        let one = |c: &mut i8, v: f32, sum: &mut i32, off: &mut f32| {
            // Adding 1.5 · 2²³ rounds to the nearest whole number and leaves it in the low bits.
            const ROUND: f32 = 12_582_912.0;
            let shifted = v.mul_add(inverse, ROUND);
            let whole = ((shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32)).clamp(-127, 127);
            *c = whole as i8;
            *sum += whole * whole;
            let e = (whole as f32).mul_add(-scale, v);
            *off = e.mul_add(e, *off);
        };
        for (c, v) in c_chunks.iter_mut().zip(chunks) {
            for l in 0..LANES {
                one(&mut c[l], v[l], &mut sum[l], &mut off[l]);
            }
        }
        for (c, &v) in c_rest.iter_mut().zip(rest) {
            one(c, v, &mut sum[0], &mut off[0]);
        }
        (scale, sum.iter().sum(), off.iter().sum())
    }
}

/// What rounding may do to a row z whose squared length is `squared`, seen through `m` directions.
struct Pad {
    /// How far the row itself may lie from where it is seen.
    seen: f32,
    /// How far its image may lie from where it is computed.
    along: f32,
    /// How far the squared residual may be off.
    across: f32,
}

impl Pad {
    /// A coordinate of the image is a sum of d products in the order of [`rows`], of relative error (d/32 + 6) u times |b| |z|,
    /// where b itself is rounded; m of them are off by √m times that together. The squared residual is |z|² less |B z|²: the
    /// first has the error of such a sum, the second twice the error of the image times its length, and that of adding up.
    /// Subtracting the center errs by u |z|; a length of 1 comes from a sum as above, and a root.
    fn of(d: usize, m: Option<usize>, squared: f32, unit: bool) -> Self {
        let z = (squared * (1.0 + 1e-3) + d as f32 * f32::MIN_POSITIVE).sqrt();
        let each = (d as f32 / 32.0 + 10.0) * U;
        let seen = 2.0 * U * z + if unit { (d as f32 / 64.0 + 10.0) * U } else { 0.0 };
        let Some(m) = m.map(|m| m as f32) else { return Self { seen, along: 0.0, across: 0.0 } };
        let along = each * m.sqrt() * z;
        let across =
            (2.1 * each * m.sqrt() + each + (m / 16.0 + 24.0) * U) * 1.1 * z * z + d as f32 * f32::MIN_POSITIVE;
        Self { seen, along, across }
    }
}
