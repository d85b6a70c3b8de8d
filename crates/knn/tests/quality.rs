//! Scores of maps against scikit-learn, against their definition, and on small cases that can be counted by hand.

use planisphere_core::{CancelToken, Context, CounterRng, Event, KnnGraph, Matrix, MatrixView, Threads};
use planisphere_fixtures::{digits, golden_json};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_knn::quality::{
    continuity, continuity_with, label_accuracy, neighbors_kept, neighbors_kept_with, trustworthiness,
    trustworthiness_with,
};
use planisphere_knn::{Error, Exact, Metric};
use planisphere_pca::Pca;
use proptest::prelude::*;
use std::ops::ControlFlow;

const ALL: usize = usize::MAX;

fn noise(n: usize, d: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "quality test").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64)).collect()).unwrap()
}

/// Whole numbers with many ties, whose distances are exact.
fn integers(n: usize, d: usize, below: u32, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "quality integers").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.below(i as u64, below) as f32).collect()).unwrap()
}

/// The other rows of each row, nearest first, by a plain sort in f64.
fn sorted(x: &Matrix) -> Vec<Vec<usize>> {
    let squared = |i: usize, j: usize| -> f64 {
        x.row(i).iter().zip(x.row(j)).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    };
    (0..x.rows())
        .map(|i| {
            let mut others: Vec<usize> = (0..x.rows()).filter(|&j| j != i).collect();
            others.sort_by(|&a, &b| squared(i, a).total_cmp(&squared(i, b)).then(a.cmp(&b)));
            others
        })
        .collect()
}

/// The formula as scikit-learn's documentation states it.
fn by_definition(x: &Matrix, y: &Matrix, k: usize) -> f64 {
    let (ranks, near) = (sorted(x), sorted(y));
    let mut sum = 0;
    for i in 0..x.rows() {
        for j in &near[i][..k] {
            let rank = 1 + ranks[i].iter().position(|o| o == j).unwrap();
            sum += rank.saturating_sub(k);
        }
    }
    let (n, k) = (x.rows() as f64, k as f64);
    1.0 - 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)) * sum as f64
}

#[test]
fn principal_components_of_digits_score_as_in_scikit_learn() {
    let (x, labels) = digits();
    let golden = golden_json("quality.json");
    let want = |key: &str| golden["pca"][key].as_f64().unwrap();
    let k = usize::try_from(golden["k"].as_u64().unwrap()).unwrap();
    let map = Pca::new(2).fit(&x).unwrap().into_embedding();

    // Distances between whole-numbered rows have many ties (in 70 rows even at the last place), whose order scikit-learn's
    // sorts leave open: any order is within 8e-5 of any other. The first number is the formula in NumPy with stable sorts,
    // which order ties by id as we do; the golden one is what scikit-learn made of the ties.
    type Score = fn(MatrixView<'_>, MatrixView<'_>, usize, Metric, usize, u64) -> Result<f64, Error>;
    let cases: [(_, Score, _); 2] = [
        ("trustworthiness", |x, y, k, m, n, s| trustworthiness(x, y, k, m, n, s), 0.828_813_210_543_188_9),
        ("continuity", |x, y, k, m, n, s| continuity(x, y, k, m, n, s), 0.945_509_729_878_830_5),
    ];
    for (name, score, ties_by_id) in cases {
        let got = score(x.view(), map.view(), k, Metric::Euclidean, ALL, 0).unwrap();
        assert!((got - ties_by_id).abs() < 1e-12, "{name}: {got}");
        assert!((got - want(name)).abs() < 1e-5, "{name}: {got}");
    }
    let labels: Vec<Option<&str>> = labels.iter().map(|l| Some(l.as_str())).collect();
    let accuracy = label_accuracy(&Exact::new(k).fit(&map).unwrap(), &labels).unwrap();
    assert!((accuracy - want("knn_accuracy")).abs() < 1e-6, "{accuracy}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn ties_and_all_agree_with_the_definition(n in 3usize..90, d in 1usize..6, below in 2u32..30, k in 1usize..20, seed: u64) {
        let (x, y) = (integers(n, d, below, seed), integers(n, 2, below, seed ^ 1));
        let k = k.min((n - 1) / 2);
        let want = by_definition(&x, &y, k);
        let got = trustworthiness(&x, &y, k, Metric::Euclidean, ALL, 0).unwrap();
        prop_assert!((got - want).abs() < 1e-12, "{} {}", got, want);
        let exchanged = continuity(&y, &x, k, Metric::Euclidean, ALL, 0).unwrap();
        prop_assert_eq!(exchanged.to_bits(), got.to_bits());
        prop_assert!((0.0..=1.0).contains(&got));

        let kept = neighbors_kept(&Exact::new(k).fit(&x).unwrap(), &y).unwrap();
        let (in_x, in_y) = (sorted(&x), sorted(&y));
        let common = (0..n).flat_map(|i| in_x[i][..k].iter().map(move |j| (i, j)));
        let common = common.filter(|(i, j)| in_y[*i][..k].contains(j)).count();
        prop_assert!((kept - common as f64 / (n * k) as f64).abs() < 1e-12);
    }
}

