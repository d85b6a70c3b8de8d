//! Everything around the traces.

use super::{Annotation, Axis, ColorAxis, Pad, Scene, Slider, Subplots, UpdateMenu, XAnchor, YAnchor, object, words};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

object! {
    /// The layout of a figure.
    Layout {
        /// Heading.
        title: Title,
        /// Font of all texts.
        font: Font,
        /// Horizontal axis.
        xaxis: Axis,
        /// Vertical axis.
        yaxis: Axis,
        /// The space of 3-D traces.
        scene: Scene,
        /// Whether there is a legend.
        showlegend: bool,
        /// The legend.
        legend: Legend,
        /// Space around the plot.
        margin: Margin,
        /// Whether the size follows the container.
        autosize: bool,
        /// Width in pixels.
        width: f64,
        /// Height in pixels.
        height: f64,
        /// Color around the plot.
        paper_bgcolor: String,
        /// Color behind the points.
        plot_bgcolor: String,
        /// Which points answer to the pointer.
        hovermode: HoverMode,
        /// How far, in pixels, the pointer may be from a point.
        hoverdistance: i32,
        /// The hover box.
        hoverlabel: HoverLabel,
        /// Buttons and lists that change the figure.
        updatemenus: Vec<UpdateMenu>,
        /// Sliders under the figure.
        sliders: Vec<Slider>,
        /// A color scale that several traces share.
        coloraxis: ColorAxis,
        /// The colors that traces without one get, in turn.
        colorway: Vec<String>,
        /// What all attributes are where the figure does not say, as the writer had it.
        template: Value,
        /// Texts on the figure, such as the headings of several maps.
        annotations: Vec<Annotation>,
        /// What dragging does.
        dragmode: DragMode,
        /// What clicking does.
        clickmode: ClickMode,
        /// Outlines of selections.
        selections: Vec<Selection>,
        /// The look of a selection being drawn.
        newselection: NewSelection,
        /// The look of the selection that can be changed.
        activeselection: ActiveSelection,
        /// The buttons.
        modebar: ModeBar,
        /// While this stays the same, an update keeps the user's zoom.
        uirevision: String,
        /// While this stays the same, an update keeps the user's selection.
        selectionrevision: String,
    } and {
        /// Axes, scenes and color axes with a number.
        subplots: Subplots
    }
}

object! {
    /// A heading.
    Title {
        /// The text, in Plotly's markup (see [`crate::escape`]).
        text: String,
        /// Font.
        font: Font,
        /// At which side of a legend or color bar it stands: `top`, `right`, `bottom`, ….
        side: String,
        /// Horizontal place, 0 (left) to 1 (right).
        x: f64,
        /// Which part of it stands at `x`.
        xanchor: XAnchor,
        /// Vertical place, 0 (bottom) to 1 (top).
        y: f64,
        /// Which part of it stands at `y`.
        yanchor: YAnchor,
        /// Space around it.
        pad: Pad,
    }
}

object! {
    /// A font.
    Font {
        /// CSS font families.
        family: String,
        /// Size in pixels.
        size: f64,
        /// Color.
        color: String,
        /// A shadow in the notation of CSS, or `auto` for one that keeps the text apart from what is behind it.
        shadow: String,
    }
}

object! {
    /// The legend.
    Legend {
        /// Heading.
        title: Title,
        /// Direction of the list.
        orientation: Orientation,
        /// Whether the symbols follow the sizes of the points.
        itemsizing: ItemSizing,
        /// Horizontal place, 0 (left) to 1 (right) in the plot.
        x: f64,
        /// Vertical place, 0 (bottom) to 1 (top) in the plot.
        y: f64,
        /// Which part of it stands at `x`.
        xanchor: XAnchor,
        /// Which part of it stands at `y`.
        yanchor: YAnchor,
        /// In which order entries stand: `normal`, `reversed`, `grouped`, or both.
        traceorder: String,
        /// Font of the names.
        font: Font,
        /// Background color.
        bgcolor: String,
        /// Space between entries in pixels.
        tracegroupgap: f64,
    }
}

words! {
    /// Direction of a list.
    Orientation {
        /// From left to right.
        Horizontal = "h",
        /// From top to bottom.
        Vertical = "v",
    }
}

words! {
    /// Sizes of the symbols in the legend.
    ItemSizing {
        /// As large as the points.
        Trace = "trace",
        /// All the same.
        Constant = "constant",
    }
}

