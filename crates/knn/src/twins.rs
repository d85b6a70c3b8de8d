//! Rows of which there are many.
//!
//! A search cannot tell equal rows apart before it has measured them all, which takes a time that grows with the square of
//! their number. It need not: by (distance, id), the `k` + 1 first of a set of equal rows come before all later ones in
//! anybody's list, whatever the distance. So no later one is a neighbor of any row, and its own neighbors are those of the
//! last of the first: that one is as far from everything, and neither is in the other's list. The search is for the first
//! ones only, and the result is the same to the bit.

use crate::error::{Error, Result};
use planisphere_core::{Context, CounterRng, Decision, KnnGraph, Matrix, MatrixView};
use rayon::prelude::*;

/// Fewer rows than this are searched as they are.
const FEWEST: usize = 2048;
/// Columns that a first look takes, spread evenly.
const LOOK: usize = 32;

/// The rows that are searched, and for each row the one of them whose neighbors it has.
#[derive(Debug, PartialEq)]
pub(crate) struct Twins {
    kept: Vec<u32>,
    /// For each row, a position in `kept`.
    as_of: Vec<u32>,
}

impl Twins {
    /// Nothing if no row has more than `k` equal ones before it.
    pub(crate) fn find(x: MatrixView<'_>, k: usize) -> Option<Self> {
        let n = x.rows();
        if n < FEWEST || x.cols() == 0 || k == 0 || k >= n || u32::try_from(n).is_err() {
            return None;
        }
        let step = x.cols().div_ceil(LOOK);
        let mut looks: Vec<(u64, u32)> = (0..n).into_par_iter().map(|i| (hash(x.row(i), step), i as u32)).collect();
        looks.par_sort_unstable();
        let crowd = |run: &&[(u64, u32)]| run.len() > k + 1;
        let alike: Vec<&[(u64, u32)]> = looks.chunk_by(|a, b| a.0 == b.0).filter(crowd).collect();
        if alike.is_empty() {
            return None;
        }
        let mut whole: Vec<(u64, u32)> =
            alike.par_iter().flat_map_iter(|run| run.iter().map(|&(_, i)| (hash(x.row(i as usize), 1), i))).collect();
        whole.par_sort_unstable();
        // For each row to be left out, the one whose neighbors it has.
        let mut left: Vec<(u32, u32)> = Vec::new();
        for run in whole.chunk_by(|a, b| a.0 == b.0).filter(crowd) {
            let first = x.row(run[0].1 as usize);
            // All of them, but for a coincidence of hashes.
            let equal: Vec<u32> = run.iter().map(|r| r.1).filter(|&i| same(x.row(i as usize), first)).collect();
            left.extend(equal.iter().skip(k + 1).map(|&i| (i, equal[k])));
        }
        if left.is_empty() {
            return None;
        }
        let mut as_of: Vec<u32> = (0..n as u32).collect();
        for &(i, like) in &left {
            as_of[i as usize] = like;
        }
        let kept: Vec<u32> = (0..n as u32).filter(|&i| as_of[i as usize] == i).collect();
        for (position, &i) in kept.iter().enumerate() {
            as_of[i as usize] = position as u32;
        }
        // Rows that are left out come after the one that they are like, which has its position by now.
        for (i, like) in left {
            as_of[i as usize] = as_of[like as usize];
        }
        Some(Self { kept, as_of })
    }

