//! New rows on a map that stays as it is.

#[cfg(feature = "knn")]
mod known;
mod start;

use crate::error::{Error, Result};
use crate::graph::{Queries, Scale};
use crate::layout::{Newcomers, settle};
use crate::model::UmapModel;
use planisphere_core::{Context, CounterRng, Csr, Matrix, Stage, neighbors_in_order};
#[cfg(feature = "knn")]
use planisphere_core::{MatrixView, Transform};

impl UmapModel {
    /// Places the rows of `x` (m × d) on the map, m × n_components: next to the rows that they are near to. The map stays as
    /// it is. On the current threads.
    ///
    /// ```
    /// use planisphere_core::{CounterRng, Matrix};
    /// use planisphere_umap::Umap;
    ///
    /// let r = CounterRng::new(1, "example").at(0, 0);
    /// let x = Matrix::from_vec(80, 4, (0..320).map(|i| r.normal(i) + if i % 8 < 4 { 0.0 } else { 9.0 }).collect())?;
    /// let model = Umap::new().n_neighbors(10).fit(&x)?;
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
    /// As [`UmapModel::transform_with`].
    #[cfg(feature = "knn")]
    pub fn transform<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Matrix> {
        self.transform_with(x, &mut Context::new())
    }

    /// [`UmapModel::transform`], watched and cancelled through `cx`.
    ///
    /// As umap-learn does it: the `n_neighbors` nearest rows of the map, weighted by how near they are; a start in their
    /// midst, or on an equal row; then 100 epochs (a third of [`n_epochs`](crate::Umap::n_epochs) if that is set) of the
    /// layout in which only the new rows move. Rows that the map was made from land next to themselves, not on themselves to
    /// the bit. Supervised maps place by the vectors alone.
    ///
    /// A row's place depends on that row and the model alone: it is the same, bit for bit, alone or among others, on any
    /// number of threads. (In umap-learn it depends on the other rows of the call; here each is treated as one that is asked
    /// alone there. A start is not the mean of all neighbors here, but of those that are together: rows between two groups
    /// find one of them more often.)
    ///
    /// The first call builds the index of the rows; see [`UmapModel::index_with`]. No rows give a 0 × n_components matrix.
    ///
    /// # Errors
    /// [`Error::NoVectors`]; [`Error::Columns`]; [`Error::Core`] for values that are not finite; [`Error::Neighbors`] for
    /// values that the metric is not defined for and distances that are too large; [`Error::NegativeDistance`];
    /// [`Error::Diverged`]; [`Error::Cancelled`].
    #[cfg(feature = "knn")]
    pub fn transform_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<Matrix> {
        let x = x.into();
        cx.run(|cx| self.ask(x, cx, |queries, cx| self.place(queries, cx)))?
    }

    /// How strongly the rows of `x` (m × d) belong to the neighborhoods of the rows of the map: m × n, `n_neighbors` entries
    /// a row, from 0 to 1. umap-learn's `transform` with `transform_mode="graph"`. On the current threads.
    ///
    /// # Errors
    /// As [`UmapModel::transform_with`].
    #[cfg(feature = "knn")]
    pub fn memberships<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Csr> {
        self.memberships_with(x, &mut Context::new())
    }

    /// [`UmapModel::memberships`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`UmapModel::transform_with`].
    #[cfg(feature = "knn")]
    pub fn memberships_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<Csr> {
        let x = x.into();
        let by = Scale::Membership;
        cx.run(|cx| self.ask(x, cx, |queries, _| queries.memberships(self.params.local_connectivity, by)))?
    }

    /// Finds the neighbors of the rows of `x`, for `answer` to go on with.
    #[cfg(feature = "knn")]
    fn ask<R>(
        &self,
        x: MatrixView<'_>,
        cx: &mut Context<'_>,
        answer: impl FnOnce(Queries<'_>, &mut Context<'_>) -> Result<R>,
    ) -> Result<R> {
        let found = cx.stage(Stage::Neighbors, 0.7, |cx| {
            let index = self.index_with(cx)?;
            Ok::<_, Error>(index.query_with(x, self.neighbors, cx)?)
        })?;
        let n = self.embedding().rows();
        answer(Queries { n, k: self.neighbors.min(n), ids: found.ids(), dists: found.dists() }, cx)
    }

