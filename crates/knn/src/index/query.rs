//! Many rows at once.

use super::beam::{Beam, Query};
use super::graph_search::GraphSearch;
use super::scan::{Asked, Filter, Scan};
use super::{Index, Neighbors};
use crate::coded::proxy::{Buffers, Proxy};
use crate::error::{Error, Result};
use crate::metric::Metric;
use crate::panels::Panels;
use crate::search;
use crate::stand_in::StandIn;
use planisphere_core::{CancelToken, Context, MatrixView};
use rayon::prelude::*;

/// Queries of a task, and tasks between two looks at the observer. Constants, since nothing may depend on the number of
/// threads.
const TASK: usize = 32;
const WAVE: usize = 64;
/// Queries of a task of an exact index that goes through matrix products, and from how many queries on it does; what has to
/// be prepared for it costs as much as a few queries.
const PANEL: usize = 128;
const MANY: usize = 64;
/// Neighbors up to which it does.
const FEW: usize = 1024;
/// What a query may be widened by for a filter, before all points that pass it are measured.
const WIDEN: usize = 8;
/// A list of more than this part of the points is no shortcut.
const SHORTCUT: usize = 8;
/// Points that a beam keeps at most: it is kept in order, which takes longer than to look at all from some length on.
const WIDEST: usize = 4096;

/// Buffers of one thread.
pub(super) struct Scratch {
    norms: Vec<f32>,
    buffers: Buffers,
    proxy: Proxy,
    beam: Beam,
    scan: Scan,
    pub(super) ids: Vec<u32>,
    pub(super) dists: Vec<f32>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            norms: Vec::new(),
            buffers: Buffers::default(),
            proxy: Proxy::zeros(0, 0),
            beam: Beam::default(),
            scan: Scan::default(),
            ids: Vec::new(),
            dists: Vec::new(),
        }
    }
}

/// What is asked of each row.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) k: usize,
    pub(super) filter: Filter<'a>,
    pub(super) token: &'a CancelToken,
}

