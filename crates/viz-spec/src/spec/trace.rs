//! Traces: groups of points drawn alike.

use super::{
    AnyMeta, Array, Contour, CustomData, Font, Line, Marker, Meta, OrArray, Orientation, PointRef, StyledMarker,
    object, words,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A trace of a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum Trace {
    /// Points drawn as SVG: crisp, selectable, for up to a few thousand points.
    #[serde(rename = "scatter")]
    Scatter(Scatter),
    /// Points drawn by WebGL, for many points. Same attributes as [`Trace::Scatter`].
    #[serde(rename = "scattergl")]
    ScatterGl(Scatter),
    /// Points in space, drawn by WebGL. Lasso and box do not select them.
    #[serde(rename = "scatter3d")]
    Scatter3d(Scatter3d),
    /// Lines of equal height of a grid of numbers, such as the density of points.
    #[serde(rename = "contour")]
    Contour(Contour),
}

/// The same attribute of a trace of any type.
macro_rules! of_any {
    ($trace:expr, $attribute:ident) => {
        match $trace {
            Trace::Scatter(t) | Trace::ScatterGl(t) => t.$attribute.as_ref(),
            Trace::Scatter3d(t) => t.$attribute.as_ref(),
            Trace::Contour(t) => t.$attribute.as_ref(),
        }
    };
}

impl Trace {
    /// What the legend calls this trace, in Plotly's markup.
    pub fn name(&self) -> Option<&str> {
        of_any!(self, name).map(String::as_str)
    }

    /// What traces of one label in several maps have in common.
    pub fn legendgroup(&self) -> Option<&str> {
        of_any!(self, legendgroup).map(String::as_str)
    }

    /// The points' row, id and label, in the order of the coordinates; none where `customdata` holds something else.
    pub fn customdata(&self) -> &[PointRef] {
        of_any!(self, customdata).map_or(&[], CustomData::points)
    }

    /// Facts about the trace for programs, where they are those of this crate.
    pub fn meta(&self) -> Option<&Meta> {
        match of_any!(self, meta) {
            Some(AnyMeta::Known(meta)) => Some(meta),
            _ => None,
        }
    }

    /// How the points look; nothing for contours.
    pub fn marker(&self) -> Option<&Marker> {
        match self {
            Self::Scatter(t) | Self::ScatterGl(t) => t.marker.as_ref(),
            Self::Scatter3d(t) => t.marker.as_ref(),
            Self::Contour(_) => None,
        }
    }
}

words! {
    /// Where a text stands against its point.
    TextPosition {
        /// Above and to the left.
        TopLeft = "top left",
        /// Above.
        TopCenter = "top center",
        /// Above and to the right.
        TopRight = "top right",
        /// To the left.
        MiddleLeft = "middle left",
        /// On it.
        MiddleCenter = "middle center",
        /// To the right.
        MiddleRight = "middle right",
        /// Below and to the left.
        BottomLeft = "bottom left",
        /// Below.
        BottomCenter = "bottom center",
        /// Below and to the right.
        BottomRight = "bottom right",
    }
}

words! {
    /// What a trace draws.
    Mode {
        /// Points only.
        Markers = "markers",
        /// A line through the points.
        Lines = "lines",
        /// Points and the line through them.
        LinesMarkers = "lines+markers",
        /// A text at each point.
        Text = "text",
        /// Points and texts.
        MarkersText = "markers+text",
        /// A line and texts.
        LinesText = "lines+text",
        /// All of it.
        LinesMarkersText = "lines+markers+text",
        /// Nothing.
        None = "none",
    }
}

/// Whether a trace is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Visible {
    /// Drawn.
    Yes,
    /// Neither drawn nor in the legend.
    No,
    /// In the legend only, where a click shows it.
    LegendOnly,
}

impl Serialize for Visible {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => s.serialize_bool(true),
            Self::No => s.serialize_bool(false),
            Self::LegendOnly => s.serialize_str("legendonly"),
        }
    }
}

impl<'de> Deserialize<'de> for Visible {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Bool(bool),
            Word(String),
        }
        match Raw::deserialize(d)? {
            Raw::Bool(true) => Ok(Self::Yes),
            Raw::Bool(false) => Ok(Self::No),
            Raw::Word(w) if w == "legendonly" => Ok(Self::LegendOnly),
            Raw::Word(w) => Err(D::Error::custom(format!("visible: {w:?} is not true, false or \"legendonly\""))),
        }
    }
}

