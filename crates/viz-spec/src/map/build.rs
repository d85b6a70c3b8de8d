//! Traces of a map.

use super::ScatterMap;
use super::columns::push_lines;
use super::frame::{self, title};
use super::groups::{self, Group, Kind};
use super::marks::Shapes;
use super::menu;
use super::overlay::place_silently;
use super::panel::{Panel, across};
use super::values::Scaled;
use crate::column::{Column, Values};
use crate::palette;
use crate::spec::{
    Array, Color, ColorBar, Figure, Marker, MarkerStyle, Meta, Mode, OrArray, PointRef, Scale, Scatter, Scatter3d,
    StyledMarker, Symbol, Trace,
};
use crate::text::{cut, escape, one_line, push_preview};
use crate::theme::Theme;
use std::fmt::Write;

/// Columns of a line in the hover box.
const HOVER_WIDTH: usize = 60;
/// Characters of an id or label in the hover box.
const HOVER_NAME: usize = 60;
/// Characters of a label in the legend.
const LEGEND_NAME: usize = 32;

/// What the traces of one figure have in common.
pub(super) struct Builder<'a, S> {
    pub(super) map: &'a ScatterMap,
    /// All have as many rows as there are ids.
    pub(super) panels: Vec<Panel<'a>>,
    ids: &'a [S],
    previews: Option<&'a [S]>,
    opacity: f64,
    /// Whether plane maps are drawn by WebGL.
    pub(super) gl: bool,
    shapes: Shapes,
    /// Diameters of all points, where they differ.
    diameters: Option<Vec<f32>>,
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
    /// The rest of the marker: a color scale and its bar.
    marker: Marker,
}

fn nothing(_: u32) -> Option<String> {
    None
}

impl Look<'_> {
    /// A group of one color, with a name as markup.
    fn plain(name: String, color: &str) -> Self {
        Self {
            name,
            rank: 1000.0,
            in_legend: true,
            color: Color::One(color.to_owned()),
            symbol: Symbol::Circle,
            meta: None,
            headline: None,
            above: &nothing,
            below: &nothing,
            own_label: &nothing,
            marker: Marker::default(),
        }
    }
}

impl<'a, S: AsRef<str>> Builder<'a, S> {
    pub(super) fn new(map: &'a ScatterMap, panels: Vec<Panel<'a>>, ids: &'a [S], previews: Option<&'a [S]>) -> Self {
        let n = ids.len().max(1) as f64;
        let opacity = map.opacity.unwrap_or_else(|| round((1.2 - 0.1 * n.log10()).clamp(0.5, 0.9)));
        let plane = panels.iter().filter(|p| !p.in_space()).count();
        let gl = plane * ids.len() > map.gl_threshold;
        let (shapes, diameters) = (map.marks.shapes(), map.marks.diameters());
        Self { map, panels, ids, previews, opacity, gl, shapes, diameters }
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
        if !self.map.color_by.is_empty() {
            let values = |_| (0..self.ids.len()).map(|r| label_of(r).map(str::to_owned)).collect();
            let name = self.map.legend_title.as_deref().unwrap_or("label");
            let first = labels.map(values).map(|names: Vec<Option<String>>| Column::categories(name, names));
            return self.by_choice(first);
        }
        let groups = groups::group((0..self.ids.len()).map(label_of), self.map.max_labels);
        let named = groups.iter().any(|g| matches!(g.kind, Kind::Label { .. }));
        let several = groups.len() > 1 || named;
        let other_label = |row: u32| label_of(row as usize).map(str::to_owned);
        let other_line = |row: u32| label_of(row as usize).map(headline);
        let traces = (0..)
            .zip(&groups)
            .flat_map(|(number, Group { kind, rows })| {
                let look = match *kind {
                    Kind::Unlabeled => Look {
                        rank: 1002.0,
                        in_legend: several,
                        ..Look::plain(
                            if several { "unlabeled" } else { "points" }.to_owned(),
                            &self.map.unlabeled_color,
                        )
                    },
                    Kind::Other { labels } => Look {
                        rank: 1001.0,
                        above: &other_line,
                        own_label: &other_label,
                        ..Look::plain(
                            format!("{labels} {}labels", if named { "other " } else { "" }),
                            &self.map.other_color,
                        )
                    },
                    Kind::Label { label, slot } => {
                        let (color, symbol) = palette::slot(slot, self.map.palette.len());
                        let color = self.map.colors.get(label).unwrap_or(&self.map.palette[color]);
                        Look {
                            symbol,
                            meta: Some(Meta { label: Some(label.to_owned()) }),
                            headline: Some(headline(label)),
                            ..Look::plain(escape(&cut(&one_line(label), LEGEND_NAME)), color)
                        }
                    }
                };
                self.traces(number, rows, look)
            })
            .collect();
        self.finish(traces, self.label_names(&groups), several)
    }

