//! Linear layers of bytes: a quarter of the memory, and several times the speed where the machine multiplies bytes.
//!
//! Each output's weights are whole numbers from −127 to 127 times a scale of their own, each row's values whole numbers of the
//! same range times the row's. Their products are summed in whole numbers, which no order changes: the same bits on every level,
//! and in any company.

#![allow(clippy::needless_range_loop)] // several arrays are walked by one index

use super::{PANEL, Store};
use crate::codes::has_vnni;
use crate::simd::{Kernel, Simd};

/// Inputs that are multiplied together.
pub(super) const GROUP: usize = 4;
/// Rows that use a panel before the next one is taken.
const ROWS: usize = 128;
/// The largest size of a whole number.
const LARGEST: f32 = 127.0;
/// What is added to the values of a row, for instructions that take one side without signs.
pub(super) const SHIFT: i32 = 128;

/// Weights and biases of a linear layer, weights as bytes.
#[derive(Clone, Debug)]
pub struct QuantizedLinear {
    inputs: usize,
    outputs: usize,
    /// Panel by panel, group by group, the bytes of the panel's outputs side by side.
    panels: Vec<i8>,
    /// What the bytes of each output are multiplied by.
    scales: Vec<f32>,
    /// [`SHIFT`] times the sum of each output's bytes, which the shift of the rows adds to its products.
    shifts: Vec<i32>,
    bias: Vec<f32>,
}

/// Memory that is used again.
#[derive(Clone, Debug, Default)]
pub struct QuantizedRows {
    codes: Vec<u8>,
    scales: Vec<f32>,
    sums: Vec<i32>,
}

impl QuantizedLinear {
    /// A layer of `weight` (outputs × inputs, row-major) and `bias`, or none, with weights rounded to bytes.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn new(inputs: usize, outputs: usize, weight: &[f32], bias: Option<&[f32]>) -> Self {
        assert_eq!(Some(weight.len()), inputs.checked_mul(outputs), "one weight for each input and output");
        assert!(bias.is_none_or(|b| b.len() == outputs), "one bias for each output");
        let (stride, padded) = (inputs.next_multiple_of(GROUP), outputs.next_multiple_of(PANEL));
        let mut layer = Self {
            inputs,
            outputs,
            panels: vec![0; padded * stride],
            scales: vec![0.0; padded],
            shifts: vec![0; padded],
            bias: vec![0.0; padded],
        };
        if let Some(bias) = bias {
            layer.bias[..outputs].copy_from_slice(bias);
        }
        for (j, row) in weight.chunks_exact(inputs.max(1)).enumerate() {
            let (panel, column) = (&mut layer.panels[j / PANEL * PANEL * stride..], j % PANEL);
            let largest = row.iter().fold(0f32, |m, w| m.max(w.abs()));
            let inverse = if largest > 0.0 { LARGEST / largest } else { 0.0 };
            let mut sum = 0;
            for (i, w) in row.iter().enumerate() {
                let code = (w * inverse).round_ties_even() as i8;
                sum += i32::from(code);
                panel[(i / GROUP * PANEL + column) * GROUP + i % GROUP] = code;
            }
            (layer.scales[j], layer.shifts[j]) = (largest / LARGEST, SHIFT * sum);
        }
        layer
    }

    /// Length of the rows that go in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Length of the rows that come out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The rows of `x`, rounded to bytes, through the layer, into `out` (as many rows), on the calling thread.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn apply(&self, simd: Simd, x: &[f32], out: &mut [f32], store: Store, work: &mut QuantizedRows) {
        let rows = out.len().checked_div(self.outputs).unwrap_or(0);
        assert_eq!(out.len(), rows * self.outputs, "whole rows");
        assert_eq!(x.len(), rows * self.inputs, "as many rows in as out");
        let stride = self.inputs.next_multiple_of(GROUP);
        let QuantizedRows { codes, scales, sums } = work;
        codes.clear();
        codes.resize(rows * stride, SHIFT as u8);
        scales.clear();
        scales.resize(rows, 0.0);
        if self.inputs > 0 {
            simd.run(Round { x, width: self.inputs, codes, stride, scales });
        }
        sums.resize(ROWS.min(rows) * PANEL, 0);
        for first in (0..rows).step_by(ROWS) {
            let count = ROWS.min(rows - first);
            let codes = &codes[first * stride..(first + count) * stride];
            let out = &mut out[first * self.outputs..(first + count) * self.outputs];
            for p in 0..self.bias.len() / PANEL {
                let panel = &self.panels[p * PANEL * stride..][..PANEL * stride];
                let sums = &mut sums[..count * PANEL];
                products(simd, codes, stride, panel, sums);
                let columns = PANEL.min(self.outputs - p * PANEL);
                let back = Back {
                    sums,
                    rows: &scales[first..first + count],
                    scales: &self.scales[p * PANEL..][..columns],
                    shifts: &self.shifts[p * PANEL..][..columns],
                    bias: &self.bias[p * PANEL..][..columns],
                    out: &mut *out,
                    stride: self.outputs,
                    column: p * PANEL,
                    store,
                };
                simd.run(back);
            }
        }
    }
}

