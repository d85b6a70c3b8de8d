//! From the groups nearest to a query along the neighbor graph, always from the nearest point that is known.
//!
//! Best-first search with a bounded list (Malkov and Yashunin 2018, algorithm 2), on one layer: the groups of k-means take
//! the place of the layers above. Where coded distances tell enough, only those who stay in the end are measured.

use super::Index;
use super::calibrate::Width;
use super::graph_search::GraphSearch;
use super::scan::{Asked, Filter, order};
use crate::coded::groups::{Lists, NOBODY};
use crate::coded::pool::Pool;
use planisphere_kernels::codes;

/// Rows of a group that a query looks at: of one that is far too large, as rows that are all equal make it, not all.
const MOST: usize = 1 << 13;

/// For each place others that have it in their lists, without being in its own: the nearest, at most as many as a list
/// holds.
#[derive(Clone)]
pub(super) struct Links {
    starts: Vec<usize>,
    ids: Vec<u32>,
}

impl Links {
    pub(super) fn of(lists: &Lists) -> Self {
        let k = lists.k;
        let n = lists.ids.len() / k.max(1);
        let mut counts = vec![0usize; n];
        // First come the first places of all lists, so that who is near is not pushed out by who is not.
        let each = |counts: &mut [usize], take: &mut dyn FnMut(usize, usize, u32)| {
            for p in 0..k {
                for u in 0..n {
                    let v = lists.ids[u * k + p];
                    if v == NOBODY || counts[v as usize] == k || lists.ids(v as usize).contains(&(u as u32)) {
                        continue;
                    }
                    take(v as usize, counts[v as usize], u as u32);
                    counts[v as usize] += 1;
                }
            }
        };
        each(&mut counts, &mut |_, _, _| {});
        let mut starts = Vec::with_capacity(n + 1);
        starts.push(0);
        for (i, count) in counts.iter_mut().enumerate() {
            starts.push(starts[i] + *count);
            *count = 0;
        }
        let mut ids = vec![0u32; starts[n]];
        each(&mut counts, &mut |v, at, u| ids[starts[v] + at] = u);
        Self { starts, ids }
    }

    fn get(&self, place: usize) -> &[u32] {
        &self.ids[self.starts[place]..self.starts[place + 1]]
    }
}

/// A query, prepared and coded.
#[derive(Clone, Copy)]
pub(super) struct Query<'a, 'm> {
    pub(super) asked: Asked<'a, 'm>,
    /// Which of the rows.
    pub(super) at: usize,
    pub(super) codes: &'a [i8],
    pub(super) scale: f32,
    pub(super) norm: f32,
    /// A place that is taken not to be there.
    pub(super) skip: Option<u32>,
}

/// A point that is known to be near.
#[derive(Clone, Copy)]
struct Entry {
    dist: f32,
    place: u32,
    /// Whether its neighbors were looked at.
    done: bool,
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Beam {
    /// The last query that saw each place.
    seen: Vec<u32>,
    stamp: u32,
    entries: Vec<Entry>,
    pool: Pool,
    nearest: Vec<(f32, u32)>,
    ids: Vec<u32>,
    rows: Vec<u32>,
    dists: Vec<f32>,
    /// What was found: true distances and rows, in order.
    pub(super) found: Vec<(f32, u32)>,
    /// If wanted, all places that were looked at, with the distances by which they were.
    pub(super) looked_at: Option<Vec<(f32, u32)>>,
}

impl Beam {
    /// Fills `found` with what passes of the points that are left in the end.
    pub(super) fn run(
        &mut self,
        index: &Index,
        search: &GraphSearch,
        query: &Query<'_, '_>,
        width: Width,
        filter: Filter<'_>,
    ) {
        self.start(search.groups.len());
        self.enter(index, search, query, width);
        let mut next = 0;
        while let Some(entry) = self.entries.get_mut(next) {
            if std::mem::replace(&mut entry.done, true) {
                next += 1;
                continue;
            }
            let place = entry.place as usize;
            self.ids.clear();
            for &id in search.lists.ids(place).iter().chain(search.links.get(place)) {
                if id != NOBODY && self.seen[id as usize] != self.stamp {
                    self.seen[id as usize] = self.stamp;
                    self.ids.push(id);
                }
            }
            self.measure(index, search, query, search.coded());
            for at in 0..self.ids.len() {
                next = next.min(self.insert(self.dists[at], self.ids[at], width.beam));
            }
        }
        self.finish(index, search, query, filter);
    }