    pub(super) fn by_value(&self, values: &[f32]) -> Figure {
        let name = self.map.legend_title.as_deref().unwrap_or("value");
        if !self.map.color_by.is_empty() {
            return self.by_choice(Some(Column::numbers(name, values.iter().copied())));
        }
        let scaled = self.map.numbers.scaled(values);
        let (known, missing): (Vec<u32>, Vec<u32>) =
            (0..self.ids.len() as u32).partition(|&r| scaled.values[r as usize].is_some());
        let title = escape(&one_line(name));
        let value = |row: u32| Some(format!("{title}: {}", values[row as usize]));
        let mut traces = Vec::new();
        if !missing.is_empty() {
            let look = Look { rank: 1002.0, ..Look::plain("no value".to_owned(), &self.map.unlabeled_color) };
            traces.extend(self.traces(0, &missing, look));
        }
        if !self.map.numbers.thresholds.is_empty() {
            let steps = self.map.numbers.steps(&Scale::from(self.map.color_scale));
            for (number, step) in (1..).zip(steps) {
                let rows: Vec<u32> = known.iter().copied().filter(|&r| step.holds(values[r as usize])).collect();
                if !rows.is_empty() {
                    traces.extend(self.traces(
                        number,
                        &rows,
                        Look { below: &value, ..Look::plain(step.name, &step.color) },
                    ));
                }
            }
            let legend = !traces.is_empty();
            return self.finish(traces, Vec::new(), legend);
        }
        if !known.is_empty() {
            let shown = known.iter().filter_map(|&r| scaled.values[r as usize]).collect::<Vec<f32>>();
            let look = Look {
                in_legend: false,
                color: Color::Each(Array::from(shown)),
                below: &value,
                marker: self.scale(&scaled),
                ..Look::plain(title.clone(), "")
            };
            traces.extend(self.traces(1, &known, look));
        }
        self.finish(traces, Vec::new(), !missing.is_empty())
    }

