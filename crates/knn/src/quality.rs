//! How much of the data a map shows: scores that do not depend on the method that made it.
//!
//! * [`trustworthiness`]: are rows that lie together on the map neighbors in the data too?
//! * [`continuity`]: do neighbors in the data still lie together on the map?
//! * [`neighbors_kept`]: the share of nearest neighbors that the map keeps.
//! * [`label_accuracy`]: how well the labels of its neighbors tell the label of a row.
//!
//! Each is a share: 1 is best. Distances on the map are Euclidean. Penalties and votes are counted in whole numbers, so a
//! score is the same on any number of threads and any SIMD level.
//!
//! ```
//! use planisphere_core::Matrix;
//! use planisphere_knn::{Exact, Metric, quality};
//!
//! let x = Matrix::from_rows([[0.0, 0.0], [1.0, 0.0], [2.0, 0.1], [9.0, 0.0], [9.5, 0.3], [9.9, 0.2]])?;
//! let line = Matrix::from_rows([[0.0], [1.0], [2.0], [9.0], [9.5], [9.9]])?;
//! assert_eq!(quality::trustworthiness(&x, &line, 2, Metric::Euclidean, usize::MAX, 42)?, 1.0);
//!
//! let labels = [Some("left"), Some("left"), None, Some("right"), Some("right"), Some("right")];
//! let on_the_map = Exact::new(2).fit(&line)?;
//! assert_eq!(quality::label_accuracy(&on_the_map, &labels)?, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Context
//! The functions whose name ends in `_with` tell progress in rows, can be cancelled, and open no stage of their own: a
//! caller that computes several scores makes one [`Stage::Quality`](planisphere_core::Stage::Quality) of them.

use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::metric::Metric;
use crate::search::{Prepared, Scratch};
use planisphere_core::{CancelToken, Context, CounterRng, KnnGraph, Matrix, MatrixView};
use planisphere_kernels::Simd;
use rayon::prelude::*;

/// Rows that one task scores.
const PANEL: usize = 32;
/// Tasks between two looks at the observer. A constant, since nothing may depend on the number of threads.
const WAVE: usize = 16;

/// Trustworthiness of the map `y` of `x`, in [0, 1], on the current threads.
///
/// For each row, take its `k` nearest rows on the map. Those that are not among its `k` nearest in `x` cost what their rank
/// in `x` is above `k`; the sum is scaled so that the worst map has 0. The definition is that of Venna and Kaski,
/// *Neighborhood preservation in nonlinear projection methods* (2001), and of scikit-learn. Equal distances are ranked
/// by id.
///
/// `metric_of_x` ranks the rows of `x`. If there are more than `sample` rows, a random sample of so many is scored as if
/// the others were not there: the same rows for the same `seed` and number of rows. `usize::MAX` scores all. Time grows
/// with m² · (d + k) for m rows scored.
///
/// # Errors
/// [`Error::Lengths`] unless `x` and `y` have one row each for the other's; [`Error::InvalidParam`] unless k is at least 1
/// and below half the number of rows scored; [`Error::NoColumns`]; [`Error::Overflow`]; [`Error::Core`] for values that
/// are not finite.
pub fn trustworthiness<'x, 'y>(
    x: impl Into<MatrixView<'x>>,
    y: impl Into<MatrixView<'y>>,
    k: usize,
    metric_of_x: Metric,
    sample: usize,
    seed: u64,
) -> Result<f64> {
    trustworthiness_with(x, y, k, metric_of_x, sample, seed, &mut Context::new())
}

/// [`trustworthiness`], watched and cancelled through `cx`.
///
/// # Errors
/// As [`trustworthiness`], and [`Error::Cancelled`].
pub fn trustworthiness_with<'x, 'y>(
    x: impl Into<MatrixView<'x>>,
    y: impl Into<MatrixView<'y>>,
    k: usize,
    metric_of_x: Metric,
    sample: usize,
    seed: u64,
    cx: &mut Context<'_>,
) -> Result<f64> {
    let (x, y) = (x.into(), y.into());
    same_rows(x, y)?;
    let ranked = Side { rows: x, metric: &metric_of_x };
    let near = Side { rows: y, metric: &Metric::Euclidean };
    cx.run(|cx| ranks_kept(ranked, near, k, sample, seed, cx))?
}

/// Continuity of the map `y` of `x`, in [0, 1], on the current threads: [`trustworthiness`] with the roles of `x` and `y`
/// exchanged. It falls where neighbors in `x` are torn apart on the map.
///
/// The parameters are those of [`trustworthiness`], and the same seed takes the same sample.
///
/// # Errors
/// As [`trustworthiness`].
pub fn continuity<'x, 'y>(
    x: impl Into<MatrixView<'x>>,
    y: impl Into<MatrixView<'y>>,
    k: usize,
    metric_of_x: Metric,
    sample: usize,
    seed: u64,
) -> Result<f64> {
    continuity_with(x, y, k, metric_of_x, sample, seed, &mut Context::new())
}

