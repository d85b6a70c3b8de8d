//! Exact search: one panel of queries against all rows.
//!
//! A matrix product gives every distance to within a bound that is proven for any order of summation
//! ([`planisphere_kernels::panel::error_bound`]). A pair is dropped only if even the lower end of its interval lies above
//! the k-th smallest upper end seen for that query; what is left, k rows and a few more, is computed exactly. So the
//! result does not depend on the product's rounding, and thereby on the machine.

use crate::error::Result;
use crate::metric::Metric;
use planisphere_core::{CancelToken, Matrix, MatrixView};
use planisphere_kernels::{Kernel, Simd, panel, rows};

/// Rows that one product covers: with 128 queries, half a megabyte of distances at most.
const BLOCK: usize = 1024;

/// Candidates of a query beyond which exact distances decide who stays: bounds memory where rows tie.
const CROWD: usize = 4096;

/// The data as the search needs it.
pub(crate) struct Prepared<'a> {
    given: MatrixView<'a>,
    /// Data of extreme size is searched at a power of two of its size,
    scaled: Option<Matrix>,
    /// and distances are multiplied by this.
    unscale: f32,
    /// What the products are taken of, where it is not the data: rows far from the origin are moved to their mean, since the
    /// margin grows with their norms.
    centered: Option<Matrix>,
    metric: Metric,
    simd: Simd,
    /// Squared norm of each row.
    norms: Vec<f32>,
    /// What orders the pairs of a query is at least `offset[j] - slope[j] * dot` less the query's share of the margin,
    offset: Vec<f32>,
    slope: Vec<f32>,
    /// and at most `width[j]` more, plus the query's share.
    width: Vec<f32>,
    eps: f32,
}

/// Buffers of one thread.
#[derive(Default)]
pub(crate) struct Scratch {
    dots: Vec<f32>,
    pools: Vec<Pool>,
    exact: Vec<(f32, u32)>,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(x: MatrixView<'a>, metric: Metric, simd: Simd) -> Self {
        let (scaled, unscale) = match metric {
            Metric::Euclidean => rescaled(x),
            Metric::Cosine => (rescaled_rows(x), 1.0),
        };
        let v = scaled.as_ref().map_or(x, Matrix::view);
        let centered = if metric == Metric::Euclidean { centered(v) } else { None };
        let v = centered.as_ref().map_or(v, Matrix::view);
        let norms: Vec<f32> = (0..v.rows()).map(|i| rows::dot(simd, v.row(i), v.row(i))).collect();
        let eps = panel::error_bound(v.cols());
        // Products of subnormal size err by up to MIN_POSITIVE each, whatever their size.
        let tiny = (v.cols() as f32 + 20.0) * f32::MIN_POSITIVE;
        let (offset, slope, width) = match metric {
            // d² = |q|² + |r|² − 2 q·r; its error is at most ε (|q|² + |r|²) since 2 |q| |r| is at most that. The part of
            // the query is the same for all r and is left out of the comparison.
            Metric::Euclidean => (
                norms.iter().map(|r| r - (eps * r + tiny)).collect(),
                vec![2.0; v.rows()],
                norms.iter().map(|r| 2.0 * (eps * r + tiny)).collect(),
            ),
            // |q| (1 − d) = q·r / |r|; its error is at most ε |q|.
            Metric::Cosine => (
                vec![0.0; v.rows()],
                norms.iter().map(|&r| if r > 0.0 { 1.0 / r.sqrt() } else { 0.0 }).collect(),
                vec![0.0; v.rows()],
            ),
        };
        Self { given: x, scaled, unscale, centered, metric, simd, norms, offset, slope, width, eps }
    }

