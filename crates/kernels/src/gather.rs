//! One query against listed rows, in the canonical order of [`crate::rows`]: several rows at a time, while the next ones
//! are on their way from memory.

use crate::rows;
use crate::simd::{Simd, SimdLevel};
use planisphere_core::MatrixView;

/// Dot products of `q` with the rows `ids` of `x`, into `out`: to the bit those of [`rows::dot`].
///
/// # Panics
/// If lengths do not match or an id is too large.
pub fn dot_to(simd: Simd, q: &[f32], x: MatrixView<'_>, ids: &[u32], out: &mut [f32]) {
    run::<false>(simd, q, x, ids, out);
}

/// Squared Euclidean distances of `q` to the rows `ids` of `x`, into `out`: to the bit those of
/// [`rows::squared_euclidean`].
///
/// # Panics
/// If lengths do not match or an id is too large.
pub fn squared_euclidean_to(simd: Simd, q: &[f32], x: MatrixView<'_>, ids: &[u32], out: &mut [f32]) {
    run::<true>(simd, q, x, ids, out);
}

fn run<const SQUARES: bool>(simd: Simd, q: &[f32], x: MatrixView<'_>, ids: &[u32], out: &mut [f32]) {
    assert_eq!(q.len(), x.cols(), "rows of different lengths");
    assert_eq!(ids.len(), out.len(), "a place for each row");
    assert!(ids.iter().all(|&id| (id as usize) < x.rows()), "ids of rows");
    #[cfg(target_arch = "x86_64")]
    if simd.level() == SimdLevel::Avx512 {
        // SAFETY: a value of this level proves that the machine has the instructions; lengths and ids are checked above.
        unsafe { x86::gather::<SQUARES>(q, x, ids, out) };
        return;
    }
    let _ = SimdLevel::Scalar;
    for (o, &id) in out.iter_mut().zip(ids) {
        let row = x.row(id as usize);
        *o = if SQUARES { rows::squared_euclidean(simd, q, row) } else { rows::dot(simd, q, row) };
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(clippy::needless_range_loop)] // registers: several arrays are walked by one index
mod x86 {
    use crate::rows::LANES;
    use planisphere_core::MatrixView;
    use std::arch::x86_64::*;

    /// Rows at a time.
    const ROWS: usize = 4;

    /// # Safety
    /// The machine has AVX-512 F, DQ and VL; `q` is as long as the rows, ids are below their number and `out` as long as
    /// `ids`.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) unsafe fn gather<const SQUARES: bool>(q: &[f32], x: MatrixView<'_>, ids: &[u32], out: &mut [f32]) {
        let mut at = 0;
        while at < ids.len() {
            let count = (ids.len() - at).min(ROWS);
            let ahead = &ids[(at + count).min(ids.len())..(at + 2 * ROWS).min(ids.len())];
            let (ids, out) = (&ids[at..at + count], &mut out[at..at + count]);
            // SAFETY: the caller's promise, for parts of the lists.
            unsafe {
                match count {
                    4 => some::<SQUARES, 4>(q, x, ids, ahead, out),
                    3 => some::<SQUARES, 3>(q, x, ids, ahead, out),
                    2 => some::<SQUARES, 2>(q, x, ids, ahead, out),
                    _ => some::<SQUARES, 1>(q, x, ids, ahead, out),
                }
            }
            at += count;
        }
    }

    /// # Safety
    /// As [`gather`], with `R` ids.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    unsafe fn some<const SQUARES: bool, const R: usize>(
        q: &[f32],
        x: MatrixView<'_>,
        ids: &[u32],
        ahead: &[u32],
        out: &mut [f32],
    ) {
        let d = q.len();
        // SAFETY: row `id` starts at id · d and has d elements; loads stop at d, the last ones by their masks; prefetching
        // reads nothing, and addresses that may lie outside are made by `wrapping_add`.
        unsafe {
            let q = q.as_ptr();
            let x = x.data().as_ptr();
            let rows: [*const f32; R] = std::array::from_fn(|r| x.add(ids[r] as usize * d));
            let mut next = [x; R];
            for (n, &id) in next.iter_mut().zip(ahead) {
                *n = x.add(id as usize * d);
            }
            let next = &next[..ahead.len().min(R)];
            let mut acc = [[_mm512_setzero_ps(); 2]; R];
            let term = |acc: __m512, q: __m512, r: __m512| {
                if SQUARES {
                    let d = _mm512_sub_ps(q, r);
                    _mm512_fmadd_ps(d, d, acc)
                } else {
                    _mm512_fmadd_ps(q, r, acc)
                }
            };
            let mut at = 0;
            while at + LANES <= d {
                for n in next {
                    _mm_prefetch::<_MM_HINT_T0>(n.add(at).cast());
                    _mm_prefetch::<_MM_HINT_T0>(n.add(at + 16).cast());
                }
                let (q0, q1) = (_mm512_loadu_ps(q.add(at)), _mm512_loadu_ps(q.add(at + 16)));
                for r in 0..R {
                    acc[r][0] = term(acc[r][0], q0, _mm512_loadu_ps(rows[r].add(at)));
                    acc[r][1] = term(acc[r][1], q1, _mm512_loadu_ps(rows[r].add(at + 16)));
                }
                at += LANES;
            }
            if at < d {
                let load = |p: *const f32| crate::tiles::load_tail(p, d - at);
                for n in next {
                    _mm_prefetch::<_MM_HINT_T0>(n.add(at).cast());
                }
                let q = load(q.add(at));
                for r in 0..R {
                    let row = load(rows[r].add(at));
                    acc[r][0] = term(acc[r][0], q[0], row[0]);
                    acc[r][1] = term(acc[r][1], q[1], row[1]);
                }
            }
            for r in 0..R {
                out[r] = crate::tiles::sum(acc[r]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::{CounterRng, Matrix};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn to_the_bit_those_of_rows(n in 1usize..20, d in 0usize..140, picks in proptest::collection::vec(0u32..20, 0..30), seed: u64) {
            let r = CounterRng::new(seed, "gather").at(0, 0);
            let x = Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64)).collect()).unwrap();
            let q: Vec<f32> = (0..d).map(|i| r.normal((1 << 32) + i as u64)).collect();
            let ids: Vec<u32> = picks.iter().map(|p| p % n as u32).collect();
            for simd in Simd::available() {
                let (mut dots, mut squares) = (vec![f32::NAN; ids.len()], vec![f32::NAN; ids.len()]);
                dot_to(simd, &q, x.view(), &ids, &mut dots);
                squared_euclidean_to(simd, &q, x.view(), &ids, &mut squares);
                for (i, &id) in ids.iter().enumerate() {
                    let row = x.row(id as usize);
                    prop_assert_eq!(dots[i].to_bits(), rows::dot(simd, &q, row).to_bits());
                    prop_assert_eq!(squares[i].to_bits(), rows::squared_euclidean(simd, &q, row).to_bits());
                }
            }
        }
    }
}
