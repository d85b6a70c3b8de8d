//! Indexes: what queries find, against the plain double loop, and what they promise.

use planisphere_core::{CancelToken, Context, CounterRng, Matrix, Threads};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_knn::{Approx, Distance, Error, Exact, Index, Metric, Neighbors};

/// Rows in clusters of different sizes and spreads; rows from `from` on of an endless sequence.
fn clusters(from: usize, n: usize, d: usize, seed: u64) -> Matrix {
    const CLUSTERS: u32 = 60;
    let pick = CounterRng::new(seed, "cluster").at(0, 0);
    let place = CounterRng::new(seed, "place").at(0, 0);
    let noise = CounterRng::new(seed, "noise").at(0, 0);
    let mut data = Vec::with_capacity(n * d);
    for i in from..from + n {
        // The smaller of two: low clusters are larger.
        let c = u64::from(pick.below(2 * i as u64, CLUSTERS).min(pick.below(2 * i as u64 + 1, CLUSTERS)));
        let spread = 0.3 + 0.02 * c as f32;
        data.extend(
            (0..d as u64)
                .map(|j| 2.0 * place.normal(c * d as u64 + j) + spread * noise.normal(i as u64 * d as u64 + j)),
        );
    }
    Matrix::from_vec(n, d, data).unwrap()
}

fn integers(n: usize, d: usize, below: u32, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "integers").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.below(i as u64, below) as f32).collect()).unwrap()
}

/// The part of the first rows, and the rest.
fn split(x: &Matrix, n: usize) -> (Matrix, Matrix) {
    (x.view().slice(0, n).to_matrix(), x.view().slice(n, x.rows()).to_matrix())
}

/// Share of the neighbors in `truth` that `found` has, or others as near.
fn recall(found: &Neighbors, truth: &Neighbors) -> f64 {
    let mut hits = 0;
    for (found, truth) in found.rows().zip(truth.rows()) {
        let last = truth.1.last().copied().unwrap_or(f32::NAN);
        hits += found.1.iter().filter(|&&d| d <= last).count();
    }
    hits as f64 / truth.ids().len() as f64
}

fn bits(found: &Neighbors) -> (Vec<u32>, Vec<u32>) {
    (found.ids().to_vec(), found.dists().iter().map(|d| d.to_bits()).collect())
}

