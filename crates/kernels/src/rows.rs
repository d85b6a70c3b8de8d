//! Distances and dot products between rows, in one canonical order of summation.
//!
//! [`Measure`]s say what is gathered over the elements: [`SquaredEuclidean`] and [`Dot`] here, those of [`crate::lp`] and
//! [`crate::ratio`]; [`pair`], [`to_rows`] and [`to_listed`] take any of them.
//!
//! Element `i` is added to partial sum `i % LANES` by a fused multiply-add, in ascending order of `i`; a last block
//! shorter than [`LANES`] is filled with zeros; the partial sums are added as a balanced tree (lane `l` and lane
//! `l + 16`, then `l + 8`, …). That shape is the contract: any level, and any number of rows at a time, gives the same
//! bits.

use crate::simd::{Kernel, Simd};
use planisphere_core::MatrixView;

/// Partial sums of a row: two 512-bit registers, or four of 256 bits.
pub const LANES: usize = 32;

/// What a pair of rows is measured by: something gathered over the elements, in the order of this module.
///
/// `R` rows at a time against one query only hide latency; the numbers of a pair do not depend on it.
pub trait Measure: Copy {
    /// The numbers of `q` and each of `rows`, all of the same length.
    fn of<const R: usize>(self, q: &[f32], rows: [&[f32]; R]) -> [f32; R];
}

/// Σ(aᵢ − bᵢ)².
#[derive(Clone, Copy, Debug)]
pub struct SquaredEuclidean;

/// Σ aᵢ bᵢ.
#[derive(Clone, Copy, Debug)]
pub struct Dot;

/// What is gathered over the elements of two rows. Two zeros must add nothing, since the last block is filled with them.
pub(crate) trait Term: Copy {
    fn add(self, acc: f32, a: f32, b: f32) -> f32;

    /// One element for each lane.
    #[inline(always)]
    fn block(self, acc: &mut [f32; LANES], a: &[f32; LANES], b: &[f32; LANES]) {
        for l in 0..LANES {
            acc[l] = self.add(acc[l], a[l], b[l]);
        }
    }

    /// Joins the partial results, as a balanced tree where the order matters.
    #[inline(always)]
    fn join(acc: [f32; LANES]) -> f32 {
        tree(acc)
    }
}

impl Term for SquaredEuclidean {
    #[inline(always)]
    fn add(self, acc: f32, a: f32, b: f32) -> f32 {
        let d = a - b;
        d.mul_add(d, acc)
    }
}

impl Term for Dot {
    #[inline(always)]
    fn add(self, acc: f32, a: f32, b: f32) -> f32 {
        a.mul_add(b, acc)
    }
}

impl Measure for SquaredEuclidean {
    #[inline(always)]
    fn of<const R: usize>(self, q: &[f32], rows: [&[f32]; R]) -> [f32; R] {
        gather([self; R], q, rows)
    }
}

impl Measure for Dot {
    #[inline(always)]
    fn of<const R: usize>(self, q: &[f32], rows: [&[f32]; R]) -> [f32; R] {
        gather([self; R], q, rows)
    }
}

/// Adds the partial sums as a balanced tree.
#[inline(always)]
fn tree(acc: [f32; LANES]) -> f32 {
    // Halves of constant length, which stay in registers; a loop over the length would go through memory.
    let acc = halved::<LANES, 16>(acc);
    let acc = halved::<16, 8>(acc);
    let [a, b, c, d] = halved::<8, 4>(acc);
    (a + c) + (b + d)
}

#[inline(always)]
fn halved<const N: usize, const HALF: usize>(acc: [f32; N]) -> [f32; HALF] {
    let mut out = [0f32; HALF];
    for l in 0..HALF {
        out[l] = acc[l] + acc[l + HALF];
    }
    out
}

