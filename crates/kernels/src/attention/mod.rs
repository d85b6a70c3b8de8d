//! Attention of one text to itself (Vaswani et al. 2017), head by head, without masks for padding, since there is none.
//!
//! Every number is a chain of multiply-adds whose order depends on the text alone: the same bits on every level, and whatever
//! is computed beside it.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

mod softmax;
mod transpose;

use crate::linear::{Block, Start, Store, product};
use crate::simd::{Kernel, Simd};
use softmax::Softmax;
use transpose::transpose;

/// Scores that are computed side by side.
const LANES: usize = 16;
/// Queries that are computed together.
const QUERIES: usize = 24;
/// Tokens up to which values are read where they lie: those of longer texts, a row of the text apart, would push one another out
/// of the nearest cache.
const NEAR: usize = 64;

/// What attention is made of, but for the text.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// Number of heads.
    pub heads: usize,
    /// Values of a head.
    pub width: usize,
    /// What scores are multiplied by: usually 1 / √`width`.
    pub scale: f32,
    /// Rotations of queries and keys by their place (Su et al. 2021).
    pub rotation: Option<Rotation<'a>>,
    /// What is added to scores by distance.
    pub bias: Option<Bias<'a>>,
    /// How far a token looks to either side; all of the text if there is none.
    pub window: Option<usize>,
}

/// Cosines and sines for each place, `width` / 2 of them: value i of a head turns with value i + `width` / 2.
#[derive(Clone, Copy, Debug)]
pub struct Rotation<'a> {
    /// Row by row.
    pub cos: &'a [f32],
    /// Row by row.
    pub sin: &'a [f32],
}

/// For each head what is added to a score, by the place of the key less that of the query, from −`far` to `far`.
#[derive(Clone, Copy, Debug)]
pub struct Bias<'a> {
    /// `heads` rows of 2 · `far` + 1 values.
    pub values: &'a [f32],
    /// The largest distance.
    pub far: usize,
}

/// Memory that is used again.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// A row for each value of a head, a column a token, up to whole vectors.
    keys: Vec<f32>,
    /// A row a token, of texts whose values are not read where they lie.
    values: Vec<f32>,
    /// A row for each of some queries.
    scores: Vec<f32>,
    /// What sums begin with.
    zeros: Vec<f32>,
}

/// One head of one text.
struct Head<'a> {
    /// Rows of queries, keys and values; those of this head begin at `at`.
    qkv: &'a [f32],
    at: usize,
    index: usize,
    /// Tokens, and up to whole vectors.
    length: usize,
    long: usize,
}