/// Every point sorted by the definition of the metric.
fn naive(points: &Matrix, query: &[f32], metric: &Metric, keep: impl Fn(u32) -> bool) -> Vec<(f32, u32)> {
    let all = (0..points.rows() as u32).filter(|&id| keep(id));
    let mut all: Vec<(f32, u32)> = all.map(|id| (metric.distance(query, points.row(id as usize)), id)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

#[test]
fn exact_queries_are_the_sorted_list_of_all_points() {
    for (points, queries) in [
        (integers(300, 6, 5, 1), integers(70, 6, 5, 2)),
        (integers(700, 9, 2, 3), integers(40, 9, 2, 4)),
        (integers(200, 2, 3, 5), integers(9, 2, 3, 6)),
        (integers(2100, 70, 9, 7), integers(5, 70, 9, 8)),
    ] {
        let mut metrics = Metric::ALL.to_vec();
        metrics.retain(|m| *m != Metric::Haversine || points.cols() == 2);
        metrics.push(Metric::Minkowski { p: 3.0 });
        metrics.push(Metric::SEuclidean { v: (0..points.cols()).map(|c| 1.0 + c as f64).collect() });
        for metric in metrics {
            // These are whole numbers, or one rounding away from it; the others may round in other ways.
            let whole = [
                Metric::Euclidean,
                Metric::SqEuclidean,
                Metric::Manhattan,
                Metric::Chebyshev,
                Metric::Dot,
                Metric::Hamming,
                Metric::Jaccard,
                Metric::Yule,
            ];
            let index = Exact::new(1).metric(metric.clone()).index(points.clone()).unwrap();
            let found = index.query(&queries, 12).unwrap();
            assert_eq!(found.len(), queries.rows());
            for (i, (ids, dists)) in found.rows().enumerate() {
                let want = naive(&points, queries.row(i), &metric, |_| true);
                if whole.contains(&metric) {
                    assert_eq!(ids, want[..12].iter().map(|e| e.1).collect::<Vec<_>>(), "{metric}, query {i}");
                }
                for (p, (&id, d)) in ids.iter().zip(dists).enumerate() {
                    let defined = metric.distance(queries.row(i), points.row(id as usize));
                    // Half the distances of correlated rows are lost to rounding near 0.
                    assert!((d - defined).abs() <= 2e-5 * defined.abs().max(0.03), "{metric}: {d} {defined}");
                    assert!((d - want[p].0).abs() <= 2e-5 * want[p].0.abs().max(0.03), "{metric}: {d} {:?}", want[p]);
                }
            }
        }
    }
}

#[test]
fn approximate_queries_reach_their_recall() {
    let all = clusters(0, 20_600, 32, 1);
    let (x, queries) = split(&all, 20_000);
    for (metric, target) in [
        (Metric::Euclidean, 0.95),
        (Metric::Euclidean, 0.98),
        (Metric::Cosine, 0.98),
        (Metric::Manhattan, 0.95),
        (Metric::Correlation, 0.98),
        (Metric::Dot, 0.95),
    ] {
        let exact = Exact::new(15).metric(metric.clone()).index(x.clone()).unwrap();
        let index = Approx::new(15).metric(metric.clone()).recall(target).index(x.clone()).unwrap();
        assert!(index.is_approximate() && !exact.is_approximate());
        assert!(index.recall() >= target && exact.recall() == 1.0, "{metric}: {}", index.recall());
        // The graph is there too, by the same parameters.
        let graph = Approx::new(15).metric(metric.clone()).recall(target).fit(&x).unwrap();
        assert_eq!(index.graph(15).unwrap(), graph);
        assert_eq!(index.graph(4).unwrap(), graph.truncate(4));
        for k in [1, 15, 40] {
            let truth = exact.query(&queries, k).unwrap();
            let reached = recall(&index.query(&queries, k).unwrap(), &truth);
            assert!(reached >= target - 0.01 && reached >= 0.945, "{metric} {target} k = {k}: {reached}");
        }
        let truth = exact.query(&queries, 15).unwrap();
        let (less, more) = (index.clone().effort(0.3), index.clone().effort(4.0));
        let at = |index: &Index| recall(&index.query(&queries, 15).unwrap(), &truth);
        assert!(at(&less) < at(&index) && at(&index) <= at(&more), "{metric}");
    }
}

/// Handwritten digits, each many times with other noise: real rows, enough of them for the approximate search.
#[test]
fn held_out_digits_are_found_right() {
    let (digits, _) = planisphere_fixtures::digits();
    let noise = CounterRng::new(4, "noise").at(0, 0);
    let copies: Vec<f32> = (0..7 * digits.data().len())
        .map(|i| digits.data()[i % digits.data().len()] + 1.5 * noise.normal(i as u64))
        .collect();
    let all = Matrix::from_vec(7 * digits.rows(), digits.cols(), copies).unwrap();
    let (x, queries) = split(&all, 6 * digits.rows());
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let index = Approx::new(15).metric(metric.clone()).index(x.clone()).unwrap();
        let truth = Exact::new(15).metric(metric.clone()).index(x.clone()).unwrap().query(&queries, 15).unwrap();
        let reached = recall(&index.query(&queries, 15).unwrap(), &truth);
        assert!(reached >= 0.97, "{metric}: {reached}");
    }
}

#[test]
fn same_bytes_for_any_threads_level_and_batch() {
    let all = clusters(0, 6100, 20, 3);
    let (x, queries) = split(&all, 6000);
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan, Metric::Hellinger, Metric::Jaccard] {
        let (mut x, mut queries) = (x.clone(), queries.clone());
        if metric == Metric::Hellinger {
            x.data_mut().iter_mut().chain(queries.data_mut()).for_each(|v| *v = v.abs());
        }
        if metric == Metric::Jaccard {
            x.data_mut().iter_mut().chain(queries.data_mut()).for_each(|v| *v = v.max(0.0));
        }
        let approx = Approx::new(10).metric(metric.clone());
        for exact in [false, true] {
            let build = |cx: &mut Context<'_>| match exact {
                true => Exact::new(10).metric(metric.clone()).index(x.clone()).unwrap(),
                false => approx.index_with(x.clone(), cx).unwrap(),
            };
            let ask = |threads: usize| {
                let mut cx = Context::new().threads(Threads::Exactly(threads));
                let mut index = build(&mut cx);
                index.add_with(&x.view().slice(0, 50).to_matrix(), &mut cx).unwrap();
                let plain = index.query_with(&queries, 10, &mut cx).unwrap();
                let odd = index.query_filtered_with(&queries, 10, |id| id % 3 == 1, &mut cx).unwrap();
                (bits(&plain), bits(&odd))
            };
            let want = ask(2);
            for threads in [1, 3, 8] {
                assert!(ask(threads) == want, "{metric}, exact {exact}, {threads} threads");
            }
            for level in Simd::available() {
                Simd::limit(level.level());
                let got = ask(2);
                Simd::limit(SimdLevel::Avx512);
                assert!(got == want, "{metric}, exact {exact}, {level:?}");
            }
            let mut index = build(&mut Context::new());
            index.add(&x.view().slice(0, 50).to_matrix()).unwrap();
            let (batch, odd) =
                (index.query(&queries, 10).unwrap(), index.query_filtered(&queries, 10, |id| id % 3 == 1).unwrap());
            assert!((bits(&batch), bits(&odd)) == want);
            let mut searcher = index.searcher();
            for i in 0..queries.rows() {
                assert_eq!(searcher.nearest(queries.row(i), 10).unwrap(), batch.row(i), "{metric}");
                assert_eq!(searcher.nearest_filtered(queries.row(i), 10, |id| id % 3 == 1).unwrap(), odd.row(i));
            }
        }
    }
}

