//! What is drawn below and above the points: lines between them, their density, names of groups, texts.

use super::ScatterMap;
use super::build::Builder;
use super::density::Density;
use super::groups::{Group, Kind};
use super::panel::Panel;
use crate::error::{Error, Result};
use crate::spec::{Array, Font, Line, Mode, OrArray, Scatter, Scatter3d, TextPosition, Trace};
use crate::text::{cut, escape, one_line};
use planisphere_core::KnnGraph;

/// Characters of a text on the map.
const TEXT: usize = 40;

/// What lies over and under the points.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Overlay {
    density: Option<Density>,
    lines: Vec<(u32, u32)>,
    texts: Vec<(u32, String)>,
    pub(super) label_names: bool,
    pub(super) text_buttons: bool,
}

impl ScatterMap {
    /// Draws lines of equal density below the points of plane maps. None by default.
    #[must_use]
    pub fn density(mut self, density: Density) -> Self {
        self.overlay.density = Some(density);
        self
    }

    /// Draws lines between pairs of rows, below the points. None by default.
    #[must_use]
    pub fn lines(mut self, pairs: impl IntoIterator<Item = (u32, u32)>) -> Self {
        self.overlay.lines = pairs.into_iter().collect();
        self
    }

    /// Draws lines from each of `rows` to its neighbors, as [`Self::lines`] does. Rows that the graph does not have are
    /// told when the figure is drawn.
    ///
    /// ```
    /// use planisphere_core::{KnnGraph, Matrix};
    /// use planisphere_viz_spec::ScatterMap;
    /// let graph = KnnGraph::new(3, 1, vec![1, 0, 1], vec![1.0, 1.0, 2.0])?;
    /// let points = Matrix::from_rows([[0.0, 0.5], [1.0, 0.0], [3.0, 0.0]])?;
    /// let map = ScatterMap::new().neighbor_lines(&graph, &[2]);
    /// let figure = map.figure(points.view(), &["a", "b", "c"], None, None)?;
    /// assert_eq!(figure.data[0].name(), Some("neighbors"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn neighbor_lines(self, graph: &KnnGraph, rows: &[u32]) -> Self {
        let of = |&row: &u32| {
            // A row beyond the graph is kept as a line to itself, which `check` refuses by its number.
            let known = (row as usize) < graph.n();
            let ids: Vec<u32> = if known { graph.row(row as usize).0.to_vec() } else { vec![row] };
            ids.into_iter().map(move |id| (row, id))
        };
        let pairs: Vec<_> = rows.iter().flat_map(of).collect();
        self.lines(pairs)
    }

    /// Writes a text over some points: row and text, cut after 40 characters. For few points. None by default.
    #[must_use]
    pub fn point_texts<S: Into<String>>(mut self, texts: impl IntoIterator<Item = (u32, S)>) -> Self {
        self.overlay.texts = texts.into_iter().map(|(row, text)| (row, text.into())).collect();
        self
    }

    /// Writes each label that has a trace of its own onto the map, at the median of its points. Off by default.
    #[must_use]
    pub fn label_names(mut self, show: bool) -> Self {
        self.overlay.label_names = show;
        self
    }

    /// Whether the figure has buttons that show and hide the texts of [`Self::point_texts`] and [`Self::label_names`]. Off by
    /// default.
    #[must_use]
    pub fn text_buttons(mut self, show: bool) -> Self {
        self.overlay.text_buttons = show;
        self
    }
}

impl Overlay {
    pub(super) fn check(&self, rows: usize) -> Result<()> {
        let param = |param, value: u32, allowed| Err(Error::Param { param, value: value.to_string(), allowed });
        let outside = |row: &u32| *row as usize >= rows;
        if let Some(row) = self.lines.iter().flat_map(|&(a, b)| [a, b]).find(outside) {
            return param("lines", row, "rows of the map");
        }
        if let Some(row) = self.texts.iter().map(|(row, _)| *row).find(outside) {
            return param("point_texts", row, "rows of the map");
        }
        self.density.as_ref().map_or(Ok(()), Density::check)
    }
}

