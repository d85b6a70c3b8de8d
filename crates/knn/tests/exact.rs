//! Exact search against the plain double loop, on friendly and unfriendly data.

use planisphere_core::{CounterRng, KnnGraph, Matrix, Threads};
use planisphere_kernels::{Simd, SimdLevel, rows};
use planisphere_knn::{Error, Exact, Metric};
use proptest::prelude::*;

/// The definition, in f64, rounded at the end; ties by id.
fn brute(x: &Matrix, k: usize, metric: Metric) -> KnnGraph {
    let f = |v: &[f32]| v.iter().map(|&a| f64::from(a)).collect::<Vec<_>>();
    let s = Simd::at_most(SimdLevel::Scalar);
    let (mut ids, mut dists) = (vec![], vec![]);
    for i in 0..x.rows() {
        let a = f(x.row(i));
        let mut all: Vec<(f32, u32)> = (0..x.rows())
            .filter(|&j| j != i)
            .map(|j| {
                let b = f(x.row(j));
                let d = match metric {
                    Metric::Cosine => rows::cosine(s, x.row(i), x.row(j)),
                    _ => a.iter().zip(&b).map(|(p, q)| (p - q) * (p - q)).sum::<f64>().sqrt() as f32,
                };
                (d, j as u32)
            })
            .collect();
        all.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
        ids.extend(all[..k].iter().map(|e| e.1));
        dists.extend(all[..k].iter().map(|e| e.0));
    }
    KnnGraph::new(x.rows(), k, ids, dists).unwrap()
}

/// Whole numbers: every distance is exact in f32, so ids must agree too, ties and all.
fn integers(n: usize, d: usize, below: u32, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "integers").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.below(i as u64, below) as f32).collect()).unwrap()
}

fn normal(n: usize, d: usize, scale: f32, shift: f32, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "normal").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| shift + scale * r.normal(i as u64)).collect()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn integers_agree_in_every_bit(n in 2usize..300, d in 1usize..40, below in 2u32..20, k in 1usize..20, seed: u64) {
        let x = integers(n, d, below, seed);
        let k = k.min(n - 1);
        prop_assert_eq!(Exact::new(k).fit(&x).unwrap(), brute(&x, k, Metric::Euclidean));
        prop_assert_eq!(Exact::new(k).metric(Metric::Cosine).fit(&x).unwrap(), brute(&x, k, Metric::Cosine));
    }
}

#[test]
fn real_numbers_of_any_size_agree() {
    for (scale, shift) in [(1.0, 0.0), (1.0, 1000.0), (1e-20, 0.0), (1e18, 0.0), (1e-3, 1.0), (1e-30, 1e-30)] {
        let x = normal(400, 33, scale, shift, 1);
        let (got, want) = (Exact::new(10).fit(&x).unwrap(), brute(&x, 10, Metric::Euclidean));
        assert!(got.recall(&want).unwrap() > 0.999, "{scale} {shift}");
        for (g, w) in got.dists().iter().zip(want.dists()) {
            assert!((g - w).abs() <= 2e-6 * w, "{scale} {shift}: {g} {w}");
        }
        let cosine = Exact::new(10).metric(Metric::Cosine).fit(&x).unwrap();
        assert!(cosine.dists().iter().all(|d| (0.0..=2.0).contains(d)));
    }
    // Sizes mixed row by row do not matter to the cosine.
    let mut x = normal(300, 20, 1.0, 0.0, 2);
    let plain = Exact::new(5).metric(Metric::Cosine).fit(&x).unwrap();
    for i in 0..x.rows() {
        let f = [1.0, 2f32.powi(-90), 2f32.powi(80)][i % 3];
        x.row_mut(i).iter_mut().for_each(|v| *v *= f);
    }
    assert_eq!(Exact::new(5).metric(Metric::Cosine).fit(&x).unwrap(), plain);
}

#[test]
fn duplicates_and_zero_rows() {
    let x = Matrix::from_vec(50, 3, [1.0, 2.0, 3.0].repeat(50)).unwrap();
    let g = Exact::new(4).fit(&x).unwrap();
    assert_eq!(g.row(0), (&[1, 2, 3, 4][..], &[0.0; 4][..]));
    assert_eq!(g.row(3).0, &[0, 1, 2, 4]);
    let z = Matrix::from_rows([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]).unwrap();
    let g = Exact::new(3).metric(Metric::Cosine).fit(&z).unwrap();
    assert_eq!(g.row(0), (&[2, 1, 3][..], &[0.0, 1.0, 1.0][..]));
    assert_eq!(g.row(1), (&[0, 2, 3][..], &[1.0, 1.0, 1.0][..]));
}

