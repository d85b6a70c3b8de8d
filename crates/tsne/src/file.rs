//! A model as a file. How it is laid out and checked: `planisphere-store`.

use crate::affinity::Affinities;
use crate::error::Result;
use crate::model::TsneModel;
use crate::params::{Init, Repulsion, Tsne};
use planisphere_core::Report;
use planisphere_store::{Arrays, Format, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

const FORMAT: Format = Format::new("planisphere-tsne-model", "model of planisphere-tsne", 1);
/// The arrays of the affinities.
const AFFINITIES: [&str; 3] = ["affinities.starts", "affinities.ids", "affinities.values"];

/// What is not in the arrays.
#[derive(Serialize, Deserialize)]
struct Header {
    /// With [`Init::Random`] in the place of given positions, which are in an array.
    params: Tsne,
    neighbors: usize,
    repulsion: Repulsion,
    /// Whether the affinities are.
    symmetric: bool,
}

impl TsneModel {
    /// Writes the model to a file, which is complete or, after an error, what it was before. It holds parameters, map,
    /// affinities, divergences, and the vectors if the model has them ([`TsneModel::without_vectors`] leaves them out): 4
    /// bytes a value, 8 for a pair and direction. An index that was given to the model is written too; one that it built is
    /// built again. The file is in the safetensors format, so that other programs can read the arrays. The same model gives
    /// the same bytes; the report of the run and its snapshots are not among them.
    ///
    /// ```
    /// use planisphere_core::{CounterRng, Matrix};
    /// use planisphere_tsne::{Tsne, TsneModel};
    ///
    /// let r = CounterRng::new(1, "example").at(0, 0);
    /// let x = Matrix::from_vec(60, 4, (0..240).map(|i| r.normal(i)).collect())?;
    /// let model = Tsne::new().perplexity(10.0).n_iter(50).fit(&x)?;
    ///
    /// let folder = tempfile::tempdir()?;
    /// model.save(folder.path().join("map.model"))?;
    /// let loaded = TsneModel::load(folder.path().join("map.model"))?;
    /// assert_eq!(loaded.embedding(), model.embedding());
    /// let new = Matrix::from_rows([[0.5; 4]])?;
    /// assert_eq!(loaded.transform(&new)?, model.transform(&new)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be written; [`Error::Neighbors`](crate::Error::Neighbors) for a
    /// model with an index of a distance of one's own.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(FORMAT.save(path, &self.to_bytes()?)?)
    }

    /// Reads what [`TsneModel::save`] wrote. The model places rows as the one that was saved, to the bit.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be read, is no model, comes from a later version, or is
    /// truncated or was changed: [`FileError`](crate::FileError) tells which.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(FORMAT.load(path, restore)?)
    }

    /// Writes what [`TsneModel::save`] writes.
    ///
    /// # Errors
    /// As [`TsneModel::save`].
    pub fn write_to(&self, to: impl Write) -> Result<()> {
        Ok(FORMAT.write_to(to, &self.to_bytes()?)?)
    }

    /// Reads what [`TsneModel::write_to`] wrote, up to the end of `from`.
    ///
    /// # Errors
    /// As [`TsneModel::load`].
    pub fn read_from(from: impl Read) -> Result<Self> {
        Ok(FORMAT.read_from(from, restore)?)
    }

    /// Reads what [`TsneModel::to_bytes`] gave.
    ///
    /// # Errors
    /// As [`TsneModel::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(FORMAT.from_bytes(bytes, restore)?)
    }

    /// The bytes that [`TsneModel::save`] writes.
    ///
    /// # Errors
    /// As [`TsneModel::save`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (iterations, values): (Vec<u32>, Vec<f64>) = self.divergences.iter().copied().unzip();
        let last = [self.divergence];
        let mut arrays = BTreeMap::from([
            ("embedding", Tensor::matrix(&self.embedding)),
            ("divergence", Tensor::new(&[1], &last)),
            ("divergences.iterations", Tensor::new(&[iterations.len()], &iterations)),
            ("divergences.values", Tensor::new(&[values.len()], &values)),
        ]);
        arrays.extend(AFFINITIES.into_iter().zip(Tensor::csr(self.affinities.matrix())));
        let mut params = self.params.clone();
        if let Init::Given(y) = &self.params.init {
            params.init = Init::Random;
            arrays.insert("init", Tensor::matrix(y));
        }
        #[cfg(feature = "knn")]
        self.known.write(&mut arrays)?;
        let (neighbors, repulsion, symmetric) = (self.neighbors, self.repulsion, self.affinities.is_symmetric());
        Ok(FORMAT.encode(&Header { params, neighbors, repulsion, symmetric }, &arrays)?)
    }
}

