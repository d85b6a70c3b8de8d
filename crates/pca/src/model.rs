//! What an analysis gives.

use crate::error::{Error, Result};
use crate::solver::{add, center_f32, project};
use planisphere_core::{CancelToken, Context, Embedded, Matrix, MatrixView, Report, Transform};
use planisphere_kernels::panel::{Operand, product};
use rayon::prelude::*;

/// Rows that are scored at once.
const ROWS: usize = 256;
/// Numbers of rows that are multiplied are multiples of this.
const GROUP: usize = 64;
/// Columns that products are summed over in f32.
const COLUMNS: usize = 128;
/// Fewer components than this take one dot product each, in f64, in the time that reading the rows takes.
const FEW: usize = 8;
/// A variance below this share of the largest is less than the rounding of scores.
pub(crate) const UNSEEN: f64 = 1e-14;

/// Components, variances and scores of a [`Pca`](crate::Pca) or [`IncrementalPca`](crate::IncrementalPca).
///
/// Models are equal if all they hold is, but for the report of the run.
#[derive(Clone, Debug)]
pub struct PcaModel {
    pub(crate) n_rows: usize,
    pub(crate) whiten: bool,
    pub(crate) mean: Vec<f64>,
    /// n_components × d, row-major.
    pub(crate) components: Vec<f64>,
    pub(crate) explained_variance: Vec<f64>,
    pub(crate) explained_variance_ratio: Vec<f64>,
    pub(crate) singular_values: Vec<f64>,
    pub(crate) noise_variance: f64,
    pub(crate) embedding: Matrix,
    pub(crate) report: Report,
}

impl PartialEq for PcaModel {
    fn eq(&self, other: &Self) -> bool {
        // Each field by name, so that none that comes later is forgotten. The report has times, which are never the same.
        let Self {
            n_rows,
            whiten,
            mean,
            components,
            explained_variance,
            explained_variance_ratio,
            singular_values,
            noise_variance,
            embedding,
            report: _,
        } = self;
        *n_rows == other.n_rows
            && *whiten == other.whiten
            && *mean == other.mean
            && *components == other.components
            && *explained_variance == other.explained_variance
            && *explained_variance_ratio == other.explained_variance_ratio
            && *singular_values == other.singular_values
            && *noise_variance == other.noise_variance
            && *embedding == other.embedding
    }
}

impl PcaModel {
    /// With the scores of the rows that it was made from.
    pub(crate) fn with_scores(mut self, x: MatrixView<'_>, token: &CancelToken) -> Result<Self> {
        self.embedding = self.scores(x, token)?;
        Ok(self)
    }

    pub(crate) fn with_report(mut self, report: Report) -> Self {
        self.report = report;
        self
    }

    /// Scores of the rows that the model was made from, n × n_components; no rows if they came in blocks.
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

    /// Number of rows that the model was made from.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns of the rows.
    pub fn n_columns(&self) -> usize {
        self.mean.len()
    }

    /// Whether scores are divided by the standard deviation of their component.
    pub fn is_whitened(&self) -> bool {
        self.whiten
    }

    /// Means of the columns, d values.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// All components, n_components × d, row-major.
    pub fn components(&self) -> &[f64] {
        &self.components
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

    /// Share of the variance that the first 1, 2, … components have together.
    pub fn cumulative_variance_ratio(&self) -> Vec<f64> {
        crate::select::cumulated(&self.explained_variance_ratio, 1.0)
    }

    /// The model with its first components only, from 1 to all of them; the others join the noise. Scores that it has stay as
    /// they are; [`PcaModel::transform`] gives the same to the accuracy of f32, in which more than seven components are computed.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for another number.
    pub fn truncated(mut self, n_components: usize) -> Result<Self> {
        let (k, d) = (self.n_components(), self.n_columns());
        if n_components == 0 || n_components > k {
            return Err(Error::param("n_components", n_components, format!("the model has 1 to {k}")));
        }
        let most = self.n_rows.min(d).max(k);
        let dropped: f64 = self.explained_variance[n_components..].iter().sum();
        if n_components < k {
            let rest = self.noise_variance * (most - k) as f64 + dropped;
            self.noise_variance = rest / (most - n_components) as f64;
        }
        self.components.truncate(n_components * d);
        self.explained_variance.truncate(n_components);
        self.explained_variance_ratio.truncate(n_components);
        self.singular_values.truncate(n_components);
        let scores = self.embedding.rows();
        let kept = (0..scores).flat_map(|i| self.embedding.row(i)[..n_components].iter().copied()).collect();
        self.embedding = Matrix::from_vec(scores, n_components, kept)?;
        Ok(self)
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

    /// Scores of new rows (m × d), m × n_components. What a row gets depends on that row alone. Up to seven components are
    /// computed in f64 and rounded once, more of them in f32 over 128 columns at a time. With `whiten`, each is
    /// divided by its component's standard deviation before it is rounded; scores of a component without variance (below 1e-14 of the largest, which
    /// f32 cannot tell from 0) are 0.
    ///
    /// # Errors
    /// [`Error::Columns`], [`Error::Core`] for values that are not finite, [`Error::Overflow`].
    pub fn transform<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Matrix> {
        let x = self.checked(x.into())?;
        self.scores(x, &CancelToken::new())
    }

    /// Refuses rows of another number of columns, and values that are not finite.
    pub(crate) fn checked<'m>(&self, x: MatrixView<'m>) -> Result<MatrixView<'m>> {
        if x.cols() != self.mean.len() {
            return Err(Error::Columns { expected: self.mean.len(), got: x.cols() });
        }
        x.check()?;
        Ok(x)
    }

