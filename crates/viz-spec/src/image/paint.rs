//! A figure, drawn.

use super::Picture;
use super::area::{self, Fit};
use super::bar::{self, ColorBar};
use super::canvas::{Area, Canvas};
use super::color::{self, Rgb};
use super::contour::Grid;
use super::legend::Legend;
use super::points::{self, Shades};
use super::scene::{self, Drawn, Place};
use super::shapes::Sprites;
use super::space::{self, View};
use super::text::{Align, Fonts, Style, plain};
use crate::error::Result;
use crate::spec::{Annotation, Array, Contour, Figure, Trace, XAnchor, YAnchor};
use crate::theme::Theme;

/// What everything is drawn with.
struct Painter<'a> {
    picture: &'a Picture,
    figure: &'a Figure,
    fonts: Fonts,
    sprites: Sprites,
    canvas: Canvas,
    page: Rgb,
    ink: Rgb,
    grid: Rgb,
}

pub(super) fn paint(picture: &Picture, figure: &Figure, width: u32, height: u32) -> Result<Canvas> {
    let css = |c: Option<&str>| c.and_then(color::parse);
    let page = css(picture.theme.map(Theme::page)).or(css(figure.layout.paper_bgcolor.as_deref())).unwrap_or([255; 3]);
    // The theme whose texts are read on this color.
    let fit = if color::is_dark(page) { Theme::Dark } else { Theme::Light };
    let own = figure.layout.font.as_ref().and_then(|f| f.color.as_deref()).filter(|_| picture.theme.is_none());
    let mut painter = Painter {
        picture,
        figure,
        fonts: Fonts::new(),
        sprites: Sprites::default(),
        canvas: Canvas::new(width, height, page)?,
        page,
        ink: css(own).or(css(Some(fit.ink()))).unwrap_or([0; 3]),
        grid: css(Some(fit.line())).unwrap_or([128; 3]),
    };
    painter.all();
    Ok(painter.canvas)
}

/// Which map a contour is on, if it is drawn.
fn contour_place(trace: &Trace) -> Option<Place> {
    match trace {
        Trace::Contour(t) if scene::is_drawn(t.visible) => {
            Some(Place { number: scene::number(t.xaxis.as_deref()), space: false })
        }
        _ => None,
    }
}

