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
/// All bits of a number but its sign's.
pub(super) const SIZE: u32 = 0x7fff_ffff;
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
}

impl QuantizedLinear {
    /// The most inputs: sums of more products might not fit 32 bits.
    pub const MOST_INPUTS: usize = 65_536;

    /// A layer of `weight` (outputs × inputs, row-major) and `bias`, or none, with weights rounded to bytes. An output with a
    /// weight that is not finite gives no number.
    ///
    /// # Panics
    /// If the lengths do not fit, or there are more than [`QuantizedLinear::MOST_INPUTS`].
    pub fn new(inputs: usize, outputs: usize, weight: &[f32], bias: Option<&[f32]>) -> Self {
        assert_eq!(Some(weight.len()), inputs.checked_mul(outputs), "one weight for each input and output");
        assert!(bias.is_none_or(|b| b.len() == outputs), "one bias for each output");
        assert!(inputs <= Self::MOST_INPUTS, "sums within 32 bits");
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
            let (scale, inverse) = scale_of(row.iter().fold(0, |m, w| m.max(w.to_bits() & SIZE)));
            let mut sum = 0;
            for (i, w) in row.iter().enumerate() {
                let code = (w * inverse).round_ties_even() as i8;
                sum += i32::from(code);
                panel[(i / GROUP * PANEL + column) * GROUP + i % GROUP] = code;
            }
            (layer.scales[j], layer.shifts[j]) = (scale, SHIFT * sum);
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
        let QuantizedRows { codes, scales } = work;
        codes.clear();
        codes.resize(rows * stride, SHIFT as u8);
        scales.clear();
        scales.resize(rows, 0.0);
        if self.inputs > 0 {
            Round { x, width: self.inputs, codes, stride, scales }.apply(simd);
        }
        for first in (0..rows).step_by(ROWS) {
            let count = ROWS.min(rows - first);
            for p in 0..self.bias.len() / PANEL {
                let panel = Panel {
                    codes: &codes[first * stride..(first + count) * stride],
                    stride,
                    rows: &scales[first..first + count],
                    bytes: &self.panels[p * PANEL * stride..][..PANEL * stride],
                    scales: &self.scales[p * PANEL..][..PANEL],
                    shifts: &self.shifts[p * PANEL..][..PANEL],
                    bias: &self.bias[p * PANEL..][..PANEL],
                    out: &mut out[first * self.outputs..(first + count) * self.outputs],
                    out_stride: self.outputs,
                    first: p * PANEL,
                    columns: PANEL.min(self.outputs - p * PANEL),
                    add: store == Store::Add,
                };
                panel.apply(simd);
            }
        }
    }
}

/// Some rows through one panel.
pub(super) struct Panel<'a> {
    /// `stride` bytes a row, and its scale.
    pub(super) codes: &'a [u8],
    pub(super) stride: usize,
    pub(super) rows: &'a [f32],
    /// [`PANEL`] for each of `stride`.
    pub(super) bytes: &'a [i8],
    /// [`PANEL`] of each.
    pub(super) scales: &'a [f32],
    pub(super) shifts: &'a [i32],
    pub(super) bias: &'a [f32],
    /// Rows of `out_stride`, of which `columns` are computed from `first` on.
    pub(super) out: &'a mut [f32],
    pub(super) out_stride: usize,
    pub(super) first: usize,
    pub(super) columns: usize,
    pub(super) add: bool,
}

impl Panel<'_> {
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
    fn apply(mut self, simd: Simd) {
        #[cfg(target_arch = "x86_64")]
        if has_vnni(simd) {
            // SAFETY: the instructions are there, and `QuantizedLinear::apply` makes the parts of these lengths.
            unsafe { super::vnni::panel(&mut self) };
            return;
        }
        simd.run(self);
    }
}

