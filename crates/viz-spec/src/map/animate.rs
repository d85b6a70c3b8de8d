//! Several maps of the same rows one after the other.

use super::build::Builder;
use super::frame;
use super::panel::Panel;
use super::{ScatterMap, check::same_length, menu};
use crate::error::Result;
use crate::spec::{
    Button, CurrentValue, Direction, Figure, Frame, Layout, MenuType, Method, Pad, Scatter, Scatter3d, Slider, Step,
    Trace, UpdateMenu, XAnchor, YAnchor,
};
use crate::text::{escape, one_line};
use planisphere_core::{Matrix, MatrixView};
use serde_json::{Map, Value, json};

/// Milliseconds of a frame, and of the way to it.
const STAY: u32 = 1200;
const MOVE: u32 = 800;

impl ScatterMap {
    /// Whether the frames of [`Self::animate`] keep their coordinates. Off by default: each is moved and scaled so that
    /// its bounding box has its middle at 0 and its longest side from -1 to 1.
    #[must_use]
    pub fn raw_frames(mut self, raw: bool) -> Self {
        self.raw_frames = raw;
        self
    }

    /// Draws several maps of the same rows as an animation, with buttons to play and stop it and a slider to choose one:
    /// from one method to the next, or a map at several epochs. A point is the same item in every frame. Otherwise as
    /// [`Self::figure`].
    ///
    /// In the plane and up to [`Self::gl_threshold`] points, they glide from one frame to the next; in space they jump.
    /// Above the threshold there is the slider only, whose steps hold the coordinates, and the figure has no frames:
    /// plotly.js does not animate what it draws by WebGL in the plane. Set the threshold higher for some ten thousand points
    /// that glide, slowly.
    ///
    /// ```
    /// use planisphere_core::Matrix;
    /// use planisphere_viz_spec::ScatterMap;
    ///
    /// let (pca, umap) = (Matrix::from_rows([[0.0, 0.5], [1.0, 0.0]])?, Matrix::from_rows([[9.0, 4.0], [1.0, 2.0]])?);
    /// let frames = [("PCA", pca.view()), ("UMAP", umap.view())];
    /// let figure = ScatterMap::new().animate(&frames, &["a", "b"], Some(&[Some("cats"), None]), None)?;
    /// assert_eq!(figure.frames[1].name.as_deref(), Some("UMAP"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::side_by_side`]; and [`Error::Columns`](crate::Error::Columns) in [`Error::InMap`](crate::Error::InMap)
    /// for a frame that does not have as many columns as the first.
    pub fn animate<N: AsRef<str>, S: AsRef<str>>(
        &self,
        frames: &[(N, MatrixView<'_>)],
        ids: &[S],
        labels: Option<&[Option<S>]>,
        previews: Option<&[S]>,
    ) -> Result<Figure> {
        self.check(frames, ids.len(), previews.map(<[S]>::len))?;
        same_length("labels", ids.len(), labels.map(<[_]>::len))?;
        let columns = frames.first().map_or(2, |(_, points)| points.cols());
        for (name, points) in frames {
            if points.cols() != columns {
                let source = Box::new(crate::Error::Columns { cols: points.cols() });
                return Err(crate::Error::InMap { name: name.as_ref().to_owned(), source });
            }
        }
        let boxed: Vec<Option<Matrix>> = frames
            .iter()
            .map(|(_, points)| (!self.raw_frames).then(|| in_box(*points)).transpose())
            .collect::<Result<_>>()?;
        let views: Vec<(&str, MatrixView<'_>)> = frames
            .iter()
            .zip(&boxed)
            .map(|((name, points), boxed)| (name.as_ref(), boxed.as_ref().map_or(*points, Matrix::view)))
            .collect();
        let draw = |&(name, points): &(&str, MatrixView<'_>)| {
            Builder::new(self, vec![Panel { number: 1, name, points }], ids, previews).by_label(labels)
        };
        let Some(first) = views.first() else {
            return Ok(Builder::new(self, Vec::new(), ids, previews).by_label(labels));
        };
        let mut figure = draw(first);
        let ranges = ranges(&views, columns);
        frame::fix(&mut figure.layout, &ranges);
        let frames: Vec<Frame> = views
            .iter()
            .map(|view| {
                let drawn = draw(view);
                let mut layout = Layout::default();
                if self.axis_titles {
                    (layout.xaxis, layout.yaxis) = (drawn.layout.xaxis, drawn.layout.yaxis);
                    frame::fix(&mut layout, &ranges);
                }
                Frame {
                    name: Some(view.0.to_owned()),
                    traces: Some((0..drawn.data.len() as u32).collect()),
                    data: Some(drawn.data.into_iter().map(moved).collect()),
                    layout: self.axis_titles.then_some(layout),
                    ..Frame::default()
                }
            })
            .collect();
        if figure.data.iter().any(|t| matches!(t, Trace::ScatterGl(_))) {
            let steps = frames.iter().map(placed).collect();
            self.slider(&mut figure.layout, steps, 0.0);
            return Ok(figure);
        }
        // What is drawn by WebGL has no places between two frames.
        let redraw = figure.data.iter().any(|t| matches!(t, Trace::Scatter3d(_)));
        self.player(&mut figure.layout, &frames, redraw);
        figure.frames = frames;
        Ok(figure)
    }

    fn player(&self, layout: &mut Layout, frames: &[Frame], redraw: bool) {
        let options = |stay: u32| -> Value {
            json!({
                "frame": { "duration": stay, "redraw": redraw },
                "transition": { "duration": if redraw { 0 } else { MOVE.min(stay) }, "easing": "cubic-in-out" },
                "mode": "immediate",
                "fromcurrent": true,
            })
        };
        let button = |label: &str, args: Vec<Value>| Button {
            label: Some(label.to_owned()),
            method: Some(Method::Animate),
            args: Some(args),
            ..Button::default()
        };
        let buttons = UpdateMenu {
            r#type: Some(MenuType::Buttons),
            direction: Some(Direction::Right),
            showactive: Some(false),
            buttons: Some(vec![
                button("Play", vec![Value::Null, options(STAY)]),
                // No frames: what plays is stopped.
                button("Stop", vec![json!([null]), options(0)]),
            ]),
            x: Some(0.0),
            xanchor: Some(XAnchor::Left),
            y: Some(0.0),
            yanchor: Some(YAnchor::Top),
            pad: Some(Pad { t: Some(28.0), ..Pad::default() }),
            ..menu::colors(self.theme)
        };
        let step = |frame: &Frame| {
            let name = frame.name.as_deref().unwrap_or_default();
            Step {
                label: Some(escape(&one_line(name))),
                method: Some(Method::Animate),
                args: Some(vec![json!([name]), options(MOVE)]),
                ..Step::default()
            }
        };
        layout.updatemenus.get_or_insert_default().push(buttons);
        self.slider(layout, frames.iter().map(step).collect(), 0.2);
    }

    /// A slider under the map, from `x` of its width on.
    fn slider(&self, layout: &mut Layout, steps: Vec<Step>, x: f64) {
        layout.sliders = Some(vec![Slider {
            active: Some(0),
            steps: Some(steps),
            currentvalue: Some(CurrentValue { visible: Some(false), ..CurrentValue::default() }),
            x: Some(x),
            xanchor: Some(XAnchor::Left),
            y: Some(0.0),
            yanchor: Some(YAnchor::Top),
            len: Some(1.0 - x),
            pad: Some(Pad { t: Some(24.0), ..Pad::default() }),
            font: menu::colors(self.theme).font,
            ..Slider::default()
        }]);
        if let Some(margin) = &mut layout.margin {
            margin.b = Some(96.0);
        }
    }
}

/// A step that puts the points of all traces in their places. plotly.js 3 fails to animate what it draws by WebGL in the
/// plane: it counts the traces of a frame twice, and looks for more than there are.
fn placed(frame: &Frame) -> Step {
    let data: Vec<Value> = frame.data.iter().flatten().map(|trace| json!(trace)).collect();
    let mut traces = Map::new();
    for key in ["x", "y", "z", "x0", "dx", "y0", "dy"] {
        if data.iter().any(|trace| trace.get(key).is_some()) {
            // Nothing where a trace has no such attribute.
            traces
                .insert(key.to_owned(), data.iter().map(|trace| trace.get(key).cloned().unwrap_or_default()).collect());
        }
    }
    let mut around = Map::new();
    if let Some(layout) = &frame.layout {
        for (name, axis) in [("xaxis", &layout.xaxis), ("yaxis", &layout.yaxis)] {
            if let Some(title) = axis.as_ref().and_then(|a| a.title.as_ref()).and_then(|t| t.text.as_ref()) {
                around.insert(format!("{name}.title.text"), json!(title));
            }
        }
    }
    Step {
        label: frame.name.as_deref().map(|name| escape(&one_line(name))),
        method: Some(Method::Update),
        args: Some(vec![Value::Object(traces), Value::Object(around), json!(frame.traces)]),
        ..Step::default()
    }
}

/// What of a trace moves.
fn moved(trace: Trace) -> Trace {
    let plane = |t: Scatter| Scatter { x: t.x, y: t.y, ..Scatter::default() };
    match trace {
        Trace::Scatter(t) => Trace::Scatter(plane(t)),
        Trace::ScatterGl(t) => Trace::ScatterGl(plane(t)),
        Trace::Scatter3d(t) => Trace::Scatter3d(Scatter3d { x: t.x, y: t.y, z: t.z, ..Scatter3d::default() }),
        Trace::Contour(t) => Trace::Contour(crate::spec::Contour {
            z: t.z,
            x0: t.x0,
            dx: t.dx,
            y0: t.y0,
            dy: t.dy,
            ..crate::spec::Contour::default()
        }),
    }
}

/// Least and greatest coordinate of each column.
fn bounds(points: MatrixView<'_>) -> Vec<(f64, f64)> {
    let mut bounds = vec![(f64::INFINITY, f64::NEG_INFINITY); points.cols()];
    for row in 0..points.rows() {
        for (b, &x) in bounds.iter_mut().zip(points.row(row)) {
            *b = (b.0.min(f64::from(x)), b.1.max(f64::from(x)));
        }
    }
    bounds
}

fn in_box(points: MatrixView<'_>) -> Result<Matrix> {
    let bounds = bounds(points);
    let half = bounds.iter().map(|(low, high)| (high - low) / 2.0).fold(0.0, f64::max);
    let half = if half > 0.0 { half } else { 1.0 };
    let data = (0..points.rows()).flat_map(|row| {
        let bounds = &bounds;
        points
            .row(row)
            .iter()
            .zip(bounds)
            .map(move |(&x, (low, high))| ((f64::from(x) - (low + high) / 2.0) / half) as f32)
    });
    Ok(Matrix::from_vec(points.rows(), points.cols(), data.collect())?)
}

/// What the axes must show so that no frame leaves them.
fn ranges(views: &[(&str, MatrixView<'_>)], columns: usize) -> Vec<[f64; 2]> {
    let mut all = vec![(f64::INFINITY, f64::NEG_INFINITY); columns];
    for (_, points) in views {
        for (a, b) in all.iter_mut().zip(bounds(*points)) {
            *a = (a.0.min(b.0), a.1.max(b.1));
        }
    }
    all.into_iter()
        .map(|(low, high)| {
            let (low, high) = if low <= high { (low, high) } else { (-1.0, 1.0) };
            let margin = ((high - low) * 0.05).max(if high > low { 0.0 } else { 1.0 });
            [low - margin, high + margin]
        })
        .collect()
}
