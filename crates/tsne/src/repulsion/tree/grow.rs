//! The tree: cells of a cube that is halved again and again, in one array in depth-first order.

use super::order::{Cube, common, number, part};
use rayon::prelude::*;

/// Points of a leaf at most, unless the cell is so small that they act as one.
pub(super) const LEAF: usize = 16;
/// Points that share a walk through the tree at most.
pub(super) const GROUP: usize = 64;
/// Cells of more points than this grow their parts in parallel.
const PARALLEL: usize = 1 << 13;
/// What [`Node::first`] says of a cell that is not a leaf.
pub(super) const INNER: u32 = u32::MAX;

/// A cell with points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node<const D: usize> {
    /// The mean of its points.
    pub(super) center: [f32; D],
    /// Their number.
    pub(super) mass: f32,
    /// Square of the distance that the center must have to stand for all points: (side / θ)², or less than 0 if it always
    /// may.
    pub(super) reach: f32,
    /// Nodes of the cell and all in it.
    pub(super) skip: u32,
    /// The place of the first point of a leaf, or [`INNER`].
    pub(super) first: u32,
}

/// Neighboring points that walk together: one or several cells of the same parent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Group {
    /// The first cell.
    pub(super) node: u32,
    /// Places of the points.
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A tree, or a part of one that will be put behind others.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Arena<const D: usize> {
    pub(super) nodes: Vec<Node<D>>,
    pub(super) groups: Vec<Group>,
}

/// What decides the shape.
pub(super) struct Grow<'a, const D: usize> {
    /// The points in their own order.
    pub(super) points: &'a [[f32; D]],
    /// 1 / θ².
    pub(super) open: f32,
    /// Side of the cells whose points act as one at any distance.
    pub(super) tiny: f32,
}

/// Points in a row: their keys and coordinates.
pub(super) struct Run<'a, const D: usize> {
    /// The place of the first one.
    pub(super) start: usize,
    pub(super) keys: &'a mut [u64],
    pub(super) columns: [&'a mut [f32]; D],
}

/// Sum of positions and number of points.
pub(super) struct Moments<const D: usize> {
    sum: [f64; D],
    count: usize,
}

impl<'a, const D: usize> Run<'a, D> {
    fn len(&self) -> usize {
        self.keys.len()
    }

    fn split(self, at: usize) -> (Self, Self) {
        let (keys, more_keys) = self.keys.split_at_mut(at);
        let mut more =
            Run { start: self.start + at, keys: more_keys, columns: std::array::from_fn(|_| Default::default()) };
        let mut c = 0;
        let columns = self.columns.map(|column| {
            let (column, rest) = column.split_at_mut(at);
            more.columns[c] = rest;
            c += 1;
            column
        });
        (Run { start: self.start, keys, columns }, more)
    }

    /// Copies the positions of the points, in the order of the keys.
    pub(super) fn gather(&mut self, points: &[[f32; D]]) {
        for (c, column) in self.columns.iter_mut().enumerate() {
            column
                .par_iter_mut()
                .with_min_len(PARALLEL)
                .zip(self.keys.par_iter())
                .for_each(|(v, &key)| *v = points[number(key)][c]);
        }
    }

    fn cube(&self) -> Cube<D> {
        Cube::around(std::array::from_fn(|c| &*self.columns[c]))
    }
}

