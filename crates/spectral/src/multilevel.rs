//! The lowest eigenvectors by way of coarser graphs.
//!
//! A filter alone needs as many products as the graph has steps from end to end. Coarse graphs find the slow shapes at
//! little cost, and each finer graph only has to smooth what it is handed (cascadic multigrid, Bornemann & Deuflhard 1996).

use crate::block::{Block, CHUNK, GROUP, Real, Ritz};
use crate::coarsen;
use crate::error::Result;
use crate::walk::Walk;
use planisphere_core::{CancelToken, Cancelled};
use rayon::prelude::*;

/// Vectors beyond the wanted ones, which make the wanted ones converge.
const SPARE: usize = 4;
/// Graphs up to this size are not made coarser.
const COARSEST: usize = 300;
/// A coarser graph has at most this share of the rows, or it is not worth its making.
const SHRINK: f64 = 0.7;
/// Products with the first coarser graph at most: each costs a small part of one with the finest.
const COARSE_PRODUCTS: f64 = 42.0;
/// As much more with each further one.
const GROWTH: f64 = 3.0;
/// But never more than this.
const MOST_COARSE_PRODUCTS: f64 = 2000.0;
/// A round that leaves more than this share of the residuals is the last one: what is left is beyond the reach of filters of
/// its degree.
const STALLED: f64 = 0.9;
/// Degree of a filter at most.
const MOST_DEGREE: usize = 1000;
/// Graphs from this size on are put in an order in which neighbors lie together in memory.
const REORDERED: usize = 1 << 15;

/// How far a search goes.
pub(crate) struct Effort {
    /// A vector is found when its residual is below this share of its eigenvalue of L,
    pub(crate) relative: f64,
    /// or below this.
    pub(crate) absolute: f64,
    /// The share on coarser graphs.
    pub(crate) coarse: f64,
    /// On coarser graphs, residuals below this are not told from rounding.
    pub(crate) floor: f64,
    /// Products between two looks at the result, at most.
    pub(crate) round: usize,
    /// Products with the finest graph at most.
    pub(crate) products: usize,
}

/// What a search gives.
pub(crate) struct Found<T> {
    /// The wanted eigenvectors of L, of norm 1, as the columns of n × count values, row-major.
    pub(crate) vectors: Vec<T>,
    /// Their eigenvalues, ascending.
    pub(crate) values: Vec<f64>,
    pub(crate) converged: bool,
    /// Products with the finest graph; those with coarser ones by their share of its entries.
    pub(crate) products: f64,
}

/// The `count` lowest eigenvectors above the trivial one. `walk` is connected and has more than `count` rows.
pub(crate) fn search<T: Real>(
    walk: Walk<'_>,
    count: usize,
    seed: u64,
    effort: &Effort,
    token: &CancelToken,
) -> Result<Found<T>> {
    let b = (count + SPARE).next_multiple_of(GROUP);
    let ladder = Ladder::new(walk, 2 * b, token)?;
    let entries = ladder.walks[0].entries().max(1) as f64;
    let top = ladder.walks.len() - 1;
    let coarsest = &ladder.walks[top];
    let mut x = Block::<T>::random(coarsest.rows(), b, seed);
    x.center(&coarsest.degree);
    // A first guess that suits neighbor graphs.
    let mut ritz = Ritz { values: vec![0.9; b], residuals: Vec::new() };
    let (mut converged, mut work) = (false, 0.0);
    for depth in (0..=top).rev() {
        let here = &ladder.walks[depth];
        let coarse = COARSE_PRODUCTS * GROWTH.powi(depth as i32 - 1);
        let (most, relative, absolute) = match depth {
            0 => (effort.products, effort.relative, effort.absolute),
            _ => (coarse.min(MOST_COARSE_PRODUCTS) as usize, effort.coarse, effort.floor),
        };
        let mut other = Block::zeros(here.rows(), b);
        let mut products = 0;
        let mut residual = f64::INFINITY;
        converged = false;
        while !converged && products < most {
            let round = (most - products).min(if depth == 0 { effort.round } else { most });
            let (cut, degree) = plan(&ritz.values, count, round);
            here.filter(&mut x, &mut other, cut, degree, token)?;
            here.product(&x, &mut other, 1.0, 0.0, 0.0);
            products += degree + 1;
            ritz = x.ritz(&other, &here.degree)?;
            let found = |j: usize| ritz.residuals[j] <= (relative * (1.0 - ritz.values[j])).max(absolute);
            converged = (0..count).all(found);
            let left = (0..count).map(|j| ritz.residuals[j]).fold(0.0, f64::max);
            if left > STALLED * residual {
                break;
            }
            residual = left;
        }
        work += products as f64 * here.entries() as f64 / entries;
        if depth > 0 {
            x = x.gathered(&ladder.parents[depth - 1]);
        }
    }
    Ok(Found {
        vectors: ladder.vectors(&x, count),
        values: ritz.values[..count].iter().map(|r| 1.0 - r).collect(),
        converged,
        products: work,
    })
}

