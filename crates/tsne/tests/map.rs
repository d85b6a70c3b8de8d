//! Maps as users make them.

use planisphere_core::{CancelToken, Context, CounterRng, Event, Matrix, Threads, Warning};
use planisphere_fixtures::digits;
use planisphere_knn::{Exact, Metric, quality};
use planisphere_tsne::{Affinities, Affinity, Error, Init, Repulsion, Tsne};
use std::ops::ControlFlow;

fn some_digits(n: u32) -> Matrix {
    digits().0.select(&(0..n).collect::<Vec<_>>())
}

fn noise(n: usize, d: usize) -> Matrix {
    let r = CounterRng::new(3, "tsne map").at(0, 0);
    Matrix::from_vec(n, d, (0..(n * d) as u64).map(|i| r.normal(i)).collect()).unwrap()
}

fn short() -> Tsne {
    Tsne::new().early_exaggeration_iter(30).n_iter(30)
}

fn every_repulsion() -> Vec<(usize, Repulsion)> {
    let mut all = Vec::new();
    for dim in 1..=3 {
        all.push((dim, Repulsion::Exact));
        if dim > 1 {
            all.push((dim, Repulsion::BARNES_HUT));
        }
        if dim < 3 {
            all.push((dim, Repulsion::FFT));
        }
    }
    all
}

#[test]
fn same_bytes_for_any_threads() {
    let x = digits().0;
    for (dim, repulsion) in every_repulsion() {
        let tsne = short().n_components(dim).repulsion(repulsion);
        let fit = |t| {
            let model = tsne.fit_with(&x, &mut Context::new().threads(Threads::Exactly(t))).unwrap();
            let bits: Vec<u32> = model.embedding().data().iter().map(|v| v.to_bits()).collect();
            (bits, model.divergence().to_bits(), model.repulsion())
        };
        let one = fit(1);
        assert_eq!(one.2, repulsion);
        for t in [2, 3, 8] {
            assert!(fit(t) == one, "{dim}-D, {repulsion:?}, {t} threads");
        }
    }
}

#[test]
fn a_seed_makes_the_map() {
    let x = some_digits(300);
    let map = |seed| short().init(Init::Random).seed(seed).fit(&x).unwrap().into_embedding();
    assert_eq!(map(1), map(1));
    assert_ne!(map(1), map(2));
}

#[test]
fn digits_are_told_apart_by_every_repulsion() {
    let (x, labels) = digits();
    let labels: Vec<_> = labels.into_iter().map(Some).collect();
    let mut divergences = Vec::new();
    for (dim, repulsion) in every_repulsion() {
        let model = Tsne::new().n_components(dim).repulsion(repulsion).fit(&x).unwrap();
        let near = Exact::new(15).fit(model.embedding()).unwrap();
        let accuracy = quality::label_accuracy(&near, &labels).unwrap();
        let least = if dim == 1 { 0.9 } else { 0.97 };
        assert!(accuracy > least, "{dim}-D, {repulsion:?}: {accuracy}");
        divergences.push((dim, model.divergence()));
    }
    // What is computed less exactly is not much worse: the divergence of each, by its own account.
    for (dim, d) in &divergences {
        let exact = divergences.iter().find(|e| e.0 == *dim).unwrap().1;
        assert!((d / exact - 1.0).abs() < 0.03, "{dim}-D: {divergences:?}");
    }
}

#[test]
fn estimated_divergences_are_near_the_exact_one() {
    let x = digits().0;
    let model = Tsne::new().repulsion(Repulsion::FFT).fit(&x).unwrap();
    let y = model.embedding();
    let still = |repulsion| {
        let tsne = Tsne::new().init(Init::Given(y.clone())).early_exaggeration_iter(0).n_iter(0).repulsion(repulsion);
        let model = tsne.fit_affinities(model.affinities().clone(), None, &mut Context::new()).unwrap();
        assert_eq!(model.embedding(), y);
        model.divergence()
    };
    let exact = still(Repulsion::Exact);
    assert!((model.divergence() - exact).abs() < 1e-3, "{} {exact}", model.divergence());
    assert!((still(Repulsion::BARNES_HUT) - exact).abs() < 0.01);
}

