//! Spectral positions of a graph that may fall apart: each connected component on its own, and the components placed by a
//! layout of their own.

use crate::block::CHUNK;
use crate::coarsen::members;
use crate::error::{Error, Result};
use crate::spectral::{Kind, check_weights, places};
use crate::walk::Walk;
use planisphere_core::{CancelToken, Context, CounterRng, Csr, Matrix, MatrixView, Warning};
use planisphere_kernels::eigen;
use rayon::prelude::*;

/// Components up to this number are placed by their distances; beyond it, by a spiral.
const MOST_PLACED: usize = 1000;
/// Components of fewer rows start at random places: so few sort themselves out in the first epochs.
const SMALL: usize = 32;

/// Spectral positions of the rows of a symmetric graph without negative weights, n × dim; what scale they have is not
/// promised. Each connected component is laid out on its own, with a warning if there are several, and the components are
/// placed by `data`, the vectors of the rows, if they are known. Rows that are too few for eigenvectors are placed at random.
///
/// # Errors
/// [`Error::InvalidParam`] if `dim` is 0, for a graph that is not square, or has weights below 0 or above 1e30 or a row whose
/// weights are all 0, for vectors that are not as many as the rows or have no columns, and for vectors that are too large to
/// place components by; [`Error::Eigen`]; [`Error::Cancelled`].
pub fn layout(
    graph: &Csr,
    data: Option<MatrixView<'_>>,
    dim: usize,
    kind: Kind,
    seed: u64,
    cx: &mut Context<'_>,
) -> Result<Matrix> {
    check(graph, data, dim)?;
    let (label, count) = graph.components();
    if count <= 1 {
        return single(graph, dim, kind, seed, cx);
    }
    cx.warn(Warning::Disconnected { components: count });
    let pieces = Pieces::new(graph, &label, count);
    let centers = pieces.place(data, dim, seed)?;
    let token = cx.token();
    let parts: Vec<Part> = (0..count)
        .into_par_iter()
        .map(|c| pieces.positions(c, (dim, kind), 0.5 * nearest(&centers, c), seed, &token))
        .collect::<Result<_>>()?;
    if let Some(warning) = not_converged(&parts) {
        cx.warn(warning);
    }
    let mut y = Matrix::zeros(graph.rows(), dim);
    y.data_mut().par_chunks_mut(CHUNK * dim).enumerate().for_each(|(chunk, rows)| {
        for (r, row) in rows.chunks_exact_mut(dim).enumerate() {
            let i = chunk * CHUNK + r;
            let c = label[i] as usize;
            let at = pieces.local[i] as usize * dim;
            for ((v, p), m) in row.iter_mut().zip(&parts[c].positions[at..]).zip(centers.row(c)) {
                *v = p + m;
            }
        }
    });
    Ok(y)
}

fn check(graph: &Csr, data: Option<MatrixView<'_>>, dim: usize) -> Result<()> {
    let n = graph.rows();
    if dim == 0 {
        return Err(Error::param("dim", 0, "must be at least 1"));
    }
    if graph.cols() != n {
        return Err(Error::param("graph", format!("{n} × {}", graph.cols()), "must be square"));
    }
    if let Some(x) = data.filter(|x| x.rows() != n || x.cols() == 0) {
        let reason = format!("there must be a vector for each of the {n} rows");
        return Err(Error::param("data", format!("{} × {}", x.rows(), x.cols()), reason));
    }
    check_weights(graph)
}

fn single(graph: &Csr, dim: usize, kind: Kind, seed: u64, cx: &mut Context<'_>) -> Result<Matrix> {
    let n = graph.rows();
    if n <= dim + 1 {
        let reason = format!("{n} rows have no {dim} eigenvectors");
        cx.warn(Warning::Fallback { what: "spectral init".into(), reason, instead: "random positions".into() });
        return Ok(crate::random(n, dim, seed));
    }
    let found = places(Walk::new(graph), dim, kind, seed, &cx.token())?;
    if !found.converged {
        cx.warn(Warning::NotConverged { what: "spectral init".into(), iterations: found.products.ceil() as usize });
    }
    Ok(Matrix::from_vec(n, dim, found.vectors)?)
}

/// What to tell if not all parts converged.
fn not_converged(parts: &[Part]) -> Option<Warning> {
    let failed = parts.iter().filter(|p| !p.converged);
    let what = format!("spectral init of {} of {} components", failed.clone().count(), parts.len());
    failed.map(|p| p.products).max().map(|iterations| Warning::NotConverged { what, iterations })
}

/// The graph taken apart.
struct Pieces {
    /// Rows in the order of their components, ascending within each.
    rows: Vec<u32>,
    /// Where each component starts among them, and their number at the end.
    start: Vec<usize>,
    /// Which of its component's rows each row is.
    local: Vec<u32>,
    /// The graph with its rows in that order, columns counted within the component.
    walk: Walk<'static>,
}

/// Positions of one component around the origin, row-major.
struct Part {
    positions: Vec<f32>,
    converged: bool,
    products: usize,
}

