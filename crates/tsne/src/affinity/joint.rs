//! Probabilities of pairs.

use super::rows::Near;
use super::{Affinity, Symmetrize};
use crate::error::{Error, Result};
use planisphere_core::{Context, Csr, KnnGraph};
use planisphere_kernels::{Kernel, Simd, math, sum};
use rayon::prelude::*;

/// Rows that one task checks.
const CHUNK: usize = 512;
/// Entries of one partial sum of the entropy.
const BLOCK: usize = 8192;
/// Sums of the entropy that run side by side.
const LANES: usize = 8;
/// Relative difference up to which two directions count as equal: a few roundings.
const ASYMMETRY: f32 = 1e-5;

/// Affinities of pairs of rows: probabilities that add up to 1 (to the rounding of each), symmetric but for
/// [`Symmetrize::None`].
///
/// A map can be made from the same affinities as often as wanted, and from affinities of one's own:
///
/// ```
/// use planisphere_core::{Csr, KnnGraph};
/// use planisphere_tsne::{Affinities, Affinity};
///
/// // Rows at 0, 1, 3 and 6 on a line, with all others as their neighbors.
/// let ids = vec![1, 2, 3, 0, 2, 3, 1, 0, 3, 2, 1, 0];
/// let graph = KnnGraph::new(4, 3, ids, vec![1., 3., 6., 1., 2., 5., 2., 3., 3., 3., 5., 6.])?;
/// let near = Affinities::from_graph(&graph, &Affinity::Perplexity(1.0))?;
/// // Each is drawn to its nearest neighbor, 0 and 1 to each other.
/// assert_eq!(near.matrix().row(1), (&[0, 2][..], &[0.25, 0.125][..]));
///
/// // A friendship counts 1, a family tie 5.
/// let ties = Csr::new(3, vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![1.0, 1.0, 5.0, 5.0])?;
/// let own = Affinities::from_csr(&ties)?;
/// assert_eq!(own.matrix().get(1, 2), 5.0 / 12.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Affinities {
    p: Csr,
    symmetric: bool,
}

impl Affinities {
    /// The affinities of the rows of a neighbor graph, on the current threads.
    ///
    /// # Errors
    /// As [`Affinities::from_graph_with`].
    pub fn from_graph(graph: &KnnGraph, affinity: &Affinity) -> Result<Self> {
        Self::from_graph_with(graph, affinity, &mut Context::new())
    }

    /// [`Affinities::from_graph`], watched and cancelled through `cx`, which also hears of values that were too large (see
    /// [`Affinity`]).
    ///
    /// With the probabilities p(j|i) of the rows, a pair has (p(j|i) + p(i|j)) / 2n; of uniform ones, what [`Symmetrize`]
    /// says. What is too small for a normal f32 is left out. A single row has no affinities.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for parameters that mean nothing, or two rows or more without neighbors;
    /// [`Error::NegativeDistance`]; [`Error::Core`] if no thread pool can be started; [`Error::Cancelled`].
    pub fn from_graph_with(graph: &KnnGraph, affinity: &Affinity, cx: &mut Context<'_>) -> Result<Self> {
        cx.run(|cx| affinity.joint(graph, cx))?
    }

    /// A symmetric weighted graph of one's own (n × n, weights of at least 0), divided by its sum.
    ///
    /// Both directions of a pair may differ by roundings, up to one part in 100 000; their mean is taken. Zeros count as not
    /// stored, and so does what becomes too small for a normal f32.
    ///
    /// # Errors
    /// [`Error::Affinity`] for a weight that is negative or not finite, of a row to itself, or that differs from the other
    /// direction's; [`Error::InvalidParam`] if the matrix is not square, or has two rows or more and no weight above 0.
    pub fn from_csr(graph: &Csr) -> Result<Self> {
        let n = graph.rows();
        if graph.cols() != n {
            let reason = format!("there must be one for each of the {n} rows");
            return Err(Error::param("columns of the affinities", graph.cols(), reason));
        }
        let bad = |row, col, value, problem| Some(Error::Affinity { row, col, value, problem });
        let other = graph.transpose()?;
        let problem = (0..n).into_par_iter().with_min_len(CHUNK).find_map_first(|i| {
            let (ids, values) = graph.row(i);
            ids.iter().zip(values).find_map(|(&j, &v)| {
                if !v.is_finite() {
                    return bad(i, j, v, "it must be finite");
                }
                if v < 0.0 {
                    return bad(i, j, v, "it must be at least 0");
                }
                if j as usize == i && v > 0.0 {
                    return bad(i, j, v, "a row has none to itself");
                }
                let back = other.get(i, j);
                ((v - back).abs() > ASYMMETRY * v).then(|| bad(i, j, v, "it must be the same in both directions"))?
            })
        });
        if let Some(e) = problem {
            return Err(e);
        }
        let total = sum::sum_f64(graph.nnz(), |e| f64::from(graph.data()[e]));
        if total <= 0.0 && n > 1 {
            return Err(Error::param("sum of the affinities", total, "must be above 0"));
        }
        let p = graph.combine(&other, |a, b| kept(both(a, b) * 0.5 / total))?;
        Ok(Self { p, symmetric: true })
    }