    /// Places new rows whose neighbors are known, `k` ids of rows of the map and distances for each, row by row: for models
    /// from a neighbor graph alone. `k` takes the place of `n_neighbors`. On the current threads.
    ///
    /// ```
    /// use planisphere_core::KnnGraph;
    /// use planisphere_umap::Umap;
    ///
    /// // Five rows on a line, by distances that nobody else knows.
    /// let graph = KnnGraph::new(5, 2, vec![1, 2, 0, 2, 1, 3, 2, 4, 3, 2], vec![1., 2., 1., 1., 1., 1., 1., 1., 1., 2.])?;
    /// let model = Umap::new().fit_graph(&graph)?;
    ///
    /// let placed = model.transform_neighbors(3, &[0, 1, 2, 4, 3, 2], &[0.1, 0.9, 1.9, 0.5, 0.5, 1.5])?;
    /// assert_eq!((placed.rows(), placed.cols()), (2, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`UmapModel::transform_neighbors_with`].
    pub fn transform_neighbors(&self, k: usize, ids: &[u32], dists: &[f32]) -> Result<Matrix> {
        self.transform_neighbors_with(k, ids, dists, &mut Context::new())
    }

    /// [`UmapModel::transform_neighbors`], watched and cancelled through `cx`. The neighbors of a row may come in any order.
    /// With those that [`UmapModel::transform`] finds, rows land where it places them.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for k = 0; [`Error::Core`] if ids and distances are not as many, or not `k` for each row, or
    /// for an id that is no row of the map or stands twice in a row, or a distance that is not finite, with row and
    /// position; [`Error::NegativeDistance`]; [`Error::Diverged`]; [`Error::Cancelled`].
    pub fn transform_neighbors_with(
        &self,
        k: usize,
        ids: &[u32],
        dists: &[f32],
        cx: &mut Context<'_>,
    ) -> Result<Matrix> {
        let n = self.embedding().rows();
        if k == 0 {
            return Err(Error::param("k", k, "must be at least 1"));
        }
        if ids.is_empty() && dists.is_empty() {
            return Ok(Matrix::zeros(0, self.embedding().cols()));
        }
        let (ids, dists) = neighbors_in_order(n, k, ids, dists)?;
        cx.run(|cx| self.place(Queries { n, k, ids: &ids, dists: &dists }, cx))?
    }

    fn place(&self, queries: Queries<'_>, cx: &mut Context<'_>) -> Result<Matrix> {
        let epochs = self.params.transform_epochs();
        let weights =
            cx.stage(Stage::Graph, 0.05, |_| queries.memberships(self.params.local_connectivity, Scale::Nearest))?;
        cx.check()?;
        let y = start::starts(self.embedding(), queries, &weights, self.ab());
        cx.check()?;
        let weights = without_rare(&weights, epochs)?;
        let keys: Vec<u64> = (0..queries.len()).map(|i| key(queries.row(i))).collect();
        cx.stage(Stage::Layout, 0.25, |cx| {
            let new = Newcomers { graph: &weights, keys: &keys, base: self.embedding(), ab: self.ab(), epochs };
            settle(&self.params, &new, y, cx)
        })
    }
}

#[cfg(feature = "knn")]
impl Transform for UmapModel {
    type Error = Error;

    fn transform(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix> {
        self.transform_with(x, cx)
    }
}

/// What the random numbers of a new row are drawn by: its neighbors and their distances, so that they are the same in
/// whatever company it is placed.
fn key((ids, dists): (&[u32], &[f32])) -> u64 {
    let rng = CounterRng::new(0, "new row");
    // Adding 0 makes −0 the same as 0.
    let parts = ids.iter().zip(dists).map(|(&id, d)| u64::from(id) << 32 | u64::from((d + 0.0).to_bits()));
    parts.fold(0, |key, part| rng.at(key, part).bits(0))
}

/// The graph without the weights that would be sampled less than once. Those of a row are relative to its largest, which
/// is 1, so that no other row has a part in it.
fn without_rare(weights: &Csr, epochs: u32) -> Result<Csr> {
    let least = 1.0 / epochs as f32;
    let kept = Csr::by_rows(weights.rows(), weights.cols(), |i, ids, values| {
        let (from, row) = weights.row(i);
        for (&id, &w) in from.iter().zip(row) {
            if w >= least {
                ids.push(id);
                values.push(w);
            }
        }
    });
    Ok(kept?)
}
