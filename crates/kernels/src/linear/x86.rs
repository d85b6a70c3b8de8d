//! Tiles of sums in registers.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

use super::int8::GROUP;
use super::{PANEL, Part};
use std::arch::x86_64::*;

/// Adds the products of a part to the sums: 8 rows × 48 outputs in 24 registers of 512 bits.
///
/// # Safety
/// The machine has AVX-512 F; `part.x` has `sums.len() / PANEL` rows of `stride` values, and `from` + depth ≤ `stride`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(super) unsafe fn avx512(part: Part<'_>, sums: &mut [f32]) {
    let mut x = part.x.as_ptr().wrapping_add(part.from);
    for sums in sums.chunks_mut(8 * PANEL) {
        // SAFETY: the caller's promise for the rows of this chunk; `x` is at the first of them.
        unsafe {
            match sums.len() / PANEL {
                8 => tile512::<8>(part, x, sums),
                7 => tile512::<7>(part, x, sums),
                6 => tile512::<6>(part, x, sums),
                5 => tile512::<5>(part, x, sums),
                4 => tile512::<4>(part, x, sums),
                3 => tile512::<3>(part, x, sums),
                2 => tile512::<2>(part, x, sums),
                _ => tile512::<1>(part, x, sums),
            }
        }
        x = x.wrapping_add(8 * part.stride);
    }
}

/// # Safety
/// As [`avx512`], for `R` rows whose inputs are at `x`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn tile512<const R: usize>(part: Part<'_>, x: *const f32, sums: &mut [f32]) {
    // SAFETY: row r of the tile has `depth` inputs from x + r · stride on, and `weights` PANEL values for each; sums has R ·
    // PANEL values.
    unsafe {
        let (rows, w) = (sums.as_mut_ptr(), part.weights.as_ptr());
        let mut acc = [[_mm512_setzero_ps(); 3]; R];
        for r in 0..R {
            for c in 0..3 {
                acc[r][c] = _mm512_loadu_ps(rows.add(r * PANEL + 16 * c));
            }
        }
        for i in 0..part.depth() {
            let w = w.add(i * PANEL);
            let w = [_mm512_loadu_ps(w), _mm512_loadu_ps(w.add(16)), _mm512_loadu_ps(w.add(32))];
            for r in 0..R {
                let x = _mm512_set1_ps(*x.add(r * part.stride + i));
                for c in 0..3 {
                    acc[r][c] = _mm512_fmadd_ps(x, w[c], acc[r][c]);
                }
            }
        }
        for r in 0..R {
            for c in 0..3 {
                _mm512_storeu_ps(rows.add(r * PANEL + 16 * c), acc[r][c]);
            }
        }
    }
}

/// Adds the products of a part to the sums: 6 rows × 16 outputs in 12 registers of 256 bits.
///
/// # Safety
/// The machine has AVX2 and FMA; otherwise as [`avx512`].
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn avx2(part: Part<'_>, sums: &mut [f32]) {
    for third in 0..PANEL / 16 {
        let mut x = part.x.as_ptr().wrapping_add(part.from);
        for sums in sums.chunks_mut(6 * PANEL) {
            // SAFETY: the caller's promise for the rows of this chunk; `x` is at the first of them.
            unsafe {
                match sums.len() / PANEL {
                    6 => tile256::<6>(part, x, sums, 16 * third),
                    5 => tile256::<5>(part, x, sums, 16 * third),
                    4 => tile256::<4>(part, x, sums, 16 * third),
                    3 => tile256::<3>(part, x, sums, 16 * third),
                    2 => tile256::<2>(part, x, sums, 16 * third),
                    _ => tile256::<1>(part, x, sums, 16 * third),
                }
            }
            x = x.wrapping_add(6 * part.stride);
        }
    }
}

/// # Safety
/// As [`avx2`], for `R` rows whose inputs are at `x` and the 16 outputs from `column` on, which is at most PANEL − 16.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn tile256<const R: usize>(part: Part<'_>, x: *const f32, sums: &mut [f32], column: usize) {
    // SAFETY: as in `tile512`.
    unsafe {
        let (rows, w) = (sums.as_mut_ptr().add(column), part.weights.as_ptr().add(column));
        let mut acc = [[_mm256_setzero_ps(); 2]; R];
        for r in 0..R {
            for c in 0..2 {
                acc[r][c] = _mm256_loadu_ps(rows.add(r * PANEL + 8 * c));
            }
        }
        for i in 0..part.depth() {
            let w = w.add(i * PANEL);
            let w = [_mm256_loadu_ps(w), _mm256_loadu_ps(w.add(8))];
            for r in 0..R {
                let x = _mm256_set1_ps(*x.add(r * part.stride + i));
                for c in 0..2 {
                    acc[r][c] = _mm256_fmadd_ps(x, w[c], acc[r][c]);
                }
            }
        }
        for r in 0..R {
            for c in 0..2 {
                _mm256_storeu_ps(rows.add(r * PANEL + 8 * c), acc[r][c]);
            }
        }
    }
}

/// Sums of products of bytes: 8 rows × 48 outputs in 24 registers.
///
/// # Safety
/// The machine has AVX-512 F, BW and VNNI; `codes` has `sums.len() / PANEL` rows of `stride` bytes, a multiple of [`GROUP`], and
/// `panel` has PANEL · `stride` bytes.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
pub(super) unsafe fn products(codes: &[u8], stride: usize, panel: &[i8], sums: &mut [i32]) {
    let mut x = codes.as_ptr();
    for sums in sums.chunks_mut(8 * PANEL) {
        // SAFETY: the caller's promise for the rows of this chunk; `x` is at the first of them.
        unsafe {
            match sums.len() / PANEL {
                8 => tile_of_bytes::<8>(x, stride, panel, sums),
                7 => tile_of_bytes::<7>(x, stride, panel, sums),
                6 => tile_of_bytes::<6>(x, stride, panel, sums),
                5 => tile_of_bytes::<5>(x, stride, panel, sums),
                4 => tile_of_bytes::<4>(x, stride, panel, sums),
                3 => tile_of_bytes::<3>(x, stride, panel, sums),
                2 => tile_of_bytes::<2>(x, stride, panel, sums),
                _ => tile_of_bytes::<1>(x, stride, panel, sums),
            }
        }
        x = x.wrapping_add(8 * stride);
    }
}

/// # Safety
/// As [`products`], for `R` rows from `x` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")]
unsafe fn tile_of_bytes<const R: usize>(x: *const u8, stride: usize, panel: &[i8], sums: &mut [i32]) {
    // SAFETY: row r has `stride` bytes from x + r · stride on, and group g of the panel PANEL · GROUP bytes, three vectors, from
    // g · PANEL · GROUP on; sums has R · PANEL values.
    unsafe {
        let mut acc = [[_mm512_setzero_si512(); 3]; R];
        for g in 0..stride / GROUP {
            let w = panel.as_ptr().add(g * PANEL * GROUP);
            let w: [__m512i; 3] = std::array::from_fn(|c| _mm512_loadu_si512(w.add(64 * c).cast()));
            for r in 0..R {
                let x = _mm512_set1_epi32(x.add(r * stride + g * GROUP).cast::<i32>().read_unaligned());
                for c in 0..3 {
                    acc[r][c] = _mm512_dpbusd_epi32(acc[r][c], x, w[c]);
                }
            }
        }
        for r in 0..R {
            for c in 0..3 {
                _mm512_storeu_si512(sums.as_mut_ptr().add(r * PANEL + 16 * c).cast(), acc[r][c]);
            }
        }
    }
}
