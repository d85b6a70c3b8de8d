//! A weighted graph as a random walk: D⁻¹W, which has the eigenvalues of S = D^−½ W D^−½, and D^−½ times its eigenvectors.
//!
//! In this form the trivial eigenvector is the constant, a coarser graph's vectors are carried over by copying, and nothing
//! has to be computed for each edge beforehand.

use crate::block::{Block, CHUNK, GROUP, Real};
use planisphere_core::{CancelToken, Cancelled, Csr};
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;
use std::borrow::Cow;

/// A symmetric graph with its degrees. An edge of a row to itself counts once.
pub(crate) struct Walk<'a> {
    /// Row `i` has the entries `indptr[i]..indptr[i + 1]`, less `indptr[0]`, which is not 0 in a part.
    pub(crate) indptr: Cow<'a, [usize]>,
    pub(crate) indices: Cow<'a, [u32]>,
    pub(crate) weights: Cow<'a, [f32]>,
    pub(crate) degree: Vec<f64>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(graph: &'a Csr) -> Self {
        let degree = |i: usize| -> f64 { graph.row(i).1.iter().map(|&w| f64::from(w)).sum() };
        Self {
            indptr: graph.indptr().into(),
            indices: graph.indices().into(),
            weights: graph.data().into(),
            degree: (0..graph.rows()).into_par_iter().with_min_len(CHUNK).map(degree).collect(),
        }
    }

    /// The rows `from..to`, whose columns are counted from 0 already.
    pub(crate) fn part(&'a self, from: usize, to: usize) -> Self {
        let at = self.indptr[from]..self.indptr[to];
        Self {
            indptr: self.indptr[from..=to].into(),
            indices: self.indices[at.clone()].into(),
            weights: self.weights[at].into(),
            degree: self.degree[from..to].to_vec(),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.degree.len()
    }

    pub(crate) fn entries(&self) -> usize {
        self.indices.len()
    }

    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let at = self.indptr[i] - self.indptr[0]..self.indptr[i + 1] - self.indptr[0];
        (&self.indices[at.clone()], &self.weights[at])
    }

    /// The same graph with row `order[r]` as row `r`, and row `i` as row `rank[i]`.
    pub(crate) fn reordered(&self, order: &[u32], rank: &[u32]) -> Walk<'static> {
        let mut indptr = Vec::with_capacity(order.len() + 1);
        let mut end = 0;
        indptr.push(end);
        indptr.extend(order.iter().map(|&i| {
            end += self.indptr[i as usize + 1] - self.indptr[i as usize];
            end
        }));
        let (mut indices, mut weights) = (vec![0u32; end], vec![0f32; end]);
        let mut rest = (&mut indices[..], &mut weights[..]);
        let mut tasks = Vec::with_capacity(order.len().div_ceil(CHUNK));
        for (c, rows) in order.chunks(CHUNK).enumerate() {
            let len = indptr[c * CHUNK + rows.len()] - indptr[c * CHUNK];
            let (ids, more_ids) = rest.0.split_at_mut(len);
            let (w, more_w) = rest.1.split_at_mut(len);
            tasks.push((rows, ids, w));
            rest = (more_ids, more_w);
        }
        tasks.into_par_iter().for_each(|(rows, mut ids, mut weights)| {
            for &i in rows {
                let (from, w) = self.row(i as usize);
                let (to, more_ids) = ids.split_at_mut(from.len());
                let (to_w, more_w) = weights.split_at_mut(from.len());
                to.iter_mut().zip(from).for_each(|(t, &j)| *t = rank[j as usize]);
                to_w.copy_from_slice(w);
                (ids, weights) = (more_ids, more_w);
            }
        });
        let degree = order.par_iter().map(|&i| self.degree[i as usize]).collect();
        Walk { indptr: indptr.into(), indices: indices.into(), weights: weights.into(), degree }
    }

    /// out ← scale · (D⁻¹W − shift) x − weight · out.
    pub(crate) fn product<T: Real>(&self, x: &Block<T>, out: &mut Block<T>, scale: f64, shift: f64, weight: f64) {
        let b = x.cols;
        let simd = Simd::detect();
        let (scale, shift, weight) = (scale, T::new(-scale * shift), T::new(-weight));
        out.data.par_chunks_mut(CHUNK * b).enumerate().for_each(|(c, out)| {
            simd.run(Product { walk: self, x, out, first: c * CHUNK, scale, shift, weight });
        });
    }

    /// Chebyshev's polynomial of `degree` that grows above `cut` and stays within ±1 from −1 to there, times `x`.
    /// `other` is a block of the same shape, whose content does not matter before nor after.
    pub(crate) fn filter<T: Real>(
        &self,
        x: &mut Block<T>,
        other: &mut Block<T>,
        cut: f64,
        degree: usize,
        token: &CancelToken,
    ) -> Result<(), Cancelled> {
        let (center, half) = ((cut - 1.0) / 2.0, f64::midpoint(cut, 1.0));
        for step in 0..degree {
            token.check()?;
            let (factor, weight) = if step == 0 { (1.0, 0.0) } else { (2.0, 1.0) };
            // other ← factor / half · (D⁻¹W − center) x − weight · other
            self.product(x, other, factor / half, center, weight);
            std::mem::swap(x, other);
        }
        Ok(())
    }
}

struct Product<'a, T> {
    walk: &'a Walk<'a>,
    x: &'a Block<T>,
    out: &'a mut [T],
    first: usize,
    scale: f64,
    shift: T,
    weight: T,
}

impl<T: Real> Kernel for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let b = self.x.cols;
        for (r, out) in self.out.chunks_exact_mut(b).enumerate() {
            let i = self.first + r;
            let (ids, weights) = self.walk.row(i);
            let scale = T::new(self.scale / self.walk.degree[i]);
            for (g, out) in out.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
                let mut sum = [T::ZERO; GROUP];
                for (&j, &w) in ids.iter().zip(weights) {
                    let xj = self.x.group(j as usize, g);
                    let w = T::new(w.into());
                    for l in 0..GROUP {
                        sum[l] = w.fma(xj[l], sum[l]);
                    }
                }
                let own = self.x.group(i, g);
                for l in 0..GROUP {
                    out[l] = scale.fma(sum[l], self.shift.fma(own[l], self.weight.times(out[l])));
                }
            }
        }
    }
}
