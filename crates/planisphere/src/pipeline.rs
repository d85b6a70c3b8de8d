//! The layers in a row: texts → vectors → map → figure.

use crate::error::{BoxError, Error, Result};
use crate::stage::{Embed, Project};
use planisphere_core::{Cancelled, Context, Matrix, MatrixView, Report};
use planisphere_knn::Metric;
use planisphere_pca::Reduction;
use planisphere_umap::Umap;
use planisphere_viz_spec::{Figure, ScatterMap};

/// Texts or vectors to a map to a figure; every stage can be replaced, and several projections stand side by side.
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
    reduction: Option<Reduction>,
    /// At least one.
    projections: Vec<Box<dyn Project>>,
    scatter: ScatterMap,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.projections.iter().map(|p| p.name()).collect();
        f.debug_struct("Pipeline").field("projections", &names).finish_non_exhaustive()
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
        let umap = Box::new(Umap::new().metric(Metric::Cosine));
        Self { encoder: None, reduction: None, projections: vec![umap], scatter: ScatterMap::new() }
    }

    /// Sets what turns texts into vectors. Default: the built-in model.
    #[must_use]
    pub fn encoder(mut self, encoder: impl Embed + 'static) -> Self {
        self.encoder = Some(Box::new(encoder));
        self
    }

    /// Takes vectors of many dimensions to fewer by their principal components before they are projected, which makes the
    /// search for neighbors faster. Default: they are projected as they are.
    ///
    /// Components are centered, so the cosine distance becomes that of angles seen from the mean of all rows; for the angles
    /// of the vectors themselves, leave this out.
    ///
    /// ```
    /// use planisphere::Pipeline;
    /// use planisphere::core::{CounterRng, Matrix};
    /// use planisphere::pca::Reduction;
    ///
    /// let draws = CounterRng::new(1, "example").at(0, 0);
    /// let vectors = Matrix::from_vec(100, 200, (0..20_000).map(|i| draws.normal(i)).collect())?;
    /// let map = Pipeline::new().reduce_first(Reduction::new()).fit_vectors(&vectors)?;
    /// assert!(map.report().decisions.iter().any(|d| d.what == "dimensions"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reduce_first(mut self, reduction: Reduction) -> Self {
        self.reduction = Some(reduction);
        self
    }

    /// Sets what turns vectors into a map, in place of all that was set before. Default: UMAP with the cosine distance.
    #[must_use]
    pub fn projection(mut self, projection: impl Project + 'static) -> Self {
        self.projections = vec![Box::new(projection)];
        self
    }

    /// Adds a projection of the same vectors: the figure shows its map beside the others.
    ///
    /// ```
    /// use planisphere::{Pipeline, pca::Pca};
    ///
    /// let texts = ["sort a list", "sort an array", "boil an egg", "fry an egg", "a list of lists", "egg salad"];
    /// let map = Pipeline::new().also(Pca::new(2)).fit_texts(&texts)?;
    /// let names: Vec<&str> = map.maps().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["UMAP", "PCA"]);
    /// let figure = map.figure(&["1", "2", "3", "4", "5", "6"], None, None)?;
    /// assert_eq!(figure.layout.annotations.unwrap().len(), 2);
    /// # Ok::<(), planisphere::Error>(())
    /// ```
    #[must_use]
    pub fn also(mut self, projection: impl Project + 'static) -> Self {
        self.projections.push(Box::new(projection));
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
    /// [`Error::NoEncoder`], [`Error::Embed`], [`Error::Reduce`], [`Error::Project`], [`Error::Rows`], [`Error::Cancelled`].
    pub fn fit_texts_with<S: AsRef<str>>(&self, texts: &[S], cx: &mut Context<'_>) -> Result<Map> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let (map, report) = cx.record(|cx| {
            let vectors = self.embed(&texts, cx)?;
            if vectors.rows() != texts.len() {
                return Err(Error::Rows { stage: "embedding".into(), expected: texts.len(), got: vectors.rows() });
            }
            let maps = self.project(vectors.view(), cx)?;
            Ok((Some(vectors), maps))
        });
        let (vectors, maps) = map?;
        Ok(self.map(vectors, maps, report))
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
    /// [`Error::Reduce`], [`Error::Project`], [`Error::Rows`], [`Error::Cancelled`].
    pub fn fit_vectors_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<Map> {
        let x = x.into();
        let (maps, report) = cx.record(|cx| self.project(x, cx));
        Ok(self.map(None, maps?, report))
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

    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Vec<Matrix>> {
        let reduced = match &self.reduction {
            Some(r) => r.fit_with(x, cx).map_err(|e| match e {
                planisphere_pca::Error::Cancelled(c) => Error::Cancelled(c),
                e => Error::Reduce(e),
            })?,
            None => None,
        };
        let x = reduced.as_ref().map_or(x, |model| model.embedding().view());
        self.projections.iter().map(|projection| project(projection.as_ref(), x, cx)).collect()
    }

    fn map(&self, vectors: Option<Matrix>, maps: Vec<Matrix>, report: Report) -> Map {
        let maps = self.names().into_iter().zip(maps).collect();
        Map { vectors, maps, scatter: self.scatter.clone(), report }
    }

    /// The names of the projections; those that are there already get a number.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::with_capacity(self.projections.len());
        for projection in &self.projections {
            let name = projection.name();
            let mut free = name.to_owned();
            let mut number = 1;
            while names.contains(&free) {
                number += 1;
                free = format!("{name} {number}");
            }
            names.push(free);
        }
        names
    }
}

