//! An index from what a file holds. Nothing is taken on trust: a checksum says that bytes are what was written, not who
//! wrote them.

use super::beam::Links;
use super::calibrate::Width;
use super::file::{GraphHeader, Header, metric};
use super::graph_search::{GraphSearch, lengths};
use super::{EFFORTS, Index};
use crate::coded::basis::Basis;
use crate::coded::centers::Centers;
use crate::coded::groups::{Groups, Lists};
use crate::coded::proxy::{Coder, LONGEST, Proxy};
use crate::metric::Metric;
use crate::space::Space;
use crate::stand_in::StandIn;
use planisphere_core::{KnnGraph, Matrix};
use planisphere_kernels::{Simd, codes};
use planisphere_store::Arrays;
use std::sync::Arc;

/// More groups than any query has use for.
const MOST_PROBES: usize = 1 << 16;

/// The index, or what is wrong.
pub(super) fn restore(header: Header, arrays: &Arrays<'_>) -> Result<Index, String> {
    let [n, cols] = arrays.shape("points")?;
    let [parameters] = arrays.shape("metric")?;
    let metric = metric(&header.metric, arrays.take("metric", &[parameters])?)?;
    if cols == 0 || header.base > n {
        return Err(format!("{n} points of {cols} columns, {} of which were there first", header.base));
    }
    let points = Arc::new(Matrix::from_vec(n, cols, arrays.take("points", &[n, cols])?).map_err(text)?);
    points.view().check().map_err(text)?;
    let space = Space::new(&metric, points.view().slice(0, header.base), Simd::detect()).map_err(text)?;
    let rows = space.shared_rows(&points).map_err(text)?;
    let mut index = Index { points, space, rows, base: header.base, search: None, effort: 1.0 };
    if let Some(graph) = &header.graph {
        let settings = arrays.take::<f64>("settings", &[3])?;
        index.search = Some(restore_search(&index, &metric, graph, arrays, &settings)?);
        index.effort = settings[0];
    }
    Ok(index)
}

fn restore_search(
    index: &Index,
    metric: &Metric,
    header: &GraphHeader,
    arrays: &Arrays<'_>,
    settings: &[f64],
) -> Result<GraphSearch, String> {
    let n = index.len();
    let [_, k] = arrays.shape("neighbors.ids")?;
    if n < 2 || k == 0 || k > 256 {
        return Err(format!("{k} neighbors of {n} points"));
    }
    let order = arrays.take::<u32>("groups.order", &[n])?;
    let mut places = vec![u32::MAX; n];
    for (&row, place) in order.iter().zip(0..) {
        match places.get_mut(row as usize) {
            Some(free) if *free == u32::MAX => *free = place,
            _ => return Err(format!("point {row} stands twice in its groups, or is none")),
        }
    }
    let [count, stride] = arrays.shape("centers")?;
    if count == 0 || count > usize::from(u16::MAX) || stride == 0 || stride > LONGEST || stride % codes::GROUP != 0 {
        return Err(format!("{count} groups and {stride} bytes for each row"));
    }
    let bounds = arrays.take::<u64>("groups.bounds", &[count + 1])?;
    if bounds[0] != 0 || bounds[count] != n as u64 || bounds.windows(2).any(|w| w[0] > w[1]) {
        return Err("the groups do not cover the points".to_owned());
    }
    let bounds = bounds.into_iter().map(|b| b as usize).collect();
    let [effort, recall, factor] = settings[..] else { return Err("not three settings".to_owned()) };
    if !(EFFORTS.contains(&effort) && (0.0..=1.0).contains(&recall) && factor.is_finite() && factor > 0.0) {
        return Err(format!("effort {effort}, recall {recall}, factor {factor}"));
    }
    let coder = restore_coder(index, metric, header, arrays, stride, settings[2])?;
    let search_lists = restore_lists(arrays, n, k, &order, &places)?;
    if header.beam == 0 || header.beam > n || header.probes == 0 || header.probes > MOST_PROBES {
        return Err(format!("queries that keep {} points of {} groups", header.beam, header.probes));
    }
    Ok(GraphSearch {
        factor: settings[2],
        coder,
        centers: Centers {
            proxy: restore_codes(arrays, ["centers", "centers.scales", "centers.norms"], count, stride)?,
        },
        groups: Groups {
            proxy: restore_codes(arrays, ["codes", "codes.scales", "codes.norms"], n, stride)?,
            order,
            bounds,
        },
        links: Links::of(&search_lists),
        lists: search_lists,
        lengths: lengths(&index.space, index.cols(), settings[2]),
        width: Width { beam: header.beam, probes: header.probes },
        recall: settings[1],
    })
}

fn restore_codes(arrays: &Arrays<'_>, names: [&str; 3], n: usize, stride: usize) -> Result<Proxy, String> {
    Ok(Proxy {
        stride,
        codes: arrays.take(names[0], &[n, stride]).and_then(|codes: Vec<i8>| {
            // Kernels rely on it.
            if codes.contains(&i8::MIN) { Err(format!("{} hold −128", names[0])) } else { Ok(codes) }
        })?,
        scales: arrays.finite(names[1], &[n])?,
        norms: arrays.finite(names[2], &[n])?,
        errors: Vec::new(),
    })
}

fn restore_coder(
    index: &Index,
    metric: &Metric,
    header: &GraphHeader,
    arrays: &Arrays<'_>,
    stride: usize,
    factor: f64,
) -> Result<Coder, String> {
    // What rows are made of before they are coded: asked of one of them.
    let first = index.points.view().slice(0, 1);
    let rows = index.space.rows(first).map_err(text)?;
    let stand_in = StandIn::sized(metric, &index.space, &rows, first, index.space.simd(), factor).map_err(text)?;
    let cols = stand_in.vectors().cols();
    if header.unit != stand_in.squares().is_some() {
        return Err(format!("coded rows that do not belong to the metric {metric}"));
    }
    let center = arrays.finite("coder.center", &[cols])?;
    let directions = if arrays.has("coder.directions") {
        let [m, _] = arrays.shape("coder.directions")?;
        let directions = arrays.finite("coder.directions", &[m, cols])?;
        Some(Matrix::from_vec(m, cols, directions).map_err(text)?)
    } else {
        None
    };
    let basis = Basis { directions, center };
    if basis.count() == 0 || basis.count() > stride {
        return Err(format!("{} directions in {stride} bytes", basis.count()));
    }
    Ok(Coder { basis, stride, unit: header.unit })
}

/// The lists of a graph that keeps all rules of one, by place.
fn restore_lists(arrays: &Arrays<'_>, n: usize, k: usize, order: &[u32], places: &[u32]) -> Result<Lists, String> {
    let ids = arrays.take("neighbors.ids", &[n, k])?;
    let dists = arrays.take("neighbors.dists", &[n, k])?;
    let graph = KnnGraph::new(n, k, ids, dists).map_err(text)?;
    let mut lists = Lists::new(n, k);
    for (place, &row) in order.iter().enumerate() {
        let at = place * k..(place + 1) * k;
        let (ids, dists) = graph.row(row as usize);
        lists.dists[at.clone()].copy_from_slice(dists);
        lists.ids[at].iter_mut().zip(ids).for_each(|(place, &id)| *place = places[id as usize]);
    }
    Ok(lists)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
