//! When edges are sampled: umap-learn's schedule.

/// An edge from one row to another.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) head: u32,
    pub(super) tail: u32,
    /// Epochs from one sample to the next.
    every: f64,
    next: f64,
    next_repulsion: f64,
}

/// Repulsions for each attraction.
const NEGATIVE_SAMPLES: f64 = 5.0;

impl Edge {
    /// `share` is the edge's weight divided by the largest one.
    pub(super) fn new(head: u32, tail: u32, share: f32, epochs: u32) -> Self {
        let every = f64::from(epochs) / f64::from(epochs as f32 * share);
        Self { head, tail, every, next: every, next_repulsion: every / NEGATIVE_SAMPLES }
    }

    /// How many repulsions go with the attraction, if the edge is due in `epoch`. To be called for each epoch in turn.
    #[inline(always)]
    pub(super) fn sample(&mut self, epoch: u32) -> Option<u64> {
        let epoch = f64::from(epoch);
        if self.next > epoch {
            return None;
        }
        self.next += self.every;
        let every = self.every / NEGATIVE_SAMPLES;
        let repulsions = ((epoch - self.next_repulsion) / every) as u64;
        self.next_repulsion += repulsions as f64 * every;
        Some(repulsions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_those_of_the_reference() {
        // What umap-learn's arithmetic gives for edges of these shares in ten epochs: (epoch, repulsions).
        let samples = |share| {
            let mut edge = Edge::new(0, 1, share, 10);
            (0..10).filter_map(|e| edge.sample(e).map(|r| (e, r))).collect::<Vec<_>>()
        };
        assert_eq!(samples(1.0)[..3], [(1, 4), (2, 5), (3, 5)]);
        assert_eq!(samples(1.0).len(), 9);
        assert_eq!(samples(0.5), [(2, 4), (4, 5), (6, 5), (8, 5)]);
        assert_eq!(samples(0.4), [(3, 5), (5, 4), (8, 6)]);
        assert_eq!(samples(0.05), []);
    }
}
