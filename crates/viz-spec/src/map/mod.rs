//! From points to a figure.

mod animate;
mod build;
mod check;
mod columns;
mod density;
mod frame;
mod groups;
mod marks;
mod menu;
mod overlay;
mod panel;
mod style;
mod values;

pub use density::Density;
#[cfg(feature = "image")]
pub(crate) use values::short;

use crate::column::Column;
use crate::error::Result;
use crate::palette::{OTHER, PALETTE, UNLABELED};
use crate::spec::{ColorScale, Figure};
use crate::theme::Theme;
use check::same_length;
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
    numbers: values::Numbers,
    marks: marks::Marks,
    overlay: overlay::Overlay,
    hover: Vec<Column>,
    color_by: Vec<Column>,
    theme: Option<Theme>,
    axis_titles: bool,
    raw_frames: bool,
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
            numbers: values::Numbers::default(),
            marks: marks::Marks::default(),
            overlay: overlay::Overlay::default(),
            hover: Vec::new(),
            color_by: Vec::new(),
            theme: None,
            axis_titles: false,
            raw_frames: false,
        }
    }
}

impl ScatterMap {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
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
    /// [`Error::Columns`](crate::Error::Columns), [`Error::Length`](crate::Error::Length) (which list), [`Error::Points`](crate::Error::Points) (row and column of a value that is not
    /// finite), [`Error::Param`](crate::Error::Param) and [`Error::Color`](crate::Error::Color).
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
    /// As [`Self::figure`]; where there are several maps, [`Error::InMap`](crate::Error::InMap) says which one does not have as many rows as
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

    /// Draws `points` colored by a number for each, with a color bar from the least to the greatest; or in steps, see
    /// [`Self::thresholds`].
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
}

fn panels<'a, N: AsRef<str>>(maps: &'a [(N, MatrixView<'a>)]) -> Vec<panel::Panel<'a>> {
    (1..)
        .zip(maps)
        .map(|(number, (name, points))| panel::Panel { number, name: name.as_ref(), points: *points })
        .collect()
}
