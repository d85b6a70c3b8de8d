//! From data to a model.

use crate::error::{Error, Result};
use crate::model::PcaModel;
use crate::params::{Components, Pca};
use crate::select;
use crate::solver::moments::Moments;
use crate::solver::{Found, covariance, degrees, solve};
use planisphere_core::{Context, Matrix, MatrixView, Reducer, Report, Stage};

impl Pca {
    /// Finds the components of `x` (n × d) and the scores of its rows, on the current threads.
    ///
    /// # Errors
    /// As [`Pca::fit_with`].
    pub fn fit<'m>(&self, x: impl Into<MatrixView<'m>>) -> Result<PcaModel> {
        self.fit_with(x, &mut Context::new())
    }

    /// Finds the components of `x` (n × d) and the scores of its rows, watched and cancelled through `cx`.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::InvalidParam`] for parameters that mean nothing, or nothing for this shape;
    /// [`Error::Overflow`]; [`Error::TooLarge`]; [`Error::Core`] for values that are not finite; [`Error::NoLapack`],
    /// [`Error::Lapack`], [`Error::NotConverged`]; [`Error::Cancelled`].
    pub fn fit_with<'m>(&self, x: impl Into<MatrixView<'m>>, cx: &mut Context<'_>) -> Result<PcaModel> {
        let x = x.into();
        let (model, report) = cx.record(|cx| cx.run(|cx| cx.stage(Stage::Pca, 1.0, |cx| self.analyze(x, cx))));
        Ok(model??.with_report(report))
    }

    fn analyze(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<PcaModel> {
        let (n, d) = (x.rows(), x.cols());
        if n == 0 || d == 0 {
            return Err(Error::Empty { rows: n, cols: d });
        }
        self.check()?;
        if u32::try_from(n).is_err() {
            x.check()?;
        }
        if let Err(e) = self.check_shape(n, d) {
            // What is wrong with the data is told first.
            x.check()?;
            return Err(e);
        }
        let found = solve(self, x, cx)?;
        cx.check()?;
        PcaModel::new(self.whiten, n, found)?.with_scores(x, &cx.token())
    }

    /// Finds the components of rows that were given to [`Moments`]. The model has no scores of them:
    /// [`PcaModel::embedding`] has no rows.
    ///
    /// By the covariance, whatever the solver, whose settings are not looked at. [`Moments`] have a precision of their own.
    ///
    /// # Errors
    /// As [`Pca::fit_with`].
    pub fn fit_moments(&self, moments: Moments) -> Result<PcaModel> {
        self.check_components()?;
        self.check_shape(moments.rows(), moments.cols())?;
        let (rows, mean, covariance) = moments.finish()?;
        PcaModel::new(self.whiten, rows, covariance::of_covariance(self, rows, mean, &covariance)?)
    }

    /// Finds the components of rows that come block by block, in one pass, by their covariance, whatever the solver. For n rows of d
    /// columns with n ≥ d, they are those that all rows in one piece would have by
    /// [`Solver::CovarianceEigh`](crate::Solver::CovarianceEigh), to the bit; for fewer rows, up to rounding.
    ///
    /// Memory is a few times 8 · d² bytes whatever n is: meant for some thousands of columns. For more of them, see
    /// [`IncrementalPca`](crate::IncrementalPca). The model has no scores of the rows: [`PcaModel::embedding`] has no rows, and
    /// [`PcaModel::transform`] gives the scores of any block.
    ///
    /// ```
    /// use planisphere_core::Matrix;
    /// use planisphere_pca::Pca;
    ///
    /// // From wherever rows come; a block at a time is in memory.
    /// let blocks = (0..5).map(|b| Matrix::from_vec(200, 3, (0..600).map(|i| ((b * 600 + i) * i % 97) as f32).collect()));
    /// let model = Pca::new(2).fit_blocks(blocks)?;
    /// assert_eq!((model.n_rows(), model.n_components()), (1000, 2));
    /// # Ok::<(), planisphere_pca::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Block`] if the source fails, or a block has a value that is not finite or another number of columns than the
    /// first one; [`Error::TooLarge`] if a covariance of so many columns does not fit into memory; otherwise as [`Pca::fit_with`].
    pub fn fit_blocks<E: std::fmt::Display>(
        &self,
        blocks: impl IntoIterator<Item = Result<Matrix, E>>,
    ) -> Result<PcaModel> {
        self.check_components()?;
        let mut moments: Option<Moments> = None;
        for (b, block) in blocks.into_iter().enumerate() {
            let wrong = |reason: String| Error::Block { block: b, reason };
            let block = block.map_err(|e| wrong(e.to_string()))?;
            let moments = moments.get_or_insert_with(|| Moments::new(block.cols()).precision(self.precision));
            moments.push(&block).map_err(|e| match e {
                Error::Columns { .. } | Error::Core(_) => wrong(e.to_string()),
                // Not of this block.
                other => other,
            })?;
        }
        self.fit_moments(moments.unwrap_or_else(|| Moments::new(0)))
    }

    /// How many components may be kept of so many; less if the variances decide.
    pub(crate) fn at_most(&self, most: usize) -> usize {
        match self.n_components {
            Components::Count(k) => k.min(most),
            _ => most,
        }
    }

    /// How many components are kept of all `variances`.
    pub(crate) fn count(&self, variances: &[f64], rows: usize) -> Result<usize> {
        let most = variances.len();
        Ok(match self.n_components {
            Components::All => most,
            Components::Count(k) => k.min(most),
            Components::Variance(share) => select::explaining(variances, share),
            Components::Mle => select::minka(variances, rows),
        })
    }
}

impl PcaModel {
    /// Signs, and what follows from variances.
    pub(crate) fn new(whiten: bool, rows: usize, found: Found) -> Result<Self> {
        let Found { mean, mut components, variances, total, most } = found;
        for c in components.chunks_mut(mean.len()) {
            orient(c);
        }
        let kept = components.len() / mean.len();
        let explained_variance = variances[..kept].to_vec();
        let explained: f64 = explained_variance.iter().sum();
        // What is left is only told by the difference where not all variances are known.
        let rest = if variances.len() == most { variances[kept..].iter().sum() } else { (total - explained).max(0.0) };
        let share = |v: &f64| if total > 0.0 { v / total } else { 0.0 };
        Ok(Self {
            whiten,
            n_rows: rows,
            explained_variance_ratio: explained_variance.iter().map(share).collect(),
            singular_values: explained_variance.iter().map(|v| (v * degrees(rows)).sqrt()).collect(),
            noise_variance: if kept < most { rest / (most - kept) as f64 } else { 0.0 },
            explained_variance,
            embedding: Matrix::zeros(0, kept),
            mean,
            components,
            report: Report::default(),
        })
    }
}

/// Makes the entry of largest size positive; the first of equals decides, as numpy's argmax has it.
pub(crate) fn orient(component: &mut [f64]) {
    let largest = component.iter().copied().fold(0.0f64, |m, v| if v.abs() > m.abs() { v } else { m });
    if largest < 0.0 {
        component.iter_mut().for_each(|v| *v = -*v);
    }
}

impl Reducer for Pca {
    type Model = PcaModel;
    type Error = Error;

    fn fit(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<PcaModel> {
        self.fit_with(x, cx)
    }
}
