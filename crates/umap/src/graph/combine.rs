//! Arithmetic of fuzzy graphs.

use super::union::symmetrize;
use crate::error::{Error, Result};
use planisphere_core::Csr;
use planisphere_kernels::{Kernel, Simd, math};
use rayon::prelude::*;

/// Rows that one task reweights.
const CHUNK: usize = 2048;
/// What a pair outside of a graph counts as at least, so that no intersection is empty.
const LEAST: f64 = 1e-8;
/// What a pair outside of the second graph of an intersection counts as at most.
const MOST_RIGHT: f64 = 1e-4;
/// Bisections of the power of a row.
const STEPS: usize = 32;
/// How close the sum of a row's powers has to come to its target.
const TOLERANCE: f64 = 1e-5;

/// Where both graphs connect: weights are multiplied, with `weight` from 0 (only `left` counts) over 0.5 (both count the
/// same) to 1 (only `right` counts). umap-learn's `general_simplicial_set_intersection`.
///
/// A pair that only one of the graphs connects stays, faintly: in the other it counts as half of that one's smallest
/// weight, between 10⁻⁸ and, in `right`, 10⁻⁴. Then `left^((1 − weight) / weight) · right` from a half up, or
/// `left · right^(weight / (1 − weight))` below. Mostly to be followed by [`reset_local_connectivity`].
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_knn::Metric;
/// use planisphere_umap::{Umap, graph};
///
/// // Rows with two kinds of columns, each with a metric of its own.
/// let colors = Matrix::from_rows([[0.0, 0.1], [0.2, 0.0], [0.1, 0.1], [5.0, 5.1], [5.2, 5.0], [5.0, 5.3]])?;
/// let flags = Matrix::from_rows([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 1.0]])?;
/// let umap = Umap::new().n_neighbors(4);
/// let a = umap.graph(&colors)?;
/// let b = umap.clone().metric(Metric::Jaccard).graph(&flags)?;
/// let both = graph::reset_local_connectivity(&graph::intersect(&a, &b, 0.5)?, Some(4))?;
/// let model = umap.fit_fuzzy_graph(&both, None)?;
/// assert_eq!(model.embedding().rows(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::InvalidParam`] for a `weight` outside of 0 to 1 or graphs of different sizes, [`Error::FuzzyGraph`] for
/// weights that are not above 0 and up to 1, or a graph that is not square.
pub fn intersect(left: &Csr, right: &Csr, weight: f64) -> Result<Csr> {
    if !(0.0..=1.0).contains(&weight) {
        return Err(Error::param("weight", weight, "must be from 0 to 1"));
    }
    check_weights(left)?;
    check_weights(right)?;
    if left.rows() != right.rows() {
        let reason = format!("the left one has {}", left.rows());
        return Err(Error::param("rows of the right graph", right.rows(), reason));
    }
    intersected(left, right, weight)
}

/// [`intersect`] for graphs that are known to be fit for it. Weights of 0 count as not stored.
pub(crate) fn intersected(left: &Csr, right: &Csr, weight: f64) -> Result<Csr> {
    let (left_least, right_least) = (least(left), least(right).min(MOST_RIGHT));
    // One of the exponents is 1.
    let (p, q) = if weight < 0.5 { (1.0, weight / (1.0 - weight)) } else { ((1.0 - weight) / weight, 1.0) };
    let both = left.combine(right, |v, w| {
        let (a, b) = (stored(v).unwrap_or(left_least), stored(w).unwrap_or(right_least));
        let together = if a > left_least || b > right_least {
            (power(a, p) * power(b, q)) as f32
        } else {
            v.unwrap_or(0.0) + w.unwrap_or(0.0)
        };
        Some(together).filter(|&w| w > 0.0)
    });
    Ok(both?)
}

fn stored(w: Option<f32>) -> Option<f64> {
    w.filter(|&w| w > 0.0).map(f64::from)
}

/// What a pair that `graph` does not connect counts as.
fn least(graph: &Csr) -> f64 {
    let min = graph.data().iter().copied().filter(|&w| w > 0.0).fold(1.0f32, f32::min);
    (f64::from(min) / 2.0).max(LEAST)
}

