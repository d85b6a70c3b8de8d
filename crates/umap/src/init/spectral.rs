//! Eigenvectors of the normalized Laplacian of a connected graph.
//!
//! L = I − S with S = D^−½ W D^−½. The smallest eigenvalues of L are the largest of S, whose first eigenvector √d is known
//! and is projected out. Small graphs are solved densely. For larger ones a block of vectors is filtered with Chebyshev
//! polynomials, which grow where the wanted eigenvalues are and stay below 1 on the rest of the spectrum, and is rotated to
//! the best basis in between (Zhou, Saad, Tiago & Chelikowsky 2006). That needs nothing but products with S, which run over
//! the rows in parallel, and sums over fixed blocks of rows: the same bits on any number of threads.

use crate::error::Result;
use planisphere_core::{CancelToken, CounterRng, Csr};
use planisphere_kernels::{Kernel, Simd, eigen};
use rayon::prelude::*;

/// Graphs up to this size are solved densely.
const DENSE: usize = 200;
/// Vectors in the block come in groups of so many: a 512-bit register of f64.
const GROUP: usize = 8;
/// Vectors beyond the wanted ones, which make the wanted ones converge.
const SPARE: usize = 4;
/// Products with S at most.
const MAX_PRODUCTS: usize = 3000;
/// An eigenvector counts as found when its residual is below this share of its eigenvalue of L: far more exact than a
/// starting position needs to be.
const TOLERANCE: f64 = 1e-3;
/// Rows that one task works on.
const CHUNK: usize = 1024;

/// Eigenvectors of the normalized Laplacian with the `count` smallest eigenvalues above the trivial one.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigenvectors {
    /// The eigenvalues of L, ascending.
    pub values: Vec<f64>,
    /// Vector `j` is `vectors[j]`: n entries, norm 1, the entry of largest size positive.
    pub vectors: Vec<Vec<f64>>,
    /// Whether all met the tolerance.
    pub converged: bool,
    /// Products with the matrix that it took; 0 for the dense solver.
    pub products: usize,
}

/// The `count` smallest non-trivial eigenvalues and eigenvectors of the normalized Laplacian of a connected, symmetric
/// graph without negative weights.
///
/// # Errors
/// [`Error::InvalidParam`](crate::Error::InvalidParam) if the graph is not square, not connected, or has no `count` + 1
/// rows; [`Error::Cancelled`](crate::Error::Cancelled); [`Error::Eigen`](crate::Error::Eigen).
pub fn laplacian_eigenvectors(graph: &Csr, count: usize, seed: u64, token: &CancelToken) -> Result<Eigenvectors> {
    let n = graph.rows();
    if graph.cols() != n || n <= count || graph.components().1 != 1 {
        let reason = "must be square, connected, and have more rows than vectors are asked for";
        return Err(crate::Error::param("graph", format!("{n} × {} for {count} vectors", graph.cols()), reason));
    }
    let s = Normalized::new(graph);
    if n <= DENSE.max(4 * (count + SPARE)) {
        return s.dense(count);
    }
    s.filtered(count, seed, token)
}

/// S, with the square roots of the degrees.
struct Normalized<'a> {
    graph: &'a Csr,
    /// Values of S, in the order of the graph's entries.
    values: Vec<f32>,
    /// √d, of norm 1.
    trivial: Vec<f64>,
}

impl<'a> Normalized<'a> {
    fn new(graph: &'a Csr) -> Self {
        let degree: Vec<f64> = (0..graph.rows()).map(|i| graph.row(i).1.iter().map(|&w| f64::from(w)).sum()).collect();
        let inverse: Vec<f64> = degree.iter().map(|d| 1.0 / d.sqrt()).collect();
        let mut values = Vec::with_capacity(graph.nnz());
        for (i, &here) in inverse.iter().enumerate() {
            let (ids, weights) = graph.row(i);
            values.extend(ids.iter().zip(weights).map(|(&j, &w)| (f64::from(w) * (here * inverse[j as usize])) as f32));
        }
        let total: f64 = degree.iter().sum();
        Self { graph, values, trivial: degree.iter().map(|d| (d / total).sqrt()).collect() }
    }

    fn dense(&self, count: usize) -> Result<Eigenvectors> {
        let n = self.graph.rows();
        let mut l = vec![0.0; n * n];
        for i in 0..n {
            let at = self.graph.indptr()[i];
            for (p, &j) in self.graph.row(i).0.iter().enumerate() {
                l[i * n + j as usize] = -f64::from(self.values[at + p]);
            }
            l[i * n + i] += 1.0;
        }
        let (values, vectors) = eigen::symmetric(n, &l)?;
        let vectors = (1..=count).map(|j| oriented(vectors[j * n..(j + 1) * n].to_vec())).collect();
        Ok(Eigenvectors { values: values[1..=count].to_vec(), vectors, converged: true, products: 0 })
    }

