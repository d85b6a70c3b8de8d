//! A model as a file. How it is laid out and checked: `planisphere-store`.

use crate::error::Result;
use crate::model::PcaModel;
use planisphere_core::{Matrix, Report};
use planisphere_store::{Arrays, Format, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

const FORMAT: Format = Format::new("planisphere-pca-model", "model of planisphere-pca", 1);

/// What is not in the arrays.
#[derive(Serialize, Deserialize)]
struct Header {
    whiten: bool,
    n_rows: usize,
    noise_variance: f64,
}

impl PcaModel {
    /// Writes the model to a file, which is complete or, after an error, what it was before: mean, components, variances and
    /// scores, in the safetensors format, so that other programs can read the arrays. The same model gives the same bytes; the
    /// report of the run is not among them.
    ///
    /// ```
    /// use planisphere_core::Matrix;
    /// use planisphere_pca::{Pca, PcaModel};
    ///
    /// let x = Matrix::from_rows([[0.0, 0.0, 1.0], [1.0, 1.1, 0.0], [2.0, 1.9, 0.5], [3.0, 3.0, 0.7]])?;
    /// let model = Pca::new(2).whiten(true).fit(&x)?;
    ///
    /// let folder = tempfile::tempdir()?;
    /// model.save(folder.path().join("pca.model"))?;
    /// let loaded = PcaModel::load(folder.path().join("pca.model"))?;
    /// assert_eq!(loaded.transform(&x)?, *model.embedding());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(FORMAT.save(path, &self.to_bytes()?)?)
    }

    /// Reads what [`PcaModel::save`] wrote. The model scores rows as the one that was saved, to the bit.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be read, is no model, comes from a later version, or is
    /// truncated or was changed: [`FileError`](crate::FileError) tells which.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(FORMAT.load(path, restore)?)
    }

    /// Writes what [`PcaModel::save`] writes.
    ///
    /// # Errors
    /// As [`PcaModel::save`].
    pub fn write_to(&self, to: impl Write) -> Result<()> {
        Ok(FORMAT.write_to(to, &self.to_bytes()?)?)
    }

    /// Reads what [`PcaModel::write_to`] wrote, up to the end of `from`.
    ///
    /// # Errors
    /// As [`PcaModel::load`].
    pub fn read_from(from: impl Read) -> Result<Self> {
        Ok(FORMAT.read_from(from, restore)?)
    }

    /// Reads what [`PcaModel::to_bytes`] gave.
    ///
    /// # Errors
    /// As [`PcaModel::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(FORMAT.from_bytes(bytes, restore)?)
    }

    /// The bytes that [`PcaModel::save`] writes.
    ///
    /// # Errors
    /// As [`PcaModel::save`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (d, k) = (self.mean.len(), self.explained_variance.len());
        let arrays = BTreeMap::from([
            ("mean", Tensor::new(&[d], &self.mean)),
            ("components", Tensor::new(&[k, d], &self.components)),
            ("explained_variance", Tensor::new(&[k], &self.explained_variance)),
            ("explained_variance_ratio", Tensor::new(&[k], &self.explained_variance_ratio)),
            ("singular_values", Tensor::new(&[k], &self.singular_values)),
            ("embedding", Tensor::new(&[self.embedding.rows(), k], self.embedding.data())),
        ]);
        let header = Header { whiten: self.whiten, n_rows: self.n_rows, noise_variance: self.noise_variance };
        Ok(FORMAT.encode(&header, &arrays)?)
    }
}

