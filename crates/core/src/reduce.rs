//! What all reductions of dimension have in common, for code that works with any of them.

use crate::context::Context;
use crate::matrix::{Matrix, MatrixView};

/// Parameters that fit a map to rows.
///
/// Methods of the same names on the types themselves do more (they take owned rows, or no context); this is for generic
/// code. A reducer whose types are named can be a trait object: `Box<dyn Reducer<Model = M, Error = E>>`.
///
/// ```
/// use planisphere_core::{Context, Embedded, Matrix, MatrixView, Reducer, Transform};
///
/// /// Fits to all rows but the last, places that one, and tells how far from the first it lies.
/// fn place<R>(reducer: &R, x: MatrixView<'_>) -> Result<f32, R::Error>
/// where
///     R: Reducer,
///     R::Model: Transform<Error = R::Error>,
/// {
///     let mut cx = Context::new();
///     let last = x.rows() - 1;
///     let model = reducer.fit(x.slice(0, last), &mut cx)?;
///     let placed = model.transform(x.slice(last, last + 1), &mut cx)?;
///     let from = model.embedding().row(0);
///     Ok(placed.row(0).iter().zip(from).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt())
/// }
///
/// /// A reducer of one's own: every other column.
/// struct Thin;
///
/// struct Thinned(Matrix);
///
/// impl Thinned {
///     fn thin(x: MatrixView<'_>) -> Result<Matrix, planisphere_core::Error> {
///         x.check()?;
///         let values = (0..x.rows()).flat_map(|i| x.row(i).iter().step_by(2).copied()).collect();
///         Matrix::from_vec(x.rows(), x.cols().div_ceil(2), values)
///     }
/// }
///
/// impl Reducer for Thin {
///     type Model = Thinned;
///     type Error = planisphere_core::Error;
///
///     fn fit(&self, x: MatrixView<'_>, _: &mut Context<'_>) -> Result<Thinned, Self::Error> {
///         Ok(Thinned(Thinned::thin(x)?))
///     }
/// }
///
/// impl Embedded for Thinned {
///     fn embedding(&self) -> &Matrix {
///         &self.0
///     }
///
///     fn into_embedding(self) -> Matrix {
///         self.0
///     }
/// }
///
/// impl Transform for Thinned {
///     type Error = planisphere_core::Error;
///
///     fn transform(&self, x: MatrixView<'_>, _: &mut Context<'_>) -> Result<Matrix, Self::Error> {
///         Self::thin(x)
///     }
/// }
///
/// let x = Matrix::from_rows([[0.0, 7.0, 0.0], [1.0, 7.0, 1.0], [3.0, 8.0, 4.0]])?;
/// assert_eq!(place(&Thin, x.view())?, 5.0);
/// # Ok::<(), planisphere_core::Error>(())
/// ```
pub trait Reducer {
    /// What a fit gives.
    type Model: Embedded;
    /// Why it may not.
    type Error: std::error::Error + Send + Sync + 'static;

    /// A map of the rows of `x` (n × d), watched and cancelled through `cx`.
    ///
    /// # Errors
    /// The method's own.
    fn fit(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Self::Model, Self::Error>;
}

/// A model with a map of the rows that it was made from.
pub trait Embedded {
    /// The map: n × n_components.
    fn embedding(&self) -> &Matrix;

    /// Takes the map out, without a copy.
    fn into_embedding(self) -> Matrix
    where
        Self: Sized;
}

/// A model that places rows which it was not made from.
pub trait Transform {
    /// Why it may not.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The places of the rows of `x` (m × d), m × n_components, watched and cancelled through `cx`.
    ///
    /// # Errors
    /// The model's own.
    fn transform(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, Self::Error>;
}
