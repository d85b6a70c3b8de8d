//! Blocks of dot products in the canonical order of [`crate::rows`], several queries by several rows at a time: at about
//! the speed of a matrix product, and the same bits as [`rows::dot`].

use crate::rows;
use crate::simd::{Simd, SimdLevel};
use planisphere_core::MatrixView;

/// Dot products of all rows of `a` with all rows of `b`, into `out`, row-major: to the bit those of
/// [`rows::dot_block`].
///
/// # Panics
/// If the rows differ in length, or `out` does not have `a.rows() * b.rows()` places.
pub fn dot_tiles(simd: Simd, a: MatrixView<'_>, b: MatrixView<'_>, out: &mut [f32]) {
    assert_eq!(a.cols(), b.cols(), "rows of different lengths");
    assert_eq!(Some(out.len()), a.rows().checked_mul(b.rows()), "one place for each pair");
    #[cfg(target_arch = "x86_64")]
    if simd.level() == SimdLevel::Avx512 {
        // SAFETY: a value of this level proves that the machine has the instructions; lengths are checked above.
        unsafe { x86::dot_tiles(a, b, out) };
        return;
    }
    let _ = SimdLevel::Scalar;
    rows::dot_block(simd, a, b, out);
}

#[cfg(target_arch = "x86_64")]
#[allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index
mod x86 {
    use crate::rows::LANES;
    use planisphere_core::MatrixView;
    use std::arch::x86_64::*;

    /// Queries and rows of a tile: 24 of the 32 registers hold partial sums.
    const QUERIES: usize = 3;
    const ROWS: usize = 4;
    /// Bytes of rows that stay in the second-level cache while the queries pass by.
    const CACHE: usize = 256 * 1024;

    /// # Safety
    /// The machine has AVX-512 F, DQ and VL; rows are of one length and `out` has a place for each pair.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) unsafe fn dot_tiles(a: MatrixView<'_>, b: MatrixView<'_>, out: &mut [f32]) {
        let (n, m) = (a.rows(), b.rows());
        let block = (CACHE / (4 * b.cols().max(1))).clamp(ROWS, 4096) / ROWS * ROWS;
        let mut from = 0;
        while from < m {
            let to = (from + block).min(m);
            let mut i = 0;
            while i < n {
                let q = (n - i).min(QUERIES);
                let mut j = from;
                while j < to {
                    let r = (to - j).min(ROWS);
                    // SAFETY: rows i..i + q of a and j..j + r of b exist, so do the places i · m + j of out.
                    unsafe {
                        match (q, r) {
                            (3, 4) => tile::<3, 4>(a, b, i, j, m, out),
                            (2, 4) => tile::<2, 4>(a, b, i, j, m, out),
                            (1, 4) => tile::<1, 4>(a, b, i, j, m, out),
                            (3, 3) => tile::<3, 3>(a, b, i, j, m, out),
                            (2, 3) => tile::<2, 3>(a, b, i, j, m, out),
                            (1, 3) => tile::<1, 3>(a, b, i, j, m, out),
                            (3, 2) => tile::<3, 2>(a, b, i, j, m, out),
                            (2, 2) => tile::<2, 2>(a, b, i, j, m, out),
                            (1, 2) => tile::<1, 2>(a, b, i, j, m, out),
                            (3, _) => tile::<3, 1>(a, b, i, j, m, out),
                            (2, _) => tile::<2, 1>(a, b, i, j, m, out),
                            _ => tile::<1, 1>(a, b, i, j, m, out),
                        }
                    }
                    j += r;
                }
                i += q;
            }
            from = to;
        }
    }

    /// # Safety
    /// As [`dot_tiles`], and rows `i..i + Q` of `a` and `j..j + R` of `b` exist.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    unsafe fn tile<const Q: usize, const R: usize>(
        a: MatrixView<'_>,
        b: MatrixView<'_>,
        i: usize,
        j: usize,
        m: usize,
        out: &mut [f32],
    ) {
        let d = a.cols();
        // SAFETY: row-major views of `d` columns: row r starts at r · d and has d elements; loads stop at d, the last ones
        // by their masks.
        unsafe {
            let q = a.data().as_ptr().add(i * d);
            let r = b.data().as_ptr().add(j * d);
            let mut acc = [[[_mm512_setzero_ps(); 2]; R]; Q];
            let mut at = 0;
            while at + LANES <= d {
                let rows: [[__m512; 2]; R] = std::array::from_fn(|s| {
                    [_mm512_loadu_ps(r.add(s * d + at)), _mm512_loadu_ps(r.add(s * d + at + 16))]
                });
                for t in 0..Q {
                    let x0 = _mm512_loadu_ps(q.add(t * d + at));
                    let x1 = _mm512_loadu_ps(q.add(t * d + at + 16));
                    for s in 0..R {
                        acc[t][s][0] = _mm512_fmadd_ps(x0, rows[s][0], acc[t][s][0]);
                        acc[t][s][1] = _mm512_fmadd_ps(x1, rows[s][1], acc[t][s][1]);
                    }
                }
                at += LANES;
            }
            if at < d {
                // Lanes beyond the end add 0 · 0, as the zeros of the canonical order do.
                let load = |p: *const f32| super::load_tail(p, d - at);
                let rows: [[__m512; 2]; R] = std::array::from_fn(|s| load(r.add(s * d + at)));
                for t in 0..Q {
                    let x = load(q.add(t * d + at));
                    for s in 0..R {
                        acc[t][s][0] = _mm512_fmadd_ps(x[0], rows[s][0], acc[t][s][0]);
                        acc[t][s][1] = _mm512_fmadd_ps(x[1], rows[s][1], acc[t][s][1]);
                    }
                }
            }
            for t in 0..Q {
                for s in 0..R {
                    out[(i + t) * m + j + s] = super::sum(acc[t][s]);
                }
            }
        }
    }
}

