//! What a project is: its items, questions, map and queue, from YAML or TOML.
//!
//! ```
//! use planisphere_dashboard::config::{Config, Format};
//!
//! let config = Config::parse("
//! annotation_task_name: Moods
//! annotation_schemes:
//!   - {name: mood, annotation_type: radio, labels: [yes, no]}
//! embedding_visualization:
//!   sampel_size: 500
//! ", Format::Yaml)?;
//! assert_eq!(config.schemes[0].labels, ["yes", "no"]);
//! assert_eq!(
//!     config.warnings[0].to_string(),
//!     "Unrecognized config key \"embedding_visualization.sampel_size\" will be ignored; \
//!      did you mean \"embedding_visualization.sample_size\"?"
//! );
//! # Ok::<(), planisphere_dashboard::config::Error>(())
//! ```

mod block;
mod diversity;
mod document;
mod embeddings;
mod error;
mod mace;
mod scheme;
mod secret;
mod server;
mod settings;
#[cfg(test)]
mod tests;
mod visualization;

pub use diversity::DiversityOrdering;
pub use embeddings::{Backend, Embeddings};
pub use error::{Error, Result, Warning};
pub use mace::MaceConfig;
pub use scheme::{Scheme, SchemeKind};
pub use secret::Secret;
pub use server::ServerConfig;
pub use settings::{LabelSource, Method, Metric, Settings, UmapSettings};
pub use visualization::Visualization;

use block::Block;
use document::Document;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest file that is taken for a configuration, in bytes.
const LONGEST_FILE: u64 = 4 << 20;

/// Keys shorter than this can be guessed.
const SHORT_KEY: usize = 16;

/// The languages that configurations are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML, with `yes` and `off` as booleans, but for labels and other texts.
    Yaml,
    /// TOML.
    Toml,
}

/// Which columns of an item are which.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemProperties {
    /// The column of the id.
    pub id_key: String,
    /// The column of the text.
    pub text_key: String,
}

impl Default for ItemProperties {
    fn default() -> Self {
        Self { id_key: "id".into(), text_key: "text".into() }
    }
}

