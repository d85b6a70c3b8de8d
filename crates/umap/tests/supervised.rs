//! Maps that follow a target, graphs without a map and arithmetic of graphs: against umap-learn 0.5.12
//! (`fixtures/golden/make_supervised.py`), the same bytes everywhere, and defined for every input.

use planisphere_core::{Context, CounterRng, Csr, KnnGraph, Matrix, Threads, Warning};
use planisphere_fixtures::{digits, golden_f32, golden_i32, golden_json};
use planisphere_kernels::{Simd, SimdLevel};
use planisphere_knn::{Exact, Metric};
use planisphere_umap::graph::{fuzzy_graph, intersect, reset_local_connectivity};
use planisphere_umap::{Error, Init, Labels, Target, Umap};

fn first_digits(n: u32) -> (Matrix, Vec<u32>) {
    let (x, labels) = digits();
    let labels = labels[..n as usize].iter().map(|l| l.parse().unwrap()).collect();
    (x.select(&(0..n).collect::<Vec<_>>()), labels)
}

fn noise(n: usize, d: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "supervised test").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64)).collect()).unwrap()
}

fn bits(m: &[f32]) -> Vec<u32> {
    m.iter().map(|v| v.to_bits()).collect()
}

fn supervised(umap: &Umap, x: &Matrix, target: Target<'_>) -> Csr {
    umap.graph_with(x, Some(target), &mut Context::new()).unwrap()
}

/// Checks that `graph` holds the edges of the golden keys (row · n + column, above the diagonal) and no others, with the
/// golden weights; and is symmetric to the last bit.
#[track_caller]
fn is_golden(graph: &Csr, keys: &[i32], weights: &[f32]) {
    assert_eq!(graph, &graph.transpose().unwrap());
    let n = graph.rows() as i32;
    assert_eq!(graph.nnz(), 2 * weights.iter().filter(|&&w| w > 0.0).count());
    assert!(keys.len() == weights.len() && keys.len() > 1000);
    for (&key, &want) in keys.iter().zip(weights) {
        let got = graph.get((key / n) as usize, (key % n) as u32);
        // Of tiny weights the logarithm is as exact: ln 1e-12 = −28.
        let tolerance = 1e-4 * want * want.max(f32::MIN_POSITIVE).ln().abs().max(1.0);
        assert!((got - want).abs() <= tolerance, "{} to {}: {got} is not {want}", key / n, key % n);
    }
}

#[test]
fn graphs_of_classes_and_ordered_values() {
    let (x, labels) = first_digits(600);
    let keys = golden_i32("supervised_keys.npy");
    let all: Vec<Option<u32>> = labels.iter().map(|&l| Some(l)).collect();
    for weight in ["0.0", "0.9", "1.0"] {
        let umap = Umap::new().target_weight(weight.parse().unwrap());
        let graph = supervised(&umap, &x, Target::Categorical(&all));
        is_golden(&graph, &keys, &golden_f32(&format!("supervised_categorical_{weight}.npy")));
    }
    let some: Vec<Option<u32>> = (0..600).map(|i| if i % 5 == 2 { None } else { all[i] }).collect();
    is_golden(&supervised(&Umap::new(), &x, (&some).into()), &keys, &golden_f32("supervised_partly_0.5.npy"));
    let numbers: Vec<f32> = labels.iter().map(|&l| l as f32).collect();
    let graph = supervised(&Umap::new(), &x, Target::Ordinal(&numbers));
    is_golden(&graph, &keys, &golden_f32("supervised_ordinal_0.5.npy"));
}

#[test]
fn graphs_of_numbers_and_vectors() {
    let x = first_digits(400).0;
    let dot = |i: usize, c: &dyn Fn(usize) -> f64| -> f32 {
        x.row(i).iter().enumerate().map(|(j, &v)| f64::from(v) * c(j)).sum::<f64>() as f32
    };
    let y: Vec<f32> = (0..400).map(|i| dot(i, &|j| ((j + 1) as f64).sqrt())).collect();
    let golden = |name: &str| {
        let file = |what| format!("supervised_{name}_{what}.npy");
        (golden_i32(&file("keys")), golden_f32(&file("weights")))
    };
    let (keys, weights) = golden("continuous_0.5");
    is_golden(&supervised(&Umap::new(), &x, Target::Continuous(&y)), &keys, &weights);
    let column = Matrix::from_vec(400, 1, y.clone()).unwrap();
    let target = Target::Vectors { values: column.view(), metric: Metric::Euclidean };
    is_golden(&supervised(&Umap::new(), &x, target), &keys, &weights);

    let (keys, weights) = golden("continuous_0.2");
    let umap = Umap::new().target_weight(0.2).target_n_neighbors(8);
    is_golden(&supervised(&umap, &x, Target::Continuous(&y)), &keys, &weights);

    let (keys, weights) = golden("vectors_0.8");
    let columns: Vec<f32> =
        (0..400).flat_map(|i| [y[i], dot(i, &|j| ((64 - j) as f64).cbrt()), x.row(i)[20]]).collect();
    let columns = Matrix::from_vec(400, 3, columns).unwrap();
    let target = Target::Vectors { values: columns.view(), metric: Metric::Manhattan };
    is_golden(&supervised(&Umap::new().target_weight(0.8), &x, target), &keys, &weights);
}

