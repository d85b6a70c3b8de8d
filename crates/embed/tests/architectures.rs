//! Tiny models of each architecture against transformers.
#![cfg(feature = "transformers")]

mod common;

use planisphere_embed::{Encoder, EncoderOptions, Error, LoadOptions, Precision};

fn tiny(kind: &str) -> Encoder {
    Encoder::from_dir(common::fixture("tiny-bert").join(kind)).unwrap()
}

#[test]
fn all_equal_transformers() {
    let golden = common::json(&common::fixture("tiny-bert/more.json"));
    let texts = common::texts(&golden["texts"]);
    for (kind, dim) in [("mpnet", 32), ("modernbert", 32), ("nomic", 32), ("gte", 32), ("jina", 36)] {
        let e = tiny(kind);
        assert_eq!((e.name(), e.dim()), (kind, dim));
        common::assert_close(&e.encode(&texts).unwrap(), &golden["models"][kind], 1e-5);
    }
    common::assert_close(&tiny("stella").encode(&texts).unwrap(), &golden["models"]["stella, 16"], 1e-5);
}

/// What is computed together, in what order and by how many threads does not change a bit.
#[test]
fn a_text_has_the_same_bits_in_any_company() {
    let golden = common::json(&common::fixture("tiny-bert/more.json"));
    let texts = common::texts(&golden["texts"]);
    for kind in ["bert", "roberta", "distilbert", "mpnet", "modernbert", "nomic", "gte", "jina", "stella"] {
        let all = tiny(kind).encode(&texts).unwrap();
        for tokens in [1, 50, 100_000] {
            let one = tiny(kind).with_options(EncoderOptions::new().batch_tokens(tokens)).unwrap();
            assert!(one.encode(&texts).unwrap() == all, "{kind}, {tokens}");
        }
        for (i, text) in texts.iter().enumerate() {
            assert!(tiny(kind).encode(&[text]).unwrap().row(0) == all.row(i), "{kind}: {text:?}");
        }
    }
}

/// stella: a choice of heads, and prompts by name.
#[test]
fn heads_and_prompts() {
    let golden = common::json(&common::fixture("tiny-bert/more.json"));
    let texts = common::texts(&golden["texts"]);
    let dir = common::fixture("tiny-bert/stella");
    let wide = Encoder::from_dir_with(&dir, &LoadOptions::new().head("2_Dense_40")).unwrap();
    assert_eq!(wide.dim(), 40);
    common::assert_close(&wide.encode(&texts).unwrap(), &golden["models"]["stella, 40"], 1e-5);

    let e = tiny("stella");
    assert_eq!(e.prompts().map(|p| p.0).collect::<Vec<_>>(), ["s2p_query", "s2s_query"]);
    for (name, text) in e.prompts() {
        let want = &golden["models"][format!("stella, {name}")];
        let by_name = e.with_options(EncoderOptions::new().prompt(name)).unwrap();
        common::assert_close(&by_name.encode(&texts).unwrap(), want, 1e-5);
        let by_text = e.with_options(EncoderOptions::new().prefix(text).prompt(name)).unwrap();
        assert_eq!(by_text.encode(&texts).unwrap(), by_name.encode(&texts).unwrap());
    }
    for (what, r) in [
        ("s2p_query, s2s_query", e.with_options(EncoderOptions::new().prompt("query"))),
        ("no prompts", tiny("gte").with_options(EncoderOptions::new().prompt("query"))),
        ("from 1 to 16", e.with_options(EncoderOptions::new().dimensions(17))),
        ("from 1 to 16", e.with_options(EncoderOptions::new().dimensions(0))),
        ("a folder of the model", Encoder::from_dir_with(&dir, &LoadOptions::new().head("../bert/2_Dense"))),
        (
            "no dense head",
            Encoder::from_dir_with(common::fixture("tiny-bert/roberta"), &LoadOptions::new().head("2_Dense")),
        ),
        (
            "no modules.json",
            Encoder::from_dir_with(common::fixture("tiny-bert/gte"), &LoadOptions::new().head("2_Dense")),
        ),
    ] {
        let told = r.err().unwrap();
        assert!(matches!(&told, Error::InvalidParam { .. }) && told.to_string().contains(what), "{told}");
    }
    let missing = Encoder::from_dir_with(&dir, &LoadOptions::new().head("2_Dense_99"));
    assert!(matches!(missing, Err(Error::Missing { .. })), "{missing:?}");
}

#[test]
fn fewer_dimensions() {
    let text = ["some words"];
    for (e, unit) in [(tiny("bert"), true), (tiny("gte"), false)] {
        let whole = e.encode(&text).unwrap();
        let short = e.with_options(EncoderOptions::new().dimensions(7)).unwrap();
        assert_eq!(short.dim(), 7);
        let x = short.encode(&text).unwrap();
        let norm = whole.row(0)[..7].iter().map(|v| v * v).sum::<f32>().sqrt();
        for (a, b) in x.row(0).iter().zip(whole.row(0)) {
            assert!((a - b / if unit { norm } else { 1.0 }).abs() < 1e-6);
        }
    }
}

#[test]
fn bytes_are_near() {
    let golden = common::json(&common::fixture("tiny-bert/more.json"));
    let texts = common::texts(&golden["texts"]);
    for kind in ["bert", "mpnet", "modernbert", "nomic", "gte", "jina", "stella"] {
        let dir = common::fixture("tiny-bert").join(kind);
        let full = tiny(kind).encode(&texts).unwrap();
        let e = Encoder::from_dir_with(&dir, &LoadOptions::new().precision(Precision::Int8)).unwrap();
        let bytes = e.encode(&texts).unwrap();
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let mut mean = 0.0;
        for i in 0..texts.len() {
            let (a, b) = (full.row(i), bytes.row(i));
            let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
            // Rows of 32 random values are rounded more coarsely than those of a trained model.
            assert!(cosine > 0.98, "{kind}, text {i}: {cosine}");
            mean += cosine / texts.len() as f64;
            assert!(e.encode(&[&texts[i]]).unwrap().row(0) == b, "{kind}: text {i} depends on its company");
        }
        assert!(mean > 0.995, "{kind}: {mean}");
    }
}
