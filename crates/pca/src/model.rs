//! What an analysis gives.

use crate::Pca;
use crate::error::{Error, Result};
use planisphere_core::{Context, Embedded, Matrix, MatrixView, Reducer, Report, Transform};
use rayon::prelude::*;

/// Components, variances and scores of a [`Pca`](crate::Pca).
#[derive(Clone, Debug, PartialEq)]
pub struct PcaModel {
    whiten: bool,
    mean: Vec<f64>,
    /// n_components × d, row-major.
    components: Vec<f64>,
    explained_variance: Vec<f64>,
    explained_variance_ratio: Vec<f64>,
    singular_values: Vec<f64>,
    noise_variance: f64,
    embedding: Matrix,
    report: Report,
}

impl PcaModel {
    pub(crate) fn build(
        x: MatrixView<'_>,
        whiten: bool,
        mean: Vec<f64>,
        components: Vec<f64>,
        variances: &[f64],
    ) -> Result<Self> {
        let (n, d) = (x.rows(), x.cols());
        let k = components.len() / d;
        let total: f64 = variances.iter().sum();
        let explained_variance = variances[..k].to_vec();
        let share = |v: &f64| if total > 0.0 { v / total } else { 0.0 };
        let rest = &variances[k..];
        let mut model = Self {
            whiten,
            mean,
            explained_variance_ratio: explained_variance.iter().map(share).collect(),
            singular_values: explained_variance.iter().map(|v| (v * (n.max(2) - 1) as f64).sqrt()).collect(),
            noise_variance: if rest.is_empty() { 0.0 } else { rest.iter().sum::<f64>() / rest.len() as f64 },
            explained_variance,
            components,
            embedding: Matrix::zeros(0, k),
            report: Report::default(),
        };
        model.embedding = model.transform(x)?;
        Ok(model)
    }

    pub(crate) fn with_report(mut self, report: Report) -> Self {
        self.report = report;
        self
    }

    /// Scores of the rows that the model was made from, n × n_components.
    pub fn embedding(&self) -> &Matrix {
        &self.embedding
    }

    /// Takes the scores out, without a copy.
    pub fn into_embedding(self) -> Matrix {
        self.embedding
    }

    /// Number of components.
    pub fn n_components(&self) -> usize {
        self.explained_variance.len()
    }

    /// Means of the columns, d values.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Component `j`: d values of norm 1, the largest of them positive.
    ///
    /// # Panics
    /// If `j >= self.n_components()`, as slices do.
    pub fn component(&self, j: usize) -> &[f64] {
        let d = self.mean.len();
        &self.components[j * d..(j + 1) * d]
    }

    /// Variance along each component, in descending order, with n − 1 degrees of freedom.
    pub fn explained_variance(&self) -> &[f64] {
        &self.explained_variance
    }

    /// Share of each component in the variance of *all* components, kept or not; 0 if there is no variance.
    pub fn explained_variance_ratio(&self) -> &[f64] {
        &self.explained_variance_ratio
    }

    /// Singular values of the centered data, one for each component.
    pub fn singular_values(&self) -> &[f64] {
        &self.singular_values
    }

    /// Mean variance of the components left out (Tipping & Bishop 1999); 0 if none is.
    pub fn noise_variance(&self) -> f64 {
        self.noise_variance
    }

    /// Stage times and warnings of the run.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Scores of new rows (m × d), m × n_components. With `whiten`, each is divided by its component's standard deviation;
    /// scores of a component without variance are 0.
    ///
    /// # Errors
    /// [`Error::Columns`], [`Error::Core`] for values that are not finite, [`Error::Overflow`].
    pub fn transform<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Matrix> {
        let x = x.into();
        let (d, k) = (self.mean.len(), self.n_components());
        if x.cols() != d {
            return Err(Error::Columns { expected: d, got: x.cols() });
        }
        x.check()?;
        let mut out = Matrix::zeros(x.rows(), k);
        out.data_mut().par_chunks_mut(k).enumerate().for_each(|(i, out)| {
            for (j, o) in out.iter_mut().enumerate() {
                let terms = x.row(i).iter().zip(&self.mean).zip(self.component(j));
                let score = ordered_sum(terms.map(|((&v, m), c)| (f64::from(v) - m) * c));
                *o = (score * self.scale(j)) as f32;
            }
        });
        if out.view().check().is_err() {
            return Err(Error::Overflow);
        }
        Ok(out)
    }

    /// Rows (m × d) that have these scores (m × n_components) and nothing outside of the components.
    ///
    /// # Errors
    /// [`Error::Columns`], [`Error::Core`] for values that are not finite, [`Error::Overflow`].
    pub fn inverse_transform<'m>(&self, scores: impl Into<MatrixView<'m>>) -> Result<Matrix> {
        let y = scores.into();
        let (d, k) = (self.mean.len(), self.n_components());
        if y.cols() != k {
            return Err(Error::Columns { expected: k, got: y.cols() });
        }
        y.check()?;
        let mut out = Matrix::zeros(y.rows(), d);
        out.data_mut().par_chunks_mut(d).enumerate().for_each(|(i, out)| {
            for (c, o) in out.iter_mut().enumerate() {
                let mut v = self.mean[c];
                for j in 0..k {
                    let unscale = if self.whiten { self.explained_variance[j].sqrt() } else { 1.0 };
                    v += f64::from(y.row(i)[j]) * unscale * self.component(j)[c];
                }
                *o = v as f32;
            }
        });
        if out.view().check().is_err() {
            return Err(Error::Overflow);
        }
        Ok(out)
    }

    fn scale(&self, j: usize) -> f64 {
        let sd = self.explained_variance[j].sqrt();
        match self.whiten {
            false => 1.0,
            true if sd > 0.0 => 1.0 / sd,
            true => 0.0,
        }
    }
}

impl Reducer for Pca {
    type Model = PcaModel;
    type Error = Error;

    fn fit(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<PcaModel> {
        self.fit_with(x, cx)
    }
}

impl Embedded for PcaModel {
    fn embedding(&self) -> &Matrix {
        self.embedding()
    }

    fn into_embedding(self) -> Matrix {
        self.into_embedding()
    }
}

impl Transform for PcaModel {
    type Error = Error;

    fn transform(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix> {
        cx.run(|_| self.transform(x))?
    }
}

/// A sum over eight lanes: an order that vectorizes and is the same everywhere.
fn ordered_sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut lanes = [0.0; 8];
    for (i, t) in terms.enumerate() {
        lanes[i % 8] += t;
    }
    ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))
}
