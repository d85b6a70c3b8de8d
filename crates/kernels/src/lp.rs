//! Minkowski distances between rows, gathered in the order of [`crate::rows`].

use crate::math;
use crate::rows::{LANES, Measure, Term, gather};

/// Σ |aᵢ − bᵢ|.
#[derive(Clone, Copy, Debug)]
pub struct Manhattan;

/// max |aᵢ − bᵢ|, which no rounding touches but that of the differences.
#[derive(Clone, Copy, Debug)]
pub struct Chebyshev;

/// (Σ |aᵢ − bᵢ|ᵖ)^(1/p) for a finite p of at least 1.
///
/// Differences are taken relative to the largest of them, so that no power overflows and the relative error stays below
/// 3e-7 plus that of the sum, whatever p and the size of the values.
#[derive(Clone, Copy, Debug)]
pub struct Minkowski {
    /// The exponent.
    pub p: f32,
}

impl Term for Manhattan {
    #[inline(always)]
    fn add(self, acc: f32, a: f32, b: f32) -> f32 {
        acc + (a - b).abs()
    }
}

impl Measure for Manhattan {
    #[inline(always)]
    fn of<const R: usize>(self, q: &[f32], rows: [&[f32]; R]) -> [f32; R] {
        gather([self; R], q, rows)
    }
}

impl Term for Chebyshev {
    #[inline(always)]
    fn add(self, acc: f32, a: f32, b: f32) -> f32 {
        // Not `f32::max`, whose care for NaN costs two more instructions.
        let d = (a - b).abs();
        if d > acc { d } else { acc }
    }

    /// In any order. Numbers of at least 0 are ordered as their bits are, which compilers reduce by vector instructions.
    #[inline(always)]
    fn join(acc: [f32; LANES]) -> f32 {
        let mut bits = [0u32; LANES / 2];
        for l in 0..LANES / 2 {
            bits[l] = acc[l].to_bits().max(acc[l + LANES / 2].to_bits());
        }
        f32::from_bits(bits.into_iter().fold(0, u32::max))
    }
}

impl Measure for Chebyshev {
    #[inline(always)]
    fn of<const R: usize>(self, q: &[f32], rows: [&[f32]; R]) -> [f32; R] {
        gather([self; R], q, rows)
    }
}

/// Powers of differences relative to the largest one.
#[derive(Clone, Copy)]
struct Power {
    p: f32,
    largest: f32,
}

impl Term for Power {
    /// Two zeros add 2⁻¹²⁶, which is nothing beside the 1 of the largest difference.
    #[inline(always)]
    fn add(self, acc: f32, a: f32, b: f32) -> f32 {
        acc + math::pow((a - b).abs() / self.largest, self.p)
    }

    /// Step by step over all lanes: one body of a power is more than the compiler turns into vectors at once.
    #[inline(always)]
    fn block(self, acc: &mut [f32; LANES], a: &[f32; LANES], b: &[f32; LANES]) {
        let mut t = [0f32; LANES];
        for l in 0..LANES {
            t[l] = (a[l] - b[l]).abs() / self.largest;
        }
        for v in &mut t {
            *v = math::log2(*v) * self.p;
        }
        for l in 0..LANES {
            acc[l] += math::exp2(t[l]);
        }
    }
}

