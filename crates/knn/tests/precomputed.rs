//! Neighbors from given distances, against sorting each row.

use planisphere_core::{CancelToken, Context, CounterRng, Csr, Event, KnnGraph, Matrix, Threads};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_knn::{Error, Exact, Precomputed};
use proptest::prelude::*;
use std::ops::ControlFlow;

/// Symmetric whole numbers, so that there are ties and duplicates.
fn symmetric(n: usize, below: u32, seed: u64) -> Matrix {
    let rng = CounterRng::new(seed, "distances");
    let mut d = Matrix::zeros(n, n);
    for i in 0..n {
        for j in 0..i {
            let v = rng.at(0, i as u64).below(j as u64, below) as f32;
            d.row_mut(i)[j] = v;
            d.row_mut(j)[i] = v;
        }
    }
    d
}

/// The entries of `d` that are on the diagonal or drawn, both directions of a pair or neither.
fn sparse(d: &Matrix, share: f32, diagonal: bool, seed: u64) -> Csr {
    let rng = CounterRng::new(seed, "stored");
    let (mut indptr, mut indices, mut data) = (vec![0], vec![], vec![]);
    for i in 0..d.rows() {
        for (j, &v) in d.row(i).iter().enumerate() {
            let drawn = rng.at(0, i.max(j) as u64).unit(i.min(j) as u64) < share;
            if if i == j { diagonal } else { drawn } {
                indices.push(j as u32);
                data.push(v);
            }
        }
        indptr.push(indices.len());
    }
    Csr::new(d.cols(), indptr, indices, data).unwrap()
}

/// The definition: each row sorted by (distance, id). The row that has too few entries, if there is one.
fn naive(rows: &[Vec<(f32, u32)>], k: usize) -> Result<KnnGraph, usize> {
    let (mut ids, mut dists) = (vec![], vec![]);
    for (i, row) in rows.iter().enumerate() {
        let mut row: Vec<_> = row.iter().copied().filter(|e| e.1 as usize != i).collect();
        if row.len() < k {
            return Err(i);
        }
        row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ids.extend(row[..k].iter().map(|e| e.1));
        dists.extend(row[..k].iter().map(|e| e.0));
    }
    Ok(KnnGraph::new(rows.len(), k, ids, dists).unwrap())
}

fn dense_rows(d: &Matrix) -> Vec<Vec<(f32, u32)>> {
    (0..d.rows()).map(|i| d.row(i).iter().copied().zip(0..).collect()).collect()
}

