//! From points to a figure.

mod build;
mod frame;
mod groups;
mod panel;

use crate::error::{Error, Result};
use crate::palette::{self, OTHER, PALETTE, UNLABELED};
use crate::spec::{ColorScale, Figure};
use planisphere_core::MatrixView;
use std::collections::BTreeMap;

/// Parameters of a map: a scatter figure of points in one, two or three dimensions.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_viz_spec::ScatterMap;
///
/// let points = Matrix::from_rows([[0.0, 0.5], [1.0, 0.0], [0.2, 0.4]])?;
/// let ids = ["m1", "m2", "m3"];
/// let labels = [Some("cats"), Some("dogs"), None];
/// let previews = ["A cat sat.", "Dogs bark.", "Cats & dogs"];
/// let map = ScatterMap::new().title("Pets").color("cats", "#0ea5e9");
/// let figure = map.figure(points.view(), &ids, Some(&labels), Some(&previews))?;
/// // Unlabeled points lie beneath the others, so they come first; the legend lists them last.
/// let names: Vec<_> = figure.data.iter().filter_map(|trace| trace.name()).collect();
/// assert_eq!(names, ["unlabeled", "cats", "dogs"]);
/// assert!(figure.to_json()?.contains("#0ea5e9"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ScatterMap {
    pub(crate) title: Option<String>,
    pub(crate) legend_title: Option<String>,
    pub(crate) gl_threshold: usize,
    pub(crate) max_labels: usize,
    pub(crate) palette: Vec<String>,
    pub(crate) colors: BTreeMap<String, String>,
    pub(crate) unlabeled_color: String,
    pub(crate) other_color: String,
    pub(crate) point_size: Option<f64>,
    pub(crate) opacity: Option<f64>,
    pub(crate) color_scale: ColorScale,
}

impl Default for ScatterMap {
    fn default() -> Self {
        Self {
            title: None,
            legend_title: None,
            gl_threshold: 3000,
            max_labels: 60,
            palette: PALETTE.iter().map(ToString::to_string).collect(),
            colors: BTreeMap::new(),
            unlabeled_color: UNLABELED.to_owned(),
            other_color: OTHER.to_owned(),
            point_size: None,
            opacity: None,
            color_scale: ColorScale::Viridis,
        }
    }
}

impl ScatterMap {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Heading of the figure. None by default. Any text; it is shown as written.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Heading of the legend, or of the color bar. None by default.
    #[must_use]
    pub fn legend_title(mut self, title: impl Into<String>) -> Self {
        self.legend_title = Some(title.into());
        self
    }

    /// Above so many points a plane map is drawn by WebGL (`scattergl`) instead of SVG. 3000 by default: SVG is
    /// crisper and needs no graphics context, but slows down with the number of points.
    #[must_use]
    pub fn gl_threshold(mut self, points: usize) -> Self {
        self.gl_threshold = points;
        self
    }

    /// How many labels may have a trace of their own, at least 1. 60 by default.
    ///
    /// If there are more, the most frequent ones keep theirs (the earlier in sorted order where counts are equal),
    /// except those with one point only, and all other points share one trace in [`Self::other_color`]; hovering
    /// still tells their labels.
    #[must_use]
    pub fn max_labels(mut self, labels: usize) -> Self {
        self.max_labels = labels;
        self
    }

    /// Colors for the labels in sorted order, as `#rgb` or `#rrggbb`. [`PALETTE`] by default. Where there are more
    /// labels than colors, the colors repeat with other point shapes.
    #[must_use]
    pub fn palette<S: Into<String>>(mut self, colors: impl IntoIterator<Item = S>) -> Self {
        self.palette = colors.into_iter().map(Into::into).collect();
        self
    }

    /// Color of one label, as `#rgb` or `#rrggbb`. The other labels keep the colors that they would have anyway.
    #[must_use]
    pub fn color(mut self, label: impl Into<String>, color: impl Into<String>) -> Self {
        self.colors.insert(label.into(), color.into());
        self
    }

