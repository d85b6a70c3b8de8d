//! Without instructions of their own, bytes are multiplied as |a| times b with the sign of a: sums of two such products fit
//! 16 bits, since no byte is −128.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

use super::{GROUP, PANEL, Panel, Queries, Rows, prefetch};
use std::arch::x86_64::*;

/// Rows of a vector of groups.
const COLS: usize = 8;

/// [`super::screen`] with the lengths checked.
///
/// # Safety
/// The machine has AVX2 and FMA; the arrays have the lengths that `screen` checks.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn screen(q: Queries<'_>, p: Panel<'_>, masks: &mut [u64], squared: &mut [f32]) {
    const TILE: usize = 6;
    let n = masks.len();
    masks.fill(0);
    for col in (0..PANEL).step_by(COLS) {
        let mut i = 0;
        while i < n {
            let count = (n - i).min(TILE);
            // SAFETY: queries `i..i + count` exist, and columns `col..col + 8` of the panel.
            unsafe {
                match count {
                    6 => tile::<6>(q, p, i, col, masks, squared),
                    5 => tile::<5>(q, p, i, col, masks, squared),
                    4 => tile::<4>(q, p, i, col, masks, squared),
                    3 => tile::<3>(q, p, i, col, masks, squared),
                    2 => tile::<2>(q, p, i, col, masks, squared),
                    _ => tile::<1>(q, p, i, col, masks, squared),
                }
            }
            i += count;
        }
    }
}

/// `R` queries from `first` on against 8 rows of a panel from `col` on.
///
/// # Safety
/// As [`screen`], and those queries and rows exist.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const R: usize>(
    q: Queries<'_>,
    p: Panel<'_>,
    first: usize,
    col: usize,
    masks: &mut [u64],
    squared: &mut [f32],
) {
    // SAFETY: group g of the panel starts at 256 g, its row `col` 4 · col further, and 8 rows have 32 bytes; query row r
    // has `stride` bytes; the values are 64 for each panel and one for each query.
    unsafe {
        let groups = q.stride / GROUP;
        let codes = q.codes.as_ptr().add(first * q.stride);
        let panel = p.codes.as_ptr().add(col * GROUP);
        let flip = _mm256_set1_epi8(-128);
        let ones = _mm256_set1_epi16(1);
        let mut acc = [_mm256_setzero_si256(); R];
        for g in 0..groups {
            let cols = _mm256_xor_si256(_mm256_loadu_si256(panel.add(g * PANEL * GROUP).cast()), flip);
            let sizes = _mm256_abs_epi8(cols);
            for r in 0..R {
                let x = codes.add(r * q.stride + g * GROUP).cast::<i32>().read_unaligned();
                let x = _mm256_sign_epi8(_mm256_set1_epi32(x), cols);
                let sums = _mm256_madd_epi16(_mm256_maddubs_epi16(sizes, x), ones);
                acc[r] = _mm256_add_epi32(acc[r], sums);
            }
        }
        let scales = _mm256_loadu_ps(p.scales.as_ptr().add(col));
        let norms = _mm256_loadu_ps(p.norms.as_ptr().add(col));
        let limits = _mm256_loadu_ps(p.limits.as_ptr().add(col));
        for r in 0..R {
            let i = first + r;
            let dots = _mm256_mul_ps(_mm256_cvtepi32_ps(acc[r]), scales);
            let norm = _mm256_add_ps(_mm256_set1_ps(q.norms[i]), norms);
            let d = _mm256_fmadd_ps(dots, _mm256_set1_ps(q.factors[i]), norm);
            let near = _mm256_cmp_ps::<_CMP_LE_OQ>(d, _mm256_max_ps(_mm256_set1_ps(q.limits[i]), limits));
            masks[i] |= u64::from(_mm256_movemask_ps(near) as u32) << col;
            if !squared.is_empty() {
                _mm256_storeu_ps(squared.as_mut_ptr().add(i * PANEL + col), d);
            }
        }
    }
}

/// [`super::squared_to`] with the lengths checked.
///
/// # Safety
/// The machine has AVX2 and FMA; ids lie below the number of rows; lengths are as `squared_to` checks.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn squared_to(query: &[i8], scale: f32, norm: f32, rows: Rows<'_>, ids: &[u32], out: &mut [f32]) {
    let len = rows.stride;
    let whole = len / 32 * 32;
    let ones = _mm256_set1_epi16(1);
    for (p, &id) in ids.iter().enumerate() {
        prefetch(rows, ids, p);
        // SAFETY: row `id` covers bytes id · stride to (id + 1) · stride of the codes; vectors end before `whole`.
        let mut dot = unsafe {
            let row = rows.codes.as_ptr().add(id as usize * len);
            let mut acc = _mm256_setzero_si256();
            let mut at = 0;
            while at < whole {
                let r = _mm256_loadu_si256(row.add(at).cast());
                let x = _mm256_sign_epi8(_mm256_loadu_si256(query.as_ptr().add(at).cast()), r);
                let sums = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(r), x), ones);
                acc = _mm256_add_epi32(acc, sums);
                at += 32;
            }
            let half = _mm_add_epi32(_mm256_castsi256_si128(acc), _mm256_extracti128_si256::<1>(acc));
            let half = _mm_add_epi32(half, _mm_shuffle_epi32::<0b01_00_11_10>(half));
            _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32::<0b10_11_00_01>(half)))
        };
        let row = rows.row(id as usize);
        dot += row[whole..].iter().zip(&query[whole..]).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum::<i32>();
        let (s, m) = (rows.scales[id as usize], rows.norms[id as usize]);
        out[p] = (dot as f32 * s).mul_add(-2.0 * scale, norm + m);
    }
}