/// Sums of products of rows (`stride` bytes each, shifted) with the columns of a panel, [`PANEL`] a row.
fn products(simd: Simd, codes: &[u8], stride: usize, panel: &[i8], sums: &mut [i32]) {
    #[cfg(target_arch = "x86_64")]
    if has_vnni(simd) {
        // SAFETY: the instructions are there; there are `sums.len() / PANEL` rows of `stride` bytes, and PANEL · `stride` bytes
        // of the panel, as `apply` makes them.
        unsafe { super::x86::products(codes, stride, panel, sums) };
        return;
    }
    simd.run(Products { codes, stride, panel, sums });
}

/// The reference, which the instructions for bytes equal.
pub(super) struct Products<'a> {
    pub(super) codes: &'a [u8],
    pub(super) stride: usize,
    pub(super) panel: &'a [i8],
    pub(super) sums: &'a mut [i32],
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const LEVEL: usize>(self) {
        let groups = self.panel.as_chunks::<{ PANEL * GROUP }>().0;
        for (row, sums) in self.codes.chunks_exact(self.stride.max(1)).zip(self.sums.as_chunks_mut::<PANEL>().0) {
            let mut all = [0i32; PANEL];
            for (x, group) in row.as_chunks::<GROUP>().0.iter().zip(groups) {
                for c in 0..PANEL {
                    let mut sum = 0i32;
                    for b in 0..GROUP {
                        sum += i32::from(x[b]) * i32::from(group[c * GROUP + b]);
                    }
                    all[c] += sum;
                }
            }
            *sums = all;
        }
    }
}

/// Rows to bytes, and the scale of each.
struct Round<'a> {
    x: &'a [f32],
    width: usize,
    codes: &'a mut [u8],
    stride: usize,
    scales: &'a mut [f32],
}

impl Kernel for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const LEVEL: usize>(self) {
        const LANES: usize = 16;
        // Adding 1.5 · 2²³ rounds to the nearest whole number and leaves it in the low bits.
        const NEAREST: f32 = 12_582_912.0;
        let rows = self.x.chunks_exact(self.width).zip(self.codes.chunks_exact_mut(self.stride));
        for ((x, codes), scale) in rows.zip(self.scales) {
            let mut most = [0f32; LANES];
            let (blocks, rest) = x.as_chunks::<LANES>();
            for block in blocks {
                for l in 0..LANES {
                    most[l] = most[l].max(block[l].abs());
                }
            }
            let mut largest = 0f32;
            for v in most {
                largest = largest.max(v);
            }
            for v in rest {
                largest = largest.max(v.abs());
            }
            // A row that is not finite stays so: its scale is what it is.
            *scale = if x.iter().all(|v| v.is_finite()) { largest / LARGEST } else { f32::NAN };
            let inverse = if largest > 0.0 { LARGEST / largest } else { 0.0 };
            for (code, v) in codes.iter_mut().zip(x) {
                let v = (v * inverse).clamp(-LARGEST, LARGEST) + NEAREST;
                *code = (v.to_bits().wrapping_sub(NEAREST.to_bits()) as i32 + SHIFT) as u8;
            }
        }
    }
}

/// Sums of whole numbers to values.
struct Back<'a> {
    sums: &'a [i32],
    rows: &'a [f32],
    scales: &'a [f32],
    shifts: &'a [i32],
    bias: &'a [f32],
    out: &'a mut [f32],
    stride: usize,
    column: usize,
    store: Store,
}

impl Kernel for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const LEVEL: usize>(self) {
        let columns = self.scales.len();
        let rows = self.sums.chunks_exact(PANEL).zip(self.out.chunks_exact_mut(self.stride)).zip(self.rows);
        for ((sums, out), &row) in rows {
            let (sums, out) = (&sums[..columns], &mut out[self.column..self.column + columns]);
            let (scales, shifts, bias) = (&self.scales[..columns], &self.shifts[..columns], &self.bias[..columns]);
            for c in 0..columns {
                let v = ((sums[c] - shifts[c]) as f32 * row).mul_add(scales[c], bias[c]);
                out[c] = if self.store == Store::Add { out[c] + v } else { v };
            }
        }
    }
}
