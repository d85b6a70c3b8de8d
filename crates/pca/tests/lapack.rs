//! LAPACK against the default backend; without LAPACK, that asking for it is an error.

use planisphere_core::{CounterRng, Matrix};
use planisphere_fixtures::digits;
#[cfg(not(feature = "lapack"))]
use planisphere_pca::Error;
use planisphere_pca::{Backend, IncrementalPca, Pca, Solver};

fn noise(n: usize, d: usize) -> Matrix {
    let draws = CounterRng::new(11, "lapack").at(0, 0);
    let value = |i: usize| draws.normal(i as u64) * 0.95f32.powi((i % d) as i32) + 3.0;
    Matrix::from_vec(n, d, (0..n * d).map(value).collect()).unwrap()
}

#[cfg(not(feature = "lapack"))]
#[test]
fn without_lapack_it_is_an_error() {
    let (x, _) = digits();
    for solver in [Solver::CovarianceEigh, Solver::Full, Solver::randomized()] {
        let e = Pca::new(2).solver(solver).backend(Backend::Lapack).fit(&x).unwrap_err();
        assert_eq!(e, Error::NoLapack);
    }
    assert_eq!(IncrementalPca::new(2).backend(Backend::Lapack).fit(&noise(30, 4)), Err(Error::NoLapack));
}

#[cfg(feature = "lapack")]
#[test]
fn both_backends_find_the_same() {
    use planisphere_pca::{Components, PcaModel};

    #[track_caller]
    fn compare(a: &PcaModel, b: &PcaModel) {
        assert_eq!(a.n_components(), b.n_components());
        let scale = a.explained_variance()[0];
        for j in 0..a.n_components() {
            let (u, v) = (a.explained_variance()[j], b.explained_variance()[j]);
            assert!((u - v).abs() <= 1e-12 * scale, "{j}: {u} {v}");
            // Signs included, where the variance tells the direction.
            if u > 1e-6 * scale {
                let far = a.component(j).iter().zip(b.component(j)).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
                assert!(far < 1e-7, "{j}: {far}");
            }
        }
        for (x, y) in a.embedding().data().iter().zip(b.embedding().data()) {
            assert!((x - y).abs() <= 1e-5 * scale.sqrt() as f32);
        }
        assert!((a.noise_variance() - b.noise_variance()).abs() <= 1e-12 * scale);
    }

    let (x, _) = digits();
    let small = x.select(&(0..50).collect::<Vec<_>>());
    for x in [x, small, noise(3000, 90), noise(40, 300)] {
        for solver in [Solver::Auto, Solver::CovarianceEigh, Solver::Full, Solver::randomized()] {
            let pca = Pca::new(8).solver(solver);
            compare(&pca.fit(&x).unwrap(), &pca.clone().backend(Backend::Lapack).fit(&x).unwrap());
        }
        let all = Pca::new(Components::All).solver(Solver::Full);
        let (a, b) = (all.fit(&x).unwrap(), all.backend(Backend::Lapack).fit(&x).unwrap());
        assert_eq!(a.n_components(), b.n_components());
        let pca = IncrementalPca::new(5).batch_size(25);
        compare(&pca.fit(&x).unwrap(), &pca.clone().backend(Backend::Lapack).fit(&x).unwrap());
    }
    let one = noise(1, 1);
    assert!(Pca::new(1).backend(Backend::Lapack).fit(&one).is_ok());
}
