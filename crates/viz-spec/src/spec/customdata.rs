//! What programs get to know of points and traces.

use super::{Array, object};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What selection and click events hand out for each point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum CustomData {
    /// Row, id and label: what the figures of this crate hold.
    Points(Vec<PointRef>),
    /// What others put there: a table, a list.
    Other(Array),
}

impl CustomData {
    /// Row, id and label of each point; none where it holds something else.
    pub fn points(&self) -> &[PointRef] {
        match self {
            Self::Points(points) => points,
            Self::Other(_) => &[],
        }
    }
}

impl Default for CustomData {
    fn default() -> Self {
        Self::Points(Vec::new())
    }
}

impl From<Vec<PointRef>> for CustomData {
    fn from(points: Vec<PointRef>) -> Self {
        Self::Points(points)
    }
}

/// What a trace tells programs; Plotly ignores it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum AnyMeta {
    /// What the figures of this crate hold.
    Known(Meta),
    /// What others put there.
    Other(serde_json::Value),
}

impl<'de> Deserialize<'de> for AnyMeta {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(d)?;
        // A list could be read as the parts of a `Meta`, and would be written as something else.
        let known = if value.is_object() { Meta::deserialize(&value).ok() } else { None };
        Ok(known.map_or(Self::Other(value), Self::Known))
    }
}

impl From<Meta> for AnyMeta {
    fn from(meta: Meta) -> Self {
        Self::Known(meta)
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
