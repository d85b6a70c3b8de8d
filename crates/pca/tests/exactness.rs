//! What holds whatever the data: the same bytes for any threads and blocks, large means, tiny and huge values, ranks.

use planisphere_core::{CancelToken, Context, CounterRng, Matrix, Threads};
use planisphere_fixtures::digits;
use planisphere_pca::{Components, Error, IncrementalPca, Moments, Pca, PcaModel, Precision, Reduction, Solver};
use proptest::prelude::*;

/// Rows with a spectrum: column j has a standard deviation of about 0.9ʲ, and columns are mixed.
fn spectrum(n: usize, d: usize, offset: f64, scale: f64) -> Matrix {
    let rng = CounterRng::new(3, "spectrum");
    let value = |i: usize, j: usize| {
        let own = |j: usize| f64::from(rng.at(j as u64, i as u64).normal(0)) * 0.9f64.powi(j as i32);
        (offset + scale * (own(j) + 0.5 * own((j * 7 + 1) % d))) as f32
    };
    Matrix::from_vec(n, d, (0..n * d).map(|at| value(at / d, at % d)).collect()).unwrap()
}

fn solvers() -> [Solver; 4] {
    [Solver::Auto, Solver::CovarianceEigh, Solver::Full, Solver::randomized()]
}

/// |u·v| of components of unit length.
fn cosine(a: &PcaModel, b: &PcaModel, j: usize) -> f64 {
    a.component(j).iter().zip(b.component(j)).map(|(x, y)| x * y).sum()
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    for (n, d) in [(9001, 130), (3000, 520), (60, 700), (1400, 30)] {
        let x = spectrum(n, d, 1.0, 1.0);
        for solver in solvers() {
            let pca = Pca::new(5).solver(solver);
            let fit = |t| pca.fit_with(&x, &mut Context::new().threads(Threads::Exactly(t))).unwrap();
            let one = fit(1);
            for t in [2, 3, 8] {
                assert!(fit(t) == one, "{n} × {d}, {solver:?}, {t} threads");
            }
        }
        let fit = |t| {
            let mut cx = Context::new().threads(Threads::Exactly(t));
            IncrementalPca::new(4).batch_size(333).fit_with(&x, &mut cx).unwrap()
        };
        let one = fit(1);
        for t in [2, 3, 8] {
            assert!(fit(t) == one, "{n} × {d}, incremental, {t} threads");
        }
    }
}

#[test]
fn blocks_of_any_size_give_what_one_piece_gives() {
    // Around the number of rows from which products are f32, and the sizes of batches, for fewer columns and for many.
    for (n, d) in [(9001, 70), (2044, 9), (2045, 9), (4088, 9), (4089, 9), (2500, 1100), (2600, 2100)] {
        let x = spectrum(n, d, 5.0, 2.0);
        for precision in [Precision::Mixed, Precision::Double] {
            let pca = Pca::new(3).solver(Solver::CovarianceEigh).precision(precision);
            let whole = pca.fit(&x).unwrap();
            let sizes: &[usize] = if d < 1000 { &[1, 7, 511, 512, 2044, 4088, 5000, 20_000] } else { &[300, 2045] };
            for &size in sizes {
                let starts = (0..n).step_by(size);
                let blocks = starts.map(|from| Ok::<_, Error>(x.view().slice(from, (from + size).min(n)).to_matrix()));
                let m = pca.fit_blocks(blocks).unwrap();
                assert_eq!(m.components(), whole.components(), "{n} × {d}, {size}");
                assert_eq!(m.explained_variance(), whole.explained_variance());
                assert_eq!((m.mean(), m.noise_variance(), m.n_rows()), (whole.mean(), whole.noise_variance(), n));
                assert_eq!(m.embedding().rows(), 0);
                assert_eq!(&m.transform(&x).unwrap(), whole.embedding());
            }
            if d < 1000 {
                let mut moments = Moments::new(d).precision(precision);
                moments.push(&x).unwrap();
                assert_eq!((moments.rows(), moments.cols()), (n, d));
                let (mean, covariance) = moments.covariance().unwrap();
                assert_eq!(mean, whole.mean());
                let trace: f64 = (0..d).map(|i| covariance[i * d + i]).sum();
                let total = whole.explained_variance()[0] / whole.explained_variance_ratio()[0];
                assert!((trace / total - 1.0).abs() < 1e-12);
            }
        }
    }
}