    fn filtered(&self, count: usize, seed: u64, token: &CancelToken) -> Result<Eigenvectors> {
        let n = self.graph.rows();
        let b = (count + SPARE).next_multiple_of(GROUP);
        let mut x = Block::random(n, b, seed);
        let mut image = Block::zeros(n, b);
        let mut previous = Block::zeros(n, b);
        let mut products = 0;
        // The block's Ritz values of S, descending; a first guess that suits neighbor graphs.
        let mut ritz: Vec<f64> = vec![0.9; b];
        x.orthonormalize(&self.trivial)?;
        loop {
            // Chebyshev's recurrence on [−1, cut], in place: x ← T_m((2 S − (cut − 1)) / (cut + 1)) x.
            let cut = ritz[b - 1].clamp(0.0, 1.0 - 1e-12);
            let degree = degree(cut, ritz[count - 1]);
            let (center, half) = ((cut - 1.0) / 2.0, f64::midpoint(cut, 1.0));
            for step in 0..degree {
                token.check()?;
                let factor = if step == 0 { 1.0 } else { 2.0 };
                let weight = if step == 0 { 0.0 } else { 1.0 };
                // previous ← factor / half · (S − center) x − weight · previous
                self.product(&x, &mut previous, factor / half, center, weight);
                std::mem::swap(&mut x, &mut previous);
            }
            products += degree + 1;
            x.orthonormalize(&self.trivial)?;
            self.product(&x, &mut image, 1.0, 0.0, 0.0);
            // Rayleigh and Ritz: the best eigenvectors within the block.
            let h = x.inner(&image);
            let (values, vectors) = eigen::symmetric(b, &h)?;
            let order: Vec<usize> = (0..b).rev().collect();
            ritz = order.iter().map(|&j| values[j]).collect();
            let rotation: Vec<f64> = (0..b * b).map(|i| vectors[order[i % b] * b + i / b]).collect();
            x.rotate(&rotation);
            image.rotate(&rotation);
            let residuals = x.residuals(&image, &ritz);
            let converged = (0..count).all(|j| residuals[j] <= (TOLERANCE * (1.0 - ritz[j])).max(1e-9));
            if converged || products >= MAX_PRODUCTS {
                return Ok(Eigenvectors {
                    values: ritz[..count].iter().map(|r| 1.0 - r).collect(),
                    vectors: (0..count).map(|j| oriented(x.column(j))).collect(),
                    converged,
                    products,
                });
            }
        }
    }

    /// out ← scale · (S − shift) x − weight · out.
    fn product(&self, x: &Block, out: &mut Block, scale: f64, shift: f64, weight: f64) {
        let b = x.cols;
        let simd = Simd::detect();
        out.data.par_chunks_mut(CHUNK * b).enumerate().for_each(|(c, out)| {
            simd.run(Product { s: self, x, out, first: c * CHUNK, scale, shift, weight });
        });
    }
}

struct Product<'a> {
    s: &'a Normalized<'a>,
    x: &'a Block,
    out: &'a mut [f64],
    first: usize,
    scale: f64,
    shift: f64,
    weight: f64,
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let b = self.x.cols;
        let indptr = self.s.graph.indptr();
        for (r, out) in self.out.chunks_exact_mut(b).enumerate() {
            let i = self.first + r;
            let (from, to) = (indptr[i], indptr[i + 1]);
            let ids = &self.s.graph.indices()[from..to];
            let values = &self.s.values[from..to];
            for (g, out) in out.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
                let mut sum = [0f64; GROUP];
                for (&j, &v) in ids.iter().zip(values) {
                    let xj = self.x.group(j as usize, g);
                    for l in 0..GROUP {
                        sum[l] = f64::from(v).mul_add(xj[l], sum[l]);
                    }
                }
                let own = self.x.group(i, g);
                for l in 0..GROUP {
                    let shifted = (-self.shift).mul_add(own[l], sum[l]);
                    out[l] = (-self.weight).mul_add(out[l], self.scale * shifted);
                }
            }
        }
    }
}

/// The degree of the next filter. On [cut, 1] Chebyshev's polynomial grows like exp(m √(2 δ)), δ = 2 (θ − cut) / (1 + cut):
/// enough to raise the last wanted value θ well above the rest, but not so much that the first vector drowns the others.
fn degree(cut: f64, wanted: f64) -> usize {
    let growth = |theta: f64| (4.0 * (theta - cut).max(0.0) / (1.0 + cut)).sqrt();
    let enough = 6.0 / growth(wanted).max(1e-9);
    let most = 12.0 / growth(1.0).max(1e-9);
    enough.min(most).clamp(8.0, 200.0) as usize
}

/// The entry of largest size is positive; the first of equals decides.
fn oriented(mut v: Vec<f64>) -> Vec<f64> {
    let largest = v.iter().copied().fold(0.0f64, |m, x| if x.abs() > m.abs() { x } else { m });
    if largest < 0.0 {
        v.iter_mut().for_each(|x| *x = -*x);
    }
    v
}

/// n × b values, row-major, b a multiple of [`GROUP`].
struct Block {
    cols: usize,
    data: Vec<f64>,
}

