//! Nearest neighbors among numbers.

use crate::error::Result;
use planisphere_core::KnnGraph;
use rayon::prelude::*;

/// Places of the sorted list that one task works on.
const CHUNK: usize = 2048;

/// The `k` nearest other numbers of each, by (distance, id): exact, by sorting once and walking outward. `values` are
/// finite and more than `k`.
pub(super) fn neighbors(values: &[f32], k: usize) -> Result<KnnGraph> {
    let n = values.len();
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.par_sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]).then(a.cmp(&b)));
    let groups = Groups::new(values, &order);
    // Rows in the order of their numbers, so that tasks read what lies together.
    let parts: Vec<Vec<(f32, u32)>> = (0..n.div_ceil(CHUNK))
        .into_par_iter()
        .map(|c| {
            let (mut out, mut found) = (Vec::with_capacity(CHUNK * k), Vec::new());
            for &i in &order[c * CHUNK..((c + 1) * CHUNK).min(n)] {
                groups.nearest(i, k, &mut found);
                out.extend_from_slice(&found);
            }
            out
        })
        .collect();
    let (mut ids, mut dists) = (vec![0u32; n * k], vec![0f32; n * k]);
    for (p, &i) in order.iter().enumerate() {
        let at = (p % CHUNK) * k;
        for (q, &(d, id)) in parts[p / CHUNK][at..at + k].iter().enumerate() {
            ids[i as usize * k + q] = id;
            dists[i as usize * k + q] = d;
        }
    }
    Ok(KnnGraph::new(n, k, ids, dists)?)
}

/// The rows by their numbers, equal ones together, in the order of their ids.
struct Groups<'a> {
    order: &'a [u32],
    /// The number of each group, ascending.
    values: Vec<f32>,
    /// Where each group starts in `order`, and the end.
    starts: Vec<usize>,
    /// The group of each row.
    of: Vec<u32>,
}

impl<'a> Groups<'a> {
    fn new(values: &[f32], order: &'a [u32]) -> Self {
        let mut groups = Self { order, values: Vec::new(), starts: Vec::new(), of: vec![0; order.len()] };
        for (p, &i) in order.iter().enumerate() {
            let v = values[i as usize];
            if groups.values.last().is_none_or(|last| last.to_bits() != v.to_bits()) {
                groups.values.push(v);
                groups.starts.push(p);
            }
            groups.of[i as usize] = (groups.values.len() - 1) as u32;
        }
        groups.starts.push(order.len());
        groups
    }

    /// The `k` nearest others of row `i`, ascending by (distance, id), into `found`.
    fn nearest(&self, i: u32, k: usize, found: &mut Vec<(f32, u32)>) {
        found.clear();
        let own = self.of[i as usize] as usize;
        let distance = |g: usize| {
            let d = (f64::from(self.values[g]) - f64::from(self.values[own])).abs();
            (d as f32).min(f32::MAX)
        };
        // The next groups on both sides; of each group the first `k` other rows are enough.
        let (mut below, mut above) = (own.checked_sub(1), own + 1);
        let (mut group, mut reached) = (own, 0.0);
        loop {
            let members = &self.order[self.starts[group]..self.starts[group + 1]];
            found.extend(members.iter().filter(|&&j| j != i).take(k).map(|&j| (reached, j)));
            let left = below.map(|g| (distance(g), g));
            let right = (above < self.values.len()).then(|| (distance(above), above));
            let next = match (left, right) {
                (Some(l), Some(r)) => Some(if l.0 <= r.0 { l } else { r }),
                (l, r) => l.or(r),
            };
            // Rounded distances of different numbers may be equal, and then smaller ids come first.
            let Some((d, g)) = next.filter(|&(d, _)| found.len() < k || d <= reached) else { break };
            (group, reached) = (g, d);
            if g < own {
                below = g.checked_sub(1);
            } else {
                above = g + 1;
            }
        }
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.truncate(k);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_nearest_numbers_are_found(
            values in proptest::collection::vec(
                prop_oneof![
                    (-3i8..3).prop_map(f32::from), -1e-3f32..1e-3, Just(-0.0f32), Just(f32::MAX), Just(f32::MIN), Just(1e30)
                ],
                1..60,
            ),
            k in 0usize..20,
        ) {
            let k = k.min(values.len() - 1);
            let g = neighbors(&values, k).unwrap();
            for (i, v) in values.iter().enumerate() {
                let mut want: Vec<(f32, u32)> = values
                    .iter()
                    .enumerate()
                    .filter(|&(j, _)| j != i)
                    .map(|(j, w)| (((f64::from(*w) - f64::from(*v)).abs() as f32).min(f32::MAX), j as u32))
                    .collect();
                want.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let (ids, dists) = g.row(i);
                let got: Vec<(f32, u32)> = dists.iter().copied().zip(ids.iter().copied()).collect();
                prop_assert_eq!(&got[..], &want[..k]);
            }
        }
    }
}
