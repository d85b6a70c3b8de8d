//! Work on chunks of rows: sums of columns, rows less their mean. Sums have one order for any number of threads and any
//! SIMD level.

use crate::error::Result;
use planisphere_core::MatrixView;
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;

/// Rows of a chunk: what is centered and multiplied at once. A constant, so that the order of sums never depends on the
/// number of threads. With the row that stands for the mean, a power of two.
pub(crate) const CHUNK: usize = 511;

/// Partial sums of a dot product.
const LANES: usize = 32;

/// The chunks of `x`.
pub(crate) fn chunks(x: MatrixView<'_>) -> impl IndexedParallelIterator<Item = MatrixView<'_>> {
    let n = x.rows();
    (0..n.div_ceil(CHUNK)).into_par_iter().map(move |c| x.slice(c * CHUNK, ((c + 1) * CHUNK).min(n)))
}

/// Sums of the columns of a chunk, in f64. One that is not finite tells that a value is not.
pub(crate) fn column_sums(x: MatrixView<'_>) -> Vec<f64> {
    struct Sums<'a>(MatrixView<'a>, &'a mut [f64]);
    impl Kernel for Sums<'_> {
        type Output = ();
        #[inline(always)]
        fn run<const ROWS: usize>(self) {
            let Self(x, sums) = self;
            for i in 0..x.rows() {
                for (s, &v) in sums.iter_mut().zip(x.row(i)) {
                    *s += f64::from(v);
                }
            }
        }
    }
    let mut sums = vec![0.0; x.cols()];
    Simd::detect().run(Sums(x, &mut sums));
    sums
}

/// Means of the columns; checks on the way that all values are finite.
pub(crate) fn means(x: MatrixView<'_>) -> Result<Vec<f64>> {
    let parts: Vec<Vec<f64>> = chunks(x).map(column_sums).collect();
    let mut mean = vec![0.0; x.cols()];
    for part in parts {
        mean.iter_mut().zip(part).for_each(|(m, s)| *m += s);
    }
    if !mean.iter().all(|m| m.is_finite()) {
        x.check()?;
    }
    mean.iter_mut().for_each(|m| *m /= x.rows() as f64);
    Ok(mean)
}

/// The rows of `x` less `mean`, in f64.
pub(crate) fn center(x: MatrixView<'_>, mean: &[f64], out: &mut [f64]) {
    for (o, i) in out.chunks_exact_mut(mean.len()).zip(0..x.rows()) {
        for ((o, &v), m) in o.iter_mut().zip(x.row(i)).zip(mean) {
            *o = f64::from(v) - m;
        }
    }
}

/// The rows of `x` less `mean`, rounded to f32 once.
pub(crate) fn center_f32(x: MatrixView<'_>, mean: &[f64], out: &mut [f32]) {
    struct Center<'a>(MatrixView<'a>, &'a [f64], &'a mut [f32]);
    impl Kernel for Center<'_> {
        type Output = ();
        #[inline(always)]
        fn run<const ROWS: usize>(self) {
            let Self(x, mean, out) = self;
            for (o, i) in out.chunks_exact_mut(mean.len()).zip(0..x.rows()) {
                for ((o, &v), m) in o.iter_mut().zip(x.row(i)).zip(mean) {
                    *o = (f64::from(v) - m) as f32;
                }
            }
        }
    }
    Simd::detect().run(Center(x, mean, out));
}

/// The rows of `x` less `mean`, times each of `components` (k × d) and its scale, in f64, rounded once into `out` (rows × k). `row` has
/// room for one row.
pub(crate) fn project(
    x: MatrixView<'_>,
    mean: &[f64],
    components: &[f64],
    scales: &[f64],
    row: &mut [f64],
    out: &mut [f32],
) {
    struct Project<'a>(MatrixView<'a>, &'a [f64], &'a [f64], &'a [f64], &'a mut [f64], &'a mut [f32]);
    impl Kernel for Project<'_> {
        type Output = ();
        #[inline(always)]
        fn run<const ROWS: usize>(self) {
            let Self(x, mean, components, scales, row, out) = self;
            let d = mean.len();
            for (i, out) in out.chunks_exact_mut(components.len() / d).enumerate() {
                for ((r, &v), m) in row.iter_mut().zip(x.row(i)).zip(mean) {
                    *r = f64::from(v) - m;
                }
                for ((o, component), scale) in out.iter_mut().zip(components.chunks_exact(d)).zip(scales) {
                    *o = (dot(row, component) * scale) as f32;
                }
            }
        }
    }
    Simd::detect().run(Project(x, mean, components, scales, row, out));
}

/// A sum over 32 lanes, joined in halves.
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0f64; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            lanes[l] += a[l] * b[l];
        }
    }
    for l in 0..a_rest.len().min(b_rest.len()) {
        lanes[l] += a_rest[l] * b_rest[l];
    }
    // Constant lengths, so that all of it stays in registers.
    for l in 0..16 {
        lanes[l] += lanes[l + 16];
    }
    for l in 0..8 {
        lanes[l] += lanes[l + 8];
    }
    for l in 0..4 {
        lanes[l] += lanes[l + 4];
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
}

/// The largest size of a value; 0 for none.
pub(crate) fn largest(values: &[f32]) -> f32 {
    struct Largest<'a>(&'a [f32]);
    impl Kernel for Largest<'_> {
        type Output = f32;
        #[inline(always)]
        fn run<const ROWS: usize>(self) -> f32 {
            let mut lanes = [0f32; 64];
            for block in self.0.chunks(64) {
                for (l, v) in lanes.iter_mut().zip(block) {
                    *l = if v.abs() > *l { v.abs() } else { *l };
                }
            }
            lanes.into_iter().fold(0.0, f32::max)
        }
    }
    Simd::detect().run(Largest(values))
}

/// Adds `from` to `to`, value by value.
pub(crate) fn add<T: Copy + Into<f64>>(to: &mut [f64], from: &[T]) {
    struct Add<'a, T>(&'a mut [f64], &'a [T]);
    impl<T: Copy + Into<f64>> Kernel for Add<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<const ROWS: usize>(self) {
            for (t, &f) in self.0.iter_mut().zip(self.1) {
                *t += f.into();
            }
        }
    }
    Simd::detect().run(Add(to, from));
}
