//! Every space against itself: one number for a pair, whatever is asked beside it, and the exact search against all pairs.

use super::*;
use crate::Exact;
use planisphere_core::{CounterRng, Matrix};
use planisphere_kernels::SimdLevel;

/// Every metric, with parameters for `d` columns.
fn metrics(d: usize) -> Vec<Metric> {
    let vi = (0..d * d).map(|i| if i % (d + 1) == 0 { 2.0 } else { 0.25 / d as f64 }).collect();
    let w: Vec<f64> = (0..d).map(|c| c as f64 % 3.0 * 0.7).collect();
    let mut all = Metric::ALL.to_vec();
    all.retain(|m| *m != Metric::Haversine || d == 2);
    for p in [1.0, 1.5, 2.0, 3.0, f64::INFINITY] {
        all.push(Metric::Minkowski { p });
        all.push(Metric::WMinkowski { p, w: w.clone() });
    }
    all.push(Metric::SEuclidean { v: (0..d).map(|c| 0.3 + c as f64).collect() });
    all.push(Metric::Mahalanobis { vi });
    all
}

/// Whole numbers with many ties, equal rows and zero rows.
fn integers(n: usize, d: usize, below: u32, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "space").at(0, 0);
    let mut x = Matrix::from_vec(n, d, (0..n * d).map(|i| r.below(i as u64, below) as f32).collect()).unwrap();
    for i in (0..n).step_by(7) {
        x.row_mut(i).fill(if i % 2 == 0 { 0.0 } else { 1.0 });
    }
    x
}

fn normal(n: usize, d: usize) -> Matrix {
    let r = CounterRng::new(5, "space").at(1, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64).abs()).collect()).unwrap()
}

#[test]
fn a_pair_has_one_number_on_every_level() {
    for x in [integers(60, 2, 2, 1), integers(60, 5, 4, 2), normal(60, 67)] {
        let queries = integers(9, x.cols(), 3, 3);
        for metric in metrics(x.cols()) {
            let mut first: Option<Vec<u32>> = None;
            for simd in Simd::available() {
                let space = Space::new(&metric, x.view(), simd).unwrap();
                let (a, b) = (space.rows(queries.view()).unwrap(), space.rows(x.view()).unwrap());
                let (n, m) = (b.len(), a.len());
                let mut all = vec![0f32; n * m];
                for (i, out) in all.chunks_exact_mut(n).enumerate() {
                    space.distances(&a, i, &b, 0, out);
                    let ids: Vec<u32> = (0..n as u32).rev().step_by(3).collect();
                    let mut listed = vec![0f32; ids.len()];
                    space.distances_to(&a, i, &b, &ids, &mut listed);
                    for (&j, d) in ids.iter().zip(&listed) {
                        assert_eq!(d.to_bits(), out[j as usize].to_bits(), "{metric} listed");
                        let mut one = [0f32];
                        space.distances(&a, i, &b, j as usize, &mut one);
                        assert_eq!(d.to_bits(), one[0].to_bits(), "{metric} alone");
                        space.distances(&b, j as usize, &a, i, &mut one);
                        assert_eq!(d.to_bits(), one[0].to_bits(), "{metric} the other way around");
                    }
                }
                let bits: Vec<u32> = all.iter().map(|d| d.to_bits()).collect();
                assert!(*first.get_or_insert_with(|| bits.clone()) == bits, "{metric} {simd:?}");
            }
        }
    }
}

