//! How points look.

use super::{Array, Font, Line, Title, object, words};
use serde::{Deserialize, Serialize};

/// One color for all points, or one color or number for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Color {
    /// A CSS color for all points.
    One(String),
    /// A value for each point: numbers are placed on the color scale.
    Each(Array),
}

words! {
    /// The shape of a point. These are the ones that 2-D and 3-D traces share.
    Symbol {
        /// A disk.
        Circle = "circle",
        /// A square on its corner.
        Diamond = "diamond",
        /// A square.
        Square = "square",
        /// A plus sign.
        Cross = "cross",
        /// A times sign.
        X = "x",
        /// A circle without filling.
        CircleOpen = "circle-open",
    }
}

words! {
    /// A color scale by name.
    ColorScale {
        /// Dark violet to yellow; even steps look even, also to the color-blind and in gray.
        Viridis = "Viridis",
        /// Dark blue to yellow by way of gray; made for the color-blind.
        Cividis = "Cividis",
        /// Blue to red by way of gray, for values with a meaningful middle.
        RdBu = "RdBu",
        /// White to dark blue.
        Blues = "Blues",
    }
}

object! {
    /// The points of a trace.
    Marker {
        /// Color, or values for the color scale.
        color: Color,
        /// Size in pixels.
        size: f64,
        /// Opacity, 0 to 1.
        opacity: f64,
        /// Shape.
        symbol: Symbol,
        /// The border.
        line: MarkerLine,
        /// Scale for numeric colors.
        colorscale: ColorScale,
        /// Value at the low end of the scale.
        cmin: f64,
        /// Value at the high end of the scale.
        cmax: f64,
        /// Whether to draw the color bar.
        showscale: bool,
        /// The color bar.
        colorbar: ColorBar,
    }
}

object! {
    /// The border of points.
    MarkerLine {
        /// Color.
        color: String,
        /// Width in pixels.
        width: f64,
    }
}

object! {
    /// The legend of a color scale.
    ColorBar {
        /// Heading.
        title: Title,
        /// Width in pixels.
        thickness: f64,
        /// Length as a part of the plot's height.
        len: f64,
        /// Border width in pixels.
        outlinewidth: f64,
        /// Font of the ticks.
        tickfont: Font,
    }
}

object! {
    /// How selected or unselected points differ from the others.
    StyledMarker {
        /// The differences.
        marker: MarkerStyle,
    }
}

object! {
    /// The part of a marker that selection can change.
    MarkerStyle {
        /// Color.
        color: String,
        /// Opacity, 0 to 1.
        opacity: f64,
        /// Size in pixels.
        size: f64,
    }
}

impl From<(&str, f64)> for MarkerLine {
    /// Color and width.
    fn from((color, width): (&str, f64)) -> Self {
        Self { color: Some(color.to_owned()), width: Some(width) }
    }
}

impl From<(&str, f64)> for Line {
    /// Color and width.
    fn from((color, width): (&str, f64)) -> Self {
        Self { color: Some(color.to_owned()), width: Some(width), ..Self::default() }
    }
}
