//! Every metric against SciPy, and exact search against the plain double loop over each metric's definition.

use planisphere_core::{Context, CounterRng, Matrix, Threads};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_knn::{BitMatrix, Distance, Error, Exact, Metric};
use proptest::prelude::*;

/// With the level of the whole process lowered. Tests that run beside this one notice nothing but the time.
fn on_every_level(mut f: impl FnMut(Simd)) {
    for level in Simd::available() {
        Simd::limit(level.level());
        f(level);
        Simd::limit(SimdLevel::Avx512);
    }
}

fn floats(v: &serde_json::Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// The metric of a golden case.
fn metric_of(case: &serde_json::Value) -> Metric {
    let p = || case["p"].as_f64().unwrap();
    match case["metric"].as_str().unwrap() {
        "minkowski" => Metric::Minkowski { p: p() },
        "wminkowski" => Metric::WMinkowski { p: p(), w: floats(&case["w"]) },
        "seuclidean" => Metric::SEuclidean { v: floats(&case["v"]) },
        "mahalanobis" => Metric::Mahalanobis { vi: floats(&case["vi"]) },
        name => name.parse().unwrap(),
    }
}

struct Case {
    metric: Metric,
    name: String,
    x: Matrix,
    /// The lower triangle; nothing where SciPy has no number.
    distances: Vec<Vec<Option<f64>>>,
}

fn golden() -> Vec<Case> {
    let file = planisphere_fixtures::golden_json("metrics.json");
    let case = |case: &serde_json::Value| {
        let name = case["rows"].as_str().unwrap().to_owned();
        let rows = file["rows"][&name].as_array().unwrap();
        let rows = rows.iter().map(|r| floats(r).into_iter().map(|v| v as f32).collect::<Vec<_>>());
        let distances = case["distances"].as_array().unwrap();
        let distances = distances.iter().map(|r| r.as_array().unwrap().iter().map(|d| d.as_f64()).collect()).collect();
        Case { metric: metric_of(case), name, x: Matrix::from_rows(rows).unwrap(), distances }
    };
    file["cases"].as_array().unwrap().iter().map(case).collect()
}

/// What a distance may be off by: a few roundings of the distance, and of what it is the small difference of.
fn tolerance(metric: &Metric, x: &Matrix, want: f64) -> f64 {
    let squares = |i: usize| x.row(i).iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
    let lost_in = match metric {
        Metric::Cosine | Metric::Correlation => 2.0,
        Metric::Dot => 1.0 + (0..x.rows()).map(squares).fold(0.0, f64::max),
        // Rows are rounded after they were scaled: what is equal in the sum of rows of length 1.
        Metric::Hellinger => 1.0,
        Metric::SEuclidean { .. } | Metric::Mahalanobis { .. } | Metric::WMinkowski { .. } => want.max(1.0),
        _ => 0.0,
    };
    1e-6 * want.abs() + 4e-7 * lost_in
}

#[test]
fn scipy_agrees() {
    let mut seen = std::collections::BTreeSet::new();
    for Case { metric, name, x, distances } in golden() {
        seen.insert(metric.name());
        let n = x.rows();
        let graph =
            Exact::new(n - 1).metric(metric.clone()).fit(&x).unwrap_or_else(|e| panic!("{metric}, {name}: {e}"));
        for i in 0..n {
            let (ids, dists) = graph.row(i);
            for (&j, &got) in ids.iter().zip(dists) {
                let j = j as usize;
                let defined = f64::from(metric.distance(x.row(i), x.row(j)));
                let Some(want) = distances[i.max(j)][i.min(j)] else {
                    // Where SciPy has no number the definition rules, and it is one of these.
                    assert!(defined == 0.0 || defined == 1.0, "{metric}, {name}: {i} {j}: {defined}");
                    assert!((f64::from(got) - defined).abs() <= 1e-7 * defined, "{metric}, {name}: {i} {j}: {got}");
                    continue;
                };
                let tol = tolerance(&metric, &x, want);
                assert!((f64::from(got) - want).abs() <= tol, "{metric}, {name}: {i} {j}: {got} {want}");
                let plain = 2e-7 * want.abs() + if want.abs() < 1e-3 { 1e-7 } else { 0.0 };
                assert!((defined - want).abs() <= plain, "{metric}, {name}: {i} {j} by definition: {defined} {want}");
            }
        }
        for (i, row) in distances.iter().enumerate() {
            if let Some(want) = row[i] {
                let own = f64::from(metric.distance(x.row(i), x.row(i)));
                assert!((own - want).abs() <= 1e-7 * want.abs().max(1.0), "{metric}, {name}: {i} itself: {own} {want}");
            }
        }
    }
    let all: std::collections::BTreeSet<&str> = Metric::ALL.iter().map(Metric::name).collect();
    assert!(seen.is_superset(&all), "{:?}", all.difference(&seen));
    assert_eq!(seen.len(), all.len() + 4);
}

#[test]
fn what_scipy_leaves_open() {
    let (zero, one, two, some) = ([0.0f32; 4], [1.0f32; 4], [2.0f32; 4], [1.0f32, 0.0, 1.0, 0.0]);
    for (metric, a, b, want) in [
        (Metric::Cosine, zero, zero, 0.0),
        (Metric::Cosine, zero, some, 1.0),
        (Metric::Correlation, one, two, 0.0),
        (Metric::Correlation, zero, zero, 0.0),
        (Metric::Correlation, one, some, 1.0),
        (Metric::Canberra, zero, zero, 0.0),
        (Metric::BrayCurtis, zero, zero, 0.0),
        (Metric::Hellinger, zero, zero, 0.0),
        (Metric::Hellinger, zero, some, 1.0),
        (Metric::Jaccard, zero, zero, 0.0),
        (Metric::Dice, zero, zero, 0.0),
        (Metric::SokalSneath, zero, zero, 0.0),
        (Metric::Yule, zero, some, 0.0),
        (Metric::Yule, zero, zero, 0.0),
        // Numbers that SciPy has and umap-learn has not.
        (Metric::RussellRao, zero, zero, 1.0),
        (Metric::RussellRao, some, some, 0.5),
        (Metric::Kulsinski, zero, zero, 1.0),
        (Metric::Kulsinski, one, one, 0.0),
    ] {
        assert_eq!(metric.distance(&a, &b), want, "{metric} by definition");
        let graph = Exact::new(1).metric(metric.clone()).fit(&Matrix::from_rows([a, b]).unwrap()).unwrap();
        assert!((graph.dists()[0] - want).abs() <= 1e-7, "{metric}: {}", graph.dists()[0]);
        assert_eq!(graph.dists()[0], graph.dists()[1]);
    }
}

/// Small whole numbers, so that ties are many.
fn integers(n: usize, d: usize, below: u32, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "integers").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.below(i as u64, below) as f32).collect()).unwrap()
}

