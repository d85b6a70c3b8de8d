//! The neighbor graph as a way to find the neighbors of other rows.

use super::Index;
use super::beam::Links;
use super::calibrate::{Width, calibrate};
use crate::coded::centers::Centers;
use crate::coded::groups::{Groups, Lists, row_of};
use crate::coded::measured::Lengths;
use crate::coded::proxy::Coder;
use crate::coded::search::Found;
use crate::error::{Error, Result};
use crate::exact::check_shape;
use crate::space::Space;
use crate::stand_in::StandIn;
use planisphere_core::{CancelToken, KnnGraph};
use rayon::prelude::*;

/// Coded points in groups, with their neighbors.
#[derive(Clone)]
pub(super) struct GraphSearch {
    pub(super) coder: Coder,
    /// What stand-ins of rows are multiplied by, as those of the points were.
    pub(super) factor: f64,
    pub(super) centers: Centers,
    pub(super) groups: Groups,
    pub(super) lists: Lists,
    pub(super) links: Links,
    /// How lengths bound distances; without it, coded distances do not order the points as the distances do.
    pub(super) lengths: Option<Lengths>,
    /// How far queries look for as many neighbors as the lists have.
    pub(super) width: Width,
    pub(super) recall: f64,
}

impl GraphSearch {
    /// Puts what was found into `index`, and finds out how far queries have to look for a share `recall` of the neighbors.
    pub(super) fn install(index: &mut Index, found: Found, recall: f64, token: &CancelToken) -> Result<()> {
        let Found { coder, centers, mut groups, lists, sample, .. } = found;
        // Nothing is to be proven any more.
        groups.proxy.errors = Vec::new();
        let factor = StandIn::factor(&index.space, &index.rows);
        let mut search = Self {
            factor,
            links: Links::of(&lists),
            lengths: lengths(&index.space, index.cols(), factor),
            coder,
            centers,
            groups,
            lists,
            width: Width::default(),
            recall: 0.0,
        };
        (search.width, search.recall) = calibrate(index, &search, &sample, recall, token)?;
        index.search = Some(search);
        Ok(())
    }

    pub(super) fn recall(&self) -> f64 {
        self.recall
    }

    /// Whether coded distances order the points nearly as the distances do.
    pub(super) fn coded(&self) -> bool {
        self.lengths.is_some()
    }

    /// The place of each row.
    pub(super) fn places(&self) -> Vec<u32> {
        let mut places = vec![0u32; self.groups.len()];
        self.groups.order.iter().zip(0..).for_each(|(&row, place)| places[row as usize] = place);
        places
    }

    /// The first `k` neighbors of each row.
    pub(super) fn graph(&self, k: usize) -> Result<KnnGraph> {
        let (n, degree) = (self.groups.len(), self.lists.k);
        check_shape(n, 1, k)?;
        if k > degree {
            let reason = format!("must be at most {degree}, which the approximate index was built for");
            return Err(Error::InvalidParam { param: "k", value: k.to_string(), reason });
        }
        let places = self.places();
        let (mut ids, mut dists) = (vec![0u32; n * k], vec![0f32; n * k]);
        ids.par_chunks_mut(k).zip(dists.par_chunks_mut(k)).zip(&places).for_each(|((ids, dists), &place)| {
            let place = place as usize;
            for (id, &other) in ids.iter_mut().zip(self.lists.ids(place)) {
                *id = row_of(&self.groups.order, other);
            }
            dists.copy_from_slice(&self.lists.dists(place)[..k]);
        });
        Ok(KnnGraph::new(n, k, ids, dists)?)
    }
}

/// How lengths bound the distances of the space, if they do.
pub(super) fn lengths(space: &Space, cols: usize, factor: f64) -> Option<Lengths> {
    space.dense().filter(|_| factor == 1.0).and_then(|dense| Lengths::of(dense, cols))
}