/// The reference, which the instructions for bytes equal.
impl Kernel for Panel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const LEVEL: usize>(self) {
        let groups = self.bytes.as_chunks::<{ PANEL * GROUP }>().0;
        for (r, (out, &row)) in self.out.chunks_exact_mut(self.out_stride).zip(self.rows).enumerate() {
            let codes = &self.codes[r * self.stride..][..self.stride];
            let mut sums = [0i32; PANEL];
            for (x, group) in codes.as_chunks::<GROUP>().0.iter().zip(groups) {
                for c in 0..PANEL {
                    let mut sum = 0i32;
                    for b in 0..GROUP {
                        sum += i32::from(x[b]) * i32::from(group[c * GROUP + b]);
                    }
                    sums[c] += sum;
                }
            }
            let mut values = [0f32; PANEL];
            for c in 0..PANEL {
                values[c] = ((sums[c] - self.shifts[c]) as f32 * row).mul_add(self.scales[c], self.bias[c]);
            }
            for (o, v) in out[self.first..][..self.columns].iter_mut().zip(values) {
                *o = if self.add { *o + v } else { v };
            }
        }
    }
}

/// Rows to bytes, and the scale of each.
pub(super) struct Round<'a> {
    pub(super) x: &'a [f32],
    pub(super) width: usize,
    pub(super) codes: &'a mut [u8],
    pub(super) stride: usize,
    pub(super) scales: &'a mut [f32],
}

impl Round<'_> {
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
    fn apply(mut self, simd: Simd) {
        #[cfg(target_arch = "x86_64")]
        if has_vnni(simd) {
            // SAFETY: the instructions are there.
            unsafe { super::vnni::round(&mut self) };
            return;
        }
        simd.run(self);
    }
}

impl Kernel for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const LEVEL: usize>(self) {
        const LANES: usize = 16;
        let rows = self.x.chunks_exact(self.width).zip(self.codes.chunks_exact_mut(self.stride));
        for ((x, codes), scale) in rows.zip(self.scales) {
            // The bits of sizes are in the order of the sizes, and numbers that are not finite come behind all others.
            let mut most = [0u32; LANES];
            let (blocks, rest) = x.as_chunks::<LANES>();
            for block in blocks {
                for l in 0..LANES {
                    let bits = block[l].to_bits() & SIZE;
                    most[l] = if bits > most[l] { bits } else { most[l] };
                }
            }
            let mut largest = 0;
            for v in most {
                largest = largest.max(v);
            }
            for v in rest {
                largest = largest.max(v.to_bits() & SIZE);
            }
            let inverse;
            (*scale, inverse) = scale_of(largest);
            for (codes, x) in codes.as_chunks_mut::<LANES>().0.iter_mut().zip(blocks) {
                for l in 0..LANES {
                    codes[l] = code(x[l], inverse);
                }
            }
            for (c, x) in codes[blocks.len() * LANES..].iter_mut().zip(rest) {
                *c = code(*x, inverse);
            }
        }
    }
}

/// What a row's bytes are multiplied by, and what its values are, given the bits of the largest size.
#[inline(always)]
pub(super) fn scale_of(largest: u32) -> (f32, f32) {
    /// A row of smaller values is a row of zeros: the inverse of a size much below this is not finite.
    const NOTHING: f32 = 1e-36;
    let largest = f32::from_bits(largest);
    if !largest.is_finite() {
        // A row that is not finite stays so.
        (f32::NAN, 0.0)
    } else if largest < NOTHING {
        (0.0, 0.0)
    } else {
        (largest / LARGEST, LARGEST / largest)
    }
}

/// Adding 1.5 · 2²³ rounds to the nearest whole number and leaves it in the low bits.
pub(super) const NEAREST: f32 = 12_582_912.0;

/// `v` times `inverse` to the nearest whole number, from 1 to 255, 128 being 0.
#[inline(always)]
fn code(v: f32, inverse: f32) -> u8 {
    (v * inverse + NEAREST).to_bits() as u8 ^ SHIFT as u8
}
