//! What is asked for is what is given.

mod common;

use common::{DIM, embed, matrix, never, texts, vector};
use planisphere_core::{CancelToken, Cancelled, Context, Decision, Event, Matrix, Threads, Warning};
use planisphere_vector_cache::{CacheOptions, CacheReport, EncodeError, Error, ModelKey, VectorCache};
use std::ops::ControlFlow;

fn report(r: CacheReport) -> [usize; 4] {
    [r.hits, r.computed, r.duplicates, r.damaged]
}

#[test]
fn each_text_is_computed_once_and_order_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("v.cache");
    let (a, b) = (ModelKey::new("a"), ModelKey::new("b"));
    let cache = VectorCache::open(&file).unwrap();
    assert!(cache.is_empty().unwrap());
    let asked = ["one", "two", "one", "", "three", "two", "one"];
    let mut seen = Vec::new();
    let cached = cache
        .encode(&a, &asked, |missing: &[&str], _: &mut Context<'_>| {
            seen.push(missing.iter().map(|&t| t.to_owned()).collect::<Vec<_>>());
            Ok::<_, Error>(matrix(&a, missing))
        })
        .unwrap();
    assert_eq!(seen, [["one", "two", "", "three"]]);
    assert_eq!(cached.vectors, matrix(&a, &asked));
    assert_eq!(report(cached.report), [0, 4, 3, 0]);

    // All of it again, in another order, through another handle; then some new ones among it.
    let again = VectorCache::open(&file).unwrap().encode(&a, &["three", "one", "three"], never).unwrap();
    assert_eq!(again.vectors, matrix(&a, &["three", "one", "three"]));
    assert_eq!(report(again.report), [2, 0, 1, 0]);
    let more = cache.encode(&a, &["four", "one", "five"], embed(&a)).unwrap();
    assert_eq!((more.vectors, report(more.report)), (matrix(&a, &["four", "one", "five"]), [1, 2, 0, 0]));

    // Another model knows nothing of it.
    let other = cache.encode(&b, &asked, embed(&b)).unwrap();
    assert_eq!(other.vectors, matrix(&b, &asked));
    assert_ne!(other.vectors, cached.vectors);
    assert_eq!(report(other.report), [0, 4, 3, 0]);
    let infos = cache.models().unwrap();
    let infos: Vec<_> = infos.iter().map(|m| (m.name.as_str(), m.dim, m.vectors)).collect();
    assert_eq!(infos, [("a", DIM, 6), ("b", DIM, 4)]);
    assert_eq!(cache.len().unwrap(), 10);

    assert_eq!(cache.forget(&a).unwrap(), 6);
    assert_eq!(cache.forget(&a).unwrap(), 0);
    assert_eq!(cache.encode(&b, &asked, never).unwrap().vectors, other.vectors);
    assert_eq!(report(cache.encode(&a, &["one"], embed(&a)).unwrap().report), [0, 1, 0, 0]);
    cache.clear().unwrap();
    assert!(cache.is_empty().unwrap());
    assert!(cache.models().unwrap().is_empty());
    assert_eq!(cache.size_on_disk().unwrap(), 0);
    assert_eq!(report(cache.encode(&b, &asked, embed(&b)).unwrap().report), [0, 4, 3, 0]);
    std::fs::remove_file(&file).unwrap();
    assert!(cache.is_empty().unwrap());
    assert_eq!(cache.size_on_disk().unwrap(), 0);
    assert_eq!(report(cache.encode(&b, &asked, embed(&b)).unwrap().report), [0, 4, 3, 0]);
}

#[test]
fn no_texts() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VectorCache::open(folder.path().join("v.cache")).unwrap();
    let model = ModelKey::new("");
    let none: [&str; 0] = [];
    let shape = |x: Matrix| (x.rows(), x.cols());
    assert_eq!(shape(cache.encode(&model, &none, never).unwrap().vectors), (0, 0));
    cache.encode(&model, &["a"], embed(&model)).unwrap();
    assert_eq!(shape(cache.encode(&model, &none, never).unwrap().vectors), (0, DIM));
}

