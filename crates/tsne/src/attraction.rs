//! How affinities pull: a list of partners for each row, laid out for vectors of lanes.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

use planisphere_core::Csr;
use planisphere_kernels::{Kernel, Simd, math, sum::tree};
use rayon::prelude::*;
use std::hint::black_box;

/// Partners that are worked on side by side.
pub(crate) const LANES: usize = 16;
/// Blocks whose partners' places are gathered at once.
pub(crate) const STAGED: usize = 8;
/// Rows of one task.
const CHUNK: usize = 512;

/// Places of partners, by block, coordinate and lane.
pub(crate) type Staged<const D: usize> = [[[f32; LANES]; D]; STAGED];

/// For each row its partners and how strongly they attract, filled up to whole blocks of lanes with partners of no weight.
#[derive(Clone, Debug)]
pub(crate) struct Bonds {
    /// Where each row's blocks start.
    starts: Vec<u32>,
    blocks: Vec<Block>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    ids: [u32; LANES],
    p: [f32; LANES],
}

impl Bonds {
    /// The entries of `p`, whose columns are rows of a map that is not empty.
    pub(crate) fn new(p: &Csr) -> Self {
        let mut starts = Vec::with_capacity(p.rows() + 1);
        let mut before = 0;
        starts.push(0);
        for i in 0..p.rows() {
            before += p.row(i).0.len().div_ceil(LANES) as u32;
            starts.push(before);
        }
        let mut blocks = vec![Block { ids: [0; LANES], p: [0.0; LANES] }; before as usize];
        let mut rest = &mut blocks[..];
        let mut tasks = Vec::with_capacity(p.rows().div_ceil(CHUNK));
        for c in 0..p.rows().div_ceil(CHUNK) {
            let rows = c * CHUNK..((c + 1) * CHUNK).min(p.rows());
            let (own, more) = rest.split_at_mut((starts[rows.end] - starts[rows.start]) as usize);
            tasks.push((rows, own));
            rest = more;
        }
        tasks.into_par_iter().for_each(|(rows, mut blocks)| {
            for i in rows {
                let (ids, values) = p.row(i);
                let (own, more) = blocks.split_at_mut(ids.len().div_ceil(LANES));
                for ((block, ids), values) in own.iter_mut().zip(ids.chunks(LANES)).zip(values.chunks(LANES)) {
                    // What fills up is a partner that is near in memory.
                    block.ids = [ids[0]; LANES];
                    block.ids[..ids.len()].copy_from_slice(ids);
                    block.p[..values.len()].copy_from_slice(values);
                }
                blocks = more;
            }
        });
        Self { starts, blocks }
    }

    #[inline(always)]
    fn row(&self, i: usize) -> &[Block] {
        &self.blocks[self.starts[i] as usize..self.starts[i + 1] as usize]
    }

    /// Σ p w (y − partner) of row `i`, which is at `y`, with w = 1 / (1 + d²/α).
    #[inline(always)]
    pub(crate) fn pull<const D: usize>(
        &self,
        i: usize,
        y: [f32; D],
        partners: &[[f32; D]],
        inverse_dof: f32,
        staged: &mut Staged<D>,
    ) -> [f32; D] {
        let mut sums = [[0f32; LANES]; D];
        for blocks in self.row(i).chunks(STAGED) {
            stage(blocks, partners, staged);
            for (block, other) in blocks.iter().zip(&*staged) {
                let p = black_box(&block.p);
                let mut delta = [[0f32; LANES]; D];
                let mut d2 = [1f32; LANES];
                for c in 0..D {
                    for l in 0..LANES {
                        delta[c][l] = y[c] - other[c][l];
                    }
                    for l in 0..LANES {
                        d2[l] = (inverse_dof * delta[c][l]).mul_add(delta[c][l], d2[l]);
                    }
                }
                let mut force = [0f32; LANES];
                for l in 0..LANES {
                    force[l] = p[l] / d2[l];
                }
                for c in 0..D {
                    for l in 0..LANES {
                        sums[c][l] = force[l].mul_add(delta[c][l], sums[c][l]);
                    }
                }
            }
        }
        let mut total = [0f32; D];
        for c in 0..D {
            total[c] = tree(*black_box(&sums[c]));
        }
        total
    }

    /// −Σ p ln q of all rows at `y`, with q = (1 + d²/α)^(−α) not normalized: the part of the divergence that depends on
    /// where partners are. Sums of rows in f32, of all in f64.
    pub(crate) fn stretch<const D: usize>(&self, y: &[[f32; D]], partners: &[[f32; D]], dof: f32) -> f64 {
        let simd = Simd::detect();
        let parts: Vec<f64> = y
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(c, y)| simd.run(Stretch { bonds: self, first: c * CHUNK, y, partners, dof }))
            .collect();
        parts.iter().sum::<f64>() * f64::from(dof) * std::f64::consts::LN_2
    }
}

struct Stretch<'a, const D: usize> {
    bonds: &'a Bonds,
    first: usize,
    y: &'a [[f32; D]],
    partners: &'a [[f32; D]],
    dof: f32,
}

impl<const D: usize> Kernel for Stretch<'_, D> {
    type Output = f64;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> f64 {
        let inverse_dof = 1.0 / self.dof;
        let mut total = 0f64;
        let mut staged = [[[0f32; LANES]; D]; STAGED];
        for (r, y) in self.y.iter().enumerate() {
            let mut sums = [0f32; LANES];
            for blocks in self.bonds.row(self.first + r).chunks(STAGED) {
                stage(blocks, self.partners, &mut staged);
                for (block, other) in blocks.iter().zip(&staged) {
                    let p = black_box(&block.p);
                    let mut u = [1f32; LANES];
                    for c in 0..D {
                        for l in 0..LANES {
                            let delta = y[c] - other[c][l];
                            u[l] = (inverse_dof * delta).mul_add(delta, u[l]);
                        }
                    }
                    for l in 0..LANES {
                        sums[l] = p[l].mul_add(math::log2(u[l]), sums[l]);
                    }
                }
            }
            total += f64::from(tree(sums));
        }
        total
    }
}

/// Gathers where the partners of `blocks` are. Their places are written to memory before anything is computed with them: the
/// compiler would otherwise shape its vectors by the pairs of coordinates that are loaded, a few lanes wide.
#[inline(always)]
fn stage<const D: usize>(blocks: &[Block], points: &[[f32; D]], staged: &mut Staged<D>) {
    for (block, to) in blocks.iter().zip(&mut *staged) {
        for l in 0..LANES {
            let p = &points[block.ids[l] as usize];
            for c in 0..D {
                to[c][l] = p[c];
            }
        }
    }
    black_box(staged);
}
