//! Rows of length 1.

/// Scales a row to length 1; a zero row stays as it is. The sum of squares is in f64, in the order of the values.
///
/// ```
/// let mut row = [3.0, 4.0];
/// planisphere_core::normalize(&mut row);
/// assert_eq!(row, [0.6, 0.8]);
/// ```
pub fn normalize(row: &mut [f32]) {
    scale(row, row.iter().map(|&v| f64::from(v) * f64::from(v)).sum());
}

/// Scales rows of `dim` values as [`normalize`] does, to the same bits, but faster: the sum of one row is a chain of additions, each
/// waiting for the one before, and those of several rows go side by side. What is behind the last whole row stays as it is.
pub fn normalize_rows(rows: &mut [f32], dim: usize) {
    const SIDE: usize = 4;
    if dim == 0 {
        return;
    }
    let mut groups = rows.chunks_exact_mut(SIDE * dim);
    for group in &mut groups {
        let mut sums = [0.0; SIDE];
        for j in 0..dim {
            for (i, sum) in sums.iter_mut().enumerate() {
                let v = f64::from(group[i * dim + j]);
                *sum += v * v;
            }
        }
        group.chunks_exact_mut(dim).zip(sums).for_each(|(row, sum)| scale(row, sum));
    }
    groups.into_remainder().chunks_exact_mut(dim).for_each(normalize);
}

/// Scales a row to length 1 by the sum of its squares.
fn scale(row: &mut [f32], squares: f64) {
    let norm = squares.sqrt();
    let short = norm as f32;
    if short.is_normal() {
        row.iter_mut().for_each(|v| *v /= short);
    } else if norm > 0.0 {
        // Longer, or shorter, than f32 can say.
        row.iter_mut().for_each(|v| *v = (f64::from(*v) / norm) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_any_size() {
        for size in [1e-44f32, 1e-39, 1e-20, 1.0, 1e20, 3e38] {
            let mut row = [size; 16];
            normalize(&mut row);
            assert!(row.iter().all(|v| (v - 0.25).abs() < 1e-6), "{size}: {row:?}");
        }
        let mut zero = [0.0f32; 3];
        normalize(&mut zero);
        assert_eq!(zero, [0.0; 3]);
        normalize_rows(&mut zero, 0);
    }

    #[test]
    fn side_by_side_is_one_by_one() {
        let rows: Vec<f32> = (0..7 * 9).map(|i| ((i * 37) % 101) as f32 - 50.0).collect();
        let (mut one, mut all) = (rows.clone(), rows);
        one.chunks_exact_mut(9).for_each(normalize);
        normalize_rows(&mut all, 9);
        assert_eq!(one, all);
    }
}
