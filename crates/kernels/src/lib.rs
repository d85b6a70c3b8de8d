//! Numeric kernels of planisphere, fast on every x86-64 level and equal to the bit on all of them.
//!
//! * [`Simd`]: run-time choice between scalar, AVX2+FMA and AVX-512 code, in a plain `cargo build --release`.
//! * [`rows`]: squared Euclidean distance and dot product: pair, one query × many rows, block × block.
//! * [`lp`], [`ratio`]: Manhattan, Chebyshev and Minkowski; Canberra, Bray–Curtis and unequal values, in the same order.
//! * [`bits`], [`sphere`]: shared bits of packed rows; angles between points of a sphere.
//! * [`panel`]: matrix products, for prefiltering with a proven error bound, and for linear algebra (*not* equal to the bit).
//! * [`linear`], [`attention`], [`norm`], [`activation`]: the layers of transformers, equal to the bit.
//! * [`math`]: `exp2`, `log2`, `pow` in f32 and `exp`, `ln`, `asin` in f64 by polynomials, instead of the platform's libm.
//! * [`eigen`]: dense symmetric eigenproblems, singular values and QR, by faer, the same bits for any number of threads.
//! * [`sum`]: sums in f64 whose order depends on the length alone.
//!
//! # How the levels agree
//! Each kernel is written once, over arrays of [`rows::LANES`] partial sums that are combined as a balanced tree. The
//! compiler turns the same body into 2 × 512-bit, 4 × 256-bit or scalar code; every multiply-add is a fused one on all
//! of them. The scalar build of the body is the reference that tests hold the others to.
//!
//! On machines without FMA, `f32::mul_add` is a library call: right, but slow. On aarch64 the scalar body compiles to
//! NEON, which is part of the base instruction set.
//!
//! ```
//! use planisphere_kernels::{Simd, rows};
//! let simd = Simd::detect();
//! let (a, b) = ([1.0, 2.0, 3.0], [1.0, 4.0, 6.0]);
//! assert_eq!(rows::squared_euclidean(simd, &a, &b), 13.0);
//! assert_eq!(rows::dot(simd, &a, &b), 27.0);
//! ```

pub mod activation;
pub mod attention;
pub mod bits;
pub mod codes;
pub mod eigen;
pub mod gather;
pub mod linear;
pub mod lp;
pub mod math;
pub mod norm;
pub mod panel;
pub mod ratio;
pub mod rows;
mod simd;
pub mod sphere;
pub mod sum;
pub mod tiles;

pub use simd::{Kernel, Simd, SimdLevel};
