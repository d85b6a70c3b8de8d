//! Distances between rows that are ratios, gathered in the order of [`crate::rows`].

use crate::rows::{LANES, Measure, Term, gather};

/// Σ |aᵢ − bᵢ| / (|aᵢ| + |bᵢ|), where 0 / 0 counts as 0.
#[derive(Clone, Copy, Debug)]
pub struct Canberra;

/// Σ |aᵢ − bᵢ| / Σ |aᵢ + bᵢ|, where 0 / 0 counts as 0.
#[derive(Clone, Copy, Debug)]
pub struct BrayCurtis;

/// How many aᵢ are not equal to bᵢ: a whole number, exact up to 2²⁴.
#[derive(Clone, Copy, Debug)]
pub struct Unequal;

impl Term for Canberra {
    #[inline(always)]
    fn add(self, acc: f32, a: f32, b: f32) -> f32 {
        let sum = a.abs() + b.abs();
        // The quotient is computed in any case, so that the choice is a mask and no branch.
        let quotient = (a - b).abs() / sum;
        acc + if sum > 0.0 { quotient } else { 0.0 }
    }
}

impl Measure for Canberra {
    #[inline(always)]
    fn of<const R: usize>(self, q: &[f32], rows: [&[f32]; R]) -> [f32; R] {
        gather([self; R], q, rows)
    }
}

#[derive(Clone, Copy)]
struct Difference;
#[derive(Clone, Copy)]
struct Sum;

impl Term for Difference {
    #[inline(always)]
    fn add(self, acc: f32, a: f32, b: f32) -> f32 {
        acc + (a - b).abs()
    }
}

impl Term for Sum {
    #[inline(always)]
    fn add(self, acc: f32, a: f32, b: f32) -> f32 {
        acc + (a + b).abs()
    }
}

impl Measure for BrayCurtis {
    /// Twice over the rows, which are in the first-level cache the second time.
    #[inline(always)]
    fn of<const R: usize>(self, q: &[f32], rows: [&[f32]; R]) -> [f32; R] {
        let mut out = gather([Difference; R], q, rows);
        let sums = gather([Sum; R], q, rows);
        for r in 0..R {
            if out[r] > 0.0 {
                out[r] /= sums[r];
            }
        }
        out
    }
}

impl Term for Unequal {
    #[inline(always)]
    fn add(self, acc: f32, a: f32, b: f32) -> f32 {
        acc + f32::from(u8::from(a != b))
    }

    /// In whole numbers first, which are compared and converted as vectors.
    #[inline(always)]
    fn block(self, acc: &mut [f32; LANES], a: &[f32; LANES], b: &[f32; LANES]) {
        let mut unequal = [0i32; LANES];
        for l in 0..LANES {
            unequal[l] = i32::from(a[l] != b[l]);
        }
        for l in 0..LANES {
            acc[l] += unequal[l] as f32;
        }
    }
}

impl Measure for Unequal {
    #[inline(always)]
    fn of<const R: usize>(self, q: &[f32], rows: [&[f32]; R]) -> [f32; R] {
        gather([self; R], q, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simd;
    use crate::rows::{pair, to_rows};
    use planisphere_core::{CounterRng, Matrix};
    use proptest::prelude::*;

    /// Small whole numbers, many of them 0 or equal.
    fn random(rows: usize, cols: usize, seed: u64) -> Matrix {
        let d = CounterRng::new(seed, "ratio").at(0, 0);
        let data = (0..rows * cols).map(|i| d.below(i as u64, 7) as f32 - 3.0).collect();
        Matrix::from_vec(rows, cols, data).unwrap()
    }

    fn close(got: f32, want: f64) -> bool {
        (f64::from(got) - want).abs() <= 2e-6 * want || f64::from(got) == want
    }

    proptest! {
        #[test]
        fn all_levels_agree_and_are_close_to_f64(n in 1usize..11, d in 0usize..140, seed: u64) {
            let (a, b) = (random(1, d, seed), random(n, d, seed ^ 1));
            let mut first: Option<Vec<[f32; 3]>> = None;
            for simd in Simd::available() {
                let (mut canberra, mut bray_curtis, mut unequal) = (vec![0f32; n], vec![0f32; n], vec![0f32; n]);
                to_rows(simd, Canberra, a.row(0), b.view(), &mut canberra);
                to_rows(simd, BrayCurtis, a.row(0), b.view(), &mut bray_curtis);
                to_rows(simd, Unequal, a.row(0), b.view(), &mut unequal);
                let all: Vec<[f32; 3]> = (0..n).map(|j| [canberra[j], bray_curtis[j], unequal[j]]).collect();
                for (j, got) in all.iter().enumerate() {
                    let pairs = || a.row(0).iter().zip(b.row(j)).map(|(x, y)| (f64::from(*x), f64::from(*y)));
                    let quotient = |(x, y): (f64, f64)| if x == y { 0.0 } else { (x - y).abs() / (x.abs() + y.abs()) };
                    prop_assert!(close(got[0], pairs().map(quotient).sum()));
                    let top: f64 = pairs().map(|(x, y)| (x - y).abs()).sum();
                    let bottom: f64 = pairs().map(|(x, y)| (x + y).abs()).sum();
                    let ratio = if top == 0.0 { 0.0 } else { top / bottom };
                    prop_assert!(close(got[1], ratio));
                    prop_assert_eq!(got[2], pairs().filter(|(x, y)| x != y).count() as f32);
                    prop_assert_eq!(got[0], pair(simd, Canberra, b.row(j), a.row(0)));
                    prop_assert_eq!(got[1], pair(simd, BrayCurtis, b.row(j), a.row(0)));
                }
                prop_assert_eq!(first.get_or_insert_with(|| all.clone()), &all);
            }
        }
    }

    #[test]
    fn nothing_over_nothing_is_nothing() {
        for s in Simd::available() {
            assert_eq!(pair(s, Canberra, &[0.0, -0.0, 2.0], &[0.0, 0.0, 2.0]), 0.0);
            assert_eq!(pair(s, BrayCurtis, &[0.0; 3], &[0.0; 3]), 0.0);
            assert_eq!(pair(s, BrayCurtis, &[1.0, -1.0], &[-1.0, 1.0]), f32::INFINITY);
            assert_eq!(pair(s, Unequal, &[0.0, 1.0], &[-0.0, 2.0]), 1.0);
        }
    }
}
