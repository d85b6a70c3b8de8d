//! Data that lacks rank, or has one direction that dwarfs all others.

use planisphere_core::{CounterRng, Matrix};
use planisphere_pca::{Components, Error, Pca, PcaModel, Precision, Solver};

/// `n` × `d` values of `value(row, column, normal draw)`.
fn matrix(n: usize, d: usize, value: impl Fn(usize, usize, f32) -> f32) -> Matrix {
    let draws = CounterRng::new(5, "degenerate");
    let of = |at: usize| value(at / d, at % d, draws.at(0, at as u64).normal(0));
    Matrix::from_vec(n, d, (0..n * d).map(of).collect()).unwrap()
}

fn solvers() -> [Solver; 4] {
    [Solver::Auto, Solver::CovarianceEigh, Solver::Full, Solver::randomized()]
}

/// 1 less the cosine of the angle between components `j`, whose signs are the same.
fn apart(a: &PcaModel, b: &PcaModel, j: usize) -> f64 {
    1.0 - a.component(j).iter().zip(b.component(j)).map(|(x, y)| x * y).sum::<f64>()
}

/// Sums of five columns by whole numbers: exact in f32, so that the rank is five whatever the rounding.
fn combined(base: &Matrix, i: usize) -> Vec<f32> {
    let r = base.row(i);
    let draws = CounterRng::new(6, "weights").at(0, 0);
    let weight = |j: usize, b: usize| (2.0 * draws.normal((5 * j + b) as u64)).round();
    (0..12).map(|j| if j == 7 { 4.0 } else { (0..5).map(|b| weight(j, b) * r[b]).sum() }).collect()
}

/// Orthonormal, whatever the rank; no variance and no scores beyond it.
#[test]
fn deficient_rank_constant_columns_and_few_rows() {
    let base = matrix(2500, 5, |_, j, v| ((3.0 + v * 0.9f32.powi(j as i32)) * 256.0).round() / 256.0);
    let rank5 = Matrix::from_rows((0..2500).map(|i| combined(&base, i))).unwrap();
    let wide = Matrix::from_rows((0..6).map(|i| (0..4).flat_map(|_| combined(&base, i)).collect::<Vec<_>>())).unwrap();
    let two = wide.select(&[0, 1]);
    let one = wide.select(&[0]);
    let equal = wide.select(&[2; 9]);
    for (x, rank) in [(rank5, 5), (wide, 5), (two, 1), (one, 0), (equal, 0)] {
        for solver in solvers() {
            let k = x.rows().min(x.cols());
            let pca = Pca::new(Components::All).solver(solver).precision(Precision::Double);
            let m = pca.whiten(true).fit(&x).unwrap();
            assert_eq!(m.n_components(), k);
            for i in 0..k {
                for j in 0..k {
                    let dot: f64 = m.component(i).iter().zip(m.component(j)).map(|(a, b)| a * b).sum();
                    assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-9, "{rank} {solver:?} {i} {j}: {dot}");
                }
                let share = m.explained_variance_ratio()[i];
                assert!(if i < rank { share > 1e-6 } else { share < 1e-14 }, "{rank} {solver:?} {i}: {share}");
                if i >= rank {
                    assert!((0..x.rows()).all(|r| m.embedding().row(r)[i] == 0.0), "{rank} {solver:?} {i}");
                }
            }
            let back = m.inverse_transform(m.embedding()).unwrap();
            for (a, b) in back.data().iter().zip(x.data()) {
                assert!((a - b).abs() < 1e-3, "{rank} {solver:?}: {a} {b}");
            }
            let (d, e) = (x.cols(), m.score(&x).unwrap_err());
            assert_eq!(e, Error::Singular { rank, cols: d }, "{solver:?}");
        }
    }
}

