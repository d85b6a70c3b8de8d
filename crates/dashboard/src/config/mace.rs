//! The block `mace`.

use super::block::Block;
use super::error::{Result, Warning};

/// The model of annotators: whether there is one, what it needs and when it runs.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct MaceConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// It runs again after so many new pairs of an item and an annotator, at least 1.
    pub trigger_every_n: u32,
    /// Items count that have so many votes, at least 2.
    pub min_annotations_per_item: u32,
    /// A scheme counts that has so many such items, at least 1.
    pub min_items: u32,
    /// Random starts, at least 1.
    pub num_restarts: u32,
    /// Iterations of each, at least 1.
    pub num_iters: u32,
    /// Prior of guessing, above 0.
    pub alpha: f64,
    /// Prior of knowing, above 0.
    pub beta: f64,
}

impl Default for MaceConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            trigger_every_n: 10,
            min_annotations_per_item: 3,
            min_items: 5,
            num_restarts: 10,
            num_iters: 50,
            alpha: 0.5,
            beta: 0.5,
        }
    }
}

impl MaceConfig {
    pub(super) fn read(block: &Block<'_>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let d = Self::default();
        if !block.bool("enabled", d.enabled)? {
            return Ok(d);
        }
        let positive = |key, default| block.number(key, default, |x| x > 0.0 && x.is_finite(), "a positive number");
        let few = |key, default| block.integer(key, 1..=1000, default, || "an integer from 1 to 1000".into());
        let config = Self {
            enabled: true,
            trigger_every_n: block.at_least("trigger_every_n", 1, d.trigger_every_n)?,
            min_annotations_per_item: block.at_least("min_annotations_per_item", 2, d.min_annotations_per_item)?,
            min_items: block.at_least("min_items", 1, d.min_items)?,
            num_restarts: few("num_restarts", d.num_restarts)?,
            num_iters: few("num_iters", d.num_iters)?,
            alpha: positive("alpha", d.alpha)?,
            beta: positive("beta", d.beta)?,
        };
        warnings.extend(block.unknown());
        Ok(config)
    }
}
