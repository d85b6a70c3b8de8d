//! Affinities as users make them: the same bytes everywhere, and defined for every input.

use planisphere_core::{CancelToken, Context, CounterRng, Csr, KnnGraph, Threads};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_tsne::{Affinities, Affinity, Error, Symmetrize};
use proptest::prelude::*;

/// Random rows in `d` dimensions and their `k` nearest others.
fn graph(n: usize, d: usize, k: usize) -> KnnGraph {
    let r = CounterRng::new(1, "affinity test").at(0, 0);
    let x: Vec<f32> = (0..n * d).map(|i| r.normal(i as u64)).collect();
    let (mut ids, mut dists) = (Vec::new(), Vec::new());
    for i in 0..n {
        let row = |i: usize| &x[i * d..][..d];
        let squared = |j: usize| row(i).iter().zip(row(j)).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
        let mut row: Vec<(f32, u32)> = (0..n).filter(|&j| j != i).map(|j| (squared(j).sqrt(), j as u32)).collect();
        row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ids.extend(row[..k].iter().map(|e| e.1));
        dists.extend(row[..k].iter().map(|e| e.0));
    }
    KnnGraph::new(n, k, ids, dists).unwrap()
}

fn kinds() -> Vec<Affinity> {
    let several = vec![4.0, 20.0];
    vec![
        Affinity::default(),
        Affinity::Multiscale(several.clone()),
        Affinity::MultiscaleMixture(several),
        Affinity::FixedSigma { sigma: 0.7, n_neighbors: 30 },
        Affinity::Uniform { n_neighbors: 15, symmetrize: Symmetrize::Mean },
        Affinity::Uniform { n_neighbors: 15, symmetrize: Symmetrize::Max },
        Affinity::Uniform { n_neighbors: 15, symmetrize: Symmetrize::None },
    ]
}

fn bits(p: &Affinities) -> (Vec<u32>, Vec<u32>, u64) {
    let data = p.matrix().data().iter().map(|v| v.to_bits()).collect();
    (p.matrix().indices().to_vec(), data, p.entropy().to_bits())
}

#[test]
fn same_bytes_for_any_threads_and_level() {
    let graph = graph(1300, 3, 93);
    for affinity in kinds() {
        let want = bits(&Affinities::from_graph(&graph, &affinity).unwrap());
        for t in [1, 2, 3, 8] {
            let mut cx = Context::new().threads(Threads::Exactly(t));
            let got = Affinities::from_graph_with(&graph, &affinity, &mut cx).unwrap();
            assert!(bits(&got) == want, "{affinity:?}, {t} threads");
        }
        for level in Simd::available() {
            Simd::limit(level.level());
            let got = bits(&Affinities::from_graph(&graph, &affinity).unwrap());
            Simd::limit(SimdLevel::Avx512);
            assert!(got == want, "{affinity:?}, {level:?}");
        }
    }
}

fn assert_sound(p: &Affinities, what: &str) {
    let m = p.matrix();
    let total: f64 = m.data().iter().map(|&p| f64::from(p)).sum();
    assert!((total - 1.0).abs() < 1e-5, "{what}: {total}");
    assert!(m.data().iter().all(|p| p.is_normal() && *p > 0.0), "{what}");
    for i in 0..m.rows() {
        assert_eq!(m.get(i, i as u32), 0.0);
    }
    if p.is_symmetric() {
        assert_eq!(m, &m.transpose().unwrap(), "{what}");
    }
    let entropy: f64 = -m.data().iter().map(|&p| f64::from(p) * f64::from(p).ln()).sum::<f64>();
    assert!((p.entropy() - entropy).abs() < 1e-9, "{what}");
}

#[test]
fn one_to_five_rows() {
    for affinity in kinds() {
        let single = Affinities::from_graph(&KnnGraph::new(1, 0, vec![], vec![]).unwrap(), &affinity).unwrap();
        assert_eq!((single.matrix().rows(), single.matrix().nnz(), single.entropy()), (1, 0, 0.0));
        assert!(single.entropy().is_sign_positive());
        let none = Affinities::from_graph(&KnnGraph::new(0, 0, vec![], vec![]).unwrap(), &affinity).unwrap();
        assert_eq!(none.matrix().rows(), 0);
        let two = Affinities::from_graph(&graph(2, 3, 1), &affinity).unwrap();
        assert_eq!(two.matrix(), &Csr::new(2, vec![0, 1, 2], vec![1, 0], vec![0.5, 0.5]).unwrap());
        assert!((two.entropy() - std::f64::consts::LN_2).abs() < 1e-15);
        for n in 3..6 {
            assert_sound(
                &Affinities::from_graph(&graph(n, 3, n - 1), &affinity).unwrap(),
                &format!("{affinity:?} {n}"),
            );
        }
        let lone = KnnGraph::new(2, 0, vec![], vec![]).unwrap();
        assert!(matches!(Affinities::from_graph(&lone, &affinity), Err(Error::InvalidParam { .. })));
    }
}