fn normal(n: usize, d: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "normal").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64).abs()).collect()).unwrap()
}

/// All metrics, with some parameters for d columns.
fn all(d: usize) -> Vec<Metric> {
    let mut all = Metric::ALL.to_vec();
    all.retain(|m| *m != Metric::Haversine || d == 2);
    let vi = (0..d * d).map(|i| if i % (d + 1) == 0 { 1.5 } else { 0.5 / d as f64 }).collect();
    let w: Vec<f64> = (0..d).map(|c| 0.5 + (c % 4) as f64).collect();
    all.extend([
        Metric::Minkowski { p: 1.0 },
        Metric::Minkowski { p: 2.0 },
        Metric::Minkowski { p: 3.0 },
        Metric::Minkowski { p: f64::INFINITY },
        Metric::WMinkowski { p: 1.0, w: w.clone() },
        Metric::WMinkowski { p: 2.0, w: w.clone() },
        Metric::WMinkowski { p: 2.5, w: w.clone() },
        Metric::WMinkowski { p: f64::INFINITY, w: w.clone() },
        Metric::SEuclidean { v: w },
        Metric::Mahalanobis { vi },
    ]);
    all
}

/// Metrics whose distances between whole numbers are exact up to one rounding, so that every bit must agree.
fn exact_on_integers(metric: &Metric) -> bool {
    match metric {
        Metric::Euclidean | Metric::SqEuclidean | Metric::Manhattan | Metric::Chebyshev | Metric::BrayCurtis => true,
        Metric::Dot | Metric::Hamming | Metric::Jaccard | Metric::Dice | Metric::RussellRao | Metric::Kulsinski => true,
        Metric::RogersTanimoto | Metric::SokalMichener | Metric::SokalSneath | Metric::Yule => true,
        Metric::Minkowski { p } => *p != 3.0,
        _ => false,
    }
}