    fn scores(&self, x: MatrixView<'_>, token: &CancelToken) -> Result<Matrix> {
        let (d, k) = (self.mean.len(), self.n_components());
        let directions: Vec<f32> = self.components.iter().map(|&v| v as f32).collect();
        let scales: Vec<f64> = (0..k).map(|j| self.scale(j)).collect();
        let mut out = Matrix::zeros(x.rows(), k);
        out.data_mut().par_chunks_mut(ROWS * k).enumerate().try_for_each_init(
            || match k < FEW {
                true => (Vec::new(), Vec::new(), vec![0.0; d]),
                false => (vec![0.0; ROWS * d], vec![0.0; ROWS * k], vec![0.0; ROWS * k]),
            },
            |(centered, products, sums), (b, out)| {
                token.check()?;
                let rows = x.slice(b * ROWS, b * ROWS + out.len() / k);
                if k < FEW {
                    project(rows, &self.mean, &self.components, &scales, sums, out);
                } else {
                    // Whole groups, filled up with zeros, so that what a row gets never depends on how many there are. Sums
                    // over few columns at a time lose less.
                    let padded = rows.rows().next_multiple_of(GROUP);
                    let (centered, products) = (&mut centered[..padded * d], &mut products[..padded * k]);
                    center_f32(rows, &self.mean, centered);
                    centered[rows.rows() * d..].fill(0.0);
                    sums.fill(0.0);
                    let (x, v) = (Operand::new(padded, d, centered), Operand::new(k, d, &directions));
                    for from in (0..d).step_by(COLUMNS) {
                        let to = (from + COLUMNS).min(d);
                        product(x.columns(from, to), v.columns(from, to).transposed(), products);
                        add(sums, products);
                    }
                    for (out, sums) in out.chunks_exact_mut(k).zip(sums.chunks_exact(k)) {
                        out.iter_mut().zip(sums).zip(&scales).for_each(|((o, s), scale)| *o = (s * scale) as f32);
                    }
                }
                Ok::<_, Error>(())
            },
        )?;
        out.view().check().map_err(|_| Error::Overflow)?;
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
        let lengths: Vec<f64> =
            self.explained_variance.iter().map(|v| if self.whiten { v.sqrt() } else { 1.0 }).collect();
        let mut out = Matrix::zeros(y.rows(), d);
        out.data_mut().par_chunks_mut(d).enumerate().for_each_init(
            || vec![0.0; d],
            |sum, (i, out)| {
                sum.copy_from_slice(&self.mean);
                for ((&v, length), component) in y.row(i).iter().zip(&lengths).zip(self.components.chunks_exact(d)) {
                    let v = f64::from(v) * length;
                    sum.iter_mut().zip(component).for_each(|(s, c)| *s += v * c);
                }
                out.iter_mut().zip(sum).for_each(|(o, s)| *o = *s as f32);
            },
        );
        out.view().check().map_err(|_| Error::Overflow)?;
        Ok(out)
    }

    /// What scores are multiplied by.
    fn scale(&self, j: usize) -> f64 {
        let variance = self.explained_variance[j];
        match self.whiten {
            false => 1.0,
            true if variance > self.explained_variance[0] * UNSEEN => 1.0 / variance.sqrt(),
            true => 0.0,
        }
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
        cx.run(|cx| {
            let x = self.checked(x)?;
            self.scores(x, &cx.token())
        })?
    }
}
