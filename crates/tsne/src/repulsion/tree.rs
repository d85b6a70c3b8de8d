//! Barnes-Hut: far groups of points act as one.

mod grow;
mod order;
#[cfg(test)]
mod tests;
mod walk;

use super::pairs::{EDGE, Falloff, NEAR, Power, Student, WideStudent};
use super::{Felt, Field};
use grow::{Arena, Grow, LEAF, Run};
use order::{Cube, number};
use planisphere_kernels::Simd;
use rayon::prelude::*;
use walk::{Forest, Groups, List, Singles};

/// Groups of one task.
const GROUPS: usize = 8;
/// Targets of one task that are no sources.
const SINGLES: usize = 64;
/// Cells of this side, in units of √α, act as one point at any distance: within them the force is linear, and the
/// approximation right to 1e-7 of it.
const LINEAR: f32 = 1e-4;

/// The field with far cells of a quadtree (octree, …) taken as one point each (Barnes & Hut 1986; van der Maaten 2014).
///
/// A cell of side s stands for its points where s / d < θ, d being the distance of the target from their mean: the rule of
/// openTSNE and scikit-learn, not that of the paper, which has the diagonal for s.
/// * The sources themselves, as targets, walk together in groups of neighbors, and d is the distance of the mean from the
///   box around the group. So every target's own rule is met, and for most cells more than met. A cell never stands for
///   the target itself.
/// * Any other targets walk alone: what one feels does not depend on the others.
///
/// θ = 0 opens all cells but those smaller than 1e-4 √α.
#[derive(Clone, Debug)]
pub(crate) struct Tree<const D: usize> {
    dof: f32,
    theta: f32,
    /// The sources, in their own order.
    points: Vec<[f32; D]>,
    cube: Cube<D>,
    /// Their order along the curve.
    keys: Vec<u64>,
    spare: Vec<u64>,
    /// Their coordinates in this order, and [`LEAF`] zeros.
    columns: [Vec<f32>; D],
    near: bool,
    arena: Arena<D>,
}

impl<const D: usize> Tree<D> {
    /// The field of no points, for `dof` > 0 degrees of freedom and `theta` ≥ 0.
    pub(crate) fn new(dof: f32, theta: f32) -> Self {
        let columns = std::array::from_fn(|_| Vec::new());
        Self {
            dof,
            theta,
            points: Vec::new(),
            cube: Cube::around([&[]; D]),
            keys: Vec::new(),
            spare: Vec::new(),
            columns,
            near: true,
            arena: Arena { nodes: Vec::new(), groups: Vec::new() },
        }
    }

    /// What the `targets` feel, or the sources if there are none.
    fn ask(&self, targets: Option<&[[f32; D]]>, felt: &mut [Felt<D>]) {
        if self.dof != 1.0 {
            self.feel_by(Power { dof: self.dof, inverse: 1.0 / self.dof }, targets, felt);
        } else if self.near {
            self.feel_by(Student, targets, felt);
        } else {
            self.feel_by(WideStudent, targets, felt);
        }
    }

    fn feel_by<F: Falloff>(&self, falloff: F, targets: Option<&[[f32; D]]>, felt: &mut [Felt<D>]) {
        let simd = Simd::detect();
        let forest = Forest::new(&self.arena, std::array::from_fn(|c| self.columns[c].as_slice()));
        let mut sorted = vec![Felt { force: [0.0; D], weight: 0.0 }; felt.len()];
        let mut own = Vec::new();
        let keys = if let Some(targets) = targets {
            own.resize(targets.len(), 0);
            self.cube.keys(targets, 0, &mut own);
            order::sort(&mut own, &mut Vec::new());
            own.par_chunks(SINGLES).zip(sorted.par_chunks_mut(SINGLES)).for_each_init(
                List::default,
                |list, (keys, felt)| {
                    simd.run(Singles { falloff, forest, targets, keys, felt, list });
                },
            );
            &own
        } else {
            let mut rest = sorted.as_mut_slice();
            let mut tasks = Vec::with_capacity(self.arena.groups.len().div_ceil(GROUPS));
            for groups in self.arena.groups.chunks(GROUPS) {
                let (first, last) = (groups[0].start, groups[groups.len() - 1].end);
                let (felt, more) = rest.split_at_mut((last - first) as usize);
                rest = more;
                tasks.push((groups, felt));
            }
            tasks.into_par_iter().for_each_init(List::default, |list, (groups, felt)| {
                simd.run(Groups { falloff, forest, groups, felt, list });
            });
            &self.keys
        };
        for (&key, from) in keys.iter().zip(sorted) {
            felt[number(key)] = from;
        }
    }
}

/// The nearest point whose coordinates are at most [`EDGE`].
fn within_edge<const D: usize>(point: &[f32; D]) -> [f32; D] {
    point.map(|v| v.clamp(-EDGE, EDGE))
}

impl<const D: usize> Field<D> for Tree<D> {
    fn charge(&mut self, sources: &[[f32; D]]) {
        let n = sources.len();
        self.points.clear();
        self.points.extend(sources.iter().map(within_edge));
        self.near = self.points.as_flattened().iter().fold(0f32, |m, v| m.max(v.abs())) <= NEAR;
        self.arena.nodes.clear();
        self.arena.groups.clear();
        for (c, column) in self.columns.iter_mut().enumerate() {
            column.clear();
            column.extend(self.points.iter().map(|p| p[c]));
        }
        self.cube = Cube::around(std::array::from_fn(|c| self.columns[c].as_slice()));
        for column in &mut self.columns {
            column.resize(n + LEAF, 0.0);
        }
        self.keys.resize(n, 0);
        self.cube.keys(&self.points, 0, &mut self.keys);
        order::sort(&mut self.keys, &mut self.spare);
        if n == 0 {
            return;
        }
        let grow = Grow { points: &self.points, open: 1.0 / (self.theta * self.theta), tiny: LINEAR * self.dof.sqrt() };
        let mut run =
            Run { start: 0, keys: &mut self.keys, columns: self.columns.each_mut().map(|column| &mut column[..n]) };
        run.gather(&self.points);
        grow.grow(run, self.cube.side, false, &mut self.arena);
    }

    fn feel(&self, targets: &[[f32; D]], felt: &mut [Felt<D>]) {
        self.ask(Some(targets), felt);
    }

    fn feel_own(&self, _: &[[f32; D]], felt: &mut [Felt<D>]) {
        self.ask(None, felt);
    }
}
