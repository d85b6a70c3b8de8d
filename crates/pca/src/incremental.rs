//! Components of rows that come in batches, in memory for one batch.

use crate::backend::Decompose;
use crate::error::{Error, Result};
use crate::fit::orient;
use crate::model::PcaModel;
use crate::params::Backend;
use crate::solver::{center, degrees};
use planisphere_core::{Context, Matrix, MatrixView, Reducer, Report, Stage};
use serde::{Deserialize, Serialize};

/// Principal component analysis by batches: only the leading components of what came before are remembered.
///
/// Approximate unless all components are kept, and slower than [`Moments`](crate::Moments), which are exact; but its memory grows
/// with d · (`n_components` + rows of a batch), not with d². For rows of very many columns, in batches of far fewer rows: the default
/// batch is five rows a column, and so takes 40 · d² bytes and more. Set [`IncrementalPca::batch_size`], or give batches to
/// [`IncrementalPca::begin`].
///
/// Source: Ross, Lim, Lin & Yang (2008), *Incremental learning for robust visual tracking*; conventions of scikit-learn's
/// `IncrementalPCA`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IncrementalPca {
    n_components: Option<usize>,
    whiten: bool,
    batch_size: Option<usize>,
    backend: Backend,
}

impl Default for IncrementalPca {
    /// Two components, not whitened.
    fn default() -> Self {
        Self::new(2)
    }
}

impl IncrementalPca {
    /// Analysis into `n_components` components, from 1 to min(rows of the first batch, columns).
    pub fn new(n_components: usize) -> Self {
        Self { n_components: Some(n_components), whiten: false, batch_size: None, backend: Backend::Faer }
    }

    /// Keeps min(rows of the first batch, columns) components.
    #[must_use]
    pub fn all_components(mut self) -> Self {
        self.n_components = None;
        self
    }

    /// Whether scores are divided by the standard deviation of their component. Default: no.
    #[must_use]
    pub fn whiten(mut self, whiten: bool) -> Self {
        self.whiten = whiten;
        self
    }

    /// Sets the rows that [`IncrementalPca::fit`] takes at once, at least 1. Default: five times the number of columns, as in
    /// scikit-learn, which for very many columns is too much memory.
    #[must_use]
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.batch_size = Some(rows);
        self
    }

    /// Sets who decomposes matrices. Default: [`Backend::Faer`].
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Finds the components of `x` (n × d), batch by batch, and the scores of its rows.
    ///
    /// # Errors
    /// As [`IncrementalPca::fit_with`].
    pub fn fit<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<PcaModel> {
        self.fit_with(x, &mut Context::new())
    }

    /// Finds the components of `x` (n × d), batch by batch, and the scores of its rows, watched and cancelled through `cx`.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a batch size of 0; otherwise as [`IncrementalFit::partial_fit`], with rows counted in `x`;
    /// [`Error::Cancelled`].
    pub fn fit_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<PcaModel> {
        let x = x.into();
        let (model, report) = cx.record(|cx| cx.run(|cx| cx.stage(Stage::Pca, 1.0, |cx| self.analyze(x, cx))));
        let mut model = model??;
        model.report = report;
        Ok(model)
    }

    fn analyze(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<PcaModel> {
        let n = x.rows();
        x.check()?;
        let size = match self.batch_size {
            Some(0) => return Err(Error::param("batch_size", 0, "must be at least 1")),
            Some(size) => size,
            None => x.cols().saturating_mul(5).max(1),
        };
        let mut fit = self.begin();
        if n == 0 {
            fit.partial_fit(x)?;
        }
        let mut from = 0;
        while from < n {
            cx.progress(from as u64, n as u64)?;
            let mut to = from.saturating_add(size).min(n);
            // A last batch with fewer rows than components joins the one before it.
            if n - to < self.n_components.unwrap_or(0) {
                to = n;
            }
            fit.partial_fit(x.slice(from, to))?;
            from = to;
        }
        fit.model()?.with_scores(x, &cx.token())
    }

    /// Begins an analysis of batches that come one after the other.
    ///
    /// ```
    /// use planisphere_core::Matrix;
    /// use planisphere_pca::IncrementalPca;
    ///
    /// let mut fit = IncrementalPca::new(1).begin();
    /// fit.partial_fit(&Matrix::from_rows([[0.0, 0.0], [1.0, 1.1], [2.0, 1.9]])?)?;
    /// fit.partial_fit(&Matrix::from_rows([[3.0, 3.0], [4.0, 4.1]])?)?;
    /// let model = fit.model()?;
    /// assert_eq!(model.n_rows(), 5);
    /// assert!(model.explained_variance_ratio()[0] > 0.99);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin(&self) -> IncrementalFit {
        IncrementalFit { params: self.clone(), state: None }
    }
}

