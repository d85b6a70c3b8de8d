//! What a figure says, as numbers and colors.

use super::color::{self, Rgb};
use crate::spec::{
    Array, Color, ColorBar, Figure, Marker, Mode, OrArray, Scale, Scatter, Scatter3d, SizeMode, Symbol, Trace, Visible,
};
use crate::theme::Theme;
use std::collections::HashMap;

/// One value for all points, or one for each.
pub(super) enum Each<T> {
    One(T),
    All(Vec<T>),
}

impl<T: Copy> Each<T> {
    /// That of a point; `rest` where there are too few.
    pub(super) fn at(&self, i: usize, rest: T) -> T {
        match self {
            Self::One(v) => *v,
            Self::All(all) => all.get(i).copied().unwrap_or(rest),
        }
    }
}

/// Which map of a figure: its number, and whether it is in space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) number: u32,
    pub(super) space: bool,
}

/// Points, lines or texts of a trace.
pub(super) struct Drawn<'a> {
    pub(super) place: Place,
    /// Two or three columns of coordinates.
    pub(super) at: Vec<Vec<f64>>,
    pub(super) markers: bool,
    pub(super) lines: bool,
    pub(super) texts: Option<&'a Array>,
    /// Whether texts stand over their points.
    pub(super) texts_above: bool,
    pub(super) text_size: f64,
    pub(super) colors: Each<Rgb>,
    pub(super) diameters: Each<f64>,
    pub(super) symbols: Each<Symbol>,
    /// 0 to 1.
    pub(super) opacity: f64,
    pub(super) border: Option<(Rgb, f64)>,
    pub(super) line: (Rgb, f64),
}

impl Drawn<'_> {
    pub(super) fn len(&self) -> usize {
        self.at.iter().map(Vec::len).min().unwrap_or(0)
    }
}

/// A color scale that some points are colored by.
#[derive(Clone, PartialEq)]
pub(super) struct Bar {
    pub(super) ramp: Vec<Rgb>,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) bar: ColorBar,
}

pub(super) fn number(reference: Option<&str>) -> u32 {
    let digits = reference.unwrap_or_default().trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or(1)
}

pub(super) fn is_drawn(visible: Option<Visible>) -> bool {
    !matches!(visible, Some(Visible::No | Visible::LegendOnly))
}

/// Points of a trace; nothing for contours and for traces that are hidden.
pub(super) fn drawn<'a>(figure: &'a Figure, trace: &'a Trace, theme: Option<Theme>) -> Option<Drawn<'a>> {
    match trace {
        Trace::Scatter(t) | Trace::ScatterGl(t) => of_plane(figure, t, theme),
        Trace::Scatter3d(t) => of_space(figure, t),
        Trace::Contour(_) => None,
    }
}

fn of_plane<'a>(figure: &Figure, t: &'a Scatter, theme: Option<Theme>) -> Option<Drawn<'a>> {
    if !is_drawn(t.visible) {
        return None;
    }
    let place = Place { number: number(t.xaxis.as_deref()), space: false };
    let at = [&t.x, &t.y].map(|c| c.as_ref().and_then(Array::numbers).unwrap_or_default());
    let mut drawn = common(figure, place, at.to_vec(), t.marker.as_ref(), t.mode, theme);
    drawn.texts = t.text.as_ref().filter(|_| has_texts(t.mode));
    drawn.texts_above = t.textposition.as_ref().and_then(|p| p.one()).is_some_and(|p| p.word().starts_with("top"));
    drawn.text_size = t.textfont.as_ref().and_then(|f| f.size).unwrap_or(12.0);
    drawn.opacity *= t.opacity.unwrap_or(1.0);
    line(&mut drawn, t.line.as_ref());
    Some(drawn)
}

fn of_space<'a>(figure: &Figure, t: &'a Scatter3d) -> Option<Drawn<'a>> {
    if !is_drawn(t.visible) {
        return None;
    }
    let place = Place { number: number(t.scene.as_deref()), space: true };
    let at = [&t.x, &t.y, &t.z].map(|c| c.as_ref().and_then(Array::numbers).unwrap_or_default());
    let mut drawn = common(figure, place, at.to_vec(), t.marker.as_ref(), t.mode, None);
    drawn.texts = t.text.as_ref().filter(|_| has_texts(t.mode));
    drawn.text_size = t.textfont.as_ref().and_then(|f| f.size).unwrap_or(12.0);
    drawn.opacity *= t.opacity.unwrap_or(1.0);
    line(&mut drawn, t.line.as_ref());
    Some(drawn)
}

fn has_texts(mode: Option<Mode>) -> bool {
    mode.is_some_and(|m| m.word().contains("text"))
}

fn line(drawn: &mut Drawn<'_>, line: Option<&crate::spec::Line>) {
    if let Some(line) = line {
        let color = line.color.as_deref().and_then(color::parse).unwrap_or(drawn.line.0);
        drawn.line = (color, line.width.unwrap_or(2.0));
    }
}

