//! MACE under other names, orders, threads and instructions.

mod common;

use common::{renamed, same, simulated};
use planisphere_core::{Context, Threads};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_labels_mace::{Annotations, Mace, MaceModel, Method};
use proptest::prelude::*;

#[test]
fn threads_and_instructions_change_nothing() {
    let (codes, _) = simulated(3000, 40, 5, 9, 2);
    let votes = Annotations::from_codes(3000, 40, 5, &codes).unwrap();
    let mace = Mace::new().iterations(7);
    let fit = |threads| mace.fit_with(&votes, &mut Context::new().threads(Threads::Exactly(threads))).unwrap();
    let one = fit(1);
    for threads in [2, 3, 8] {
        assert!(same(&one, &fit(threads)), "{threads} threads");
    }
    for level in [SimdLevel::Scalar, SimdLevel::Avx2] {
        Simd::limit(level);
        assert!(same(&one, &fit(2)), "{level:?}");
    }
    Simd::limit(SimdLevel::Avx512);
}

/// Compares two fits, the second of renamed votes: what is most different, and whether all bits are the same.
fn compare(a: &MaceModel, b: &MaceModel, places: &[Vec<u32>; 3]) -> (f64, bool) {
    let (mut far, mut same) = (0.0f64, true);
    let mut pair = |x: f64, y: f64| {
        far = far.max((x - y).abs() / x.abs().max(1.0));
        same &= x.to_bits() == y.to_bits();
    };
    pair(a.log_likelihood(), b.log_likelihood());
    for (n, &m) in places[1].iter().enumerate() {
        pair(a.competence()[n], b.competence()[m as usize]);
        pair(a.competence_mean()[n], b.competence_mean()[m as usize]);
    }
    for (n, &m) in places[0].iter().enumerate() {
        for (l, &k) in places[2].iter().enumerate() {
            let p = |m: &MaceModel, i, l| m.posterior().probability(i, l).unwrap();
            pair(p(a, n, l as u32), p(b, m as usize, k));
        }
    }
    (far, same)
}

/// To the bit, random starts included.
#[test]
fn names_and_order_change_no_bit() {
    let (codes, _) = simulated(2000, 60, 4, 5, 5);
    let votes = Annotations::from_codes(2000, 60, 4, &codes).unwrap();
    let a = Mace::new().fit(&votes).unwrap();
    for seed in 0..3 {
        let (other, places) = renamed(&codes, [2000, 60, 4], seed);
        let b = Mace::new().fit(&other).unwrap();
        assert!(compare(&a, &b, &places).1);
        for (n, &m) in places[0].iter().enumerate() {
            assert_eq!(
                places[2][a.posterior().best(n).unwrap().label as usize],
                b.posterior().best(m as usize).unwrap().label
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Few items, so that there are annotators who are mirror images of each other, and may change places.
    #[test]
    fn names_and_order_change_nothing(
        items in 1u32..60, annotators in 3u32..12, labels in 1u32..6, seed in any::<u64>(), em in any::<bool>(),
        weights in prop::option::of(prop::collection::vec(0.1f64..3.0, 6)),
    ) {
        let (codes, _) = simulated(items, annotators, labels, 3, seed);
        let votes = Annotations::from_codes(items, annotators, labels, &codes).unwrap();
        let (other, places) = renamed(&codes, [items, annotators, labels], seed);
        let mace = Mace::new().method(if em { Method::EM } else { Method::VB }).restarts(3).iterations(20);
        let fit = |votes: &Annotations, label: &dyn Fn(u32) -> u32, scale: f64| match &weights {
            None => mace.fit(votes).unwrap(),
            Some(w) => {
                let weight = |l: u32| (votes.label(label(l)).to_owned(), scale * w[l as usize]);
                mace.clone().priors((0..labels).map(weight)).fit(votes).unwrap()
            }
        };
        let (a, b) = (fit(&votes, &|l| l, 1.0), fit(&other, &|l| places[2][l as usize], 1.0));
        prop_assert!((a.log_likelihood() - b.log_likelihood()).abs() < 1e-9 * a.log_likelihood().abs().max(1.0));
        let sorted = |m: &MaceModel| {
            let mut c = m.competence().to_vec();
            c.sort_by(f64::total_cmp);
            c
        };
        for (x, y) in sorted(&a).into_iter().zip(sorted(&b)) {
            prop_assert!((x - y).abs() < 1e-9, "{} {}", x, y);
        }
        // Scales by powers of two do not even round.
        prop_assert!(same(&a, &fit(&votes, &|l| l, 4.0)));
    }
}

/// Two camps that contradict each other in everything: which is right, only a draw can say, but one is.
#[test]
fn symmetric_data_is_resolved() {
    let mut votes = Annotations::new();
    for i in 0..40u32 {
        for who in 0..4u32 {
            let label = (i % 2) ^ (who / 2);
            votes.push(&i.to_string(), &who.to_string(), &label.to_string()).unwrap();
        }
    }
    for (method, least) in [(Method::VB, -86.0), (Method::EM, -83.3)] {
        let model = Mace::new().method(method).fit(&votes).unwrap();
        assert!(model.log_likelihood() > least, "{method:?}: {}", model.log_likelihood());
        let (high, low): (Vec<f64>, Vec<f64>) = model.competence().iter().partition(|&&c| c > 0.5);
        assert_eq!((high.len(), low.len()), (2, 2), "{:?}", model.competence());
        assert_eq!(model.competence()[0] > 0.5, model.competence()[1] > 0.5);
    }
}