    fn start(&mut self, n: usize) {
        self.seen.resize(n, 0);
        if self.stamp == u32::MAX {
            self.seen.fill(0);
            self.stamp = 0;
        }
        self.stamp += 1;
        self.entries.clear();
        self.looked_at.iter_mut().for_each(Vec::clear);
    }

    /// The best of the groups nearest to the query.
    fn enter(&mut self, index: &Index, search: &GraphSearch, query: &Query<'_, '_>, width: Width) {
        let simd = index.space.simd();
        let centers = &search.centers.proxy;
        self.ids.clear();
        self.ids.extend(0..centers.len() as u32);
        self.dists.resize(self.ids.len(), 0.0);
        codes::squared_to(simd, query.codes, query.scale, query.norm, centers.rows(), &self.ids, &mut self.dists);
        self.nearest.clear();
        self.nearest.extend(self.dists.iter().copied().zip(0..));
        let probes = width.probes.clamp(1, self.nearest.len());
        self.nearest.select_nth_unstable_by(probes - 1, order);
        self.nearest.truncate(probes);
        self.nearest.sort_unstable_by(order);
        self.pool.start(width.beam, f32::MAX);
        if let Some(skip) = query.skip {
            self.seen[skip as usize] = self.stamp;
        }
        for at in 0..probes {
            let group = self.nearest[at].1 as usize;
            let (from, to) = (search.groups.bounds[group], search.groups.bounds[group + 1]);
            self.ids.clear();
            self.ids.extend((from as u32..to.min(from + MOST) as u32).filter(|&id| Some(id) != query.skip));
            self.seen[from..to.min(from + MOST)].fill(self.stamp);
            self.measure(index, search, query, true);
            for (&d, &id) in self.dists.iter().zip(&self.ids) {
                self.pool.push(d, id);
            }
        }
        self.pool.finish();
        self.ids.clear();
        self.ids.extend(self.pool.entries.iter().map(|e| e.1));
        if search.coded() {
            self.dists.clear();
            self.dists.extend(self.pool.entries.iter().map(|e| e.0));
        } else {
            self.measure(index, search, query, false);
        }
        self.entries.extend(
            self.dists.iter().zip(&self.ids).filter(|e| e.0.is_finite()).map(|(&dist, &place)| Entry {
                dist,
                place,
                done: false,
            }),
        );
        self.entries.sort_unstable_by(|a, b| a.dist.total_cmp(&b.dist).then(a.place.cmp(&b.place)));
    }

    /// Distances of the query to the places `ids`.
    fn measure(&mut self, index: &Index, search: &GraphSearch, query: &Query<'_, '_>, coded: bool) {
        self.dists.resize(self.ids.len(), 0.0);
        if coded {
            let rows = search.groups.proxy.rows();
            let simd = index.space.simd();
            codes::squared_to(simd, query.codes, query.scale, query.norm, rows, &self.ids, &mut self.dists);
        } else {
            self.rows.clear();
            self.rows.extend(self.ids.iter().map(|&id| search.groups.order[id as usize]));
            index.space.distances_to(query.asked.rows, query.at, &index.rows, &self.rows, &mut self.dists);
        }
        if let Some(all) = &mut self.looked_at
            && coded == search.coded()
        {
            all.extend(self.dists.iter().copied().zip(self.ids.iter().copied()));
        }
    }

    /// Takes a point if it is among the nearest. Gives its position, or a large number.
    fn insert(&mut self, dist: f32, place: u32, most: usize) -> usize {
        let before = |e: &Entry| e.dist < dist || (e.dist == dist && e.place < place);
        if !dist.is_finite() || (self.entries.len() == most && self.entries.last().is_none_or(before)) {
            return usize::MAX;
        }
        let at = self.entries.partition_point(before);
        if self.entries.len() == most {
            self.entries.pop();
        }
        self.entries.insert(at, Entry { dist, place, done: false });
        at
    }

    fn finish(&mut self, index: &Index, search: &GraphSearch, query: &Query<'_, '_>, filter: Filter<'_>) {
        let order_of = &search.groups.order;
        self.rows.clear();
        self.dists.clear();
        for e in &self.entries {
            let row = order_of[e.place as usize];
            if filter.is_none_or(|passes| passes(row)) {
                self.rows.push(row);
                self.dists.push(e.dist);
            }
        }
        if search.coded() {
            index.space.distances_to(query.asked.rows, query.at, &index.rows, &self.rows, &mut self.dists);
        }
        self.found.clear();
        self.found.extend(self.dists.iter().copied().zip(self.rows.iter().copied()));
        self.found.sort_unstable_by(order);
    }
}
