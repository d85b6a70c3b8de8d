//! A few vectors over the rows of a graph, side by side, and what is done with all of them at once.

use crate::error::Result;
use crate::small;
use planisphere_core::CounterRng;
use planisphere_kernels::{Kernel, Simd};
use rayon::prelude::*;

/// Vectors come in groups of so many: a 256-bit register of f32, a 512-bit register of f64.
pub(crate) const GROUP: usize = 8;
/// Rows that one task works on.
pub(crate) const CHUNK: usize = 1024;
/// Directions in which the vectors hold less than this share of the largest are rounding errors.
const DEPENDENT: f64 = 1e-12;

/// What vectors are made of: `f32` where places are wanted, `f64` where eigenvectors are.
pub(crate) trait Real: Copy + Send + Sync + 'static {
    const ZERO: Self;
    fn new(v: f64) -> Self;
    fn wide(self) -> f64;
    /// self · a + b, rounded once.
    fn fma(self, a: Self, b: Self) -> Self;
    fn times(self, a: Self) -> Self;
}

macro_rules! real {
    ($t:ty) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            #[inline(always)]
            fn new(v: f64) -> Self {
                v as Self
            }
            #[inline(always)]
            fn wide(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn fma(self, a: Self, b: Self) -> Self {
                self.mul_add(a, b)
            }
            #[inline(always)]
            fn times(self, a: Self) -> Self {
                self * a
            }
        }
    };
}
real!(f32);
real!(f64);

/// n × cols values, row-major, `cols` a multiple of [`GROUP`].
pub(crate) struct Block<T> {
    pub(crate) cols: usize,
    pub(crate) data: Vec<T>,
}

/// The best eigenvectors within a block.
pub(crate) struct Ritz {
    /// Their eigenvalues of D⁻¹W, descending. Directions that the block does not have count as −1.
    pub(crate) values: Vec<f64>,
    /// How far each is from being an eigenvector: ‖D⁻¹W x − θ x‖, for x of norm 1.
    pub(crate) residuals: Vec<f64>,
}

impl<T: Real> Block<T> {
    pub(crate) fn zeros(n: usize, cols: usize) -> Self {
        Self { cols, data: vec![T::ZERO; n * cols] }
    }

    pub(crate) fn random(n: usize, cols: usize, seed: u64) -> Self {
        let rng = CounterRng::new(seed, "spectral init");
        let mut block = Self::zeros(n, cols);
        block.data.par_chunks_mut(CHUNK * cols).enumerate().for_each(|(c, rows)| {
            for (r, row) in rows.chunks_exact_mut(cols).enumerate() {
                let draws = rng.at(0, (c * CHUNK + r) as u64);
                row.iter_mut().enumerate().for_each(|(j, v)| *v = T::new(draws.normal(j as u64).into()));
            }
        });
        block
    }

    /// Takes the constant off each vector, under the weights `degree`.
    pub(crate) fn center(&mut self, degree: &[f64]) {
        let b = self.cols;
        let sums = self.sums(self, degree);
        let shift: Vec<f64> = sums[1..=b].iter().map(|a| -a / sums[0]).collect();
        let same: Vec<f64> = (0..b * b).map(|p| f64::from(u8::from(p / b == p % b))).collect();
        self.combine(&same, &shift);
    }

    /// The block whose row `i` is row `from[i]` of this one.
    pub(crate) fn gathered(&self, from: &[u32]) -> Self {
        let b = self.cols;
        let mut out = Self::zeros(from.len(), b);
        out.data.par_chunks_mut(CHUNK * b).zip(from.par_chunks(CHUNK)).for_each(|(out, from)| {
            for (out, &i) in out.chunks_exact_mut(b).zip(from) {
                out.copy_from_slice(&self.data[i as usize * b..][..b]);
            }
        });
        out
    }

    #[inline(always)]
    pub(crate) fn group(&self, row: usize, g: usize) -> &[T; GROUP] {
        let at = row * self.cols + g * GROUP;
        self.data[at..at + GROUP].try_into().expect("a slice of GROUP values")
    }

