//! Attention of one text to itself (Vaswani et al. 2017), head by head, without masks for padding, since there is none.
//!
//! Every number is a chain of multiply-adds whose order depends on the text alone: the same bits on every level, and whatever
//! is computed beside it.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

use crate::linear::{PANEL, Part, multiply};
use crate::math::exp_f32;
use crate::simd::{Kernel, Simd};
use crate::sum::tree;

/// Scores that are computed side by side; [`PANEL`] is a multiple of it.
const LANES: usize = 16;
/// Queries that are computed together.
const QUERIES: usize = 32;

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
    /// A row a token.
    queries: Vec<f32>,
    /// Panels of as many tokens as a panel has columns.
    keys: Vec<f32>,
    /// Panels of as many values, a row a token, and rows of zeros up to whole panels of tokens.
    values: Vec<f32>,
    /// For each panel of keys the scores of some queries.
    scores: Vec<f32>,
    /// What some queries get.
    mixed: Vec<f32>,
}

impl Attention<'_> {
    /// Attends within one text: `qkv` has a row a token, of queries, keys and values, each of `heads` · `width`; `out` gets
    /// rows of `heads` · `width`.
    ///
    /// # Panics
    /// If lengths do not fit, or rotations or biases do not reach as far as the text.
    pub fn attend(&self, simd: Simd, qkv: &[f32], out: &mut [f32], scratch: &mut Scratch) {
        let hidden = self.heads * self.width;
        assert!(hidden > 0 && out.len().is_multiple_of(hidden) && qkv.len() == 3 * out.len(), "a row for each token");
        let length = out.len() / hidden;
        if let Some(r) = &self.rotation {
            let most = r.cos.len().min(r.sin.len());
            assert!(self.width.is_multiple_of(2) && length * (self.width / 2) <= most, "a rotation for each place");
        }
        if let Some(b) = &self.bias {
            assert!(length <= b.far + 1 && b.values.len() == self.heads * (2 * b.far + 1), "a bias for each distance");
        }
        let (long, wide) = (length.next_multiple_of(PANEL), self.width.next_multiple_of(PANEL));
        for (memory, size) in [
            (&mut scratch.queries, length * self.width),
            (&mut scratch.keys, long * self.width),
            (&mut scratch.values, long * wide),
            (&mut scratch.scores, QUERIES * long),
            (&mut scratch.mixed, QUERIES * PANEL),
        ] {
            // What lies beyond a text or a head must be 0.
            memory.clear();
            memory.resize(size, 0.0);
        }
        for head in 0..self.heads {
            self.gather(qkv, head, length, scratch);
            for first in (0..length).step_by(QUERIES) {
                self.queries(simd, (head, length, first), out, scratch);
            }
        }
    }

    /// Lays out the queries, keys and values of a head.
    fn gather(&self, qkv: &[f32], head: usize, length: usize, scratch: &mut Scratch) {
        let (width, hidden) = (self.width, self.heads * self.width);
        let long = length.next_multiple_of(PANEL);
        let Scratch { queries, keys, values, .. } = scratch;
        for i in 0..length {
            let row = &qkv[3 * hidden * i + head * width..];
            let (q, k, v) = (&row[..width], &row[hidden..hidden + width], &row[2 * hidden..2 * hidden + width]);
            let query = &mut queries[i * width..(i + 1) * width];
            let key = &mut keys[i / PANEL * PANEL * width + i % PANEL..];
            for (p, v) in v.chunks(PANEL).enumerate() {
                values[(p * long + i) * PANEL..][..v.len()].copy_from_slice(v);
            }
            match self.rotation {
                None => {
                    for c in 0..width {
                        query[c] = q[c] * self.scale;
                        key[c * PANEL] = k[c];
                    }
                }
                Some(r) => {
                    let half = width / 2;
                    let (cos, sin) = (&r.cos[i * half..][..half], &r.sin[i * half..][..half]);
                    for c in 0..half {
                        let d = c + half;
                        query[c] = (q[c] * cos[c] - q[d] * sin[c]) * self.scale;
                        query[d] = (q[d] * cos[c] + q[c] * sin[c]) * self.scale;
                        key[c * PANEL] = k[c] * cos[c] - k[d] * sin[c];
                        key[d * PANEL] = k[d] * cos[c] + k[c] * sin[c];
                    }
                }
            }
        }
    }

    /// What the queries from `first` on get.
    fn queries(
        &self,
        simd: Simd,
        (head, length, first): (usize, usize, usize),
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (width, hidden) = (self.width, self.heads * self.width);
        let long = length.next_multiple_of(PANEL);
        let Scratch { queries, keys, values, scores, mixed } = scratch;
        let count = QUERIES.min(length - first);
        // Panels with keys that some of these queries look at.
        let (low, high) = match self.window {
            Some(w) => (first.saturating_sub(w) / PANEL, (first + count + w).min(length).div_ceil(PANEL)),
            None => (0, long / PANEL),
        };
        let size = count * PANEL;
        let x = &queries[first * width..(first + count) * width];
        let scores = &mut scores[..(high - low) * size];
        scores.fill(0.0);
        for (p, scores) in (low..high).zip(scores.chunks_exact_mut(size)) {
            let weights = &keys[p * width * PANEL..(p + 1) * width * PANEL];
            multiply(simd, Part { x, stride: width, from: 0, weights }, scores);
        }
        let bias = self.bias.map(|b| (&b.values[head * (2 * b.far + 1)..][..2 * b.far + 1], b.far));
        let of = Places { first, count, low: low * PANEL, length, window: self.window };
        let inverse = simd.run(Softmax { of, bias, scores: &mut *scores });
        for (c, values) in values.chunks_exact(long * PANEL).enumerate() {
            let mixed = &mut mixed[..size];
            mixed.fill(0.0);
            for (p, scores) in (low..high).zip(scores.chunks_exact(size)) {
                let weights = &values[p * PANEL * PANEL..(p + 1) * PANEL * PANEL];
                multiply(simd, Part { x: scores, stride: PANEL, from: 0, weights }, mixed);
            }
            let columns = PANEL.min(width - c * PANEL);
            for (r, mixed) in mixed.chunks_exact(PANEL).enumerate() {
                let to = &mut out[(first + r) * hidden + head * width + c * PANEL..][..columns];
                for (to, v) in to.iter_mut().zip(mixed) {
                    *to = v * inverse[r];
                }
            }
        }
    }
}

