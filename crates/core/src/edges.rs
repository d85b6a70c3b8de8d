//! A neighbor graph as edges: sparse matrices of distances, components, degrees.

use crate::components::Sets;
use crate::csr::Csr;
use crate::graph::KnnGraph;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Which edges a symmetric graph keeps: being a neighbor is not mutual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Symmetry {
    /// Rows are joined if either lists the other: each row keeps its k neighbors at least.
    #[default]
    Union,
    /// Rows are joined if both list each other. Hubs lose most of their edges, and rows may be left alone.
    Mutual,
}

impl KnnGraph {
    /// The directed graph as an n × n sparse matrix of distances, `n * k` entries: row `i` holds the neighbors of row `i`,
    /// ascending by id. Neighbors at distance 0 are stored, as zeros.
    ///
    /// ```
    /// use planisphere_core::KnnGraph;
    /// let graph = KnnGraph::new(3, 2, vec![2, 1, 0, 2, 0, 1], vec![1.0, 5.0, 5.0, 6.0, 1.0, 6.0])?;
    /// assert_eq!(graph.to_csr().row(0), (&[1, 2][..], &[5.0, 1.0][..]));
    /// # Ok::<(), planisphere_core::Error>(())
    /// ```
    pub fn to_csr(&self) -> Csr {
        let (n, k) = (self.n(), self.k());
        let mut indices = self.ids().to_vec();
        let mut data = self.dists().to_vec();
        if k > 1 {
            indices.par_chunks_mut(k).zip(data.par_chunks_mut(k)).for_each_init(
                || Vec::with_capacity(k),
                |row, (indices, data)| {
                    row.clear();
                    row.extend(indices.iter().copied().zip(data.iter().copied()));
                    row.sort_unstable_by_key(|e| e.0);
                    for ((id, d), e) in indices.iter_mut().zip(data).zip(&*row) {
                        (*id, *d) = *e;
                    }
                },
            );
        }
        Csr::from_sorted(n, (0..=n).map(|i| i * k).collect(), indices, data)
    }

    /// The undirected graph as a symmetric n × n sparse matrix of distances with the edges that `edges` keeps. Where two
    /// rows list each other at different distances, as they may in a graph made elsewhere, the smaller one holds.
    /// Neighbors at distance 0 are stored, as zeros.
    ///
    /// ```
    /// use planisphere_core::{KnnGraph, Symmetry};
    /// // On a line at 0, 2 and 3: row 0 lists row 1, which is nearer to row 2.
    /// let graph = KnnGraph::new(3, 1, vec![1, 2, 1], vec![2.0, 1.0, 1.0])?;
    /// assert_eq!(graph.symmetrize(Symmetry::Union).row(1), (&[0, 2][..], &[2.0, 1.0][..]));
    /// assert_eq!(graph.symmetrize(Symmetry::Mutual).row(1), (&[2][..], &[1.0][..]));
    /// # Ok::<(), planisphere_core::Error>(())
    /// ```
    pub fn symmetrize(&self, edges: Symmetry) -> Csr {
        let listed = self.to_csr();
        let both = listed.combine(&listed.transposed(), |a, b| match (a, b) {
            (Some(a), Some(b)) => Some(smaller(a, b)),
            (a, b) => a.or(b).filter(|_| edges == Symmetry::Union),
        });
        both.expect("a square matrix has the shape of its transpose, and merged rows ascend as they do")
    }

    /// The connected components, the directions of the edges left aside: a component number for each row, numbered by
    /// their smallest row, and how many there are. They are those of [`Symmetry::Union`].
    ///
    /// A graph of several components is no error, but a map of it shows nothing of how they lie to each other.
    pub fn components(&self) -> (Vec<u32>, usize) {
        let mut sets = Sets::new(self.n());
        sets.join_rows(self.n(), |i| self.row(i).0);
        sets.labels()
    }

    /// How many rows list each row among their neighbors; k on average. Large numbers are hubs, and rows with 0 are
    /// nobody's neighbor: both grow common with the dimension (Radovanović et al., *Hubs in space*, 2010).
    pub fn in_degrees(&self) -> Vec<u32> {
        let mut degrees = vec![0u32; self.n()];
        for &id in self.ids() {
            degrees[id as usize] += 1;
        }
        degrees
    }
}

