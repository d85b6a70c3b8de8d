//! The decompositions, by faer or by LAPACK.

#[cfg(not(feature = "lapack"))]
use crate::error::Error;
use crate::error::Result;
use crate::params::Backend;
use planisphere_kernels::eigen;

/// Decompositions of dense matrices, row-major. Results are as those of [`planisphere_kernels::eigen`].
pub(crate) trait Decompose {
    /// Eigenvalues in ascending order, and eigenvectors as rows, of a symmetric n × n matrix, of which the lower triangle is
    /// read.
    fn symmetric(self, n: usize, a: &[f64]) -> Result<(Vec<f64>, Vec<f64>)>;

    /// All eigenvalues in descending order, and the eigenvectors of the `count` largest as rows, the largest first.
    fn leading(self, n: usize, a: &[f64], count: usize) -> Result<(Vec<f64>, Vec<f64>)>;

    /// Singular values in descending order, and min(m, n) right singular vectors as rows, of an m × n matrix.
    fn right_singular(self, m: usize, n: usize, a: &[f64]) -> Result<(Vec<f64>, Vec<f64>)>;
}

impl Decompose for Backend {
    fn symmetric(self, n: usize, a: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        match self {
            Self::Faer => Ok(eigen::symmetric(n, a)?),
            #[cfg(feature = "lapack")]
            Self::Lapack => crate::lapack::symmetric(n, a),
            #[cfg(not(feature = "lapack"))]
            Self::Lapack => Err(Error::NoLapack),
        }
    }

    fn leading(self, n: usize, a: &[f64], count: usize) -> Result<(Vec<f64>, Vec<f64>)> {
        let (mut values, vectors) = match self {
            Self::Faer => eigen::symmetric_leading(n, a, count)?,
            Self::Lapack => {
                let (values, vectors) = self.symmetric(n, a)?;
                (values, vectors.rchunks_exact(n.max(1)).take(count).flatten().copied().collect())
            }
        };
        values.reverse();
        Ok((values, vectors))
    }

    fn right_singular(self, m: usize, n: usize, a: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        match self {
            Self::Faer => Ok(eigen::right_singular(m, n, a)?),
            #[cfg(feature = "lapack")]
            Self::Lapack => crate::lapack::right_singular(m, n, a),
            #[cfg(not(feature = "lapack"))]
            Self::Lapack => Err(Error::NoLapack),
        }
    }
}
