//! Vectors that are near where the rows are, for metrics whose rows are something else.

use crate::error::Result;
use crate::metric::Metric;
use crate::space::{Dense, Rows, Space, size};
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
        Self::sized(metric, space, rows, x, simd, Self::factor(space, rows))
    }

    /// What the vectors of points are multiplied by: 1 unless their squares are too large or too small.
    pub(crate) fn factor(space: &Space, rows: &Rows<'_>) -> f64 {
        match (rows.matrix(), space.dense()) {
            (None, _) | (_, Some(Dense::Angular | Dense::Dot)) => 1.0,
            (Some(vectors), _) => size(vectors).0.into(),
        }
    }

    /// For rows that are asked for points with this [`StandIn::factor`].
    pub(crate) fn sized(
        metric: &Metric,
        space: &Space,
        rows: &'a Rows<'_>,
        x: MatrixView<'a>,
        simd: Simd,
        factor: f64,
    ) -> Result<Self> {
        if let Some(vectors) = rows.matrix() {
            let squares = match space.dense() {
                Some(Dense::Angular | Dense::Dot) => Some(Cow::Borrowed(rows.norms())),
                _ => None,
            };
            if factor != 1.0 {
                let data = vectors.data().iter().map(|&v| (f64::from(v) * factor) as f32).collect();
                let tamed = Matrix::from_vec(vectors.rows(), vectors.cols(), data)?;
                return Ok(Self { vectors: Vectors::Made(tamed), squares });
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
