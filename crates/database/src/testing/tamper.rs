//! Files that somebody changed.

use crate::blocks::{BLOCK, FIRST, STRIDE, checksum};

/// Changes a file, in one of four ways by `case`: a bit, some thousand bytes, its end cut off, or bytes of another place.
///
/// # Panics
/// If the file has fewer than 8192 bytes.
pub fn damage(bytes: &[u8], case: usize, draw: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    assert!(bytes.len() >= 8192, "{} bytes", bytes.len());
    let mut bad = bytes.to_vec();
    match case % 4 {
        0 => bad[draw(bytes.len())] ^= 1 << draw(8),
        1 => {
            let at = draw(bytes.len() - 3000);
            bad[at..at + 3000].fill(case as u8);
        }
        2 => bad.truncate(draw(bytes.len())),
        _ => {
            let (from, to) = (draw(bytes.len() - 5000), draw(bytes.len() - 5000));
            bad.copy_within(from..from + 5000, to);
        }
    }
    bad
}

/// Changes the content of each block of a file in turn by `change`, which gets its number, counted from 0, and tells
/// whether it did. Those that it changed get a right checksum, as if the database had written them.
pub fn forge(bytes: &mut [u8], mut change: impl FnMut(usize, &mut [u8]) -> bool) {
    let blocks = bytes.get_mut(FIRST as usize..).unwrap_or_default();
    for (number, block) in blocks.chunks_exact_mut(STRIDE).enumerate() {
        let (content, sum) = block.split_at_mut(BLOCK);
        if change(number, content) {
            sum.copy_from_slice(&checksum(number as u64 + 1, content));
        }
    }
}
