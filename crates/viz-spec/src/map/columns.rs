//! What hover boxes tell, and what points can be colored by, from columns.

use super::ScatterMap;
use crate::column::{Column, Values};
use crate::text::{cut, escape, one_line};
use std::fmt::Write;

/// Characters of a value in the hover box.
const HOVER_VALUE: usize = 60;

impl ScatterMap {
    /// Columns that hover boxes tell, one line each: name and value, cut after 60 characters and shown as written.
    /// Points of which a value is unknown have no such line. None by default.
    ///
    /// ```
    /// use planisphere_core::Matrix;
    /// use planisphere_viz_spec::{Column, ScatterMap};
    /// let points = Matrix::from_rows([[0.0, 0.5], [1.0, 0.0]])?;
    /// let votes = Column::numbers("votes", [3.0, 1.5]);
    /// let author = Column::categories("author", [Some("Ann"), None]);
    /// let figure = ScatterMap::new().hover_columns([votes, author]).figure(points.view(), &["a", "b"], None, None)?;
    /// assert!(figure.to_json()?.contains("a<br>votes: 3 <br>author: Ann "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn hover_columns(mut self, columns: impl IntoIterator<Item = Column>) -> Self {
        self.hover = columns.into_iter().collect();
        self
    }

    /// Columns that a list over the map offers to color it by, besides the labels or values that the figure is drawn
    /// with. Hover boxes tell them, too. None by default.
    ///
    /// All points are one trace then, so that a choice changes nothing but colors; the legend is a color bar, for
    /// labels with a step for each. [`Self::symbols`], [`Self::annotated`] and [`Self::sizes`] go with it.
    #[must_use]
    pub fn color_by(mut self, columns: impl IntoIterator<Item = Column>) -> Self {
        self.color_by = columns.into_iter().collect();
        self
    }
}

/// Appends the lines of a hover box that tell a row's values. Each ends with a space, as the lines of a preview do.
pub(super) fn push_lines(out: &mut String, columns: &[Column], row: usize) {
    for column in columns {
        let value = match column.values() {
            Values::Categories(v) => v[row].as_deref().map(one_line).filter(|v| !v.is_empty()),
            Values::Numbers(v) => Some(v[row]).filter(|v| v.is_finite()).map(|v| v.to_string()),
        };
        if let Some(value) = value {
            let name = escape(&cut(&one_line(column.name()), HOVER_VALUE));
            let _ = write!(out, "<br>{name}: {} ", escape(&cut(&value, HOVER_VALUE)));
        }
    }
}