#[test]
fn only_what_passes_is_found_and_all_of_it() {
    let all = clusters(0, 12_100, 24, 5);
    let (x, queries) = split(&all, 12_000);
    let exact = Exact::new(15).index(x.clone()).unwrap();
    let index = Approx::new(15).index(x.clone()).unwrap();
    assert!(index.is_approximate());
    type Case = (&'static str, fn(u32) -> bool, f64);
    // From most of the points to a handful, and those of one end of the data.
    let filters: [Case; 6] = [
        ("half", |id| id % 2 == 0, 0.96),
        ("a fifth", |id| id % 5 == 3, 0.96),
        ("few", |id| id % 40 == 7, 0.96),
        ("very few", |id| id % 1000 == 1, 1.0),
        ("the last", |id| id >= 11_000, 0.96),
        ("none", |_| false, 1.0),
    ];
    for (name, keep, least) in filters {
        let (got, truth) =
            (index.query_filtered(&queries, 15, keep).unwrap(), exact.query_filtered(&queries, 15, keep).unwrap());
        let expected = (0..12_000).filter(|&id| keep(id)).count().min(15);
        for i in 0..queries.rows() {
            assert_eq!((got.count(i), truth.count(i)), (expected, expected), "{name}");
            assert!(got.row(i).0.iter().all(|&id| keep(id)), "{name}");
            let want = naive(&x, queries.row(i), &Metric::Euclidean, keep);
            let want: Vec<u32> = want.iter().take(15).map(|e| e.1).collect();
            assert_eq!(truth.row(i).0, want, "{name}");
        }
        if expected > 0 {
            let reached = recall(&got, &truth);
            assert!(reached >= least, "{name}: {reached}");
        }
    }
}

#[test]
fn added_rows_are_found_and_are_neighbors() {
    let all = clusters(0, 12_400, 24, 6);
    let (x, queries) = split(&all, 12_000);
    let (first, later) = split(&x, 10_000);
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let exact = Exact::new(15).metric(metric.clone()).index(x.clone()).unwrap();
        let mut index = Approx::new(15).metric(metric.clone()).index(first.clone()).unwrap();
        index.add(&later.view().slice(0, 700).to_matrix()).unwrap();
        index.add(&later.view().slice(700, 2000).to_matrix()).unwrap();
        index.add(&Matrix::zeros(0, 24)).unwrap();
        assert_eq!((index.len(), index.points().data()), (12_000, x.data()));
        let itself = index.query(&later, 1).unwrap();
        let missed = itself.ids().iter().zip(10_000..).filter(|(id, i)| *id != i).count();
        assert!(missed <= 10, "{metric}: {missed} of the new rows do not find themselves");
        let reached = recall(&index.query(&queries, 15).unwrap(), &exact.query(&queries, 15).unwrap());
        assert!(reached >= 0.965, "{metric}: {reached}");
        let (graph, truth) = (index.graph(15).unwrap(), exact.graph(15).unwrap());
        assert!(graph.recall(&truth).unwrap() >= 0.955, "{metric}: {}", graph.recall(&truth).unwrap());
        let newest: Vec<u32> = (10_000..12_000).collect();
        let hits = newest.iter().flat_map(|&i| {
            let near = graph.row(i as usize).0;
            truth.row(i as usize).0.iter().map(move |id| near.contains(id))
        });
        assert!(hits.filter(|&hit| hit).count() as f64 / 30_000.0 >= 0.955, "{metric}: lists of new rows");
        // An exact index with the rest added is that of all points.
        let mut grown = Exact::new(1).metric(metric.clone()).index(first.clone()).unwrap();
        grown.add(&later).unwrap();
        assert_eq!(grown.query(&queries, 9).unwrap(), exact.query(&queries, 9).unwrap());
        assert_eq!(grown.graph(7).unwrap(), exact.graph(7).unwrap());
    }
}

