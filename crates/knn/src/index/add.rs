//! Rows that come later.

use super::Index;
use super::beam::{Beam, Links, Query};
use super::graph_search::GraphSearch;
use super::query::Wanted;
use super::scan::{Asked, Scan};
use crate::coded::groups::{Groups, Lists, NOBODY};
use crate::coded::proxy::Proxy;
use crate::error::{Error, Result};
use crate::metric::Metric;
use crate::stand_in::StandIn;
use planisphere_core::{CancelToken, Context, Matrix, MatrixView};
use rayon::prelude::*;
use std::sync::Arc;

/// Rows that are looked for before their lists are entered. A constant, since nothing may depend on the number of threads.
const WAVE: usize = 2048;
/// A new row looks as far as for so many times the neighbors in its list: others may have it in theirs without being in its.
const FARTHER: usize = 2;
/// How much longer than it is the square of a length may be by the codes.
const SLACK: f32 = 1.1;

impl Index {
    /// Adds `rows` to the points; ids go on from the last. On the current threads.
    ///
    /// # Errors
    /// As [`Index::add_with`].
    pub fn add<'m>(&mut self, rows: impl Into<MatrixView<'m>>) -> Result<()> {
        self.add_with(rows, &mut Context::new())
    }

    /// [`Index::add`], watched and cancelled through `cx`. After an error, the index is what it was before.
    ///
    /// Takes the time and, while it runs, the memory of a copy of the index; an approximate one also finds its links anew,
    /// and takes for each row the time of a query: so many rows at once are better than many times a few. An exact index becomes that of all points.
    /// In an approximate one, new rows get lists of neighbors and enter the lists of those that they are nearer to than the
    /// last one there. Groups, codes and how far queries look stay as they were found for the first points: once most
    /// points came later or are unlike the first ones, a new index finds more.
    ///
    /// # Errors
    /// [`Error::Columns`] for rows of another length than the points; [`Error::Core`] for values that are not finite, and
    /// [`Error::Domain`] for values that the metric is not defined for, with row (of those given) and column, or for more
    /// rows than ids can name; [`Error::Overflow`] and [`Error::NotADistance`] for distances that are not finite;
    /// [`Error::Cancelled`]. Rows that are far larger than the first points may be an overflow, too: how values are scaled
    /// stays as it was found for these.
    pub fn add_with<'m>(&mut self, rows: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<()> {
        let x = rows.into();
        self.check_cols(x.cols())?;
        cx.run(|cx| {
            x.check()?;
            if x.rows() > 0 {
                *self = self.grown(x, cx)?;
            }
            Ok(())
        })?
    }

    fn grown(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Self> {
        let n = self.len();
        let all = n + x.rows();
        if u32::try_from(all).is_err() {
            return Err(planisphere_core::Error::TooManyRows { rows: all }.into());
        }
        // Before anything is copied: rows that the metric is not defined for.
        let given = self.space.rows(x)?;
        let mut data = Vec::with_capacity(all * self.cols());
        data.extend_from_slice(self.points.data());
        data.extend_from_slice(x.data());
        let points = Arc::new(Matrix::from_vec(all, self.cols(), data)?);
        let Some(search) = &self.search else {
            let space = self.measure().space(points.view(), self.space.simd())?;
            let rows = space.shared_rows(&points)?;
            return Ok(Self { base: all, points, space, rows, search: None, effort: self.effort });
        };
        let simd = self.space.simd();
        let metric = self.metric().unwrap_or(&Metric::Euclidean);
        let stand_in = StandIn::sized(metric, &self.space, &given, x, simd, search.factor)?;
        let token = cx.token();
        let coded = search.coder.code(simd, stand_in.vectors(), stand_in.squares(), &token)?;
        if let Some(row) = coded.norms.iter().position(|norm| !norm.is_finite()) {
            // Its distance to the center is beyond what can be squared.
            return Err(Error::Overflow { row, other: 0 });
        }
        let home = search.centers.nearest(simd, &coded, 1, &token)?;
        let search = search.with_places(coded, &home);
        let space = self.space.clone();
        let rows = space.shared_rows(&points)?;
        let mut index = Self { points, space, rows, base: self.base, search: None, effort: 1.0 };
        let search = index.connect(search, n, cx, &token)?;
        Ok(Self { search: Some(search), effort: self.effort, ..index })
    }

    /// Finds the neighbors of the rows from `from` on, which have none yet, and makes them neighbors of others.
    fn connect(
        &mut self,
        mut search: GraphSearch,
        from: usize,
        cx: &mut Context<'_>,
        token: &CancelToken,
    ) -> Result<GraphSearch> {
        let places = search.places();
        let mut stale = 0;
        let total = (self.len() - from) as u64;
        for wave in (from..self.len()).step_by(WAVE) {
            cx.progress((wave - from) as u64, total)?;
            let rows = wave..self.len().min(wave + WAVE);
            let this: &Self = self;
            let found: Vec<Result<Vec<(f32, u32)>>> = rows
                .clone()
                .into_par_iter()
                .map_init(Scratch::default, |scratch, row| {
                    token.check()?;
                    this.offers(&search, row, places[row], &places, scratch, token)
                })
                .collect();
            for (row, found) in rows.zip(found) {
                let place = places[row];
                for (dist, other) in found.map_err(|e| from_given(e, from))? {
                    search.lists.insert(&search.groups.order, place as usize, dist, other);
                    search.lists.insert(&search.groups.order, other as usize, dist, place);
                }
            }
            // Links take a pass over all lists: between two of them, what is new is found through lists alone.
            stale += WAVE;
            if stale >= self.len() / 8 {
                search.links = Links::of(&search.lists);
                stale = 0;
            }
        }
        if stale > 0 {
            search.links = Links::of(&search.lists);
        }
        cx.progress(total, total)?;
        Ok(search)
    }
}

