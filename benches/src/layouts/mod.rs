//! Ways to optimize a UMAP layout, side by side on one graph and from one start.
//!
//! * [`Candidate::Serial`]: stochastic gradient descent in place, as umap-learn does it. The yardstick for quality.
//! * [`Candidate::BatchSgd`], [`Candidate::BatchAdam`]: uwot's batch mode. Each row sums its gradient over an epoch from
//!   positions that stand still, then all rows step at once.
//! * [`Candidate::BatchAdamOneEnd`]: the same, but an attraction moves one end, as in Algorithm 5 of the UMAP paper, where
//!   the code of both references moves both.
//! * [`Candidate::BlockJacobi`]: what `planisphere-umap` does.
//!
//! All read the same forces, weights and start, draw from a counter, and end at a learning rate of 0; in two dimensions
//! and with umap-learn's defaults. The program `layouts` runs them on a file and scores their maps.

mod batch;
mod curve;
mod edges;
mod optimizer;
mod serial;

use batch::Batch;
use curve::Curve;
use optimizer::Optimizer;
use planisphere_core::{Csr, KnnGraph, Matrix, Stage};
use planisphere_umap::{Init, Umap};
use std::time::Instant;

/// A way to optimize a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// In place, one edge after the other, both ends moved; one thread.
    Serial,
    /// One step of gradient descent an epoch.
    BatchSgd,
    /// One step of Adam an epoch, with the settings that uwot found for UMAP.
    BatchAdam,
    /// [`Candidate::BatchAdam`] with half the attraction.
    BatchAdamOneEnd,
    /// The layout of `planisphere-umap`.
    BlockJacobi,
}

impl Candidate {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Serial, Self::BatchSgd, Self::BatchAdam, Self::BatchAdamOneEnd, Self::BlockJacobi];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::BatchSgd => "batch-sgd",
            Self::BatchAdam => "batch-adam",
            Self::BatchAdamOneEnd => "batch-adam-one-end",
            Self::BlockJacobi => "block-jacobi",
        }
    }
}

/// A graph to lay out, and where its rows start.
#[derive(Clone, Debug)]
pub struct Problem {
    neighbors: KnnGraph,
    graph: Csr,
    start: Matrix,
    curve: Curve,
}

impl Problem {
    /// The fuzzy graph of `neighbors` and its spectral start, in the box from 0 to 10.
    ///
    /// # Errors
    /// Those of [`Umap::fit_graph`].
    pub fn new(neighbors: KnnGraph, seed: u64) -> planisphere_umap::Result<Self> {
        let model = Umap::new().n_epochs(0).seed(seed).fit_graph(&neighbors)?;
        let (graph, curve) = (model.graph().clone(), Curve::new(model.ab()));
        Ok(Self { neighbors, graph, start: model.into_embedding(), curve })
    }

    /// The neighbors that the graph was made from.
    pub fn neighbors(&self) -> &KnnGraph {
        &self.neighbors
    }

    /// Where the rows start, n × 2.
    pub fn start(&self) -> &Matrix {
        &self.start
    }

    /// The map that `candidate` makes in so many epochs on the current threads, and its seconds, all that it prepares
    /// from the graph included.
    ///
    /// # Errors
    /// Those of [`Umap::fit_graph`]; only [`Candidate::BlockJacobi`] has any.
    pub fn run(&self, candidate: Candidate, epochs: u32, seed: u64) -> planisphere_umap::Result<(Matrix, f64)> {
        let timed = |layout: &dyn Fn() -> Vec<[f32; 2]>| {
            let from = Instant::now();
            let y = layout();
            let seconds = from.elapsed().as_secs_f64();
            Ok((Matrix::from_rows(y).expect("all rows have two columns"), seconds))
        };
        let batch = |optimizer, attraction| timed(&|| batch::run(self, epochs, seed, Batch { optimizer, attraction }));
        match candidate {
            Candidate::Serial => timed(&|| serial::run(self, epochs, seed)),
            Candidate::BatchSgd => batch(Optimizer::sgd, 2.0),
            Candidate::BatchAdam => batch(Optimizer::adam, 2.0),
            Candidate::BatchAdamOneEnd => batch(Optimizer::adam, 1.0),
            Candidate::BlockJacobi => {
                // Scaled into the same box and with a noise of 0.0001 once more: no other start for the eye.
                let umap = Umap::new().n_epochs(epochs).seed(seed).init(Init::Given(self.start.clone()));
                let model = umap.fit_graph(&self.neighbors)?;
                let seconds = model.report().seconds(Stage::Layout);
                Ok((model.into_embedding(), seconds))
            }
        }
    }

    fn start_points(&self) -> Vec<[f32; 2]> {
        (0..self.start.rows()).map(|i| [self.start.row(i)[0], self.start.row(i)[1]]).collect()
    }
}

/// The learning rate of an epoch. Both references set it at the end of an epoch for the next one, so that the first two
/// have the full rate.
fn learning_rate(epoch: u32, epochs: u32) -> f32 {
    1.0 - epoch.saturating_sub(1) as f32 / epochs as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_fixtures::digits_graph;
    use planisphere_knn::quality::neighbors_kept;
    use rayon::ThreadPoolBuilder;

    #[test]
    fn every_candidate_makes_a_map_from_the_same_start() {
        let problem = Problem::new(digits_graph(), 42).unwrap();
        let at_start = neighbors_kept(problem.neighbors(), problem.start()).unwrap();
        for candidate in Candidate::ALL {
            let (y, seconds) = problem.run(candidate, 100, 42).unwrap();
            let kept = neighbors_kept(problem.neighbors(), &y).unwrap();
            assert!(kept > 0.4 && kept > 1.5 * at_start, "{}: {kept} from {at_start}", candidate.name());
            assert!(seconds > 0.0);
        }
    }

    #[test]
    fn maps_do_not_depend_on_the_number_of_threads() {
        let problem = Problem::new(digits_graph(), 42).unwrap();
        for candidate in Candidate::ALL {
            let on = |threads| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| problem.run(candidate, 20, 7).unwrap().0)
            };
            assert_eq!(on(1), on(3), "{}", candidate.name());
        }
    }

    #[test]
    fn no_epochs_leave_the_start() {
        let problem = Problem::new(digits_graph(), 42).unwrap();
        // Block-Jacobi adds its noise.
        for candidate in Candidate::ALL.into_iter().filter(|&c| c != Candidate::BlockJacobi) {
            assert_eq!(&problem.run(candidate, 0, 1).unwrap().0, problem.start());
        }
    }
}
