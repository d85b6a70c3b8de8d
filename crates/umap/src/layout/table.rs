//! Positions, in the two shapes in which they are read.

use super::force::LANES;

/// Positions of all places: point by point for single ones, coordinate by coordinate for runs of neighbors in memory.
#[derive(Clone)]
pub(super) struct Table<const D: usize> {
    points: Vec<[f32; D]>,
    /// D columns of n + LANES, the last ones a repetition of the first, so that every place starts a run.
    columns: Vec<f32>,
}

impl<const D: usize> Table<D> {
    pub(super) fn new(points: Vec<[f32; D]>) -> Self {
        let mut columns = Vec::with_capacity(D * (points.len() + LANES));
        for c in 0..D {
            columns.extend(points.iter().cycle().take(points.len() + LANES).map(|p| p[c]));
        }
        Self { points, columns }
    }

    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    pub(super) fn points(&self) -> &[[f32; D]] {
        &self.points
    }

    /// Coordinate `c` of the `LANES` places from `at` on, which go on with the first ones after the last.
    #[inline(always)]
    pub(super) fn run(&self, c: usize, at: usize) -> &[f32; LANES] {
        let stride = self.points.len() + LANES;
        let from = c * stride + at;
        let (run, _) = self.columns[from..from + LANES].as_chunks::<LANES>();
        &run[0]
    }

    /// Moves the places from `first` on.
    pub(super) fn set(&mut self, first: usize, moved: &[[f32; D]]) {
        let n = self.points.len();
        self.points[first..first + moved.len()].copy_from_slice(moved);
        for (c, column) in self.columns.chunks_exact_mut(n + LANES).enumerate() {
            for (v, p) in column[first..first + moved.len()].iter_mut().zip(moved) {
                *v = p[c];
            }
            if first < LANES {
                for i in n..n + LANES {
                    column[i] = column[(i - n) % n];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_go_around_the_end() {
        for n in [1usize, 5, LANES - 1, LANES, LANES + 1, 3 * LANES + 7] {
            let point = |i: usize| [i as f32, -(i as f32)];
            let mut t = Table::<2>::new(vec![[9.0; 2]; n]);
            for first in (0..n).step_by(7) {
                t.set(first, &(first..(first + 7).min(n)).map(point).collect::<Vec<_>>());
            }
            for at in 0..n {
                let want: [f32; LANES] = std::array::from_fn(|l| ((at + l) % n) as f32);
                assert_eq!(*t.run(0, at), want);
                assert_eq!(*t.run(1, at), want.map(|v| -v));
            }
            assert_eq!(t.points()[n - 1], point(n - 1));
        }
    }
}
