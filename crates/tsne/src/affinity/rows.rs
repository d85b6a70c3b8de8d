//! Probabilities of the neighbors of each row on its own.

use super::gaussian::{Row, Target};
use super::{Affinity, Symmetrize};
use crate::error::{Error, Result};
use planisphere_core::{CancelToken, Context, Csr, KnnGraph};
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;

/// Rows that one task works on.
const CHUNK: usize = 256;

/// The nearest of `n` known rows to each of some rows, which may be others: `k` for each, ascending by (distance, id).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near<'a> {
    /// How many rows there are to be near to.
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) ids: &'a [u32],
    pub(crate) dists: &'a [f32],
}

impl<'a> From<&'a KnnGraph> for Near<'a> {
    fn from(graph: &'a KnnGraph) -> Self {
        Self { n: graph.n(), k: graph.k(), ids: graph.ids(), dists: graph.dists() }
    }
}

impl Near<'_> {
    /// Checks that no neighbor lies at less than no distance.
    pub(super) fn check(&self) -> Result<()> {
        // The check of all is a loop without a way out, and so several times as fast as a search for the first.
        if self.dists.par_chunks(CHUNK * 64).any(|d| d.iter().fold(f32::INFINITY, |m, &d| m.min(d)) < 0.0)
            && let Some(at) = self.dists.iter().position(|&d| d < 0.0)
        {
            return Err(Error::NegativeDistance { row: at / self.k, neighbor: self.ids[at], value: self.dists[at] });
        }
        Ok(())
    }
}

impl Affinity {
    /// The probabilities of the neighbors of each row, m × `k` with the nearest first, where `k` is how many of them count:
    /// each row adds up to 1. openTSNE's `to_new`: for rows that are placed on a map of others.
    pub(crate) fn conditional(&self, near: Near<'_>, cx: &mut Context<'_>) -> Result<Conditional> {
        self.check()?;
        near.check()?;
        // New rows may be near to all known ones.
        let k = self.n_neighbors(near.n.saturating_add(1)).min(near.k);
        self.fitting(near.k, cx).probabilities(near, k, cx)
    }

    /// Probabilities of the nearest `k` neighbors. The parameters and distances are checked and fit `k`.
    pub(super) fn probabilities(&self, near: Near<'_>, k: usize, cx: &Context<'_>) -> Result<Conditional> {
        let rows = near.dists.len().checked_div(near.k).unwrap_or(0);
        if let Self::Uniform { .. } = self {
            return Ok(Conditional { k, values: vec![1.0 / k as f32; rows * k] });
        }
        let mut values = vec![0f32; rows * k];
        if k > 0 {
            let rule = Rule::new(self);
            let (simd, token) = (Simd::detect(), cx.token());
            values.par_chunks_mut(CHUNK * k).enumerate().for_each(|(c, values)| {
                let dists = &near.dists[c * CHUNK * near.k..];
                simd.run(Chunk { rule: &rule, k, stride: near.k, dists, values, token: &token });
            });
        }
        cx.check()?;
        Ok(Conditional { k, values })
    }
}

/// Probabilities of neighbors, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conditional {
    /// How many neighbors of each row have one: the nearest.
    pub(crate) k: usize,
    /// m × `k`.
    pub(crate) values: Vec<f32>,
}

impl Conditional {
    /// The same as a sparse matrix, m × n, for the neighbors that they were made of.
    pub(crate) fn by_id(self, near: Near<'_>) -> Result<Csr> {
        let Self { k, values: mut data } = self;
        let rows = near.ids.len().checked_div(near.k).unwrap_or(0);
        let mut indices = vec![0u32; rows * k];
        if k > 0 {
            let by_row = indices.par_chunks_mut(k).zip(data.par_chunks_mut(k)).with_min_len(CHUNK).enumerate();
            by_row.for_each_init(
                || vec![0u64; k],
                |row, (i, (indices, data))| {
                    // Id in the high half, so that whole numbers are sorted.
                    for (e, (&id, v)) in row.iter_mut().zip(near.ids[i * near.k..].iter().zip(&*data)) {
                        *e = (u64::from(id) << 32) | u64::from(v.to_bits());
                    }
                    row.sort_unstable();
                    for ((id, v), e) in indices.iter_mut().zip(data).zip(&*row) {
                        *id = (e >> 32) as u32;
                        *v = f32::from_bits(*e as u32);
                    }
                },
            );
        }
        Ok(Csr::new(near.n, (0..=rows).map(|i| i * k).collect(), indices, data)?)
    }
}

/// What is done with each row.
enum Rule {
    Mean(Vec<Target>),
    Mixture(Vec<Target>),
    /// The factor of −d².
    Fixed(f64),
}

impl Rule {
    fn new(affinity: &Affinity) -> Self {
        let targets = |all: &[f64]| all.iter().map(|&p| Target::new(p)).collect();
        match affinity {
            Affinity::Perplexity(p) => Self::Mean(targets(&[*p])),
            Affinity::Multiscale(all) => Self::Mean(targets(all)),
            Affinity::MultiscaleMixture(all) => Self::Mixture(targets(all)),
            Affinity::FixedSigma { sigma, .. } => Self::Fixed(0.5 / (sigma * sigma)),
            Affinity::Uniform { .. } => Self::Fixed(0.0),
        }
    }
}

struct Chunk<'a> {
    rule: &'a Rule,
    k: usize,
    stride: usize,
    dists: &'a [f32],
    values: &'a mut [f32],
    token: &'a CancelToken,
}

impl Kernel for Chunk<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        if self.token.is_cancelled() {
            return;
        }
        let mut row = Row::new(self.k);
        for (i, values) in self.values.chunks_exact_mut(self.k).enumerate() {
            row.load(&self.dists[i * self.stride..][..self.k]);
            match self.rule {
                Rule::Mean(targets) => row.mean(targets),
                Rule::Mixture(targets) => row.mixture(targets),
                Rule::Fixed(beta) => row.fixed(*beta),
            }
            row.write(values);
        }
    }
}

impl Affinity {
    /// How both directions of a pair become one.
    pub(super) fn symmetrize(&self) -> Symmetrize {
        match self {
            Self::Uniform { symmetrize, .. } => *symmetrize,
            _ => Symmetrize::Mean,
        }
    }
}
