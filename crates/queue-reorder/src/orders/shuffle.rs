//! Items at random.

use super::Ranking;
use planisphere_core::CounterRng;
use serde::{Deserialize, Serialize};

/// Items at random: the same order for the same seed and number of items, on any machine.
///
/// ```
/// use planisphere_queue_reorder::Shuffle;
/// let ranking = Shuffle::new(42).rank(1000);
/// assert_eq!(ranking, Shuffle::new(42).rank(1000));
/// assert_ne!(ranking, Shuffle::new(43).rank(1000));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shuffle {
    seed: u64,
}

impl Default for Shuffle {
    fn default() -> Self {
        Self { seed: 42 }
    }
}

impl Shuffle {
    /// A shuffle of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// All of `items` items.
    pub fn rank(&self, items: usize) -> Ranking {
        let mut positions: Vec<usize> = (0..items).collect();
        CounterRng::new(self.seed, "shuffled queue").shuffle(&mut positions);
        Ranking::of(items, positions)
    }
}