    /// Color of points without label. [`UNLABELED`] by default.
    #[must_use]
    pub fn unlabeled_color(mut self, color: impl Into<String>) -> Self {
        self.unlabeled_color = color.into();
        self
    }

    /// Color of points whose label has no trace of its own, see [`Self::max_labels`]. [`OTHER`] by default.
    #[must_use]
    pub fn other_color(mut self, color: impl Into<String>) -> Self {
        self.other_color = color.into();
        self
    }

    /// Diameter of points in pixels, above 0. By default it falls with the number of points: about 11 for a
    /// hundred, 7 for 2000, 4.5 for 20,000, 3 for 200,000; somewhat less in three dimensions.
    #[must_use]
    pub fn point_size(mut self, pixels: f64) -> Self {
        self.point_size = Some(pixels);
        self
    }

    /// Opacity of points, above 0 and at most 1. By default 0.9 up to a thousand points, falling to 0.6 at a million.
    #[must_use]
    pub fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = Some(opacity);
        self
    }

    /// Color scale of [`Self::figure_by_value`]. Viridis by default.
    #[must_use]
    pub fn color_scale(mut self, scale: ColorScale) -> Self {
        self.color_scale = scale;
        self
    }

    /// Draws `points` (n × 1, 2 or 3) colored by label.
    ///
    /// * `ids`: n names; they go into `customdata` untouched and need not be unique.
    /// * `labels`: n labels; `None` and blank ones are unlabeled. One trace for each label in natural order (`2` before
    ///   `10`), see [`Self::max_labels`]; unlabeled points lie beneath the others and last in the legend.
    /// * `previews`: n texts, shown in the hover box: the first 200 characters, wrapped.
    ///
    /// One column is drawn as a strip: the position along it is the coordinate, the position across it is spread
    /// evenly and means nothing. No points give a figure without traces.
    ///
    /// # Errors
    /// [`Error::Columns`], [`Error::Length`] (which list), [`Error::Points`] (row and column of a value that is not
    /// finite), [`Error::Param`] and [`Error::Color`].
    pub fn figure<S: AsRef<str>>(
        &self,
        points: MatrixView<'_>,
        ids: &[S],
        labels: Option<&[Option<S>]>,
        previews: Option<&[S]>,
    ) -> Result<Figure> {
        self.side_by_side(&[("", points)], ids, labels, previews)
    }

    /// Draws several maps of the same rows in one figure, each under its name: the same colors and order of points, one
    /// legend for all, in which a click hides or shows a label in every map. `maps` are names and points.
    ///
    /// A row of the points is the same item in every map, and so are `ids`, `labels` and `previews`, which are as in
    /// [`Self::figure`]. Plane and 3-D maps can stand side by side. One map gives the same figure as [`Self::figure`],
    /// which has no name.
    ///
    /// ```
    /// use planisphere_core::Matrix;
    /// use planisphere_viz_spec::ScatterMap;
    ///
    /// let (pca, umap) = (Matrix::from_rows([[0.0, 0.5], [1.0, 0.0]])?, Matrix::from_rows([[9.0, 4.0], [1.0, 2.0]])?);
    /// let maps = [("PCA", pca.view()), ("UMAP", umap.view())];
    /// let figure = ScatterMap::new().side_by_side(&maps, &["a", "b"], Some(&[Some("cats"), None]), None)?;
    /// // Unlabeled points and cats, twice.
    /// assert_eq!(figure.data.len(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::figure`]; where there are several maps, [`Error::InMap`] says which one does not have as many rows as
    /// there are ids, has other than 1 to 3 columns, or holds a value that is not finite.
    pub fn side_by_side<N: AsRef<str>, S: AsRef<str>>(
        &self,
        maps: &[(N, MatrixView<'_>)],
        ids: &[S],
        labels: Option<&[Option<S>]>,
        previews: Option<&[S]>,
    ) -> Result<Figure> {
        self.check(maps, ids.len(), previews.map(<[S]>::len))?;
        same_length("labels", ids.len(), labels.map(<[_]>::len))?;
        Ok(build::Builder::new(self, panels(maps), ids, previews).by_label(labels))
    }

    /// Draws `points` colored by a number for each, with a color bar from the least to the greatest.
    ///
    /// As [`Self::figure`] otherwise. Values that are not finite are missing; their points are drawn beneath the others
    /// in [`Self::unlabeled_color`].
    ///
    /// # Errors
    /// As [`Self::figure`].
    pub fn figure_by_value<S: AsRef<str>>(
        &self,
        points: MatrixView<'_>,
        ids: &[S],
        values: &[f32],
        previews: Option<&[S]>,
    ) -> Result<Figure> {
        self.side_by_side_by_value(&[("", points)], ids, values, previews)
    }

    /// Draws several maps of the same rows in one figure, colored by a number for each row, with one color bar. As
    /// [`Self::side_by_side`] and [`Self::figure_by_value`].
    ///
    /// # Errors
    /// As [`Self::side_by_side`].
    pub fn side_by_side_by_value<N: AsRef<str>, S: AsRef<str>>(
        &self,
        maps: &[(N, MatrixView<'_>)],
        ids: &[S],
        values: &[f32],
        previews: Option<&[S]>,
    ) -> Result<Figure> {
        self.check(maps, ids.len(), previews.map(<[S]>::len))?;
        same_length("values", ids.len(), Some(values.len()))?;
        Ok(build::Builder::new(self, panels(maps), ids, previews).by_value(values))
    }

    fn check<N: AsRef<str>>(&self, maps: &[(N, MatrixView<'_>)], ids: usize, previews: Option<usize>) -> Result<()> {
        let param = |param, value: String, allowed| Err(Error::Param { param, value, allowed });
        if self.max_labels == 0 {
            return param("max_labels", "0".to_owned(), "at least 1");
        }
        if let Some(x) = self.point_size.filter(|x| !(x.is_finite() && *x > 0.0)) {
            return param("point_size", x.to_string(), "a number of pixels above 0");
        }
        if let Some(x) = self.opacity.filter(|x| !(*x > 0.0 && *x <= 1.0)) {
            return param("opacity", x.to_string(), "above 0 and at most 1");
        }
        if self.palette.is_empty() {
            return param("palette", "[]".to_owned(), "at least one color");
        }
        for color in &self.palette {
            palette::check("palette", color)?;
        }
        for color in self.colors.values() {
            palette::check("color", color)?;
        }
        palette::check("unlabeled_color", &self.unlabeled_color)?;
        palette::check("other_color", &self.other_color)?;
        for (name, points) in maps {
            drawable(*points, ids).map_err(|e| match maps {
                [_] => e,
                _ => Error::InMap { name: name.as_ref().to_owned(), source: Box::new(e) },
            })?;
        }
        same_length("previews", ids, previews)
    }
}

fn drawable(points: MatrixView<'_>, ids: usize) -> Result<()> {
    if points.rows() > 0 && !(1..=3).contains(&points.cols()) {
        return Err(Error::Columns { cols: points.cols() });
    }
    points.check()?;
    same_length("ids", points.rows(), Some(ids))
}

fn panels<'a, N: AsRef<str>>(maps: &'a [(N, MatrixView<'a>)]) -> Vec<panel::Panel<'a>> {
    (1..)
        .zip(maps)
        .map(|(number, (name, points))| panel::Panel { number, name: name.as_ref(), points: *points })
        .collect()
}

fn same_length(what: &'static str, expected: usize, got: Option<usize>) -> Result<()> {
    match got {
        Some(got) if got != expected => Err(Error::Length { what, expected, got }),
        _ => Ok(()),
    }
}