#[test]
fn arithmetic_of_graphs() {
    let (x, _) = first_digits(600);
    let graph = Umap::new().graph(&x).unwrap();
    assert_eq!(graph, fuzzy_graph(&Exact::new(14).fit(&x).unwrap(), 1.0, 1.0).unwrap());
    let keys = golden_i32("supervised_keys.npy");
    is_golden(&reset_local_connectivity(&graph, Some(15)).unwrap(), &keys, &golden_f32("supervised_reset.npy"));

    let (x, _) = first_digits(400);
    let (left, right) = (Umap::new().graph(&x), Umap::new().graph(&x.select(&(0..400).rev().collect::<Vec<_>>())));
    let (left, right) = (left.unwrap(), right.unwrap());
    let both = intersect(&left, &right, 0.5).unwrap();
    let keys = golden_i32("supervised_intersection_0.5_keys.npy");
    is_golden(&both, &keys, &golden_f32("supervised_intersection_0.5_weights.npy"));
    // Only one counts: on its own edges it is as it was.
    let only = intersect(&left, &right, 1.0).unwrap();
    assert!((0..400).all(|i| right.row(i).0.iter().all(|&j| only.get(i, j) == right.get(i, j))));
    let only = intersect(&left, &right, 0.0).unwrap();
    assert!((0..400).all(|i| left.row(i).0.iter().all(|&j| only.get(i, j) == left.get(i, j))));

    for bad in [-0.1, 1.1, f64::NAN] {
        assert!(intersect(&left, &right, bad).unwrap_err().to_string().starts_with("weight = "));
    }
    assert!(reset_local_connectivity(&left, Some(1)).unwrap_err().to_string().starts_with("n_neighbors = 1"));
    let e = intersect(&left, &graph, 0.5).unwrap_err();
    assert_eq!(e.to_string(), "rows of the right graph = 600: the left one has 400");
}

#[test]
fn same_bytes_for_any_threads_and_level() {
    let (x, labels) = first_digits(600);
    let classes: Vec<Option<u32>> = labels.iter().enumerate().map(|(i, &l)| (i % 3 > 0).then_some(l)).collect();
    let numbers: Vec<f32> = labels.iter().map(|&l| l as f32).collect();
    for (target, weight) in [
        (Target::Categorical(&classes), 0.5),
        (Target::Ordinal(&numbers), 0.3),
        (Target::Continuous(&numbers), 0.6),
        (Target::Vectors { values: x.view(), metric: Metric::Cosine }, 0.4),
    ] {
        let umap = Umap::new().n_epochs(40).target_weight(weight);
        let map = |t| {
            let mut cx = Context::new().threads(Threads::Exactly(t));
            umap.fit_supervised_with(&x, target.clone(), &mut cx).unwrap()
        };
        let one = map(1);
        for t in [2, 3, 8] {
            let other = map(t);
            assert!(bits(other.embedding().data()) == bits(one.embedding().data()), "{target:?}: {t} threads");
            assert!(other.graph() == one.graph());
        }
        for level in Simd::available() {
            Simd::limit(level.level());
            let graph = supervised(&umap, &x, target.clone());
            Simd::limit(SimdLevel::Avx512);
            assert!(&graph == one.graph(), "{target:?}: {level:?}");
        }
        // The same from neighbors that are known already, and from the graph.
        let (neighbors, plain) = (Exact::new(14).fit(&x).unwrap(), &mut Context::new());
        let same = umap.fit_graph_supervised_with(&neighbors, target.clone(), Some(x.view()), plain).unwrap();
        assert!(same.graph() == one.graph() && same.embedding() == one.embedding());
        let same = umap.clone().both_ends(true).fit_fuzzy_graph(one.graph(), Some(x.view())).unwrap();
        assert!(same.graph() == one.graph() && same.embedding() == one.embedding());
    }
    // Labels as texts are the same classes.
    let texts = classes.iter().map(|c| c.map(|c| format!("digit {c}")));
    let (umap, labels) = (Umap::new().n_epochs(40), Labels::from_strs(texts));
    assert_eq!(labels.names().len(), 10);
    let (a, b) = (umap.fit_supervised(&x, &labels).unwrap(), umap.fit_supervised(&x, &classes).unwrap());
    assert!(a.graph() == b.graph() && a.embedding() == b.embedding());
}

