//! The reference, which the other levels equal to the bit.

use super::block::{Block, Start, Store};

/// Columns side by side.
const LANES: usize = 16;

/// Each value one chain of fused multiply-adds.
pub(super) fn product(b: Block<'_>, start: Start<'_>, out: &mut [f32], out_stride: usize, store: Store) {
    for r in 0..b.rows {
        let x = &b.x[r * b.x_stride..][..b.depth];
        for first in (0..b.columns).step_by(LANES) {
            let count = LANES.min(b.columns - first);
            let to = r * out_stride + first;
            let mut sums = [0f32; LANES];
            sums[..count].copy_from_slice(match start {
                Start::Row(row) => &row[first..][..count],
                Start::Rows(rows, stride) => &rows[r * stride + first..][..count],
                Start::There => &out[to..][..count],
            });
            for (i, x) in x.iter().enumerate() {
                for (sum, w) in sums.iter_mut().zip(&b.weights[i * b.stride + first..][..count]) {
                    *sum = x.mul_add(*w, *sum);
                }
            }
            for (o, s) in out[to..][..count].iter_mut().zip(sums) {
                *o = if store == Store::Add { *o + s } else { s };
            }
        }
    }
}
