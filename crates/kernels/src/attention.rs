//! Attention of one text to itself (Vaswani et al. 2017), head by head, without masks for padding, since there is none.
//!
//! Every number is a chain of multiply-adds whose order depends on the text alone: the same bits on every level, and whatever
//! is computed beside it.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

use crate::math::exp_f32;
use crate::simd::{Kernel, Simd};

/// Keys, or values of a head, that are computed side by side.
const LANES: usize = 16;
/// Queries that are computed together.
const QUERIES: usize = 4;

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
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    scores: Vec<f32>,
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
        let wide = self.width.next_multiple_of(LANES);
        let long = length.next_multiple_of(LANES);
        scratch.queries.clear();
        scratch.queries.resize(length * wide, 0.0);
        scratch.keys.clear();
        scratch.keys.resize(long * wide, 0.0);
        scratch.values.clear();
        scratch.values.resize(length * wide, 0.0);
        scratch.scores.clear();
        scratch.scores.resize(QUERIES * long, 0.0);
        for head in 0..self.heads {
            simd.run(Head { of: self, head, length, qkv, out: &mut *out, scratch: &mut *scratch });
        }
    }
}

struct Head<'a> {
    of: &'a Attention<'a>,
    head: usize,
    length: usize,
    qkv: &'a [f32],
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl Kernel for Head<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self { of, head, length, qkv, out, scratch } = self;
        let (width, hidden) = (of.width, of.heads * of.width);
        let (wide, long) = (width.next_multiple_of(LANES), length.next_multiple_of(LANES));
        let Scratch { queries, keys, values, scores } = scratch;
        for i in 0..length {
            let row = &qkv[3 * hidden * i + head * width..];
            let (q, k, v) = (&row[..width], &row[hidden..hidden + width], &row[2 * hidden..2 * hidden + width]);
            let query = &mut queries[i * wide..i * wide + width];
            values[i * wide..i * wide + width].copy_from_slice(v);
            match of.rotation {
                None => {
                    for c in 0..width {
                        query[c] = q[c] * of.scale;
                        keys[c * long + i] = k[c];
                    }
                }
                Some(r) => {
                    let half = width / 2;
                    let (cos, sin) = (&r.cos[i * half..][..half], &r.sin[i * half..][..half]);
                    for c in 0..half {
                        query[c] = q[c].mul_add(cos[c], -(q[c + half] * sin[c])) * of.scale;
                        query[c + half] = q[c + half].mul_add(cos[c], q[c] * sin[c]) * of.scale;
                        keys[c * long + i] = k[c].mul_add(cos[c], -(k[c + half] * sin[c]));
                        keys[(c + half) * long + i] = k[c + half].mul_add(cos[c], k[c] * sin[c]);
                    }
                }
            }
        }
        let mut first = 0;
        while first < length {
            let count = QUERIES.min(length - first);
            // Keys that some of these queries look at, in whole blocks.
            let (low, high) = match of.window {
                Some(w) => (first.saturating_sub(w) / LANES * LANES, (first + count + w).min(length)),
                None => (0, length),
            };
            let blocks = (high - low).div_ceil(LANES);
            // A missing query is the last one again.
            let at: [usize; QUERIES] = std::array::from_fn(|r| first + r.min(count - 1));
            let rows: [&[f32]; QUERIES] = std::array::from_fn(|r| &queries[at[r] * wide..at[r] * wide + wide]);
            for b in 0..blocks {
                let from = low + b * LANES;
                let mut sums = [[0f32; LANES]; QUERIES];
                for c in 0..width {
                    let key = &keys[c * long + from..c * long + from + LANES];
                    for r in 0..QUERIES {
                        let q = rows[r][c];
                        for l in 0..LANES {
                            sums[r][l] = q.mul_add(key[l], sums[r][l]);
                        }
                    }
                }
                for r in 0..QUERIES {
                    scores[r * long + b * LANES..r * long + b * LANES + LANES].copy_from_slice(&sums[r]);
                }
            }
            let mut inverse = [0f32; QUERIES];
            for r in 0..count {
                let row = &mut scores[r * long..r * long + blocks * LANES];
                let i = at[r];
                if let Some(b) = of.bias {
                    let by = &b.values[head * (2 * b.far + 1) + b.far + low - i..][..high - low];
                    for (s, b) in row.iter_mut().zip(by) {
                        *s += b;
                    }
                }
                let (from, to) = match of.window {
                    Some(w) => (i.saturating_sub(w) - low, (i + w + 1).min(length) - low),
                    None => (0, length),
                };
                inverse[r] = softmax(row, from, to);
            }
            for c in (0..wide).step_by(LANES) {
                let mut sums = [[0f32; LANES]; QUERIES];
                for j in 0..high - low {
                    let value = &values[(low + j) * wide + c..(low + j) * wide + c + LANES];
                    for r in 0..QUERIES {
                        let p = scores[r * long + j];
                        for l in 0..LANES {
                            sums[r][l] = p.mul_add(value[l], sums[r][l]);
                        }
                    }
                }
                let columns = LANES.min(width - c);
                for r in 0..count {
                    let to = &mut out[(first + r) * hidden + head * width + c..][..columns];
                    for (to, sum) in to.iter_mut().zip(&sums[r]) {
                        *to = sum * inverse[r];
                    }
                }
            }
            first += count;
        }
    }
}

/// Replaces scores by eˢ⁻ᵐ, m being the largest of those at `from..to`, and all others by 0. Gives 1 / Σ.
#[inline(always)]
fn softmax(row: &mut [f32], from: usize, to: usize) -> f32 {
    for (j, s) in row.iter_mut().enumerate() {
        *s = if j >= from && j < to { *s } else { f32::NEG_INFINITY };
    }
    let (blocks, _) = row.as_chunks_mut::<LANES>();
    let mut largest = [f32::NEG_INFINITY; LANES];
    for block in &*blocks {
        for l in 0..LANES {
            largest[l] = if block[l] > largest[l] { block[l] } else { largest[l] };
        }
    }
    let mut most = f32::NEG_INFINITY;
    for l in 0..LANES {
        most = if largest[l] > most { largest[l] } else { most };
    }
    let mut sums = [0f32; LANES];
    for block in blocks {
        for l in 0..LANES {
            let e = exp_f32(block[l] - most);
            let e = if block[l] == f32::NEG_INFINITY { 0.0 } else { e };
            block[l] = e;
            sums[l] += e;
        }
    }
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            sums[l] += sums[l + half];
        }
        half /= 2;
    }
    1.0 / sums[0]
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
        for (heads, width, length) in [(1, 1, 1), (2, 12, 5), (3, 32, 16), (2, 64, 37), (1, 16, 90)] {
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
