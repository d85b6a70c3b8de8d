//! Rows with what measures them, and how their distances relate to lengths.

use crate::space::{Dense, Rows, Space};

/// Prepared rows in their space.
#[derive(Clone, Copy)]
pub(crate) struct Measured<'a, 'm> {
    pub(crate) space: &'a Space,
    pub(crate) rows: &'a Rows<'m>,
}

impl Measured<'_, '_> {
    /// Distances of row `i` to the rows `ids`.
    pub(crate) fn distances(&self, i: usize, ids: &[u32], out: &mut Vec<f32>) {
        out.resize(ids.len(), 0.0);
        self.space.distances_to(self.rows, i, self.rows, ids, out);
    }
}

/// How distances bound the lengths of differences of prepared rows, taken at their own length or at length 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    dense: Dense,
    /// Relative error of a sum over the columns, and what it may be off by where its parts vanish.
    error: f32,
    tiny: f32,
}

impl Lengths {
    /// Nothing, unless the distance grows with the length of the difference.
    pub(crate) fn of(dense: Dense, cols: usize) -> Option<Self> {
        // The sums of `rows` err by at most (d/32 + 6) u, and a few roundings follow.
        let error = (cols as f32 / 32.0 + 16.0) * (f32::EPSILON / 2.0);
        matches!(dense, Dense::Euclidean { .. } | Dense::Bounded | Dense::Angular).then_some(Self {
            dense,
            error,
            tiny: (cols as f32 + 20.0) * f32::MIN_POSITIVE,
        })
    }

    /// Whether rows are taken at length 1.
    pub(crate) fn unit(self) -> bool {
        self.dense == Dense::Angular
    }

    /// The largest length of a difference that is reported as distance `d`.
    pub(crate) fn most(self, d: f32) -> f32 {
        // A sum of squares that are too small for numbers may be off by so much.
        let add = |length: f32| (length * length + self.tiny).sqrt() * (1.0 + self.error);
        match self.dense {
            Dense::Euclidean { squared: false, unscale } => add(d / unscale),
            Dense::Euclidean { squared: true, unscale } => add((d / unscale).sqrt()),
            Dense::Bounded => add(d),
            // |a − b|² = 2 (1 − cos) for a and b of length 1; the dot product and both lengths err.
            _ => (2.0 * 3.0f32.mul_add(self.error, d)).sqrt() * (1.0 + self.error),
        }
    }
}
