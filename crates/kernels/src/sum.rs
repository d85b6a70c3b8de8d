//! Sums whose order depends on the length alone: in f64 on all threads, and of the lanes of a kernel.

use rayon::prelude::*;
use std::ops::AddAssign;

/// Elements that one partial sum covers.
const BLOCK: usize = 8192;

/// Σ f(i) for i in 0..n: partial sums over blocks of 8192 in parallel, added in the order of the blocks.
///
/// ```
/// let s = planisphere_kernels::sum::sum_f64(10, |i| i as f64);
/// assert_eq!(s, 45.0);
/// ```
pub fn sum_f64(n: usize, f: impl Fn(usize) -> f64 + Sync) -> f64 {
    let block = |b: usize| (b * BLOCK..((b + 1) * BLOCK).min(n)).map(&f).sum::<f64>();
    let blocks = n.div_ceil(BLOCK);
    if blocks <= 1 {
        return if n == 0 { 0.0 } else { block(0) };
    }
    let parts: Vec<f64> = (0..blocks).into_par_iter().map(block).collect();
    parts.iter().sum()
}

/// The sum of `N` lanes as a balanced tree, for use inside a [`Kernel`](crate::Kernel). `N` is a power of 2.
///
/// ```
/// assert_eq!(planisphere_kernels::sum::tree([1.0, 2.0, 4.0, 8.0]), 15.0);
/// ```
#[inline(always)]
pub fn tree<T: Copy + AddAssign, const N: usize>(mut lanes: [T; N]) -> T {
    const { assert!(N.is_power_of_two()) };
    let mut half = N / 2;
    while half > 0 {
        for l in 0..half {
            let other = lanes[l + half];
            lanes[l] += other;
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_bits_for_any_number_of_threads() {
        let f = |i: usize| ((i as f64) * 0.37).sin() * 1e3f64.powi((i % 7) as i32 - 3);
        let bits: Vec<u64> = [1, 2, 3, 8]
            .into_iter()
            .map(|t| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(t).build().unwrap();
                pool.install(|| sum_f64(100_001, f)).to_bits()
            })
            .collect();
        assert!(bits.windows(2).all(|w| w[0] == w[1]));
        assert_eq!(sum_f64(0, f), 0.0);
    }
}
