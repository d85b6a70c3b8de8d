//! What a batch of queries found.

/// The neighbors of a batch of queries, in the order of the queries: for each as many as were asked for, or all there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbors {
    /// Where the neighbors of each query start, and the number of all.
    starts: Vec<usize>,
    ids: Vec<u32>,
    dists: Vec<f32>,
}

impl Neighbors {
    pub(super) fn with_capacity(queries: usize, entries: usize) -> Self {
        let mut starts = Vec::with_capacity(queries + 1);
        starts.push(0);
        Self { starts, ids: Vec::with_capacity(entries), dists: Vec::with_capacity(entries) }
    }

    pub(super) fn push(&mut self, ids: &[u32], dists: &[f32]) {
        self.ids.extend_from_slice(ids);
        self.dists.extend_from_slice(dists);
        self.starts.push(self.ids.len());
    }

    pub(super) fn append(&mut self, other: &Self) {
        let first = self.ids.len();
        self.starts.extend(other.starts[1..].iter().map(|s| first + s));
        self.ids.extend_from_slice(&other.ids);
        self.dists.extend_from_slice(&other.dists);
    }

    /// Number of queries.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of neighbors of query `i`: fewer than were asked for only if there are no more points, or no more that pass
    /// the filter.
    ///
    /// # Panics
    /// If `i >= self.len()`, as slices do.
    pub fn count(&self, i: usize) -> usize {
        self.starts[i + 1] - self.starts[i]
    }

    /// Ids and distances of the neighbors of query `i`, nearest first.
    ///
    /// # Panics
    /// If `i >= self.len()`, as slices do.
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let at = self.starts[i]..self.starts[i + 1];
        (&self.ids[at.clone()], &self.dists[at])
    }

    /// The neighbors of all queries one after the other; without a filter, there are as many for each.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[u32], &[f32])> {
        (0..self.len()).map(|i| self.row(i))
    }

    /// All ids, query by query.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// All distances, query by query.
    pub fn dists(&self) -> &[f32] {
        &self.dists
    }

    /// The ids and distances, query by query, without a copy.
    pub fn into_parts(self) -> (Vec<u32>, Vec<f32>) {
        (self.ids, self.dists)
    }
}
