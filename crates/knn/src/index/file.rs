//! An index as a file. How it is laid out and checked: `planisphere-store`.

use super::Index;
use super::restore::restore;
use crate::error::{Error, Result};
use crate::metric::Metric;
use planisphere_store::{Format, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

const FORMAT: Format = Format::new("planisphere-knn-index", "index of planisphere-knn", 1);

/// What is not in the arrays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The name; parameters are in an array, where none of their bits is lost.
    pub(super) metric: String,
    /// How many points the space was made from.
    pub(super) base: usize,
    pub(super) graph: Option<GraphHeader>,
}

/// Of an approximate index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct GraphHeader {
    pub(super) unit: bool,
    pub(super) beam: usize,
    pub(super) probes: usize,
}

impl Index {
    /// Writes the index to a file, which is complete or, after an error, what it was before: under another name in the same
    /// folder first. The file is in the safetensors format, about as large as the index in memory. The same index gives the
    /// same bytes.
    ///
    /// # Errors
    /// [`Error::Unnamed`] for an index with a distance of one's own; [`Error::File`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(FORMAT.save(path, &self.to_bytes()?)?)
    }

    /// Reads what [`Index::save`] wrote. The index gives the same answers as the one that was saved, to the bit.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read; [`Error::NotAnIndex`], [`Error::Newer`] and [`Error::Damaged`] for a file
    /// that is none, one of a later version, and one that is truncated or was changed.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(FORMAT.load(path, restore)?)
    }

    /// Writes what [`Index::save`] writes.
    ///
    /// # Errors
    /// As [`Index::save`].
    pub fn write_to(&self, to: impl Write) -> Result<()> {
        Ok(FORMAT.write_to(to, &self.to_bytes()?)?)
    }

    /// Reads what [`Index::write_to`] wrote, up to the end of `from`.
    ///
    /// # Errors
    /// As [`Index::load`].
    pub fn read_from(from: impl Read) -> Result<Self> {
        Ok(FORMAT.read_from(from, restore)?)
    }

    /// Reads what [`Index::to_bytes`] gave.
    ///
    /// # Errors
    /// As [`Index::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(FORMAT.from_bytes(bytes, restore)?)
    }

    /// The bytes that [`Index::save`] writes.
    ///
    /// # Errors
    /// [`Error::Unnamed`] for an index with a distance of one's own; [`Error::InvalidParam`] for an effort out of range.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.check_effort()?;
        let metric = self.metric().ok_or(Error::Unnamed)?;
        let parameters = parameters(metric);
        let points = self.points.view();
        let mut tensors = BTreeMap::from([
            ("points", Tensor::new(&[points.rows(), points.cols()], points.data())),
            ("metric", Tensor::new(&[parameters.len()], &parameters)),
        ]);
        let graph = self.search.as_ref().map(|s| s.graph(s.lists.k)).transpose()?;
        let (bounds, settings);
        if let (Some(s), Some(graph)) = (&self.search, &graph) {
            let (n, k) = (graph.n(), graph.k());
            let (codes, centers, basis) = (&s.groups.proxy, &s.centers.proxy, &s.coder.basis);
            bounds = s.groups.bounds.iter().map(|&b| b as u64).collect::<Vec<u64>>();
            settings = [self.effort, s.recall, s.factor];
            tensors.extend([
                ("neighbors.ids", Tensor::new(&[n, k], graph.ids())),
                ("neighbors.dists", Tensor::new(&[n, k], graph.dists())),
                ("groups.order", Tensor::new(&[n], &s.groups.order)),
                ("groups.bounds", Tensor::new(&[bounds.len()], &bounds)),
                ("codes", Tensor::new(&[n, codes.stride], &codes.codes)),
                ("codes.scales", Tensor::new(&[n], &codes.scales)),
                ("codes.norms", Tensor::new(&[n], &codes.norms)),
                ("centers", Tensor::new(&[centers.len(), centers.stride], &centers.codes)),
                ("centers.scales", Tensor::new(&[centers.len()], &centers.scales)),
                ("centers.norms", Tensor::new(&[centers.len()], &centers.norms)),
                ("coder.center", Tensor::new(&[basis.center.len()], &basis.center)),
                ("settings", Tensor::new(&[settings.len()], &settings)),
            ]);
            if let Some(directions) = &basis.directions {
                let shape = [directions.rows(), directions.cols()];
                tensors.insert("coder.directions", Tensor::new(&shape, directions.data()));
            }
        }
        let header = Header {
            metric: metric.name().to_owned(),
            base: self.base,
            graph: self.search.as_ref().map(|s| GraphHeader {
                unit: s.coder.unit,
                beam: s.width.beam,
                probes: s.width.probes,
            }),
        };
        Ok(FORMAT.encode(&header, &tensors)?)
    }
}

/// The parameters of a metric.
fn parameters(metric: &Metric) -> Vec<f64> {
    match metric {
        Metric::Minkowski { p } => vec![*p],
        Metric::WMinkowski { p, w } => [&[*p][..], w].concat(),
        Metric::SEuclidean { v } => v.clone(),
        Metric::Mahalanobis { vi } => vi.clone(),
        _ => Vec::new(),
    }
}

/// The metric that [`parameters`] and its name tell.
pub(super) fn metric(name: &str, parameters: Vec<f64>) -> Result<Metric, String> {
    let exponent = || parameters.first().copied().ok_or_else(|| format!("{name} has no exponent"));
    Ok(match name {
        "minkowski" => Metric::Minkowski { p: exponent()? },
        "wminkowski" => Metric::WMinkowski { p: exponent()?, w: parameters[1..].to_vec() },
        "seuclidean" => Metric::SEuclidean { v: parameters },
        "mahalanobis" => Metric::Mahalanobis { vi: parameters },
        name => {
            let found = Metric::ALL.iter().find(|m| m.name() == name);
            found.cloned().ok_or_else(|| format!("there is no metric {name:?}"))?
        }
    })
}
