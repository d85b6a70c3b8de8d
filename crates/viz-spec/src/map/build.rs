//! Traces of a map.

use super::ScatterMap;
use super::frame::{self, title};
use super::groups::{self, Group, Kind};
use super::panel::Panel;
use crate::palette;
use crate::spec::{
    Array, Color, ColorBar, Figure, Marker, MarkerStyle, Meta, Mode, PointRef, Scatter, Scatter3d, StyledMarker,
    Symbol, Trace,
};
use crate::text::{cut, escape, one_line, push_preview};
use std::fmt::Write;

/// Columns of a line in the hover box.
const HOVER_WIDTH: usize = 60;
/// Characters of an id or label in the hover box.
const HOVER_NAME: usize = 60;
/// Characters of a label in the legend.
const LEGEND_NAME: usize = 32;

/// What the traces of one figure have in common.
pub(super) struct Builder<'a, S> {
    map: &'a ScatterMap,
    /// All have as many rows as there are ids.
    panels: Vec<Panel<'a>>,
    ids: &'a [S],
    previews: Option<&'a [S]>,
    opacity: f64,
    /// Whether plane maps are drawn by WebGL.
    gl: bool,
}

/// What is special about one trace.
struct Look<'l> {
    name: String,
    rank: f64,
    in_legend: bool,
    color: Color,
    symbol: Symbol,
    meta: Option<Meta>,
    /// First line of the hover box of all points, as markup.
    headline: Option<String>,
    /// Lines of the hover box of one point before and after its id, as markup.
    above: &'l dyn Fn(u32) -> Option<String>,
    below: &'l dyn Fn(u32) -> Option<String>,
    /// The label that its `customdata` carries.
    own_label: &'l dyn Fn(u32) -> Option<String>,
    scale: Option<(f32, f32)>,
}

impl<'a, S: AsRef<str>> Builder<'a, S> {
    pub(super) fn new(map: &'a ScatterMap, panels: Vec<Panel<'a>>, ids: &'a [S], previews: Option<&'a [S]>) -> Self {
        let n = ids.len().max(1) as f64;
        let opacity = map.opacity.unwrap_or_else(|| round((1.2 - 0.1 * n.log10()).clamp(0.5, 0.9)));
        let plane = panels.iter().filter(|p| !p.in_space()).count();
        let gl = plane * ids.len() > map.gl_threshold;
        Self { map, panels, ids, previews, opacity, gl }
    }

    fn size(&self, panel: &Panel<'_>) -> f64 {
        let n = self.ids.len().max(1) as f64;
        let in_space = if panel.in_space() { 0.6 } else { 1.0 };
        // The more maps, the smaller they are.
        let beside = [1.0, 0.85, 0.75][self.panels.len().clamp(1, 3) - 1];
        self.map.point_size.unwrap_or_else(|| round((24.0 * n.powf(-0.17) * in_space * beside).clamp(1.5, 11.0)))
    }

