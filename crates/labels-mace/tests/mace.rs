//! MACE against the original, and against the formulas.

mod common;

use common::{accuracy, gold, matrix, simulated};
use planisphere_labels_mace::{Annotations, Mace, Method, Start};
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
        (
            "temporal",
            Method::EM,
            [-2880.8889976821197, -1760.5301390099673, -1291.6525112963257, -1259.2915645611981],
            0.9415584415584416,
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
