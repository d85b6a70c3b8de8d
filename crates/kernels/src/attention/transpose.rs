//! Rows to columns.

use super::LANES;
use crate::simd::Simd;
#[cfg(target_arch = "x86_64")]
use crate::simd::SimdLevel;

/// Column c of `from` (`rows` rows of `columns` values, one every `stride`) becomes row c of `to`, one every `long`, which is
/// `rows` up to a multiple of [`LANES`]: zeros behind what there is.
///
/// # Panics
/// If anything reaches beyond its slice.
pub(super) fn transpose(
    simd: Simd,
    from: &[f32],
    stride: usize,
    (rows, columns): (usize, usize),
    to: &mut [f32],
    long: usize,
) {
    assert!(long == rows.next_multiple_of(LANES) && to.len() >= long * columns, "a row for each column");
    if rows == 0 {
        return;
    }
    assert!((rows - 1) * stride + columns <= from.len(), "rows within from");
    #[cfg(target_arch = "x86_64")]
    if simd.level() == SimdLevel::Avx512 {
        // SAFETY: the level proves that the instructions are there; rows and columns lie within their slices by the checks above.
        unsafe { x86::transpose(from, stride, (rows, columns), to, long) };
        return;
    }
    let _ = simd;
    for first in (0..long).step_by(LANES) {
        for c in 0..columns {
            for (j, v) in (first..).zip(&mut to[c * long + first..][..LANES]) {
                *v = if j < rows { from[j * stride + c] } else { 0.0 };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #![allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index

    use super::LANES;
    use std::arch::x86_64::*;

    /// # Safety
    /// The machine has AVX-512 F; `from` reaches to row `rows` − 1 and its `columns` values, `to` has `columns` rows of `long`,
    /// which is `rows` up to a multiple of [`LANES`].
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) unsafe fn transpose(
        from: &[f32],
        stride: usize,
        (rows, columns): (usize, usize),
        to: &mut [f32],
        long: usize,
    ) {
        for first in (0..rows).step_by(LANES) {
            for column in (0..columns).step_by(LANES) {
                let (here, wide) = ((rows - first).min(LANES), (columns - column).min(LANES));
                let mask: __mmask16 = if wide == LANES { !0 } else { (1 << wide) - 1 };
                let mut v = [_mm512_setzero_ps(); LANES];
                for j in 0..here {
                    // SAFETY: row first + j is one of `from`, and the mask leaves out what lies behind its columns.
                    v[j] = unsafe { _mm512_maskz_loadu_ps(mask, from.as_ptr().add((first + j) * stride + column)) };
                }
                let v = block(v);
                for c in 0..wide {
                    // SAFETY: row column + c is one of `to`, and first + LANES is at most `long`.
                    unsafe { _mm512_storeu_ps(to.as_mut_ptr().add((column + c) * long + first), v[c]) };
                }
            }
        }
    }

    /// Rows to columns of 16 vectors: pairs of rows by ones and twos within parts of four, then the parts.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    fn block(r: [__m512; LANES]) -> [__m512; LANES] {
        let mut t = r;
        for i in (0..LANES).step_by(2) {
            t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
            t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
        }
        // u[4 g + k] has column 4 p + k of rows 4 g to 4 g + 3 in its part p.
        let mut u = t;
        for g in (0..LANES).step_by(4) {
            let d = |v| _mm512_castps_pd(v);
            u[g] = _mm512_castpd_ps(_mm512_unpacklo_pd(d(t[g]), d(t[g + 2])));
            u[g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(d(t[g]), d(t[g + 2])));
            u[g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(d(t[g + 1]), d(t[g + 3])));
            u[g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(d(t[g + 1]), d(t[g + 3])));
        }
        let mut out = u;
        for k in 0..4 {
            let (a, b, c, d) = (u[k], u[4 + k], u[8 + k], u[12 + k]);
            // Parts 0 and 2, or 1 and 3, of two vectors each.
            let (ab, cd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d));
            let (ab_odd, cd_odd) = (_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d));
            out[k] = _mm512_shuffle_f32x4::<0x88>(ab, cd);
            out[8 + k] = _mm512_shuffle_f32x4::<0xdd>(ab, cd);
            out[4 + k] = _mm512_shuffle_f32x4::<0x88>(ab_odd, cd_odd);
            out[12 + k] = _mm512_shuffle_f32x4::<0xdd>(ab_odd, cd_odd);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_moves_every_value() {
        for (rows, columns) in [(0usize, 3usize), (1, 1), (3, 16), (16, 16), (17, 33), (50, 7)] {
            let stride = columns + 5;
            let from: Vec<f32> = (0..rows * stride).map(|i| i as f32).collect();
            let long = rows.next_multiple_of(LANES);
            for simd in Simd::available() {
                let mut to = vec![f32::NAN; long * columns];
                transpose(simd, &from, stride, (rows, columns), &mut to, long);
                for (at, v) in to.iter().enumerate() {
                    let (c, j) = (at / long, at % long);
                    assert_eq!(*v, if j < rows { (j * stride + c) as f32 } else { 0.0 }, "{rows} {columns} {simd:?}");
                }
            }
        }
    }
}