/// [`continuity`], watched and cancelled through `cx`.
///
/// # Errors
/// As [`trustworthiness`], and [`Error::Cancelled`].
pub fn continuity_with<'x, 'y>(
    x: impl Into<MatrixView<'x>>,
    y: impl Into<MatrixView<'y>>,
    k: usize,
    metric_of_x: Metric,
    sample: usize,
    seed: u64,
    cx: &mut Context<'_>,
) -> Result<f64> {
    let (x, y) = (x.into(), y.into());
    same_rows(x, y)?;
    let ranked = Side { rows: y, metric: &Metric::Euclidean };
    let near = Side { rows: x, metric: &metric_of_x };
    cx.run(|cx| ranks_kept(ranked, near, k, sample, seed, cx))?
}

/// Share of the neighbors in `graph_of_x` that are among the k nearest rows on the map `y` too, in [0, 1], for the graph's
/// k and all rows, on the current threads. 1 for a graph without neighbors.
///
/// # Errors
/// [`Error::Lengths`] unless `y` has one row for each of the graph; [`Error::NoColumns`]; [`Error::Overflow`];
/// [`Error::Core`] for values that are not finite.
pub fn neighbors_kept<'y>(graph_of_x: &KnnGraph, y: impl Into<MatrixView<'y>>) -> Result<f64> {
    neighbors_kept_with(graph_of_x, y, &mut Context::new())
}

/// [`neighbors_kept`], watched and cancelled through `cx`.
///
/// # Errors
/// As [`neighbors_kept`], and [`Error::Cancelled`].
pub fn neighbors_kept_with<'y>(
    graph_of_x: &KnnGraph,
    y: impl Into<MatrixView<'y>>,
    cx: &mut Context<'_>,
) -> Result<f64> {
    let y = y.into();
    if y.rows() != graph_of_x.n() {
        return Err(Error::Lengths { what: "rows of the map", expected: graph_of_x.n(), got: y.rows() });
    }
    if graph_of_x.k() == 0 {
        y.check()?;
        return Ok(1.0);
    }
    Ok(Exact::new(graph_of_x.k()).fit_with(y, cx)?.recall(graph_of_x)?)
}

/// Share of labeled rows whose label is the most frequent one among their labeled neighbors in `graph`, in [0, 1]: the
/// accuracy of a k-nearest-neighbors classifier, each row left out in turn. Of labels with equally many votes the smallest
/// wins.
///
/// Rows without label (`None`) neither vote nor count. A labeled row without labeled neighbors counts as wrong. Takes no
/// longer than reading the graph, so there is nothing to watch.
///
/// # Errors
/// [`Error::Lengths`] unless there is one label, or `None`, for each row of the graph; [`Error::NoLabels`] if all are
/// `None`.
pub fn label_accuracy<S: Ord>(graph: &KnnGraph, labels: &[Option<S>]) -> Result<f64> {
    if labels.len() != graph.n() {
        return Err(Error::Lengths { what: "labels", expected: graph.n(), got: labels.len() });
    }
    // Labels by their place in the sorted list: votes are then compared as numbers, and the smallest label is the lowest.
    let mut known: Vec<&S> = labels.iter().flatten().collect();
    known.sort_unstable();
    known.dedup();
    let codes: Vec<Option<usize>> = labels.iter().map(|label| known.binary_search(&label.as_ref()?).ok()).collect();

    let (mut right, mut all) = (0usize, 0usize);
    let mut votes = Vec::with_capacity(graph.k());
    for (i, code) in codes.iter().enumerate() {
        if code.is_none() {
            continue;
        }
        all += 1;
        votes.clear();
        votes.extend(graph.row(i).0.iter().filter_map(|&j| codes[j as usize]));
        votes.sort_unstable();
        let mut winner = (0, None);
        for run in votes.chunk_by(|a, b| a == b) {
            if run.len() > winner.0 {
                winner = (run.len(), Some(run[0]));
            }
        }
        right += usize::from(winner.1 == *code);
    }
    if all == 0 {
        return Err(Error::NoLabels { rows: labels.len() });
    }
    Ok(right as f64 / all as f64)
}

/// Rows and what is near among them.
#[derive(Clone, Copy)]
struct Side<'a> {
    rows: MatrixView<'a>,
    metric: &'a Metric,
}

fn same_rows(x: MatrixView<'_>, y: MatrixView<'_>) -> Result<()> {
    if x.rows() == y.rows() {
        return Ok(());
    }
    Err(Error::Lengths { what: "rows of the map", expected: x.rows(), got: y.rows() })
}

