//! How far queries have to look: asked of a sample of points, as if they were none.

use super::Index;
use super::beam::{Beam, Query};
use super::graph_search::GraphSearch;
use super::scan::Asked;
use crate::coded::sample::Sample;
use crate::error::Result;
use planisphere_core::CancelToken;
use rayon::prelude::*;

/// How far a query looks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Width {
    /// Points that are kept while looking.
    pub(super) beam: usize,
    /// Groups whose points are looked at first.
    pub(super) probes: usize,
}

/// Widths that are tried, narrowest first: points for each neighbor that is wanted, and groups.
const WIDTHS: [(f64, usize); 10] =
    [(1.2, 2), (1.6, 2), (2.0, 3), (3.0, 3), (4.0, 4), (6.0, 6), (9.0, 8), (14.0, 12), (22.0, 16), (40.0, 32)];
/// Fewest points that are kept.
const FEWEST: usize = 16;

impl Width {
    /// For `k` neighbors what this is for `degree`, at some effort.
    pub(super) fn for_neighbors(self, k: usize, degree: usize, effort: f64) -> Self {
        let scaled = |v: usize, by: f64| (v as f64 * by).ceil().max(1.0) as usize;
        let beam = scaled(self.beam, effort * (k as f64 / degree as f64).max(1.0));
        Self { beam: beam.max(k.saturating_add(1)), probes: scaled(self.probes, effort.max(0.5)) }
    }
}

/// The narrowest width that finds a share `recall` of the sample's neighbors, and the share that it finds.
pub(super) fn calibrate(
    index: &Index,
    search: &GraphSearch,
    sample: &Sample,
    recall: f64,
    token: &CancelToken,
) -> Result<(Width, f64)> {
    let places = sample.places(&search.groups.order);
    let asked = Asked { rows: &index.rows, first: 0 };
    let proxy = &search.groups.proxy;
    let mut reached = (Width::default(), 0.0);
    for (factor, probes) in WIDTHS {
        let beam = ((factor * sample.k as f64).ceil() as usize).max(FEWEST).min(index.len());
        let width = Width { beam, probes };
        let hits = sample
            .rows
            .par_iter()
            .zip(&places)
            .zip(sample.dists().par_chunks(sample.k))
            .map_init(Beam::default, |beam, ((&row, &place), truth)| {
                token.check()?;
                let p = place as usize;
                let query = Query {
                    asked,
                    at: row as usize,
                    codes: proxy.row(p),
                    scale: proxy.scales[p],
                    norm: proxy.norms[p],
                    skip: Some(place),
                };
                beam.run(index, search, &query, width, None);
                let last = truth[sample.k - 1];
                Ok(beam.found.iter().take(sample.k).filter(|e| e.0 <= last).count())
            })
            .sum::<Result<usize>>()?;
        reached = (width, hits as f64 / sample.dists().len().max(1) as f64);
        if reached.1 >= recall {
            break;
        }
    }
    Ok(reached)
}
