//! Orders of a queue by what is known of its items.

mod density;
mod farthest;
mod hybrid;
mod nearest;
mod ranking;
mod scores;
mod shuffle;
mod spread;
mod turns;
mod votes;

pub use density::{Density, mean_similarity, neighbor_distance, neighbor_similarity};
pub use farthest::{Farthest, FarthestFirst, First};
pub use hybrid::Hybrid;
pub use nearest::{Metric, novelty, novelty_with};
pub use ranking::Ranking;
pub use scores::{ByScore, Direction, Unknown};
pub use shuffle::Shuffle;
pub use spread::Spread;
pub use turns::{cluster_turns, cluster_turns_among};
pub use votes::Disagreement;

use crate::error::{Error, Result};

/// One of these for each item.
fn same_length(what: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Error::Lengths { what, expected, got }) }
}

/// Whether a score is finite and not negative.
fn amount(what: &str, item: usize, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::Score { what: what.to_owned(), item, value, reason: "must be a finite number, not negative" })
}
