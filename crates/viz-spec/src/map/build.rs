//! Traces and layout of a map.

use super::ScatterMap;
use super::groups::{self, Group, Kind};
use crate::error::Result;
use crate::palette;
use crate::spec::{
    Array, AspectMode, Axis, Color, ColorBar, Config, DragMode, Figure, Font, HoverAlign, HoverLabel, HoverMode,
    ImageFormat, ItemSizing, Layout, Legend, Margin, Marker, MarkerStyle, Meta, Mode, ModeBarDisplay, NewSelection,
    PointRef, Scatter, Scatter3d, Scene, SceneAxis, StyledMarker, Symbol, Title, ToImage, Trace,
};
use crate::text::{cut, escape, push_preview};
use planisphere_core::MatrixView;
use std::fmt::Write;

/// Columns of a line in the hover box.
const HOVER_WIDTH: usize = 60;
/// Characters of an id or label in the hover box.
const HOVER_NAME: usize = 60;
/// Characters of a label in the legend.
const LEGEND_NAME: usize = 32;
const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

/// What the traces of one figure have in common.
pub(super) struct Builder<'a, S> {
    map: &'a ScatterMap,
    points: MatrixView<'a>,
    ids: &'a [S],
    previews: Option<&'a [S]>,
    size: f64,
    opacity: f64,
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
    pub(super) fn new(map: &'a ScatterMap, points: MatrixView<'a>, ids: &'a [S], previews: Option<&'a [S]>) -> Self {
        let n = points.rows().max(1) as f64;
        let flat = if points.cols() == 3 { 0.6 } else { 1.0 };
        let size = map.point_size.unwrap_or_else(|| round(((24.0 * n.powf(-0.17)) * flat).clamp(1.5, 11.0)));
        let opacity = map.opacity.unwrap_or_else(|| round((1.2 - 0.1 * n.log10()).clamp(0.5, 0.9)));
        Self { map, points, ids, previews, size, opacity }
    }

    pub(super) fn by_label(&self, labels: Option<&[Option<S>]>) -> Result<Figure> {
        let label_of = |row: usize| labels.and_then(|l| l[row].as_ref()).map(AsRef::as_ref);
        let groups = groups::group((0..self.points.rows()).map(label_of), self.map.max_labels);
        let named = groups.iter().any(|g| matches!(g.kind, Kind::Label { .. }));
        let several = groups.len() > 1 || named;
        let other_label = |row: u32| label_of(row as usize).map(str::to_owned);
        let other_line =
            |row: u32| label_of(row as usize).map(|l| format!("<b>{}</b>", escape(&cut(&one_line(l), HOVER_NAME))));
        let none = |_: u32| None;
        let traces = groups
            .iter()
            .map(|Group { kind, rows }| {
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
                self.trace(rows, look)
            })
            .collect();
        Ok(self.finish(traces, several))
    }

    pub(super) fn by_value(&self, values: &[f32]) -> Result<Figure> {
        let (known, missing): (Vec<u32>, Vec<u32>) =
            (0..self.points.rows() as u32).partition(|&r| values[r as usize].is_finite());
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
            traces.push(self.trace(&missing, look));
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
            traces.push(self.trace(&known, look));
        }
        Ok(self.finish(traces, !missing.is_empty()))
    }

    fn trace(&self, rows: &[u32], look: Look<'_>) -> Trace {
        let column =
            |c: usize| -> Array { rows.iter().map(|&r| self.points.row(r as usize)[c]).collect::<Vec<f32>>().into() };
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
        let gl = self.points.cols() < 3 && self.points.rows() > self.map.gl_threshold;
        let line = (self.points.cols() < 3 && !gl).then(|| ("#ffffff", 0.5).into());
        let marker = Marker {
            color: Some(look.color),
            size: Some(self.size),
            opacity: Some(self.opacity),
            symbol: (look.symbol != Symbol::Circle).then_some(look.symbol),
            line,
            ..self.scale(look.scale)
        };
        let name = Some(look.name);
        let legendrank = (look.rank != 1000.0).then_some(look.rank);
        let showlegend = Some(look.in_legend);
        let mode = Some(Mode::Markers);
        let hovertemplate = Some(match look.headline {
            Some(headline) => format!("{headline}<br>%{{text}}<extra></extra>"),
            None => "%{text}<extra></extra>".to_owned(),
        });
        let (text, customdata) = (Some(Array::Strings(text)), Some(customdata));
        if self.points.cols() == 3 {
            return Trace::Scatter3d(Scatter3d {
                name,
                legendrank,
                showlegend,
                mode,
                x: Some(column(0)),
                y: Some(column(1)),
                z: Some(column(2)),
                marker: Some(marker),
                text,
                hovertemplate,
                customdata,
                meta: look.meta,
                ..Scatter3d::default()
            });
        }
        let faded = MarkerStyle { opacity: Some(0.12), ..MarkerStyle::default() };
        let clear = MarkerStyle { opacity: Some(1.0), ..MarkerStyle::default() };
        let trace = Scatter {
            name,
            legendrank,
            showlegend,
            mode,
            x: Some(column(0)),
            y: Some(if self.points.cols() == 2 { column(1) } else { strip(rows) }),
            marker: Some(marker),
            text,
            hovertemplate,
            customdata,
            meta: look.meta,
            selected: Some(StyledMarker { marker: Some(clear) }),
            unselected: Some(StyledMarker { marker: Some(faded) }),
            ..Scatter::default()
        };
        if gl { Trace::ScatterGl(trace) } else { Trace::Scatter(trace) }
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
        let top = if self.map.title.is_some() { 56.0 } else { 24.0 };
        let mut layout = Layout {
            title: self.map.title.as_deref().map(title),
            font: Some(Font { family: Some(FONT.to_owned()), size: Some(13.0), color: None }),
            showlegend: Some(legend),
            legend: legend.then(|| Legend {
                title: self.map.legend_title.as_deref().map(title),
                itemsizing: Some(ItemSizing::Constant),
                tracegroupgap: Some(0.0),
                ..Legend::default()
            }),
            margin: Some(Margin { l: Some(24.0), r: Some(24.0), t: Some(top), b: Some(24.0), pad: None }),
            autosize: Some(true),
            hovermode: Some(HoverMode::Closest),
            hoverlabel: Some(HoverLabel {
                align: Some(HoverAlign::Left),
                namelength: Some(-1),
                font: Some(Font { family: Some(FONT.to_owned()), ..Font::default() }),
                ..HoverLabel::default()
            }),
            uirevision: Some("map".to_owned()),
            ..Layout::default()
        };
        if self.points.cols() == 3 {
            let axis = SceneAxis {
                title: Some(Title { text: Some(String::new()), ..Title::default() }),
                showticklabels: Some(false),
                showbackground: Some(false),
                showspikes: Some(false),
                zeroline: Some(false),
                gridcolor: Some("#94a3b8".to_owned()),
                ..SceneAxis::default()
            };
            layout.scene = Some(Scene {
                xaxis: Some(axis.clone()),
                yaxis: Some(axis.clone()),
                zaxis: Some(axis),
                aspectmode: Some(AspectMode::Data),
                dragmode: Some(DragMode::Orbit),
                ..Scene::default()
            });
        } else {
            let axis = Axis { visible: Some(false), ..Axis::default() };
            // The units of a map have no meaning of their own, but they are the same in both directions.
            let anchor = (self.points.cols() == 2).then(|| "x".to_owned());
            layout.xaxis = Some(axis.clone());
            layout.yaxis = Some(Axis { scaleanchor: anchor, ..axis });
            if self.points.cols() == 1 {
                layout.yaxis = Some(Axis { visible: Some(false), range: Some([-1.5, 1.5]), ..Axis::default() });
                layout.xaxis = Some(Axis { zeroline: Some(false), ..Axis::default() });
            }
            layout.dragmode = Some(DragMode::Lasso);
            layout.newselection = Some(NewSelection { line: Some(("#64748b", 1.5).into()), ..NewSelection::default() });
        }
        Figure { data, layout, config: config() }
    }
}

fn config() -> Config {
    Config {
        responsive: Some(true),
        scroll_zoom: Some(true),
        displaylogo: Some(false),
        display_mode_bar: Some(ModeBarDisplay::Always),
        edit_selection: Some(false),
        mode_bar_buttons_to_remove: Some(vec!["autoScale2d".to_owned()]),
        to_image_button_options: Some(ToImage {
            format: Some(ImageFormat::Png),
            filename: Some("map".to_owned()),
            scale: Some(2.0),
        }),
    }
}

fn title(text: &str) -> Title {
    Title { text: Some(escape(&one_line(text))), font: None }
}

fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let _ = write!(out, "{}{word}", if out.is_empty() { "" } else { " " });
    }
    out
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
