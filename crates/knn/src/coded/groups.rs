//! Coded rows in the order of their groups, and lists of neighbors in that order.

use crate::coded::centers::{Centers, group_by};
use crate::coded::proxy::Proxy;
use crate::error::Result;
use planisphere_core::KnnGraph;
use rayon::prelude::*;

/// Coded rows, those of a group side by side. A place is a position in this order.
#[derive(Clone)]
pub(crate) struct Groups {
    pub(crate) proxy: Proxy,
    /// Row at each place.
    pub(crate) order: Vec<u32>,
    /// First place of each group, and the number of places.
    pub(crate) bounds: Vec<usize>,
}

impl Groups {
    /// The groups of rows whose `probes` nearest centers are `near`; and `near` in the new order.
    pub(crate) fn new(proxy: Proxy, centers: &Centers, near: Vec<u16>, probes: usize) -> (Self, Vec<u16>) {
        let home: Vec<u16> = near.iter().step_by(probes).copied().collect();
        let (order, bounds) = group_by(&home, centers.len());
        drop(home);
        let mut probed = Vec::with_capacity(near.len());
        for &i in &order {
            probed.extend_from_slice(&near[i as usize * probes..(i as usize + 1) * probes]);
        }
        drop(near);
        (Self { proxy: proxy.reordered(&order), order, bounds }, probed)
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }
}

/// Lists of neighbors while they are looked for: k for each place, ascending by (distance, row), ids are places.
#[derive(Clone)]
pub(crate) struct Lists {
    pub(crate) k: usize,
    pub(crate) ids: Vec<u32>,
    pub(crate) dists: Vec<f32>,
}

/// The id in places of a list that nothing was found for yet; their distance is infinite.
pub(crate) const NOBODY: u32 = u32::MAX;

impl Lists {
    pub(crate) fn new(n: usize, k: usize) -> Self {
        Self { k, ids: vec![NOBODY; n * k], dists: vec![f32::INFINITY; n * k] }
    }

    /// Ids of list `i`.
    pub(crate) fn ids(&self, i: usize) -> &[u32] {
        &self.ids[i * self.k..(i + 1) * self.k]
    }

    /// Distances of list `i`.
    pub(crate) fn dists(&self, i: usize) -> &[f32] {
        &self.dists[i * self.k..(i + 1) * self.k]
    }

    /// The distance of the last neighbor of list `i`.
    pub(crate) fn last(&self, i: usize) -> f32 {
        self.dists[(i + 1) * self.k - 1]
    }

    /// Whether a neighbor of list `i` at distance `dist` stands before its last.
    #[inline]
    pub(crate) fn admits(&self, order: &[u32], i: usize, dist: f32, id: u32) -> bool {
        let last = self.last(i);
        dist < last || (dist == last && order[id as usize] < row_of(order, self.ids[(i + 1) * self.k - 1]))
    }

    /// Puts a neighbor into list `i`, where it belongs and is not there yet. Gives its position.
    pub(crate) fn insert(&mut self, order: &[u32], i: usize, dist: f32, id: u32) -> Option<usize> {
        if !self.admits(order, i, dist, id) || self.ids(i).contains(&id) {
            return None;
        }
        let at = i * self.k..(i + 1) * self.k;
        Some(insert(order, &mut self.ids[at.clone()], &mut self.dists[at], dist, id))
    }

    /// The lists as a graph of rows.
    pub(crate) fn into_graph(self, order: &[u32]) -> Result<KnnGraph> {
        let (n, k) = (order.len(), self.k);
        let mut place = vec![0u32; n];
        for (p, &row) in order.iter().enumerate() {
            place[row as usize] = p as u32;
        }
        let mut ids = vec![0u32; n * k];
        ids.par_chunks_mut(k).zip(&place).for_each(|(ids, &p)| {
            for (id, &other) in ids.iter_mut().zip(self.ids(p as usize)) {
                *id = row_of(order, other);
            }
        });
        drop(self.ids);
        let mut dists = vec![0f32; n * k];
        dists.par_chunks_mut(k).zip(&place).for_each(|(dists, &p)| {
            dists.copy_from_slice(&self.dists[p as usize * k..(p as usize + 1) * k]);
        });
        drop(self.dists);
        Ok(KnnGraph::new(n, k, ids, dists)?)
    }
}

/// The row at a place; the largest number for nobody.
#[inline]
pub(crate) fn row_of(order: &[u32], place: u32) -> u32 {
    order.get(place as usize).copied().unwrap_or(u32::MAX)
}

/// Puts a neighbor that is before the last into its place of an ascending list. Gives its position.
#[inline]
pub(crate) fn insert(order: &[u32], ids: &mut [u32], dists: &mut [f32], dist: f32, id: u32) -> usize {
    let row = row_of(order, id);
    let mut at = ids.len() - 1;
    while at > 0 && (dist < dists[at - 1] || (dist == dists[at - 1] && row < row_of(order, ids[at - 1]))) {
        ids[at] = ids[at - 1];
        dists[at] = dists[at - 1];
        at -= 1;
    }
    ids[at] = id;
    dists[at] = dist;
    at
}
