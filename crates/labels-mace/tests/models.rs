//! Models against crowd-kit, and what must hold for any annotations.

mod support;

use planisphere_core::{CancelToken, Context};
use planisphere_labels_mace::{
    Annotations, ClassPrior, DawidSkene, Error, Glad, LabelModel, Labeled, Mace, MajorityVote, MatrixReader, Posterior,
    TiedVotes, Ties, WeightedMajority, read_key_path,
};
use serde_json::Value;
use support::*;

/// Annotations of a golden set, with labels and annotators in crowd-kit's order.
fn made_up(set: &Value) -> Annotations {
    let mut votes = Annotations::new();
    texts(&set["workers"]).into_iter().for_each(|a| _ = votes.add_annotator(a).unwrap());
    texts(&set["labels"]).into_iter().for_each(|l| _ = votes.add_label(l).unwrap());
    for vote in set["votes"].as_array().unwrap() {
        let v = texts(vote);
        votes.push(v[0], v[1], v[2]).unwrap();
    }
    assert_eq!(votes.items().collect::<Vec<_>>(), texts(&set["tasks"]));
    votes
}

fn check_dawid_skene(votes: &Annotations, golden: &Value, every: usize) {
    for want in golden["dawid_skene"].as_array().unwrap() {
        let n = want["iterations"].as_u64().unwrap() as usize;
        let m = DawidSkene::new().iterations(n).tolerance(0.0).fit(votes).unwrap();
        assert_eq!((m.iterations(), m.is_converged()), (n, false));
        same_rows(m.posterior(), &want["posterior"], every, 1e-8);
        close(m.class_priors(), &numbers(&want["priors"]), 1e-9);
        let confusion = want["confusion"].as_object().unwrap();
        for (worker, rows) in confusion {
            // The columns of the matrix format are named by numbers without zeros.
            let name = worker.trim_start_matches('0');
            let a = votes.annotator_index(worker).or_else(|| votes.annotator_index(name)).unwrap();
            for (truth, cells) in rows.as_object().unwrap() {
                for (given, want) in cells.as_object().unwrap() {
                    let [t, g] = [truth, given].map(|l| votes.label_index(l).unwrap());
                    close(&[m.confusion(a, t, g).unwrap()], &[want.as_f64().unwrap()], 1e-8);
                }
            }
        }
    }
}

#[test]
fn as_crowd_kit_finds() {
    let golden = golden();
    for set in golden["models"].as_array().unwrap() {
        let votes = made_up(set);
        same_rows(MajorityVote::new().fit(&votes).unwrap().posterior(), &set["majority"], 1, 1e-11);
        let wawa = WeightedMajority::wawa().tied_votes(TiedVotes::First).fit(&votes).unwrap();
        close(wawa.weights(), &numbers(&set["wawa"]["weights"]), 1e-11);
        same_rows(wawa.posterior(), &set["wawa"]["posterior"], 1, 1e-11);
        check_dawid_skene(&votes, set, 1);
        let glad = Glad::new().iterations(2000).tolerance(1e-13).fit(&votes).unwrap();
        assert!(glad.is_converged());
        close(glad.abilities(), &numbers(&set["glad"]["abilities"]), 1e-3);
        close(glad.log_eases(), &numbers(&set["glad"]["log_ease"]), 1e-3);
        same_rows(glad.posterior(), &set["glad"]["posterior"], 1, 1e-4);
    }
}

/// Share of right labels among those found.
fn accuracy(votes: &Annotations, labels: &[Option<u32>], key: &[Option<String>]) -> f64 {
    let right = labels.iter().zip(key).filter(|(l, k)| l.map(|l| votes.label(l)) == k.as_deref()).count();
    right as f64 / labels.iter().flatten().count() as f64
}

