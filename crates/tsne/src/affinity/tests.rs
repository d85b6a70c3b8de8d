use super::*;
use planisphere_core::{Csr, KnnGraph};
use planisphere_fixtures::{digits, golden_f32, golden_json};

const KNOWN: usize = 100;
const NEW: usize = 10;

/// The affinities of `fixtures/golden/make_tsne.py`.
fn cases() -> Vec<Affinity> {
    let both = vec![5.0, 30.0];
    let uniform = |symmetrize| Affinity::Uniform { n_neighbors: 12, symmetrize };
    vec![
        Affinity::Perplexity(30.0),
        Affinity::Perplexity(5.0),
        Affinity::Multiscale(both.clone()),
        Affinity::MultiscaleMixture(both),
        Affinity::FixedSigma { sigma: 10.0, n_neighbors: 20 },
        uniform(Symmetrize::Max),
        uniform(Symmetrize::Mean),
        uniform(Symmetrize::None),
    ]
}

/// The `k` nearest of the first 100 digits to each of the given ones, but for the row itself.
fn nearest(rows: std::ops::Range<usize>, k: usize) -> (Vec<u32>, Vec<f32>) {
    let x = digits().0;
    let (mut ids, mut dists) = (Vec::new(), Vec::new());
    for i in rows {
        let squared = |j: usize| x.row(i).iter().zip(x.row(j)).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
        let mut row: Vec<(f32, u32)> = (0..KNOWN).filter(|&j| j != i).map(|j| (squared(j), j as u32)).collect();
        row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ids.extend(row[..k].iter().map(|e| e.1));
        dists.extend(row[..k].iter().map(|e| e.0.sqrt()));
    }
    (ids, dists)
}

fn graph(k: usize) -> KnnGraph {
    let (ids, dists) = nearest(0..KNOWN, k);
    KnnGraph::new(KNOWN, k, ids, dists).unwrap()
}

/// The largest relative difference, where either is above what counts as nothing.
fn difference(got: impl Fn(usize, u32) -> f32, want: &[f32]) -> f32 {
    let mut worst = 0f32;
    for (at, &want) in want.iter().enumerate() {
        let got = got(at / KNOWN, (at % KNOWN) as u32);
        if got.max(want) > 1e-30 {
            worst = worst.max((got - want).abs() / want.max(1e-30));
        }
    }
    worst
}

#[test]
fn joint_is_that_of_opentsne() {
    let want = golden_f32("tsne_joint.npy");
    let names = golden_json("tsne.json")["cases"].clone();
    let graph = graph(KNOWN - 1);
    for (c, affinity) in cases().iter().enumerate() {
        let p = Affinities::from_graph(&graph, affinity).unwrap();
        let want = &want[c * KNOWN * KNOWN..][..KNOWN * KNOWN];
        let worst = difference(|i, j| p.matrix().get(i, j), want);
        assert!(worst < 1e-6, "{}: {worst}", names[c]);
        assert_eq!(p.matrix().nnz(), want.iter().filter(|&&v| v > 0.0).count(), "{}", names[c]);
        let information: f64 = want.iter().map(|&p| f64::from(p)).filter(|&p| p > 0.0).map(|p| p * p.ln()).sum();
        assert!((p.entropy() + information).abs() < 1e-6, "{}", names[c]);
    }
}

#[test]
fn conditional_is_that_of_opentsne() {
    let want = golden_f32("tsne_new.npy");
    let names = golden_json("tsne.json")["cases"].clone();
    let k = 95;
    let (ids, dists) = nearest(KNOWN..KNOWN + NEW, k);
    for (c, affinity) in cases().iter().enumerate() {
        let near = Near { n: KNOWN, k, ids: &ids, dists: &dists };
        let got = affinity.conditional(near, &mut Context::new()).unwrap();
        assert_eq!(got.k, affinity.n_neighbors(KNOWN + 1));
        let at = |i: usize, j: u32| {
            let place = ids[i * k..][..got.k].iter().position(|&id| id == j);
            place.map_or(0.0, |p| got.values[i * got.k + p])
        };
        let worst = difference(at, &want[c * NEW * KNOWN..][..NEW * KNOWN]);
        assert!(worst < 1e-6, "{}: {worst}", names[c]);
    }
}