object! {
    /// Space around the plot, in pixels.
    Margin {
        /// Left.
        l: f64,
        /// Right.
        r: f64,
        /// Top.
        t: f64,
        /// Bottom.
        b: f64,
        /// Between the plot and its axes.
        pad: f64,
    }
}

/// Declares an enumeration of the schema that also knows `false`.
macro_rules! words_or_false {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// Nothing; written as `false`.
            Off,
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant => s.serialize_str($word),)*
                    Self::Off => s.serialize_bool(false),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Raw {
                    Bool(bool),
                    Word(String),
                }
                match Raw::deserialize(d)? {
                    Raw::Bool(false) => Ok(Self::Off),
                    Raw::Word(w) => match w.as_str() {
                        $($word => Ok(Self::$variant),)*
                        other => Err(serde::de::Error::unknown_variant(other, &[$($word),*])),
                    },
                    Raw::Bool(true) => Err(serde::de::Error::custom("true is not allowed here")),
                }
            }
        }
    };
}

words_or_false! {
    /// Which points answer to the pointer.
    HoverMode {
        /// The nearest one.
        Closest = "closest",
        /// All at the same x.
        X = "x",
        /// All at the same y.
        Y = "y",
    }
}

words_or_false! {
    /// What dragging does. `Orbit` and `Turntable` are for 3-D scenes, `Select` and `Lasso` for the plane.
    DragMode {
        /// Zooms into a rectangle.
        Zoom = "zoom",
        /// Moves the map.
        Pan = "pan",
        /// Selects a rectangle.
        Select = "select",
        /// Selects a free shape.
        Lasso = "lasso",
        /// Turns freely.
        Orbit = "orbit",
        /// Turns with the third axis upright.
        Turntable = "turntable",
    }
}

words! {
    /// What clicking does.
    ClickMode {
        /// Tells listeners.
        Event = "event",
        /// Selects the point.
        Select = "select",
        /// Both.
        EventSelect = "event+select",
        /// Nothing.
        None = "none",
    }
}

words! {
    /// Alignment of the text in a hover box.
    HoverAlign {
        /// Left.
        Left = "left",
        /// Right.
        Right = "right",
        /// By the side on which the box stands.
        Auto = "auto",
    }
}

object! {
    /// The hover box.
    HoverLabel {
        /// Alignment of several lines.
        align: HoverAlign,
        /// Background color; the color of the point where absent.
        bgcolor: String,
        /// Border color.
        bordercolor: String,
        /// Font.
        font: Font,
        /// How many characters of the trace's name to show; -1 for all.
        namelength: i32,
    }
}

words! {
    /// The shape of a selection.
    SelectionType {
        /// A rectangle.
        Rect = "rect",
        /// A free shape.
        Path = "path",
    }
}

object! {
    /// The outline of a selection, in the coordinates of the map.
    Selection {
        /// Rectangle or path.
        r#type: SelectionType,
        /// One side of a rectangle.
        x0: f64,
        /// The side across from `x0`.
        x1: f64,
        /// One side of a rectangle.
        y0: f64,
        /// The side across from `y0`.
        y1: f64,
        /// A path, in the notation of SVG with the commands M, L and Z.
        path: String,
        /// The horizontal axis, `x` or `x2`.
        xref: String,
        /// The vertical axis, `y` or `y2`.
        yref: String,
        /// Opacity, 0 to 1.
        opacity: f64,
        /// The line.
        line: Line,
    }
}

object! {
    /// A line.
    Line {
        /// Color.
        color: String,
        /// Width in pixels.
        width: f64,
        /// Dashes: `solid`, `dot`, `dash`, or lengths in pixels.
        dash: String,
    }
}

words! {
    /// Whether a second selection replaces the first.
    SelectionMode {
        /// Each drag is a selection of its own.
        Immediate = "immediate",
        /// Drags are joined until a double click.
        Gradual = "gradual",
    }
}

object! {
    /// The look of a selection being drawn.
    NewSelection {
        /// The line.
        line: Line,
        /// Whether drags are joined.
        mode: SelectionMode,
    }
}

object! {
    /// The look of the selection that can be changed.
    ActiveSelection {
        /// Filling.
        fillcolor: String,
        /// Opacity, 0 to 1.
        opacity: f64,
    }
}

object! {
    /// The buttons over the plot.
    ModeBar {
        /// Direction.
        orientation: Orientation,
        /// Background color.
        bgcolor: String,
        /// Color of the symbols.
        color: String,
        /// Color of the symbol in use.
        activecolor: String,
    }
}
