//! Spectral positions of a graph that may fall apart: each connected component on its own, and the components placed by a
//! layout of their own.

use super::spectral::laplacian_eigenvectors;
use crate::error::{Error, Result};
use planisphere_core::{CancelToken, Context, CounterRng, Csr, Matrix, MatrixView, Warning};
use planisphere_kernels::eigen;
use rayon::prelude::*;

/// Components up to this number are placed by their distances; beyond it, by a spiral.
const MOST_PLACED: usize = 1000;

/// Spectral positions of all rows, at a scale of about 1.
pub(crate) fn layout(
    graph: &Csr,
    data: Option<MatrixView<'_>>,
    dim: usize,
    seed: u64,
    cx: &mut Context<'_>,
) -> Result<Matrix> {
    let (label, count) = graph.components();
    if count <= 1 {
        return single(graph, dim, seed, cx);
    }
    cx.warn(Warning::Disconnected { components: count });
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
    for (i, &c) in label.iter().enumerate() {
        members[c as usize].push(i as u32);
    }
    let centers = place(&members, data, dim, seed)?;
    let token = cx.token();
    let parts: Vec<Vec<f32>> = members
        .par_iter()
        .enumerate()
        .map(|(c, rows)| {
            let radius = 0.5 * nearest(&centers, c);
            component(graph, rows, dim, radius, seed.wrapping_add(c as u64), &token)
        })
        .collect::<Result<_>>()?;
    let mut y = Matrix::zeros(graph.rows(), dim);
    for (c, (rows, part)) in members.iter().zip(parts).enumerate() {
        for (&i, p) in rows.iter().zip(part.chunks_exact(dim)) {
            for ((v, p), m) in y.row_mut(i as usize).iter_mut().zip(p).zip(centers.row(c)) {
                *v = p + m;
            }
        }
    }
    Ok(y)
}

fn single(graph: &Csr, dim: usize, seed: u64, cx: &mut Context<'_>) -> Result<Matrix> {
    let n = graph.rows();
    if n <= dim + 1 {
        let reason = format!("{n} rows have no {dim} eigenvectors");
        cx.warn(Warning::Fallback { what: "spectral init".into(), reason, instead: "random positions".into() });
        return Ok(super::random(n, dim, seed));
    }
    let found = laplacian_eigenvectors(graph, dim, seed, &cx.token())?;
    if !found.converged {
        cx.warn(Warning::NotConverged { what: "spectral init".into(), iterations: found.products });
    }
    let mut y = Matrix::zeros(n, dim);
    for (c, v) in found.vectors.iter().enumerate() {
        for (i, &x) in v.iter().enumerate() {
            y.row_mut(i)[c] = x as f32;
        }
    }
    Ok(y)
}

/// Positions of one component around the origin, within ±`radius`, row-major.
fn component(graph: &Csr, rows: &[u32], dim: usize, radius: f32, seed: u64, token: &CancelToken) -> Result<Vec<f32>> {
    let n = rows.len();
    if n < 2 * dim || n <= dim + 1 {
        let rng = CounterRng::new(seed, "small component");
        return Ok(rows
            .iter()
            .flat_map(|&i| {
                let draws = rng.at(0, u64::from(i));
                (0..dim).map(move |c| radius * (2.0 * draws.unit(c as u64) - 1.0))
            })
            .collect());
    }
    let found = laplacian_eigenvectors(&subgraph(graph, rows)?, dim, seed, token)?;
    let largest = found.vectors.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
    let scale = f64::from(radius) / largest;
    Ok((0..n).flat_map(|i| found.vectors.iter().map(move |v| (v[i] * scale) as f32)).collect())
}

/// The rows and columns `rows`, which ascend, of `graph`.
fn subgraph(graph: &Csr, rows: &[u32]) -> Result<Csr> {
    let mut indptr = vec![0];
    let (mut indices, mut data) = (Vec::new(), Vec::new());
    for &i in rows {
        let (ids, weights) = graph.row(i as usize);
        for (id, &w) in ids.iter().zip(weights) {
            // A component has no edges that leave it.
            if let Ok(p) = rows.binary_search(id) {
                indices.push(p as u32);
                data.push(w);
            }
        }
        indptr.push(indices.len());
    }
    Ok(Csr::new(rows.len(), indptr, indices, data)?)
}

/// Places of the components. Up to 2 · dim of them stand on the axes, as in umap-learn. More stand where their mean vectors
/// are, seen along the principal axes of those means; where vectors are not known, or there are very many, on a spiral.
fn place(members: &[Vec<u32>], data: Option<MatrixView<'_>>, dim: usize, seed: u64) -> Result<Matrix> {
    let count = members.len();
    let mut y = Matrix::zeros(count, dim);
    if count <= 2 * dim {
        let half = count.div_ceil(2);
        for c in 0..count {
            y.row_mut(c)[c % half] = if c < half { 1.0 } else { -1.0 };
        }
        return Ok(y);
    }
    if let Some(x) = data.filter(|_| count <= MOST_PLACED) {
        let means = means(x, members);
        if let Some(y) = principal(&means, x.cols(), dim)? {
            return Ok(y);
        }
    }
    spiral(&mut y, seed);
    Ok(y)
}

/// Mean vector of each component, row-major.
fn means(x: MatrixView<'_>, members: &[Vec<u32>]) -> Vec<f64> {
    let d = x.cols();
    let rows: Vec<Vec<f64>> = members
        .par_iter()
        .map(|rows| {
            let mut mean = vec![0.0; d];
            for &i in rows {
                mean.iter_mut().zip(x.row(i as usize)).for_each(|(m, &v)| *m += f64::from(v));
            }
            mean.iter_mut().for_each(|m| *m /= rows.len() as f64);
            mean
        })
        .collect();
    rows.concat()
}

/// Principal coordinates of the means, scaled to ±1; nothing if they all coincide.
fn principal(means: &[f64], d: usize, dim: usize) -> Result<Option<Matrix>> {
    let count = means.len() / d;
    let mut center = vec![0.0; d];
    for row in means.chunks_exact(d) {
        center.iter_mut().zip(row).for_each(|(c, v)| *c += v / count as f64);
    }
    let centered: Vec<f64> = means.iter().enumerate().map(|(i, v)| v - center[i % d]).collect();
    // The eigenvectors of the Gram matrix of the rows are their principal coordinates, up to scale.
    let mut transposed = vec![0.0; means.len()];
    for i in 0..count {
        for c in 0..d {
            transposed[c * count + i] = centered[i * d + c];
        }
    }
    let mut gram = vec![0.0; count * count];
    eigen::add_gram(d, count, &transposed, &mut gram);
    if gram.iter().any(|v| !v.is_finite()) {
        return Err(Error::param(
            "init",
            "spectral",
            "the vectors are too large to place components by; scale them down",
        ));
    }
    let (values, vectors) = eigen::symmetric(count, &gram)?;
    let mut y = Matrix::zeros(count, dim);
    for c in 0..dim.min(count) {
        let j = count - 1 - c;
        let size = values[j].max(0.0).sqrt();
        let v = &vectors[j * count..(j + 1) * count];
        let largest = v.iter().copied().fold(0.0f64, |m, x| if x.abs() > m.abs() { x } else { m });
        for (i, x) in v.iter().enumerate() {
            y.row_mut(i)[c] = (x * size * largest.signum()) as f32;
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
