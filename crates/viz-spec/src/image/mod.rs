//! Figures as PNG pictures, without a browser.

mod area;
mod bar;
mod canvas;
mod color;
mod contour;
mod legend;
mod paint;
mod points;
mod scene;
mod shapes;
mod space;
mod text;

use crate::error::{Error, Result};
use crate::spec::Figure;
use crate::theme::Theme;
use std::io::Write;

/// Pixels of a side, at most.
const MAX_SIDE: f64 = 16_384.0;

/// Parameters of a picture of a figure: what a browser would show, drawn without one.
///
/// Points have the colors, shapes, sizes and opacity of the figure; there are its title, the names of its maps, its
/// legend in the same order, its color bar, lines, texts and contours. Above 100,000 points a map is shaded by how many
/// points lie on a pixel. Maps in space are seen from the figure's camera, or Plotly's usual one. Buttons, sliders and
/// further frames are left out.
///
/// Texts are set in Latin, Greek and Cyrillic letters and emoji, from left to right; other characters are boxes.
///
/// The same figure gives the same bytes.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_viz_spec::{Picture, ScatterMap, Theme};
///
/// let points = Matrix::from_rows([[0.0, 0.5], [1.0, 0.0]])?;
/// let figure = ScatterMap::new().title("Two points").figure(points.view(), &["a", "b"], None, None)?;
/// let png = Picture::new().size(400, 300).theme(Theme::Dark).png(&figure)?;
/// assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    width: u32,
    height: u32,
    scale: f64,
    theme: Option<Theme>,
    shade_above: usize,
}

impl Default for Picture {
    fn default() -> Self {
        Self { width: 1000, height: 700, scale: 2.0, theme: None, shade_above: 100_000 }
    }
}

impl Picture {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Width and height, in the pixels of a page. 1000 × 700 by default. The file has [`Self::scale`] times as many.
    #[must_use]
    pub fn size(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// Pixels of the file for one pixel of a page, above 0. 2 by default.
    #[must_use]
    pub fn scale(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    /// Light or dark. By default the figure's own colors, which are light where it says nothing.
    #[must_use]
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = Some(theme);
        self
    }

    /// Above so many points a plane map is shaded by density instead of drawn point by point. 100,000 by default.
    #[must_use]
    pub fn shade_above(mut self, points: usize) -> Self {
        self.shade_above = points;
        self
    }

    /// Draws a figure, as the bytes of a PNG file.
    ///
    /// # Errors
    /// [`Error::Param`] for a side of 0 or more than 16,384 pixels of the file, or a scale that is not above 0.
    pub fn png(&self, figure: &Figure) -> Result<Vec<u8>> {
        let param = |param, value: String, allowed| Err(Error::Param { param, value, allowed });
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return param("scale", self.scale.to_string(), "above 0");
        }
        let sides = [self.width, self.height].map(|side| (f64::from(side) * self.scale).round());
        if sides.iter().any(|s| !(1.0..=MAX_SIDE).contains(s)) {
            let value = format!("{} × {} at scale {}", self.width, self.height, self.scale);
            return param("size", value, "1 to 16384 pixels of the file on each side");
        }
        let canvas = paint::paint(self, figure, sides[0] as u32, sides[1] as u32)?;
        canvas.png()
    }

    /// Draws a figure and writes the PNG file.
    ///
    /// # Errors
    /// As [`Self::png`], and [`Error::Io`] if `out` fails.
    pub fn write(&self, figure: &Figure, mut out: impl Write) -> Result<()> {
        out.write_all(&self.png(figure)?)?;
        Ok(out.flush()?)
    }
}

impl Figure {
    /// The figure as the bytes of a PNG file of `width` × `height` pixels of a page, with `scale` pixels of the file for
    /// each. [`Picture`] has more options.
    ///
    /// # Errors
    /// As [`Picture::png`].
    pub fn to_png(&self, width: u32, height: u32, scale: f64) -> Result<Vec<u8>> {
        Picture::new().size(width, height).scale(scale).png(self)
    }
}