fn power(x: f64, p: f64) -> f64 {
    if p == 1.0 { x } else { f64::from(math::pow(x as f32, p as f32)) }
}

/// Makes each row fully connected to one other again, after its weights have shrunk: rows are divided by their largest
/// weight, and both directions joined as in [`fuzzy_graph`](super::fuzzy_graph) (v + w − vw). umap-learn's function of
/// this name.
///
/// With `n_neighbors`, the weights of a row are also raised to the power at which they add up to log₂(n_neighbors), as
/// those of a neighborhood of that size do: for graphs that were made by arithmetic (umap-learn: `reset_local_metric`,
/// with 15, when models are multiplied).
///
/// # Errors
/// [`Error::InvalidParam`] for `n_neighbors` below 2; [`Error::FuzzyGraph`] for weights that are not above 0 and up to 1,
/// or a graph that is not square.
pub fn reset_local_connectivity(graph: &Csr, n_neighbors: Option<usize>) -> Result<Csr> {
    if let Some(k) = n_neighbors
        && k < 2
    {
        return Err(Error::param("n_neighbors", k, "must be at least 2"));
    }
    check_weights(graph)?;
    reset(graph, graph.data().to_vec(), n_neighbors)
}

/// [`reset_local_connectivity`] of the graph with the entries of `pattern` and the weights `data`, some of which may be 0.
pub(crate) fn reset(pattern: &Csr, mut data: Vec<f32>, n_neighbors: Option<usize>) -> Result<Csr> {
    let target = n_neighbors.map(|k| math::ln(k as f64) * std::f64::consts::LOG2_E);
    let simd = Simd::detect();
    rows_mut(pattern.indptr(), &mut data).into_par_iter().for_each(|(first, data)| {
        simd.run(Reset { indptr: pattern.indptr(), first, data, target });
    });
    let scaled = Csr::new(pattern.cols(), pattern.indptr().to_vec(), pattern.indices().to_vec(), data)?;
    symmetrize(&scaled, 1.0)
}

/// The weights of `graph`, each times `factor(row, column)`.
pub(crate) fn reweighted(graph: &Csr, factor: impl Fn(usize, usize) -> f64 + Sync) -> Vec<f32> {
    let mut data = graph.data().to_vec();
    let simd = Simd::detect();
    rows_mut(graph.indptr(), &mut data).into_par_iter().for_each(|(first, data)| {
        simd.run(Reweight { graph, first, data, factor: &factor });
    });
    data
}

/// `data` in runs of rows, each with its first row.
fn rows_mut<'a>(indptr: &[usize], mut data: &'a mut [f32]) -> Vec<(usize, &'a mut [f32])> {
    let n = indptr.len() - 1;
    let mut out = Vec::with_capacity(n.div_ceil(CHUNK));
    for first in (0..n).step_by(CHUNK) {
        let len = indptr[(first + CHUNK).min(n)] - indptr[first];
        let (run, rest) = data.split_at_mut(len);
        out.push((first, run));
        data = rest;
    }
    out
}

/// The rows of a run one after the other: their numbers and weights.
#[inline(always)]
fn each_row(indptr: &[usize], first: usize, mut data: &mut [f32], mut f: impl FnMut(usize, &mut [f32])) {
    let last = (first + CHUNK).min(indptr.len() - 1);
    for i in first..last {
        let (row, rest) = data.split_at_mut(indptr[i + 1] - indptr[i]);
        f(i, row);
        data = rest;
    }
}

struct Reweight<'a, F> {
    graph: &'a Csr,
    first: usize,
    data: &'a mut [f32],
    factor: &'a F,
}

impl<F: Fn(usize, usize) -> f64 + Sync> Kernel for Reweight<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self { graph, first, data, factor } = self;
        each_row(graph.indptr(), first, data, |i, row| {
            for (w, &j) in row.iter_mut().zip(graph.row(i).0) {
                *w = (f64::from(*w) * factor(i, j as usize)) as f32;
            }
        });
    }
}

