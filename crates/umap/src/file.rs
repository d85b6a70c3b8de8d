//! A model as a file. How it is laid out and checked: `planisphere-store`.

use crate::error::Result;
use crate::model::UmapModel;
use crate::params::{Init, Umap};
use planisphere_core::Report;
use planisphere_store::{Arrays, Format, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

const FORMAT: Format = Format::new("planisphere-umap-model", "model of planisphere-umap", 1);
/// The arrays of the graph.
const GRAPH: [&str; 3] = ["graph.starts", "graph.ids", "graph.weights"];

/// What is not in the arrays.
#[derive(Serialize, Deserialize)]
struct Header {
    /// With [`Init::Random`] in the place of given positions, which are in an array.
    params: Umap,
    neighbors: usize,
}

impl UmapModel {
    /// Writes the model to a file, which is complete or, after an error, what it was before. It holds parameters, map,
    /// graph, and the vectors if the model has them ([`UmapModel::without_vectors`] leaves them out): 4 bytes a value, 8 for
    /// an edge and direction. An index that was given to the model is written too; one that it built is built again. The
    /// file is in the safetensors format, so that other programs can read the arrays. The same model gives the same bytes; the report
    /// of the run and its snapshots are not among them.
    ///
    /// ```
    /// use planisphere_core::{CounterRng, Matrix};
    /// use planisphere_umap::{Umap, UmapModel};
    ///
    /// let r = CounterRng::new(1, "example").at(0, 0);
    /// let x = Matrix::from_vec(60, 4, (0..240).map(|i| r.normal(i)).collect())?;
    /// let model = Umap::new().n_epochs(100).fit(&x)?;
    ///
    /// let folder = tempfile::tempdir()?;
    /// model.save(folder.path().join("map.model"))?;
    /// let loaded = UmapModel::load(folder.path().join("map.model"))?;
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

    /// Reads what [`UmapModel::save`] wrote. The model places rows as the one that was saved, to the bit.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be read, is no model, comes from a later version, or is
    /// truncated or was changed: [`FileError`](crate::FileError) tells which.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(FORMAT.load(path, restore)?)
    }

    /// Writes what [`UmapModel::save`] writes.
    ///
    /// # Errors
    /// As [`UmapModel::save`].
    pub fn write_to(&self, to: impl Write) -> Result<()> {
        Ok(FORMAT.write_to(to, &self.to_bytes()?)?)
    }

    /// Reads what [`UmapModel::write_to`] wrote, up to the end of `from`.
    ///
    /// # Errors
    /// As [`UmapModel::load`].
    pub fn read_from(from: impl Read) -> Result<Self> {
        Ok(FORMAT.read_from(from, restore)?)
    }

    /// Reads what [`UmapModel::to_bytes`] gave.
    ///
    /// # Errors
    /// As [`UmapModel::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(FORMAT.from_bytes(bytes, restore)?)
    }

    /// The bytes that [`UmapModel::save`] writes.
    ///
    /// # Errors
    /// As [`UmapModel::save`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let curve = [self.ab.0, self.ab.1];
        let mut arrays =
            BTreeMap::from([("embedding", Tensor::matrix(&self.embedding)), ("curve", Tensor::new(&[2], &curve))]);
        arrays.extend(GRAPH.into_iter().zip(Tensor::csr(&self.graph)));
        let mut params = self.params.clone();
        if let Init::Given(y) = &self.params.init {
            params.init = Init::Random;
            arrays.insert("init", Tensor::matrix(y));
        }
        #[cfg(feature = "knn")]
        self.known.write(&mut arrays)?;
        Ok(FORMAT.encode(&Header { params, neighbors: self.neighbors }, &arrays)?)
    }
}

/// The model, or what is wrong. Nothing is taken on trust: a checksum says that bytes are what was written, not who wrote
/// them. (Only that the graph is symmetric is believed; nothing that a model does relies on it.)
fn restore(header: Header, arrays: &Arrays<'_>) -> Result<UmapModel, String> {
    let Header { mut params, neighbors } = header;
    let embedding = arrays.matrix("embedding")?;
    let n = embedding.rows();
    if arrays.has("init") {
        params.init = Init::Given(arrays.matrix("init")?);
    }
    params.check().map_err(text)?;
    if n == 0 || embedding.cols() != params.n_components {
        return Err(format!("a map of {n} × {}, with n_components = {}", embedding.cols(), params.n_components));
    }
    if !(1..=n).contains(&neighbors) {
        return Err(format!("{neighbors} neighbors of {n} rows"));
    }
    let curve = arrays.take::<f64>("curve", &[2])?;
    if curve.iter().any(|v| !(v.is_finite() && *v > 0.0)) {
        return Err(format!("a curve of {curve:?}"));
    }
    let graph = arrays.csr(GRAPH, (n, n), |w| w > 0.0 && w <= 1.0)?;
    Ok(UmapModel {
        #[cfg(feature = "knn")]
        known: planisphere_knn::Known::read(arrays, n)?,
        params,
        embedding,
        snapshots: Vec::new(),
        graph,
        ab: (curve[0], curve[1]),
        neighbors,
        report: Report::default(),
    })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