/// As encoders do that learn the length of their vectors from the first text that is not blank.
#[test]
fn vectors_without_values_are_zeros_where_the_length_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VectorCache::open_with(folder.path().join("v.cache"), &CacheOptions::new().batch(2)).unwrap();
    let model = ModelKey::new("m");
    let learning = || {
        let mut known = 0;
        let model = model.clone();
        move |missing: &[&str], _: &mut Context<'_>| {
            if missing.iter().any(|t| !t.trim().is_empty()) {
                known = DIM;
            }
            let rows: Vec<f32> = missing
                .iter()
                .flat_map(|t| if t.trim().is_empty() { vec![0.0; known] } else { vector(&model, t) })
                .collect();
            Ok::<_, Error>(Matrix::from_vec(missing.len(), known, rows)?)
        }
    };
    let zeros = [0.0; DIM];
    let cached = cache.encode(&model, &["", " ", ""], learning()).unwrap();
    assert_eq!((cached.vectors.rows(), cached.vectors.cols()), (3, 0));
    assert_eq!(report(cached.report), [0, 2, 1, 0]);
    assert!(cache.models().unwrap().is_empty());

    // Known from a later batch of the call, and then from the file.
    let cached = cache.encode(&model, &["", " ", "a", ""], learning()).unwrap();
    assert_eq!([0, 1, 3].map(|i| cached.vectors.row(i)), [&zeros[..]; 3]);
    assert_eq!(cached.vectors.row(2), vector(&model, "a"));
    assert_eq!((report(cached.report), cache.len().unwrap()), ([0, 3, 1, 0], 3));
    let cached = cache.encode(&model, &["\t", "\n", "\r", ""], learning()).unwrap();
    assert_eq!(cached.vectors, Matrix::zeros(4, DIM));
    assert_eq!((report(cached.report), cache.len().unwrap()), ([1, 3, 0, 0], 6));
    assert_eq!(cache.encode(&model, &["\t", "a"], never).unwrap().vectors.row(0), zeros);
}

#[test]
fn vectors_are_kept_to_the_bit_whatever_their_length() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VectorCache::open_with(folder.path().join("v.cache"), &CacheOptions::new().batch(7)).unwrap();
    let odd = [0.0, -0.0, f32::MIN_POSITIVE, f32::from_bits(1), -f32::from_bits(0x7f_ffff), f32::MAX, f32::MIN];
    for dim in [1, 3, 384, 1024, 16_400, 70_000] {
        let model = ModelKey::new(format!("{dim}"));
        let all = texts(0..20);
        let make = |texts: &[&str], _: &mut Context<'_>| {
            let value = |i: usize| if i.is_multiple_of(3) { odd[i / 3 % odd.len()] } else { i as f32 };
            Matrix::from_rows(texts.iter().map(|t| (0..dim).map(|j| value(t.len() + j)).collect::<Vec<_>>()))
        };
        let made = cache.encode(&model, &all, make).unwrap().vectors;
        let read = cache.encode(&model, &all, never).unwrap().vectors;
        let bits = |x: &Matrix| x.data().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!((read.rows(), read.cols()), (20, dim));
        assert_eq!(bits(&made), bits(&read));
    }
    assert_eq!(cache.len().unwrap(), 120);
}

#[test]
fn the_number_of_threads_and_the_batch_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelKey::new("m");
    let all: Vec<String> = texts(0..300).into_iter().chain(texts(100..150)).collect();
    for (threads, batch) in [(1, 4096), (2, 300), (3, 299), (8, 37)] {
        let file = folder.path().join(format!("{threads}.cache"));
        let cache = VectorCache::open_with(file, &CacheOptions::new().batch(batch)).unwrap();
        let mut cx = Context::new().threads(Threads::Exactly(threads));
        let mut calls = 0;
        let cached = cache
            .encode_with(&model, &all, &mut cx, |missing: &[&str], _: &mut Context<'_>| {
                calls += 1;
                assert!(missing.len() <= batch);
                assert_eq!(planisphere_threads(), threads);
                Ok::<_, Error>(matrix(&model, missing))
            })
            .unwrap();
        assert_eq!(calls, 300usize.div_ceil(batch));
        assert_eq!(cached.vectors, matrix(&model, &all));
        assert_eq!(report(cached.report), [0, 300, 50, 0]);
        assert_eq!(cache.encode_with(&model, &all, &mut cx, never).unwrap().vectors, cached.vectors);
    }
}

fn planisphere_threads() -> usize {
    Context::new().run(|_| rayon::current_num_threads()).unwrap()
}

