//! Figures as the page holds them: the places of the points of each map, by row of the table, and groups of points that
//! are drawn alike.

use super::packed::Packed;
use super::table::Table;
use crate::spec::{Array, Color, Config, Figure, Layout, Marker, Mode, OrArray, Scatter, Scatter3d, Trace, TypedData};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// A figure.
#[derive(Serialize)]
pub(super) struct View<'a> {
    name: &'a str,
    layout: &'a Layout,
    config: &'a Config,
    maps: Vec<Map>,
    groups: Vec<Group>,
    /// The group of each point, from 1; 0 for points that are not in this figure.
    codes: Packed,
    /// Numbers that color points; NaN for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Packed>,
    /// Diameters of points; NaN for those of a trace that has one for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes: Option<Packed>,
    /// Shapes of points.
    #[serde(skip_serializing_if = "Option::is_none")]
    symbols: Option<Symbols>,
    /// Traces that are not of the table's points, or that it cannot tell apart. Drawn as they are, beneath the points.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra: Vec<&'a Trace>,
    /// A figure that plays, or changes itself by menus: Plotly draws it as it is, and there is nothing else in this view.
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<&'a Figure>,
}

/// Shapes of points.
#[derive(Serialize)]
struct Symbols {
    names: Vec<String>,
    /// Of each point, from 1; 0 for those of a trace that has one for all.
    codes: Packed,
}

impl Symbols {
    /// Of a name or an empty text for each point.
    fn new(each: &[&str]) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut codes = Vec::with_capacity(each.len());
        for name in each {
            codes.push(match names.iter().position(|n| n == name) {
                _ if name.is_empty() => 0,
                Some(at) => at as u32 + 1,
                None => {
                    names.push((*name).to_owned());
                    names.len() as u32
                }
            });
        }
        let most = names.len() as u32;
        Self { names, codes: Packed::wholes(codes, most) }
    }
}

/// One map: where each point is, NaN for those that are not in it.
#[derive(Serialize)]
struct Map {
    /// Of its axes or scene.
    number: u32,
    x: Packed,
    y: Packed,
    #[serde(skip_serializing_if = "Option::is_none")]
    z: Option<Packed>,
}

/// Points that are drawn alike.
#[derive(Serialize)]
struct Group {
    /// Its trace in each map, without the points.
    traces: Vec<Option<Trace>>,
}

/// Points of one map while they are collected.
struct Places {
    space: bool,
    at: [Vec<f32>; 3],
    known: Vec<bool>,
}

impl<'a> View<'a> {
    pub(super) fn new(name: &'a str, figure: &'a Figure, table: &Table<'_>) -> Self {
        let n = table.rows.len();
        let mut maps: BTreeMap<u32, Places> = BTreeMap::new();
        let mut groups: Vec<BTreeMap<u32, Trace>> = Vec::new();
        let mut by_name: HashMap<&str, u32> = HashMap::new();
        let mut codes = vec![0u32; n];
        let mut all_values: Option<Vec<f32>> = None;
        let mut all_sizes: Option<Vec<f32>> = None;
        let mut all_symbols: Option<Vec<&str>> = None;
        let mut extra = Vec::new();
        let menus = figure.layout.updatemenus.as_ref().is_some_and(|menus| !menus.is_empty());
        let sliders = figure.layout.sliders.as_ref().is_some_and(|sliders| !sliders.is_empty());
        let whole = (menus || sliders || !figure.frames.is_empty()).then_some(figure);
        for trace in figure.data.iter().filter(|_| whole.is_none()) {
            let Some(points) = Points::of(trace, table) else {
                extra.push(trace);
                continue;
            };
            let next = groups.len() as u32 + 1;
            let group = trace.legendgroup().and_then(|g| by_name.get(g).copied()).unwrap_or(next);
            let map = maps.entry(points.map).or_insert_with(|| Places {
                space: points.z.is_some(),
                at: [(); 3].map(|()| vec![f32::NAN; n]),
                known: vec![false; n],
            });
            // Each point is in one group, once in each map.
            let clash = |&at: &usize| codes[at] != 0 && codes[at] != group || map.known[at];
            let drawn = groups.get(group as usize - 1).is_some_and(|g| g.contains_key(&points.map));
            if points.rows.iter().any(clash) || map.space != points.z.is_some() || drawn {
                extra.push(trace);
                continue;
            }
            for (p, &at) in points.rows.iter().enumerate() {
                (codes[at], map.known[at]) = (group, true);
                map.at[0][at] = points.x[p];
                map.at[1][at] = points.y[p];
                if let Some(z) = &points.z {
                    map.at[2][at] = z[p];
                }
                if let Some(values) = &points.values {
                    all_values.get_or_insert_with(|| vec![f32::NAN; n])[at] = values[p];
                }
                if let Some(sizes) = &points.sizes {
                    all_sizes.get_or_insert_with(|| vec![f32::NAN; n])[at] = sizes[p];
                }
                if let Some(symbols) = points.symbols {
                    all_symbols.get_or_insert_with(|| vec![""; n])[at] = &symbols[p];
                }
            }
            if group == next {
                groups.push(BTreeMap::new());
                by_name.extend(trace.legendgroup().map(|g| (g, group)));
            }
            groups[group as usize - 1].insert(points.map, look(trace));
        }
        maps.retain(|_, map| map.known.contains(&true));
        let numbers: Vec<u32> = maps.keys().copied().collect();
        Self {
            name,
            layout: &figure.layout,
            config: &figure.config,
            codes: Packed::wholes(codes, groups.len() as u32),
            groups: groups
                .into_iter()
                .map(|mut of| Group { traces: numbers.iter().map(|number| of.remove(number)).collect() })
                .collect(),
            maps: maps
                .into_iter()
                .map(|(number, Places { space, at: [x, y, z], .. })| Map {
                    number,
                    x: Packed::floats(&x),
                    y: Packed::floats(&y),
                    z: space.then(|| Packed::floats(&z)),
                })
                .collect(),
            values: all_values.as_deref().map(Packed::floats),
            sizes: all_sizes.as_deref().map(Packed::floats),
            symbols: all_symbols.as_deref().map(Symbols::new),
            extra,
            whole,
        }
    }
}