fn common<'a>(
    figure: &Figure,
    place: Place,
    at: Vec<Vec<f64>>,
    marker: Option<&Marker>,
    mode: Option<Mode>,
    theme: Option<Theme>,
) -> Drawn<'a> {
    let words = mode.map_or("markers", Mode::word);
    let colors = colors(figure, marker);
    // Plotly's first color, for those that have none.
    let first = colors.at(0, [99, 110, 250]);
    let border = marker.and_then(|m| m.line.as_ref()).and_then(|line| {
        let color = match &line.color {
            Some(Color::One(css)) => color::parse(css)?,
            _ => return None,
        };
        // Borders are of the color of the page.
        let color = theme.and_then(|t| color::parse(t.page())).unwrap_or(color);
        Some((color, line.width.as_ref().and_then(|w| w.one().copied()).unwrap_or(0.0)))
    });
    Drawn {
        place,
        at,
        markers: words.contains("markers"),
        lines: words.contains("lines"),
        texts: None,
        texts_above: false,
        text_size: 12.0,
        line: (first, 2.0),
        colors,
        diameters: diameters(marker),
        symbols: symbols(marker),
        opacity: marker.and_then(|m| m.opacity.as_ref()).and_then(|o| o.one().copied()).unwrap_or(1.0),
        border: border.filter(|(_, width)| *width > 0.0),
    }
}

pub(super) fn colors(figure: &Figure, marker: Option<&Marker>) -> Each<Rgb> {
    const UNKNOWN: Rgb = [148, 163, 184];
    match marker.and_then(|m| m.color.as_ref()) {
        None => Each::One([99, 110, 250]),
        Some(Color::One(css)) => Each::One(color::parse(css).unwrap_or(UNKNOWN)),
        Some(Color::Each(Array::Strings(all))) => {
            Each::All(all.iter().map(|css| color::parse(css).unwrap_or(UNKNOWN)).collect())
        }
        Some(Color::Each(array)) => {
            let (Some(values), Some(bar)) = (array.numbers(), marker.and_then(|m| bar(figure, m))) else {
                return Each::One(UNKNOWN);
            };
            let span = if bar.high > bar.low { bar.high - bar.low } else { 1.0 };
            let of = |v: &f64| match v.is_finite() {
                true => bar.ramp[(((v - bar.low) / span).clamp(0.0, 1.0) * 255.0).round() as usize],
                false => UNKNOWN,
            };
            Each::All(values.iter().map(of).collect())
        }
    }
}

/// The scale of a marker with numbers as colors: its own, or one of the layout.
pub(super) fn bar(figure: &Figure, marker: &Marker) -> Option<Bar> {
    let Some(Color::Each(values)) = &marker.color else { return None };
    let values: Vec<f64> = values.numbers()?.into_iter().filter(|v| v.is_finite()).collect();
    let shared = marker.coloraxis.as_deref().and_then(|name| match number(Some(name)) {
        1 => figure.layout.coloraxis.as_ref(),
        n => figure.layout.subplots.coloraxis.get(&n),
    });
    let (scale, reverse, low, high, own) = match shared {
        Some(a) => (a.colorscale.as_ref(), a.reversescale, a.cmin, a.cmax, a.colorbar.as_ref()),
        None => (marker.colorscale.as_ref(), marker.reversescale, marker.cmin, marker.cmax, marker.colorbar.as_ref()),
    };
    let stops = scale.map_or_else(|| Scale::from(crate::spec::ColorScale::RdBu).stops(), Scale::stops);
    let low = low.unwrap_or_else(|| values.iter().copied().fold(f64::INFINITY, f64::min));
    let high = high.unwrap_or_else(|| values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let ramp = color::ramp(&stops, reverse.unwrap_or(false));
    Some(Bar { ramp, low, high, bar: own.cloned().unwrap_or_default() })
}

fn diameters(marker: Option<&Marker>) -> Each<f64> {
    const USUAL: f64 = 6.0;
    let Some(marker) = marker else { return Each::One(USUAL) };
    match &marker.size {
        None => Each::One(USUAL),
        Some(OrArray::One(size)) => Each::One(*size),
        Some(OrArray::Each(array)) => {
            let unit = marker.sizeref.filter(|r| *r > 0.0).unwrap_or(1.0);
            let least = marker.sizemin.unwrap_or(0.0);
            let of = |v: f64| match marker.sizemode {
                _ if !(v.is_finite() && v > 0.0) => 0.0,
                Some(SizeMode::Area) => (v / unit).sqrt().max(least),
                _ => (v / unit).max(least),
            };
            Each::All(array.numbers().unwrap_or_default().into_iter().map(of).collect())
        }
    }
}

fn symbols(marker: Option<&Marker>) -> Each<Symbol> {
    match marker.and_then(|m| m.symbol.as_ref()) {
        Some(OrArray::One(symbol)) => Each::One(*symbol),
        Some(OrArray::Each(Array::Strings(words))) => {
            let mut known: HashMap<&str, Symbol> = HashMap::new();
            let of = |word: &str| {
                serde_json::from_value(serde_json::Value::String(word.to_owned())).unwrap_or(Symbol::Circle)
            };
            Each::All(words.iter().map(|word| *known.entry(word).or_insert_with(|| of(word))).collect())
        }
        _ => Each::One(Symbol::Circle),
    }
}
