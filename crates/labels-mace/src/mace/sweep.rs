//! The expectation step: one pass over the votes, several restarts side by side.
//!
//! Annotator `a` who labels an item `v` either guesses, with probability `base = s0 θ(v)`, or knows, with `s1`, and then
//! `v` is the truth. So for a truth `l` the votes of an item have the probability
//! `prior(l) ∏ base ∏_{v = l} (base + s1) / base`. The first product is the same for all `l`: it cancels in posteriors,
//! and in the likelihood of all votes it is a sum over cells. What is left per vote is one factor, its *lift*, of at
//! least 1. The counts that the other step needs come from one sum a cell, of the posteriors of what was voted for
//! (`mace::group`).

use crate::mace::problem::{Problem, range};
use planisphere_kernels::Kernel;
use std::ops::Range;

/// One number for each restart.
pub(crate) type Lanes<const W: usize> = [f64; W];

/// Logarithm of a product, as mantissas and powers of two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product<const W: usize> {
    mantissa: Lanes<W>,
    exponent: [i64; W],
    factors: u32,
}

impl<const W: usize> Product<W> {
    pub(crate) const ONE: Self = Self { mantissa: [1.0; W], exponent: [0; W], factors: 0 };

    #[inline(always)]
    fn multiply(&mut self, by: Lanes<W>, exponents: [i64; W]) {
        for l in 0..W {
            let (m, e) = split(by[l]);
            self.mantissa[l] *= m;
            self.exponent[l] += e + exponents[l];
        }
        self.factors += 1;
        // Mantissas are below 2, so that so many stay far below 2^1024.
        if self.factors == 512 {
            self.factors = 0;
            for l in 0..W {
                let (m, e) = split(self.mantissa[l]);
                self.mantissa[l] = m;
                self.exponent[l] += e;
            }
        }
    }

    /// This times another.
    pub(crate) fn times(mut self, other: Self) -> Self {
        for l in 0..W {
            let (m, e) = split(self.mantissa[l] * split(other.mantissa[l]).0);
            self.mantissa[l] = m;
            self.exponent[l] += e + other.exponent[l] + split(other.mantissa[l]).1;
        }
        self.factors = 0;
        self
    }

    pub(crate) fn ln(&self, lane: usize) -> f64 {
        libm::log(self.mantissa[lane]) + self.exponent[lane] as f64 * std::f64::consts::LN_2
    }
}

/// `x = m 2^e` with `1 <= m < 2`, for normal `x > 0`.
#[inline(always)]
fn split(x: f64) -> (f64, i64) {
    let bits = x.to_bits();
    (f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000), (bits >> 52) as i64 - 1023)
}

/// `2^e`, or 0 if that is not a normal number.
fn power_of_two(e: i64) -> f64 {
    if e < -1022 { 0.0 } else { f64::from_bits(((e.min(1023) + 1023) as u64) << 52) }
}

/// A pass over some items.
pub(crate) struct Sweep<'a, const W: usize> {
    pub(crate) problem: &'a Problem,
    pub(crate) items: Range<usize>,
    /// Lift of each cell, at least 1.
    pub(crate) lifts: &'a [Lanes<W>],
    /// So many lifts can be multiplied without an overflow.
    pub(crate) limit: u32,
    /// For each cell: the posteriors of its label, summed over its votes. Added to.
    pub(crate) counts: &'a mut [Lanes<W>],
}

impl<const W: usize> Kernel for Sweep<'_, W> {
    /// The likelihood of the items, without what all truths share.
    type Output = Product<W>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Product<W> {
        let p = self.problem;
        let mut shares = vec![[0.0; W]; p.most_slots];
        let mut product = Product::ONE;
        for i in self.items {
            let slots = range(&p.item_slots[i..]);
            let shares = &mut shares[..slots.len()];
            let votes = p.slots[slots.end] - p.slots[slots.start];
            let (sum, exponents) = if votes <= self.limit {
                (weigh(p, i, slots.clone(), self.lifts, shares), [0; W])
            } else {
                weigh_many(p, i, slots.clone(), self.lifts, self.limit, shares)
            };
            product.multiply(sum, exponents);
            let mut scale = [0.0; W];
            for l in 0..W {
                scale[l] = 1.0 / sum[l];
            }
            for (s, share) in slots.zip(shares) {
                for l in 0..W {
                    share[l] *= scale[l];
                }
                for &cell in &p.cells[range(&p.slots[s..])] {
                    let count = &mut self.counts[cell as usize];
                    for l in 0..W {
                        count[l] += share[l];
                    }
                }
            }
        }
        product
    }
}

/// What each slot of an item weighs, and all labels together.
#[inline(always)]
fn weigh<const W: usize>(
    p: &Problem,
    item: usize,
    slots: Range<usize>,
    lifts: &[Lanes<W>],
    shares: &mut [Lanes<W>],
) -> Lanes<W> {
    let mut sum = [p.rest[item]; W];
    for (s, share) in slots.zip(shares) {
        let mut product = [p.slot_weights[s]; W];
        for &cell in &p.cells[range(&p.slots[s..])] {
            let lift = &lifts[cell as usize];
            for l in 0..W {
                product[l] *= lift[l];
            }
        }
        for l in 0..W {
            sum[l] += product[l];
        }
        *share = product;
    }
    sum
}