#[test]
fn what_cannot_be_added_changes_nothing() {
    let x = clusters(0, 5000, 8, 7);
    let positive = {
        let mut x = x.clone();
        x.data_mut().iter_mut().for_each(|v| *v = v.abs());
        x
    };
    for mut index in [Approx::new(5).index(x.clone()).unwrap(), Exact::new(5).index(x.clone()).unwrap()] {
        let before = index.query(&x.view().slice(0, 20).to_matrix(), 5).unwrap();
        let mut bad = Matrix::zeros(3, 8);
        bad.row_mut(2)[5] = f32::INFINITY;
        assert!(matches!(index.add(&bad), Err(Error::Core(planisphere_core::Error::NonFinite { row: 2, col: 5, .. }))));
        assert_eq!(index.add(&Matrix::zeros(1, 7)), Err(Error::Columns { expected: 8, got: 7 }));
        let token = CancelToken::new();
        token.cancel();
        let approximate = index.is_approximate();
        let cancelled = index.add_with(&Matrix::zeros(3, 8), &mut Context::new().cancel(&token));
        assert!(!approximate || matches!(cancelled, Err(Error::Cancelled(_))));
        if approximate {
            assert_eq!(index.len(), 5000);
            let mut far = Matrix::zeros(3, 8);
            far.row_mut(1)[0] = 1e30;
            assert!(matches!(index.add(&far), Err(Error::Overflow { row: 0 | 1, .. })));
            assert_eq!(index.len(), 5000);
            assert_eq!(index.query(&x.view().slice(0, 20).to_matrix(), 5).unwrap(), before);
        }
    }
    let mut index = Approx::new(5).metric(Metric::Hellinger).index(positive).unwrap();
    let mut bad = Matrix::zeros(3, 8);
    bad.row_mut(1)[6] = -1.0;
    assert!(matches!(index.add(&bad), Err(Error::Domain { row: 1, col: 6, .. })));
    let mut bad = Matrix::zeros(100, 8);
    bad.row_mut(77)[2] = -1.0;
    assert!(matches!(index.query(&bad, 3), Err(Error::Domain { row: 77, col: 2, .. })));
}

