//! The pixels.

use super::color::Rgb;
use crate::error::{Error, Result};
use tiny_skia::{LineCap, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

/// A rectangle in pixels of the file: left, top, right, bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn middle(&self) -> (f64, f64) {
        ((self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0)
    }

    /// With less on all sides; never less than nothing.
    pub(super) fn inset(self, by: f64) -> Self {
        let by = by.min(self.width() / 2.0).min(self.height() / 2.0).max(0.0);
        Self { left: self.left + by, top: self.top + by, right: self.right - by, bottom: self.bottom - by }
    }
}

/// An opaque picture.
pub(super) struct Canvas {
    pixels: Pixmap,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, [r, g, b]: Rgb) -> Result<Self> {
        let mut pixels = Pixmap::new(width, height).ok_or_else(|| Error::Param {
            param: "size",
            value: format!("{width} × {height}"),
            allowed: "a size that fits into memory",
        })?;
        pixels.fill(tiny_skia::Color::from_rgba8(r, g, b, 255));
        Ok(Self { pixels })
    }

    pub(super) fn width(&self) -> usize {
        self.pixels.width() as usize
    }

    pub(super) fn height(&self) -> usize {
        self.pixels.height() as usize
    }

    /// Mixes a color into a pixel; `alpha` of 255 is all of it. Nothing outside of the picture.
    pub(super) fn mix(&mut self, x: i32, y: i32, color: Rgb, alpha: u8) {
        let (width, height) = (self.pixels.width() as i32, self.pixels.height() as i32);
        if alpha == 0 || x < 0 || y < 0 || x >= width || y >= height {
            return;
        }
        let at = (y as usize * width as usize + x as usize) * 4;
        let pixel = &mut self.pixels.data_mut()[at..at + 3];
        let a = u32::from(alpha);
        for (old, new) in pixel.iter_mut().zip(color) {
            *old = ((u32::from(new) * a + u32::from(*old) * (255 - a) + 127) / 255) as u8;
        }
    }

    pub(super) fn fill(&mut self, area: Area, color: Rgb) {
        let rect = Rect::from_ltrb(area.left as f32, area.top as f32, area.right as f32, area.bottom as f32);
        if let Some(rect) = rect {
            self.pixels.fill_rect(rect, &paint(color, 1.0), Transform::identity(), None);
        }
    }

    pub(super) fn stroke_path(&mut self, path: &Path, color: Rgb, width: f64, opacity: f64) {
        let stroke = Stroke { width: width as f32, line_cap: LineCap::Round, ..Stroke::default() };
        self.pixels.stroke_path(path, &paint(color, opacity), &stroke, Transform::identity(), None);
    }

    /// Straight lines; a new one begins after each gap.
    pub(super) fn lines(
        &mut self,
        points: impl Iterator<Item = Option<(f64, f64)>>,
        color: Rgb,
        width: f64,
        opacity: f64,
    ) {
        let mut path = PathBuilder::new();
        let mut on = false;
        for point in points {
            match point {
                None => on = false,
                Some((x, y)) if on => path.line_to(x as f32, y as f32),
                Some((x, y)) => {
                    path.move_to(x as f32, y as f32);
                    on = true;
                }
            }
        }
        if let Some(path) = path.finish() {
            self.stroke_path(&path, color, width, opacity);
        }
    }

    pub(super) fn png(&self) -> Result<Vec<u8>> {
        self.pixels.encode_png().map_err(|e| Error::Io(std::io::Error::other(e)))
    }
}

fn paint([r, g, b]: Rgb, opacity: f64) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, (opacity.clamp(0.0, 1.0) * 255.0).round() as u8);
    paint
}
