//! Connected components by union-find.

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
    pub(crate) fn labels(self) -> (Vec<u32>, usize) {
        let mut label = self.parent;
        // Parents are smaller than their children: going up, each parent is a root already when it is asked.
        for i in 0..label.len() {
            label[i] = label[label[i] as usize];
        }
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
