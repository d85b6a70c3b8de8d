//! Layouts that are taken step by step.

use planisphere_core::{CancelToken, Context, CounterRng, Event, Matrix};
use planisphere_fixtures::digits;
use planisphere_knn::Exact;
use planisphere_umap::{Error, Init, Umap};
use std::ops::ControlFlow;

fn some_digits() -> Matrix {
    digits().0.select(&(0..400).collect::<Vec<_>>())
}

#[test]
fn steps_of_any_size_give_the_same_map() {
    let x = some_digits();
    let umap = Umap::new().n_epochs(60);
    let whole = umap.fit(&x).unwrap();
    for size in [1, 7, 60, 1000] {
        let mut run = umap.start(&x).unwrap();
        assert_eq!((run.epoch(), run.epochs(), run.graph()), (0, 60, whole.graph()));
        while !run.is_done() {
            run.step(size).unwrap();
        }
        assert_eq!(run.embedding(), whole.embedding(), "steps of {size}");
        // There is nothing left to do.
        run.step(5).unwrap();
        assert_eq!(run.epoch(), 60);
        let model = run.finish();
        assert_eq!((model.embedding(), model.graph(), model.ab()), (whole.embedding(), whole.graph(), whole.ab()));
    }
    let neighbors = Exact::new(14).fit(&x).unwrap();
    let mut run = umap.start_graph_with(&neighbors, Some(x.view()), &mut Context::new()).unwrap();
    run.step(60).unwrap();
    assert_eq!(run.finish().embedding(), whole.embedding());
}

#[test]
fn a_run_can_be_copied_and_ended_early() {
    let x = some_digits();
    let mut run = Umap::new().n_epochs(60).start(&x).unwrap();
    run.step(20).unwrap();
    let mut copy = run.clone();
    let early = run.embedding().clone();
    copy.step(40).unwrap();
    assert!(copy.is_done() && !run.is_done());
    run.step(40).unwrap();
    assert_eq!(run.embedding(), copy.embedding());
    assert_ne!(run.embedding(), &early);
    // A model of what has been reached is a model: it places rows.
    let mut run = Umap::new().n_epochs(60).start(&x).unwrap();
    run.step(20).unwrap();
    let model = run.finish();
    assert_eq!(model.embedding(), &early);
    assert_eq!(model.transform(&x).unwrap().rows(), 400);
    let layouts = model.report().stages.iter().filter(|s| s.stage == planisphere_core::Stage::Layout).count();
    assert_eq!(layouts, 1, "the report covers the start and the steps");
}

#[test]
fn snapshots_are_the_map_on_its_way() {
    let x = some_digits();
    let umap = Umap::new().n_epochs(50);
    let at = |epochs| {
        let mut run = umap.start(&x).unwrap();
        run.step(epochs).unwrap();
        run.finish().into_embedding()
    };
    // In any order, more than once, and one that is never reached.
    let model = umap.clone().snapshots([30, 0, 10, 30, 50, 99]).fit(&x).unwrap();
    let kept: Vec<u32> = model.snapshots().iter().map(|s| s.0).collect();
    assert_eq!(kept, [0, 10, 30, 50]);
    for (epoch, y) in model.snapshots() {
        assert_eq!(y, &at(*epoch), "epoch {epoch}");
    }
    assert_eq!(model.embedding(), &model.snapshots()[3].1);
    // Steps that pass them keep them too.
    let mut run = umap.clone().snapshots(vec![10, 30]).start(&x).unwrap();
    while !run.is_done() {
        run.step(4).unwrap();
    }
    assert_eq!(run.finish().snapshots(), &model.snapshots()[1..3]);
}

#[test]
fn the_observer_sees_every_epoch() {
    let x = some_digits();
    let mut seen = Vec::new();
    let mut last = None;
    let mut watch = |e: &Event<'_>| {
        if let Event::Epoch { epoch, total, embedding } = e {
            seen.push((*epoch, *total));
            last = Some(embedding.row(399).to_vec());
        }
        ControlFlow::Continue(())
    };
    let mut cx = Context::new().observer(&mut watch);
    let mut run = Umap::new().n_epochs(30).start_with(&x, &mut cx).unwrap();
    run.step_with(20, &mut cx).unwrap();
    run.step_with(20, &mut cx).unwrap();
    drop(cx);
    assert_eq!(seen, (1..=30).map(|e| (e, 30)).collect::<Vec<_>>());
    assert_eq!(last.unwrap(), run.embedding().row(399));
}

#[test]
fn a_cancelled_run_can_go_on() {
    let x = some_digits();
    let umap = Umap::new().n_epochs(30);
    let whole = umap.fit(&x).unwrap();
    // Cancelled before, during and after epochs, by whoever watches and by a thread that does not know where it is.
    for stop in [0, 1, 7, 29, 30] {
        let mut run = umap.start(&x).unwrap();
        run.step(stop.min(3)).unwrap();
        let token = CancelToken::new();
        if stop == 0 {
            token.cancel();
        }
        let mut watch = |e: &Event<'_>| match e {
            Event::Epoch { epoch, .. } if *epoch >= stop => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let cancelled = run.step_with(99, &mut Context::new().observer(&mut watch).cancel(&token));
        assert!(matches!(cancelled, Err(Error::Cancelled(_))), "{stop}");
        assert_eq!(run.epoch(), if stop == 1 { 2 } else { stop }, "told after it is done");
        run.step(99).unwrap();
        assert_eq!(run.finish().embedding(), whole.embedding(), "{stop}");
    }
    let mut run = umap.start(&x).unwrap();
    while !run.is_done() {
        let token = CancelToken::new();
        let other = token.clone();
        let thread = std::thread::spawn(move || other.cancel());
        let _ = run.step_with(99, &mut Context::new().cancel(&token));
        thread.join().unwrap();
        run.step(1).unwrap();
    }
    assert_eq!(run.finish().embedding(), whole.embedding());
}

#[test]
fn one_row_is_done_at_once() {
    let r = CounterRng::new(1, "run test").at(0, 0);
    let x = Matrix::from_vec(1, 3, (0..3).map(|i| r.normal(i)).collect()).unwrap();
    let mut run = Umap::new().init(Init::Random).start(&x).unwrap();
    assert!(run.is_done());
    run.step(3).unwrap();
    assert_eq!(run.embedding().data(), &[0.0, 0.0]);
    assert_eq!(run.finish().embedding().rows(), 1);
}
