//! Directions that hold most of what tells rows apart.

use crate::coded::proxy::unit_factor;
use planisphere_core::{CounterRng, Matrix, MatrixView};
use planisphere_kernels::{Kernel, Simd, rows, tiles};
use rayon::prelude::*;

/// Rows that the directions are found from: so many, and so many for each direction.
const SAMPLE: usize = 1024;
const FOR_EACH: usize = 8;
/// Passes of the subspace iteration; the directions need to be good, not converged.
const PASSES: usize = 3;

#[derive(Clone, Debug)]
/// Orthonormal directions in the space of the columns, and the center from which rows are seen.
pub(crate) struct Basis {
    /// m × d, orthonormal but for the rounding to f32; `None` for the axes themselves.
    pub(crate) directions: Option<Matrix>,
    /// A point near the mean of the rows, d.
    pub(crate) center: Vec<f32>,
    /// Share of the variance of the sample that lies in the directions, in [0, 1].
    pub(crate) share: f64,
}

impl Basis {
    /// `m` directions for the rows of `x`, each divided by its length if the `squares` of the lengths are given.
    ///
    /// The leading directions of a sample by subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4), turned at
    /// random within their span: so that the coordinates of a row are of about equal size, as its bytes need them.
    pub(crate) fn find(simd: Simd, x: MatrixView<'_>, squares: Option<&[f32]>, m: usize, seed: u64) -> Self {
        let (n, d) = (x.rows(), x.cols());
        let m = m.min(d);
        let s = n.min(SAMPLE.max(FOR_EACH * m));
        let draws = CounterRng::new(seed, "proxy").at(0, 0);
        // One row out of each stretch of n / s.
        let pick = |i: usize| {
            let (from, to) = (i * n / s, (i + 1) * n / s);
            from + draws.below(i as u64, (to - from) as u32) as usize
        };
        let mut sample = Vec::with_capacity(s * d);
        for i in 0..s {
            let row = pick(i);
            let f = squares.map_or(1.0, |q| unit_factor(q[row]));
            sample.extend(x.row(row).iter().map(|v| v * f));
        }
        let mut center = vec![0f64; d];
        for row in sample.chunks_exact(d) {
            for (c, &v) in center.iter_mut().zip(row) {
                *c += f64::from(v);
            }
        }
        let center: Vec<f32> = center.iter().map(|c| (c / s as f64) as f32).collect();
        let mut across = vec![0f32; s * d];
        let mut total = 0f64;
        for (i, row) in sample.chunks_exact_mut(d).enumerate() {
            for (j, (v, c)) in row.iter_mut().zip(&center).enumerate() {
                *v -= c;
                across[j * s + i] = *v;
                total += f64::from(*v) * f64::from(*v);
            }
        }
        if m == d && even(&sample, d) {
            return Self { directions: None, center, share: 1.0 };
        }
        let normal = CounterRng::new(seed, "proxy directions").at(0, 0);
        let mut q: Vec<f64> = (0..m * d).map(|i| f64::from(normal.normal(i as u64))).collect();
        orthonormalize(simd, &mut q, d, if m < d { 1 } else { 2 });
        let mut share = 1.0;
        if m < d {
            let mut image = vec![0f32; m * s];
            let mut next = vec![0f32; m * d];
            for pass in 0..=PASSES {
                let q32: Vec<f32> = q.iter().map(|&v| v as f32).collect();
                products(simd, &q32, &sample, d, &mut image);
                if pass == PASSES {
                    let held: f64 = image.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
                    share = if total > 0.0 { (held / total).min(1.0) } else { 1.0 };
                    break;
                }
                products(simd, &image, &across, s, &mut next);
                q.iter_mut().zip(&next).for_each(|(q, &v)| *q = f64::from(v));
                orthonormalize(simd, &mut q, d, if pass + 1 == PASSES { 2 } else { 1 });
            }
            turn(simd, &mut q, d, seed);
        }
        let directions = q.iter().map(|&v| v as f32).collect();
        Self { directions: Matrix::from_vec(m, d, directions).ok(), center, share }
    }
}

impl Basis {
    /// Number of directions.
    pub(crate) fn count(&self) -> usize {
        self.directions.as_ref().map_or(self.center.len(), Matrix::rows)
    }

    /// The image of the center.
    pub(crate) fn shift(&self, simd: Simd) -> Vec<f32> {
        let Some(directions) = &self.directions else { return self.center.clone() };
        let mut shift = vec![0f32; directions.rows()];
        rows::dot_to_rows(simd, &self.center, directions.view(), &mut shift);
        shift
    }
}

/// Whether the largest coordinate of a row is mostly no larger than in rows of normal numbers.
fn even(sample: &[f32], d: usize) -> bool {
    let rows = sample.chunks_exact(d);
    let count = rows.len();
    let spiky = rows
        .filter(|row| {
            let max = row.iter().fold(0f32, |m, v| m.max(v.abs()));
            let mean = row.iter().map(|v| v * v).sum::<f32>() / d as f32;
            max * max > 25.0 * mean
        })
        .count();
    spiky * 10 <= count
}

