//! What can go wrong.

/// What is wrong with the input of a map, or why a figure or page could not be written or read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The points have another number of columns than a map can show.
    #[error("points have {cols} columns; a map shows 1, 2 or 3")]
    Columns {
        /// Number of columns given.
        cols: usize,
    },
    /// A list does not have one entry for each point.
    #[error("{what}: {got} entries for {expected} points")]
    Length {
        /// The list: `ids`, `labels`, `previews` or `values` of a map; `columns`, `texts` or `neighbors` of a page.
        what: &'static str,
        /// Number of points.
        expected: usize,
        /// Number of entries.
        got: usize,
    },
    /// The points themselves are not fit to be drawn: a coordinate is not finite, or there are too many rows.
    #[error("points: {0}")]
    Points(#[from] planisphere_core::Error),
    /// One of several maps of a figure cannot be drawn.
    #[error("map {name:?}: {source}")]
    InMap {
        /// Name of the map.
        name: String,
        /// What is wrong with it.
        source: Box<Self>,
    },
    /// A parameter is out of range.
    #[error("{param} = {value}: must be {allowed}")]
    Param {
        /// Name of the parameter.
        param: &'static str,
        /// Value given.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A color is not written as `#rgb` or `#rrggbb`.
    #[error("{param}: {value:?} is not a color; write #rgb or #rrggbb")]
    Color {
        /// Where the color was given: `palette`, `color`, `unlabeled_color` or `other_color`.
        param: &'static str,
        /// The color given.
        value: String,
    },
    /// JSON could not be written, or does not describe a figure of this crate. The source says line and column.
    #[error("figure as JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The output could not be written.
    #[error("cannot write: {0}")]
    Io(#[from] std::io::Error),
    /// The `plotly` package does not carry plotly.js in the form that this crate expects.
    #[error("the plotly package holds no script that starts with plotly.js v{version}")]
    NoPlotlyJs {
        /// The version looked for.
        version: &'static str,
    },
}

impl From<serde_json::Error> for Error {
    /// Failures of the writer stay [`Error::Io`].
    fn from(e: serde_json::Error) -> Self {
        if e.is_io() { Self::Io(e.into()) } else { Self::Json(e) }
    }
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
