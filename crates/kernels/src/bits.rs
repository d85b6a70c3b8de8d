//! Rows of bits: how many places two of them share.
//!
//! Any count of pairs of values (both set, one set, none set) follows from that number and those of each row alone.

use crate::simd::{Kernel, Simd};

/// Words that are counted at a time: one 512-bit register.
const WORDS: usize = 8;

/// Bits set in both of two rows of the same length.
#[inline(always)]
fn both(a: &[u64], b: &[u64]) -> u32 {
    let (a_blocks, a_tail) = a.as_chunks::<WORDS>();
    let (b_blocks, b_tail) = b.as_chunks::<WORDS>();
    let mut acc = [0u64; WORDS];
    let mut tail = 0;
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for l in 0..WORDS {
            acc[l] += u64::from((x[l] & y[l]).count_ones());
        }
    }
    for (x, y) in a_tail.iter().zip(b_tail) {
        tail += (x & y).count_ones();
    }
    if a_blocks.is_empty() { tail } else { acc.iter().sum::<u64>() as u32 + tail }
}

struct Many<'a>(&'a [u64], &'a [u64], &'a mut [u32]);

impl Kernel for Many<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let words = self.0.len();
        for (j, out) in self.2.iter_mut().enumerate() {
            *out = both(self.0, &self.1[j * words..(j + 1) * words]);
        }
    }
}

struct Listed<'a>(&'a [u64], &'a [u64], &'a [u32], &'a mut [u32]);

impl Kernel for Listed<'_> {
    type Output = ();
    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let words = self.0.len();
        for (&id, out) in self.2.iter().zip(self.3) {
            *out = both(self.0, &self.1[id as usize * words..(id as usize + 1) * words]);
        }
    }
}

/// The bits that `q` shares with each of `rows`, which lie one after the other, into `out`.
///
/// # Panics
/// If `rows` does not hold as many rows of the length of `q` as `out` has places.
pub fn shared_with_rows(simd: Simd, q: &[u64], rows: &[u64], out: &mut [u32]) {
    assert_eq!(Some(rows.len()), q.len().checked_mul(out.len()), "one place for each row");
    simd.run(Many(q, rows, out));
}

/// The bits that `q` shares with the rows of these ids, into `out`.
///
/// # Panics
/// If `out` is not as long as `ids`, or an id is not that of a row of the length of `q`.
pub fn shared_with_listed(simd: Simd, q: &[u64], rows: &[u64], ids: &[u32], out: &mut [u32]) {
    assert_eq!(out.len(), ids.len(), "one place for each id");
    simd.run(Listed(q, rows, ids, out));
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_are_right(n in 0usize..9, words in 0usize..40, seed: u64) {
            let d = CounterRng::new(seed, "bits").at(0, 0);
            let q: Vec<u64> = (0..words).map(|i| d.bits(i as u64)).collect();
            let rows: Vec<u64> = (0..n * words).map(|i| d.bits((1 << 40) + i as u64)).collect();
            let bit = |v: &[u64], i: usize| v[i / 64] >> (i % 64) & 1 == 1;
            let want: Vec<u32> = (0..n)
                .map(|j| (0..64 * words).filter(|&i| bit(&q, i) && bit(&rows[j * words..], i)).count() as u32)
                .collect();
            for simd in Simd::available() {
                let mut out = vec![0; n];
                shared_with_rows(simd, &q, &rows, &mut out);
                prop_assert_eq!(&out, &want);
                let ids: Vec<u32> = (0..n as u32).rev().collect();
                shared_with_listed(simd, &q, &rows, &ids, &mut out);
                out.reverse();
                prop_assert_eq!(&out, &want);
            }
        }
    }
}
