//! Rows as a few bytes each, between which distances are cheap and never too long.
//!
//! Let B be m orthonormal directions, c a center and z = x − c. The map f(x) = (B z, |z − Bᵀ B z|) does not lengthen
//! distances: the first part is a projection, and lengths of residuals differ by no more than the residuals do. f(x) is
//! rounded to signed bytes q times a scale s of the row's own; |f(x) − s q| is kept as the row's error e, with what
//! rounding in f32 adds. So for any two rows |x − y| ≥ |s q − t r| − e − e'.

use crate::coded::basis::Basis;
use planisphere_core::MatrixView;
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

impl Coder {
    /// Finds out how to code the rows of `x`; `squares` are their squared lengths, if they are to be divided by them.
    pub(crate) fn find(simd: Simd, x: MatrixView<'_>, squares: Option<&[f32]>, seed: u64) -> Self {
        let d = x.cols();
        let whole = d.next_multiple_of(codes::GROUP);
        for stride in STRIDES {
            // Fewer bytes must be worth a projection.
            if stride + stride / 4 < whole {
                let basis = Basis::find(simd, x, squares, stride - RESIDUAL, seed);
                if basis.share >= SHARE {
                    return Self { basis, stride, unit: squares.is_some() };
                }
            }
        }
        Self { basis: Basis::find(simd, x, squares, d, seed), stride: whole, unit: squares.is_some() }
    }

    /// The coded rows of `x`; `squares` as in [`Coder::find`]. Their errors are kept if something is to be `proven`.
    pub(crate) fn code(&self, simd: Simd, x: MatrixView<'_>, squares: Option<&[f32]>, proven: bool) -> Proxy {
        let (n, d, stride) = (x.rows(), x.cols(), self.stride);
        let basis = &self.basis;
        let m = basis.count();
        let shift = basis.shift(simd);
        let center = rows::dot(simd, &basis.center, &basis.center);
        let mut proxy = Proxy {
            stride,
            codes: vec![0; n * stride],
            scales: vec![0.0; n],
            norms: vec![0.0; n],
            errors: vec![0.0; if proven { n } else { 0 }],
        };
        let Proxy { codes, scales, norms, errors, .. } = &mut proxy;
        // An iterator over nothing would end the others.
        let errors: Vec<&mut [f32]> = if proven {
            errors.chunks_mut(TASK).collect()
        } else {
            (0..n.div_ceil(TASK)).map(|_| Default::default()).collect()
        };
        let parts = codes
            .par_chunks_mut(TASK * stride)
            .zip(scales.par_chunks_mut(TASK))
            .zip(norms.par_chunks_mut(TASK))
            .zip(errors);
        parts.enumerate().for_each_init(
            || (vec![0f32; TASK * m], vec![0f32; stride]),
            |(image, point), (task, (((codes, scales), norms), errors))| {
                let from = task * TASK;
                let view = x.slice(from, from + scales.len());
                let image = &mut image[..scales.len() * m];
                match &basis.directions {
                    Some(b) => tiles::dot_tiles(simd, view, b.view(), image),
                    None => image.copy_from_slice(view.data()),
                }
                for (i, image) in image.chunks_exact(m).enumerate() {
                    let row = view.row(i);
                    let (factor, squared, size) = match squares {
                        None => {
                            (1.0, rows::squared_euclidean(simd, row, &basis.center), rows::dot(simd, row, row).sqrt())
                        }
                        Some(q) => {
                            let factor = unit_factor(q[from + i]);
                            let one = if factor > 0.0 { 1.0 } else { 0.0 };
                            (factor, one - 2.0 * factor * rows::dot(simd, row, &basis.center) + center, 1.0)
                        }
                    };
                    point.fill(0.0);
                    let held = simd.run(Place { image, factor, shift: &shift, point });
                    // What rounding may have moved the image and the residual by.
                    let (along, across) = pad(d, m, size + center.sqrt());
                    let mut error = along;
                    if m < d {
                        let rest = (squared - held).max(0.0);
                        error += (rest + across).sqrt() - (rest - across).max(0.0).sqrt();
                        point[m..].fill((rest / RESIDUAL as f32).sqrt());
                    }
                    let (scale, sum, off) = simd.run(Quantize(point, &mut codes[i * stride..(i + 1) * stride]));
                    scales[i] = scale;
                    norms[i] = sum as f32 * scale * scale;
                    if proven {
                        errors[i] = (off.sqrt() + error) * (1.0 + 1e-3);
                    }
                }
            },
        );
        proxy
    }
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
    /// |x − y| ≥ |s q − t r| − e − e'. Empty where nothing is to be proven.
    pub(crate) errors: Vec<f32>,
}

impl Proxy {
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

    pub(crate) fn len(&self) -> usize {
        self.scales.len()
    }
}

const LANES: usize = 16;

/// Puts a row's image where its factor and the center say; gives its squared length.
struct Place<'a> {
    image: &'a [f32],
    factor: f32,
    shift: &'a [f32],
    point: &'a mut [f32],
}

impl Kernel for Place<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> f32 {
        let m = self.image.len();
        for ((p, &v), s) in self.point.iter_mut().zip(self.image).zip(self.shift) {
            *p = v.mul_add(self.factor, -s);
        }
        let mut held = [0f32; LANES];
        let (chunks, rest) = self.point[..m].as_chunks::<LANES>();
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

/// How far the image of a row of `size` (with the center) may lie from its true place, and how far off its squared
/// residual may be, by rounding.
///
/// A coordinate is a sum of d products in the order of [`rows`] (relative error (d/32 + 6) u of |b| size), b itself is
/// rounded (u), and the shift and factor add a few more; m of them have √m times that together. The squared residual is the
/// difference of two sums of at most size², each with that relative error.
fn pad(d: usize, m: usize, size: f32) -> (f32, f32) {
    let each = (d as f32 / 16.0 + 24.0) * U;
    (each * (m as f32).sqrt() * size, 4.0 * (each + (m as f32 + 8.0) * U) * size * size)
}