#[test]
fn the_best_the_worst_and_a_random_map() {
    let x = noise(500, 3, 1);
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let own = if metric == Metric::Cosine { on_sphere(&x) } else { x.clone() };
        assert_eq!(trustworthiness(&own, &own, 10, Metric::Euclidean, ALL, 0).unwrap(), 1.0);
        // On the sphere the cosine orders rows as the Euclidean distance does, up to rounding.
        assert!(trustworthiness(&x, &own, 10, metric.clone(), ALL, 0).unwrap() > 0.999_99, "{metric}");
        assert!(continuity(&x, &own, 10, metric.clone(), ALL, 0).unwrap() > 0.999_99, "{metric}");
        let random = trustworthiness(&x, &noise(500, 2, 2), 10, metric.clone(), ALL, 0).unwrap();
        assert!((random - 0.5).abs() < 0.03, "{metric}: {random}");
    }
    // Three rows on a line; the map puts the farthest nearest, each by one rank, for two of them.
    let line = Matrix::from_rows([[0.0], [1.0], [3.0]]).unwrap();
    let bent = Matrix::from_rows([[0.0], [3.0], [1.0]]).unwrap();
    // Row 0 takes row 2 (rank 2), row 1 takes row 2 (rank 2), row 2 takes row 0 (rank 2): 3 of 3, the worst.
    assert_eq!(trustworthiness(&line, &bent, 1, Metric::Euclidean, ALL, 0).unwrap(), 0.0);
}

fn on_sphere(x: &Matrix) -> Matrix {
    let mut x = x.clone();
    for i in 0..x.rows() {
        let norm = x.row(i).iter().map(|v| v * v).sum::<f32>().sqrt();
        x.row_mut(i).iter_mut().for_each(|v| *v /= norm);
    }
    x
}

#[test]
fn the_size_of_the_numbers_does_not_matter() {
    let (x, y) = (noise(300, 20, 3), noise(300, 2, 4));
    let want = trustworthiness(&x, &y, 7, Metric::Euclidean, ALL, 0).unwrap();
    for exponent in [-100, -60, 60, 100] {
        let mut scaled = x.clone();
        scaled.data_mut().iter_mut().for_each(|v| *v *= 2f32.powi(exponent));
        assert_eq!(trustworthiness(&scaled, &y, 7, Metric::Euclidean, ALL, 0).unwrap(), want, "2^{exponent}");
        assert_eq!(continuity(&y, &scaled, 7, Metric::Euclidean, ALL, 0).unwrap(), want, "2^{exponent}");
    }
}