/// Which queries and keys scores are of.
#[derive(Clone, Copy)]
struct Places {
    /// The first query, and how many there are.
    first: usize,
    count: usize,
    /// The first key.
    low: usize,
    /// Tokens of the text.
    length: usize,
    window: Option<usize>,
}

/// Adds biases, and replaces scores by eˢ⁻ᵐ, m being the query's largest, or by 0 where it does not look. Gives 1 / Σ for each
/// query.
struct Softmax<'a> {
    of: Places,
    /// By distance, and the largest one.
    bias: Option<(&'a [f32], usize)>,
    /// Panel by panel, query by query.
    scores: &'a mut [f32],
}

impl Kernel for Softmax<'_> {
    type Output = [f32; QUERIES];

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> [f32; QUERIES] {
        let Self { of, bias, scores } = self;
        let mut inverse = [0f32; QUERIES];
        let size = of.count * PANEL;
        let panels = scores.len() / size;
        for r in 0..of.count {
            let i = of.first + r;
            let (from, to) = match of.window {
                Some(w) => (i.saturating_sub(w), (i + w + 1).min(of.length)),
                None => (0, of.length),
            };
            let mut largest = [f32::NEG_INFINITY; LANES];
            for p in 0..panels {
                let start = of.low + p * PANEL;
                let row = &mut scores[p * size + r * PANEL..][..PANEL];
                if let Some((by, far)) = bias {
                    let here = PANEL.min(of.length - start);
                    for (s, b) in row.iter_mut().zip(&by[far + start - i..][..here]) {
                        *s += b;
                    }
                }
                if start < from || start + PANEL > to {
                    for (c, s) in row.iter_mut().enumerate() {
                        *s = if (from..to).contains(&(start + c)) { *s } else { f32::NEG_INFINITY };
                    }
                }
                for block in row.as_chunks::<LANES>().0 {
                    for l in 0..LANES {
                        largest[l] = if block[l] > largest[l] { block[l] } else { largest[l] };
                    }
                }
            }
            let mut most = f32::NEG_INFINITY;
            for l in 0..LANES {
                most = if largest[l] > most { largest[l] } else { most };
            }
            let mut sums = [0f32; LANES];
            for p in 0..panels {
                let row = &mut scores[p * size + r * PANEL..][..PANEL];
                for block in row.as_chunks_mut::<LANES>().0 {
                    for l in 0..LANES {
                        let e = exp_f32(block[l] - most);
                        let e = if block[l] == f32::NEG_INFINITY { 0.0 } else { e };
                        block[l] = e;
                        sums[l] += e;
                    }
                }
            }
            inverse[r] = 1.0 / tree(sums);
        }
        inverse
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
                    a.attend(simd, &qkv, &mut out, &mut Scratch::default());
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
        let qkv = [1e4, 0.0, 0.0, 0.0, 5.0, 6.0, 1e4, 0.0, 1e4, 0.0, 7.0, 8.0];
        let mut out = [0.0; 4];
        a.attend(Simd::detect(), &qkv, &mut out, &mut Scratch::default());
        assert_eq!(out, [7.0, 8.0, 7.0, 8.0]);
    }
}