#[test]
fn edges_of_the_parameters() {
    let x = integers(5, 2, 9, 1);
    let index = Exact::new(1).index(x.clone()).unwrap();
    assert_eq!(index.query(&x, 0).unwrap_err().to_string(), "k = 0: must be at least 1");
    assert!(matches!(index.searcher().nearest(x.row(0), 0), Err(Error::InvalidParam { param: "k", .. })));
    let all = index.query(&x, usize::MAX).unwrap();
    assert_eq!((all.len(), all.count(3), all.ids().len()), (5, 5, 25));
    assert_eq!(index.query(&Matrix::zeros(2, 3), 1), Err(Error::Columns { expected: 2, got: 3 }));
    assert_eq!(index.searcher().nearest(&[1.0], 1).unwrap_err(), Error::Columns { expected: 2, got: 1 });
    assert!(index.query(&Matrix::zeros(0, 2), 3).unwrap().is_empty());
    let nan = Matrix::from_rows([[0.0, 1.0], [f32::NAN, 0.0]]).unwrap();
    assert!(matches!(
        index.query(&nan, 1),
        Err(Error::Core(planisphere_core::Error::NonFinite { row: 1, col: 0, .. }))
    ));
    let far = Matrix::from_rows([[0.0, 0.0], [f32::MAX, 0.0]]).unwrap();
    assert!(matches!(index.query(&far, 1), Err(Error::Overflow { row: 1, .. })));
    assert!(matches!(index.clone().effort(f64::NAN).query(&x, 1), Err(Error::InvalidParam { param: "effort", .. })));
    assert!(matches!(index.graph(5), Err(Error::InvalidParam { param: "k", .. })));
    assert_eq!(Exact::new(1).index(Matrix::zeros(3, 0)).unwrap_err(), Error::NoColumns { rows: 3 });
    assert!(matches!(Approx::new(0).index(x.clone()), Err(Error::InvalidParam { param: "k", .. })));
    assert!(matches!(Approx::new(1).recall(1.0).index(x.clone()), Err(Error::InvalidParam { param: "recall", .. })));
    for n in [0, 1] {
        for mut index in
            [Exact::new(3).index(Matrix::zeros(n, 2)).unwrap(), Approx::new(3).index(Matrix::zeros(n, 2)).unwrap()]
        {
            assert_eq!((index.len(), index.is_empty(), index.cols()), (n, n == 0, 2));
            let found = index.query(&x, 3).unwrap();
            assert_eq!((found.len(), found.ids().len()), (5, 5 * n));
            assert_eq!((index.graph(3).unwrap().n(), index.graph(3).unwrap().k()), (n, 0));
            let again = Index::from_bytes(&index.to_bytes().unwrap()).unwrap();
            assert_eq!(again.query(&x, 3).unwrap(), found);
            index.add(&x).unwrap();
            assert_eq!(index.query(&x, 1).unwrap().dists(), [0.0; 5]);
        }
    }
}

#[test]
fn duplicates_and_far_rows_in_an_approximate_index() {
    let mut x = clusters(0, 6000, 10, 8);
    for i in 0..1000 {
        x.row_mut(i * 3).fill(1.0);
    }
    let index = Approx::new(10).index(x.clone()).unwrap();
    let found = index.query(&Matrix::from_vec(1, 10, vec![1.0; 10]).unwrap(), 10).unwrap();
    assert_eq!(found.dists(), [0.0; 10]);
    // As many as there are, though no list of the search is as long.
    let found = index.query(&x.view().slice(7, 9).to_matrix(), 6000).unwrap();
    assert_eq!((found.count(0), found.count(1)), (6000, 6000));
    let mut seen = found.row(1).0.to_vec();
    seen.sort_unstable();
    assert!(seen.iter().copied().eq(0..6000));
    // Far away, where no group is near; and too far to be measured.
    let far = Matrix::from_vec(1, 10, vec![1e4; 10]).unwrap();
    let truth = Exact::new(1).index(x.clone()).unwrap().query(&far, 5).unwrap();
    assert!(recall(&index.query(&far, 5).unwrap(), &truth) >= 0.6);
    let gone = Matrix::from_vec(1, 10, vec![1e30; 10]).unwrap();
    assert!(matches!(index.query(&gone, 5), Err(Error::Overflow { row: 0, .. })));
    // All rows equal: everything is as near.
    let index = Approx::new(5).metric(Metric::Cosine).index(Matrix::zeros(5000, 3)).unwrap();
    assert_eq!(index.query(&Matrix::zeros(2, 3), 4).unwrap().dists(), [0.0; 8]);
}

