//! Errors of UMAP.

/// Why a map could not be made.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A parameter has a value that means nothing.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// The parameter.
        param: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// There is nothing to make a map of.
    #[error("there are no rows to make a map of")]
    NoRows,
    /// Given positions do not fit the data.
    #[error("the initial positions are {rows} × {cols}, they should be {expected_rows} × {expected_cols}")]
    InitShape {
        /// Rows given.
        rows: usize,
        /// Columns given.
        cols: usize,
        /// Rows of the data.
        expected_rows: usize,
        /// `n_components`.
        expected_cols: usize,
    },
    /// The initialization needs the vectors, and only a neighbor graph was given.
    #[error("init = {init} needs the vectors; with a neighbor graph alone use spectral, random or given positions")]
    InitNeedsData {
        /// The initialization.
        init: &'static str,
    },
    /// No curve of UMAP's family fits `min_dist` and `spread`.
    #[error("no curve fits min_dist = {min_dist} and spread = {spread}; give a and b instead")]
    NoCurve {
        /// `min_dist`.
        min_dist: f64,
        /// `spread`.
        spread: f64,
    },
    /// A neighbor lies at less than no distance, as under dot products of long rows, which no fuzzy graph can be made of.
    #[error("the distance of row {row} to its neighbor {neighbor} is {value}; UMAP needs distances of at least 0")]
    NegativeDistance {
        /// Row, counted from 0.
        row: usize,
        /// Id of the neighbor.
        neighbor: u32,
        /// The distance.
        value: f32,
    },
    /// The target is not that of the data.
    #[error("the target has {got} rows, the data has {expected}")]
    TargetRows {
        /// Rows of the data.
        expected: usize,
        /// Rows of the target.
        got: usize,
    },
    /// A value of the target is not a finite number. Classes of some rows may be left out, numbers may not.
    #[error("the target holds {value} in row {row}, column {col}, not a finite number")]
    TargetNonFinite {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        col: usize,
        /// The value.
        value: f32,
    },
    /// A weighted graph is not a fuzzy graph.
    #[error("the fuzzy graph's weight from row {row} to {col} is {value}: {problem}")]
    FuzzyGraph {
        /// Row, counted from 0.
        row: usize,
        /// Row at the other end.
        col: u32,
        /// The weight; 0 if none is stored.
        value: f32,
        /// The rule that is broken.
        problem: &'static str,
    },
    /// New rows have another number of columns than those that the map was made from.
    #[error("the rows have {got} columns, those of the map {expected}")]
    Columns {
        /// Columns of the rows that the map was made from.
        expected: usize,
        /// Columns given.
        got: usize,
    },
    /// The model does not know the rows that its map was made from: it was made from a neighbor graph, or told not to keep
    /// them.
    #[error(
        "the model holds no vectors that new rows could be compared with; give them with `with_vectors` or `with_index`, \
         fit with `keep_vectors(true)`, or bring the neighbors to `transform_neighbors`"
    )]
    NoVectors,
    /// Vectors given to a model are not as many as the rows of its map.
    #[error("the map has {expected} rows, the vectors given {got}")]
    VectorRows {
        /// Rows of the map.
        expected: usize,
        /// Rows given.
        got: usize,
    },
    /// A model could not be written to or read from a file.
    #[cfg(feature = "file")]
    #[error(transparent)]
    File(#[from] planisphere_store::Error),
    /// Positions ran away to infinity, which only extreme parameters can cause.
    #[error("the layout diverged in epoch {epoch}; use a smaller learning_rate or repulsion_strength")]
    Diverged {
        /// The epoch, counted from 1.
        epoch: u32,
    },
    /// Neighbor search failed.
    #[cfg(feature = "knn")]
    #[error(transparent)]
    Neighbors(planisphere_knn::Error),
    /// The initial principal component analysis failed.
    #[cfg(feature = "pca")]
    #[error(transparent)]
    Pca(planisphere_pca::Error),
    /// The eigenvalue iteration of the spectral initialization failed.
    #[error(transparent)]
    Eigen(#[from] planisphere_kernels::eigen::NotConverged),
    /// A value is not finite, a graph is malformed, or no thread pool can be started.
    #[error(transparent)]
    Core(#[from] planisphere_core::Error),
    /// The run was cancelled.
    #[error(transparent)]
    Cancelled(#[from] planisphere_core::Cancelled),
}

impl Error {
    pub(crate) fn param(param: &'static str, value: impl ToString, reason: impl Into<String>) -> Self {
        Self::InvalidParam { param, value: value.to_string(), reason: reason.into() }
    }
}

// What every crate can say is said in one way, whichever stage met it.
#[cfg(feature = "knn")]
impl From<planisphere_knn::Error> for Error {
    fn from(e: planisphere_knn::Error) -> Self {
        match e {
            planisphere_knn::Error::Cancelled(c) => Self::Cancelled(c),
            planisphere_knn::Error::Core(c) => Self::Core(c),
            planisphere_knn::Error::Columns { expected, got } => Self::Columns { expected, got },
            e => Self::Neighbors(e),
        }
    }
}

#[cfg(feature = "pca")]
impl From<planisphere_pca::Error> for Error {
    fn from(e: planisphere_pca::Error) -> Self {
        match e {
            planisphere_pca::Error::Cancelled(c) => Self::Cancelled(c),
            planisphere_pca::Error::Core(c) => Self::Core(c),
            e => Self::Pca(e),
        }
    }
}

impl From<planisphere_spectral::Error> for Error {
    fn from(e: planisphere_spectral::Error) -> Self {
        use planisphere_spectral::Error as E;
        match e {
            E::InvalidParam { param, value, reason } => Self::InvalidParam { param, value, reason },
            E::Eigen(e) => Self::Eigen(e),
            E::Core(e) => Self::Core(e),
            E::Cancelled(e) => Self::Cancelled(e),
            // New kinds of errors are told in their own words.
            e => Self::param("init", "spectral", e.to_string()),
        }
    }
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