/// One piece goes by inner products of rows then: the same up to rounding.
#[test]
fn blocks_of_fewer_rows_than_columns_are_close_to_one_piece() {
    let x = spectrum(60, 70, 5.0, 2.0);
    let pca = Pca::new(10).solver(Solver::CovarianceEigh);
    let whole = pca.fit(&x).unwrap();
    let blocks = (0..60).step_by(25).map(|from| Ok::<_, Error>(x.view().slice(from, (from + 25).min(60)).to_matrix()));
    let m = pca.fit_blocks(blocks).unwrap();
    assert_eq!((m.n_rows(), m.n_components()), (60, 10));
    for j in 0..10 {
        assert!((m.explained_variance()[j] / whole.explained_variance()[j] - 1.0).abs() < 1e-11, "{j}");
        assert!(cosine(&m, &whole, j) > 1.0 - 1e-11, "{j}");
    }
    assert!((m.noise_variance() / whole.noise_variance() - 1.0).abs() < 1e-10);
    for (a, b) in m.transform(&x).unwrap().data().iter().zip(whole.embedding().data()) {
        assert!((a - b).abs() < 1e-4);
    }
}

/// The covariance decides, so that settings of the solver that is not used are none of its business.
#[test]
fn blocks_and_moments_take_what_other_solvers_do_not() {
    let x = spectrum(300, 12, 0.0, 1.0);
    let absurd = Solver::Randomized { n_oversamples: 0, iterated_power: Some(5000) };
    for components in [Components::Variance(0.9), Components::Mle, Components::All] {
        let want = Pca::new(components).solver(Solver::CovarianceEigh).fit(&x).unwrap();
        for solver in [Solver::randomized(), absurd] {
            let pca = Pca::new(components).solver(solver);
            let m = pca.fit_blocks([Ok::<_, Error>(x.clone())]).unwrap();
            assert_eq!(m.components(), want.components());
            let mut moments = Moments::new(12);
            moments.push(&x).unwrap();
            assert_eq!(pca.fit_moments(moments).unwrap(), m);
        }
    }
    let wrong = Pca::new(Components::Variance(2.0));
    assert!(matches!(wrong.fit_blocks([Ok::<_, Error>(x)]), Err(Error::InvalidParam { param: "n_components", .. })));
}

/// What took another time is no other model.
#[test]
fn equal_models_are_equal() {
    let x = spectrum(400, 30, 0.0, 1.0);
    let fit = |k: usize| Pca::new(k).fit(&x).unwrap();
    let (a, b) = (fit(3), fit(3));
    assert_ne!(a.report(), &planisphere_core::Report::default());
    assert_eq!(a, b);
    let mut moments = Moments::new(30);
    moments.push(&x).unwrap();
    assert_ne!(a, Pca::new(3).fit_moments(moments).unwrap(), "one has no scores");
    assert_ne!(a, Pca::new(3).whiten(true).fit(&x).unwrap());
    assert_ne!(a, fit(2));
}

