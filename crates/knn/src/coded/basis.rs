//! Directions that hold most of what tells rows apart.

use crate::coded::proxy::unit_factor;
use crate::coded::sample::stretches;
use crate::error::Result;
use planisphere_core::{CancelToken, CounterRng, Matrix, MatrixView};
use planisphere_kernels::{Kernel, Simd, tiles};
use rayon::prelude::*;

/// Rows that the directions are found from: so many, and so many for each direction.
const SAMPLE: usize = 1024;
const FOR_EACH: usize = 8;
/// Directions that hold less of the variance after the first pass will not hold enough after the last.
const HOPELESS: f64 = 0.77;
/// Passes of the subspace iteration; the directions need to be good, not converged.
const PASSES: usize = 3;

/// Squared distance from the center, in that of the median row, beyond which a row of the sample does not count.
const FAR: f64 = 1e4;
/// Columns up to which the axes are turned where rows are not even in them: it takes d³ steps.
const TURNED: usize = 512;

/// Orthonormal directions in the space of the columns, and the center from which rows are seen.
#[derive(Clone, Debug)]
pub(crate) struct Basis {
    /// m × d, orthonormal but for the rounding to f32; `None` for the axes themselves.
    pub(crate) directions: Option<Matrix>,
    /// A point near the mean of the rows, d.
    pub(crate) center: Vec<f32>,
}

/// Rows for a start, centered.
struct Sample {
    rows: Vec<f32>,
    center: Vec<f32>,
    count: usize,
}

impl Sample {
    /// One row out of each stretch of n / count.
    fn take(x: MatrixView<'_>, squares: Option<&[f32]>, count: usize, seed: u64) -> Self {
        let (n, d) = (x.rows(), x.cols());
        let mut rows = Vec::with_capacity(count * d);
        for row in stretches(n, count, seed, "proxy") {
            let row = row as usize;
            let f = squares.map_or(1.0, |q| unit_factor(q[row]));
            rows.extend(x.row(row).iter().map(|v| v * f));
        }
        let mut center = mean(&rows, d);
        let squares: Vec<f64> = rows.chunks_exact(d).map(|row| apart(row, &center)).collect();
        // A row that is very far from all others would take the center with it, and its direction would be all that counts.
        let mut sorted = squares.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let most = FAR * sorted[count / 2];
        let count = if sorted[count - 1] > most {
            let kept = rows.chunks_exact(d).zip(&squares).filter(|(_, s)| **s <= most);
            rows = kept.flat_map(|(row, _)| row.iter().copied()).collect();
            center = mean(&rows, d);
            rows.len() / d
        } else {
            count
        };
        for row in rows.chunks_exact_mut(d) {
            row.iter_mut().zip(&center).for_each(|(v, c)| *v -= c);
        }
        Self { rows, center, count }
    }
}

fn energy(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v) * f64::from(v)).sum()
}

fn mean(rows: &[f32], d: usize) -> Vec<f32> {
    let mut sum = vec![0f64; d];
    for row in rows.chunks_exact(d) {
        sum.iter_mut().zip(row).for_each(|(c, &v)| *c += f64::from(v));
    }
    let count = (rows.len() / d) as f64;
    sum.iter().map(|c| (c / count) as f32).collect()
}

fn apart(row: &[f32], center: &[f32]) -> f64 {
    row.iter().zip(center).map(|(&v, &c)| (f64::from(v) - f64::from(c)).powi(2)).sum()
}

impl Basis {
    /// The axes of the columns, or, if rows have few large values in them and there are not too many, others at random.
    pub(crate) fn whole(simd: Simd, x: MatrixView<'_>, squares: Option<&[f32]>, seed: u64) -> Self {
        let d = x.cols();
        let Sample { rows, center, .. } = Sample::take(x, squares, x.rows().min(SAMPLE), seed);
        let mut directions = None;
        if d <= TURNED && !even(&rows, d) {
            let mut q = vec![0f64; d * d];
            (0..d).for_each(|i| q[i * d + i] = 1.0);
            turn(simd, &mut q, d, seed);
            if orthonormal(simd, &q, d) {
                directions = Matrix::from_vec(d, d, q.iter().map(|&v| v as f32).collect()).ok();
            }
        }
        Self { directions, center }
    }

