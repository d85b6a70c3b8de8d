//! Connected components by union-find.

use rayon::prelude::*;

/// Rows that one task looks through.
const CHUNK: usize = 1 << 14;
/// Edges of a row are looked at in parts that end here, and at the end of the row. The first ones join nearly all of a
/// graph that holds together; of the rest, nearly none lead from one set to another.
const PARTS: [usize; 3] = [2, 5, usize::MAX];

/// Disjoint sets of the numbers below n.
pub(crate) struct Sets {
    /// A number that is its own parent is the smallest of its set; every other parent is smaller than its child.
    parent: Vec<u32>,
}

impl Sets {
    /// Each number below `n` alone. `n` is at most 2³², so that ids fit.
    pub(crate) fn new(n: usize) -> Self {
        Self { parent: (0..n).map(|i| i as u32).collect() }
    }

    /// Makes one set of those of `a` and `b`.
    pub(crate) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        // The smaller root wins, so that a root is the smallest number of its set.
        self.parent[a.max(b) as usize] = a.min(b);
    }

    /// Makes one set of each of the first `rows` numbers and those in `row(i)`.
    pub(crate) fn join_rows<'a>(&mut self, rows: usize, row: impl Fn(usize) -> &'a [u32] + Sync) {
        let mut from = 0;
        for to in PARTS {
            // Every number names its root now, so that edges within a set are told by two looks, on all threads.
            let across: Vec<Vec<(u32, u32)>> = (0..rows.div_ceil(CHUNK))
                .into_par_iter()
                .map(|c| {
                    let mut across = Vec::new();
                    for i in c * CHUNK..((c + 1) * CHUNK).min(rows) {
                        let ids = row(i);
                        for &j in &ids[from.min(ids.len())..to.min(ids.len())] {
                            if self.parent[i] != self.parent[j as usize] {
                                across.push((i as u32, j));
                            }
                        }
                    }
                    across
                })
                .collect();
            across.into_iter().flatten().for_each(|(i, j)| self.join(i, j));
            self.flatten();
            from = to;
        }
    }

    /// Makes every number name its root.
    fn flatten(&mut self) {
        // Parents are smaller than their children: going up, each parent names its root already when it is asked.
        for i in 0..self.parent.len() {
            self.parent[i] = self.parent[self.parent[i] as usize];
        }
    }

    fn root(&mut self, mut i: u32) -> u32 {
        loop {
            let up = self.parent[i as usize];
            if up == i {
                return i;
            }
            // Halving the path keeps later walks short, in one pass.
            let above = self.parent[up as usize];
            self.parent[i as usize] = above;
            i = above;
        }
    }

    /// The set of each number, sets being counted in the order of their smallest number, and how many there are.
    pub(crate) fn labels(mut self) -> (Vec<u32>, usize) {
        self.flatten();
        let mut label = self.parent;
        let mut count = 0u32;
        for i in 0..label.len() {
            let root = label[i] as usize;
            if root == i {
                label[i] = count;
                count += 1;
            } else {
                label[i] = label[root];
            }
        }
        (label, count as usize)
    }
}
