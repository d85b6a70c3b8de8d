//! The order of points along a Morton curve, in which neighbors in memory are neighbors in space.

use super::super::pairs::LANES;
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;

/// Points of one task.
const TASK: usize = 4096;
/// Fewer keys than this are sorted by one thread.
const PARALLEL: usize = 1 << 16;
/// Fewer keys than this are sorted by comparisons.
const RADIX: usize = 256;

/// A cube with faces along the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cube<const D: usize> {
    low: [f32; D],
    pub(super) side: f32,
}

impl<const D: usize> Cube<D> {
    /// Bits of a code that belong to one coordinate; the cube has 2 to this power cells along each edge.
    const BITS: u32 = 32 / D as u32;

    /// The least cube from the lowest corner of all points, which are given by their coordinates.
    pub(super) fn around(columns: [&[f32]; D]) -> Self {
        let mut low = [0f32; D];
        let mut side = 0f32;
        for c in 0..D {
            let (least, most) =
                columns[c].iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, m), &v| (l.min(v), m.max(v)));
            low[c] = least;
            side = side.max(most - least);
        }
        Self { low, side }
    }

    /// The key of each point, which must be numbered from `first`: the code of its cell in the upper half, its number in
    /// the lower. Points outside belong to the nearest cells.
    pub(super) fn keys(&self, points: &[[f32; D]], first: usize, keys: &mut [u64]) {
        let simd = Simd::detect();
        keys.par_chunks_mut(TASK).zip(points.par_chunks(TASK)).enumerate().for_each(|(t, (keys, points))| {
            simd.run(Codes { cube: self, points, keys });
            for (i, key) in keys.iter_mut().enumerate() {
                *key |= (first + t * TASK + i) as u64;
            }
        });
    }
}

/// Sets the upper halves of the keys.
struct Codes<'a, const D: usize> {
    cube: &'a Cube<D>,
    points: &'a [[f32; D]],
    keys: &'a mut [u64],
}

impl<const D: usize> Kernel for Codes<'_, D> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let bits = Cube::<D>::BITS;
        let last = u32::MAX >> (32 - bits);
        let scale = (1u64 << bits) as f32 / self.cube.side;
        for (points, keys) in self.points.chunks(LANES).zip(self.keys.chunks_mut(LANES)) {
            let mut codes = [0u32; LANES];
            for c in 0..D {
                let mut cells = [0u32; LANES];
                for (cell, p) in cells.iter_mut().zip(points) {
                    // Both steps keep the order of coordinates, whatever they round.
                    *cell = (((p[c] - self.cube.low[c]) * scale) as u32).min(last);
                }
                for b in 0..bits {
                    for l in 0..LANES {
                        codes[l] |= ((cells[l] >> b) & 1) << (b * D as u32 + c as u32);
                    }
                }
            }
            for (key, code) in keys.iter_mut().zip(codes) {
                *key = u64::from(code) << (64 - bits * D as u32);
            }
        }
    }
}

/// Of two keys: how often the cube can be halved until they lie in different cells, if they ever do.
#[inline]
pub(super) fn common<const D: usize>(a: u64, b: u64) -> Option<u32> {
    let differ = ((a ^ b) >> 32) as u32;
    (differ != 0).then(|| differ.leading_zeros() / D as u32)
}

/// Which of the 2ᴰ parts of a cell the key lies in, where cells are the cube halved `level` times.
#[inline]
pub(super) fn part<const D: usize>(key: u64, level: u32) -> u64 {
    (key >> (64 - D as u32 * (level + 1))) & ((1 << D) - 1)
}

/// The number of the point.
#[inline]
pub(super) fn number(key: u64) -> usize {
    (key & 0xffff_ffff) as usize
}

/// Sorts keys whose lower halves ascend.
pub(super) fn sort(keys: &mut [u64], spare: &mut Vec<u64>) {
    if keys.len() < RADIX {
        keys.sort_unstable();
        return;
    }
    spare.resize(keys.len(), 0);
    if keys.len() < PARALLEL {
        radix(keys, spare, 4);
        return;
    }
    let ends = scatter(keys, spare, 56);
    let mut buckets = Vec::with_capacity(ends.len());
    let (mut from, mut to, mut start) = (spare.as_mut_slice(), keys, 0);
    for end in ends {
        let (f, rest) = from.split_at_mut(end - start);
        from = rest;
        let (t, rest) = to.split_at_mut(end - start);
        to = rest;
        start = end;
        buckets.push((f, t));
    }
    buckets.into_par_iter().for_each(|(from, to)| {
        if from.len() < RADIX {
            from.sort_unstable();
            to.copy_from_slice(from);
        } else {
            radix(from, to, 3);
        }
    });
}

/// Sorts by as many bytes from the 32nd bit on; the result is in `a` if they are even in number, else in `b`.
fn radix<'a>(mut a: &'a mut [u64], mut b: &'a mut [u64], bytes: u32) {
    for byte in 0..bytes {
        scatter(a, b, 32 + 8 * byte);
        std::mem::swap(&mut a, &mut b);
    }
}

/// Copies `from` to `to` in the order of the byte that starts at `bit`; where each value of the byte ends.
fn scatter(from: &[u64], to: &mut [u64], bit: u32) -> [usize; 256] {
    let mut ends = [0usize; 256];
    for key in from {
        ends[(key >> bit) as usize & 255] += 1;
    }
    let mut start = 0;
    for end in &mut ends {
        let count = *end;
        *end = start;
        start += count;
    }
    for &key in from {
        let end = &mut ends[(key >> bit) as usize & 255];
        to[*end] = key;
        *end += 1;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::CounterRng;

    #[test]
    fn codes_interleave() {
        let cube = Cube { low: [0.0f32, 0.0], side: 65536.0 };
        let mut keys = [0; 4];
        cube.keys(&[[1.0, 0.0], [0.0, 1.0], [3.5, 2.0], [1e9, -5.0]], 7, &mut keys);
        assert_eq!(keys.map(|k| k >> 32), [0b01, 0b10, 0b1101, 0x5555_5555]);
        assert_eq!(keys.map(number), [7, 8, 9, 10]);
        let cube = Cube { low: [-1.0f32; 3], side: 2.0 };
        let mut keys = [0; 2];
        cube.keys(&[[-1.0, -1.0, 0.5], [0.5, -1.0, -1.0]], 0, &mut keys);
        assert_eq!(keys.map(|k| part::<3>(k, 0)), [0b100, 0b001]);
        assert_eq!(common::<3>(keys[0], keys[1]), Some(0));
        assert_eq!(common::<3>(keys[0], keys[0]), None);
    }

    #[test]
    fn sorts_any_number_of_keys() {
        let draws = CounterRng::new(3, "order").at(0, 0);
        for (n, mask) in
            [(0, !0), (1, !0), (255, !0), (256, !0), (5000, 0xff00_00ff), (70_000, !0), (70_000, 0x0f00_ff00u32)]
        {
            let mut keys: Vec<u64> = (0..n as u64).map(|i| u64::from(draws.bits(i) as u32 & mask) << 32 | i).collect();
            let mut want = keys.clone();
            want.sort_unstable();
            sort(&mut keys, &mut Vec::new());
            assert!(keys == want, "{n}");
        }
    }
}