    /// Affinities from a file: values above 0, square.
    #[cfg(feature = "file")]
    pub(crate) fn restored(p: Csr, symmetric: bool) -> Result<Self, String> {
        if let Some(i) = (0..p.rows()).find(|&i| p.row(i).0.binary_search(&(i as u32)).is_ok()) {
            return Err(format!("row {i} has an affinity to itself"));
        }
        if symmetric && p.transpose().map_err(|e| e.to_string())? != p {
            return Err("affinities that are said to be symmetric are not".to_owned());
        }
        Ok(Self { p, symmetric })
    }

    /// The probabilities, n × n, all above 0, none on the diagonal.
    pub fn matrix(&self) -> &Csr {
        &self.p
    }

    /// Whether each pair has the same probability in both directions: all but those of [`Symmetrize::None`].
    pub fn is_symmetric(&self) -> bool {
        self.symmetric
    }

    /// Their entropy −Σ p ln p in nats, both directions of each pair counted; 0 without affinities. The Kullback-Leibler
    /// divergence of a map is −Σ p ln q less this.
    pub fn entropy(&self) -> f64 {
        let simd = Simd::detect();
        let parts: Vec<f64> = self.p.data().par_chunks(BLOCK).map(|p| simd.run(Information(p))).collect();
        // Not −Σ, which is −0 for nothing.
        0.0 - parts.iter().sum::<f64>()
    }
}

impl Affinity {
    /// The affinities of the rows of a neighbor graph.
    pub(crate) fn joint(&self, graph: &KnnGraph, cx: &mut Context<'_>) -> Result<Affinities> {
        self.check()?;
        let (near, n) = (Near::from(graph), graph.n());
        near.check()?;
        let symmetrize = self.symmetrize();
        let symmetric = symmetrize != Symmetrize::None;
        if n < 2 {
            return Ok(Affinities { p: Csr::new(n, vec![0; n + 1], vec![], vec![])?, symmetric });
        }
        if near.k == 0 {
            return Err(Error::param("neighbors of each row", 0, "there must be at least one"));
        }
        let used = self.clamped(n, cx);
        let k = used.n_neighbors(n).min(near.k);
        let conditional = used.fitting(near.k, cx).probabilities(near, k, cx)?;
        let directed = conditional.by_id(near)?;
        cx.check()?;
        let unit = 1.0 / n as f64;
        let p = match symmetrize {
            Symmetrize::Mean => directed.combine(&directed.transpose()?, |a, b| kept(both(a, b) * 0.5 * unit))?,
            Symmetrize::None => directed.combine(&directed, |a, _| kept(f64::from(a.unwrap_or(0.0)) * unit))?,
            Symmetrize::Max => {
                let edges = directed.combine(&directed.transpose()?, |_, _| Some(1.0))?;
                let each = (1.0 / edges.nnz() as f64) as f32;
                edges.combine(&edges, |_, _| Some(each))?
            }
        };
        Ok(Affinities { p, symmetric })
    }
}

/// Both directions of a pair.
fn both(a: Option<f32>, b: Option<f32>) -> f64 {
    f64::from(a.unwrap_or(0.0)) + f64::from(b.unwrap_or(0.0))
}

/// What is stored of a probability. Subnormal numbers, which are slow on many machines, move no point.
fn kept(p: f64) -> Option<f32> {
    Some(p as f32).filter(|&p| p >= f32::MIN_POSITIVE)
}

/// Σ p ln p of one block.
struct Information<'a>(&'a [f32]);

impl Kernel for Information<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> f64 {
        let mut sums = [0.0; LANES];
        let (blocks, rest) = self.0.as_chunks::<LANES>();
        for p in blocks {
            for l in 0..LANES {
                let p = f64::from(p[l]);
                sums[l] = p.mul_add(math::ln(p), sums[l]);
            }
        }
        for (l, &p) in rest.iter().enumerate() {
            let p = f64::from(p);
            sums[l] = p.mul_add(math::ln(p), sums[l]);
        }
        sums.iter().sum()
    }
}
