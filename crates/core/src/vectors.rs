//! Rows that an algorithm may keep.

use crate::matrix::{Matrix, MatrixView};
use rayon::prelude::*;
use std::sync::Arc;

/// Values that one task copies.
const CHUNK: usize = 1 << 16;

/// What algorithms take whose models keep the rows they were made from: a view, which keeping copies, or a matrix that is
/// given away or shared, which it does not.
///
/// ```
/// use planisphere_core::{Matrix, Vectors};
/// use std::sync::Arc;
///
/// let x = Arc::new(Matrix::zeros(1000, 3));
/// assert!(Arc::ptr_eq(&Vectors::from(&x).into_shared(), &x));
/// assert_eq!(*Vectors::from(x.view()).into_shared(), *x); // a copy
/// ```
#[derive(Clone, Debug)]
pub enum Vectors<'a> {
    /// Rows of somebody else.
    View(MatrixView<'a>),
    /// Rows that can be kept as they are.
    Shared(Arc<Matrix>),
}

impl Vectors<'_> {
    /// The rows.
    pub fn view(&self) -> MatrixView<'_> {
        match self {
            Self::View(x) => *x,
            Self::Shared(x) => x.view(),
        }
    }

    /// The rows to be kept: a copy of a view.
    pub fn into_shared(self) -> Arc<Matrix> {
        match self {
            Self::View(x) => {
                let mut copy = Matrix::zeros(x.rows(), x.cols());
                // Most of the time goes to memory that is touched for the first time, which threads can share.
                let chunks = copy.data_mut().par_chunks_mut(CHUNK).zip(x.data().par_chunks(CHUNK));
                chunks.for_each(|(to, from)| to.copy_from_slice(from));
                Arc::new(copy)
            }
            Self::Shared(x) => x,
        }
    }
}

impl<'a> From<MatrixView<'a>> for Vectors<'a> {
    fn from(x: MatrixView<'a>) -> Self {
        Self::View(x)
    }
}

impl<'a> From<&'a Matrix> for Vectors<'a> {
    fn from(x: &'a Matrix) -> Self {
        Self::View(x.view())
    }
}

impl From<Matrix> for Vectors<'_> {
    fn from(x: Matrix) -> Self {
        Self::Shared(Arc::new(x))
    }
}

impl From<Arc<Matrix>> for Vectors<'_> {
    fn from(x: Arc<Matrix>) -> Self {
        Self::Shared(x)
    }
}

impl From<&Arc<Matrix>> for Vectors<'_> {
    fn from(x: &Arc<Matrix>) -> Self {
        Self::Shared(Arc::clone(x))
    }
}