#[test]
fn progress_counts_all_texts_and_nothing_told_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VectorCache::open_with(folder.path().join("v.cache"), &CacheOptions::new().batch(4)).unwrap();
    let model = ModelKey::new("m");
    cache.encode(&model, &texts(0..5), embed(&model)).unwrap();
    let mut all = texts(0..15);
    all.push(all[7].clone());
    let (mut seen, mut warned) = (Vec::new(), 0);
    let mut watch = |e: &Event<'_>| {
        match e {
            Event::Progress { done, total } => seen.push((*done, *total)),
            Event::Warning(_) => warned += 1,
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let mut cx = Context::new().observer(&mut watch);
    // Counts in its own units, and warns as encoders do.
    let encode = |missing: &[&str], cx: &mut Context<'_>| {
        for part in 0..=2 {
            cx.progress(part * 50, 100)?;
        }
        cx.warn(Warning::Truncated { texts: 1, max_tokens: 256 });
        cx.warn(Warning::EmptyRows { rows: 1, first: missing.len() - 1 });
        cx.warn(Warning::Fallback { what: "a".into(), reason: "b".into(), instead: "c".into() });
        cx.decide(Decision::new("precision", "f32", "asked for"));
        Ok::<_, Cancelled>(matrix(&model, missing))
    };
    let cached = cache.encode_with(&model, &all, &mut cx, encode).unwrap();
    assert_eq!(report(cached.report), [5, 10, 1, 0]);
    assert_eq!(
        cx.take_report().warnings,
        [
            Warning::Truncated { texts: 3, max_tokens: 256 },
            Warning::EmptyRows { rows: 3, first: 8 },
            Warning::Fallback { what: "a".into(), reason: "b".into(), instead: "c".into() },
        ]
    );
    drop(cx);
    let done: Vec<u64> = seen.iter().map(|s| s.0).collect();
    assert!(seen.iter().all(|s| s.1 == 16), "{seen:?}");
    assert_eq!(done, [6, 6, 8, 10, 10, 10, 12, 14, 14, 14, 15, 16, 16]);
    assert_eq!(warned, 3);

    // On an error, too.
    let mut cx = Context::new();
    let failing = |_: &[&str], cx: &mut Context<'_>| {
        cx.warn(Warning::AllEqual { rows: 3 });
        cx.decide(Decision::new("a", "b", "c"));
        Err::<Matrix, _>(std::fmt::Error)
    };
    assert!(matches!(cache.encode_with(&model, &["new"], &mut cx, failing), Err(EncodeError::Encode(std::fmt::Error))));
    assert_eq!(cx.report().warnings, [Warning::AllEqual { rows: 3 }]);
    assert_eq!(cx.report().decisions, [Decision::new("a", "b", "c")]);
}

#[test]
fn an_error_or_a_cancellation_keeps_what_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VectorCache::open_with(folder.path().join("v.cache"), &CacheOptions::new().batch(10)).unwrap();
    let model = ModelKey::new("m");
    let all = texts(0..50);
    let mut calls = 0;
    let failing = |missing: &[&str], _: &mut Context<'_>| {
        calls += 1;
        if calls == 3 { Err("out of luck".to_owned()) } else { Ok(matrix(&model, missing)) }
    };
    match cache.encode(&model, &all, failing) {
        Err(EncodeError::Encode(reason)) => assert_eq!(reason, "out of luck"),
        other => panic!("{other:?}"),
    }
    assert_eq!(cache.len().unwrap(), 20);

    // Cancelled from inside, with an error of its own kind; by the observer between two batches; and before it began.
    let token = CancelToken::new();
    let cancelling = |_: &[&str], cx: &mut Context<'_>| {
        token.cancel();
        cx.check().map_err(|_| "stopped")?;
        Ok::<Matrix, &str>(Matrix::zeros(0, 0))
    };
    let r = cache.encode_with(&model, &all, &mut Context::new().cancel(&token), cancelling);
    assert!(matches!(r, Err(EncodeError::Cancelled(Cancelled))), "{r:?}");
    assert_eq!(cache.len().unwrap(), 20);
    let mut watch = |e: &Event<'_>| match e {
        Event::Progress { done: 30.., .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let r = cache.encode_with(&model, &all, &mut Context::new().observer(&mut watch), embed(&model));
    assert!(matches!(r, Err(EncodeError::Cancelled(Cancelled))), "{r:?}");
    assert_eq!(cache.len().unwrap(), 30);
    let r = cache.encode_with(&model, &all, &mut Context::new().cancel(&token), never);
    assert!(matches!(r, Err(EncodeError::Cancelled(Cancelled))), "{r:?}");

    let cached = cache.encode(&model, &all, embed(&model)).unwrap();
    assert_eq!(report(cached.report), [30, 20, 0, 0]);
    assert_eq!(cached.vectors, matrix(&model, &all));
}