impl Painter<'_> {
    fn style(&self, size: f64) -> Style {
        Style { size: size * self.picture.scale, color: self.ink, bold: false, halo: None }
    }

    fn all(&mut self) {
        let u = self.picture.scale;
        let (width, height) = (self.canvas.width() as f64, self.canvas.height() as f64);
        let margin = self.figure.layout.margin.clone().unwrap_or_default();
        let side = |pixels: Option<f64>, usual: f64| pixels.filter(|p| *p >= 0.0).unwrap_or(usual) * u;
        // Margins also hold buttons and sliders, which are not drawn, so they are no larger than titles need. And they
        // leave room for a map in the smallest of pictures.
        let title = self.figure.layout.title.as_ref().and_then(|t| t.text.clone()).filter(|t| !t.trim().is_empty());
        let top = side(margin.t, 100.0).min(if title.is_some() { 56.0 } else { 24.0 } * u).min(height / 4.0);
        let bottom = side(margin.b, 80.0).min(44.0 * u).min(height / 6.0);
        let left = side(margin.l, 80.0).min(44.0 * u).min(width / 6.0);
        let right = side(margin.r, 80.0).min(24.0 * u).min(width / 6.0);
        if let Some(title) = title {
            let (text, bold) = plain(&title);
            let size = self.figure.layout.title.as_ref().and_then(|t| t.font.as_ref()).and_then(|f| f.size);
            let style = Style { bold, ..self.style(size.unwrap_or(17.0).min(40.0)) };
            let text = self.fonts.fit(&text, style.size, width - left - right);
            self.fonts.draw(&mut self.canvas, &text, (width / 2.0, top / 2.0), Align::Center, style);
        }
        let mut plot = Area { left, top, right: width - right, bottom: height - bottom };
        // Beside the maps, from the right: the legend, then the color bar. Each takes what it needs of what is left, and
        // the maps keep half of the picture.
        let gap = 12.0 * u;
        let room = |plot: &Area| (plot.right - width / 2.0).max(0.0);
        let legend = Legend::new(self.figure, &self.fonts, u, room(&plot) - gap, plot.height());
        if let Some(legend) = legend.filter(|l| l.width() <= room(&plot) - gap + 1.0) {
            let area = Area { left: plot.right - legend.width(), ..plot };
            legend.draw(&mut self.canvas, &mut self.sprites, &self.fonts, area, self.ink);
            plot.right = area.left - gap;
        }
        let bar = ColorBar::new(self.figure, &self.fonts, u, room(&plot) - gap);
        if let Some(bar) = bar.filter(|b| b.width(&self.fonts) <= room(&plot) - gap + 1.0) {
            let area = Area { left: plot.right - bar.width(&self.fonts), ..plot };
            bar.draw(&mut self.canvas, &self.fonts, area, self.ink);
            plot.right = area.left - gap;
        }
        let theme = self.picture.theme;
        let figure = self.figure;
        let drawn: Vec<Option<Drawn<'_>>> = figure.data.iter().map(|t| scene::drawn(figure, t, theme)).collect();
        let mut places: Vec<Place> = drawn.iter().flatten().map(|d| d.place).collect();
        places.extend(figure.data.iter().filter_map(contour_place));
        places.sort_unstable();
        places.dedup();
        for place in places {
            let area = area::of_map(figure, place, plot);
            if place.space { self.space(place, &drawn, area) } else { self.plane(place, &drawn, area) }
        }
        for annotation in figure.layout.annotations.iter().flatten() {
            self.annotation(annotation, plot);
        }
    }

    fn plane(&mut self, place: Place, drawn: &[Option<Drawn<'_>>], area: Area) {
        let u = self.picture.scale;
        let traces: Vec<&Drawn<'_>> = drawn.iter().flatten().filter(|d| d.place == place).collect();
        let mut bounds = area::bounds::<2>(&traces);
        if traces.is_empty() {
            // A contour without points: all of its grid.
            let of = |t: &Trace| if let Trace::Contour(t) = t { Grid::of(t) } else { None };
            let grids = self.figure.data.iter().filter(|t| contour_place(t) == Some(place));
            bounds = grids.filter_map(of).map(|g| g.bounds()).next().unwrap_or(bounds);
        }
        let (x, y) = area::axes(self.figure, place.number);
        for (bound, axis) in bounds.iter_mut().zip([x, y]) {
            if let Some([a, b]) = axis.and_then(|a| a.range).filter(|r| r.iter().all(|v| v.is_finite())) {
                *bound = (a.min(b), a.max(b));
            }
        }
        let equal = [x, y].iter().flatten().any(|a| a.scaleanchor.is_some());
        // Half a large point, so that none is cut.
        let fit = Fit::new(bounds, area.inset(10.0 * u), equal);
        let count: usize = traces.iter().filter(|d| d.markers).map(|d| d.len()).sum();
        let mut shades = (count > self.picture.shade_above).then(|| Shades::new(area));
        let figure = self.figure;
        for (trace, drawn) in figure.data.iter().zip(drawn) {
            match (trace, drawn) {
                (Trace::Contour(contour), _) if contour_place(trace) == Some(place) => {
                    self.contour(contour, &fit, area)
                }
                (_, Some(drawn)) if drawn.place == place => {
                    let at = |i: usize| (drawn.at[0][i], drawn.at[1][i]);
                    let pixels = |i: usize| {
                        let (x, y) = at(i);
                        (x.is_finite() && y.is_finite()).then(|| fit.at(x, y))
                    };
                    self.trace(drawn, &pixels, None, area, shades.as_mut());
                }
                _ => {}
            }
        }
        if let Some(shades) = shades {
            shades.paint(&mut self.canvas);
            // What stands over the points was drawn before them.
            for drawn in drawn.iter().flatten().filter(|d| d.place == place && d.texts.is_some()) {
                self.texts(drawn, &|i| Some(fit.at(drawn.at[0][i], drawn.at[1][i])), area);
            }
        }
        self.axes(place, &fit, bounds, area);
    }

    fn space(&mut self, place: Place, drawn: &[Option<Drawn<'_>>], area: Area) {
        let u = self.picture.scale;
        let traces: Vec<&Drawn<'_>> = drawn.iter().flatten().filter(|d| d.place == place).collect();
        let mut bounds = area::bounds::<3>(&traces);
        let scene = area::scene(self.figure, place.number);
        let axes = scene.map(|s| [s.xaxis.as_ref(), s.yaxis.as_ref(), s.zaxis.as_ref()]).unwrap_or_default();
        for (bound, axis) in bounds.iter_mut().zip(axes) {
            if let Some([a, b]) = axis.and_then(|a| a.range).filter(|r| r.iter().all(|v| v.is_finite())) {
                *bound = (a.min(b), a.max(b));
            }
        }
        let view = View::new(scene, &bounds);
        let corners = space::corners(&bounds).map(|c| view.project(c));
        let range = |of: fn(&(f64, f64, f64)) -> f64| {
            let all = corners.iter().map(of);
            all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)))
        };
        let fit = Fit::new([range(|c| c.0), range(|c| c.1)], area.inset(12.0 * u), true);
        // The edges of the box, but those at its nearest corner.
        let nearest = (0..8).min_by(|&a, &b| corners[a].2.total_cmp(&corners[b].2)).unwrap_or(0);
        let edges = space::edges().filter(|(a, b)| *a != nearest && *b != nearest);
        let at = |i: usize| Some(fit.at(corners[i].0, corners[i].1));
        let lines = edges.flat_map(|(a, b)| [at(a), at(b), None]);
        self.canvas.lines(lines, self.grid, u, 1.0);
        let count: usize = traces.iter().filter(|d| d.markers).map(|d| d.len()).sum();
        let mut shades = (count > self.picture.shade_above).then(|| Shades::new(area));
        for drawn in traces {
            let seen: Vec<Option<(f64, f64, f64)>> = (0..drawn.len())
                .map(|i| {
                    let p = [drawn.at[0][i], drawn.at[1][i], drawn.at[2][i]];
                    p.iter().all(|v| v.is_finite()).then(|| view.project(p))
                })
                .collect();
            let pixels = |i: usize| seen[i].map(|(x, y, _)| fit.at(x, y));
            let far = |i: usize| seen[i].map_or(0.0, |s| s.2);
            self.trace(drawn, &pixels, Some(&far), area, shades.as_mut());
        }
        if let Some(shades) = shades {
            shades.paint(&mut self.canvas);
        }
    }

    /// Lines, points and texts of a trace. `far` tells how far points are away, where the nearer cover the others.
    fn trace(
        &mut self,
        drawn: &Drawn<'_>,
        pixels: &dyn Fn(usize) -> Option<(f64, f64)>,
        far: Option<&dyn Fn(usize) -> f64>,
        area: Area,
        shades: Option<&mut Shades>,
    ) {
        let u = self.picture.scale;
        if drawn.lines {
            let (color, width) = drawn.line;
            self.canvas.lines((0..drawn.len()).map(pixels), color, width * u, drawn.opacity);
        }
        if drawn.markers {
            let mut at: Vec<(usize, f64, f64)> =
                (0..drawn.len()).filter_map(|i| pixels(i).map(|(x, y)| (i, x, y))).collect();
            if let Some(shades) = shades {
                shades.add(&drawn.colors, &at, (u * 0.6).floor() as i32);
            } else {
                if let Some(far) = far {
                    at.sort_by(|a, b| far(b.0).total_cmp(&far(a.0)).then(a.0.cmp(&b.0)));
                }
                points::draw(&mut self.canvas, &mut self.sprites, drawn, &at, area, u);
            }
        }
        self.texts(drawn, pixels, area);
    }

    fn texts(&mut self, drawn: &Drawn<'_>, pixels: &dyn Fn(usize) -> Option<(f64, f64)>, area: Area) {
        let Some(texts) = drawn.texts else { return };
        let style = Style { halo: Some(self.page), ..self.style(drawn.text_size.clamp(1.0, 100.0)) };
        for i in 0..drawn.len() {
            let text = match texts {
                Array::Strings(all) => all.get(i).map(String::as_str),
                Array::Repeated(one) => Some(one.as_str()),
                _ => None,
            };
            let (Some(text), Some((x, y))) = (text, pixels(i)) else { continue };
            let (text, bold) = plain(text);
            let up = if drawn.texts_above { style.size } else { 0.0 };
            // Whole within the map.
            let half = self.fonts.width(&text, style.size) / 2.0;
            let x = x.min(area.right - half).max(area.left + half);
            self.fonts.draw(&mut self.canvas, &text, (x, y - up), Align::Center, Style { bold, ..style });
        }
    }

    fn contour(&mut self, trace: &Contour, fit: &Fit, area: Area) {
        let Some(grid) = Grid::of(trace) else { return };
        let line = trace.line.clone().unwrap_or_default();
        let color = line.color.as_deref().and_then(color::parse).unwrap_or(self.ink);
        let width = line.width.unwrap_or(1.0) * self.picture.scale;
        let inside = |(x, y): (f64, f64)| x >= area.left && x <= area.right && y >= area.top && y <= area.bottom;
        for level in grid.levels(trace) {
            let pieces = grid.line(level);
            let points = pieces.iter().flat_map(|[a, b]| {
                let (a, b) = (fit.at(a.0, a.1), fit.at(b.0, b.1));
                let both = inside(a) && inside(b);
                [both.then_some(a), both.then_some(b), None]
            });
            self.canvas.lines(points, color, width, trace.opacity.unwrap_or(1.0));
        }
    }

    /// Titles of axes, and the numbers along those that have them.
    fn axes(&mut self, place: Place, fit: &Fit, bounds: [(f64, f64); 2], area: Area) {
        let u = self.picture.scale;
        let (x, y) = area::axes(self.figure, place.number);
        let shown = |axis: Option<&crate::spec::Axis>| axis.is_none_or(|a| a.visible != Some(false));
        let title = |axis: Option<&crate::spec::Axis>| {
            axis.and_then(|a| a.title.as_ref()).and_then(|t| t.text.as_deref()).map(|t| plain(t).0)
        };
        let numbers =
            |axis: Option<&crate::spec::Axis>| shown(axis) && axis.is_none_or(|a| a.showticklabels != Some(false));
        let small = self.style(11.0);
        if numbers(x) {
            for value in bar::even(bounds[0].0, bounds[0].1) {
                let (px, _) = fit.at(value, 0.0);
                let text = crate::map::short(value);
                self.fonts.draw(&mut self.canvas, &text, (px, area.bottom + 8.0 * u), Align::Center, small);
            }
        }
        if numbers(y) {
            for value in bar::even(bounds[1].0, bounds[1].1) {
                let (_, py) = fit.at(0.0, value);
                let text = crate::map::short(value);
                self.fonts.draw(&mut self.canvas, &text, (area.left - 4.0 * u, py), Align::Right, small);
            }
        }
        let style = self.style(12.0);
        if let Some(text) = title(x).filter(|_| shown(x)) {
            let down = if numbers(x) { 22.0 } else { 10.0 } * u;
            self.fonts.draw(&mut self.canvas, &text, (area.middle().0, area.bottom + down), Align::Center, style);
        }
        // Letters do not turn: the title of the vertical axis is at its upper end.
        if let Some(text) = title(y).filter(|_| shown(y)) {
            let place = (area.left.max(style.size / 2.0), area.top - 6.0 * u);
            self.fonts.draw(&mut self.canvas, &text, place, Align::Left, style);
        }
    }

    /// Texts that stand at parts of the figure; those at coordinates of a map are left out.
    fn annotation(&mut self, a: &Annotation, plot: Area) {
        let paper = |r: &Option<String>| r.as_deref() == Some("paper");
        let (Some(text), true) = (&a.text, paper(&a.xref) && paper(&a.yref)) else { return };
        let style = self.style(a.font.as_ref().and_then(|f| f.size).unwrap_or(12.0).clamp(1.0, 60.0));
        let x = plot.left + plot.width() * a.x.unwrap_or(0.5);
        let y = plot.bottom - plot.height() * a.y.unwrap_or(0.5);
        let align = match a.xanchor {
            Some(XAnchor::Left) => Align::Left,
            Some(XAnchor::Right) => Align::Right,
            _ => Align::Center,
        };
        let y = match a.yanchor {
            Some(YAnchor::Bottom) => y - style.size * 0.6,
            Some(YAnchor::Top) => y + style.size * 0.6,
            _ => y,
        };
        let (text, bold) = plain(text);
        let text = self.fonts.fit(&text, style.size, plot.width());
        self.fonts.draw(&mut self.canvas, &text, (x, y), align, Style { bold, ..style });
    }
}
