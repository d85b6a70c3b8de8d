//! Neighbor graphs of fixed degree.

use crate::error::{Error, Result};

/// The k nearest neighbors of n rows: `u32` ids and `f32` distances, n × k each.
///
/// Rules that every value of this type keeps: a row never contains itself, no id twice; a row is ascending by
/// (distance, id); distances are finite. They are what the metric gives (not squared, unless it is), and negative only
/// under dot products or a distance of the user's own.
#[derive(Clone, Debug, PartialEq)]
pub struct KnnGraph {
    n: usize,
    k: usize,
    ids: Vec<u32>,
    dists: Vec<f32>,
}

impl KnnGraph {
    /// Makes a graph from row-major `ids` and `dists` (n × k each), and checks the rules.
    ///
    /// # Errors
    /// [`Error::Shape`] for arrays of the wrong length, [`Error::Graph`] naming the row and position of the first rule
    /// broken.
    pub fn new(n: usize, k: usize, ids: Vec<u32>, dists: Vec<f32>) -> Result<Self> {
        for len in [ids.len(), dists.len()] {
            if n.checked_mul(k) != Some(len) {
                return Err(Error::Shape { rows: n, cols: k, len });
            }
        }
        if u32::try_from(n).is_err() {
            return Err(Error::TooManyRows { rows: n });
        }
        let g = Self { n, k, ids, dists };
        let mut seen = Vec::with_capacity(k);
        for row in 0..n {
            let (ids, dists) = g.row(row);
            let bad = |position, problem| Error::Graph { row, position, problem };
            for p in 0..k {
                if ids[p] as usize >= n {
                    return Err(bad(p, "the id is not a row of the graph"));
                }
                if ids[p] as usize == row {
                    return Err(bad(p, "the row lists itself; use `from_self_included`"));
                }
                if !dists[p].is_finite() {
                    return Err(bad(p, "the distance is not a finite number"));
                }
                if p > 0 && (dists[p - 1], ids[p - 1]) >= (dists[p], ids[p]) {
                    return Err(bad(p, "the row is not ascending by (distance, id)"));
                }
            }
            seen.clear();
            seen.extend_from_slice(ids);
            seen.sort_unstable();
            if seen.windows(2).any(|w| w[0] == w[1]) {
                return Err(bad(0, "an id stands twice in the row"));
            }
        }
        Ok(g)
    }

    /// Makes a graph of degree `k - 1` from rows of `k` in which each row contains itself, as umap-learn, pynndescent
    /// and faiss write them. Where duplicates pushed a row out of its own list, its last neighbor is dropped. Rows are
    /// sorted by (distance, id).
    ///
    /// # Errors
    /// As [`KnnGraph::new`]; `k` must be at least 1.
    pub fn from_self_included(n: usize, k: usize, ids: &[u32], dists: &[f32]) -> Result<Self> {
        for len in [ids.len(), dists.len()] {
            if n.checked_mul(k) != Some(len) || k == 0 {
                return Err(Error::Shape { rows: n, cols: k, len });
            }
        }
        let (mut out_ids, mut out_dists) = (Vec::with_capacity(n * (k - 1)), Vec::with_capacity(n * (k - 1)));
        let mut row_buf: Vec<(f32, u32)> = Vec::with_capacity(k);
        for row in 0..n {
            let at = row * k..(row + 1) * k;
            row_buf.clear();
            row_buf.extend(
                // Adding 0 turns −0 into 0, which sorts as the rules of a graph have it.
                dists[at.clone()]
                    .iter()
                    .map(|d| d + 0.0)
                    .zip(ids[at].iter().copied())
                    .filter(|&(_, id)| id as usize != row),
            );
            row_buf.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            row_buf.truncate(k - 1);
            out_ids.extend(row_buf.iter().map(|e| e.1));
            out_dists.extend(row_buf.iter().map(|e| e.0));
        }
        Self::new(n, k - 1, out_ids, out_dists)
    }

