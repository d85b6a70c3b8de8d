//! From charges to the potential, by fast Fourier transforms.

use super::shape::{ORDER, Shape};
use super::spectrum::Spectrum;
use rayon::prelude::*;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

type C32 = Complex<f32>;
const ZERO: C32 = C32::new(0.0, 0.0);
/// Columns, or rows, that are transformed together: a cache line of complex numbers.
const BLOCK: usize = 8;

/// Transforms of one size, and the kernel's spectrum for one spacing.
pub(super) struct Convolver<const D: usize> {
    alpha: f32,
    plans: Option<Plans>,
    /// The spectrum of these axes and this spacing.
    made_for: Option<Shape<D>>,
    spectrum: Option<Spectrum>,
    rows: Vec<C32>,
    cols: Vec<C32>,
}

/// There and back.
type Real = (Arc<dyn RealToComplex<f32>>, Arc<dyn ComplexToReal<f32>>);

struct Plans {
    padded: [usize; 2],
    /// Along rows, that is, over the second axis.
    there: Option<Real>,
    /// Along columns.
    down: Arc<dyn Fft<f32>>,
    up: Arc<dyn Fft<f32>>,
}

impl<const D: usize> Convolver<D> {
    pub(super) fn new(alpha: f32) -> Self {
        Self { alpha, plans: None, made_for: None, spectrum: None, rows: Vec::new(), cols: Vec::new() }
    }

    /// What has to be added to the potential for each source.
    pub(super) fn constant(&self) -> f64 {
        self.spectrum.as_ref().map_or(0.0, |s| s.constant)
    }

    /// The kernel between near nodes; see [`Spectrum`].
    pub(super) fn near(&self) -> Option<&[[f32; ORDER]; ORDER]> {
        self.spectrum.as_ref().map(|s| &s.near)
    }

    /// Replaces charges by their potential, less a constant.
    pub(super) fn convolve(&mut self, shape: &Shape<D>, nodes: &mut [f32]) {
        self.prepare(shape);
        let (Some(plans), Some(spectrum)) = (&self.plans, &self.spectrum) else { return };
        let (rows, width) = (shape.rows(), shape.cols());
        let (down, up, length) = (&plans.down, &plans.up, plans.padded[0]);
        let Some((there, back)) = &plans.there else {
            // One axis, one column.
            let mut line = vec![ZERO; length];
            for (to, &from) in line.iter_mut().zip(&*nodes) {
                to.re = from;
            }
            down.process(&mut line);
            spectrum.apply(0, &mut line);
            up.process(&mut line);
            for (to, from) in nodes.iter_mut().zip(&line) {
                *to = from.re;
            }
            return;
        };
        let columns = plans.padded[1] / 2 + 1;

        // Rows, whose other half is empty.
        self.rows.resize(rows * columns, ZERO);
        nodes.par_chunks(BLOCK * width).zip(self.rows.par_chunks_mut(BLOCK * columns)).for_each_init(
            || (there.make_input_vec(), there.make_scratch_vec()),
            |(line, scratch), (nodes, out)| {
                for (nodes, out) in nodes.chunks(width).zip(out.chunks_mut(columns)) {
                    line[..width].copy_from_slice(nodes);
                    line[width..].fill(0.0);
                    // The lengths are the plan's own.
                    let _ = there.process_with_scratch(line, out, scratch);
                }
            },
        );

        // Columns: there, times the kernel, and back.
        self.cols.resize(columns * rows, ZERO);
        let from = &self.rows;
        self.cols.par_chunks_mut(BLOCK * rows).enumerate().for_each_init(
            || {
                let scratch = down.get_inplace_scratch_len().max(up.get_inplace_scratch_len());
                (vec![ZERO; BLOCK * length], vec![ZERO; scratch])
            },
            |(lines, scratch), (block, out)| {
                let first = block * BLOCK;
                let count = out.len() / rows;
                for r in 0..rows {
                    let row = &from[r * columns + first..r * columns + first + count];
                    for (j, &v) in row.iter().enumerate() {
                        lines[j * length + r] = v;
                    }
                }
                for (j, (line, out)) in lines.chunks_mut(length).zip(out.chunks_mut(rows)).enumerate() {
                    line[rows..].fill(ZERO);
                    down.process_with_scratch(line, scratch);
                    spectrum.apply(first + j, line);
                    up.process_with_scratch(line, scratch);
                    out.copy_from_slice(&line[..rows]);
                }
            },
        );

        // Rows back, of which half is wanted.
        let from = &self.cols;
        nodes.par_chunks_mut(BLOCK * width).enumerate().for_each_init(
            || (vec![ZERO; BLOCK * columns], back.make_output_vec(), back.make_scratch_vec()),
            |(lines, line, scratch), (block, nodes)| {
                let first = block * BLOCK;
                let count = nodes.len() / width;
                for c in 0..columns {
                    let column = &from[c * rows + first..c * rows + first + count];
                    for (j, &v) in column.iter().enumerate() {
                        lines[j * columns + c] = v;
                    }
                }
                for (spectrum, nodes) in lines.chunks_mut(columns).zip(nodes.chunks_mut(width)) {
                    // Real for real data, but for rounding.
                    spectrum[0].im = 0.0;
                    spectrum[columns - 1].im = 0.0;
                    let _ = back.process_with_scratch(spectrum, line, scratch);
                    nodes.copy_from_slice(&line[..width]);
                }
            },
        );
    }

    fn prepare(&mut self, shape: &Shape<D>) {
        let made = |s: &Shape<D>| s.axes == shape.axes && s.spacing == shape.spacing;
        if self.made_for.as_ref().is_some_and(made) {
            return;
        }
        let padded = [shape.axes[0].padded, if D > 1 { shape.axes[1].padded } else { 1 }];
        if self.plans.as_ref().is_none_or(|p| p.padded != padded) {
            let (mut real, mut complex) = (RealFftPlanner::new(), FftPlanner::new());
            let there = (D > 1).then(|| (real.plan_fft_forward(padded[1]), real.plan_fft_inverse(padded[1])));
            let (down, up) = (complex.plan_fft_forward(padded[0]), complex.plan_fft_inverse(padded[0]));
            self.plans = Some(Plans { padded, there, down, up });
        }
        let cols = if D > 1 { Some(shape.axes[1]) } else { None };
        let spectrum = Spectrum::new(self.alpha.into(), shape.spacing.into(), shape.axes[0], cols);
        (self.spectrum, self.made_for) = (Some(spectrum), Some(*shape));
    }
}
