//! Points that a model has kept.

use crate::error::Result;
use crate::index::Index;
use planisphere_core::Matrix;
use planisphere_store::{Arrays, Tensor};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Names of the arrays in a file.
const VECTORS: &str = "vectors";
const INDEX: &str = "index";

/// What a model knows of the points that it was made from: their vectors, an index of them, or nothing. An index is built
/// from the vectors when it is first asked for, and kept.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_knn::{Exact, Known};
///
/// let x = Matrix::from_rows([[0.0f32, 0.0], [3.0, 4.0], [6.0, 8.0]])?;
/// let known = Known::from_vectors(x);
/// let index = known.index_with(|x| Exact::new(1).index(x))?.expect("there are vectors");
/// assert_eq!(index.query(&Matrix::from_rows([[5.0, 5.0]])?, 1)?.ids(), [1]);
/// assert!(Known::default().index_with(|x| Exact::new(1).index(x))?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Known {
    vectors: Option<Arc<Matrix>>,
    /// Given, or built when it is first asked for.
    index: OnceLock<Arc<Index>>,
    /// Whether it was given.
    given: bool,
}

/// An index that was built follows from the vectors; of one that was given, its points tell as much as can be compared.
impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.vectors == other.vectors && self.given == other.given
    }
}

impl Known {
    /// Vectors, n × d, which are not checked before an index is built of them.
    pub fn from_vectors(vectors: impl Into<Arc<Matrix>>) -> Self {
        Self { vectors: Some(vectors.into()), ..Self::default() }
    }

    /// An index that is there already, and its points.
    pub fn from_index(index: impl Into<Arc<Index>>) -> Self {
        let index = index.into();
        Self { vectors: Some(Arc::clone(index.points())), index: OnceLock::from(index), given: true }
    }

    /// The vectors, n × d, if they are known.
    pub fn vectors(&self) -> Option<&Arc<Matrix>> {
        self.vectors.as_ref()
    }

    /// The index, made by `build` if none was given or built before; nothing without vectors.
    ///
    /// # Errors
    /// Those of `build`, of which nothing is kept.
    pub fn index_with(&self, build: impl FnOnce(Arc<Matrix>) -> Result<Index>) -> Result<Option<&Arc<Index>>> {
        if let Some(index) = self.index.get() {
            return Ok(Some(index));
        }
        let Some(vectors) = &self.vectors else { return Ok(None) };
        // Without a lock: a thread that waits for others' work may come by here again. Should two build it at once, the
        // one that is later drops an equal index.
        let built = build(Arc::clone(vectors))?;
        Ok(Some(self.index.get_or_init(|| Arc::new(built))))
    }

    /// Adds to the arrays of a model's file: `"index"` for an index that was given, `"vectors"` for vectors alone. An index
    /// that was built is built again.
    ///
    /// # Errors
    /// [`Error::Unnamed`](crate::Error::Unnamed) for an index with a distance of one's own.
    pub fn write<'a>(&'a self, arrays: &mut BTreeMap<&'static str, Tensor<'a>>) -> Result<()> {
        match (self.index.get().filter(|_| self.given), &self.vectors) {
            (Some(index), _) => {
                let bytes = index.to_bytes()?;
                arrays.insert(INDEX, Tensor::owned(&[bytes.len()], &bytes));
            }
            (None, Some(x)) => {
                arrays.insert(VECTORS, Tensor::matrix(x));
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// What [`Known::write`] wrote of `n` points.
    ///
    /// # Errors
    /// What is wrong, in words: another number of points, no columns, values that are not finite, or a broken index.
    pub fn read(arrays: &Arrays<'_>, n: usize) -> Result<Self, String> {
        let known = if arrays.has(INDEX) {
            let [length] = arrays.shape(INDEX)?;
            let index = Index::from_bytes(&arrays.take::<u8>(INDEX, &[length])?).map_err(|e| e.to_string())?;
            Self::from_index(index)
        } else if arrays.has(VECTORS) {
            Self::from_vectors(arrays.matrix(VECTORS)?)
        } else {
            Self::default()
        };
        match &known.vectors {
            Some(x) if x.rows() != n || x.cols() == 0 => {
                Err(format!("{} × {} vectors for {n} rows", x.rows(), x.cols()))
            }
            _ => Ok(known),
        }
    }
}