/// One query against `R` rows of its length, each gathered by a term of its own.
///
/// Loops instead of `array::map` and `from_fn`, here and in what calls this: their closures are not always inlined, and
/// are then compiled for the build target's instructions.
#[inline(always)]
pub(crate) fn gather<const R: usize, T: Term>(terms: [T; R], q: &[f32], rows: [&[f32]; R]) -> [f32; R] {
    let mut acc = [[0f32; LANES]; R];
    let (q_blocks, q_tail) = q.as_chunks::<LANES>();
    let mut blocks: [&[[f32; LANES]]; R] = [q_blocks; R];
    for r in 0..R {
        // Of one length, so that the loop over them checks nothing.
        blocks[r] = &rows[r].as_chunks::<LANES>().0[..q_blocks.len()];
    }
    for (b, qb) in q_blocks.iter().enumerate() {
        for r in 0..R {
            terms[r].block(&mut acc[r], qb, &blocks[r][b]);
        }
    }
    if !q_tail.is_empty() {
        let qb = padded(q_tail);
        for r in 0..R {
            terms[r].block(&mut acc[r], &qb, &padded(rows[r].as_chunks::<LANES>().1));
        }
    }
    let mut out = [0f32; R];
    for r in 0..R {
        out[r] = T::join(acc[r]);
    }
    out
}

#[inline(always)]
fn padded(tail: &[f32]) -> [f32; LANES] {
    let mut b = [0f32; LANES];
    b[..tail.len()].copy_from_slice(tail);
    b
}

struct Pair<'a, M>(M, &'a [f32], &'a [f32]);

impl<M: Measure> Kernel for Pair<'_, M> {
    type Output = f32;
    #[inline(always)]
    fn run<const ROWS: usize>(self) -> f32 {
        self.0.of(self.1, [self.2])[0]
    }
}

/// Rows in some order.
trait Source<'a>: Copy {
    fn get(self, j: usize) -> &'a [f32];
}

impl<'a> Source<'a> for MatrixView<'a> {
    #[inline(always)]
    fn get(self, j: usize) -> &'a [f32] {
        self.row(j)
    }
}

#[derive(Clone, Copy)]
struct Listed<'a>(MatrixView<'a>, &'a [u32]);

impl<'a> Source<'a> for Listed<'a> {
    #[inline(always)]
    fn get(self, j: usize) -> &'a [f32] {
        self.0.row(self.1[j] as usize)
    }
}

/// One query against rows, `out[j]` for the j-th.
#[inline(always)]
fn one_to_many<'a, const R: usize, M: Measure>(measure: M, q: &[f32], rows: impl Source<'a>, out: &mut [f32]) {
    let mut j = 0;
    while j + R <= out.len() {
        let mut group = [q; R];
        for (r, row) in group.iter_mut().enumerate() {
            *row = rows.get(j + r);
        }
        out[j..j + R].copy_from_slice(&measure.of::<R>(q, group));
        j += R;
    }
    while j < out.len() {
        out[j] = measure.of(q, [rows.get(j)])[0];
        j += 1;
    }
}

struct Many<'a, M, S>(M, &'a [f32], S, &'a mut [f32]);

impl<'a, M: Measure, S: Source<'a>> Kernel for Many<'a, M, S> {
    type Output = ();
    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        one_to_many::<ROWS, M>(self.0, self.1, self.2, self.3);
    }
}

struct Block<'a, M>(M, MatrixView<'a>, MatrixView<'a>, &'a mut [f32]);

impl<M: Measure> Kernel for Block<'_, M> {
    type Output = ();
    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self(measure, a, b, out) = self;
        let m = b.rows();
        // Tiles of rows that stay in the first-level cache while the queries pass by.
        let tile = (16 * 1024 / (4 * b.cols().max(1))).clamp(ROWS, 256);
        let mut from = 0;
        while from < m {
            let to = (from + tile).min(m);
            for i in 0..a.rows() {
                one_to_many::<ROWS, M>(measure, a.row(i), b.slice(from, to), &mut out[i * m + from..i * m + to]);
            }
            from = to;
        }
    }
}

/// The measure of two rows.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn pair<M: Measure>(simd: Simd, measure: M, a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "rows of different lengths");
    simd.run(Pair(measure, a, b))
}

/// The measure of `q` and each row of `rows`, into `out`.
///
/// # Panics
/// If `q` is not as long as the rows, or `out` not as long as there are rows.
pub fn to_rows<M: Measure>(simd: Simd, measure: M, q: &[f32], rows: MatrixView<'_>, out: &mut [f32]) {
    check(q.len(), rows, 1, out);
    simd.run(Many(measure, q, rows, out));
}