    /// One trace with all points, and a list of columns to color them by. `first` is what the figure is drawn with.
    fn by_choice(&self, first: Option<Column>) -> Figure {
        let labels = match first.as_ref().map(Column::values) {
            Some(Values::Categories(labels)) => Some(labels),
            _ => None,
        };
        let own = |row: u32| labels.and_then(|l| l[row as usize].clone()).filter(|l| !l.trim().is_empty());
        let above = |row: u32| own(row).map(|l| headline(&l));
        let numbers = first.iter().filter(|c| matches!(c.values(), Values::Numbers(_)));
        let told: Vec<Column> = numbers.chain(&self.map.color_by).cloned().collect();
        let below = |row: u32| {
            let mut lines = String::new();
            push_lines(&mut lines, &told, row as usize);
            // The caller puts a break before and a space after.
            lines.strip_prefix("<br>").map(|l| l.trim_end_matches(' ').to_owned())
        };
        let choices: Vec<_> = first.iter().chain(&self.map.color_by).map(|c| self.choice(c)).collect();
        let mut marker = choices.first().map(menu::Choice::marker).unwrap_or_default();
        let color = marker.color.take().unwrap_or_else(|| Color::One(self.map.unlabeled_color.clone()));
        let rows: Vec<u32> = (0..self.ids.len() as u32).collect();
        let traces = if rows.is_empty() {
            Vec::new()
        } else {
            let look = Look {
                in_legend: false,
                color,
                above: &above,
                below: &below,
                own_label: &own,
                marker,
                ..Look::plain("points".to_owned(), "")
            };
            self.traces(0, &rows, look)
        };
        let mut figure = self.finish(traces, Vec::new(), false);
        let points =
            menu::positions(&figure.data, |t| t.marker().is_some_and(|m| matches!(m.color, Some(Color::Each(_)))));
        if let Some(menu) = self.color_menu(&choices, &points) {
            frame::add_menu(&mut figure.layout, menu);
        }
        figure
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
            push_lines(&mut hover, &self.map.hover, row as usize);
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
            legendgroup: (self.panels.len() > 1 || self.map.overlay.label_names).then(|| number.to_string()),
            legendrank: (look.rank != 1000.0).then_some(look.rank),
            mode: Some(Mode::Markers),
            marker: Some(Marker {
                color: Some(look.color),
                opacity: Some(self.opacity.into()),
                symbol: self.shapes.of(rows, look.symbol),
                ..look.marker
            }),
            text: Some(Array::Strings(text)),
            hovertemplate: Some(match look.headline {
                Some(headline) => format!("{headline}<br>%{{text}}<extra></extra>"),
                None => "%{text}<extra></extra>".to_owned(),
            }),
            customdata: Some(customdata.into()),
            meta: look.meta.map(Into::into),
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
            marker.size = Some(match &self.diameters {
                None => self.size(panel).into(),
                Some(all) => OrArray::Each(Array::from(rows.iter().map(|&r| all[r as usize]).collect::<Vec<f32>>())),
            });
            if !first && marker.showscale.is_some() {
                (marker.showscale, marker.colorbar) = (Some(false), None);
            }
            if !panel.in_space() && !self.gl {
                // The border of a hollow point is all there is of it.
                let width = if self.map.marks.has_hollow() { 1.0 } else { 0.5 };
                marker.line = Some((self.map.theme.map_or("#ffffff", Theme::page), width).into());
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

    fn scale(&self, scaled: &Scaled) -> Marker {
        let mut bar = ColorBar {
            title: self.map.legend_title.as_deref().map(title),
            thickness: Some(12.0),
            len: Some(0.6),
            outlinewidth: Some(0.0),
            ..ColorBar::default()
        };
        scaled.apply(&mut bar);
        Marker {
            colorscale: Some(Scale::from(self.map.color_scale)),
            reversescale: scaled.reverse.then_some(true),
            cmin: Some(scaled.low),
            cmid: scaled.middle,
            cmax: Some(scaled.high),
            showscale: Some(true),
            colorbar: Some(bar),
            ..Marker::default()
        }
    }

    /// The figure of `points` with what lies below and above them.
    fn finish(&self, points: Vec<Trace>, names: Vec<Trace>, legend: bool) -> Figure {
        let drawn = !points.is_empty();
        let mut data = self.below();
        data.extend(points);
        if drawn {
            data.extend(self.keys());
        }
        let texts = data.len();
        data.extend(names);
        data.extend(self.texts());
        let texts: Vec<usize> = (texts..data.len()).collect();
        let legend = legend || drawn && !self.shapes.legend.is_empty();
        let mut layout = frame::layout(self.map, &self.panels, legend);
        if let Some(menu) = self.text_menu(&texts) {
            frame::add_menu(&mut layout, menu);
        }
        Figure { data, layout, config: frame::config(), ..Figure::default() }
    }

    /// Entries of the legend that tell what shapes mean: traces of one point that has no place.
    fn keys(&self) -> Vec<Trace> {
        let Some(panel) = self.panels.first() else { return Vec::new() };
        let key = |(i, (name, symbol)): (usize, &(String, Symbol))| {
            let model = Scatter {
                name: Some(name.clone()),
                // A group of its own, so that a click changes nothing else.
                legendgroup: Some(format!("shape {i}")),
                legendrank: Some(1003.0),
                showlegend: Some(true),
                mode: Some(Mode::Markers),
                marker: Some(Marker {
                    color: Some(Color::One(self.map.other_color.clone())),
                    symbol: Some((*symbol).into()),
                    ..Marker::default()
                }),
                ..Scatter::default()
            };
            place_silently(panel, vec![Vec::new()], self.gl, model)
        };
        self.shapes.legend.iter().enumerate().map(key).collect()
    }
}

/// A label over a hover box, as markup.
fn headline(label: &str) -> String {
    format!("<b>{}</b>", escape(&cut(&one_line(label), HOVER_NAME)))
}

fn strip(rows: &[u32]) -> Array {
    rows.iter().map(|&r| across(r)).collect::<Vec<f32>>().into()
}

/// Two digits are enough for sizes and opacities, and make files easier to read.
fn round(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}
