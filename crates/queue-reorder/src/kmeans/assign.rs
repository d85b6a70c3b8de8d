//! Which center is nearest to each row, by bounds where they tell, and by products where they do not.

use super::centers::Centers;
use super::rows::Rows;
use crate::error::{Error, Result};
use planisphere_core::{CancelToken, MatrixView};
use planisphere_kernels::{Simd, gather, tiles};
use rayon::prelude::*;

/// Bounds that are kept for each row, at most.
const GROUPS: usize = 64;
/// Products that a task computes at once, at most: what stays in the second-level cache.
const PRODUCTS: usize = 1 << 16;
/// Rows that are measured to more than one in so many centers are measured to all: tiles of products are about so much
/// faster than single ones.
const DENSE: usize = 2;
/// More than the roundings of a bound, of which there are at most four a pass, each of half of this.
const ROUNDING: f32 = 4.0 * f32::EPSILON;

/// The nearest center of each row, with bounds on distances: to it from above, and to the nearest other center of each
/// group from below. Bounds only save time: what is found is what comparing all pairs finds.
pub(super) struct Assignment {
    /// The nearest center of each row, of equally near ones the first.
    pub(super) labels: Vec<u32>,
    upper: Vec<f32>,
    /// rows × groups.
    lower: Vec<f32>,
    /// Centers of a group, which follow one another.
    group: usize,
    groups: usize,
    fresh: bool,
}

/// What a task works with.
#[derive(Default)]
struct Scratch {
    /// Rows of the block that are measured to all centers.
    dense: Vec<u32>,
    gathered: Vec<f32>,
    products: Vec<f32>,
    /// Groups whose bounds do not tell, and their centers.
    open: Vec<u32>,
    ids: Vec<u32>,
    lows: Vec<Low>,
}

/// The two nearest of a group.
#[derive(Clone, Copy)]
struct Low {
    score: f64,
    id: u32,
    second: f64,
}

impl Low {
    const NONE: Self = Self { score: f64::INFINITY, id: u32::MAX, second: f64::INFINITY };

    #[inline]
    fn add(&mut self, score: f64, id: u32) {
        // Centers come in ascending order, or else the order by id is made here.
        if score < self.score || (score == self.score && id < self.id) {
            self.second = self.score;
            (self.score, self.id) = (score, id);
        } else if score < self.second {
            self.second = score;
        }
    }

    /// The nearest but for this center.
    fn without(&self, id: u32) -> f64 {
        if self.id == id { self.second } else { self.score }
    }
}

impl Assignment {
    pub(super) fn new(n: usize, k: usize) -> Self {
        let group = k.div_ceil(GROUPS).max(1);
        let groups = k.div_ceil(group);
        Self {
            labels: vec![u32::MAX; n],
            upper: vec![f32::INFINITY; n],
            lower: vec![0.0; n * groups],
            group,
            groups,
            fresh: true,
        }
    }

    /// Puts a row into another cluster, whose center will come to it.
    pub(super) fn put(&mut self, row: usize, label: u32) {
        let old = self.labels[row] as usize;
        self.labels[row] = label;
        self.upper[row] = f32::INFINITY;
        self.lower[row * self.groups + old / self.group] = 0.0;
    }

    /// Finds the nearest centers, and how many rows have others than before.
    pub(super) fn update(&mut self, rows: &Rows, centers: &Centers, token: &CancelToken) -> Result<usize> {
        let (group, groups, k) = (self.group, self.groups, centers.x.rows());
        let block = (PRODUCTS / k).clamp(8, 256);
        let drift: Vec<f32> = centers.drift.chunks(group).map(|g| g.iter().copied().fold(0.0, f32::max)).collect();
        let pass =
            Pass { rows, centers, simd: Simd::detect(), group, groups, drift: &drift, fresh: self.fresh, first: 0 };
        self.fresh = false;
        (self.labels.par_chunks_mut(block))
            .zip(self.upper.par_chunks_mut(block))
            .zip(self.lower.par_chunks_mut(block * groups))
            .enumerate()
            .map_init(Scratch::default, |scratch, (b, ((labels, upper), lower))| {
                token.check()?;
                let pass = Pass { first: b * block, ..pass };
                Ok::<_, Error>(pass.block(scratch, labels, upper, lower))
            })
            .try_reduce(|| 0, |a, b| Ok(a + b))
    }
}

/// One pass over the rows, at one block of them.
#[derive(Clone, Copy)]
struct Pass<'a> {
    rows: &'a Rows,
    centers: &'a Centers,
    simd: Simd,
    group: usize,
    groups: usize,
    /// How far the centers of each group moved at most.
    drift: &'a [f32],
    fresh: bool,
    /// The first row of the block.
    first: usize,
}