/// What a project is.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Its name.
    pub title: String,
    /// Which columns of an item are which.
    pub item_properties: ItemProperties,
    /// Files with items.
    pub data_files: Vec<PathBuf>,
    /// Where vectors come from.
    pub embeddings: Embeddings,
    /// The map.
    pub visualization: Visualization,
    /// In which order items are handed out at first.
    pub diversity_ordering: DiversityOrdering,
    /// Whether the configuration says something of the map, or leaves what other tools need for one switched on.
    pub has_visualization: bool,
    /// The model of annotators.
    pub mace: MaceConfig,
    /// The questions, in the order in which they are asked.
    pub schemes: Vec<Scheme>,
    /// How many annotators an item needs; 0 is no limit.
    pub annotators_per_item: u32,
    /// How many items an annotator may annotate, if there is a limit.
    pub items_per_annotator: Option<u64>,
    /// For how long an item is handed out.
    pub lease: Duration,
    /// Colors of labels, as `#rrggbb`.
    pub label_colors: BTreeMap<String, String>,
    /// The key of the dashboard, if it is given here.
    pub admin_api_key: Option<Secret>,
    /// The folder of images, recordings and videos that items name.
    pub media_root: Option<PathBuf>,
    /// How the program answers.
    pub server: ServerConfig,
    /// What is odd about the configuration.
    pub warnings: Vec<Warning>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            title: "Annotation".into(),
            item_properties: ItemProperties::default(),
            data_files: Vec::new(),
            embeddings: Embeddings::default(),
            visualization: Visualization::default(),
            diversity_ordering: DiversityOrdering::default(),
            has_visualization: true,
            mace: MaceConfig::default(),
            schemes: Vec::new(),
            annotators_per_item: 3,
            items_per_annotator: None,
            lease: Duration::from_secs(30 * 60),
            label_colors: BTreeMap::new(),
            admin_api_key: None,
            media_root: None,
            server: ServerConfig::default(),
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// Reads a file whose name ends in `.yaml`, `.yml` or `.toml`. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// [`Error::Extension`], [`Error::Read`], [`Error::TooLong`], and [`Error::InFile`] with what [`Config::parse`] says.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let format = match extension.as_deref() {
            Some("yaml" | "yml") => Format::Yaml,
            Some("toml") => Format::Toml,
            _ => return Err(Error::Extension { path: path.to_owned() }),
        };
        let read = |source| Error::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(read)?;
        file.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(read)?;
        if bytes.len() as u64 > LONGEST_FILE {
            let bytes = std::fs::metadata(path).map_err(read)?.len();
            return Err(Error::TooLong { path: path.to_owned(), bytes, limit: LONGEST_FILE });
        }
        let text = String::from_utf8(bytes)
            .map_err(|e| read(std::io::Error::new(std::io::ErrorKind::InvalidData, e.utf8_error())))?;
        let mut config = Self::parse(text.strip_prefix('\u{feff}').unwrap_or(&text), format)
            .map_err(|e| Error::InFile { path: path.to_owned(), source: Box::new(e) })?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Reads a configuration. What it does not say has its default.
    ///
    /// # Errors
    /// [`Error::Syntax`] with line and column; [`Error::Invalid`] with the key and what is allowed.
    pub fn parse(text: &str, format: Format) -> Result<Self> {
        let document = match format {
            Format::Yaml => Document::yaml(text)?,
            Format::Toml => Document::toml(text)?,
        };
        Self::read(&document)
    }

    /// Reads a configuration that was parsed already.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the key and what is allowed.
    pub fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Object(map) => Self::read(&Document::of(map)),
            _ => Err(Error::invalid("the configuration", "a dictionary")),
        }
    }

    /// The scheme of this name.
    pub fn scheme(&self, name: &str) -> Option<&Scheme> {
        self.schemes.iter().find(|s| s.name == name)
    }

    /// Names of the schemes that points can be labelled by: those with one answer, or several.
    pub fn label_schemes(&self) -> Vec<&str> {
        self.schemes.iter().filter(|s| s.kind != SchemeKind::Text).map(|s| s.name.as_str()).collect()
    }

    fn read(document: &Document) -> Result<Self> {
        let d = Self::default();
        let root = Block::root(&document.value);
        // Asked for in the other reading of the same keys, so that labels stay as they are written.
        let texts = Block::root(&document.texts);
        for key in ["annotation_schemes", "label_colors", "annotation_task_name"] {
            root.get(key);
        }
        let mut warnings = Vec::new();
        let schemes = Scheme::read_all(texts.get("annotation_schemes"), &mut warnings)?;
        let names: Vec<&str> = schemes.iter().filter(|s| s.kind != SchemeKind::Text).map(|s| s.name.as_str()).collect();
        let map = root.block("embedding_visualization")?;
        let visualization = Visualization::read(&map, &names, &mut warnings)?;
        let diversity = root.block("diversity_ordering")?;
        let switched_off = !diversity.bool("enabled", true)?;
        let diversity_ordering = DiversityOrdering::read(&diversity, &mut warnings)?;
        let embeddings = Embeddings::read(&root.block("embeddings")?, &mut warnings)?;
        let mace = MaceConfig::read(&root.block("mace")?, &mut warnings)?;
        let server = ServerConfig::read(&root.block("server")?, &mut warnings)?;
        let admin_api_key = root.string("admin_api_key")?;
        if admin_api_key.as_ref().is_some_and(|key| key.len() < SHORT_KEY) {
            let reason = format!("a key of less than {SHORT_KEY} characters can be guessed");
            warnings.push(Warning::Unwise { key: "admin_api_key".into(), reason });
        }
        let config = Self {
            title: texts.string("annotation_task_name")?.unwrap_or(d.title),
            item_properties: item_properties(&root, &mut warnings)?,
            data_files: root.strings("data_files")?.into_iter().map(PathBuf::from).collect(),
            has_visualization: root.get("embedding_visualization").is_some() || !switched_off,
            media_root: root.string("media_root")?.map(PathBuf::from).or_else(|| embeddings.media_root.clone()),
            annotators_per_item: limit(&root, "max_annotations_per_item", Some(3))?.unwrap_or(0),
            items_per_annotator: limit(&root, "max_annotations_per_user", None)?.map(u64::from),
            lease: Duration::from_secs(60 * u64::from(root.at_least("lease_minutes", 1, 30)?)),
            label_colors: label_colors(texts.get("label_colors"))?,
            admin_api_key: admin_api_key.map(Secret::new),
            embeddings,
            visualization,
            diversity_ordering,
            mace,
            schemes,
            server,
            warnings,
        };
        Ok(Self { warnings: config.warnings.iter().cloned().chain(root.unknown()).collect(), ..config })
    }

    /// Makes paths relative to the folder of the configuration.
    fn resolve(&mut self, folder: &Path) {
        let files = self.data_files.iter_mut();
        for path in files.chain(&mut self.media_root).chain(&mut self.embeddings.cache_dir) {
            *path = folder.join(&*path);
        }
        self.embeddings.media_root = self.embeddings.media_root.take().map(|path| folder.join(path));
        let database = &mut self.server.database;
        let file = database.strip_prefix("sqlite:").unwrap_or(database);
        if !file.contains("://") && !file.starts_with(":memory:") && !file.starts_with("//") {
            *database = folder.join(file).to_string_lossy().into_owned();
        }
    }
}

fn item_properties(root: &Block<'_>, warnings: &mut Vec<Warning>) -> Result<ItemProperties> {
    let d = ItemProperties::default();
    let block = root.block("item_properties")?;
    let properties = ItemProperties {
        id_key: block.string("id_key")?.unwrap_or(d.id_key),
        text_key: block.string("text_key")?.unwrap_or(d.text_key),
    };
    warnings.extend(block.unknown());
    Ok(properties)
}

/// A limit of at least 1, or -1 for none.
fn limit(root: &Block<'_>, key: &'static str, default: Option<u32>) -> Result<Option<u32>> {
    match root.get(key) {
        None => Ok(default),
        Some(v) if v.as_i64() == Some(-1) => Ok(None),
        Some(_) => root.integer(key, 1..=u64::from(u32::MAX), 1, || "an integer >= 1, or -1".into()).map(Some),
    }
}

fn label_colors(value: Option<&Value>) -> Result<BTreeMap<String, String>> {
    let colors = match value {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(Error::invalid("label_colors", "a dictionary")),
    };
    let hex = |s: &&str| s.len() == 7 && s.starts_with('#') && s[1..].bytes().all(|b| b.is_ascii_hexdigit());
    let color = |(label, v): (&String, &Value)| match v.as_str().filter(hex) {
        Some(color) => Ok((label.clone(), color.to_ascii_lowercase())),
        None => Err(Error::invalid(format!("label_colors.{label}"), "a color such as '#22c55e'")),
    };
    colors.iter().map(color).collect()
}
