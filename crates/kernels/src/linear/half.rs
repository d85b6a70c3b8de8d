//! Linear layers whose weights take two bytes each: half the memory, and the sums of `f32`.

use super::{Linear, PANEL, Panel, ROWS, Store, rows_of, sums};
use crate::simd::{Kernel, Simd};
use ::half::f16;
use ::half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

/// A format of two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// IEEE binary16: 11 bits of precision, sizes up to 65504.
    F16,
    /// The upper half of an `f32`: 8 bits of precision, all of its sizes.
    Bf16,
}

/// Numbers of two bytes.
#[derive(Clone, Debug)]
pub struct HalfValues {
    kind: Half,
    bits: Vec<u16>,
}

impl HalfValues {
    /// Numbers rounded to the nearest of the format, ties to even; beyond its range they become infinite.
    pub fn new(kind: Half, values: &[f32]) -> Self {
        let mut bits = vec![0u16; values.len()];
        match kind {
            Half::F16 => bits.reinterpret_cast_mut::<f16>().convert_from_f32_slice(values),
            Half::Bf16 => bits.reinterpret_cast_mut::<::half::bf16>().convert_from_f32_slice(values),
        }
        Self { kind, bits }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// Whether all are finite.
    pub fn is_finite(&self) -> bool {
        let exponent = match self.kind {
            Half::F16 => 0x7c00,
            Half::Bf16 => 0x7f80,
        };
        self.bits.iter().all(|b| b & exponent != exponent)
    }

    /// The numbers from `from` on, as many as `out` has.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn widen(&self, simd: Simd, from: usize, out: &mut [f32]) {
        let bits = &self.bits[from..][..out.len()];
        match self.kind {
            Half::F16 => bits.reinterpret_cast::<f16>().convert_to_f32_slice(out),
            Half::Bf16 => simd.run(Widen { bits, out }),
        }
    }
}

struct Widen<'a> {
    bits: &'a [u16],
    out: &'a mut [f32],
}

impl Kernel for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const LEVEL: usize>(self) {
        for i in 0..self.out.len().min(self.bits.len()) {
            self.out[i] = f32::from_bits(u32::from(self.bits[i]) << 16);
        }
    }
}

/// Weights of two bytes, and biases, of a linear layer. Gives what [`Linear`] of the rounded weights gives, to the bit.
#[derive(Clone, Debug)]
pub struct HalfLinear {
    inputs: usize,
    outputs: usize,
    /// As in [`Linear`].
    panels: HalfValues,
    bias: Vec<f32>,
}

impl HalfLinear {
    /// A layer of `weight` (outputs × inputs, row-major) and `bias`, or none, with weights rounded to two bytes.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn new(kind: Half, inputs: usize, outputs: usize, weight: &[f32], bias: Option<&[f32]>) -> Self {
        let Linear { panels, bias, .. } = Linear::new(inputs, outputs, weight, bias);
        Self { inputs, outputs, panels: HalfValues::new(kind, &panels), bias }
    }

    /// Whether all weights are finite.
    pub fn is_finite(&self) -> bool {
        self.panels.is_finite()
    }

    /// The rows of `x` through the layer, into `out` (as many rows), on the calling thread. `panel` is memory that is used
    /// again.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn apply(&self, simd: Simd, x: &[f32], out: &mut [f32], store: Store, panel: &mut Vec<f32>) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let rows = rows_of(inputs, outputs, x, out);
        let mut sums = sums(rows, inputs, store);
        panel.resize(inputs * PANEL, 0.0);
        for (p, bias) in self.bias.as_chunks::<PANEL>().0.iter().enumerate() {
            // Once for all rows.
            self.panels.widen(simd, p * inputs * PANEL, panel);
            for first in (0..rows).step_by(ROWS) {
                let rows = ROWS.min(rows - first);
                let (x, out) = (&x[first * inputs..][..rows * inputs], &mut out[first * outputs..][..rows * outputs]);
                let panel = Panel { weights: panel, bias, inputs, outputs, first: p * PANEL };
                panel.apply(simd, x, out, store, &mut sums);
            }
        }
    }
}