impl<const D: usize> Grow<'_, D> {
    /// Grows the cells of sorted points in a cube of this side, `inside` a group or not.
    pub(super) fn grow(&self, run: Run<'_, D>, cube: f32, inside: bool, arena: &mut Arena<D>) -> Moments<D> {
        let n = run.len();
        let Some(level) = common::<D>(run.keys[0], run.keys[n - 1]) else {
            return if n <= LEAF { self.leaf(&run, cube, inside, arena) } else { self.refine(run, inside, arena) };
        };
        // Cells of a single part are left out: where one of them may stand for its points, so may the last.
        let side = cube / (1u64 << level) as f32;
        if n <= LEAF || side <= self.tiny {
            return self.leaf(&run, side, inside, arena);
        }
        let node = arena.nodes.len();
        arena.nodes.push(self.node([0.0; D], 0, side));
        let grouped = inside || n <= GROUP;
        if grouped && !inside {
            arena.groups.push(Group { node: node as u32, start: run.start as u32, end: (run.start + n) as u32 });
        }
        let mut parts = Vec::with_capacity(1 << D);
        let mut rest = run;
        while rest.len() > 0 {
            let which = part::<D>(rest.keys[0], level);
            let end = rest.keys.partition_point(|&key| part::<D>(key, level) == which);
            let (head, tail) = rest.split(end);
            parts.push(head);
            rest = tail;
        }
        let mut total = Moments { sum: [0.0; D], count: 0 };
        let mut join = false;
        let mut add = |moments: &Moments<D>, arena: &mut Arena<D>, node: usize, start: usize| {
            for c in 0..D {
                total.sum[c] += moments.sum[c];
            }
            total.count += moments.count;
            if grouped || moments.count > GROUP {
                join = false;
                return;
            }
            let (start, end) = (start as u32, (start + moments.count) as u32);
            match arena.groups.last_mut() {
                Some(last) if join && end - last.start <= GROUP as u32 => last.end = end,
                _ => arena.groups.push(Group { node: node as u32, start, end }),
            }
            join = true;
        };
        if n <= PARALLEL {
            for part in parts {
                let (first, start) = (arena.nodes.len(), part.start);
                let within = grouped || part.len() <= GROUP;
                let moments = self.grow(part, cube, within, arena);
                add(&moments, arena, first, start);
            }
        } else {
            let grown: Vec<_> = parts
                .into_par_iter()
                .map(|part| {
                    let mut arena = Arena { nodes: Vec::with_capacity(part.len() / 2), groups: Vec::new() };
                    let start = part.start;
                    let within = grouped || part.len() <= GROUP;
                    let moments = self.grow(part, cube, within, &mut arena);
                    (arena, moments, start)
                })
                .collect();
            for (part, moments, start) in grown {
                let first = arena.nodes.len();
                arena.nodes.extend_from_slice(&part.nodes);
                arena.groups.extend(part.groups.iter().map(|g| Group { node: g.node + first as u32, ..*g }));
                add(&moments, arena, first, start);
            }
        }
        arena.nodes[node] = Node { skip: (arena.nodes.len() - node) as u32, ..self.node(total.sum, total.count, side) };
        total
    }

    /// Grows the cells of points that share one cell of the finest grid, in a cube of their own.
    fn refine(&self, mut run: Run<'_, D>, inside: bool, arena: &mut Arena<D>) -> Moments<D> {
        let cube = run.cube();
        if cube.side <= self.tiny {
            return self.leaf(&run, cube.side, inside, arena);
        }
        for key in run.keys.iter_mut() {
            let at = number(*key);
            cube.keys(&self.points[at..=at], at, std::slice::from_mut(key));
        }
        run.keys.sort_unstable();
        run.gather(self.points);
        // The lowest and the highest point are in different cells now, so this ends.
        self.grow(run, cube.side, inside, arena)
    }

    fn leaf(&self, run: &Run<'_, D>, side: f32, inside: bool, arena: &mut Arena<D>) -> Moments<D> {
        let mut sum = [0f64; D];
        let mut apart = false;
        for (sum, column) in sum.iter_mut().zip(&run.columns) {
            for v in column.iter() {
                *sum += f64::from(*v);
                apart |= *v != column[0];
            }
        }
        let (start, n) = (run.start, run.len());
        if !inside {
            let node = arena.nodes.len() as u32;
            arena.groups.push(Group { node, start: start as u32, end: (start + n) as u32 });
        }
        arena.nodes.push(Node { first: start as u32, ..self.node(sum, n, if apart { side } else { 0.0 }) });
        Moments { sum, count: n }
    }

    fn node(&self, sum: [f64; D], count: usize, side: f32) -> Node<D> {
        Node {
            center: sum.map(|s| (s / count as f64) as f32),
            mass: count as f32,
            reach: if side <= self.tiny { -1.0 } else { side * side * self.open },
            skip: 1,
            first: INNER,
        }
    }
}