/// The model, or what is wrong. Nothing is taken on trust: a checksum says that bytes are what was written, not who wrote
/// them. (Only the divergences, and that affinities add up to 1, are believed; nothing that a model does relies on these.)
fn restore(header: Header, arrays: &Arrays<'_>) -> Result<TsneModel, String> {
    let Header { mut params, neighbors, repulsion, symmetric } = header;
    let embedding = arrays.matrix("embedding")?;
    let n = embedding.rows();
    if arrays.has("init") {
        params.init = Init::Given(arrays.matrix("init")?);
    }
    params.check().map_err(text)?;
    if n == 0 || embedding.cols() != params.n_components {
        return Err(format!("a map of {n} × {}, with n_components = {}", embedding.cols(), params.n_components));
    }
    if neighbors >= n {
        return Err(format!("{neighbors} neighbors of {n} rows"));
    }
    if repulsion == Repulsion::Auto {
        return Err("it does not say how repulsion was computed".to_owned());
    }
    params.clone().repulsion(repulsion).check().map_err(text)?;
    let p = arrays.csr(AFFINITIES, (n, n), |p| p > 0.0 && p <= 1.0)?;
    let [count] = arrays.shape("divergences.iterations")?;
    let iterations = arrays.take::<u32>("divergences.iterations", &[count])?;
    let values = arrays.take::<f64>("divergences.values", &[count])?;
    Ok(TsneModel {
        #[cfg(feature = "knn")]
        known: planisphere_knn::Known::read(arrays, n)?,
        params,
        embedding,
        snapshots: Vec::new(),
        affinities: Affinities::restored(p, symmetric)?,
        neighbors,
        repulsion,
        divergence: arrays.take::<f64>("divergence", &[1])?[0],
        divergences: iterations.into_iter().zip(values).collect(),
        report: Report::default(),
    })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(all(test, feature = "knn"))]
mod tests {
    use super::*;
    use crate::Error;
    use planisphere_core::{CounterRng, Csr, Matrix};

    /// What is told of a file whose checksum is right and whose content is not.
    fn refused(change: impl FnOnce(&mut TsneModel)) -> String {
        let r = CounterRng::new(1, "file test").at(0, 0);
        let x = Matrix::from_vec(40, 3, (0..120).map(|i| r.normal(i)).collect()).unwrap();
        let mut model = Tsne::new().perplexity(5.0).early_exaggeration_iter(5).n_iter(5).fit(x).unwrap();
        change(&mut model);
        match TsneModel::from_bytes(&model.to_bytes().unwrap()) {
            Err(Error::File(e)) => e.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        type Spoil = fn(&mut TsneModel);
        let all: [(&str, Spoil); 8] = [
            ("40 neighbors of 40 rows", |m| m.neighbors = 40),
            ("how repulsion was computed", |m| m.repulsion = Repulsion::Auto),
            ("is for 2 and 3 dimensions", |m| {
                (m.repulsion, m.params.n_components, m.embedding) = (Repulsion::BARNES_HUT, 1, Matrix::zeros(40, 1));
            }),
            ("dof = 0", |m| m.params.dof = 0.0),
            ("a map of 40 × 2, with n_components = 3", |m| m.params.n_components = 3),
            ("holds NaN at 3", |m| m.embedding.data_mut()[3] = f32::NAN),
            ("39 × 3 vectors for 40 rows", |m| {
                m.known = planisphere_knn::Known::from_vectors(Matrix::zeros(39, 3));
            }),
            ("holds 2 at 0", |m| {
                let starts = (0..=40).map(|i| usize::from(i > 0)).collect();
                m.affinities = Affinities::restored(Csr::new(40, starts, vec![1], vec![2.0]).unwrap(), false).unwrap();
            }),
        ];
        for (text, change) in all {
            let told = refused(change);
            assert!(told.contains(text), "{told}");
        }
    }
    #[test]
    fn no_row_is_drawn_to_itself() {
        let p = Csr::new(2, vec![0, 1, 3], vec![1, 0, 1], vec![0.5; 3]).unwrap();
        assert_eq!(Affinities::restored(p, true), Err("row 1 has an affinity to itself".to_owned()));
        let p = Csr::new(2, vec![0, 1, 1], vec![1], vec![1.0]).unwrap();
        assert!(Affinities::restored(p.clone(), true).unwrap_err().contains("symmetric"));
        assert!(!Affinities::restored(p, false).unwrap().is_symmetric());
    }
}