/// The measure of `q` and the rows of `rows` with these ids, into `out`: to the bit what [`to_rows`] gives for them.
///
/// # Panics
/// If `q` is not as long as the rows, `out` not as long as `ids`, or an id is not that of a row.
pub fn to_listed<M: Measure>(simd: Simd, measure: M, q: &[f32], rows: MatrixView<'_>, ids: &[u32], out: &mut [f32]) {
    assert_eq!(q.len(), rows.cols(), "rows of different lengths");
    assert_eq!(out.len(), ids.len(), "one place for each id");
    simd.run(Many(measure, q, Listed(rows, ids), out));
}

/// Sum of squared differences of two rows.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn squared_euclidean(simd: Simd, a: &[f32], b: &[f32]) -> f32 {
    pair(simd, SquaredEuclidean, a, b)
}

/// Dot product of two rows.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn dot(simd: Simd, a: &[f32], b: &[f32]) -> f32 {
    pair(simd, Dot, a, b)
}

/// Cosine distance 1 − a·b / (|a| |b|) from the three dot products, in [0, 2]. Two zero vectors are at distance 0, a
/// zero vector and any other at 1, as umap-learn has it.
#[inline]
pub fn cosine_from_dots(ab: f32, aa: f32, bb: f32) -> f32 {
    if aa == 0.0 || bb == 0.0 {
        return if aa == bb { 0.0 } else { 1.0 };
    }
    let similarity = f64::from(ab) / (f64::from(aa) * f64::from(bb)).sqrt();
    (1.0 - similarity).clamp(0.0, 2.0) as f32
}

/// Cosine distance of two rows; see [`cosine_from_dots`]. Exactly 0 for equal rows.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn cosine(simd: Simd, a: &[f32], b: &[f32]) -> f32 {
    cosine_from_dots(dot(simd, a, b), dot(simd, a, a), dot(simd, b, b))
}

/// Squared Euclidean distances of `q` to each row of `rows`, into `out`.
///
/// # Panics
/// If `q` is not as long as the rows, or `out` not as long as there are rows.
pub fn squared_euclidean_to_rows(simd: Simd, q: &[f32], rows: MatrixView<'_>, out: &mut [f32]) {
    to_rows(simd, SquaredEuclidean, q, rows, out);
}

/// Dot products of `q` with each row of `rows`, into `out`.
///
/// # Panics
/// If `q` is not as long as the rows, or `out` not as long as there are rows.
pub fn dot_to_rows(simd: Simd, q: &[f32], rows: MatrixView<'_>, out: &mut [f32]) {
    to_rows(simd, Dot, q, rows, out);
}

/// Squared Euclidean distances of all rows of `a` to all rows of `b`, into `out`, row-major.
///
/// # Panics
/// If the rows differ in length, or `out` does not have `a.rows() * b.rows()` places.
pub fn squared_euclidean_block(simd: Simd, a: MatrixView<'_>, b: MatrixView<'_>, out: &mut [f32]) {
    check(a.cols(), b, a.rows(), out);
    simd.run(Block(SquaredEuclidean, a, b, out));
}

/// Dot products of all rows of `a` with all rows of `b`, into `out`, row-major.
///
/// # Panics
/// If the rows differ in length, or `out` does not have `a.rows() * b.rows()` places.
pub fn dot_block(simd: Simd, a: MatrixView<'_>, b: MatrixView<'_>, out: &mut [f32]) {
    check(a.cols(), b, a.rows(), out);
    simd.run(Block(Dot, a, b, out));
}

