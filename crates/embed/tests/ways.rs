//! Ways to encode: long texts in parts, streams, precisions, fingerprints.
#![cfg(feature = "transformers")]

mod common;

use planisphere_core::{CancelToken, Context, Matrix, Threads, Warning};
use planisphere_embed::{Encoder, EncoderOptions, Error, LoadOptions, LongTexts, Precision};

fn tiny(kind: &str) -> Encoder {
    Encoder::from_dir(common::fixture("tiny-bert").join(kind)).unwrap()
}

fn with(e: &Encoder, options: EncoderOptions) -> Encoder {
    e.with_options(options).unwrap()
}

fn words(from: usize, to: usize) -> String {
    // One token each in the tiny vocabulary.
    (from..to).map(|i| ["a", "of", "the", "to", "in"][i % 5]).collect::<Vec<_>>().join(" ")
}

#[test]
fn long_texts_are_the_mean_of_their_parts() {
    let average = |overlap| EncoderOptions::new().max_seq_length(12).long_texts(LongTexts::Average { overlap });
    for kind in ["gte", "bert", "mpnet"] {
        let e = tiny(kind);
        let mut cx = Context::new();
        let short = with(&e, EncoderOptions::new().max_seq_length(12));
        // Ten tokens a part, and two special ones; what is short stays as it is.
        let parts: Vec<String> =
            if kind == "mpnet" { Vec::new() } else { [(0, 10), (10, 20), (20, 24)].map(|(a, b)| words(a, b)).into() };
        let texts = ["a of", &words(0, 24), ""];
        let got = with(&e, average(0)).encode_with(&texts, &mut cx).unwrap();
        assert!(cx.take_report().warnings.is_empty());
        let plain = short.encode(&texts).unwrap();
        assert_eq!((got.row(0), got.row(2)), (plain.row(0), plain.row(2)), "{kind}");
        assert_ne!(got.row(1), plain.row(1), "{kind}");
        if parts.is_empty() {
            continue;
        }
        let each = short.encode(&parts).unwrap();
        let mean: Vec<f32> = (0..e.dim())
            .map(|c| [10.0, 10.0, 4.0].iter().enumerate().map(|(p, w)| w / 24.0 * each.row(p)[c]).sum())
            .collect();
        let norm = mean.iter().map(|v| v * v).sum::<f32>().sqrt();
        for (a, b) in got.row(1).iter().zip(&mean) {
            let b = if kind == "bert" { b / norm } else { *b };
            assert!((a - b).abs() < 2e-6, "{kind}: {a} for {b}");
        }
        // With three tokens in common: 0..10, 7..17, 14..24.
        let overlapping = with(&e, average(3)).encode(&[&texts[1]]).unwrap();
        let parts = [(0, 10), (7, 17), (14, 24)].map(|(a, b)| words(a, b));
        let each = short.encode(&parts).unwrap();
        let mean: Vec<f32> = (0..e.dim()).map(|c| (0..3).map(|p| each.row(p)[c] / 3.0).sum()).collect();
        let norm = mean.iter().map(|v| v * v).sum::<f32>().sqrt();
        for (a, b) in overlapping.row(0).iter().zip(&mean) {
            let b = if kind == "bert" { b / norm } else { *b };
            assert!((a - b).abs() < 2e-6, "{kind}: {a} for {b}");
        }
        // More than half of a part would make far more parts than there are texts.
        for overlap in [6, usize::MAX] {
            let refused = e.with_options(average(overlap)).unwrap_err();
            assert!(matches!(refused, Error::InvalidParam { param: "overlap", .. }), "{refused}");
        }
    }
}

/// Every part begins with the prompt, and prompts that fill a part leave room for the text.
#[test]
fn prompts_stand_before_every_part() {
    let e = tiny("stella");
    let options = |n| EncoderOptions::new().max_seq_length(n).prefix("a of ");
    let average = |n| options(n).long_texts(LongTexts::Average { overlap: 0 });
    let got = with(&e, average(8)).encode(&[words(0, 12)]).unwrap();
    let parts = [(0, 4), (4, 8), (8, 12)].map(|(a, b)| words(a, b));
    let each = with(&e, options(8)).encode(&parts).unwrap();
    for c in 0..e.dim() {
        let mean = (0..3).map(|p| each.row(p)[c] / 3.0).sum::<f32>();
        assert!((got.row(0)[c] - mean).abs() < 2e-6);
    }
    let tight = with(&e, average(3)).encode(&[words(0, 5)]).unwrap();
    assert!(tight.row(0).iter().all(|v| v.is_finite()));
}

#[test]
fn streams_equal_the_whole() {
    let mut texts: Vec<String> = (0..50).map(|i| words(i, 2 * i + 1)).collect();
    texts[33] = String::new();
    for e in [tiny("bert"), with(&tiny("gte"), EncoderOptions::new().max_seq_length(20)), Encoder::builtin().unwrap()] {
        let mut cx = Context::new();
        let whole = e.encode_with(&texts, &mut cx).unwrap();
        let told = cx.take_report().warnings;
        for rows in [1, 7, 50, 1000] {
            let mut stream = e.stream(&texts).rows(rows).threads(Threads::Exactly(2));
            let mut got = Vec::new();
            for block in &mut stream {
                let block = block.unwrap();
                assert!(block.rows() <= rows);
                got.extend_from_slice(block.data());
            }
            assert_eq!(Matrix::from_vec(50, e.dim(), got).unwrap(), whole);
            assert_eq!((stream.warnings(), stream.done()), (&told[..], 50));
            assert!(stream.next().is_none());
        }
    }
}