impl Pieces {
    fn new(graph: &Csr, label: &[u32], count: usize) -> Self {
        let (start, rows) = members(label, count);
        let mut local = vec![0u32; rows.len()];
        for w in start.windows(2) {
            rows[w[0]..w[1]].iter().enumerate().for_each(|(p, &i)| local[i as usize] = p as u32);
        }
        let walk = Walk::new(graph).reordered(&rows, &local);
        Self { rows, start, local, walk }
    }

    /// Positions of component `c`, within ±`radius`.
    fn positions(
        &self,
        c: usize,
        (dim, kind): (usize, Kind),
        radius: f32,
        seed: u64,
        token: &CancelToken,
    ) -> Result<Part> {
        let (from, to) = (self.start[c], self.start[c + 1]);
        let n = to - from;
        if n < SMALL.max(2 * dim) {
            let rng = CounterRng::new(seed, "small component");
            let positions = self.rows[from..to].iter().flat_map(|&i| {
                let draws = rng.at(0, u64::from(i));
                (0..dim).map(move |c| radius * (2.0 * draws.unit(c as u64) - 1.0))
            });
            return Ok(Part { positions: positions.collect(), converged: true, products: 0 });
        }
        let found = places(self.walk.part(from, to), dim, kind, seed.wrapping_add(c as u64), token)?;
        let mut positions = found.vectors;
        let largest = positions.iter().fold(0f32, |m, v| m.max(v.abs()));
        let scale = if largest > 0.0 { radius / largest } else { 0.0 };
        positions.iter_mut().for_each(|v| *v *= scale);
        Ok(Part { positions, converged: found.converged, products: found.products.ceil() as usize })
    }

    /// Places of the components. Up to 2 · dim of them stand on the axes, as in umap-learn. More stand where their mean
    /// vectors are, seen along the principal axes of those means; where vectors are not known, or there are very many, on
    /// a spiral.
    fn place(&self, data: Option<MatrixView<'_>>, dim: usize, seed: u64) -> Result<Matrix> {
        let count = self.start.len() - 1;
        let mut y = Matrix::zeros(count, dim);
        if count <= 2 * dim {
            let half = count.div_ceil(2);
            for c in 0..count {
                y.row_mut(c)[c % half] = if c < half { 1.0 } else { -1.0 };
            }
            return Ok(y);
        }
        if let Some(x) = data.filter(|_| count <= MOST_PLACED) {
            let means = self.means(x);
            if let Some(y) = principal(&means, x.cols(), dim)? {
                return Ok(y);
            }
        }
        spiral(&mut y, seed);
        Ok(y)
    }

    /// Mean vector of each component, row-major. The rows of each are added up in blocks, so that a large component does
    /// not keep one thread busy alone.
    fn means(&self, x: MatrixView<'_>) -> Vec<f64> {
        let d = x.cols();
        let add = |mut sum: Vec<f64>, other: Vec<f64>| {
            sum.iter_mut().zip(other).for_each(|(s, v)| *s += v);
            sum
        };
        let means: Vec<Vec<f64>> = self
            .start
            .par_windows(2)
            .map(|w| {
                let rows = &self.rows[w[0]..w[1]];
                let blocks: Vec<Vec<f64>> = rows
                    .par_chunks(CHUNK)
                    .map(|rows| {
                        let mut sum = vec![0.0; d];
                        for &i in rows {
                            sum.iter_mut().zip(x.row(i as usize)).for_each(|(m, &v)| *m += f64::from(v));
                        }
                        sum
                    })
                    .collect();
                let mut mean = blocks.into_iter().fold(vec![0.0; d], add);
                mean.iter_mut().for_each(|m| *m /= rows.len() as f64);
                mean
            })
            .collect();
        means.concat()
    }
}

