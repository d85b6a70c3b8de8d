//! What a page holds: one table of the points, and figures that refer to its rows.
//!
//! A [`Figure`](crate::Figure) says with each point all that a viewer of figures has to know of it. A page of several maps
//! and colorings would say it many times over. So the page has each id, label and text once, numbers without their
//! decimal places spelled out, and makes hover boxes when they are looked at.

use super::packed::Packed;
use super::table::Table;
use super::views::View;
use super::{Named, Page};
use crate::column::{Column, Values};
use crate::error::{Error, Result};
use crate::natural;
use crate::palette::{OTHER, PALETTE, UNLABELED};
use planisphere_core::KnnGraph;
use serde::Serialize;
use std::collections::HashMap;

/// The data of a page, as `data.js` reads it.
#[derive(Serialize)]
pub(super) struct Embedded<'a> {
    /// Number of points.
    n: usize,
    /// Their row numbers; none if these are 0 to n - 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Packed>,
    ids: Vec<&'a str>,
    labels: Codes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    texts: Option<Texts<'a>>,
    columns: Vec<PackedColumn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    neighbors: Option<Neighbors>,
    palette: &'static [&'static str],
    /// Colors of points without a group, and of those whose group has none of its own.
    grays: [&'static str; 2],
    figures: Vec<View<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Texts<'a> {
    /// The texts themselves; the page cuts its previews from them.
    Whole(Vec<&'a str>),
    Previews(Vec<String>),
}

/// A name for each point: its number among the names, from 1; 0 for none.
#[derive(Serialize)]
struct Codes<'a> {
    names: Vec<&'a str>,
    codes: Packed,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PackedColumn<'a> {
    Categories {
        name: &'a str,
        #[serde(flatten)]
        codes: Codes<'a>,
    },
    Numbers {
        name: &'a str,
        values: Packed,
    },
}

/// Neighbors by their place in the table. Of their distances, the first and the last of each row as they are, and all in
/// 255 steps between these: rows that are far from everything do not take the precision of the others.
#[derive(Serialize)]
struct Neighbors {
    k: usize,
    ids: Packed,
    ends: Packed,
    steps: Packed,
}

impl<'a> Embedded<'a> {
    pub(super) fn new(page: &'a Page) -> Result<Self> {
        let table = Table::new(page.figures.iter().map(|named| &named.figure));
        // Rows count from 0, and lists of the page are of all rows.
        let expected = table.rows.last().map_or(0, |&row| row as usize + 1);
        let check = |what, got| if got == expected { Ok(()) } else { Err(Error::Length { what, expected, got }) };
        page.columns.iter().try_for_each(|column| check("columns", column.len()))?;
        page.neighbors.iter().try_for_each(|graph| check("neighbors", graph.n()))?;
        page.texts.iter().try_for_each(|texts| check("texts", texts.len()))?;

        let n = table.rows.len();
        let views = page.figures.iter().map(|Named { name, figure }| View::new(name, figure, &table)).collect();
        Ok(Self {
            n,
            rows: (n < expected).then(|| Packed::wholes(table.rows.iter().copied(), u32::MAX)),
            labels: codes(table.labels.iter().copied()),
            texts: match &page.texts {
                Some(texts) => Some(Texts::Whole(table.pick(texts).map(String::as_str).collect())),
                None if table.previews.iter().any(|p| !p.is_empty()) => Some(Texts::Previews(table.previews.clone())),
                None => None,
            },
            columns: page.columns.iter().map(|column| pack(column, &table)).collect(),
            neighbors: page.neighbors.as_ref().map(|graph| neighbors(graph, page.max_neighbors, &table)),
            palette: &PALETTE,
            grays: [UNLABELED, OTHER],
            ids: table.ids,
            figures: views,
        })
    }
}

fn codes<'a>(values: impl Iterator<Item = Option<&'a str>> + Clone) -> Codes<'a> {
    let known = |value: Option<&'a str>| value.filter(|name| !name.trim().is_empty());
    let mut number: HashMap<&str, u32> = values.clone().filter_map(known).map(|name| (name, 0)).collect();
    let mut names: Vec<&str> = number.keys().copied().collect();
    names.sort_by(|a, b| natural::compare(a, b));
    for (place, name) in (1..).zip(&names) {
        number.insert(name, place);
    }
    let codes = values.map(|value| known(value).map_or(0, |name| number[name]));
    // There are at most as many names as rows, whose numbers are u32.
    Codes { codes: Packed::wholes(codes, names.len() as u32), names }
}

fn pack<'a>(column: &'a Column, table: &Table<'a>) -> PackedColumn<'a> {
    let name = column.name();
    match column.values() {
        Values::Categories(values) => {
            let values: Vec<_> = table.pick(values).map(Option::as_deref).collect();
            PackedColumn::Categories { name, codes: codes(values.into_iter()) }
        }
        Values::Numbers(values) => {
            let values: Vec<f32> = table.pick(values).copied().collect();
            PackedColumn::Numbers { name, values: Packed::floats(&values) }
        }
    }
}

fn neighbors(graph: &KnnGraph, max: usize, table: &Table<'_>) -> Neighbors {
    let k = graph.k().min(max);
    // Rows that are in no figure are written as the number of points, which no point has.
    let n = table.rows.len() as u32;
    let (mut places, mut ends, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for &row in &table.rows {
        let (ids, dists) = graph.row(row as usize);
        let dists = &dists[..k];
        places.extend(ids[..k].iter().map(|&id| table.place(id).unwrap_or(n)));
        // They ascend.
        let (Some(&first), Some(&last)) = (dists.first(), dists.last()) else { continue };
        ends.extend([first, last]);
        let range = f64::from(last) - f64::from(first);
        let step = |d: f32| if range > 0.0 { (f64::from(d) - f64::from(first)) / range * 255.0 } else { 0.0 };
        steps.extend(dists.iter().map(|&d| step(d).round() as u32));
    }
    Neighbors { k, ids: Packed::wholes(places, n), ends: Packed::floats(&ends), steps: Packed::wholes(steps, 255) }
}
