use super::*;
use crate::kmeans::centers::Centers;
use planisphere_core::{CancelToken, Threads};
use planisphere_kernels::{Simd, SimdLevel, rows as measure};
use proptest::prelude::*;

/// Rows around some places, many of them equal if `whole`.
fn around(n: usize, d: usize, places: usize, seed: u64, whole: bool) -> Matrix {
    let r = CounterRng::new(seed, "k-means test");
    let value = |i: usize| {
        let (row, col) = (i / d, i % d);
        let place = 3.0 * r.at(1, (row % places) as u64).normal(col as u64);
        let v = place + r.at(0, row as u64).normal(col as u64);
        if whole { v.round() } else { v }
    };
    Matrix::from_vec(n, d, (0..n * d).map(value).collect()).unwrap()
}

/// One pass without bounds: all centers, the first of equally near ones.
fn nearest(rows: &Rows, centers: &Centers) -> Vec<u32> {
    let simd = Simd::detect();
    let of = |i: usize| {
        let score = |c: &u32| {
            let c = *c as usize;
            centers.squares[c] - 2.0 * f64::from(measure::dot(simd, rows.x.row(i), centers.x.row(c)))
        };
        (0..centers.x.rows() as u32).fold(0, |best, c| if score(&c) < score(&best) { c } else { best })
    };
    (0..rows.len()).map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bounds_change_nothing(
        n in 1usize..300,
        d in 1usize..40,
        k in 1usize..150,
        places in 1usize..12,
        seed: u64,
        whole: bool,
    ) {
        let x = around(n, d, places, seed, whole);
        let rows = Rows::new(x.view()).unwrap();
        let token = CancelToken::new();
        let start = start::plus_plus(&rows, k.min(n), CounterRng::new(seed, "starts"), 0, &token).unwrap();
        let k = start.rows();
        let mut centers = Centers::new(start);
        let mut found = assign::Assignment::new(n, k);
        for _ in 0..12 {
            let before = found.labels.clone();
            let changed = found.update(&rows, &centers, &token).unwrap();
            prop_assert_eq!(&found.labels, &nearest(&rows, &centers));
            prop_assert_eq!(changed, before.iter().zip(&found.labels).filter(|(a, b)| a != b).count());
            if seed % 3 == 0 {
                // A row that is put elsewhere is found again.
                found.put((seed % n as u64) as usize, (seed % k as u64) as u32);
            }
            let members = centers::Members::new(&found.labels, k);
            centers.move_to_means(&rows, &members, &vec![true; k]);
        }
    }

    #[test]
    fn what_holds_for_any_rows(n in 0usize..80, d in 0usize..6, k in 1usize..20, seed: u64, whole: bool) {
        let x = around(n, d, 4, seed, whole);
        let model = KMeans::new(k).n_init(2).seed(seed).fit(&x).unwrap();
        prop_assert_eq!(model.labels().len(), n);
        prop_assert!(model.n_clusters() <= k.min(n));
        prop_assert!(model.converged());
        // Numbered by first rows, none without rows.
        let mut next = 0;
        for &label in model.labels() {
            prop_assert!(label <= next);
            next = next.max(label + 1);
        }
        prop_assert_eq!(next as usize, model.n_clusters());
        let squared = |i: usize, c: usize| -> f64 {
            let pairs = x.row(i).iter().zip(model.centers().row(c));
            pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
        };
        let inertia: f64 = (0..n).map(|i| squared(i, model.labels()[i] as usize)).sum();
        prop_assert!((inertia - model.inertia()).abs() <= 1e-5 * (1.0 + inertia), "{} {}", inertia, model.inertia());
        for i in 0..n {
            let own = squared(i, model.labels()[i] as usize);
            prop_assert!((0..model.n_clusters()).all(|c| squared(i, c) > own - 1e-4 * (1.0 + own)));
        }
    }
}