    /// Number of rows.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Neighbors of each row.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The ids and distances of row `i`, nearest first.
    ///
    /// # Panics
    /// If `i >= self.n()`, as slices do.
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let at = i * self.k..(i + 1) * self.k;
        (&self.ids[at.clone()], &self.dists[at])
    }

    /// All ids, n × k in row-major order.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// All distances, n × k in row-major order.
    pub fn dists(&self) -> &[f32] {
        &self.dists
    }

    /// The `k` nearest of each row; the graph itself if it has no more than that.
    #[must_use]
    pub fn truncate(&self, k: usize) -> Self {
        let k = k.min(self.k);
        let mut ids = Vec::with_capacity(self.n * k);
        let mut dists = Vec::with_capacity(self.n * k);
        for i in 0..self.n {
            let (a, b) = self.row(i);
            ids.extend_from_slice(&a[..k]);
            dists.extend_from_slice(&b[..k]);
        }
        Self { n: self.n, k, ids, dists }
    }

    /// Share of the neighbors in `truth` that this graph has too, in [0, 1]; 1 for a truth without neighbors.
    ///
    /// # Errors
    /// [`Error::GraphSizes`] if the numbers of rows differ.
    pub fn recall(&self, truth: &Self) -> Result<f64> {
        if self.n != truth.n {
            return Err(Error::GraphSizes { left: self.n, right: truth.n });
        }
        if truth.ids.is_empty() {
            return Ok(1.0);
        }
        let mut hits = 0usize;
        let mut mine = Vec::with_capacity(self.k);
        for i in 0..self.n {
            mine.clear();
            mine.extend_from_slice(self.row(i).0);
            mine.sort_unstable();
            hits += truth.row(i).0.iter().filter(|id| mine.binary_search(id).is_ok()).count();
        }
        Ok(hits as f64 / truth.ids.len() as f64)
    }

    /// Share of the neighbors in `truth` that this graph has too or has others for that are as near, in [0, 1]; 1 for a
    /// truth without neighbors.
    ///
    /// Of each row's first `truth.k()` neighbors, those count that lie no farther than the last neighbor of the row in
    /// `truth`, to one part in a million. Where many rows tie, as duplicates and whole numbers do, [`KnnGraph::recall`]
    /// asks for the very rows that the truth happened to take, and this does not; on other data they agree. Distances are
    /// taken as they stand: a graph that states wrong ones deceives this score, and not the other.
    ///
    /// ```
    /// use planisphere_core::KnnGraph;
    /// // Three equal rows: any other row is a nearest neighbor.
    /// let truth = KnnGraph::new(3, 1, vec![1, 0, 0], vec![0.0; 3])?;
    /// let found = KnnGraph::new(3, 1, vec![2, 2, 1], vec![0.0; 3])?;
    /// assert_eq!((found.recall(&truth)?, found.recall_by_distance(&truth)?), (0.0, 1.0));
    /// # Ok::<(), planisphere_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::GraphSizes`] if the numbers of rows differ.
    pub fn recall_by_distance(&self, truth: &Self) -> Result<f64> {
        if self.n != truth.n {
            return Err(Error::GraphSizes { left: self.n, right: truth.n });
        }
        let mut hits = 0usize;
        for i in 0..self.n {
            let Some(&kth) = truth.row(i).1.last() else { return Ok(1.0) };
            let kth = f64::from(kth);
            let limit = kth + DISTANCE_SLACK * kth.abs();
            hits += self.row(i).1.iter().take(truth.k).take_while(|&&d| f64::from(d) <= limit).count();
        }
        Ok(if self.n == 0 { 1.0 } else { hits as f64 / truth.ids.len() as f64 })
    }
}

/// Relative difference up to which two distances count as one: about eight units in the last place.
const DISTANCE_SLACK: f64 = 1e-6;

