//! Texts on a figure.

use super::{Font, object, words};

words! {
    /// Which part of a text stands at its horizontal place.
    XAnchor {
        /// Its start.
        Left = "left",
        /// Its middle.
        Center = "center",
        /// Its end.
        Right = "right",
        /// By the place: the start at the left, the end at the right.
        Auto = "auto",
    }
}

words! {
    /// Which part of a text stands at its vertical place.
    YAnchor {
        /// Its upper side.
        Top = "top",
        /// Its middle.
        Middle = "middle",
        /// Its lower side.
        Bottom = "bottom",
        /// By the place: the lower side at the bottom, the upper at the top.
        Auto = "auto",
    }
}

object! {
    /// A text on the figure.
    Annotation {
        /// The text, in Plotly's markup (see [`crate::escape`]).
        text: String,
        /// What `x` counts in: an axis, or `paper` for parts of the width.
        xref: String,
        /// What `y` counts in: an axis, or `paper` for parts of the height.
        yref: String,
        /// Horizontal place.
        x: f64,
        /// Vertical place.
        y: f64,
        /// Which part of the text stands at `x`.
        xanchor: XAnchor,
        /// Which part of the text stands at `y`.
        yanchor: YAnchor,
        /// Whether an arrow leads from the text to the place.
        showarrow: bool,
        /// Font.
        font: Font,
    }
}