/// Mean over the rows of (b − a) / max(a, b): a the mean distance to rows of one's class, b to those of the nearest other.
fn silhouette(y: &Matrix, classes: &[u32]) -> f64 {
    let count = *classes.iter().max().unwrap() as usize + 1;
    let mut sizes = vec![0.0; count];
    classes.iter().for_each(|&c| sizes[c as usize] += 1.0);
    let of = |i: usize| {
        let mut sums = vec![0f64; count];
        for (j, &c) in classes.iter().enumerate() {
            let squares = y.row(i).iter().zip(y.row(j)).map(|(a, b)| f64::from(a - b).powi(2));
            sums[c as usize] += squares.sum::<f64>().sqrt();
        }
        let own = classes[i] as usize;
        let a = sums[own] / (sizes[own] - 1.0);
        let b = (0..count).filter(|&c| c != own).map(|c| sums[c] / sizes[c]).fold(f64::INFINITY, f64::min);
        (b - a) / a.max(b)
    };
    (0..classes.len()).map(of).sum::<f64>() / classes.len() as f64
}

#[test]
fn a_target_separates_as_well_as_in_the_reference() {
    let (x, labels) = first_digits(1797);
    let golden = golden_json("supervised_quality.json");
    let want = |key: &str| {
        let v = golden[key].as_array().unwrap();
        v.iter().map(|v| v.as_f64().unwrap()).sum::<f64>() / v.len() as f64
    };
    let mean = |target: Option<Target<'_>>| {
        let of = |seed| {
            let umap = Umap::new().seed(seed);
            let model = match target.clone() {
                Some(target) => umap.fit_supervised(&x, target),
                None => umap.fit(&x),
            };
            silhouette(model.unwrap().embedding(), &labels)
        };
        (1..=3).map(of).sum::<f64>() / 3.0
    };
    let all: Vec<Option<u32>> = labels.iter().map(|&l| Some(l)).collect();
    let half: Vec<Option<u32>> = labels.iter().enumerate().map(|(i, &l)| (i % 2 == 0).then_some(l)).collect();
    let numbers: Vec<f32> = labels.iter().map(|&l| l as f32).collect();
    let plain = mean(None);
    // One seed's figure is some 0.03 from another's, the reference's too.
    for (key, target, short, gain) in [
        ("categorical", Target::Categorical(&all), 0.03, 0.15),
        ("half", Target::Categorical(&half), 0.03, 0.03),
        ("ordinal", Target::Ordinal(&numbers), 0.03, 0.15),
        ("continuous", Target::Continuous(&numbers), 0.03, 0.15),
    ] {
        let got = mean(Some(target));
        assert!(got > want(key) - short, "{key}: {got}, the reference has {}", want(key));
        assert!(got > plain + gain, "{key}: {got}, without target {plain}");
    }
}

#[test]
fn numbers_of_few_values_count_where_the_data_has_neighbors() {
    // Ten neighbors out of hundreds at no distance: without preference hardly any is a neighbor in the data as well.
    let (x, labels) = first_digits(600);
    let numbers: Vec<f32> = labels.iter().map(|&l| l as f32).collect();
    let plain = Umap::new().graph(&x).unwrap();
    let column = Matrix::from_vec(600, 1, numbers.clone()).unwrap();
    let by_metric = Target::Vectors { values: column.view(), metric: Metric::Hamming };
    for target in [Target::Continuous(&numbers), by_metric] {
        let graph = supervised(&Umap::new(), &x, target);
        let (mut kept, mut all) = (0, 0);
        for i in 0..600 {
            for &j in plain.row(i).0.iter().filter(|&&j| labels[j as usize] == labels[i]) {
                all += 1;
                kept += usize::from(graph.get(i, j) > 0.05);
            }
        }
        assert!(kept as f64 > 0.7 * f64::from(all), "{kept} of {all}");
    }
}

