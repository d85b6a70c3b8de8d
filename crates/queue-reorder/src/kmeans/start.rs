//! Where centers start: k-means++, greedy.

use super::rows::Rows;
use crate::error::Result;
use planisphere_core::{CancelToken, CounterRng, Matrix};
use planisphere_kernels::{Simd, math, rows};
use rayon::prelude::*;

/// Rows that one partial sum covers.
const BLOCK: usize = 512;

/// `k` of the rows, or as many as there are different ones: the first at random, each further one with a probability
/// proportional to its squared distance to the nearest before it; of a few drawn so, the one that leaves the smallest sum
/// of squared distances.
pub(super) fn plus_plus(all: &Rows, k: usize, rng: CounterRng, start: u64, token: &CancelToken) -> Result<Matrix> {
    let n = all.len();
    let trials = 2 + math::ln(k as f64) as usize;
    let simd = Simd::detect();
    let mut nearest = vec![f32::INFINITY; n];
    // Of each block, what each candidate would leave; block by block, candidate by candidate.
    let mut left = vec![0f32; n * trials];
    let mut chosen: Vec<u32> = Vec::with_capacity(k);
    let first = (u128::from(rng.at(start, 0).bits(0)) * n as u128) >> 64;
    let mut candidates = vec![first as u32];
    while chosen.len() < k {
        token.check()?;
        let queries = all.x.select(&candidates);
        let count = candidates.len();
        let sums: Vec<Vec<f64>> = (nearest.par_chunks(BLOCK))
            .zip(left.par_chunks_mut(BLOCK * trials))
            .enumerate()
            .map(|(block, (nearest, left))| {
                let from = block * BLOCK;
                let points = all.x.view().slice(from, from + nearest.len());
                let left = &mut left[..count * nearest.len()];
                rows::squared_euclidean_block(simd, queries.view(), points, left);
                left.chunks_exact_mut(nearest.len())
                    .map(|left| {
                        left.iter_mut().zip(nearest).for_each(|(l, &n)| *l = l.min(n));
                        left.iter().map(|&l| f64::from(l)).sum()
                    })
                    .collect()
            })
            .collect();
        let total = |c: usize| sums.iter().map(|block| block[c]).sum::<f64>();
        let totals: Vec<f64> = (0..count).map(total).collect();
        let best = (1..count).fold(0, |best, c| if totals[c] < totals[best] { c } else { best });
        chosen.push(candidates[best]);
        (nearest.par_chunks_mut(BLOCK)).zip(left.par_chunks(BLOCK * trials)).for_each(|(nearest, left)| {
            let len = nearest.len();
            nearest.copy_from_slice(&left[best * len..(best + 1) * len]);
        });
        if totals[best] == 0.0 {
            break;
        }
        let parts: Vec<f64> = sums.iter().map(|block| block[best]).collect();
        let draws = rng.at(start, chosen.len() as u64);
        candidates.clear();
        candidates.extend((0..trials as u64).map(|t| draw(&nearest, &parts, totals[best], draws.bits(t)) as u32));
    }
    Ok(all.x.select(&chosen))
}

/// A row by its weight, of which there are some above 0; `parts` are the sums of blocks, `total` is theirs.
fn draw(weights: &[f32], parts: &[f64], total: f64, bits: u64) -> usize {
    let mut target = (bits >> 11) as f64 / (1u64 << 53) as f64 * total;
    let mut block = 0;
    while block + 1 < parts.len() && target >= parts[block] {
        target -= parts[block];
        block += 1;
    }
    // Sums are rounded: should nothing be left of a block, its last row of some weight is taken, or the one before.
    let mut last = None;
    for (i, &w) in weights.iter().enumerate().skip(block * BLOCK).take(BLOCK) {
        if w > 0.0 {
            last = Some(i);
            target -= f64::from(w);
            if target < 0.0 {
                break;
            }
        }
    }
    last.or_else(|| weights[..block * BLOCK].iter().rposition(|&w| w > 0.0)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_weights() {
        let n = 2 * BLOCK + 3;
        let mut weights = vec![0f32; n];
        (weights[5], weights[BLOCK], weights[n - 1]) = (1.0, 2.0, 1.0);
        let parts: Vec<f64> = weights.chunks(BLOCK).map(|b| b.iter().map(|&w| f64::from(w)).sum()).collect();
        let mut counts = [0i32; 3];
        for i in 0..4000 {
            let at = draw(&weights, &parts, 4.0, CounterRng::new(1, "test").at(0, i).bits(0));
            counts[[5, BLOCK, n - 1].iter().position(|&w| w == at).unwrap()] += 1;
        }
        assert!((counts[0] - 1000).abs() < 120 && (counts[1] - 2000).abs() < 140, "{counts:?}");
        // A target beyond all sums.
        assert_eq!(draw(&weights, &parts, 5.0, u64::MAX), n - 1);
        weights[n - 1] = 0.0;
        assert_eq!(draw(&weights, &[1.0, 2.0, 0.0], 5.0, u64::MAX), BLOCK);
    }

    #[test]
    fn starts_are_different_rows_and_no_more_than_there_are() {
        let data = (0..90).map(|i| ((i / 3) % 5) as f32).collect();
        let rows = Rows::new(Matrix::from_vec(30, 3, data).unwrap().view()).unwrap();
        for start in 0..20 {
            let rng = CounterRng::new(start, "test");
            let some = plus_plus(&rows, 4, rng, start, &CancelToken::new()).unwrap();
            assert_eq!(some.rows(), 4);
            let all = plus_plus(&rows, 9, rng, start, &CancelToken::new()).unwrap();
            assert_eq!(all.rows(), 5);
            assert!((0..5).all(|i| (0..i).all(|j| all.row(i) != all.row(j))));
        }
    }
}
