//! How affinities pull: a list of partners for each row, laid out for vectors of lanes.

use planisphere_core::Csr;
use planisphere_kernels::{Kernel, Simd, math};
use rayon::prelude::*;

/// Partners that are worked on side by side.
pub(crate) const LANES: usize = 16;
/// Rows of one task.
const CHUNK: usize = 512;

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

    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    #[inline(always)]
    fn row(&self, i: usize) -> &[Block] {
        &self.blocks[self.starts[i] as usize..self.starts[i + 1] as usize]
    }

    /// Σ p w (y − partner) of row `i`, which is at `y`, with w = 1 / (1 + d²/α).
    #[inline(always)]
    pub(crate) fn pull<const D: usize>(&self, i: usize, y: [f32; D], partners: &[[f32; D]], inverse_dof: f32) -> [f32; D] {
        let mut sums = [[0f32; LANES]; D];
        for block in self.row(i) {
            let other = gather(&block.ids, partners);
            let mut d2 = [0f32; LANES];
            let mut delta = [[0f32; LANES]; D];
            for c in 0..D {
                for l in 0..LANES {
                    delta[c][l] = y[c] - other[c][l];
                    d2[l] = delta[c][l].mul_add(delta[c][l], d2[l]);
                }
            }
            let mut force = [0f32; LANES];
            for l in 0..LANES {
                force[l] = block.p[l] / inverse_dof.mul_add(d2[l], 1.0);
            }
            for c in 0..D {
                for l in 0..LANES {
                    sums[c][l] = force[l].mul_add(delta[c][l], sums[c][l]);
                }
            }
        }
        let mut total = [0f32; D];
        for c in 0..D {
            total[c] = tree(&sums[c]);
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
        for (r, y) in self.y.iter().enumerate() {
            let mut sums = [0f32; LANES];
            for block in self.bonds.row(self.first + r) {
                let other = gather(&block.ids, self.partners);
                let mut d2 = [0f32; LANES];
                for c in 0..D {
                    for l in 0..LANES {
                        let delta = y[c] - other[c][l];
                        d2[l] = delta.mul_add(delta, d2[l]);
                    }
                }
                for l in 0..LANES {
                    sums[l] = block.p[l].mul_add(math::log2(inverse_dof.mul_add(d2[l], 1.0)), sums[l]);
                }
            }
            total += f64::from(tree(&sums));
        }
        total
    }
}

#[inline(always)]
fn gather<const D: usize>(ids: &[u32; LANES], points: &[[f32; D]]) -> [[f32; LANES]; D] {
    let mut other = [[0f32; LANES]; D];
    for l in 0..LANES {
        let p = &points[ids[l] as usize];
        for c in 0..D {
            other[c][l] = p[c];
        }
    }
    other
}

/// The sum of the lanes as a balanced tree.
#[inline(always)]
fn tree(lanes: &[f32; LANES]) -> f32 {
    let mut sums = *lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            sums[l] += sums[l + width];
        }
        width /= 2;
    }
    sums[0]
}
