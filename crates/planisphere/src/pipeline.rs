//! The layers in a row: texts → vectors → map → figure.

#[cfg(feature = "embed")]
use planisphere_core::Stage;
use planisphere_core::{Cancelled, Context, Matrix, MatrixView, Report};
use planisphere_knn::Metric;
use planisphere_pca::Pca;
use planisphere_umap::Umap;
use planisphere_viz_spec::{Figure, ScatterMap};

/// Any error that can be sent to another thread: what replaceable stages may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a pipeline failed: which stage, and its reason.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Texts could not be turned into vectors.
    #[error("embedding: {0}")]
    Embed(#[source] BoxError),
    /// Vectors could not be projected.
    #[error("{method}: {source}")]
    Project {
        /// The method.
        method: String,
        /// Its reason.
        source: BoxError,
    },
    /// A stage gave a matrix with another number of rows than it was given.
    #[error("{stage} gave {got} rows for {expected}")]
    Rows {
        /// The stage.
        stage: String,
        /// Rows given to it.
        expected: usize,
        /// Rows it returned.
        got: usize,
    },
    /// There is no encoder, and texts were given.
    #[error("there is no encoder for texts; set one with Pipeline::encoder")]
    NoEncoder,
    /// The figure could not be made.
    #[error(transparent)]
    Figure(#[from] planisphere_viz_spec::Error),
    /// The run was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Result with the [`enum@Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Turns texts into vectors: the first stage. Implemented by [`Encoder`](planisphere_embed::Encoder), and by any function
/// `Fn(&[&str], &mut Context) -> Result<Matrix, BoxError>`.
pub trait Embed: Send + Sync {
    /// One row a text, in their order.
    ///
    /// # Errors
    /// The encoder's own.
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix, BoxError>;
}

/// Turns vectors into a map: the second stage. Implemented by [`Umap`], [`Pca`], and by any function
/// `Fn(MatrixView, &mut Context) -> Result<Matrix, BoxError>`.
pub trait Project: Send + Sync {
    /// Name of the method, for pages and reports.
    fn name(&self) -> &str {
        "map"
    }

    /// One row a row, in their order.
    ///
    /// # Errors
    /// The method's own.
    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, BoxError>;
}

#[cfg(feature = "embed")]
impl Embed for planisphere_embed::Encoder {
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        let vectors = cx.stage(Stage::Embed, 0.3, |cx| self.encode_with(texts, cx));
        vectors.map_err(|e| match e {
            planisphere_embed::Error::Cancelled(c) => c.into(),
            e => e.into(),
        })
    }
}

impl<F: Fn(&[&str], &mut Context<'_>) -> Result<Matrix, BoxError> + Send + Sync> Embed for F {
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        self(texts, cx)
    }
}

impl Project for Umap {
    fn name(&self) -> &str {
        "UMAP"
    }

    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        // Only the map is wanted.
        match self.clone().keep_vectors(false).fit_with(x, cx) {
            Ok(model) => Ok(model.into_embedding()),
            Err(planisphere_umap::Error::Cancelled(c)) => Err(c.into()),
            Err(e) => Err(e.into()),
        }
    }
}

impl Project for Pca {
    fn name(&self) -> &str {
        "PCA"
    }

    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        match self.fit_with(x, cx) {
            Ok(model) => Ok(model.into_embedding()),
            Err(planisphere_pca::Error::Cancelled(c)) => Err(c.into()),
            Err(e) => Err(e.into()),
        }
    }
}

impl<F: Fn(MatrixView<'_>, &mut Context<'_>) -> Result<Matrix, BoxError> + Send + Sync> Project for F {
    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        self(x, cx)
    }
}