object! {
    /// Points and lines in the plane, of [`Trace::Scatter`] and [`Trace::ScatterGl`].
    Scatter {
        /// What the legend and the hover box call the trace, in Plotly's markup (see [`crate::escape`]).
        name: String,
        /// Traces of one group have one entry in the legend, which hides and shows all of them.
        legendgroup: String,
        /// Place in the legend: lower is higher up; 1000 where absent.
        legendrank: f64,
        /// Whether the legend has an entry.
        showlegend: bool,
        /// Whether the trace is drawn.
        visible: Visible,
        /// Points or lines.
        mode: Mode,
        /// Horizontal coordinates.
        x: Array,
        /// Vertical coordinates.
        y: Array,
        /// The horizontal axis: `x` where absent, `x2` in the second map of a figure.
        xaxis: String,
        /// The vertical axis: `y` where absent, `y2` in the second map of a figure.
        yaxis: String,
        /// How the points look.
        marker: Marker,
        /// A text for each point, in Plotly's markup.
        text: Array,
        /// The hover box, in Plotly's template language.
        hovertemplate: String,
        /// Row, id and label for each point, as selection events hand them out.
        customdata: CustomData,
        /// Facts for programs.
        meta: AnyMeta,
        /// Opacity of the whole trace, 0 to 1.
        opacity: f64,
        /// The line through the points.
        line: Line,
        /// Whether the line goes on where a coordinate is missing.
        connectgaps: bool,
        /// Font of the texts.
        textfont: Font,
        /// Where texts stand against their points.
        textposition: OrArray<TextPosition>,
        /// What of a point its hover box tells: `x`, `y`, `z`, `text` and `name` joined by `+`, or `all`, `none`, `skip`.
        hoverinfo: String,
        /// A text for each point that only the hover box shows.
        hovertext: Array,
        /// Names of the points, by which an animation knows them again.
        ids: Array,
        /// Direction, as other writers have it; without meaning for points.
        orientation: Orientation,
        /// Positions of the selected points. An empty list means that nothing is selected and all is dimmed.
        selectedpoints: Vec<u32>,
        /// The look of selected points.
        selected: StyledMarker,
        /// The look of the others while something is selected.
        unselected: StyledMarker,
    }
}

object! {
    /// Points and lines in space, of [`Trace::Scatter3d`].
    Scatter3d {
        /// What the legend and the hover box call the trace, in Plotly's markup (see [`crate::escape`]).
        name: String,
        /// Traces of one group have one entry in the legend, which hides and shows all of them.
        legendgroup: String,
        /// Place in the legend: lower is higher up; 1000 where absent.
        legendrank: f64,
        /// Whether the legend has an entry.
        showlegend: bool,
        /// Whether the trace is drawn.
        visible: Visible,
        /// Points or lines.
        mode: Mode,
        /// First coordinates.
        x: Array,
        /// Second coordinates.
        y: Array,
        /// Third coordinates.
        z: Array,
        /// The scene: `scene` where absent, `scene2` in the second map of a figure.
        scene: String,
        /// How the points look.
        marker: Marker,
        /// A text for each point, in Plotly's markup.
        text: Array,
        /// The hover box, in Plotly's template language.
        hovertemplate: String,
        /// Row, id and label for each point, as click events hand them out.
        customdata: CustomData,
        /// Facts for programs.
        meta: AnyMeta,
        /// Opacity of the whole trace, 0 to 1.
        opacity: f64,
        /// The line through the points.
        line: Line,
        /// Whether the line goes on where a coordinate is missing.
        connectgaps: bool,
        /// Font of the texts.
        textfont: Font,
        /// Where texts stand against their points.
        textposition: OrArray<TextPosition>,
        /// What of a point its hover box tells: `x`, `y`, `z`, `text` and `name` joined by `+`, or `all`, `none`, `skip`.
        hoverinfo: String,
        /// A text for each point that only the hover box shows.
        hovertext: Array,
        /// Names of the points, by which an animation knows them again.
        ids: Array,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn point_refs_and_visibility_round_trip() {
        for (p, json) in [
            (PointRef { row: 3, id: "a".into(), label: None }, r#"[3,"a"]"#),
            (PointRef { row: 4, id: "<\"".into(), label: Some("x".into()) }, r#"[4,"<\"","x"]"#),
        ] {
            assert_eq!(serde_json::to_string(&p).unwrap(), json);
            assert_eq!(serde_json::from_str::<PointRef>(json).unwrap(), p);
        }
        for bad in ["[]", "[1]", "[1,2]", r#"[1,"a","b","c"]"#, r#"[-1,"a"]"#] {
            assert!(serde_json::from_str::<PointRef>(bad).is_err(), "{bad}");
        }
        for (v, json) in [(Visible::Yes, "true"), (Visible::No, "false"), (Visible::LegendOnly, "\"legendonly\"")] {
            assert_eq!(serde_json::to_string(&v).unwrap(), json);
            assert_eq!(serde_json::from_str::<Visible>(json).unwrap(), v);
        }
        assert!(serde_json::from_str::<Visible>("\"legend\"").is_err());
    }

    #[test]
    fn unknown_attributes_and_types_are_named() {
        let e = serde_json::from_str::<Trace>(r#"{"type":"scatter","z":[1]}"#).unwrap_err().to_string();
        assert!(e.contains("unknown field `z`"), "{e}");
        let e = serde_json::from_str::<Trace>(r#"{"type":"pie"}"#).unwrap_err().to_string();
        assert!(e.contains("unknown variant `pie`"), "{e}");
    }
}
