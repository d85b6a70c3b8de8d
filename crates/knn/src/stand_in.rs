//! Vectors that are near where the rows are, for metrics whose rows are something else.

use crate::coded::search::moderate;
use crate::error::Result;
use crate::metric::Metric;
use crate::space::{Dense, Rows, Space};
use planisphere_core::{Matrix, MatrixView};
use planisphere_kernels::{Simd, rows};
use std::borrow::Cow;

/// One vector for each row, to be taken at length 1 if `squares` are there.
pub(crate) struct StandIn<'a> {
    vectors: Vectors<'a>,
    squares: Option<Cow<'a, [f32]>>,
}

enum Vectors<'a> {
    Given(MatrixView<'a>),
    Made(Matrix),
}

impl<'a> StandIn<'a> {
    /// For rows of `x` that `space` prepared; `metric` does not count where the space is one of the user's distance.
    pub(crate) fn of(
        metric: &Metric,
        space: &Space,
        rows: &'a Rows<'_>,
        x: MatrixView<'a>,
        simd: Simd,
    ) -> Result<Self> {
        if let Some(vectors) = rows.matrix() {
            let squares = match space.dense() {
                Some(Dense::Angular | Dense::Dot) => Some(Cow::Borrowed(rows.norms())),
                _ => None,
            };
            if squares.is_none() && !moderate(vectors) {
                return Ok(Self { vectors: Vectors::Made(tamed(vectors)?), squares });
            }
            return Ok(Self { vectors: Vectors::Given(vectors), squares });
        }
        if let Some(points) = rows.points() {
            // On the sphere, near is near in space.
            return Ok(Self { vectors: Vectors::Made(Matrix::from_vec(x.rows(), 3, points)?), squares: None });
        }
        let vectors = if x.data().iter().all(|&v| v == 0.0 || v == 1.0) {
            Vectors::Given(x)
        } else {
            let ones = x.data().iter().map(|&v| if v == 0.0 { 0.0 } else { 1.0 }).collect();
            Vectors::Made(Matrix::from_vec(x.rows(), x.cols(), ones)?)
        };
        // These count unequal values; the others relate what two rows share to what they have.
        let flat = matches!(metric, Metric::Hamming | Metric::SokalMichener | Metric::RogersTanimoto);
        let mut made = Self { vectors, squares: None };
        if !flat {
            let v = made.vectors();
            let squares = (0..v.rows()).map(|i| rows::dot(simd, v.row(i), v.row(i))).collect();
            made.squares = Some(Cow::Owned(squares));
        }
        Ok(made)
    }

    /// Whether these are the rows that distances follow from, at their size.
    pub(crate) fn faithful(&self) -> bool {
        matches!(self.vectors, Vectors::Given(_))
    }

    pub(crate) fn vectors(&self) -> MatrixView<'_> {
        match &self.vectors {
            Vectors::Given(x) => *x,
            Vectors::Made(x) => x.view(),
        }
    }

    pub(crate) fn squares(&self) -> Option<&[f32]> {
        self.squares.as_deref()
    }
}

/// All values times a power of two that brings the largest near 1.
fn tamed(x: MatrixView<'_>) -> Result<Matrix> {
    let largest = x.data().iter().fold(0f32, |m, v| m.max(v.abs()));
    let exponent = i32::from((largest.to_bits() >> 23) as u8) - 127;
    let factor = 2f64.powi(-exponent);
    let data = x.data().iter().map(|&v| (f64::from(v) * factor) as f32).collect();
    Ok(Matrix::from_vec(x.rows(), x.cols(), data)?)
}
