//! Tiles of sums of products of bytes, in registers, and back to values.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

use super::PANEL;
use super::int8::{GROUP, NEAREST, Panel, Round, SHIFT, SIZE, scale_of};
use std::arch::x86_64::*;

/// Values of one panel for all rows, 8 at a time: sums of products in 24 registers, which are turned into values where they are.
///
/// # Safety
/// The machine has AVX-512 F, BW, DQ, VL and VNNI; the panel's parts have the lengths that they tell.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
pub(super) unsafe fn panel(p: &mut Panel<'_>) {
    let rows = p.rows.len();
    let mut r = 0;
    // SAFETY: the caller's promise for rows r and following, of which there are as many as the tile has.
    unsafe {
        while r + 8 <= rows {
            tile::<8>(p, r);
            r += 8;
        }
        if r + 4 <= rows {
            tile::<4>(p, r);
            r += 4;
        }
        while r < rows {
            tile::<1>(p, r);
            r += 1;
        }
    }
}

/// # Safety
/// As [`panel`], for rows `r` to `r + R`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
unsafe fn tile<const R: usize>(p: &mut Panel<'_>, r: usize) {
    // SAFETY: row r has `stride` bytes from r · stride on, group g of the panel PANEL · GROUP bytes, three vectors, from g · PANEL ·
    // GROUP on; there are PANEL scales, shifts and biases, and `columns` values of each row of `out` from `first` on.
    unsafe {
        let x = p.codes.as_ptr().add(r * p.stride);
        let mut acc = [[_mm512_setzero_si512(); 3]; R];
        for g in 0..p.stride / GROUP {
            let w = p.bytes.as_ptr().add(g * PANEL * GROUP);
            let w: [__m512i; 3] = std::array::from_fn(|c| _mm512_loadu_si512(w.add(64 * c).cast()));
            for r in 0..R {
                let x = _mm512_set1_epi32(x.add(r * p.stride + g * GROUP).cast::<i32>().read_unaligned());
                for c in 0..3 {
                    acc[r][c] = _mm512_dpbusd_epi32(acc[r][c], x, w[c]);
                }
            }
        }
        for c in 0..3 {
            let columns = p.columns.saturating_sub(16 * c);
            let mask: __mmask16 = if columns >= 16 { !0 } else { (1 << columns) - 1 };
            let shift = _mm512_loadu_si512(p.shifts.as_ptr().add(16 * c).cast());
            let scale = _mm512_loadu_ps(p.scales.as_ptr().add(16 * c));
            let bias = _mm512_loadu_ps(p.bias.as_ptr().add(16 * c));
            for r2 in 0..R {
                let row = _mm512_set1_ps(p.rows[r + r2]);
                let v = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(acc[r2][c], shift)), row);
                let mut v = _mm512_fmadd_ps(v, scale, bias);
                let to = p.out.as_mut_ptr().wrapping_add((r + r2) * p.out_stride + p.first + 16 * c);
                if p.add {
                    v = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, to), v);
                }
                _mm512_mask_storeu_ps(to, mask, v);
            }
        }
    }
}

/// Rows to bytes, and the scale of each.
///
/// # Safety
/// The machine has AVX-512 F, BW, DQ and VL.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(super) unsafe fn round(all: &mut Round<'_>) {
    const LANES: usize = 16;
    let rows = all.x.chunks_exact(all.width).zip(all.codes.chunks_exact_mut(all.stride));
    for ((x, codes), scale) in rows.zip(&mut *all.scales) {
        let masked = |from: usize| -> __mmask16 {
            let count = (x.len() - from).min(LANES);
            if count == LANES { !0 } else { (1 << count) - 1 }
        };
        let size = _mm512_set1_epi32(SIZE as i32);
        let mut most = _mm512_setzero_si512();
        for from in (0..x.len()).step_by(LANES) {
            // SAFETY: the mask leaves out what lies behind the row.
            let v = unsafe { _mm512_maskz_loadu_ps(masked(from), x.as_ptr().add(from)) };
            most = _mm512_max_epu32(most, _mm512_and_si512(_mm512_castps_si512(v), size));
        }
        let inverse;
        (*scale, inverse) = scale_of(_mm512_reduce_max_epu32(most));
        let (inverse, nearest) = (_mm512_set1_ps(inverse), _mm512_set1_ps(NEAREST));
        for from in (0..x.len()).step_by(LANES) {
            let mask = masked(from);
            // SAFETY: the mask leaves out what lies behind the row, whose bytes are not fewer than its values.
            unsafe {
                let v = _mm512_maskz_loadu_ps(mask, x.as_ptr().add(from));
                let v = _mm512_add_ps(_mm512_mul_ps(v, inverse), nearest);
                let bytes = _mm512_cvtepi32_epi8(_mm512_castps_si512(v));
                let bytes = _mm_xor_si128(bytes, _mm_set1_epi8(SHIFT as u8 as i8));
                _mm_mask_storeu_epi8(codes.as_mut_ptr().add(from).cast(), mask, bytes);
            }
        }
    }
}
