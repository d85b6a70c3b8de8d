//! Products of small blocks: what linear layers and attention are made of.

use crate::simd::{Simd, SimdLevel};

/// Rows times columns: `x` has a row of `depth` values every `x_stride`, `weights` for each of the `depth` a row of `columns`
/// values every `stride`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) x_stride: usize,
    pub(crate) depth: usize,
    pub(crate) weights: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

/// What a chain of products begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a> {
    /// The same values for every row, at least as many as there are columns.
    Row(&'a [f32]),
    /// Rows of values, one every so many.
    Rows(&'a [f32], usize),
    /// What is in the place where the product goes.
    There,
}

/// What is done with values that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// They are replaced.
    Replace,
    /// The product is added to them: a residual connection.
    Add,
}

/// A block whose places in memory were checked.
#[derive(Clone, Copy)]
pub(super) struct Job {
    pub(super) x: *const f32,
    pub(super) x_stride: usize,
    pub(super) depth: usize,
    pub(super) weights: *const f32,
    pub(super) stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) start: *const f32,
    pub(super) start_stride: usize,
    pub(super) out: *mut f32,
    pub(super) out_stride: usize,
    pub(super) add: bool,
}

/// Each value one chain of fused multiply-adds from `start` over the depth, into rows of `out` every `out_stride`.
///
/// # Panics
/// If anything reaches beyond its slice.
pub(crate) fn product(simd: Simd, b: Block<'_>, start: Start<'_>, out: &mut [f32], out_stride: usize, store: Store) {
    if b.rows == 0 || b.columns == 0 {
        return;
    }
    let within = |rows: usize, stride: usize, width: usize, len: usize| {
        rows == 0 || (rows - 1).checked_mul(stride).and_then(|n| n.checked_add(width)).is_some_and(|n| n <= len)
    };
    assert!(within(b.rows, b.x_stride, b.depth, b.x.len()), "rows within x");
    assert!(within(b.depth, b.stride, b.columns, b.weights.len()), "columns within weights");
    assert!(within(b.rows, out_stride, b.columns, out.len()) && out_stride >= b.columns, "rows within out");
    // Taken once: a start that is there is read through the same pointer that is written through.
    let to = out.as_mut_ptr();
    let (first, start_stride) = match start {
        Start::Row(row) => {
            assert!(b.columns <= row.len(), "a start for each column");
            (row.as_ptr(), 0)
        }
        Start::Rows(rows, stride) => {
            assert!(within(b.rows, stride, b.columns, rows.len()), "a start for each value");
            (rows.as_ptr(), stride)
        }
        Start::There => (to.cast_const(), out_stride),
    };
    let job = Job {
        x: b.x.as_ptr(),
        x_stride: b.x_stride,
        depth: b.depth,
        weights: b.weights.as_ptr(),
        stride: b.stride,
        rows: b.rows,
        columns: b.columns,
        start: first,
        start_stride,
        out: to,
        out_stride,
        add: store == Store::Add,
    };
    match simd.level() {
        // SAFETY: a value of this level proves that the machine has the instructions. By the checks above, every row and
        // column of the job lies within its slice, and rows of `out` do not overlap; a tile reads its start before it writes.
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx512 => unsafe { super::x86::avx512(job) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx2 => unsafe { super::x86::avx2(job) },
        _ => super::scalar::product(b, start, out, out_stride, store),
    }
}
