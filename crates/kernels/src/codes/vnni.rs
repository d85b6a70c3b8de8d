//! Products of bytes by AVX-512 VNNI, 64 an instruction: one side has no signs, so that 128 is added to it.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

use super::{GROUP, PANEL, Panel, Queries, Rows, prefetch};
use std::arch::x86_64::*;

/// [`super::screen`] with the lengths checked.
///
/// # Safety
/// The machine has AVX-512 F, BW and VNNI; the arrays have the lengths that `screen` checks.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
pub(super) unsafe fn screen(q: Queries<'_>, p: Panel<'_>, masks: &mut [u64], squared: &mut [f32]) {
    const TILE: usize = 6;
    let n = masks.len();
    let mut i = 0;
    while i + TILE <= n {
        // SAFETY: rows `i..i + TILE` exist; the rest is the caller's promise.
        unsafe { tile::<TILE>(q, p, i, masks, squared) };
        i += TILE;
    }
    // SAFETY: as above, with as many rows as are left.
    unsafe {
        match n - i {
            5 => tile::<5>(q, p, i, masks, squared),
            4 => tile::<4>(q, p, i, masks, squared),
            3 => tile::<3>(q, p, i, masks, squared),
            2 => tile::<2>(q, p, i, masks, squared),
            1 => tile::<1>(q, p, i, masks, squared),
            _ => {}
        }
    }
}

/// `R` queries from `first` on against the 64 rows of a panel.
///
/// # Safety
/// As [`screen`], and there are queries `first..first + R`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
unsafe fn tile<const R: usize>(q: Queries<'_>, p: Panel<'_>, first: usize, masks: &mut [u64], squared: &mut [f32]) {
    // SAFETY: all addresses lie in the rows, groups and values named in the comments of the caller: group g of the
    // panel starts at 256 g and has 256 bytes, query row r has `stride` bytes; 64 values are 4 vectors of 16.
    unsafe {
        let groups = q.stride / GROUP;
        let codes = q.codes.as_ptr().add(first * q.stride);
        let panel = p.codes.as_ptr();
        // The panel's bytes have 128 added, which adds 128 times the sum of the query's bytes.
        let mut acc: [[__m512i; 4]; R] = std::array::from_fn(|r| [_mm512_set1_epi32(-128 * q.sums[first + r]); 4]);
        for g in 0..groups {
            let at = panel.add(g * PANEL * GROUP);
            let cols: [__m512i; 4] = std::array::from_fn(|c| _mm512_loadu_si512(at.add(64 * c).cast()));
            for r in 0..R {
                let x = codes.add(r * q.stride + g * GROUP).cast::<i32>().read_unaligned();
                let x = _mm512_set1_epi32(x);
                for c in 0..4 {
                    acc[r][c] = _mm512_dpbusd_epi32(acc[r][c], cols[c], x);
                }
            }
        }
        for r in 0..R {
            let i = first + r;
            let factor = _mm512_set1_ps(q.factors[i]);
            let norm = _mm512_set1_ps(q.norms[i]);
            let limit = _mm512_set1_ps(q.limits[i]);
            let mut mask = 0u64;
            for c in 0..4 {
                let scales = _mm512_loadu_ps(p.scales.as_ptr().add(16 * c));
                let norms = _mm512_loadu_ps(p.norms.as_ptr().add(16 * c));
                let limits = _mm512_loadu_ps(p.limits.as_ptr().add(16 * c));
                let dots = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[r][c]), scales);
                let d = _mm512_fmadd_ps(dots, factor, _mm512_add_ps(norm, norms));
                let near = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(d, _mm512_max_ps(limit, limits));
                mask |= u64::from(near) << (16 * c);
                if !squared.is_empty() {
                    _mm512_storeu_ps(squared.as_mut_ptr().add(i * PANEL + 16 * c), d);
                }
            }
            masks[i] = mask;
        }
    }
}

/// [`super::squared_to`] with the lengths checked.
///
/// # Safety
/// The machine has AVX-512 F, BW and VNNI; ids lie below the number of rows; lengths are as `squared_to` checks.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
pub(super) unsafe fn squared_to(query: &[i8], scale: f32, norm: f32, rows: Rows<'_>, ids: &[u32], out: &mut [f32]) {
    let sum: i32 = query.iter().map(|&b| i32::from(b)).sum();
    let flip = _mm512_set1_epi8(-128);
    let len = rows.stride;
    let tail = len % 64;
    let tail_mask: u64 = (1u64 << tail) - 1;
    // SAFETY: row `id` covers bytes id · stride to (id + 1) · stride of the codes; whole vectors end before the end of
    // the row, and the masked one reads `tail` bytes.
    unsafe {
        let q = query.as_ptr();
        for (p, &id) in ids.iter().enumerate() {
            prefetch(rows, ids, p);
            let row = rows.codes.as_ptr().add(id as usize * len);
            let mut acc = _mm512_setzero_si512();
            let mut at = 0;
            while at + 64 <= len {
                let r = _mm512_xor_si512(_mm512_loadu_si512(row.add(at).cast()), flip);
                acc = _mm512_dpbusd_epi32(acc, r, _mm512_loadu_si512(q.add(at).cast()));
                at += 64;
            }
            if tail > 0 {
                let r = _mm512_xor_si512(_mm512_maskz_loadu_epi8(tail_mask, row.add(at)), flip);
                acc = _mm512_dpbusd_epi32(acc, r, _mm512_maskz_loadu_epi8(tail_mask, q.add(at)));
            }
            let dot = _mm512_reduce_add_epi32(acc) - 128 * sum;
            let (s, m) = (rows.scales[id as usize], rows.norms[id as usize]);
            out[p] = (dot as f32 * s).mul_add(-2.0 * scale, norm + m);
        }
    }
}