/// The model, or what is wrong. Nothing is taken on trust: a checksum says that bytes are what was written, not who wrote
/// them.
fn restore(header: Header, arrays: &Arrays<'_>) -> Result<PcaModel, String> {
    let [k, d] = arrays.shape("components")?;
    let [scores, _] = arrays.shape::<2>("embedding")?;
    if k == 0 || d == 0 {
        return Err(format!("{k} components of {d} columns"));
    }
    if k > d.min(header.n_rows) {
        return Err(format!("{k} components of {} rows and {d} columns", header.n_rows));
    }
    if scores != 0 && scores != header.n_rows {
        return Err(format!("{scores} scores of {} rows", header.n_rows));
    }
    let variances = |name: &str| {
        let values = arrays.take::<f64>(name, &[k])?;
        match values.iter().position(|v| !(v.is_finite() && *v >= 0.0)) {
            Some(at) => Err(format!("array {name:?} holds {} at {at}", values[at])),
            None => Ok(values),
        }
    };
    let finite = |name: &str, shape: &[usize]| {
        let values = arrays.take::<f64>(name, shape)?;
        match values.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(format!("array {name:?} holds {} at {at}", values[at])),
            None => Ok(values),
        }
    };
    if !(header.noise_variance.is_finite() && header.noise_variance >= 0.0) {
        return Err(format!("a noise variance of {}", header.noise_variance));
    }
    let explained_variance = variances("explained_variance")?;
    if let Some(at) = explained_variance.windows(2).position(|w| w[0] < w[1]) {
        return Err(format!("variance {} is larger than the one before", at + 1));
    }
    let embedding = Matrix::from_vec(scores, k, arrays.finite("embedding", &[scores, k])?);
    Ok(PcaModel {
        whiten: header.whiten,
        n_rows: header.n_rows,
        mean: finite("mean", &[d])?,
        components: finite("components", &[k, d])?,
        explained_variance,
        explained_variance_ratio: variances("explained_variance_ratio")?,
        singular_values: variances("singular_values")?,
        noise_variance: header.noise_variance,
        embedding: embedding.map_err(|e| e.to_string())?,
        report: Report::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pca;

    fn sound() -> PcaModel {
        let values = (0..60).map(|i| ((i * i) % 17) as f32).collect();
        Pca::new(3).fit(&Matrix::from_vec(12, 5, values).unwrap()).unwrap()
    }

    /// Why a model is not taken that was written as any other, checksum and all.
    fn refused(change: impl FnOnce(&mut PcaModel)) -> String {
        let mut model = sound();
        change(&mut model);
        PcaModel::from_bytes(&model.to_bytes().unwrap()).unwrap_err().to_string()
    }

    #[track_caller]
    fn assert_refused(reason: &str, change: impl FnOnce(&mut PcaModel)) {
        let message = refused(change);
        assert!(message.contains(reason), "{message:?} does not tell {reason:?}");
    }

    #[test]
    fn models_that_mean_nothing_are_refused() {
        let model = sound();
        assert_eq!(PcaModel::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
        assert_refused("0 components of 5 columns", |m| {
            m.components.clear();
            m.explained_variance.clear();
            m.explained_variance_ratio.clear();
            m.singular_values.clear();
            m.embedding = Matrix::zeros(0, 0);
        });
        assert_refused("3 components of 0 columns", |m| {
            m.components.clear();
            m.mean.clear();
        });
        assert_refused("12 scores of 13 rows", |m| m.n_rows = 13);
        assert_refused("3 components of 2 rows and 5 columns", |m| m.n_rows = 2);
        assert_refused("3 components of 12 rows and 2 columns", |m| {
            m.components.truncate(6);
            m.mean.truncate(2);
        });
        assert_refused("variance 2 is larger than the one before", |m| m.explained_variance.swap(1, 2));
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert_refused(&format!("\"explained_variance\" holds {bad} at 1"), |m| m.explained_variance[1] = bad);
            assert_refused(&format!("holds {bad} at 0"), |m| m.explained_variance_ratio[0] = bad);
            assert_refused(&format!("holds {bad} at 2"), |m| m.singular_values[2] = bad);
        }
        assert_refused("a noise variance of -1", |m| m.noise_variance = -1.0);
        for bad in [f64::NAN, f64::INFINITY] {
            assert_refused(&format!("\"mean\" holds {bad} at 4"), |m| m.mean[4] = bad);
            assert_refused(&format!("\"components\" holds {bad} at 7"), |m| m.components[7] = bad);
        }
        assert_refused("embedding", |m| m.embedding.row_mut(3)[1] = f32::NAN);
    }
}
