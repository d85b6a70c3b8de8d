//! Texts or vectors to an interactive map, in Rust, reproducible to the bit.
//!
//! This crate wires the layers together and holds no algorithm: each layer is a crate of its own, useful alone, and
//! re-exported here.
//!
//! | module | crate | what it does |
//! |---|---|---|
//! | [`core`] | planisphere-core | matrices, graphs, progress, cancellation |
//! | [`dataset`] | planisphere-dataset | CSV, TSV, JSONL and NPY in, CSV and NPY out |
//! | [`embed`] | planisphere-embed | texts to vectors: a built-in model, sentence-transformers |
//! | `embed_remote` | planisphere-embed-remote | texts to vectors by a server (feature `embed-remote`) |
//! | [`vector_cache`] | planisphere-vector-cache | vectors of texts, kept in a file |
//! | [`knn`] | planisphere-knn | neighbor graphs, quality of maps |
//! | [`pca`] | planisphere-pca | principal component analysis |
//! | [`umap`] | planisphere-umap | UMAP |
//! | [`tsne`] | planisphere-tsne | t-SNE |
//! | [`viz_spec`] | planisphere-viz-spec | Plotly figures, pages, and pictures by the feature `image` |
//! | [`labels_mace`] | planisphere-labels-mace | labels from annotators who disagree, whom to trust |
//! | [`queue_reorder`] | planisphere-queue-reorder | selections to the front of a queue |
//!
//! ```
//! use planisphere::Pipeline;
//! use planisphere::viz_spec::{Page, PlotlyJs};
//!
//! let texts = ["sort a list", "sort an array", "boil an egg", "fry an egg", "a list of lists", "egg salad"];
//! let ids: Vec<String> = (1..=6).map(|i| format!("t{i}")).collect();
//!
//! let map = Pipeline::new().fit_texts(&texts)?;
//! let figure = map.figure(&ids, None, Some(&texts.map(String::from)))?;
//! let html = Page::new().title("Lists and eggs").plotly_js(PlotlyJs::Cdn).figure(map.method(), figure).to_html()?;
//! assert!(html.contains("Lists and eggs"));
//! # Ok::<(), planisphere::Error>(())
//! ```
//!
//! # Data larger than memory
//! Principal components take a file block by block, and so do their scores:
//!
//! ```no_run
//! use planisphere::dataset::NpyBlocks;
//! use planisphere::pca::Pca;
//!
//! let file = "vectors.npy"; // 100 million rows
//! let model = Pca::new(50).fit_blocks(NpyBlocks::open(file, 10_000)?)?;
//! for block in NpyBlocks::open(file, 10_000)? {
//!     let scores = model.transform(&block?)?; // 10,000 × 50
//!     assert_eq!(scores.cols(), 50);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! Every layer is a feature of its name and on by default, but for `embed-remote`; `offline` (default) puts plotly.js into the program, so that
//! pages work without network; `hub` loads models by name; `cuda` and `metal` put transformers on GPUs (`embed::Device`); `openblas-system`, `openblas-static`, `intel-mkl-static` and
//! `netlib-static` bring LAPACK for [`pca::Backend::Lapack`], and change nothing where it is not asked for.

#[cfg(all(feature = "umap", feature = "viz-spec", feature = "vector-cache"))]
mod cached;
#[cfg(all(feature = "umap", feature = "viz-spec"))]
mod error;
#[cfg(all(feature = "umap", feature = "viz-spec"))]
mod pipeline;
#[cfg(all(feature = "umap", feature = "viz-spec"))]
mod stage;

#[cfg(all(feature = "umap", feature = "viz-spec", feature = "vector-cache"))]
pub use cached::CachedEncoder;
#[cfg(all(feature = "umap", feature = "viz-spec"))]
pub use error::{BoxError, Error, Result};
#[cfg(all(feature = "umap", feature = "viz-spec"))]
pub use pipeline::{Map, Pipeline};
#[cfg(all(feature = "umap", feature = "viz-spec"))]
pub use stage::{Embed, Project};

pub use planisphere_core as core;
#[cfg(feature = "dataset")]
pub use planisphere_dataset as dataset;
#[cfg(feature = "embed")]
pub use planisphere_embed as embed;
#[cfg(feature = "embed-remote")]
pub use planisphere_embed_remote as embed_remote;
#[cfg(feature = "knn")]
pub use planisphere_knn as knn;
#[cfg(feature = "labels-mace")]
pub use planisphere_labels_mace as labels_mace;
#[cfg(feature = "pca")]
pub use planisphere_pca as pca;
#[cfg(feature = "queue-reorder")]
pub use planisphere_queue_reorder as queue_reorder;
#[cfg(feature = "tsne")]
pub use planisphere_tsne as tsne;
#[cfg(feature = "umap")]
pub use planisphere_umap as umap;
#[cfg(feature = "vector-cache")]
pub use planisphere_vector_cache as vector_cache;
#[cfg(feature = "viz-spec")]
pub use planisphere_viz_spec as viz_spec;
