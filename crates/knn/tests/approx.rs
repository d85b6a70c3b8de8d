//! Approximate search, and the sweep behind exact search of many rows: recall, edges, and the same bytes everywhere.

use planisphere_core::{CancelToken, Context, CounterRng, Event, KnnGraph, Matrix, Threads};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_knn::{Approx, Error, Exact, Metric};
use std::ops::ControlFlow;

/// Groups of normal numbers around random centers, in `inner` directions of their own and a little in all others: what
/// measured vectors look like.
fn groups(n: usize, d: usize, count: u32, inner: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "groups");
    let axes = r.at(1, 0);
    let mut x = Matrix::zeros(n, d);
    for i in 0..n {
        let draw = r.at(2, i as u64);
        let c = draw.below(0, count);
        let at: Vec<f32> = (0..inner).map(|t| draw.normal(10 + t as u64)).collect();
        for (j, v) in x.row_mut(i).iter_mut().enumerate() {
            *v = 1.5 * r.at(3, u64::from(c)).normal(j as u64) + 0.1 * draw.normal(1000 + j as u64);
            for (t, a) in at.iter().enumerate() {
                *v += a * axes.normal((t * d + j) as u64) / (1.0 + t as f32).sqrt();
            }
        }
    }
    x
}

/// Exact neighbors without a sweep: at this level products of all rows are taken.
fn by_products(x: &Matrix, k: usize, metric: &Metric) -> KnnGraph {
    Simd::limit(SimdLevel::Scalar);
    let graph = Exact::new(k).metric(metric.clone()).fit(x).unwrap();
    Simd::limit(SimdLevel::Avx512);
    graph
}

#[test]
fn recall_is_reached_and_distances_are_exact() {
    let x = groups(12_000, 40, 30, 8, 1);
    for metric in [Metric::Euclidean, Metric::SqEuclidean, Metric::Cosine, Metric::Correlation, Metric::Manhattan] {
        let truth = Exact::new(15).metric(metric.clone()).fit(&x).unwrap();
        for recall in [0.9, 0.99] {
            let mut cx = Context::new();
            let graph = Approx::new(15).metric(metric.clone()).recall(recall).fit_with(&x, &mut cx).unwrap();
            let got = graph.recall_by_distance(&truth).unwrap();
            assert!(got >= recall - 0.015, "{metric} {recall}: {got}");
            assert_eq!(cx.report().decisions.len(), 1);
            // What is found at all is found with the very number of exact search.
            for i in (0..x.rows()).step_by(97) {
                let (ids, dists) = graph.row(i);
                let (want_ids, want) = truth.row(i);
                for (id, d) in ids.iter().zip(dists) {
                    if let Some(p) = want_ids.iter().position(|w| w == id) {
                        assert_eq!(d.to_bits(), want[p].to_bits(), "{metric}");
                    }
                }
            }
        }
    }
}

#[test]
fn other_metrics_are_found_by_what_stands_in_for_them() {
    let x = groups(6000, 24, 20, 5, 2);
    let positive = {
        let mut p = x.clone();
        p.data_mut().iter_mut().for_each(|v| *v = v.abs());
        p
    };
    let bits = {
        let mut b = x.clone();
        b.data_mut().iter_mut().for_each(|v| *v = if *v > 0.3 { 1.0 } else { 0.0 });
        b
    };
    let globe = Matrix::from_vec(6000, 2, {
        let r = CounterRng::new(3, "globe").at(0, 0);
        (0..6000).flat_map(|i| [3.1 * (r.unit(2 * i) - 0.5), 6.2 * (r.unit(2 * i + 1) - 0.5)]).collect()
    })
    .unwrap();
    for (metric, x) in [
        (Metric::Chebyshev, &x),
        (Metric::Minkowski { p: 3.0 }, &x),
        (Metric::Canberra, &positive),
        (Metric::BrayCurtis, &positive),
        (Metric::Hellinger, &positive),
        (Metric::Dot, &x),
        (Metric::Haversine, &globe),
        (Metric::Hamming, &bits),
        (Metric::Jaccard, &bits),
        (Metric::Yule, &bits),
    ] {
        let truth = Exact::new(10).metric(metric.clone()).fit(x).unwrap();
        let got = Approx::new(10).metric(metric.clone()).recall(0.95).fit(x).unwrap();
        let recall = got.recall_by_distance(&truth).unwrap();
        assert!(recall > 0.9, "{metric}: {recall}");
    }
    let manhattan = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(p, q)| (p - q).abs()).sum::<f32>();
    let truth = Exact::new(10).fit_custom(&x, manhattan).unwrap();
    let got = Approx::new(10).fit_custom(&x, manhattan).unwrap();
    assert!(got.recall_by_distance(&truth).unwrap() > 0.95);
}