#[test]
fn blocks_that_do_not_fit_are_named() {
    let good = || Matrix::zeros(3, 4);
    let mut nan = good();
    nan.row_mut(1)[2] = f32::NAN;
    for (second, reason) in [
        (Err("the disk is gone".to_owned()), "the disk is gone"),
        (Ok(Matrix::zeros(3, 5)), "the model has 4 columns, the rows given have 5"),
        (Ok(nan), "row 1, column 2 holds NaN, not a finite number"),
    ] {
        let e = Pca::new(1).fit_blocks([Ok(good()), second]).unwrap_err();
        assert_eq!(e, Error::Block { block: 1, reason: reason.to_owned() });
    }
    let none: [Result<Matrix, Error>; 0] = [];
    assert_eq!(Pca::new(1).fit_blocks(none), Err(Error::Empty { rows: 0, cols: 0 }));
    assert_eq!(Moments::new(2).covariance(), Err(Error::Empty { rows: 0, cols: 2 }));
    let e = Pca::new(4).fit_blocks([Ok::<_, Error>(good())]).unwrap_err();
    assert!(e.to_string().starts_with("n_components = 4: must be from 1 to 3"));
}

#[test]
fn a_large_mean_and_a_drift_cost_nothing() {
    // Steps of 1/16 around 65,536 are exact in f32.
    let plain = spectrum(6000, 40, 0.0, 100.0);
    let round = |v: f32| (v * 16.0).round() / 16.0;
    let near = Matrix::from_vec(6000, 40, plain.data().iter().map(|&v| round(v)).collect()).unwrap();
    let far = Matrix::from_vec(6000, 40, near.data().iter().map(|&v| v + 65_536.0).collect()).unwrap();
    for solver in solvers() {
        let (a, b) = (Pca::new(8).solver(solver).fit(&near).unwrap(), Pca::new(8).solver(solver).fit(&far).unwrap());
        for j in 0..8 {
            assert!((a.explained_variance()[j] / b.explained_variance()[j] - 1.0).abs() < 1e-6, "{solver:?}");
            assert!(cosine(&a, &b, j) > 1.0 - 1e-8, "{solver:?} {j}");
        }
    }
    // Sorted rows: each chunk has another mean.
    let mut order: Vec<u32> = (0..6000).collect();
    order.sort_by(|&a, &b| near.row(a as usize)[0].total_cmp(&near.row(b as usize)[0]));
    let sorted = Pca::new(8).solver(Solver::CovarianceEigh).fit(&near.select(&order)).unwrap();
    let exact = Pca::new(8).solver(Solver::Full).fit(&near).unwrap();
    for j in 0..8 {
        assert!((sorted.explained_variance()[j] / exact.explained_variance()[j] - 1.0).abs() < 1e-6);
        assert!(cosine(&sorted, &exact, j) > 1.0 - 1e-9);
    }
}

#[test]
fn tiny_and_huge_values() {
    for scale in [1e-30, 1e-18, 1.0, 1e17, 1e35] {
        let x = spectrum(3000, 20, 0.0, scale);
        for solver in solvers() {
            let m = Pca::new(3).solver(solver).fit(&x).unwrap();
            let one = Pca::new(3).solver(Solver::Full).fit(&spectrum(3000, 20, 0.0, 1.0)).unwrap();
            for j in 0..3 {
                let ratio = m.explained_variance()[j] / scale / scale / one.explained_variance()[j];
                assert!((ratio - 1.0).abs() < 1e-4, "{scale} {solver:?}: {ratio}");
                assert!(cosine(&m, &one, j) > 1.0 - 1e-6);
            }
        }
    }
    let huge = Matrix::from_rows([[f32::MAX, 0.0], [f32::MIN, 1.0], [0.0, 2.0]]).unwrap();
    for solver in solvers() {
        let m = Pca::new(2).solver(solver).fit(&huge);
        assert!(m.is_ok() || m == Err(Error::Overflow));
    }
}

