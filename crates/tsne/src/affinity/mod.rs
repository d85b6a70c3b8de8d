//! Who attracts whom: from distances to probabilities.

mod gaussian;
mod joint;
mod rows;

pub use joint::Affinities;
pub(crate) use rows::{Conditional, Near};

use crate::error::{Error, Result};
use planisphere_core::{Context, Warning};
use serde::{Deserialize, Serialize};

/// Neighbors looked at for each neighbor that a perplexity counts.
const NEIGHBORS_PER_PERPLEXITY: f64 = 3.0;

/// How the distances of a row to its neighbors become probabilities, which add up to 1 in each row.
///
/// What [`Affinities::from_graph`] makes of them for all rows together is symmetric (but for [`Symmetrize::None`]) and adds up
/// to 1 as a whole. All are those of openTSNE under the same names, to the rounding of f32. (A mixture's second perplexity is
/// missed by openTSNE 1.0.4 in some units of the distances, and gives the first alone; no unit matters here.)
///
/// | | weight of a neighbor at distance d | neighbors |
/// |---|---|---|
/// | [`Perplexity`](Affinity::Perplexity)(p) | exp(−d² / 2σ²), σ of each row such that the entropy is ln p | 3p |
/// | [`Multiscale`](Affinity::Multiscale)(p…) | the mean of the probabilities of several perplexities | 3 max p |
/// | [`MultiscaleMixture`](Affinity::MultiscaleMixture)(p…) | the mean of their densities, exp(−d² / 2σ²) / σ | 3 max p |
/// | [`FixedSigma`](Affinity::FixedSigma) | exp(−d² / 2σ²) with one σ for all rows | `n_neighbors` |
/// | [`Uniform`](Affinity::Uniform) | 1 | `n_neighbors` |
///
/// All are defined for every set of distances of at least 0: weights are taken relative to the nearest neighbor's, so that
/// they do not vanish together, and neighbors that are all equally far have equal probabilities. A perplexity of 1 is the
/// nearest neighbor alone; if several tie for that place and a perplexity asks for no more than they are, they share it.
///
/// # What is too much
/// A perplexity above (n − 1) / 3 for n rows becomes that, or 1 if that is less; in a list, values that fall together in this
/// way count once. (openTSNE 1.0.4 does so for lists; a single perplexity it leaves up to n − 1, where all rows are about
/// equally likely.) In a [`KnnGraph`](planisphere_core::KnnGraph) of one's own, a perplexity above its k becomes k / 3, as in
/// openTSNE, and 1 at least. `n_neighbors` above n − 1 or k becomes that. Each of these is a [`Warning`]. A graph may have
/// fewer neighbors than the table says, down to the perplexity: all of them count then. Of more, the nearest count.
///
/// # Sources
/// L. van der Maaten and G. Hinton, *Visualizing data using t-SNE*, JMLR 9 (2008), for the perplexity; D. Kobak and P. Berens,
/// *The art of using t-SNE for single-cell transcriptomics*, Nature Communications 10 (2019), for several of them; P. Poličar,
/// M. Stražar and B. Zupan, *openTSNE*, Journal of Statistical Software 109 (2024).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Affinity {
    /// A Gaussian around each row, as wide as gives this perplexity: the effective number of neighbors, at least 1.
    Perplexity(f64),
    /// The mean of the probabilities that several perplexities give: near and far neighbors count. Each at least 1, at least
    /// one of them.
    Multiscale(Vec<f64>),
    /// The mean of the Gaussian densities of several perplexities: each counts by how much of it reaches the neighbors. Where
    /// even the nearest are far, as in many dimensions, that is mostly the widest. Each at least 1, at least one of them.
    MultiscaleMixture(Vec<f64>),
    /// A Gaussian of the same width around all rows.
    FixedSigma {
        /// Its standard deviation, in the unit of the distances; above 0.
        sigma: f64,
        /// How many neighbors count, at least 1 (openTSNE's `k`).
        n_neighbors: usize,
    },
    /// All neighbors alike.
    Uniform {
        /// How many neighbors count, at least 1 (openTSNE's `k_neighbors`).
        n_neighbors: usize,
        /// How both directions become one.
        symmetrize: Symmetrize,
    },
}

/// A perplexity of 30.
impl Default for Affinity {
    fn default() -> Self {
        Self::Perplexity(30.0)
    }
}

