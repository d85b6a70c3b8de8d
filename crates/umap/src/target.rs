//! What is known about the rows besides their vectors.

use crate::error::{Error, Result};
use planisphere_core::MatrixView;
use std::collections::HashMap;

/// What [`Umap::fit_supervised`](crate::Umap::fit_supervised) is told about each row: rows that agree are drawn together,
/// rows that do not are pushed apart. umap-learn's `y` and `target_metric`.
///
/// Labels in any form that counts classes become one by `into`: `&[Option<u32>]`, `&Vec<Option<u32>>`, or [`&Labels`](Labels)
/// for texts.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum Target<'a> {
    /// The class of each row, or `None` where it is not known (umap-learn's −1): semi-supervised.
    ///
    /// An edge between two classes keeps exp(−2.5 / (1 − `target_weight`)) of its weight, one with an unlabeled end
    /// exp(−1). umap-learn's `"categorical"`.
    Categorical(&'a [Option<u32>]),
    /// A number for each row whose values have an order and a range, such as ratings. An edge over a difference d keeps
    /// exp(−2.5 / (1 − `target_weight`) · d / (half the range)) of its weight. umap-learn's `"ordinal"`.
    Ordinal(&'a [f32]),
    /// A number for each row: how near two of them are is measured by a second graph, of the `target_n_neighbors` nearest
    /// numbers, with which the graph of the data is intersected. umap-learn's numeric targets under Euclidean distance.
    ///
    /// Of numbers that lie equally near, those of neighbors in the data come first (umap-learn takes any). With few
    /// different numbers, such as ratings, [`Target::Ordinal`] says more.
    Continuous(&'a [f32]),
    /// A vector for each row, compared by a metric of its own, in the way of [`Target::Continuous`]. umap-learn's targets
    /// of several columns.
    #[cfg(feature = "knn")]
    Vectors {
        /// n × any number of columns.
        values: MatrixView<'a>,
        /// The distance between them.
        metric: planisphere_knn::Metric,
    },
}

impl<'a> From<&'a [Option<u32>]> for Target<'a> {
    fn from(labels: &'a [Option<u32>]) -> Self {
        Self::Categorical(labels)
    }
}

impl<'a> From<&'a Vec<Option<u32>>> for Target<'a> {
    fn from(labels: &'a Vec<Option<u32>>) -> Self {
        Self::Categorical(labels)
    }
}

impl<'a> From<&'a Labels> for Target<'a> {
    fn from(labels: &'a Labels) -> Self {
        Self::Categorical(labels.codes())
    }
}

impl Target<'_> {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Categorical(_) => "categorical",
            Self::Ordinal(_) => "ordinal",
            Self::Continuous(_) => "continuous",
            #[cfg(feature = "knn")]
            Self::Vectors { .. } => "vectors",
        }
    }

    /// The values as a matrix; nothing for classes.
    fn values(&self) -> Result<Option<MatrixView<'_>>> {
        Ok(match self {
            Self::Categorical(_) => None,
            Self::Ordinal(v) | Self::Continuous(v) => Some(MatrixView::new(v.len(), 1, v)?),
            #[cfg(feature = "knn")]
            Self::Vectors { values, .. } => Some(*values),
        })
    }

    /// Checks the target of `rows` rows.
    pub(crate) fn check(&self, rows: usize) -> Result<()> {
        let values = self.values()?;
        let got = match (self, values) {
            (Self::Categorical(labels), _) => labels.len(),
            (_, values) => values.map_or(0, MatrixView::rows),
        };
        if got != rows {
            return Err(Error::TargetRows { expected: rows, got });
        }
        match values.map(MatrixView::check) {
            Some(Err(planisphere_core::Error::NonFinite { row, col, value })) => {
                Err(Error::TargetNonFinite { row, col, value })
            }
            checked => Ok(checked.unwrap_or(Ok(()))?),
        }
    }

    /// Why the target tells nothing, if it does not tell any row from another.
    pub(crate) fn tells_nothing(&self) -> Option<&'static str> {
        if let Self::Categorical(labels) = self {
            let first = labels.first()?;
            return match first {
                _ if labels.iter().any(|l| l != first) => None,
                None => Some("no row has a label"),
                Some(_) => Some("all rows are of one class"),
            };
        }
        let values = self.values().ok().flatten()?;
        let equal = (1..values.rows()).all(|i| values.row(i) == values.row(0));
        equal.then_some("all rows have the same value")
    }
}

/// Classes of rows, from labels as people write them.
///
/// ```
/// use planisphere_umap::Labels;
/// let labels = Labels::from_strs([Some("cat"), None, Some("dog"), Some("cat")]);
/// assert_eq!(labels.codes(), [Some(0), None, Some(1), Some(0)]);
/// assert_eq!(labels.names(), ["cat", "dog"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    codes: Vec<Option<u32>>,
    names: Vec<String>,
}

impl Labels {
    /// Classes by their names; `None` is a row without label. Names are compared as they are, byte by byte; an empty text
    /// is a class like any other.
    pub fn from_strs<S: AsRef<str>>(labels: impl IntoIterator<Item = Option<S>>) -> Self {
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut out = Self::default();
        for label in labels {
            let code = label.map(|label| {
                let label = label.as_ref();
                known.get(label).copied().unwrap_or_else(|| {
                    // Ids of rows are `u32` too, so a graph runs out of rows before this runs out of classes.
                    let code = out.names.len() as u32;
                    out.names.push(label.to_owned());
                    known.insert(label.to_owned(), code);
                    code
                })
            });
            out.codes.push(code);
        }
        out
    }

    /// The class of each row.
    pub fn codes(&self) -> &[Option<u32>] {
        &self.codes
    }

    /// The names of the classes, in the order in which they first occur.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}