/// Texts or vectors to a map to a figure; every stage can be replaced.
///
/// ```
/// use planisphere::{Pipeline, umap::Umap, viz_spec::ScatterMap};
/// use planisphere::core::{Matrix, MatrixView, Context};
///
/// // Another projection, with its own parameters …
/// let pipeline = Pipeline::new().projection(Umap::new().n_neighbors(5).n_components(3));
/// // … or of one's own:
/// let first_two = |x: MatrixView<'_>, _: &mut Context<'_>| {
///     Ok(Matrix::from_rows((0..x.rows()).map(|i| x.row(i)[..2].to_vec()))?)
/// };
/// let map = Pipeline::new().projection(first_two).fit_vectors(&Matrix::zeros(4, 8))?;
/// assert_eq!(map.embedding().cols(), 2);
/// # Ok::<(), planisphere::Error>(())
/// ```
pub struct Pipeline {
    encoder: Option<Box<dyn Embed>>,
    projection: Box<dyn Project>,
    scatter: ScatterMap,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("projection", &self.projection.name()).finish_non_exhaustive()
    }
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Pipeline {
    /// The built-in encoder, and UMAP with the cosine distance and its other defaults.
    pub fn new() -> Self {
        Self { encoder: None, projection: Box::new(Umap::new().metric(Metric::Cosine)), scatter: ScatterMap::new() }
    }

    /// Sets what turns texts into vectors. Default: the built-in model.
    #[must_use]
    pub fn encoder(mut self, encoder: impl Embed + 'static) -> Self {
        self.encoder = Some(Box::new(encoder));
        self
    }

    /// Sets what turns vectors into a map. Default: UMAP with the cosine distance.
    #[must_use]
    pub fn projection(mut self, projection: impl Project + 'static) -> Self {
        self.projection = Box::new(projection);
        self
    }

    /// Sets how the map is drawn.
    #[must_use]
    pub fn scatter(mut self, scatter: ScatterMap) -> Self {
        self.scatter = scatter;
        self
    }

    /// A map of texts.
    ///
    /// # Errors
    /// As [`Pipeline::fit_texts_with`].
    pub fn fit_texts<S: AsRef<str>>(&self, texts: &[S]) -> Result<Map> {
        self.fit_texts_with(texts, &mut Context::new())
    }

    /// A map of texts, watched and cancelled through `cx`.
    ///
    /// # Errors
    /// [`Error::NoEncoder`], [`Error::Embed`], [`Error::Project`], [`Error::Rows`], [`Error::Cancelled`].
    pub fn fit_texts_with<S: AsRef<str>>(&self, texts: &[S], cx: &mut Context<'_>) -> Result<Map> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let (map, report) = cx.record(|cx| {
            let vectors = self.embed(&texts, cx)?;
            if vectors.rows() != texts.len() {
                return Err(Error::Rows { stage: "embedding".into(), expected: texts.len(), got: vectors.rows() });
            }
            let embedding = self.project(vectors.view(), cx)?;
            Ok((Some(vectors), embedding))
        });
        let (vectors, embedding) = map?;
        Ok(self.map(vectors, embedding, report))
    }

    /// A map of vectors, one a row.
    ///
    /// # Errors
    /// As [`Pipeline::fit_vectors_with`].
    pub fn fit_vectors<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Map> {
        self.fit_vectors_with(x, &mut Context::new())
    }

    /// A map of vectors, one a row, watched and cancelled through `cx`.
    ///
    /// # Errors
    /// [`Error::Project`], [`Error::Rows`], [`Error::Cancelled`].
    pub fn fit_vectors_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<Map> {
        let x = x.into();
        let (embedding, report) = cx.record(|cx| self.project(x, cx));
        Ok(self.map(None, embedding?, report))
    }

    #[cfg(feature = "embed")]
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix> {
        let vectors = match &self.encoder {
            Some(e) => e.embed(texts, cx),
            None => planisphere_embed::Encoder::builtin().map_err(BoxError::from).and_then(|e| e.embed(texts, cx)),
        };
        vectors.map_err(|e| cancelled_or(e, Error::Embed))
    }

    #[cfg(not(feature = "embed"))]
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix> {
        let encoder = self.encoder.as_ref().ok_or(Error::NoEncoder)?;
        encoder.embed(texts, cx).map_err(|e| cancelled_or(e, Error::Embed))
    }

    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix> {
        let method = || self.projection.name().to_owned();
        let y = self
            .projection
            .project(x, cx)
            .map_err(|e| cancelled_or(e, |source| Error::Project { method: method(), source }))?;
        if y.rows() != x.rows() {
            return Err(Error::Rows { stage: method(), expected: x.rows(), got: y.rows() });
        }
        Ok(y)
    }

    fn map(&self, vectors: Option<Matrix>, embedding: Matrix, report: Report) -> Map {
        Map { vectors, embedding, method: self.projection.name().to_owned(), scatter: self.scatter.clone(), report }
    }
}

fn cancelled_or(e: BoxError, other: impl FnOnce(BoxError) -> Error) -> Error {
    match e.downcast::<Cancelled>() {
        Ok(c) => Error::Cancelled(*c),
        Err(e) => other(e),
    }
}

/// A finished map.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    vectors: Option<Matrix>,
    embedding: Matrix,
    method: String,
    scatter: ScatterMap,
    report: Report,
}

impl Map {
    /// The map: one row an item, usually 2 or 3 columns.
    pub fn embedding(&self) -> &Matrix {
        &self.embedding
    }

    /// The vectors that texts were turned into; `None` if vectors were given.
    pub fn vectors(&self) -> Option<&Matrix> {
        self.vectors.as_ref()
    }

    /// Name of the projection.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Stage times and warnings.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The figure: a point an item, colored by label, gray without one; hovering shows id, label and preview.
    ///
    /// # Errors
    /// [`Error::Figure`] if the lists differ in length from the map, or the map has more than 3 columns.
    pub fn figure<S: AsRef<str>>(
        &self,
        ids: &[S],
        labels: Option<&[Option<S>]>,
        previews: Option<&[S]>,
    ) -> Result<Figure> {
        Ok(self.scatter.figure(self.embedding.view(), ids, labels, previews)?)
    }
}
