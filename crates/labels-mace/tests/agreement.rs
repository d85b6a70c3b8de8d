//! Measures of agreement against published values and other programs.

mod support;

use planisphere_core::{Context, Threads};
use planisphere_labels_mace::{
    Annotations, Bootstrap, CohenKappa, FleissKappa, Krippendorff, LabelOrder, Level, Weighting,
};
use serde_json::Value;
use support::*;

/// Rows of annotators.
fn table(rows: &Value) -> Annotations {
    let mut votes = Annotations::new();
    for (a, row) in rows.as_array().unwrap().iter().enumerate() {
        for (i, label) in row.as_array().unwrap().iter().enumerate().filter(|(_, l)| !l.is_null()) {
            votes.push(&format!("i{i}"), &format!("a{a}"), &label.to_string()).unwrap();
        }
    }
    votes
}

fn levels() -> [(&'static str, Level); 4] {
    [
        ("nominal", Level::Nominal),
        ("ordinal", Level::Ordinal(LabelOrder::Numeric)),
        ("interval", Level::Interval),
        ("ratio", Level::Ratio),
    ]
}

#[test]
fn alpha_as_published_and_as_the_python_package() {
    let golden = golden();
    let sets = golden["agreement"]["krippendorff"].as_array().unwrap();
    assert_eq!(sets.len(), 2);
    for set in sets {
        let votes = table(&set["rows"]);
        for (name, level) in levels() {
            let m = Krippendorff::new(level).measure(&votes).unwrap();
            close(&[m.alpha.unwrap()], &[set["alpha"][name].as_f64().unwrap()], 1e-11);
            close(&[m.alpha.unwrap()], &[1.0 - m.observed / m.expected], 1e-12);
        }
    }
    // Krippendorff 2011.
    let published = table(&sets[0]["rows"]);
    let alphas = levels().map(|(_, level)| Krippendorff::new(level).measure(&published).unwrap().alpha.unwrap());
    close(&alphas, &[0.743, 0.815, 0.849, 0.797], 5e-4);
    let given = Level::Ordinal(LabelOrder::given(["1", "2", "3", "4", "5"]));
    assert_eq!(Krippendorff::new(given).measure(&published).unwrap().alpha, Some(alphas[1]));
}

/// By the definition: a coincidence matrix, and distances of all pairs of values.
fn alpha_by_matrix(votes: &Annotations, level: &Level) -> f64 {
    let values: Vec<f64> = votes.labels().map(|l| l.parse().unwrap()).collect();
    let n = values.len();
    let mut o = vec![vec![0.0; n]; n];
    let (offsets, by_item) = votes.by_item();
    for r in offsets.windows(2).filter(|r| r[1] - r[0] > 1) {
        let unit = &by_item[r[0]..r[1]];
        for (i, v) in unit.iter().enumerate() {
            for (j, w) in unit.iter().enumerate() {
                if i != j {
                    o[v.label as usize][w.label as usize] += 1.0 / (unit.len() - 1) as f64;
                }
            }
        }
    }
    let counts: Vec<f64> = o.iter().map(|row| row.iter().sum()).collect();
    let total: f64 = counts.iter().sum();
    let distance = |c: usize, k: usize| match level {
        Level::Nominal => f64::from(u8::from(c != k)),
        Level::Interval => (values[c] - values[k]).powi(2),
        Level::Ratio => ((values[c] - values[k]) / (values[c] + values[k])).powi(2),
        _ => {
            let (low, high) = (values[c].min(values[k]), values[c].max(values[k]));
            let between: f64 = (0..n).filter(|&g| (low..=high).contains(&values[g])).map(|g| counts[g]).sum();
            (between - (counts[c] + counts[k]) / 2.0).powi(2)
        }
    };
    let (mut observed, mut expected) = (0.0, 0.0);
    for c in 0..n {
        for k in (0..n).filter(|&k| k != c) {
            observed += o[c][k] * distance(c, k);
            expected += counts[c] * counts[k] * distance(c, k);
        }
    }
    1.0 - (total - 1.0) * observed / expected
}

#[test]
fn alpha_is_what_the_coincidence_matrix_gives() {
    for seed in 0..5 {
        let votes = random(seed, 50, 6, 7);
        for (name, level) in levels() {
            let got = Krippendorff::new(level.clone()).measure(&votes).unwrap().alpha.unwrap();
            let want = alpha_by_matrix(&votes, &level);
            assert!((got - want).abs() < 1e-11, "{name}: {got} {want}");
        }
    }
}

#[test]
fn an_interval_holds_alpha_and_narrows() {
    let width = |items| {
        let votes = random(3, items, 5, 4);
        let k = Krippendorff::default();
        let alpha = k.measure(&votes).unwrap().alpha.unwrap();
        let i = k.interval(&votes, &Bootstrap::new().samples(400)).unwrap().unwrap();
        assert!(i.low < alpha && alpha < i.high && i.samples == 400, "{alpha} {i:?}");
        i.high - i.low
    };
    let (few, many) = (width(40), width(640));
    // Four times as exact with sixteen times as many items.
    assert!((2.5..6.5).contains(&(few / many)), "{few} {many}");
}

#[test]
fn an_interval_is_the_same_on_any_threads() {
    let votes = random(4, 100, 5, 4);
    let on = |n| {
        let of =
            |seed| Krippendorff::default().interval(&votes, &Bootstrap::new().samples(50).seed(seed)).unwrap().unwrap();
        Context::new().threads(Threads::Exactly(n)).run(|_| (of(1), of(2))).unwrap()
    };
    let one = on(1);
    assert_ne!(one.0, one.1);
    assert_eq!(on(3), one);
}

#[test]
fn fleiss_as_published() {
    let golden = golden();
    let mut votes = Annotations::new();
    for (i, row) in golden["agreement"]["fleiss_table"].as_array().unwrap().iter().enumerate() {
        let mut a = 0;
        for (label, n) in numbers(row).into_iter().enumerate() {
            for _ in 0..n as usize {
                votes.push(&i.to_string(), &a.to_string(), &label.to_string()).unwrap();
                a += 1;
            }
        }
        assert_eq!(a, 14);
    }
    let m = FleissKappa::new().measure(&votes).unwrap();
    close(&[m.kappa.unwrap(), m.observed, m.expected], &[0.210, 0.378, 0.213], 5e-4);
    let general = FleissKappa::new().unequal(true).measure(&votes).unwrap();
    close(&[general.kappa.unwrap()], &[m.kappa.unwrap()], 1e-14);
}

#[test]
fn fleiss_of_unequal_numbers_as_irr_cac() {
    let golden = golden();
    let votes = table(&golden["agreement"]["krippendorff"][1]["rows"]);
    assert!(FleissKappa::new().measure(&votes).is_err());
    let m = FleissKappa::new().unequal(true).measure(&votes).unwrap();
    close(&[m.kappa.unwrap()], &[golden["agreement"]["fleiss_unequal"].as_f64().unwrap()], 1e-5);
    close(&[m.kappa.unwrap()], &[golden["agreement"]["fleiss_unequal_by_hand"].as_f64().unwrap()], 1e-11);
}

#[test]
fn cohen_as_scikit_learn() {
    let golden = golden();
    let votes = table(&golden["agreement"]["krippendorff"][1]["rows"]);
    let weightings = [
        ("None", Weighting::Equal),
        ("linear", Weighting::Linear(LabelOrder::Numeric)),
        ("quadratic", Weighting::Quadratic(LabelOrder::Numeric)),
    ];
    for (name, weighting) in weightings {
        let kappa = CohenKappa::new(weighting);
        let pairs = kappa.pairs(&votes).unwrap();
        let want = golden["agreement"]["cohen"].as_array().unwrap();
        assert_eq!(pairs.len(), want.len());
        for want in want {
            let names = numbers(&want["pair"]).iter().map(|n| format!("a{n}")).collect::<Vec<_>>();
            let pair = kappa.pair(&votes, &names[0], &names[1]).unwrap();
            assert_eq!(pair.items as u64, want["items"].as_u64().unwrap());
            close(&[pair.kappa.unwrap()], &[want["kappa"][name].as_f64().unwrap()], 1e-11);
            close(&[pair.kappa.unwrap()], &[(pair.observed - pair.expected) / (1.0 - pair.expected)], 1e-11);
            let turned = kappa.pair(&votes, &names[1], &names[0]).unwrap();
            close(&[turned.kappa.unwrap()], &[pair.kappa.unwrap()], 1e-14);
            // Pairs are those of the numbers of annotators, which are in the order of their names or not.
            let [a, b] = pair.annotators.into();
            let listed = pairs.iter().find(|p| p.annotators == (a.min(b), a.max(b))).unwrap();
            close(&[listed.kappa.unwrap()], &[pair.kappa.unwrap()], 1e-14);
        }
    }
}

#[test]
fn agreement_does_not_hang_on_names_or_order() {
    for seed in 0..3 {
        let votes = random(seed, 60, 7, 4);
        let other = shuffled(&votes, seed);
        let alpha = |v| Krippendorff::default().measure(v).unwrap().alpha.unwrap();
        close(&[alpha(&other)], &[alpha(&votes)], 1e-13);
        let fleiss = |v| FleissKappa::new().unequal(true).measure(v).unwrap().kappa.unwrap();
        close(&[fleiss(&other)], &[fleiss(&votes)], 1e-13);
        let kappas = |v: &Annotations| {
            let mut k: Vec<f64> = CohenKappa::default().pairs(v).unwrap().iter().filter_map(|p| p.kappa).collect();
            k.sort_by(f64::total_cmp);
            k
        };
        close(&kappas(&other), &kappas(&votes), 1e-13);
    }
}

#[test]
fn labels_that_are_no_numbers_are_named() {
    let votes = Annotations::from_triples([("i", "a", "1"), ("i", "b", "two")]).unwrap();
    let e = Krippendorff::new(Level::Interval).measure(&votes).unwrap_err();
    assert_eq!(e.to_string(), r#"label "two" is not a finite number"#);
    assert!(CohenKappa::new(Weighting::Linear(LabelOrder::Numeric)).pairs(&votes).is_err());
    let e = Krippendorff::new(Level::Ordinal(LabelOrder::given(["1"]))).measure(&votes).unwrap_err();
    assert_eq!(e.to_string(), r#"label "two" is not in the order of labels"#);
}
