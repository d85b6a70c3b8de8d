//! The built-in static model against its reference in Python, and at the edges.
#![cfg(feature = "builtin")]

mod common;

use planisphere_core::{CancelToken, Context, Event, Threads, Warning};
use planisphere_embed::{Encoder, EncoderOptions, Error};
use std::ops::ControlFlow;

fn length(row: &[f32]) -> f64 {
    row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn equals_the_python_reference() {
    let golden = common::json(&common::fixture("builtin-model/golden.json"));
    let vectors = Encoder::builtin().unwrap().encode(&common::texts(&golden["texts"])).unwrap();
    common::assert_close(&vectors, &golden["vectors"], 1e-6);
}

#[test]
fn like_texts_are_near_and_unlike_ones_far() {
    let e = Encoder::builtin().unwrap();
    let triples = [
        ("how do I reset my password", "forgot login credentials", "grilled salmon with lemon"),
        ("the train was delayed again", "railway service is late", "quarterly revenue rose"),
        ("my dog ate a shoe", "puppy chews on slippers", "install the printer driver"),
        ("stock market crash", "shares fall sharply", "learning to play the violin"),
    ];
    for (a, b, c) in triples {
        let x = e.encode(&[a, b, c]).unwrap();
        let dot = |i: usize, j: usize| x.row(i).iter().zip(x.row(j)).map(|(p, q)| p * q).sum::<f32>();
        assert!(dot(0, 1) > dot(0, 2) + 0.1, "{a}: {} {}", dot(0, 1), dot(0, 2));
    }
}

#[test]
fn same_bytes_on_any_number_of_threads() {
    let texts: Vec<String> = (0..3000).map(|i| format!("text {i} about {} and é{}", i * 7 % 61, i % 13)).collect();
    let e = Encoder::builtin().unwrap();
    let on = |n| e.encode_with(&texts, &mut Context::new().threads(Threads::Exactly(n))).unwrap();
    let one = on(1);
    for n in [2, 3, 8] {
        assert!(on(n) == one, "{n} threads");
    }
    assert_eq!(one.row(17), e.encode(&texts[17..18]).unwrap().row(0));
}

#[test]
fn rows_without_tokens_are_zero_and_told() {
    let e = Encoder::builtin().unwrap();
    let mut cx = Context::new();
    let x = e.encode_with(&["hello", "", " \n", "\u{e000}", "bye"], &mut cx).unwrap();
    assert_eq!(cx.report().warnings, [Warning::EmptyRows { rows: 3, first: 1 }]);
    for i in [1, 2, 3] {
        assert!(x.row(i).iter().all(|&v| v == 0.0));
    }
    for i in [0, 4] {
        assert!((length(x.row(i)) - 1.0).abs() < 1e-6);
    }
}

#[test]
fn no_texts_give_no_rows() {
    let e = Encoder::builtin().unwrap();
    let none: [&str; 0] = [];
    let x = e.encode(&none).unwrap();
    assert_eq!((x.rows(), x.cols()), (0, e.dim()));
}

#[test]
fn options_do_what_they_say() {
    let e = Encoder::builtin().unwrap();
    assert_eq!(e.max_seq_length(), None);
    let two = e.with_options(EncoderOptions::new().max_seq_length(2)).unwrap();
    assert_eq!(two.max_seq_length(), Some(2));
    let mut cx = Context::new();
    let cut = two.encode_with(&["red green blue", "red green"], &mut cx).unwrap();
    assert_eq!(cut.row(0), cut.row(1));
    assert_eq!(cx.report().warnings, [Warning::Truncated { texts: 1, max_tokens: 2 }]);

    let prompted = e.with_options(EncoderOptions::new().prefix("red ")).unwrap();
    assert_eq!(prompted.encode(&["green"]).unwrap(), e.encode(&["red green"]).unwrap());

    let raw = e.with_options(EncoderOptions::new().normalize(false)).unwrap().encode(&["red", "red red"]).unwrap();
    assert_eq!(raw.row(0), raw.row(1));
    assert!((length(raw.row(0)) - 1.0).abs() > 1e-3);

    for (options, name) in [
        (EncoderOptions::new().batch_tokens(0), "batch_tokens"),
        (EncoderOptions::new().max_seq_length(0), "max_seq_length"),
    ] {
        assert!(matches!(e.with_options(options), Err(Error::InvalidParam { param, .. }) if param == name));
    }
}

#[test]
fn progress_reaches_the_end_and_can_be_cancelled() {
    let texts = vec!["a few words"; 20_000];
    let e = Encoder::builtin().unwrap();
    let mut seen = Vec::new();
    let mut watch = |event: &Event<'_>| {
        if let Event::Progress { done, total } = event {
            seen.push((*done, *total));
        }
        ControlFlow::Continue(())
    };
    e.encode_with(&texts, &mut Context::new().observer(&mut watch)).unwrap();
    assert!(seen.len() > 1 && seen.is_sorted());
    assert_eq!(seen.last(), Some(&(20_000, 20_000)));

    let mut stop = |_: &Event<'_>| ControlFlow::Break(());
    let r = e.encode_with(&texts, &mut Context::new().observer(&mut stop));
    assert!(matches!(r, Err(Error::Cancelled(_))));
    let token = CancelToken::new();
    token.cancel();
    let r = e.encode_with(&["one"], &mut Context::new().cancel(&token));
    assert!(matches!(r, Err(Error::Cancelled(_))));
}

#[test]
fn encoders_are_shared_between_threads() {
    let e = Encoder::builtin().unwrap();
    let alone = e.encode(&["shared"]).unwrap();
    std::thread::scope(|s| {
        for _ in 0..3 {
            let e = e.clone();
            let alone = &alone;
            s.spawn(move || assert_eq!(&e.encode(&["shared"]).unwrap(), alone));
        }
    });
}

#[test]
fn files_are_read_and_damage_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.bin");
    assert!(matches!(Encoder::from_static_file(&path), Err(Error::Missing { .. })));
    let good = planisphere_embed_builtin::MODEL;
    std::fs::write(&path, good).unwrap();
    let e = Encoder::from_static_file(&path).unwrap();
    assert_eq!(e.encode(&["x"]).unwrap(), Encoder::builtin().unwrap().encode(&["x"]).unwrap());
    std::fs::write(&path, &good[..good.len() / 2]).unwrap();
    let told = Encoder::from_static_file(&path).unwrap_err();
    assert!(matches!(told, Error::StaticModel { .. }) && told.to_string().contains("model.bin"), "{told}");
    let mut flipped = good.to_vec();
    flipped[good.len() / 2] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    assert!(Encoder::from_static_file(&path).unwrap_err().to_string().contains("checksum"));
}