#[test]
fn same_bits_for_any_threads_and_level() {
    let (x, y) = (noise(1300, 30, 5), noise(1300, 2, 6));
    for sample in [ALL, 700] {
        for metric in [Metric::Euclidean, Metric::Cosine] {
            let score = |t| {
                let mut cx = Context::new().threads(Threads::Exactly(t));
                let a = trustworthiness_with(&x, &y, 12, metric.clone(), sample, 9, &mut cx).unwrap();
                let b = continuity_with(&x, &y, 12, metric.clone(), sample, 9, &mut cx).unwrap();
                (a.to_bits(), b.to_bits())
            };
            let want = score(1);
            for t in [2, 3, 8] {
                assert_eq!(score(t), want, "{t} threads");
            }
            for level in Simd::available() {
                Simd::limit(level.level());
                let got = score(2);
                Simd::limit(SimdLevel::Avx512);
                assert_eq!(got, want, "{level:?}");
            }
        }
    }
}

#[test]
fn a_sample_stands_for_the_whole() {
    let (x, _) = digits();
    let map = Pca::new(2).fit(&x).unwrap().into_embedding();
    let score = |sample, seed| trustworthiness(&x, &map, 15, Metric::Euclidean, sample, seed).unwrap();
    let whole = score(ALL, 1);
    assert_eq!(score(x.rows(), 2), whole, "a sample as large as the data is the data");
    let part = score(900, 1);
    assert!((part - whole).abs() < 0.02, "{part} {whole}");
    assert_eq!(score(900, 1), part);
    assert_ne!(score(900, 2), part, "the seed must matter");
}

#[test]
fn labels_vote_by_hand() {
    // 0 - 1 - 2 - 3 - 4 on a line, two neighbors each.
    let graph = Exact::new(2).fit(&Matrix::from_rows([[0.0], [1.0], [2.0], [3.0], [4.0]]).unwrap()).unwrap();
    // Row 2 has neighbors 1 and 3 with a vote each: the smaller label wins.
    let share = |labels: &[Option<&str>]| label_accuracy(&graph, labels).unwrap();
    assert_eq!(share(&[Some("a"); 5]), 1.0);
    assert_eq!(share(&[None, Some("a"), Some("a"), Some("b"), None]), 2.0 / 3.0);
    assert_eq!(share(&[None, Some("a"), Some("b"), Some("b"), None]), 1.0 / 3.0);
    // The neighbors of row 0 have no label, so nothing speaks for it.
    assert_eq!(share(&[Some("a"), None, None, None, None]), 0.0);
    // Labels of any ordered type.
    assert_eq!(label_accuracy(&graph, &[Some(7), Some(7), Some(7), None, None]).unwrap(), 1.0);
    let owned = vec![Some(String::from("x")); 5];
    assert_eq!(label_accuracy(&graph, &owned).unwrap(), 1.0);
}

#[test]
fn kept_neighbors_by_hand() {
    let graph = Exact::new(1).fit(&Matrix::from_rows([[0.0], [1.0], [3.0]]).unwrap()).unwrap();
    assert_eq!(graph.ids(), &[1, 0, 1]);
    // On the map rows 0 and 2 are neighbors, and row 1 is nearest to row 2.
    let map = Matrix::from_rows([[0.0], [3.0], [1.0]]).unwrap();
    assert_eq!(neighbors_kept(&graph, &map).unwrap(), 0.0);
    let map = Matrix::from_rows([[0.0, 0.0], [0.5, 0.0], [-0.7, 0.0]]).unwrap();
    assert_eq!(neighbors_kept(&graph, &map).unwrap(), 2.0 / 3.0);
    let none = KnnGraph::new(1, 0, vec![], vec![]).unwrap();
    assert_eq!(neighbors_kept(&none, &Matrix::zeros(1, 2)).unwrap(), 1.0);
}

