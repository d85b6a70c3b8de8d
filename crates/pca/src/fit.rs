//! The parameters, and from data to components.

use crate::error::{Error, Result};
use crate::model::PcaModel;
use planisphere_core::{CancelToken, Context, MatrixView, Stage};
use planisphere_kernels::eigen;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows that are centered and multiplied at once.
const CHUNK: usize = 512;
/// Partial sums of the covariance; a constant, so that their grouping does not depend on the number of threads.
const PARTS: usize = 8;

/// Principal component analysis by the eigenvectors of the covariance matrix.
///
/// Source: Pearson (1901), Hotelling (1933); conventions of scikit-learn's `PCA(svd_solver="covariance_eigh")`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pca {
    n_components: usize,
    whiten: bool,
}

impl Default for Pca {
    /// Two components, not whitened.
    fn default() -> Self {
        Self::new(2)
    }
}

impl Pca {
    /// Analysis into `n_components` components, from 1 to min(rows, columns).
    pub fn new(n_components: usize) -> Self {
        Self { n_components, whiten: false }
    }

    /// Whether scores are divided by the standard deviation of their component. Default: no.
    #[must_use]
    pub fn whiten(mut self, whiten: bool) -> Self {
        self.whiten = whiten;
        self
    }

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
    /// [`Error::Empty`]; [`Error::InvalidParam`] unless 1 ≤ n_components ≤ min(n, d); [`Error::Overflow`];
    /// [`Error::Core`] for values that are not finite; [`Error::NotConverged`]; [`Error::Cancelled`].
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
        x.check()?;
        let most = n.min(d);
        if self.n_components == 0 || self.n_components > most {
            let reason = format!("must be from 1 to {most}, the smaller of rows and columns");
            return Err(Error::InvalidParam { param: "n_components", value: self.n_components.to_string(), reason });
        }
        let mean = column_means(x);
        let (variances, mut components) = if n >= d {
            let cov = covariance(x, &mean, &cx.token())?;
            let (values, vectors) = eigen::symmetric(d, &cov)?;
            let order = (0..d).rev();
            let variances: Vec<f64> = order.clone().map(|j| values[j].max(0.0)).collect();
            let rows = order.take(self.n_components).flat_map(|j| vectors[j * d..(j + 1) * d].iter().copied());
            (variances, rows.collect::<Vec<f64>>())
        } else {
            let mut centered = vec![0.0; n * d];
            center(x, &mean, &mut centered);
            let (sigma, right) = eigen::right_singular(n, d, &centered)?;
            let degrees = (n.max(2) - 1) as f64;
            (sigma.iter().map(|s| s * s / degrees).collect(), right[..self.n_components * d].to_vec())
        };
        cx.check()?;
        for c in components.chunks_mut(d) {
            orient(c);
        }
        PcaModel::build(x, self.whiten, mean, components, &variances)
    }
}

/// Makes the entry of largest size positive; the first of equals decides, as numpy's argmax has it.
fn orient(component: &mut [f64]) {
    let largest = component.iter().copied().fold(0.0f64, |m, v| if v.abs() > m.abs() { v } else { m });
    if largest < 0.0 {
        component.iter_mut().for_each(|v| *v = -*v);
    }
}

/// Means of the columns, summed in f64 by chunks of rows whose sums are added in order.
fn column_means(x: MatrixView<'_>) -> Vec<f64> {
    let (n, d) = (x.rows(), x.cols());
    let parts: Vec<Vec<f64>> = (0..n.div_ceil(CHUNK))
        .into_par_iter()
        .map(|c| {
            let mut sum = vec![0.0; d];
            for i in c * CHUNK..((c + 1) * CHUNK).min(n) {
                sum.iter_mut().zip(x.row(i)).for_each(|(s, &v)| *s += f64::from(v));
            }
            sum
        })
        .collect();
    let mut mean = vec![0.0; d];
    for p in parts {
        mean.iter_mut().zip(p).for_each(|(m, s)| *m += s);
    }
    mean.iter_mut().for_each(|m| *m /= n as f64);
    mean
}

/// The rows of `x` less `mean`, in f64.
fn center(x: MatrixView<'_>, mean: &[f64], out: &mut [f64]) {
    for (i, o) in out.chunks_exact_mut(mean.len()).enumerate() {
        for ((o, &v), m) in o.iter_mut().zip(x.row(i)).zip(mean) {
            *o = f64::from(v) - m;
        }
    }
}

/// Lower triangle of the covariance matrix, divided by n − 1 (by 1 for a single row).
fn covariance(x: MatrixView<'_>, mean: &[f64], token: &CancelToken) -> Result<Vec<f64>> {
    let (n, d) = (x.rows(), x.cols());
    let chunks = n.div_ceil(CHUNK);
    let parts: Vec<Vec<f64>> = (0..PARTS.min(chunks))
        .into_par_iter()
        .map(|part| {
            let mut gram = vec![0.0; d * d];
            let mut centered = vec![0.0; CHUNK.min(n) * d];
            for c in (part..chunks).step_by(PARTS) {
                token.check()?;
                let rows = x.slice(c * CHUNK, ((c + 1) * CHUNK).min(n));
                let buffer = &mut centered[..rows.rows() * d];
                center(rows, mean, buffer);
                eigen::add_gram(rows.rows(), d, buffer, &mut gram);
            }
            Ok(gram)
        })
        .collect::<Result<_>>()?;
    let degrees = (n.max(2) - 1) as f64;
    let mut cov = vec![0.0; d * d];
    for p in parts {
        cov.iter_mut().zip(p).for_each(|(c, g)| *c += g);
    }
    cov.iter_mut().for_each(|c| *c /= degrees);
    if cov.iter().any(|c| !c.is_finite()) {
        return Err(Error::Overflow);
    }
    Ok(cov)
}
