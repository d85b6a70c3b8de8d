//! The field by interpolation on a grid and fast Fourier transforms: n + m log m for n points and m nodes.
//!
//! FIt-SNE (Linderman et al. 2019) interpolates 3 or 4 transforms on 3 × 3 nodes a unit box. Here points are spread on the
//! nodes by cubic splines, one transform there and one back gives the potential Σ wᵅ at the nodes, and the same splines give
//! it everywhere, together with its slope, which is all the force there is: smooth particle mesh methods (Essmann et al.
//! 1995) do so for charges.

#![allow(clippy::needless_range_loop)] // several arrays are walked by one index

mod convolve;
mod shape;
mod spectrum;
mod spread;

use super::{Felt, Field};
use convolve::Convolver;
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;
use shape::{ORDER, Shape, spline_slope};

/// Targets of one task.
const CHUNK: usize = 1024;

/// The field of points in one or two dimensions, interpolated.
pub(crate) struct Grid<const D: usize> {
    /// Nodes are at most this far apart.
    spacing: f32,
    /// How far outside of the sources' box targets may lie.
    reach: f32,
    convolver: Convolver<D>,
    shape: Option<Shape<D>>,
    sources: usize,
    /// What sources lie where, and then the potential there.
    nodes: Vec<f32>,
}

impl<const D: usize> Grid<D> {
    pub(crate) fn new(alpha: f32, spacing: f32, reach: f32) -> Self {
        Self { spacing, reach, convolver: Convolver::new(alpha), shape: None, sources: 0, nodes: Vec::new() }
    }

    fn interpolate(&self, targets: &[[f32; D]], own: Option<&[[f32; ORDER]; ORDER]>, felt: &mut [Felt<D>]) {
        let Some(shape) = &self.shape else { return };
        let constant = self.convolver.constant();
        // A source's own part is 1 and no force.
        let constant = match own {
            Some(_) => constant * (self.sources as f64 - 1.0) + 1.0,
            None => constant * self.sources as f64,
        };
        let simd = Simd::detect();
        targets.par_chunks(CHUNK).zip(felt.par_chunks_mut(CHUNK)).for_each(|(targets, felt)| {
            simd.run(Feel { shape, nodes: &self.nodes, own, constant, targets, felt });
        });
    }
}

impl<const D: usize> Field<D> for Grid<D> {
    fn charge(&mut self, sources: &[[f32; D]]) {
        let (low, high) = bounds(sources);
        let shape = Shape::around(low, high, self.reach, self.spacing);
        spread::spread(&shape, sources, &mut self.nodes);
        self.convolver.convolve(&shape, &mut self.nodes);
        (self.shape, self.sources) = (Some(shape), sources.len());
    }

    fn feel(&self, targets: &[[f32; D]], felt: &mut [Felt<D>]) {
        self.interpolate(targets, None, felt);
    }

    /// What a source feels of itself through the nodes is not 1 and no force, and the error would be the same for all: so it
    /// is taken off.
    fn feel_own(&self, sources: &[[f32; D]], felt: &mut [Felt<D>]) {
        self.interpolate(sources, self.convolver.near(), felt);
    }
}

struct Feel<'a, const D: usize> {
    shape: &'a Shape<D>,
    nodes: &'a [f32],
    /// The kernel between near nodes, if targets are sources.
    own: Option<&'a [[f32; ORDER]; ORDER]>,
    constant: f64,
    targets: &'a [[f32; D]],
    felt: &'a mut [Felt<D>],
}