/// The smaller of two distances, the same whichever comes first, which `f32::min` does not promise for 0 and −0.
fn smaller(a: f32, b: f32) -> f32 {
    if a.total_cmp(&b).is_le() { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::CounterRng;
    use proptest::prelude::*;

    /// A graph whose two directions differ: distances are drawn for each ordered pair, with many ties.
    fn random(n: usize, k: usize, seed: u64) -> KnnGraph {
        let k = k.min(n.saturating_sub(1));
        let rng = CounterRng::new(seed, "graph");
        let (mut ids, mut dists) = (Vec::new(), Vec::new());
        for i in 0..n {
            let row = rng.at(0, i as u64);
            let mut all: Vec<(u32, u32)> =
                (0..n as u32).filter(|&j| j as usize != i).map(|j| (row.below(u64::from(j), 6), j)).collect();
            all.sort_unstable();
            ids.extend(all[..k].iter().map(|e| e.1));
            dists.extend(all[..k].iter().map(|e| e.0 as f32));
        }
        KnnGraph::new(n, k, ids, dists).unwrap()
    }

    /// What is stored at (i, j).
    fn stored(m: &Csr, i: usize, j: usize) -> Option<f32> {
        let (ids, d) = m.row(i);
        ids.iter().position(|&id| id as usize == j).map(|p| d[p])
    }

    fn listed(g: &KnnGraph, i: usize, j: usize) -> Option<f32> {
        let (ids, d) = g.row(i);
        ids.iter().position(|&id| id as usize == j).map(|p| d[p])
    }

    /// Components by spreading labels until nothing changes.
    fn spread(g: &KnnGraph) -> Vec<u32> {
        let mut label: Vec<u32> = (0..g.n() as u32).collect();
        loop {
            let before = label.clone();
            for i in 0..g.n() {
                for &j in g.row(i).0 {
                    let least = label[i].min(label[j as usize]);
                    (label[i], label[j as usize]) = (least, least);
                }
            }
            if label == before {
                return label;
            }
        }
    }

    proptest! {
        #[test]
        fn edges_agree_with_the_definition(n in 0usize..40, k in 0usize..7, seed: u64) {
            let g = random(n, k, seed);
            let (directed, union, mutual) = (g.to_csr(), g.symmetrize(Symmetry::Union), g.symmetrize(Symmetry::Mutual));
            for m in [&directed, &union, &mutual] {
                prop_assert_eq!((m.rows(), m.cols()), (n, n));
                // The checked constructor finds nothing wrong with what went around it.
                let again = Csr::new(n, m.indptr().to_vec(), m.indices().to_vec(), m.data().to_vec());
                prop_assert_eq!(&again.unwrap(), m);
            }
            prop_assert_eq!(&union.transpose().unwrap(), &union);
            prop_assert_eq!(&mutual.transpose().unwrap(), &mutual);
            let mut degrees = vec![0u32; n];
            for i in 0..n {
                for (j, degree) in degrees.iter_mut().enumerate() {
                    let (a, b) = (listed(&g, i, j), listed(&g, j, i));
                    prop_assert_eq!(stored(&directed, i, j), a);
                    let both = a.zip(b).map(|(a, b)| a.min(b));
                    prop_assert_eq!(stored(&mutual, i, j), both);
                    prop_assert_eq!(stored(&union, i, j), both.or(a).or(b));
                    *degree += u32::from(a.is_some());
                }
            }
            prop_assert_eq!(g.in_degrees(), degrees);
        }

        #[test]
        fn components_agree_with_spreading(n in 0usize..60, k in 0usize..8, seed: u64) {
            let g = random(n, k, seed);
            let (label, count) = g.components();
            prop_assert_eq!(&g.symmetrize(Symmetry::Union).components(), &(label.clone(), count));
            prop_assert_eq!(&g.to_csr().components(), &(label.clone(), count));
            let want = spread(&g);
            let mut smallest: Vec<u32> = want.clone();
            smallest.sort_unstable();
            smallest.dedup();
            prop_assert_eq!(count, smallest.len());
            for (l, w) in label.iter().zip(&want) {
                prop_assert_eq!(smallest[*l as usize], *w);
            }
        }
    }

    #[test]
    fn a_long_chain_and_no_neighbors() {
        // Every row lists the one before it: the longest possible path, in the worst order for the search of roots.
        let n = 300_000u32;
        let ids = (0..n).map(|i| if i == 0 { 1 } else { i - 1 }).collect();
        let chain = KnnGraph::new(n as usize, 1, ids, vec![1.0; n as usize]).unwrap();
        let (label, count) = chain.components();
        assert!(count == 1 && label.iter().all(|&l| l == 0));
        assert_eq!(chain.in_degrees()[..3], [1, 2, 1]);
        let alone = KnnGraph::new(3, 0, vec![], vec![]).unwrap();
        assert_eq!(alone.components(), (vec![0, 1, 2], 3));
        assert_eq!((alone.to_csr().rows(), alone.symmetrize(Symmetry::Union).nnz()), (3, 0));
        assert_eq!(alone.in_degrees(), [0, 0, 0]);
        let none = KnnGraph::new(0, 0, vec![], vec![]).unwrap();
        assert_eq!((none.components(), none.to_csr().rows()), ((vec![], 0), 0));
    }

    #[test]
    fn directions_that_differ_by_the_sign_of_zero_become_one() {
        let g = KnnGraph::new(2, 1, vec![1, 0], vec![0.0, -0.0]).unwrap();
        for edges in [Symmetry::Union, Symmetry::Mutual] {
            let m = g.symmetrize(edges);
            assert_eq!(m.data()[0].to_bits(), m.data()[1].to_bits());
        }
    }
}
