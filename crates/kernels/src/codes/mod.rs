//! Rows of signed bytes: integer dot products, which no order of summation changes, and screening by them.
//!
//! A row of numbers `x` is stood for by bytes `q` and a scale `s`, `x ≈ s q`. The squared distance of two such rows is
//! |x|² + |y|² − 2 s t (q·r): one integer product, done 64 bytes an instruction where the machine has AVX-512 VNNI, and to
//! the same bits everywhere else. No byte may be −128. [`screen`] does this for blocks of rows and says at once which pairs are near;
//! [`squared_to`] for listed rows.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod vnni;

use crate::simd::{Kernel, Simd, SimdLevel};

/// Rows that a panel holds.
pub const PANEL: usize = 64;

/// Bytes that are multiplied together; the length of a row of codes is a multiple of it.
pub const GROUP: usize = 4;

/// Lays `rows` (of `stride` bytes each, at most [`PANEL`] of them) out as a panel: group by group, the bytes of all 64
/// rows side by side, 128 added to each. Missing rows count as zeros.
///
/// # Panics
/// If `stride` is not a multiple of [`GROUP`], or `panel` does not have 64 · `stride` bytes.
pub fn pack(rows: &[i8], stride: usize, panel: &mut [u8]) {
    assert!(stride.is_multiple_of(GROUP) && stride > 0, "whole groups");
    assert_eq!(panel.len(), PANEL * stride, "64 rows");
    assert!(rows.len() <= panel.len() && rows.len().is_multiple_of(stride), "at most 64 whole rows");
    panel.fill(0x80);
    for (j, row) in rows.chunks_exact(stride).enumerate() {
        for (g, group) in row.as_chunks::<GROUP>().0.iter().enumerate() {
            let at = (g * PANEL + j) * GROUP;
            panel[at..at + GROUP].copy_from_slice(&group.map(|b| (b as u8) ^ 0x80));
        }
    }
}

/// Row `j` of a panel, into `row`.
///
/// # Panics
/// If `j` is not below 64, or the lengths do not match.
pub fn unpack(panel: &[u8], j: usize, row: &mut [i8]) {
    assert!(j < PANEL && panel.len() == PANEL * row.len(), "a row of the panel");
    for (g, group) in row.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
        let at = (g * PANEL + j) * GROUP;
        for (to, from) in group.iter_mut().zip(&panel[at..at + GROUP]) {
            *to = (from ^ 0x80) as i8;
        }
    }
}

/// What [`screen`] needs to know of its queries: for each one value.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a> {
    /// Bytes, row by row.
    pub codes: &'a [i8],
    /// Bytes of a row.
    pub stride: usize,
    /// −2 times the scale.
    pub factors: &'a [f32],
    /// Squared norms.
    pub norms: &'a [f32],
    /// Sums of the bytes.
    pub sums: &'a [i32],
    /// A pair is near if its squared distance is at most this, or the limit of the panel's row.
    pub limits: &'a [f32],
}

/// The rows of a panel, and for each one value.
#[derive(Clone, Copy, Debug)]
pub struct Panel<'a> {
    /// What [`pack`] made.
    pub codes: &'a [u8],
    /// Scales.
    pub scales: &'a [f32; PANEL],
    /// Squared norms; infinite for rows that are not there.
    pub norms: &'a [f32; PANEL],
    /// A pair is near if its squared distance is at most this, or the query's limit.
    pub limits: &'a [f32; PANEL],
}

/// Squared distances of all queries to the rows of a panel: bit `j` of `masks[i]` says that query `i` and row `j` are near.
/// Where `squared` is not empty, it gets the distances, 64 for each query.
///
/// The distance is `norm + norm' + (q·r · scale') · factor` with one fused multiply-add, on every level. No byte may be −128,
/// and rows have at most 65,536 bytes, so that sums of products fit.
///
/// # Panics
/// If lengths do not match.
pub fn screen(simd: Simd, queries: Queries<'_>, panel: Panel<'_>, masks: &mut [u64], squared: &mut [f32]) {
    let n = queries.factors.len();
    let stride = queries.stride;
    assert!(stride.is_multiple_of(GROUP) && stride > 0, "whole groups");
    assert_eq!(queries.codes.len(), n * stride, "one row for each query");
    assert!(queries.norms.len() == n && queries.sums.len() == n && queries.limits.len() == n, "values of each query");
    assert_eq!(panel.codes.len(), PANEL * stride, "64 rows");
    assert_eq!(masks.len(), n, "a mask for each query");
    assert!(squared.is_empty() || squared.len() == n * PANEL, "64 places for each query");
    #[cfg(target_arch = "x86_64")]
    if has_vnni(simd) {
        // SAFETY: the instructions are there, and the lengths are as `screen_vnni` wants them by the checks above.
        unsafe { vnni::screen(queries, panel, masks, squared) };
        return;
    } else if simd.level() >= SimdLevel::Avx2 {
        // SAFETY: as above.
        unsafe { avx2::screen(queries, panel, masks, squared) };
        return;
    }
    simd.run(Screen(queries, panel, masks, squared));
}