impl<const D: usize> Kernel for Feel<'_, D> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self { shape, nodes, own, constant, targets, felt } = self;
        let inverse = 1.0 / shape.spacing;
        let cols = shape.cols();
        for (t, felt) in targets.iter().zip(felt) {
            let (row, w0, s0) = spline_slope((t[0] - shape.origin[0]) * inverse, shape.axes[0].nodes);
            let mut force = [0f32; D];
            let mut weight;
            if D == 1 {
                let mut sums = [0f32; 2];
                for r in 0..ORDER {
                    sums[0] = w0[r].mul_add(nodes[row + r], sums[0]);
                    sums[1] = s0[r].mul_add(nodes[row + r], sums[1]);
                }
                weight = sums[0];
                force[0] = sums[1];
                if let Some(near) = own {
                    let (b, rise) = with_itself(&w0, &s0);
                    for m in 0..ORDER {
                        weight -= near[m][0] * b[m];
                        force[0] -= near[m][0] * rise[m];
                    }
                }
            } else {
                let (col, w1, s1) = spline_slope((t[1] - shape.origin[1]) * inverse, shape.axes[1].nodes);
                let (mut values, mut slopes) = ([0f32; ORDER], [0f32; ORDER]);
                for r in 0..ORDER {
                    let start = (row + r) * cols + col;
                    let line = &nodes[start..start + ORDER];
                    for c in 0..ORDER {
                        values[c] = w0[r].mul_add(line[c], values[c]);
                        slopes[c] = s0[r].mul_add(line[c], slopes[c]);
                    }
                }
                weight = dot(&values, &w1);
                force[0] = dot(&slopes, &w1);
                force[1] = dot(&values, &s1);
                if let Some(near) = own {
                    let (b0, rise0) = with_itself(&w0, &s0);
                    let (b1, rise1) = with_itself(&w1, &s1);
                    let (mut values, mut slopes) = ([0f32; ORDER], [0f32; ORDER]);
                    for m in 0..ORDER {
                        for n in 0..ORDER {
                            values[n] = b0[m].mul_add(near[m][n], values[n]);
                            slopes[n] = rise0[m].mul_add(near[m][n], slopes[n]);
                        }
                    }
                    weight -= dot(&values, &b1);
                    force[0] -= dot(&slopes, &b1);
                    force[1] -= dot(&values, &rise1);
                }
            }
            for f in &mut force {
                *f *= -0.5 * inverse;
            }
            *felt = Felt { force, weight: (f64::from(weight) + constant) as f32 };
        }
    }
}

/// Products of a spline with itself 0 to 3 nodes on, and half of their slopes: a source moves the charge, a target the place
/// where it is felt, and this is the target alone.
#[inline(always)]
fn with_itself(w: &[f32; ORDER], s: &[f32; ORDER]) -> ([f32; ORDER], [f32; ORDER]) {
    let products = [dot(w, w), w[0] * w[1] + w[1] * w[2] + w[2] * w[3], w[0] * w[2] + w[1] * w[3], w[0] * w[3]];
    let slopes = [
        dot(w, s),
        0.5 * ((s[0] * w[1] + w[0] * s[1]) + (s[1] * w[2] + w[1] * s[2]) + (s[2] * w[3] + w[2] * s[3])),
        0.5 * ((s[0] * w[2] + w[0] * s[2]) + (s[1] * w[3] + w[1] * s[3])),
        0.5 * (s[0] * w[3] + w[0] * s[3]),
    ];
    (products, slopes)
}

#[inline(always)]
fn dot(a: &[f32; ORDER], b: &[f32; ORDER]) -> f32 {
    (a[0] * b[0] + a[1] * b[1]) + (a[2] * b[2] + a[3] * b[3])
}

/// The least box around the points.
fn bounds<const D: usize>(points: &[[f32; D]]) -> ([f32; D], [f32; D]) {
    let around = |(mut low, mut high): ([f32; D], [f32; D]), other: ([f32; D], [f32; D])| {
        for c in 0..D {
            low[c] = low[c].min(other.0[c]);
            high[c] = high[c].max(other.1[c]);
        }
        (low, high)
    };
    let nothing = ([f32::INFINITY; D], [f32::NEG_INFINITY; D]);
    points
        .par_chunks(8 * CHUNK)
        .map(|chunk| {
            let mut all = nothing;
            for p in chunk {
                all = around(all, (*p, *p));
            }
            all
        })
        .reduce(|| nothing, around)
}

#[cfg(test)]
mod tests;