#[test]
fn rows_far_from_the_origin_and_crowds_of_ties() {
    // The square of the offset is 10⁸ times the variance: only after centering do products tell anything.
    let mut x = integers(1500, 6, 9, 4);
    x.data_mut().iter_mut().for_each(|v| *v += 65_536.0);
    assert!(Exact::new(9).fit(&x).unwrap() == brute(&x, 9, Metric::Euclidean));
    // More ties than candidates are kept: 6000 rows on 8 places, and 6000 zero rows.
    let x = integers(6000, 3, 2, 5);
    let g = Exact::new(4).fit(&x).unwrap();
    for i in [0usize, 17, 5999] {
        let mut same = (0..6000u32).filter(|&j| j as usize != i && x.row(j as usize) == x.row(i));
        assert!(g.row(i).0.iter().all(|&j| Some(j) == same.next()), "row {i}");
    }
    let g = Exact::new(3).metric(Metric::Cosine).fit(&Matrix::zeros(6000, 2)).unwrap();
    assert_eq!((g.row(0).0, g.row(2).0), (&[1, 2, 3][..], &[0, 1, 3][..]));
}

#[test]
fn same_bytes_for_any_threads_and_level() {
    let x = normal(2500, 50, 1.0, 3.0, 9);
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let search = Exact::new(15).metric(metric);
        let want = search.fit(&x).unwrap();
        for t in [1, 2, 3, 8] {
            let mut cx = planisphere_core::Context::new().threads(Threads::Exactly(t));
            assert!(search.fit_with(&x, &mut cx).unwrap() == want, "{t} threads");
        }
        for level in Simd::available() {
            Simd::limit(level.level());
            let got = search.fit(&x).unwrap();
            Simd::limit(SimdLevel::Avx512);
            assert!(got == want, "{level:?}");
        }
    }
}

#[test]
fn bad_input_is_named() {
    let x = integers(5, 2, 9, 1);
    for k in [0, 5, 6] {
        let e = Exact::new(k).fit(&x).unwrap_err();
        assert_eq!(e.to_string(), format!("k = {k}: must be from 1 to 4, the number of other rows"));
    }
    assert_eq!(Exact::new(1).fit(&Matrix::zeros(3, 0)), Err(Error::NoColumns { rows: 3 }));
    for n in [0, 1] {
        let g = Exact::new(15).fit(&Matrix::zeros(n, 4)).unwrap();
        assert_eq!((g.n(), g.k()), (n, 0));
    }
    let mut bad = integers(5, 2, 9, 1);
    bad.row_mut(3)[1] = f32::NAN;
    assert!(matches!(
        Exact::new(1).fit(&bad),
        Err(Error::Core(planisphere_core::Error::NonFinite { row: 3, col: 1, .. }))
    ));
    let far = Matrix::from_rows([[f32::MAX], [f32::MIN]]).unwrap();
    assert!(matches!(Exact::new(1).fit(&far), Err(Error::Overflow { row: 0, other: 1 })));
}

#[test]
fn progress_and_cancellation() {
    use planisphere_core::{CancelToken, Context, Event};
    use std::ops::ControlFlow;
    let x = integers(5000, 8, 9, 1);
    let mut last = (0, 0);
    let mut watch = |e: &Event<'_>| {
        if let Event::Progress { done, total } = e {
            last = (*done, *total);
        }
        ControlFlow::Continue(())
    };
    Exact::new(3).fit_with(&x, &mut Context::new().observer(&mut watch)).unwrap();
    assert_eq!(last, (5000, 5000));
    let token = CancelToken::new();
    token.cancel();
    assert!(matches!(Exact::new(3).fit_with(&x, &mut Context::new().cancel(&token)), Err(Error::Cancelled(_))));
}

#[test]
fn digits_have_the_reference_neighbors() {
    let (x, _) = planisphere_fixtures::digits();
    let want = planisphere_fixtures::digits_graph();
    assert!(Exact::new(want.k()).fit(&x).unwrap() == want);
}