/// An [`IncrementalPca`] on its way: n_components · d numbers, whatever the number of rows it has seen. It can be written and read
/// by serde, to go on another day; what is read is checked, and refused if no fit can have written it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct IncrementalFit {
    params: IncrementalPca,
    state: Option<State>,
}

/// An [`IncrementalFit`] as it is read.
#[derive(Deserialize)]
struct Unchecked {
    params: IncrementalPca,
    state: Option<State>,
}

impl TryFrom<Unchecked> for IncrementalFit {
    type Error = String;

    fn try_from(read: Unchecked) -> Result<Self, String> {
        let Unchecked { params, state } = read;
        if let Some(state) = &state {
            state.check()?;
            let k = state.singular_values.len();
            if let Some(wanted) = params.n_components.filter(|&wanted| wanted != k) {
                return Err(format!("{k} components where {wanted} are asked for"));
            }
        }
        Ok(Self { params, state })
    }
}

/// What is remembered of the rows so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    rows: usize,
    mean: Vec<f64>,
    /// Σ(x − mean)² over all rows and columns.
    squares: f64,
    /// n_components × d, row-major.
    components: Vec<f64>,
    singular_values: Vec<f64>,
    noise_variance: f64,
}

/// How far the length of a component may be from 1.
const UNIT: f64 = 1e-6;

impl State {
    /// Refuses what no fit remembers: lengths that do not fit each other, and numbers that lead out of the finite.
    fn check(&self) -> Result<(), String> {
        let Self { rows, mean, squares, components, singular_values, noise_variance } = self;
        let (d, k) = (mean.len(), singular_values.len());
        if k == 0 || k > d.min(*rows) {
            return Err(format!("{k} components of {rows} rows and {d} columns"));
        }
        if k.checked_mul(d) != Some(components.len()) {
            return Err(format!("{} values in {k} components of {d} columns", components.len()));
        }
        if let Some(v) = mean.iter().chain(components).find(|v| !v.is_finite()) {
            return Err(format!("{v} in a mean or component"));
        }
        let lengths = components.chunks_exact(d).map(|c| c.iter().map(|v| v * v).sum::<f64>());
        if let Some(length) = lengths.into_iter().find(|l| !(1.0 - UNIT..1.0 + UNIT).contains(l)) {
            return Err(format!("a component of squared length {length}, not 1"));
        }
        let squared = singular_values.iter().map(|v| v * v).chain([*squares, *noise_variance]);
        if singular_values.iter().any(|v| *v < 0.0) || !squared.into_iter().all(|v| v.is_finite() && v >= 0.0) {
            return Err("a variance that is negative or not finite".to_owned());
        }
        if singular_values.windows(2).any(|w| w[0] < w[1]) {
            return Err("singular values that do not descend".to_owned());
        }
        Ok(())
    }
}

impl IncrementalFit {
    /// Number of rows seen.
    pub fn n_rows(&self) -> usize {
        self.state.as_ref().map_or(0, |s| s.rows)
    }