    fn rows(&self) -> MatrixView<'_> {
        self.scaled.as_ref().map_or(self.given, Matrix::view)
    }

    /// The neighbors of rows `from..to`, into their places of `ids` and `dists`.
    #[allow(clippy::too_many_arguments)] // the panel, its buffers and its output: each is used once, here
    pub(crate) fn panel(
        &self,
        from: usize,
        to: usize,
        k: usize,
        token: &CancelToken,
        scratch: &mut Scratch,
        ids: &mut [u32],
        dists: &mut [f32],
    ) -> Result<()> {
        let x = self.rows();
        let multiplied = self.centered.as_ref().map_or(x, Matrix::view);
        let queries = multiplied.slice(from, to);
        let n = x.rows();
        scratch.pools.resize_with(to - from, Pool::default);
        for (q, pool) in scratch.pools.iter_mut().enumerate() {
            let norm = self.norms[from + q];
            let margin = match self.metric {
                Metric::Euclidean => self.eps * norm,
                Metric::Cosine => self.eps * norm.sqrt(),
            };
            pool.start(k, margin);
        }
        let mut block = 0;
        while block < n {
            token.check()?;
            let end = (block + BLOCK).min(n);
            scratch.dots.resize((to - from) * (end - block), 0.0);
            panel::dot_panel(queries, multiplied.slice(block, end), &mut scratch.dots);
            for (q, pool) in scratch.pools.iter_mut().enumerate() {
                self.simd.run(Filter {
                    pool,
                    dots: &scratch.dots[q * (end - block)..(q + 1) * (end - block)],
                    offset: &self.offset[block..end],
                    slope: &self.slope[block..end],
                    width: &self.width[block..end],
                    first: block as u32,
                    skip: (from + q) as u32,
                });
                if pool.entries.len() > CROWD.max(4 * k) {
                    // Ties and near ties that only exact distances tell apart: the k best of them are all that matter.
                    pool.compact();
                    self.settle(from + q, k, pool, &mut scratch.exact);
                    pool.keep(&mut scratch.exact);
                }
            }
            block = end;
        }
        for (q, pool) in scratch.pools.iter_mut().enumerate() {
            pool.compact();
            self.settle(from + q, k, pool, &mut scratch.exact);
            for (p, &(d, id)) in scratch.exact.iter().enumerate() {
                ids[q * k + p] = id;
                dists[q * k + p] = d;
            }
        }
        Ok(())
    }

    /// The exact distances of row `i` to all rows, itself too: to the bit those that a panel gives.
    pub(crate) fn distances(&self, i: usize, out: &mut [f32]) {
        let x = self.rows();
        match self.metric {
            Metric::Euclidean => {
                rows::squared_euclidean_to_rows(self.simd, x.row(i), x, out);
                out.iter_mut().for_each(|d| *d = d.sqrt() * self.unscale);
            }
            Metric::Cosine => {
                rows::dot_to_rows(self.simd, x.row(i), x, out);
                for (d, &norm) in out.iter_mut().zip(&self.norms) {
                    *d = rows::cosine_from_dots(*d, self.norms[i], norm);
                }
            }
        }
    }

    /// The exact distances of a query's candidates, the k best by (distance, id) in order.
    fn settle(&self, query: usize, k: usize, pool: &Pool, exact: &mut Vec<(f32, u32)>) {
        let row = self.rows().row(query);
        exact.clear();
        exact.extend(pool.entries.iter().map(|e| (self.distance(query, row, e.id), e.id)));
        let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if exact.len() > k {
            exact.select_nth_unstable_by(k - 1, order);
            exact.truncate(k);
        }
        exact.sort_unstable_by(order);
    }

    /// The exact distance of row `i`, whose values are `row`, to row `j`.
    fn distance(&self, i: usize, row: &[f32], j: u32) -> f32 {
        let other = self.rows().row(j as usize);
        match self.metric {
            Metric::Euclidean => rows::squared_euclidean(self.simd, row, other).sqrt() * self.unscale,
            Metric::Cosine => {
                rows::cosine_from_dots(rows::dot(self.simd, row, other), self.norms[i], self.norms[j as usize])
            }
        }
    }
}

/// A row that may be among the k nearest: what orders the rows lies in `lower..=upper`.
#[derive(Clone, Copy)]
struct Entry {
    lower: f32,
    upper: f32,
    id: u32,
}

/// The candidates of one query.
#[derive(Default)]
struct Pool {
    entries: Vec<Entry>,
    /// Nothing whose lower end, without the query's share of the margin, is above this can be among the k nearest.
    cut: f32,
    /// Entries at which the pool is thinned out next.
    limit: usize,
    k: usize,
    /// The query's share of the margin, to be added at both ends.
    margin: f32,
}

impl Pool {
    fn start(&mut self, k: usize, margin: f32) {
        self.entries.clear();
        self.cut = f32::INFINITY;
        self.k = k;
        self.limit = 2 * k + 64;
        self.margin = margin;
    }

    /// Drops what cannot be among the k nearest.
    #[inline(never)]
    fn compact(&mut self) {
        if self.entries.len() > self.k {
            let (_, kth, _) = self.entries.select_nth_unstable_by(self.k - 1, |a, b| a.upper.total_cmp(&b.upper));
            let upper = kth.upper;
            self.cut = upper + self.margin;
            self.entries.retain(|e| e.lower <= upper);
        }
        self.limit = (2 * self.entries.len()).max(2 * self.k + 64);
    }

    /// Drops all entries but those of `best`.
    fn keep(&mut self, best: &mut [(f32, u32)]) {
        best.sort_unstable_by_key(|e| e.1);
        self.entries.retain(|e| best.binary_search_by_key(&e.id, |b| b.1).is_ok());
        self.limit = 2 * self.k + 64;
    }
}

