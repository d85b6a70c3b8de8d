//! Metrics that follow from dot products: their prepared rows can be multiplied as matrices.

use super::{Rows, Which};
use planisphere_core::MatrixView;
use planisphere_kernels::rows::{Dot, SquaredEuclidean, cosine_from_dots, to_rows};
use planisphere_kernels::{Simd, gather};

/// How a distance follows from the prepared rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Dense {
    /// |a − b| times `unscale`, a power of two; without the root if `squared`.
    Euclidean { squared: bool, unscale: f32 },
    /// |a − b| of vectors so made that it is at most 1, but for rounding.
    Bounded,
    /// 1 − a·b / (|a| |b|), with the rules of [`cosine_from_dots`].
    Angular,
    /// 1 − a·b.
    Dot,
}

impl Dense {
    pub(super) fn measure(self, simd: Simd, a: &Rows<'_>, i: usize, b: &Rows<'_>, which: Which<'_>, out: &mut [f32]) {
        let (Some(p), Some(q)) = (a.matrix(), b.matrix()) else { return };
        match self {
            Self::Euclidean { squared, unscale } => {
                squares(simd, p.row(i), q, which, out);
                if squared {
                    out.iter_mut().for_each(|d| *d *= unscale);
                } else {
                    out.iter_mut().for_each(|d| *d = d.sqrt() * unscale);
                }
            }
            Self::Bounded => {
                squares(simd, p.row(i), q, which, out);
                // Not `f32::min`, which would turn NaN into a distance.
                out.iter_mut().for_each(|d| *d = if *d > 1.0 { 1.0 } else { d.sqrt() });
            }
            Self::Angular => {
                dots(simd, p.row(i), q, which, out);
                let norm = a.norms()[i];
                for (at, d) in out.iter_mut().enumerate() {
                    *d = cosine_from_dots(*d, norm, b.norms()[which.id(at)]);
                }
            }
            Self::Dot => {
                dots(simd, p.row(i), q, which, out);
                // NaN, of products that overflow both ways, may have a sign by which it would sort before all numbers.
                out.iter_mut().for_each(|d| *d = if d.is_nan() { f32::NAN } else { 1.0 - *d });
            }
        }
    }
}

fn dots(simd: Simd, q: &[f32], x: MatrixView<'_>, which: Which<'_>, out: &mut [f32]) {
    match which {
        Which::From(from) => to_rows(simd, Dot, q, x.slice(from, from + out.len()), out),
        Which::Listed(ids) => gather::dot_to(simd, q, x, ids, out),
    }
}

fn squares(simd: Simd, q: &[f32], x: MatrixView<'_>, which: Which<'_>, out: &mut [f32]) {
    match which {
        Which::From(from) => to_rows(simd, SquaredEuclidean, q, x.slice(from, from + out.len()), out),
        Which::Listed(ids) => gather::squared_euclidean_to(simd, q, x, ids, out),
    }
}