    /// The graph of all rows, from one that `search` makes of some.
    pub(crate) fn fit(
        &self,
        x: MatrixView<'_>,
        cx: &mut Context<'_>,
        search: impl Fn(MatrixView<'_>, &mut Context<'_>) -> Result<KnnGraph>,
    ) -> Result<KnnGraph> {
        let (n, m) = (x.rows(), self.kept.len());
        let mut some = Matrix::zeros(m, x.cols());
        for (to, &from) in self.kept.iter().enumerate() {
            some.row_mut(to).copy_from_slice(x.row(from as usize));
        }
        let graph = match search(some.view(), cx) {
            Ok(graph) => graph,
            Err(Error::Cancelled(c)) => return Err(c.into()),
            // What is wrong is told of the rows as they were given.
            Err(_) => return search(x, cx),
        };
        cx.decide(Decision::new(
            "neighbors",
            "of equal rows once",
            format!("{} of {n} rows have more than k equal ones before them", n - m),
        ));
        let k = graph.k();
        let (mut ids, mut dists) = (Vec::with_capacity(n * k), Vec::with_capacity(n * k));
        for &position in &self.as_of {
            let (near, far) = graph.row(position as usize);
            ids.extend(near.iter().map(|&id| self.kept[id as usize]));
            dists.extend_from_slice(far);
        }
        Ok(KnnGraph::new(n, k, ids, dists)?)
    }
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// A hash of every `step`-th value.
fn hash(row: &[f32], step: usize) -> u64 {
    let mut h = 0u64;
    for v in row.iter().step_by(step) {
        h = (h.rotate_left(5) ^ u64::from(v.to_bits())).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    // The low bits of a product know little of the high bits of its factors.
    CounterRng::new(0, "twins").at(0, h).bits(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Approx, Auto, Exact, Metric};

    /// Rows of small whole numbers, `share` in 10 of which are one of three.
    fn crowded(n: usize, share: u64) -> Matrix {
        let r = CounterRng::new(5, "twins test").at(0, 0);
        let mut x = Matrix::zeros(n, 40);
        for i in 0..n {
            let one_of_three = r.bits(i as u64) % 10 < share;
            let which = if one_of_three { r.bits(i as u64) >> 32 } else { i as u64 + 1000 };
            let which = if one_of_three { which % 3 } else { which };
            for (c, v) in x.row_mut(i).iter_mut().enumerate() {
                *v = 1.0 + (r.bits(which * 64 + c as u64 + (1 << 40)) % 9) as f32;
            }
        }
        x
    }

    #[test]
    fn the_graph_is_the_same() {
        let x = crowded(3000, 7);
        for k in [1, 7, 30] {
            for metric in [Metric::Euclidean, Metric::Cosine, Metric::Dot, Metric::Manhattan, Metric::Hamming] {
                let exact = Exact::new(k).metric(metric.clone());
                let whole = exact.fit_rows(x.view(), &mut Context::new()).unwrap();
                assert!(Twins::find(x.view(), k).unwrap().kept.len() < 1300);
                assert_eq!(exact.fit(&x).unwrap(), whole, "{metric:?}, {k}");
                assert_eq!(Auto::new(k).metric(metric).fit(&x).unwrap(), whole);
            }
        }
    }

    #[test]
    fn nothing_is_done_without_crowds() {
        assert_eq!(Twins::find(crowded(3000, 0).view(), 5), None);
        // As many equal rows as k + 1 are a crowd that the search can do with.
        let mut x = crowded(3000, 0);
        for i in 0..8 {
            let row = x.row(0).to_vec();
            x.row_mut(100 * i).copy_from_slice(&row);
        }
        assert_eq!(Twins::find(x.view(), 7), None);
        let twins = Twins::find(x.view(), 6).unwrap();
        assert_eq!((twins.kept.len(), twins.as_of[700], twins.as_of[701]), (2999, 600, 700));
    }

    #[test]
    fn a_hundred_thousand_equal_rows() {
        let x = Matrix::from_vec(100_000, 3, vec![0.5; 300_000]).unwrap();
        for graph in [Exact::new(4).fit(&x), Approx::new(4).fit(&x), Auto::new(4).fit(&x)] {
            let graph = graph.unwrap();
            assert_eq!(graph.row(0), (&[1, 2, 3, 4][..], &[0.0; 4][..]));
            assert_eq!(graph.row(2).0, &[0, 1, 3, 4]);
            assert!((4..100_000).all(|i| graph.row(i).0 == [0, 1, 2, 3]));
        }
    }

    #[test]
    fn errors_name_the_rows_as_given() {
        let mut x = crowded(3000, 9);
        x.row_mut(2990)[3] = -1.0;
        let error = Exact::new(5).metric(Metric::Hellinger).fit(&x).unwrap_err();
        assert!(error.to_string().contains("2990"), "{error}");
    }
}