/// `left` < 32 elements from `p` on, and zeros.
///
/// # Safety
/// The machine has AVX-512 F, and there are so many elements.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) unsafe fn load_tail(p: *const f32, left: usize) -> [std::arch::x86_64::__m512; 2] {
    use std::arch::x86_64::*;
    let mask = (1u64 << left) - 1;
    // SAFETY: lanes beyond the end are masked. `wrapping_add`, since the second half of a short tail may start beyond the
    // end, where nothing is read.
    unsafe {
        [
            _mm512_maskz_loadu_ps(mask as __mmask16, p),
            _mm512_maskz_loadu_ps((mask >> 16) as __mmask16, p.wrapping_add(16)),
        ]
    }
}

/// The balanced tree: lane l and lane l + 16, then l + 8, l + 4, l + 2, l + 1.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
pub(crate) fn sum(acc: [std::arch::x86_64::__m512; 2]) -> f32 {
    use std::arch::x86_64::*;
    let v = _mm512_add_ps(acc[0], acc[1]);
    let v = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps::<1>(v));
    let v = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let v = _mm_add_ps(v, _mm_movehl_ps(v, v));
    _mm_cvtss_f32(_mm_add_ss(v, _mm_shuffle_ps::<1>(v, v)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::{CounterRng, Matrix};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn to_the_bit_those_of_rows(n in 1usize..9, m in 1usize..12, d in 0usize..140, seed: u64) {
            let r = CounterRng::new(seed, "tiles").at(0, 0);
            let make = |rows: usize, from: u64| {
                Matrix::from_vec(rows, d, (0..rows * d).map(|i| r.normal(from + i as u64)).collect()).unwrap()
            };
            let (a, b) = (make(n, 0), make(m, 1 << 32));
            for simd in Simd::available() {
                let mut out = vec![f32::NAN; n * m];
                dot_tiles(simd, a.view(), b.view(), &mut out);
                for i in 0..n {
                    for j in 0..m {
                        prop_assert_eq!(out[i * m + j].to_bits(), rows::dot(simd, a.row(i), b.row(j)).to_bits());
                    }
                }
            }
        }
    }
}