    /// Learns from a batch (m × d). After an error, nothing has changed.
    ///
    /// # Errors
    /// [`Error::Empty`] for a batch without rows or columns; [`Error::InvalidParam`] if the first has fewer rows than
    /// components, or the rows fewer columns; [`Error::Columns`] if the number of columns changes; [`Error::Core`] for values that
    /// are not finite; [`Error::Overflow`]; [`Error::NoLapack`], [`Error::Lapack`], [`Error::NotConverged`].
    pub fn partial_fit<'m>(&mut self, batch: impl Into<MatrixView<'m>>) -> Result<()> {
        let x = batch.into();
        let (m, d) = (x.rows(), x.cols());
        if m == 0 || d == 0 {
            return Err(Error::Empty { rows: m, cols: d });
        }
        let before = self.state.as_ref();
        if let Some(s) = before.filter(|s| s.mean.len() != d) {
            return Err(Error::Columns { expected: s.mean.len(), got: d });
        }
        x.check()?;
        let k = match (before, self.params.n_components) {
            (Some(s), _) => s.singular_values.len(),
            (None, None) => m.min(d),
            (None, Some(k)) if k >= 1 && k <= m.min(d) => k,
            (None, Some(k)) => {
                let reason =
                    format!("must be from 1 to {}, the smaller of columns and rows of the first batch", m.min(d));
                return Err(Error::param("n_components", k, reason));
            }
        };
        self.state = Some(self.next(x, k)?);
        Ok(())
    }

    /// The components so far, weighted by their singular values, then the batch less its mean, then the way from the mean
    /// before to that of the batch: the singular vectors of these rows are the components of all.
    fn next(&self, x: MatrixView<'_>, k: usize) -> Result<State> {
        let (m, d) = (x.rows(), x.cols());
        let own = crate::solver::means(x)?;
        let old = self.state.as_ref();
        let n = self.n_rows();
        let total = n.checked_add(m).ok_or(Error::Overflow)?;
        let above = old.map_or(0, |s| s.singular_values.len());
        let rows = above + m + usize::from(old.is_some());
        let mut stacked = vec![0.0; rows.checked_mul(d).ok_or(Error::Overflow)?];
        let (before, rest) = stacked.split_at_mut(above * d);
        let (batch, way) = rest.split_at_mut(m * d);
        center(x, &own, batch);
        let mut mean = own.clone();
        let mut squares: f64 = batch.iter().map(|v| v * v).sum();
        if let Some(s) = old {
            for ((row, c), v) in before.chunks_exact_mut(d).zip(s.components.chunks_exact(d)).zip(&s.singular_values) {
                row.iter_mut().zip(c).for_each(|(r, c)| *r = v * c);
            }
            let weight = (n as f64 / total as f64 * m as f64).sqrt();
            for (((w, mean), own), old) in way.iter_mut().zip(&mut mean).zip(&own).zip(&s.mean) {
                *w = weight * (old - own);
                *mean = old + (own - old) * (m as f64 / total as f64);
            }
            squares += s.squares + way.iter().map(|v| v * v).sum::<f64>();
        }
        let (singular_values, mut right) = self.params.backend.right_singular(rows, d, &stacked)?;
        if !squares.is_finite() || singular_values.iter().any(|s| !s.is_finite()) {
            return Err(Error::Overflow);
        }
        right.truncate(k * d);
        right.chunks_mut(d).for_each(orient);
        let others = &singular_values[k..];
        // As scikit-learn has it: no noise if this batch has as many rows, or columns, as there are components.
        let noise_variance = if k == m || k == d || others.is_empty() {
            0.0
        } else {
            others.iter().map(|s| s * s).sum::<f64>() / degrees(total) / others.len() as f64
        };
        let singular_values = singular_values[..k].to_vec();
        Ok(State { rows: total, mean, squares, components: right, singular_values, noise_variance })
    }

    /// The components so far. The model has no scores of the rows: [`PcaModel::embedding`] has no rows.
    ///
    /// # Errors
    /// [`Error::Empty`] before the first batch.
    pub fn model(&self) -> Result<PcaModel> {
        let s = self.state.as_ref().ok_or(Error::Empty { rows: 0, cols: 0 })?;
        let share = |v: &f64| if s.squares > 0.0 { v * v / s.squares } else { 0.0 };
        Ok(PcaModel {
            whiten: self.params.whiten,
            n_rows: s.rows,
            mean: s.mean.clone(),
            components: s.components.clone(),
            explained_variance: s.singular_values.iter().map(|v| v * v / degrees(s.rows)).collect(),
            explained_variance_ratio: s.singular_values.iter().map(share).collect(),
            singular_values: s.singular_values.clone(),
            noise_variance: s.noise_variance,
            embedding: Matrix::zeros(0, s.singular_values.len()),
            report: Report::default(),
        })
    }

    /// Scores of rows by the components so far: [`PcaModel::transform`].
    ///
    /// # Errors
    /// As [`IncrementalFit::model`] and [`PcaModel::transform`].
    pub fn transform<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<Matrix> {
        self.model()?.transform(x)
    }
}

impl Reducer for IncrementalPca {
    type Model = PcaModel;
    type Error = Error;

    fn fit(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<PcaModel> {
        self.fit_with(x, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which formats other than JSON can write.
    #[test]
    fn states_that_are_not_finite_are_refused() {
        let state = |mean: f64, component: f64, singular: f64, squares: f64, noise_variance: f64| State {
            rows: 9,
            mean: vec![0.0, mean],
            squares,
            components: vec![1.0, component],
            singular_values: vec![singular],
            noise_variance,
        };
        let read = |s| IncrementalFit::try_from(Unchecked { params: IncrementalPca::new(1), state: Some(s) });
        assert!(read(state(0.0, 0.0, 1.0, 1.0, 0.0)).is_ok());
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(read(state(bad, 0.0, 1.0, 1.0, 0.0)).is_err());
            assert!(read(state(0.0, bad, 1.0, 1.0, 0.0)).is_err());
            assert!(read(state(0.0, 0.0, bad, 1.0, 0.0)).is_err());
            assert!(read(state(0.0, 0.0, 1.0, bad, 0.0)).is_err());
            assert!(read(state(0.0, 0.0, 1.0, 1.0, bad)).is_err());
        }
    }
}
