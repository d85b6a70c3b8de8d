//! Traces: groups of points drawn alike.

use super::{Array, Marker, StyledMarker, object, words};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
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
}

impl Trace {
    /// What the legend calls this trace, in Plotly's markup.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Scatter(t) | Self::ScatterGl(t) => t.name.as_deref(),
            Self::Scatter3d(t) => t.name.as_deref(),
        }
    }

    /// What traces of one label in several maps have in common.
    pub fn legendgroup(&self) -> Option<&str> {
        match self {
            Self::Scatter(t) | Self::ScatterGl(t) => t.legendgroup.as_deref(),
            Self::Scatter3d(t) => t.legendgroup.as_deref(),
        }
    }

    /// The points' row, id and label, in the order of the coordinates.
    pub fn customdata(&self) -> &[PointRef] {
        match self {
            Self::Scatter(t) | Self::ScatterGl(t) => t.customdata.as_deref(),
            Self::Scatter3d(t) => t.customdata.as_deref(),
        }
        .unwrap_or_default()
    }

    /// Facts about the trace for programs.
    pub fn meta(&self) -> Option<&Meta> {
        match self {
            Self::Scatter(t) | Self::ScatterGl(t) => t.meta.as_ref(),
            Self::Scatter3d(t) => t.meta.as_ref(),
        }
    }

    /// How the points look.
    pub fn marker(&self) -> Option<&Marker> {
        match self {
            Self::Scatter(t) | Self::ScatterGl(t) => t.marker.as_ref(),
            Self::Scatter3d(t) => t.marker.as_ref(),
        }
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
    /// Points in the plane, of [`Trace::Scatter`] and [`Trace::ScatterGl`].
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
        customdata: Vec<PointRef>,
        /// Facts for programs.
        meta: Meta,
        /// Positions of the selected points. An empty list means that nothing is selected and all is dimmed.
        selectedpoints: Vec<u32>,
        /// The look of selected points.
        selected: StyledMarker,
        /// The look of the others while something is selected.
        unselected: StyledMarker,
    }
}

object! {
    /// Points in space, of [`Trace::Scatter3d`].
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
        customdata: Vec<PointRef>,
        /// Facts for programs.
        meta: Meta,
    }
}

object! {
    /// Facts about a trace that programs read and Plotly ignores.
    Meta {
        /// The label that the points of this trace share, as the user wrote it. Absent for unlabeled points, and
        /// for traces of mixed labels.
        label: String,
    }
}

/// The entry of `customdata` for one point: `[row, id]`, or `[row, id, label]` in a trace of mixed labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointRef {
    /// Row of the point in the matrix that was drawn, counted from 0.
    pub row: u32,
    /// The point's id, as the user wrote it.
    pub id: String,
    /// The point's label, where the trace does not tell it.
    pub label: Option<String>,
}

impl Serialize for PointRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut seq = s.serialize_seq(Some(2 + usize::from(self.label.is_some())))?;
        seq.serialize_element(&self.row)?;
        seq.serialize_element(&self.id)?;
        if let Some(label) = &self.label {
            seq.serialize_element(label)?;
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for PointRef {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = PointRef;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("[row, id] or [row, id, label]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PointRef, A::Error> {
                let row = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let id = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
                let label = seq.next_element()?;
                Ok(PointRef { row, id, label })
            }
        }
        d.deserialize_seq(V)
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