#[test]
fn streams_end_with_errors_and_cancel() {
    let token = CancelToken::new();
    let mut stream = tiny("bert").stream(std::iter::repeat("endless")).rows(3).cancel(&token);
    assert_eq!(stream.next().unwrap().unwrap().rows(), 3);
    token.cancel();
    assert!(matches!(stream.next(), Some(Err(Error::Cancelled(_)))));
    assert!(stream.next().is_none());
    // Long texts make blocks short.
    let book = "word ".repeat(1 << 20);
    let mut stream = Encoder::builtin().unwrap().stream([&book, &book, &book]);
    assert_eq!(stream.next().unwrap().unwrap().rows(), 2);
    assert_eq!(stream.next().unwrap().unwrap().rows(), 1);
    assert!(stream.next().is_none());
}

/// The tiny models hold what 16 bits can.
#[test]
fn halves_of_halves_lose_nothing() {
    let golden = common::json(&common::fixture("tiny-bert/more.json"));
    let texts = common::texts(&golden["texts"]);
    for kind in ["mpnet", "modernbert", "nomic", "gte", "jina", "stella"] {
        let dir = common::fixture("tiny-bert").join(kind);
        let full = tiny(kind).encode(&texts).unwrap();
        let half = Encoder::from_dir_with(&dir, &LoadOptions::new().precision(Precision::F16)).unwrap();
        assert!(half.encode(&texts).unwrap() == full, "{kind}");
        let short = Encoder::from_dir_with(&dir, &LoadOptions::new().precision(Precision::Bf16)).unwrap();
        let near = short.encode(&texts).unwrap();
        for i in 0..texts.len() {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let (a, b) = (full.row(i), near.row(i));
            let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
            assert!(a != b && cosine > 0.999, "{kind}, text {i}: {cosine}");
        }
    }
}

#[test]
fn fingerprints_tell_vectors_apart() {
    let dir = common::fixture("tiny-bert/bert");
    let e = tiny("bert");
    let mut seen = vec![e.fingerprint(), tiny("stella").fingerprint(), Encoder::builtin().unwrap().fingerprint()];
    for precision in [Precision::F16, Precision::Bf16, Precision::Int8] {
        seen.push(Encoder::from_dir_with(&dir, &LoadOptions::new().precision(precision)).unwrap().fingerprint());
    }
    for options in [
        EncoderOptions::new().prefix("query: "),
        EncoderOptions::new().dimensions(8),
        EncoderOptions::new().normalize(false),
        EncoderOptions::new().max_seq_length(9),
        EncoderOptions::new().long_texts(LongTexts::Average { overlap: 1 }),
    ] {
        seen.push(with(&e, options).fingerprint());
    }
    // What does not change vectors does not count, nor does where the files lie.
    assert_eq!(with(&e, EncoderOptions::new().batch_tokens(7).normalize(true)).fingerprint(), seen[0]);
    let copy = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp").arg("-r").arg(&dir).arg(copy.path().join("b")).status().unwrap();
    assert!(status.success());
    assert_eq!(Encoder::from_dir(copy.path().join("b")).unwrap().fingerprint(), seen[0]);
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count);
    assert!(seen.iter().all(|f| f.len() == 64));
}

/// Whoever changes the bits of vectors raises `EDITION` in `Encoder::fingerprint`, so that no cache mixes old and new ones; then both
/// columns here change. They are the same on every machine.
#[test]
fn vectors_and_fingerprints_change_together() {
    let texts = ["Sorting a list", "the of a", "naïve café 中文", ""];
    let mut told = String::new();
    for (name, e) in [("builtin", Encoder::builtin().unwrap()), ("bert", tiny("bert")), ("stella", tiny("stella"))] {
        let bytes: Vec<u8> = e.encode(&texts).unwrap().data().iter().flat_map(|v| v.to_le_bytes()).collect();
        told += &format!("{name} {} {}\n", &blake3::hash(&bytes).to_hex()[..16], &e.fingerprint()[..16]);
    }
    assert_eq!(
        told,
        "builtin 60f02c1409f2e8bd 8c4b7a5fe22dbbf6\n\
         bert c4bcdbd438bdc753 a7fc3c5d1a1a4f80\n\
         stella 267d38a9a84d30f3 ca5762b89411a7f7\n"
    );
}

#[test]
fn warnings_of_streams_count_from_the_first_text() {
    let texts = ["a", "of", "", "the", ""];
    let mut stream = Encoder::builtin().unwrap().stream(texts).rows(2);
    while stream.next().is_some() {}
    assert_eq!(stream.warnings(), [Warning::EmptyRows { rows: 2, first: 2 }]);
}
