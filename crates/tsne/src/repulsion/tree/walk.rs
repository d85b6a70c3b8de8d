//! Walks through the tree: which cells stand for their points, and what targets feel from those.

#![allow(clippy::needless_range_loop)] // as in `pairs`

use super::super::Felt;
use super::super::pairs::{Falloff, LANES, Sums, load};
use super::grow::{Arena, Group, INNER, LEAF, Node};
use planisphere_kernels::Kernel;

/// What acts on the targets of one walk: cells as points of their mass, and single points.
pub(super) struct List<const D: usize> {
    columns: [Vec<f32>; D],
    mass: Vec<f32>,
    len: usize,
}

impl<const D: usize> Default for List<D> {
    fn default() -> Self {
        let mut list = Self { columns: std::array::from_fn(|_| Vec::new()), mass: Vec::new(), len: 0 };
        list.resize(1024);
        list
    }
}

impl<const D: usize> List<D> {
    fn resize(&mut self, len: usize) {
        for column in &mut self.columns {
            column.resize(len, 0.0);
        }
        self.mass.resize(len, 0.0);
    }

    /// Collects for targets between the corners `low` and `high`, which lie in the node `me` or in no particular one.
    #[inline(always)]
    fn collect(&mut self, forest: Forest<'_, D>, low: [f32; D], high: [f32; D], me: u32) {
        let nodes = forest.nodes;
        self.len = 0;
        let mut i = 0;
        while i < nodes.len() {
            let node = &nodes[i];
            let mut d2 = 0f32;
            for c in 0..D {
                let (below, above) = (low[c] - node.center[c], node.center[c] - high[c]);
                let gap = if below > above { below } else { above };
                let gap = if gap > 0.0 { gap } else { 0.0 };
                d2 = gap.mul_add(gap, d2);
            }
            // A cell never stands for points of which the targets are some, however far its center is.
            let apart = me.wrapping_sub(i as u32) >= node.skip;
            let taken = (d2 > node.reach) & apart | (node.reach < 0.0);
            if self.mass.len() < self.len + LEAF {
                self.resize(2 * self.mass.len());
            }
            let leaf = node.first != INNER;
            if leaf & !taken {
                let first = node.first as usize;
                for c in 0..D {
                    self.columns[c][self.len..self.len + LEAF].copy_from_slice(&forest.columns[c][first..first + LEAF]);
                }
                self.mass[self.len..self.len + LEAF].copy_from_slice(&[1.0; LEAF]);
                self.len += node.mass as usize;
                i += 1;
            } else {
                // Written in any case, so that there is no branch to guess.
                for c in 0..D {
                    self.columns[c][self.len] = node.center[c];
                }
                self.mass[self.len] = node.mass;
                self.len += usize::from(taken);
                i += if taken { node.skip as usize } else { 1 };
            }
        }
    }

    /// What targets at `at` feel.
    #[inline(always)]
    fn on<F: Falloff>(&self, falloff: F, at: &[[f32; LANES]; D]) -> Sums<D> {
        let mut sums = Sums::new();
        let columns = std::array::from_fn(|c| &self.columns[c][..self.len]);
        sums.feel::<F, true>(falloff, at, columns, &self.mass[..self.len]);
        sums
    }

    /// What one target feels.
    #[inline(always)]
    fn on_one<F: Falloff>(&mut self, falloff: F, at: [f32; D]) -> Felt<D> {
        let padded = self.len.next_multiple_of(2 * LANES);
        if self.mass.len() < padded {
            self.resize(padded);
        }
        for i in self.len..padded {
            for c in 0..D {
                self.columns[c][i] = at[c];
            }
            self.mass[i] = 0.0;
        }
        let columns = std::array::from_fn(|c| &self.columns[c][..padded]);
        let mut sums = Sums::new();
        sums.feel_one(falloff, at, columns, &self.mass[..padded]);
        sums.together()
    }
}

/// Nodes and points.
#[derive(Clone, Copy)]
pub(super) struct Forest<'a, const D: usize> {
    nodes: &'a [Node<D>],
    /// Sorted points, and [`LEAF`] more numbers.
    columns: [&'a [f32]; D],
}

impl<'a, const D: usize> Forest<'a, D> {
    pub(super) fn new(arena: &'a Arena<D>, columns: [&'a [f32]; D]) -> Self {
        Self { nodes: &arena.nodes, columns }
    }
}

/// Groups of points of the tree itself.
pub(super) struct Groups<'a, F, const D: usize> {
    pub(super) falloff: F,
    pub(super) forest: Forest<'a, D>,
    pub(super) groups: &'a [Group],
    /// For the points from the first one of the first group on.
    pub(super) felt: &'a mut [Felt<D>],
    pub(super) list: &'a mut List<D>,
}

impl<F: Falloff, const D: usize> Kernel for Groups<'_, F, D> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let mut felt = self.felt;
        for group in self.groups {
            let (start, end) = (group.start as usize, group.end as usize);
            let (mut low, mut high) = ([0f32; D], [0f32; D]);
            for c in 0..D {
                let column = &self.forest.columns[c][start..end];
                (low[c], high[c]) = (column[0], column[0]);
                for &v in column {
                    low[c] = if v < low[c] { v } else { low[c] };
                    high[c] = if v > high[c] { v } else { high[c] };
                }
            }
            self.list.collect(self.forest, low, high, group.node);
            let mut first = start;
            while first < end {
                let mut at = [[0f32; LANES]; D];
                for l in 0..LANES {
                    for c in 0..D {
                        at[c][l] = self.forest.columns[c][(first + l).min(end - 1)];
                    }
                }
                let sums = self.list.on(self.falloff, &at);
                let count = (end - first).min(LANES);
                let (now, rest) = felt.split_at_mut(count);
                for (l, felt) in now.iter_mut().enumerate() {
                    *felt = sums.felt(l);
                }
                felt = rest;
                first += count;
            }
        }
    }
}

/// Targets that have nothing to do with each other.
pub(super) struct Singles<'a, F, const D: usize> {
    pub(super) falloff: F,
    pub(super) forest: Forest<'a, D>,
    pub(super) targets: &'a [[f32; D]],
    /// Which ones.
    pub(super) keys: &'a [u64],
    pub(super) felt: &'a mut [Felt<D>],
    pub(super) list: &'a mut List<D>,
}

impl<F: Falloff, const D: usize> Kernel for Singles<'_, F, D> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for (&key, felt) in self.keys.iter().zip(self.felt) {
            let spread = load(std::slice::from_ref(&self.targets[super::order::number(key)]), F::REACH);
            let at = spread.map(|lanes| lanes[0]);
            self.list.collect(self.forest, at, at, u32::MAX);
            *felt = self.list.on_one(self.falloff, at);
        }
    }
}
