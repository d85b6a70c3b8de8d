//! From scores to weights.

use super::{LANES, QUERIES};
use crate::math::exp_f32;
use crate::simd::Kernel;
use crate::sum::tree;

/// Scales scores, adds biases, and replaces them by eˢ⁻ᵐ, m being the query's largest, or by 0 where it does not look. Gives
/// 1 / Σ for each query.
pub(super) struct Softmax<'a> {
    /// `rows` rows of `span`, a multiple of [`LANES`].
    pub(super) scores: &'a mut [f32],
    pub(super) span: usize,
    pub(super) rows: usize,
    /// Places of the first query and of the first key.
    pub(super) first: usize,
    pub(super) low: usize,
    /// Tokens of the text.
    pub(super) length: usize,
    pub(super) scale: f32,
    /// By distance, and the largest one.
    pub(super) bias: Option<(&'a [f32], usize)>,
    pub(super) window: Option<usize>,
}

impl Kernel for Softmax<'_> {
    type Output = [f32; QUERIES];

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> [f32; QUERIES] {
        let mut inverse = [0f32; QUERIES];
        for r in 0..self.rows {
            let i = self.first + r;
            let (from, to) = match self.window {
                Some(w) => (i.saturating_sub(w), i.saturating_add(w).saturating_add(1).min(self.length)),
                None => (0, self.length),
            };
            let row = self.scores[r * self.span..][..self.span].as_chunks_mut::<LANES>().0;
            let mut largest = [f32::NEG_INFINITY; LANES];
            for (b, block) in row.iter_mut().enumerate() {
                let start = self.low + b * LANES;
                for l in 0..LANES {
                    block[l] *= self.scale;
                }
                if let Some((by, far)) = self.bias {
                    let by = &by[far + start - i..];
                    for l in 0..LANES.min(self.length - start).min(by.len()) {
                        block[l] += by[l];
                    }
                }
                if start < from || start + LANES > to {
                    for l in 0..LANES {
                        let seen = (from..to).contains(&(start + l));
                        block[l] = if seen { block[l] } else { f32::NEG_INFINITY };
                    }
                }
                for l in 0..LANES {
                    largest[l] = if block[l] > largest[l] { block[l] } else { largest[l] };
                }
            }
            let mut most = f32::NEG_INFINITY;
            for l in 0..LANES {
                most = if largest[l] > most { largest[l] } else { most };
            }
            let mut sums = [0f32; LANES];
            for block in row {
                for l in 0..LANES {
                    let e = exp_f32(block[l] - most);
                    let e = if block[l] == f32::NEG_INFINITY { 0.0 } else { e };
                    block[l] = e;
                    sums[l] += e;
                }
            }
            inverse[r] = 1.0 / tree(sums);
        }
        inverse
    }
}