#[test]
fn absurd_parameters_are_named() {
    let x = spectrum(20, 6, 0.0, 1.0);
    let randomized = |n_oversamples, iterated_power| Solver::Randomized { n_oversamples, iterated_power };
    for (pca, message) in [
        (Pca::new(0), "n_components = 0: must be from 1 to 6"),
        (Pca::new(7), "n_components = 7: must be from 1 to 6"),
        (Pca::new(usize::MAX).solver(Solver::randomized()), "n_components = 18446744073709551615: must be from 1 to 6"),
        (Pca::new(Components::Variance(0.0)), "n_components = 0: a share"),
        (Pca::new(Components::Variance(1.5)), "n_components = 1.5: a share"),
        (Pca::new(Components::Variance(-1.0)), "n_components = -1: a share"),
        (Pca::new(Components::Variance(f64::NAN)), "n_components = NaN: a share"),
        (Pca::new(Components::Variance(0.5)).solver(Solver::randomized()), "n_components = 0.5: the randomized"),
        (Pca::new(Components::Mle).solver(Solver::randomized()), "n_components = mle: the randomized"),
        (Pca::new(2).solver(randomized(0, None)), "n_oversamples = 0: must be at least 1"),
        (Pca::new(2).solver(randomized(1, Some(1001))), "iterated_power = 1001: must be from 0 to 1000"),
    ] {
        let e = pca.fit(&x).unwrap_err().to_string();
        assert!(e.starts_with(message), "{e}");
    }
    let few = x.select(&[0, 1, 2]);
    let e = Pca::new(Components::Mle).fit(&few).unwrap_err().to_string();
    assert_eq!(e, "n_components = mle: needs at least 6 rows, as many as columns, not 3");
    Pca::new(2).solver(randomized(usize::MAX, Some(0))).fit(&x).unwrap();

    let mut nan = x.clone();
    nan.row_mut(13)[4] = f32::INFINITY;
    for solver in solvers() {
        let e = Pca::new(2).solver(solver).fit(&nan).unwrap_err().to_string();
        assert!(e.starts_with("row 13, column 4 holds inf"), "{e}");
    }
    let e = IncrementalPca::new(2).batch_size(6).fit(&nan).unwrap_err().to_string();
    assert!(e.starts_with("row 13, column 4"), "{e}");
    for (pca, message) in [
        (IncrementalPca::new(0), "n_components = 0: must be from 1 to 6"),
        (IncrementalPca::new(7), "n_components = 7: must be from 1 to 6"),
        (IncrementalPca::new(2).batch_size(0), "batch_size = 0: must be at least 1"),
    ] {
        let e = pca.fit(&x).unwrap_err().to_string();
        assert!(e.starts_with(message), "{e}");
    }
    let mut fit = IncrementalPca::new(2).begin();
    assert_eq!(fit.model(), Err(Error::Empty { rows: 0, cols: 0 }));
    fit.partial_fit(&x).unwrap();
    assert_eq!(fit.partial_fit(&Matrix::zeros(3, 5)), Err(Error::Columns { expected: 6, got: 5 }));
    assert_eq!(fit.n_rows(), 20);

    let m = Pca::new(3).fit(&x).unwrap();
    assert!(m.clone().truncated(0).is_err() && m.truncated(4).is_err());
    let wide = spectrum(30, 200, 0.0, 1.0);
    for bad in [Reduction::new().variance(0.0), Reduction::new().between(0, 9), Reduction::new().between(9, 8)] {
        assert!(matches!(bad.fit(&wide), Err(Error::InvalidParam { .. })), "{bad:?}");
    }
    let token = CancelToken::new();
    token.cancel();
    for solver in solvers() {
        let r = Pca::new(2).solver(solver).fit_with(&x, &mut Context::new().cancel(&token));
        assert!(matches!(r, Err(Error::Cancelled(_))));
    }
}

#[test]
fn truncated_models_are_those_of_fewer_components() {
    let (x, _) = digits();
    let few = Pca::new(7).fit(&x).unwrap();
    let cut = Pca::new(30).fit(&x).unwrap().truncated(7).unwrap();
    assert_eq!(cut.components(), few.components());
    for (a, b) in cut.embedding().data().iter().zip(few.embedding().data()) {
        assert!((a - b).abs() < 2e-5);
    }
    assert!((cut.noise_variance() / few.noise_variance() - 1.0).abs() < 1e-12);
    let curve = few.cumulative_variance_ratio();
    assert!(curve.windows(2).all(|w| w[0] < w[1]) && curve.len() == 7);
}