/// One row: its probabilities and perplexity.
fn row(dists: &[f32], affinity: &Affinity) -> (Vec<f32>, f64) {
    let ids: Vec<u32> = (0..dists.len() as u32).collect();
    let near = Near { n: dists.len(), k: dists.len(), ids: &ids, dists };
    let p = affinity.probabilities(near, dists.len(), &Context::new()).unwrap().values;
    assert!(p.iter().all(|p| p.is_finite() && *p >= 0.0), "{affinity:?} {dists:?}: {p:?}");
    let total: f64 = p.iter().map(|&p| f64::from(p)).sum();
    assert!((total - 1.0).abs() < 1e-6, "{affinity:?} {dists:?}: {total}");
    assert!(p.windows(2).all(|w| w[0] >= w[1]), "nearer is more likely");
    let information: f64 = p.iter().filter(|p| **p > 0.0).map(|&p| f64::from(p) * f64::from(p).ln()).sum();
    (p, (-information).exp())
}

#[test]
fn the_search_converges_for_every_row() {
    // Distances over many orders of magnitude, with ties, gaps, plateaus and the ends of f32.
    let patterns: [fn(usize) -> f32; 12] = [
        |i| i as f32,
        |i| 1.0 + i as f32 * 1e-6,
        |i| 1e30 * (1.0 + i as f32),
        |i| 1e-30 * (1.0 + i as f32),
        |i| f32::from_bits(i as u32),
        |i| if i < 20 { 0.0 } else { f32::MAX },
        |i| if i < 20 { i as f32 * 1e-35 } else { 1e38 },
        |i| 10f32.powi(i as i32 - 40),
        |i| if i < 3 { 1.0 } else { 1.0 + f32::EPSILON },
        |i| (i / 10) as f32,
        |i| if i + 1 < 70 { 5.0 } else { 1e20 },
        |i| 1e19 + 1e13 * (i as f32).exp2().min(1e6),
    ];
    let k = 70;
    for (at, pattern) in patterns.iter().enumerate() {
        let dists: Vec<f32> = (0..k).map(pattern).collect();
        let ties = dists.iter().filter(|&&d| d == dists[0]).count() as f64;
        for perplexity in [1.0, 1.000_001, 1.5, 2.0, 3.0, 5.0, 10.0, 19.999, 20.0, 23.3, 35.0, 60.0, 69.999, 70.0] {
            let (p, got) = row(&dists, &Affinity::Perplexity(perplexity));
            let want = perplexity.max(ties);
            assert!((got / want - 1.0).abs() < 1e-5, "pattern {at}, perplexity {perplexity}: {got}");
            if perplexity <= ties {
                assert!(p.iter().zip(&dists).all(|(p, d)| (*p > 0.0) == (*d == dists[0])));
            }
            let several = vec![perplexity, 10.0, 70.0];
            row(&dists, &Affinity::Multiscale(several.clone()));
            row(&dists, &Affinity::MultiscaleMixture(several));
        }
        for sigma in [f64::MIN_POSITIVE, 1e-160, 1e-20, 1.0, 1e20, 1e160, f64::MAX] {
            let (p, _) = row(&dists, &Affinity::FixedSigma { sigma, n_neighbors: k });
            if sigma == f64::MAX {
                assert!(p.iter().all(|&v| v == p[0]));
            }
            if sigma == f64::MIN_POSITIVE {
                assert_eq!(p.iter().filter(|&&v| v > 0.0).count() as f64, ties);
            }
        }
    }
}

