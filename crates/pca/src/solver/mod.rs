//! The ways to find components.

pub(crate) mod covariance;
pub(crate) mod full;
mod krylov;
pub(crate) mod moments;
pub(crate) mod randomized;
mod rows;

pub(crate) use rows::{add, center, center_f32, means, project};

use crate::error::Result;
use crate::params::{Components, Pca, Solver};
use planisphere_core::{Context, Decision, MatrixView};

/// Up to so many rows and columns, the data itself is decomposed.
const SMALL: usize = 500;
/// Up to so many of the smaller of rows and columns, the covariance is decomposed whatever is asked for.
const MODERATE: usize = 2048;

/// What a solver found.
pub(crate) struct Found {
    pub(crate) mean: Vec<f64>,
    /// At least as many rows of d values as are wanted, by descending variance.
    pub(crate) components: Vec<f64>,
    /// One or more for each component.
    pub(crate) variances: Vec<f64>,
    /// The variance of all min(n, d) components.
    pub(crate) total: f64,
    /// min(n, d).
    pub(crate) most: usize,
}

/// Copies what is below the diagonal of a d × d matrix to above it.
pub(crate) fn mirror(d: usize, matrix: &mut [f64]) {
    for i in 0..d {
        for j in i + 1..d {
            matrix[i * d + j] = matrix[j * d + i];
        }
    }
}

/// Partial sums of so many values each: fewer of large ones, so that they take 256 MiB together, or 1 GiB at most unless a single
/// one takes more. From the shape alone, so that results do not depend on the number of threads.
fn partial_sums(values: usize) -> usize {
    const MILLION: usize = 1 << 20;
    match values.div_ceil(MILLION) {
        0..=4 => 8,
        5..=16 => 4,
        17..=64 => 2,
        _ => 1,
    }
}

/// n − 1, or 1 for a single row.
pub(crate) fn degrees(rows: usize) -> f64 {
    (rows.max(2) - 1) as f64
}

/// Runs the solver that is asked for, or that fits the shape.
pub(crate) fn solve(pca: &Pca, x: MatrixView<'_>, cx: &mut Context<'_>) -> Result<Found> {
    let (n, d) = (x.rows(), x.cols());
    let solver = match pca.solver {
        Solver::Auto => {
            let solver = choose(pca.n_components, n, d);
            let reason = format!("solver is auto, {n} rows × {d} columns");
            cx.decide(Decision::new("pca", name(solver), reason));
            solver
        }
        other => other,
    };
    match solver {
        Solver::Full => full::solve(pca, x, &cx.token()),
        Solver::Randomized { n_oversamples, iterated_power } => {
            randomized::solve(pca, x, n_oversamples, iterated_power, cx)
        }
        Solver::Auto | Solver::CovarianceEigh => covariance::solve(pca, x, cx),
    }
}

fn choose(components: Components, n: usize, d: usize) -> Solver {
    let most = n.min(d);
    match components {
        _ if n.max(d) <= SMALL => Solver::Full,
        Components::Count(k) if most > MODERATE && k.saturating_mul(4) < most => Solver::randomized(),
        _ => Solver::CovarianceEigh,
    }
}

fn name(solver: Solver) -> &'static str {
    match solver {
        Solver::Auto => "auto",
        Solver::CovarianceEigh => "covariance-eigh",
        Solver::Full => "full",
        Solver::Randomized { .. } => "randomized",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solver_follows_from_the_shape() {
        for (k, n, d, want) in [
            (Components::Count(2), 500, 64, "full"),
            (Components::Mle, 500, 500, "full"),
            (Components::Count(2), 1797, 64, "covariance-eigh"),
            (Components::Count(2), 70_000, 784, "covariance-eigh"),
            (Components::Count(50), 300, 20_000, "covariance-eigh"),
            (Components::Count(50), 20_000, 4096, "randomized"),
            (Components::Count(1023), 20_000, 4096, "randomized"),
            (Components::Count(1024), 20_000, 4096, "covariance-eigh"),
            (Components::All, 20_000, 4096, "covariance-eigh"),
            (Components::Mle, 20_000, 4096, "covariance-eigh"),
            (Components::Variance(0.9), 20_000, 4096, "covariance-eigh"),
        ] {
            assert_eq!(name(choose(k, n, d)), want, "{k:?} {n} {d}");
        }
    }

    /// 20,000 × 50,000 into 5000 components once took eight sums of 2 GB.
    #[test]
    fn large_partial_sums_are_few() {
        assert_eq!([1, 4096 * 60, 1 << 22].map(partial_sums), [8; 3]);
        assert_eq!(partial_sums(50_000 * 5010), 1);
        assert_eq!(partial_sums(usize::MAX), 1);
        assert!((1..4000).all(|m| partial_sums(m << 20) * m <= m.max(128)));
    }
}
