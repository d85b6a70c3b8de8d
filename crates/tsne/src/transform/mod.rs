//! New rows on a map that stays as it is.

#[cfg(feature = "knn")]
mod known;
mod placement;
mod settle;
mod start;

pub use placement::{Placement, Start};

use crate::affinity::Near;
use crate::attraction::Bonds;
use crate::error::{Error, Result};
use crate::model::TsneModel;
use planisphere_core::{Context, Matrix, Stage, neighbors_in_order};
#[cfg(feature = "knn")]
use planisphere_core::{MatrixView, Transform};
use settle::settle;

impl TsneModel {
    /// Places the rows of `x` (m × d) on the map, m × n_components: next to the rows that they are near to. The map stays as
    /// it is. On the current threads.
    ///
    /// ```
    /// use planisphere_core::{CounterRng, Matrix};
    /// use planisphere_tsne::Tsne;
    ///
    /// let r = CounterRng::new(1, "example").at(0, 0);
    /// let x = Matrix::from_vec(80, 4, (0..320).map(|i| r.normal(i) + if i % 8 < 4 { 0.0 } else { 9.0 }).collect())?;
    /// let model = Tsne::new().perplexity(10.0).n_iter(100).fit(&x)?;
    ///
    /// let new = Matrix::from_rows([[0.0; 4], [9.0; 4]])?;
    /// let placed = model.transform(&new)?;
    /// assert_eq!((placed.rows(), placed.cols()), (2, 2));
    /// // A row lands where it would without the others.
    /// assert_eq!(model.transform(&new.select(&[1]))?.row(0), placed.row(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`TsneModel::transform_by`].
    #[cfg(feature = "knn")]
    pub fn transform<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Matrix> {
        self.transform_with(x, &mut Context::new())
    }

    /// [`TsneModel::transform`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`TsneModel::transform_by`].
    #[cfg(feature = "knn")]
    pub fn transform_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<Matrix> {
        self.transform_by(&Placement::default(), x, cx)
    }

