//! One start, until its centers come to rest.

use super::assign::Assignment;
use super::centers::{Centers, Members};
use super::rows::Rows;
use crate::error::Result;
use planisphere_core::{CancelToken, Matrix};
use planisphere_kernels::sum::sum_f64;
use rayon::prelude::*;

/// What came of a start.
pub(super) struct Run {
    pub(super) labels: Vec<u32>,
    pub(super) centers: Matrix,
    pub(super) inertia: f64,
    pub(super) iterations: usize,
    pub(super) converged: bool,
}

/// Lloyd's iteration from these centers.
pub(super) fn lloyd(rows: &Rows, start: Matrix, max_iter: usize, tolerance: f64, token: &CancelToken) -> Result<Run> {
    let k = start.rows();
    let mut centers = Centers::new(start);
    let mut found = Assignment::new(rows.len(), k);
    let mut before = found.labels.clone();
    let (mut iterations, mut converged) = (0, false);
    loop {
        let changed = found.update(rows, &centers, token)?;
        if iterations > 0 && changed == 0 {
            // Each center is the mean of its rows, and each row with its nearest center.
            converged = true;
        }
        if converged || iterations == max_iter {
            break;
        }
        let mut members = Members::new(&found.labels, k);
        if fill_empty(rows, &centers, &mut found, &members) {
            members = Members::new(&found.labels, k);
        }
        let mut touched = vec![iterations == 0; k];
        for (&old, &new) in before.iter().zip(&found.labels) {
            if old != new {
                touched[new as usize] = true;
                if let Some(touched) = touched.get_mut(old as usize) {
                    *touched = true;
                }
            }
        }
        before.copy_from_slice(&found.labels);
        let moved = centers.move_to_means(rows, &members, &touched);
        iterations += 1;
        // One more pass, so that the labels are those of the nearest centers.
        converged = moved <= tolerance;
        if converged {
            found.update(rows, &centers, token)?;
            break;
        }
    }
    let inertia = sum_f64(rows.len(), |i| to_center(rows, &centers, i, found.labels[i]));
    Ok(Run { labels: found.labels, centers: centers.x, inertia, iterations, converged })
}

/// Gives each cluster without rows the row that is farthest from its center, if one is away from it and not alone there.
/// Whether any was moved.
fn fill_empty(rows: &Rows, centers: &Centers, found: &mut Assignment, members: &Members) -> bool {
    let k = centers.x.rows();
    let empty: Vec<usize> = (0..k).filter(|&c| members.of(c).is_empty()).collect();
    if empty.is_empty() {
        return false;
    }
    let mut counts: Vec<usize> = (0..k).map(|c| members.of(c).len()).collect();
    let mut far: Vec<(f64, usize)> =
        (0..rows.len()).into_par_iter().map(|i| (to_center(rows, centers, i, found.labels[i]), i)).collect();
    far.retain(|f| f.0 > 0.0);
    far.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut far = far.into_iter();
    let mut any = false;
    for cluster in empty {
        let Some((_, row)) = far.find(|&(_, row)| counts[found.labels[row] as usize] > 1) else { break };
        counts[found.labels[row] as usize] -= 1;
        counts[cluster] = 1;
        found.put(row, cluster as u32);
        any = true;
    }
    any
}

/// The squared distance of a row to a center, in f64.
fn to_center(rows: &Rows, centers: &Centers, row: usize, center: u32) -> f64 {
    let pairs = rows.x.row(row).iter().zip(centers.x.row(center as usize));
    pairs.map(|(&x, &c)| (f64::from(x) - f64::from(c)).powi(2)).sum()
}

/// Clusters numbered by their first rows; those without rows, should there be any, come last.
pub(super) fn by_first_row(mut labels: Vec<u32>, centers: &Matrix) -> (Vec<u32>, Matrix) {
    let k = centers.rows();
    let mut number = vec![u32::MAX; k];
    let mut order = Vec::with_capacity(k);
    for label in &mut labels {
        let number = &mut number[*label as usize];
        if *number == u32::MAX {
            *number = order.len() as u32;
            order.push(*label);
        }
        *label = *number;
    }
    order.extend((0..k as u32).filter(|&c| number[c as usize] == u32::MAX));
    (labels, centers.select(&order))
}
