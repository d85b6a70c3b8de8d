//! A few leading eigenvectors of a large matrix, to full accuracy, without the others.
//!
//! Block Lanczos iteration with all blocks kept orthogonal (Golub & Underwood 1977): the matrix is multiplied by a block of
//! vectors, by what that gives that is new, and so on; on the space that all blocks span, the problem is small. What is
//! returned was multiplied by the matrix once more to see that it is right. Spectra that this does not solve soon are left to
//! the full decomposition.

use super::mirror;
use super::randomized::times;
use planisphere_core::CounterRng;
use planisphere_kernels::eigen;
use planisphere_kernels::panel::{Operand, product};

/// Columns from which this is faster than all eigenvectors.
const LARGE: usize = 256;
/// Components up to which it is.
const MOST_WANTED: usize = 10;
/// Vectors of a block beyond those wanted.
const EXTRA: usize = 8;
/// Blocks at most.
const BLOCKS: usize = 18;
/// How far, in parts of its own eigenvalue, a vector times the matrix may be from a multiple of itself.
const TOLERANCE: f64 = 1e-10;
/// Share of an eigenvalue up to which rounding that comes from a larger one is put up with.
const TOLERABLE: f64 = 1e-6;

/// The `k` largest eigenvalues in descending order and their vectors (k × d), of the positive semidefinite d × d matrix whose lower
/// triangle is given; `None` if there is a better way.
pub(super) fn leading(d: usize, lower: &[f64], k: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    if d < LARGE || k > MOST_WANTED {
        return None;
    }
    let size = k + EXTRA;
    let mut matrix = lower.to_vec();
    mirror(d, &mut matrix);
    let rng = CounterRng::new(0, "pca leading").at(0, 0);
    let start: Vec<f64> = (0..d * size).map(|i| f64::from(rng.normal(i as u64))).collect();
    let mut blocks = vec![eigen::orthonormal(d, size, &start)];
    // Blockᵢᵀ · matrix · blockⱼ, size × size, for i ≤ j.
    let mut inner: Vec<Vec<Vec<f64>>> = Vec::new();
    loop {
        let count = blocks.len();
        let image = times(&matrix, blocks.last()?, size);
        inner.push(blocks.iter().map(|b| cross(d, size, b, &image)).collect());
        if image.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let mut rest = image;
        for _ in 0..2 {
            for b in &blocks {
                let along = cross(d, size, b, &rest);
                subtract(d, size, b, &along, &mut rest);
            }
        }
        if count >= 6 && count.is_multiple_of(2) {
            let (values, small) = small_problem(size, &inner)?;
            // What the space does not hold of matrix · vector is `rest` times the vector's part in the last block.
            let away = |j: usize| {
                let part = &small[j * count * size + (count - 1) * size..(j + 1) * count * size];
                let far = rest.chunks_exact(size).map(|row| dot(row, part).powi(2)).sum::<f64>();
                far.sqrt()
            };
            if (0..k).all(|j| away(j) <= allowed(d, values[j], values[0])) {
                return verified(d, size, k, &matrix, &blocks, &small);
            }
        }
        if count == BLOCKS || (count + 1) * size > d / 2 {
            return None;
        }
        let mut next = eigen::orthonormal(d, size, &rest);
        // Directions in place of those that vanished are not orthogonal to the other blocks yet.
        for b in &blocks {
            let along = cross(d, size, b, &next);
            subtract(d, size, b, &along, &mut next);
        }
        blocks.push(eigen::orthonormal(d, size, &next));
    }
}

/// How far a vector of the eigenvalue `value` times the matrix may be from a multiple of itself.
///
/// Rounding keeps every such distance at some parts of `largest`, so that no less can be asked for. Where that is too much for the
/// direction to be known, what is asked for cannot be had, and the full decomposition has its turn, which loses less where large
/// and small columns are apart. A value below rounding itself has no direction to lose.
fn allowed(d: usize, value: f64, largest: f64) -> f64 {
    let rounding = (d as f64).sqrt() * f64::EPSILON * largest;
    let own = TOLERANCE * value.max(0.0);
    if value <= rounding || rounding <= TOLERABLE * value { own.max(rounding) } else { own }
}

/// aᵀ·b of two d × size matrices.
fn cross(d: usize, size: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; size * size];
    product(Operand::new(d, size, a).transposed(), Operand::new(d, size, b), &mut out);
    out
}