#[test]
fn exact_search_is_the_sorted_list_of_all_pairs() {
    let mut far = integers(150, 6, 5, 8);
    far.data_mut().iter_mut().for_each(|v| *v += 4096.0);
    let mut tiny = normal(120, 9);
    tiny.data_mut().iter_mut().for_each(|v| *v *= 1e-3);
    for x in [integers(300, 2, 3, 6), integers(300, 12, 2, 7), integers(260, 33, 9, 7), normal(200, 40), far, tiny] {
        for metric in metrics(x.cols()) {
            let (k, n) = (11, x.rows());
            let got = Exact::new(k).metric(metric.clone()).fit(&x).unwrap();
            let space = Space::new(&metric, x.view(), Simd::at_most(SimdLevel::Scalar)).unwrap();
            let rows = space.rows(x.view()).unwrap();
            let mut all = vec![0f32; n];
            for i in 0..n {
                space.distances(&rows, i, &rows, 0, &mut all);
                let mut want: Vec<(f32, u32)> =
                    all.iter().enumerate().filter(|e| e.0 != i).map(|(j, &d)| (d, j as u32)).collect();
                want.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
                let (ids, dists) = got.row(i);
                let got: Vec<(f32, u32)> = dists.iter().copied().zip(ids.iter().copied()).collect();
                assert_eq!(got, want[..k], "{metric}, row {i}");
            }
        }
    }
}

#[test]
fn dot_products_of_any_size_are_searched_right() {
    let r = CounterRng::new(9, "dot").at(0, 0);
    // Norms from 1e-25 to 1e15: products that vanish beside the 1, that are all that counts, and all between.
    let data = (0..400 * 10).map(|i| r.normal(i) * 10f32.powi((i / 10 % 41) as i32 - 25)).collect();
    let x = Matrix::from_vec(400, 10, data).unwrap();
    let space = Space::new(&Metric::Dot, x.view(), Simd::detect()).unwrap();
    let rows = space.rows(x.view()).unwrap();
    let got = Exact::new(9).metric(Metric::Dot).fit(&x).unwrap();
    let mut all = vec![0f32; 400];
    for i in 0..400 {
        space.distances(&rows, i, &rows, 0, &mut all);
        let mut want: Vec<(f32, u32)> = (0..400).filter(|&j| j != i).map(|j| (all[j], j as u32)).collect();
        want.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
        assert_eq!(got.row(i).0, want[..9].iter().map(|e| e.1).collect::<Vec<_>>(), "row {i}");
    }
}

#[test]
fn hamming_of_queries_that_are_not_two_valued() {
    let points = Matrix::from_rows([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]]).unwrap();
    let queries = Matrix::from_rows([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]).unwrap();
    let space = Space::new(&Metric::Hamming, points.view(), Simd::detect()).unwrap();
    let (a, b) = (space.rows(queries.view()).unwrap(), space.rows(points.view()).unwrap());
    let mut out = [0f32; 2];
    space.distances(&a, 0, &b, 0, &mut out);
    assert_eq!(out, [1.0 / 3.0, 2.0 / 3.0]);
    space.distances(&a, 1, &b, 0, &mut out);
    assert_eq!(out, [1.0, 1.0]);
}

#[test]
fn values_outside_of_the_domain_are_named() {
    let x = Matrix::from_rows([[0.5, 0.5], [0.5, -0.5]]).unwrap();
    let e = Exact::new(1).metric(Metric::Hellinger).fit(&x).unwrap_err();
    assert!(matches!(e, Error::Domain { row: 1, col: 1, .. }), "{e:?}");
    let e = Exact::new(1).metric(Metric::Haversine).fit(&Matrix::zeros(3, 4)).unwrap_err();
    assert!(matches!(e, Error::InvalidParam { param: "metric", .. }), "{e:?}");
    let x = Matrix::from_rows([[1.0, -1.0], [-1.0, 1.0]]).unwrap();
    let e = Exact::new(1).metric(Metric::BrayCurtis).fit(&x).unwrap_err();
    assert!(matches!(e, Error::NotADistance { row: 0, other: 1, .. }), "{e:?}");
    let e = Exact::new(1).fit_custom(&x, |_: &[f32], _: &[f32]| f32::NAN).unwrap_err();
    assert!(matches!(e, Error::NotADistance { .. }), "{e:?}");
}