/// Principal coordinates of the means, scaled to ±1; nothing if they all coincide.
fn principal(means: &[f64], d: usize, dim: usize) -> Result<Option<Matrix>> {
    let count = means.len() / d;
    let mut center = vec![0.0; d];
    for row in means.chunks_exact(d) {
        center.iter_mut().zip(row).for_each(|(c, v)| *c += v / count as f64);
    }
    let centered: Vec<f64> = means.iter().enumerate().map(|(i, v)| v - center[i % d]).collect();
    // Of the two Gram matrices, the smaller one: that of the columns has the axes as eigenvectors, that of the rows their
    // coordinates, up to scale.
    let by_rows = count < d;
    let size = count.min(d);
    let mut gram = vec![0.0; size * size];
    if by_rows {
        let mut transposed = vec![0.0; means.len()];
        for (p, v) in centered.iter().enumerate() {
            transposed[p % d * count + p / d] = *v;
        }
        eigen::add_gram(d, count, &transposed, &mut gram);
    } else {
        eigen::add_gram(count, d, &centered, &mut gram);
    }
    if gram.iter().any(|v| !v.is_finite()) {
        let reason = "the vectors are too large to place components by; scale them down";
        return Err(Error::param("init", "spectral", reason));
    }
    let (values, vectors) = eigen::symmetric(size, &gram)?;
    let mut y = Matrix::zeros(count, dim);
    for c in 0..dim.min(size) {
        let j = size - 1 - c;
        let v = &vectors[j * size..(j + 1) * size];
        let coordinates: Vec<f64> = if by_rows {
            let scale = values[j].max(0.0).sqrt();
            v.iter().map(|x| x * scale).collect()
        } else {
            centered.chunks_exact(d).map(|row| row.iter().zip(v).map(|(x, a)| x * a).sum()).collect()
        };
        let largest = coordinates.iter().copied().fold(0.0f64, |m, x| if x.abs() > m.abs() { x } else { m });
        for (i, x) in coordinates.iter().enumerate() {
            y.row_mut(i)[c] = (x * 1f64.copysign(largest)) as f32;
        }
    }
    let max = y.data().iter().fold(0f32, |m, v| m.max(v.abs()));
    if max <= 0.0 || !max.is_finite() {
        return Ok(None);
    }
    y.data_mut().iter_mut().for_each(|v| *v /= max);
    Ok(Some(y))
}

/// The golden-angle spiral in the first two coordinates, which fills a disk evenly; on a line in one dimension.
fn spiral(y: &mut Matrix, seed: u64) {
    let count = y.rows();
    let rng = CounterRng::new(seed, "spiral");
    let (mut cos, mut sin) = (1.0f64, 0.0f64);
    // Cosine and sine of the golden angle; turning by them step by step needs no libm.
    const TURN: (f64, f64) = (-0.737_368_878_078_319_9, 0.675_490_294_261_523_6);
    for c in 0..count {
        let radius = ((c as f64 + 0.5) / count as f64).sqrt();
        let row = y.row_mut(c);
        if row.len() == 1 {
            row[0] = 2.0 * rng.at(0, c as u64).unit(0) - 1.0;
        } else {
            row[0] = (radius * cos) as f32;
            row[1] = (radius * sin) as f32;
        }
        (cos, sin) = (cos * TURN.0 - sin * TURN.1, cos * TURN.1 + sin * TURN.0);
    }
}

/// Distance of center `c` to the nearest other one that does not coincide with it; never so small that a component
/// vanishes. On the spiral, that is about the same for all.
fn nearest(centers: &Matrix, c: usize) -> f32 {
    let floor = 0.5 / (centers.rows() as f32).sqrt();
    if centers.rows() > MOST_PLACED {
        return floor;
    }
    let mine = centers.row(c);
    let mut best = f32::INFINITY;
    for o in 0..centers.rows() {
        let d: f32 = mine.iter().zip(centers.row(o)).map(|(a, b)| (a - b) * (a - b)).sum();
        if d > 0.0 && d < best {
            best = d;
        }
    }
    if best.is_finite() { best.sqrt().max(floor) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows 0–1–2 in a line, 3 alone.
    fn line(weights: [f32; 2]) -> Csr {
        let [a, b] = weights;
        Csr::new(4, vec![0, 1, 3, 4, 4], vec![1, 0, 2, 1], vec![a, a, b, b]).unwrap()
    }

    #[test]
    fn what_cannot_be_laid_out_is_told() {
        let x = |rows, cols| Matrix::zeros(rows, cols);
        let wide = Csr::by_rows(3, 5, |_, ids, weights| {
            ids.push(4);
            weights.push(1.0);
        });
        let good = line([1.0, 2.0]);
        for (graph, data, dim, words) in [
            (&good, None, 0, "dim = 0"),
            (&wide.unwrap(), None, 2, "graph = 3 × 5: must be square"),
            (&good, Some(x(3, 2)), 2, "data = 3 × 2"),
            (&good, Some(x(4, 0)), 2, "data = 4 × 0"),
            (&line([f32::NAN, 1.0]), None, 2, "a weight of NaN"),
            (&line([-1.0, 1.0]), None, 2, "a weight of -1"),
            (&line([1.0, 0.0]), None, 2, "weights of 0 at row 2"),
        ] {
            let data = data.as_ref().map(Matrix::view);
            let told = layout(graph, data, dim, Kind::Walk, 1, &mut Context::new()).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
        }
        let y = layout(&good, Some(x(4, 3).view()), 2, Kind::Walk, 1, &mut Context::new()).unwrap();
        assert!((y.rows(), y.cols()) == (4, 2) && y.data().iter().all(|v| v.is_finite()));
    }

    #[test]
    fn components_that_did_not_converge_are_counted() {
        let part = |converged, products| Part { positions: vec![], converged, products };
        assert_eq!(not_converged(&[part(true, 5), part(true, 9)]), None);
        let some = not_converged(&[part(false, 50), part(true, 90), part(false, 60)]);
        let what = "spectral init of 2 of 3 components".to_owned();
        assert_eq!(some, Some(Warning::NotConverged { what, iterations: 60 }));
    }
}
