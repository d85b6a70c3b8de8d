//! MACE against the original, against the formulas, and under renaming.

mod common;

use common::{accuracy, gold, matrix};
use planisphere_core::{CancelToken, Context, Threads};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_labels_mace::{Annotations, Error, Mace, MaceModel, MaceStream, Method, Start};
use proptest::prelude::*;
use serde_json::Value;

fn traces() -> serde_json::Map<String, Value> {
    serde_json::from_str(include_str!("golden/mace.json")).unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn mace_of(case: &Value) -> Mace {
    let method = match case["method"].as_str().unwrap() {
        "em" => Method::EM,
        _ => Method::VariationalBayes {
            alpha: case["alpha"].as_f64().unwrap(),
            beta: case["beta"].as_f64().unwrap(),
            strategy_prior: 10.0,
        },
    };
    let controls =
        case["controls"].as_object().unwrap().iter().map(|(i, l)| (i.clone(), l.as_str().unwrap().to_owned()));
    let mace = Mace::new().method(method).restarts(1).start(Start::Uniform).controls(controls);
    match case["priors"].as_object() {
        Some(p) => mace.priors(p.iter().map(|(l, w)| (l.clone(), w.as_f64().unwrap()))),
        None => mace,
    }
}

#[track_caller]
fn close(what: &str, got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{what}: {got} is not {want}");
}

#[test]
fn traces_of_the_original() {
    for (name, case) in traces() {
        let votes = matrix(case["data"].as_str().unwrap());
        let mace = mace_of(&case);
        for (n, want) in case["log_likelihoods"].as_object().unwrap() {
            let model = mace.clone().iterations(n.parse().unwrap()).fit(&votes).unwrap();
            close(&format!("{name} after {n}"), model.log_likelihood(), want.as_f64().unwrap());
        }
        let model = mace.fit(&votes).unwrap();
        for (a, want) in numbers(&case["competence"]).into_iter().enumerate() {
            close(&format!("{name}: competence of {a}"), model.competence()[a], want);
        }
        for (a, want) in case["guesses"].as_array().unwrap().iter().enumerate() {
            let got = model.guesses(a as u32).unwrap();
            for (l, want) in numbers(want).into_iter().enumerate() {
                close(&format!("{name}: guess {l} of {a}"), got[l], want);
            }
        }
        let posterior = model.posterior();
        let labels = |v: &Value| -> Vec<Option<String>> {
            let text = |x: &Value| Some(x.as_str().unwrap().to_owned()).filter(|s| !s.is_empty());
            v.as_array().unwrap().iter().map(text).collect()
        };
        let names = |l: Vec<Option<u32>>| -> Vec<Option<String>> {
            l.into_iter().map(|l| l.map(|l| votes.label(l).to_owned())).collect()
        };
        assert_eq!(names(posterior.labels()), labels(&case["predictions"]), "{name}");
        assert_eq!(names(posterior.labels_below(0.5).unwrap()), labels(&case["sure_half"]), "{name}");
        for (i, want) in case["entropies"].as_array().unwrap().iter().enumerate() {
            match (posterior.entropy(i), want.as_f64()) {
                (Some(got), Some(want)) => close(&format!("{name}: entropy of {i}"), got, want),
                (got, want) => assert_eq!((got, want), (None, None), "{name}: entropy of {i}"),
            }
        }
        for (i, want) in case["marginals"].as_array().unwrap().iter().enumerate() {
            match (posterior.row(i), want) {
                (None, Value::Null) => {}
                (Some(got), want) => {
                    assert!((got.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                    for (l, want) in numbers(want).into_iter().enumerate() {
                        close(&format!("{name}: label {l} of {i}"), got[l], want);
                    }
                }
                (None, _) => panic!("{name}: nothing is known of {i}"),
            }
        }
    }
}

/// The cases whose data is that of the original. `PLANISPHERE_DATA` names the folder.
#[test]
fn accuracy_on_the_data_of_the_original() {
    for (name, method, want) in [
        ("example", Method::VB, 0.81),
        ("example", Method::EM, 0.80),
        ("temporal", Method::VB, 0.94156),
        ("temporal", Method::EM, 0.94156),
    ] {
        let Some((votes, gold)) = gold(name, "accuracy_on_the_data_of_the_original") else { return };
        let model = Mace::new().method(method).fit(&votes).unwrap();
        let got = accuracy(&votes, &model.posterior().labels(), &gold);
        assert!((got - want).abs() < 5e-6, "{name} {method:?}: {got}");
    }
}

/// MF-10.
#[test]
fn continuous_values_of_the_original() {
    let Some((votes, gold)) = gold("example", "continuous_values_of_the_original") else { return };
    let model = Mace::new().fit(&votes).unwrap();
    let values = planisphere_labels_mace::weighted_values(&votes, model.competence()).unwrap();
    let errors: Vec<f64> =
        values.iter().zip(&gold).map(|(v, g)| (v.unwrap().mean - g.parse::<f64>().unwrap()).powi(2)).collect();
    let rmse = (errors.iter().sum::<f64>() / errors.len() as f64).sqrt();
    assert!((rmse - 0.752).abs() < 0.002, "{rmse}");
}

#[test]
fn fixed_points_of_the_original() {
    for (name, method, want) in [
        ("example", Method::VB, -1213.6704224910432),
        ("example", Method::EM, -1081.4233091600474),
        ("temporal", Method::VB, -1379.4150568383295),
        ("temporal", Method::EM, -1259.2830887408607),
    ] {
        let Some((votes, _)) = gold(name, "fixed_points_of_the_original") else { return };
        let model = Mace::new().method(method).iterations(1000).fit(&votes).unwrap();
        assert!((model.log_likelihood() - want).abs() < 1e-6, "{name} {method:?}: {}", model.log_likelihood());
    }
}

/// MC-01 … MC-11: traces on the data of the original. Values of the Python port, from a uniform start.
#[test]
fn traces_on_the_data_of_the_original() {
    let cases = [
        (
            "example",
            Method::VB,
            [-1424.7584269153324, -1294.3047957237013, -1256.4469034032245, -1214.4453373848469],
            0.81,
        ),
        (
            "example",
            Method::EM,
            [-1424.7584269153324, -1170.9775397797941, -1123.8248304367717, -1081.4924794881401],
            0.80,
        ),
        (
            "temporal",
            Method::VB,
            [-2880.8889976821197, -1882.9867862664742, -1405.0249420800676, -1379.5787123289206],
            0.9437229437229437,
        ),
    ];
    for (name, method, want, right) in cases {
        let Some((votes, gold)) = gold(name, "traces_on_the_data_of_the_original") else { return };
        let mace = Mace::new().method(method).restarts(1).start(Start::Uniform);
        for (n, want) in [0, 1, 5, 50].into_iter().zip(want) {
            close(name, mace.clone().iterations(n).fit(&votes).unwrap().log_likelihood(), want);
        }
        let labels = mace.fit(&votes).unwrap().posterior().labels();
        assert!((accuracy(&votes, &labels, &gold) - right).abs() < 1e-12, "{name}");
    }
}

/// MC-22 and MC-23: an annotator who always says the same is not trusted for being right by luck.
#[test]
fn luck_is_not_knowledge() {
    let votes = matrix("0,0,0\n1,1,1\n0,0,0\n1,1,1\n0,0,0\n");
    let model = Mace::new().fit(&votes).unwrap();
    assert_eq!(model.posterior().labels(), [0, 1, 0, 1, 0].map(Some));
    assert!(model.competence().iter().all(|c| (c - 0.88996).abs() < 1e-5), "{:?}", model.competence());

    let votes = matrix(&"0,0,0,0\n1,1,1,0\n".repeat(4));
    let model = Mace::new().fit(&votes).unwrap();
    assert_eq!(model.posterior().labels(), [0, 1, 0, 1, 0, 1, 0, 1].map(Some));
    for (got, want) in model.competence().iter().zip([0.928665, 0.928665, 0.928665, 0.041831]) {
        assert!((got - want).abs() < 1e-5, "{:?}", model.competence());
    }
}

/// Votes of annotators of all competences, by (item, annotator, label), from a seed.
fn simulated(items: u32, annotators: u32, labels: u32, each: u32, seed: u64) -> (Vec<(u32, u32, u32)>, Vec<f64>) {
    let rng = planisphere_core::CounterRng::new(seed, "simulated votes");
    let competence: Vec<f64> = (0..annotators).map(|a| f64::from(rng.at(0, u64::from(a)).unit(0))).collect();
    let mut votes = Vec::new();
    for i in 0..items {
        let draws = rng.at(1, u64::from(i));
        let truth = draws.below(0, labels);
        for v in 0..each {
            let a = (draws.below(1, annotators) + v * (annotators / each)) % annotators;
            let knows = f64::from(draws.unit(2 + 2 * u64::from(v))) < competence[a as usize];
            votes.push((i, a, if knows { truth } else { draws.below(3 + 2 * u64::from(v), labels) }));
        }
    }
    (votes, competence)
}

fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(x, y)| f(x - ma, y - mb)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

#[test]
fn competence_is_recovered() {
    let (codes, competence) = simulated(5000, 50, 4, 8, 1);
    let votes = Annotations::from_codes(5000, 50, 4, &codes).unwrap();
    for method in [Method::VB, Method::EM] {
        let model = Mace::new().method(method).fit(&votes).unwrap();
        let r = pearson(model.competence(), &competence);
        assert!(r > 0.99, "{method:?}: {r}");
    }
}

fn same(a: &MaceModel, b: &MaceModel) -> bool {
    let bits = |m: &MaceModel| -> Vec<u64> {
        let posterior = m.posterior();
        let rows = (0..posterior.n_items()).flat_map(|i| posterior.row(i).unwrap_or_default());
        m.competence().iter().copied().chain(rows).chain([m.log_likelihood()]).map(f64::to_bits).collect()
    };
    bits(a) == bits(b)
}

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

/// Renamed and shuffled votes. What was item, annotator or label `n` is the one at place `n` of the lists that come back.
fn renamed(codes: &[(u32, u32, u32)], counts: [u32; 3], seed: u64) -> (Annotations, [Vec<u32>; 3]) {
    let rng = |what: &str| planisphere_core::CounterRng::new(seed, what);
    let order = |what: &str, n: u32| {
        let mut order: Vec<u32> = (0..n).collect();
        rng(what).shuffle(&mut order);
        order
    };
    let mut codes = codes.to_vec();
    rng("votes").shuffle(&mut codes);
    let mut votes = Annotations::new();
    let maps = [order("items", counts[0]), order("annotators", counts[1]), order("labels", counts[2])];
    for i in order("i", counts[0]) {
        votes.add_item(&format!("item {}", maps[0][i as usize])).unwrap();
    }
    for a in order("a", counts[1]) {
        votes.add_annotator(&format!("who {}", maps[1][a as usize])).unwrap();
    }
    for l in order("l", counts[2]) {
        votes.add_label(&format!("what {}", maps[2][l as usize])).unwrap();
    }
    for (i, a, l) in codes {
        let name = |what: &str, k: usize, n: u32| format!("{what} {}", maps[k][n as usize]);
        votes.push(&name("item", 0, i), &name("who", 1, a), &name("what", 2, l)).unwrap();
    }
    let places = [
        (0..counts[0]).map(|n| votes.item_index(&format!("item {}", maps[0][n as usize])).unwrap()).collect(),
        (0..counts[1]).map(|n| votes.annotator_index(&format!("who {}", maps[1][n as usize])).unwrap()).collect(),
        (0..counts[2]).map(|n| votes.label_index(&format!("what {}", maps[2][n as usize])).unwrap()).collect(),
    ];
    (votes, places)
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

/// The formulas of the specification as they stand there, in logarithms.
fn by_formula(votes: &Annotations, em: bool, n: usize, controls: &[Option<u32>], priors: &[f64]) -> (Vec<f64>, f64) {
    let (n_annotators, n_labels) = (votes.n_annotators(), votes.n_labels());
    let (offsets, by_item) = votes.by_item();
    let mut s = vec![[0.5, 0.5]; n_annotators];
    let mut theta = vec![vec![1.0 / n_labels as f64; n_labels]; n_annotators];
    let mut likelihood = 0.0;
    for step in 0..=n {
        let mut know = vec![[0.0f64; 2]; n_annotators];
        let mut strategy = vec![vec![0.0f64; n_labels]; n_annotators];
        likelihood = 0.0;
        for i in 0..votes.n_items() {
            let item = &by_item[offsets[i]..offsets[i + 1]];
            if item.is_empty() {
                continue;
            }
            let log: Vec<f64> = (0..n_labels)
                .map(|l| match controls[i] {
                    Some(c) if c as usize != l => f64::NEG_INFINITY,
                    _ => item.iter().fold(priors[l].ln(), |sum, v| {
                        let (a, given) = (v.annotator as usize, v.label as usize);
                        sum + (s[a][0] * theta[a][given] + if given == l { s[a][1] } else { 0.0 }).ln()
                    }),
                })
                .collect();
            let top = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = log.iter().map(|p| (p - top).exp()).sum();
            likelihood += top + sum.ln();
            for v in item {
                let (a, given) = (v.annotator as usize, v.label as usize);
                let p = (log[given] - top).exp() / sum;
                let known = p * s[a][1] / (s[a][0] * theta[a][given] + s[a][1]);
                know[a][1] += known;
                know[a][0] += 1.0 - known;
                strategy[a][given] += 1.0 - known;
            }
        }
        if step == n {
            break;
        }
        let psi = |x: f64| {
            let (mut x, mut sum) = (x, 0.0);
            while x < 30.0 {
                sum -= 1.0 / x;
                x += 1.0;
            }
            sum + x.ln() - 0.5 / x - 1.0 / (12.0 * x * x) + 1.0 / (120.0 * x.powi(4)) - 1.0 / (252.0 * x.powi(6))
        };
        let row = |counts: &[f64], prior: f64| -> Vec<f64> {
            let counts: Vec<f64> = counts.iter().map(|c| c + prior).collect();
            let sum: f64 = counts.iter().sum();
            counts.iter().map(|&c| if em { c / sum } else { (psi(c) - psi(sum)).exp() }).collect()
        };
        for a in 0..n_annotators {
            let smoothing = 0.01 / n_labels as f64;
            let pair = row(&know[a], if em { smoothing } else { 0.5 });
            s[a] = [pair[0], pair[1]];
            theta[a] = row(&strategy[a], if em { smoothing } else { 10.0 });
        }
    }
    (s.iter().map(|s| s[1]).collect(), likelihood)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sweeps_are_the_formulas(
        codes in prop::collection::btree_map((0u32..20, 0u32..9), 0u32..4, 1..120),
        known in prop::collection::vec(prop::option::weighted(0.2, 0u32..4), 20),
        weights in prop::option::of(prop::collection::vec(0.1f64..3.0, 4)),
        em in any::<bool>(),
    ) {
        let codes: Vec<(u32, u32, u32)> = codes.into_iter().map(|((i, a), l)| (i, a, l)).collect();
        let votes = Annotations::from_codes(20, 9, 4, &codes).unwrap();
        let priors: Vec<f64> = weights.clone().map_or(vec![0.25; 4], |w| w.iter().map(|x| x / w.iter().sum::<f64>()).collect());
        let (competence, likelihood) = by_formula(&votes, em, 6, &known, &priors);
        let mut mace = Mace::new()
            .method(if em { Method::EM } else { Method::VB })
            .start(Start::Uniform)
            .restarts(1)
            .iterations(6)
            .controls(known.iter().enumerate().filter_map(|(i, l)| Some((i.to_string(), (*l)?.to_string()))));
        if let Some(w) = &weights {
            mace = mace.priors(w.iter().enumerate().map(|(l, &w)| (l.to_string(), w)));
        }
        let model = mace.fit(&votes).unwrap();
        prop_assert!((model.log_likelihood() - likelihood).abs() < 1e-9 * likelihood.abs().max(1.0));
        let (_, by_annotator) = votes.by_annotator();
        for (a, want) in competence.iter().enumerate() {
            // The formulas say 0/0 of somebody without votes.
            if by_annotator.iter().any(|v| v.annotator as usize == a) || !em {
                prop_assert!((model.competence()[a] - want).abs() < 1e-9, "{} {}", model.competence()[a], want);
            }
        }
        for (i, known) in known.iter().enumerate() {
            if let Some(row) = model.posterior().row(i) {
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12 && row.iter().all(|p| (0.0..=1.0).contains(p)));
                if let Some(c) = known {
                    prop_assert_eq!(row[*c as usize], 1.0);
                }
            }
        }
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
fn refined_from_before() {
    let (codes, _) = simulated(400, 15, 3, 6, 4);
    let old: Vec<_> = codes.iter().copied().filter(|c| c.0 < 380 && c.1 != 14).collect();
    let before = Annotations::from_codes(380, 14, 3, &old).unwrap();
    let mut votes = before.clone();
    for &(i, a, l) in codes.iter().filter(|c| c.0 >= 380 || c.1 == 14) {
        votes.push(&i.to_string(), &a.to_string(), &l.to_string()).unwrap();
    }
    let mace = Mace::new().iterations(200);
    let earlier = mace.fit(&before).unwrap();
    let full = mace.fit(&votes).unwrap();
    let refined = Mace::new().iterations(5).refine(&votes, &earlier).unwrap();
    assert_eq!(refined.restarts().len(), 1);
    let far =
        |m: &MaceModel| m.competence().iter().zip(full.competence()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let more = mace.refine(&votes, &refined).unwrap();
    assert!(far(&refined) < 0.03 && far(&more) < 1e-6, "{} {}", far(&refined), far(&more));
    let agree = (0..400).filter(|&i| {
        refined.posterior().best(i).map(|b| votes.label(b.label))
            == full.posterior().best(i).map(|b| votes.label(b.label))
    });
    assert!(agree.count() >= 396);
    // By names: the same votes in another order are refined to the same model.
    let (other, places) = renamed(&codes, [400, 15, 3], 9);
    let mut named = Annotations::new();
    let name = |place: &[u32], n: u32| place.iter().position(|&p| p == n).unwrap().to_string();
    for v in other.votes() {
        named.push(&name(&places[0], v.item), &name(&places[1], v.annotator), &name(&places[2], v.label)).unwrap();
    }
    let again = Mace::new().iterations(5).refine(&named, &earlier).unwrap();
    for a in 0..15 {
        let there = named.annotator_index(&a.to_string()).unwrap() as usize;
        assert_eq!(again.competence()[there].to_bits(), refined.competence()[a].to_bits());
    }
    // Fewer annotators than were known.
    assert_eq!(mace.refine(&before, &full).unwrap().competence().len(), 14);
}

/// The sweeps of a stream are the iterations of a fit.
#[test]
fn a_stream_ends_where_a_fit_does() {
    let (codes, _) = simulated(300, 12, 4, 5, 6);
    for method in [Method::VB, Method::EM] {
        let mace = Mace::new().method(method).controls([("3", "1"), ("8", "0")]);
        let (first, later) = codes.split_at(codes.len() * 9 / 10);
        let mut stream = MaceStream::fit(mace.clone(), Annotations::from_codes(300, 12, 4, first).unwrap()).unwrap();
        for &(i, a, l) in later {
            stream.push(&i.to_string(), &a.to_string(), &l.to_string()).unwrap();
        }
        assert!(stream.changed().count() > 20);
        stream.update();
        assert_eq!(stream.changed().count(), 0);
        let after_update = stream.model().unwrap();
        stream.sweep(1000);
        let got = stream.model().unwrap();
        let want = mace.clone().iterations(1000).refine(stream.annotations(), &after_update).unwrap();
        assert!((got.log_likelihood() - want.log_likelihood()).abs() < 1e-8 * want.log_likelihood().abs());
        for a in 0..12 {
            assert!((got.competence()[a] - want.competence()[a]).abs() < 1e-6);
            assert_eq!(stream.competence(a as u32), Some(got.competence()[a]));
        }
        for i in 0..300 {
            let best = stream.best(i).unwrap();
            let of_model = got.posterior().best(i as usize).unwrap();
            assert!((best.probability - of_model.probability).abs() < 1e-6 && best.label == of_model.label);
            assert!((stream.entropy(i).unwrap() - got.posterior().entropy(i as usize).unwrap()).abs() < 1e-6);
        }
        // Before the sweeps, what was updated is close already.
        let full = mace.fit(stream.annotations()).unwrap();
        let same = (0..300).filter(|&i| after_update.posterior().labels()[i] == full.posterior().labels()[i]).count();
        assert!(same >= 290, "{same}");
    }
}

#[test]
fn a_stream_follows_what_is_changed() {
    let mut stream = MaceStream::fit(Mace::new(), matrix("x,x,x\ny,y,y\nx,x,y\n")).unwrap();
    stream.set("2", "2", "x").unwrap();
    stream.push("new", "3", "z").unwrap();
    stream.update();
    stream.sweep(100);
    let direct = matrix("x,x,x,\ny,y,y,\nx,x,x,\n,,,z\n");
    let want = Mace::new().iterations(400).fit(&direct).unwrap();
    let got = stream.model().unwrap();
    assert!(
        (got.log_likelihood() - want.log_likelihood()).abs() < 1e-6,
        "{} {}",
        got.log_likelihood(),
        want.log_likelihood()
    );
    assert_eq!(stream.best(3).map(|b| b.label), stream.annotations().label_index("z"));
    assert_eq!((stream.competence(9), stream.entropy(9), stream.best(9)), (None, None, None));
    // Priors are of known labels.
    let mut stream = MaceStream::fit(Mace::new().priors([("x", 1.0), ("y", 1.0)]), matrix("x,y\ny,y\n")).unwrap();
    assert!(matches!(stream.push("9", "0", "new"), Err(Error::MissingPrior { .. })));
    assert!(stream.push("9", "0", "x").is_ok());
}

#[test]
fn a_stream_knows_controls_priors_and_nothing() {
    // A label whose prior was given may come later.
    let mace = Mace::new().priors([("x", 1.0), ("y", 1.0), ("z", 8.0)]);
    let mut stream = MaceStream::fit(mace.clone(), matrix("x,y\ny,y\nx,x\n")).unwrap();
    stream.push("9", "0", "z").unwrap();
    stream.update();
    stream.sweep(50);
    let model = stream.model().unwrap();
    for i in 0..4 {
        assert!((stream.entropy(i).unwrap() - model.posterior().entropy(i as usize).unwrap()).abs() < 1e-9);
        assert_eq!(stream.best(i).unwrap().label, model.posterior().best(i as usize).unwrap().label);
    }
    // A control that nobody voted for is what the item is, and can be taken back.
    let mut stream = MaceStream::fit(Mace::new(), matrix("x,x\ny,y\nx,x\n")).unwrap();
    stream.set_control("0", Some("z")).unwrap();
    stream.update();
    let z = stream.annotations().label_index("z").unwrap();
    assert_eq!(
        (stream.best(0).unwrap().label, stream.best(0).unwrap().probability, stream.entropy(0)),
        (z, 1.0, Some(0.0))
    );
    assert_eq!(stream.model().unwrap().posterior().best(0).unwrap().label, z);
    stream.set_control("0", None).unwrap();
    stream.update();
    assert_eq!(stream.best(0).unwrap().label, 0);
    // What was pushed is not forgotten by no sweeps.
    stream.push("new", "0", "y").unwrap();
    stream.sweep(0);
    stream.update();
    assert!(stream.best(3).is_some());
    // From a model, before there are votes.
    let known = stream.model().unwrap();
    let mut empty = MaceStream::from_model(Mace::new(), Annotations::new(), &known).unwrap();
    assert!(empty.model().is_err());
    empty.push("first", "0", "x").unwrap();
    empty.update();
    assert!(empty.best(0).is_some());
    // Cancelled, and gone on with.
    empty.push("second", "0", "y").unwrap();
    let token = CancelToken::new();
    token.cancel();
    assert!(empty.update_with(&mut Context::new().cancel(&token)).is_err());
    assert!(empty.sweep_with(1, &mut Context::new().cancel(&token)).is_err());
    empty.update();
    assert!(empty.best(1).is_some());
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