/// Takes block · along from `rest`.
fn subtract(d: usize, size: usize, block: &[f64], along: &[f64], rest: &mut [f64]) {
    let mut inside = vec![0.0; d * size];
    product(Operand::new(d, size, block), Operand::new(size, size, along), &mut inside);
    rest.iter_mut().zip(inside).for_each(|(r, v)| *r -= v);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Eigenvalues in descending order and eigenvectors, as rows, of the matrix on the space of all blocks.
fn small_problem(size: usize, inner: &[Vec<Vec<f64>>]) -> Option<(Vec<f64>, Vec<f64>)> {
    let m = inner.len() * size;
    let mut lower = vec![0.0; m * m];
    for (j, column) in inner.iter().enumerate() {
        for (i, block) in column.iter().enumerate() {
            for (r, row) in block.chunks_exact(size).enumerate() {
                for (c, &v) in row.iter().enumerate() {
                    let (row, col) = (j * size + c, i * size + r);
                    if col <= row {
                        lower[row * m + col] = v;
                    }
                }
            }
        }
    }
    let (mut values, vectors) = eigen::symmetric_leading(m, &lower, m).ok()?;
    values.reverse();
    Some((values, vectors))
}

/// The vectors in full, if they are what they should be.
fn verified(
    d: usize,
    size: usize,
    k: usize,
    matrix: &[f64],
    blocks: &[Vec<f64>],
    small: &[f64],
) -> Option<(Vec<f64>, Vec<f64>)> {
    let m = blocks.len() * size;
    let mut vectors = vec![0.0; d * k];
    for (b, block) in blocks.iter().enumerate() {
        let part: Vec<f64> =
            (0..k).flat_map(|j| small[j * m + b * size..j * m + (b + 1) * size].iter().copied()).collect();
        let mut some = vec![0.0; d * k];
        product(Operand::new(d, size, block), Operand::new(k, size, &part).transposed(), &mut some);
        vectors.iter_mut().zip(some).for_each(|(v, s)| *v += s);
    }
    let image = times(matrix, &vectors, k);
    let column = |of: &[f64], j: usize| -> Vec<f64> { of.iter().skip(j).step_by(k).copied().collect() };
    let (mut values, mut out) = (Vec::with_capacity(k), Vec::with_capacity(k * d));
    for j in 0..k {
        let (vector, image) = (column(&vectors, j), column(&image, j));
        let length = dot(&vector, &vector).sqrt();
        let value = dot(&vector, &image) / (length * length);
        let far: f64 = vector.iter().zip(&image).map(|(v, i)| (i - value * v).powi(2)).sum();
        values.push(value.max(0.0));
        out.extend(vector.iter().map(|v| v / length));
        let is_right = far.sqrt() <= 10.0 * allowed(d, value, values[0]) && (length - 1.0).abs() < 1e-9;
        if !is_right || values.windows(2).any(|w| w[0] < w[1]) {
            return None;
        }
    }
    Some((values, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix with these eigenvalues, and nothing above the diagonal.
    fn with_spectrum(d: usize, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let rng = CounterRng::new(9, "spectrum").at(0, 0);
        let start: Vec<f64> = (0..d * d).map(|i| f64::from(rng.normal(i as u64))).collect();
        let q = eigen::orthonormal(d, d, &start);
        let scaled: Vec<f64> = q.iter().enumerate().map(|(at, v)| v * value(at % d)).collect();
        let mut out = vec![0.0; d * d];
        product(Operand::new(d, d, &scaled), Operand::new(d, d, &q).transposed(), &mut out);
        for i in 0..d {
            out[i * d + i + 1..(i + 1) * d].fill(f64::NAN);
        }
        out
    }

    #[test]
    fn vectors_are_those_of_the_full_decomposition() {
        let d = 300;
        let spectra: [&dyn Fn(usize) -> f64; 5] = [
            &|j| 0.9f64.powi(j as i32),
            &|j| 1.0 / (1.0 + j as f64),
            // One direction dwarfs the others; and five dimensions, of which two are equal.
            &|j| if j == 0 { 1e8 } else { 0.8f64.powi(j as i32) },
            &|j| if j < 5 { [5.0, 4.0, 3.0, 3.0, 2.0][j] } else { 0.0 },
            // So far above the others that their directions are lost in its rounding.
            &|j| if j == 0 { 1e13 } else { 0.9f64.powi(j as i32) },
        ];
        let mut solved = Vec::new();
        for (s, value) in spectra.into_iter().enumerate() {
            let a = with_spectrum(d, value);
            let (values, vectors) = eigen::symmetric(d, &a).unwrap();
            for k in [1, 2, 10] {
                let Some((found, leading)) = leading(d, &a, k) else { continue };
                solved.push((s, k));
                for j in 0..k {
                    // The matrix itself is only known up to rounding of its largest value.
                    let floor = d as f64 * f64::EPSILON * values[d - 1];
                    let (got, want) = (found[j], values[d - 1 - j].max(0.0));
                    assert!((got - want).abs() <= 1e-10 * want + floor, "{s} {k} {j}: {got} {want}");
                    // Equal values, and none at all, leave the direction open.
                    let gap = |o: usize| (value(o) - value(j)).abs();
                    if value(j) > 1e3 * floor && (0..d).all(|o| o == j || gap(o) > 1e-2 * value(j)) {
                        let full = &vectors[(d - 1 - j) * d..(d - j) * d];
                        let angle = (1.0 - dot(full, &leading[j * d..(j + 1) * d]).powi(2)).max(0.0).sqrt();
                        assert!(angle < 2e-7 + 1e3 * floor / value(j), "{s} {k} {j}: {angle}");
                    }
                }
            }
        }
        assert!(solved.len() >= 9, "{solved:?}");
        assert!(solved.contains(&(4, 1)) && !solved.contains(&(4, 2)) && !solved.contains(&(4, 10)), "{solved:?}");
        assert!(leading(d, &vec![0.0; d * d], 2).is_none_or(|(values, _)| values == [0.0, 0.0]));
        assert_eq!(leading(d, &vec![f64::NAN; d * d], 2), None);
        assert_eq!(leading(20, &vec![0.0; 400], 2), None);
    }
}
