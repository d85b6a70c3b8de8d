//! Static models in folders against model2vec and sentence-transformers.
#![cfg(feature = "transformers")]

mod common;

use planisphere_core::{Context, Warning};
use planisphere_embed::{Encoder, EncoderOptions, Error, LoadOptions, LongTexts, Precision};
use std::path::Path;

const KINDS: [&str; 3] = ["plain", "quantized", "module"];

fn tiny(kind: &str) -> Encoder {
    Encoder::from_dir(common::fixture("tiny-static").join(kind)).unwrap()
}

#[test]
fn all_equal_the_reference() {
    let golden = common::json(&common::fixture("tiny-static/golden.json"));
    let texts = common::texts(&golden["texts"]);
    for kind in KINDS {
        let e = tiny(kind);
        assert_eq!((e.name(), e.dim()), (kind, 12));
        // Sums of bytes times 20 are larger numbers.
        let most = if kind == "quantized" { 1e-5 } else { 1e-6 };
        common::assert_close(&e.encode(&texts).unwrap(), &golden["models"][kind], most);
    }
}

#[test]
fn what_is_cut_is_told_and_can_be_read() {
    let long = "some words ".repeat(200);
    let e = tiny("quantized");
    assert_eq!(e.max_seq_length(), Some(20));
    let mut cx = Context::new();
    let cut = e.encode_with(&[&long], &mut cx).unwrap();
    assert_eq!(cx.take_report().warnings, [Warning::Truncated { texts: 1, max_tokens: 20 }]);
    let whole = e.with_options(EncoderOptions::new().long_texts(LongTexts::Average { overlap: 0 })).unwrap();
    let whole = whole.encode_with(&[&long], &mut cx).unwrap();
    assert!(cx.take_report().warnings.is_empty() && whole != cut);
    assert_eq!(tiny("module").max_seq_length(), None);
}

fn copied(kind: &str, change: impl FnOnce(&Path)) -> Result<Encoder, Error> {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(common::fixture("tiny-static").join(kind)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
    }
    change(dir.path());
    Encoder::from_dir(dir.path())
}

/// sentence-transformers leaves the tokenizer's own truncation as it is; model2vec sets its own.
#[test]
fn truncation_of_the_tokenizer() {
    let truncated = |kind: &str| {
        copied(kind, |dir| {
            let path = dir.join("tokenizer.json");
            let mut file = common::json(&path);
            file["truncation"] = serde_json::json!(
                {"direction": "Left", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
            );
            std::fs::write(path, file.to_string()).unwrap();
        })
        .unwrap()
    };
    let e = truncated("module");
    assert_eq!(e.max_seq_length(), Some(3));
    let plain = tiny("module");
    assert_eq!(e.encode(&["a of the to in"]).unwrap(), plain.encode(&["the to in"]).unwrap());
    assert_eq!(truncated("plain").max_seq_length(), Some(512));
}

#[test]
fn folders_of_older_versions() {
    // Before modules.json, config.json alone told.
    let e = copied("plain", |dir| {
        std::fs::remove_file(dir.join("modules.json")).unwrap();
        std::fs::write(
            dir.join("config.json"),
            r#"{"model_type": "model2vec", "normalize": true, "max_length": null}"#,
        )
        .unwrap();
    });
    let (e, plain) = (e.unwrap(), tiny("plain"));
    assert_eq!((e.max_seq_length(), plain.max_seq_length()), (None, Some(512)));
    assert_eq!(e.encode(&["some words"]).unwrap(), plain.encode(&["some words"]).unwrap());
    assert_ne!(e.fingerprint(), plain.fingerprint());
}

#[test]
fn broken_folders_are_told() {
    let write =
        |name: &'static str, text: &'static str| move |dir: &Path| std::fs::write(dir.join(name), text).unwrap();
    let e = copied("plain", |d| std::fs::remove_file(d.join("tokenizer.json")).unwrap()).unwrap_err();
    assert!(matches!(e, Error::Missing { .. }), "{e}");
    let e = copied("plain", write("tokenizer.json", "{}")).unwrap_err();
    assert!(matches!(e, Error::Tokenizer { .. }), "{e}");
    let e = copied("plain", write("model.safetensors", "not a tensor")).unwrap_err();
    assert!(matches!(e, Error::Weights { .. }), "{e}");
    let e = copied("plain", write("config.json", r#"{"max_length": "x"}"#)).unwrap_err();
    assert!(matches!(e, Error::Config { .. }), "{e}");
    let modules = r#"[{"type": "a.StaticEmbedding", "path": "../x"}]"#;
    let e = copied("plain", write("modules.json", modules)).unwrap_err();
    assert!(e.to_string().contains("leads out"), "{e}");
    let modules = r#"[{"type": "a.StaticEmbedding", "path": "."}, {"type": "a.Dense", "path": "2"}]"#;
    let e = copied("plain", write("modules.json", modules)).unwrap_err();
    assert!(matches!(&e, Error::UnsupportedModule { .. }) && e.to_string().contains("Dense"), "{e}");
    // Another model's vectors.
    let other = common::fixture("tiny-static/quantized/tokenizer.json");
    let other = std::fs::read(other).unwrap();
    let e = copied("plain", |d| std::fs::write(d.join("tokenizer.json"), other).unwrap()).unwrap_err();
    assert!(matches!(e, Error::VocabularyTooLarge { .. }), "{e}");
    let tensors = std::fs::read(common::fixture("tiny-bert/gte/model.safetensors")).unwrap();
    let e = copied("plain", |d| std::fs::write(d.join("model.safetensors"), tensors).unwrap()).unwrap_err();
    assert!(matches!(e, Error::MissingTensor { .. }), "{e}");
    let bytes = std::fs::read(common::fixture("tiny-static/plain/model.safetensors")).unwrap();
    for cut in [0, 7, 60, bytes.len() - 1] {
        let e = copied("plain", |d| std::fs::write(d.join("model.safetensors"), &bytes[..cut]).unwrap()).unwrap_err();
        assert!(matches!(e, Error::Weights { .. }), "{cut}: {e}");
    }
    for options in [LoadOptions::new().head("2_Dense"), LoadOptions::new().precision(Precision::Int8)] {
        let e = Encoder::from_dir_with(common::fixture("tiny-static/plain"), &options).unwrap_err();
        assert!(matches!(&e, Error::InvalidParam { .. }) && e.to_string().contains("static"), "{e}");
    }
}