/// Holds the search to the double loop over the definition.
fn agrees_with_the_definition(x: &Matrix, k: usize, metric: &Metric, whole: bool) {
    let graph = Exact::new(k).metric(metric.clone()).fit(x).unwrap_or_else(|e| panic!("{metric}: {e}"));
    for i in 0..x.rows() {
        let (ids, dists) = graph.row(i);
        let mut want: Vec<(f32, u32)> =
            (0..x.rows()).filter(|&j| j != i).map(|j| (metric.distance(x.row(i), x.row(j)), j as u32)).collect();
        want.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
        for (p, (&j, &got)) in ids.iter().zip(dists).enumerate() {
            if whole && exact_on_integers(metric) {
                assert_eq!((got, j), want[p], "{metric}, row {i}, place {p}");
            } else {
                // The p-th distance is right, and so is the distance of the row that stands there.
                let own = f64::from(metric.distance(x.row(i), x.row(j as usize)));
                for want in [f64::from(want[p].0), own] {
                    let tol = tolerance(metric, x, want);
                    assert!((f64::from(got) - want).abs() <= tol, "{metric}, row {i}, place {p}: {got} {want}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_metric_agrees_with_its_definition(
        n in 2usize..90, d in 1usize..40, below in 2u32..9, k in 1usize..20, seed: u64
    ) {
        let (whole, real) = (integers(n, d, below, seed), normal(n, d, seed));
        for metric in all(d) {
            agrees_with_the_definition(&whole, k.min(n - 1), &metric, true);
            agrees_with_the_definition(&real, k.min(n - 1), &metric, false);
        }
        let places = integers(n, 2, 4, seed);
        agrees_with_the_definition(&places, k.min(n - 1), &Metric::Haversine, false);
    }
}

#[test]
fn one_column_and_many() {
    for d in [1, 2, 4096] {
        let (whole, real) = (integers(24, d, 3, 1), normal(24, d, 2));
        for metric in all(d).into_iter().filter(|m| d < 4096 || !matches!(m, Metric::Mahalanobis { .. })) {
            agrees_with_the_definition(&whole, 5, &metric, true);
            agrees_with_the_definition(&real, 5, &metric, false);
        }
    }
}

#[test]
fn a_thousand_equal_rows() {
    for d in [2, 9] {
        for row in [vec![0.0; d], (0..d).map(|c| (1 + c) as f32 / 3.0).collect()] {
            let x = Matrix::from_vec(1000, d, row.repeat(1000)).unwrap();
            for metric in all(d) {
                let graph = Exact::new(3).metric(metric.clone()).fit(&x).unwrap();
                let own = metric.distance(&row, &row);
                for (i, want) in [(0, [1, 2, 3]), (1, [0, 2, 3]), (500, [0, 1, 2]), (999, [0, 1, 2])] {
                    assert_eq!(graph.row(i).0, want, "{metric}");
                    assert!(graph.row(i).1.iter().all(|d| (d - own).abs() <= 1e-6 * own.abs()), "{metric}");
                }
            }
        }
    }
}

#[test]
fn few_rows_and_bad_input() {
    for metric in all(2) {
        let search = |k| Exact::new(k).metric(metric.clone());
        for n in [0, 1] {
            let graph = search(4).fit(&Matrix::zeros(n, 2)).unwrap();
            assert_eq!((graph.n(), graph.k()), (n, 0));
        }
        let two = Matrix::from_rows([[0.5, 1.0], [1.0, 0.25]]).unwrap();
        assert_eq!(search(1).fit(&two).unwrap().ids(), &[1, 0]);
        for k in [0, 2, 100] {
            assert!(matches!(search(k).fit(&two), Err(Error::InvalidParam { param: "k", .. })), "{metric}");
        }
        for bad in [f32::NAN, f32::INFINITY] {
            let x = Matrix::from_rows([[0.5, 1.0], [1.0, bad]]).unwrap();
            let e = search(1).fit(&x).unwrap_err();
            assert!(
                matches!(e, Error::Core(planisphere_core::Error::NonFinite { row: 1, col: 1, .. })),
                "{metric}: {e:?}"
            );
        }
        assert!(matches!(search(1).fit(&Matrix::zeros(3, 0)), Err(Error::NoColumns { rows: 3 })), "{metric}");
    }
    let x = integers(5, 3, 4, 1);
    let e = Exact::new(1).metric(Metric::SEuclidean { v: vec![1.0] }).fit(&x).unwrap_err();
    assert!(matches!(e, Error::InvalidParam { param: "v", .. }), "{e:?}");
}

#[test]
fn same_bytes_for_any_threads_and_level() {
    let x = normal(700, 37, 9);
    for metric in all(37) {
        let search = Exact::new(15).metric(metric.clone());
        let want = search.fit(&x).unwrap();
        for t in [1, 2, 3, 8] {
            let mut cx = Context::new().threads(Threads::Exactly(t));
            assert!(search.fit_with(&x, &mut cx).unwrap() == want, "{metric}, {t} threads");
        }
        on_every_level(|level| assert!(search.fit(&x).unwrap() == want, "{metric}, {level:?}"));
    }
}

#[test]
fn distances_of_ones_own() {
    let x = integers(200, 7, 5, 3);
    for metric in [Metric::Manhattan, Metric::Chebyshev, Metric::Jaccard] {
        let want = Exact::new(8).metric(metric.clone()).fit(&x).unwrap();
        assert!(Exact::new(8).fit_custom(&x, metric.clone()).unwrap() == want);
        let closure = move |a: &[f32], b: &[f32]| metric.distance(a, b);
        assert!(Exact::new(8).fit_custom(&x, closure).unwrap() == want);
    }
    // Negative zeros and negative distances keep the order by (distance, id).
    let graph = Exact::new(2).fit_custom(&integers(5, 1, 1, 0), |_: &[f32], _: &[f32]| -0.0).unwrap();
    assert_eq!(graph.row(4).0, &[0, 1]);
    let graph = Exact::new(2).fit_custom(&integers(5, 1, 1, 0), |_: &[f32], _: &[f32]| -1.0).unwrap();
    assert_eq!(graph.row(0), (&[1, 2][..], &[-1.0, -1.0][..]));
}

#[test]
fn bits_are_searched_as_their_values_are() {
    let x = integers(300, 130, 2, 4);
    let bits = BitMatrix::from_matrix(&x).unwrap();
    for metric in all(130) {
        let search = Exact::new(6).metric(metric.clone());
        match search.fit_bits(&bits) {
            Ok(graph) => assert!(graph == search.fit(&x).unwrap(), "{metric}"),
            Err(e) => assert!(matches!(e, Error::InvalidParam { param: "metric", .. }), "{metric}: {e:?}"),
        }
    }
    let binary = Metric::ALL.iter().filter(|m| Exact::new(6).metric((*m).clone()).fit_bits(&bits).is_ok()).count();
    assert_eq!(binary, 9);
}

#[test]
fn parameters_go_through_serde() {
    for metric in all(3).into_iter().filter(|m| !m.to_string().contains("inf") && m.name() != "wminkowski") {
        let text = serde_json::to_string(&metric).unwrap();
        assert_eq!(serde_json::from_str::<Metric>(&text).unwrap(), metric, "{text}");
    }
    assert_eq!(serde_json::to_string(&Metric::RussellRao).unwrap(), "\"russellrao\"");
    let w = Metric::WMinkowski { p: 3.0, w: vec![0.5, 2.0] };
    assert_eq!(serde_json::to_string(&w).unwrap(), r#"{"wminkowski":{"p":3.0,"w":[0.5,2.0]}}"#);
}
