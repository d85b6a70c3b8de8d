//! From neighbors to the fuzzy graph, and arithmetic of such graphs.

mod combine;
mod line;
mod query;
mod smooth;
mod target;
mod union;

pub(crate) use combine::even;
pub use combine::{intersect, reset_local_connectivity};
pub(crate) use query::{Queries, Scale};
pub use smooth::{Smoothed, smooth_knn};
pub(crate) use target::supervise;
pub(crate) use union::{directed, prune, symmetrize};

use crate::error::{Error, Result};
use planisphere_core::{Csr, KnnGraph};

/// The fuzzy simplicial set of a neighbor graph, as a symmetric weighted graph: how strongly two rows belong together,
/// above 0 and up to 1. umap-learn's `fuzzy_simplicial_set`.
///
/// `local_connectivity` and `set_op_mix_ratio` are those of [`Umap`](crate::Umap), with defaults 1 and 1.
///
/// # Errors
/// [`Error::InvalidParam`] for a `local_connectivity` that is not a finite number of at least 0, or a ratio outside of 0
/// to 1; [`Error::NegativeDistance`]; [`Error::Core`] if the graph cannot be represented.
pub fn fuzzy_graph(graph: &KnnGraph, local_connectivity: f64, set_op_mix_ratio: f32) -> Result<Csr> {
    if !(0.0..=1.0).contains(&set_op_mix_ratio) {
        return Err(Error::param("set_op_mix_ratio", set_op_mix_ratio, "must be from 0 to 1"));
    }
    let smoothed = smooth_knn(graph, local_connectivity, 1.0)?;
    symmetrize(&directed(graph, &smoothed)?, set_op_mix_ratio)
}

/// Checks that no neighbor lies at less than no distance.
fn check_distances(graph: &KnnGraph) -> Result<()> {
    if let Some(at) = graph.dists().iter().position(|&d| d < 0.0) {
        return Err(Error::NegativeDistance {
            row: at / graph.k(),
            neighbor: graph.ids()[at],
            value: graph.dists()[at],
        });
    }
    Ok(())
}