/// Whether integer products have instructions of their own at this level, which makes them about three times as fast as
/// those of 32-bit floats.
pub fn has_vnni(simd: Simd) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        simd.level() == SimdLevel::Avx512 && std::arch::is_x86_feature_detected!("avx512vnni")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (simd, SimdLevel::Scalar);
        false
    }
}

struct Screen<'a>(Queries<'a>, Panel<'a>, &'a mut [u64], &'a mut [f32]);

impl Kernel for Screen<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self(q, p, masks, squared) = self;
        let mut wide = [[0i16; GROUP]; PANEL];
        let mut acc = vec![[0i32; PANEL]; masks.len()];
        for (g, group) in p.codes.chunks_exact(PANEL * GROUP).enumerate() {
            for (w, b) in wide.iter_mut().zip(group.as_chunks::<GROUP>().0) {
                *w = b.map(|b| i16::from((b ^ 0x80) as i8));
            }
            for (i, acc) in acc.iter_mut().enumerate() {
                let at = i * q.stride + g * GROUP;
                let x: [i16; GROUP] = std::array::from_fn(|t| i16::from(q.codes[at + t]));
                for (a, w) in acc.iter_mut().zip(&wide) {
                    let mut sum = 0;
                    for t in 0..GROUP {
                        sum += i32::from(x[t]) * i32::from(w[t]);
                    }
                    *a += sum;
                }
            }
        }
        for (i, mask) in masks.iter_mut().enumerate() {
            let (factor, norm, limit) = (q.factors[i], q.norms[i], q.limits[i]);
            let mut d = [0f32; PANEL];
            let row = acc[i].iter().zip(p.scales).zip(p.norms);
            for (d, ((&dot, scale), other)) in d.iter_mut().zip(row) {
                *d = (dot as f32 * scale).mul_add(factor, norm + other);
            }
            *mask = 0;
            for (j, (&d, &other)) in d.iter().zip(p.limits).enumerate() {
                *mask |= u64::from(d <= limit.max(other)) << j;
            }
            if !squared.is_empty() {
                squared[i * PANEL..(i + 1) * PANEL].copy_from_slice(&d);
            }
        }
    }
}

/// Rows of codes, with their values, for [`squared_to`].
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Bytes, row by row.
    pub codes: &'a [i8],
    /// Bytes of a row.
    pub stride: usize,
    /// Scales.
    pub scales: &'a [f32],
    /// Squared norms.
    pub norms: &'a [f32],
}

impl<'a> Rows<'a> {
    /// The bytes of row `i`.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn row(&self, i: usize) -> &'a [i8] {
        &self.codes[i * self.stride..(i + 1) * self.stride]
    }
}

/// Squared distances of a query, with its scale and squared norm, to the rows `ids`, into `out`: to the bit those of
/// [`screen`], of which the same is asked.
///
/// # Panics
/// If lengths do not match or an id is too large.
pub fn squared_to(simd: Simd, query: &[i8], scale: f32, norm: f32, rows: Rows<'_>, ids: &[u32], out: &mut [f32]) {
    let n = rows.scales.len();
    assert!(query.len() == rows.stride && rows.stride > 0, "rows of different lengths");
    assert!(rows.codes.len() == n * rows.stride && rows.norms.len() == n, "values of each row");
    assert_eq!(ids.len(), out.len(), "a place for each row");
    assert!(ids.iter().all(|&id| (id as usize) < n), "ids of rows");
    let finish = |dot: i32, id: u32| {
        (dot as f32 * rows.scales[id as usize]).mul_add(-2.0 * scale, norm + rows.norms[id as usize])
    };
    #[cfg(target_arch = "x86_64")]
    if has_vnni(simd) {
        // SAFETY: the instructions are there, ids lie below the number of rows, and lengths match, by the checks above.
        unsafe { vnni::squared_to(query, scale, norm, rows, ids, out) };
        return;
    } else if simd.level() >= SimdLevel::Avx2 {
        // SAFETY: as above.
        unsafe { avx2::squared_to(query, scale, norm, rows, ids, out) };
        return;
    }
    for (o, &id) in out.iter_mut().zip(ids) {
        *o = finish(simd.run(Dot(query, rows.row(id as usize))), id);
    }
}

struct Dot<'a>(&'a [i8], &'a [i8]);

