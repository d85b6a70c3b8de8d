//! The color bar beside the maps.

use super::canvas::{Area, Canvas};
use super::color::Rgb;
use super::scene::{self, Bar};
use super::text::{Align, Fonts, Style, plain};
use crate::map::short;
use crate::spec::{Array, Figure};

const FONT: f64 = 12.0;
const THICK: f64 = 14.0;

/// The color bar, measured; lengths in pixels of the file.
pub(super) struct ColorBar {
    bar: Bar,
    title: String,
    ticks: Vec<(f64, String)>,
    unit: f64,
}

impl ColorBar {
    /// That of the first trace that has one.
    pub(super) fn new(figure: &Figure, fonts: &Fonts, unit: f64, width: f64) -> Option<Self> {
        let shown = |m: &&crate::spec::Marker| m.showscale == Some(true) || m.coloraxis.is_some();
        let bar = figure.data.iter().filter_map(|t| t.marker()).filter(shown).find_map(|m| scene::bar(figure, m))?;
        let title = bar.bar.title.as_ref().and_then(|t| t.text.as_deref()).map(|t| plain(t).0).unwrap_or_default();
        let room = width - (THICK + 8.0) * unit;
        let given = bar.bar.tickvals.as_ref().and_then(Array::numbers);
        let ticks = match (given, &bar.bar.ticktext) {
            (Some(at), Some(Array::Strings(text))) => at.into_iter().zip(text.iter().map(|t| plain(t).0)).collect(),
            (Some(at), _) => at.into_iter().map(|v| (v, short(v))).collect(),
            (None, _) => even(bar.low, bar.high).into_iter().map(|v| (v, short(v))).collect::<Vec<_>>(),
        };
        let ticks = ticks.into_iter().map(|(v, text)| (v, fonts.fit(&text, FONT * unit, room))).collect();
        Some(Self { title: fonts.fit(&title, FONT * unit, width), bar, ticks, unit })
    }

    pub(super) fn width(&self, fonts: &Fonts) -> f64 {
        let size = FONT * self.unit;
        let widest = self.ticks.iter().map(|(_, text)| fonts.width(text, size)).fold(0.0, f64::max);
        (widest + (THICK + 8.0) * self.unit).max(fonts.width(&self.title, size)) + 4.0 * self.unit
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, fonts: &Fonts, area: Area, ink: Rgb) {
        let u = self.unit;
        let style = Style { size: FONT * u, color: ink, bold: false, halo: None };
        let head = if self.title.is_empty() { 0.0 } else { 20.0 * u };
        let len = self.bar.bar.len.unwrap_or(0.6).clamp(0.1, 1.0);
        let height = (area.height() * len - head).max(1.0);
        let top = area.top + (area.height() - height - head) / 2.0 + head;
        if !self.title.is_empty() {
            fonts.draw(canvas, &self.title, (area.left, top - 12.0 * u), Align::Left, Style { bold: true, ..style });
        }
        let right = area.left + THICK * u;
        // Row by row, each in the color of its middle.
        for y in top.round() as i32..(top + height).round() as i32 {
            let share = 1.0 - (f64::from(y) + 0.5 - top) / height;
            let color = self.bar.ramp[(share.clamp(0.0, 1.0) * 255.0).round() as usize];
            let y = f64::from(y);
            canvas.fill(Area { left: area.left.round(), top: y, right: right.round(), bottom: y + 1.0 }, color);
        }
        let span = if self.bar.high > self.bar.low { self.bar.high - self.bar.low } else { 1.0 };
        for (value, text) in &self.ticks {
            let share = (value - self.bar.low) / span;
            if (-1e-9..=1.0 + 1e-9).contains(&share) {
                let y = top + height * (1.0 - share);
                fonts.draw(canvas, text, (right + 6.0 * u, y), Align::Left, style);
            }
        }
    }
}

/// About five round numbers between two.
pub(super) fn even(low: f64, high: f64) -> Vec<f64> {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return vec![low];
    }
    let rough = span / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|f| f * power).find(|s| *s >= rough * 0.999).unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    (first..).map(|i| i as f64 * step).take_while(|v| *v <= high + step * 1e-9).take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::even;

    #[test]
    fn ticks_are_round() {
        assert_eq!(even(0.0, 10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(even(-0.3, 0.9).len(), 5);
        assert_eq!(even(3.0, 3.0), [3.0]);
        assert!(even(-1e30, 1e30).len() <= 20);
    }
}