#[test]
fn steps_of_any_size_give_the_same_map() {
    let x = some_digits(400);
    let tsne = short().snapshots([0, 31, 60]).divergence_every(20);
    let whole = tsne.fit(&x).unwrap();
    assert_eq!(whole.snapshots().iter().map(|s| s.0).collect::<Vec<_>>(), [0, 31, 60]);
    assert_eq!(whole.divergences().iter().map(|d| d.0).collect::<Vec<_>>(), [20, 40, 60]);
    assert_eq!(&whole.snapshots()[2].1, whole.embedding());
    assert_eq!(whole.divergences()[2].1, whole.divergence());
    for size in [1, 7, 1000] {
        let mut run = tsne.start(&x).unwrap();
        assert_eq!((run.iteration(), run.iterations(), run.affinities()), (0, 60, whole.affinities()));
        while !run.is_done() {
            run.step(size).unwrap();
        }
        assert_eq!(run.embedding().data(), whole.embedding().data(), "steps of {size}");
        run.step(5).unwrap();
        let model = run.finish();
        assert_eq!(model, whole, "steps of {size}");
    }
    let near = Exact::new(90).fit(&x).unwrap();
    let exact = tsne.clone().knn(planisphere_knn::Method::Exact).fit(&x).unwrap();
    let graph = tsne.fit_graph_with(&near, Some(x.view()), &mut Context::new()).unwrap();
    assert_eq!(graph.embedding(), exact.embedding());
    let p = Affinities::from_graph(&near, &Affinity::default()).unwrap();
    let given = tsne.fit_affinities(p, Some(x.view()), &mut Context::new()).unwrap();
    assert_eq!(given.embedding(), exact.embedding());
}