    /// [`TsneModel::transform`] by parameters of one's own, watched and cancelled through `cx`.
    ///
    /// As openTSNE does it (Poličar, Stražar & Zupan 2023): the nearest rows of the map, and probabilities of them by a small
    /// perplexity; a start at the median of their places; then gradient descent in which each new row is drawn to these rows
    /// and pushed away by all of the map, and new rows do not see each other. They stay within a box around the map with a
    /// quarter of its longest side to spare. Rows that the map was made from land next to themselves, not on themselves.
    ///
    /// A row's place depends on that row, the model and the parameters alone: it is the same, bit for bit, alone or among
    /// others, on any number of threads.
    ///
    /// The first call builds the index of the rows; see [`TsneModel::index_with`]. Each call costs as much as an iteration of
    /// the fit does, and then little for each row. No rows give a 0 × n_components matrix.
    ///
    /// # Errors
    /// [`Error::InvalidParam`]; [`Error::InitShape`] for given starts that are not m × n_components; [`Error::NoVectors`];
    /// [`Error::Columns`]; [`Error::Core`] for values that are not finite; [`Error::Neighbors`] for values that the metric is
    /// not defined for and distances that are too large; [`Error::NegativeDistance`]; [`Error::Diverged`];
    /// [`Error::Cancelled`].
    #[cfg(feature = "knn")]
    pub fn transform_by<'m>(
        &self,
        by: &Placement,
        x: impl Into<MatrixView<'m>>,
        cx: &mut Context<'_>,
    ) -> Result<Matrix> {
        let x = x.into();
        by.check()?;
        cx.run(|cx| {
            let n = self.embedding().rows();
            let k = by.neighbors(n);
            let found = cx.stage(Stage::Neighbors, 0.5, |cx| {
                let index = self.index_with(cx)?;
                Ok::<_, Error>(index.query_with(x, k, cx)?)
            })?;
            self.place(by, Near { n, k, ids: found.ids(), dists: found.dists() }, cx)
        })?
    }

    /// Places new rows whose neighbors are known, `k` ids of rows of the map and distances for each, row by row: for models
    /// from a neighbor graph alone. On the current threads.
    ///
    /// ```
    /// use planisphere_core::KnnGraph;
    /// use planisphere_tsne::{Init, Tsne};
    ///
    /// // Five rows on a line, by distances that nobody else knows.
    /// let graph = KnnGraph::new(5, 2, vec![1, 2, 0, 2, 1, 3, 2, 4, 3, 2], vec![1., 2., 1., 1., 1., 1., 1., 1., 1., 2.])?;
    /// let model = Tsne::new().perplexity(1.0).init(Init::Random).fit_graph(&graph)?;
    ///
    /// let placed = model.transform_neighbors(3, &[0, 1, 2, 4, 3, 2], &[0.1, 0.9, 1.9, 0.5, 0.5, 1.5])?;
    /// assert_eq!((placed.rows(), placed.cols()), (2, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`TsneModel::transform_neighbors_by`].
    pub fn transform_neighbors(&self, k: usize, ids: &[u32], dists: &[f32]) -> Result<Matrix> {
        self.transform_neighbors_with(k, ids, dists, &mut Context::new())
    }

    /// [`TsneModel::transform_neighbors`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`TsneModel::transform_neighbors_by`].
    pub fn transform_neighbors_with(
        &self,
        k: usize,
        ids: &[u32],
        dists: &[f32],
        cx: &mut Context<'_>,
    ) -> Result<Matrix> {
        self.transform_neighbors_by(&Placement::default(), (k, ids, dists), cx)
    }

    /// [`TsneModel::transform_neighbors`] by parameters of one's own, watched and cancelled through `cx`. The neighbors of a
    /// row may come in any order; should there be more than the parameters ask for, the nearest count. With three times the
    /// perplexity or more, rows land where [`TsneModel::transform`] places them. A perplexity above `k` becomes k / 3, and 1 at
    /// least, with a warning.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for parameters that mean nothing, and k = 0; [`Error::InitShape`]; [`Error::Core`] if ids and
    /// distances are not as many, or not `k` for each row, or for an id that is no row of the map or stands twice in a row,
    /// or a distance that is not finite, with row and position; [`Error::NegativeDistance`]; [`Error::Diverged`];
    /// [`Error::Cancelled`].
    pub fn transform_neighbors_by(
        &self,
        by: &Placement,
        (k, ids, dists): (usize, &[u32], &[f32]),
        cx: &mut Context<'_>,
    ) -> Result<Matrix> {
        by.check()?;
        if k == 0 {
            return Err(Error::param("k", k, "must be at least 1"));
        }
        let n = self.embedding().rows();
        let (ids, dists) = neighbors_in_order(n, k, ids, dists)?;
        cx.run(|cx| self.place(by, Near { n, k, ids: &ids, dists: &dists }, cx))?
    }

    /// `by` has been checked, and there are neighbors for each row.
    fn place(&self, by: &Placement, near: Near<'_>, cx: &mut Context<'_>) -> Result<Matrix> {
        let (bonds, y) = cx.stage(Stage::Graph, 0.05, |cx| {
            let probabilities = by.affinity.conditional(near, cx)?;
            let y = start::starts(by, self.embedding(), near, &probabilities)?;
            Ok::<_, Error>((Bonds::new(&probabilities.by_id(near)?), y))
        })?;
        let map = (self.embedding(), self.repulsion, self.params.dof);
        cx.stage(Stage::Layout, 0.45, |cx| match self.embedding().cols() {
            1 => settle::<1>(by, map, &bonds, &y, cx),
            2 => settle::<2>(by, map, &bonds, &y, cx),
            _ => settle::<3>(by, map, &bonds, &y, cx),
        })
    }
}

#[cfg(feature = "knn")]
impl Transform for TsneModel {
    type Error = Error;

    fn transform(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix> {
        self.transform_with(x, cx)
    }
}