    pub(super) fn by_label(&self, labels: Option<&[Option<S>]>) -> Figure {
        let label_of = |row: usize| labels.and_then(|l| l[row].as_ref()).map(AsRef::as_ref);
        let groups = groups::group((0..self.ids.len()).map(label_of), self.map.max_labels);
        let named = groups.iter().any(|g| matches!(g.kind, Kind::Label { .. }));
        let several = groups.len() > 1 || named;
        let other_label = |row: u32| label_of(row as usize).map(str::to_owned);
        let other_line =
            |row: u32| label_of(row as usize).map(|l| format!("<b>{}</b>", escape(&cut(&one_line(l), HOVER_NAME))));
        let none = |_: u32| None;
        let traces = (0..)
            .zip(&groups)
            .flat_map(|(number, Group { kind, rows })| {
                let look = match *kind {
                    Kind::Unlabeled => Look {
                        name: if several { "unlabeled" } else { "points" }.to_owned(),
                        rank: 1002.0,
                        in_legend: several,
                        color: Color::One(self.map.unlabeled_color.clone()),
                        symbol: Symbol::Circle,
                        meta: None,
                        headline: None,
                        above: &none,
                        below: &none,
                        own_label: &none,
                        scale: None,
                    },
                    Kind::Other { labels } => Look {
                        name: format!("{labels} {}labels", if named { "other " } else { "" }),
                        rank: 1001.0,
                        in_legend: true,
                        color: Color::One(self.map.other_color.clone()),
                        symbol: Symbol::Circle,
                        meta: None,
                        headline: None,
                        above: &other_line,
                        below: &none,
                        own_label: &other_label,
                        scale: None,
                    },
                    Kind::Label { label, slot } => {
                        let (color, symbol) = palette::slot(slot, self.map.palette.len());
                        let color = self.map.colors.get(label).unwrap_or(&self.map.palette[color]);
                        Look {
                            name: escape(&cut(&one_line(label), LEGEND_NAME)),
                            rank: 1000.0,
                            in_legend: true,
                            color: Color::One(color.clone()),
                            symbol,
                            meta: Some(Meta { label: Some(label.to_owned()) }),
                            headline: Some(format!("<b>{}</b>", escape(&cut(&one_line(label), HOVER_NAME)))),
                            above: &none,
                            below: &none,
                            own_label: &none,
                            scale: None,
                        }
                    }
                };
                self.traces(number, rows, look)
            })
            .collect();
        self.finish(traces, several)
    }

    pub(super) fn by_value(&self, values: &[f32]) -> Figure {
        let (known, missing): (Vec<u32>, Vec<u32>) =
            (0..self.ids.len() as u32).partition(|&r| values[r as usize].is_finite());
        let none = |_: u32| None;
        let title = escape(&one_line(self.map.legend_title.as_deref().unwrap_or("value")));
        let value = |row: u32| Some(format!("{title}: {}", values[row as usize]));
        let mut traces = Vec::new();
        if !missing.is_empty() {
            let look = Look {
                name: "no value".to_owned(),
                rank: 1002.0,
                in_legend: true,
                color: Color::One(self.map.unlabeled_color.clone()),
                symbol: Symbol::Circle,
                meta: None,
                headline: None,
                above: &none,
                below: &none,
                own_label: &none,
                scale: None,
            };
            traces.extend(self.traces(0, &missing, look));
        }
        if !known.is_empty() {
            let shown: Vec<f32> = known.iter().map(|&r| values[r as usize]).collect();
            let least = shown.iter().copied().fold(f32::INFINITY, f32::min);
            let greatest = shown.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let look = Look {
                name: title.clone(),
                rank: 1000.0,
                in_legend: false,
                color: Color::Each(Array::from(shown)),
                symbol: Symbol::Circle,
                meta: None,
                headline: None,
                above: &none,
                below: &value,
                own_label: &none,
                scale: Some((least, greatest)),
            };
            traces.extend(self.traces(1, &known, look));
        }
        self.finish(traces, !missing.is_empty())
    }

