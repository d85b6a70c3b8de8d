//! How new rows are placed.

use crate::affinity::Affinity;
use crate::descent::Rules;
use crate::error::{Error, Result};
use planisphere_core::Matrix;
use serde::{Deserialize, Serialize};

/// What each gain is at least raised by, as in openTSNE.
const MIN_GAIN: f32 = 0.01;

/// Where new rows start on a map.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Start {
    /// The median of the places of the nearest rows, coordinate by coordinate: [`Placement::n_start_neighbors`] of them.
    #[default]
    Median,
    /// The mean of the places of the rows that a new row is drawn to, by how strongly. (openTSNE's `weighted` weighs by
    /// distances: the farther, the more.)
    Weighted,
    /// These places, m × n_components. A row's place then depends on its start, too.
    Given(Matrix),
}

/// How new rows are placed on a map that stays as it is: the parameters of
/// [`TsneModel::transform_by`](crate::TsneModel::transform_by).
///
/// Names and defaults are those of openTSNE's `transform`.
///
/// ```
/// use planisphere_tsne::{Placement, Start};
/// let by = Placement::new().perplexity(15.0).start(Start::Weighted).n_iter(100);
/// assert_ne!(by, Placement::default());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    pub(super) affinity: Affinity,
    pub(super) start: Start,
    pub(super) n_start_neighbors: usize,
    early_exaggeration: f32,
    early_exaggeration_iter: u32,
    exaggeration: f32,
    n_iter: u32,
    learning_rate: f32,
    initial_momentum: f32,
    final_momentum: f32,
    max_grad_norm: Option<f32>,
    max_step_norm: Option<f32>,
}

impl Default for Placement {
    fn default() -> Self {
        Self {
            affinity: Affinity::Perplexity(5.0),
            start: Start::Median,
            n_start_neighbors: 25,
            early_exaggeration: 4.0,
            early_exaggeration_iter: 0,
            exaggeration: 1.5,
            n_iter: 250,
            learning_rate: 0.1,
            initial_momentum: 0.8,
            final_momentum: 0.8,
            max_grad_norm: Some(0.25),
            max_step_norm: None,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        $($(#[$doc])* #[must_use] pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $name;
            self
        })*
    };
}

impl Placement {
    /// The defaults of openTSNE.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// How the distances of a new row to rows of the map become what draws it to them. Default: by
        /// [`Placement::perplexity`] 5.
        affinity: Affinity,
        /// Where rows start. Default [`Start::Median`].
        start: Start,
        /// Nearest rows whose median [`Start::Median`] is (openTSNE's `k`), at least 1; all that the affinity looks at if these
        /// are fewer, as are the 15 of a perplexity of 5. Default 25.
        n_start_neighbors: usize,
        /// What affinities are multiplied by in the early iterations. Default 4.
        early_exaggeration: f32,
        /// Iterations with [`Placement::early_exaggeration`]. Default 0.
        early_exaggeration_iter: u32,
        /// What affinities are multiplied by after that. Default 1.5.
        exaggeration: f32,
        /// Iterations after the early ones. Default 250. 0 of both gives the starts.
        n_iter: u32,
        /// Step size. Default 0.1.
        learning_rate: f32,
        /// Share of the last step that goes on in the next, in the early iterations. Default 0.8.
        initial_momentum: f32,
        /// The same, after them. Default 0.8.
        final_momentum: f32,
        /// Length that a row's gradient is cut to. Default 0.25: without it, rows that start very near to others shoot off.
        max_grad_norm: Option<f32>,
        /// Length that a row's step is cut to. Default: none.
        max_step_norm: Option<f32>,
    }

    /// Effective number of neighbors that a new row is drawn to: [`Affinity::Perplexity`]. Default 5.
    #[must_use]
    pub fn perplexity(mut self, perplexity: f64) -> Self {
        self.affinity = Affinity::Perplexity(perplexity);
        self
    }

    /// Checks every parameter that can be checked without the rows.
    pub(super) fn check(&self) -> Result<()> {
        self.affinity.check()?;
        if self.n_start_neighbors == 0 {
            return Err(Error::param("n_start_neighbors", 0, "must be at least 1"));
        }
        for (param, v, low, high) in [
            ("early_exaggeration", self.early_exaggeration, 1e-3, 1e4),
            ("exaggeration", self.exaggeration, 1e-3, 1e4),
            ("initial_momentum", self.initial_momentum, 0.0, 0.999),
            ("final_momentum", self.final_momentum, 0.0, 0.999),
        ] {
            if !(low..=high).contains(&v) {
                return Err(Error::param(param, v, format!("must be from {low} to {high}")));
            }
        }
        for (param, v) in [
            ("learning_rate", Some(self.learning_rate)),
            ("max_grad_norm", self.max_grad_norm),
            ("max_step_norm", self.max_step_norm),
        ] {
            if let Some(v) = v
                && !(v > 0.0 && v.is_finite())
            {
                return Err(Error::param(param, v, "must be a number above 0"));
            }
        }
        for (param, v) in [("n_iter", self.n_iter), ("early_exaggeration_iter", self.early_exaggeration_iter)] {
            if v > 1_000_000 {
                return Err(Error::param(param, v, "must be at most 1000000"));
            }
        }
        Ok(())
    }

    /// How many rows of a map of `n` a new one is compared with.
    #[cfg(feature = "knn")]
    pub(super) fn neighbors(&self, n: usize) -> usize {
        self.affinity.n_neighbors(n.saturating_add(1)).max(1)
    }

    /// Iterations in all.
    pub(super) fn iterations(&self) -> u32 {
        self.early_exaggeration_iter + self.n_iter
    }

    /// What iteration `i`, counted from 0, goes by.
    pub(super) fn rules(&self, i: u32, dof: f32) -> Rules {
        let early = i < self.early_exaggeration_iter;
        Rules {
            exaggeration: if early { self.early_exaggeration } else { self.exaggeration },
            learning_rate: self.learning_rate,
            momentum: if early { self.initial_momentum } else { self.final_momentum },
            min_gain: MIN_GAIN,
            max_grad_norm: self.max_grad_norm,
            max_step_norm: self.max_step_norm,
            dof,
        }
    }
}
