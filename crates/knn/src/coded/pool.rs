//! The best candidates of a query by the coded distance.

/// Keeps the best of what is pushed.
#[derive(Default)]
pub(crate) struct Pool {
    pub(crate) entries: Vec<(f32, u32)>,
    /// What is farther need not be pushed: once the pool is full, the largest number below its farthest, so that of many
    /// equals the first to come stay.
    pub(crate) cut: f32,
    keep: usize,
}

impl Pool {
    /// Empties the pool; it will keep the `keep` best at most at distance `cut`.
    pub(crate) fn start(&mut self, keep: usize, cut: f32) {
        self.entries.clear();
        self.cut = cut;
        self.keep = keep;
    }

    #[inline]
    pub(crate) fn push(&mut self, d: f32, id: u32) {
        if d <= self.cut {
            self.entries.push((d, id));
            if self.entries.len() >= 2 * self.keep + 32 {
                self.finish();
            }
        }
    }

    /// Drops all but the best, ties by id.
    #[inline(never)]
    pub(crate) fn finish(&mut self) {
        if self.entries.len() > self.keep {
            let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            self.entries.select_nth_unstable_by(self.keep - 1, order);
            self.entries.truncate(self.keep);
            self.cut = self.entries[self.keep - 1].0.next_down();
        }
    }
}