/// What of a trace goes into the table's order.
struct Points<'a> {
    map: u32,
    /// Places in the table; all different.
    rows: Vec<usize>,
    x: Cow<'a, [f32]>,
    y: Cow<'a, [f32]>,
    z: Option<Cow<'a, [f32]>>,
    values: Option<Cow<'a, [f32]>>,
    sizes: Option<Cow<'a, [f32]>>,
    symbols: Option<&'a [String]>,
}

impl<'a> Points<'a> {
    /// `None` if the trace is anything but a cloud of the table's points.
    fn of(trace: &'a Trace, table: &Table<'_>) -> Option<Self> {
        let (mode, axis, x, y, z) = match trace {
            Trace::Scatter(t) | Trace::ScatterGl(t) => {
                if t.selectedpoints.is_some() {
                    return None;
                }
                (t.mode, &t.xaxis, &t.x, &t.y, None)
            }
            Trace::Scatter3d(t) => (t.mode, &t.scene, &t.x, &t.y, Some(&t.z)),
            Trace::Contour(_) => return None,
        };
        if mode.is_some_and(|mode| mode != Mode::Markers) {
            return None;
        }
        let map = match axis.as_deref().map(|name| name.trim_start_matches(|c: char| c.is_ascii_alphabetic())) {
            None | Some("") => 1,
            Some(number) => number.parse().ok()?,
        };
        let rows: Option<Vec<usize>> =
            trace.customdata().iter().map(|point| table.place(point.row).map(|at| at as usize)).collect();
        let rows = rows.filter(|rows| !rows.is_empty())?;
        let mut sorted = rows.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let coordinates =
            |array: &'a Option<Array>| floats(array.as_ref()?).filter(|values| values.len() == rows.len());
        let z = match z {
            Some(z) => Some(coordinates(z)?),
            None => None,
        };
        let values = match values(trace) {
            Some(array) => Some(floats(array).filter(|values| values.len() == rows.len())?),
            None => None,
        };
        let marker = trace.marker();
        let sizes = match marker.and_then(|m| m.size.as_ref()) {
            Some(OrArray::Each(array)) => Some(floats(array).filter(|sizes| sizes.len() == rows.len())?),
            _ => None,
        };
        let symbols = match marker.and_then(|m| m.symbol.as_ref()) {
            Some(OrArray::Each(Array::Strings(names))) if names.len() == rows.len() => Some(names.as_slice()),
            Some(OrArray::Each(_)) => return None,
            _ => None,
        };
        if let Some(OrArray::Each(_)) = marker.and_then(|m| m.opacity.as_ref()) {
            return None;
        }
        Some(Self { map, x: coordinates(x)?, y: coordinates(y)?, z, values, sizes, symbols, rows })
    }
}

/// The numbers that color the points of a trace.
pub(super) fn values(trace: &Trace) -> Option<&Array> {
    match &trace.marker()?.color {
        Some(Color::Each(values)) => Some(values),
        _ => None,
    }
}

fn floats(array: &Array) -> Option<Cow<'_, [f32]>> {
    let convert = |x: Option<f64>| x.map_or(f32::NAN, |x| x as f32);
    Some(match array {
        Array::Typed(typed) => match &typed.data {
            TypedData::F32(values) => Cow::Borrowed(values),
            TypedData::F64(values) => values.iter().map(|&x| convert(Some(x))).collect(),
            _ => return None,
        },
        Array::Numbers(values) => values.iter().map(|&x| convert(x)).collect(),
        _ => return None,
    })
}

/// The trace without its points.
fn look(trace: &Trace) -> Trace {
    match trace {
        Trace::Scatter(t) => Trace::Scatter(flat(t)),
        Trace::ScatterGl(t) => Trace::ScatterGl(flat(t)),
        Trace::Scatter3d(t) => Trace::Scatter3d(Scatter3d {
            name: t.name.clone(),
            legendrank: t.legendrank,
            visible: t.visible,
            scene: t.scene.clone(),
            meta: t.meta.clone(),
            marker: t.marker.clone().map(common),
            ..Scatter3d::default()
        }),
        // It has no points of the table.
        Trace::Contour(t) => Trace::Contour(t.clone()),
    }
}

fn flat(t: &Scatter) -> Scatter {
    Scatter {
        name: t.name.clone(),
        legendrank: t.legendrank,
        visible: t.visible,
        xaxis: t.xaxis.clone(),
        yaxis: t.yaxis.clone(),
        meta: t.meta.clone(),
        selected: t.selected.clone(),
        unselected: t.unselected.clone(),
        marker: t.marker.clone().map(common),
        ..Scatter::default()
    }
}

/// What points have in common.
fn common(mut marker: Marker) -> Marker {
    marker.color.take_if(|color| matches!(color, Color::Each(_)));
    marker.size.take_if(|size| matches!(size, OrArray::Each(_)));
    marker.symbol.take_if(|symbol| matches!(symbol, OrArray::Each(_)));
    marker
}
