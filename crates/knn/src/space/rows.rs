//! Rows as a space measures them.

use crate::bit_matrix::BitMatrix;
use planisphere_core::{Matrix, MatrixView};
use planisphere_kernels::{Simd, rows, sphere};
use std::borrow::Cow;
use std::sync::Arc;

/// Rows that a [`Space`](super::Space) prepared.
#[derive(Clone)]
pub(crate) struct Rows<'a> {
    pub(super) n: usize,
    pub(super) data: Data<'a>,
}

#[derive(Clone)]
pub(super) enum Data<'a> {
    Vectors {
        x: Vectors<'a>,
        /// Squared norms, where the metric follows from dot products.
        norms: Cow<'a, [f32]>,
    },
    Bits(Bits<'a>),
    Globe(Globe),
}

/// Rows as they were given, or what was made of them.
#[derive(Clone)]
pub(super) enum Vectors<'a> {
    Given(MatrixView<'a>),
    /// As given, and owned too.
    Shared(Arc<Matrix>),
    Made(Matrix),
}

/// Rows of bits.
#[derive(Clone)]
pub(super) struct Bits<'a> {
    pub(super) cols: usize,
    pub(super) words: Cow<'a, [u64]>,
    /// Ones of each row.
    pub(super) ones: Cow<'a, [u32]>,
    /// What the bits were made of, where it can be measured too.
    pub(super) values: Option<Vectors<'a>>,
}

/// Points on the unit sphere.
#[derive(Clone)]
pub(super) struct Globe {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) z: Vec<f64>,
}

impl<'a> Rows<'a> {
    pub(super) fn given(x: MatrixView<'a>) -> Self {
        Self { n: x.rows(), data: Data::Vectors { x: Vectors::Given(x), norms: Cow::Borrowed(&[]) } }
    }

    pub(super) fn made(x: Matrix) -> Self {
        Self { n: x.rows(), data: Data::Vectors { x: Vectors::Made(x), norms: Cow::Borrowed(&[]) } }
    }

    pub(super) fn measure_norms(&mut self, simd: Simd) {
        if let Data::Vectors { x, norms } = &mut self.data {
            let mut measured = Vec::new();
            norms_of(simd, x.view(), &mut measured);
            *norms = Cow::Owned(measured);
        }
    }

    /// The same, in a buffer that is there already.
    pub(super) fn measure_norms_in(&mut self, simd: Simd, buffer: &'a mut Vec<f32>) {
        if let Data::Vectors { x, norms } = &mut self.data {
            norms_of(simd, x.view(), buffer);
            *norms = Cow::Borrowed(buffer);
        }
    }

    /// The rows, as long as they are wanted: what was taken as it was given is taken from `x`, which it was given from.
    pub(super) fn shared(self, x: &Arc<Matrix>) -> Rows<'static> {
        let data = match self.data {
            Data::Vectors { x: vectors, norms } => {
                Data::Vectors { x: vectors.shared(x), norms: Cow::Owned(norms.into_owned()) }
            }
            Data::Bits(Bits { cols, words, ones, values }) => Data::Bits(Bits {
                cols,
                words: Cow::Owned(words.into_owned()),
                ones: Cow::Owned(ones.into_owned()),
                values: values.map(|values| values.shared(x)),
            }),
            Data::Globe(globe) => Data::Globe(globe),
        };
        Rows { n: self.n, data }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// Bytes of a row, to choose how many are taken at a time.
    pub(crate) fn row_bytes(&self) -> usize {
        match &self.data {
            Data::Vectors { x, .. } => 4 * x.view().cols(),
            Data::Bits(bits) => 8 * bits.per_row() + 4,
            Data::Globe(_) => 24,
        }
    }

    /// The prepared vectors, for metrics that have them.
    pub(crate) fn matrix(&self) -> Option<MatrixView<'_>> {
        match &self.data {
            Data::Vectors { x, .. } => Some(x.view()),
            _ => None,
        }
    }

    /// Squared norms of the prepared vectors, for metrics that follow from dot products and norms.
    pub(crate) fn norms(&self) -> &[f32] {
        match &self.data {
            Data::Vectors { norms, .. } => norms,
            _ => &[],
        }
    }

    /// Points on the unit sphere, 3 coordinates each, for the metric that has them.
    pub(crate) fn points(&self) -> Option<Vec<f32>> {
        match &self.data {
            Data::Globe(g) => {
                let point = |((x, y), z): ((&f64, &f64), &f64)| [*x as f32, *y as f32, *z as f32];
                Some(g.x.iter().zip(&g.y).zip(&g.z).flat_map(point).collect())
            }
            _ => None,
        }
    }

    /// The vectors, also those that bits were made of.
    pub(super) fn values(&self) -> Option<MatrixView<'_>> {
        match &self.data {
            Data::Vectors { x, .. } => Some(x.view()),
            Data::Bits(bits) => bits.values.as_ref().map(Vectors::view),
            Data::Globe(_) => None,
        }
    }
}

fn norms_of(simd: Simd, x: MatrixView<'_>, norms: &mut Vec<f32>) {
    norms.clear();
    norms.extend((0..x.rows()).map(|i| rows::dot(simd, x.row(i), x.row(i))));
}

impl Vectors<'_> {
    fn shared(self, x: &Arc<Matrix>) -> Vectors<'static> {
        match self {
            Self::Given(_) => Vectors::Shared(Arc::clone(x)),
            Self::Shared(x) => Vectors::Shared(x),
            Self::Made(x) => Vectors::Made(x),
        }
    }

    fn view(&self) -> MatrixView<'_> {
        match self {
            Self::Given(x) => *x,
            Self::Shared(x) => x.view(),
            Self::Made(x) => x.view(),
        }
    }
}

impl<'a> Bits<'a> {
    pub(super) fn of(x: &'a BitMatrix) -> Self {
        Self { cols: x.bits(), words: Cow::Borrowed(x.words()), ones: Cow::Borrowed(x.ones()), values: None }
    }

    fn per_row(&self) -> usize {
        self.cols.div_ceil(64)
    }

    /// The words of rows `from..to`.
    pub(super) fn rows(&self, from: usize, to: usize) -> &[u64] {
        &self.words[from * self.per_row()..to * self.per_row()]
    }
}

impl Globe {
    /// The points from this one on.
    pub(super) fn from(&self, first: usize) -> sphere::Points<'_> {
        sphere::Points { x: &self.x[first..], y: &self.y[first..], z: &self.z[first..] }
    }
}
