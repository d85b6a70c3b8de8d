//! A coarser graph: rows that hold together become one.

use crate::block::CHUNK;
use crate::walk::Walk;
use rayon::prelude::*;
use std::borrow::Cow;

/// An edge is strong if it has this share of the heaviest weight of its row.
const STRONG: f32 = 0.25;
/// Rows that a row gathers around itself at most, so that hubs do not swallow their surroundings.
const MOST: usize = 24;
/// Groups that one task adds up.
const GROUPS: usize = 1 << 11;
/// Not in a group yet.
const NONE: u32 = u32::MAX;

/// Which group each row belongs to, and how many groups there are.
///
/// Rows are visited in order. One with at least half of its strong neighbors still free makes a group with the free ones; a
/// row that is left over joins the neighbor in a group that it is tied to most. This is the aggregation of algebraic
/// multigrid (Vaněk, Mandel & Brezina 1996), with a bound on the size.
pub(crate) fn groups(walk: &Walk<'_>) -> (Vec<u32>, usize) {
    let n = walk.rows();
    let mut group = vec![NONE; n];
    let mut count = 0u32;
    let mut free = Vec::with_capacity(MOST);
    for i in 0..n {
        if group[i] != NONE {
            continue;
        }
        let (ids, weights) = walk.row(i);
        let heaviest = ids.iter().zip(weights).filter(|e| *e.0 as usize != i).fold(0f32, |m, e| m.max(*e.1));
        let least = STRONG * heaviest;
        let mut strong = 0;
        free.clear();
        for (&j, &w) in ids.iter().zip(weights) {
            if w >= least && j as usize != i {
                strong += 1;
                if group[j as usize] == NONE && free.len() < MOST {
                    free.push(j);
                }
            }
        }
        if 2 * free.len() >= strong.min(2 * MOST) {
            group[i] = count;
            free.iter().for_each(|&j| group[j as usize] = count);
            count += 1;
        }
    }
    let mut all = vec![NONE; n];
    all.par_chunks_mut(CHUNK).enumerate().for_each(|(c, all)| {
        for (r, g) in all.iter_mut().enumerate() {
            let i = c * CHUNK + r;
            *g = group[i];
            if *g == NONE {
                let (ids, weights) = walk.row(i);
                let mut heaviest = -1.0;
                for (&j, &w) in ids.iter().zip(weights) {
                    if w > heaviest && group[j as usize] != NONE {
                        heaviest = w;
                        *g = group[j as usize];
                    }
                }
            }
        }
    });
    (all, count as usize)
}

/// The rows in the order of their groups, ascending within a group, and where each group starts among them.
pub(crate) fn members(group: &[u32], count: usize) -> (Vec<usize>, Vec<u32>) {
    let mut start = vec![0usize; count + 1];
    group.iter().for_each(|&g| start[g as usize + 1] += 1);
    (0..count).for_each(|g| start[g + 1] += start[g]);
    let mut next = start.clone();
    let mut member = vec![0u32; group.len()];
    for (i, &g) in group.iter().enumerate() {
        member[next[g as usize]] = i as u32;
        next[g as usize] += 1;
    }
    (start, member)
}

/// The graph between the groups: weights between their rows added up, those within a group as an edge to itself.
pub(crate) fn coarse(walk: &Walk<'_>, group: &[u32], count: usize) -> Walk<'static> {
    let (start, member) = members(group, count);
    type Part = (Vec<usize>, Vec<u32>, Vec<f32>, Vec<f64>);
    let parts: Vec<Part> = (0..count.div_ceil(GROUPS))
        .into_par_iter()
        .map(|c| {
            let groups = c * GROUPS..((c + 1) * GROUPS).min(count);
            let (mut ends, mut indices, mut weights, mut degrees): Part = Default::default();
            // Where the entry of each group is, if the row that is being added up has one.
            let mut place = vec![NONE; count];
            for g in groups {
                let first = indices.len();
                let mut degree = 0.0;
                for &i in &member[start[g]..start[g + 1]] {
                    degree += walk.degree[i as usize];
                    let (ids, w) = walk.row(i as usize);
                    for (&j, &w) in ids.iter().zip(w) {
                        let to = group[j as usize];
                        let at = &mut place[to as usize];
                        if *at == NONE {
                            *at = indices.len() as u32;
                            indices.push(to);
                            weights.push(w);
                        } else {
                            weights[*at as usize] += w;
                        }
                    }
                }
                indices[first..].iter().for_each(|&to| place[to as usize] = NONE);
                ends.push(indices.len());
                degrees.push(degree);
            }
            (ends, indices, weights, degrees)
        })
        .collect();
    let entries = parts.iter().map(|p| p.1.len()).sum();
    let (mut indptr, mut indices, mut weights, mut degree) = (
        Vec::with_capacity(count + 1),
        Vec::with_capacity(entries),
        Vec::with_capacity(entries),
        Vec::with_capacity(count),
    );
    indptr.push(0);
    for (e, i, w, d) in parts {
        let before = indices.len();
        indptr.extend(e.into_iter().map(|e| before + e));
        indices.extend(i);
        weights.extend(w);
        degree.extend(d);
    }
    Walk { indptr: Cow::Owned(indptr), indices: Cow::Owned(indices), weights: Cow::Owned(weights), degree }
}
