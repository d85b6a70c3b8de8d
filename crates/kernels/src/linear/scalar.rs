//! The reference, which the other levels equal to the bit.

use super::{PANEL, Part};

/// Adds the products of a part to the sums.
pub(super) fn add(part: Part<'_>, sums: &mut [f32]) {
    for (x, sums) in part.x.chunks_exact(part.stride.max(1)).zip(sums.as_chunks_mut::<PANEL>().0) {
        for (x, weights) in x[part.from..][..part.depth()].iter().zip(part.weights.as_chunks::<PANEL>().0) {
            for (sum, w) in sums.iter_mut().zip(weights) {
                *sum = x.mul_add(*w, *sum);
            }
        }
    }
}