impl Index {
    /// The `k` points nearest to each of `rows`; all points if there are fewer. On the current threads.
    ///
    /// # Errors
    /// As [`Index::query_with`].
    pub fn query<'m>(&self, rows: impl Into<MatrixView<'m>>, k: usize) -> Result<Neighbors> {
        self.query_with(rows, k, &mut Context::new())
    }

    /// [`Index::query`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// [`Error::Columns`] for rows of another length than the points; [`Error::InvalidParam`] for k = 0 or an effort out of
    /// range; [`Error::Core`] for values that are not finite and [`Error::Domain`] for values that the metric is not defined
    /// for, with row and column; [`Error::Overflow`] and [`Error::NotADistance`] for distances that are not finite, where
    /// the first row is one of the queries and the second a point; [`Error::Cancelled`].
    pub fn query_with<'m>(&self, rows: impl Into<MatrixView<'m>>, k: usize, cx: &mut Context<'_>) -> Result<Neighbors> {
        self.batch(rows.into(), k, None, cx)
    }

    /// The `k` points nearest to each of `rows` of those for whose ids `keep` gives true; all of those if there are fewer.
    /// On the current threads.
    ///
    /// `keep` is asked once for each point. An approximate index looks farther, up to eight times as far, where few of the
    /// points around pass; beyond that, it measures all that pass.
    ///
    /// # Errors
    /// As [`Index::query_with`].
    pub fn query_filtered<'m>(
        &self,
        rows: impl Into<MatrixView<'m>>,
        k: usize,
        keep: impl Fn(u32) -> bool,
    ) -> Result<Neighbors> {
        self.query_filtered_with(rows, k, keep, &mut Context::new())
    }

    /// [`Index::query_filtered`], watched and cancelled through `cx`.
    ///
    /// # Errors
    /// As [`Index::query_with`].
    pub fn query_filtered_with<'m>(
        &self,
        rows: impl Into<MatrixView<'m>>,
        k: usize,
        keep: impl Fn(u32) -> bool,
        cx: &mut Context<'_>,
    ) -> Result<Neighbors> {
        let mut kept = vec![0u64; self.len().div_ceil(64)];
        for id in 0..self.len() {
            kept[id / 64] |= u64::from(keep(id as u32)) << (id % 64);
        }
        self.batch(rows.into(), k, Some(&kept), cx)
    }

    fn batch(&self, x: MatrixView<'_>, k: usize, kept: Option<&[u64]>, cx: &mut Context<'_>) -> Result<Neighbors> {
        self.check_query(x.cols(), k)?;
        let k = k.min(self.len());
        cx.run(|cx| {
            x.check()?;
            let n = x.rows();
            let token = cx.token();
            let panels = if self.search.is_none() && kept.is_none() && n >= MANY && (1..=FEW).contains(&k) {
                self.space.dense().and_then(|dense| Panels::new(dense, &self.rows, self.space.simd()))
            } else {
                None
            };
            let size = if panels.is_some() { PANEL } else { TASK };
            let mut out = Neighbors::with_capacity(n, if kept.is_none() { n * k } else { 0 });
            for wave in (0..n).step_by(WAVE * size) {
                cx.progress(wave as u64, n as u64)?;
                let tasks: Vec<usize> = (wave..n.min(wave + WAVE * size)).step_by(size).collect();
                let found: Vec<Result<Neighbors>> = tasks
                    .into_par_iter()
                    .map_init(Scratch::default, |scratch, from| {
                        let to = (from + size).min(n);
                        if let Some(panels) = &panels {
                            return self.ask_panel(panels, x.slice(from, to), from, k, &token);
                        }
                        let mut found =
                            Neighbors::with_capacity(to - from, if kept.is_none() { (to - from) * k } else { 0 });
                        let passes = |id: u32| kept.is_some_and(|kept| kept[id as usize / 64] >> (id % 64) & 1 == 1);
                        let filter: Filter<'_> = if kept.is_some() { Some(&passes) } else { None };
                        let wanted = Wanted { k, filter, token: &token };
                        self.ask(x.slice(from, to), from, wanted, scratch, |ids, dists| found.push(ids, dists))?;
                        Ok(found)
                    })
                    .collect();
                // The first error in the order of the rows, whichever thread was first.
                for found in found {
                    out.append(&found?);
                }
            }
            cx.progress(n as u64, n as u64)?;
            Ok(out)
        })?
    }

    /// The neighbors of a few finite rows by matrix products, which leave to the distances what they cannot decide.
    fn ask_panel(
        &self,
        panels: &Panels,
        x: MatrixView<'_>,
        first: usize,
        k: usize,
        token: &CancelToken,
    ) -> Result<Neighbors> {
        let asked = self.space.rows(x).map_err(|e| shift(e, first))?;
        let (mut ids, mut dists) = (vec![0u32; x.rows() * k], vec![0f32; x.rows() * k]);
        let mut scratch = search::Scratch::default();
        panels.others(&self.space, &self.rows, &asked, k, token, &mut scratch, &mut ids, &mut dists)?;
        if let Some(at) = dists.iter().position(|d| !d.is_finite()) {
            return Err(self.space.not_finite(first + at / k, ids[at] as usize, dists[at]));
        }
        let mut found = Neighbors::with_capacity(x.rows(), ids.len());
        ids.chunks_exact(k).zip(dists.chunks_exact(k)).for_each(|(ids, dists)| found.push(ids, dists));
        Ok(found)
    }

    /// The neighbors of a few finite rows, one after the other, into `sink`. Errors call the first of them row `first`.
    pub(super) fn ask(
        &self,
        x: MatrixView<'_>,
        first: usize,
        wanted: Wanted<'_>,
        s: &mut Scratch,
        mut sink: impl FnMut(&[u32], &[f32]),
    ) -> Result<()> {
        let Scratch { norms, buffers, proxy, beam, scan, ids, dists } = s;
        let rows = self.space.rows_in(x, norms).map_err(|e| shift(e, first))?;
        let asked = Asked { rows: &rows, first };
        let mut give = |found: &[(f32, u32)]| {
            ids.clear();
            ids.extend(found.iter().map(|e| e.1));
            dists.clear();
            dists.extend(found.iter().map(|e| e.0));
            sink(ids, dists);
        };
        let Some(search) = &self.search else {
            scan.run(self, asked, (0, x.rows()), wanted.k, None, wanted.filter, wanted.token)?;
            scan.pools[..x.rows()].iter().for_each(|pool| give(&pool.entries));
            return Ok(());
        };
        let simd = self.space.simd();
        // The metric of a space of the user's distance does not count.
        let metric = self.metric().unwrap_or(&Metric::Euclidean);
        let stand_in = StandIn::sized(metric, &self.space, &rows, x, simd, search.factor)?;
        search.coder.code_into(simd, stand_in.vectors(), stand_in.squares(), buffers, proxy)?;
        for i in 0..x.rows() {
            wanted.token.check()?;
            let (scale, norm) = (proxy.scales[i], proxy.norms[i]);
            let query = Query { asked, at: i, codes: proxy.row(i), scale, norm, skip: None };
            give(self.find(search, &query, wanted, beam, scan)?);
        }
        Ok(())
    }

    /// The neighbors of a query along the graph, or of all points where that is no shortcut.
    pub(super) fn find<'s>(
        &self,
        search: &GraphSearch,
        query: &Query<'_, '_>,
        wanted: Wanted<'_>,
        beam: &'s mut Beam,
        scan: &'s mut Scan,
    ) -> Result<&'s [(f32, u32)]> {
        let Wanted { k, filter, token } = wanted;
        let n = self.len();
        let narrowest = search.width.for_neighbors(k, search.lists.k, self.effort);
        let mut width = narrowest;
        while width.beam <= (n / SHORTCUT).min(WIDEST) {
            beam.run(self, search, query, width, filter);
            // With a filter, as many must pass as are kept without one.
            let enough = if filter.is_some() { narrowest.beam } else { k };
            if beam.found.len() >= enough {
                let found = &beam.found[..k];
                return match found.iter().find(|e| !e.0.is_finite()) {
                    Some(&(d, id)) => Err(self.space.not_finite(query.asked.first + query.at, id as usize, d)),
                    None => Ok(found),
                };
            }
            if filter.is_none() || width.beam >= WIDEN * narrowest.beam {
                break;
            }
            width.beam *= 2;
            width.probes *= 2;
        }
        let skip = query.skip.map(|place| search.groups.order[place as usize]);
        scan.run(self, query.asked, (query.at, query.at + 1), k, skip, filter, token)?;
        Ok(&scan.pools[0].entries)
    }
}

/// The same error, with rows counted from `first`.
pub(super) fn shift(error: Error, first: usize) -> Error {
    match error {
        Error::Domain { metric, row, col, value, reason } => {
            Error::Domain { metric, row: first + row, col, value, reason }
        }
        other => other,
    }
}
