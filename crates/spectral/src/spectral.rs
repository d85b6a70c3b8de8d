//! Eigenvectors of the normalized Laplacian of a connected graph.
//!
//! L = I − S with S = D^−½ W D^−½. The smallest eigenvalues of L are the largest of S, whose first eigenvector √d is known
//! and is projected out. Small graphs are solved densely. For larger ones a block of vectors is filtered with Chebyshev
//! polynomials, which grow where the wanted eigenvalues are and stay below 1 on the rest of the spectrum, and is rotated to
//! the best basis in between (Zhou, Saad, Tiago & Chelikowsky 2006). That needs nothing but products with the graph, which
//! run over the rows in parallel, and sums over fixed blocks of rows: the same bits on any number of threads.

use crate::error::Result;
use crate::multilevel::{Effort, Found, search};
use crate::walk::Walk;
use planisphere_core::{CancelToken, Csr};
use planisphere_kernels::eigen;

/// Weights up to this are taken: sums of them stay finite.
const HEAVIEST: f32 = 1e30;
/// Graphs up to this size are solved densely.
const DENSE: usize = 200;
/// For eigenvectors that are asked for as such.
const EXACT: Effort =
    Effort { relative: 1e-3, absolute: 1e-9, coarse: 1e-3, floor: 1e-11, round: 1000, products: 3000 };
/// For starting positions, which need the shapes of the lowest eigenvectors and not their digits.
const PLACES: Effort = Effort { relative: 0.35, absolute: 2e-3, coarse: 0.05, floor: 1e-6, round: 6, products: 100 };

/// Eigenvectors of the normalized Laplacian with the `count` smallest eigenvalues above the trivial one.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigenvectors {
    /// The eigenvalues of L, ascending.
    pub values: Vec<f64>,
    /// Vector `j` is `vectors[j]`: n entries, norm 1, the entry of largest size positive.
    pub vectors: Vec<Vec<f64>>,
    /// Whether all met the tolerance.
    pub converged: bool,
    /// Products with the matrix that it took, those with coarser ones by their share of its entries; 0 for the dense
    /// solver.
    pub products: usize,
}

/// The `count` smallest non-trivial eigenvalues and eigenvectors of the normalized Laplacian of a connected, symmetric
/// graph without negative weights.
///
/// # Errors
/// [`Error::InvalidParam`](crate::Error::InvalidParam) if `count` is 0, or the graph is not square, not connected, has no
/// `count` + 1 rows, or has rows without weight, or weights below 0 or above 1e30;
/// [`Error::Cancelled`](crate::Error::Cancelled); [`Error::Eigen`](crate::Error::Eigen).
pub fn laplacian_eigenvectors(graph: &Csr, count: usize, seed: u64, token: &CancelToken) -> Result<Eigenvectors> {
    let n = graph.rows();
    if graph.cols() != n || count == 0 || n <= count || graph.components().1 != 1 {
        let reason = "must be square, connected, and have more rows than vectors are asked for, which are at least 1";
        return Err(crate::Error::param("graph", format!("{n} × {} for {count} vectors", graph.cols()), reason));
    }
    check_weights(graph)?;
    let walk = Walk::new(graph);
    if n <= DENSE {
        return dense(&walk, count);
    }
    let found = search::<f64>(walk, count, seed, &EXACT, token)?;
    let vectors =
        (0..count).map(|j| oriented(found.vectors.iter().skip(j).step_by(count).copied().collect())).collect();
    let products = found.products.ceil() as usize;
    Ok(Eigenvectors { values: found.values, vectors, converged: found.converged, products })
}

/// Refuses weights that cannot be divided by their sums. A row may have no edges at all.
pub(crate) fn check_weights(graph: &Csr) -> Result<()> {
    if let Some(w) = graph.data().iter().find(|w| !(0.0..=HEAVIEST).contains(*w)) {
        return Err(crate::Error::param("graph", format!("a weight of {w}"), "weights must be from 0 to 1e30"));
    }
    let none = |i: &usize| {
        let weights = graph.row(*i).1;
        !weights.is_empty() && weights.iter().all(|&w| w == 0.0)
    };
    match (0..graph.rows()).find(none) {
        Some(i) => {
            Err(crate::Error::param("graph", format!("weights of 0 at row {i}"), "a row with edges needs one above 0"))
        }
        None => Ok(()),
    }
}

/// What positions are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Eigenvectors of the normalized Laplacian, as UMAP takes them.
    Laplacian,
    /// Eigenvectors of the random walk D⁻¹W, each times its eigenvalue: a diffusion map, as openTSNE takes it.
    Walk,
}