/// Products of each row of `a` with each row of `b`, both of length `len`, on all threads.
fn products(simd: Simd, a: &[f32], b: &[f32], len: usize, out: &mut [f32]) {
    const ROWS: usize = 4;
    let n = b.len() / len;
    out.par_chunks_mut(ROWS * n).zip(a.par_chunks(ROWS * len)).for_each(|(out, a)| {
        if let (Ok(a), Ok(b)) = (MatrixView::new(a.len() / len, len, a), MatrixView::new(n, len, b)) {
            tiles::dot_tiles(simd, a, b, out);
        }
    });
}

/// Rows that are made orthogonal to all before them side by side.
const BLOCK: usize = 16;

/// Makes the rows of `q`, `d` long, orthonormal by Gram and Schmidt's method, taking parts away `times` times: twice gives
/// them to the last bits. A row that depends on those before it is replaced by the first axis that does not.
fn orthonormalize(simd: Simd, q: &mut [f64], d: usize, times: usize) {
    let m = q.len() / d;
    for first in (0..m).step_by(BLOCK) {
        let (before, rest) = q.split_at_mut(first * d);
        let rows = &mut rest[..BLOCK.min(m - first) * d];
        rows.par_chunks_exact_mut(d).for_each(|row| simd.run(Remove { before, row, times }));
        for i in first..first + rows.len() / d {
            let (before, rest) = q.split_at_mut(i * d);
            let row = &mut rest[..d];
            let size = norm(simd, row);
            simd.run(Remove { before: &before[first * d..], row, times });
            let mut left = norm(simd, row);
            let mut axis = 0;
            while left <= 1e-7 * size || left == 0.0 {
                row.fill(0.0);
                row[axis % d] = 1.0;
                axis += 1;
                simd.run(Remove { before, row, times: 2 });
                left = norm(simd, row);
                if left < 1e-3 {
                    left = 0.0;
                }
            }
            row.iter_mut().for_each(|r| *r /= left);
        }
    }
}

/// Turns the rows of `q` within their span at random.
fn turn(simd: Simd, q: &mut [f64], d: usize, seed: u64) {
    let m = q.len() / d;
    let normal = CounterRng::new(seed, "proxy turn").at(0, 0);
    let mut h: Vec<f64> = (0..m * m).map(|i| f64::from(normal.normal(i as u64))).collect();
    orthonormalize(simd, &mut h, m, 2);
    let old = q.to_vec();
    q.par_chunks_exact_mut(d).zip(h.par_chunks_exact(m)).for_each(|(row, h)| {
        row.fill(0.0);
        simd.run(Add { rows: &old, factors: h, to: row });
    });
}

const LANES: usize = 8;

/// Takes from `row` its parts along the rows of `before`.
struct Remove<'a> {
    before: &'a [f64],
    row: &'a mut [f64],
    times: usize,
}

impl Kernel for Remove<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for _ in 0..self.times {
            for b in self.before.chunks_exact(self.row.len()) {
                let p = dot(b, self.row);
                add(-p, b, self.row);
            }
        }
    }
}

/// Adds to `to` each of `rows` times its factor.
struct Add<'a> {
    rows: &'a [f64],
    factors: &'a [f64],
    to: &'a mut [f64],
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for (row, &f) in self.rows.chunks_exact(self.to.len()).zip(self.factors) {
            add(f, row, self.to);
        }
    }
}

struct Norm<'a>(&'a [f64]);

impl Kernel for Norm<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> f64 {
        dot(self.0, self.0).sqrt()
    }
}

fn norm(simd: Simd, row: &[f64]) -> f64 {
    simd.run(Norm(row))
}

#[inline(always)]
fn add(factor: f64, row: &[f64], to: &mut [f64]) {
    for (t, &r) in to.iter_mut().zip(row) {
        *t = factor.mul_add(r, *t);
    }
}

/// 32 partial sums, which fill vector registers, added as a tree.
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut s = [[0f64; LANES]; 4];
    let (a_whole, a_rest) = a.as_chunks::<{ 4 * LANES }>();
    let (b_whole, b_rest) = b.as_chunks::<{ 4 * LANES }>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for (t, s) in s.iter_mut().enumerate() {
            for l in 0..LANES {
                s[l] = a[t * LANES + l].mul_add(b[t * LANES + l], s[l]);
            }
        }
    }
    for (i, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        s[0][i % LANES] = a.mul_add(*b, s[0][i % LANES]);
    }
    let mut sum = 0.0;
    let [a, b, c, d] = s;
    for ((a, b), (c, d)) in a.into_iter().zip(b).zip(c.into_iter().zip(d)) {
        sum += (a + c) + (b + d);
    }
    sum
}
