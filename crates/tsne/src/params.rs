//! The parameters and their checks.

use crate::affinity::Affinity;
use crate::descent::Rules;
use crate::error::{Error, Result};
use planisphere_core::Matrix;
use serde::{Deserialize, Serialize};

/// Most dimensions of a map.
pub(crate) const MAX_COMPONENTS: usize = 3;
/// Early exaggeration, unless the later one is larger.
const EARLY_EXAGGERATION: f32 = 12.0;
/// Recall of the search for neighbors.
#[cfg(feature = "knn")]
const RECALL: f64 = 0.85;
/// Iterations between two looks at whether the map still gets better.
pub(crate) const LOOK_EVERY: u32 = 50;

/// Where the points start.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Init {
    /// The first principal components of the vectors, shrunk to a standard deviation of 1e-4, with a little noise (feature
    /// `pca`). Of a graph alone, [`Init::Spectral`] is taken instead, with a warning.
    #[default]
    Pca,
    /// Eigenvectors of the affinities' normalized Laplacian, shrunk as those of [`Init::Pca`].
    Spectral,
    /// Normally distributed places with a standard deviation of 1e-4.
    Random,
    /// These places, n × n_components, as they are. Far apart from the start, rows hardly find each other: shrink what is
    /// not meant to stay as it is to a standard deviation of 1e-4.
    Given(Matrix),
}

/// How it is computed what all rows push each other away by.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Repulsion {
    /// What is fastest at about the same accuracy: exact for few rows, by Barnes-Hut from 1,000 rows of a plane or 2,000 in
    /// space, by interpolation from 1,500 rows of a line or 10,000 of a plane.
    #[default]
    Auto,
    /// All pairs of rows.
    Exact,
    /// Groups of far rows as one (van der Maaten 2014), for maps of two and three dimensions.
    BarnesHut {
        /// How large a group may be against its distance to be taken as one (side of its cell / distance to its mean): 0 is
        /// exact, 0.5 usual, 1 coarse. The error of forces is about 0.02 % at 0.1, 0.4 % at 0.3, 1 % at 0.5, 4 % at 0.8 (RMS
        /// against RMS), that of the normalization half of it; more where points stand in a line.
        theta: f32,
    },
    /// Interpolation between nodes of a grid and fast Fourier transforms (FIt-SNE, Linderman et al. 2019), for maps of one
    /// and two dimensions. Of fewer than 200 rows all pairs are taken, which is faster and more accurate.
    Fft {
        /// How far apart nodes are at most, in units of the map, in which the kernel has the half-width 1. On sparse maps,
        /// which are the hardest, the error of forces is 0.4 % at 0.25, 1 % at 0.35, 3 % at 0.5 and 9 % at 0.7 (RMS against
        /// RMS); that of the normalization is below 0.03 % at all of them. Default 0.5. A plane has at most 4,096 nodes
        /// along an axis, a line 262,144: on a map wider than that many spacings they are farther apart.
        spacing: f32,
    },
}

impl Repulsion {
    /// Barnes-Hut with θ = 0.5.
    pub const BARNES_HUT: Self = Self::BarnesHut { theta: 0.5 };
    /// Interpolation with nodes at most 0.5 apart.
    pub const FFT: Self = Self::Fft { spacing: 0.5 };
}

/// t-distributed stochastic neighbor embedding (van der Maaten & Hinton 2008).
///
/// Names, defaults and rules are those of openTSNE 1.0, except that the seed is 42 unless set: a run can always be repeated.
/// `fit` gives a [`TsneModel`](crate::TsneModel).
///
/// ```
/// use planisphere_tsne::{Init, Tsne};
/// let tsne = Tsne::new().perplexity(50.0).n_iter(1000).init(Init::Random).seed(7);
/// assert_ne!(tsne, Tsne::default());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tsne {
    pub(crate) n_components: usize,
    pub(crate) affinity: Affinity,
    #[cfg(feature = "knn")]
    pub(crate) metric: planisphere_knn::Metric,
    #[cfg(feature = "knn")]
    pub(crate) knn: planisphere_knn::Method,
    #[cfg(feature = "knn")]
    pub(crate) keep_vectors: bool,
    pub(crate) early_exaggeration: Option<f32>,
    pub(crate) early_exaggeration_iter: u32,
    pub(crate) exaggeration: f32,
    pub(crate) n_iter: u32,
    pub(crate) learning_rate: Option<f32>,
    pub(crate) initial_momentum: f32,
    pub(crate) final_momentum: f32,
    pub(crate) min_gain: f32,
    pub(crate) max_grad_norm: Option<f32>,
    pub(crate) max_step_norm: Option<f32>,
    pub(crate) dof: f32,
    pub(crate) repulsion: Repulsion,
    pub(crate) init: Init,
    pub(crate) min_grad_norm: Option<f32>,
    pub(crate) n_iter_without_progress: Option<u32>,
    pub(crate) divergence_every: Option<u32>,
    pub(crate) snapshots: Vec<u32>,
    pub(crate) seed: u64,
}