#[test]
fn on_the_data_of_mace() {
    let golden = golden();
    for (name, dawid_skene, ties) in [("example", 0.46, 18), ("temporal", 0.9416, 17)] {
        let Some(file) = mace_data(&format!("{name}.csv"), "on_the_data_of_mace") else { continue };
        let key = read_key_path(file.with_extension("key")).unwrap();
        let read = MatrixReader::new().read_path(&file).unwrap();
        // Ties go to the first label, which in crowd-kit is the first by name.
        let mut votes = Annotations::new();
        let mut labels: Vec<&str> = read.labels().collect();
        labels.sort_unstable();
        labels.into_iter().for_each(|l| _ = votes.add_label(l).unwrap());
        read.annotators().for_each(|a| _ = votes.add_annotator(a).unwrap());
        for v in read.votes() {
            votes.push(read.item(v.item), read.annotator(v.annotator), read.label(v.label)).unwrap();
        }
        let set = &golden["mace"][name];
        let every = set["every"].as_u64().unwrap() as usize;
        let of = |p: &Posterior| accuracy(&votes, &p.labels(), &key);
        assert_eq!(MajorityVote::new().fit(&votes).unwrap().n_tied(), ties);
        let wawa = WeightedMajority::wawa().tied_votes(TiedVotes::First).fit(&votes).unwrap();
        close(wawa.weights(), &numbers(&set["wawa"]["weights"]), 1e-11);
        close(&[of(wawa.posterior())], &[set["wawa"]["accuracy"].as_f64().unwrap()], 1e-9);
        check_dawid_skene(&votes, set, every);
        // crowd-kit stops by a bound in which class priors count once for each vote.
        let default = &set["dawid_skene_default"];
        let n = default["iterations"].as_u64().unwrap() as usize;
        let found = of(DawidSkene::new().iterations(n).tolerance(0.0).fit(&votes).unwrap().posterior());
        close(&[found, found], &[default["accuracy"].as_f64().unwrap(), dawid_skene], 1e-4);
        let converged = of(DawidSkene::new().fit(&votes).unwrap().posterior());
        assert!(converged >= found - 1e-9, "{name}: {converged}");
        let glad = Glad::new().iterations(2000).tolerance(1e-12).fit(&votes).unwrap();
        let want = numbers(&set["glad"]["abilities"]);
        assert!(correlation(glad.abilities(), &want) > 0.9999, "{name}");
        close(glad.abilities(), &want, 0.02);
        close(&[of(glad.posterior())], &[set["glad"]["accuracy"].as_f64().unwrap()], 1e-9);
    }
}

#[test]
fn nothing_hangs_on_names_or_order() {
    for seed in 0..3 {
        let votes = random(seed, 80, 9, 4);
        let other = shuffled(&votes, seed);
        fn check<M: LabelModel>(params: &M, a: &Annotations, b: &Annotations, tolerance: f64) {
            let [x, y] = [a, b].map(|v| params.fit(v, &mut Context::new()).unwrap());
            same_but_for_order(a, x.posterior(), b, y.posterior(), tolerance);
        }
        check(&MajorityVote::new(), &votes, &other, 1e-15);
        check(&WeightedMajority::wawa(), &votes, &other, 1e-12);
        check(&DawidSkene::new(), &votes, &other, 1e-9);
        check(&DawidSkene::new().smoothing(0.3).prior_smoothing(1.0), &votes, &other, 1e-9);
        check(&Glad::new(), &votes, &other, 1e-9);
    }
}

#[test]
fn the_same_bits_on_any_threads() {
    let votes = random(7, 2000, 13, 5);
    same_on_any_threads(&MajorityVote::new(), &votes);
    same_on_any_threads(&WeightedMajority::wawa(), &votes);
    same_on_any_threads(&DawidSkene::new().smoothing(0.01), &votes);
    same_on_any_threads(&Glad::new().iterations(5), &votes);
    same_on_any_threads(&Mace::new().restarts(2).iterations(5), &votes);
}

#[test]
fn a_thousand_votes_for_an_item_do_not_underflow() {
    let votes: Vec<_> = (0..6u32)
        .flat_map(|i| (0..1000u32).map(move |a| (i, a, if a % 3 == 0 { (i + 1) % 3 } else { i % 3 })))
        .collect();
    let votes = Annotations::from_codes(6, 1000, 3, &votes).unwrap();
    let right: Vec<_> = (0..6u32).map(|i| Some(i % 3)).collect();
    let ds = DawidSkene::new().smoothing(0.5).fit(&votes).unwrap();
    assert_eq!(ds.posterior().labels(), right);
    assert!(ds.log_likelihood().is_finite() && ds.log_likelihood() < -1000.0);
    let glad = Glad::new().fit(&votes).unwrap();
    assert_eq!(glad.posterior().labels(), right);
    assert!(glad.ability(0) < glad.ability(1) && glad.log_posteriors().iter().all(|p| p.is_finite()));
    for p in [ds.posterior(), glad.posterior()] {
        for i in 0..6 {
            let row = p.row(i).unwrap();
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
        }
    }
}

#[test]
fn likelihoods_never_fall() {
    for seed in 0..4 {
        let votes = random(seed, 60, 7, 3);
        let ds = DawidSkene::new().tolerance(0.0).iterations(60).fit(&votes).unwrap();
        let glad = Glad::new().tolerance(0.0).iterations(60).fit(&votes).unwrap();
        for trace in [ds.log_likelihoods(), glad.log_posteriors()] {
            assert!(trace.windows(2).all(|w| w[1] >= w[0] - 1e-9 * w[0].abs()), "{trace:?}");
            assert!(trace[trace.len() - 1] > trace[0]);
        }
    }
}