fn sparse_rows(d: &Csr) -> Vec<Vec<(f32, u32)>> {
    (0..d.rows()).map(|i| d.row(i).1.iter().copied().zip(d.row(i).0.iter().copied()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn dense_agrees_with_sorting(n in 2usize..300, k in 1usize..40, below in 1u32..1000, seed: u64) {
        let (d, k) = (symmetric(n, below, seed), k.min(n - 1));
        prop_assert_eq!(Precomputed::new(k).fit(&d).unwrap(), naive(&dense_rows(&d), k).unwrap());
    }

    #[test]
    fn sparse_agrees_with_sorting(
        n in 2usize..300, k in 1usize..12, below in 1u32..50, share in 0.02f32..1.0, diagonal: bool, seed: u64
    ) {
        let (k, d) = (k.min(n - 1), sparse(&symmetric(n, below, seed), share, diagonal, seed));
        match (Precomputed::new(k).fit_sparse(&d), naive(&sparse_rows(&d), k)) {
            (Ok(got), Ok(want)) => prop_assert_eq!(got, want),
            (Err(Error::TooFewDistances { row, got, k: asked }), Err(first)) => {
                prop_assert_eq!((row, asked), (first, k));
                prop_assert_eq!(got, d.row(row).0.iter().filter(|&&j| j as usize != row).count());
            }
            (got, want) => prop_assert!(false, "{:?} {:?}", got, want),
        }
    }

    #[test]
    fn the_first_asymmetry_is_found(
        n in 2usize..200, at in proptest::collection::vec((0usize..200, 0usize..200), 1..6), seed: u64
    ) {
        let mut d = symmetric(n, 100, seed);
        let mut changed = vec![];
        for (i, j) in at {
            let (i, j) = (i % n, j % n);
            if i != j {
                d.row_mut(i)[j] = d.row(j)[i] + 1.0;
                changed.push((i.min(j), i.max(j)));
            }
        }
        let (full, stored) = (Precomputed::new(1).fit(&d), Precomputed::new(1).fit_sparse(&sparse(&d, 2.0, false, 0)));
        prop_assert_eq!(&full, &stored);
        match (full, changed.iter().min()) {
            (Err(Error::Asymmetric { row, col, value, mirrored }), Some(&(i, j))) => {
                prop_assert_eq!((row, col, value, mirrored), (i, j, d.row(i)[j], d.row(j)[i]));
            }
            (got, want) => prop_assert!(got.is_ok() && want.is_none(), "{:?} {:?}", got, want),
        }
        let directed = Precomputed::new(1).tolerance(1.0).fit(&d).unwrap();
        prop_assert_eq!(directed, naive(&dense_rows(&d), 1).unwrap());
    }
}

#[test]
fn distances_of_points_give_their_neighbors() {
    let rng = CounterRng::new(5, "points").at(0, 0);
    let x = Matrix::from_vec(400, 3, (0..1200).map(|i| rng.below(i, 12) as f32).collect()).unwrap();
    let d = (0..400).flat_map(|i| {
        let x = &x;
        (0..400).map(move |j| x.row(i).iter().zip(x.row(j)).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt())
    });
    let d = Matrix::from_vec(400, 400, d.collect()).unwrap();
    assert_eq!(Precomputed::new(15).fit(&d).unwrap(), Exact::new(15).fit(&x).unwrap());
    // What a graph of more neighbors stores is enough for fewer, although its rows list each other one way only.
    let known = Exact::new(15).fit(&x).unwrap().to_csr();
    assert_eq!(Precomputed::new(10).fit_sparse(&known).unwrap(), Exact::new(10).fit(&x).unwrap());
}

#[test]
fn duplicates_and_negative_zeros() {
    let g = Precomputed::new(3).fit(&Matrix::zeros(1000, 1000)).unwrap();
    assert_eq!((g.row(0).0, g.row(2).0, g.row(999).0), (&[1, 2, 3][..], &[0, 1, 3][..], &[0, 1, 2][..]));
    let mut d = symmetric(5, 9, 1);
    d.row_mut(3).fill(-0.0);
    (0..5).for_each(|i| d.row_mut(i)[3] = 0.0);
    for g in [Precomputed::new(2).fit(&d).unwrap(), Precomputed::new(2).fit_sparse(&sparse(&d, 2.0, true, 0)).unwrap()]
    {
        assert_eq!(g.row(3).0, [0, 1]);
        assert!(g.row(3).1.iter().all(|v| v.to_bits() == 0));
    }
}

#[test]
fn a_stored_diagonal_is_no_neighbor() {
    let d = Csr::new(2, vec![0, 2, 4], vec![0, 1, 0, 1], vec![0.0, 3.0, 3.0, 7.0]).unwrap();
    let g = Precomputed::new(1).fit_sparse(&d).unwrap();
    assert_eq!((g.ids(), g.dists()), (&[1, 0][..], &[3.0, 3.0][..]));
    let lonely = Csr::new(2, vec![0, 2, 3], vec![0, 1, 1], vec![0.0, 3.0, 0.0]).unwrap();
    let e = Precomputed::new(1).fit_sparse(&lonely).unwrap_err();
    assert_eq!(e.to_string(), "row 1 has 0 distances to other rows, fewer than k = 1");
}

#[test]
fn shape_and_parameters_are_checked() {
    let d = symmetric(5, 9, 1);
    for k in [0, 5, 6] {
        let want = format!("k = {k}: must be from 1 to 4, the number of other rows");
        assert_eq!(Precomputed::new(k).fit(&d).unwrap_err().to_string(), want);
        assert_eq!(Precomputed::new(k).fit_sparse(&sparse(&d, 2.0, true, 0)).unwrap_err().to_string(), want);
    }
    for t in [-0.1, 1.1, f32::NAN] {
        let e = Precomputed::new(1).tolerance(t).fit(&d).unwrap_err();
        assert_eq!(e.to_string(), format!("tolerance = {t}: must be from 0 to 1"));
    }
    for (rows, cols) in [(0, 3), (3, 0), (2, 3), (3, 2)] {
        let want = Err(Error::NotSquare { rows, cols });
        assert_eq!(Precomputed::new(1).fit(&Matrix::zeros(rows, cols)), want);
        let empty = Csr::new(cols, vec![0; rows + 1], vec![], vec![]).unwrap();
        assert_eq!(Precomputed::new(1).fit_sparse(&empty), want);
    }
    for n in [0, 1] {
        for k in [0, 1, 15] {
            let g = Precomputed::new(k).fit(&Matrix::zeros(n, n)).unwrap();
            assert_eq!((g.n(), g.k()), (n, 0));
            let g = Precomputed::new(k).fit_sparse(&Csr::new(n, vec![0; n + 1], vec![], vec![]).unwrap()).unwrap();
            assert_eq!((g.n(), g.k()), (n, 0));
        }
    }
    let one = Matrix::from_rows([[2.0]]).unwrap();
    assert_eq!(Precomputed::new(1).fit(&one), Err(Error::SelfDistance { row: 0, value: 2.0 }));
    let two = Matrix::from_rows([[0.0, 2.5], [2.5, 0.0]]).unwrap();
    let g = Precomputed::new(1).fit(&two).unwrap();
    assert_eq!((g.ids(), g.dists()), (&[1, 0][..], &[2.5, 2.5][..]));
}

#[test]
fn bad_values_are_found_where_they_are() {
    // Wide enough for whole steps and a rest, and for many tasks; with zeros, so that nothing passes for want of nearness.
    for below in [1, 1000] {
        let good = symmetric(333, below, 2);
        for (row, col) in [(0, 1), (7, 0), (100, 64), (200, 331), (332, 2), (331, 332)] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, -1e-40] {
                let mut d = good.clone();
                d.row_mut(row)[col] = bad;
                // A later one is not told, whichever thread finds it first.
                d.row_mut(332)[331] = -2.0;
                let search = Precomputed::new(4);
                for e in [search.fit(&d), search.fit_sparse(&sparse(&d, 2.0, false, 0))] {
                    match e {
                        Err(Error::NegativeDistance { row: r, col: c, value }) => {
                            assert_eq!((r, c, value), (row, col, bad));
                        }
                        Err(Error::Core(planisphere_core::Error::NonFinite { row: r, col: c, value })) => {
                            assert_eq!((r, c, value.to_bits()), (row, col, bad.to_bits()));
                            assert!(!bad.is_finite());
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
        for (row, value) in [(0, 1.0), (70, -1.0), (332, 1e-30)] {
            let mut d = good.clone();
            d.row_mut(row)[row] = value;
            assert_eq!(Precomputed::new(4).fit(&d), Err(Error::SelfDistance { row, value }));
        }
        let mut d = good.clone();
        d.row_mut(70)[70] = f32::NAN;
        let e = Precomputed::new(4).fit(&d).unwrap_err().to_string();
        assert_eq!(e, "row 70, column 70 holds NaN, not a finite number");
    }
}

#[test]
fn tolerance_is_relative_to_the_larger() {
    for (a, b, tolerance, accepted) in [
        (1.0f32, 1.000001f32, 1e-5f32, true),
        (1.0, 1.0001, 1e-5, false),
        (1e-20, 1.0001e-20, 1e-5, false),
        (1e30, 1.000001e30, 1e-5, true),
        (1.0, 1.0, 0.0, true),
        (1.0, 1.0000001, 0.0, false),
        (0.0, 5.0, 0.5, false),
        (0.0, 5.0, 1.0, true),
        (f32::MAX, 0.0, 1.0, true),
    ] {
        for (a, b) in [(a, b), (b, a)] {
            let d = Matrix::from_rows([[0.0, a], [b, 0.0]]).unwrap();
            let search = Precomputed::new(1).tolerance(tolerance);
            let want = if accepted {
                Ok(KnnGraph::new(2, 1, vec![1, 0], vec![a, b]).unwrap())
            } else {
                Err(Error::Asymmetric { row: 0, col: 1, value: a, mirrored: b })
            };
            assert_eq!(search.fit(&d), want);
            assert_eq!(search.fit_sparse(&sparse(&d, 2.0, false, 0)), want);
        }
    }
}

#[test]
fn same_bytes_for_any_threads_and_level() {
    let d = symmetric(1500, 5000, 3);
    let known = sparse(&d, 0.1, true, 4);
    let search = Precomputed::new(15);
    let (dense, stored) = (search.fit(&d).unwrap(), search.fit_sparse(&known).unwrap());
    assert_eq!(dense, naive(&dense_rows(&d), 15).unwrap());
    for t in [1, 2, 3, 8] {
        let mut cx = Context::new().threads(Threads::Exactly(t));
        assert!(search.fit_with(&d, &mut cx).unwrap() == dense, "{t} threads");
        assert!(search.fit_sparse_with(&known, &mut cx).unwrap() == stored, "{t} threads");
    }
    for level in Simd::available() {
        Simd::limit(level.level());
        let got = search.fit(&d).unwrap();
        Simd::limit(SimdLevel::Avx512);
        assert!(got == dense, "{level:?}");
    }
}

#[test]
fn progress_and_cancellation() {
    let d = symmetric(2500, 9, 1);
    let known = sparse(&d, 0.05, false, 1);
    let mut told: Vec<(u64, u64)> = vec![];
    let mut watch = |e: &Event<'_>| {
        if let Event::Progress { done, total } = e {
            told.push((*done, *total));
        }
        ControlFlow::Continue(())
    };
    let mut cx = Context::new().observer(&mut watch);
    Precomputed::new(3).fit_with(&d, &mut cx).unwrap();
    Precomputed::new(3).tolerance(1.0).fit_with(&d, &mut cx).unwrap();
    Precomputed::new(3).fit_sparse_with(&known, &mut cx).unwrap();
    let ends: Vec<_> = told.iter().copied().filter(|p| p.0 == p.1).collect();
    assert_eq!(ends, [(5000, 5000), (2500, 2500), (2500, 2500)]);
    assert!(told.iter().all(|p| p.0 <= p.1) && told.len() > 8);
    let token = CancelToken::new();
    token.cancel();
    let mut cx = Context::new().cancel(&token);
    assert!(matches!(Precomputed::new(3).fit_with(&d, &mut cx), Err(Error::Cancelled(_))));
    assert!(matches!(Precomputed::new(3).fit_sparse_with(&known, &mut cx), Err(Error::Cancelled(_))));
}