impl Attention<'_> {
    /// Attends within one text: `qkv` has a row a token, of queries, keys and values, each of `heads` · `width`; `out` gets
    /// rows of `heads` · `width`. Rotations are done in place.
    ///
    /// # Panics
    /// If lengths do not fit, or rotations or biases do not reach as far as the text.
    pub fn attend(&self, simd: Simd, qkv: &mut [f32], out: &mut [f32], scratch: &mut Scratch) {
        let hidden = self.heads * self.width;
        assert!(hidden > 0 && out.len().is_multiple_of(hidden) && qkv.len() == 3 * out.len(), "a row for each token");
        let length = out.len() / hidden;
        if let Some(r) = self.rotation {
            let most = r.cos.len().min(r.sin.len());
            assert!(self.width.is_multiple_of(2) && length * (self.width / 2) <= most, "a rotation for each place");
            simd.run(Turn { qkv: &mut *qkv, heads: self.heads, width: self.width, by: r });
        }
        if let Some(b) = &self.bias {
            assert!(length <= b.far + 1 && b.values.len() == self.heads * (2 * b.far + 1), "a bias for each distance");
        }
        let long = length.next_multiple_of(LANES);
        scratch.zeros.resize(long.max(self.width), 0.0);
        // What there was is written over.
        scratch.keys.resize(long * self.width, 0.0);
        scratch.scores.resize(QUERIES * long, 0.0);
        for index in 0..self.heads {
            let head = Head { qkv: &*qkv, at: index * self.width, index, length, long };
            let keys = &qkv[(hidden + head.at).min(qkv.len())..];
            transpose(simd, keys, 3 * hidden, (length, self.width), &mut scratch.keys, long);
            if length > NEAR {
                scratch.values.clear();
                for row in qkv.chunks_exact(3 * hidden) {
                    scratch.values.extend_from_slice(&row[2 * hidden + head.at..][..self.width]);
                }
            }
            for first in (0..length).step_by(QUERIES) {
                self.queries(simd, &head, first, out, scratch);
            }
        }
    }

    /// What the queries from `first` on get.
    fn queries(&self, simd: Simd, head: &Head<'_>, first: usize, out: &mut [f32], scratch: &mut Scratch) {
        let (width, hidden) = (self.width, self.heads * self.width);
        let Head { qkv, at, length, long, .. } = *head;
        let Scratch { keys, values, scores, zeros } = scratch;
        let rows = QUERIES.min(length - first);
        // Whole vectors of keys, some of which these queries look at.
        let (low, high) = match self.window {
            Some(w) => {
                let end = first.saturating_add(rows).saturating_add(w).min(length);
                (first.saturating_sub(w) / LANES * LANES, end.next_multiple_of(LANES))
            }
            None => (0, long),
        };
        let span = high - low;
        let scores = &mut scores[..rows * span];
        let asked = Block {
            x: &qkv[first * 3 * hidden + at..],
            x_stride: 3 * hidden,
            depth: width,
            weights: &keys[low..],
            stride: long,
            rows,
            columns: span,
        };
        product(simd, asked, Start::Row(zeros), scores, span, Store::Replace);
        let inverse = simd.run(Softmax {
            scores: &mut *scores,
            span,
            rows,
            first,
            low,
            length,
            scale: self.scale,
            bias: self.bias.map(|b| (&b.values[head.index * (2 * b.far + 1)..][..2 * b.far + 1], b.far)),
            window: self.window,
        });
        let (weights, stride) = match length > NEAR {
            true => (&values[low * width..], width),
            false => (&qkv[low * 3 * hidden + 2 * hidden + at..], 3 * hidden),
        };
        let depth = high.min(length) - low;
        let mixed = Block { x: scores, x_stride: span, depth, weights, stride, rows, columns: width };
        let out = &mut out[first * hidden + at..];
        product(simd, mixed, Start::Row(zeros), out, hidden, Store::Replace);
        simd.run(Scale { rows: out, stride: hidden, width, by: &inverse[..rows] });
    }
}

/// Turns queries and keys by their places.
struct Turn<'a> {
    qkv: &'a mut [f32],
    heads: usize,
    width: usize,
    by: Rotation<'a>,
}

impl Kernel for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let half = self.width / 2;
        for (i, row) in self.qkv.chunks_exact_mut(3 * self.heads * self.width).enumerate() {
            let (cos, sin) = (&self.by.cos[i * half..][..half], &self.by.sin[i * half..][..half]);
            for head in row[..2 * self.heads * self.width].chunks_exact_mut(self.width) {
                let (a, b) = head.split_at_mut(half);
                let b = &mut b[..half];
                for c in 0..half {
                    let (x, y) = (a[c], b[c]);
                    a[c] = x * cos[c] - y * sin[c];
                    b[c] = y * cos[c] + x * sin[c];
                }
            }
        }
    }
}

/// Multiplies the first `width` values of each row.
struct Scale<'a> {
    rows: &'a mut [f32],
    stride: usize,
    width: usize,
    by: &'a [f32],
}