/// Neighbors of rows that are not in a graph themselves, `k` ids of `n` known rows and distances for each, in any order:
/// checked, and as the rows of a [`KnnGraph`] are, ascending by (distance, id).
///
/// ```
/// let (ids, dists) = planisphere_core::neighbors_in_order(3, 2, &[2, 0, 1, 2], &[0.5, 0.25, 1.0, 1.0])?;
/// assert_eq!((ids, dists), (vec![0, 2, 1, 2], vec![0.25, 0.5, 1.0, 1.0]));
/// # Ok::<(), planisphere_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] if ids and distances are not as many, or not `k` for each row, or `k` is 0; [`Error::Graph`] for an id
/// that is none of the known rows or stands twice in a row, or a distance that is not finite, with row and position.
pub fn neighbors_in_order(n: usize, k: usize, ids: &[u32], dists: &[f32]) -> Result<(Vec<u32>, Vec<f32>)> {
    let rows = ids.len().checked_div(k).unwrap_or(0);
    for len in [ids.len(), dists.len()] {
        if len != rows * k || k == 0 {
            return Err(Error::Shape { rows, cols: k, len });
        }
    }
    let (mut out_ids, mut out_dists) = (Vec::with_capacity(ids.len()), Vec::with_capacity(ids.len()));
    let mut list: Vec<(f32, u32)> = Vec::with_capacity(k);
    let mut seen: Vec<u32> = Vec::with_capacity(k);
    for (row, (ids, dists)) in ids.chunks_exact(k).zip(dists.chunks_exact(k)).enumerate() {
        let bad = |position, problem| Err(Error::Graph { row, position, problem });
        if let Some(p) = ids.iter().position(|&id| id as usize >= n) {
            return bad(p, "the id is not a row of the map");
        }
        if let Some(p) = dists.iter().position(|d| !d.is_finite()) {
            return bad(p, "the distance is not a finite number");
        }
        seen.clear();
        seen.extend_from_slice(ids);
        seen.sort_unstable();
        if let Some(twice) = seen.windows(2).find(|w| w[0] == w[1]) {
            let p = ids.iter().rposition(|id| *id == twice[0]).unwrap_or(0);
            return bad(p, "an id stands twice in the row");
        }
        list.clear();
        // Adding 0 turns −0 into 0.
        list.extend(dists.iter().map(|d| d + 0.0).zip(ids.iter().copied()));
        list.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        out_ids.extend(list.iter().map(|e| e.1));
        out_dists.extend(list.iter().map(|e| e.0));
    }
    Ok((out_ids, out_dists))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(r: Result<KnnGraph>) -> (usize, usize, &'static str) {
        match r {
            Err(Error::Graph { row, position, problem }) => (row, position, problem),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_rule_is_checked() {
        assert!(KnnGraph::new(3, 2, vec![1, 2, 0, 2, 0, 1], vec![1.0, 1.0, 1.0, 2.0, 1.0, 2.0]).is_ok());
        assert!(matches!(KnnGraph::new(3, 2, vec![1], vec![1.0]), Err(Error::Shape { .. })));
        assert_eq!(problem(KnnGraph::new(2, 1, vec![2, 0], vec![1.0, 1.0])).0, 0);
        assert!(problem(KnnGraph::new(2, 1, vec![1, 1], vec![1.0, 1.0])).2.contains("itself"));
        assert!(problem(KnnGraph::new(2, 1, vec![1, 0], vec![1.0, f32::NAN])).2.contains("finite"));
        assert!(problem(KnnGraph::new(2, 1, vec![1, 0], vec![1.0, f32::NEG_INFINITY])).2.contains("finite"));
        assert!(KnnGraph::new(2, 1, vec![1, 0], vec![1.0, -1.0]).is_ok(), "as under dot products");
        let g = KnnGraph::new(3, 2, vec![2, 1, 0, 2, 0, 1], vec![1.0, 1.0, 1.0, 2.0, 1.0, 2.0]);
        assert_eq!(problem(g).1, 1, "ties go by id");
        let g = KnnGraph::new(3, 2, vec![1, 1, 0, 2, 0, 1], vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
        assert!(problem(g).2.contains("twice"));
    }

    #[test]
    fn self_is_taken_out_wherever_it_stands() {
        // Row 1 is a duplicate of row 0 and lost itself to it and row 2.
        let g = KnnGraph::from_self_included(3, 2, &[0, 1, 0, 2, 2, 0], &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
        assert_eq!((g.n(), g.k()), (3, 1));
        assert_eq!(g.ids(), &[1, 0, 0]);
        assert!(KnnGraph::from_self_included(1, 0, &[], &[]).is_err());
    }

    #[test]
    fn recall_and_truncation() {
        let truth = KnnGraph::new(3, 2, vec![1, 2, 0, 2, 0, 1], vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0]).unwrap();
        assert_eq!(truth.recall(&truth).unwrap(), 1.0);
        assert_eq!(truth.truncate(1).recall(&truth).unwrap(), 0.5);
        assert_eq!(truth.truncate(9), truth);
        let other = KnnGraph::new(1, 0, vec![], vec![]).unwrap();
        assert!(other.recall(&truth).is_err());
        assert_eq!(other.recall(&other).unwrap(), 1.0);
    }

    #[test]
    fn recall_by_distance_counts_what_is_as_near() {
        let truth = KnnGraph::new(4, 2, vec![1, 2, 0, 2, 0, 1, 0, 1], [1.0, 2.0].repeat(4)).unwrap();
        assert_eq!(truth.recall_by_distance(&truth).unwrap(), 1.0);
        assert_eq!(truth.truncate(1).recall_by_distance(&truth).unwrap(), 0.5);
        // Of more neighbors than the truth has, only the first count.
        assert_eq!(truth.recall_by_distance(&truth.truncate(1)).unwrap(), 1.0);
        // Row 0 has others as near (the slack covers a rounding), row 1 one of two, row 2 none, row 3 both.
        let d = vec![1.0, 2.000001, 1.0, 2.01, 2.5, 2.6, 0.5, 1.0];
        let found = KnnGraph::new(4, 2, vec![2, 3, 3, 0, 3, 0, 0, 1], d).unwrap();
        assert_eq!(found.recall_by_distance(&truth).unwrap(), 5.0 / 8.0);
        let none = KnnGraph::new(4, 0, vec![], vec![]).unwrap();
        assert_eq!((found.recall_by_distance(&none).unwrap(), none.recall_by_distance(&truth).unwrap()), (1.0, 0.0));
        let empty = KnnGraph::new(0, 2, vec![], vec![]).unwrap();
        assert_eq!(empty.recall_by_distance(&empty).unwrap(), 1.0);
        assert!(matches!(empty.recall_by_distance(&truth), Err(Error::GraphSizes { left: 0, right: 4 })));
    }
}