fn check(len: usize, rows: MatrixView<'_>, queries: usize, out: &[f32]) {
    assert_eq!(len, rows.cols(), "rows of different lengths");
    assert_eq!(Some(out.len()), queries.checked_mul(rows.rows()), "one place for each pair");
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::{CounterRng, Matrix};
    use proptest::prelude::*;

    fn random(rows: usize, cols: usize, seed: u64) -> Matrix {
        let d = CounterRng::new(seed, "rows").at(0, 0);
        Matrix::from_vec(rows, cols, (0..rows * cols).map(|i| d.normal(i as u64)).collect()).unwrap()
    }

    /// The contract of the module, word for word, without tricks.
    fn naive(a: &[f32], b: &[f32], term: impl Fn(f32, f32, f32) -> f32) -> f32 {
        let mut acc = vec![0f32; LANES];
        let len = a.len().next_multiple_of(LANES);
        for i in 0..len {
            let (x, y) = (a.get(i).copied().unwrap_or(0.0), b.get(i).copied().unwrap_or(0.0));
            acc[i % LANES] = term(acc[i % LANES], x, y);
        }
        while acc.len() > 1 {
            let half = acc.len() / 2;
            acc = (0..half).map(|l| acc[l] + acc[l + half]).collect();
        }
        acc[0]
    }

    proptest! {
        #[test]
        fn all_levels_follow_the_contract(n in 1usize..11, m in 1usize..9, d in 0usize..140, seed: u64) {
            let (a, b) = (random(m, d, seed), random(n, d, seed ^ 1));
            let square: Vec<u32> = (0..m).flat_map(|i| (0..n).map(move |j| (i, j)))
                .map(|(i, j)| naive(a.row(i), b.row(j), |s, x, y| (x - y).mul_add(x - y, s)).to_bits()).collect();
            let product: Vec<u32> = (0..m).flat_map(|i| (0..n).map(move |j| (i, j)))
                .map(|(i, j)| naive(a.row(i), b.row(j), |s, x, y| x.mul_add(y, s)).to_bits()).collect();
            let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            for simd in Simd::available() {
                let mut out = vec![0f32; m * n];
                squared_euclidean_block(simd, a.view(), b.view(), &mut out);
                prop_assert_eq!(&bits(&out), &square, "{:?}", simd);
                dot_block(simd, a.view(), b.view(), &mut out);
                prop_assert_eq!(&bits(&out), &product, "{:?}", simd);
                let mut one = vec![0f32; n];
                squared_euclidean_to_rows(simd, a.row(0), b.view(), &mut one);
                prop_assert_eq!(bits(&one), square[..n].to_vec());
                dot_to_rows(simd, a.row(0), b.view(), &mut one);
                prop_assert_eq!(bits(&one), product[..n].to_vec());
                prop_assert_eq!(squared_euclidean(simd, a.row(0), b.row(0)).to_bits(), square[0]);
                prop_assert_eq!(dot(simd, a.row(0), b.row(0)).to_bits(), product[0]);
                let ids: Vec<u32> = (0..n as u32).rev().chain(0..n as u32).collect();
                let mut listed = vec![0f32; 2 * n];
                to_listed(simd, SquaredEuclidean, a.row(0), b.view(), &ids, &mut listed);
                let want: Vec<u32> = ids.iter().map(|&j| square[j as usize]).collect();
                prop_assert_eq!(bits(&listed), want);
            }
        }

        #[test]
        fn close_to_f64(d in 1usize..400, seed: u64) {
            let m = random(2, d, seed);
            let exact: f64 = m.row(0).iter().zip(m.row(1)).map(|(x, y)| f64::from(x - y).powi(2)).sum();
            let got = f64::from(squared_euclidean(Simd::detect(), m.row(0), m.row(1)));
            prop_assert!((got - exact).abs() <= 2e-6 * exact);
        }
    }

    #[test]
    fn cosine_edges() {
        let s = Simd::detect();
        let (z, a, b) = ([0.0, 0.0, 0.0], [0.3, -0.7, 0.11], [-0.3, 0.7, -0.11]);
        assert_eq!(cosine(s, &z, &z), 0.0);
        assert_eq!(cosine(s, &z, &a), 1.0);
        assert_eq!(cosine(s, &a, &a), 0.0);
        assert_eq!(cosine(s, &a, &b), 2.0);
    }

    #[test]
    #[should_panic(expected = "different lengths")]
    fn lengths_are_checked() {
        dot(Simd::detect(), &[1.0], &[1.0, 2.0]);
    }
}
