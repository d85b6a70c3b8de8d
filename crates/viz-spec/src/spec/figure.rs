//! A whole figure.

use super::{Config, Frame, Layout, Trace};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// A Plotly figure: what `Plotly.newPlot` takes, and what `plotly.io.from_json` of Python reads.
///
/// What plotly.py writes for the same traces is read, too, and written again without loss; a template is kept as it is.
///
/// ```
/// use planisphere_viz_spec::Figure;
/// let text = r#"{"data":[{"type":"scatter","x":[1.0],"y":[2.0]}],"layout":{"title":{"text":"one point"}}}"#;
/// let figure = Figure::from_json(text)?;
/// assert_eq!(figure.to_json()?, text);
/// # Ok::<(), planisphere_viz_spec::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Figure {
    /// The traces, drawn in this order: later ones lie on top.
    pub data: Vec<Trace>,
    /// Everything around them.
    pub layout: Layout,
    /// The pictures of an animation, which buttons and sliders of the layout play. `Plotly.newPlot` takes them with the
    /// figure as one object.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
    /// Settings of the viewer.
    #[serde(skip_serializing_if = "is_default")]
    pub config: Config,
}

fn is_default(c: &Config) -> bool {
    *c == Config::default()
}

impl Figure {
    /// The figure as JSON on one line.
    ///
    /// # Errors
    /// [`Error::Json`](crate::Error::Json), if a number is one that JSON cannot write.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// Writes the figure as JSON on one line, without line end.
    ///
    /// Many small writes are made: give a [`std::io::BufWriter`] for files.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) if `out` fails.
    pub fn write_json(&self, out: impl Write) -> Result<()> {
        Ok(serde_json::to_writer(out, self)?)
    }

    /// Reads a figure.
    ///
    /// # Errors
    /// [`Error::Json`](crate::Error::Json) with line and column for malformed JSON, and for any attribute that is not
    /// in the part of the schema that this crate writes.
    pub fn from_json(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }
}

impl TryFrom<&Figure> for serde_json::Value {
    type Error = crate::Error;

    fn try_from(f: &Figure) -> Result<Self> {
        Ok(serde_json::to_value(f)?)
    }
}