/// What becomes of a pair of which only one lists the other among its neighbors, in [`Affinity::Uniform`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Symmetrize {
    /// It counts half of a pair that is mutual.
    Mean,
    /// It counts like any other.
    #[default]
    Max,
    /// The one is drawn to the other and not the other way round: the affinities are not symmetric.
    None,
}

impl Affinity {
    /// Checks the parameters alone.
    pub(crate) fn check(&self) -> Result<()> {
        let perplexity = |&p: &f64| {
            let fine = p.is_finite() && p >= 1.0;
            if fine { Ok(()) } else { Err(Error::param("perplexity", p, "must be a finite number of at least 1")) }
        };
        let neighbors =
            |&k: &usize| if k > 0 { Ok(()) } else { Err(Error::param("n_neighbors", k, "must be at least 1")) };
        match self {
            Self::Perplexity(p) => perplexity(p),
            Self::Multiscale(all) | Self::MultiscaleMixture(all) => {
                if all.is_empty() {
                    return Err(Error::param("perplexity", "[]", "there must be at least one"));
                }
                all.iter().try_for_each(perplexity)
            }
            Self::FixedSigma { sigma, n_neighbors } => {
                if !sigma.is_finite() || *sigma <= 0.0 {
                    return Err(Error::param("sigma", sigma, "must be a finite number above 0"));
                }
                neighbors(n_neighbors)
            }
            Self::Uniform { n_neighbors, .. } => neighbors(n_neighbors),
        }
    }

    /// What is used for `n` rows, with warnings where that is less than was asked for.
    pub(crate) fn clamped(&self, n: usize, cx: &mut Context<'_>) -> Self {
        let others = n.saturating_sub(1);
        let most = (others as f64 / NEIGHBORS_PER_PERPLEXITY).max(1.0);
        self.limited(|p| p.min(most), others, cx)
    }

    /// What is used for rows with `k` neighbors, with warnings where that is less than was asked for.
    fn fitting(&self, k: usize, cx: &mut Context<'_>) -> Self {
        let neighbors = k as f64;
        let less = (neighbors / NEIGHBORS_PER_PERPLEXITY).max(1.0);
        self.limited(|p| if p > neighbors { p.min(less) } else { p }, k, cx)
    }

    fn limited(&self, perplexity: impl Fn(f64) -> f64, neighbors: usize, cx: &mut Context<'_>) -> Self {
        let mut limit = |requested: f64| {
            let used = perplexity(requested);
            if used < requested {
                cx.warn(Warning::ClampedPerplexity { requested, used });
            }
            (used, used < requested)
        };
        let mut several = |all: &[f64]| {
            let mut used: Vec<f64> = Vec::with_capacity(all.len());
            for &p in all {
                let (p, less) = limit(p);
                if !less || !used.contains(&p) {
                    used.push(p);
                }
            }
            used
        };
        match self {
            Self::Perplexity(p) => Self::Perplexity(limit(*p).0),
            Self::Multiscale(all) => Self::Multiscale(several(all)),
            Self::MultiscaleMixture(all) => Self::MultiscaleMixture(several(all)),
            Self::FixedSigma { n_neighbors: requested, .. } | Self::Uniform { n_neighbors: requested, .. } => {
                let used = neighbors.max(1).min(*requested);
                if used < *requested {
                    cx.warn(Warning::ClampedNeighbors { requested: *requested, used: neighbors });
                }
                let mut less = self.clone();
                if let Self::FixedSigma { n_neighbors, .. } | Self::Uniform { n_neighbors, .. } = &mut less {
                    *n_neighbors = used;
                }
                less
            }
        }
    }

    /// How many nearest other rows it looks at, of `n` rows.
    pub(crate) fn n_neighbors(&self, n: usize) -> usize {
        let all = n.saturating_sub(1);
        let wanted = match self {
            Self::Perplexity(p) => for_perplexity(*p),
            Self::Multiscale(p) | Self::MultiscaleMixture(p) => p.iter().map(|&p| for_perplexity(p)).max().unwrap_or(0),
            Self::FixedSigma { n_neighbors, .. } | Self::Uniform { n_neighbors, .. } => *n_neighbors,
        };
        wanted.min(all)
    }
}

fn for_perplexity(p: f64) -> usize {
    // (n − 1) / 3 times 3 may fall short of n − 1 by a rounding.
    (NEIGHBORS_PER_PERPLEXITY * p * (1.0 + 1e-12)) as usize
}

#[cfg(test)]
mod tests;