impl Kernel for Dot<'_> {
    type Output = i32;
    #[inline(always)]
    fn run<const ROWS: usize>(self) -> i32 {
        self.0.iter().zip(self.1).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
    }
}

/// Asks for the codes of a row that is measured some rows after the one at `at`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch(rows: Rows<'_>, ids: &[u32], at: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    const AHEAD: usize = 12;
    const LINE: usize = 64;
    if let Some(&id) = ids.get(at + AHEAD) {
        for line in rows.row(id as usize).chunks(LINE) {
            // SAFETY: the address is that of a slice, and prefetching reads nothing.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;

    /// Everything by the definition.
    fn naive(a: &[i8], b: &[i8]) -> i32 {
        a.iter().zip(b).map(|(&x, &y)| i32::from(x) * i32::from(y)).sum()
    }

    #[test]
    fn all_levels_agree_with_the_definition() {
        for (n, rows, stride) in [(1, 1, 4), (5, 64, 32), (6, 63, 96), (13, 64, 160), (4, 2, 68), (7, 64, 4096)] {
            let r = CounterRng::new(3, "codes").at(n as u64, stride as u64);
            let byte = |i: usize| (r.below(i as u64, 255) as i32 - 127) as i8;
            let q: Vec<i8> = (0..n * stride).map(byte).collect();
            let p: Vec<i8> = (0..rows * stride).map(|i| if i < stride { 127 } else { byte(1 << 20 | i) }).collect();
            let unit = |i: usize| r.unit((1 << 40) + i as u64);
            let factors: Vec<f32> = (0..n).map(|i| -2.0 * unit(i)).collect();
            let norms: Vec<f32> = (0..n).map(|i| 100.0 * unit(50 + i)).collect();
            let sums: Vec<i32> = q.chunks(stride).map(|r| r.iter().map(|&b| i32::from(b)).sum()).collect();
            let limits: Vec<f32> = (0..n).map(|i| 100.0 * unit(90 + i)).collect();
            let scales: [f32; PANEL] = std::array::from_fn(|j| unit(1000 + j));
            let p_norms: [f32; PANEL] =
                std::array::from_fn(|j| if j < rows { 100.0 * unit(2000 + j) } else { f32::INFINITY });
            let p_limits: [f32; PANEL] = std::array::from_fn(|j| if j % 3 == 0 { 1e3 } else { f32::MIN });
            let mut packed = vec![0u8; PANEL * stride];
            pack(&p, stride, &mut packed);
            let mut back = vec![0i8; stride];
            for j in 0..rows {
                unpack(&packed, j, &mut back);
                assert_eq!(back, p[j * stride..(j + 1) * stride]);
            }
            let queries = Queries { codes: &q, stride, factors: &factors, norms: &norms, sums: &sums, limits: &limits };
            let panel = Panel { codes: &packed, scales: &scales, norms: &p_norms, limits: &p_limits };
            for simd in Simd::available() {
                let (mut masks, mut squared) = (vec![7u64; n], vec![f32::NAN; n * PANEL]);
                screen(simd, queries, panel, &mut masks, &mut squared);
                let mut only = vec![9u64; n];
                screen(simd, queries, panel, &mut only, &mut []);
                assert_eq!(only, masks);
                for i in 0..n {
                    for j in 0..PANEL {
                        let d = if j < rows {
                            let dot = naive(&q[i * stride..(i + 1) * stride], &p[j * stride..(j + 1) * stride]);
                            (dot as f32 * scales[j]).mul_add(factors[i], norms[i] + p_norms[j])
                        } else {
                            f32::INFINITY
                        };
                        assert_eq!(squared[i * PANEL + j].to_bits(), d.to_bits(), "{simd:?} {n} {stride} {i} {j}");
                        assert_eq!(masks[i] >> j & 1 == 1, d <= limits[i].max(p_limits[j]));
                    }
                    let table = Rows { codes: &p, stride, scales: &scales[..rows], norms: &p_norms[..rows] };
                    let ids: Vec<u32> = (0..rows as u32).rev().collect();
                    let mut out = vec![0f32; rows];
                    let row = &q[i * stride..(i + 1) * stride];
                    squared_to(simd, row, factors[i] / -2.0, norms[i], table, &ids, &mut out);
                    for (o, &id) in out.iter().zip(&ids) {
                        assert_eq!(o.to_bits(), squared[i * PANEL + id as usize].to_bits());
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "ids of rows")]
    fn ids_are_checked() {
        let table = Rows { codes: &[0; 4], stride: 4, scales: &[1.0], norms: &[0.0] };
        squared_to(Simd::detect(), &[0; 4], 1.0, 0.0, table, &[1], &mut [0.0]);
    }
}
