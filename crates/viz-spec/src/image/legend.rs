//! The legend beside the maps.

use super::canvas::{Area, Canvas};
use super::color::{self, Rgb};
use super::scene;
use super::shapes::{Look, Sprites};
use super::text::{Align, Fonts, Style, plain};
use crate::spec::{Figure, Mode, Symbol, Trace};

/// One line: what it is called, and how its points look.
struct Entry {
    rank: f64,
    name: String,
    color: Rgb,
    symbol: Symbol,
    line: bool,
    faint: bool,
}

/// The legend, measured; all lengths in pixels of the file.
pub(super) struct Legend {
    title: String,
    entries: Vec<Entry>,
    rows: usize,
    /// Width of a column.
    column: f64,
    left_out: usize,
    unit: f64,
}

const FONT: f64 = 12.0;
const ROW: f64 = 19.0;
const SWATCH: f64 = 22.0;

impl Legend {
    /// What fits beside maps of this height, in no more than `width`. Nothing where the figure has no legend.
    pub(super) fn new(figure: &Figure, fonts: &Fonts, unit: f64, width: f64, height: f64) -> Option<Self> {
        if figure.layout.showlegend == Some(false) {
            return None;
        }
        let mut entries = entries(figure);
        // Plotly's rule where the figure does not say.
        if entries.is_empty() || figure.layout.showlegend.is_none() && entries.len() < 2 {
            return None;
        }
        entries.sort_by(|a, b| a.rank.total_cmp(&b.rank));
        let title = figure.layout.legend.as_ref().and_then(|l| l.title.as_ref()).and_then(|t| t.text.as_deref());
        let title = title.map(|t| plain(t).0).unwrap_or_default();
        let head = if title.is_empty() { 0.0 } else { ROW * unit };
        let rows = (((height - head) / (ROW * unit)).floor() as usize).max(1);
        let names = entries.iter().map(|e| fonts.width(&e.name, FONT * unit));
        let widest = names.chain([fonts.width(&title, FONT * unit) - SWATCH * unit]).fold(0.0, f64::max);
        let column = (widest + SWATCH * unit + 10.0 * unit).min(width);
        let columns = ((width / column).floor() as usize).clamp(1, entries.len().div_ceil(rows));
        let room = rows * columns;
        let mut left_out = 0;
        if entries.len() > room {
            // One line tells how many there are no lines for.
            left_out = entries.len() - room + 1;
            entries.truncate(room - 1);
        }
        for entry in &mut entries {
            entry.name = fonts.fit(&entry.name, FONT * unit, column - (SWATCH + 8.0) * unit);
        }
        Some(Self { title, entries, rows, column, left_out, unit })
    }

    pub(super) fn width(&self) -> f64 {
        self.lines().div_ceil(self.rows) as f64 * self.column
    }

    fn lines(&self) -> usize {
        self.entries.len() + usize::from(self.left_out > 0)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, sprites: &mut Sprites, fonts: &Fonts, area: Area, ink: Rgb) {
        let u = self.unit;
        let style = Style { size: FONT * u, color: ink, bold: false, halo: None };
        let mut top = area.top;
        if !self.title.is_empty() {
            let title = fonts.fit(&self.title, FONT * u, area.width());
            fonts.draw(canvas, &title, (area.left, top + ROW * u / 2.0), Align::Left, Style { bold: true, ..style });
            top += ROW * u;
        }
        let place = |i: usize| {
            let (column, row) = (i / self.rows, i % self.rows);
            (area.left + column as f64 * self.column, top + (row as f64 + 0.5) * ROW * u)
        };
        for (i, entry) in self.entries.iter().enumerate() {
            let (x, y) = place(i);
            let opacity = if entry.faint { 90 } else { 255 };
            let middle = (x + 7.0 * u, y);
            if entry.line {
                let ends = [Some((x, y)), Some((x + 14.0 * u, y))];
                canvas.lines(ends.into_iter(), entry.color, 2.0 * u, f64::from(opacity) / 255.0);
            } else {
                let look = Look { symbol: entry.symbol, diameter: 8.0 * u, border: 0.0 };
                sprites.draw(canvas, middle, look, (entry.color, entry.color), opacity);
            }
            fonts.draw(canvas, &entry.name, (x + SWATCH * u, y), Align::Left, style);
        }
        if self.left_out > 0 {
            let (x, y) = place(self.entries.len());
            let more = fonts.fit(&format!("… {} more", self.left_out), FONT * u, self.column);
            fonts.draw(canvas, &more, (x, y), Align::Left, style);
        }
    }
}

fn entries(figure: &Figure) -> Vec<Entry> {
    let mut seen: Vec<&str> = Vec::new();
    let mut entries = Vec::new();
    for trace in &figure.data {
        let (shown, rank, visible, marker, mode, line) = match trace {
            Trace::Scatter(t) | Trace::ScatterGl(t) => {
                (t.showlegend, t.legendrank, t.visible, t.marker.as_ref(), t.mode, t.line.as_ref())
            }
            Trace::Scatter3d(t) => (t.showlegend, t.legendrank, t.visible, t.marker.as_ref(), t.mode, t.line.as_ref()),
            Trace::Contour(_) => continue,
        };
        let hidden = visible == Some(crate::spec::Visible::No);
        if shown == Some(false) || hidden {
            continue;
        }
        if let Some(group) = trace.legendgroup().filter(|g| !g.is_empty()) {
            if seen.contains(&group) {
                continue;
            }
            seen.push(group);
        }
        let only_lines = mode == Some(Mode::Lines);
        let line = line.filter(|_| only_lines).and_then(|l| l.color.as_deref()).and_then(color::parse);
        let symbol = marker.and_then(|m| m.symbol.as_ref()).and_then(|s| s.one().copied());
        entries.push(Entry {
            rank: rank.unwrap_or(1000.0),
            name: plain(trace.name().unwrap_or("trace")).0,
            color: line.unwrap_or_else(|| scene::colors(figure, marker).at(0, [128; 3])),
            symbol: symbol.unwrap_or(Symbol::Circle),
            line: only_lines,
            faint: !scene::is_drawn(visible),
        });
    }
    entries
}
