//! Layer normalization.

use crate::simd::{Kernel, Simd};
use crate::sum::tree;

/// Values that are computed side by side.
const LANES: usize = 16;

/// Each row of `x` less its mean, divided by √(variance + `eps`), times `weight` and plus `bias` (Ba, Kiros & Hinton 2016). The
/// variance is that of the centered values, in a second pass: a mean of squares less a square of the mean cancels where the
/// mean is large.
///
/// # Panics
/// If `weight` is empty, or the lengths do not fit.
pub fn layer_norm(simd: Simd, x: &mut [f32], weight: &[f32], bias: Option<&[f32]>, eps: f32) {
    let width = weight.len();
    assert!(width > 0 && x.len().is_multiple_of(width), "whole rows");
    assert!(bias.is_none_or(|b| b.len() == width), "one bias for each weight");
    simd.run(LayerNorm { x, weight, bias, eps });
}

struct LayerNorm<'a> {
    x: &'a mut [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    eps: f32,
}

/// Σ f(x), by [`LANES`] partial sums.
#[inline(always)]
fn sum(x: &[f32], f: impl Fn(f32) -> f32 + Copy) -> f32 {
    let mut sums = [0f32; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for l in 0..LANES {
            sums[l] += f(block[l]);
        }
    }
    for (l, &v) in rest.iter().enumerate() {
        sums[l] += f(v);
    }
    tree(sums)
}

impl Kernel for LayerNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let n = self.weight.len();
        for row in self.x.chunks_exact_mut(n) {
            let mean = sum(row, |v| v) / n as f32;
            let variance = sum(row, |v| (v - mean) * (v - mean)) / n as f32;
            let scale = 1.0 / (variance + self.eps).sqrt();
            match self.bias {
                Some(bias) => {
                    for ((v, w), b) in row.iter_mut().zip(self.weight).zip(bias) {
                        *v = ((*v - mean) * scale).mul_add(*w, *b);
                    }
                }
                None => {
                    for (v, w) in row.iter_mut().zip(self.weight) {
                        *v = (*v - mean) * scale * w;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;

    #[test]
    fn near_the_formula_and_equal_on_all_levels() {
        let r = CounterRng::new(1, "norm").at(0, 0);
        for n in [1usize, 2, 16, 17, 384, 1000] {
            // A mean that is large against the deviation.
            let x: Vec<f32> = (0..3 * n as u64).map(|i| 30.0 + r.normal(i)).collect();
            let w: Vec<f32> = (0..n as u64).map(|i| r.normal(10_000 + i)).collect();
            let b: Vec<f32> = (0..n as u64).map(|i| r.normal(20_000 + i)).collect();
            for bias in [None, Some(&b[..])] {
                let mut want: Option<Vec<f32>> = None;
                for simd in Simd::available() {
                    let mut y = x.clone();
                    layer_norm(simd, &mut y, &w, bias, 1e-5);
                    for (y, x) in y.chunks_exact(n).zip(x.chunks_exact(n)) {
                        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64;
                        let var = x.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n as f64;
                        for c in 0..n {
                            let exact = (f64::from(x[c]) - mean) / (var + 1e-5).sqrt() * f64::from(w[c])
                                + bias.map_or(0.0, |b| f64::from(b[c]));
                            assert!((f64::from(y[c]) - exact).abs() < 2e-5, "{n} {c}: {} for {exact}", y[c]);
                        }
                    }
                    assert!(want.get_or_insert(y.clone()) == &y, "{simd:?}");
                }
            }
        }
    }
}