#[test]
fn reduced_to_what_explains_enough() {
    let x = spectrum(400, 150, 0.0, 1.0);
    let m = Reduction::new().variance(0.9).between(2, 100).fit(&x).unwrap().unwrap();
    let all = Pca::new(Components::All).fit(&x).unwrap().cumulative_variance_ratio();
    let want = all.iter().position(|&c| c >= 0.9).unwrap() + 1;
    assert_eq!(m.n_components(), want);
    assert_eq!(m.embedding().cols(), want);
    // More than there are rows are not asked for.
    let few = x.select(&(0..20).collect::<Vec<_>>());
    assert!(Reduction::new().fit(&few).unwrap().unwrap().n_components() <= 20);
}

/// Scores of the randomized solver explain nearly what the exact ones do.
#[test]
fn randomized_is_close_and_seeded() {
    let x = spectrum(3000, 300, 0.0, 1.0);
    let exact = Pca::new(10).solver(Solver::Full).fit(&x).unwrap();
    let a = Pca::new(10).solver(Solver::randomized()).fit(&x).unwrap();
    for j in 0..10 {
        let ratio = a.explained_variance()[j] / exact.explained_variance()[j];
        assert!((0.999..1.0 + 1e-6).contains(&ratio), "{j}: {ratio}");
    }
    assert!((0..8).all(|j| cosine(&a, &exact, j) > 0.999));
    let again = Pca::new(10).solver(Solver::randomized()).fit(&x).unwrap();
    assert!(a == again, "the same seed");
    let other = Pca::new(10).solver(Solver::randomized()).seed(1).fit(&x).unwrap();
    assert_ne!(a.components(), other.components());
}

#[cfg(feature = "file")]
#[test]
fn models_come_back_from_files() {
    let (x, _) = digits();
    let mut fit = IncrementalPca::new(3).begin();
    fit.partial_fit(&x).unwrap();
    for m in [Pca::new(4).whiten(true).fit(&x).unwrap(), fit.model().unwrap()] {
        let bytes = m.to_bytes().unwrap();
        let back = PcaModel::from_bytes(&bytes).unwrap();
        assert_eq!(back, m);
        assert_eq!(back.transform(&x).unwrap(), m.transform(&x).unwrap());
        assert_eq!(back.to_bytes().unwrap(), bytes);
        for cut in [0, 5, 100, bytes.len() - 1] {
            assert!(matches!(PcaModel::from_bytes(&bytes[..cut]), Err(Error::File(_))));
        }
        for at in (0..bytes.len()).step_by(997) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            assert!(PcaModel::from_bytes(&changed).is_err(), "byte {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// A row's scores do not depend on the rows beside it.
    #[test]
    fn rows_are_scored_alone(n in 1usize..200, d in 1usize..70, k in 1usize..9, at in 0usize..200) {
        let x = spectrum(n, d, 1.0, 1.0);
        let m = Pca::new(k.min(n).min(d)).fit(&x).unwrap();
        let at = at % n;
        let alone = m.transform(&x.select(&[at as u32])).unwrap();
        prop_assert_eq!(alone.data(), m.embedding().row(at));
    }

    /// Variances are those of the scores, and all of them make the variance of the data.
    #[test]
    fn variances_are_those_of_scores(n in 2usize..120, d in 1usize..40) {
        let x = spectrum(n, d, -2.0, 1.0);
        let m = Pca::new(Components::All).fit(&x).unwrap();
        let total: f64 = m.explained_variance().iter().sum();
        let of = |y: &Matrix, mean: &[f64]| -> f64 {
            (0..n).flat_map(|i| y.row(i).iter().zip(mean).map(|(&v, m)| (f64::from(v) - m).powi(2))).sum::<f64>() / (n - 1) as f64
        };
        prop_assert!((of(&x, m.mean()) / total - 1.0).abs() < 1e-6);
        prop_assert!((of(m.embedding(), &vec![0.0; m.n_components()]) / total - 1.0).abs() < 1e-5);
    }
}