#[test]
fn as_many_clusters_as_different_rows() {
    let x = Matrix::from_rows([[1.0f32], [2.0], [1.0], [2.0], [1.0]]).unwrap();
    let model = KMeans::new(4).fit(&x).unwrap();
    assert_eq!((model.labels(), model.n_clusters(), model.inertia()), (&[0, 1, 0, 1, 0][..], 2, 0.0));
    let one = KMeans::default().fit(&Matrix::zeros(1, 3)).unwrap();
    assert_eq!((one.labels(), one.n_clusters()), (&[0][..], 1));
    assert_eq!(KMeans::new(3).fit(&Matrix::zeros(0, 3)).unwrap().n_clusters(), 0);
    assert_eq!(KMeans::new(3).fit(&Matrix::zeros(4, 0)).unwrap().labels(), [0; 4]);
}

#[test]
fn a_cluster_without_rows_takes_the_farthest() {
    // The middle center has no row: rows 0 and 1 go left, 2 to 4 right; row 4 is the farthest from its center.
    let x = Matrix::from_rows([[-4.0f32], [-3.0], [3.0], [4.0], [9.0]]).unwrap();
    let rows = Rows::new(x.view()).unwrap();
    let place = |v: f32| rows.x.data()[0] + (v + 4.0) * (rows.x.data()[1] - rows.x.data()[0]);
    let start = Matrix::from_vec(3, 1, vec![place(-4.0), place(1000.0), place(4.0)]).unwrap();
    let run = run::lloyd(&rows, start, 300, 0.0, &CancelToken::new()).unwrap();
    assert_eq!(run.labels, [0, 0, 2, 2, 1]);
    assert!((rows.original_square(run.inertia) - 1.0).abs() < 1e-6);
}

#[test]
fn sizes_and_places_far_from_the_origin() {
    for (size, place) in [(1e-40f32, 0.0f32), (1.0, 1e6), (1e30, 0.0), (1e38, 2e38)] {
        let values = [0.0f32, 1.0, -1.0, 0.9, -0.9, 0.1].map(|v| v * size + place);
        let x = Matrix::from_vec(6, 1, values.to_vec()).unwrap();
        let model = KMeans::new(3).fit(&x).unwrap();
        assert_eq!(model.labels(), [0, 1, 2, 1, 2, 0], "{size} {place}");
    }
}

#[test]
fn same_bits_on_any_number_of_threads_and_level() {
    let x = around(1500, 33, 9, 4, false);
    let on = |threads| {
        let mut cx = Context::new().threads(Threads::Exactly(threads));
        KMeans::new(70).n_init(2).fit_with(&x, &mut cx).unwrap()
    };
    let one = on(1);
    assert_eq!(one.n_clusters(), 70);
    assert!([2, 3, 8].iter().all(|&t| on(t) == one));
    for level in [SimdLevel::Scalar, SimdLevel::Avx2] {
        Simd::limit(level);
        assert_eq!(on(2), one, "{level:?}");
    }
    Simd::limit(SimdLevel::Avx512);
}

#[test]
fn parameters_are_checked_and_runs_can_be_stopped() {
    let x = Matrix::zeros(3, 1);
    let param = |k: KMeans| match k.fit(&x).unwrap_err() {
        Error::InvalidParam { param, .. } => param,
        other => panic!("{other:?}"),
    };
    assert_eq!(param(KMeans::new(0)), "n_clusters");
    assert_eq!(param(KMeans::new(NClusters::Auto { items_per_cluster: 0 })), "items_per_cluster");
    assert_eq!(param(KMeans::new(2).n_init(0)), "n_init");
    assert_eq!(param(KMeans::new(2).max_iter(0)), "max_iter");
    assert_eq!(param(KMeans::new(2).tol(f64::NAN)), "tol");
    let nan = Matrix::from_vec(1, 1, vec![f32::NAN]).unwrap();
    assert!(matches!(KMeans::new(1).fit(&nan), Err(Error::Core(_))));
    let token = CancelToken::new();
    token.cancel();
    let stopped = KMeans::new(2).fit_with(&x, &mut Context::new().cancel(&token));
    assert!(matches!(stopped, Err(Error::Cancelled(_))));
}

#[test]
fn a_start_that_is_cut_short_is_told() {
    let x = around(400, 5, 7, 1, false);
    let mut cx = Context::new();
    let model = KMeans::new(12).n_init(1).max_iter(1).tol(0.0).fit_with(&x, &mut cx).unwrap();
    assert!(!model.converged());
    assert_eq!(model.n_iter(), 1);
    assert!(matches!(cx.report().warnings[..], [Warning::NotConverged { iterations: 1, .. }]));
}