struct Reset<'a> {
    indptr: &'a [usize],
    first: usize,
    data: &'a mut [f32],
    /// What the powers of a row should add up to.
    target: Option<f64>,
}

impl Kernel for Reset<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self { indptr, first, data, target } = self;
        each_row(indptr, first, data, |_, row| {
            let max = row.iter().copied().fold(0f32, f32::max);
            if max > 0.0 {
                row.iter_mut().for_each(|w| *w /= max);
                if let Some(target) = target {
                    raise(row, target);
                }
            }
        });
    }
}

/// Raises weights to the power at which they add up to `target`.
#[inline(always)]
fn raise(row: &mut [f32], target: f64) {
    // A weight of 1 stays what it is under any power, however large.
    let raised = |w: f32, p: f64| match w {
        w if w >= 1.0 => 1.0,
        w if w > 0.0 => math::exp(p * math::ln(f64::from(w))),
        _ => 0.0,
    };
    let (mut low, mut high, mut mid) = (0.0f64, f64::INFINITY, 1.0f64);
    for _ in 0..STEPS {
        let sum: f64 = row.iter().map(|&w| raised(w, mid)).sum();
        if (sum - target).abs() < TOLERANCE {
            break;
        }
        if sum < target {
            high = mid;
            mid = f64::midpoint(low, high);
        } else {
            low = mid;
            mid = if high.is_infinite() { mid * 2.0 } else { f64::midpoint(low, high) };
        }
    }
    row.iter_mut().for_each(|w| *w = raised(*w, mid) as f32);
}

/// How far above 1 rounding may leave a weight: v + w − vw of the two directions in f32.
const ABOVE_ONE: f32 = 1e-6;
/// The largest weight of a graph is at least this.
const LIGHTEST: f32 = 1e-30;
/// How far the two directions of an edge may differ, relative to the larger.
const ASYMMETRY: f32 = 1e-5;

/// Checks that a graph is square, without edges from a row to itself, with weights above 0 and up to 1.
fn check_weights(graph: &Csr) -> Result<()> {
    if graph.cols() != graph.rows() {
        return Err(Error::param("columns of the graph", graph.cols(), format!("it has {} rows", graph.rows())));
    }
    for i in 0..graph.rows() {
        let (ids, weights) = graph.row(i);
        for (&col, &value) in ids.iter().zip(weights) {
            let problem = if !(value > 0.0 && value <= 1.0 + ABOVE_ONE) {
                "weights must be above 0 and up to 1"
            } else if col as usize == i {
                "a row must not be connected to itself"
            } else {
                continue;
            };
            return Err(Error::FuzzyGraph { row: i, col, value, problem });
        }
    }
    Ok(())
}

/// The graph, if it can be laid out: as [`check_weights`] demands, symmetric, and not of weights whose inverse is too large.
/// What differs by rounding is made equal, since an edge that only one end keeps would be none.
pub(crate) fn even(graph: &Csr) -> Result<Csr> {
    check_weights(graph)?;
    let transposed = graph.transpose()?;
    let apart = graph.combine(&transposed, |v, w| {
        let (v, w) = (v.unwrap_or(0.0), w.unwrap_or(0.0));
        Some(v).filter(|_| (v - w).abs() > ASYMMETRY * v.max(w))
    })?;
    let first = |graph: &Csr, problem| {
        (0..graph.rows()).find_map(|row| {
            let (ids, values) = graph.row(row);
            Some(Error::FuzzyGraph { row, col: *ids.first()?, value: *values.first()?, problem })
        })
    };
    if let Some(error) = first(&apart, "the other direction has another weight") {
        return Err(error);
    }
    if graph.data().iter().all(|&w| w < LIGHTEST)
        && let Some(error) = first(graph, "the largest weight must be at least 1e-30")
    {
        return Err(error);
    }
    Ok(graph.combine(&transposed, |v, w| Some(v.unwrap_or(0.0).max(w.unwrap_or(0.0)).min(1.0)))?)
}