impl<S: AsRef<str>> Builder<'_, S> {
    /// Density and lines, which lie below all points.
    pub(super) fn below(&self) -> Vec<Trace> {
        let overlay = &self.map.overlay;
        let color = self.map.other_color.as_str();
        let density = self.panels.iter().filter_map(|p| overlay.density.as_ref()?.trace(p, color));
        let lines = self.panels.iter().filter(|_| !overlay.lines.is_empty()).map(|panel| {
            let model = Scatter {
                name: Some("neighbors".to_owned()),
                mode: Some(Mode::Lines),
                line: Some(Line { color: Some(color.to_owned()), width: Some(1.0), ..Line::default() }),
                opacity: Some(0.7),
                ..Scatter::default()
            };
            // A gap after each line, so that all are one trace.
            let rows: Vec<Option<u32>> = overlay.lines.iter().flat_map(|&(a, b)| [Some(a), Some(b), None]).collect();
            self.silent(panel, &rows, self.gl, model)
        });
        density.chain(lines).collect()
    }

    /// Texts at points, which lie above all of them.
    pub(super) fn texts(&self) -> Vec<Trace> {
        let texts = &self.map.overlay.texts;
        if texts.is_empty() {
            return Vec::new();
        }
        let rows: Vec<Option<u32>> = texts.iter().map(|(row, _)| Some(*row)).collect();
        let words = texts.iter().map(|(_, text)| escape(&cut(&one_line(text), TEXT))).collect();
        let model = Scatter {
            name: Some("texts".to_owned()),
            mode: Some(Mode::Text),
            text: Some(Array::Strings(words)),
            textposition: Some(OrArray::One(TextPosition::TopCenter)),
            textfont: Some(font(12.0)),
            ..Scatter::default()
        };
        self.panels.iter().map(|panel| self.silent(panel, &rows, false, model.clone())).collect()
    }

    /// The labels at the medians of their points, each in the group of its points, so that the legend hides it, too.
    pub(super) fn label_names(&self, groups: &[Group<'_>]) -> Vec<Trace> {
        if !self.map.overlay.label_names {
            return Vec::new();
        }
        let mut traces = Vec::new();
        for (number, group) in groups.iter().enumerate() {
            let Kind::Label { label, .. } = group.kind else { continue };
            let name = escape(&cut(&one_line(label), TEXT));
            let model = Scatter {
                name: Some(name.clone()),
                legendgroup: Some(number.to_string()),
                mode: Some(Mode::Text),
                text: Some(Array::Strings(vec![format!("<b>{name}</b>")])),
                textfont: Some(font(13.0)),
                ..Scatter::default()
            };
            for panel in &self.panels {
                let place = (0..panel.points.cols()).map(|c| median(panel, &group.rows, c)).collect();
                traces.push(place_silently(panel, vec![place], false, model.clone()));
            }
        }
        traces
    }

    /// A trace that the pointer passes over: points of `rows`, with gaps.
    fn silent(&self, panel: &Panel<'_>, rows: &[Option<u32>], gl: bool, model: Scatter) -> Trace {
        let of = |&row: &Option<u32>| row.map(|r| panel.place(r)).unwrap_or_default();
        place_silently(panel, rows.iter().map(of).collect(), gl, model)
    }
}

/// `model` at some places, of which empty ones are gaps.
pub(super) fn place_silently(panel: &Panel<'_>, places: Vec<Vec<f32>>, gl: bool, mut model: Scatter) -> Trace {
    // As short as an f32 can be written.
    let decimal = |x: f32| x.to_string().parse::<f64>().ok();
    let column = |c: usize| Array::Numbers(places.iter().map(|p| p.get(c).and_then(|&x| decimal(x))).collect());
    let line = |c: usize| if c < panel.points.cols() { column(c) } else { strip(&places) };
    model.showlegend.get_or_insert(false);
    model.hoverinfo = Some("skip".to_owned());
    if panel.in_space() {
        // WebGL draws texts without a shadow.
        if let Some(font) = &mut model.textfont {
            font.shadow = None;
        }
        return Trace::Scatter3d(Scatter3d {
            name: model.name,
            legendgroup: model.legendgroup,
            legendrank: model.legendrank,
            showlegend: model.showlegend,
            mode: model.mode,
            marker: model.marker,
            line: model.line,
            opacity: model.opacity,
            text: model.text,
            textposition: model.textposition,
            textfont: model.textfont,
            hoverinfo: model.hoverinfo,
            x: Some(column(0)),
            y: Some(column(1)),
            z: Some(column(2)),
            scene: panel.reference("scene"),
            ..Scatter3d::default()
        });
    }
    (model.x, model.y) = (Some(column(0)), Some(line(1)));
    (model.xaxis, model.yaxis) = (panel.reference("x"), panel.reference("y"));
    if gl { Trace::ScatterGl(model) } else { Trace::Scatter(model) }
}

/// Across the strip of a one-dimensional map, texts stand in its middle.
fn strip(places: &[Vec<f32>]) -> Array {
    let across = |p: &Vec<f32>| (!p.is_empty()).then(|| p.get(1).map_or(0.0, |&y| f64::from(y)));
    Array::Numbers(places.iter().map(across).collect())
}

fn median(panel: &Panel<'_>, rows: &[u32], column: usize) -> f32 {
    let mut values: Vec<f32> = rows.iter().map(|&r| panel.points.row(r as usize)[column]).collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Texts must be read over points of any color.
fn font(size: f64) -> Font {
    Font { size: Some(size), shadow: Some("auto".to_owned()), ..Font::default() }
}
