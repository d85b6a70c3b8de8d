//! Where new rows start on a map.

use crate::graph::Queries;
use planisphere_core::{Csr, Matrix};
use planisphere_kernels::math;
use rayon::prelude::*;

/// New rows that one task works on.
const CHUNK: usize = 256;

/// Starts of new rows, m × n_components: on the nearest row if it is at no distance, or in the midst of where most of their
/// neighbors are.
///
/// umap-learn starts at the weighted mean of the neighbors' places. Of a row whose neighbors lie in two groups, that is
/// somewhere between them, and many stay there. So the neighbor is looked for around whom the others crowd most, by weight
/// and closeness on the map, and the mean is taken with these two for weights.
pub(super) fn starts(map: &Matrix, queries: Queries<'_>, weights: &Csr, ab: (f64, f64)) -> Matrix {
    let dim = map.cols();
    let curve = Curve { a: ab.0 as f32, b: ab.1 as f32 };
    let mut y = Matrix::zeros(queries.len(), dim);
    y.data_mut().par_chunks_mut(CHUNK * dim).enumerate().for_each_init(Vec::new, |crowd, (c, out)| {
        for (i, out) in out.chunks_exact_mut(dim).enumerate() {
            let (ids, dists) = queries.row(c * CHUNK + i);
            if dists[0] == 0.0 {
                out.copy_from_slice(map.row(ids[0] as usize));
                continue;
            }
            let (ids, weights) = weights.row(c * CHUNK + i);
            let around = |center: u32| {
                let center = (center, map.row(center as usize));
                ids.iter().zip(weights).map(move |(&id, w)| {
                    w * if id == center.0 { 1.0 } else { curve.closeness(center.1, map.row(id as usize)) }
                })
            };
            let mut best = (0.0f32, ids[0]);
            for &id in ids {
                let sum: f32 = around(id).sum();
                // Of equals the first.
                if sum > best.0 {
                    best = (sum, id);
                }
            }
            crowd.clear();
            crowd.extend(around(best.1));
            let total: f64 = crowd.iter().map(|&w: &f32| f64::from(w)).sum();
            for (d, out) in out.iter_mut().enumerate() {
                let at = |id: u32| f64::from(map.row(id as usize)[d]);
                let sum: f64 = ids.iter().zip(crowd.iter()).map(|(&id, &w)| f64::from(w) * at(id)).sum();
                // The nearest has weight 1 and is closest to itself, so there is something to divide by.
                *out = (sum / total) as f32;
            }
        }
    });
    y
}

#[derive(Clone, Copy)]
struct Curve {
    a: f32,
    b: f32,
}

impl Curve {
    /// 1 / (1 + a d²ᵇ).
    fn closeness(self, p: &[f32], q: &[f32]) -> f32 {
        let d2: f32 = p.iter().zip(q).map(|(p, q)| (p - q) * (p - q)).sum();
        1.0 / self.a.mul_add(math::pow(d2.clamp(1e-15, 1e15), self.b).min(1e18), 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_neighbors_decide_not_their_mean() {
        let map = Matrix::from_rows([[0.0f32, 0.0], [0.2, 0.0], [0.0, 0.2], [10.0, 0.0], [10.2, 0.0]]).unwrap();
        let queries = Queries { n: 5, k: 5, ids: &[3, 0, 1, 2, 4], dists: &[1.0, 1.1, 1.1, 1.1, 1.1] };
        let weights = Csr::new(5, vec![0, 5], vec![0, 1, 2, 3, 4], vec![0.9, 0.9, 0.9, 1.0, 0.9]).unwrap();
        let y = starts(&map, queries, &weights, (1.577, 0.895));
        assert!(y.row(0)[0] < 0.6 && y.row(0)[1] < 0.2, "{y:?}");
        let equal = Queries { dists: &[0.0, 1.1, 1.1, 1.1, 1.1], ..queries };
        assert_eq!(starts(&map, equal, &weights, (1.577, 0.895)).row(0), map.row(3));
        // A curve so steep that only a row itself is close.
        let y = starts(&map, queries, &weights, (1e38, 1.0));
        assert!((y.row(0)[0] - 10.0).abs() < 1e-3, "{y:?}");
    }
}
