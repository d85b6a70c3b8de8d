//! Tiny BERT, RoBERTa and DistilBERT models against sentence-transformers.
#![cfg(feature = "transformers")]

mod common;

use planisphere_core::{CancelToken, Context, Event, Threads, Warning};
use planisphere_embed::{Encoder, EncoderOptions, Error};
use std::ops::ControlFlow;

fn tiny(kind: &str) -> Encoder {
    Encoder::from_dir(common::fixture("tiny-bert").join(kind)).unwrap()
}

fn texts() -> Vec<String> {
    common::texts(&common::json(&common::fixture("tiny-bert/golden.json"))["texts"])
}

#[test]
fn equals_sentence_transformers() {
    let golden = common::json(&common::fixture("tiny-bert/golden.json"));
    for (kind, dim) in [("bert", 24), ("roberta", 32), ("distilbert", 64)] {
        let e = tiny(kind);
        assert_eq!((e.name(), e.dim()), (kind, dim));
        common::assert_close(&e.encode(&texts()).unwrap(), &golden["models"][kind], 1e-5);
    }
    let prompted = tiny("bert").with_options(EncoderOptions::new().prefix("query: ")).unwrap();
    common::assert_close(&prompted.encode(&texts()).unwrap(), &golden["models"]["bert, prompt"], 1e-5);
}

#[test]
fn same_bytes_on_any_number_of_threads() {
    let texts: Vec<String> =
        (0..400).map(|i| format!("text {i} {}", "about this and that ".repeat(i * 7 % 11))).collect();
    for kind in ["bert", "roberta"] {
        let e = tiny(kind).with_options(EncoderOptions::new().batch_tokens(300)).unwrap();
        let on = |n| e.encode_with(&texts, &mut Context::new().threads(Threads::Exactly(n))).unwrap();
        let one = on(1);
        for n in [2, 3] {
            assert!(on(n) == one, "{kind}, {n} threads");
        }
    }
}

#[test]
fn long_texts_are_cut_and_told() {
    let e = tiny("bert");
    assert_eq!(e.max_seq_length(), Some(48));
    let mut cx = Context::new();
    let x = e.encode_with(&["word ".repeat(500), "word ".repeat(499)], &mut cx).unwrap();
    assert_eq!(cx.report().warnings, [Warning::Truncated { texts: 2, max_tokens: 48 }]);
    assert_eq!(x.row(0), x.row(1));
    let most = e.with_options(EncoderOptions::new().max_seq_length(64)).unwrap();
    assert_ne!(most.encode(&["word ".repeat(500)]).unwrap().row(0), x.row(0));
    for n in [0, 2, 65] {
        let r = e.with_options(EncoderOptions::new().max_seq_length(n));
        assert!(matches!(r, Err(Error::InvalidParam { param: "max_seq_length", .. })), "{n}");
    }
}

#[test]
fn normalization_can_be_switched() {
    let norm = |e: &Encoder| {
        let x = e.encode(&["some text"]).unwrap();
        x.data().iter().map(|v| v * v).sum::<f32>().sqrt()
    };
    let (on, off) = (EncoderOptions::new().normalize(true), EncoderOptions::new().normalize(false));
    assert!((norm(&tiny("bert")) - 1.0).abs() < 1e-6);
    assert!((norm(&tiny("bert").with_options(off).unwrap()) - 1.0).abs() > 1e-2);
    assert!((norm(&tiny("distilbert")) - 1.0).abs() > 1e-2);
    assert!((norm(&tiny("distilbert").with_options(on).unwrap()) - 1.0).abs() < 1e-6);
}

#[test]
fn progress_cancellation_and_no_texts() {
    let e = tiny("bert").with_options(EncoderOptions::new().batch_tokens(40)).unwrap();
    let none: [&str; 0] = [];
    let x = e.encode(&none).unwrap();
    assert_eq!((x.rows(), x.cols()), (0, 24));
    let texts = vec!["some words"; 200];
    let mut last = (0, 0);
    let mut watch = |event: &Event<'_>| {
        if let Event::Progress { done, total } = event {
            assert!(*done > last.0);
            last = (*done, *total);
        }
        ControlFlow::Continue(())
    };
    e.encode_with(&texts, &mut Context::new().observer(&mut watch)).unwrap();
    assert_eq!(last, (200, 200));
    let mut stop = |_: &Event<'_>| ControlFlow::Break(());
    let r = e.encode_with(&texts, &mut Context::new().observer(&mut stop));
    assert!(matches!(r, Err(Error::Cancelled(_))));
    let token = CancelToken::new();
    token.cancel();
    assert!(matches!(e.encode_with(&texts, &mut Context::new().cancel(&token)), Err(Error::Cancelled(_))));
}

/// all-MiniLM-L6-v2 is too large for the repository: name its directory to run this.
#[test]
#[allow(clippy::print_stderr, reason = "a test that does not run has to say so")]
fn minilm_equals_sentence_transformers() {
    let Some(dir) = std::env::var_os("PLANISPHERE_MINILM_DIR") else {
        eprintln!("SKIPPED minilm_equals_sentence_transformers: PLANISPHERE_MINILM_DIR is not set");
        return;
    };
    let golden = common::json(&common::fixture("tiny-bert/minilm.json"));
    let e = Encoder::from_dir(dir).unwrap();
    assert_eq!((e.dim(), e.max_seq_length()), (384, Some(256)));
    common::assert_close(&e.encode(&common::texts(&golden["texts"])).unwrap(), &golden["vectors"], 2e-6);
}
