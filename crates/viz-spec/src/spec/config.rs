//! What the viewer offers to the user.

use super::{object, words};
use serde::{Deserialize, Serialize};

object! {
    /// Settings of the viewer; not part of the picture.
    Config {
        /// Whether the plot follows the size of the window.
        responsive: bool,
        /// Whether the wheel zooms.
        #[serde(rename = "scrollZoom")]
        scroll_zoom: bool,
        /// Whether buttons name Plotly's maker.
        displaylogo: bool,
        /// When the buttons are shown.
        #[serde(rename = "displayModeBar")]
        display_mode_bar: ModeBarDisplay,
        /// Whether a selection can be moved and reshaped by handles on its outline.
        #[serde(rename = "editSelection")]
        edit_selection: bool,
        /// Buttons to leave out, by Plotly's names.
        #[serde(rename = "modeBarButtonsToRemove")]
        mode_bar_buttons_to_remove: Vec<String>,
        /// The file that the camera button saves.
        #[serde(rename = "toImageButtonOptions")]
        to_image_button_options: ToImage,
    }
}

/// When the buttons are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "RawDisplay", into = "RawDisplay")]
#[non_exhaustive]
pub enum ModeBarDisplay {
    /// Always.
    Always,
    /// Never.
    Never,
    /// While the pointer is over the plot.
    Hover,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RawDisplay {
    Fixed(bool),
    Word(Hover),
}

#[derive(Serialize, Deserialize)]
enum Hover {
    #[serde(rename = "hover")]
    Hover,
}

impl From<RawDisplay> for ModeBarDisplay {
    fn from(r: RawDisplay) -> Self {
        match r {
            RawDisplay::Fixed(true) => Self::Always,
            RawDisplay::Fixed(false) => Self::Never,
            RawDisplay::Word(Hover::Hover) => Self::Hover,
        }
    }
}

impl From<ModeBarDisplay> for RawDisplay {
    fn from(d: ModeBarDisplay) -> Self {
        match d {
            ModeBarDisplay::Always => Self::Fixed(true),
            ModeBarDisplay::Never => Self::Fixed(false),
            ModeBarDisplay::Hover => Self::Word(Hover::Hover),
        }
    }
}

words! {
    /// Format of a saved picture.
    ImageFormat {
        /// PNG.
        Png = "png",
        /// SVG.
        Svg = "svg",
    }
}

object! {
    /// The file that the camera button saves.
    ToImage {
        /// Format.
        format: ImageFormat,
        /// File name without extension.
        filename: String,
        /// Pixels of the file for one pixel of the page.
        scale: f64,
    }
}
