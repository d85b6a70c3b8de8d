//! How all points push each other apart, exactly and by approximations.
//!
//! With the kernel q(d) = (1 + d²/α)^(−α) (Kobak et al. 2019; Student's t with one degree of freedom for α = 1), w =
//! 1 / (1 + d²/α): a point at t feels from points at s the force Σ wᵅ⁺¹ (t − s), which is −½ times the gradient of its
//! weight Σ wᵅ.

mod exact;
mod grid;
mod pairs;
mod tree;

use crate::params::Repulsion;
use exact::Exact;
use grid::Grid;
use tree::Tree;

/// What one point feels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Felt<const D: usize> {
    /// Σ wᵅ⁺¹ (t − s).
    pub(crate) force: [f32; D],
    /// Σ wᵅ, a source at the very place counted as 1.
    pub(crate) weight: f32,
}

/// The field of a set of points.
pub(crate) trait Field<const D: usize>: Send + Sync {
    /// Takes the places of what repels.
    fn charge(&mut self, sources: &[[f32; D]]);

    /// What points at the `targets` feel.
    fn feel(&self, targets: &[[f32; D]], felt: &mut [Felt<D>]);

    /// What the `sources` that were taken feel: faster, or more accurate, than to ask for other targets at their places.
    fn feel_own(&self, sources: &[[f32; D]], felt: &mut [Felt<D>]) {
        self.feel(sources, felt);
    }
}

/// The field that computes `repulsion`, which is not [`Repulsion::Auto`], of sources that targets lie `reach` outside of.
pub(crate) fn field<const D: usize>(repulsion: Repulsion, dof: f32, reach: f32) -> Box<dyn Field<D>> {
    match repulsion {
        Repulsion::Fft { spacing } => Box::new(Grid::new(dof, spacing, reach)),
        Repulsion::BarnesHut { theta } => Box::new(Tree::new(dof, theta)),
        Repulsion::Exact | Repulsion::Auto => Box::new(Exact::new(dof)),
    }
}
