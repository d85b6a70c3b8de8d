//! Exact search through matrix products: one panel of queries against all rows.
//!
//! A matrix product gives every distance to within a bound that is proven for any order of summation
//! ([`planisphere_kernels::panel::error_bound`]). A pair is dropped only if even the lower end of its interval lies above
//! the k-th smallest upper end seen for that query; what is left, k rows and a few more, is computed exactly. So the
//! result does not depend on the product's rounding, and thereby on the machine.

use crate::error::Result;
use crate::search::{Prepared, Scratch};
use crate::space::{Dense, Rows, Space};
use planisphere_core::{CancelToken, Matrix, MatrixView};
use planisphere_kernels::{Kernel, Simd, panel, rows};

/// Rows that one product covers: with 128 queries, half a megabyte of distances at most.
const BLOCK: usize = 1024;

/// Candidates of a query beyond which exact distances decide who stays: bounds memory where rows tie.
const CROWD: usize = 4096;

/// A unit in the last place of 1, halved: the relative error of a rounding.
const ROUNDING: f32 = f32::EPSILON / 2.0;

/// Bounds of the pairs' order, for prepared rows whose distance follows from dot products.
pub(crate) struct Panels {
    dense: Dense,
    simd: Simd,
    /// What the products are taken of, where it is not the rows: rows far from the origin are moved to their mean, since the
    /// margin grows with their norms.
    centered: Option<Matrix>,
    /// That mean.
    mean: Vec<f32>,
    /// Squared norm of each row that is multiplied.
    norms: Vec<f32>,
    /// What orders the pairs of a query is at least `offset[j] - slope[j] * dot` less the query's share of the margin,
    offset: Vec<f32>,
    slope: Vec<f32>,
    /// and at most `width[j]` more, plus the query's share.
    width: Vec<f32>,
    eps: f32,
    /// What products of subnormal size may be off by, whatever their size.
    tiny: f32,
}

impl Panels {
    /// Nothing unless the metric is one of products.
    pub(crate) fn new(dense: Dense, rows: &Rows<'_>, simd: Simd) -> Option<Self> {
        let x = rows.matrix()?;
        let moves = matches!(dense, Dense::Euclidean { .. } | Dense::Bounded);
        let mean = if moves { mean_of(x) } else { None };
        let centered = mean.as_ref().and_then(|mean| less(x, mean));
        let norms = match &centered {
            Some(v) => (0..v.rows()).map(|i| rows::dot(simd, v.row(i), v.row(i))).collect(),
            None if rows.norms().is_empty() => {
                (0..x.rows()).map(|i| planisphere_kernels::rows::dot(simd, x.row(i), x.row(i))).collect()
            }
            None => rows.norms().to_vec(),
        };
        let mut eps = panel::error_bound(x.cols());
        if dense == Dense::Bounded {
            // Distances that the bound makes equal: squares of rows of squared norm ½ are above 1 by the rounding of the rows
            // alone, 2 units for each row.
            eps += 8.0 * ROUNDING;
        }
        let tiny = (x.cols() as f32 + 20.0) * f32::MIN_POSITIVE;
        let n = x.rows();
        let (offset, slope, width) = match dense {
            // d² = |q|² + |r|² − 2 q·r; its error is at most ε (|q|² + |r|²) since 2 |q| |r| is at most that. The part of
            // the query is the same for all r and is left out of the comparison.
            Dense::Euclidean { .. } | Dense::Bounded => (
                norms.iter().map(|r| r - (eps * r + tiny)).collect(),
                vec![2.0; n],
                norms.iter().map(|r| 2.0 * (eps * r + tiny)).collect(),
            ),
            // |q| (1 − d) = q·r / |r|; its error is at most ε |q|.
            Dense::Angular => (
                vec![0.0; n],
                norms.iter().map(|&r| if r > 0.0 { 1.0 / r.sqrt() } else { 0.0 }).collect(),
                vec![0.0; n],
            ),
            // (1 − d) / |q| = (q / |q|)·r; its error is at most ε |r|. Products come divided by |q| (see `inverse_norm`),
            // and what orders them is their negative. Squares that were too small to be added up are in `tiny`.
            Dense::Dot => (
                norms.iter().map(|r| -eps * (r + tiny).sqrt()).collect(),
                vec![1.0; n],
                norms.iter().map(|r| 2.0 * eps * (r + tiny).sqrt()).collect(),
            ),
        };
        Some(Self { dense, simd, centered, mean: mean.unwrap_or_default(), norms, offset, slope, width, eps, tiny })
    }

    /// The margin's share of a query of this squared norm.
    fn margin(&self, norm: f32) -> f32 {
        match self.dense {
            Dense::Euclidean { .. } | Dense::Bounded => self.eps * norm,
            Dense::Angular => self.eps * norm.sqrt(),
            // Distances become equal where 1 less the product is rounded: by 2 roundings of 1 and of the product, of which
            // the second is in ε. An inverse norm of 0 stands for all that is too small or too large to be divided by.
            Dense::Dot => match inverse_norm(norm) {
                0.0 => f32::INFINITY,
                inverse => (4.0 * ROUNDING + self.tiny) * inverse,
            },
        }
    }

