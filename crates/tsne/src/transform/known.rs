//! What a model knows of the rows that its map was made from.

use crate::error::{Error, Result};
use crate::model::TsneModel;
use planisphere_core::{Context, Matrix};
use planisphere_knn::{Index, Known};
use std::sync::Arc;

impl TsneModel {
    /// The rows that the map was made from, n × d, if the model holds them.
    pub fn vectors(&self) -> Option<&Arc<Matrix>> {
        self.known.vectors()
    }

    /// Gives a model from a neighbor graph the rows that the graph was made from (n × d), so that it can place others. They
    /// are compared by the metric of the parameters ([`Tsne::metric`](crate::Tsne::metric)), which should be the graph's.
    ///
    /// # Errors
    /// [`Error::VectorRows`] unless there is one for each row of the map; [`Error::InvalidParam`] for rows without columns;
    /// [`Error::Core`] for values that are not finite.
    pub fn with_vectors(mut self, vectors: impl Into<Arc<Matrix>>) -> Result<Self> {
        let vectors = vectors.into();
        self.check_rows(vectors.rows())?;
        if vectors.cols() == 0 {
            return Err(Error::param("columns of the vectors", 0, "there must be at least one"));
        }
        vectors.view().check()?;
        self.known = Known::from_vectors(vectors);
        Ok(self)
    }

    /// Gives the model an index of the rows that the map was made from: one that is there already, or with a metric of
    /// your own (which cannot be saved).
    ///
    /// ```
    /// use planisphere_core::{CounterRng, Matrix};
    /// use planisphere_knn::Exact;
    /// use planisphere_tsne::Tsne;
    ///
    /// let r = CounterRng::new(1, "example").at(0, 0);
    /// let x = Matrix::from_vec(60, 4, (0..240).map(|i| r.normal(i)).collect())?;
    /// let squared = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
    ///
    /// let index = Exact::new(30).index_custom(x.clone(), squared)?;
    /// let tsne = Tsne::new().perplexity(10.0).n_iter(50);
    /// let model = tsne.fit_graph_with(&index.graph(30)?, Some(x.view()), &mut Default::default())?.with_index(index)?;
    /// assert_eq!(model.transform(&x.select(&[3, 5]))?.rows(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::VectorRows`] unless the index has as many points as the map has rows.
    pub fn with_index(mut self, index: impl Into<Arc<Index>>) -> Result<Self> {
        let index = index.into();
        self.check_rows(index.len())?;
        self.known = Known::from_index(index);
        Ok(self)
    }

    /// Forgets the vectors and their index: less memory, smaller files.
    #[must_use]
    pub fn without_vectors(mut self) -> Self {
        self.known = Known::default();
        self
    }

    fn check_rows(&self, got: usize) -> Result<()> {
        let expected = self.embedding().rows();
        if got == expected { Ok(()) } else { Err(Error::VectorRows { expected, got }) }
    }

    /// The index of the rows that the map was made from, which [`TsneModel::transform`] asks. On the current threads.
    ///
    /// # Errors
    /// As [`TsneModel::index_with`].
    pub fn index(&self) -> Result<&Arc<Index>> {
        self.index_with(&mut Context::new())
    }

    /// [`TsneModel::index`], watched and cancelled through `cx`. It is built when it is first asked for, by the method that
    /// the neighbors were searched by ([`Tsne::knn`](crate::Tsne::knn)), and kept: an exact one at once, an approximate one
    /// in about the time of that search. Ask for it ahead if the first transform should not wait.
    ///
    /// # Errors
    /// [`Error::NoVectors`]; [`Error::Neighbors`]; [`Error::Core`] if no thread pool can be started; [`Error::Cancelled`].
    pub fn index_with(&self, cx: &mut Context<'_>) -> Result<&Arc<Index>> {
        let (k, p) = (self.neighbors.max(1), &self.params);
        let build = |x: Arc<Matrix>| p.knn.index_with(k.min(x.rows()), &p.metric, p.seed, x, cx);
        self.known.index_with(build)?.ok_or(Error::NoVectors)
    }
}
