//! An index as a file.
//!
//! The container is that of safetensors: arrays by name, little end first, which other programs can read. What the arrays
//! do not say is one piece of JSON in its metadata, [`Header`]. One piece, since the order of several would not be the same
//! each time.

use super::restore::restore;
use super::tensors::{Tensor, checksum};
use super::{Index, tensors::Arrays};
use crate::error::{Error, Result};
use crate::metric::Metric;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::path::Path;

/// The key of the header in the metadata.
const KEY: &str = "planisphere-knn-index";
/// What follows the length of the metadata in every file of an index.
const START: &str = "{\"__metadata__\":{\"planisphere-knn-index\":\"";
/// The version of the format that is written, and the last that is read.
const VERSION: u64 = 1;
/// What errors call bytes that do not come from a file.
const BYTES: &str = "the data";

/// What is not in the arrays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    version: u64,
    /// Over the header with a checksum of 0, and all arrays.
    checksum: u32,
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
        let path = path.as_ref();
        let bytes = self.to_bytes()?;
        write_file(path, &bytes).map_err(|e| file_error(&path.display().to_string(), &e))
    }

    /// Reads what [`Index::save`] wrote. The index gives the same answers as the one that was saved, to the bit.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read; [`Error::NotAnIndex`], [`Error::Newer`] and [`Error::Damaged`] for a file
    /// that is none, one of a later version, and one that is truncated or was changed.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let mut file = std::fs::File::open(path).map_err(|e| file_error(&name, &e))?;
        read(&mut file, &name)
    }

    /// Writes what [`Index::save`] writes.
    ///
    /// # Errors
    /// As [`Index::save`].
    pub fn write_to(&self, mut to: impl Write) -> Result<()> {
        to.write_all(&self.to_bytes()?).and_then(|()| to.flush()).map_err(|e| file_error(BYTES, &e))
    }

    /// Reads what [`Index::write_to`] wrote, up to the end of `from`.
    ///
    /// # Errors
    /// As [`Index::load`].
    pub fn read_from(mut from: impl Read) -> Result<Self> {
        read(&mut from, BYTES)
    }

    /// Reads what [`Index::to_bytes`] gave.
    ///
    /// # Errors
    /// As [`Index::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        check_start(bytes, BYTES)?;
        parse(bytes, BYTES)
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
        let mut header = Header {
            version: VERSION,
            checksum: 0,
            metric: metric.name().to_owned(),
            base: self.base,
            graph: self.search.as_ref().map(|s| GraphHeader {
                unit: s.coder.unit,
                beam: s.width.beam,
                probes: s.width.probes,
            }),
        };
        let unwritable =
            |reason: String| Error::File { file: BYTES.to_owned(), kind: std::io::ErrorKind::InvalidData, reason };
        let json = |header: &Header| serde_json::to_string(header).map_err(|e| unwritable(e.to_string()));
        header.checksum = checksum(&json(&header)?, tensors.iter().map(|(name, t)| (*name, t)));
        let metadata = HashMap::from([(KEY.to_owned(), json(&header)?)]);
        safetensors::serialize(&tensors, Some(metadata)).map_err(|e| unwritable(e.to_string()))
    }
}

fn read(from: &mut impl Read, file: &str) -> Result<Index> {
    let mut bytes = Vec::new();
    // Nothing that is no index is read to its end.
    let start = (8 + START.len()) as u64;
    from.by_ref().take(start).read_to_end(&mut bytes).map_err(|e| file_error(file, &e))?;
    check_start(&bytes, file)?;
    from.read_to_end(&mut bytes).map_err(|e| file_error(file, &e))?;
    parse(&bytes, file)
}

fn check_start(bytes: &[u8], file: &str) -> Result<()> {
    if bytes.get(8..).is_some_and(|b| b.starts_with(START.as_bytes())) {
        return Ok(());
    }
    let problem = if bytes.len() < 8 + START.len() {
        format!("it has only {} bytes", bytes.len())
    } else {
        "it does not start as one".to_owned()
    };
    Err(Error::NotAnIndex { file: file.to_owned(), problem })
}

/// Refuses arrays that reach beyond the file, before their ends are added up.
fn check_offsets(bytes: &[u8]) -> std::result::Result<(), String> {
    let length = bytes.first_chunk::<8>().map_or(0, |b| u64::from_le_bytes(*b));
    let header = usize::try_from(length).ok().and_then(|l| bytes.get(8..)?.get(..l));
    let header = header.ok_or_else(|| "its header is longer than the file".to_owned())?;
    let tensors: HashMap<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(|e| format!("the header cannot be read: {e}"))?;
    for (name, tensor) in &tensors {
        let offsets = tensor.get("data_offsets").and_then(serde_json::Value::as_array);
        if offsets.into_iter().flatten().any(|o| o.as_u64().is_none_or(|o| o > bytes.len() as u64)) {
            return Err(format!("{name} reaches beyond the end"));
        }
    }
    Ok(())
}

fn parse(bytes: &[u8], file: &str) -> Result<Index> {
    let damaged = |problem: String| Error::Damaged { file: file.to_owned(), problem };
    check_offsets(bytes).map_err(damaged)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
    let json = metadata.metadata().as_ref().and_then(|m| m.get(KEY));
    let json = json.ok_or_else(|| damaged("there is no header".to_owned()))?;
    let header: serde_json::Value =
        serde_json::from_str(json).map_err(|e| damaged(format!("the header cannot be read: {e}")))?;
    let version = header.get("version").and_then(serde_json::Value::as_u64);
    let version = version.ok_or_else(|| damaged("the header has no version".to_owned()))?;
    if version > VERSION {
        return Err(Error::Newer { file: file.to_owned(), version, newest: VERSION });
    }
    let header: Header =
        serde_json::from_value(header).map_err(|e| damaged(format!("the header cannot be read: {e}")))?;
    let arrays = Arrays(SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?);
    let cleared = serde_json::to_string(&Header { checksum: 0, ..header.clone() });
    let cleared = cleared.map_err(|e| damaged(e.to_string()))?;
    let found = checksum(&cleared, arrays.by_name().iter().map(|(name, t)| (*name, t)));
    if found != header.checksum {
        return Err(damaged(format!("its checksum is {found:08x}, not {:08x} as it says", header.checksum)));
    }
    restore(&header, &arrays).map_err(damaged)
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

fn file_error(file: &str, error: &std::io::Error) -> Error {
    Error::File { file: file.to_owned(), kind: error.kind(), reason: error.to_string() }
}

fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".planisphere-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What a plain create asks for; the umask takes its part away.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