#[test]
fn a_sweep_gives_what_products_of_all_rows_give() {
    // Wide and narrow rows, with and without fewer directions than columns, far from the origin, ties without end.
    let mut far = groups(4200, 48, 10, 6, 4);
    far.data_mut().iter_mut().for_each(|v| *v += 300.0);
    let ties = {
        let r = CounterRng::new(8, "ties").at(0, 0);
        Matrix::from_vec(4200, 16, (0..67_200).map(|i| r.below(i, 2) as f32).collect()).unwrap()
    };
    // Data of lower rank than there are directions: columns that are zero, constant, or repeated.
    let mut zeros = groups(4200, 200, 12, 9, 3);
    (0..4200).for_each(|i| zeros.row_mut(i)[60..].fill(0.0));
    let mut constant = zeros.clone();
    (0..4200).for_each(|i| constant.row_mut(i)[30..].fill(2.5));
    let mut repeated = groups(4200, 200, 12, 9, 13);
    (0..4200).for_each(|i| (50..200).for_each(|j| repeated.row_mut(i)[j] = repeated.row(i)[j % 50]));
    // One row far from all others, which only the squared metric can not rescale.
    let mut outlier = groups(4200, 20, 12, 5, 14);
    outlier.row_mut(17).fill(3e9);
    let many =
        [groups(4200, 200, 12, 9, 3), groups(4500, 33, 400, 4, 5), far, ties, zeros, constant, repeated, outlier];
    for x in many {
        for metric in [Metric::Euclidean, Metric::Cosine, Metric::SqEuclidean] {
            assert!(Exact::new(15).metric(metric.clone()).fit(&x).unwrap() == by_products(&x, 15, &metric), "{metric}");
        }
    }
}

#[test]
fn same_bytes_for_any_threads_and_level() {
    let x = groups(4500, 180, 25, 8, 6);
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
        let search = Approx::new(12).metric(metric.clone());
        let want = search.fit(&x).unwrap();
        for t in [1, 2, 3, 8] {
            assert!(
                search.fit_with(&x, &mut Context::new().threads(Threads::Exactly(t))).unwrap() == want,
                "{t} threads"
            );
            let exact = Exact::new(12).metric(metric.clone());
            assert!(
                exact.fit_with(&x, &mut Context::new().threads(Threads::Exactly(t))).unwrap() == exact.fit(&x).unwrap()
            );
        }
        for level in Simd::available() {
            Simd::limit(level.level());
            let got = search.fit(&x).unwrap();
            Simd::limit(SimdLevel::Avx512);
            assert!(got == want, "{metric} {level:?}");
        }
        assert!(search.clone().seed(7).fit(&x).unwrap().recall(&want).unwrap() > 0.95);
    }
}

#[test]
fn groups_that_are_small_for_their_distance() {
    // Codes hold where the groups are, and little of what is in them.
    let mut x = groups(8000, 64, 20, 1, 15);
    for i in 0..8000 {
        let draw = CounterRng::new(16, "inside").at(0, i as u64);
        x.row_mut(i).iter_mut().zip(0..).for_each(|(v, j)| *v = 2000.0 * v.round() + draw.normal(j));
    }
    let truth = by_products(&x, 15, &Metric::Euclidean);
    assert!(Exact::new(15).fit(&x).unwrap() == truth);
    let mut cx = Context::new();
    let recall = Approx::new(15).recall(0.9).fit_with(&x, &mut cx).unwrap().recall(&truth).unwrap();
    assert!(recall > 0.88 || !cx.report().warnings.is_empty(), "{recall}");
}

#[test]
fn sizes_beyond_squares() {
    let mut far = groups(5000, 16, 10, 5, 17);
    far.row_mut(99).fill(1e20);
    for metric in [Metric::Manhattan, Metric::Chebyshev, Metric::Euclidean] {
        let truth = Exact::new(5).metric(metric.clone()).fit(&far).unwrap();
        let mut cx = Context::new();
        let got = Approx::new(5).metric(metric.clone()).fit_with(&far, &mut cx).unwrap();
        // Beside such a row all others look alike to what stands in for these metrics.
        let recall = got.recall_by_distance(&truth).unwrap();
        assert!(recall > 0.9 || !cx.report().warnings.is_empty(), "{metric} {recall}");
    }
    for search in
        [Exact::new(5).metric(Metric::SqEuclidean).fit(&far), Approx::new(5).metric(Metric::SqEuclidean).fit(&far)]
    {
        assert!(matches!(search, Err(Error::Overflow { row: 0 | 99, .. })), "{search:?}");
    }
    for scale in [1e-25f32, 2e-21, 1e-15, 1e14, 1e25] {
        let mut x = groups(4200, 17, 10, 5, 18);
        x.data_mut().iter_mut().for_each(|v| *v *= scale);
        x.row_mut(4199)[0] += 0.5 * scale;
        for metric in [Metric::Euclidean, Metric::Cosine] {
            assert!(
                Exact::new(5).metric(metric.clone()).fit(&x).unwrap() == by_products(&x, 5, &metric),
                "{metric} {scale}"
            );
        }
    }
}