/// Adds to a pool what a block of products does not rule out.
struct Filter<'a> {
    pool: &'a mut Pool,
    dots: &'a [f32],
    offset: &'a [f32],
    slope: &'a [f32],
    width: &'a [f32],
    first: u32,
    skip: u32,
}

#[allow(clippy::neg_cmp_op_on_partial_ord)] // NaN (an overflow in the product) must rule nothing out
impl Kernel for Filter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(mut self) {
        const STEP: usize = 32;
        let n = self.dots.len();
        let mut at = 0;
        while at < n {
            let end = (at + STEP).min(n);
            // Most steps hold nothing: one comparison of all lanes at once tells.
            let mut lower = [f32::INFINITY; STEP];
            let mut any = false;
            if end - at == STEP {
                // Fixed lengths, so that the loops become straight vector code.
                let (d, o, s) = (&self.dots[at..end], &self.offset[at..end], &self.slope[at..end]);
                for l in 0..STEP {
                    lower[l] = (-s[l]).mul_add(d[l], o[l]);
                }
                for &l in &lower {
                    any |= !(l > self.pool.cut);
                }
            } else {
                for (l, i) in (at..end).enumerate() {
                    lower[l] = (-self.slope[i]).mul_add(self.dots[i], self.offset[i]);
                }
                any = true;
            }
            if any {
                self.take(at, end, &lower);
            }
            at = end;
        }
    }
}

#[allow(clippy::neg_cmp_op_on_partial_ord)] // NaN (an overflow in the product) must rule nothing out
impl Filter<'_> {
    #[inline(always)]
    fn take(&mut self, at: usize, end: usize, lower: &[f32]) {
        for (&l, i) in lower.iter().zip(at..end) {
            let id = self.first + i as u32;
            if !(l > self.pool.cut) && id != self.skip {
                let margin = self.pool.margin;
                let (lower, upper) = (l - margin, l + self.width[i] + margin);
                self.pool.entries.push(if lower <= upper {
                    Entry { lower, upper, id }
                } else {
                    Entry { lower: f32::NEG_INFINITY, upper: f32::INFINITY, id }
                });
                if self.pool.entries.len() >= self.pool.limit {
                    self.pool.compact();
                }
            }
        }
    }
}

/// Squares of values above this, summed over many columns, may overflow; below the other, they lose precision.
const LARGE: f32 = 1e15;
const SMALL: f32 = 1e-12;

fn largest(row: &[f32]) -> f32 {
    row.iter().fold(0f32, |m, v| m.max(v.abs()))
}

/// 2ᵉ that brings `max` near 1, and its inverse.
fn power_of_two(max: f32) -> (f32, f32) {
    let e = ((max.to_bits() >> 23) as i32 - 127).clamp(-126, 126);
    let pow = |e: i32| f32::from_bits(((e + 127) as u32) << 23);
    (pow(-e), pow(e))
}

/// The rows less the mean row, if most of their squared norm is the mean's. Distances stay what they were up to the rounding
/// of one subtraction, which the margin has room for.
fn centered(x: MatrixView<'_>) -> Option<Matrix> {
    let (n, d) = (x.rows(), x.cols());
    let mut mean = vec![0f64; d];
    let mut squares = 0f64;
    for i in 0..n {
        for (m, &v) in mean.iter_mut().zip(x.row(i)) {
            *m += f64::from(v);
            squares += f64::from(v) * f64::from(v);
        }
    }
    mean.iter_mut().for_each(|m| *m /= n as f64);
    let offset: f64 = mean.iter().map(|m| m * m).sum();
    if offset * n as f64 <= 0.9 * squares {
        return None;
    }
    let mean: Vec<f32> = mean.into_iter().map(|m| m as f32).collect();
    let data = (0..n).flat_map(|i| x.row(i).iter().zip(&mean).map(|(v, m)| v - m)).collect();
    Matrix::from_vec(n, d, data).ok()
}

/// For values of extreme size: all values times a power of two, and the factor that takes distances back.
fn rescaled(x: MatrixView<'_>) -> (Option<Matrix>, f32) {
    let max = largest(x.data());
    if max == 0.0 || (SMALL..LARGE).contains(&max) {
        return (None, 1.0);
    }
    let (down, up) = power_of_two(max);
    let data = x.data().iter().map(|v| v * down).collect();
    (Matrix::from_vec(x.rows(), x.cols(), data).ok(), up)
}

/// The same for cosine, where each row may have a size of its own.
fn rescaled_rows(x: MatrixView<'_>) -> Option<Matrix> {
    let extreme = |m: f32| m != 0.0 && !(SMALL..LARGE).contains(&m);
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
