//! MACE on odd data, with odd parameters, and what it refuses.

mod common;

use common::{matrix, simulated};
use planisphere_core::{CancelToken, Context};
use planisphere_labels_mace::{Annotations, Error, Mace, MaceModel, Method, Start};
use proptest::prelude::*;

/// Priors and counts of any size give numbers, and models that can be kept.
#[test]
fn extreme_parameters_give_numbers() {
    let mut votes = matrix("x,y,x\ny,y,y\nx,x,x\n");
    votes.add_annotator("idle").unwrap();
    let vb = |alpha, beta, strategy_prior| Method::VariationalBayes { alpha, beta, strategy_prior };
    let methods = [
        vb(1e-100, 1e-100, 1e-100),
        vb(5e-4, 5e-4, 10.0),
        vb(1e-3, 1e-3, 1e-3),
        vb(1e100, 1e100, 1e100),
        vb(0.5, 0.5, 1e100),
        vb(1e-100, 1e100, 1.0),
        Method::Em { smoothing: Some(0.0) },
        Method::Em { smoothing: Some(1e-18) },
        Method::Em { smoothing: Some(1e100) },
    ];
    for method in methods {
        for noise in [0.0, 0.5, 1e100] {
            let model = Mace::new().method(method).start(Start::Random { noise }).fit(&votes).unwrap();
            let rows = (0..3).flat_map(|i| model.posterior().row(i).unwrap());
            let guesses = (0..4).flat_map(|a| model.guesses(a).unwrap());
            let all: Vec<f64> =
                model.competence().iter().chain(model.competence_mean()).copied().chain(rows).chain(guesses).collect();
            assert!(all.iter().all(|p| (0.0..=1.0).contains(p)), "{method:?} {noise}: {all:?}");
            assert!(model.log_likelihood().is_finite(), "{method:?} {noise}");
            assert_eq!(MaceModel::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
            // One more annotator, of whom nothing is known.
            let mut more = votes.clone();
            more.push("0", "new", "y").unwrap();
            let refined = Mace::new().method(method).refine(&more, &model).unwrap();
            assert!(
                refined.log_likelihood().is_finite() && refined.competence().iter().all(|c| (0.0..=1.0).contains(c))
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_fit_can_be_kept(
        codes in prop::collection::btree_map((0u32..6, 0u32..4), 0u32..3, 1..20), smoothing in prop::sample::select(vec![0.0, 1e-18, 1e-3]),
    ) {
        let codes: Vec<(u32, u32, u32)> = codes.into_iter().map(|((i, a), l)| (i, a, l)).collect();
        let votes = Annotations::from_codes(6, 4, 3, &codes).unwrap();
        let model = Mace::new().method(Method::Em { smoothing: Some(smoothing) }).restarts(2).fit(&votes).unwrap();
        prop_assert_eq!(MaceModel::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
    }
}

/// Waves of restarts are the restarts one by one.
#[test]
fn many_restarts_come_in_waves() {
    let (codes, _) = simulated(60, 8, 3, 4, 7);
    let votes = Annotations::from_codes(60, 8, 3, &codes).unwrap();
    let few = Mace::new().restarts(3).iterations(5).fit(&votes).unwrap();
    let many = Mace::new().restarts(37).iterations(5).fit(&votes).unwrap();
    assert_eq!(many.restarts().len(), 37);
    assert_eq!(many.restarts()[..3], few.restarts()[..]);
    assert!(many.restarts().iter().all(|r| r.log_likelihood <= many.log_likelihood() + 1e-6));
}

/// A likelihood that no double could hold: 1,200 annotators an item, who agree and disagree.
#[test]
fn many_annotators_do_not_underflow() {
    let mut votes = Annotations::new();
    for i in 0..12u32 {
        for a in 0..1200u32 {
            let label = if a % 3 == 0 { a / 3 % 4 } else { i % 4 };
            votes.push(&i.to_string(), &a.to_string(), &label.to_string()).unwrap();
        }
    }
    for method in [Method::VB, Method::EM, Method::Em { smoothing: Some(0.0) }] {
        let model = Mace::new().method(method).fit(&votes).unwrap();
        assert!(model.log_likelihood().is_finite());
        for i in 0..12 {
            let best = model.posterior().best(i).unwrap();
            assert_eq!(votes.label(best.label), (i % 4).to_string());
        }
        let (knows, guesses) = (model.competence()[1], model.competence()[0]);
        assert!(knows > 0.8 && guesses < 0.2, "{method:?}: {knows} {guesses}");
    }
}

#[test]
fn restarts_that_do_not_move_any_more_end() {
    let (codes, _) = simulated(200, 12, 3, 5, 3);
    let votes = Annotations::from_codes(200, 12, 3, &codes).unwrap();
    let full = Mace::new().iterations(1000).fit(&votes).unwrap();
    let model = Mace::new().iterations(1000).tolerance(1e-9).fit(&votes).unwrap();
    assert!(model.restarts().iter().all(|r| r.converged && r.iterations < 1000));
    assert!((model.log_likelihood() - full.log_likelihood()).abs() < 1e-4);
    assert!(!full.restarts()[0].converged);
    // A restart that ended stays what it is, whatever those beside it do.
    let alone = Mace::new().iterations(1000).tolerance(1e-9).restarts(1).fit(&votes).unwrap();
    assert_eq!(alone.restarts()[0].iterations, model.restarts()[0].iterations);
    assert_eq!(alone.restarts()[0].log_likelihood.to_bits(), model.restarts()[0].log_likelihood.to_bits());
}

#[test]
fn what_is_refused() {
    let votes = matrix("a,b\nb,b\n");
    let text = |m: Mace| m.fit(&votes).unwrap_err().to_string();
    assert_eq!(text(Mace::new().restarts(0)), "restarts = 0: must be between 1 and 1000");
    assert_eq!(text(Mace::new().iterations(1001)), "iterations = 1001: must be between 0 and 1000");
    assert_eq!(
        text(Mace::new().method(Method::Em { smoothing: Some(-1.0) })),
        "smoothing = -1: must be a number between 0 and 1e100"
    );
    let alpha = Method::VariationalBayes { alpha: f64::NAN, beta: 0.5, strategy_prior: 10.0 };
    assert_eq!(text(Mace::new().method(alpha)), "alpha = NaN: must be a number between 1e-100 and 1e100");
    assert!(text(Mace::new().tolerance(-1.0)).starts_with("tolerance"));
    assert!(text(Mace::new().start(Start::Random { noise: f64::INFINITY })).starts_with("noise"));
    // MF-07: a control that no annotator used is not computed with.
    assert_eq!(text(Mace::new().controls([("0", "c")])), "label \"c\" is not in the annotations");
    assert_eq!(text(Mace::new().controls([("7", "a")])), "item \"7\" is not in the annotations");
    assert_eq!(text(Mace::new().priors([("a", 1.0)])), "there is no prior for label \"b\"");
    assert!(text(Mace::new().priors([("a", 0.0), ("b", 0.0)])).starts_with("priors = 0"));
    assert!(text(Mace::new().priors([("a", 1.0), ("b", -1.0)])).starts_with("priors = b -1"));
    assert!(text(Mace::new().priors([("a", 0.0), ("b", 1.0)]).controls([("0", "a")])).starts_with("priors = a 0"));
    assert!(matches!(Mace::new().fit(&Annotations::new()), Err(Error::NoAnnotations)));
    let token = CancelToken::new();
    token.cancel();
    assert!(matches!(Mace::new().fit_with(&votes, &mut Context::new().cancel(&token)), Err(Error::Cancelled(_))));
}

#[test]
fn a_control_may_be_a_label_that_was_added() {
    let mut votes = matrix("a,a\nb,b\n");
    votes.add_label("c").unwrap();
    let model = Mace::new().controls([("0", "c")]).fit(&votes).unwrap();
    assert_eq!(model.posterior().row(0).unwrap(), [0.0, 0.0, 1.0]);
    assert_eq!(model.posterior().best(1).unwrap().label, 1);
}

#[test]
fn odd_data() {
    // One vote; one label; an annotator without votes; a prior of 0 for what everybody says.
    let one = Annotations::from_triples([("i", "a", "x")]).unwrap();
    for method in [Method::VB, Method::EM, Method::Em { smoothing: Some(0.0) }] {
        let model = Mace::new().method(method).fit(&one).unwrap();
        assert_eq!(model.posterior().row(0).unwrap(), [1.0]);
        assert!(model.competence()[0].is_finite() && model.log_likelihood().is_finite());
    }
    let mut idle = matrix("x,y\ny,y\n");
    idle.add_annotator("idle").unwrap();
    for method in [Method::VB, Method::EM, Method::Em { smoothing: Some(0.0) }] {
        let model = Mace::new().method(method).fit(&idle).unwrap();
        assert!(model.competence().iter().all(|c| (0.0..=1.0).contains(c)), "{:?}", model.competence());
        assert!((model.guesses(2).unwrap()[0] - 0.5).abs() < 1e-12 && model.guesses(3).is_none());
    }
    let model = Mace::new().priors([("x", 1.0), ("y", 0.0)]).fit(&idle).unwrap();
    assert_eq!(model.posterior().labels(), [Some(0), Some(0)]);
}