impl Kernel for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for (r, &by) in self.by.iter().enumerate() {
            let row = &mut self.rows[r * self.stride..][..self.width];
            for c in 0..row.len() {
                row[c] *= by;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;

    fn values(n: usize, seed: u64) -> Vec<f32> {
        let r = CounterRng::new(seed, "attention").at(0, 0);
        (0..n).map(|i| r.normal(i as u64)).collect()
    }

    /// The formula, in f64.
    fn naive(a: &Attention<'_>, qkv: &[f32]) -> Vec<f64> {
        let hidden = a.heads * a.width;
        let length = qkv.len() / (3 * hidden);
        let part = |p: usize, i: usize, h: usize| -> Vec<f64> {
            let x = &qkv[3 * hidden * i + p * hidden + h * a.width..][..a.width];
            let x: Vec<f64> = x.iter().map(|&v| v.into()).collect();
            let Some(r) = a.rotation.filter(|_| p < 2) else { return x };
            let half = a.width / 2;
            let turn = |c: usize| {
                let (cos, sin) = (f64::from(r.cos[i * half + c % half]), f64::from(r.sin[i * half + c % half]));
                if c < half { x[c] * cos - x[c + half] * sin } else { x[c] * cos + x[c - half] * sin }
            };
            (0..a.width).map(turn).collect()
        };
        let mut out = vec![0.0; length * hidden];
        for h in 0..a.heads {
            for i in 0..length {
                let q = part(0, i, h);
                let score = |j: usize| {
                    let s: f64 = q.iter().zip(part(1, j, h)).map(|(q, k)| q * k).sum();
                    let b = a.bias.map_or(0.0, |b| b.values[h * (2 * b.far + 1) + b.far + j - i].into());
                    let seen = a.window.is_none_or(|w| i.abs_diff(j) <= w);
                    if seen { (s * f64::from(a.scale) + b).exp() } else { 0.0 }
                };
                let weights: Vec<f64> = (0..length).map(score).collect();
                let total: f64 = weights.iter().sum();
                for j in 0..length {
                    for (c, v) in part(2, j, h).iter().enumerate() {
                        out[i * hidden + h * a.width + c] += weights[j] / total * v;
                    }
                }
            }
        }
        out
    }

    #[test]
    fn near_the_formula_and_equal_on_all_levels() {
        for (heads, width, length) in [(1, 1, 1), (2, 12, 5), (3, 32, 16), (2, 64, 37), (1, 16, 150)] {
            let qkv = values(3 * heads * width * length, 1);
            let angles = values(length * (width / 2), 2);
            let (cos, sin): (Vec<f32>, Vec<f32>) = angles.iter().map(|a| (a.cos(), a.sin())).unzip();
            let far = length + 3;
            let by = values(heads * (2 * far + 1), 3);
            for case in 0..8 {
                let rotation = (case & 1 > 0 && width > 1).then_some(Rotation { cos: &cos, sin: &sin });
                let bias = (case & 2 > 0).then_some(Bias { values: &by, far });
                let window = (case & 4 > 0).then_some(9);
                let a = Attention { heads, width, scale: 1.0 / (width as f32).sqrt(), rotation, bias, window };
                let exact = naive(&a, &qkv);
                let mut want: Option<Vec<f32>> = None;
                for simd in Simd::available() {
                    let mut out = vec![f32::NAN; heads * width * length];
                    a.attend(simd, &mut qkv.clone(), &mut out, &mut Scratch::default());
                    for (got, want) in out.iter().zip(&exact) {
                        let e = (f64::from(*got) - want).abs();
                        assert!(e < 2e-6, "{heads} {width} {length} case {case}: {got} for {want}");
                    }
                    assert!(want.get_or_insert(out.clone()) == &out, "{simd:?}");
                }
            }
        }
    }

    #[test]
    fn large_scores_do_not_overflow() {
        let a = Attention { heads: 1, width: 2, scale: 1.0, rotation: None, bias: None, window: None };
        // The second token's key is what both look for.
        let mut qkv = [1e4, 0.0, 0.0, 0.0, 5.0, 6.0, 1e4, 0.0, 1e4, 0.0, 7.0, 8.0];
        let mut out = [0.0; 4];
        a.attend(Simd::detect(), &mut qkv, &mut out, &mut Scratch::default());
        assert_eq!(out, [7.0, 8.0, 7.0, 8.0]);
    }
}
