//! The stages of a pipeline that can be replaced.

use crate::error::BoxError;
#[cfg(any(feature = "embed", feature = "embed-remote"))]
use planisphere_core::Stage;
use planisphere_core::{Context, Matrix, MatrixView};
use planisphere_pca::Pca;
#[cfg(feature = "tsne")]
use planisphere_tsne::Tsne;
use planisphere_umap::Umap;

/// Turns texts into vectors: the first stage. Implemented by [`Encoder`](planisphere_embed::Encoder), by `RemoteEncoder` of
/// `embed_remote`, by `CachedEncoder`, which keeps their vectors in a file, and by any function
/// `Fn(&[&str], &mut Context) -> Result<Matrix, BoxError>`.
pub trait Embed: Send + Sync {
    /// One row a text, in their order.
    ///
    /// # Errors
    /// The encoder's own.
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix, BoxError>;
}

/// Turns vectors into a map: the second stage. Implemented by [`Umap`], [`Tsne`](planisphere_tsne::Tsne), [`Pca`], and
/// by any function `Fn(MatrixView, &mut Context) -> Result<Matrix, BoxError>`.
pub trait Project: Send + Sync {
    /// Name of the method, for pages and reports.
    fn name(&self) -> &str {
        "map"
    }

    /// One row a row, in their order.
    ///
    /// # Errors
    /// The method's own.
    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, BoxError>;
}

#[cfg(feature = "embed")]
impl Embed for planisphere_embed::Encoder {
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        let vectors = cx.stage(Stage::Embed, 0.3, |cx| self.encode_with(texts, cx));
        vectors.map_err(|e| match e {
            planisphere_embed::Error::Cancelled(c) => c.into(),
            e => e.into(),
        })
    }
}

#[cfg(feature = "embed-remote")]
impl Embed for planisphere_embed_remote::RemoteEncoder {
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        let vectors = cx.stage(Stage::Embed, 0.3, |cx| self.encode_with(texts, cx));
        vectors.map_err(|e| match e {
            planisphere_embed_remote::Error::Cancelled(c) => c.into(),
            e => e.into(),
        })
    }
}

impl<F: Fn(&[&str], &mut Context<'_>) -> Result<Matrix, BoxError> + Send + Sync> Embed for F {
    fn embed(&self, texts: &[&str], cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        self(texts, cx)
    }
}

impl Project for Umap {
    fn name(&self) -> &str {
        "UMAP"
    }

    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        // Only the map is wanted.
        match self.clone().keep_vectors(false).fit_with(x, cx) {
            Ok(model) => Ok(model.into_embedding()),
            Err(planisphere_umap::Error::Cancelled(c)) => Err(c.into()),
            Err(e) => Err(e.into()),
        }
    }
}

#[cfg(feature = "tsne")]
impl Project for Tsne {
    fn name(&self) -> &str {
        "t-SNE"
    }

    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        // Only the map is wanted.
        match self.clone().keep_vectors(false).fit_with(x, cx) {
            Ok(model) => Ok(model.into_embedding()),
            Err(planisphere_tsne::Error::Cancelled(c)) => Err(c.into()),
            Err(e) => Err(e.into()),
        }
    }
}

impl Project for Pca {
    fn name(&self) -> &str {
        "PCA"
    }

    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        match self.fit_with(x, cx) {
            Ok(model) => Ok(model.into_embedding()),
            Err(planisphere_pca::Error::Cancelled(c)) => Err(c.into()),
            Err(e) => Err(e.into()),
        }
    }
}

impl<F: Fn(MatrixView<'_>, &mut Context<'_>) -> Result<Matrix, BoxError> + Send + Sync> Project for F {
    fn project(&self, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Matrix, BoxError> {
        self(x, cx)
    }
}