#[test]
fn vectors_that_cannot_be_are_errors_and_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VectorCache::open_with(folder.path().join("v.cache"), &CacheOptions::new().batch(3)).unwrap();
    let model = ModelKey::new("m");
    let fails = |known: &[&str], asked: &[&str], x: Matrix| {
        cache.clear().unwrap();
        if !known.is_empty() {
            cache.encode(&model, known, embed(&model)).unwrap();
        }
        let before = cache.len().unwrap();
        let error = match cache.encode(&model, asked, |_: &[&str], _: &mut Context<'_>| Ok::<_, Error>(x.clone())) {
            Err(EncodeError::Cache(error)) => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(cache.len().unwrap(), before);
        error
    };
    assert_eq!(fails(&[], &["a", "b"], Matrix::zeros(1, 4)), Error::Rows { expected: 2, got: 1 });
    assert_eq!(fails(&[], &["a", "b"], Matrix::zeros(3, 4)), Error::Rows { expected: 2, got: 3 });
    assert_eq!(fails(&[], &["a", "b"], Matrix::zeros(1, 0)), Error::Rows { expected: 2, got: 1 });
    let width = Error::Width { model: "m".into(), expected: DIM, got: 4 };
    // Those stored may be among those asked for, or not.
    assert_eq!(fails(&["a"], &["a", "b"], Matrix::zeros(1, 4)), width);
    assert_eq!(fails(&["a"], &["b"], Matrix::zeros(1, 4)), width);
    let mut x = matrix(&model, &["b", "c"]);
    x.row_mut(1)[5] = f32::NEG_INFINITY;
    let error = fails(&["a"], &["a", "b", "b", "c"], x);
    assert_eq!(error, Error::NonFinite { text: 3, col: 5, value: f32::NEG_INFINITY });
    assert_eq!(error.to_string(), "the vector computed for text 3 holds -inf in column 5, not a finite number");

    // From one batch to the next.
    cache.clear().unwrap();
    let mut dim = 3;
    let r = cache.encode(&model, &texts(0..9), |missing: &[&str], _: &mut Context<'_>| {
        dim += 1;
        Ok::<_, Error>(Matrix::zeros(missing.len(), dim))
    });
    assert!(matches!(r, Err(EncodeError::Cache(Error::Width { expected: 4, got: 5, .. }))), "{r:?}");
    assert_eq!(cache.len().unwrap(), 3);
    assert_eq!(vector(&model, "a").len(), DIM);
}

#[test]
fn a_cache_within_the_closure_and_many_threads() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VectorCache::open(folder.path().join("v.cache")).unwrap();
    let model = ModelKey::new("m");
    // The file is not in use while the closure runs, so it may use the cache itself.
    let all = texts(0..8);
    let inner = |missing: &[&str], _: &mut Context<'_>| cache.encode(&model, missing, embed(&model)).map(|c| c.vectors);
    assert_eq!(cache.encode(&model, &all, inner).unwrap().vectors, matrix(&model, &all));
    assert_eq!(cache.len().unwrap(), 8);

    // From threads of the pool, which may take up another call while they wait for one.
    use rayon::prelude::*;
    (0..24usize).into_par_iter().for_each(|i| {
        let own = VectorCache::open(cache.path()).unwrap();
        let some = texts(i * 5..i * 5 + 40);
        assert_eq!(own.encode(&model, &some, embed(&model)).unwrap().vectors, matrix(&model, &some));
    });
    assert_eq!(cache.len().unwrap(), 23 * 5 + 40);
    std::thread::scope(|scope| {
        for i in 0..6 {
            let (cache, model) = (&cache, &model);
            scope.spawn(move || {
                let some = texts(i * 30..i * 30 + 100);
                assert_eq!(cache.encode(model, &some, embed(model)).unwrap().vectors, matrix(model, &some));
            });
        }
    });
    assert_eq!(cache.encode(&model, &texts(0..250), never).unwrap().vectors, matrix(&model, &texts(0..250)));
}