#[test]
fn distances_of_ones_own() {
    let all = clusters(0, 5050, 6, 9);
    let (x, queries) = split(&all, 5000);
    let weighted = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).zip([1.0, 1.5, 1.0, 0.5, 2.0, 1.0]).map(|((p, q), w)| w * (p - q).abs()).sum::<f32>()
    };
    let exact = Exact::new(1).index_custom(x.clone(), weighted).unwrap();
    let mut index = Approx::new(8).index_custom(x.clone(), weighted).unwrap();
    let truth = exact.query(&queries, 8).unwrap();
    let want: Vec<f32> = {
        let mut d: Vec<f32> = (0..x.rows()).map(|i| weighted(queries.row(0), x.row(i))).collect();
        d.sort_by(f32::total_cmp);
        d[..8].to_vec()
    };
    assert_eq!(truth.row(0).1, want);
    let reached = recall(&index.query(&queries, 8).unwrap(), &truth);
    assert!(reached >= 0.95, "{reached} {}", index.recall());
    assert_eq!(exact.graph(3).unwrap(), Exact::new(3).fit_custom(&x, weighted).unwrap());
    index.add(&queries).unwrap();
    assert_eq!(index.query(&queries.view().slice(4, 5).to_matrix(), 1).unwrap().dists(), [0.0]);
    assert!(index.metric().is_none());
    assert_eq!(index.to_bytes().unwrap_err(), Error::Unnamed);
    let nan = Exact::new(1).index_custom(x, |_: &[f32], _: &[f32]| f32::NAN).unwrap();
    assert!(matches!(nan.query(&queries, 1), Err(Error::NotADistance { row: 0, other: 0, .. })));
}

#[test]
fn runs_are_watched_and_cancelled() {
    use planisphere_core::Event;
    use std::ops::ControlFlow;
    let x = integers(3000, 4, 50, 2);
    let index = Exact::new(1).index(x.clone()).unwrap();
    let mut last = (0, 0);
    let mut watch = |e: &Event<'_>| {
        if let Event::Progress { done, total } = e {
            last = (*done, *total);
        }
        ControlFlow::Continue(())
    };
    index.query_with(&x, 3, &mut Context::new().observer(&mut watch)).unwrap();
    assert_eq!(last, (3000, 3000));
    let token = CancelToken::new();
    token.cancel();
    assert!(matches!(index.query_with(&x, 3, &mut Context::new().cancel(&token)), Err(Error::Cancelled(_))));
    let more = clusters(0, 5000, 4, 2);
    assert!(matches!(Approx::new(3).index_with(more, &mut Context::new().cancel(&token)), Err(Error::Cancelled(_))));
    fn shared<T: Send + Sync>() {}
    shared::<Index>();
}

/// Batches go through matrix products where the metric has them, single rows never do.
#[test]
fn products_decide_nothing_that_they_should_not() {
    let r = CounterRng::new(9, "sizes").at(0, 0);
    let sized = |n: usize, seed: u64| {
        let mut x = clusters(0, n, 10, seed);
        for i in 0..n {
            let size = 10f32.powi(r.below(i as u64, 30) as i32 - 18);
            x.row_mut(i).iter_mut().for_each(|v| *v *= size);
        }
        x
    };
    let far = |n: usize, seed: u64| {
        let mut x = integers(n, 6, 9, seed);
        x.data_mut().iter_mut().for_each(|v| *v += 65_536.0);
        x
    };
    let cases = [
        (integers(6000, 3, 2, 1), integers(130, 3, 3, 2)),
        (sized(1500, 3), sized(200, 4)),
        (far(1500, 5), far(100, 6)),
        (far(1500, 7), integers(100, 6, 9, 8)),
        (Matrix::zeros(5000, 4), integers(70, 4, 2, 9)),
        (clusters(0, 3000, 30, 10), clusters(3000, 300, 30, 10)),
    ];
    for (points, queries) in cases {
        let positive = points.data().iter().chain(queries.data()).all(|&v| v >= 0.0);
        for metric in [
            Metric::Euclidean,
            Metric::SqEuclidean,
            Metric::Cosine,
            Metric::Correlation,
            Metric::Dot,
            Metric::Hellinger,
        ] {
            if metric == Metric::Hellinger && !positive {
                continue;
            }
            let index = Exact::new(1).metric(metric.clone()).index(points.clone()).unwrap();
            let batch = index.query(&queries, 9).unwrap();
            let mut searcher = index.searcher();
            for i in 0..queries.rows() {
                assert_eq!(searcher.nearest(queries.row(i), 9).unwrap(), batch.row(i), "{metric}, query {i}");
            }
        }
    }
}