#[test]
fn equally_far_is_equally_likely() {
    for d in [0.0, 1e-45, 1.0, 1e30, f32::MAX] {
        for k in [1, 2, 7, 8, 9, 90] {
            for affinity in [
                Affinity::Perplexity(1.0),
                Affinity::Multiscale(vec![1.0, 30.0]),
                Affinity::MultiscaleMixture(vec![1.0, 30.0]),
                Affinity::FixedSigma { sigma: 1e-3, n_neighbors: k },
            ] {
                let (p, _) = row(&vec![d; k], &affinity);
                assert!(
                    p.iter().all(|&v| v == p[0] && (v * k as f32 - 1.0).abs() < 1e-6),
                    "{affinity:?} {k} × {d}: {p:?}"
                );
            }
        }
    }
}

#[test]
fn conditional_rows_do_not_depend_on_each_other() {
    let (ids, dists) = nearest(0..KNOWN, 60);
    for affinity in cases() {
        let all = |ids, dists| affinity.conditional(Near { n: KNOWN, k: 60, ids, dists }, &mut Context::new()).unwrap();
        let together = all(&ids, &dists);
        for i in [0, 7, 99] {
            let alone = all(&ids[i * 60..][..60], &dists[i * 60..][..60]);
            assert_eq!(alone.values, together.values[i * together.k..][..together.k]);
        }
        assert!(all(&[], &[]).values.is_empty());
    }
}

fn warnings(f: impl FnOnce(&mut Context<'_>)) -> Vec<Warning> {
    let mut cx = Context::new();
    f(&mut cx);
    cx.report().warnings.clone()
}

#[test]
fn too_much_is_clamped_and_told() {
    let clamp = |a: &Affinity, n| {
        let mut used = None;
        let told = warnings(|cx| used = Some(a.clamped(n, cx)));
        (used.unwrap(), told)
    };
    let less = |requested, used| Warning::ClampedPerplexity { requested, used };
    let thirty = Affinity::Perplexity(30.0);
    for n in [91, 92, 1000] {
        assert_eq!(clamp(&thirty, n), (thirty.clone(), vec![]));
        assert_eq!(thirty.n_neighbors(n), 90);
    }
    for n in 1..91 {
        let used = ((n - 1) as f64 / 3.0).max(1.0);
        let (a, told) = clamp(&thirty, n);
        assert_eq!((&a, told), (&Affinity::Perplexity(used), vec![less(30.0, used)]));
        assert_eq!(a.n_neighbors(n), (n - 1).min(if n < 4 { 3 } else { n - 1 }));
        assert_eq!(clamp(&a, n), (a, vec![]), "what is used is not clamped again");
    }
    let several = Affinity::Multiscale(vec![50.0, 3.0, 60.0, 3.0]);
    let (a, told) = clamp(&several, 31);
    assert_eq!((a, told), (Affinity::Multiscale(vec![10.0, 3.0, 3.0]), vec![less(50.0, 10.0), less(60.0, 10.0)]));
    let fixed = Affinity::FixedSigma { sigma: 1.0, n_neighbors: 9 };
    let (a, told) = clamp(&fixed, 5);
    assert_eq!(a, Affinity::FixedSigma { sigma: 1.0, n_neighbors: 4 });
    assert_eq!(told, [Warning::ClampedNeighbors { requested: 9, used: 4 }]);
    assert_eq!((a.n_neighbors(5), fixed.n_neighbors(0), thirty.n_neighbors(1)), (4, 0, 0));
    assert_eq!(clamp(&fixed, 10), (fixed.clone(), vec![]));
    assert_eq!(Affinity::Perplexity(1e300).n_neighbors(7), 6);

    // A graph with fewer neighbors than three times the perplexity: as it is down to the perplexity, a third below.
    let few = graph(12);
    assert_eq!(warnings(|cx| drop(Affinity::Perplexity(12.0).joint(&few, cx).unwrap())), []);
    let told = warnings(|cx| {
        let p = Affinity::Perplexity(12.5).joint(&few, cx).unwrap();
        assert_eq!(p, Affinity::Perplexity(4.0).joint(&few, &mut Context::new()).unwrap());
    });
    assert_eq!(told, [less(12.5, 4.0)]);
    let told = warnings(|cx| drop(Affinity::FixedSigma { sigma: 1.0, n_neighbors: 13 }.joint(&few, cx).unwrap()));
    assert_eq!(told, [Warning::ClampedNeighbors { requested: 13, used: 12 }]);
}

#[test]
fn more_neighbors_than_wanted_change_nothing() {
    for affinity in cases() {
        let (wide, exact) = (graph(KNOWN - 1), graph(affinity.n_neighbors(KNOWN)));
        let of = |g: &KnnGraph| Affinities::from_graph(g, &affinity).unwrap();
        assert_eq!(of(&wide), of(&exact));
    }
}

#[test]
fn parameters_are_checked() {
    for p in [0.0, -1.0, 0.999, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for a in [Affinity::Perplexity(p), Affinity::Multiscale(vec![3.0, p]), Affinity::MultiscaleMixture(vec![p])] {
            let Err(Error::InvalidParam { param, value, .. }) = a.check() else { panic!("{a:?}") };
            assert_eq!((param, value), ("perplexity", p.to_string()));
        }
    }
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let a = Affinity::FixedSigma { sigma, n_neighbors: 3 };
        assert!(matches!(a.check(), Err(Error::InvalidParam { param: "sigma", .. })));
    }
    for a in [
        Affinity::FixedSigma { sigma: 1.0, n_neighbors: 0 },
        Affinity::Uniform { n_neighbors: 0, symmetrize: Symmetrize::Max },
    ] {
        assert!(matches!(a.check(), Err(Error::InvalidParam { param: "n_neighbors", .. })));
        assert!(Affinities::from_graph(&graph(3), &a).is_err());
    }
    for a in [Affinity::Multiscale(vec![]), Affinity::MultiscaleMixture(vec![])] {
        assert!(matches!(a.check(), Err(Error::InvalidParam { param: "perplexity", .. })));
    }
    for a in cases() {
        assert_eq!(a.check(), Ok(()));
        let text = serde_json::to_string(&a).unwrap();
        assert_eq!(serde_json::from_str::<Affinity>(&text).unwrap(), a, "{text}");
    }
    assert_eq!(Affinity::default(), Affinity::Perplexity(30.0));
}

