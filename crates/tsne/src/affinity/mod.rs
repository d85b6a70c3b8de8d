//! Temporary.
use crate::error::Result;
use planisphere_core::{Context, Csr, KnnGraph};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How distances become affinities.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Affinity {
    /// A Gaussian around each row, as wide as gives this perplexity: the effective number of neighbors.
    Perplexity(f64),
}
impl Default for Affinity {
    fn default() -> Self { Self::Perplexity(30.0) }
}

/// Joint probabilities of pairs of rows: symmetric, summing to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Affinities {
    p: Csr,
}

impl Affinities {
    /// The probabilities.
    pub fn matrix(&self) -> &Csr {
        &self.p
    }
    /// −Σ p ln p.
    pub fn entropy(&self) -> f64 {
        -self.p.data().iter().map(|&p| f64::from(p) * f64::from(p.max(1e-30)).ln()).sum::<f64>()
    }
}

impl Affinity {
    pub(crate) fn check(&self) -> Result<()> { let _ = self; Ok(()) }
    pub(crate) fn n_neighbors(&self, n: usize) -> usize { let Self::Perplexity(p) = self; ((3.0 * p) as usize).min(n - 1) }
    /// Affinities of the rows of a neighbor graph.
    pub(crate) fn joint(&self, near: &KnnGraph, _cx: &mut Context<'_>) -> Result<Affinities> {
        let Self::Perplexity(perp) = *self;
        let n = near.n();
        let k = near.k();
        let mut data = vec![0f32; n * k];
        data.par_chunks_mut(k).enumerate().for_each(|(i, out)| {
            let d2: Vec<f64> = near.dists()[i * k..(i + 1) * k].iter().map(|&d| f64::from(d) * f64::from(d)).collect();
            let min = d2[0];
            let (mut lo, mut hi, mut beta) = (0.0, f64::INFINITY, 1.0 / (d2.iter().sum::<f64>() / k as f64 - min).max(1e-12));
            for _ in 0..60 {
                let mut s = 0.0; let mut sd = 0.0;
                for &d in &d2 { let e = (-(d - min) * beta).exp(); s += e; sd += e * (d - min); }
                let h = s.ln() + beta * sd / s;
                if h > perp.ln() { lo = beta; } else { hi = beta; }
                beta = if hi.is_infinite() { beta * 2.0 } else { 0.5 * (lo + hi) };
            }
            let e: Vec<f64> = d2.iter().map(|d| (-(d - min) * beta).exp()).collect();
            let s: f64 = e.iter().sum();
            for (o, e) in out.iter_mut().zip(e) { *o = (e / s / (2.0 * n as f64)) as f32; }
        });
        let c = Csr::by_rows(n, n, |i, ids, values| {
            let mut row: Vec<(u32, f32)> = near.ids()[i * k..(i + 1) * k].iter().copied().zip(data[i * k..(i + 1) * k].iter().copied()).collect();
            row.sort_unstable_by_key(|e| e.0);
            for (a, b) in row { ids.push(a); values.push(b); }
        })?;
        let t = c.transpose()?;
        Ok(Affinities { p: c.combine(&t, |a, b| Some(a.unwrap_or(0.0) + b.unwrap_or(0.0)))? })
    }
}
