//! Parameters of the look: titles, colors, sizes.

use super::ScatterMap;
#[cfg(doc)]
use crate::palette::{OTHER, PALETTE, UNLABELED};
use crate::spec::ColorScale;
use crate::theme::Theme;

impl ScatterMap {
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

    /// Colors for the labels in sorted order, as `#rgb` or `#rrggbb`, or a [`Palette`](crate::Palette). [`PALETTE`] by
    /// default. Where there are more labels than colors, the colors repeat with other point shapes.
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

    /// Color scale of numbers. Viridis by default; see [`Self::center`] for scales with a meaningful middle.
    #[must_use]
    pub fn color_scale(mut self, scale: ColorScale) -> Self {
        self.color_scale = scale;
        self
    }

    /// Light or dark background and texts. By default the figure says nothing of them, see [`Theme`].
    #[must_use]
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = Some(theme);
        self
    }

    /// Whether axes have titles: the map's name and a number, "UMAP 1"; "Dimension 1" where the map has no name. Off by
    /// default: the axes of most maps mean nothing.
    #[must_use]
    pub fn axis_titles(mut self, show: bool) -> Self {
        self.axis_titles = show;
        self
    }
}
