//! Blocks of coded rows, in the shapes that [`codes::screen`] takes.

use crate::coded::proxy::Proxy;
use planisphere_kernels::{Simd, codes};
use rayon::prelude::*;

/// Coded rows laid out for [`codes::screen`], 64 to a panel.
pub(crate) struct Panels {
    stride: usize,
    codes: Vec<u8>,
    scales: Vec<[f32; codes::PANEL]>,
    norms: Vec<[f32; codes::PANEL]>,
}

impl Panels {
    /// Panels of rows `bounds[c]..bounds[c + 1]` of `proxy`, each stretch in panels of its own.
    pub(crate) fn new(proxy: &Proxy, bounds: &[usize]) -> Self {
        let stretches = || {
            bounds
                .windows(2)
                .flat_map(|w| (w[0]..w[1]).step_by(codes::PANEL).map(move |from| from..(from + codes::PANEL).min(w[1])))
        };
        let count = stretches().count();
        let stride = proxy.stride;
        let mut panels = Self {
            stride,
            codes: vec![0; count * stride * codes::PANEL],
            scales: vec![[0.0; codes::PANEL]; count],
            norms: vec![[f32::INFINITY; codes::PANEL]; count],
        };
        let rows: Vec<_> = stretches().collect();
        let parts = panels.codes.par_chunks_mut(stride * codes::PANEL).zip(&mut panels.scales).zip(&mut panels.norms);
        parts.zip(rows).for_each(|(((bytes, scales), norms), rows)| {
            codes::pack(&proxy.codes[rows.start * stride..rows.end * stride], stride, bytes);
            scales[..rows.len()].copy_from_slice(&proxy.scales[rows.clone()]);
            norms[..rows.len()].copy_from_slice(&proxy.norms[rows]);
        });
        panels
    }

    pub(crate) fn len(&self) -> usize {
        self.scales.len()
    }

    /// Panel `p`, with a limit for each of its rows.
    pub(crate) fn get<'a>(&'a self, p: usize, limits: &'a [f32; codes::PANEL]) -> codes::Panel<'a> {
        let bytes = self.stride * codes::PANEL;
        codes::Panel {
            codes: &self.codes[p * bytes..(p + 1) * bytes],
            scales: &self.scales[p],
            norms: &self.norms[p],
            limits,
        }
    }
}

/// Limits of panel rows that leave it to the query what is near.
pub(crate) const NO_LIMITS: [f32; codes::PANEL] = [f32::MIN; codes::PANEL];

/// Coded rows as queries, gathered from anywhere.
#[derive(Default)]
pub(crate) struct Queries {
    codes: Vec<i8>,
    stride: usize,
    factors: Vec<f32>,
    norms: Vec<f32>,
    sums: Vec<i32>,
    pub(crate) limits: Vec<f32>,
    pub(crate) masks: Vec<u64>,
    pub(crate) squared: Vec<f32>,
}

impl Queries {
    /// Takes rows `rows` of `proxy`, with no limits.
    pub(crate) fn gather(&mut self, proxy: &Proxy, rows: impl Iterator<Item = usize>) {
        self.clear(proxy.stride);
        for i in rows {
            self.push(proxy.row(i), proxy.scales[i], proxy.norms[i], f32::MAX);
        }
    }

    pub(crate) fn clear(&mut self, stride: usize) {
        self.stride = stride;
        self.codes.clear();
        self.factors.clear();
        self.norms.clear();
        self.sums.clear();
        self.limits.clear();
    }

    pub(crate) fn push(&mut self, codes: &[i8], scale: f32, norm: f32, limit: f32) {
        self.codes.extend_from_slice(codes);
        self.factors.push(-2.0 * scale);
        self.norms.push(norm);
        self.sums.push(codes.iter().map(|&c| i32::from(c)).sum());
        self.limits.push(limit);
    }

    /// Takes query `i` of `from`, with `limit`.
    pub(crate) fn push_from(&mut self, from: &Self, i: usize, limit: f32) {
        self.codes.extend_from_slice(&from.codes[i * from.stride..(i + 1) * from.stride]);
        self.factors.push(from.factors[i]);
        self.norms.push(from.norms[i]);
        self.sums.push(from.sums[i]);
        self.limits.push(limit);
    }

    pub(crate) fn len(&self) -> usize {
        self.factors.len()
    }

    /// Compares all with a panel: fills `masks` and, if asked for, `squared`.
    pub(crate) fn screen(&mut self, simd: Simd, panel: codes::Panel<'_>, distances: bool) {
        let n = self.len();
        self.masks.resize(n, 0);
        self.squared.resize(if distances { n * codes::PANEL } else { 0 }, 0.0);
        let queries = codes::Queries {
            codes: &self.codes,
            stride: self.stride,
            factors: &self.factors,
            norms: &self.norms,
            sums: &self.sums,
            limits: &self.limits,
        };
        codes::screen(simd, queries, panel, &mut self.masks, &mut self.squared);
    }
}
