//! Smooth distances: for each row, the radius ρ within which it is fully connected and the scale σ of what lies beyond.

use super::check_distances;
use crate::error::{Error, Result};
use planisphere_core::KnnGraph;
use planisphere_kernels::{Kernel, Simd, math, sum};
use rayon::prelude::*;

/// How close Σ exp(−(d − ρ) / σ) has to come to its target.
const TOLERANCE: f64 = 1e-5;
/// Bisections at most.
const STEPS: usize = 64;
/// σ is at least this share of the mean distance.
pub(super) const MIN_SCALE: f64 = 1e-3;
/// Growth of the memberships with ln σ that fixes σ to 1e-4 at least.
const STEEP: f64 = 0.1;
/// Rows that one task works on.
const CHUNK: usize = 512;

/// ρ and σ of each row.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothed {
    /// Distance within which a row is fully connected.
    pub rho: Vec<f32>,
    /// Scale on which connection fades beyond ρ.
    pub sigma: Vec<f32>,
}

/// ρ and σ of each row of `graph`, such that the memberships exp(−max(0, d − ρ) / σ) add up to
/// log₂(n_neighbors) · bandwidth, where `n_neighbors` = k + 1 counts the row itself. umap-learn's `smooth_knn_dist`.
///
/// `local_connectivity` is the number of nearest neighbors, possibly a fraction, that are fully connected.
///
/// # Errors
/// [`Error::InvalidParam`] for a `local_connectivity` that is not a finite number of at least 0, or a `bandwidth` that is
/// not one above 0; [`Error::NegativeDistance`].
pub fn smooth_knn(graph: &KnnGraph, local_connectivity: f64, bandwidth: f64) -> Result<Smoothed> {
    if !local_connectivity.is_finite() || local_connectivity < 0.0 {
        return Err(Error::param("local_connectivity", local_connectivity, "must be a finite number of at least 0"));
    }
    if !bandwidth.is_finite() || bandwidth <= 0.0 {
        return Err(Error::param("bandwidth", bandwidth, "must be a finite number above 0"));
    }
    check_distances(graph)?;
    let (n, k) = (graph.n(), graph.k());
    let mut rho = vec![0f32; n];
    let mut sigma = vec![0f32; n];
    let neighbors = (k + 1) as f64;
    let total = sum::sum_f64(n * k, |i| f64::from(graph.dists()[i]));
    let rows = Rows {
        graph,
        local_connectivity,
        target: target(k + 1) * bandwidth,
        // Means are over the row itself too, at distance 0, as umap-learn takes them.
        mean_all: if n == 0 { 0.0 } else { total / (n as f64 * neighbors) },
    };
    let simd = Simd::detect();
    rho.par_chunks_mut(CHUNK).zip(sigma.par_chunks_mut(CHUNK)).enumerate().for_each(|(c, (rho, sigma))| {
        simd.run(Chunk { rows: &rows, first: c * CHUNK, rho, sigma });
    });
    Ok(Smoothed { rho, sigma })
}

struct Rows<'a> {
    graph: &'a KnnGraph,
    local_connectivity: f64,
    target: f64,
    mean_all: f64,
}

struct Chunk<'a> {
    rows: &'a Rows<'a>,
    first: usize,
    rho: &'a mut [f32],
    sigma: &'a mut [f32],
}

impl Kernel for Chunk<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for i in 0..self.rho.len() {
            let dists = self.rows.graph.row(self.first + i).1;
            let rho = rho(dists, self.rows.local_connectivity);
            self.rho[i] = rho;
            self.sigma[i] = self.rows.sigma(dists, rho);
        }
    }
}

#[inline(always)]
pub(super) fn rho(dists: &[f32], local_connectivity: f64) -> f32 {
    let nonzero = &dists[dists.partition_point(|&d| d <= 0.0)..];
    if (nonzero.len() as f64) < local_connectivity {
        return nonzero.last().copied().unwrap_or(0.0);
    }
    let index = local_connectivity.floor() as usize;
    let rest = local_connectivity - index as f64;
    let at = |i: usize| f64::from(nonzero[i]);
    if index > 0 {
        if rest > TOLERANCE { (at(index - 1) + rest * (at(index) - at(index - 1))) as f32 } else { nonzero[index - 1] }
    } else if nonzero.is_empty() {
        0.0
    } else {
        (rest * at(0)) as f32
    }
}

/// What the memberships in a row of so many neighbors, the row itself counted, add up to: log₂.
pub(super) fn target(neighbors: usize) -> f64 {
    math::ln(neighbors as f64) * std::f64::consts::LOG2_E
}

impl Rows<'_> {
    #[inline(always)]
    fn sigma(&self, dists: &[f32], rho: f32) -> f32 {
        let floor = if rho > 0.0 {
            let sum: f64 = dists.iter().map(|&d| f64::from(d)).sum();
            MIN_SCALE * sum / (dists.len() + 1) as f64
        } else {
            MIN_SCALE * self.mean_all
        };
        scale(dists, rho, self.target).max(floor) as f32
    }
}

/// The σ with which the memberships of `dists` add up to `target`.
///
/// umap-learn bisects. Newton's method finds the same σ, within the tolerance, in a quarter of the steps; where memberships
/// hardly change with σ the tolerance is met far and wide, and only the same steps end at the same σ.
#[inline(always)]
pub(super) fn scale(dists: &[f32], rho: f32, target: f64) -> f64 {
    let (newton, slope) = search::<true>(dists, rho, target);
    if slope >= STEEP { newton } else { search::<false>(dists, rho, target).0 }
}

/// σ, and how fast the memberships grow there with ln σ.
#[inline(always)]
fn search<const NEWTON: bool>(dists: &[f32], rho: f32, target: f64) -> (f64, f64) {
    let (mut low, mut high, mut mid) = (0.0f64, f64::INFINITY, 1.0f64);
    let mut slope = 0.0;
    for _ in 0..STEPS {
        let mut memberships = 0.0;
        slope = 0.0;
        let scale = -1.0 / mid;
        for &d in dists {
            let beyond = d - rho;
            if beyond > 0.0 {
                let x = f64::from(beyond) * scale;
                let e = math::exp(x);
                memberships += e;
                slope -= x * e;
            } else {
                memberships += 1.0;
            }
        }
        let error = memberships - target;
        if error.abs() < TOLERANCE {
            break;
        }
        if error > 0.0 {
            high = mid;
        } else {
            low = mid;
        }
        // A step in ln σ, of a factor of e² at most: far out the slope is almost 0.
        let newton = if NEWTON { mid * math::exp((-error / slope).clamp(-2.0, 2.0)) } else { 0.0 };
        mid = if newton > low && newton < high {
            newton
        } else if high.is_infinite() {
            mid * 2.0
        } else {
            f64::midpoint(low, high)
        };
    }
    (mid, slope)
}
