//! The block `diversity_ordering`.

use super::block::Block;
use super::error::{Result, Warning};

/// In which order items are handed out that nobody has put anywhere: one from each cluster of their vectors in turn.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct DiversityOrdering {
    /// Whether items are ordered so; as they come, otherwise.
    pub enabled: bool,
    /// Number of clusters, at least 2, if `auto_clusters` is false.
    pub num_clusters: u32,
    /// Items of a cluster, at least 1, if `auto_clusters` is true.
    pub items_per_cluster: u32,
    /// Whether the number of clusters follows from that of the items.
    pub auto_clusters: bool,
}

impl Default for DiversityOrdering {
    fn default() -> Self {
        Self { enabled: false, num_clusters: 10, items_per_cluster: 20, auto_clusters: true }
    }
}

/// Why the other keys of other tools do nothing here.
const REASONS: &[(&str, &str)] = &[
    ("model_name", "texts are embedded by the model of embeddings.model"),
    ("prefill_count", "all items are embedded when they come"),
    ("batch_size", "batches are as long as the model likes them"),
    ("cache_dir", "vectors are kept in the database"),
    ("recluster_threshold", "new items go to the back of the queue"),
    ("preserve_visited", "items are ordered once, when they come"),
    ("trigger_ai_prefetch", "there is nothing to fetch"),
];

impl DiversityOrdering {
    pub(super) fn read(block: &Block<'_>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let d = Self::default();
        if !block.bool("enabled", d.enabled)? {
            return Ok(d);
        }
        let config = Self {
            enabled: true,
            num_clusters: block.at_least("num_clusters", 2, d.num_clusters)?,
            items_per_cluster: block.at_least("items_per_cluster", 1, d.items_per_cluster)?,
            auto_clusters: block.bool("auto_clusters", d.auto_clusters)?,
        };
        block.string("model_name")?;
        block.at_least("prefill_count", 0, 100)?;
        block.at_least("batch_size", 1, 32)?;
        block.string("cache_dir")?;
        block.number("recluster_threshold", 1.0, |x| (0.0..=1.0).contains(&x), "a number between 0 and 1")?;
        block.bool("preserve_visited", true)?;
        block.bool("trigger_ai_prefetch", true)?;
        let dead = REASONS.iter().filter(|(key, _)| block.has(key));
        warnings.extend(dead.map(|(key, reason)| Warning::NoEffect { key: block.key(key), reason: (*reason).into() }));
        warnings.extend(block.unknown());
        Ok(config)
    }
}