#[test]
fn targets_that_tell_nothing_change_nothing() {
    let x = noise(50, 3, 1);
    let umap = Umap::new().n_epochs(20);
    let plain = umap.fit(&x).unwrap();
    let values = Matrix::from_vec(50, 2, vec![2.5; 100]).unwrap();
    for (target, reason) in [
        (Target::Categorical(&[None; 50]), "no row has a label"),
        (Target::Categorical(&[Some(7); 50]), "all rows are of one class"),
        (Target::Ordinal(&[1.5; 50]), "all rows have the same value"),
        (Target::Continuous(&[1.5; 50]), "all rows have the same value"),
        (Target::Vectors { values: values.view(), metric: Metric::Cosine }, "all rows have the same value"),
    ] {
        let model = umap.fit_supervised(&x, target).unwrap();
        assert!(model.embedding() == plain.embedding() && model.graph() == plain.graph());
        let warning = model.report().warnings.first().unwrap();
        assert_eq!(
            warning.to_string(),
            format!("target could not be used ({reason}); the graph of the data alone is used instead")
        );
    }
    // One class among rows without label does tell something.
    let some: Vec<Option<u32>> = (0..50).map(|i| (i % 2 == 0).then_some(0)).collect();
    let model = umap.fit_supervised(&x, &some).unwrap();
    assert!(model.report().warnings.is_empty() && model.graph() != plain.graph());
}

#[test]
fn rows_without_an_edge_left_are_placed() {
    // Every row is of a class of its own, and nothing counts but classes.
    let x = noise(40, 3, 2);
    let classes: Vec<Option<u32>> = (0..40).map(Some).collect();
    let umap = Umap::new().target_weight(1.0).n_epochs(20);
    let model = umap.fit_supervised(&x, &classes).unwrap();
    assert_eq!(model.graph().nnz(), 0);
    assert!(model.embedding().data().iter().all(|v| v.is_finite()));
    assert!(model.report().warnings.contains(&Warning::Disconnected { components: 40 }));
    // Nor without any to begin with.
    let none = KnnGraph::new(3, 0, vec![], vec![]).unwrap();
    for target in [Target::Continuous(&[1.0, 2.0, 4.0]), Target::Ordinal(&[1.0, 2.0, 4.0])] {
        let model = umap.fit_graph_supervised(&none, target).unwrap();
        assert!(model.embedding().data().iter().all(|v| v.is_finite()));
    }
    for n in 1..=4usize {
        let (x, numbers) = (noise(n, 3, 2), (0..n).map(|i| i as f32).collect::<Vec<_>>());
        let classes: Vec<Option<u32>> = (0..n as u32).map(Some).collect();
        let vectors = Target::Vectors { values: x.view(), metric: Metric::Euclidean };
        for target in [Target::Categorical(&classes), Target::Ordinal(&numbers), Target::Continuous(&numbers), vectors]
        {
            for weight in [0.0, 0.3, 1.0] {
                let model = umap.clone().target_weight(weight).fit_supervised(&x, target.clone()).unwrap();
                assert!(model.embedding().rows() == n && model.embedding().data().iter().all(|v| v.is_finite()));
            }
        }
    }
}

