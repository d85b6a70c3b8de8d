//! Models that `map` keeps and `place` puts new rows on.

use crate::Failure;
use planisphere::core::{Context, Matrix, Stage};
use planisphere::pca::{self, PcaModel};
use planisphere::tsne::{self, TsneModel};
use planisphere::umap::{self, FileError, UmapModel};
use std::path::Path;

/// A fitted map, of whatever method.
#[derive(Debug)]
pub enum Model {
    /// Of `--method umap`.
    Umap(Box<UmapModel>),
    /// Of `--method tsne`.
    Tsne(Box<TsneModel>),
    /// Of `--method pca`.
    Pca(Box<PcaModel>),
}

/// Why new rows cannot be placed.
#[derive(Debug)]
pub enum NotPlaced {
    /// The model has not kept the vectors of its rows.
    NoVectors,
    /// The new rows have another number of columns.
    Columns {
        /// Columns that the model was made from.
        expected: usize,
        /// Columns given.
        got: usize,
    },
    /// Anything else.
    Other(Failure),
}

impl Model {
    /// Writes the model to a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        match self {
            Self::Umap(m) => m.save(path)?,
            Self::Tsne(m) => m.save(path)?,
            Self::Pca(m) => m.save(path)?,
        }
        Ok(())
    }

    /// Reads a model of any method.
    ///
    /// # Errors
    /// If the file cannot be read, or is no model.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        // Files tell in their first bytes what they are, and nothing more is read of those that are something else.
        match UmapModel::load(path) {
            Err(umap::Error::File(FileError::Foreign { .. })) => {}
            other => return Ok(Self::Umap(Box::new(other?))),
        }
        match TsneModel::load(path) {
            Err(tsne::Error::File(FileError::Foreign { .. })) => {}
            other => return Ok(Self::Tsne(Box::new(other?))),
        }
        match PcaModel::load(path) {
            Err(pca::Error::File(FileError::Foreign { .. })) => {
                Err(Failure::Run(format!("{}: is no model of UMAP, t-SNE or PCA", path.display()).into()))
            }
            other => Ok(Self::Pca(Box::new(other?))),
        }
    }

    /// The positions of the rows that the map was made from.
    pub fn embedding(&self) -> &Matrix {
        match self {
            Self::Umap(m) => m.embedding(),
            Self::Tsne(m) => m.embedding(),
            Self::Pca(m) => m.embedding(),
        }
    }

    /// The positions alone.
    pub fn into_embedding(self) -> Matrix {
        match self {
            Self::Umap(m) => m.into_embedding(),
            Self::Tsne(m) => m.into_embedding(),
            Self::Pca(m) => m.into_embedding(),
        }
    }

    /// What `map --method` calls the method.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Umap(_) => "umap",
            Self::Tsne(_) => "tsne",
            Self::Pca(_) => "pca",
        }
    }

    /// Names and values of the parameters that matter for new rows.
    ///
    /// # Errors
    /// None that are known of: parameters can be written as JSON.
    pub fn parameters(&self) -> Result<Vec<(&'static str, serde_json::Value)>, Failure> {
        let (params, names): (_, &[_]) = match self {
            Self::Umap(m) => (serde_json::to_value(m.params())?, &["metric", "n_neighbors", "n_epochs", "seed"]),
            Self::Tsne(m) => (serde_json::to_value(m.params())?, &["metric", "dof", "seed"]),
            Self::Pca(m) => (serde_json::json!({ "n_components": m.n_components() }), &["n_components"]),
        };
        Ok(names.iter().map(|&name| (name, params[name].clone())).collect())
    }

    /// Places new rows.
    ///
    /// # Errors
    /// [`NotPlaced`].
    pub fn transform(&self, x: &Matrix, cx: &mut Context<'_>) -> Result<Matrix, NotPlaced> {
        match self {
            Self::Umap(m) => m.transform_with(x, cx).map_err(|e| match e {
                umap::Error::NoVectors => NotPlaced::NoVectors,
                umap::Error::Columns { expected, got } => NotPlaced::Columns { expected, got },
                other => NotPlaced::Other(other.into()),
            }),
            Self::Tsne(m) => m.transform_with(x, cx).map_err(|e| match e {
                tsne::Error::NoVectors => NotPlaced::NoVectors,
                tsne::Error::Columns { expected, got } => NotPlaced::Columns { expected, got },
                other => NotPlaced::Other(other.into()),
            }),
            Self::Pca(m) => {
                let placed = cx.run(|cx| cx.stage(Stage::Layout, 1.0, |_| m.transform(x)));
                placed.map_err(|e| NotPlaced::Other(e.into()))?.map_err(|e| match e {
                    pca::Error::Columns { expected, got } => NotPlaced::Columns { expected, got },
                    other => NotPlaced::Other(other.into()),
                })
            }
        }
    }
}
