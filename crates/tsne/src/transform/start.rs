//! Where new rows start on a map.

use super::placement::{Placement, Start};
use crate::affinity::{Conditional, Near};
use crate::error::{Error, Result};
use planisphere_core::Matrix;
use rayon::prelude::*;

/// New rows that one task works on.
const CHUNK: usize = 256;

/// Starts of new rows, m × n_components.
pub(super) fn starts(by: &Placement, map: &Matrix, near: Near<'_>, probabilities: &Conditional) -> Result<Matrix> {
    let (m, dim) = (near.ids.len() / near.k, map.cols());
    if let Start::Given(y) = &by.start {
        if (y.rows(), y.cols()) != (m, dim) {
            return Err(Error::InitShape { rows: y.rows(), cols: y.cols(), expected_rows: m, expected_cols: dim });
        }
        y.view().check()?;
        return Ok(y.clone());
    }
    let mut y = Matrix::zeros(m, dim);
    y.data_mut().par_chunks_mut(CHUNK * dim).enumerate().for_each_init(Vec::new, |values, (c, out)| {
        for (r, out) in out.chunks_exact_mut(dim).enumerate() {
            let i = c * CHUNK + r;
            let ids = &near.ids[i * near.k..(i + 1) * near.k];
            for (d, out) in out.iter_mut().enumerate() {
                let at = |&id: &u32| map.row(id as usize)[d];
                *out = if by.start == Start::Weighted {
                    let p = &probabilities.values[i * probabilities.k..(i + 1) * probabilities.k];
                    let sum: f64 = ids.iter().zip(p).map(|(id, &p)| f64::from(p) * f64::from(at(id))).sum();
                    let total: f64 = p.iter().map(|&p| f64::from(p)).sum();
                    (sum / total) as f32
                } else {
                    values.clear();
                    values.extend(ids[..by.n_start_neighbors.min(probabilities.k)].iter().map(at));
                    median(values)
                };
            }
        }
    });
    Ok(y)
}

/// The middle of some values, or between the two middle ones.
fn median(values: &mut [f32]) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { f32::midpoint(values[half - 1], values[half]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_means() {
        let map = Matrix::from_rows([[0.0f32, 5.0], [1.0, 4.0], [10.0, 3.0], [20.0, 0.0]]).unwrap();
        let near = Near { n: 4, k: 4, ids: &[2, 0, 3, 1], dists: &[1.0, 2.0, 3.0, 4.0] };
        let p = Conditional { k: 4, values: vec![0.75, 0.25, 0.0, 0.0] };
        let of = |by: Placement| starts(&by, &map, near, &p);
        assert_eq!(of(Placement::new()).unwrap().row(0), [5.5, 3.5]);
        let two = Conditional { k: 2, values: vec![0.75, 0.25] };
        assert_eq!(starts(&Placement::new(), &map, near, &two).unwrap().row(0), [5.0, 4.0]);
        assert_eq!(of(Placement::new().n_start_neighbors(3)).unwrap().row(0), [10.0, 3.0]);
        assert_eq!(of(Placement::new().start(Start::Weighted)).unwrap().row(0), [7.5, 3.5]);
        let given = Matrix::from_rows([[8.0f32, 9.0]]).unwrap();
        assert_eq!(of(Placement::new().start(Start::Given(given.clone()))).unwrap(), given);
        let e = of(Placement::new().start(Start::Given(Matrix::zeros(2, 2)))).unwrap_err();
        assert_eq!(e, Error::InitShape { rows: 2, cols: 2, expected_rows: 1, expected_cols: 2 });
    }
}