    /// The neighbors of rows `from..to`, into their places of `ids` and `dists`.
    #[allow(clippy::too_many_arguments)] // the panel, its buffers and its output: each is used once, here
    pub(crate) fn panel(
        &self,
        of: &Prepared<'_>,
        from: usize,
        to: usize,
        k: usize,
        token: &CancelToken,
        scratch: &mut Scratch,
        ids: &mut [u32],
        dists: &mut [f32],
    ) -> Result<()> {
        let Some(x) = of.rows.matrix() else { return Ok(()) };
        let queries = Queries {
            rows: &of.rows,
            first: from,
            multiplied: self.centered.as_ref().map_or(x, Matrix::view).slice(from, to),
            norms: &self.norms[from..to],
            own: true,
        };
        self.compare(&of.space, &of.rows, queries, k, token, scratch, ids, dists)
    }

    /// The neighbors of rows that the space prepared and that are none of `points`, which the panels were made from.
    #[allow(clippy::too_many_arguments)] // as `panel`
    pub(crate) fn others(
        &self,
        space: &Space,
        points: &Rows<'_>,
        asked: &Rows<'_>,
        k: usize,
        token: &CancelToken,
        scratch: &mut Scratch,
        ids: &mut [u32],
        dists: &mut [f32],
    ) -> Result<()> {
        let Some(x) = asked.matrix() else { return Ok(()) };
        let centered = if self.centered.is_some() { less(x, &self.mean) } else { None };
        let multiplied = centered.as_ref().map_or(x, Matrix::view);
        let norms: Vec<f32> =
            (0..x.rows()).map(|i| rows::dot(self.simd, multiplied.row(i), multiplied.row(i))).collect();
        let queries = Queries { rows: asked, first: 0, multiplied, norms: &norms, own: false };
        self.compare(space, points, queries, k, token, scratch, ids, dists)
    }

    #[allow(clippy::too_many_arguments)] // as `panel`
    fn compare(
        &self,
        space: &Space,
        points: &Rows<'_>,
        queries: Queries<'_, '_>,
        k: usize,
        token: &CancelToken,
        scratch: &mut Scratch,
        ids: &mut [u32],
        dists: &mut [f32],
    ) -> Result<()> {
        let Some(x) = points.matrix() else { return Ok(()) };
        let multiplied = self.centered.as_ref().map_or(x, Matrix::view);
        let count = queries.norms.len();
        let n = x.rows();
        scratch.pools.resize_with(count, Pool::default);
        for (pool, &norm) in scratch.pools.iter_mut().zip(queries.norms) {
            pool.start(k, self.margin(norm));
        }
        let mut block = 0;
        while block < n {
            token.check()?;
            let end = (block + BLOCK).min(n);
            let width = end - block;
            scratch.dots.resize(count * width, 0.0);
            panel::dot_panel(queries.multiplied, multiplied.slice(block, end), &mut scratch.dots);
            for (q, dots) in scratch.dots.chunks_exact_mut(width).enumerate() {
                if self.dense == Dense::Dot {
                    let inverse = inverse_norm(queries.norms[q]);
                    dots.iter_mut().for_each(|d| *d *= inverse);
                }
                let pool = &mut scratch.pools[q];
                self.simd.run(Filter {
                    pool,
                    dots,
                    offset: &self.offset[block..end],
                    slope: &self.slope[block..end],
                    width: &self.width[block..end],
                    first: block as u32,
                    skip: if queries.own { (queries.first + q) as u32 } else { u32::MAX },
                });
                if pool.entries.len() > CROWD.max(4 * k) {
                    // Ties and near ties that only exact distances tell apart: the k best of them are all that matter.
                    pool.compact();
                    settle(space, points, &queries, q, k, pool, &mut scratch.best);
                    pool.keep(scratch.best.entries());
                }
            }
            block = end;
        }
        for (q, pool) in scratch.pools.iter_mut().enumerate() {
            pool.compact();
            settle(space, points, &queries, q, k, pool, &mut scratch.best);
            scratch.best.write(&mut ids[q * k..(q + 1) * k], &mut dists[q * k..(q + 1) * k]);
        }
        Ok(())
    }
}

/// Rows that are compared with all points.
struct Queries<'q, 'm> {
    rows: &'q Rows<'m>,
    /// The first that is asked.
    first: usize,
    /// What the products are taken of.
    multiplied: MatrixView<'q>,
    /// Their squared norms.
    norms: &'q [f32],
    /// Whether the rows are the points, none of which is its own neighbor.
    own: bool,
}

/// 1 / |q| where both fit; 0 stands for the rest.
fn inverse_norm(squared: f32) -> f32 {
    let inverse = 1.0 / squared.sqrt();
    if squared >= f32::MIN_POSITIVE / ROUNDING && inverse > 0.0 { inverse } else { 0.0 }
}

/// The exact distances of a query's candidates, the k best by (distance, id) in order.
fn settle(
    space: &Space,
    points: &Rows<'_>,
    queries: &Queries<'_, '_>,
    query: usize,
    k: usize,
    pool: &Pool,
    best: &mut crate::search::Best,
) {
    best.start(k);
    best.take(pool.entries.iter().map(|e| e.id), |ids, out| {
        space.distances_to(queries.rows, queries.first + query, points, ids, out);
    });
    best.finish();
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
pub(crate) struct Pool {
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

/// The mean row, if most of the squared norm of the rows is the mean's.
fn mean_of(x: MatrixView<'_>) -> Option<Vec<f32>> {
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
    Some(mean.into_iter().map(|m| m as f32).collect())
}

/// The rows less the mean row. Distances stay what they were up to the rounding of one subtraction, which the margin has
/// room for.
fn less(x: MatrixView<'_>, mean: &[f32]) -> Option<Matrix> {
    let data = (0..x.rows()).flat_map(|i| x.row(i).iter().zip(mean).map(|(v, m)| v - m)).collect();
    Matrix::from_vec(x.rows(), x.cols(), data).ok()
}