    /// Replaces the block by the best eigenvectors of D⁻¹W within it, the best first, of norm 1 under the weights
    /// `degree`, and free of the constant, which is the trivial eigenvector (Rayleigh and Ritz). `image` is D⁻¹W times this.
    pub(crate) fn ritz(&mut self, image: &Self, degree: &[f64]) -> Result<Ritz> {
        let b = self.cols;
        let sums = self.sums(image, degree);
        let (total, rest) = sums.split_at(1);
        let (along, rest) = rest.split_at(b);
        let (gram, rest) = rest.split_at(b * b);
        let (h, k) = rest.split_at(b * b);
        // The constant is its own image, so that taking it off the vectors takes it off the images too.
        let off = |m: &[f64]| -> Vec<f64> {
            let at = |i: usize, j: usize| f64::midpoint(m[i * b + j], m[j * b + i]) - along[i] * along[j] / total[0];
            (0..b * b).map(|p| at(p / b, p % b)).collect()
        };
        let (gram, h, k) = (off(gram), off(h), off(k));
        // To norm 1 first: the filter makes the sizes of the vectors very different.
        let inverse: Vec<f64> =
            (0..b).map(|j| if gram[j * b + j] > 0.0 { 1.0 / gram[j * b + j].sqrt() } else { 0.0 }).collect();
        let scaled: Vec<f64> = (0..b * b).map(|p| gram[p] * inverse[p / b] * inverse[p % b]).collect();
        let (sizes, axes) = small::symmetric(b, &scaled)?;
        let least = DEPENDENT * sizes[b - 1];
        // Column j of `white`, stored as row j, makes a vector of norm 1, or nothing where there is no such direction.
        let white: Vec<f64> = (0..b * b)
            .map(|p| {
                let (j, i) = (p / b, p % b);
                if sizes[j] > least { axes[p] * inverse[i] / sizes[j].sqrt() } else { 0.0 }
            })
            .collect();
        let mut reduced = small::sandwich(b, &white, &h);
        for j in (0..b).filter(|&j| sizes[j] <= least) {
            reduced[j * b + j] = -1.0;
        }
        let (values, vectors) = small::symmetric(b, &reduced)?;
        // Row j: what the new vector j is made of.
        let mut mix = vec![0.0; b * b];
        for j in 0..b {
            for i in 0..b {
                let v = vectors[(b - 1 - j) * b + i];
                (0..b).for_each(|p| mix[j * b + p] += v * white[i * b + p]);
            }
        }
        let values: Vec<f64> = values.into_iter().rev().collect();
        let squares = small::sandwich(b, &mix, &k);
        let residuals = (0..b).map(|j| (squares[j * b + j] - values[j] * values[j]).max(0.0).sqrt()).collect();
        let shift: Vec<f64> =
            (0..b).map(|j| (0..b).map(|p| mix[j * b + p] * along[p]).sum::<f64>() / -total[0]).collect();
        self.combine(&mix, &shift);
        Ok(Ritz { values, residuals })
    }

    /// Σ d, Σ d·x, Σ d·x xᵀ, Σ d·x sᵀ and Σ d·s sᵀ over the rows x of this block and s of `image`, by fixed blocks of rows
    /// added in order.
    fn sums(&self, image: &Self, degree: &[f64]) -> Vec<f64> {
        let b = self.cols;
        let simd = Simd::detect();
        // The more sums, the more rows in each block: they take less memory than the vectors.
        let rows = CHUNK * (b / GROUP);
        let parts: Vec<Vec<f64>> = self
            .data
            .par_chunks(rows * b)
            .zip(image.data.par_chunks(rows * b))
            .zip(degree.par_chunks(rows))
            .map(|((x, s), degree)| simd.run(Sums { b, x, s, degree }))
            .collect();
        let mut total = vec![0.0; 1 + b + 3 * b * b];
        for p in parts {
            total.iter_mut().zip(p).for_each(|(t, v)| *t += v);
        }
        total
    }

    /// Vector j ← Σ mix[j, i] · vector i + shift[j].
    fn combine(&mut self, mix: &[f64], shift: &[f64]) {
        let b = self.cols;
        let simd = Simd::detect();
        // By the old vectors, so that lanes are the new ones.
        let columns: Vec<f64> = (0..b * b).map(|p| mix[p % b * b + p / b]).collect();
        self.data.par_chunks_mut(CHUNK * b).for_each(|rows| simd.run(Combine { b, rows, columns: &columns, shift }));
    }
}

struct Sums<'a, T> {
    b: usize,
    x: &'a [T],
    s: &'a [T],
    degree: &'a [f64],
}

impl<T: Real> Kernel for Sums<'_, T> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Vec<f64> {
        let b = self.b;
        let mut sums = vec![0.0; 1 + b + 3 * b * b];
        let (total, rest) = sums.split_at_mut(1);
        let (along, rest) = rest.split_at_mut(b);
        let (gram, rest) = rest.split_at_mut(b * b);
        let (h, k) = rest.split_at_mut(b * b);
        for ((x, s), &d) in self.x.chunks_exact(b).zip(self.s.chunks_exact(b)).zip(self.degree) {
            total[0] += d;
            for (a, x) in along.iter_mut().zip(x) {
                *a = d.mul_add(x.wide(), *a);
            }
            for g in 0..b / GROUP {
                let wide = |row: &[T]| -> [f64; GROUP] { std::array::from_fn(|l| row[g * GROUP + l].wide()) };
                let (xs, ss) = (wide(x), wide(s));
                for i in 0..b {
                    let (dx, ds) = (d * x[i].wide(), d * s[i].wide());
                    let at = i * b + g * GROUP;
                    for l in 0..GROUP {
                        gram[at + l] = dx.mul_add(xs[l], gram[at + l]);
                        h[at + l] = dx.mul_add(ss[l], h[at + l]);
                        k[at + l] = ds.mul_add(ss[l], k[at + l]);
                    }
                }
            }
        }
        sums
    }
}

struct Combine<'a, T> {
    b: usize,
    rows: &'a mut [T],
    columns: &'a [f64],
    shift: &'a [f64],
}

impl<T: Real> Kernel for Combine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let mut new = self.shift.to_vec();
        for row in self.rows.chunks_exact_mut(self.b) {
            new.copy_from_slice(self.shift);
            for (x, column) in row.iter().zip(self.columns.chunks_exact(self.b)) {
                let x = x.wide();
                new.iter_mut().zip(column).for_each(|(n, c)| *n = x.mul_add(*c, *n));
            }
            row.iter_mut().zip(&new).for_each(|(r, n)| *r = T::new(*n));
        }
    }
}
