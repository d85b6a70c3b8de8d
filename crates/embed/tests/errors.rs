//! Directories that are not what they should be: every one gives an error that names the file and the problem.
#![cfg(feature = "transformers")]

mod common;

use planisphere_embed::{Encoder, Error, LoadOptions, Precision};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A copy of a tiny model that can be broken.
struct Broken(tempfile::TempDir);

impl Broken {
    fn of(kind: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(&common::fixture("tiny-bert").join(kind), dir.path());
        Self(dir)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn without(self, file: &str) -> Self {
        std::fs::remove_file(self.path(file)).unwrap();
        self
    }

    fn write(self, file: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(file), bytes).unwrap();
        self
    }

    fn set(self, file: &str, key: &str, value: Value) -> Self {
        let mut whole = common::json(&self.path(file));
        whole[key] = value;
        self.write(file, whole.to_string())
    }

    fn cut(self, file: &str, keep: impl Fn(usize) -> usize) -> Self {
        let bytes = std::fs::read(self.path(file)).unwrap();
        let keep = keep(bytes.len());
        self.write(file, &bytes[..keep])
    }

    #[track_caller]
    fn error(&self) -> Error {
        match Encoder::from_dir(self.0.path()) {
            Ok(_) => panic!("the broken model was loaded"),
            Err(e) => e,
        }
    }

    /// Checks that the message names `file` and says `part`.
    #[track_caller]
    fn says(&self, file: &str, part: &str) -> Error {
        let e = self.error();
        let message = e.to_string();
        assert!(message.contains(file) && message.contains(part), "{message}");
        e
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).map(|_| ()).unwrap()
        }
    }
}

#[test]
fn missing_files_are_named() {
    let nowhere = common::fixture("no-such-model");
    assert!(matches!(Encoder::from_dir(&nowhere), Err(Error::Missing { path, .. }) if path == nowhere));
    let file = common::fixture("tiny-bert/golden.json");
    assert!(matches!(Encoder::from_dir(file), Err(Error::Missing { .. })));
    for file in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json", "2_Dense/config.json"] {
        let e = Broken::of("bert").without(file).error();
        assert!(matches!(&e, Error::Missing { path, .. } if path.ends_with(file)), "{file}: {e}");
    }
    let shard = "model-00002-of-00002.safetensors";
    assert!(matches!(Broken::of("roberta").without(shard).says(shard, "not found"), Error::Missing { .. }));
}

#[test]
fn optional_files_may_be_missing() {
    let b = Broken::of("bert")
        .without("modules.json")
        .without("sentence_bert_config.json")
        .without("tokenizer_config.json");
    let e = Encoder::from_dir(b.0.path()).unwrap();
    assert_eq!((e.dim(), e.max_seq_length()), (32, Some(64)));
    let x = e.encode(&["mean of the tokens, not normalized"]).unwrap();
    assert!((x.data().iter().map(|v| v * v).sum::<f32>() - 1.0).abs() > 1e-2);
}

#[test]
fn truncated_and_malformed_weights() {
    let file = "model.safetensors";
    for keep in [|_| 0, |_| 7, |_| 100, |n| n / 2, |n| n - 1] as [fn(usize) -> usize; 5] {
        let e = Broken::of("bert").cut(file, keep).says(file, "not a usable safetensors file");
        assert!(matches!(e, Error::Weights { .. }), "{e}");
    }
    Broken::of("bert").write(file, vec![0xff; 4000]).says(file, "not a usable safetensors file");
    let e = Broken::of("bert").cut("2_Dense/model.safetensors", |n| n - 4).error();
    assert!(matches!(e, Error::Weights { .. }), "{e}");
    let index = "model.safetensors.index.json";
    Broken::of("roberta").set(index, "weight_map", json!([1])).says(index, "weight_map");
    Broken::of("roberta").set(index, "weight_map", json!({"a": "../../etc/passwd"})).says(index, "same folder");
    Broken::of("roberta").set(index, "weight_map", json!({})).says(index, "weight_map");
}

#[test]
fn broken_json() {
    for file in ["config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json"] {
        let e = Broken::of("bert").write(file, "{\n \"a\": ,\n}").says(file, "line 2");
        assert!(matches!(e, Error::Json { line: 2, .. }), "{e}");
    }
    assert!(matches!(Broken::of("bert").write("config.json", [0xff, 0xfe]).error(), Error::Json { .. }));
    Broken::of("bert").write("config.json", "[]").says("config.json", "must hold an object");
    Broken::of("bert").write("modules.json", "{}").says("modules.json", "must hold a list");
    Broken::of("bert").write("modules.json", "[]").says("modules.json", "no Transformer");
}

#[test]
fn configurations_that_cannot_be() {
    let file = "config.json";
    let cases = [
        ("hidden_size", json!(0), "at least 1"),
        ("hidden_size", json!("32"), "whole number"),
        ("hidden_size", json!(null), "hidden_size = null"),
        ("num_attention_heads", json!(5), "must divide hidden_size = 32"),
        ("num_hidden_layers", json!(-1), "num_hidden_layers = -1"),
        ("vocab_size", json!(1e30), "vocab_size"),
        ("layer_norm_eps", json!("small"), "number from 0 to 1"),
        ("hidden_act", json!("mish"), "supported: gelu"),
        ("position_embedding_type", json!("relative_key"), "absolute"),
        ("max_position_embeddings", json!(2), "special tokens"),
    ];
    for (key, value, part) in cases {
        let e = Broken::of("bert").set(file, key, value).says(file, part);
        assert!(matches!(e, Error::Config { .. }), "{key}: {e}");
    }
    Broken::of("roberta").set(file, "pad_token_id", json!(63)).says(file, "leaves no position");
    Broken::of("bert").set("2_Dense/config.json", "in_features", json!(31)).says("2_Dense", "gives 32");
    Broken::of("bert").set("2_Dense/config.json", "activation_function", json!("os.system")).says("2_Dense", "Tanh");
    Broken::of("bert").set("1_Pooling/config.json", "pooling_mode", json!("best")).says("1_Pooling", "weightedmean");
    Broken::of("bert").set("1_Pooling/config.json", "embedding_dimension", json!(64)).says("1_Pooling", "is 32");
}

