//! The parameters and their checks.

use crate::error::{Error, Result};
use planisphere_core::Matrix;
use serde::{Deserialize, Serialize};

/// Most dimensions of a map.
pub(crate) const MAX_COMPONENTS: usize = 256;

/// Where the points start.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Init {
    /// Eigenvectors of the graph's normalized Laplacian, for each connected component on its own, to the accuracy that a
    /// start needs. Of a graph in pieces, those of fewer than 32 rows, or twice `n_components`, start at random places.
    #[default]
    Spectral,
    /// The first principal components of the vectors (feature `pca`; not for [`Umap::fit_graph`]).
    Pca,
    /// Uniformly random places.
    Random,
    /// These places, n × n_components, which are moved and scaled into the box from 0 to 10.
    Given(Matrix),
}

impl Init {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Spectral => "spectral",
            Self::Pca => "pca",
            Self::Random => "random",
            Self::Given(_) => "given",
        }
    }
}

/// Uniform manifold approximation and projection (McInnes, Healy & Melville 2018, arXiv 1802.03426).
///
/// Names, defaults and rules are those of umap-learn 0.5, except that the seed is 42 unless set: a run can always be
/// repeated. `fit` gives a [`UmapModel`](crate::UmapModel).
///
/// ```
/// use planisphere_umap::{Init, Umap};
/// let umap = Umap::new().n_neighbors(30).min_dist(0.0).init(Init::Random).seed(7);
/// assert_ne!(umap, Umap::default());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Umap {
    pub(crate) n_neighbors: usize,
    pub(crate) n_components: usize,
    #[cfg(feature = "knn")]
    pub(crate) metric: planisphere_knn::Metric,
    #[cfg(feature = "knn")]
    pub(crate) knn: planisphere_knn::Method,
    #[cfg(feature = "knn")]
    pub(crate) keep_vectors: bool,
    pub(crate) n_epochs: Option<u32>,
    pub(crate) snapshots: Vec<u32>,
    pub(crate) both_ends: Option<bool>,
    pub(crate) learning_rate: f32,
    pub(crate) init: Init,
    pub(crate) min_dist: f64,
    pub(crate) spread: f64,
    pub(crate) ab: Option<(f64, f64)>,
    pub(crate) set_op_mix_ratio: f32,
    pub(crate) local_connectivity: f64,
    pub(crate) repulsion_strength: f32,
    pub(crate) negative_sample_rate: u32,
    pub(crate) target_weight: f64,
    pub(crate) target_n_neighbors: Option<usize>,
    pub(crate) seed: u64,
}