impl Measure for Minkowski {
    #[inline(always)]
    fn of<const R: usize>(self, q: &[f32], rows: [&[f32]; R]) -> [f32; R] {
        let largest = Chebyshev.of(q, rows);
        let mut terms = [Power { p: self.p, largest: 1.0 }; R];
        for r in 0..R {
            terms[r].largest = largest[r];
        }
        let sums = gather(terms, q, rows);
        let mut out = largest;
        for r in 0..R {
            // Equal rows have no largest difference to divide by; an infinite one stays what it is.
            if largest[r] > 0.0 && largest[r] < f32::INFINITY {
                let root = math::exp(math::ln(f64::from(sums[r])) / f64::from(self.p));
                out[r] = (f64::from(largest[r]) * root) as f32;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{pair, to_listed, to_rows};
    use crate::{Kernel, Simd};
    use planisphere_core::{CounterRng, Matrix};
    use proptest::prelude::*;

    fn random(rows: usize, cols: usize, seed: u64) -> Matrix {
        let d = CounterRng::new(seed, "lp").at(0, 0);
        Matrix::from_vec(rows, cols, (0..rows * cols).map(|i| d.normal(i as u64)).collect()).unwrap()
    }

    /// The order of summation of `rows`, word for word.
    fn lanes(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
        let mut acc = vec![0f32; LANES];
        for i in 0..a.len() {
            acc[i % LANES] += term(a[i], b[i]);
        }
        while acc.len() > 1 {
            let half = acc.len() / 2;
            acc = (0..half).map(|l| acc[l] + acc[l + half]).collect();
        }
        acc[0]
    }

    fn all_ways<M: Measure>(simd: Simd, m: M, a: &Matrix, b: &Matrix) -> Vec<u32> {
        let mut out = vec![0f32; b.rows()];
        to_rows(simd, m, a.row(0), b.view(), &mut out);
        let ids: Vec<u32> = (0..b.rows() as u32).rev().collect();
        let mut listed = vec![0f32; b.rows()];
        to_listed(simd, m, a.row(0), b.view(), &ids, &mut listed);
        listed.reverse();
        assert_eq!(out, listed);
        for (j, d) in out.iter().enumerate() {
            assert_eq!(*d, pair(simd, m, a.row(0), b.row(j)));
            assert_eq!(*d, pair(simd, m, b.row(j), a.row(0)), "symmetric to the bit");
        }
        out.iter().map(|d| d.to_bits()).collect()
    }

    proptest! {
        #[test]
        fn all_levels_and_ways_agree(n in 1usize..11, d in 0usize..140, p in 1f32..9.0, seed: u64) {
            let (a, b) = (random(1, d, seed), random(n, d, seed ^ 1));
            let l1: Vec<u32> = (0..n).map(|j| lanes(a.row(0), b.row(j), |x, y| (x - y).abs()).to_bits()).collect();
            let max = |j| a.row(0).iter().zip(b.row(j)).map(|(x, y)| (x - y).abs()).fold(0f32, f32::max);
            let linf: Vec<u32> = (0..n).map(|j| max(j).to_bits()).collect();
            let lp = all_ways(Simd::available()[0], Minkowski { p }, &a, &b);
            for simd in Simd::available() {
                prop_assert_eq!(&all_ways(simd, Manhattan, &a, &b), &l1);
                prop_assert_eq!(&all_ways(simd, Chebyshev, &a, &b), &linf);
                prop_assert_eq!(&all_ways(simd, Minkowski { p }, &a, &b), &lp);
            }
        }

        #[test]
        fn minkowski_is_close_to_f64(d in 1usize..300, p in 1f32..12.0, e in -30i32..30, seed: u64) {
            let mut m = random(2, d, seed);
            m.data_mut().iter_mut().for_each(|v| *v *= 10f32.powi(e));
            let f = f64::from(p);
            // In units of the largest value, since the powers of some of these overflow even f64.
            let unit = 10f64.powi(e);
            let powers = m.row(0).iter().zip(m.row(1)).map(|(x, y)| (f64::from(x - y).abs() / unit).powf(f));
            let want = powers.sum::<f64>().powf(1.0 / f) * unit;
            let got = f64::from(pair(Simd::detect(), Minkowski { p }, m.row(0), m.row(1)));
            prop_assert!((got - want).abs() <= 6e-7 * want, "{got} {want}");
        }
    }

    #[test]
    fn edges() {
        let s = Simd::detect();
        let p = Minkowski { p: 3.0 };
        assert_eq!(pair(s, p, &[1.0, 2.0], &[1.0, 2.0]), 0.0);
        assert_eq!(pair(s, p, &[1.0, 2.0], &[1.0, 5.0]), 3.0);
        assert_eq!(pair(s, p, &[f32::MAX, 0.0], &[f32::MIN, 0.0]), f32::INFINITY);
        assert_eq!(pair(s, p, &[1e-45, 0.0], &[0.0, 0.0]), 1e-45);
        assert_eq!(pair(s, p, &[], &[]), 0.0);
    }

    #[test]
    fn roots_of_one_are_one() {
        struct Root;
        impl Kernel for Root {
            type Output = f64;
            #[inline(always)]
            fn run<const ROWS: usize>(self) -> f64 {
                math::exp(math::ln(1.0) / 7.0)
            }
        }
        for s in Simd::available() {
            assert_eq!(s.run(Root), 1.0);
        }
    }
}