#[test]
fn negative_distances_are_errors() {
    let graph = KnnGraph::new(3, 1, vec![1, 0, 0], vec![1.0, -2.5, 3.0]).unwrap();
    let want = Error::NegativeDistance { row: 1, neighbor: 0, value: -2.5 };
    for a in cases() {
        assert_eq!(Affinities::from_graph(&graph, &a), Err(want.clone()));
        assert_eq!(a.conditional(Near::from(&graph), &mut Context::new()), Err(want.clone()));
    }
}

#[test]
fn subnormal_affinities_are_left_out() {
    // Two pairs so far apart that the probabilities of the way from one to the other are subnormal.
    let ids = vec![1, 2, 3, 0, 2, 3, 3, 0, 1, 2, 0, 1];
    let graph = KnnGraph::new(4, 3, ids, [0.0, 9.0, 9.0].repeat(4)).unwrap();
    let sigma = |sigma| Affinity::FixedSigma { sigma, n_neighbors: 3 };
    let conditional = sigma(0.67).conditional(Near::from(&graph), &mut Context::new()).unwrap();
    assert!(conditional.values[1].is_subnormal());
    let pairs = Csr::new(4, vec![0, 1, 2, 3, 4], vec![1, 0, 3, 2], vec![0.25; 4]).unwrap();
    assert_eq!(Affinities::from_graph(&graph, &sigma(0.67)).unwrap().matrix(), &pairs);
    assert_eq!(Affinities::from_graph(&graph, &sigma(0.75)).unwrap().matrix().nnz(), 12);
}