/// The eigenvectors of the others are nothing to what the first one's rounding allows, if that is what is looked at.
#[test]
fn components_behind_one_that_dwarfs_them() {
    let scale = |j: usize| if j == 0 { 1e6 } else { 0.995f32.powi(j as i32) };
    let x = matrix(3000, 300, |_, j, v| v * scale(j));
    for precision in [Precision::Mixed, Precision::Double] {
        let exact = Pca::new(2).solver(Solver::Full).fit(&x).unwrap();
        let m = Pca::new(2).precision(precision).fit(&x).unwrap();
        for j in 0..2 {
            let (got, want) = (m.explained_variance()[j], exact.explained_variance()[j]);
            assert!((got / want - 1.0).abs() < 1e-3, "{precision:?} {j}: {got} {want}");
            assert!(apart(&m, &exact, j) < 1e-3, "{precision:?} {j}: {}", apart(&m, &exact, j));
        }
    }
}

/// In f64 wherever that is promised: for few rows, and where it is asked for.
#[test]
fn randomized_takes_the_precision_that_is_asked_for() {
    for (n, d) in [(60, 700), (2100, 700)] {
        let x = matrix(n, d, |_, j, v| v * 0.8f32.powi((j % 60) as i32) * if j < 60 { 1.0 } else { 1e-3 });
        let exact = Pca::new(3).solver(Solver::Full).fit(&x).unwrap();
        let far = |precision| {
            let m = Pca::new(3).solver(Solver::randomized()).precision(precision).fit(&x).unwrap();
            (0..3).fold(0.0f64, |far, j| {
                let ratio = m.explained_variance()[j] / exact.explained_variance()[j];
                let columns = m.component(j).iter().zip(exact.component(j)).map(|(a, b)| (a - b).abs());
                columns.fold(far.max((ratio - 1.0).abs()), f64::max)
            })
        };
        assert!(far(Precision::Double) < 1e-10, "{n}: {}", far(Precision::Double));
        let mixed = far(Precision::Mixed);
        assert!(if n <= 2044 { mixed < 1e-10 } else { mixed > 1e-10 && mixed < 1e-5 }, "{n}: {mixed}");
    }
}

/// Rounding of products in f32, divided by next to nothing, is no variance.
#[test]
fn randomized_finds_no_variance_beyond_the_rank() {
    let base = matrix(2100, 5, |_, _, v| v);
    let weights = matrix(5, 700, |_, _, v| v);
    let row =
        |i: usize| (0..700).map(|j| (0..5).map(|b| base.row(i)[b] * weights.row(b)[j]).sum()).collect::<Vec<f32>>();
    let x = Matrix::from_rows((0..2100).map(row)).unwrap();
    for seed in 0..5 {
        let m = Pca::new(8).solver(Solver::randomized()).seed(seed).fit(&x).unwrap();
        let shares = m.explained_variance_ratio();
        assert!(shares[4] > 1e-3 && shares[5..] == [0.0; 3], "{shares:?}");
    }
}

/// Only what is given back has to fit f32.
#[test]
fn whitened_scores_of_huge_values() {
    let x = matrix(50, 2, |i, _, _| if i % 2 == 0 { 3e38 } else { -3e38 });
    assert_eq!(Pca::new(1).fit(&x), Err(Error::Overflow));
    let m = Pca::new(1).whiten(true).fit(&x).unwrap();
    let size = (49.0f32 / 50.0).sqrt();
    assert!(m.embedding().data().iter().all(|v| (v.abs() - size).abs() < 1e-6), "{:?}", m.embedding().data());
    // Rounded once: what f64 gives, to the bit.
    let x = matrix(80, 5, |_, j, v| v * (j + 1) as f32);
    let m = Pca::new(3).whiten(true).fit(&x).unwrap();
    for i in 0..80 {
        for j in 0..3 {
            let along = x.row(i).iter().zip(m.mean()).zip(m.component(j)).map(|((&v, m), c)| (f64::from(v) - m) * c);
            let want = along.sum::<f64>() / m.explained_variance()[j].sqrt();
            assert!(
                (f64::from(m.embedding().row(i)[j]) - want).abs() <= want.abs() * f64::from(f32::EPSILON) / 2.0 * 1.001
            );
        }
    }
}