#[test]
fn observers_see_positions_and_divergences_and_can_stop() {
    let x = some_digits(200);
    let (mut epochs, mut values) = (0, Vec::new());
    let mut watch = |e: &Event<'_>| {
        match e {
            Event::Epoch { embedding, .. } => {
                epochs += 1;
                assert_eq!((embedding.rows(), embedding.cols()), (200, 2));
            }
            Event::Divergence { epoch, value } => values.push((*epoch, *value)),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let model = short().divergence_every(25).fit_with(&x, &mut Context::new().observer(&mut watch)).unwrap();
    assert_eq!(epochs, 60);
    assert_eq!(values, model.divergences());
    let token = CancelToken::new();
    let mut stop = |e: &Event<'_>| match e {
        Event::Epoch { epoch: 5, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = short().fit_with(&x, &mut Context::new().observer(&mut stop).cancel(&token));
    assert!(matches!(stopped, Err(Error::Cancelled(_))), "{stopped:?}");
    // A run that was stopped goes on as if nobody had asked: nothing that was due at iteration 25 is missing.
    let tsne = short().divergence_every(25).snapshots([25]);
    let mut run = tsne.start(&x).unwrap();
    let mut stop = |e: &Event<'_>| match e {
        Event::Epoch { epoch: 25, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = run.step_with(1000, &mut Context::new().observer(&mut stop));
    assert!(matches!(stopped, Err(Error::Cancelled(_))) && run.iteration() == 25, "{stopped:?}");
    run.step(1000).unwrap();
    assert_eq!(run.finish(), tsne.fit(&x).unwrap());
}

#[test]
fn a_map_that_gets_no_better_ends() {
    let x = some_digits(150);
    let long = Tsne::new().n_iter(20_000);
    for tsne in [long.clone().n_iter_without_progress(100), long.min_grad_norm(1e-3)] {
        let model = tsne.fit(&x).unwrap();
        let decision = model.report().decisions.iter().find(|d| d.what == "iterations").unwrap();
        let at: u32 = decision.choice.parse().unwrap();
        assert!((300..20_000).contains(&at), "{at}");
    }
}

#[test]
fn few_rows_and_all_equal_ones() {
    for n in 1..=6 {
        for (dim, repulsion) in every_repulsion() {
            let model = Tsne::new().n_components(dim).repulsion(repulsion).fit(noise(n, 4)).unwrap();
            let y = model.embedding();
            assert_eq!((y.rows(), y.cols()), (n, dim));
            y.view().check().unwrap();
            assert!(model.divergence().is_finite(), "{n} rows, {repulsion:?}");
        }
    }
    // A single row has its place, too.
    let place = Matrix::from_rows([[3.0, 4.0]]).unwrap();
    let one = Tsne::new().init(Init::Given(place.clone())).fit(noise(1, 4)).unwrap();
    assert_eq!(one.embedding(), &place);
    let wrong = Tsne::new().init(Init::Given(noise(5, 9))).fit(noise(1, 4));
    assert!(matches!(wrong, Err(Error::InitShape { rows: 5, cols: 9, .. })), "{wrong:?}");
    let equal = Tsne::new().fit(Matrix::zeros(500, 3)).unwrap();
    equal.embedding().view().check().unwrap();
    assert!(equal.report().warnings.contains(&Warning::AllEqual { rows: 500 }));
    let x = noise(60, 5);
    let clamped = Tsne::new().perplexity(100.0).fit(&x).unwrap();
    assert!(clamped.report().warnings.iter().any(|w| matches!(w, Warning::ClampedPerplexity { .. })));
    // Every row twenty times.
    let twins = x.select(&(0..1200).map(|i| i % 60).collect::<Vec<_>>());
    for (dim, repulsion) in every_repulsion() {
        let model = short().n_components(dim).repulsion(repulsion).fit(&twins).unwrap();
        model.embedding().view().check().unwrap();
    }
}

#[test]
fn heavy_tails_exaggeration_and_metrics_make_maps() {
    let x = some_digits(600);
    let plain = Tsne::new().fit(&x).unwrap();
    for tsne in [
        Tsne::new().dof(0.6),
        Tsne::new().dof(3.0).repulsion(Repulsion::BARNES_HUT),
        Tsne::new().dof(0.6).repulsion(Repulsion::FFT),
        Tsne::new().exaggeration(4.0),
        Tsne::new().metric(Metric::Cosine),
        Tsne::new().affinity(Affinity::Multiscale(vec![10.0, 60.0])),
        Tsne::new().affinity(Affinity::Uniform { n_neighbors: 15, symmetrize: planisphere_tsne::Symmetrize::Max }),
        Tsne::new().init(Init::Spectral),
        Tsne::new().learning_rate(50.0).max_grad_norm(0.25).max_step_norm(None),
    ] {
        let model = tsne.fit(&x).unwrap();
        model.embedding().view().check().unwrap();
        let kept = Exact::new(15).fit(model.embedding()).unwrap().recall(&Exact::new(15).fit(&x).unwrap()).unwrap();
        assert!(kept > 0.4, "{tsne:?}: {kept}");
        assert_ne!(model.embedding(), plain.embedding());
    }
}

#[test]
fn absurd_parameters_are_named() {
    let x = noise(40, 3);
    let all = [
        ("n_components", Tsne::new().n_components(0)),
        ("n_components", Tsne::new().n_components(4)),
        ("perplexity", Tsne::new().perplexity(f64::NAN)),
        ("perplexity", Tsne::new().perplexity(0.0)),
        ("early_exaggeration", Tsne::new().early_exaggeration(0.0)),
        ("exaggeration", Tsne::new().exaggeration(f32::INFINITY)),
        ("learning_rate", Tsne::new().learning_rate(-1.0)),
        ("initial_momentum", Tsne::new().initial_momentum(1.0)),
        ("final_momentum", Tsne::new().final_momentum(f32::NAN)),
        ("min_gain", Tsne::new().min_gain(-0.1)),
        ("dof", Tsne::new().dof(0.0)),
        ("max_grad_norm", Tsne::new().max_grad_norm(0.0)),
        ("max_step_norm", Tsne::new().max_step_norm(Some(f32::NAN))),
        ("min_grad_norm", Tsne::new().min_grad_norm(-1.0)),
        ("n_iter_without_progress", Tsne::new().n_iter_without_progress(0)),
        ("divergence_every", Tsne::new().divergence_every(0)),
        ("n_iter", Tsne::new().n_iter(2_000_000)),
        ("theta", Tsne::new().repulsion(Repulsion::BarnesHut { theta: -0.5 })),
        ("spacing", Tsne::new().repulsion(Repulsion::Fft { spacing: 0.0 })),
        ("repulsion", Tsne::new().n_components(3).repulsion(Repulsion::FFT)),
        ("repulsion", Tsne::new().n_components(1).repulsion(Repulsion::BARNES_HUT)),
    ];
    for (name, tsne) in all {
        match tsne.fit(&x) {
            Err(Error::InvalidParam { param, .. }) => assert_eq!(param, name),
            other => panic!("{name}: {:?}", other.map(|m| m.divergence())),
        }
    }
    assert!(matches!(Tsne::new().fit(Matrix::zeros(0, 3)), Err(Error::NoRows)));
    let mut bad = x.clone();
    bad.row_mut(7)[1] = f32::NAN;
    assert!(matches!(Tsne::new().fit(&bad), Err(Error::Core(_))));
    let init = Tsne::new().init(Init::Given(Matrix::zeros(40, 3)));
    assert!(matches!(init.fit(&x), Err(Error::InitShape { cols: 3, expected_cols: 2, .. })));
    let wild = Tsne::new().learning_rate(f32::MAX).max_step_norm(None).fit(&x);
    assert!(matches!(wild, Err(Error::Diverged { .. })), "{:?}", wild.map(|m| m.divergence()));
}
