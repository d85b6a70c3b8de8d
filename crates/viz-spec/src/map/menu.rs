//! Buttons and lists on the figure.

use super::build::Builder;
use super::groups::{self, Kind};
use super::marks;
use crate::column::{Column, Values};
use crate::palette;
use crate::spec::{
    Array, Button, ColorBar, Direction, Font, Marker, MenuType, Method, Pad, Scale, TickMode, Title, Trace, TypedArray,
    TypedData, UpdateMenu, XAnchor, YAnchor,
};
use crate::text::{cut, escape, one_line};
use crate::theme::Theme;
use serde_json::{Map, Value, json};

/// Characters of a name in a list and on a color bar.
const NAME: usize = 32;

/// Points as a column colors them.
pub(super) struct Choice {
    name: String,
    marker: Marker,
}

impl Choice {
    /// The look of the points, with the color bar.
    pub(super) fn marker(&self) -> Marker {
        self.marker.clone()
    }
}

impl<S: AsRef<str>> Builder<'_, S> {
    pub(super) fn choice(&self, column: &Column) -> Choice {
        let name = escape(&cut(&one_line(column.name()), NAME));
        let marker = match column.values() {
            Values::Categories(_) => self.groups_as_colors(column, &name),
            Values::Numbers(values) => self.numbers_as_colors(values, &name),
        };
        Choice { name, marker }
    }

    /// A number for each label, and a scale with a step for each: the color bar is the legend. The first label is on top.
    fn groups_as_colors(&self, column: &Column, name: &str) -> Marker {
        let names = marks::names(column);
        let mut groups = groups::group(names.iter().map(Option::as_deref), self.map.max_labels);
        // Gray ones are at the bottom, as they are last in a legend.
        let gray = groups.iter().take_while(|g| !matches!(g.kind, Kind::Label { .. })).count();
        groups[gray..].reverse();
        let mut codes = vec![0u16; names.len()];
        let (mut stops, mut ticks) = (Vec::new(), Vec::new());
        let of = groups.len() as f64;
        for (i, group) in groups.iter().enumerate() {
            group.rows.iter().for_each(|&row| codes[row as usize] = i as u16);
            let color = match group.kind {
                Kind::Unlabeled => &self.map.unlabeled_color,
                Kind::Other { .. } => &self.map.other_color,
                Kind::Label { label, slot } => {
                    let (color, _) = palette::slot(slot, self.map.palette.len());
                    self.map.colors.get(label).unwrap_or(&self.map.palette[color])
                }
            };
            stops.extend([(i as f64 / of, color.clone()), ((i + 1) as f64 / of, color.clone())]);
            ticks.push(match group.kind {
                Kind::Unlabeled => "unknown".to_owned(),
                Kind::Other { labels } => format!("{labels} others"),
                Kind::Label { label, .. } => escape(&cut(&one_line(label), NAME)),
            });
        }
        if stops.is_empty() {
            stops = vec![(0.0, self.map.unlabeled_color.clone()), (1.0, self.map.unlabeled_color.clone())];
        }
        let at = (0..groups.len()).map(|i| Some(i as f64)).collect();
        let mut bar = self.bar(name);
        ticks_at(&mut bar, at, ticks);
        // Names need their height.
        bar.len = Some((0.05 * of).clamp(0.3, 1.0));
        Marker {
            color: Some(crate::spec::Color::Each(Array::Typed(TypedArray::new(TypedData::U16(codes))))),
            colorscale: Some(Scale::Stops(stops)),
            cmin: Some(-0.5),
            cmax: Some((of - 0.5).max(0.5)),
            reversescale: Some(false),
            showscale: Some(true),
            colorbar: Some(bar),
            ..Marker::default()
        }
    }

    /// Missing numbers take a gray step at the low end of the scale.
    fn numbers_as_colors(&self, values: &[f32], name: &str) -> Marker {
        let scaled = self.map.numbers.scaled(values);
        let stops = Scale::from(self.map.color_scale).stops();
        let flip = |stops: Vec<(f64, String)>| stops.into_iter().rev().map(|(at, c)| (1.0 - at, c)).collect();
        let mut stops: Vec<(f64, String)> = if scaled.reverse { flip(stops) } else { stops };
        let (mut low, high) = (scaled.low, scaled.high);
        let missing = scaled.values.iter().any(Option::is_none);
        let mut bar = self.bar(name);
        scaled.apply(&mut bar);
        let mut gray = low as f32;
        if missing {
            const STEP: f64 = 0.08;
            let span = if high > low { high - low } else { 1.0 };
            let from = low;
            low = from - span * STEP / (1.0 - STEP);
            gray = low as f32;
            let gray = self.map.unlabeled_color.clone();
            let mut all = vec![(0.0, gray.clone()), (STEP, gray)];
            all.extend(stops.into_iter().map(|(at, color)| (STEP + at * (1.0 - STEP), color)));
            stops = all;
            let (mut at, mut text) = scaled.ticks.clone().unwrap_or_else(|| {
                let at: Vec<f64> = (0..5).map(|i| from + (high - from) * f64::from(i) / 4.0).collect();
                let text = at.iter().map(|&v| super::values::short(v)).collect();
                (at, text)
            });
            at.insert(0, low + (from - low) / 2.0);
            text.insert(0, "unknown".to_owned());
            ticks_at(&mut bar, at.into_iter().map(Some).collect(), text);
        }
        let lowest = if missing { scaled.low } else { low };
        // Values below the scale must not be taken for missing ones.
        let shown = scaled.values.iter().map(|v| v.map_or(gray, |v| v.max(lowest as f32))).collect::<Vec<f32>>();
        Marker {
            color: Some(crate::spec::Color::Each(Array::from(shown))),
            colorscale: Some(Scale::Stops(stops)),
            cmin: Some(low),
            cmax: Some(high),
            reversescale: Some(false),
            showscale: Some(true),
            colorbar: Some(bar),
            ..Marker::default()
        }
    }

    fn bar(&self, name: &str) -> ColorBar {
        ColorBar {
            title: Some(Title { text: Some(name.to_owned()), ..Title::default() }),
            thickness: Some(12.0),
            len: Some(0.6),
            outlinewidth: Some(0.0),
            tickmode: Some(TickMode::Auto),
            ..ColorBar::default()
        }
    }

    /// The list of what the points can be colored by; `traces` are positions of all points.
    pub(super) fn color_menu(&self, choices: &[Choice], traces: &[usize]) -> Option<UpdateMenu> {
        if choices.len() < 2 {
            return None;
        }
        let button = |choice: &Choice| {
            let m = &choice.marker;
            let mut args = Map::new();
            // plotly.js gives the first of a list to the first trace, and so on, and begins anew at its end.
            let mut set = |key: &str, value: Value| drop(args.insert(format!("marker.{key}"), json!([value])));
            set("color", json!(m.color));
            set("colorscale", json!(m.colorscale));
            set("cmin", json!(m.cmin));
            set("cmax", json!(m.cmax));
            set("reversescale", json!(false));
            if let Some(bar) = &m.colorbar {
                set("colorbar.title.text", json!(bar.title.as_ref().and_then(|t| t.text.clone())));
                set("colorbar.len", json!(bar.len));
                set("colorbar.tickmode", json!(bar.tickmode));
                set("colorbar.tickvals", json!(bar.tickvals));
                set("colorbar.ticktext", json!(bar.ticktext));
            }
            let args = vec![Value::Object(args), json!(traces)];
            Button {
                label: Some(choice.name.clone()),
                method: Some(Method::Restyle),
                args: Some(args),
                ..Button::default()
            }
        };
        Some(UpdateMenu {
            r#type: Some(MenuType::Dropdown),
            direction: Some(Direction::Down),
            buttons: Some(choices.iter().map(button).collect()),
            x: Some(0.0),
            xanchor: Some(XAnchor::Left),
            ..self.menu()
        })
    }

    /// Buttons that show and hide the texts on the map; `traces` are their positions.
    pub(super) fn text_menu(&self, traces: &[usize]) -> Option<UpdateMenu> {
        if !self.map.overlay.text_buttons || traces.is_empty() {
            return None;
        }
        let button = |label: &str, visible: bool| Button {
            label: Some(label.to_owned()),
            method: Some(Method::Restyle),
            args: Some(vec![json!({ "visible": visible }), json!(traces)]),
            ..Button::default()
        };
        Some(UpdateMenu {
            r#type: Some(MenuType::Buttons),
            direction: Some(Direction::Right),
            buttons: Some(vec![button("Texts", true), button("No texts", false)]),
            x: Some(1.0),
            xanchor: Some(XAnchor::Right),
            ..self.menu()
        })
    }

    /// Over the map.
    fn menu(&self) -> UpdateMenu {
        UpdateMenu {
            y: Some(1.0),
            yanchor: Some(YAnchor::Bottom),
            pad: Some(Pad { b: Some(6.0), ..Pad::default() }),
            ..colors(self.map.theme)
        }
    }
}

/// A menu in the colors of the figure.
pub(super) fn colors(theme: Option<Theme>) -> UpdateMenu {
    UpdateMenu {
        bgcolor: theme.map(|t| t.panel().to_owned()),
        bordercolor: theme.map(|t| t.line().to_owned()),
        // plotly.js paints the choice that is taken in a light color, on which light texts are not seen.
        showactive: (theme == Some(Theme::Dark)).then_some(false),
        font: theme.map(|t| Font { color: Some(t.ink().to_owned()), ..Font::default() }),
        ..UpdateMenu::default()
    }
}

fn ticks_at(bar: &mut ColorBar, at: Vec<Option<f64>>, text: Vec<String>) {
    bar.tickmode = Some(TickMode::Array);
    bar.tickvals = Some(Array::Numbers(at));
    bar.ticktext = Some(Array::Strings(text));
}

/// Positions of the traces that draw points, and of those that draw texts.
pub(super) fn positions(data: &[Trace], what: impl Fn(&Trace) -> bool) -> Vec<usize> {
    (0..data.len()).filter(|&i| what(&data[i])).collect()
}