#[test]
fn a_graph_of_ones_own_is_checked() {
    let from = |indptr: &[usize], ids: &[u32], values: &[f32]| {
        Affinities::from_csr(&Csr::new(3, indptr.to_vec(), ids.to_vec(), values.to_vec()).unwrap())
    };
    let edge = |a, b| from(&[0, 1, 2, 2], &[1, 0], &[a, b]);
    let p = edge(3.0, 3.000001).unwrap();
    assert_eq!(p.matrix().data(), [0.5, 0.5]);
    assert!(p.is_symmetric());
    assert_eq!(edge(1e38, 1e38).unwrap(), p);
    assert_eq!(edge(1e-44, 1e-44).unwrap(), p);
    let place = |r: Result<Affinities, Error>| match r {
        Err(Error::Affinity { row, col, problem, .. }) => (row, col, problem),
        other => panic!("{other:?}"),
    };
    assert_eq!(place(edge(1.0, f32::NAN)), (1, 0, "it must be finite"));
    assert_eq!(place(edge(f32::INFINITY, 1.0)), (0, 1, "it must be finite"));
    assert_eq!(place(edge(f32::NAN, f32::NAN)), (0, 1, "it must be finite"));
    assert_eq!(place(edge(-1.0, -1.0)), (0, 1, "it must be at least 0"));
    assert_eq!(place(edge(1.0, 1.1)), (0, 1, "it must be the same in both directions"));
    assert_eq!(place(edge(0.0, 1.0)), (0, 1, "it must be the same in both directions"));
    assert_eq!(place(from(&[0, 0, 1, 1], &[2], &[1.0])), (1, 2, "it must be the same in both directions"));
    assert_eq!(place(from(&[0, 0, 1, 1], &[1], &[1.0])), (1, 1, "a row has none to itself"));
    // A stored zero is as good as none.
    assert_eq!(from(&[0, 1, 3, 3], &[1, 0, 2], &[1.0, 1.0, 0.0]).unwrap(), p);
    assert!(matches!(edge(0.0, 0.0), Err(Error::InvalidParam { .. })));
    let wide = Csr::new(4, vec![0, 0], vec![], vec![]).unwrap();
    assert!(matches!(Affinities::from_csr(&wide), Err(Error::InvalidParam { .. })));
    let one = Affinities::from_csr(&Csr::new(1, vec![0, 0], vec![], vec![]).unwrap()).unwrap();
    assert_eq!(one.matrix().nnz(), 0);
}

#[test]
fn what_was_made_is_a_graph_of_ones_own() {
    let graph = graph(200, 4, 60);
    for affinity in kinds() {
        let made = Affinities::from_graph(&graph, &affinity).unwrap();
        assert_sound(&made, &format!("{affinity:?}"));
        if made.is_symmetric() {
            let again = Affinities::from_csr(made.matrix()).unwrap();
            assert!(made.matrix().data().iter().zip(again.matrix().data()).all(|(a, b)| (a / b - 1.0).abs() < 1e-6));
        } else {
            assert!(Affinities::from_csr(made.matrix()).is_err());
        }
    }
}

#[test]
fn cancelled() {
    let token = CancelToken::new();
    token.cancel();
    let mut cx = Context::new().cancel(&token);
    let r = Affinities::from_graph_with(&graph(50, 2, 20), &Affinity::default(), &mut cx);
    assert!(matches!(r, Err(Error::Cancelled(_))));
}

proptest! {
    #[test]
    fn any_distances_give_sound_affinities(
        rows in proptest::collection::vec(proptest::collection::vec((0u32..0x7f80_0000, 0u8..3), 6), 7),
        perplexity in 1.0f64..9.0,
    ) {
        let (mut ids, mut dists) = (Vec::new(), Vec::new());
        for (i, row) in rows.iter().enumerate() {
            // Any finite f32, often 0 or one of few.
            let value = |&(bits, kind): &(u32, u8)| match kind {
                0 => 0.0,
                1 => (bits % 3) as f32,
                _ => f32::from_bits(bits),
            };
            let others = (0..7u32).filter(|&j| j as usize != i);
            let mut row: Vec<(f32, u32)> = row.iter().map(value).zip(others).collect();
            row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            ids.extend(row.iter().map(|e| e.1));
            dists.extend(row.iter().map(|e| e.0));
        }
        let graph = KnnGraph::new(7, 6, ids, dists).unwrap();
        for affinity in [
            Affinity::Perplexity(perplexity),
            Affinity::Multiscale(vec![perplexity, 1.2]),
            Affinity::MultiscaleMixture(vec![perplexity, 1.2]),
            Affinity::FixedSigma { sigma: 10f64.powf(perplexity - 5.0), n_neighbors: 5 },
        ] {
            assert_sound(&Affinities::from_graph(&graph, &affinity).unwrap(), &format!("{affinity:?}"));
        }
    }
}