/// Where the next filter begins to grow, and its degree, at most `most`.
///
/// On [cut, 1] Chebyshev's polynomial grows like exp(m √(2 δ)), δ = 2 (θ − cut) / (1 + cut): enough to raise the last
/// wanted value θ well above the rest, but not so much that the first vector drowns the others.
fn plan(ritz: &[f64], count: usize, most: usize) -> (f64, usize) {
    const ENOUGH: f64 = 5.0;
    const LIMIT: f64 = 9.0;
    let growth = |theta: f64, cut: f64| (4.0 * (theta - cut).max(0.0) / (1.0 + cut)).sqrt().max(1e-9);
    let m = most.clamp(4, MOST_DEGREE) as f64;
    // Where products are few, the cut is put so low that they damp all beyond it well: what lies between has been left in
    // good order by the coarser graph.
    let highest = 1.0 - 0.5 * (ENOUGH / m) * (ENOUGH / m);
    let cut = ritz[ritz.len() - 1].clamp(0.0, highest);
    let degree = (ENOUGH / growth(ritz[count - 1], cut)).min(LIMIT / growth(1.0, cut));
    (cut, degree.clamp(m.min(8.0), m) as usize)
}

/// A graph and its coarser images.
struct Ladder<'a> {
    /// The graph first.
    walks: Vec<Walk<'a>>,
    /// For each but the last: the row of the next one that each row is part of.
    parents: Vec<Vec<u32>>,
    /// Which row of the first walk each row of the graph became, if it was put in another order.
    rank: Option<Vec<u32>>,
}

impl<'a> Ladder<'a> {
    /// No image has fewer than `least` rows.
    fn new(walk: Walk<'a>, least: usize, token: &CancelToken) -> Result<Self, Cancelled> {
        let (mut walks, mut parents) = (vec![walk], Vec::new());
        loop {
            token.check()?;
            let here = &walks[walks.len() - 1];
            let n = here.rows();
            if n <= COARSEST.max(2 * least) {
                break;
            }
            let (group, groups) = coarsen::groups(here);
            if groups as f64 > SHRINK * n as f64 || groups < least {
                break;
            }
            let coarse = coarsen::coarse(here, &group, groups);
            walks.push(coarse);
            parents.push(group);
        }
        let mut ladder = Self { walks, parents, rank: None };
        ladder.reorder(token)?;
        Ok(ladder)
    }

    /// Puts the rows of large graphs in the order of their parents, coarsest first: the neighbors of a row then lie near it
    /// in memory, which large graphs gain more from than the sorting costs.
    fn reorder(&mut self, token: &CancelToken) -> Result<(), Cancelled> {
        for depth in (0..self.parents.len()).rev() {
            token.check()?;
            let parent = &mut self.parents[depth];
            if let Some(rank) = &self.rank {
                parent.par_iter_mut().for_each(|p| *p = rank[*p as usize]);
            }
            if self.walks[depth].rows() < REORDERED {
                continue;
            }
            let (_, order) = coarsen::members(parent, self.walks[depth + 1].rows());
            let mut rank = vec![0u32; order.len()];
            order.iter().enumerate().for_each(|(r, &i)| rank[i as usize] = r as u32);
            self.walks[depth] = self.walks[depth].reordered(&order, &rank);
            *parent = order.par_iter().map(|&i| parent[i as usize]).collect();
            self.rank = Some(rank);
        }
        Ok(())
    }

    /// The first `count` vectors of `x` as eigenvectors of L, in the order of the graph, row-major.
    fn vectors<T: Real>(&self, x: &Block<T>, count: usize) -> Vec<T> {
        let mut out = vec![T::ZERO; count * self.walks[0].rows()];
        out.par_chunks_mut(CHUNK * count).enumerate().for_each(|(c, out)| {
            for (r, out) in out.chunks_exact_mut(count).enumerate() {
                let i = c * CHUNK + r;
                let i = self.rank.as_ref().map_or(i, |rank| rank[i] as usize);
                let root = self.walks[0].degree[i].sqrt();
                out.iter_mut().zip(&x.data[i * x.cols..]).for_each(|(o, x)| *o = T::new(root * x.wide()));
            }
        });
        out
    }
}