/// Eigenvectors to the accuracy that positions need. `walk` is connected and has more than `count` rows.
pub(crate) fn places(walk: Walk<'_>, count: usize, kind: Kind, seed: u64, token: &CancelToken) -> Result<Found<f32>> {
    let degree = if kind == Kind::Walk { walk.degree.clone() } else { Vec::new() };
    let mut found = search(walk, count, seed, &PLACES, token)?;
    if kind == Kind::Walk {
        // L has the eigenvectors √D x and the eigenvalues 1 − λ.
        for (row, d) in found.vectors.chunks_exact_mut(count).zip(degree) {
            for (v, l) in row.iter_mut().zip(&found.values) {
                *v = (f64::from(*v) * (1.0 - l) / d.sqrt()) as f32;
            }
        }
    }
    Ok(found)
}

fn dense(walk: &Walk<'_>, count: usize) -> Result<Eigenvectors> {
    let n = walk.rows();
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        let (ids, weights) = walk.row(i);
        for (&j, &w) in ids.iter().zip(weights) {
            l[i * n + j as usize] = -f64::from(w) / (walk.degree[i].sqrt() * walk.degree[j as usize].sqrt());
        }
        l[i * n + i] += 1.0;
    }
    let (values, vectors) = eigen::symmetric(n, &l)?;
    let vectors = (1..=count).map(|j| oriented(vectors[j * n..(j + 1) * n].to_vec())).collect();
    Ok(Eigenvectors { values: values[1..=count].to_vec(), vectors, converged: true, products: 0 })
}

/// The entry of largest size is positive; the first of equals decides.
fn oriented(mut v: Vec<f64>) -> Vec<f64> {
    let largest = v.iter().copied().fold(0.0f64, |m, x| if x.abs() > m.abs() { x } else { m });
    if largest < 0.0 {
        v.iter_mut().for_each(|x| *x = -*x);
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows on a ring, each tied to `reach` rows on either side.
    fn ring(n: usize, reach: usize) -> Csr {
        Csr::by_rows(n, n, |i, ids, weights| {
            let mut near: Vec<u32> =
                (1..=reach).flat_map(|h| [(i + h) % n, (i + n - h) % n]).map(|j| j as u32).collect();
            near.sort_unstable();
            weights.extend(vec![0.5; near.len()]);
            ids.extend(near);
        })
        .unwrap()
    }

    #[test]
    fn a_ring_of_100_000_rows_in_a_few_products() {
        let n = 100_000;
        let graph = ring(n, 7);
        let found = places(Walk::new(&graph), 2, Kind::Laplacian, 42, &CancelToken::new()).unwrap();
        assert!(found.converged);
        assert!(found.products < 40.0, "{} products", found.products);
        // The lowest eigenvectors are a cosine and a sine around the ring.
        for c in 0..2 {
            let (mut cos, mut sin) = (0.0, 0.0);
            for i in 0..n {
                let (s, c1) = (std::f64::consts::TAU * i as f64 / n as f64).sin_cos();
                let v = f64::from(found.vectors[2 * i + c]);
                cos += v * c1;
                sin += v * s;
            }
            let inside = (cos * cos + sin * sin) * 2.0 / n as f64;
            assert!(inside > 0.99, "vector {c}: {inside}");
        }
    }

    #[test]
    fn eigenvectors_of_a_ring_are_exact() {
        let n = 3000;
        let found = laplacian_eigenvectors(&ring(n, 3), 2, 1, &CancelToken::new()).unwrap();
        assert!(found.converged && found.products < 3000, "{} products", found.products);
        let want: f64 = (1..=3).map(|h| (1.0 - (std::f64::consts::TAU * f64::from(h) / n as f64).cos()) / 3.0).sum();
        for v in &found.values {
            assert!((v / want - 1.0).abs() < 1e-4, "{v} is not {want}");
        }
    }

    #[test]
    fn what_has_no_eigenvectors_is_an_error() {
        let token = CancelToken::new();
        let two = Csr::new(4, vec![0, 1, 2, 3, 4], vec![1, 0, 3, 2], vec![1.0; 4]).unwrap();
        let e = laplacian_eigenvectors(&two, 1, 0, &token).unwrap_err();
        assert!(e.to_string().starts_with("graph = 4 × 4 for 1 vectors: must be square, connected"), "{e}");
        let weightless = Csr::new(3, vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![1.0, 1.0, 0.0, 0.0]).unwrap();
        let e = laplacian_eigenvectors(&weightless, 1, 0, &token).unwrap_err();
        assert!(e.to_string().starts_with("graph = weights of 0 at row 2"), "{e}");
    }
}
