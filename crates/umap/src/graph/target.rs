//! The graph of the data, as seen by someone who knows the target.

use super::combine::{intersected, reset, reweighted};
use super::{directed, line, smooth_knn};
use crate::error::Result;
use crate::params::Umap;
use crate::target::Target;
use planisphere_core::{Context, Csr, Decision, KnnGraph, Warning};
use planisphere_kernels::math::exp;
use rayon::prelude::*;

/// How far a row without label is from any other.
const UNKNOWN: f64 = 1.0;
/// How far rows of different classes are apart at a `target_weight` of 0.
const FAR: f64 = 2.5;
/// The same at 1: beyond any that leaves a weight.
const FARTHEST: f64 = 1e12;

/// `graph`, the fuzzy graph of the data, with `target` made to count. `n_neighbors` are those of the target's own graph if
/// they are not set. The target has been checked.
pub(crate) fn supervise(
    umap: &Umap,
    graph: Csr,
    target: &Target<'_>,
    n_neighbors: usize,
    cx: &mut Context<'_>,
) -> Result<Csr> {
    if graph.rows() < 2 {
        return Ok(graph);
    }
    if let Some(reason) = target.tells_nothing() {
        cx.warn(Warning::Fallback {
            what: "target".into(),
            reason: reason.into(),
            instead: "the graph of the data alone is".into(),
        });
        return Ok(graph);
    }
    let weight = umap.target_weight;
    let far = if weight < 1.0 { FAR / (1.0 - weight) } else { FARTHEST };
    let (graph, about) = match target {
        Target::Categorical(labels) => (categorical(&graph, labels, far)?, labeled(labels)),
        Target::Ordinal(values) => (ordinal(&graph, values, far)?, format!("target_weight {weight}")),
        Target::Continuous(values) => {
            let k = clamped(umap, graph.rows(), n_neighbors, cx);
            let near = line::neighbors(values, k)?;
            let distance = |i: usize, j: usize| (values[i] - values[j]).abs();
            (general(&graph, &near, weight, distance)?, format!("target_weight {weight}"))
        }
        #[cfg(feature = "knn")]
        Target::Vectors { values, metric } => {
            use super::check_distances;
            use crate::error::Error;
            use planisphere_core::Stage;
            use planisphere_knn::Distance;
            let k = clamped(umap, graph.rows(), n_neighbors, cx);
            let near = cx.stage(Stage::Neighbors, 0.5, |cx| {
                Ok::<_, Error>(umap.knn.fit_with(k, metric, umap.seed, *values, cx)?)
            })?;
            check_distances(&near)?;
            let distance = |i: usize, j: usize| metric.distance(values.row(i), values.row(j));
            (general(&graph, &near, weight, distance)?, format!("target_weight {weight}"))
        }
    };
    cx.decide(Decision::new("target", target.name(), about));
    Ok(graph)
}

fn labeled(labels: &[Option<u32>]) -> String {
    let mut classes: Vec<u32> = labels.iter().copied().flatten().collect();
    let rows = classes.len();
    classes.sort_unstable();
    classes.dedup();
    format!("{rows} of {} rows are labeled, with {} classes", labels.len(), classes.len())
}

/// Neighbors of each row in the target's own graph.
fn clamped(umap: &Umap, n: usize, n_neighbors: usize, cx: &mut Context<'_>) -> usize {
    let wanted = umap.target_n_neighbors.unwrap_or(n_neighbors);
    // Where it follows `n_neighbors`, that has been warned of already.
    if wanted > n && umap.target_n_neighbors.is_some() {
        cx.warn(Warning::ClampedNeighbors { requested: wanted, used: n });
    }
    // At least one other row, whatever the data's graph has; there are two rows at least.
    wanted.clamp(2, n) - 1
}

fn categorical(graph: &Csr, labels: &[Option<u32>], far: f64) -> Result<Csr> {
    let (unknown, far) = (exp(-UNKNOWN), exp(-far));
    let data = reweighted(graph, |i, j| match (labels[i], labels[j]) {
        (Some(a), Some(b)) => {
            if a == b {
                1.0
            } else {
                far
            }
        }
        _ => unknown,
    });
    reset(graph, data, None)
}

fn ordinal(graph: &Csr, values: &[f32], far: f64) -> Result<Csr> {
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (f64::from(v).min(low), f64::from(v).max(high)));
    let scale = far / ((high - low) / 2.0);
    let data = reweighted(graph, |i, j| exp(-scale * (f64::from(values[i]) - f64::from(values[j])).abs()));
    reset(graph, data, None)
}

/// The graph intersected with that of the target, made of `near`, the target's neighbors.
fn general(graph: &Csr, near: &KnnGraph, weight: f64, distance: impl Fn(usize, usize) -> f32 + Sync) -> Result<Csr> {
    let near = favor(near, graph, distance)?;
    // As in umap-learn, one neighbor is fully connected whatever the parameters of the data's graph are, and the directions
    // are joined once, at the end.
    let target = directed(&near, &smooth_knn(&near, 1.0, 1.0)?)?;
    let both = intersected(graph, &target, weight)?;
    let data = both.data().to_vec();
    reset(&both, data, None)
}

/// The neighbor graph in which, of neighbors as far as a row's last one, those that `graph` connects it with come first.
///
/// Where many rows have one value, which of them are the k nearest is arbitrary, and without this hardly ever those that
/// the intersection then asks for.
fn favor(near: &KnnGraph, graph: &Csr, distance: impl Fn(usize, usize) -> f32 + Sync) -> Result<KnnGraph> {
    let (n, k) = (near.n(), near.k());
    let (mut ids, mut dists) = (near.ids().to_vec(), near.dists().to_vec());
    ids.par_chunks_mut(k).zip(dists.par_chunks_mut(k)).enumerate().for_each_init(
        || (Vec::new(), Vec::new()),
        |(known, wanted), (i, (ids, dists))| {
            let last = dists[k - 1];
            let tied = dists.partition_point(|&d| d < last);
            let (others, weights) = graph.row(i);
            known.clear();
            known.extend_from_slice(ids);
            known.sort_unstable();
            wanted.clear();
            wanted.extend(
                others
                    .iter()
                    .zip(weights)
                    .filter(|&(&j, _)| known.binary_search(&j).is_err() && distance(i, j as usize) <= last)
                    .map(|(&j, &w)| (w, j)),
            );
            wanted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let mut wanted = wanted.iter();
            for id in ids[tied..].iter_mut().rev() {
                if others.binary_search(id).is_err() {
                    let Some(&(_, j)) = wanted.next() else { break };
                    *id = j;
                }
            }
            ids[tied..].sort_unstable();
        },
    );
    Ok(KnnGraph::new(n, k, ids, dists)?)
}
