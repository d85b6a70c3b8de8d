//! Tiles of sums in registers.

#![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

use super::block::Job;
use std::arch::x86_64::*;

/// Columns of one vector of 512 bits.
const WIDE: usize = 16;
/// Columns of one vector of 256 bits.
const NARROW: usize = 8;

/// Tiles of up to 24 registers of 512 bits: 8 rows of 48 columns, or 12 of up to 32.
///
/// # Safety
/// The machine has AVX-512 F, BW, DQ and VL, and every row and column of the job lies within memory that may be read, or written
/// for `out`, whose rows do not overlap.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(super) unsafe fn avx512(job: Job) {
    for first in (0..job.columns).step_by(3 * WIDE) {
        let job = Job {
            weights: job.weights.wrapping_add(first),
            start: job.start.wrapping_add(first),
            out: job.out.wrapping_add(first),
            columns: (job.columns - first).min(3 * WIDE),
            ..job
        };
        // SAFETY: the caller's promise for these columns.
        unsafe {
            match job.columns.div_ceil(WIDE) {
                3 => rows512::<3, 8>(job),
                2 => rows512::<2, 12>(job),
                _ => rows512::<1, 12>(job),
            }
        }
    }
}

/// All rows of a job of `C` vectors, `R` at a time.
///
/// # Safety
/// As [`avx512`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn rows512<const C: usize, const R: usize>(job: Job) {
    let last = job.columns - (C - 1) * WIDE;
    let mask: __mmask16 = if last >= WIDE { !0 } else { (1 << last) - 1 };
    let mut r = 0;
    // SAFETY: the caller's promise for rows r and following, of which there are as many as the tile has.
    unsafe {
        while r + R <= job.rows {
            tile512::<C, R>(job, r, mask);
            r += R;
        }
        if r + 8 <= job.rows {
            tile512::<C, 8>(job, r, mask);
            r += 8;
        }
        if r + 4 <= job.rows {
            tile512::<C, 4>(job, r, mask);
            r += 4;
        }
        while r < job.rows {
            tile512::<C, 1>(job, r, mask);
            r += 1;
        }
    }
}

/// # Safety
/// As [`avx512`], for rows `r` to `r + R` and `C` vectors of columns, the last one of those in `mask`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn tile512<const C: usize, const R: usize>(job: Job, r: usize, mask: __mmask16) {
    // SAFETY: the rows and columns are the job's.
    unsafe {
        let x = job.x.add(r * job.x_stride);
        let mut acc = [[_mm512_setzero_ps(); C]; R];
        for r2 in 0..R {
            let from = job.start.add((r + r2) * job.start_stride);
            for c in 0..C {
                let mask = if c + 1 == C { mask } else { !0 };
                acc[r2][c] = _mm512_maskz_loadu_ps(mask, from.add(WIDE * c));
            }
        }
        let mut w = job.weights;
        for i in 0..job.depth {
            let mut columns = [_mm512_setzero_ps(); C];
            for c in 0..C {
                columns[c] = match c + 1 == C {
                    true => _mm512_maskz_loadu_ps(mask, w.add(WIDE * c)),
                    false => _mm512_loadu_ps(w.add(WIDE * c)),
                };
            }
            for r in 0..R {
                let x = _mm512_set1_ps(*x.add(r * job.x_stride + i));
                for c in 0..C {
                    acc[r][c] = _mm512_fmadd_ps(x, columns[c], acc[r][c]);
                }
            }
            w = w.wrapping_add(job.stride);
        }
        for r2 in 0..R {
            let to = job.out.add((r + r2) * job.out_stride);
            for c in 0..C {
                let mask = if c + 1 == C { mask } else { !0 };
                let to = to.add(WIDE * c);
                let mut v = acc[r2][c];
                if job.add {
                    v = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, to), v);
                }
                _mm512_mask_storeu_ps(to, mask, v);
            }
        }
    }
}

/// Tiles of up to 12 registers of 256 bits: 6 rows of 16 columns.
///
/// # Safety
/// The machine has AVX2 and FMA; otherwise as [`avx512`].
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn avx2(job: Job) {
    for first in (0..job.columns).step_by(2 * NARROW) {
        let job = Job {
            weights: job.weights.wrapping_add(first),
            start: job.start.wrapping_add(first),
            out: job.out.wrapping_add(first),
            columns: (job.columns - first).min(2 * NARROW),
            ..job
        };
        // SAFETY: the caller's promise for these columns.
        unsafe {
            match job.columns.div_ceil(NARROW) {
                2 => rows256::<2>(job),
                _ => rows256::<1>(job),
            }
        }
    }
}

/// All rows of a job of `C` vectors.
///
/// # Safety
/// As [`avx2`].
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn rows256<const C: usize>(job: Job) {
    let last = job.columns - (C - 1) * NARROW;
    let lane = |l: i32| if (l as usize) < last { -1 } else { 0 };
    let mask = _mm256_setr_epi32(lane(0), lane(1), lane(2), lane(3), lane(4), lane(5), lane(6), lane(7));
    let mut r = 0;
    // SAFETY: the caller's promise for rows r and following, of which there are as many as the tile has.
    unsafe {
        while r + 6 <= job.rows {
            tile256::<C, 6>(job, r, mask);
            r += 6;
        }
        if r + 3 <= job.rows {
            tile256::<C, 3>(job, r, mask);
            r += 3;
        }
        while r < job.rows {
            tile256::<C, 1>(job, r, mask);
            r += 1;
        }
    }
}

/// # Safety
/// As [`avx2`], for rows `r` to `r + R` and `C` vectors of columns, the last one of those in `mask`.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn tile256<const C: usize, const R: usize>(job: Job, r: usize, mask: __m256i) {
    // SAFETY: the rows and columns are the job's.
    unsafe {
        let all = _mm256_set1_epi32(-1);
        let x = job.x.add(r * job.x_stride);
        let mut acc = [[_mm256_setzero_ps(); C]; R];
        for r2 in 0..R {
            let from = job.start.add((r + r2) * job.start_stride);
            for c in 0..C {
                let mask = if c + 1 == C { mask } else { all };
                acc[r2][c] = _mm256_maskload_ps(from.add(NARROW * c), mask);
            }
        }
        let mut w = job.weights;
        for i in 0..job.depth {
            let mut columns = [_mm256_setzero_ps(); C];
            for c in 0..C {
                columns[c] = match c + 1 == C {
                    true => _mm256_maskload_ps(w.add(NARROW * c), mask),
                    false => _mm256_loadu_ps(w.add(NARROW * c)),
                };
            }
            for r in 0..R {
                let x = _mm256_set1_ps(*x.add(r * job.x_stride + i));
                for c in 0..C {
                    acc[r][c] = _mm256_fmadd_ps(x, columns[c], acc[r][c]);
                }
            }
            w = w.wrapping_add(job.stride);
        }
        for r2 in 0..R {
            let to = job.out.add((r + r2) * job.out_stride);
            for c in 0..C {
                let mask = if c + 1 == C { mask } else { all };
                let to = to.add(NARROW * c);
                let mut v = acc[r2][c];
                if job.add {
                    v = _mm256_add_ps(_mm256_maskload_ps(to, mask), v);
                }
                _mm256_maskstore_ps(to, mask, v);
            }
        }
    }
}
