//! What of a configuration can be changed while the program runs.

use super::block::Block;
use super::error::{Error, Result};
use serde::Serialize;
use serde_json::{Map, Value};

/// Where the labels of points come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelSource {
    /// The model of annotators, or the majority as long as there is none.
    #[default]
    Mace,
    /// The label that most annotators gave.
    Majority,
}

/// How a map is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// UMAP.
    #[default]
    Umap,
    /// t-SNE.
    Tsne,
    /// Principal components.
    Pca,
}

/// How far apart vectors are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// One less the cosine of the angle between them.
    #[default]
    Cosine,
    /// The straight line.
    Euclidean,
    /// The sum over the dimensions.
    Manhattan,
    /// One less the correlation.
    Correlation,
}

const SOURCES: &[(&str, LabelSource)] = &[("mace", LabelSource::Mace), ("majority", LabelSource::Majority)];
const METHODS: &[(&str, Method)] = &[("umap", Method::Umap), ("tsne", Method::Tsne), ("pca", Method::Pca)];
const METRICS: &[(&str, Metric)] = &[
    ("cosine", Metric::Cosine),
    ("euclidean", Metric::Euclidean),
    ("manhattan", Metric::Manhattan),
    ("correlation", Metric::Correlation),
];

macro_rules! named {
    ($($type:ty, $names:expr;)*) => {$(
        impl $type {
            /// Its name in configurations and requests.
            pub fn name(self) -> &'static str {
                $names.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| *name)
            }

            /// The one of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                $names.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
            }
        }
    )*};
}
named! { LabelSource, SOURCES; Method, METHODS; Metric, METRICS; }

impl From<Metric> for planisphere::knn::Metric {
    fn from(m: Metric) -> Self {
        match m {
            Metric::Cosine => Self::Cosine,
            Metric::Euclidean => Self::Euclidean,
            Metric::Manhattan => Self::Manhattan,
            Metric::Correlation => Self::Correlation,
        }
    }
}

/// Parameters of UMAP.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct UmapSettings {
    /// Neighbors of each point, at least 2; fewer points than that have as many as there are.
    pub n_neighbors: u32,
    /// How close points may lie, from 0 to 1.
    pub min_dist: f64,
    /// How far apart vectors are.
    pub metric: Metric,
}

impl Default for UmapSettings {
    fn default() -> Self {
        Self { n_neighbors: 15, min_dist: 0.1, metric: Metric::Cosine }
    }
}

/// What of a configuration can be changed while the program runs: what the map shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// How the map is made.
    pub method: Method,
    /// Where labels come from.
    pub label_source: LabelSource,
    /// The scheme that labels are of; the first one that has labels, if there is none.
    pub schema: Option<String>,
    /// How many items the map shows, at least 1.
    pub sample_size: usize,
    /// Whether all annotated items are among them, even if they are more.
    pub include_all_annotated: bool,
    /// Parameters of UMAP; t-SNE takes the metric.
    pub umap: UmapSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            method: Method::Umap,
            label_source: LabelSource::Mace,
            schema: None,
            sample_size: 1000,
            include_all_annotated: true,
            umap: UmapSettings::default(),
        }
    }
}

impl Settings {
    /// These settings with those keys that `changes` names set to its values; `null` sets `schema` back.
    ///
    /// ```
    /// use planisphere_dashboard::config::Settings;
    /// use serde_json::json;
    ///
    /// let settings = Settings::default().changed(&json!({"sample_size": 20, "umap": {"min_dist": 0}}), &["mood"])?;
    /// assert_eq!((settings.sample_size, settings.umap.min_dist, settings.umap.n_neighbors), (20, 0.0, 15));
    /// let wrong = settings.changed(&json!({"umap": {"n_neighbors": 1}}), &["mood"]).unwrap_err();
    /// assert_eq!(wrong.to_string(), "embedding_visualization.umap.n_neighbors must be an integer >= 2");
    /// # Ok::<(), planisphere_dashboard::config::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Unknown`].
    pub fn changed(&self, changes: &Value, schemes: &[&str]) -> Result<Self> {
        let block = Block::at("embedding_visualization", Some(changes))?;
        let (changed, unknown) = self.read(&block, schemes)?;
        match unknown.into_iter().chain(block.unknown()).next() {
            Some(unknown) => Err(Error::Unknown(unknown)),
            None => Ok(changed),
        }
    }

    /// The settings of a block, these where it says nothing, and the unknown keys of the blocks in it.
    pub(super) fn read(&self, block: &Block<'_>, schemes: &[&str]) -> Result<(Self, Vec<super::Warning>)> {
        let umap = block.block("umap")?;
        let settings = Self {
            method: block.one_of("method", METHODS, self.method)?,
            label_source: block.one_of("label_source", SOURCES, self.label_source)?,
            schema: schema(self, block, schemes)?,
            sample_size: block
                .integer("sample_size", 1..=u64::from(u32::MAX), self.sample_size, || "a positive integer".into())?,
            include_all_annotated: block.bool("include_all_annotated", self.include_all_annotated)?,
            umap: UmapSettings {
                n_neighbors: umap.at_least("n_neighbors", 2, self.umap.n_neighbors)?,
                min_dist: umap.number(
                    "min_dist",
                    self.umap.min_dist,
                    |x| (0.0..=1.0).contains(&x),
                    "a number between 0 and 1",
                )?,
                metric: umap.one_of("metric", METRICS, self.umap.metric)?,
            },
        };
        Ok((settings, umap.unknown()))
    }

    /// As the page and the store have them.
    pub fn to_value(&self) -> Value {
        // Names, numbers and booleans can always be written.
        serde_json::to_value(self).unwrap_or_else(|_| Value::Object(Map::new()))
    }
}

fn schema(settings: &Settings, block: &Block<'_>, schemes: &[&str]) -> Result<Option<String>> {
    match block.string("schema")? {
        None if block.has("schema") => Ok(None),
        None => Ok(settings.schema.clone()),
        Some(name) if schemes.contains(&name.as_str()) => Ok(Some(name)),
        Some(_) => {
            let list: Vec<String> = schemes.iter().map(|s| format!("'{s}'")).collect();
            Err(Error::invalid(block.key("schema"), format!("one of: [{}]", list.join(", "))))
        }
    }
}
