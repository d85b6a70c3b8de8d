//! Attention of padded texts to themselves.

use super::Batch;
use super::layers::softmax;
use crate::error::Result;
use candle_core::{DType, Tensor};

/// What is added to scores that do not count. Not −∞: tokens of padding may have no key at all, and what becomes of them has to
/// stay finite.
pub(super) const BEYOND: f32 = -1e30;
/// Scores that are in memory at a time (a few times over): of 32 bits, 256 MB.
pub(super) const SCORES: usize = 1 << 26;

/// What attention is made of, but for the texts.
pub(super) struct Attention<'a> {
    pub(super) heads: usize,
    /// Values of a head.
    pub(super) width: usize,
    /// Cosines and sines, a row a place.
    pub(super) turns: Option<&'a (Tensor, Tensor)>,
    /// What is added to scores by distance: a row a head.
    pub(super) distances: Option<&'a Tensor>,
    /// The same in one row for all heads.
    pub(super) window: Option<&'a Tensor>,
    /// Scores that are computed at a time; a query's are never taken apart.
    pub(super) most: usize,
}

impl Attention<'_> {
    /// From rows of queries, keys and values to rows of what they find.
    pub(super) fn attend(&self, qkv: &Tensor, batch: &Batch) -> Result<Tensor> {
        let (texts, length, heads, width) = (batch.texts, batch.length, self.heads, self.width);
        let all = texts * heads;
        let parts = qkv.reshape((texts, length, 3, heads, width))?.permute((2, 0, 3, 1, 4))?.contiguous()?;
        let parts = parts.reshape((3 * all, length, width))?;
        let mut asked = parts.narrow(0, 0, 2 * all)?;
        if let Some((cos, sin)) = self.turns {
            asked = turn(&asked, &cos.narrow(0, 0, length)?, &sin.narrow(0, 0, length)?)?;
        }
        // Scaled before they are multiplied, which keeps scores in the range of 16 bits.
        let queries = (asked.narrow(0, 0, all)? * (1.0 / (width as f64).sqrt()))?;
        let keys = asked.narrow(0, all, all)?.t()?;
        let values = parts.narrow(0, 2 * all, all)?;
        // Some queries at a time, if there are too many scores.
        let rows = (self.most / (all * length)).clamp(1, length);
        let mut found = Vec::new();
        for first in (0..length).step_by(rows) {
            let n = rows.min(length - first);
            let scores = queries.narrow(1, first, n)?.contiguous()?.matmul(&keys)?;
            let mut scores = scores.to_dtype(DType::F32)?.reshape((texts, heads, n, length))?;
            if let Some(apart) = &batch.apart {
                let columns = apart.narrow(0, first, n)?.flatten_all()?;
                for table in self.distances.into_iter().chain(self.window) {
                    let more = table.index_select(&columns, 1)?;
                    scores = scores.broadcast_add(&more.reshape(((), n, length))?)?;
                }
            }
            if let Some(padding) = &batch.padding {
                scores = scores.broadcast_add(padding)?;
            }
            let shares = softmax(&scores)?.to_dtype(qkv.dtype())?.reshape((all, n, length))?;
            found.push(shares.matmul(&values)?);
        }
        let found = Tensor::cat(&found, 1)?.reshape((texts, heads, length, width))?;
        Ok(found.transpose(1, 2)?.reshape((texts * length, heads * width))?)
    }
}

/// Turns value i of each head with value i + `width` / 2, by place.
fn turn(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
    let half = x.dim(2)? / 2;
    let (a, b) = (x.narrow(2, 0, half)?, x.narrow(2, half, half)?);
    let left = (a.broadcast_mul(cos)? - b.broadcast_mul(sin)?)?;
    let right = (b.broadcast_mul(cos)? + a.broadcast_mul(sin)?)?;
    Ok(Tensor::cat(&[left, right], 2)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    /// How many scores are in memory at a time changes nothing.
    #[test]
    fn some_queries_at_a_time() {
        let (texts, length, heads, width) = (2, 7, 3, 4);
        let tensor = |rows: usize, columns: usize| {
            let values = (0..rows * columns).map(|i| (i as f32 * 0.7).sin()).collect();
            Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap()
        };
        let columns = (0..length).flat_map(|q| (0..length).map(move |k| (length - 1 + k - q) as u32)).collect();
        let mut masks = vec![0.0; texts * length];
        masks[length - 2..length].fill(BEYOND);
        let batch = Batch {
            texts,
            length,
            ids: Tensor::zeros(texts * length, DType::U32, &Device::Cpu).unwrap(),
            padding: Some(Tensor::from_vec(masks, (texts, 1, 1, length), &Device::Cpu).unwrap()),
            kept: None,
            apart: Some(Tensor::from_vec(columns, (length, length), &Device::Cpu).unwrap()),
        };
        let turns = (tensor(length, width / 2), tensor(length, width / 2));
        let (distances, window) = (tensor(heads, 2 * length - 1), tensor(1, 2 * length - 1));
        let qkv = tensor(texts * length, 3 * heads * width);
        let found = |most: usize| -> Vec<f32> {
            let attention = Attention {
                heads,
                width,
                turns: Some(&turns),
                distances: Some(&distances),
                window: Some(&window),
                most,
            };
            attention.attend(&qkv, &batch).unwrap().flatten_all().unwrap().to_vec1().unwrap()
        };
        let whole = found(SCORES);
        // 42 scores a query.
        for most in [1, 42, 3 * 42 + 1] {
            for (a, b) in found(most).iter().zip(&whole) {
                assert!((a - b).abs() < 1e-6, "{most}: {a} for {b}");
            }
        }
    }
}