    /// `m` < d directions for the rows of `x`, each divided by its length if the `squares` of the lengths are given; and
    /// the share of the variance of a sample that lies in them, in [0, 1].
    ///
    /// The leading directions of the sample by subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4), turned at
    /// random within their span: so that the coordinates of a row are of about equal size, as its bytes need them.
    pub(crate) fn find(
        simd: Simd,
        x: MatrixView<'_>,
        squares: Option<&[f32]>,
        m: usize,
        seed: u64,
        token: &CancelToken,
    ) -> Result<(Self, f64)> {
        let d = x.cols();
        let Sample { rows, center, count } = Sample::take(x, squares, x.rows().min(SAMPLE.max(FOR_EACH * m)), seed);
        let mut across = vec![0f32; rows.len()];
        let total = energy(&rows);
        for (i, row) in rows.chunks_exact(d).enumerate() {
            for (j, &v) in row.iter().enumerate() {
                across[j * count + i] = v;
            }
        }
        if !(total > 0.0 && total.is_finite()) {
            // Rows that are all equal lie in no direction more than in another.
            return Ok((Self { directions: None, center }, 0.0));
        }
        let normal = CounterRng::new(seed, "proxy directions").at(0, 0);
        let mut q: Vec<f64> = (0..m * d).map(|i| f64::from(normal.normal(i as u64))).collect();
        orthonormalize(simd, &mut q, d, 1);
        let mut image = vec![0f32; m * count];
        let mut next = vec![0f32; m * d];
        for pass in 0..PASSES {
            token.check()?;
            let q32: Vec<f32> = q.iter().map(|&v| v as f32).collect();
            products(simd, &q32, &rows, d, &mut image);
            if pass == 1 && energy(&image) < HOPELESS * total {
                return Ok((Self { directions: None, center }, 0.0));
            }
            products(simd, &image, &across, count, &mut next);
            q.iter_mut().zip(&next).for_each(|(q, &v)| *q = f64::from(v));
            orthonormalize(simd, &mut q, d, if pass + 1 == PASSES { 2 } else { 1 });
        }
        turn(simd, &mut q, d, seed);
        let directions: Vec<f32> = q.iter().map(|&v| v as f32).collect();
        products(simd, &directions, &rows, d, &mut image);
        let share = if orthonormal(simd, &q, d) { energy(&image) / total } else { 0.0 };
        Ok((Self { directions: Matrix::from_vec(m, d, directions).ok(), center }, share))
    }

    /// Number of directions.
    pub(crate) fn count(&self) -> usize {
        self.directions.as_ref().map_or(self.center.len(), Matrix::rows)
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
/// them to the last bits. A row that depends on those before it is replaced by the next axis that does not.
fn orthonormalize(simd: Simd, q: &mut [f64], d: usize, times: usize) {
    let m = q.len() / d;
    // An axis that depended on the rows before some row depends on those before any later one.
    let mut axis = 0;
    for first in (0..m).step_by(BLOCK) {
        let (before, rest) = q.split_at_mut(first * d);
        let rows = &mut rest[..BLOCK.min(m - first) * d];
        let sizes: Vec<f64> = rows.chunks_exact(d).map(|row| norm(simd, row)).collect();
        rows.par_chunks_exact_mut(d).for_each(|row| simd.run(Remove { before, row, times }));
        for (i, size) in (first..).zip(sizes) {
            let (before, rest) = q.split_at_mut(i * d);
            let row = &mut rest[..d];
            simd.run(Remove { before: &before[first * d..], row, times });
            let mut left = norm(simd, row);
            if left <= 1e-7 * size {
                left = 0.0;
            }
            while left == 0.0 && axis < d {
                row.fill(0.0);
                row[axis] = 1.0;
                axis += 1;
                simd.run(Remove { before, row, times: 2 });
                left = norm(simd, row);
                if left < 1e-3 {
                    left = 0.0;
                }
            }
            if left > 0.0 {
                row.iter_mut().for_each(|r| *r /= left);
            }
        }
    }
}

/// Whether the rows of `q` are orthonormal to far below the precision of f32.
fn orthonormal(simd: Simd, q: &[f64], d: usize) -> bool {
    q.par_chunks_exact(d).enumerate().all(|(i, row)| {
        q.chunks_exact(d).take(i + 1).enumerate().all(|(j, other)| {
            let want = if i == j { 1.0 } else { 0.0 };
            (simd.run(Product(row, other)) - want).abs() < 1e-10
        })
    })
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

struct Product<'a>(&'a [f64], &'a [f64]);

impl Kernel for Product<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> f64 {
        dot(self.0, self.1)
    }
}

fn norm(simd: Simd, row: &[f64]) -> f64 {
    simd.run(Product(row, row)).sqrt()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_orthonormal_for_data_of_any_rank() {
        let r = CounterRng::new(1, "rank").at(0, 0);
        let d = 200;
        for (name, value) in [
            (
                "few columns",
                Box::new(|i: usize, j: usize| if j < 60 { r.normal((i * d + j) as u64) } else { 0.0 })
                    as Box<dyn Fn(usize, usize) -> f32>,
            ),
            ("fewer columns", Box::new(|i, j| if j % 10 == 3 { r.normal((i * d + j) as u64) } else { 7.0 })),
            ("repeated columns", Box::new(|i, j| r.normal((i * d + j % 50) as u64))),
            ("all columns", Box::new(|i, j| r.normal((i * d + j) as u64))),
            ("nothing", Box::new(|_, _| 3.0)),
        ] {
            let x = Matrix::from_vec(1500, d, (0..1500 * d).map(|at| value(at / d, at % d)).collect()).unwrap();
            let (basis, share) = Basis::find(Simd::detect(), x.view(), None, 124, 5, &CancelToken::new()).unwrap();
            assert!(share <= 1.0 + 1e-6, "{name}: {share}");
            let Some(b) = basis.directions else {
                // Nothing to hold, or too little in any directions.
                assert!(["nothing", "all columns"].contains(&name), "{name}");
                continue;
            };
            for i in 0..b.rows() {
                for j in 0..=i {
                    let p: f64 = b.row(i).iter().zip(b.row(j)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                    assert!((p - if i == j { 1.0 } else { 0.0 }).abs() < 1e-5, "{name}: {i} {j} {p}");
                }
            }
        }
    }
}
