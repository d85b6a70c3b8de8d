//! The points of a page: who they are.

use crate::spec::{Array, Figure, PointRef, Trace};
use crate::text::plain;

/// The points of all figures by row. What figures say of the same row is taken from the first that says it.
pub(super) struct Table<'a> {
    /// Ascending.
    pub(super) rows: Vec<u32>,
    pub(super) ids: Vec<&'a str>,
    pub(super) labels: Vec<Option<&'a str>>,
    /// Empty where there is none.
    pub(super) previews: Vec<String>,
    /// Whether the rows are 0, 1, 2 and so on.
    dense: bool,
}

impl<'a> Table<'a> {
    pub(super) fn new(figures: impl Iterator<Item = &'a Figure> + Clone) -> Self {
        let traces = figures.clone().flat_map(|figure| &figure.data);
        let mut rows: Vec<u32> = traces.flat_map(Trace::customdata).map(|point| point.row).collect();
        rows.sort_unstable();
        rows.dedup();
        let n = rows.len();
        let dense = rows.last().is_none_or(|&last| last as usize + 1 == n);
        let mut table = Self { rows, ids: vec![""; n], labels: vec![None; n], previews: vec![String::new(); n], dense };
        let mut seen = vec![false; n];
        for figure in figures {
            for trace in &figure.data {
                let label = trace.meta().and_then(|meta| meta.label.as_deref());
                let texts = text(trace);
                for (p, PointRef { row, id, label: own }) in trace.customdata().iter().enumerate() {
                    let Some(at) = table.place(*row).map(|at| at as usize) else { continue };
                    if !seen[at] {
                        (seen[at], table.ids[at]) = (true, id);
                    }
                    if table.labels[at].is_none() {
                        table.labels[at] = own.as_deref().or(label);
                    }
                    if table.previews[at].is_empty()
                        && let Some(text) = texts.and_then(|texts| texts.get(p))
                    {
                        table.previews[at] = preview(trace, text);
                    }
                }
            }
        }
        table
    }

    /// Where a row stands in the table.
    pub(super) fn place(&self, row: u32) -> Option<u32> {
        if self.dense {
            return ((row as usize) < self.rows.len()).then_some(row);
        }
        self.rows.binary_search(&row).ok().map(|at| at as u32)
    }

    /// Those of `values`, one for each row number, that belong to points of the table.
    pub(super) fn pick<'v, T>(&self, values: &'v [T]) -> impl Iterator<Item = &'v T> {
        self.rows.iter().filter_map(|&row| values.get(row as usize))
    }
}

fn text(trace: &Trace) -> Option<&[String]> {
    let text = match trace {
        Trace::Scatter(t) | Trace::ScatterGl(t) => t.text.as_ref(),
        Trace::Scatter3d(t) => t.text.as_ref(),
        Trace::Contour(_) => None,
    };
    match text {
        Some(Array::Strings(text)) => Some(text),
        _ => None,
    }
}

/// The preview in a hover text, which is: a bold line with the label (in traces of mixed labels), the id, a line with the
/// value (in traces colored by one), the preview in lines.
fn preview(trace: &Trace, markup: &str) -> String {
    let mut lines = markup.split("<br>").peekable();
    if lines.peek().is_some_and(|first| first.starts_with("<b>")) {
        lines.next();
    }
    lines.next();
    if super::views::values(trace).is_some() {
        let title = trace.name().unwrap_or_default();
        lines.next_if(|line| line.strip_prefix(title).is_some_and(|rest| rest.starts_with(": ")));
    }
    plain(&lines.collect::<String>())
}