/// As [`weigh`] for any number of votes: what is returned is to be multiplied by powers of two.
#[inline(never)]
fn weigh_many<const W: usize>(
    p: &Problem,
    item: usize,
    slots: Range<usize>,
    lifts: &[Lanes<W>],
    limit: u32,
    shares: &mut [Lanes<W>],
) -> (Lanes<W>, [i64; W]) {
    let (mut sums, mut tops) = ([0.0; W], [0; W]);
    let mut exponents = vec![0; slots.len()];
    for l in 0..W {
        let mut top = if p.rest[item] > 0.0 { 0 } else { i64::MIN };
        for ((s, share), exponent) in slots.clone().zip(&mut *shares).zip(&mut exponents) {
            let (mut mantissa, mut e) = (1.0, 0);
            for some in p.cells[range(&p.slots[s..])].chunks(limit.max(1) as usize) {
                for &cell in some {
                    mantissa *= lifts[cell as usize][l];
                }
                let (m, more) = split(mantissa);
                mantissa = m;
                e += more;
            }
            share[l] = mantissa * p.slot_weights[s];
            *exponent = e;
            if share[l] > 0.0 {
                top = top.max(e);
            }
        }
        let mut sum = p.rest[item] * power_of_two(-top);
        for (share, e) in shares.iter_mut().zip(&exponents) {
            share[l] *= power_of_two(e - top);
            sum += share[l];
        }
        (sums[l], tops[l]) = (sum, top);
    }
    (sums, tops)
}

/// Posterior of each slot of an item under one restart, and of a label without slot for a prior of 1.
pub(crate) fn posterior(p: &Problem, item: usize, lifts: &[Lanes<1>], limit: u32, shares: &mut [Lanes<1>]) -> f64 {
    let slots = range(&p.item_slots[item..]);
    let votes = p.slots[slots.end] - p.slots[slots.start];
    let (sum, top) = if votes <= limit {
        (weigh(p, item, slots, lifts, shares), [0])
    } else {
        weigh_many(p, item, slots, lifts, limit, shares)
    };
    for share in shares {
        share[0] /= sum[0];
    }
    power_of_two(-top[0]) / sum[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Annotations;
    use planisphere_core::CancelToken;
    use planisphere_kernels::Simd;

    #[test]
    fn numbers_are_split_and_put_together() {
        for x in [1.0, 1.5, 3e-200, 7e250, f64::MIN_POSITIVE] {
            let (m, e) = split(x);
            assert!((1.0..2.0).contains(&m));
            assert_eq!(m * power_of_two(e), x);
        }
        assert_eq!(power_of_two(-2000), 0.0);
    }

    /// Long products in pieces give what short ones give.
    #[test]
    fn many_votes_weigh_as_few() {
        let codes: Vec<(u32, u32, u32)> = (0..60).map(|a| (0, a, a % 3)).collect();
        let votes = Annotations::from_codes(1, 60, 5, &codes).unwrap();
        let p = Problem::new(&votes, &[None], None, &CancelToken::new()).unwrap();
        let lifts: Vec<Lanes<2>> =
            (0..p.cell_votes.len()).map(|c| [1.0 + c as f64, 1.0 + (c % 7) as f64 * 0.1]).collect();
        let (mut few, mut many) = (vec![[0.0; 2]; 3], vec![[0.0; 2]; 3]);
        let sum = weigh(&p, 0, 0..3, &lifts, &mut few);
        for limit in [2, 7, 1000] {
            let (other, top) = weigh_many(&p, 0, 0..3, &lifts, limit, &mut many);
            for l in 0..2 {
                for s in 0..3 {
                    assert!((few[s][l] / sum[l] - many[s][l] / other[l]).abs() < 1e-14);
                }
                assert!((sum[l] / power_of_two(top[l]) / other[l] - 1.0).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn all_levels_give_the_same_bits() {
        let codes: Vec<(u32, u32, u32)> = (0..300u32).map(|v| (v / 6, v % 37, (v * v) % 4)).collect();
        let codes: Vec<_> = {
            let mut seen = std::collections::HashSet::new();
            codes.into_iter().filter(|c| seen.insert((c.0, c.1))).collect()
        };
        let votes = Annotations::from_codes(50, 37, 4, &codes).unwrap();
        let p = Problem::new(&votes, &[None; 50], None, &CancelToken::new()).unwrap();
        let lifts: Vec<Lanes<8>> =
            (0..p.cell_votes.len()).map(|c| std::array::from_fn(|l| 1.0 + (c * 8 + l) as f64 * 0.37)).collect();
        let results: Vec<_> = Simd::available()
            .into_iter()
            .map(|simd| {
                let mut counts = vec![[0.0; 8]; lifts.len()];
                let sweep =
                    Sweep { problem: &p, items: 0..p.items.len(), lifts: &lifts, limit: 100, counts: &mut counts };
                let product = simd.run(sweep);
                (counts, [0, 3, 7].map(|l| product.ln(l).to_bits()))
            })
            .collect();
        assert!(results.iter().all(|r| *r == results[0]));
    }
}
