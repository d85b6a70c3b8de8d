//! Many points, as points or as shades.

use super::canvas::{Area, Canvas};
use super::color::Rgb;
use super::scene::{Drawn, Each};
use super::shapes::{Look, Sprites};
use crate::spec::Symbol;

/// Draws the points of a trace; `at` are their places in pixels of the file, in drawing order with their positions in
/// the trace.
pub(super) fn draw(
    canvas: &mut Canvas,
    sprites: &mut Sprites,
    drawn: &Drawn<'_>,
    at: &[(usize, f64, f64)],
    area: Area,
    scale: f64,
) {
    let opacity = (drawn.opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    let (border, width) = drawn.border.unwrap_or(([0; 3], 0.0));
    for &(i, x, y) in at {
        let diameter = drawn.diameters.at(i, 6.0);
        let inside = x >= area.left && x <= area.right && y >= area.top && y <= area.bottom;
        if !(inside && diameter > 0.0) {
            continue;
        }
        let look = Look {
            symbol: drawn.symbols.at(i, Symbol::Circle),
            // Points are seen at any scale, and fit onto the page.
            diameter: (diameter * scale).clamp(0.5, 2000.0),
            border: (width * scale).min(100.0),
        };
        sprites.draw(canvas, (x, y), look, (drawn.colors.at(i, [148, 163, 184]), border), opacity);
    }
}

/// How many points lie on each pixel of an area, and the sum of their colors.
pub(super) struct Shades {
    left: i32,
    top: i32,
    width: usize,
    height: usize,
    counts: Vec<u32>,
    sums: Vec<[u32; 3]>,
}

impl Shades {
    pub(super) fn new(area: Area) -> Self {
        let (left, top) = (area.left.floor() as i32, area.top.floor() as i32);
        let width = (area.right.ceil() as i32 - left).max(1) as usize;
        let height = (area.bottom.ceil() as i32 - top).max(1) as usize;
        let cells = width * height;
        Self { left, top, width, height, counts: vec![0; cells], sums: vec![[0; 3]; cells] }
    }

    /// Counts the points of a trace on all pixels that are at most `reach` away.
    pub(super) fn add(&mut self, colors: &Each<Rgb>, at: &[(usize, f64, f64)], reach: i32) {
        for &(i, x, y) in at {
            let color = colors.at(i, [148, 163, 184]).map(u32::from);
            let (x, y) = (x.floor() as i32 - self.left, y.floor() as i32 - self.top);
            for py in (y - reach).max(0)..=(y + reach).min(self.height as i32 - 1) {
                for px in (x - reach).max(0)..=(x + reach).min(self.width as i32 - 1) {
                    let cell = py as usize * self.width + px as usize;
                    self.counts[cell] = self.counts[cell].saturating_add(1);
                    for (sum, c) in self.sums[cell].iter_mut().zip(color) {
                        *sum = sum.saturating_add(c);
                    }
                }
            }
        }
    }

    /// Paints the mean color of each pixel's points, the denser the more opaque, by the logarithm of their number. A pixel
    /// with one point is seen; those with more than all but one in two hundred are full.
    pub(super) fn paint(&self, canvas: &mut Canvas) {
        let mut counts: Vec<u32> = self.counts.iter().copied().filter(|&c| c > 0).collect();
        if counts.is_empty() {
            return;
        }
        let at = (counts.len() - 1) * 199 / 200;
        let most = f64::from(*counts.select_nth_unstable(at).1).max(2.0);
        const LEAST: f64 = 0.35;
        let alpha = |count: u32| {
            let share = (f64::from(count).ln() / most.ln()).clamp(0.0, 1.0);
            ((LEAST + (1.0 - LEAST) * share) * 255.0).round() as u8
        };
        for (cell, (&count, sums)) in self.counts.iter().zip(&self.sums).enumerate() {
            if count == 0 {
                continue;
            }
            let color = sums.map(|s| ((s + count / 2) / count).min(255) as u8);
            let (x, y) = ((cell % self.width) as i32, (cell / self.width) as i32);
            canvas.mix(self.left + x, self.top + y, color, alpha(count));
        }
    }
}