    /// What group number `number` looks like in each of the maps.
    fn traces(&self, number: usize, rows: &[u32], look: Look<'_>) -> Vec<Trace> {
        let mut text = Vec::with_capacity(rows.len());
        let mut customdata = Vec::with_capacity(rows.len());
        for &row in rows {
            let id = self.ids[row as usize].as_ref();
            let mut hover = escape(&cut(&one_line(id), HOVER_NAME));
            if let Some(line) = (look.above)(row) {
                hover.insert_str(0, &format!("{line}<br>"));
            }
            if let Some(line) = (look.below)(row) {
                // With a space at its end, as the lines of a preview have.
                let _ = write!(hover, "<br>{line} ");
            }
            if let Some(previews) = self.previews {
                push_preview(&mut hover, previews[row as usize].as_ref(), HOVER_WIDTH);
            }
            text.push(hover);
            customdata.push(PointRef { row, id: id.to_owned(), label: (look.own_label)(row) });
        }
        let faded = MarkerStyle { opacity: Some(0.12), ..MarkerStyle::default() };
        let clear = MarkerStyle { opacity: Some(1.0), ..MarkerStyle::default() };
        let model = Scatter {
            name: Some(look.name),
            legendgroup: (self.panels.len() > 1).then(|| number.to_string()),
            legendrank: (look.rank != 1000.0).then_some(look.rank),
            mode: Some(Mode::Markers),
            marker: Some(Marker {
                color: Some(look.color),
                opacity: Some(self.opacity),
                symbol: (look.symbol != Symbol::Circle).then_some(look.symbol),
                ..self.scale(look.scale)
            }),
            text: Some(Array::Strings(text)),
            hovertemplate: Some(match look.headline {
                Some(headline) => format!("{headline}<br>%{{text}}<extra></extra>"),
                None => "%{text}<extra></extra>".to_owned(),
            }),
            customdata: Some(customdata),
            meta: look.meta,
            selected: Some(StyledMarker { marker: Some(clear) }),
            unselected: Some(StyledMarker { marker: Some(faded) }),
            ..Scatter::default()
        };
        self.panels.iter().map(|panel| self.trace(panel, rows, look.in_legend, model.clone())).collect()
    }

    /// `model` with the points of one map. The first map's traces stand for all in the legend.
    fn trace(&self, panel: &Panel<'_>, rows: &[u32], in_legend: bool, mut model: Scatter) -> Trace {
        let column =
            |c: usize| -> Array { rows.iter().map(|&r| panel.points.row(r as usize)[c]).collect::<Vec<f32>>().into() };
        let first = panel.number == 1;
        model.showlegend = Some(in_legend && first);
        if let Some(marker) = &mut model.marker {
            marker.size = Some(self.size(panel));
            if !first && marker.showscale.is_some() {
                (marker.showscale, marker.colorbar) = (Some(false), None);
            }
            if !panel.in_space() && !self.gl {
                marker.line = Some(("#ffffff", 0.5).into());
            }
        }
        if panel.in_space() {
            return Trace::Scatter3d(Scatter3d {
                name: model.name,
                legendgroup: model.legendgroup,
                legendrank: model.legendrank,
                showlegend: model.showlegend,
                mode: model.mode,
                x: Some(column(0)),
                y: Some(column(1)),
                z: Some(column(2)),
                scene: panel.reference("scene"),
                marker: model.marker,
                text: model.text,
                hovertemplate: model.hovertemplate,
                customdata: model.customdata,
                meta: model.meta,
                ..Scatter3d::default()
            });
        }
        model.x = Some(column(0));
        model.y = Some(if panel.points.cols() == 2 { column(1) } else { strip(rows) });
        (model.xaxis, model.yaxis) = (panel.reference("x"), panel.reference("y"));
        if self.gl { Trace::ScatterGl(model) } else { Trace::Scatter(model) }
    }

    fn scale(&self, range: Option<(f32, f32)>) -> Marker {
        let Some((least, greatest)) = range else { return Marker::default() };
        Marker {
            colorscale: Some(self.map.color_scale),
            cmin: Some(f64::from(least)),
            cmax: Some(f64::from(greatest)),
            showscale: Some(true),
            colorbar: Some(ColorBar {
                title: self.map.legend_title.as_deref().map(title),
                thickness: Some(12.0),
                len: Some(0.6),
                outlinewidth: Some(0.0),
                ..ColorBar::default()
            }),
            ..Marker::default()
        }
    }

    fn finish(&self, data: Vec<Trace>, legend: bool) -> Figure {
        Figure { data, layout: frame::layout(self.map, &self.panels, legend), config: frame::config() }
    }
}

/// Places across the strip of a one-dimensional map: multiples of the golden ratio without their whole part lie
/// evenly for any number of points, and depend on the row alone.
fn strip(rows: &[u32]) -> Array {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    rows.iter().map(|&r| ((f64::from(r) * GOLDEN).fract() * 2.0 - 1.0) as f32).collect::<Vec<f32>>().into()
}

/// Two digits are enough for sizes and opacities, and make files easier to read.
fn round(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}