#[test]
fn what_is_wrong_with_a_target_is_said() {
    let x = noise(20, 3, 3);
    let classes = [Some(1), None];
    let e = Umap::new().fit_supervised(&x, &classes[..]).unwrap_err();
    assert_eq!(e, Error::TargetRows { expected: 20, got: 2 });
    let mut numbers = [0.5; 20];
    numbers[3] = f32::INFINITY;
    let want = Err(Error::TargetNonFinite { row: 3, col: 0, value: f32::INFINITY });
    assert_eq!(Umap::new().fit_supervised(&x, Target::Ordinal(&numbers)), want);
    assert_eq!(Umap::new().fit_supervised(&x, Target::Continuous(&numbers)), want);
    let mut values = noise(20, 2, 4);
    values.row_mut(7)[1] = f32::NAN;
    let target = Target::Vectors { values: values.view(), metric: Metric::Euclidean };
    let e = Umap::new().fit_supervised(&x, target).unwrap_err().to_string();
    assert_eq!(e, "the target holds NaN in row 7, column 1, not a finite number");
    let long = Matrix::from_vec(20, 1, (0..20).map(|i| 1.0 + i as f32).collect()).unwrap();
    let target = Target::Vectors { values: long.view(), metric: Metric::Dot };
    assert!(matches!(Umap::new().fit_supervised(&x, target), Err(Error::NegativeDistance { .. })));
    let target = Target::Vectors { values: long.view(), metric: Metric::Haversine };
    assert!(matches!(Umap::new().fit_supervised(&x, target), Err(Error::Neighbors(_))));

    let numbers: Vec<f32> = (0..20).map(|i| i as f32).collect();
    for (umap, text) in [
        (Umap::new().target_weight(-0.1), "target_weight = -0.1: must be from 0 to 1"),
        (Umap::new().target_weight(1.01), "target_weight = 1.01: must be from 0 to 1"),
        (Umap::new().target_weight(f64::NAN), "target_weight = NaN: must be from 0 to 1"),
        (Umap::new().target_n_neighbors(1), "target_n_neighbors = 1: must be at least 2"),
    ] {
        let e = umap.fit_supervised(&x, Target::Continuous(&numbers)).unwrap_err().to_string();
        assert!(e.starts_with(text), "{e}");
    }
    let umap = Umap::new().target_n_neighbors(30).n_epochs(5);
    let model = umap.fit_supervised(&x, Target::Continuous(&numbers)).unwrap();
    assert!(model.report().warnings.contains(&Warning::ClampedNeighbors { requested: 30, used: 20 }));
}

#[test]
fn a_graph_is_laid_out_only_if_it_is_fuzzy() {
    let csr = |entries: [(u32, f32); 3]| {
        Csr::new(3, vec![0, 1, 2, 3], entries.iter().map(|e| e.0).collect(), entries.iter().map(|e| e.1).collect())
    };
    let umap = Umap::new().n_epochs(5);
    // Row 2 is alone: its entry is left out.
    let good = Csr::new(3, vec![0, 1, 2, 2], vec![1, 0], vec![0.5, 0.5]).unwrap();
    assert_eq!(umap.fit_fuzzy_graph(&good, None).unwrap().embedding().rows(), 3);
    for (entries, text) in [
        ([(1, 0.5), (0, 0.4), (0, 0.1)], "the fuzzy graph's weight from row 0 to 1 is 0.5: the other direction has"),
        ([(1, 0.5), (0, 0.5), (0, 0.1)], "the fuzzy graph's weight from row 0 to 2 is 0: the other direction has"),
        ([(1, 1.5), (0, 1.5), (1, 0.1)], "the fuzzy graph's weight from row 0 to 1 is 1.5: weights must be above 0"),
        ([(1, 0.0), (0, 0.5), (1, 0.1)], "the fuzzy graph's weight from row 0 to 1 is 0: weights must be above 0"),
        ([(1, f32::NAN), (0, 0.5), (1, 0.1)], "the fuzzy graph's weight from row 0 to 1 is NaN"),
        ([(1, 0.5), (0, 0.5), (2, 0.1)], "the fuzzy graph's weight from row 2 to 2 is 0.1: a row must not be"),
    ] {
        let e = umap.fit_fuzzy_graph(&csr(entries).unwrap(), None).unwrap_err().to_string();
        assert!(e.starts_with(text), "{e}");
    }
    let wide = Csr::new(4, vec![0, 1, 1, 1], vec![3], vec![0.5]).unwrap();
    let e = umap.fit_fuzzy_graph(&wide, None).unwrap_err().to_string();
    assert_eq!(e, "columns of the graph = 4: it has 3 rows");
    let none = Csr::new(0, vec![0], vec![], vec![]).unwrap();
    assert_eq!(umap.fit_fuzzy_graph(&none, None), Err(Error::NoRows));
    assert_eq!(Umap::new().graph(&Matrix::zeros(0, 3)), Err(Error::NoRows));
    let e = umap.fit_fuzzy_graph(&good, Some(noise(4, 2, 1).view())).unwrap_err().to_string();
    assert_eq!(e, "rows of the data = 4: the graph has 3 rows");
    let e = umap.clone().init(Init::Pca).fit_fuzzy_graph(&good, None).unwrap_err().to_string();
    assert!(e.starts_with("init = pca needs the vectors"));
    let model = umap.init(Init::Pca).fit_fuzzy_graph(&good, Some(noise(3, 2, 1).view())).unwrap();
    assert_eq!(model.graph(), &good);
}
