//! Linear layers: y = x · Wᵀ + b for rows x, with weights that are laid out once and used many times.
//!
//! Each value of y is one chain of fused multiply-adds, from the bias over the inputs in their order. So it has the same
//! bits on every level and every number of threads, and whatever rows are multiplied with it: this is what makes the vector
//! of a text independent of its company. A library's matrix product is as fast, but sums in an order of its own.

mod block;
mod half;
mod int8;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod vnni;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::simd::Simd;

pub use block::Store;
pub(crate) use block::{Block, Start, product};
pub use half::{Half, HalfLinear, HalfValues};
pub use int8::{QuantizedLinear, QuantizedRows};

/// Outputs that are computed side by side: three registers of 512 bits.
const PANEL: usize = 48;
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
        let (inputs, outputs) = (self.inputs, self.outputs);
        let rows = rows_of(inputs, outputs, x, out);
        let mut sums = sums(rows, inputs, store);
        for first in (0..rows).step_by(ROWS) {
            let rows = ROWS.min(rows - first);
            let (x, out) = (&x[first * inputs..][..rows * inputs], &mut out[first * outputs..][..rows * outputs]);
            for (p, bias) in self.bias.as_chunks::<PANEL>().0.iter().enumerate() {
                let weights = &self.panels[p * inputs * PANEL..][..inputs * PANEL];
                let panel = Panel { weights, bias, inputs, outputs, first: p * PANEL };
                panel.apply(simd, x, out, store, &mut sums);
            }
        }
    }
}

/// How many rows there are.
fn rows_of(inputs: usize, outputs: usize, x: &[f32], out: &[f32]) -> usize {
    let rows = out.len().checked_div(outputs).unwrap_or(0);
    assert_eq!(out.len(), rows * outputs, "whole rows");
    assert_eq!(x.len(), rows * inputs, "as many rows in as out");
    rows
}

/// Chains that are not complete, where they cannot be kept in a place that holds what is to be added to.
fn sums(rows: usize, inputs: usize, store: Store) -> Vec<f32> {
    let needed = store == Store::Add && inputs > DEPTH;
    vec![0.0; if needed { ROWS.min(rows) * PANEL } else { 0 }]
}

/// The weights and biases of the outputs from `first` on.
struct Panel<'a> {
    weights: &'a [f32],
    bias: &'a [f32; PANEL],
    inputs: usize,
    outputs: usize,
    first: usize,
}

impl Panel<'_> {
    /// The values of at most [`ROWS`] rows.
    fn apply(&self, simd: Simd, x: &[f32], out: &mut [f32], store: Store, sums: &mut [f32]) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let rows = out.len() / outputs;
        let out = &mut out[self.first..];
        let mut from = 0;
        loop {
            let to = inputs.min(from + DEPTH);
            let block = Block {
                x: &x[from..],
                x_stride: inputs,
                depth: to - from,
                weights: &self.weights[from * PANEL..],
                stride: PANEL,
                rows,
                columns: PANEL.min(outputs - self.first),
            };
            match (from == 0, to == inputs, store) {
                (true, true, _) | (true, _, Store::Replace) => {
                    product(simd, block, Start::Row(self.bias), out, outputs, store);
                }
                (false, _, Store::Replace) => product(simd, block, Start::There, out, outputs, store),
                (true, false, Store::Add) => {
                    product(simd, block, Start::Row(self.bias), sums, PANEL, Store::Replace);
                }
                (false, false, Store::Add) => product(simd, block, Start::There, sums, PANEL, Store::Replace),
                (false, true, Store::Add) => product(simd, block, Start::Rows(sums, PANEL), out, outputs, store),
            }
            from = to;
            if to == inputs {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests;
