//! Points become charges of the nodes around them.

#![allow(clippy::needless_range_loop)] // several arrays are walked by one index

use super::shape::{ORDER, Shape, spline};
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;

/// Points whose bands are counted by one task.
const CHUNK: usize = 4096;
/// Least and about the most rows of a band; a band's points touch three rows of the next.
const MIN_ROWS: usize = 4;
const BANDS: usize = 64;

/// Adds a charge of 1 for each point to `nodes`, which is cleared before.
///
/// Points are dealt to bands of rows. First every other band is filled, then those between them: no two bands at a time
/// touch the same nodes, and each node adds up in an order of its own.
pub(super) fn spread<const D: usize>(shape: &Shape<D>, points: &[[f32; D]], nodes: &mut Vec<f32>) {
    let (rows, cols) = (shape.rows(), shape.cols());
    nodes.clear();
    nodes.resize(rows * cols, 0.0);
    let height = rows.div_ceil(BANDS).max(MIN_ROWS);
    let bands = Bands::deal(shape, height, points);
    let simd = Simd::detect();
    for color in 0..2 {
        let skip = (color * height * cols).min(nodes.len());
        nodes[skip..].par_chunks_mut(2 * height * cols).enumerate().for_each(|(c, nodes)| {
            let band = 2 * c + color;
            bands.each(band, |points| simd.run(Add { shape, first_row: band * height, points, nodes }));
        });
    }
}

/// Points by band, chunk by chunk: within a band, in their own order.
struct Bands<const D: usize> {
    chunks: Vec<(Vec<u32>, Vec<[f32; D]>)>,
}

impl<const D: usize> Bands<D> {
    fn deal(shape: &Shape<D>, height: usize, points: &[[f32; D]]) -> Self {
        let bands = shape.rows().div_ceil(height);
        let inverse = 1.0 / shape.spacing;
        let chunks = points
            .par_chunks(CHUNK)
            .map(|points| {
                let mut of = [0u16; CHUNK];
                let mut starts = vec![0u32; bands + 1];
                for (p, band) in points.iter().zip(&mut of) {
                    let (row, _) = spline((p[0] - shape.origin[0]) * inverse, shape.axes[0].nodes);
                    *band = (row / height) as u16;
                    starts[row / height + 1] += 1;
                }
                for b in 0..bands {
                    starts[b + 1] += starts[b];
                }
                let mut sorted = vec![[0f32; D]; points.len()];
                for (p, &band) in points.iter().zip(&of) {
                    let at = &mut starts[usize::from(band)];
                    sorted[*at as usize] = *p;
                    *at += 1;
                }
                // Each start has moved on to the end of its band.
                starts.rotate_right(1);
                starts[0] = 0;
                (starts, sorted)
            })
            .collect();
        Self { chunks }
    }

    fn each(&self, band: usize, mut f: impl FnMut(&[[f32; D]])) {
        for (starts, points) in &self.chunks {
            if let Some(&[start, end]) = starts.get(band..band + 2) {
                f(&points[start as usize..end as usize]);
            }
        }
    }
}

struct Add<'a, const D: usize> {
    shape: &'a Shape<D>,
    first_row: usize,
    points: &'a [[f32; D]],
    nodes: &'a mut [f32],
}

impl<const D: usize> Kernel for Add<'_, D> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self { shape, first_row, points, nodes } = self;
        let inverse = 1.0 / shape.spacing;
        let cols = shape.cols();
        for p in points {
            let (row, w0) = spline((p[0] - shape.origin[0]) * inverse, shape.axes[0].nodes);
            let row = row - first_row;
            if D == 1 {
                for r in 0..ORDER {
                    nodes[row + r] += w0[r];
                }
                continue;
            }
            let (col, w1) = spline((p[1] - shape.origin[1]) * inverse, shape.axes[1].nodes);
            for r in 0..ORDER {
                let start = (row + r) * cols + col;
                let line = &mut nodes[start..start + ORDER];
                for c in 0..ORDER {
                    line[c] = w0[r].mul_add(w1[c], line[c]);
                }
            }
        }
    }
}