impl Default for Tsne {
    fn default() -> Self {
        Self {
            n_components: 2,
            affinity: Affinity::default(),
            #[cfg(feature = "knn")]
            metric: planisphere_knn::Metric::Euclidean,
            #[cfg(feature = "knn")]
            knn: planisphere_knn::Method::Approx { recall: RECALL },
            #[cfg(feature = "knn")]
            keep_vectors: true,
            early_exaggeration: None,
            early_exaggeration_iter: 250,
            exaggeration: 1.0,
            n_iter: 500,
            learning_rate: None,
            initial_momentum: 0.8,
            final_momentum: 0.8,
            min_gain: 0.01,
            max_grad_norm: None,
            max_step_norm: Some(5.0),
            dof: 1.0,
            repulsion: Repulsion::Auto,
            init: Init::Pca,
            min_grad_norm: None,
            n_iter_without_progress: None,
            divergence_every: None,
            snapshots: Vec::new(),
            seed: 42,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty $(=> $wrap:expr)?,)*) => {
        $($(#[$doc])* #[must_use] pub fn $name(mut self, $name: $type) -> Self {
            $(let $name = $wrap($name);)?
            self.$name = $name;
            self
        })*
    };
}

impl Tsne {
    /// The defaults of openTSNE, with seed 42.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Dimensions of the map, 1 to 3. Default 2.
        n_components: usize,
        /// How distances become affinities. Default: by [`Tsne::perplexity`] 30.
        affinity: Affinity,
        /// What affinities are multiplied by in the first iterations, so that groups form: openTSNE's "lying". Default: 12, or
        /// [`Tsne::exaggeration`] if that is larger.
        early_exaggeration: f32 => Some,
        /// Iterations with [`Tsne::early_exaggeration`]. Default 250.
        early_exaggeration_iter: u32,
        /// What affinities are multiplied by after that ("late exaggeration"): above 1 groups are tighter and farther apart,
        /// at about 4 the map looks like UMAP's (Böhm et al. 2022). Default 1.
        exaggeration: f32,
        /// Iterations after the early ones. Default 500. 0 of both gives the initial positions.
        n_iter: u32,
        /// Step size. Default: rows divided by the exaggeration of the phase (Belkina et al. 2019).
        learning_rate: f32 => Some,
        /// Share of the last step that goes on in the next, in the early iterations. Default 0.8.
        initial_momentum: f32,
        /// The same, after them. Default 0.8.
        final_momentum: f32,
        /// What each gain is at least raised by (openTSNE's `min_gain`). Default 0.01.
        min_gain: f32,
        /// Length that a row's gradient is cut to. Default: none.
        max_grad_norm: f32 => Some,
        /// Length that a row's step is cut to. Default 5.
        max_step_norm: Option<f32>,
        /// Degrees of freedom α of the kernel (1 + d²/α)^(−α): below 1 tails are heavier, and clusters fall apart into finer
        /// ones (Kobak et al. 2019). From 0.1 to 1000. Default 1, Student's t.
        dof: f32,
        /// How repulsion is computed. Default [`Repulsion::Auto`].
        repulsion: Repulsion,
        /// Where the points start. Default [`Init::Pca`].
        init: Init,
        /// Ends the run when the norm of the gradient (of all rows, scikit-learn's, four times that of openTSNE) falls to this;
        /// looked at every 50 iterations after the early ones. Default: none.
        min_grad_norm: f32 => Some,
        /// Ends the run when the divergence has not got better for so many iterations; looked at every 50 after the early
        /// ones, which costs about 2 %. Default: none.
        n_iter_without_progress: u32 => Some,
        /// Seed of everything random. The same seed gives the same map, bit for bit. Default 42.
        seed: u64,
    }

    /// Effective number of neighbors: [`Affinity::Perplexity`]. Larger shows more of the whole, smaller more detail. At least
    /// 1; more than a third of the other rows is lowered, with a warning. Default 30.
    #[must_use]
    pub fn perplexity(mut self, perplexity: f64) -> Self {
        self.affinity = Affinity::Perplexity(perplexity);
        self
    }

    /// The distance between rows; only used where neighbors are searched. Default Euclidean.
    #[cfg(feature = "knn")]
    #[must_use]
    pub fn metric(mut self, metric: planisphere_knn::Metric) -> Self {
        self.metric = metric;
        self
    }

    /// How neighbors are searched. Default: approximately, at a recall of 0.85, as openTSNE does. Exact neighbors do not make
    /// better maps, and are slower: on 20,000 titles, whose 90 nearest neighbors are not much nearer than the next ones,
    /// trustworthiness is 0.944 with exact neighbors and 0.948 with these.
    #[cfg(feature = "knn")]
    #[must_use]
    pub fn knn(mut self, knn: planisphere_knn::Method) -> Self {
        self.knn = knn;
        self
    }

    /// Whether the model keeps the rows that [`Tsne::fit`] is given, so that it can place others
    /// ([`TsneModel::transform`](crate::TsneModel::transform)). Default true, since a model that cannot do so after a long
    /// fit helps nobody. Rows that are given away or shared (a [`Matrix`], an `Arc<Matrix>`) are kept as they are; of
    /// borrowed ones a copy is made, 4 bytes a value, after the map is done. Say false if only the map is wanted.
    #[cfg(feature = "knn")]
    #[must_use]
    pub fn keep_vectors(mut self, keep_vectors: bool) -> Self {
        self.keep_vectors = keep_vectors;
        self
    }

    /// Computes the divergence every so many iterations, for [`TsneModel::divergences`](crate::TsneModel::divergences) and
    /// for observers. Each time costs about as much as an iteration. Default: at the end only.
    #[must_use]
    pub fn divergence_every(mut self, iterations: u32) -> Self {
        self.divergence_every = Some(iterations);
        self
    }

    /// Keeps the map as it is after these iterations, early ones counted, for
    /// [`TsneModel::snapshots`](crate::TsneModel::snapshots); 0 is the initial positions. Default: none.
    #[must_use]
    pub fn snapshots(mut self, iterations: impl Into<Vec<u32>>) -> Self {
        self.snapshots = iterations.into();
        self
    }

    /// Checks every parameter that can be checked without the data, as all fits do before they begin: for those who want to
    /// know before they read the data.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] names the first that makes no sense.
    pub fn check(&self) -> Result<()> {
        let within = |param, v: f32, low: f32, high: f32| {
            if (low..=high).contains(&v) {
                return Ok(());
            }
            Err(Error::param(param, v, format!("must be from {low} to {high}")))
        };
        if !(1..=MAX_COMPONENTS).contains(&self.n_components) {
            let reason = format!("must be from 1 to {MAX_COMPONENTS}");
            return Err(Error::param("n_components", self.n_components, reason));
        }
        self.affinity.check()?;
        if let Some(v) = self.early_exaggeration {
            within("early_exaggeration", v, 1e-3, 1e4)?;
        }
        within("exaggeration", self.exaggeration, 1e-3, 1e4)?;
        if let Some(v) = self.learning_rate
            && !(v > 0.0 && v.is_finite())
        {
            return Err(Error::param("learning_rate", v, "must be a number above 0"));
        }
        within("initial_momentum", self.initial_momentum, 0.0, 0.999)?;
        within("final_momentum", self.final_momentum, 0.0, 0.999)?;
        within("min_gain", self.min_gain, 0.0, 1.0)?;
        within("dof", self.dof, 0.1, 1000.0)?;
        for (param, v) in [
            ("max_grad_norm", self.max_grad_norm),
            ("max_step_norm", self.max_step_norm),
            ("min_grad_norm", self.min_grad_norm),
        ] {
            if let Some(v) = v
                && !(v > 0.0 && v.is_finite())
            {
                return Err(Error::param(param, v, "must be a number above 0"));
            }
        }
        for (param, v) in
            [("n_iter_without_progress", self.n_iter_without_progress), ("divergence_every", self.divergence_every)]
        {
            if v == Some(0) {
                return Err(Error::param(param, 0, "must be at least 1"));
            }
        }
        for (param, v) in [("n_iter", self.n_iter), ("early_exaggeration_iter", self.early_exaggeration_iter)] {
            if v > 1_000_000 {
                return Err(Error::param(param, v, "must be at most 1000000"));
            }
        }
        match self.repulsion {
            Repulsion::BarnesHut { theta } => {
                within("theta", theta, 0.0, 2.0)?;
                if self.n_components < 2 {
                    return Err(Error::param(
                        "repulsion",
                        "barnes-hut",
                        "is for 2 and 3 dimensions; take fft or exact for 1",
                    ));
                }
            }
            Repulsion::Fft { spacing } => {
                within("spacing", spacing, 0.05, 2.0)?;
                if self.n_components > 2 {
                    return Err(Error::param(
                        "repulsion",
                        "fft",
                        "is for 1 and 2 dimensions; take barnes-hut or exact for 3",
                    ));
                }
            }
            Repulsion::Auto | Repulsion::Exact => {}
        }
        Ok(())
    }

    /// Iterations in all.
    pub(crate) fn iterations(&self) -> u32 {
        self.early_exaggeration_iter + self.n_iter
    }

    /// What iteration `i`, counted from 0, of a map of `n` rows goes by.
    pub(crate) fn rules(&self, n: usize, i: u32) -> Rules {
        let early = i < self.early_exaggeration_iter;
        let early_exaggeration = self.early_exaggeration.unwrap_or(self.exaggeration.max(EARLY_EXAGGERATION));
        let exaggeration = if early { early_exaggeration } else { self.exaggeration };
        Rules {
            exaggeration,
            learning_rate: self.learning_rate.unwrap_or(n as f32 / exaggeration),
            momentum: if early { self.initial_momentum } else { self.final_momentum },
            min_gain: self.min_gain,
            max_grad_norm: self.max_grad_norm,
            max_step_norm: self.max_step_norm,
            dof: self.dof,
        }
    }
}
