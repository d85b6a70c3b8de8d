//! Linear layers: y = x · Wᵀ + b for rows x, with weights that are laid out once and used many times.
//!
//! Each value of y is one chain of fused multiply-adds, from the bias over the inputs in their order. So it has the same
//! bits on every level and every number of threads, and whatever rows are multiplied with it: this is what makes the vector
//! of a text independent of its company. A library's matrix product is as fast, but sums in an order of its own.

mod int8;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::simd::{Simd, SimdLevel};

pub use int8::{QuantizedLinear, QuantizedRows};

/// Outputs that are computed side by side: three registers of 512 bits.
pub(crate) const PANEL: usize = 48;
/// Inputs that are multiplied before the next rows are taken: as many as keep a panel's part and a strip of rows in the caches
/// next to the core.
const DEPTH: usize = 384;
/// Rows that use a panel before the next one is taken.
const ROWS: usize = 128;

/// Weights and biases of a linear layer, laid out for products with rows.
#[derive(Clone, Debug)]
pub struct Linear {
    inputs: usize,
    outputs: usize,
    /// Panel by panel, input by input, the weights of the panel's outputs side by side; zeros where the last one is not full.
    panels: Vec<f32>,
    /// The same of the biases.
    bias: Vec<f32>,
}

/// What is done with values that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// They are replaced.
    Replace,
    /// The product is added to them: a residual connection.
    Add,
}

impl Linear {
    /// A layer of `weight` (outputs × inputs, row-major, as frameworks keep it) and `bias`, or none.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn new(inputs: usize, outputs: usize, weight: &[f32], bias: Option<&[f32]>) -> Self {
        assert_eq!(Some(weight.len()), inputs.checked_mul(outputs), "one weight for each input and output");
        assert!(bias.is_none_or(|b| b.len() == outputs), "one bias for each output");
        let count = outputs.div_ceil(PANEL);
        let mut panels = vec![0.0; count * inputs * PANEL];
        for (p, panel) in panels.chunks_exact_mut((inputs * PANEL).max(1)).enumerate() {
            for c in 0..PANEL.min(outputs - p * PANEL) {
                let row = &weight[(p * PANEL + c) * inputs..][..inputs];
                for (to, &w) in panel[c..].iter_mut().step_by(PANEL).zip(row) {
                    *to = w;
                }
            }
        }
        let mut padded = vec![0.0; count * PANEL];
        if let Some(bias) = bias {
            padded[..outputs].copy_from_slice(bias);
        }
        Self { inputs, outputs, panels, bias: padded }
    }

    /// Length of the rows that go in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Length of the rows that come out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The rows of `x` through the layer, into `out` (as many rows), on the calling thread.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn apply(&self, simd: Simd, x: &[f32], out: &mut [f32], store: Store) {
        let rows = out.len().checked_div(self.outputs).unwrap_or(0);
        assert_eq!(out.len(), rows * self.outputs, "whole rows");
        assert_eq!(x.len(), rows * self.inputs, "as many rows in as out");
        let mut sums = Vec::new();
        for (x, out) in x.chunks(ROWS * self.inputs.max(1)).zip(out.chunks_mut(ROWS * self.outputs.max(1))) {
            let rows = out.len() / self.outputs;
            // Sums that are not complete are kept beside `out`, since this may hold what is to be added to.
            sums.resize(rows * PANEL, 0.0);
            for p in 0..self.bias.len() / PANEL {
                self.panel(simd, p, x, &mut sums);
                let columns = PANEL.min(self.outputs - p * PANEL);
                for (sums, out) in sums.chunks_exact(PANEL).zip(out.chunks_exact_mut(self.outputs)) {
                    let out = &mut out[p * PANEL..][..columns];
                    match store {
                        Store::Replace => out.copy_from_slice(&sums[..columns]),
                        Store::Add => {
                            for (o, s) in out.iter_mut().zip(sums) {
                                *o += s;
                            }
                        }
                    }
                }
            }
        }
        if self.inputs == 0 {
            // There are no chunks of empty rows.
            for out in out.chunks_exact_mut(self.outputs.max(1)) {
                for (o, b) in out.iter_mut().zip(&self.bias) {
                    *o = if store == Store::Add { *o + b } else { *b };
                }
            }
        }
    }

    /// Panel `p` of the rows of `x`, into `sums` ([`PANEL`] a row).
    fn panel(&self, simd: Simd, p: usize, x: &[f32], sums: &mut [f32]) {
        let bias = &self.bias[p * PANEL..][..PANEL];
        for row in sums.chunks_exact_mut(PANEL) {
            row.copy_from_slice(bias);
        }
        let weights = &self.panels[p * self.inputs * PANEL..][..self.inputs * PANEL];
        for (d, weights) in weights.chunks(DEPTH * PANEL).enumerate() {
            let part = Part { x, stride: self.inputs, from: d * DEPTH, weights };
            multiply(simd, part, sums);
        }
    }
}

/// Adds the products of a part to the sums, [`PANEL`] for each of its rows: to each one a chain over the part's inputs.
///
/// # Panics
/// If the part is not within its rows.
pub(crate) fn multiply(simd: Simd, part: Part<'_>, sums: &mut [f32]) {
    let rows = sums.len() / PANEL;
    assert!(sums.len() == rows * PANEL && part.weights.len().is_multiple_of(PANEL), "whole panels");
    assert!(part.x.len() == rows * part.stride && part.from + part.depth() <= part.stride, "inputs within rows");
    match simd.level() {
        // SAFETY: a value of this level proves that the machine has the instructions. By the checks above there are
        // `sums.len() / PANEL` rows of `stride` values, of which `from` and the depth from there on are within the row.
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx512 => unsafe { x86::avx512(part, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx2 => unsafe { x86::avx2(part, sums) },
        _ => scalar::add(part, sums),
    }
}

/// Some inputs of some rows, and the weights that they have for one panel.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    /// Rows of `stride` values.
    pub(crate) x: &'a [f32],
    pub(crate) stride: usize,
    /// The first of the inputs.
    pub(crate) from: usize,
    /// [`PANEL`] for each of them.
    pub(crate) weights: &'a [f32],
}

impl Part<'_> {
    fn depth(&self) -> usize {
        self.weights.len() / PANEL
    }
}

#[cfg(test)]
mod tests;