/// 1 less the scaled sum of what the ranks in `ranked` of the k nearest rows in `near` are above k.
fn ranks_kept(
    ranked: Side<'_>,
    near: Side<'_>,
    k: usize,
    sample: usize,
    seed: u64,
    cx: &mut Context<'_>,
) -> Result<f64> {
    let n = ranked.rows.rows();
    for side in [ranked, near] {
        // The whole of it, so that a bad value is found at its place and whatever the sample.
        side.rows.check()?;
        if side.rows.cols() == 0 && n > 0 {
            return Err(Error::NoColumns { rows: n });
        }
    }
    let m = n.min(sample);
    if k == 0 || k >= m.div_ceil(2) {
        let reason = format!("must be at least 1 and less than half of the {m} rows that are scored");
        return Err(Error::InvalidParam { param: "k", value: k.to_string(), reason });
    }
    let ids = (m < n).then(|| sampled_ids(n, m, seed));
    let samples = match &ids {
        Some(ids) => Some((select(ranked.rows, ids)?, select(near.rows, ids)?)),
        None => None,
    };
    let (ranked_rows, near_rows) = samples.as_ref().map_or((ranked.rows, near.rows), |(a, b)| (a.view(), b.view()));
    let simd = Simd::detect();
    let scorer = Scorer {
        ranked: Prepared::new(ranked_rows, ranked.metric, simd).map_err(|e| name_rows(e, ids.as_deref()))?,
        near: Prepared::new(near_rows, near.metric, simd).map_err(|e| name_rows(e, ids.as_deref()))?,
        m,
        k,
        token: cx.token(),
    };
    let mut penalty = 0u64;
    for wave in (0..m).step_by(WAVE * PANEL) {
        cx.progress(wave as u64, m as u64)?;
        let panels = wave..(wave + WAVE * PANEL).min(m);
        let starts: Vec<usize> = panels.step_by(PANEL).collect();
        let parts: Vec<Result<u64>> =
            starts.into_par_iter().map_init(Buffers::default, |b, from| scorer.panel(from, b)).collect();
        for part in parts {
            penalty += part.map_err(|e| name_rows(e, ids.as_deref()))?;
        }
    }
    cx.progress(m as u64, m as u64)?;
    let (m, k) = (m as f64, k as f64);
    Ok(1.0 - penalty as f64 * 2.0 / (m * k * (2.0 * m - 3.0 * k - 1.0)))
}

/// `m` different rows of `n`, ascending.
fn sampled_ids(n: usize, m: usize, seed: u64) -> Vec<u32> {
    // Row ids fit: the matrices were checked.
    let mut ids: Vec<u32> = (0..n as u32).collect();
    CounterRng::new(seed, "quality").shuffle(&mut ids);
    ids.truncate(m);
    ids.sort_unstable();
    ids
}

fn select(x: MatrixView<'_>, ids: &[u32]) -> Result<Matrix> {
    let mut data = Vec::with_capacity(ids.len() * x.cols());
    for &i in ids {
        data.extend_from_slice(x.row(i as usize));
    }
    Ok(Matrix::from_vec(ids.len(), x.cols(), data)?)
}

/// An error in terms of the caller's rows instead of those of the sample.
fn name_rows(error: Error, ids: Option<&[u32]>) -> Error {
    match (error, ids) {
        (Error::Overflow { row, other }, Some(ids)) => {
            Error::Overflow { row: ids[row] as usize, other: ids[other] as usize }
        }
        (Error::NotADistance { row, other, value }, Some(ids)) => {
            Error::NotADistance { row: ids[row] as usize, other: ids[other] as usize, value }
        }
        (Error::Domain { metric, row, col, value, reason }, Some(ids)) => {
            Error::Domain { metric, row: ids[row] as usize, col, value, reason }
        }
        (error, _) => error,
    }
}

struct Scorer<'a> {
    ranked: Prepared<'a>,
    near: Prepared<'a>,
    m: usize,
    k: usize,
    token: CancelToken,
}

/// Buffers of one thread.
#[derive(Default)]
struct Buffers {
    scratch: Scratch,
    ids: Vec<u32>,
    dists: Vec<f32>,
    to_all: Vec<f32>,
}

impl Scorer<'_> {
    /// The penalties of a panel of rows.
    fn panel(&self, from: usize, buffers: &mut Buffers) -> Result<u64> {
        let (m, k) = (self.m, self.k);
        let to = (from + PANEL).min(m);
        let Buffers { scratch, ids, dists, to_all } = buffers;
        ids.resize((to - from) * k, 0);
        dists.resize((to - from) * k, 0.0);
        to_all.resize(m, 0.0);
        self.near.panel(from, to, k, &self.token, scratch, ids, dists)?;
        self.near.check(from, k, ids, dists)?;
        let mut penalty = 0;
        for (i, near) in (from..to).zip(ids.chunks_exact(k)) {
            self.token.check()?;
            self.ranked.distances(i, to_all);
            to_all[i] = f32::INFINITY;
            for &j in near {
                let distance = to_all[j as usize];
                if !distance.is_finite() {
                    return Err(self.ranked.not_finite(i, j as usize, distance));
                }
                // The ids below j come before it if they are as near, those above only if they are nearer.
                let (before, after) = to_all.split_at(j as usize);
                let nearer = before.iter().map(|&d| u32::from(d <= distance)).sum::<u32>()
                    + after.iter().map(|&d| u32::from(d < distance)).sum::<u32>();
                let rank = u64::from(nearer) + 1;
                penalty += rank.saturating_sub(k as u64);
            }
        }
        Ok(penalty)
    }
}