fn project(projection: &dyn Project, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix> {
    let method = || projection.name().to_owned();
    let y =
        projection.project(x, cx).map_err(|e| cancelled_or(e, |source| Error::Project { method: method(), source }))?;
    if y.rows() != x.rows() {
        return Err(Error::Rows { stage: method(), expected: x.rows(), got: y.rows() });
    }
    Ok(y)
}

fn cancelled_or(e: BoxError, other: impl FnOnce(BoxError) -> Error) -> Error {
    match e.downcast::<Cancelled>() {
        Ok(c) => Error::Cancelled(*c),
        Err(e) => other(e),
    }
}

/// A finished map, or several of the same items.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    vectors: Option<Matrix>,
    /// Name and positions; at least one.
    maps: Vec<(String, Matrix)>,
    scatter: ScatterMap,
    report: Report,
}

impl Map {
    /// The map of the first projection: one row an item, usually 2 or 3 columns.
    pub fn embedding(&self) -> &Matrix {
        &self.maps[0].1
    }

    /// The vectors that texts were turned into; `None` if vectors were given.
    pub fn vectors(&self) -> Option<&Matrix> {
        self.vectors.as_ref()
    }

    /// Name of the first projection.
    pub fn method(&self) -> &str {
        &self.maps[0].0
    }

    /// Names and maps of all projections, in the order in which they were added. Equal names are numbered: `UMAP`,
    /// `UMAP 2`.
    pub fn maps(&self) -> impl ExactSizeIterator<Item = (&str, &Matrix)> {
        self.maps.iter().map(|(name, y)| (name.as_str(), y))
    }

    /// Stage times and warnings.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The figure: a point an item, colored by label, gray without one; hovering shows id, label and preview. Several maps
    /// stand side by side, with one legend.
    ///
    /// # Errors
    /// [`Error::Figure`] if the lists differ in length from the map, or a map has more than 3 columns.
    pub fn figure<S: AsRef<str>>(
        &self,
        ids: &[S],
        labels: Option<&[Option<S>]>,
        previews: Option<&[S]>,
    ) -> Result<Figure> {
        let maps: Vec<_> = self.maps().map(|(name, y)| (name, y.view())).collect();
        Ok(self.scatter.side_by_side(&maps, ids, labels, previews)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_pca::Pca;
    #[cfg(feature = "tsne")]
    use planisphere_tsne::Tsne;

    /// The first two columns, times a number.
    fn scaled(by: f32) -> impl Fn(MatrixView<'_>, &mut Context<'_>) -> Result<Matrix, BoxError> {
        move |x, _| Ok(Matrix::from_rows((0..x.rows()).map(|i| [by * x.row(i)[0], by * x.row(i)[1]]))?)
    }

    #[test]
    fn several_projections_make_one_figure() {
        let x = Matrix::from_vec(4, 3, (0..12).map(|i| i as f32).collect()).unwrap();
        let pipeline = Pipeline::new().projection(scaled(1.0)).also(Pca::new(2)).also(scaled(2.0)).also(scaled(3.0));
        assert_eq!(format!("{pipeline:?}"), r#"Pipeline { projections: ["map", "PCA", "map", "map"], .. }"#);
        let map = pipeline.fit_vectors(&x).unwrap();
        let names: Vec<_> = map.maps().map(|(name, _)| name).collect();
        assert_eq!(names, ["map", "PCA", "map 2", "map 3"]);
        assert_eq!((map.method(), map.embedding().row(1)), ("map", &[3.0, 4.0][..]));
        let third = map.maps().nth(3).unwrap().1;
        assert_eq!(third.row(1), [9.0, 12.0]);
        let figure = map.figure(&["a", "b", "c", "d"], None, None).unwrap();
        assert_eq!((figure.data.len(), figure.layout.annotations.unwrap().len()), (4, 4));
    }

    #[cfg(feature = "tsne")]
    #[test]
    fn tsne_is_a_projection() {
        let x = Matrix::from_vec(40, 3, (0..120).map(|i| ((i * i) % 23) as f32).collect()).unwrap();
        let tsne = Tsne::new().perplexity(5.0).early_exaggeration_iter(20).n_iter(30);
        let map = Pipeline::new().projection(Pca::new(2)).also(tsne.clone()).fit_vectors(&x).unwrap();
        let names: Vec<_> = map.maps().map(|(name, _)| name).collect();
        assert_eq!(names, ["PCA", "t-SNE"]);
        assert_eq!(map.maps().nth(1).unwrap().1, tsne.fit(&x).unwrap().embedding());
        let layout = map.report().stages.iter().filter(|s| s.stage == planisphere_core::Stage::Layout);
        assert_eq!(layout.count(), 1);

        let wrong = Pipeline::new().projection(tsne.clone().perplexity(0.5)).fit_vectors(&x).unwrap_err();
        assert_eq!(wrong.to_string(), "t-SNE: perplexity = 0.5: must be a finite number of at least 1");
        let token = planisphere_core::CancelToken::new();
        token.cancel();
        let cancelled =
            Pipeline::new().projection(tsne).fit_vectors_with(&x, &mut Context::new().cancel(&token)).unwrap_err();
        assert!(matches!(cancelled, Error::Cancelled(_)), "{cancelled}");
    }

    #[test]
    fn a_projection_that_loses_rows_is_named() {
        let loses = |x: MatrixView<'_>, _: &mut Context<'_>| Ok(Matrix::zeros(x.rows() - 1, 2));
        let e = Pipeline::new().projection(scaled(1.0)).also(loses).fit_vectors(&Matrix::zeros(4, 2)).unwrap_err();
        assert!(matches!(&e, Error::Rows { expected: 4, got: 3, .. }), "{e}");
        let e =
            Pipeline::new().projection(scaled(1.0)).also(Pca::new(9)).fit_vectors(&Matrix::zeros(4, 2)).unwrap_err();
        assert!(matches!(&e, Error::Project { method, .. } if method == "PCA"), "{e}");
    }
}