#[test]
fn a_difficult_item_and_an_annotator_who_says_the_opposite() {
    let votes: Vec<_> = (0..40u32)
        .flat_map(|i| (0..6u32).map(move |a| (i, a, (i % 2) ^ u32::from(a == 5) ^ u32::from(i == 39 && a < 2))))
        .collect();
    let m = Glad::new().fit(&Annotations::from_codes(40, 6, 2, &votes).unwrap()).unwrap();
    assert!(m.ability(5) < 0.0 && m.ability(2) > 1.0, "{:?}", m.abilities());
    assert!(m.difficulty(39) > 1.2 * m.difficulty(0), "{} {}", m.difficulty(39), m.difficulty(0));
    assert!(m.accuracy(5, 0) < 0.1 && m.accuracy(2, 0) > 0.9);
}

#[test]
fn priors_of_labels_are_used() {
    let votes =
        Annotations::from_triples([("i", "a", "x"), ("i", "b", "y"), ("j", "a", "x"), ("j", "b", "x")]).unwrap();
    let prior = |x: f64, y: f64| vec![("x".to_owned(), x), ("y".to_owned(), y)];
    for (x, y, best) in [(9.0, 1.0, 0), (1.0, 9.0, 1)] {
        let ds = DawidSkene::new()
            .iterations(1)
            .smoothing(1.0)
            .class_prior(ClassPrior::Fixed(prior(x, y)))
            .fit(&votes)
            .unwrap();
        assert_eq!(ds.posterior().best(0).unwrap().label, best);
        assert!((ds.class_priors()[0] - x / 10.0).abs() < 1e-15);
        let glad = Glad::new().class_prior(prior(x, y)).fit(&votes).unwrap();
        assert_eq!(glad.posterior().best(0).unwrap().label, best);
    }
    let glad = Glad::new().class_prior(prior(0.0, 1.0)).fit(&votes).unwrap();
    assert_eq!(glad.posterior().row(1).unwrap(), [0.0, 1.0]);
    let uniform = DawidSkene::new().class_prior(ClassPrior::Uniform).fit(&votes).unwrap();
    assert_eq!(uniform.class_priors(), [0.5, 0.5]);
}

#[test]
fn runs_can_be_stopped_and_tell_when_they_do_not_converge() {
    let votes = random(1, 300, 6, 3);
    let token = CancelToken::new();
    token.cancel();
    let mut cx = Context::new().cancel(&token);
    assert!(matches!(DawidSkene::new().fit_with(&votes, &mut cx), Err(Error::Cancelled(_))));
    assert!(matches!(Glad::new().fit_with(&votes, &mut cx), Err(Error::Cancelled(_))));
    assert!(matches!(MajorityVote::new().fit_with(&votes, &mut cx), Err(Error::Cancelled(_))));
    let mut calls = 0;
    let mut stop = |_: &planisphere_core::Event<'_>| {
        calls += 1;
        if calls > 2 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    };
    let stopped = DawidSkene::new().tolerance(0.0).fit_with(&votes, &mut Context::new().observer(&mut stop));
    assert!(matches!(stopped, Err(Error::Cancelled(_))));
    let mut cx = Context::new();
    assert!(!Glad::new().iterations(1).fit_with(&votes, &mut cx).unwrap().is_converged());
    assert!(!DawidSkene::new().iterations(2).fit_with(&votes, &mut cx).unwrap().is_converged());
    let warnings: Vec<_> = cx.report().warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "GLAD stopped after 1 iterations before it met its tolerance",
            "Dawid-Skene stopped after 2 iterations before it met its tolerance"
        ]
    );
}

#[test]
fn models_know_better_than_the_majority() {
    // Three annotators who know, and nine who say the same more often than not, whatever the item.
    let rng = planisphere_core::CounterRng::new(9, "guess");
    let vote = |i: u32, a: u32| if a < 3 { i % 4 } else { rng.at(0, i.into()).below(a.into(), 6) % 4 };
    let votes: Vec<_> = (0..200u32).flat_map(|i| (0..12u32).map(move |a| (i, a, vote(i, a)))).collect();
    let votes = Annotations::from_codes(200, 12, 4, &votes).unwrap();
    let right = |labels: &[Option<u32>]| (0u32..).zip(labels).filter(|(i, l)| **l == Some(i % 4)).count();
    let majority = right(&MajorityVote::new().fit(&votes).unwrap().labels(Ties::First));
    let known = WeightedMajority::new((0..12).map(|a| (a.to_string(), if a < 3 { 4.0 } else { 1.0 })));
    assert!((100..180).contains(&majority), "{majority}");
    let [wawa, known] = [WeightedMajority::wawa(), known].map(|w| right(&w.fit(&votes).unwrap().posterior().labels()));
    let ds = right(&DawidSkene::new().fit(&votes).unwrap().posterior().labels());
    let glad = right(&Glad::new().fit(&votes).unwrap().posterior().labels());
    assert!(known == 200 && ds == 200 && glad == 200, "{known} {ds} {glad}");
    assert!(wawa > majority, "{wawa} {majority}");
}