impl Index {
    /// Distances and places of the neighbors of a new row, and of others that have farther neighbors than it.
    fn offers(
        &self,
        search: &GraphSearch,
        row: usize,
        place: u32,
        places: &[u32],
        s: &mut Scratch,
        token: &CancelToken,
    ) -> Result<Vec<(f32, u32)>> {
        let (p, proxy) = (place as usize, &search.groups.proxy);
        let asked = Asked { rows: &self.rows, first: 0 };
        let query = Query {
            asked,
            at: row,
            codes: proxy.row(p),
            scale: proxy.scales[p],
            norm: proxy.norms[p],
            skip: Some(place),
        };
        let wanted = Wanted { k: FARTHER * search.lists.k, filter: None, token };
        let found = self.find(search, &query, wanted, &mut s.beam, &mut s.scan)?;
        let mut offers: Vec<(f32, u32)> = found.iter().map(|&(d, row)| (d, places[row as usize])).collect();
        let mut near: Vec<(f32, u32)> = s.beam.looked_at.take().unwrap_or_default();
        near.retain(|&(d, other)| {
            let last = search.lists.last(other as usize);
            match search.lengths {
                Some(lengths) if last.is_finite() => d <= SLACK * lengths.most(last) * lengths.most(last),
                _ => d < last,
            }
        });
        s.rows.clear();
        s.rows.extend(near.iter().map(|e| search.groups.order[e.1 as usize]));
        s.dists.resize(s.rows.len(), 0.0);
        self.space.distances_to(&self.rows, row, &self.rows, &s.rows, &mut s.dists);
        offers.extend(s.dists.iter().copied().zip(near.iter().map(|e| e.1)).filter(|e| e.0.is_finite()));
        s.beam.looked_at = Some(near);
        Ok(offers)
    }
}

/// Buffers of one thread.
struct Scratch {
    beam: Beam,
    scan: Scan,
    rows: Vec<u32>,
    dists: Vec<f32>,
}

impl Default for Scratch {
    fn default() -> Self {
        let mut beam = Beam::default();
        beam.looked_at = Some(Vec::new());
        Self { beam, scan: Scan::default(), rows: Vec::new(), dists: Vec::new() }
    }
}

/// The same error, where the first row is counted from row `from` on.
fn from_given(error: Error, from: usize) -> Error {
    match error {
        Error::Overflow { row, other } => Error::Overflow { row: row - from, other },
        Error::NotADistance { row, other, value } => Error::NotADistance { row: row - from, other, value },
        other => other,
    }
}

impl GraphSearch {
    /// The same with more rows, whose codes and groups are given, in the order of the groups; they have no neighbors yet.
    fn with_places(&self, coded: Proxy, home: &[u16]) -> Self {
        let n = self.groups.len();
        let all = n + coded.len();
        let groups = self.centers.len();
        let mut newcomers = vec![Vec::new(); groups];
        for (row, &group) in (n as u32..).zip(home) {
            newcomers[usize::from(group)].push(row);
        }
        // Of each new place the old one, or from n on the row.
        let mut source = Vec::with_capacity(all);
        let mut bounds = vec![0];
        for (group, newcomers) in newcomers.iter().enumerate() {
            source.extend(self.groups.bounds[group] as u32..self.groups.bounds[group + 1] as u32);
            source.extend_from_slice(newcomers);
            bounds.push(source.len());
        }
        let mut proxy = self.groups.proxy.clone();
        proxy.codes.extend_from_slice(&coded.codes);
        proxy.scales.extend_from_slice(&coded.scales);
        proxy.norms.extend_from_slice(&coded.norms);
        let proxy = proxy.reordered(&source);
        let mut moved = vec![0u32; all];
        source.iter().zip(0..).for_each(|(&from, to)| moved[from as usize] = to);
        let mut lists = Lists::new(all, self.lists.k);
        for (place, &from) in source.iter().enumerate().filter(|s| (*s.1 as usize) < n) {
            let at = place * lists.k..(place + 1) * lists.k;
            lists.dists[at.clone()].copy_from_slice(self.lists.dists(from as usize));
            for (id, &old) in lists.ids[at].iter_mut().zip(self.lists.ids(from as usize)) {
                *id = moved.get(old as usize).copied().unwrap_or(NOBODY);
            }
        }
        let order = source.iter().map(|&from| self.groups.order.get(from as usize).copied().unwrap_or(from)).collect();
        Self {
            coder: self.coder.clone(),
            factor: self.factor,
            centers: self.centers.clone(),
            links: Links::of(&lists),
            groups: Groups { proxy, order, bounds },
            lists,
            lengths: self.lengths,
            width: self.width,
            recall: self.recall,
        }
    }
}