impl Default for Umap {
    fn default() -> Self {
        Self {
            n_neighbors: 15,
            n_components: 2,
            #[cfg(feature = "knn")]
            metric: planisphere_knn::Metric::Euclidean,
            #[cfg(feature = "knn")]
            knn: planisphere_knn::Method::Auto,
            #[cfg(feature = "knn")]
            keep_vectors: true,
            n_epochs: None,
            snapshots: Vec::new(),
            both_ends: None,
            learning_rate: 1.0,
            init: Init::Spectral,
            min_dist: 0.1,
            spread: 1.0,
            ab: None,
            set_op_mix_ratio: 1.0,
            local_connectivity: 1.0,
            repulsion_strength: 1.0,
            negative_sample_rate: 5,
            target_weight: 0.5,
            target_n_neighbors: None,
            seed: 42,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        $($(#[$doc])* #[must_use] pub fn $name(mut self, $name: $type) -> Self { self.$name = $name; self })*
    };
}

impl Umap {
    /// The defaults of umap-learn, with seed 42.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Neighbors of each row, *the row itself included*, as umap-learn counts them. Larger shows more of the whole,
        /// smaller more detail. At least 2; more than there are rows is lowered, with a warning. Default 15.
        n_neighbors: usize,
        /// Dimensions of the map, 1 to 256. Default 2.
        n_components: usize,
        /// Step size at the start; it falls to 0 linearly. Default 1.
        learning_rate: f32,
        /// Where the points start. Default [`Init::Spectral`].
        init: Init,
        /// How close points may lie on the map, in units of `spread`'s scale; from 0 to `spread`. Smaller packs groups more
        /// tightly. Default 0.1.
        min_dist: f64,
        /// Scale of the map: the distance over which closeness fades. Default 1.
        spread: f64,
        /// 1 keeps an edge if either end wants it (fuzzy union), 0 only if both do (intersection). Default 1.
        set_op_mix_ratio: f32,
        /// Neighbors, possibly a fraction, that count as fully connected to each row. Default 1.
        local_connectivity: f64,
        /// Weight of repulsion against attraction. Default 1.
        repulsion_strength: f32,
        /// Random rows that each sampled edge pushes away. More is slower and more even. Default 5.
        negative_sample_rate: u32,
        /// How much a target counts against the data, 0 to 1, in [`Umap::fit_supervised`]. At 1 only the target counts: no edge
        /// is left between different classes, and of a continuous target only its own graph. At 0 classes still count a
        /// little, as in umap-learn: an edge between two of them keeps exp(−2.5) of its weight. Default 0.5.
        target_weight: f64,
        /// Seed of everything random. The same seed gives the same map, bit for bit. Default 42.
        seed: u64,
    }

    /// The distance between rows; only used where neighbors are searched. Default Euclidean.
    #[cfg(feature = "knn")]
    #[must_use]
    pub fn metric(mut self, metric: planisphere_knn::Metric) -> Self {
        self.metric = metric;
        self
    }

    /// How neighbors are searched. Default: exact search unless approximate search is expected to take less than half of
    /// its time.
    #[cfg(feature = "knn")]
    #[must_use]
    pub fn knn(mut self, knn: planisphere_knn::Method) -> Self {
        self.knn = knn;
        self
    }

    /// Whether the model keeps the rows that [`Umap::fit`] is given, so that it can place others
    /// ([`UmapModel::transform`](crate::UmapModel::transform)). Default true, since a model that cannot do so after a long
    /// fit helps nobody. Rows that are given away or shared (a [`Matrix`], an `Arc<Matrix>`) are kept as they are; of
    /// borrowed ones a copy is made, 4 bytes a value, after the map is done. Say false if only the map is wanted.
    #[cfg(feature = "knn")]
    #[must_use]
    pub fn keep_vectors(mut self, keep_vectors: bool) -> Self {
        self.keep_vectors = keep_vectors;
        self
    }

    /// Passes over the edges. Default: 500 up to 10,000 rows, 200 above. 0 gives the initial positions.
    #[must_use]
    pub fn n_epochs(mut self, n_epochs: u32) -> Self {
        self.n_epochs = Some(n_epochs);
        self
    }

    /// Neighbors of each row, itself included, in the graph of a continuous target. At least 2; more than there are rows is
    /// lowered, with a warning. Default: as many as `n_neighbors`.
    #[must_use]
    pub fn target_n_neighbors(mut self, target_n_neighbors: usize) -> Self {
        self.target_n_neighbors = Some(target_n_neighbors);
        self
    }

    /// Keeps the map as it is after these epochs, for [`UmapModel::snapshots`](crate::UmapModel::snapshots); 0 is the
    /// initial positions. umap-learn's `n_epochs` as a list. Default: none.
    #[must_use]
    pub fn snapshots(mut self, epochs: impl Into<Vec<u32>>) -> Self {
        self.snapshots = epochs.into();
        self
    }

    /// Whether the attraction of a sampled edge moves both ends of it, as in umap-learn's code, or one, as in the paper's
    /// Algorithm 5. Since every edge is sampled from either end, both ends mean twice the attraction: tighter groups,
    /// farther apart, the more so since learning then starts six times as fast. One end keeps more of each row's neighbors
    /// and takes less time. Default: both ends with a target ([`Umap::fit_supervised`]), whose classes are meant to draw
    /// apart, and one without.
    #[must_use]
    pub fn both_ends(mut self, both_ends: bool) -> Self {
        self.both_ends = Some(both_ends);
        self
    }

    /// The curve 1 / (1 + a d²ᵇ) itself, instead of one fitted to `min_dist` and `spread`.
    #[must_use]
    pub fn ab(mut self, a: f64, b: f64) -> Self {
        self.ab = Some((a, b));
        self
    }

    /// Checks every parameter that can be checked without the data, as all fits do before they begin: for those who want to
    /// know before they read the data.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] names the first that makes no sense.
    pub fn check(&self) -> Result<()> {
        let at_least = |param, v: f64, low: f64| {
            if v.is_finite() && v >= low {
                return Ok(());
            }
            Err(Error::param(param, v, format!("must be a finite number of at least {low}")))
        };
        let positive = |param, v: f64| {
            // In f32, which the layout computes in.
            if (v as f32).is_finite() && v as f32 > 0.0 {
                return Ok(());
            }
            Err(Error::param(param, v, "must be a number above 0 that fits 32 bits"))
        };
        if self.n_neighbors < 2 {
            return Err(Error::param("n_neighbors", self.n_neighbors, "must be at least 2 (a row counts as its own)"));
        }
        if !(1..=MAX_COMPONENTS).contains(&self.n_components) {
            let reason = format!("must be from 1 to {MAX_COMPONENTS}");
            return Err(Error::param("n_components", self.n_components, reason));
        }
        positive("learning_rate", self.learning_rate.into())?;
        positive("spread", self.spread)?;
        at_least("min_dist", self.min_dist, 0.0)?;
        if self.min_dist > self.spread {
            let reason = format!("must not be above spread = {}", self.spread);
            return Err(Error::param("min_dist", self.min_dist, reason));
        }
        if let Some((a, b)) = self.ab {
            positive("a", a)?;
            positive("b", b)?;
        }
        if !(0.0..=1.0).contains(&self.set_op_mix_ratio) {
            return Err(Error::param("set_op_mix_ratio", self.set_op_mix_ratio, "must be from 0 to 1"));
        }
        at_least("local_connectivity", self.local_connectivity, 0.0)?;
        at_least("repulsion_strength", self.repulsion_strength.into(), 0.0)?;
        if self.negative_sample_rate > 1000 {
            return Err(Error::param("negative_sample_rate", self.negative_sample_rate, "must be at most 1000"));
        }
        if !(0.0..=1.0).contains(&self.target_weight) {
            return Err(Error::param("target_weight", self.target_weight, "must be from 0 to 1"));
        }
        if let Some(n) = self.target_n_neighbors
            && n < 2
        {
            return Err(Error::param("target_n_neighbors", n, "must be at least 2 (a row counts as its own)"));
        }
        if let Some(n) = self.n_epochs
            && n > 1_000_000
        {
            return Err(Error::param("n_epochs", n, "must be at most 1000000"));
        }
        Ok(())
    }

    /// Epochs for `n` rows.
    pub(crate) fn epochs(&self, n: usize) -> u32 {
        self.n_epochs.unwrap_or_else(|| default_epochs(n))
    }

    /// Epochs in which new rows settle on a map: those of umap-learn for rows that are few, whatever their number, so that
    /// a row's place does not depend on how many others are placed with it.
    pub(crate) fn transform_epochs(&self) -> u32 {
        self.n_epochs.map_or(100, |e| e / 3)
    }

    /// Edges so light that they would be sampled less than once are dropped; umap-learn counts with its default number of
    /// epochs where few were asked for.
    pub(crate) fn pruning_epochs(&self, n: usize) -> u32 {
        match self.n_epochs {
            Some(e) if e > 10 => e,
            _ => default_epochs(n),
        }
    }
}

fn default_epochs(n: usize) -> u32 {
    if n <= 10_000 { 500 } else { 200 }
}
