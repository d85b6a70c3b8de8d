//! Maps of rows of which more is known than their vectors.

use crate::error::Result;
use crate::model::UmapModel;
use crate::params::Umap;
use crate::target::Target;
#[cfg(feature = "knn")]
use planisphere_core::Vectors;
use planisphere_core::{Context, KnnGraph, MatrixView};

impl Umap {
    /// A map of the rows of `x` (n × d) that also follows a target: the classes of the rows, or numbers that go with them.
    /// Rows may be without label.
    ///
    /// ```
    /// use planisphere_core::{CounterRng, Matrix};
    /// use planisphere_umap::{Labels, Umap};
    ///
    /// // 120 rows of noise, and what somebody said about most of them.
    /// let r = CounterRng::new(1, "example").at(0, 0);
    /// let x = Matrix::from_vec(120, 4, (0..480).map(|i| r.normal(i)).collect())?;
    /// let said = (0..120).map(|i| match i % 5 { 4 => None, 0 | 1 => Some("yes"), _ => Some("no") });
    ///
    /// let labels = Labels::from_strs(said);
    /// let model = Umap::new().target_weight(0.7).fit_supervised(&x, &labels)?;
    /// assert_eq!(model.embedding().rows(), 120);
    /// assert_eq!(model.report().decisions.last().unwrap().reason, "96 of 120 rows are labeled, with 2 classes");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Umap::fit_supervised_with`].
    #[cfg(feature = "knn")]
    pub fn fit_supervised<'m, 't>(
        &self,
        x: impl Into<Vectors<'m>>,
        target: impl Into<Target<'t>>,
    ) -> Result<UmapModel> {
        self.fit_supervised_with(x, target, &mut Context::new())
    }

    /// As [`Umap::fit_supervised`], watched and cancelled through `cx`.
    ///
    /// The target changes the weights of the data's graph ([`Target`] says how), which is then laid out as ever. A target
    /// that tells no row from another (no row is labeled, all are of one class or have one value) changes nothing, with
    /// a warning; umap-learn would still reweight the graph. Rows may lose all their edges if `target_weight` is about 0.98
    /// or more, where edges between classes vanish: they are placed as components of their own, where umap-learn gives NaN.
    ///
    /// # Errors
    /// Those of [`Umap::fit_with`]; and [`Error::TargetRows`](crate::Error::TargetRows),
    /// [`Error::TargetNonFinite`](crate::Error::TargetNonFinite).
    #[cfg(feature = "knn")]
    pub fn fit_supervised_with<'m, 't>(
        &self,
        x: impl Into<Vectors<'m>>,
        target: impl Into<Target<'t>>,
        cx: &mut Context<'_>,
    ) -> Result<UmapModel> {
        self.fit_rows(x.into(), Some(&target.into()), cx)
    }

    /// A map of the rows of a neighbor graph that also follows a target. See [`Umap::fit_supervised`] and
    /// [`Umap::fit_graph`].
    ///
    /// # Errors
    /// As [`Umap::fit_graph_supervised_with`].
    pub fn fit_graph_supervised<'t>(&self, graph: &KnnGraph, target: impl Into<Target<'t>>) -> Result<UmapModel> {
        self.fit_graph_supervised_with(graph, target, None, &mut Context::new())
    }

    /// As [`Umap::fit_graph_supervised`], watched and cancelled through `cx`, with the vectors if they are known.
    ///
    /// # Errors
    /// Those of [`Umap::fit_graph_with`]; and [`Error::TargetRows`](crate::Error::TargetRows),
    /// [`Error::TargetNonFinite`](crate::Error::TargetNonFinite), and what the neighbor search for
    /// [`Target::Vectors`](crate::Target) says.
    pub fn fit_graph_supervised_with<'t>(
        &self,
        graph: &KnnGraph,
        target: impl Into<Target<'t>>,
        data: Option<MatrixView<'_>>,
        cx: &mut Context<'_>,
    ) -> Result<UmapModel> {
        self.fit_neighbors(graph, Some(&target.into()), data, cx)
    }
}