#[test]
fn bad_input_is_named() {
    let (x, y) = (noise(20, 3, 1), noise(20, 2, 2));
    let score = |x: &Matrix, y: &Matrix, k, sample| {
        let trust = trustworthiness(x, y, k, Metric::Euclidean, sample, 0).map_err(|e| e.to_string());
        let other = continuity(x, y, k, Metric::Euclidean, sample, 0).map_err(|e| e.to_string());
        assert_eq!(trust.is_err(), other.is_err());
        trust
    };
    assert!(score(&x, &y, 9, ALL).is_ok());
    for (k, sample, scored) in [(0, ALL, 20), (10, ALL, 20), (20, ALL, 20), (5, 10, 10), (1, 2, 2), (1, 0, 0)] {
        let text = format!("k = {k}: must be at least 1 and less than half of the {scored} rows that are scored");
        assert_eq!(score(&x, &y, k, sample), Err(text));
    }
    assert_eq!(score(&x, &noise(19, 2, 1), 3, ALL), Err("there are 19 rows of the map for 20 rows".into()));
    assert_eq!(score(&x, &Matrix::zeros(20, 0), 3, ALL), Err("the matrix has 20 rows but no columns".into()));
    assert!(score(&Matrix::zeros(0, 0), &Matrix::zeros(0, 0), 1, ALL).is_err());
    let mut bad = y.clone();
    bad.row_mut(17)[1] = f32::NAN;
    assert_eq!(score(&x, &bad, 3, 10), Err("row 17, column 1 holds NaN, not a finite number".into()));

    let graph = Exact::new(3).fit(&x).unwrap();
    let lengths = |what, got| Error::Lengths { what, expected: 20, got };
    assert_eq!(neighbors_kept(&graph, &noise(21, 2, 1)), Err(lengths("rows of the map", 21)));
    assert_eq!(label_accuracy(&graph, &[Some(1); 4]), Err(lengths("labels", 4)));
    assert_eq!(label_accuracy::<u8>(&graph, &[None; 20]), Err(Error::NoLabels { rows: 20 }));
}

#[test]
fn distances_too_large_are_named_by_the_rows_given() {
    // Rows far out on both sides, with none near them: whatever is sampled, a nearest distance overflows.
    let (n, sample) = (41, 5);
    let x =
        Matrix::from_vec(n, n, (0..n * n).map(|i| if i % (n + 1) == 0 { f32::MAX } else { 0.0 }).collect()).unwrap();
    for seed in 0..20 {
        match trustworthiness(&x, &noise(n, 2, 1), 2, Metric::Euclidean, sample, seed) {
            Err(Error::Overflow { row, other }) => assert!(row != other && row < n && other < n),
            other => panic!("{other:?}"),
        }
    }
    let named =
        (0..20).filter_map(|seed| match trustworthiness(&x, &noise(n, 2, 1), 2, Metric::Euclidean, sample, seed) {
            Err(Error::Overflow { row, .. }) => Some(row),
            _ => None,
        });
    assert!(named.max() >= Some(sample), "rows of the data, not of the sample");
}

#[test]
fn progress_and_cancellation() {
    let (x, y) = (noise(1200, 8, 1), noise(1200, 2, 2));
    let mut seen = vec![];
    let mut watch = |e: &Event<'_>| {
        if let Event::Progress { done, total } = e {
            seen.push((*done, *total));
        }
        ControlFlow::Continue(())
    };
    let mut cx = Context::new().observer(&mut watch);
    trustworthiness_with(&x, &y, 5, Metric::Cosine, 1000, 1, &mut cx).unwrap();
    assert_eq!(seen, [(0, 1000), (512, 1000), (1000, 1000)]);

    let mut stop = |e: &Event<'_>| match e {
        Event::Progress { done: 512.., .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let mut cx = Context::new().observer(&mut stop);
    let stopped = continuity_with(&x, &y, 5, Metric::Cosine, ALL, 1, &mut cx);
    assert!(matches!(stopped, Err(Error::Cancelled(_))));

    let token = CancelToken::new();
    token.cancel();
    let mut cx = Context::new().cancel(&token);
    let graph = Exact::new(5).fit(&x).unwrap();
    assert!(matches!(neighbors_kept_with(&graph, &y, &mut cx), Err(Error::Cancelled(_))));
    let stopped = trustworthiness_with(&x, &y, 5, Metric::Euclidean, ALL, 1, &mut cx);
    assert!(matches!(stopped, Err(Error::Cancelled(_))));
}