#[test]
fn what_is_not_supported_lists_what_is() {
    for model_type in ["t5", ""] {
        let e =
            Broken::of("bert").set("config.json", "model_type", json!(model_type)).says("config.json", "xlm-roberta");
        assert!(matches!(e, Error::UnsupportedModel { .. }), "{e}");
    }
    let modules = |list: Value| Broken::of("bert").write("modules.json", list.to_string());
    let transformer = json!({"type": "sentence_transformers.models.Transformer", "path": ""});
    let pooling = json!({"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"});
    let lstm = json!({"type": "sentence_transformers.models.LSTM", "path": "1_LSTM"});
    let e = modules(json!([transformer, lstm])).says("modules.json", "Normalize");
    assert!(matches!(&e, Error::UnsupportedModule { module, .. } if module.ends_with("LSTM")), "{e}");
    modules(json!([pooling, transformer])).says("modules.json", "out of order");
    modules(json!([transformer])).says("modules.json", "no Pooling");
    let outside = json!({"type": "sentence_transformers.models.Pooling", "path": "../1_Pooling"});
    modules(json!([transformer, outside])).says("modules.json", "leads out");
    assert!(Encoder::from_dir(modules(json!([transformer, pooling])).0.path()).is_ok());
}

#[test]
fn tensors_that_do_not_fit() {
    let e = Broken::of("bert").set("config.json", "intermediate_size", json!(65)).error();
    assert!(matches!(&e, Error::TensorShape { name, .. } if name.contains("intermediate")), "{e}");
    let e = Broken::of("bert").set("config.json", "num_hidden_layers", json!(3)).error();
    assert!(matches!(&e, Error::MissingTensor { name, .. } if name.contains("layer.2")), "{e}");
    let e = Broken::of("bert").set("config.json", "model_type", json!("distilbert")).error();
    assert!(matches!(e, Error::MissingTensor { .. }), "{e}");
    // As many layers as a number can say: told at the first that is missing, with nothing allocated for the others.
    let e = Broken::of("bert").set("config.json", "num_hidden_layers", json!(u32::MAX)).error();
    assert!(matches!(&e, Error::MissingTensor { name, .. } if name.contains("layer.2")), "{e}");
    let modern = Broken::of("modernbert").set("config.json", "num_hidden_layers", json!(u32::MAX));
    let e = modern.set("config.json", "layer_types", json!(null)).error();
    assert!(matches!(&e, Error::MissingTensor { .. }), "{e}");
}

#[test]
fn tokenizers_that_do_not_fit() {
    let file = "tokenizer.json";
    let e = Broken::of("bert").set("config.json", "vocab_size", json!(100)).says(file, "token ids go up to 219");
    assert!(matches!(e, Error::VocabularyTooLarge { rows: 100, max_id: 219, .. }), "{e}");
    for bytes in ["", "{}", "[1, 2]", "{\"model\": {\"type\": \"Magic\"}}"] {
        let e = Broken::of("bert").write(file, bytes).says(file, "not a usable tokenizer");
        assert!(matches!(e, Error::Tokenizer { .. }), "{e}");
    }
    Broken::of("bert").cut(file, |n| n / 2).says(file, "not a usable tokenizer");
    // Templates that the library takes, and fails over when it uses them, or that double the text.
    let a = json!({"Sequence": {"id": "A", "type_id": 0}});
    for (pieces, why) in [
        (json!([{"Sequence": {"id": "B", "type_id": 0}}]), "the text once"),
        (json!([a, a]), "the text once"),
        (json!([]), "the text once"),
        (json!([a, {"SpecialToken": {"id": "[NO]", "type_id": 0}}]), "does not tell of"),
    ] {
        let post = json!({"type": "TemplateProcessing", "single": pieces, "pair": [], "special_tokens": {}});
        Broken::of("bert").set(file, "post_processor", post.clone()).says(file, why);
        let within = json!({"type": "Sequence", "processors": [post]});
        Broken::of("bert").set(file, "post_processor", within).says(file, why);
    }
}

#[test]
fn weights_that_are_not_numbers_give_an_error_not_a_vector() {
    let b = Broken::of("bert");
    let file = "model.safetensors";
    let mut bytes = std::fs::read(b.path(file)).unwrap();
    let data = bytes.len() / 2;
    // From the end, where the numbers are aligned.
    bytes[data..].rchunks_exact_mut(4).for_each(|v| v.copy_from_slice(&f32::NAN.to_le_bytes()));
    let b = b.write(file, bytes);
    let e = Encoder::from_dir(b.0.path()).unwrap().encode(&["a text"]);
    assert!(matches!(e, Err(Error::Core(planisphere_core::Error::NonFinite { row: 0, .. }))), "{e:?}");
    // Rounded to fewer bits they would be numbers.
    for precision in [Precision::F16, Precision::Bf16, Precision::Int8] {
        let e = Encoder::from_dir_with(b.0.path(), &LoadOptions::new().precision(precision)).unwrap_err();
        assert!(matches!(e, Error::InvalidParam { param: "precision", .. }), "{e}");
    }
}