#[test]
fn rows_that_are_equal_or_empty() {
    // Nothing but equal rows, and 1,000 equal ones among others.
    let equal = Matrix::from_vec(9000, 3, [1.0, 2.0, 3.0].repeat(9000)).unwrap();
    let g = Approx::new(5).fit(&equal).unwrap();
    assert!(g.dists().iter().all(|&d| d == 0.0));
    assert_eq!(Exact::new(3).fit(&equal).unwrap().row(7).0, &[0, 1, 2]);
    let mut some = groups(6000, 20, 10, 5, 7);
    let first = some.row(0).to_vec();
    (0..1000).for_each(|i| some.row_mut(6 * i).copy_from_slice(&first));
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let truth = by_products(&some, 10, &metric);
        assert!(Exact::new(10).metric(metric.clone()).fit(&some).unwrap() == truth);
        let got = Approx::new(10).metric(metric.clone()).fit(&some).unwrap();
        assert!(got.recall_by_distance(&truth).unwrap() > 0.97);
    }
    // Zero rows under angles: at 0 from each other, at 1 from all others.
    (0..300).for_each(|i| some.row_mut(20 * i + 1).fill(0.0));
    for metric in [Metric::Cosine, Metric::Correlation] {
        let truth = by_products(&some, 10, &metric);
        assert!(Exact::new(10).metric(metric.clone()).fit(&some).unwrap() == truth);
        let got = Approx::new(10).metric(metric.clone()).fit(&some).unwrap();
        assert!(got.recall_by_distance(&truth).unwrap() > 0.97);
    }
    let zeros = Matrix::zeros(5000, 20);
    assert!(Approx::new(4).metric(Metric::Cosine).fit(&zeros).unwrap().dists().iter().all(|&d| d == 0.0));
}

#[test]
fn few_rows_narrow_rows_wide_rows() {
    for n in [0, 1] {
        let g = Approx::new(15).fit(&Matrix::zeros(n, 4)).unwrap();
        assert_eq!((g.n(), g.k()), (n, 0));
    }
    let two = Matrix::from_rows([[0.0], [2.0]]).unwrap();
    assert_eq!(Approx::new(1).fit(&two).unwrap().row(0), (&[1][..], &[2.0][..]));
    let e = Approx::new(2).fit(&two).unwrap_err();
    assert!(matches!(e, Error::InvalidParam { param: "k", .. }), "{e}");
    let line = groups(5000, 1, 40, 1, 8);
    let truth = Exact::new(5).fit(&line).unwrap();
    assert!(Approx::new(5).fit(&line).unwrap().recall_by_distance(&truth).unwrap() > 0.97);
    let wide = groups(4200, 4096, 10, 6, 9);
    let truth = by_products(&wide, 5, &Metric::Euclidean);
    assert!(Exact::new(5).fit(&wide).unwrap() == truth);
    assert!(Approx::new(5).fit(&wide).unwrap().recall(&truth).unwrap() > 0.96);
}

#[test]
fn bad_input_is_named() {
    let x = groups(5000, 4, 5, 2, 10);
    for recall in [0.0, 0.4999, 1.0, f64::NAN] {
        let e = Approx::new(5).recall(recall).fit(&x).unwrap_err();
        assert!(matches!(e, Error::InvalidParam { param: "recall", .. }), "{e}");
    }
    let mut bad = x.clone();
    bad.row_mut(4321)[2] = f32::NAN;
    assert!(matches!(
        Approx::new(5).fit(&bad),
        Err(Error::Core(planisphere_core::Error::NonFinite { row: 4321, col: 2, .. }))
    ));
    let nan = |_: &[f32], _: &[f32]| f32::NAN;
    assert!(matches!(Approx::new(5).fit_custom(&x, nan), Err(Error::NotADistance { .. })));
    let mut far = x.clone();
    far.data_mut().iter_mut().for_each(|v| *v *= 1e38);
    assert!(
        Approx::new(5).fit(&far).is_ok_and(|g| g.dists().iter().all(|d| d.is_finite())) || {
            matches!(Approx::new(5).fit(&far), Err(Error::Overflow { .. } | Error::Core(_)))
        }
    );
    assert!(matches!(
        Approx::new(5).metric(Metric::SqEuclidean).fit(&far),
        Err(Error::Overflow { .. } | Error::Core(_))
    ));
}

#[test]
fn progress_and_cancellation() {
    let x = groups(6000, 20, 9, 3, 11);
    for exact in [false, true] {
        let mut last = (0, 1);
        let mut watch = |e: &Event<'_>| {
            if let Event::Progress { done, total } = e {
                assert!(done * last.1 >= last.0 * total, "progress never falls");
                last = (*done, *total);
            }
            ControlFlow::Continue(())
        };
        let mut cx = Context::new().observer(&mut watch);
        if exact { Exact::new(5).fit_with(&x, &mut cx) } else { Approx::new(5).fit_with(&x, &mut cx) }.unwrap();
        assert_eq!(last.0, last.1);
        let token = CancelToken::new();
        token.cancel();
        let mut cx = Context::new().cancel(&token);
        let got = if exact { Exact::new(5).fit_with(&x, &mut cx) } else { Approx::new(5).fit_with(&x, &mut cx) };
        assert!(matches!(got, Err(Error::Cancelled(_))));
    }
}