impl Pass<'_> {
    fn block(&self, scratch: &mut Scratch, labels: &mut [u32], upper: &mut [f32], lower: &mut [f32]) -> usize {
        let k = self.centers.x.rows();
        let mut changed = 0;
        scratch.dense.clear();
        for (i, lower) in lower.chunks_exact_mut(self.groups).enumerate() {
            if self.fresh || self.row(scratch, i, &mut labels[i], &mut upper[i], lower, &mut changed) {
                scratch.dense.push(i as u32);
            }
        }
        let dense = std::mem::take(&mut scratch.dense);
        let x = self.rows.x.view();
        let d = x.cols();
        let view = if dense.len() == labels.len() {
            x.slice(self.first, self.first + labels.len())
        } else {
            scratch.gathered.clear();
            dense.iter().for_each(|&i| scratch.gathered.extend_from_slice(x.row(self.first + i as usize)));
            MatrixView::new(dense.len(), d, &scratch.gathered).expect("one row was gathered for each")
        };
        scratch.products.resize(dense.len() * k, 0.0);
        tiles::dot_tiles(self.simd, view, self.centers.x.view(), &mut scratch.products);
        for (&i, products) in dense.iter().zip(scratch.products.chunks_exact(k)) {
            let i = i as usize;
            let old = labels[i];
            let lower = &mut lower[i * self.groups..(i + 1) * self.groups];
            (labels[i], upper[i]) = self.dense(&mut scratch.lows, self.first + i, products, lower);
            changed += usize::from(labels[i] != old);
        }
        scratch.dense = dense;
        changed
    }

    /// What orders the centers of a row: the squared distance less the square of the row.
    #[inline]
    fn score(&self, center: u32, product: f32) -> f64 {
        self.centers.squares[center as usize] - 2.0 * f64::from(product)
    }

    /// Not above the distance that a score stands for.
    fn low(&self, row: usize, score: f64) -> f32 {
        let squared = self.rows.squares[row] + score - self.rows.error;
        squared.max(0.0).sqrt() as f32 * (1.0 - ROUNDING)
    }

    /// Not below it.
    fn high(&self, row: usize, score: f64) -> f32 {
        let squared = self.rows.squares[row] + score + self.rows.error;
        squared.max(0.0).sqrt() as f32 * (1.0 + ROUNDING)
    }

    /// Whether no computed distance to a center of a group can be as small as that to the row's own.
    #[inline]
    fn tells(&self, lower: f32, upper: f32) -> bool {
        f64::from(lower) * f64::from(lower) - f64::from(upper) * f64::from(upper) > 2.0 * self.rows.error
    }

    /// All distances of a row: its label, the bound on the distance to it, and the bounds of all groups.
    fn dense(&self, lows: &mut Vec<Low>, row: usize, products: &[f32], lower: &mut [f32]) -> (u32, f32) {
        lows.clear();
        let mut best = Low::NONE;
        for (g, products) in products.chunks(self.group).enumerate() {
            let mut low = Low::NONE;
            for (j, &product) in products.iter().enumerate() {
                let id = (g * self.group + j) as u32;
                low.add(self.score(id, product), id);
            }
            best.add(low.score, low.id);
            lows.push(low);
        }
        for (lower, low) in lower.iter_mut().zip(lows) {
            *lower = self.low(row, low.without(best.id));
        }
        (best.id, self.high(row, best.score))
    }

    /// Moves the bounds of a row and, if they do not tell, measures what is in question. Whether the row is to be measured
    /// to all centers instead.
    fn row(
        &self,
        scratch: &mut Scratch,
        i: usize,
        label: &mut u32,
        upper: &mut f32,
        lower: &mut [f32],
        changed: &mut usize,
    ) -> bool {
        *upper = (*upper + self.centers.drift[*label as usize]) * (1.0 + ROUNDING);
        let mut all = true;
        for (lower, drift) in lower.iter_mut().zip(self.drift) {
            *lower = (*lower - drift).max(0.0) * (1.0 - ROUNDING);
            all &= self.tells(*lower, *upper);
        }
        if all {
            return false;
        }
        let row = self.first + i;
        let x = self.rows.x.row(row);
        let mut product = [0.0];
        gather::dot_to(self.simd, x, self.centers.x.view(), &[*label], &mut product);
        let own = self.score(*label, product[0]);
        *upper = self.high(row, own);
        scratch.open.clear();
        scratch.ids.clear();
        let k = self.centers.x.rows();
        for (g, &lower) in lower.iter().enumerate() {
            if !self.tells(lower, *upper) {
                scratch.open.push(g as u32);
                scratch.ids.extend((g * self.group..k.min((g + 1) * self.group)).map(|c| c as u32));
            }
        }
        if scratch.open.is_empty() {
            return false;
        }
        if scratch.ids.len() * DENSE > k {
            return true;
        }
        scratch.products.resize(scratch.ids.len(), 0.0);
        gather::dot_to(self.simd, x, self.centers.x.view(), &scratch.ids, &mut scratch.products);
        scratch.lows.clear();
        scratch.lows.resize(scratch.open.len(), Low::NONE);
        let mut best = Low::NONE;
        best.add(own, *label);
        let mut at = 0;
        for (&g, low) in scratch.open.iter().zip(&mut scratch.lows) {
            while at < scratch.ids.len() && scratch.ids[at] as usize / self.group == g as usize {
                low.add(self.score(scratch.ids[at], scratch.products[at]), scratch.ids[at]);
                at += 1;
            }
            if low.id != *label {
                best.add(low.score, low.id);
            }
        }
        // The row's own center is another one for it now, unless it stays the nearest.
        let home = *label as usize / self.group;
        if best.id != *label {
            lower[home] = lower[home].min(self.low(row, own));
            *changed += 1;
            *label = best.id;
            *upper = self.high(row, best.score);
        }
        for (&g, low) in scratch.open.iter().zip(&scratch.lows) {
            lower[g as usize] = self.low(row, low.without(best.id));
        }
        false
    }
}
