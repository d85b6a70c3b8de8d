//! How points look.

use super::{Array, Font, Line, OrArray, Orientation, Scale, Title, XAnchor, YAnchor, object, words};
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
    /// The shape of a point. [`Symbol::SHARED`] are those that traces in the plane and in space know.
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
        /// A square on its corner without filling.
        DiamondOpen = "diamond-open",
        /// A square without filling.
        SquareOpen = "square-open",
        /// A triangle on its side; in the plane only, as all that follow.
        TriangleUp = "triangle-up",
        /// A triangle on its corner.
        TriangleDown = "triangle-down",
        /// A triangle that points left.
        TriangleLeft = "triangle-left",
        /// A triangle that points right.
        TriangleRight = "triangle-right",
        /// Five sides.
        Pentagon = "pentagon",
        /// Six sides.
        Hexagon = "hexagon",
        /// Eight sides.
        Octagon = "octagon",
        /// Five rays.
        Star = "star",
        /// Six rays.
        Hexagram = "hexagram",
        /// An hour glass.
        Hourglass = "hourglass",
        /// An hour glass on its side.
        Bowtie = "bowtie",
    }
}

impl Symbol {
    /// The shapes that traces in the plane and in space know.
    pub const SHARED: [Self; 8] = [
        Self::Circle,
        Self::Diamond,
        Self::Square,
        Self::Cross,
        Self::X,
        Self::CircleOpen,
        Self::DiamondOpen,
        Self::SquareOpen,
    ];

    /// The same shape without filling, where there is one in the plane and in space.
    pub fn open(self) -> Option<Self> {
        match self {
            Self::Circle | Self::CircleOpen => Some(Self::CircleOpen),
            Self::Diamond | Self::DiamondOpen => Some(Self::DiamondOpen),
            Self::Square | Self::SquareOpen => Some(Self::SquareOpen),
            _ => None,
        }
    }
}

words! {
    /// What the numbers of `size` measure.
    SizeMode {
        /// The diameter.
        Diameter = "diameter",
        /// The area.
        Area = "area",
    }
}

object! {
    /// The points of a trace.
    Marker {
        /// Color, or values for the color scale.
        color: Color,
        /// Size in pixels, of all points or of each.
        size: OrArray<f64>,
        /// What sizes measure.
        sizemode: SizeMode,
        /// What sizes are divided by.
        sizeref: f64,
        /// Least size in pixels where there is one for each point.
        sizemin: f64,
        /// Opacity, 0 to 1. One for each point in the plane only.
        opacity: OrArray<f64>,
        /// Shape.
        symbol: OrArray<Symbol>,
        /// The border.
        line: MarkerLine,
        /// Scale for numeric colors.
        colorscale: Scale,
        /// Whether the template's scale is taken.
        autocolorscale: bool,
        /// Whether the scale runs backwards.
        reversescale: bool,
        /// Whether the ends of the scale are those of the values.
        cauto: bool,
        /// Value at the low end of the scale.
        cmin: f64,
        /// Value in the middle of the scale.
        cmid: f64,
        /// Value at the high end of the scale.
        cmax: f64,
        /// Whether to draw the color bar.
        showscale: bool,
        /// The color bar.
        colorbar: ColorBar,
        /// A scale of the layout that several traces share, for example `coloraxis`.
        coloraxis: String,
    }
}

object! {
    /// The border of points.
    MarkerLine {
        /// Color.
        color: Color,
        /// Width in pixels.
        width: OrArray<f64>,
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
        /// How ticks are placed.
        tickmode: TickMode,
        /// Values with a tick.
        tickvals: Array,
        /// What stands at them.
        ticktext: Array,
        /// Numbers of ticks that the viewer aims at.
        nticks: u32,
        /// Format of the numbers, in the notation of d3.
        tickformat: String,
        /// Horizontal place, 0 (left) to 1 (right) of the plot.
        x: f64,
        /// Which part of the bar stands at `x`.
        xanchor: XAnchor,
        /// Vertical place, 0 (bottom) to 1 (top) of the plot.
        y: f64,
        /// Which part of the bar stands at `y`.
        yanchor: YAnchor,
        /// Direction.
        orientation: Orientation,
    }
}

words! {
    /// How ticks are placed.
    TickMode {
        /// By the viewer.
        Auto = "auto",
        /// In equal steps.
        Linear = "linear",
        /// Where `tickvals` says.
        Array = "array",
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
        Self { color: Some(Color::One(color.to_owned())), width: Some(width.into()) }
    }
}

impl From<(&str, f64)> for Line {
    /// Color and width.
    fn from((color, width): (&str, f64)) -> Self {
        Self { color: Some(color.to_owned()), width: Some(width), ..Self::default() }
    }
}