impl Block {
    fn zeros(n: usize, cols: usize) -> Self {
        Self { cols, data: vec![0.0; n * cols] }
    }

    fn random(n: usize, cols: usize, seed: u64) -> Self {
        let rng = CounterRng::new(seed, "spectral init");
        let mut block = Self::zeros(n, cols);
        block.data.par_chunks_mut(cols).enumerate().for_each(|(i, row)| {
            let draws = rng.at(0, i as u64);
            row.iter_mut().enumerate().for_each(|(j, v)| *v = f64::from(draws.normal(j as u64)));
        });
        block
    }

    #[inline(always)]
    fn group(&self, row: usize, g: usize) -> &[f64; GROUP] {
        let at = row * self.cols + g * GROUP;
        self.data[at..at + GROUP].try_into().expect("groups are whole")
    }

    fn column(&self, j: usize) -> Vec<f64> {
        self.data.chunks_exact(self.cols).map(|r| r[j]).collect()
    }

    /// Sums over the rows, by fixed blocks of rows added in order: `len` sums that `add(i, row, sums)` adds to.
    fn sums(&self, len: usize, add: impl Fn(usize, &[f64], &mut [f64]) + Sync) -> Vec<f64> {
        let parts: Vec<Vec<f64>> = self
            .data
            .par_chunks(CHUNK * self.cols)
            .enumerate()
            .map(|(c, rows)| {
                let mut part = vec![0.0; len];
                for (r, row) in rows.chunks_exact(self.cols).enumerate() {
                    add(c * CHUNK + r, row, &mut part);
                }
                part
            })
            .collect();
        let mut total = vec![0.0; len];
        for p in parts {
            total.iter_mut().zip(p).for_each(|(t, v)| *t += v);
        }
        total
    }

    /// thisᵀ · other, b × b.
    fn inner(&self, other: &Self) -> Vec<f64> {
        let b = self.cols;
        let mut h = self.sums(b * b, |i, row, sums| {
            let o = &other.data[i * b..(i + 1) * b];
            for (x, sums) in row.iter().zip(sums.chunks_exact_mut(b)) {
                for (s, y) in sums.iter_mut().zip(o) {
                    *s += x * y;
                }
            }
        });
        // Symmetric up to rounding; only one triangle is used, but which one must not matter.
        for i in 0..b {
            for j in 0..i {
                let mean = f64::midpoint(h[i * b + j], h[j * b + i]);
                h[i * b + j] = mean;
                h[j * b + i] = mean;
            }
        }
        h
    }

    /// this ← this · rotation (b × b, row-major).
    fn rotate(&mut self, rotation: &[f64]) {
        let b = self.cols;
        self.data.par_chunks_mut(CHUNK * b).for_each(|rows| {
            let mut new = vec![0.0; b];
            for row in rows.chunks_exact_mut(b) {
                new.fill(0.0);
                for (x, r) in row.iter().zip(rotation.chunks_exact(b)) {
                    new.iter_mut().zip(r).for_each(|(n, v)| *n += x * v);
                }
                row.copy_from_slice(&new);
            }
        });
    }

    /// Makes the columns orthogonal to `trivial` and to each other, of norm 1, by the eigenvectors of their Gram matrix;
    /// twice, since once loses digits where columns were nearly dependent.
    fn orthonormalize(&mut self, trivial: &[f64]) -> Result<()> {
        let b = self.cols;
        for _ in 0..2 {
            let along = self.sums(b, |i, row, sums| {
                sums.iter_mut().zip(row).for_each(|(s, x)| *s += trivial[i] * x);
            });
            self.data.par_chunks_mut(b).zip(trivial).for_each(|(row, t)| {
                row.iter_mut().zip(&along).for_each(|(x, a)| *x -= t * a);
            });
            let gram = self.inner(self);
            // Columns are brought to norm 1 first: the filter makes their sizes very different.
            let norm: Vec<f64> = (0..b).map(|j| gram[j * b + j].sqrt().max(f64::MIN_POSITIVE)).collect();
            let scaled: Vec<f64> = (0..b * b).map(|i| gram[i] / (norm[i / b] * norm[i % b])).collect();
            let (values, vectors) = eigen::symmetric(b, &scaled)?;
            let least = values[b - 1] * 1e-14;
            let rotation: Vec<f64> = (0..b * b)
                .map(|i| {
                    let (row, j) = (i / b, i % b);
                    vectors[j * b + row] / (norm[row] * values[j].max(least).sqrt())
                })
                .collect();
            self.rotate(&rotation);
        }
        Ok(())
    }

    /// Norms of image − ritz · this, column by column.
    fn residuals(&self, image: &Self, ritz: &[f64]) -> Vec<f64> {
        let b = self.cols;
        let squares = self.sums(b, |i, row, sums| {
            let s = &image.data[i * b..(i + 1) * b];
            for j in 0..b {
                let r = s[j] - ritz[j] * row[j];
                sums[j] += r * r;
            }
        });
        squares.into_iter().map(f64::sqrt).collect()
    }
}
